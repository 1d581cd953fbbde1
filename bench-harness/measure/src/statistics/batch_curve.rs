//! Steps to the target as a function of the batch size: three curves, fitted to logarithms and compared by AICc.

use super::log_curve::{self, Shape, root_mean_square, softplus};
use super::points::{are_positive, range};

/// Which curve it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchModel {
    /// [`BatchCurve::Hyperbola`].
    Hyperbola,
    /// [`BatchCurve::Power`].
    Power,
    /// [`BatchCurve::LeastData`].
    LeastData,
}

impl BatchModel {
    /// How many numbers its curve has.
    #[must_use]
    pub fn parameters(self) -> usize {
        match self {
            Self::Hyperbola => 2,
            Self::Power | Self::LeastData => 3,
        }
    }
}

/// One of the three curves S(B) with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BatchCurve {
    /// S_min + E_min/B (McCandlish et al. 2018).
    Hyperbola {
        /// S_min: steps that no batch size can save.
        min_steps: f64,
        /// E_min: samples that no small batch can save.
        min_samples: f64,
    },
    /// S_min + E/B^a.
    Power {
        /// S_min.
        min_steps: f64,
        /// E.
        samples: f64,
        /// a.
        exponent: f64,
    },
    /// E(B)/B with the samples E(B) = E₀(1 + B/B_c + B_m/B): small batches can waste samples too.
    LeastData {
        /// E₀.
        samples: f64,
        /// B_c: from here on large batches waste samples.
        critical: f64,
        /// B_m: below it small batches do.
        smallest: f64,
    },
}

impl BatchCurve {
    /// Which of the three it is.
    #[must_use]
    pub fn model(&self) -> BatchModel {
        match self {
            Self::Hyperbola { .. } => BatchModel::Hyperbola,
            Self::Power { .. } => BatchModel::Power,
            Self::LeastData { .. } => BatchModel::LeastData,
        }
    }

    /// S(B), in steps.
    #[must_use]
    pub fn steps(&self, batch_size: f64) -> f64 {
        match *self {
            Self::Hyperbola { min_steps, min_samples } => min_steps + min_samples / batch_size,
            Self::Power { min_steps, samples, exponent } => {
                min_steps + samples * libm::exp(-exponent * libm::log(batch_size))
            }
            Self::LeastData { samples, critical, smallest } => {
                samples / batch_size * (1.0 + batch_size / critical + smallest / batch_size)
            }
        }
    }

    /// B_crit, where the part that no batch size can save is as large as the part that falls: E_min/S_min, (E/S_min)^(1/a) or B_c.
    #[must_use]
    pub fn critical_batch_size(&self) -> f64 {
        match *self {
            Self::Hyperbola { min_steps, min_samples } => min_samples / min_steps,
            Self::Power { min_steps, samples, exponent } => libm::exp(libm::log(samples / min_steps) / exponent),
            Self::LeastData { critical, .. } => critical,
        }
    }

    /// The batch size that needs the fewest samples, √(B_m·B_c); 0 of the hyperbola, on which a smaller batch never needs more. `None` of
    /// the power law, on which it depends on a.
    #[must_use]
    pub fn least_data_batch_size(&self) -> Option<f64> {
        match *self {
            Self::Hyperbola { .. } => Some(0.0),
            Self::Power { .. } => None,
            Self::LeastData { critical, smallest, .. } => Some((smallest * critical).sqrt()),
        }
    }
}

/// A curve with how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchFit {
    /// The curve.
    pub curve: BatchCurve,
    /// (B, ln S − ln Ŝ) of each point used, in the order of the points.
    pub residuals: Vec<(f64, f64)>,
    /// Akaike's criterion, corrected for few points; +∞ if they are too few for it.
    pub aicc: f64,
    /// Whether B_crit is at the end of what was searched, a 10⁴th of the smallest batch size or 10⁴ times the largest: the points bend too
    /// little to tell it.
    pub critical_unknown: bool,
    /// How many points were left out because nothing reached the target there.
    pub missed: usize,
}

