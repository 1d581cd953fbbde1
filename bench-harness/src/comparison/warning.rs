//! What makes a comparison doubtful, and what to do about it.

use super::subject::{Subject, model};
use crate::base::format_number::{are, count};
use crate::difference::fields::field_differences;
use crate::environment::Environment;
use crate::study::result::{Report, WorkloadReport};
use serde::Serialize;

/// All that is warned of. Each has its advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Warning {
    ValueVersion,
    Protocol,
    Study,
    Model,
    Cpu,
    Isa,
    Threads,
    Commit,
    Compiler,
    Build,
    NotQuiet,
    Disturbed,
    SelfCheck,
    Unfinished,
    NoTimes,
    NoDigests,
    OneSession,
}

/// A warning, what it is of, and the values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WarningReport {
    pub(crate) warning: Warning,
    /// The number of the report, from 0.
    pub(crate) subject: usize,
    pub(crate) what: String,
    pub(crate) advice: &'static str,
}

impl Warning {
    /// What to do.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::ValueVersion => "bits of two value versions are not comparable: run both with the same release",
            Self::Protocol => "make both reports with the same release: the protocols measure different things",
            Self::Study => "steps and targets differ with the study: take the same study file, or compare times only",
            Self::Model => "cells of other models are not compared: measure both with the same layers",
            Self::Cpu => "look at the shares of each machine's own limits, not at seconds",
            Self::Isa => "the ratio is of two instruction sets: set SIMDESCENT_ISA to the same one to compare machines",
            Self::Threads => "measure both with the same number of threads",
            Self::Commit => "the ratio is also of two programs: build both from the same commit",
            Self::Compiler => "the ratio is also of two compilers: build both with the same rustc",
            Self::Build => "compare only release builds",
            Self::Disturbed => {
                "repeat the session on a quiet machine, in a new folder: `simdescent sweep --throughput-only --out NEW`"
            }
            Self::NotQuiet => {
                "its control favored one of two equals, so there is no verdict: repeat it on a quiet machine"
            }
            Self::SelfCheck => "this machine or program computes wrongly: `simdescent verify`",
            Self::Unfinished => "the sweep's own command goes on with what is missing",
            Self::NoTimes => "no ratio without times: `simdescent sweep --throughput-only --out DIR` measures them",
            Self::NoDigests => "make the report anew from its records: `simdescent report DIR`",
            Self::OneSession => {
                "the rounds are of one process, another one may differ by more than they show: for claims of a few percent repeat the \
                 session, or use `simdescent bench`, whose unit is the process"
            }
        }
    }
}

/// Warnings of all subjects, those of the first beside itself.
pub(crate) fn warnings(subjects: &[Subject]) -> Vec<WarningReport> {
    let mut found = vec![];
    for (number, subject) in subjects.iter().enumerate() {
        let mut warn = |warning: Warning, what: String| {
            found.push(WarningReport { warning, subject: number, what, advice: warning.advice() });
        };
        let first = &subjects[0];
        if number > 0 {
            if let (Some(a), Some(b)) = (&first.sweep, &subject.sweep) {
                studies(a, b, &mut warn);
                models(a, b, &mut warn);
            }
            if let (Some(a), Some(b)) = (&first.environment, &subject.environment) {
                environments(a, b, &mut warn);
            }
        }
        if !subject.quiet {
            warn(Warning::NotQuiet, "the bench was not quiet".into());
        }
        if let Some(what) = &subject.disturbed {
            warn(Warning::Disturbed, what.clone());
        }
        if subject.cases.is_empty() {
            warn(Warning::NoTimes, "no steps were timed".into());
        }
        let Some(sweep) = &subject.sweep else { continue };
        if sweep.self_check.as_ref().is_some_and(|check| !check.ok()) {
            warn(Warning::SelfCheck, "runs do not follow their formulas".into());
        }
        if sweep.missing.cells > 0 {
            warn(Warning::Unfinished, format!("{} missing", are(sweep.missing.cells, "cell")));
        }
        if number == 0 && !subject.cases.is_empty() {
            warn(Warning::OneSession, "times of one session each".into());
        }
        if sweep.workloads.iter().flat_map(|w| &w.cells).any(|cell| cell.convergence.is_empty()) {
            warn(Warning::NoDigests, "it was made before reports had digests".into());
        }
    }
    found.sort_by_key(|warning| (warning.warning, warning.subject));
    found
}

fn studies(a: &Report, b: &Report, warn: &mut impl FnMut(Warning, String)) {
    let mut differ = |warning, a: u32, b: u32| {
        if a != b {
            warn(warning, format!("{a} and {b}"));
        }
    };
    differ(Warning::ValueVersion, a.value_version, b.value_version);
    differ(Warning::Protocol, a.protocol_version, b.protocol_version);
    let fields = field_differences(&a.study, &b.study).unwrap_or_default();
    if let Some(field) = fields.first() {
        let more =
            if fields.len() > 1 { format!(", and {} more", count(fields.len() - 1, "field")) } else { String::new() };
        warn(Warning::Study, format!("{}: {} and {}{more}", field.field, field.a, field.b));
    }
}

/// Workloads of one name and other models, all in one warning.
fn models(a: &Report, b: &Report, warn: &mut impl FnMut(Warning, String)) {
    let differ = |ours: &WorkloadReport| {
        let other = b.workloads.iter().find(|other| other.facts.name == ours.facts.name)?;
        let [a, b] = [ours, other].map(|workload| model(&workload.facts));
        (a != b).then(|| format!("{}: {a} and {b}", ours.facts.name))
    };
    let found: Vec<String> = a.workloads.iter().filter_map(differ).collect();
    if !found.is_empty() {
        warn(Warning::Model, found.join("; "));
    }
}

fn environments(a: &Environment, b: &Environment, warn: &mut impl FnMut(Warning, String)) {
    let facts = [
        (Warning::Cpu, a.cpu.clone(), b.cpu.clone()),
        (Warning::Isa, a.isa.clone(), b.isa.clone()),
        (Warning::Threads, a.threads.to_string(), b.threads.to_string()),
        (Warning::Commit, a.commit.clone(), b.commit.clone()),
        (Warning::Compiler, a.rustc.clone(), b.rustc.clone()),
        (Warning::Build, a.build_profile.clone(), b.build_profile.clone()),
    ];
    for (warning, a, b) in facts {
        if a != b {
            warn(warning, format!("{a} and {b}"));
        }
    }
}
