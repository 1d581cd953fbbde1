//! Reports of schema version 1, as they were printed: `simdescent report FILE`.

use super::super::format_number::{digits, format_setting, si, si_unit};
use super::grid::Grid;
use anyhow::{Context, Result};
use serde_json::Value;

/// The tables of a report.
pub(crate) fn text(report: &Value) -> Result<String> {
    let workloads = report["workloads"].as_array().context("a report has workloads")?;
    let tables: Vec<String> = workloads.iter().map(workload).collect::<Result<_>>()?;
    Ok(tables.join("\n\n"))
}

fn workload(workload: &Value) -> Result<String> {
    let cells = workload["cells"].as_array().context("a workload has cells")?;
    let seconds = |cell: &Value| cell["seconds_to_target"].as_f64();
    let fastest = cells.iter().filter_map(seconds).min_by(f64::total_cmp);
    let header =
        ["optimizer", "batch", "rate", "samples/s", "steps", "samples", "time to target", "final loss", "digest", ""];
    let row = |cell: &Value| {
        let text = |name: &str| cell[name].as_str().unwrap_or_default().to_owned();
        let diverged = cell["outcome"] == "diverged";
        let to_target = |name: &str, unit: &str| match cell[name].as_f64() {
            _ if diverged => "diverged".to_owned(),
            Some(x) => si_unit(x, unit),
            None => "not reached".to_owned(),
        };
        let border = if cell["learning_rate_at_border"] == true { "*" } else { "" };
        vec![
            text("optimizer"),
            cell["batch_size"].to_string(),
            cell["learning_rate"].as_f64().map(format_setting).unwrap_or_default() + border,
            cell["samples_per_second"].as_f64().map(si).unwrap_or_default(),
            to_target("steps_to_target", ""),
            to_target("samples_to_target", ""),
            to_target("seconds_to_target", "s"),
            cell["final_loss"].as_f64().map(|loss| digits(loss, 4)).unwrap_or_default(),
            text("digest").chars().take(8).collect(),
            if fastest.is_some() && seconds(cell) == fastest { "fastest".into() } else { String::new() },
        ]
    };
    let grid = Grid { header: header.map(str::to_owned).to_vec(), rows: cells.iter().map(row).collect(), words: 1 };
    let text = |name: &str| workload[name].as_str().unwrap_or_default();
    let loss = |name: &str| workload[name].as_f64().map_or("NaN".to_owned(), |loss| digits(loss, 4));
    Ok(format!(
        "{}: {}, {} parameters, {} training rows\nvalidation loss {} before training, target {}\n{}",
        text("name"),
        text("model"),
        workload["parameters"],
        workload["training"]["rows"],
        loss("initial_loss"),
        loss("target_loss"),
        grid.text()
    ))
}
