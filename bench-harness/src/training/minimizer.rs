//! A whole training by steps or by L-BFGS, measured at its end.

use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent::{Dataset, Evaluator, FitOptions, Lbfgs, Model, Scores, Settings, Stop, TrainingSpec, lbfgs};

/// How a run minimizes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Minimizer {
    Steps(FitOptions),
    Lbfgs(Lbfgs),
}

impl Minimizer {
    /// Trains and measures.
    pub(crate) fn train(
        self,
        exec: Exec<'_>,
        mut model: Box<dyn Model>,
        training: &Dataset,
        validation: &Evaluator<'_>,
        settings: Settings,
    ) -> Result<Scores> {
        let method = match self {
            Self::Steps(options) => {
                return Ok(Scores::train(exec, model, training, validation, TrainingSpec { settings, options })?);
            }
            Self::Lbfgs(method) => method,
        };
        let minimum = method.train(exec, &mut model, training, &settings)?;
        Ok(Scores {
            training: settings.evaluator(training)?.metrics(exec, &mut model),
            validation: validation.metrics(exec, &mut model),
            stop: if minimum.stop == lbfgs::Stop::NotFinite { Stop::Diverged } else { Stop::Steps },
            steps: minimum.iterations as u64,
        })
    }
}
