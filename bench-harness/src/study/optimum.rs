//! The minimum of an objective that can be solved for.

use super::definition::LossOn;
use super::facts::ReferenceSource;
use super::workload::Workload;
use crate::problem::model_spec::ModelSpec;
use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent::{Lbfgs, Loss, Settings};

/// Iterations of L-BFGS.
const ITERATIONS: usize = 2000;

/// The lowest loss and where it is from, if the objective is known to have no other minima, has no penalty, and is what the targets are
/// about.
pub(crate) fn solve(exec: Exec<'_>, workload: &Workload) -> Result<Option<(f64, ReferenceSource)>> {
    let Settings { l2, step_transforms, loss, .. } = workload.settings;
    let penalized = l2 != 0.0 || step_transforms.l1 != 0.0 || step_transforms.weight_decay != 0.0;
    if penalized {
        return Ok(None);
    }
    let evaluator = workload.settings.evaluator(workload.evaluation())?;
    let mut model = workload.model().build(0, 0);
    let bias = match workload.model() {
        ModelSpec::NoisyQuadratic { .. } => {
            model.parameters_mut().fill(0.0);
            return Ok(Some((evaluator.evaluate(exec, &mut model).loss, ReferenceSource::Formula)));
        }
        ModelSpec::Linear { bias, .. } => *bias,
        ModelSpec::Mlp { widths, .. } if widths.len() == 2 => true,
        ModelSpec::Mlp { .. } => return Ok(None),
    };
    if workload.definition.loss_on != LossOn::Training {
        return Ok(None);
    }
    if let Some(minimum) = evaluator.linear_minimum(exec, bias) {
        return Ok(Some((minimum.loss, ReferenceSource::Solved)));
    }
    let smooth = match loss {
        Loss::Absolute | Loss::Quantile { .. } | Loss::Hinge => false,
        Loss::Squared | Loss::Huber { .. } | Loss::Logistic | Loss::SquaredHinge | Loss::Poisson => true,
        Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => true,
    };
    if !smooth {
        return Ok(None);
    }
    let method = Lbfgs { max_iterations: ITERATIONS, tolerance: 0.0, ..Lbfgs::default() };
    method.train(exec, &mut model, &workload.problem.training, &workload.settings)?;
    Ok(Some((evaluator.evaluate(exec, &mut model).loss, ReferenceSource::Lbfgs)))
}
