//! What a report says of curves over the batch size.

use super::estimate::Estimate;
use crate::base::format_number::{exponent as format_exponent, format_rate, si};
use crate::base::number::Number;
use serde::{Deserialize, Serialize};
use simdescent_measure::statistics::{BatchCurve, RateCurve};

/// How an optimizer's steps to a target and best rate depend on the batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CurveReport {
    pub(crate) optimizer: String,
    pub(crate) variant: String,
    /// Number of the target, from the easiest.
    pub(crate) target: usize,
    /// The curves of S(B), lowest AICc first; empty with fewer than three batch sizes that reach the target.
    pub(crate) steps: Vec<StepsFit>,
    /// B_crit of the first curve, with an interval over seeds, the luck of batch sizes and curves; `None` if the points bend too little to tell it.
    pub(crate) critical_batch_size: Option<Estimate>,
    /// Whether that is outside of the batch sizes that reached the target: the curve says it, no run.
    #[serde(default)]
    pub(crate) critical_extrapolated: bool,
    /// Batch sizes at which most runs missed the target; no curve has them.
    #[serde(default)]
    pub(crate) missed: Vec<usize>,
    /// B₂₀: the largest batch size with at most 1.2 times the fewest samples, without a model.
    pub(crate) b20: Option<B20>,
    /// The curves of η*(B), lowest AICc first.
    pub(crate) rates: Vec<RatesFit>,
    /// p of c·B^p through the best rates, whichever curve is first: 1 is the linear, 0.5 the square-root rule.
    #[serde(default)]
    pub(crate) rate_exponent: Option<Estimate>,
    /// √(B_crit·a/b), the fastest batch size by the two curves.
    pub(crate) fastest_batch_size: Option<f64>,
    /// The batch size that was fastest as measured.
    pub(crate) measured_fastest: Option<usize>,
}

impl CurveReport {
    /// p with its interval, `0.52 [0.41, 0.63]`; empty where it is not known.
    pub(crate) fn rate_exponent_text(&self) -> String {
        self.rate_exponent.map_or_else(String::new, |p| {
            let [value, low, high] = [p.value, p.low, p.high].map(|number| format_exponent(number.0));
            format!("{value} [{low}, {high}]")
        })
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct B20 {
    pub(crate) batch_size: f64,
    /// Whether the largest batch size measured is still within the limit.
    pub(crate) open: bool,
    /// The lower and the upper end of the interval over seeds; infinite where that may be beyond what was measured.
    #[serde(default)]
    pub(crate) interval: Option<[Number; 2]>,
}

/// S(B) of one model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StepsFit {
    pub(crate) curve: StepsCurve,
    pub(crate) critical_batch_size: f64,
    /// Whether that is at the end of what was searched.
    pub(crate) critical_unknown: bool,
    pub(crate) aicc: Number,
    /// About the relative error.
    pub(crate) root_mean_square: f64,
    /// (B, ln S − ln Ŝ).
    pub(crate) residuals: Vec<(f64, f64)>,
    /// Batch sizes at which most runs missed the target, left out.
    pub(crate) missed: usize,
}

/// A model of S(B) with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "model")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum StepsCurve {
    /// S_min + E_min/B.
    Hyperbola { min_steps: f64, min_samples: f64 },
    /// S_min + E/B^a.
    Power { min_steps: f64, samples: f64, exponent: f64 },
    /// E₀/B·(1 + B/B_c + B_m/B).
    LeastData { samples: f64, critical: f64, smallest: f64 },
}

/// η*(B) of one shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RatesFit {
    pub(crate) curve: RatesCurve,
    pub(crate) aicc: Number,
    /// (B, ln η − ln η̂).
    pub(crate) residuals: Vec<(f64, f64)>,
}

/// A shape of η*(B) with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "shape")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum RatesCurve {
    /// c·B^p.
    Power { rate: f64, exponent: f64 },
    /// η_max/(1 + B_n/B)^α.
    Saturating { max_rate: f64, noise_scale: f64, exponent: f64 },
    /// 2η_max/(√(B_n/B) + √(B/B_n)).
    Surge { max_rate: f64, noise_scale: f64 },
}

