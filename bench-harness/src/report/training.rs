//! What a training came to, as text.

use super::format_number::{digits, format_number, format_setting};
use crate::training::divergence::diverged;
use crate::training::result::{LbfgsReport, TrainingReport};
use simdescent::{Settings, Stop};

/// Validations in the printed table, about.
const ROWS: usize = 20;

/// Of a training by steps: a line each.
pub(crate) fn lines(report: &TrainingReport) -> Vec<String> {
    let TrainingReport { steps, workload, model, training_rows, validations, .. } = report;
    let mut lines = vec![];
    if let Some(example) = &report.example {
        let (weight, loss) = (format_number(example.weight.into()), format_number(report.loss));
        let (best_weight, best_loss) = (format_number(example.optimum.weight), format_number(example.optimum.loss));
        lines.push(format!(
            "y = 3x + 2 + noise, 100 samples, one weight, no bias; {steps} steps of {}",
            method(&report.settings)
        ));
        lines.push(format!("final weight  {weight}   loss {loss}"));
        lines.push(format!("closed form   {best_weight}   loss {best_loss}   (w* = Σxy/Σx²)"));
    } else {
        lines.push(format!("{workload}: {model}, {training_rows} training rows, {}", method(&report.settings)));
        lines.push(format!("{:>10} {:>12}  validation loss", "step", "samples"));
        let stride = validations.len().div_ceil(ROWS);
        for (i, v) in validations.iter().enumerate() {
            if i % stride == 0 || i + 1 == validations.len() {
                lines.push(format!("{:>10} {:>12}  {}", v.step, v.samples, quality(v.loss, v.accuracy)));
            }
        }
        let end = match report.stop {
            Stop::Steps => "all steps taken".to_owned(),
            Stop::Early => "stopped early".to_owned(),
            Stop::Diverged => diverged(*steps),
        };
        let kept = quality(report.loss, report.accuracy);
        lines.push(format!("{end}; kept the weights of step {}: {kept}", report.kept_step));
    }
    lines.push(format!("digest        {}   ({})", report.digest, report.isa));
    lines
}

/// Of a training by L-BFGS: a line each.
pub(crate) fn lbfgs_lines(report: &LbfgsReport) -> Vec<String> {
    let LbfgsReport { workload, model, training_rows, stop, steps, evaluations, digest, isa, .. } = report;
    let of = if report.scaled_targets { " (of scaled targets)" } else { "" };
    let (objective, gradient) = (format_number(report.training_objective.0), digits(report.gradient, 2));
    vec![
        format!("{workload}: {model}, {training_rows} training rows, lbfgs"),
        format!("{stop} after {steps} iterations, {evaluations} gradients"),
        format!("objective     {objective}{of}   largest gradient {gradient}"),
        format!("validation    {}", quality(report.loss.0, report.accuracy)),
        format!("digest        {digest}   ({isa})"),
    ]
}

fn method(settings: &Settings) -> String {
    let Settings { rule, learning_rate, batch_size, .. } = settings;
    let rate = format_setting(learning_rate.at(0, &[]));
    format!("{}, batch {batch_size}, {} rate from {rate}", rule.name(), learning_rate.name())
}

fn quality(loss: f64, accuracy: Option<f64>) -> String {
    let accuracy = accuracy.map(|a| format!("   accuracy {:.2} %", 100.0 * a));
    format!("{}{}", format_number(loss), accuracy.unwrap_or_default())
}
