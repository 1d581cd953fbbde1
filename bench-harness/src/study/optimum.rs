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

/// Whether [`solve`] finds the lowest loss: the objective is known to have no other minima, is smooth, has no penalty, and is what the
/// targets are about.
pub(super) fn is_solvable(workload: &Workload) -> bool {
    let Settings { l2, step_transforms, loss, .. } = workload.settings;
    let penalized = l2 != 0.0 || step_transforms.l1 != 0.0 || step_transforms.weight_decay != 0.0;
    let smooth = match loss {
        Loss::Absolute | Loss::Quantile { .. } | Loss::Hinge => false,
        Loss::Squared | Loss::Huber { .. } | Loss::Logistic | Loss::SquaredHinge | Loss::Poisson => true,
        Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => true,
    };
    let linear = match workload.model() {
        ModelSpec::NoisyQuadratic { .. } => return !penalized,
        ModelSpec::Linear { .. } => true,
        ModelSpec::Mlp { widths, .. } => widths.len() == 2,
    };
    linear && smooth && !penalized && workload.definition.loss_on == LossOn::Training
}

/// The lowest loss and where it is from, if it can be solved for.
pub(crate) fn solve(exec: Exec<'_>, workload: &Workload) -> Result<Option<(f64, ReferenceSource)>> {
    if !is_solvable(workload) {
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
        ModelSpec::Mlp { .. } => true,
    };
    if let Some(minimum) = evaluator.linear_minimum(exec, bias) {
        return Ok(Some((minimum.loss, ReferenceSource::Solved)));
    }
    let method = Lbfgs { max_iterations: ITERATIONS, tolerance: 0.0, ..Lbfgs::default() };
    method.train(exec, &mut model, &workload.problem.training, &workload.settings)?;
    Ok(Some((evaluator.evaluate(exec, &mut model).loss, ReferenceSource::Lbfgs)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::definition::Study;

    fn workload(definition: &str) -> Workload {
        let text = format!(
            "name = 'test'\noptimizers = ['sgd']\nbatch-sizes = [64]\nrepeats = 1\n[tuning]\npoints = 3\nseeds = 1\n\
            [[workloads]]\nbudget-samples = 1000\n{definition}\n"
        );
        let study = Study::parse(&text).unwrap();
        Workload::load(&study.workloads[0], &study).unwrap()
    }

    fn solved(definition: &str) -> Option<(f64, ReferenceSource)> {
        solve(Exec::default(), &workload(definition)).unwrap()
    }

    #[test]
    fn the_noisy_quadratic_ends_at_zero_and_its_samples_at_their_noise() {
        let (loss, source) = solved("problem = { workload = 'noisy-quadratic' }").unwrap();
        assert_eq!((loss, source), (0.0, ReferenceSource::Formula));
        // ½ Σ σ² over 100 dimensions of σ = ½.
        let (loss, _) = solved("loss-on = 'training'\nproblem = { workload = 'noisy-quadratic' }").unwrap();
        assert!((loss - 12.5).abs() < 1e-4, "{loss}");
    }

    #[test]
    fn convex_objectives_are_solved_and_others_are_not() {
        let l2 = "regularization = { l2 = 0.1 }\n";
        for (definition, source) in [
            ("problem = { workload = 'least-squares' }", Some(ReferenceSource::Solved)),
            ("problem = { workload = 'logistic' }", Some(ReferenceSource::Solved)),
            ("problem = { workload = 'mixture' }", Some(ReferenceSource::Solved)),
            ("problem = { workload = 'least-squares', loss = 'huber' }", Some(ReferenceSource::Lbfgs)),
            ("problem = { workload = 'least-squares', loss = 'absolute' }", None),
            ("problem = { workload = 'teacher-student' }", None),
            (&format!("{l2}problem = {{ workload = 'least-squares' }}"), None),
        ] {
            let found = solved(&format!("loss-on = 'training'\n{definition}")).map(|(_, source)| source);
            assert_eq!(found, source, "{definition}");
        }
        assert_eq!(solved("problem = { workload = 'least-squares' }"), None, "validation rows have another minimum");
    }

    /// The solved minimum is below what L-BFGS comes to in `f32`, by the rounding of `f32`.
    #[test]
    fn minima_are_those_that_lbfgs_finds() {
        for name in ["least-squares", "logistic", "mixture"] {
            let workload = workload(&format!("loss-on = 'training'\nproblem = {{ workload = '{name}' }}"));
            let (solved, _) = solve(Exec::default(), &workload).unwrap().unwrap();
            let mut model = workload.model().build(0, 0);
            let method = Lbfgs { max_iterations: 500, tolerance: 0.0, ..Lbfgs::default() };
            let data = &workload.problem.training;
            method.train(Exec::default(), &mut model, data, &workload.settings).unwrap();
            let evaluator = workload.settings.evaluator(data).unwrap();
            let found = evaluator.evaluate(Exec::default(), &mut model).loss;
            assert!((found / solved - 1.0).abs() < 2e-6, "{name}: {found} {solved}");
        }
    }
}
