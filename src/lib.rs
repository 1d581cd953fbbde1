//! Train linear models and multi-layer perceptrons on the CPU with SIMD kernels, with bit-identical results on
//! every instruction set and every number of threads.
//!
//! ```
//! use simdescent::{Evaluator, LearningRate, Linear, Loss, Rule, Sampling, Settings, Trainer, synthetic};
//! use simdescent_kernels::Exec;
//!
//! let data = synthetic::linear_example();
//! let settings = Settings {
//!     loss: Loss::Squared,
//!     rule: Rule::Sgd,
//!     learning_rate: LearningRate::Constant { rate: 0.01 },
//!     batch_size: data.rows(),
//!     sampling: Sampling::FixedOrder,
//!     ..Settings::default()
//! };
//! let exec = Exec::default();
//! let mut trainer = Trainer::new(exec, Linear::new(1, false), &data, settings)?;
//! for _ in 0..1000 {
//!     trainer.step();
//! }
//! let loss = Evaluator::new(Loss::Squared, &data)?.evaluate(exec, trainer.model_mut()).loss;
//! // One weight and no bias cannot fit y = 3x + 2: the loss ends at the closed-form optimum, not at 0.
//! assert!((loss - 1.4269).abs() < 1e-3, "{loss}");
//! # Ok::<(), simdescent::ConfigError>(())
//! ```
//!
//! A [`Trainer`] trains a [`Model`] on a [`Dataset`] by its [`Settings`]. [`Trainer::fit`] also validates during the training, and
//! can stop it early. These types describe what can be chosen:
//!
//! | | |
//! | --- | --- |
//! | learning rate | [`LearningRate`], [`Warmup`] in front of it; [`LearningRateFinder`] |
//! | batch size | [`BatchGrowth`], alone or coupled to the learning rate; [`Sampling`], [`LastBatch`] |
//! | initial weights | [`Initializer`] |
//! | unit of the targets | [`TargetScaling`] |
//! | weights of rows and classes | [`Dataset::with_weights`], [`Dataset::with_class_weights`] |
//! | regularization | [`Settings::l2`], [`ElasticNet`], [`Dropout`], [`EarlyStopping`] |
//! | optimizer | [`Rule`], with [`StepTransforms`] around it; [`Lbfgs`] for full-batch problems |
//!
//! [`dataset`] reads files, and [`dataset::RowStream`] reads those that do not fit into memory. [`Evaluator::metrics`],
//! [`Generalization`], [`learning_curve`] and [`cross_validate`] say how good a model is, and [`Settings::predict`] what it says
//! of other rows. [`PermutationImportance`] and [`Model::coefficients`] say what it makes of each feature. A [`Checkpoint`] keeps
//! it in a file, and [`output_file`] writes others as carefully.
//!
//! The kernels are in a crate of their own, [`simdescent_kernels`], which can be used without this one.

#![forbid(unsafe_code)]

mod checkpoint;
pub mod dataset;
mod error;
mod evaluate;
mod fit;
mod gradient_noise;
mod history;
mod initializer;
#[cfg(not(test))]
#[doc(hidden)]
pub mod instances;
pub mod lbfgs;
mod learning_rate_finder;
mod loss;
mod model;
mod optimizer;
pub mod output_file;
mod probe;
pub mod random;
mod regularizer;
mod resampling;
mod sampling;
mod schedule;
mod settings;
pub mod synthetic;
mod target_scaling;
mod trainer;

pub use checkpoint::Checkpoint;
pub use dataset::{Dataset, Rows, Targets};
pub use error::{CheckpointError, ConfigError, DataError, Place};
pub use evaluate::{
    Calibration, CalibrationBin, ClassPredictions, ClassQuality, Classification, ConfusionMatrix, Evaluation,
    Evaluator, Generalization, GradientMeter, Importance, LinearMinimum, Metric, Metrics, PermutationImportance,
    Predictions, Regression, Verdict, roc_auc,
};
pub use fit::{EarlyStopping, Fit, FitOptions, FitProgress, Stop, Validation};
pub use gradient_noise::{GradientMoments, GradientNoise, SignNoise, without_replacement};
pub use history::{History, trajectory_digest};
pub use initializer::Initializer;
pub use lbfgs::{Lbfgs, Minimum};
pub use learning_rate_finder::{LearningRateFinder, RateSearch, RateSuggestion, RateTrials, UnknownRate};
pub use loss::{BatchTargets, Loss, Weights};
pub use model::{Coefficients, Linear, Mlp, Model, NoisyQuadratic};
pub use optimizer::{HYPERPARAMETERS, Hyperparameter, InBackward, Optimizer, Rule, StepTransforms};
pub use probe::{KernelCall, Phase, Probe};
pub use regularizer::{Dropout, ElasticNet};
pub use resampling::{CrossValidation, CurvePoint, Fold, KFold, Scores, TrainingSpec, cross_validate, learning_curve};
pub use sampling::{LastBatch, Sampling};
pub use schedule::{
    Anneal, BatchGrowth, BatchShape, Cosine, Exponential, InverseTime, LearningRate, Milestones, OneCycle, Plateau,
    Polynomial, RateScaling, ReduceOnPlateau, Step, StepPlan, WarmRestarts, Warmup,
};
pub use settings::Settings;
pub use target_scaling::TargetScaling;
pub use trainer::Trainer;

/// Raised whenever a bit of any result changes: equal specifications of runs under equal value versions have equal bits, on every
/// machine. CHANGELOG.md says which release has which, and `tests/trajectory/value_version.rs` fails where golden digests change without it.
pub const VALUE_VERSION: u32 = 1;

pub use simdescent_kernels as kernels;
pub use simdescent_kernels::activation::Activation;
