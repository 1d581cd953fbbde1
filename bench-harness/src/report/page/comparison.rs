//! The page of a comparison.

use super::super::comparison::{bits, letter, ratio, reason};
use super::parts::{Grid, Section, Square, Words};
use super::{Page, rounded};
use crate::base::format_number::{count, percent, si_unit};
use crate::comparison::result::{CellComparison, CompareReport, PairReport, SubjectReport};
use crate::timing::result::Verdict;
use anyhow::Result;

/// The page of reports beside the first of them.
pub(crate) fn page(report: &CompareReport) -> Result<String> {
    let mut json = serde_json::to_value(report)?;
    rounded(&mut json);
    let differ = report.pairs.iter().filter_map(|pair| {
        let bits = pair.bits.as_ref().filter(|bits| bits.differ > 0)?;
        let subject = letter(pair.subject);
        Some(format!(
            "{subject} has other bits than A in {}: one of the two machines computes wrongly.",
            count(bits.differ, "cell")
        ))
    });
    let page = Page {
        title: "Reports compared".into(),
        subtitle: format!(
            "Times in the first report over times in the others: above 1 the other is faster. Intervals of {}, equivalent within {}.",
            percent(report.confidence),
            percent(report.margin)
        ),
        alarms: differ.collect(),
        sections: std::iter::once(reports(report))
            .chain(report.pairs.iter().map(|pair| times(report, pair)))
            .chain([doubts(report)])
            .collect(),
        json,
        ..Page::default()
    };
    page.html()
}

fn reports(report: &CompareReport) -> Section {
    let row = |(number, subject): (usize, &SubjectReport)| {
        let text = |value: &Option<String>| Square::text(value.clone().unwrap_or_default());
        let number_or = |value: Option<String>| Square::text(value.unwrap_or_default());
        vec![
            Square::text(letter(number)),
            Square::text(subject.name.clone()),
            text(&subject.cpu),
            text(&subject.isa),
            number_or(subject.threads.map(|n| n.to_string())),
            text(&subject.commit),
            number_or(subject.peak_flops.map(|peak| si_unit(peak, "flop/s"))),
            subject.speed.as_ref().map_or_else(Square::default, |speed| Square::number(ratio(speed), speed.value.0)),
            number_or(subject.rank.map(|rank| rank.to_string())),
        ]
    };
    let head = ["", "report", "CPU", "ISA", "threads", "commit", "FMA peak", "speed", "rank"].map(String::from);
    let table =
        Grid { head: head.into(), rows: report.subjects.iter().enumerate().map(row).collect(), ..Grid::default() };
    Section {
        id: "reports",
        heading: "Reports",
        text: "Speed is the geometric mean over the cells that all have timed, relative to A.".into(),
        tables: vec![table],
        ..Section::default()
    }
}

fn times(report: &CompareReport, pair: &PairReport) -> Section {
    let subject = letter(pair.subject);
    let verdicts = pair.verdicts;
    let summary = Words {
        label: format!("{subject} beside A"),
        remark: report.subjects[pair.subject].name.clone(),
        lines: [
            bits(pair).into_iter().map(|line| line.trim_start().to_owned()).collect(),
            vec![format!(
                "times: {} faster, {} slower, {} equivalent, {} not slower, {} inconclusive",
                count(verdicts.faster, "cell"),
                verdicts.slower,
                verdicts.equivalent,
                verdicts.not_slower,
                verdicts.inconclusive
            )],
        ]
        .concat(),
        ..Words::default()
    };
    let row = |cell: &CellComparison| {
        let class = match cell.verdict {
            Verdict::Faster => "good",
            Verdict::Slower => "bad",
            _ => "",
        };
        vec![
            Square::text(cell.name.clone()),
            Square::number(ratio(&cell.ratio), cell.ratio.value.0),
            Square { class, ..Square::text(cell.verdict.name()) },
            Square::text(cell.why.as_ref().map_or(String::new(), reason)),
        ]
    };
    let head = ["cell", "ratio", "verdict", "because of"].map(String::from);
    Section {
        id: "times",
        heading: "Times",
        text: "A verdict holds for all cells of a table together (Holm). The ratio is that of the limits of the two machines times that of how much \
               of them is used."
            .into(),
        boxes: vec![summary],
        tables: vec![Grid { head: head.into(), rows: pair.cells.iter().map(row).collect(), ..Grid::default() }],
        ..Section::default()
    }
}

fn doubts(report: &CompareReport) -> Section {
    let row = |warning: &crate::comparison::warning::WarningReport| {
        vec![
            Square::text(letter(warning.subject)),
            Square::text(warning.what.clone()),
            Square::text(warning.advice.to_owned()),
        ]
    };
    let rows: Vec<_> = report.warnings.iter().map(row).collect();
    let none = rows.is_empty();
    let head = ["", "what differs or is doubtful", "what to do"].map(String::from);
    Section {
        id: "doubts",
        heading: "What to be careful of",
        text: if none {
            "Nothing: same program, settings and kind of machine, and both sessions were quiet.".into()
        } else {
            String::new()
        },
        tables: if none { vec![] } else { vec![Grid { head: head.into(), rows, ..Grid::default() }] },
        ..Section::default()
    }
}
