//! The table a sweep prints.

use super::format_number::{format_number, format_setting};
use crate::study::result::{Cell, Outcome, WorkloadReport};
use comfy_table::{CellAlignment, Table, presets};

/// One line per cell; the fastest to the target is marked.
pub(crate) fn render(workload: &WorkloadReport) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "optimizer",
        "batch",
        "rate",
        "samples/s",
        "steps",
        "samples",
        "time to target",
        "final loss",
        "accuracy",
        "digest",
        "",
    ]);
    let fastest = workload.cells.iter().filter_map(|cell| cell.seconds_to_target).min_by(f64::total_cmp);
    for cell in &workload.cells {
        table.add_row([
            cell.optimizer.to_owned(),
            cell.batch_size.to_string(),
            format!("{}{}", format_setting(cell.learning_rate), if cell.learning_rate_at_border { "*" } else { "" }),
            si(cell.samples_per_second),
            to_target(cell, cell.steps_to_target.map(count)),
            to_target(cell, cell.samples_to_target.map(count)),
            to_target(cell, cell.seconds_to_target.map(|s| format!("{}s", si(s)))),
            loss(cell.final_loss),
            cell.final_accuracy.map_or(String::new(), |a| format!("{:.1} %", 100.0 * a)),
            cell.digest[..8].to_owned(),
            if cell.seconds_to_target.is_some() && cell.seconds_to_target == fastest {
                "fastest".into()
            } else {
                String::new()
            },
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(8) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let title = format!(
        "{}: {}, {} parameters, {} training rows\nvalidation loss {} before training, target {}",
        workload.name,
        workload.model,
        workload.parameters,
        workload.training.rows,
        loss(workload.initial_loss),
        loss(workload.target_loss),
    );
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{title}\n{}\n", lines.join("\n"))
}

/// Four digits after the point, so that a column is easily compared; large losses, of targets in a large unit, with six in all.
fn loss(x: f64) -> String {
    if x.abs() < 1e4 { format!("{x:.4}") } else { format_number(x) }
}

fn to_target(cell: &Cell, value: Option<String>) -> String {
    match (cell.outcome, value) {
        (Outcome::Diverged, _) => "diverged".into(),
        (_, Some(value)) => value,
        (_, None) => "not reached".into(),
    }
}

/// A count: below 1000 without digits after the point, unless it is the mean of two.
fn count(x: f64) -> String {
    if x < 1e3 { x.to_string() } else { si(x) }
}

/// Three digits and an SI prefix.
fn si(x: f64) -> String {
    let (scale, prefix) = match x {
        _ if x == 0.0 => (1.0, ""),
        _ if x < 1e-3 => (1e-6, " µ"),
        _ if x < 1.0 => (1e-3, " m"),
        _ if x < 1e3 => (1.0, " "),
        _ if x < 1e6 => (1e3, " k"),
        _ => (1e6, " M"),
    };
    let x = x / scale;
    let digits = if x < 10.0 {
        2
    } else if x < 100.0 {
        1
    } else {
        0
    };
    format!("{x:.digits$}{prefix}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_any_unit_are_readable() {
        assert_eq!([0.611_68, 9999.0, 353_722.25, 4.25e43].map(loss), ["0.6117", "9999.0000", "353722", "4.25000e43"]);
    }

    #[test]
    fn numbers_have_three_digits_and_a_prefix() {
        let shown: Vec<_> =
            [0.0, 0.0000123, 0.00123, 0.5, 7.0, 42.0, 999.0, 1234.0, 56_789.0, 2_500_000.0].map(si).into();
        assert_eq!(shown, ["0.00", "12.3 µ", "1.23 m", "500 m", "7.00", "42.0", "999", "1.23 k", "56.8 k", "2.50 M"]);
    }
}
