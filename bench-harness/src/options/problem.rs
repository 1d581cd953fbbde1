//! Which data and model a command works on, as options.

use super::csv::CsvFlags;
use super::files::{FileFlags, data_source};
use super::loss::{LossName, TaskName, smoothed};
use super::network::{ActivationName, InitializerName};
use super::yes_no::{self, yes_no};
use crate::base::number::short;
use crate::base::progress::remark;
use crate::problem::embedded::{Embedded, linear_example};
use crate::problem::files::{Known, Reading};
use crate::problem::model_spec::ModelSpec;
use crate::problem::source::DataSource;
use crate::problem::{ClassWeights, InputLayout, Problem};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::dataset::{CsvFile, CsvOptions, RowStream, TargetEncoding, Task};
use simdescent::{Dataset, Dropout, Loss};
use std::num::NonZeroUsize;
use std::path::Path;

/// Data and model.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ProblemOptions {
    /// Embedded data with its model [default: mlp]
    #[arg(long, value_enum)]
    workload: Option<Embedded>,
    /// The reference example instead: shown beside its closed form
    #[arg(long, value_enum, conflicts_with = "workload")]
    pub(crate) example: Option<Example>,
    /// Files instead: mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:INPUTS.npy,TARGETS.npy; of the last three features are
    /// standardized. Files without a validation part of their own are shuffled and split 80:20
    #[arg(long, value_name = "KIND:PATH", value_parser = data_source(), conflicts_with_all = ["workload", "example"])]
    pub(crate) data: Option<DataSource>,
    /// What the targets of --data are [default: what the loss needs; else text, 0 and 1, -1 and 1, and whole
    /// numbers that many rows share are classes; a doubtful guess is printed]
    #[arg(long, value_enum)]
    pub(crate) task: Option<TaskName>,
    /// Leave the shares of the classes to chance, where rows are split for training and validation, and in folds [default: no]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    pub(crate) not_stratified: Option<bool>,
    /// Read the files of --data as they are needed instead of loading them, this many rows at a time [without a number:
    /// 4096]; not npz. Every fifth row validates, at most 10 000. Rows come in the file's order, by default shuffled among those read together
    #[arg(long, value_name = "ROWS", num_args = 0..=1, default_missing_value = "4096")]
    stream: Option<NonZeroUsize>,
    /// Whether zeros among the inputs are kept; no result depends on it [default: auto]
    #[arg(long, value_enum)]
    inputs: Option<InputLayout>,
    /// Widths of hidden layers, e.g. 64,32; without them files are fitted by a linear model
    #[arg(long, value_name = "N", value_delimiter = ',')]
    hidden: Option<Vec<NonZeroUsize>>,
    /// The non-linearity of the hidden layers [default: relu]
    #[arg(long, value_enum)]
    activation: Option<ActivationName>,
    /// The loss [default: squared for numbers, logistic for two classes, softmax-cross-entropy for more]
    #[arg(long, value_enum)]
    pub(crate) loss: Option<LossName>,
    /// The number of huber (δ) [default: 1], quantile (τ) [default: 0.5] and smoothed-softmax-cross-entropy (ε) [default: 0.1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    pub(crate) loss_parameter: Option<f32>,
    /// Train on targets that are scaled to mean 0 and deviation 1, as the training rows say, so that rates and penalties do not
    /// depend on their unit; losses and metrics stay in it [default: yes for files and the losses squared, absolute, huber, quantile]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    pub(crate) standardize_targets: Option<bool>,
    /// The share of each label that softmax-cross-entropy spreads over all classes, in [0, 1] [default: 0]
    #[arg(long, value_name = "EPSILON", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    label_smoothing: Option<f32>,
    /// How much each class counts in the loss, e.g. 1,2.5, or balanced: n/(k·n_c), so that all k count the same [default: all 1]
    #[arg(long, value_name = "W,W,...|balanced")]
    class_weights: Option<ClassWeights>,
    /// How the weights of a network start [default: he-normal; zeros without hidden layers]
    #[arg(long, value_enum)]
    initializer: Option<InitializerName>,
    /// The number of constant, normal, uniform, truncated-normal [default: 0.1] and orthogonal [default: 1]: value,
    /// standard deviation, limit, standard deviation, gain
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    initializer_scale: Option<f32>,
    /// Probability of dropping an output of a hidden layer in training, in [0, 1) [default: 0]
    #[arg(long, value_name = "P")]
    #[serde(serialize_with = "short")]
    dropout: Option<f32>,
    #[command(flatten, next_help_heading = "svmlight and npz files, [problem.files]")]
    pub(crate) files: FileFlags,
    #[command(flatten, next_help_heading = "CSV files, [problem.csv]")]
    pub(crate) csv: CsvFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Example {
    /// y = 3x + 2 + noise, one weight, no bias; by default 1000 steps of gradient descent, rate 0.01
    Linear,
}

