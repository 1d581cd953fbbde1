//! Going on with a training that was saved.

use super::saved_model;
use crate::options::RunOptions;
use crate::options::method::Method;
use crate::problem::Problem;
use anyhow::{Context, Result, bail};
use simdescent::dataset::RowStream;
use simdescent::{BatchGrowth, BatchShape, Checkpoint, Dataset, FitProgress, LearningRate, Settings};
use std::collections::BTreeMap;
use std::path::Path;
use toml::{Table, Value};

/// A training to go on with.
pub(crate) struct Resumed {
    /// Of the file.
    pub(crate) name: String,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) run: RunOptions,
    pub(crate) progress: FitProgress,
}

impl Resumed {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut checkpoint = Checkpoint::read(path)?;
        let name = path.display().to_string();
        let (run, progress) = (saved_model::run(&checkpoint).with_context(|| name.clone())?, checkpoint.fit.take());
        if run.as_ref().is_some_and(|run| run.method() == Method::Lbfgs) {
            bail!("{name} is of lbfgs, which has no state to go on from: train again with more --steps");
        }
        let (Some(mut run), Some(progress)) = (run, progress) else {
            bail!("{name} does not say what training it is of: only `train --save` writes files to resume");
        };
        saved_model::check(&checkpoint).with_context(|| name.clone())?;
        // The default was another one once.
        run.regularization.flush_by_default(checkpoint.settings().step_transforms.flush_subnormals);
        Ok(Self { name, checkpoint, run, progress })
    }

    /// The problem of the run, read as it was read before it was saved.
    pub(crate) fn problem(&self, run: &RunOptions) -> Result<Problem> {
        if self.keeps_problem(run)? {
            run.problem.problem_again(run.seed(), saved_model::known(&self.checkpoint)?)
        } else {
            run.problem.problem(run.seed())
        }
    }

    /// The same, if its rows are read as they are needed.
    pub(crate) fn streamed(&self, run: &RunOptions) -> Result<Problem<RowStream>> {
        if self.keeps_problem(run)? {
            run.problem.streamed_again(saved_model::known(&self.checkpoint)?)
        } else {
            run.problem.streamed()
        }
    }

    fn keeps_problem(&self, run: &RunOptions) -> Result<bool> {
        Ok(Table::try_from(&self.run.problem)? == Table::try_from(&run.problem)?)
    }

    /// Whether the steps to come are those that it would have taken, on these rows (of a stream only the latter are known).
    pub(crate) fn check(
        &self,
        run: &RunOptions,
        settings: &Settings,
        training: Option<&Dataset>,
        validation: &Dataset,
    ) -> Result<()> {
        if !self.keeps_problem(run)? {
            bail!("{}: a resumed training keeps its data and model: leave the options of [problem] out", self.name);
        }
        self.check_settings(run, settings)?;
        saved_model::check_rows(&self.checkpoint, training, validation).with_context(|| self.name.clone())?;
        if self.checkpoint.settings().target_scaling != settings.target_scaling {
            bail!("{}: {}", self.name, saved_model::other_rows("training"));
        }
        Ok(())
    }

    /// What to say if it has taken all of so many steps already.
    pub(crate) fn idle(&self, steps: u64) -> Option<String> {
        let taken = self.checkpoint.history().steps();
        (taken >= steps).then(|| {
            format!("{}: {taken} steps are done, --steps {steps} adds none: give a larger number to go on", self.name)
        })
    }

    /// Whether the settings are those that it had, but for the scale of the targets, which the rows say.
    fn check_settings(&self, run: &RunOptions, settings: &Settings) -> Result<()> {
        let (name, before) = (&self.name, self.checkpoint.settings());
        if *before == (Settings { target_scaling: before.target_scaling, ..*settings }) {
            return Ok(());
        }
        let [old, new] = [&self.run, run].map(flags);
        let (old, new) = (old?, new?);
        let changed = old.keys().chain(new.keys()).find(|flag| old.get(*flag) != new.get(*flag));
        if let Some(flag) = changed {
            let value = |flags: &Flags| flags.get(flag).map_or("its default".into(), ToString::to_string);
            bail!(
                "{name}: a resumed training keeps its settings, --{flag} would change from {} to {}: leave it out",
                value(&old),
                value(&new)
            );
        }
        // What is left is that the number of steps decides the schedules.
        let lengths: Vec<String> = [rate_length(before), growth_length(before)].into_iter().flatten().collect();
        if lengths.is_empty() {
            bail!("{name}: a resumed training keeps its settings, and those of the file are not those of its options");
        }
        let (schedule, kept) = (before.learning_rate.name().replace('_', "-"), lengths.join(" "));
        let after = match before.learning_rate {
            LearningRate::Polynomial(_) | LearningRate::Cosine(_) | LearningRate::OneCycle(_) => {
                format!("after its end it stays at the rate {}", before.learning_rate.at(u64::MAX >> 12, &[]))
            }
            _ => "it goes on as before".into(),
        };
        bail!(
            "{name}: its {schedule} schedule was made for its number of steps, with another the steps that it has taken would have \
             been others: train again with these --steps. Or keep the schedule with {kept}: {after}"
        );
    }
}

type Flags = BTreeMap<String, Value>;

/// The options that decide steps, by the names of their flags.
fn flags(run: &RunOptions) -> Result<Flags> {
    let mut flags = Flags::new();
    for (key, value) in Table::try_from(run)? {
        match value {
            Value::Table(_) if ["problem", "fit"].contains(&key.as_str()) => {}
            Value::Table(table) => flags.extend(table),
            value if key != "threads" => drop(flags.insert(key, value)),
            _ => {}
        }
    }
    Ok(flags)
}

/// The flag that keeps how long the learning rate falls.
fn rate_length(settings: &Settings) -> Option<String> {
    let (flag, steps) = match settings.learning_rate {
        LearningRate::Step(step) => ("every", step.every),
        LearningRate::InverseTime(schedule) => ("decay-steps", schedule.steps),
        LearningRate::Exponential(schedule) => ("decay-steps", schedule.steps),
        LearningRate::Polynomial(schedule) => ("decay-steps", schedule.steps),
        LearningRate::Cosine(schedule) => ("decay-steps", schedule.steps),
        LearningRate::WarmRestarts(schedule) => ("decay-steps", schedule.steps),
        LearningRate::OneCycle(schedule) => ("decay-steps", schedule.steps),
        _ => return None,
    };
    Some(format!("--{flag} {steps}"))
}

/// The flag that keeps how fast the batch grows.
fn growth_length(settings: &Settings) -> Option<String> {
    let BatchGrowth::Scheduled { shape, .. } = settings.batch_growth else { return None };
    match shape {
        BatchShape::Step { every, .. } => Some(format!("--growth-every {every}")),
        BatchShape::Geometric { steps, .. } => Some(format!("--growth-every {steps}")),
        BatchShape::Milestones { .. } | BatchShape::Plateau { .. } => None,
    }
}
