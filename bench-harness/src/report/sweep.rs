//! The report of a sweep for people: tables as text and in Markdown, and one row per cell and target as CSV.

mod batch_sizes;
pub(crate) mod branches;
mod cells;
pub(crate) mod csv;
mod grid;
mod notes;
mod rankings;
mod tables;
pub(crate) mod version_1;

use crate::study::result::Report;
use grid::{Grid, Look, TERMINAL};
use tables::{Extent, Part, parts};

/// Tables for a terminal of 80 columns, without colors.
#[cfg(test)]
pub(crate) fn text(report: &Report) -> String {
    anstream::adapter::strip_str(&colored(report)).to_string()
}

/// The same with colors, for a terminal that has them.
pub(crate) fn colored(report: &Report) -> String {
    let part = |part: Part| match part {
        Part::Heading(text) => "\n".to_owned() + &paint(Look::Heading, &text),
        Part::Lines(lines) => lines.iter().flat_map(|line| wrapped(line)).collect::<Vec<_>>().join("\n"),
        Part::Alarm(line) => wrapped(&line).iter().map(|line| paint(Look::Bad, line)).collect::<Vec<_>>().join("\n"),
        Part::Grid(grid) => grid.lines().map(|(look, line)| paint(look, &line)).collect::<Vec<_>>().join("\n") + "\n",
    };
    let text: Vec<String> = parts(report, Extent::Terminal).into_iter().map(part).collect();
    text.join("\n").trim().to_owned()
}

