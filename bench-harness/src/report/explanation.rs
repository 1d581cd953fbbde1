//! What a saved model makes of each feature, as text.

use super::format_number::format_number;
use crate::training::explanation::{ExplanationReport, ImportanceReport, Units};

/// A line each; of every table the `top` foremost features.
pub(crate) fn lines(report: &ExplanationReport, top: usize) -> Vec<String> {
    let ImportanceReport { metric, higher_is_better, value, repeats, features, .. } = &report.importance;
    let longest = features.iter().map(|feature| feature.name.chars().count()).max().unwrap_or(0);
    let width = longest.clamp("(intercept)".len(), 40);
    let row = |name: &str, a: &str, b: &str| {
        let name: String = name.chars().take(width).collect();
        format!("{name:<width$} {a:>14} {b:>14}")
    };
    let verb = if *higher_is_better { "falls" } else { "rises" };
    let value = value.map_or("-".into(), |value| format_number(value.0));
    let mut lines = vec![
        format!("{} after {} steps, on {} ({} rows)", report.saved.model, report.saved.steps, report.data, report.rows),
        format!("importance: how much {metric} {value} {verb} if the feature is permuted, mean of {repeats}"),
        row("feature", "importance", "deviation"),
    ];
    for feature in features.iter().take(top) {
        let deviation = feature.deviation.map_or("-".into(), |deviation| format_number(deviation.0));
        lines.push(row(&feature.name, &format_number(feature.mean.0), &deviation));
    }
    let Some(outputs) = &report.coefficients else {
        lines.push("coefficients: none, the model has hidden layers".into());
        return lines;
    };
    let units =
        |name: &str, units: Units| row(name, &format_number(units.standard.0), &format_number(units.original.0));
    lines.push("coefficients: what one standard deviation and one unit of the feature add to the output".into());
    for output in outputs {
        if outputs.len() > 1 {
            lines.push(format!("class {}", output.class.as_deref().unwrap_or_default()));
        }
        lines.push(row("feature", "standard", "original"));
        lines.extend(output.features.iter().take(top).map(|feature| units(&feature.name, feature.coefficient)));
        lines.push(units("(intercept)", output.intercept));
    }
    lines
}
