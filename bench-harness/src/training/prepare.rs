//! Options and a problem become a training that is ready.

use super::memory::Footprint;
use super::minimizer::Minimizer;
use crate::options::RunOptions;
use crate::options::method::Method;
use crate::problem::TrainingRows;
use crate::problem::model_spec::ModelSpec;
use anyhow::{Result, bail};
use simdescent::{FitOptions, Loss, Model, Settings};

/// A training that is ready.
pub(crate) struct Prepared<'m> {
    pub(crate) settings: Settings,
    pub(crate) minimizer: Minimizer,
    spec: &'m ModelSpec,
    rows: usize,
}

/// The training that the options say, of this model on these rows: scales the targets if it is to, and makes the settings.
pub(crate) fn prepare<'m>(
    run: &RunOptions,
    rows: impl TrainingRows,
    spec: &'m ModelSpec,
    loss: Loss,
) -> Result<Prepared<'m>> {
    let count = rows.count();
    let target_scaling = run.problem.scales_targets(loss)?.then(|| rows.target_scaling(loss)).transpose()?;
    let (settings, minimizer) = if run.method() == Method::Lbfgs {
        let drops = matches!(spec, ModelSpec::Mlp { dropout, .. } if *dropout != 0.0);
        if drops {
            bail!("lbfgs needs the same function in every step: leave --dropout out");
        }
        let lbfgs = run.lbfgs()?;
        let settings = Settings {
            loss,
            target_scaling,
            l2: run.regularization.l2(),
            penalize_bias: run.regularization.penalize_bias(),
            batch_size: count,
            trial: run.trial(),
            seed: run.seed(),
            ..Settings::default()
        };
        (settings, Minimizer::Lbfgs(lbfgs))
    } else {
        let (settings, options) = run.settings(count, loss, target_scaling)?;
        (settings, Minimizer::Steps(options))
    };
    let prepared = Prepared { settings, minimizer, spec, rows: count };
    prepared.check_memory(false)?;
    Ok(prepared)
}

/// An error if there is no memory for a training by steps of this model on so many rows.
pub(crate) fn check_memory(spec: &ModelSpec, settings: &Settings, training_rows: usize) -> Result<()> {
    let minimizer = &Minimizer::Steps(FitOptions::default());
    Footprint { spec, settings, minimizer, training_rows, saves: false }.check()
}

impl Prepared<'_> {
    /// The model with its initial weights, which trial and seed of the run decide.
    pub(crate) fn model(&self) -> Box<dyn Model> {
        self.spec.build(self.settings.trial, self.settings.seed)
    }

    /// An error if there is no memory for the training, or for saving its state too.
    pub(crate) fn check_memory(&self, saves: bool) -> Result<()> {
        let Self { settings, minimizer, spec, rows } = self;
        Footprint { spec, settings, minimizer, training_rows: *rows, saves }.check()
    }

    /// How long a training by steps is, which is wanted by `whom`.
    pub(crate) fn length(&self, whom: &str) -> Result<FitOptions> {
        match self.minimizer {
            Minimizer::Steps(options) => Ok(options),
            Minimizer::Lbfgs(_) => {
                bail!("{whom} trains by steps, lbfgs does not take them: choose another --optimizer")
            }
        }
    }
}
