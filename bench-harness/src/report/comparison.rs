//! Reports beside each other, as text.

use crate::base::format_number::{are, count, digits, format_setting, percent, si_unit};
use crate::comparison::result::{CellComparison, CompareReport, PairReport, SubjectReport, Verdicts, Why};
use crate::study::estimate::Estimate;

/// Cells that are shown of each pair unless a filter asks for others.
const SHOWN: usize = 12;

/// For people.
pub(crate) fn lines(report: &CompareReport, all: bool) -> Vec<String> {
    let mut lines = vec![];
    for (number, subject) in report.subjects.iter().enumerate() {
        lines.push(describe(number, subject));
    }
    for pair in &report.pairs {
        lines.push(String::new());
        lines.push(format!("{} beside {}", letter(pair.subject), letter(0)));
        lines.extend(bits(pair));
        lines.extend(times(report, pair, all));
    }
    let mut ranked: Vec<(usize, usize)> =
        report.subjects.iter().enumerate().filter_map(|(i, subject)| Some((subject.rank?, i))).collect();
    ranked.sort_unstable();
    if ranked.len() > 2 {
        lines.push(String::new());
        let names = ranked.iter().map(|(rank, i)| format!("{rank}. {}", letter(*i)));
        lines.push(format!("by geometric mean: {}", names.collect::<Vec<_>>().join("  ")));
    }
    if !report.warnings.is_empty() {
        lines.push(String::new());
        for warning in &report.warnings {
            lines.push(format!("warning, {}: {}", letter(warning.subject), warning.what));
            lines.push(format!("  {}", warning.advice));
        }
    }
    lines
}

/// A, B, …
pub(crate) fn letter(number: usize) -> String {
    u8::try_from(number)
        .ok()
        .filter(|&n| n < 26)
        .map_or_else(|| format!("report {}", number + 1), |n| char::from(b'A' + n).to_string())
}

fn describe(number: usize, subject: &SubjectReport) -> String {
    let SubjectReport { name, cpu, isa, threads, commit, peak_flops, .. } = subject;
    let mut text = format!("{}: {name}", letter(number));
    if let (Some(cpu), Some(isa), Some(threads), Some(commit)) = (cpu, isa, threads, commit) {
        text += &format!(": {cpu}, {isa}, {}, commit {commit}", count(threads, "thread"));
    }
    if let Some(peak) = peak_flops {
        text += &format!(", FMA peak {}", si_unit(*peak, "flop/s"));
    }
    text
}

pub(crate) fn bits(pair: &PairReport) -> Vec<String> {
    let Some(bits) = &pair.bits else { return vec![] };
    let mut lines = vec![format!(
        "  bits: {} in both, {} equal, {} with other runs, {} with other bits ({} compared)",
        count(bits.cells_in_both, "cell"),
        bits.equal,
        bits.other_runs,
        bits.differ,
        count(bits.runs_in_both, "run")
    )];
    if let Some(first) = &bits.first_difference {
        lines.push(format!(
            "  first cell with other bits: {}, run {}",
            first.cell,
            &first.key[..16.min(first.key.len())]
        ));
        lines.push("  `simdescent diff` on the folders of records names step and kernel".into());
    }
    lines
}

fn times(report: &CompareReport, pair: &PairReport, all: bool) -> Vec<String> {
    let Verdicts { faster, slower, equivalent, not_slower, inconclusive } = pair.verdicts;
    if pair.verdicts == Verdicts::default() {
        return vec!["  times: none in common".into()];
    }
    let mut lines = vec![];
    if let Some(speed) = &report.subjects[pair.subject].speed {
        lines.push(format!("  speed, geometric mean: {}", ratio(speed)));
    }
    lines.push(format!(
        "  cells: {faster} faster, {slower} slower, {equivalent} equivalent within {}, {not_slower} not slower, {inconclusive} inconclusive",
        percent(report.margin)
    ));
    if pair.only_once > 0 {
        lines.push(format!("  {} in only one of the two", are(pair.only_once, "timed cell")));
    }
    let cells = &pair.cells;
    let width = cells.iter().map(|cell| cell.name.chars().count()).max().unwrap_or(0);
    let skipped = if all || cells.len() <= SHOWN { 0 } else { cells.len() - SHOWN };
    for (i, cell) in cells.iter().enumerate() {
        // The fastest and the slowest.
        if skipped > 0 && (SHOWN / 2..SHOWN / 2 + skipped).contains(&i) {
            if i == SHOWN / 2 {
                lines.push(format!("    … {skipped} between, all with --all"));
            }
            continue;
        }
        lines.push(row(cell, width));
    }
    lines
}

fn row(cell: &CellComparison, width: usize) -> String {
    let CellComparison { name, ratio: times, verdict, why } = cell;
    let why = why.as_ref().map_or(String::new(), |why| format!("  = {}", reason(why)));
    format!("    {name:width$}  {:22} {:12}{why}", ratio(times), verdict.name())
}

/// 1.90 [1.85, 1.95]
pub(crate) fn ratio(estimate: &Estimate) -> String {
    let Estimate { value, low, high } = estimate;
    format!("{:.2} [{:.2}, {:.2}]", value.0, low.0, high.0)
}

/// Of what a ratio is made.
pub(crate) fn reason(why: &Why) -> String {
    let Why { limit, limits, efficiency, shares } = why;
    format!(
        "{} of the {limit} × {} of its use ({} → {})",
        digits(*limits, 3),
        digits(*efficiency, 3),
        share(shares[0]),
        share(shares[1])
    )
}

fn share(share: f64) -> String {
    format!("{} %", format_setting((1000.0 * share).round() / 10.0))
}

#[cfg(test)]
mod tests;
