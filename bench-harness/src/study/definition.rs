//! A study: what is varied, how it is tuned, and on what, as a TOML file.

use crate::base::nonsense::Nonsense;
use crate::base::range::Range;
use crate::base::text_file::read_text;
use crate::options::RunOptions;
use crate::options::batch::{BatchOptions, SamplingName};
use crate::options::method::Optimizer;
use crate::options::problem::ProblemOptions;
use crate::options::rule::RuleOptions;
use crate::options::step_transforms::StepTransformOptions;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use simdescent::{HYPERPARAMETERS, Rule};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::Path;
use toml::Table;

/// Everything that decides the convergence records of a sweep, and how long its throughput is measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Study {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    /// Of weights, sample order and tuning points.
    #[serde(default = "one")]
    pub(crate) seed: u64,
    /// Of generated data, and of the split of files.
    #[serde(default = "one")]
    pub(crate) data_seed: u64,
    /// Names of rules, or of tables below `optimizer`.
    pub(crate) optimizers: Vec<String>,
    /// Samples of a step; sizes beyond the training rows are left out, and 0 stands for all of them.
    pub(crate) batch_sizes: Vec<usize>,
    /// Shares of the gap between the initial and the reference loss that are left when a target is reached, from the easiest to the
    /// hardest.
    #[serde(default = "targets")]
    pub(crate) targets: Vec<f64>,
    /// Runs with fresh seeds at each tuned point: all figures come from these.
    pub(crate) repeats: u64,
    pub(crate) tuning: Tuning,
    #[serde(default)]
    pub(crate) throughput: ThroughputPlan,
    /// What distinguishes an optimizer from its rule's usual numbers and ranges.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) optimizer: BTreeMap<String, OptimizerDefinition>,
    /// Schedules, samplings and whatever else `train --config` takes, by name; none is one plain variant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variants: Vec<Variant>,
    /// Rules that are compared with tuning again at each batch size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) coupling: Vec<Coupling>,
    /// Whether winning runs are left by branches with larger batches: the critical batch size along training, and the batch schedule that
    /// follows.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) branches: bool,
    pub(crate) workloads: Vec<WorkloadDefinition>,
}

/// How a cell finds its hyper-parameters, the same for every optimizer and batch size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Tuning {
    /// Quasi-random points of the search space.
    pub(crate) points: usize,
    /// Runs of each point.
    pub(crate) seeds: u64,
    /// Around the best learning rate, neighbors are brought at least this near.
    #[serde(default = "ratio")]
    pub(crate) ratio: f64,
    /// How often the range of learning rates is widened, where the best lies at its border.
    #[serde(default = "widenings")]
    pub(crate) widenings: usize,
}

/// How the time of a step is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ThroughputPlan {
    /// Rounds through all cells, in another order each.
    pub(crate) rounds: usize,
    /// Time of the steps of a cell in a round.
    pub(crate) milliseconds: f64,
}

impl Default for ThroughputPlan {
    fn default() -> Self {
        Self { rounds: 7, milliseconds: 10.0 }
    }
}

/// An optimizer of a study.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct OptimizerDefinition {
    /// The rule; that of the table's own name if there is none.
    pub(crate) rule: Option<String>,
    /// Numbers that differ from the usual ones.
    pub(crate) numbers: RuleOptions,
    /// Where the quasi-random learning rates lie; by default the rule's own decades.
    pub(crate) learning_rate: Option<Range>,
    /// Numbers that are tuned, too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) search: BTreeMap<String, Range>,
}

/// A level of a factor besides optimizer and batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Variant {
    pub(crate) name: String,
    /// A piece of a configuration file of `train`, e.g. `{ schedule = "cosine" }`.
    #[serde(default)]
    pub(crate) config: Table,
}

/// How hyper-parameters follow the batch size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Coupling {
    /// The same numbers.
    None,
    /// η·κ (Goyal et al. 2017).
    Linear,
    /// η·√κ (Krizhevsky 2014).
    Sqrt,
    /// η·√κ, and averages over the same number of samples: β becomes β^κ (Malladi et al. 2022).
    SqrtHalfLife,
}

