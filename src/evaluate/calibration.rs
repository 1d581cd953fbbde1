//! Calibration: whether a model that is 80 % sure is right in 80 % of the cases.

use serde::Serialize;

/// Bins of [`Calibration`] as [`Metrics`](crate::Metrics) have it.
pub(super) const BINS: usize = 15;

/// Confidence beside accuracy, in bins of equal width (Guo, Pleiss, Sun & Weinberger 2017).
///
/// The confidence of a row is the probability of the class it is taken for. Bin m of M has the rows with confidence in
/// ((m−1)/M, m/M\]; with two classes those below ½ are empty.
///
/// ```text
/// ECE = Σ_m n_m/n · |accuracy_m − confidence_m|
/// ```
///
/// ```
/// # use simdescent::Calibration;
/// let calibration = Calibration::new(&[0.9, 0.9, 0.6, 0.6], &[true, false, true, true], 10);
/// assert!((calibration.expected_error - (0.5 * 0.4 + 0.5 * 0.4)).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The reliability diagram; an empty bin is there too.
    pub bins: Vec<CalibrationBin>,
    /// Expected calibration error (ECE), 0 for a calibrated model. It is biased upwards where bins have few rows.
    pub expected_error: f64,
    /// Largest |accuracy − confidence| of a bin with rows.
    pub largest_error: f64,
}

/// One bar of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// Rows in the bin.
    pub rows: u64,
    /// Their mean confidence; `None` without rows.
    pub confidence: Option<f64>,
    /// The share of them that is right; `None` without rows.
    pub accuracy: Option<f64>,
}

impl Calibration {
    /// Sorts rows of these confidences in \[0, 1\] into bins.
    ///
    /// # Panics
    /// If the lengths differ or are 0, a confidence is outside \[0, 1\], or there is no bin.
    #[track_caller]
    pub fn new(confidence: &[f64], right: &[bool], bins: usize) -> Self {
        assert_eq!(confidence.len(), right.len(), "one confidence per row");
        assert!(!right.is_empty() && bins > 0, "there has to be a row and a bin");
        let mut sums = vec![(0u64, 0.0, 0u64); bins];
        for (&p, &right) in confidence.iter().zip(right) {
            assert!((0.0..=1.0).contains(&p), "a confidence is in [0, 1], got {p}");
            // ⌈pM⌉ − 1, where 0 joins the first bin.
            let bin = ((p * bins as f64).ceil() as usize).saturating_sub(1);
            let (rows, confidence, hits) = &mut sums[bin];
            *rows += 1;
            *confidence += p;
            *hits += u64::from(right);
        }
        let (mut expected_error, mut largest_error) = (0.0, 0.0f64);
        let bins = sums
            .into_iter()
            .map(|(rows, confidence, hits)| {
                if rows == 0 {
                    return CalibrationBin { rows, confidence: None, accuracy: None };
                }
                let (confidence, accuracy) = (confidence / rows as f64, hits as f64 / rows as f64);
                let error = (accuracy - confidence).abs();
                expected_error += rows as f64 / right.len() as f64 * error;
                largest_error = if error > largest_error { error } else { largest_error };
                CalibrationBin { rows, confidence: Some(confidence), accuracy: Some(accuracy) }
            })
            .collect();
        Self { bins, expected_error, largest_error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream, StreamKey};

    #[test]
    fn bins_are_open_below_and_closed_above() {
        let c = Calibration::new(&[0.0, 0.25, 0.26, 0.5, 1.0], &[false, true, true, false, true], 4);
        assert_eq!(c.bins.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [2, 2, 0, 1]);
        assert_eq!(c.bins[0], CalibrationBin { rows: 2, confidence: Some(0.125), accuracy: Some(0.5) });
        assert_eq!(c.bins[1], CalibrationBin { rows: 2, confidence: Some(0.38), accuracy: Some(0.5) });
        assert_eq!(c.bins[2], CalibrationBin { rows: 0, confidence: None, accuracy: None });
        // 2/5 · 0.375 + 2/5 · 0.12 + 1/5 · 0.
        assert!((c.expected_error - 0.198).abs() < 1e-15 && c.largest_error == 0.375, "{c:?}");
    }

    /// Right with the probability that it says: no error but the sampling's. Half as sure as it says: ECE = E[p/2].
    #[test]
    fn a_calibrated_model_has_no_error() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 3));
        let confidence: Vec<f64> = (0..100_000).map(|_| stream.uniform()).collect();
        let mut draw = |factor: f64| {
            let right: Vec<bool> = confidence.iter().map(|p| stream.uniform() < factor * p).collect();
            Calibration::new(&confidence, &right, BINS).expected_error
        };
        let (calibrated, overconfident) = (draw(1.0), draw(0.5));
        assert!(calibrated < 0.01, "{calibrated}");
        assert!((overconfident - 0.25).abs() < 0.01, "{overconfident}");
    }
}