impl ProblemOptions {
    /// The same with a network of these hidden layers.
    pub(crate) fn with_hidden(&self, hidden: Option<Vec<NonZeroUsize>>) -> Self {
        Self { hidden, ..self.clone() }
    }

    /// The files that are read.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        self.data.iter().flat_map(DataSource::paths).collect()
    }

    /// The problem that the options name.
    pub(crate) fn problem(&self, seed: u64) -> Result<Problem> {
        self.modeled(self.data(seed)?)
    }

    /// The problem again that an earlier training had, which found out this.
    pub(crate) fn problem_again(&self, seed: u64, known: Known) -> Result<Problem> {
        self.modeled(self.data_read(seed, &self.reading()?.knowing(known))?)
    }

    fn modeled(&self, mut problem: Problem) -> Result<Problem> {
        (problem.model, problem.loss) = self.model_and_loss(&problem)?;
        self.keep(self.named(problem))
    }

    /// Leaves zeros out as the options say.
    pub(crate) fn keep(&self, problem: Problem) -> Result<Problem> {
        if self.inputs == Some(InputLayout::Sparse) && (problem.standardizer.is_some() || self.example.is_some()) {
            bail!("--inputs sparse is for features that are mostly zeros, standardized ones are not: leave it out");
        }
        problem.keeping(self.inputs.unwrap_or_default())
    }

    /// The data that the options name, with its usual model and loss.
    pub(crate) fn data(&self, seed: u64) -> Result<Problem> {
        self.data_read(seed, &self.reading()?)
    }

    fn data_read(&self, seed: u64, reading: &Reading) -> Result<Problem> {
        if self.stream.is_some() {
            bail!("--stream is for train: here the data has to fit into memory");
        }
        let problem = match (self.workload, self.example, &self.data) {
            (embedded, None, None) => embedded.unwrap_or(Embedded::Mlp).problem(seed)?,
            (None, Some(Example::Linear), None) => linear_example(),
            (None, None, Some(data)) => data.problem(seed, reading)?,
            _ => bail!("give one of workload, example and data"),
        };
        self.check_classes(&problem.validation)?;
        self.class_weights.iter().try_fold(problem, Problem::<Dataset>::with_class_weights)
    }

    /// The problem with the name that its model and loss give it.
    fn named<R>(&self, problem: Problem<R>) -> Problem<R> {
        let name = self.name_by(&problem.name, &problem.model, problem.loss);
        Problem { name, ..problem }
    }

    fn name_by(&self, usual: &str, model: &ModelSpec, loss: Loss) -> String {
        match &self.data {
            Some(data) => data.problem_name(&model.heading(loss)),
            None if self.loss.is_some() => model.heading(loss),
            None => usual.to_owned(),
        }
    }

    /// The name of the problem that the options make of this data.
    pub(crate) fn name(&self, data: &Problem) -> Result<String> {
        let (model, loss) = self.model_and_loss(data)?;
        Ok(self.name_by(&data.name, &model, loss))
    }

    /// The name of this data, whatever is trained on it.
    pub(crate) fn data_name(&self, data: &Problem) -> String {
        self.data.as_ref().map_or_else(|| data.name.clone(), DataSource::file_name)
    }

    /// How files are read and divided. Flags for data of another kind are refused.
    fn reading(&self) -> Result<Reading> {
        let task = self.task()?;
        if self.data.is_none() && (self.task.is_some() || self.not_stratified.is_some()) {
            bail!("--task and --not-stratified need --data");
        }
        self.files.check(self.data.as_ref())?;
        let files = self.files.resolved(self.data.as_ref())?;
        if let (None, Some(true), Some(data)) = (self.files.zero_based, files.zero_based, &self.data) {
            let file = data.file_name();
            remark(&format!("note: {file} has an index 0: indices start there; --zero-based no makes that an error"));
        }
        let csv = match self.data {
            Some(DataSource::Csv(_)) => self.csv.options()?,
            _ => self.csv.refuse().map(|()| CsvOptions::default())?,
        };
        Ok(Reading {
            csv: CsvOptions { task, ..csv },
            targets: task.into(),
            stratified: self.stratified(),
            ..files.reading()
        })
    }

    /// The options with what they leave open about the files found out, to read others in the same way.
    pub(crate) fn resolved(&self) -> Result<Self> {
        Ok(Self { files: self.files.resolved(self.data.as_ref())?, ..self.clone() })
    }

    /// What is to be learned, as far as the options say.
    fn task(&self) -> Result<Option<Task>> {
        let needed = self.loss.and_then(LossName::task);
        match (self.task.map(Task::from), needed) {
            (Some(Task::Regression), Some(Task::Classification)) => {
                bail!(
                    "this --loss is for classes, --task regression takes the targets for numbers: leave one of them out"
                )
            }
            (Some(Task::Classification), Some(Task::Regression)) => {
                bail!(
                    "this --loss is for numbers, --task classification takes the targets for classes: leave one of them out"
                )
            }
            (task, needed) => Ok(task.or(needed)),
        }
    }

    /// An error if the options are for classes and the targets were taken for numbers; tells what the loss makes classes of.
    fn check_classes(&self, validation: &Dataset) -> Result<()> {
        let Some(data) = &self.data else { return Ok(()) };
        let flags =
            [("class-weights", self.class_weights.is_some()), ("label-smoothing", self.label_smoothing.is_some())];
        if let Some((flag, _)) = flags.into_iter().find(|(_, given)| *given)
            && validation.targets().classes().is_none()
        {
            bail!(
                "--{flag} is for classes, the targets of {} are taken for numbers: give --task classification if they are classes, \
                 otherwise leave --{flag} out",
                data.file_name()
            );
        }
        if self.task.is_none()
            && self.loss.is_some()
            && let Some(what) = validation.target_encoding().and_then(hardly_classes)
        {
            remark(&format!("note: {}: {what}", data.file_name()));
        }
        Ok(())
    }

    /// Whether training and validation rows, and folds, have the same shares of all classes.
    pub(crate) fn stratified(&self) -> bool {
        !self.not_stratified.unwrap_or(false)
    }

    /// The class weights that are asked for.
    pub(crate) fn class_weights(&self) -> Option<&ClassWeights> {
        self.class_weights.as_ref()
    }

    /// The CSV file, if the data is one.
    pub(crate) fn csv_file(&self) -> Result<Option<CsvFile>> {
        let Some(DataSource::Csv(path)) = &self.data else { return Ok(None) };
        Ok(Some(CsvFile::open(path, &self.reading()?.csv)?))
    }

    /// Whether the training is on scaled targets under this loss.
    pub(crate) fn scales_targets(&self, loss: Loss) -> Result<bool> {
        if self.standardize_targets == Some(true) && self.example.is_some() {
            bail!("the example is shown beside the closed form of its own targets: leave --standardize-targets out");
        }
        Ok(self.standardize_targets.unwrap_or(self.data.is_some() && loss.scales_with_targets()))
    }

    /// Model and loss that the options want on this data.
    pub(crate) fn model_and_loss<R>(&self, data: &Problem<R>) -> Result<(ModelSpec, Loss)> {
        let (mut model, mut loss) = (data.model.clone(), data.loss);
        self.choose(&mut loss, &mut model)?;
        if self.data.is_some() && loss_is_of_numbers(loss) && data.validation.targets().classes().is_some() {
            bail!("the loss {} needs numbers, the targets were taken for classes: give --task regression", loss.name());
        }
        self.change(&mut model)?;
        Ok((model, loss))
    }

    /// The rows in memory at a time, if not all are.
    pub(crate) fn window(&self) -> Option<usize> {
        self.stream.map(NonZeroUsize::get)
    }

    /// The problem that the options name, where its rows are not to be loaded.
    pub(crate) fn streamed(&self) -> Result<Problem<RowStream>> {
        self.streamed_read(&self.reading()?)
    }

    /// The same of an earlier training, which found out this.
    pub(crate) fn streamed_again(&self, known: Known) -> Result<Problem<RowStream>> {
        self.streamed_read(&self.reading()?.knowing(known))
    }

    fn streamed_read(&self, reading: &Reading) -> Result<Problem<RowStream>> {
        let Some(data) = &self.data else { bail!("--stream needs --data: csv, svmlight, npy or mnist files") };
        if self.inputs.is_some_and(|inputs| inputs != InputLayout::Auto) {
            bail!(
                "--inputs is for data in memory: of a stream, svmlight files are read without their zeros, others with them"
            );
        }
        if self.not_stratified.is_some() {
            bail!("--not-stratified is for rows that are divided at random, streamed ones are not: leave it out");
        }
        let problem = data.streamed(reading, self.window().unwrap_or(1))?;
        self.check_classes(&problem.validation)?;
        let mut problem = self.class_weights.iter().try_fold(problem, Problem::<RowStream>::with_class_weights)?;
        (problem.model, problem.loss) = self.model_and_loss(&problem)?;
        let problem = self.named(problem);
        Ok(Problem { name: format!("{}, streamed", problem.name), ..problem })
    }

    /// Takes the loss that is asked for. A softmax wants an output for each of two classes.
    fn choose(&self, loss: &mut Loss, model: &mut ModelSpec) -> Result<()> {
        match (self.loss, self.loss_parameter) {
            (Some(name), parameter) => {
                *loss = name.with(parameter)?;
                let (features, outputs) = model.shape();
                let softmax = matches!(loss, Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. });
                if softmax && outputs == 1 && self.data.is_some() {
                    *model = ModelSpec::mlp(vec![features, 2]);
                }
            }
            (None, Some(_)) => bail!("--loss-parameter needs a --loss"),
            (None, None) => {}
        }
        if let Some(label_smoothing) = self.label_smoothing {
            *loss = smoothed(*loss, label_smoothing)?;
        }
        Ok(())
    }

    /// Makes the model what the options want.
    fn change(&self, model: &mut ModelSpec) -> Result<()> {
        if let Some(hidden) = &self.hidden {
            *model = model.with_hidden(hidden);
        }
        model.check_size()?;
        let hidden = matches!(model, ModelSpec::Mlp { widths, .. } if widths.len() > 2);
        let drops = self.dropout.is_some_and(|rate| rate != 0.0);
        for (flag, given) in [("activation", self.activation.is_some()), ("dropout", drops)] {
            if given && !hidden {
                bail!("--{flag} needs hidden layers: give their widths with --hidden");
            }
        }
        let ModelSpec::Mlp { activation, initializer, dropout, .. } = model else {
            if self.initializer.is_some() || self.initializer_scale.is_some() {
                bail!("--initializer needs a network, a linear model starts at zero: give hidden layers with --hidden");
            }
            return Ok(());
        };
        if let Some(name) = self.activation {
            *activation = name.into();
        }
        if let Some(rate) = self.dropout {
            Dropout::new(rate, 0, 0)?;
            *dropout = rate;
        }
        match (self.initializer, self.initializer_scale) {
            (Some(name), scale) => *initializer = name.with(scale)?,
            (None, Some(_)) => bail!("--initializer-scale needs an --initializer"),
            (None, None) => {}
        }
        Ok(())
    }

    /// Forgets `self`'s data if `other` names some, and how to read it if that is of another kind.
    pub(crate) fn give_way_to(&mut self, other: &Self) {
        if other.workload.is_some() || other.example.is_some() || other.data.is_some() {
            (self.workload, self.example, self.data) = (None, None, None);
            if other.data.is_none() {
                self.stream = None;
            }
            self.files =
                other.data.as_ref().map(|data| FileFlags::default().over(&self.files, data)).unwrap_or_default();
            if !matches!(other.data, Some(DataSource::Csv(_))) {
                self.csv = CsvFlags::default();
            }
            if other.data.is_none() {
                (self.task, self.not_stratified) = (None, None);
            }
        }
    }
}

/// What there is to say of numbers that were made classes for a loss.
fn hardly_classes(targets: &TargetEncoding) -> Option<String> {
    const USUAL: usize = 10;
    let numbers: Vec<f64> = targets.class_names()?.iter().map(|name| name.parse()).collect::<Result<_, _>>().ok()?;
    let (n, whole) = (numbers.len(), numbers.iter().all(|x| x.fract() == 0.0));
    (n > USUAL || !whole).then(|| {
        format!("the {n} different numbers of the targets are taken for classes, as this --loss needs; --task classification says that they are")
    })
}

fn loss_is_of_numbers(loss: Loss) -> bool {
    loss.scales_with_targets() || loss == Loss::Poisson
}
