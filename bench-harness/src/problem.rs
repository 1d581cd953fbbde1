//! Which data and model a command works on, as options.

use crate::csv_flags::CsvFlags;
use crate::report::short;
use crate::streamed::Streamed;
use crate::weights::{self, ClassWeights};
use crate::workload::{self, DataSource, Inputs, ModelSpec, Workload};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::kernels::activation::Activation;
use simdescent::{Dropout, Initializer, Loss, Rule, synthetic};
use std::num::NonZeroUsize;
use std::str::FromStr;

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

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ActivationName {
    Identity,
    Relu,
    Tanh,
    Sigmoid,
    Gelu,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LossName {
    Squared,
    Absolute,
    Huber,
    Quantile,
    Logistic,
    Hinge,
    SquaredHinge,
    Poisson,
    SoftmaxCrossEntropy,
    SmoothedSoftmaxCrossEntropy,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum InitializerName {
    Zeros,
    Constant,
    Normal,
    Uniform,
    TruncatedNormal,
    XavierNormal,
    XavierUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
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
        if let Some(class_weights) = &self.class_weights {
            class_weights.apply(&mut workload)?;
        }
        Ok(workload)
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
        Ok(streamed)
    }

    /// Takes the loss that is asked for. Whole numbers in a file are taken for classes; a loss for numbers wants one output, and
    /// a softmax an output for each of two classes.
    fn choose(&self, loss: &mut Loss, model: &mut ModelSpec) -> Result<()> {
        match (self.loss, self.loss_parameter) {
            (Some(name), parameter) => {
                *loss = name.with(parameter)?;
                let numbers = matches!(
                    loss,
                    Loss::Squared | Loss::Absolute | Loss::Huber { .. } | Loss::Quantile { .. } | Loss::Poisson
                );
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

impl From<ActivationName> for Activation {
    fn from(name: ActivationName) -> Self {
        match name {
            ActivationName::Identity => Self::Identity,
            ActivationName::Relu => Self::Relu,
            ActivationName::Tanh => Self::Tanh,
            ActivationName::Sigmoid => Self::Sigmoid,
            ActivationName::Gelu => Self::Gelu,
        }
    }
}

impl LossName {
    fn with(self, parameter: Option<f32>) -> Result<Loss> {
        let loss = match self {
            Self::Huber => Loss::Huber { delta: parameter.unwrap_or(1.0) },
            Self::Quantile => Loss::Quantile { tau: parameter.unwrap_or(0.5) },
            Self::SmoothedSoftmaxCrossEntropy => {
                Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: parameter.unwrap_or(0.1) }
            }
            _ if parameter.is_some() => bail!("--loss-parameter does not go with this --loss: it has no number"),
            Self::Squared => Loss::Squared,
            Self::Absolute => Loss::Absolute,
            Self::Logistic => Loss::Logistic,
            Self::Hinge => Loss::Hinge,
            Self::SquaredHinge => Loss::SquaredHinge,
            Self::Poisson => Loss::Poisson,
            Self::SoftmaxCrossEntropy => Loss::SoftmaxCrossEntropy,
        };
        Ok(loss)
    }
}

impl From<Activation> for ActivationName {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Identity => Self::Identity,
            Activation::Relu => Self::Relu,
            Activation::Tanh => Self::Tanh,
            Activation::Sigmoid => Self::Sigmoid,
            Activation::Gelu => Self::Gelu,
        }
    }
}

impl InitializerName {
    fn with(self, scale: Option<f32>) -> Result<Initializer> {
        let x = scale.unwrap_or(0.1);
        let initializer = match self {
            Self::Constant => Initializer::Constant { value: x },
            Self::Normal => Initializer::Normal { std: x },
            Self::Uniform => Initializer::Uniform { limit: x },
            Self::TruncatedNormal => Initializer::TruncatedNormal { std: x },
            Self::Orthogonal => Initializer::Orthogonal { gain: scale.unwrap_or(1.0) },
            _ if scale.is_some() => bail!("--initializer-scale does not go with this --initializer: it has no number"),
            Self::Zeros => Initializer::Zeros,
            Self::XavierNormal => Initializer::XavierNormal,
            Self::XavierUniform => Initializer::XavierUniform,
            Self::HeNormal => Initializer::HeNormal,
            Self::HeUniform => Initializer::HeUniform,
            Self::LecunNormal => Initializer::LecunNormal,
            Self::LecunUniform => Initializer::LecunUniform,
        };
        match initializer.fault() {
            Some(fault) => bail!("--initializer-scale: {fault}"),
            None => Ok(initializer),
        }
    }
}

/// An optimizer with its usual hyper-parameters, by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Optimizer(pub(crate) Rule);

impl FromStr for Optimizer {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Rule::ALL.map(Rule::name).join(", ");
        Rule::from_name(name).map(Self).ok_or_else(|| format!("unknown optimizer {name:?}: take one of {}", names()))
    }
}

/// How `train` minimises.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Method {
    /// Steps of a rule.
    Rule(Rule),
    /// L-BFGS on the whole training set.
    Lbfgs,
}

impl FromStr for Method {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "lbfgs" => Ok(Self::Lbfgs),
            _ => name.parse().map(|Optimizer(rule)| Self::Rule(rule)).map_err(|fault: String| fault + ", lbfgs"),
        }
    }
}
impl TryFrom<String> for Method {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}
impl From<Method> for String {
    fn from(method: Method) -> Self {
        match method {
            Method::Rule(rule) => rule.name(),
            Method::Lbfgs => "lbfgs",
        }
        .to_owned()
    }
}
