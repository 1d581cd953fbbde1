//! Whether the trials of a reference learned anything: a target measured from nothing would say nothing.

use crate::problem::Problem;
use crate::problem::model_spec::ModelSpec;
use anyhow::{Result, bail};
use simdescent::kernels::Exec;
use simdescent::{Dataset, Lbfgs, Settings};

/// Trials that close less than this share of the gap between the initial loss and the lowest that is known to be possible are refused.
const LEAST_GAP: f64 = 0.2;

/// What came of the trials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pilot {
    /// Before training.
    pub(crate) initial_loss: f64,
    /// The lowest of all runs.
    pub(crate) best_loss: f64,
}

impl Pilot {
    /// An error if they learned so little that a target would say nothing, where a loss of `known` is possible.
    pub(crate) fn check(self, known: f64, problem: &Problem, settings: &Settings) -> Result<()> {
        let Self { initial_loss, best_loss } = self;
        let lowest = if known < best_loss { known } else { best_loss };
        let closed = (initial_loss - best_loss) / (initial_loss - lowest);
        // NaN, where nothing fell, is not enough.
        if closed >= LEAST_GAP {
            return Ok(());
        }
        let possible = match closed.is_finite() {
            true => format!(
                ", {:.1} % of the gap to {lowest:.3e}, which a linear model has; the targets of the sweep need {} %",
                100.0 * closed,
                100.0 * LEAST_GAP
            ),
            false => String::new(),
        };
        let advice = if settings.loss.scales_with_targets() && settings.target_scaling.is_none() {
            "let targets be scaled for the training: --standardize-targets"
        } else if problem.standardizer.is_none() {
            "scale the features to deviations near 1, or take another --loss"
        } else {
            "take another --loss or --task, or a larger budget"
        };
        bail!(
            "the trials that look for the lowest loss brought it from {initial_loss:.3e} to {best_loss:.3e} only{possible}: {advice}"
        )
    }
}

/// Iterations of L-BFGS.
const ITERATIONS: usize = 50;

/// A loss on these rows that is possible: of the linear model that L-BFGS finds in a few iterations.
pub(crate) fn known_loss(exec: Exec<'_>, problem: &Problem, rows: &Dataset, settings: &Settings) -> Result<f64> {
    let (features, outputs) = problem.model.shape();
    let linear = match outputs {
        1 => ModelSpec::Linear { features, bias: true },
        _ => problem.model.with_hidden(&[]),
    };
    let mut model = linear.build(0, settings.seed);
    // However small the gradient: features may be small.
    let method = Lbfgs { max_iterations: ITERATIONS, tolerance: 0.0, ..Lbfgs::default() };
    method.train(exec, &mut model, &problem.training, settings)?;
    Ok(settings.evaluator(rows)?.evaluate(exec, &mut model).loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::embedded::Embedded;
    use simdescent::{Loss, TargetScaling};

    #[test]
    fn a_pilot_that_learned_too_little_is_refused_with_advice() {
        let problem = Embedded::Linear.problem(1).unwrap();
        let settings = Settings { loss: Loss::Squared, ..Settings::default() };
        let check = |initial_loss, best_loss, known, settings: &Settings| {
            Pilot { initial_loss, best_loss }.check(known, &problem, settings).map_err(|error| error.to_string())
        };
        assert_eq!(check(1.0, 0.75, 0.0, &settings), Ok(()));
        assert_eq!(check(1.0, 0.9, 0.95, &settings), Ok(()), "it is better than what was known");
        assert_eq!(check(1.0, 0.9, f64::NAN, &settings), Ok(()));
        let message = check(1.0, 0.81, 0.0, &settings).unwrap_err();
        assert!(message.contains("from 1.000e0 to 8.100e-1 only, 19.0 % of the gap to 0.000e0"), "{message}");
        assert!(message.ends_with("--standardize-targets"), "{message}");
        let scaled = Settings { target_scaling: Some(TargetScaling { mean: 0.0, deviation: 1.0 }), ..settings };
        let message = check(1.0, 1.0, 1.5, &scaled).unwrap_err();
        assert!(message.contains("from 1.000e0 to 1.000e0 only: scale the features"), "{message}");
        assert!(check(f64::INFINITY, f64::INFINITY, 1.0, &settings).is_err());
    }

    #[test]
    fn what_is_known_is_near_the_noise() {
        for (embedded, range) in [(Embedded::Linear, 0.2..0.3), (Embedded::Softmax, 0.2..1.5)] {
            let problem = embedded.problem(1).unwrap();
            let settings = Settings { loss: problem.loss, ..Settings::default() };
            let loss = known_loss(Exec::default(), &problem, &problem.validation, &settings).unwrap();
            assert!(range.contains(&loss), "{loss}");
        }
    }
}
