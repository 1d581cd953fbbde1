//! The gap between training and validation loss, and what it means.

use serde::Serialize;

/// How much worse a model is on rows it has not seen.
///
/// ```text
/// gap = validation loss − training loss,   SE = √(s²_t/n_t + s²_v/n_v)
/// ```
///
/// with s² the variances of the losses of single rows (n − 1) and n the numbers of rows: Welch's standard error of a difference
/// of means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Generalization {
    /// Mean loss of the training rows.
    pub training_loss: f64,
    /// Mean loss of the validation rows.
    pub validation_loss: f64,
    /// Validation loss − training loss.
    pub gap: f64,
    /// Standard error of the gap; infinite if a set has a single row.
    pub standard_error: f64,
    /// Validation loss ÷ lowest validation loss of the run − 1: Prechelt's "generalization loss" (1998), as a share. `None` if
    /// there is no lowest, or it is not positive.
    pub rise: Option<f64>,
    /// What follows from it.
    pub verdict: Verdict,
}

/// What a [`Generalization`] means. The first that holds:
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A loss is not finite.
    Diverged,
    /// The gap is within 2·SE, which chance explains, or at most 10 % of the training loss.
    Generalizes,
    /// The gap is beyond both, and the validation loss more than 5 % above its lowest of the run (`rise` > 0.05): earlier
    /// weights were better. Stop early.
    Overtrained,
    /// The gap is beyond both. More rows, a smaller model or more regularization would help.
    Overfits,
}

impl Generalization {
    /// Compares the losses of single rows ([`Evaluator::row_losses`](crate::Evaluator::row_losses)); `lowest` is the lowest
    /// validation loss of the run, if it is known.
    ///
    /// # Panics
    /// If a set is empty.
    #[track_caller]
    pub fn new(training: &[f64], validation: &[f64], lowest: Option<f64>) -> Self {
        assert!(!training.is_empty() && !validation.is_empty(), "there has to be a training and a validation loss");
        let ((training_loss, t), (validation_loss, v)) = (mean_and_variance(training), mean_and_variance(validation));
        let gap = validation_loss - training_loss;
        let standard_error = (t / training.len() as f64 + v / validation.len() as f64).sqrt();
        let rise = lowest.filter(|&lowest| lowest > 0.0).map(|lowest| validation_loss / lowest - 1.0);
        let verdict = if !gap.is_finite() {
            Verdict::Diverged
        } else if gap <= 2.0 * standard_error || gap <= 0.1 * training_loss.abs() {
            Verdict::Generalizes
        } else if rise.is_some_and(|rise| rise > 0.05) {
            Verdict::Overtrained
        } else {
            Verdict::Overfits
        };
        Self { training_loss, validation_loss, gap, standard_error, rise, verdict }
    }
}

/// Mean and variance (n − 1), which of one number is infinite: nothing is known of it.
fn mean_and_variance(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let squares: f64 = x.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, if x.len() == 1 { f64::INFINITY } else { squares / (n - 1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_its_rule() {
        // Means 2 and 5, variances 1 and 4, SE = √(1/3 + 4/3).
        let (training, validation) = ([1.0, 2.0, 3.0], [3.0, 5.0, 7.0]);
        let g = Generalization::new(&training, &validation, Some(4.0));
        let want = Generalization {
            training_loss: 2.0,
            validation_loss: 5.0,
            gap: 3.0,
            standard_error: (1.0f64 / 3.0 + 4.0 / 3.0).sqrt(),
            rise: Some(0.25),
            verdict: Verdict::Overtrained,
        };
        assert_eq!(g, want);
        let verdict =
            |training: &[f64], validation: &[f64], lowest| Generalization::new(training, validation, lowest).verdict;
        assert_eq!(verdict(&training, &validation, None), Verdict::Overfits);
        assert_eq!(verdict(&training, &validation, Some(4.9)), Verdict::Overfits);
        assert_eq!(verdict(&training, &[1.0, 4.0, 7.0], None), Verdict::Generalizes); // 2 < 2·√(1/3 + 3)
        assert_eq!(verdict(&validation, &training, None), Verdict::Generalizes);
        assert_eq!(verdict(&[10.0; 4], &[10.9; 4], None), Verdict::Generalizes); // 9 %
        assert_eq!(verdict(&[10.0; 4], &[11.1; 4], None), Verdict::Overfits);
        assert_eq!(verdict(&[0.0; 4], &[0.1; 4], None), Verdict::Overfits);
        assert_eq!(verdict(&[0.0], &[100.0; 4], None), Verdict::Generalizes);
        assert_eq!(verdict(&[0.0; 2], &[f64::INFINITY, 1.0], None), Verdict::Diverged);
        assert_eq!(verdict(&[f64::NAN; 2], &[1.0; 2], None), Verdict::Diverged);
    }
}
