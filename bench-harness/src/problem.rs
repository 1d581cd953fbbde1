//! Which data and model a command works on, as options.

mod loss;
mod network;

pub(crate) use network::ActivationName;

use crate::csv_flags::CsvFlags;
use crate::data_source::DataSource;
use crate::report::short;
use crate::streamed::Streamed;
use crate::weights::{self, ClassWeights};
use crate::workload::{self, Inputs, ModelSpec, Workload};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use loss::LossName;
use network::InitializerName;
use serde::{Deserialize, Serialize};
use simdescent::dataset::CsvFile;
use simdescent::{Dataset, Dropout, Loss, TargetScaling, synthetic};
use std::num::NonZeroUsize;

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
    /// Files instead: mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE (arrays X and y) or npy:INPUTS.npy,TARGETS.npy; of the last
    /// three features are standardised
    #[arg(long, value_name = "KIND:PATH", conflicts_with_all = ["workload", "example"])]
    data: Option<DataSource>,
    /// Read the files of --data as they are needed instead of loading them, this many rows at a time [without a number:
    /// 4096]; not npz. Every fifth row validates, at most 10 000. Rows come in the file's order, by default shuffled among those read together
    #[arg(long, value_name = "ROWS", num_args = 0..=1, default_missing_value = "4096")]
    stream: Option<NonZeroUsize>,
    /// Whether zeros among the inputs are kept; no result depends on it [default: auto]
    #[arg(long, value_enum)]
    inputs: Option<Inputs>,
    /// Widths of hidden layers, e.g. 64,32; without them files are fitted by a linear model
    #[arg(long, value_name = "N", value_delimiter = ',')]
    hidden: Option<Vec<NonZeroUsize>>,
    /// The non-linearity of the hidden layers [default: relu]
    #[arg(long, value_enum)]
    activation: Option<ActivationName>,
    /// The loss [default: squared for numbers, logistic for two classes, softmax-cross-entropy for more]
    #[arg(long, value_enum)]
    loss: Option<LossName>,
    /// The number of huber (δ) [default: 1], quantile (τ) [default: 0.5] and smoothed-softmax-cross-entropy (ε) [default: 0.1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    loss_parameter: Option<f32>,
    /// Train on targets that are scaled to mean 0 and deviation 1, as the training rows say, so that rates and penalties do not
    /// depend on their unit; losses and metrics stay in it [default: true for files and the losses squared, absolute, huber, quantile]
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    standardize_targets: Option<bool>,
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
    #[command(flatten, next_help_heading = "CSV files, [problem.csv]")]
    csv: CsvFlags,
}

/// The data sets a sweep has without files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Embedded {
    /// Linear regression, 64 features, noise ½
    Linear,
    /// Softmax regression, 32 features, 10 classes
    Softmax,
    /// A network 16-64-4 that learns from a smaller one
    Mlp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Example {
    /// y = 3x + 2 + noise, one weight, no bias; by default 1000 steps of gradient descent, rate 0.01
    Linear,
}

impl ProblemOptions {
    /// The workload that the options name.
    pub(crate) fn workload(&self, seed: u64) -> Result<Workload> {
        let mut workload = self.data(seed)?;
        (workload.model, workload.loss) = self.model_and_loss(&workload)?;
        self.keep(workload)
    }

    /// Leaves zeros out as the options say.
    pub(crate) fn keep(&self, workload: Workload) -> Result<Workload> {
        if self.inputs == Some(Inputs::Sparse) && (workload.standardizer.is_some() || self.example.is_some()) {
            bail!("--inputs sparse is for features that are mostly zeros, standardised ones are not: leave it out");
        }
        workload.keeping(self.inputs.unwrap_or_default())
    }

    /// The data that the options name, with its usual model and loss.
    pub(crate) fn data(&self, seed: u64) -> Result<Workload> {
        if self.stream.is_some() {
            bail!("--stream is for train: here the data has to fit into memory");
        }
        if self.data.is_none() {
            self.csv.refuse()?;
        }
        let mut workload = match (self.workload, self.example, &self.data) {
            (embedded, None, None) => workload::embedded(seed)?.swap_remove(embedded.unwrap_or(Embedded::Mlp) as usize),
            (None, Some(Example::Linear), None) => {
                let (training, model) = (synthetic::linear_example(), ModelSpec::Linear { features: 1, bias: false });
                let (validation, loss) = (training.clone(), Loss::Squared);
                Workload {
                    name: "linear example".into(),
                    training,
                    validation,
                    loss,
                    model,
                    standardizer: None,
                    encoding: None,
                }
            }
            (None, None, Some(data)) => data.workloads(seed, &self.csv)?.swap_remove(0),
            _ => bail!("give one of workload, example and data"),
        };
        self.weigh_classes(&mut workload)?;
        Ok(workload)
    }

