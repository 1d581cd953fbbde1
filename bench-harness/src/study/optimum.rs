//! The minimum of a convex objective.

use super::workload::Workload;
use anyhow::Result;
use simdescent::Lbfgs;
use simdescent::kernels::Exec;

/// Iterations of L-BFGS.
const ITERATIONS: usize = 2000;

/// The lowest training loss and the loss at the initial weights, if the objective is convex, has no penalty, and is what the targets
/// are about.
pub(crate) fn solve(exec: Exec<'_>, workload: &Workload, seed: u64) -> Result<Option<(f64, f64)>> {
    if !workload.is_convex() {
        return Ok(None);
    }
    let evaluator = workload.settings.evaluator(workload.evaluation())?;
    let mut model = workload.model().build(0, seed);
    let initial = evaluator.evaluate(exec, &mut model).loss;
    let method = Lbfgs { max_iterations: ITERATIONS, tolerance: 0.0, ..Lbfgs::default() };
    method.train(exec, &mut model, &workload.problem.training, &workload.settings)?;
    Ok(Some((initial, evaluator.evaluate(exec, &mut model).loss)))
}