impl BatchFit {
    /// B_crit, 0 or +∞ if it is at the lower or the upper end of what was searched.
    #[must_use]
    pub fn critical_batch_size(&self) -> f64 {
        let critical = self.curve.critical_batch_size();
        match self.critical_unknown {
            false => critical,
            true if self.residuals.iter().all(|residual| residual.0 < critical) => f64::INFINITY,
            true => 0.0,
        }
    }

    /// Σr² of the residuals.
    #[must_use]
    pub fn sum_of_squares(&self) -> f64 {
        self.residuals.iter().map(|residual| residual.1 * residual.1).sum()
    }

    /// √(mean square of the residuals), about the relative error.
    #[must_use]
    pub fn root_mean_square(&self) -> f64 {
        root_mean_square(self.residuals.iter().map(|residual| residual.1))
    }
}

/// All three curves by [`fit_batch_curve`], lowest AICc first, the hyperbola before others that are as good.
///
/// A curve with more parameters than points is left out; without any it is `None`.
#[must_use]
pub fn fit_batch_curves(points: &[(f64, f64)]) -> Option<Vec<BatchFit>> {
    let models = [BatchModel::Hyperbola, BatchModel::Power, BatchModel::LeastData];
    let mut fits: Vec<BatchFit> = models.into_iter().filter_map(|model| fit_batch_curve(points, model)).collect();
    fits.sort_by(|a, b| a.aicc.total_cmp(&b.aicc));
    (!fits.is_empty()).then_some(fits)
}

/// The curve of this model by least squares of ln S, of `points` (batch size, steps).
///
/// ```text
/// AICc = n·ln(Σr²/n) + 2k + 2k(k + 1)/(n − k − 1)    k = parameters + 1
/// ```
///
/// (Hurvich and Tsai 1989) of n residuals r, from k + 2 points on. Residuals below 10⁻⁶ count as 10⁻⁶: steps are whole numbers, so
/// nothing hides there.
///
/// Points with infinite steps (misses) are left out and counted: the curve then describes the batch sizes that reach the target. `None`
/// with fewer other points than parameters or at one batch size only, with a NaN, or with a batch size or steps that are not positive.
/// The interval of B_crit comes from resamples, [`BatchResamples`](super::BatchResamples), because steps at different batch sizes need not vary equally.
#[must_use]
pub fn fit_batch_curve(points: &[(f64, f64)], model: BatchModel) -> Option<BatchFit> {
    if !are_positive(points) {
        return None;
    }
    let used: Vec<(f64, f64)> = points.iter().copied().filter(|point| point.1.is_finite()).collect();
    let fit = BatchFitter::new(used.iter().map(|point| point.0).collect(), model)?.fit(&used);
    Some(BatchFit { missed: points.len() - used.len(), ..fit })
}

/// Fits the curve of a model to steps at the same batch sizes again and again.
pub(super) struct BatchFitter {
    model: BatchModel,
    batches: Vec<f64>,
    fitter: log_curve::Fitter,
}

impl BatchFitter {
    /// `None` with fewer batch sizes than parameters, or one only.
    pub(super) fn new(batches: Vec<f64>, model: BatchModel) -> Option<Self> {
        let logs: Vec<f64> = batches.iter().map(|batch| libm::log(*batch)).collect();
        let (low, high) = range(&logs)?;
        if logs.len() < model.parameters() {
            return None;
        }
        let far = libm::log(1e4);
        let critical = (low - far, high + far);
        // One of them is the factor of the whole curve.
        let parameters = model.parameters() - 1;
        let shape = match model {
            BatchModel::Hyperbola => Shape { parameters, bounds: [critical, (0.0, 0.0)], curve: hyperbola },
            BatchModel::Power => Shape { parameters, bounds: [critical, (0.1, 4.0)], curve: power },
            BatchModel::LeastData => {
                Shape { parameters, bounds: [critical, (low - 1.5 * far, high)], curve: least_data }
            }
        };
        Some(Self { model, batches, fitter: log_curve::Fitter::new(logs, shape) })
    }

    /// Whether the points have these batch sizes, and all of them reached the target.
    pub(super) fn accepts(&self, points: &[(f64, f64)]) -> bool {
        points.len() == self.batches.len()
            && points
                .iter()
                .zip(&self.batches)
                .all(|(point, batch)| point.0 == *batch && point.1 > 0.0 && point.1.is_finite())
    }