impl StepsCurve {
    /// S(B).
    pub(crate) fn steps(self, batch_size: f64) -> f64 {
        BatchCurve::from(self).steps(batch_size)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyperbola { .. } => "S_min + E_min/B",
            Self::Power { .. } => "S_min + E/B^a",
            Self::LeastData { .. } => "E₀/B·(1 + B/B_c + B_m/B)",
        }
    }
}

impl RatesCurve {
    /// η*(B).
    pub(crate) fn rate(self, batch_size: f64) -> f64 {
        RateCurve::from(self).rate(batch_size)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Power { .. } => "c·B^p",
            Self::Saturating { .. } => "η_max/(1 + B_n/B)^α",
            Self::Surge { .. } => "2η_max/(√(B_n/B) + √(B/B_n))",
        }
    }

    /// With its parameters: `0.0075·B^0.62`.
    pub(crate) fn in_numbers(self) -> String {
        match self {
            Self::Power { rate, exponent } => format!("{}·B^{}", format_rate(rate), format_exponent(exponent)),
            Self::Saturating { max_rate, noise_scale, exponent } => {
                let (most, scale) = (format_rate(max_rate), si(noise_scale));
                format!("{most}/(1 + {scale}/B)^{}", format_exponent(exponent))
            }
            Self::Surge { max_rate, noise_scale } => {
                let (twice, scale) = (format_rate(2.0 * max_rate), si(noise_scale));
                format!("{twice}/(√({scale}/B) + √(B/{scale}))")
            }
        }
    }
}

impl From<StepsCurve> for BatchCurve {
    fn from(curve: StepsCurve) -> Self {
        match curve {
            StepsCurve::Hyperbola { min_steps, min_samples } => Self::Hyperbola { min_steps, min_samples },
            StepsCurve::Power { min_steps, samples, exponent } => Self::Power { min_steps, samples, exponent },
            StepsCurve::LeastData { samples, critical, smallest } => Self::LeastData { samples, critical, smallest },
        }
    }
}

impl From<BatchCurve> for StepsCurve {
    fn from(curve: BatchCurve) -> Self {
        match curve {
            BatchCurve::Hyperbola { min_steps, min_samples } => Self::Hyperbola { min_steps, min_samples },
            BatchCurve::Power { min_steps, samples, exponent } => Self::Power { min_steps, samples, exponent },
            BatchCurve::LeastData { samples, critical, smallest } => Self::LeastData { samples, critical, smallest },
        }
    }
}

impl From<RatesCurve> for RateCurve {
    fn from(curve: RatesCurve) -> Self {
        match curve {
            RatesCurve::Power { rate, exponent } => Self::Power { rate, exponent },
            RatesCurve::Saturating { max_rate, noise_scale, exponent } => {
                Self::Saturating { max_rate, noise_scale, exponent }
            }
            RatesCurve::Surge { max_rate, noise_scale } => Self::Surge { max_rate, noise_scale },
        }
    }
}

impl From<RateCurve> for RatesCurve {
    fn from(curve: RateCurve) -> Self {
        match curve {
            RateCurve::Power { rate, exponent } => Self::Power { rate, exponent },
            RateCurve::Saturating { max_rate, noise_scale, exponent } => {
                Self::Saturating { max_rate, noise_scale, exponent }
            }
            RateCurve::Surge { max_rate, noise_scale } => Self::Surge { max_rate, noise_scale },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_written_in_numbers() {
        let texts = [
            RatesCurve::Power { rate: 0.0075, exponent: 0.622 },
            RatesCurve::Saturating { max_rate: 0.5228, noise_scale: 139.1, exponent: 1.093 },
            RatesCurve::Surge { max_rate: 0.052, noise_scale: 77.19 },
        ]
        .map(RatesCurve::in_numbers);
        assert_eq!(texts, ["0.0075·B^0.62", "0.523/(1 + 139/B)^1.09", "0.104/(√(77.2/B) + √(B/77.2))"]);
    }

    #[test]
    fn reports_without_an_interval_are_read() {
        let b20: B20 = serde_json::from_str(r#"{"batch_size": 64.0, "open": true}"#).unwrap();
        assert!(b20.interval.is_none());
    }
}
