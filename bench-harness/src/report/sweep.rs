//! The report of a sweep for people: tables as text and in Markdown, and one row per cell and target as CSV.

pub(crate) mod csv;
mod grid;
mod tables;
pub(crate) mod version_1;

use crate::study::result::Report;
use grid::Grid;
use tables::{Part, parts};

/// Tables for a terminal of 80 columns.
pub(crate) fn text(report: &Report) -> String {
    let part = |part: Part| match part {
        Part::Heading(text) => format!("\n{text}"),
        Part::Lines(lines) => lines.join("\n"),
        Part::Grid(grid) => grid.text() + "\n",
    };
    let text: Vec<String> = parts(report).into_iter().map(part).collect();
    text.join("\n").trim().to_owned()
}

/// The same as a Markdown page.
pub(crate) fn markdown(report: &Report) -> String {
    let part = |part: Part| match part {
        Part::Heading(text) => format!("## {text}\n"),
        // Lines of their own.
        Part::Lines(lines) => lines.join("  \n") + "\n",
        Part::Grid(grid) => Grid::markdown(&grid) + "\n",
    };
    let text: Vec<String> = parts(report).into_iter().map(part).collect();
    format!("# Sweep {}\n\n{}", report.study.name, text.join("\n"))
}