    /// The curve through points that it [accepts](Self::accepts).
    pub(super) fn fit(&self, points: &[(f64, f64)]) -> BatchFit {
        let fit = self.fitter.fit(points.iter().map(|point| libm::log(point.1)));
        let (scale, [first, second]) = (libm::exp(fit.ln_factor), fit.parameters);
        let critical = libm::exp(first);
        BatchFit {
            curve: match self.model {
                BatchModel::Hyperbola => BatchCurve::Hyperbola { min_steps: scale, min_samples: scale * critical },
                BatchModel::Power => {
                    let samples = scale * libm::exp(second * first);
                    BatchCurve::Power { min_steps: scale, samples, exponent: second }
                }
                BatchModel::LeastData => {
                    BatchCurve::LeastData { samples: scale, critical, smallest: libm::exp(second) }
                }
            },
            aicc: fit.aicc(self.model.parameters() - 1),
            residuals: points.iter().zip(&fit.residuals).map(|(point, r)| (point.0, *r)).collect(),
            critical_unknown: fit.at_bound[0],
            missed: 0,
        }
    }
}

/// ln(1 + e^(c − b)), b = ln B, c = ln B_crit.
fn hyperbola(b: f64, [c, _]: [f64; 2]) -> (f64, [f64; 2]) {
    let (log, part) = softplus(c - b);
    (log, [part, 0.0])
}

/// ln(1 + e^(a(c − b))).
fn power(b: f64, [c, a]: [f64; 2]) -> (f64, [f64; 2]) {
    let (log, part) = softplus(a * (c - b));
    (log, [a * part, (c - b) * part])
}

