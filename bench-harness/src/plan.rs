//! A whole training by steps or by L-BFGS, measured at its end.

use crate::method::Method;
use crate::run_options::RunOptions;
use crate::workload::ModelSpec;
use anyhow::{Result, bail};
use simdescent::kernels::Exec;
use simdescent::{Dataset, Evaluator, FitOptions, Lbfgs, Loss, Measured, Model, Settings, Stop, TargetScaling, lbfgs};

/// How a run minimises.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    Steps(FitOptions),
    Lbfgs(Lbfgs),
}

impl Plan {
    /// Of a run on so many rows.
    pub(crate) fn new(
        run: &RunOptions,
        rows: usize,
        loss: Loss,
        target_scaling: Option<TargetScaling>,
    ) -> Result<(Settings, Self)> {
        if run.method() == Method::Lbfgs {
            let (lbfgs, l2) = run.lbfgs()?;
            let (trial, seed) = (run.trial(), run.seed());
            let settings = Settings { loss, target_scaling, l2, batch_size: rows, trial, seed, ..Settings::default() };
            return Ok((settings, Self::Lbfgs(lbfgs)));
        }
        let (settings, options) = run.settings(rows, loss, target_scaling)?;
        Ok((settings, Self::Steps(options)))
    }

    /// L-BFGS needs the same function in every step.
    pub(crate) fn check(&self, model: &ModelSpec) -> Result<()> {
        let drops = matches!(model, ModelSpec::Mlp { dropout, .. } if *dropout != 0.0);
        if drops && matches!(self, Self::Lbfgs(_)) {
            bail!("lbfgs needs the same function in every step: leave --dropout out");
        }
        Ok(())
    }

    /// Trains and measures.
    pub(crate) fn train(
        self,
        exec: Exec<'_>,
        mut model: Box<dyn Model>,
        training: &Dataset,
        validation: &Evaluator<'_>,
        settings: Settings,
    ) -> Result<Measured> {
        let method = match self {
            Self::Steps(options) => {
                return Ok(Measured::train(exec, model, training, validation, (settings, options))?);
            }
            Self::Lbfgs(method) => method,
        };
        let minimum = method.train(exec, &mut model, training, &settings)?;
        Ok(Measured {
            training: settings.evaluator(training)?.metrics(exec, &mut model),
            validation: validation.metrics(exec, &mut model),
            stop: if minimum.stop == lbfgs::Stop::NotFinite { Stop::Diverged } else { Stop::Steps },
            steps: minimum.iterations as u64,
        })
    }
}

/// What to say of a run whose loss is no number any more.
pub(crate) fn diverged(step: u64) -> String {
    format!("diverged in step {step}, the loss is not finite: take a lower --rate; simdescent tune lr finds one")
}
