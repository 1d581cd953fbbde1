//! Our own times beside those of an earlier report: pure.

use super::result::{BenchReport, Span, Verdict};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use simdescent_measure::statistics::{SpeedUp, speed_verdicts};

/// What became faster or slower.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BaselineReport {
    /// Commit and start of the earlier report.
    pub(crate) baseline: String,
    /// What both ran on, but for what differs: then ratios are not only of the program.
    pub(crate) differences: Vec<String>,
    /// Whether both runs were quiet. If not, there are no verdicts.
    pub(crate) quiet: bool,
    pub(crate) cases: Vec<BaselineCase>,
    /// Cases that only one of the reports has.
    pub(crate) only_once: Vec<String>,
}

/// A case of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BaselineCase {
    /// With its number of threads.
    pub(crate) name: String,
    /// Time then divided by time now: above 1 it became faster.
    pub(crate) ratio: Span,
    pub(crate) verdict: Option<Verdict>,
}

/// Compares case by case: Welch's t over the processes of both, Holm's correction over all cases.
pub(crate) fn compare(now: &BenchReport, then: &BenchReport) -> Result<BaselineReport> {
    let (mut names, mut family, mut only_once) = (vec![], vec![], vec![]);
    for case in &now.cases {
        let name = case.full_name();
        let Some(earlier) = then.cases.iter().find(|earlier| earlier.full_name() == name) else {
            only_once.push(name);
            continue;
        };
        let speed_up = SpeedUp::between(&case.ours().by_process, &earlier.ours().by_process);
        family.push(
            speed_up.with_context(|| format!("{name}: fewer than two processes, or a time that is not positive"))?,
        );
        names.push(name);
    }
    let has = |name: &String| now.cases.iter().any(|case| case.full_name() == *name);
    only_once.extend(then.cases.iter().map(|case| case.full_name()).filter(|name| !has(name)));
    ensure!(!names.is_empty(), "the two reports have no case in common");
    let quiet = now.control.quiet && then.control.quiet;
    let verdicts = speed_verdicts(&family, now.plan.margin, now.plan.confidence);
    let cases = names.into_iter().zip(family).zip(verdicts).map(|((name, speed_up), verdict)| BaselineCase {
        name,
        ratio: speed_up.ratio(now.plan.confidence).into(),
        verdict: Some(verdict.into()).filter(|_| quiet),
    });
    Ok(BaselineReport {
        baseline: format!("{} of {}", then.environment.commit, then.started),
        differences: differences(now, then),
        quiet,
        cases: cases.collect(),
        only_once,
    })
}

/// What differs besides the program.
fn differences(now: &BenchReport, then: &BenchReport) -> Vec<String> {
    let (a, b) = (&now.environment, &then.environment);
    let facts = [
        ("CPU", &a.cpu, &b.cpu),
        ("instruction set", &a.isa, &b.isa),
        ("build", &a.build_profile, &b.build_profile),
        ("compiler", &a.rustc, &b.rustc),
    ];
    facts.iter().filter(|(_, a, b)| a != b).map(|(name, a, b)| format!("{name}: {b} then, {a} now")).collect()
}

impl BaselineReport {
    /// Whether something is certainly slower.
    pub(crate) fn slower(&self) -> bool {
        self.cases.iter().any(|case| case.verdict == Some(Verdict::Slower))
    }

    /// Whether something is not known.
    pub(crate) fn inconclusive(&self) -> bool {
        self.cases.iter().any(|case| matches!(case.verdict, None | Some(Verdict::Inconclusive)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::fake::report;

    #[test]
    fn what_became_slower_faster_or_neither() {
        let then = report(2e-5, 3e-5, 1.0);
        let of = |ours| compare(&report(ours, 3e-5, 1.0), &then).unwrap();
        let slower = of(4e-5);
        assert!(slower.slower() && (slower.cases[0].ratio.value - 0.5).abs() < 1e-9, "{slower:?}");
        let faster = of(1e-5);
        assert!(!faster.slower() && !faster.inconclusive());
        assert!(faster.cases.iter().all(|case| case.verdict == Some(Verdict::Faster)));
        // Processes differ by more than that.
        let same = of(2.02e-5);
        assert!(!same.slower() && same.inconclusive(), "{same:?}");
        let loud = compare(&then, &report(2e-5, 3e-5, 1.05)).unwrap();
        assert!(!loud.quiet && loud.inconclusive() && loud.cases.iter().all(|case| case.verdict.is_none()));
    }

    #[test]
    fn other_machines_and_cases_are_named() {
        let (now, mut then) = (report(2e-5, 3e-5, 1.0), report(2e-5, 3e-5, 1.0));
        then.environment.cpu = "another".into();
        then.cases[0].name = "gone".into();
        let compared = compare(&now, &then).unwrap();
        assert_eq!(compared.differences, [format!("CPU: another then, {} now", now.environment.cpu)]);
        assert_eq!(compared.only_once, [now.cases[0].full_name(), "gone/threads:1".into()]);
        then.cases.clear();
        assert!(compare(&now, &then).unwrap_err().to_string().contains("no case in common"));
    }
}