/// A line in pieces that a terminal has room for, those after the first indented.
fn wrapped(line: &str) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut lines = vec![line[..indent].to_owned()];
    for word in line.trim_start().split(' ') {
        let last = lines.last_mut().expect("one is there");
        if last.chars().count() + word.chars().count() >= TERMINAL && !last.trim().is_empty() {
            lines.push(format!("{}  {word}", &line[..indent]));
        } else {
            if !last.trim().is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

fn paint(look: Look, text: &str) -> String {
    use anstyle::{AnsiColor, Style};
    let green = Style::new().fg_color(Some(AnsiColor::Green.into()));
    let style = match look {
        Look::Plain => return text.to_owned(),
        Look::Heading => Style::new().bold(),
        Look::Winner => green.bold(),
        Look::Tied => green,
        Look::Missed => Style::new().dimmed(),
        Look::Bad => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
    };
    format!("{style}{text}{style:#}")
}

/// The same as a Markdown page.
pub(crate) fn markdown(report: &Report) -> String {
    let part = |part: Part| match part {
        Part::Heading(text) => format!("## {text}\n"),
        // Lines of their own.
        Part::Lines(lines) => lines.join("  \n") + "\n",
        Part::Alarm(line) => format!("**{line}**\n"),
        Part::Grid(grid) => Grid::markdown(&grid) + "\n",
    };
    let text: Vec<String> = parts(report, Extent::All).into_iter().map(part).collect();
    format!("# Sweep {}\n\n{}", report.study.name, text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::number::Number;
    use crate::study::fake::report;
    use crate::study::result::{Missing, WorkloadReport};
    use std::path::Path;

    /// `SIMDESCENT_WRITE_GOLDEN=1 cargo test -p simdescent-bench golden` writes them anew.
    #[test]
    fn reports_are_the_golden_ones() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/sweep/golden");
        let (timed, untimed) = (report(true), report(false));
        for (name, wanted) in [
            ("timed.txt", text(&timed)),
            ("untimed.txt", text(&untimed)),
            ("report.md", markdown(&timed)),
            ("report.csv", csv::csv(&timed)),
            ("report-curves.csv", csv::curves(&timed)),
            ("report-comparisons.csv", csv::comparisons(&timed)),
            ("report-self-check.csv", csv::self_check(&timed)),
        ] {
            let path = folder.join(name);
            if std::env::var_os("SIMDESCENT_WRITE_GOLDEN").is_some() {
                std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &wanted)).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(kept == wanted, "{} is not what is made now:\n{wanted}", path.display());
        }
    }

    /// Of a sweep that is not finished: values stay under their batch sizes.
    #[test]
    fn heat_maps_have_room_for_cells_that_are_missing() {
        let mut report = report(true);
        let workload = &mut report.workloads[0];
        let rows = |workload: &WorkloadReport| cells::heat_map(workload, 0).unwrap().rows;
        let whole = rows(workload);
        let missing = workload.cells.iter().position(|cell| cell.batch_size == 64).unwrap();
        workload.cells.remove(missing);
        let part = rows(workload);
        let without_mark = |text: &String| text.trim_end_matches([' ', '*', '=']).to_owned();
        for (i, (whole, part)) in whole[0].iter().zip(&part[0]).enumerate() {
            assert_eq!(without_mark(part), if i == 2 { String::new() } else { without_mark(whole) }, "column {i}");
        }
        assert_eq!(whole[1].len(), part[1].len());
    }

    #[test]
    fn tables_fit_a_terminal() {
        let mut report = report(true);
        for cell in &mut report.workloads[0].cells {
            cell.optimizer = "centered-rmsprop".into();
        }
        for line in text(&report).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn colors_say_who_won_and_long_lines_are_wrapped() {
        let report = report(true);
        let colored = colored(&report);
        let green =
            colored.lines().filter(|line| line.starts_with("\u{1b}[1m\u{1b}[32m") || line.starts_with("\u{1b}[32m"));
        assert!(green.count() >= 2, "{colored}");
        assert_eq!(anstream::adapter::strip_str(&colored).to_string(), text(&report));
        assert!(!text(&report).contains('\u{1b}'));
        assert_eq!(wrapped("  one"), ["  one"]);
        let long = wrapped(&format!("  {} end", "word ".repeat(20).trim()));
        assert!(long.len() == 2 && long[1].starts_with("    word") && long[1].ends_with(" end"), "{long:?}");
        let word = "x".repeat(100);
        assert_eq!(wrapped(&word), [word]);
    }

    #[test]
    fn every_cell_and_target_has_a_row_of_equal_length() {
        let csv = csv::csv(&report(true));
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 2 * 3 * 6);
        let columns = lines[0].split(',').count();
        // One name has a comma, in quotation marks.
        assert!(lines[1..].iter().all(|line| line.replace("cliff, narrow", "").split(',').count() == columns));
        assert!(lines.iter().filter(|line| line.contains(",winner,") || line.contains(",tied,")).count() > 5);
    }

    #[test]
    fn one_is_no_plural_and_what_is_infinite_has_its_sign() {
        let mut report = report(true);
        report.missing = Missing { cells: 1, timings: 1 };
        report.throughput.as_mut().unwrap().disturbance.stolen_ticks = Some(1);
        report.workloads[0].targets[0].time.as_mut().unwrap().places[1].ratio.high = Number(f64::INFINITY);
        let text = markdown(&report);
        for part in ["1 cell is not finished", "1 cell is not timed", "1 tick stolen", "avx2, 1 thread  \n", ", ∞] |"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("inf]"), "{text}");
        let same = report.workloads[0].cells[0].targets[0].tuning.trials.len();
        assert!(text.contains(&format!("tuning of a cell: {same} trials, ")), "{text}");
    }

    #[test]
    fn noise_that_was_not_measured_is_noted() {
        let mut report = report(true);
        // Two optimizers on two workloads.
        assert!(text(&report).contains("no noise scale of 4 winning runs"), "{}", text(&report));
        // What reaches no target has no winning run.
        let cells = report.workloads.iter_mut().flat_map(|workload| &mut workload.cells);
        let spreads = cells.flat_map(|cell| &mut cell.targets).map(|target| &mut target.steps);
        spreads.for_each(|steps| steps.median = Number(f64::INFINITY));
        assert!(!text(&report).contains("no noise scale"));
    }

    #[test]
    fn a_report_of_the_first_version_is_still_read() {
        let cell = |seconds: &str, outcome: &str| {
            format!(
                r#"{{"optimizer": "sgd", "batch_size": 8, "learning_rate": 0.316, "learning_rate_at_border": true,
                "samples_per_second": 1.2e6, "outcome": "{outcome}", "steps_to_target": 40.0, "samples_to_target": 320.0,
                "seconds_to_target": {seconds}, "final_loss": 0.25, "digest": "0123456789abcdef"}}"#
            )
        };
        let json = format!(
            r#"{{"schema_version": 1, "workloads": [{{"name": "linear", "model": "linear 64-1", "parameters": 65,
            "training": {{"rows": 4000}}, "initial_loss": 1.3, "target_loss": 0.3,
            "cells": [{}, {}, {}]}}]}}"#,
            cell("0.002", "complete"),
            cell("0.001", "complete"),
            cell("null", "diverged")
        );
        let text = version_1::text(&serde_json::from_str(&json).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "linear: linear 64-1, 65 parameters, 4000 training rows");
        assert_eq!(lines[1], "validation loss 1.300 before training, target 0.3000");
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            words(lines[4]),
            ["sgd", "8", "0.316*", "1.20M", "40", "320", "1.00", "ms", "0.2500", "01234567", "fastest"]
        );
        assert!(!lines[3].contains("fastest") && lines[5].contains("diverged"), "{text}");
        assert!(version_1::text(&serde_json::json!({"schema_version": 1})).is_err());
    }
}
