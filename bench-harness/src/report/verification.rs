//! What a verification came to, as text.

use crate::verification::VerificationReport;

/// A line for each instruction set, a column for each number of threads.
pub(crate) fn lines(report: &VerificationReport) -> Vec<String> {
    let VerificationReport { value_version, target, kernels, trainings, runs, .. } = report;
    let mut lines = vec![
        format!("{kernels} kernels and {trainings} trainings on {target}, value version {value_version}"),
        format!(
            "{:10} {:>16}  {}",
            "",
            "digest of all",
            report.threads.iter().map(|n| format!("{n:>3}")).collect::<String>() + "  threads"
        ),
    ];
    for isa in &report.isas {
        let of: Vec<_> = runs.iter().filter(|run| run.isa == *isa).collect();
        let marks: String = of.iter().map(|run| if run.differ.is_empty() { "  =" } else { "  X" }).collect();
        lines.push(format!("{isa:10} {:>16}  {marks}", of[0].digest));
    }
    for run in runs.iter().filter(|run| !run.differ.is_empty()) {
        lines.push(format!(
            "{}, {} threads: {} differ: {}",
            run.isa,
            run.threads,
            run.differ.len(),
            run.differ.join("; ")
        ));
    }
    lines.push(
        if report.all_agree {
            "all bits are the promised ones"
        } else {
            "this machine or build computes other bits: results from it are not comparable"
        }
        .into(),
    );
    lines
}
