//! All metrics of a model, as JSON and as text.

use crate::report::number_value;
use crate::shown::{digits, shown};
use anyhow::Result;
use serde_json::{Value, json};
use simdescent::kernels::Exec;
use simdescent::{ClassQuality, Dataset, Generalization, Metric, Metrics, Model, Settings, Verdict};

/// Above so many classes the text has no confusion matrix.
const SHOWN_CLASSES: usize = 12;

/// A model on one or two data sets.
pub(crate) struct Assessment {
    sets: Vec<(&'static str, Metrics)>,
    generalization: Option<Generalization>,
    class_names: Option<Vec<String>>,
}

impl Assessment {
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
            sets: vec![("training", seen.metrics(exec, model)), ("validation", held_out.metrics(exec, model))],
            generalization: Some(Generalization::new(&rows[0], &rows[1], lowest)),
            class_names: training.class_names().map(<[String]>::to_vec),
        })
    }

    /// On one data set, which is called `name`.
    pub(crate) fn of_one(
        exec: Exec<'_>,
        model: &mut impl Model,
        settings: &Settings,
        name: &'static str,
        set: &Dataset,
    ) -> Result<Self> {
        let metrics = settings.evaluator(set)?.metrics(exec, model);
        let class_names = set.class_names().map(<[String]>::to_vec);
        Ok(Self { sets: vec![(name, metrics)], generalization: None, class_names })
    }

    /// One object per set, and the generalisation if there are two.
    pub(crate) fn json(&self) -> Result<Value> {
        let mut report = json!({});
        for (name, metrics) in &self.sets {
            report[name] = metrics_json(metrics)?;
        }
        if let Some(names) = &self.class_names {
            report["class_names"] = json!(names);
        }
        if let Some(g) = &self.generalization {
            let mut object = serde_json::to_value(g)?;
            for (key, x) in [
                ("training_loss", g.training_loss),
                ("validation_loss", g.validation_loss),
                ("gap", g.gap),
                ("standard_error", g.standard_error),
            ] {
                object[key] = number_value(x);
            }
            object["rise"] = g.rise.map(number_value).unwrap_or_default();
            report["generalization"] = object;
        }
        Ok(report)
    }

    /// A table with a column per set, the confusion matrix of the last, the verdict.
    pub(crate) fn print(&self) {
        let line = |name: &str, value: &dyn Fn(&Metrics) -> Option<f64>| {
            if self.sets.iter().any(|(_, metrics)| value(metrics).is_some()) {
                let cell = |(_, metrics): &(_, Metrics)| match value(metrics) {
                    Some(x) => format!("{:>14}", shown(x)),
                    None => format!("{:>14}", "-"),
                };
                println!("{name:<18}{}", self.sets.iter().map(cell).collect::<String>());
            }
        };
        println!("{:<18}{}", "", self.sets.iter().map(|(name, _)| format!("{name:>14}")).collect::<String>());
        println!("{:<18}{}", "rows", self.sets.iter().map(|(_, m)| format!("{:>14}", m.rows)).collect::<String>());
        for metric in Metric::ALL {
            line(metric.name(), &|m| metric.of(m));
        }
        line("calibration_error", &|m| Some(m.classification.as_ref()?.calibration.as_ref()?.expected_error));
        self.print_confusion();
        if let Some(g) = &self.generalization {
            let meaning = match g.verdict {
                Verdict::Diverged => "a loss is not finite",
                Verdict::Generalizes => "no over-fitting seen",
                Verdict::Overtrained => "over-fitted, and earlier weights were better: stop early (--patience)",
                Verdict::Overfits => "over-fitted: more rows, a smaller model or more regularisation would help",
            };
            println!("gap {} (standard error {}): {meaning}", shown(g.gap), digits(g.standard_error, 2));
        }
    }

    fn print_confusion(&self) {
        let Some((name, metrics)) = self.sets.last() else { return };
        let Some(confusion) = metrics.classification.as_ref().and_then(|c| c.confusion.as_ref()) else { return };
        if confusion.rows().len() > SHOWN_CLASSES {
            return;
        }
        let longest = self.class_names.iter().flatten().map(|name| name.chars().count()).max();
        let width = longest.unwrap_or(0).max(4);
        println!("{name}: rows are classes, columns what they were taken for");
        for (k, (row, quality)) in confusion.rows().iter().zip(confusion.classes()).enumerate() {
            let counts: String = row.iter().map(|n| format!("{n:>7}")).collect();
            let ClassQuality { precision, recall, .. } = quality;
            let share = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.3}"));
            let name = self.class_names.as_ref().map_or_else(|| k.to_string(), |names| names[k].clone());
            println!("{name:>width$}{counts}   precision {}, recall {}", share(precision), share(recall));
        }
    }
}

fn metrics_json(metrics: &Metrics) -> Result<Value> {
    let mut object = serde_json::to_value(metrics)?;
    object["loss"] = number_value(metrics.loss);
    if let Some(r) = metrics.regression {
        let r2 = r.r2.map(number_value);
        object["regression"] = json!({ "rmse": number_value(r.rmse), "mae": number_value(r.mae), "r2": r2 });
    }
    if let Some(c) = &metrics.classification {
        object["classification"]["log_loss"] = c.log_loss.map(number_value).unwrap_or_default();
        if let Some(confusion) = &c.confusion {
            object["classification"]["classes"] = serde_json::to_value(confusion.classes().collect::<Vec<_>>())?;
            object["classification"]["macro_f1"] = serde_json::to_value(confusion.macro_f1())?;
        }
    }
    Ok(object)
}
