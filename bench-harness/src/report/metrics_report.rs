//! All metrics of a model, as text.

use super::format_number::{digits, format_number};
use crate::training::metrics_report::MetricsReport;
use simdescent::{ClassQuality, Metric, Metrics, Verdict};

/// Above so many classes the text has no confusion matrix.
const SHOWN_CLASSES: usize = 12;

/// A table with a column per set, the confusion matrix of the last, the verdict: a line each.
pub(crate) fn lines(report: &MetricsReport) -> Vec<String> {
    let sets = report.sets();
    let row = |name: &str, cell: &dyn Fn(&Metrics) -> String| {
        format!("{name:<18}{}", sets.iter().map(|(_, metrics)| format!("{:>14}", cell(metrics))).collect::<String>())
    };
    let mut lines = vec![
        format!("{:<18}{}", "", sets.iter().map(|(name, _)| format!("{name:>14}")).collect::<String>()),
        row("rows", &|metrics| metrics.rows.to_string()),
    ];
    let mut metric = |name: &str, value: &dyn Fn(&Metrics) -> Option<f64>| {
        if sets.iter().any(|(_, metrics)| value(metrics).is_some()) {
            lines.push(row(name, &|metrics| value(metrics).map_or("-".into(), format_number)));
        }
    };
    for known in Metric::ALL {
        metric(known.name(), &|metrics| known.of(metrics));
    }
    metric("calibration_error", &|m| Some(m.classification.as_ref()?.calibration.as_ref()?.expected_error));
    if let Some((name, metrics)) = sets.last() {
        lines.extend(confusion(name, metrics, report.class_names.as_deref()));
    }
    if let Some(g) = &report.generalization {
        let meaning = match g.verdict {
            Verdict::Diverged => "a loss is not finite",
            Verdict::Generalizes => "no over-fitting seen",
            Verdict::Overtrained => "over-fitted, and earlier weights were better: stop early (--patience)",
            Verdict::Overfits => "over-fitted: more rows, a smaller model or more regularization would help",
        };
        let (gap, error) = (format_number(g.gap.0), digits(g.standard_error.0, 2));
        lines.push(format!("gap {gap} (standard error {error}): {meaning}"));
    }
    lines
}

fn confusion(set: &str, metrics: &Metrics, class_names: Option<&[String]>) -> Vec<String> {
    let confusion = metrics.classification.as_ref().and_then(|c| c.confusion.as_ref());
    let Some(confusion) = confusion.filter(|confusion| confusion.rows().len() <= SHOWN_CLASSES) else { return vec![] };
    let longest = class_names.into_iter().flatten().map(|name| name.chars().count()).max();
    let width = longest.unwrap_or(0).max(4);
    let mut lines = vec![format!("{set}: rows are classes, columns what they were taken for")];
    for (k, (row, quality)) in confusion.rows().iter().zip(confusion.classes()).enumerate() {
        let counts: String = row.iter().map(|n| format!("{n:>7}")).collect();
        let ClassQuality { precision, recall, .. } = quality;
        let share = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.3}"));
        let name = class_names.map_or_else(|| k.to_string(), |names| names[k].clone());
        lines.push(format!("{name:>width$}{counts}   precision {}, recall {}", share(precision), share(recall)));
    }
    lines
}
