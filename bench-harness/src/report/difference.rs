//! What two runs differ in, as text.

use crate::difference::fields::FieldDifference;
use crate::difference::result::{DiffReport, RecordCounts};
use crate::difference::search::{Found, Search, most_runs};
use simdescent::Phase;

/// Fields and runs are named up to so many.
const SHOWN: usize = 10;

/// For people.
pub(crate) fn lines(report: &DiffReport) -> Vec<String> {
    let mut lines: Vec<String> =
        report.names.iter().zip(["A", "B"]).map(|(name, letter)| format!("{letter}: {name}")).collect();
    fields(report, &mut lines);
    records(report, &mut lines);
    for vector in &report.vectors {
        let place = if vector.vector == "loss of each step" { "step" } else { "element" };
        let first = vector.first + usize::from(place == "step");
        lines.push(format!(
            "{}: {} of {} differ, first at {place} {first}: {} and {}",
            vector.vector, vector.differ, vector.of, vector.a.0, vector.b.0
        ));
    }
    if let Some(search) = &report.search {
        repeated(search, report.names.len(), &mut lines);
    }
    lines.push(verdict(report));
    lines
}

fn fields(report: &DiffReport, lines: &mut Vec<String>) {
    if report.fields.is_empty() {
        return;
    }
    lines.push(format!("the specifications differ in {} fields:", report.fields.len()));
    for FieldDifference { field, a, b } in report.fields.iter().take(SHOWN) {
        lines.push(format!("  {field}: {a} and {b}"));
    }
    if report.fields.len() > SHOWN {
        lines.push("  …, all with --json".into());
    }
}

fn records(report: &DiffReport, lines: &mut Vec<String>) {
    let Some(RecordCounts { in_both, only_in_a, only_in_b, differ }) = report.records else { return };
    if report.names.len() == 1 {
        lines.push(format!("{in_both} records chosen of {}", in_both + only_in_a));
        return;
    }
    lines.push(format!(
        "records: {in_both} in both, {differ} of them with other bits; {only_in_a} only in A, {only_in_b} only in B"
    ));
    for run in report.runs.iter().take(SHOWN) {
        let place = match run.by_step {
            Some(by) => format!("equal after step {}, not after step {by}", run.after_step),
            None => "all points of both are equal, the end is not".into(),
        };
        let workload = run.workload.as_ref().map_or(String::new(), |name| format!("{name}, "));
        lines.push(format!("  {}: {workload}{}, batch {}: {place}", &run.key[..16], run.optimizer, run.batch_size));
    }
    if report.runs.len() > SHOWN {
        lines.push("  …, all with --json".into());
    }
}

fn repeated(search: &Search, files: usize, lines: &mut Vec<String>) {
    let which = search.key.as_ref().map_or(String::new(), |key| format!("{}: ", &key[..16]));
    lines.push(format!(
        "{which}run again: {} runs of up to {} steps (2·log₂ of the steps is {})",
        search.runs,
        search.steps,
        most_runs(search.steps)
    ));
    for side in &search.sides {
        let gives = match (files, &side.gives[..]) {
            (1, [true]) => "the bits of the file",
            (1, _) => "other bits than the file",
            (_, [true, true]) => "the bits of A and of B as far as they go",
            (_, [true, false]) => "the bits of A",
            (_, [false, true]) => "the bits of B",
            _ => "other bits than A and B",
        };
        lines.push(format!("  {:8} {:2} threads: {gives}", side.side.isa, side.side.threads));
    }
    if let Some(Found { sides: [a, b], step, call }) = &search.found {
        lines.push(format!(
            "{} ({} threads) and {} ({} threads) part in step {step}",
            a.isa, a.threads, b.isa, b.threads
        ));
        lines.push(match call {
            Some(call) => {
                let layer = match (call.layer, call.phase) {
                    (Some(array), Phase::Optimizer) => format!(", array {}", array + 1),
                    (Some(layer), _) => format!(", layer {}", layer + 1),
                    (None, _) => String::new(),
                };
                format!(
                    "first kernel whose result differs: {} ({}{layer}: {}), {} of {} elements, first element {}: {} and {}",
                    call.kernel,
                    call.phase.name(),
                    call.result,
                    call.differ,
                    call.of,
                    call.first,
                    call.a.0,
                    call.b.0
                )
            }
            None => "all results of its kernels agree: the look at the loss after it differs, or the fault does not come again"
                .into(),
        });
    }
}

fn verdict(report: &DiffReport) -> String {
    let gives = |i: usize| {
        report.search.as_ref().is_some_and(|search| search.sides.iter().all(|side| side.gives.get(i) == Some(&true)))
    };
    let missing = report.records.is_some_and(|r| r.only_in_a + r.only_in_b > 0) && report.names.len() == 2;
    if report.equal {
        return if missing {
            "equal bits in all records that both have: they differ only in what is not there".into()
        } else {
            "equal bits".into()
        };
    }
    if report.records.is_some_and(|r| r.in_both == 0) {
        return "nothing to compare: no run is in both".into();
    }
    if let Some(Search { found: Some(_), .. }) = report.search {
        return "bits differ on this machine".into();
    }
    let Some(search) = &report.search else { return "bits differ".into() };
    let (isas, name) = (search.sides.len(), ["A", "B"]);
    match (gives(0), gives(1)) {
        _ if report.names.len() == 1 => format!("bits differ: this machine ({isas} sides agree) does not give those of the file"),
        (true, false) | (false, true) => {
            let (right, wrong) = if gives(0) { (name[0], name[1]) } else { (name[1], name[0]) };
            format!(
                "bits differ: all {isas} sides here give {right}; what made {wrong} is not on this machine. The same command there names step \
                 and kernel if the fault comes again"
            )
        }
        _ => "bits differ: this machine gives neither; one value version has one result, so look at `simdescent verify` here and there".into(),
    }
}

#[cfg(test)]
mod tests;