/// −b + ln(1 + e^(b − c) + e^(m − b)), m = ln B_m.
fn least_data(b: f64, [c, m]: [f64; 2]) -> (f64, [f64; 2]) {
    let largest = (b - c).max(m - b).max(0.0);
    let [one, large, small] = [0.0, b - c, m - b].map(|term| libm::exp(term - largest));
    let sum = one + large + small;
    (largest + libm::log(sum) - b, [-large / sum, small / sum])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(steps: [f64; 10], first: f64) -> Vec<(f64, f64)> {
        (0..10).map(|i| (first * f64::from(1 << i), steps[i as usize])).collect()
    }

    #[track_caller]
    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    /// `scipy.optimize.least_squares` of log(S) − log(model), in the logarithms of the parameters; `rss = 2*o.cost`,
    /// `n*log(rss/n) + 2*k + 2*k*(k+1)/(n-k-1)`.
    #[test]
    fn all_three_curves_are_those_of_scipy_where_small_batches_waste_samples() {
        let steps = [9100.0, 3050.0, 1160.0, 490.0, 224.0, 118.0, 61.5, 38.0, 27.0, 22.0];
        let fits = fit_batch_curves(&points(steps, 1.0)).unwrap();
        let BatchCurve::LeastData { samples, critical, smallest } = fits[0].curve else { panic!("{:?}", fits[0]) };
        close(samples, 2965.5211532387993, 1e-6);
        close(critical, 190.31893685615344, 1e-6);
        close(smallest, 2.0949305483168588, 1e-6);
        close(fits[0].aicc, -61.830056785412154, 1e-9);
        close(fits[0].curve.least_data_batch_size().unwrap(), (critical * smallest).sqrt(), 1e-15);
        let BatchCurve::Power { min_steps, samples, exponent } = fits[1].curve else { panic!("{:?}", fits[1]) };
        close(min_steps, 21.31695558386593, 1e-6);
        close(samples, 7720.988811718527, 1e-6);
        close(exponent, 1.2946167202821628, 1e-6);
        close(fits[1].aicc, -32.55868114104594, 1e-9);
        let BatchCurve::Hyperbola { min_steps, min_samples } = fits[2].curve else { panic!("{:?}", fits[2]) };
        close(min_steps, 9.339484965554735, 1e-6);
        close(min_samples, 4578.482598173378, 1e-6);
        close(fits[2].aicc, -14.540013589050037, 1e-9);
        let (batch, residual) = fits[2].residuals[9];
        assert_eq!(batch, 512.0);
        close(residual, (22.0 / fits[2].curve.steps(512.0)).ln(), 1e-9);
    }

    /// As above; the hyperbola is enough here.
    #[test]
    fn the_simplest_curve_that_fits_is_first() {
        let steps = [2610.0, 1330.0, 668.0, 352.0, 183.0, 104.0, 62.0, 43.5, 31.5, 28.0];
        let fits = fit_batch_curves(&points(steps, 4.0)).unwrap();
        let BatchCurve::Hyperbola { min_steps, min_samples } = fits[0].curve else { panic!("{:?}", fits[0]) };
        close(min_steps, 22.371473818339883, 1e-6);
        close(min_samples, 10388.308568677057, 1e-6);
        close(fits[0].curve.critical_batch_size(), 10388.308568677057 / 22.371473818339883, 1e-6);
        close(fits[0].root_mean_square(), (0.0024202614975724866f64 / 10.0).sqrt(), 1e-9);
        close(fits[1].aicc, -67.35808554862604, 1e-9);
        close(fits[2].aicc, -67.26464780797127, 1e-6);
        assert!(!fits[0].critical_unknown && fits[0].missed == 0);
        assert_eq!(fits[0].curve.least_data_batch_size(), Some(0.0));
    }

    #[test]
    fn parameters_are_found_again_wherever_they_lie() {
        for (i, curve) in [
            BatchCurve::Hyperbola { min_steps: 3.0, min_samples: 20.0 },
            BatchCurve::Hyperbola { min_steps: 700.0, min_samples: 1e6 },
            BatchCurve::Power { min_steps: 50.0, samples: 3000.0, exponent: 0.6 },
            BatchCurve::Power { min_steps: 2.0, samples: 9000.0, exponent: 1.4 },
            BatchCurve::LeastData { samples: 1e4, critical: 30.0, smallest: 9.0 },
            BatchCurve::LeastData { samples: 500.0, critical: 400.0, smallest: 1.5 },
        ]
        .into_iter()
        .enumerate()
        {
            let exact: Vec<_> = (0..11).map(|i| f64::from(1 << i)).map(|b| (b, curve.steps(b))).collect();
            let fits = fit_batch_curves(&exact).unwrap();
            assert_eq!(std::mem::discriminant(&fits[0].curve), std::mem::discriminant(&curve), "{i}: {fits:#?}");
            close(fits[0].curve.critical_batch_size(), curve.critical_batch_size(), 1e-5);
            assert!(fits[0].root_mean_square() < 1e-6, "{:?}", fits[0]);
        }
    }

    #[test]
    fn perfect_scaling_has_no_critical_batch_size_yet() {
        let exact: Vec<_> = (0..8).map(|i| f64::from(1 << i)).map(|b| (b, 1000.0 / b)).collect();
        let fits = fit_batch_curves(&exact).unwrap();
        let hyperbola = fits.iter().find(|fit| matches!(fit.curve, BatchCurve::Hyperbola { .. })).unwrap();
        assert!(hyperbola.critical_unknown && hyperbola.curve.critical_batch_size() > 1e5, "{hyperbola:?}");
    }

    #[test]
    fn misses_are_left_out_and_few_points_are_not_compared() {
        let fits = fit_batch_curves(&[(1.0, 110.0), (2.0, 60.0), (4.0, f64::INFINITY), (8.0, 22.5)]).unwrap();
        assert_eq!(fits.len(), 3);
        assert!(fits.iter().all(|fit| fit.missed == 1 && fit.residuals.len() == 3 && fit.aicc == f64::INFINITY));
        assert!(matches!(fits[0].curve, BatchCurve::Hyperbola { .. }), "the simplest");
        assert_eq!(fit_batch_curves(&[(1.0, 110.0), (2.0, 60.0)]).unwrap().len(), 1);
        for bad in [
            &[][..],
            &[(1.0, 2.0)],
            &[(1.0, 2.0), (1.0, 3.0)],
            &[(1.0, 2.0), (2.0, f64::NAN)],
            &[(0.0, 1.0), (1.0, 1.0)],
        ] {
            assert_eq!(fit_batch_curves(bad), None, "{bad:?}");
        }
    }
}
