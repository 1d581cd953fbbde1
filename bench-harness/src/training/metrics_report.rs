//! All metrics of a model, as JSON has them.

use crate::base::number::{Number, number};
use anyhow::Result;
use serde::Serialize;
use simdescent::kernels::Exec;
use simdescent::{
    CalibrationBin, ClassQuality, Classification, Dataset, Generalization, Metrics, Model, Settings, Verdict,
};

/// A model on one or two data sets.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MetricsReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) training: Option<SetMetrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) validation: Option<SetMetrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) test: Option<SetMetrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) class_names: Option<Vec<String>>,
    /// Between training and validation set, if both are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) generalization: Option<GeneralizationReport>,
}

/// The metrics on one data set.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SetMetrics {
    pub(crate) rows: usize,
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::base::number::Number"))]
    pub(crate) loss: f64,
    pub(crate) regression: Option<RegressionReport>,
    pub(crate) classification: Option<ClassificationReport>,
    /// The same, for text.
    #[serde(skip)]
    pub(crate) metrics: Metrics,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RegressionReport {
    rmse: Number,
    mae: Number,
    r2: Option<Number>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ClassificationReport {
    accuracy: f64,
    log_loss: Option<Number>,
    auc: Option<f64>,
    /// Rows of a class by what they were taken for; `undecided` were taken for none.
    confusion: Option<ConfusionReport>,
    calibration: Option<CalibrationReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<ClassReport>>,
    /// Missing above 1000 classes; null if a class has no F1.
    #[serde(skip_serializing_if = "Option::is_none")]
    macro_f1: Option<Option<f64>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ConfusionReport {
    rows: Vec<Vec<u64>>,
    undecided: Vec<u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CalibrationReport {
    bins: Vec<CalibrationBinReport>,
    expected_error: f64,
    largest_error: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CalibrationBinReport {
    rows: u64,
    confidence: Option<f64>,
    accuracy: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ClassReport {
    support: u64,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
}

/// How much worse the model is on rows it has not seen.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GeneralizationReport {
    training_loss: Number,
    validation_loss: Number,
    pub(crate) gap: Number,
    pub(crate) standard_error: Number,
    rise: Option<Number>,
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) verdict: Verdict,
}

impl MetricsReport {
    /// On training and validation set; `lowest` is the lowest validation loss of the run, if it is known.
    pub(crate) fn of_both(
        exec: Exec<'_>,
        model: &mut impl Model,
        settings: &Settings,
        [training, validation]: [&Dataset; 2],
        lowest: Option<f64>,
    ) -> Result<Self> {
        let (seen, held_out) = (settings.evaluator(training)?, settings.evaluator(validation)?);
        let rows = [&seen, &held_out].map(|set| set.row_losses(exec, model));
        Ok(Self {
            training: Some(seen.metrics(exec, model).into()),
            validation: Some(held_out.metrics(exec, model).into()),
            generalization: Some(Generalization::new(&rows[0], &rows[1], lowest).into()),
            ..Self::empty(training)
        })
    }

    /// On the validation set alone.
    pub(crate) fn of_validation(
        exec: Exec<'_>,
        model: &mut impl Model,
        settings: &Settings,
        set: &Dataset,
    ) -> Result<Self> {
        let metrics = settings.evaluator(set)?.metrics(exec, model);
        Ok(Self { validation: Some(metrics.into()), ..Self::empty(set) })
    }

    /// On a test set alone.
    pub(crate) fn of_test(exec: Exec<'_>, model: &mut impl Model, settings: &Settings, set: &Dataset) -> Result<Self> {
        let metrics = settings.evaluator(set)?.metrics(exec, model);
        Ok(Self { test: Some(metrics.into()), ..Self::empty(set) })
    }

    fn empty(set: &Dataset) -> Self {
        let class_names = set.class_names().map(<[String]>::to_vec);
        Self { training: None, validation: None, test: None, class_names, generalization: None }
    }

    /// The sets that there are, by name.
    pub(crate) fn sets(&self) -> Vec<(&'static str, &Metrics)> {
        let all = [("training", &self.training), ("validation", &self.validation), ("test", &self.test)];
        all.into_iter().filter_map(|(name, set)| Some((name, &set.as_ref()?.metrics))).collect()
    }
}

impl From<Metrics> for SetMetrics {
    fn from(metrics: Metrics) -> Self {
        let regression = metrics.regression.map(|r| RegressionReport {
            rmse: Number(r.rmse),
            mae: Number(r.mae),
            r2: r.r2.map(Number),
        });
        Self {
            rows: metrics.rows,
            loss: metrics.loss,
            regression,
            classification: metrics.classification.as_ref().map(ClassificationReport::new),
            metrics,
        }
    }
}

impl ClassificationReport {
    fn new(c: &Classification) -> Self {
        let class = |quality: ClassQuality| {
            let ClassQuality { support, precision, recall, f1 } = quality;
            ClassReport { support, precision, recall, f1 }
        };
        let bin = |bin: &CalibrationBin| {
            let CalibrationBin { rows, confidence, accuracy } = *bin;
            CalibrationBinReport { rows, confidence, accuracy }
        };
        Self {
            accuracy: c.accuracy,
            log_loss: c.log_loss.map(Number),
            auc: c.auc,
            confusion: c.confusion.as_ref().map(|confusion| ConfusionReport {
                rows: confusion.rows().to_vec(),
                undecided: confusion.undecided().to_vec(),
            }),
            calibration: c.calibration.as_ref().map(|calibration| CalibrationReport {
                bins: calibration.bins.iter().map(bin).collect(),
                expected_error: calibration.expected_error,
                largest_error: calibration.largest_error,
            }),
            classes: c.confusion.as_ref().map(|confusion| confusion.classes().map(class).collect()),
            macro_f1: c.confusion.as_ref().map(simdescent::ConfusionMatrix::macro_f1),
        }
    }
}

impl From<Generalization> for GeneralizationReport {
    fn from(g: Generalization) -> Self {
        Self {
            training_loss: Number(g.training_loss),
            validation_loss: Number(g.validation_loss),
            gap: Number(g.gap),
            standard_error: Number(g.standard_error),
            rise: g.rise.map(Number),
            verdict: g.verdict,
        }
    }
}