impl Coupling {
    /// As in the study file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Linear => "linear",
            Self::Sqrt => "sqrt",
            Self::SqrtHalfLife => "sqrt-half-life",
        }
    }
}

/// Data, model and loss of a study, and how far they are trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct WorkloadDefinition {
    /// What it is called; by default what data and model are called.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Samples that a run may see [default: 100 000, and at least one epoch], or instead
    #[serde(default)]
    pub(crate) budget_samples: Option<u64>,
    /// epochs.
    #[serde(default)]
    pub(crate) budget_epochs: Option<u64>,
    /// Whose loss has to reach the targets.
    #[serde(default)]
    pub(crate) loss_on: LossOn,
    /// How many validation rows are looked at, evenly spaced ones: evaluations take most of the time of a large network. All by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evaluation_rows: Option<NonZeroUsize>,
    /// The lowest loss, where it is known; otherwise it is found.
    #[serde(default)]
    pub(crate) reference_loss: Option<f64>,
    /// How samples are drawn, where no variant says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sampling: Option<SamplingName>,
    /// As in a configuration file of `train`.
    #[serde(default)]
    pub(crate) problem: ProblemOptions,
    /// As in a configuration file of `train`.
    #[serde(default)]
    pub(crate) regularization: StepTransformOptions,
}

/// Which rows' loss has to reach the targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum LossOn {
    /// The objective itself: what the optimizers are asked to lower.
    Training,
    #[default]
    Validation,
}