    /// Gives both sets the class weights that are asked for.
    pub(crate) fn weigh_classes(&self, workload: &mut Workload) -> Result<()> {
        self.class_weights.as_ref().map_or(Ok(()), |class_weights| class_weights.apply(workload))
    }

    /// The CSV file, if the data is one.
    pub(crate) fn csv_file(&self) -> Result<Option<CsvFile>> {
        let Some(DataSource::Csv(path)) = &self.data else { return Ok(None) };
        Ok(Some(CsvFile::open(path, &self.csv.options()?)?))
    }

    /// How the targets of this training set are scaled for this loss.
    pub(crate) fn target_scaling(&self, training: &Dataset, loss: Loss) -> Result<Option<TargetScaling>> {
        Ok(self.scales_targets(loss)?.then(|| TargetScaling::fit(loss, training)).transpose()?)
    }

    fn scales_targets(&self, loss: Loss) -> Result<bool> {
        if self.standardize_targets == Some(true) && self.example.is_some() {
            bail!("the example is shown beside the closed form of its own targets: leave --standardize-targets out");
        }
        Ok(self.standardize_targets.unwrap_or(self.data.is_some() && loss.scales_with_targets()))
    }

    /// Model and loss that the options want on this data.
    pub(crate) fn model_and_loss(&self, data: &Workload) -> Result<(ModelSpec, Loss)> {
        let (mut model, mut loss) = (data.model.clone(), data.loss);
        self.choose(&mut loss, &mut model)?;
        self.change(&mut model)?;
        Ok((model, loss))
    }

    /// The rows in memory at a time, if not all are.
    pub(crate) fn window(&self) -> Option<usize> {
        self.stream.map(NonZeroUsize::get)
    }

    /// The workload that the options name, where its rows are not to be loaded.
    pub(crate) fn streamed(&self) -> Result<Streamed> {
        let Some(data) = &self.data else { bail!("--stream needs --data: csv, svmlight, npy or mnist files") };
        if self.inputs.is_some_and(|inputs| inputs != Inputs::Auto) {
            bail!(
                "--inputs is for data in memory: of a stream, svmlight files are read without their zeros, others with them"
            );
        }
        let mut streamed = data.streamed(&self.csv)?;
        if let Some(class_weights) = &self.class_weights {
            streamed = class_weights.apply_to_stream(streamed)?;
        }
        self.choose(&mut streamed.loss, &mut streamed.model)?;
        self.change(&mut streamed.model)?;
        if self.scales_targets(streamed.loss)? {
            streamed.fit_target_scaling()?;
        }
        Ok(streamed)
    }

    /// Takes the loss that is asked for. Whole numbers in a file are taken for classes; a loss for numbers wants one output, and
    /// a softmax an output for each of two classes.
    fn choose(&self, loss: &mut Loss, model: &mut ModelSpec) -> Result<()> {
        match (self.loss, self.loss_parameter) {
            (Some(name), parameter) => {
                *loss = name.with(parameter)?;
                let numbers = loss.scales_with_targets() || *loss == Loss::Poisson;
                let (features, outputs) = model.shape();
                if numbers && outputs > 1 && self.data.is_some() {
                    *model = ModelSpec::Linear { features, bias: true };
                }
                let softmax = matches!(loss, Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. });
                if softmax && outputs == 1 && self.data.is_some() {
                    *model = ModelSpec::mlp(vec![features, 2]);
                }
            }
            (None, Some(_)) => bail!("--loss-parameter needs a --loss"),
            (None, None) => {}
        }
        if let Some(label_smoothing) = self.label_smoothing {
            *loss = weights::smoothed(*loss, label_smoothing)?;
        }
        Ok(())
    }

    /// Makes the model what the options want.
    fn change(&self, model: &mut ModelSpec) -> Result<()> {
        if let Some(hidden) = &self.hidden {
            let (inputs, outputs) = model.shape();
            let widths = [inputs].into_iter().chain(hidden.iter().map(|n| n.get())).chain([outputs]).collect();
            *model = ModelSpec::mlp(widths);
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
            if !matches!(other.data, Some(DataSource::Csv(_))) {
                self.csv = CsvFlags::default();
            }
        }
    }
}
