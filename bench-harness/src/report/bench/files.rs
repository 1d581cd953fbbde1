//! The files of a report.

use super::exports;
use crate::report::page::bench::page;
use crate::timing::result::BenchReport;
use anyhow::Result;

/// What follows the name of a report, and the content of each file.
pub(crate) fn files(report: &BenchReport) -> Result<Vec<(&'static str, String)>> {
    let mut files = vec![(".json", json(report)?), (".html", page(report)?)];
    files.extend(exports::all(report)?);
    Ok(files)
}

/// A line for each case and process: small enough for a repository, and its differences can be read.
fn json(report: &BenchReport) -> Result<String> {
    let value = serde_json::to_value(report)?;
    let fields = value.as_object().into_iter().flatten().map(|(key, value)| match value.as_array() {
        Some(elements) if elements.iter().any(serde_json::Value::is_object) => {
            let lines: Vec<String> = elements.iter().map(ToString::to_string).collect();
            format!("{key:?}:[\n{}\n]", lines.join(",\n"))
        }
        _ => format!("{key:?}:{value}"),
    });
    Ok(format!("{{\n{}\n}}\n", fields.collect::<Vec<_>>().join(",\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::fake::report;

    #[test]
    fn the_file_is_the_report() {
        let report = report(2e-5, 1e-5, 1.0);
        let text = json(&report).unwrap();
        assert_eq!(serde_json::from_str::<BenchReport>(&text).unwrap(), report);
        assert!(text.lines().count() > report.cases.len());
    }
}