fn one() -> u64 {
    1
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn targets() -> Vec<f64> {
    vec![0.1, 0.01, 0.001]
}

fn ratio() -> f64 {
    1.25
}

fn widenings() -> usize {
    8
}

/// An optimizer with everything that a study says of it.
#[derive(Clone, Debug)]
pub(crate) struct OptimizerFactor {
    pub(crate) label: String,
    pub(crate) rule: Rule,
    pub(crate) learning_rate: Range,
    /// Fields of the rule, with the flags that set them.
    pub(crate) search: Vec<(&'static str, Range)>,
}

impl Study {
    /// Reads a study file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_text(path)?).with_context(|| path.display().to_string())
    }

    /// Reads the text of a study; what makes no sense in it is an error that names the line.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let study: Self = toml::from_str(text)?;
        study.check().map_err(|fault| fault.in_text(text))?;
        Ok(study)
    }

    /// Lets runs on files flush tiny optimizer state, as `train` does, unless the study says otherwise. It is written into the study, so that
    /// one that was made before it did keeps its runs.
    pub(crate) fn flush_files(&mut self) {
        for workload in self.workloads.iter_mut().filter(|workload| workload.problem.data.is_some()) {
            workload.regularization.flush_by_default(true);
        }
    }

    /// The optimizers, in order.
    pub(crate) fn factors(&self) -> Result<Vec<OptimizerFactor>, Nonsense> {
        let usual = OptimizerDefinition::default();
        let factor = |(i, label): (usize, &String)| match self.optimizer.get(label) {
            Some(definition) => definition.factor(label).map_err(|fault| fault.below(label).below("optimizer")),
            None => usual.factor(label).map_err(|fault| fault.below(i).below("optimizers")),
        };
        self.optimizers.iter().enumerate().map(factor).collect()
    }

    /// The variants, in order; one plain one where none is named.
    pub(crate) fn variants(&self) -> Vec<Variant> {
        match &self.variants[..] {
            [] => vec![Variant { name: String::new(), config: Table::new() }],
            variants => variants.to_vec(),
        }
    }

    /// Batch sizes for so many training rows, without repetition.
    pub(crate) fn batch_sizes(&self, rows: usize) -> Vec<usize> {
        let resolved = self.batch_sizes.iter().map(|&size| if size == 0 { rows } else { size });
        resolved.filter(|&size| size <= rows).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Samples that a run may see where a study does not say.
const USUAL_BUDGET: u64 = 100_000;

/// Trials of tuning are numbered from 0, those of repeats from here: they never share a seed.
pub(crate) const FIRST_REPEAT: u64 = 1000;

impl OptimizerDefinition {
    fn factor(&self, label: &str) -> Result<OptimizerFactor, Nonsense> {
        let name = self.rule.as_deref().unwrap_or(label);
        let Optimizer(rule) = name.parse().map_err(|fault| Nonsense::new("", fault))?;
        let rule = self.numbers.of(rule).map_err(|fault| Nonsense::new("numbers", fault))?;
        let search = self.search.iter().map(|(flag, range)| {
            let nonsense = |fault: &str| Nonsense::new(flag, fault).below("search");
            let known = HYPERPARAMETERS.iter().find(|h| h.flag == flag && rule.with(h.field, 0.5).is_some());
            let known = known.ok_or_else(|| nonsense(&format!("the rule {name} has no such number")))?;
            if !range.is_of_numbers() {
                return Err(nonsense("take a range of numbers"));
            }
            Ok((known.field, range.clone()))
        });
        let search = search.collect::<Result<Vec<_>, _>>()?;
        let learning_rate = self.learning_rate.clone().unwrap_or_else(|| usual_rates(rule));
        if !matches!(learning_rate, Range::Log(..)) {
            return Err(Nonsense::new("learning-rate", "write { log = [lowest, highest] }"));
        }
        Ok(OptimizerFactor { label: label.to_owned(), rule, learning_rate, search })
    }
}

/// The decades in which rates of a rule are usually good, on features and losses near 1.
fn usual_rates(rule: Rule) -> Range {
    let (low, high) = match rule {
        Rule::Sgd | Rule::AdaGrad { .. } => (1e-3, 10.0),
        // Made for a rate of 1, but its steps start at √ε.
        Rule::AdaDelta { .. } => (1e-1, 1e3),
        // Every coordinate moves by the rate in every step, until the end.
        Rule::Lion { .. } => (1e-5, 1e-1),
        _ => (1e-4, 1.0),
    };
    Range::Log(low, high)
}

impl WorkloadDefinition {
    /// Samples that a run on so many rows may see.
    pub(crate) fn budget(&self, rows: usize) -> u64 {
        let rows = rows as u64;
        let epochs = self.budget_epochs.map(|epochs| epochs.saturating_mul(rows));
        self.budget_samples.or(epochs).unwrap_or(USUAL_BUDGET.max(rows))
    }

    /// A run on this workload, of a study with this seed for data: what a cell says is missing.
    pub(crate) fn run(&self) -> RunOptions {
        let (problem, mut regularization) = (self.problem.clone(), self.regularization.clone());
        // A study says it where it does: see `flush_files`.
        regularization.flush_by_default(false);
        let mut batch = BatchOptions::default();
        if let Some(sampling) = self.sampling {
            batch.set_sampling(sampling);
        }
        RunOptions { problem, regularization, batch, ..RunOptions::default() }
    }
}

/// The run of a cell: its variant over the workload's options, with this batch size and length.
pub(crate) fn run_of_cell(
    workload: &WorkloadDefinition,
    variant: &Variant,
    batch_size: usize,
    steps: u64,
) -> Result<RunOptions> {
    let mut run = workload.run().under(variant.config.clone())?;
    run.batch.set_size(NonZeroUsize::new(batch_size).context("a batch has at least one sample")?);
    run.fit.set_steps(steps);
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_studies_of_files_flush_tiny_state_and_others_keep_their_keys() {
        let flushes = |workload: &str, new: bool| {
            let head =
                "name = 'x'\noptimizers = ['sgd']\nbatch-sizes = [8]\nrepeats = 1\n[tuning]\npoints = 3\nseeds = 1\n";
            let mut study = Study::parse(&format!("{head}[[workloads]]\n{workload}")).unwrap();
            if new {
                study.flush_files();
            }
            let kept = Study::parse(&toml::to_string(&study).unwrap()).unwrap();
            kept.workloads[0].run().regularization.step_transforms().flush_subnormals
        };
        let file = "problem = { data = 'csv:houses.csv' }";
        assert!(flushes(file, true) && !flushes(file, false));
        assert!(!flushes(&format!("{file}\nregularization = {{ flush-subnormals = false }}"), true));
        assert!(!flushes("problem = { workload = 'mlp' }", true));
        assert!(flushes("problem = { workload = 'mlp' }\nregularization = { flush-subnormals = true }", false));
    }
}
