//! The promise of equal bits, tried on this machine: kernels and trainings on every instruction set and number of threads, compared with
//! digests that are part of the program.

mod case;
mod golden;
mod kernels;
mod trainings;

use crate::base::progress::Progress;
use anyhow::{Context, Result};
use case::{Case, fnv};
use golden::GOLDEN;
use serde::Serialize;
use simdescent::kernels::isa::Isa;
use simdescent::kernels::{Exec, Par, Team};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Numbers of threads that are tried.
pub(crate) const THREADS: [NonZeroUsize; 6] = [n(1), n(2), n(3), n(4), n(7), n(8)];

const fn n(threads: usize) -> NonZeroUsize {
    NonZeroUsize::new(threads).expect("not zero")
}

/// What came of all cases.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VerificationReport {
    pub(crate) value_version: u32,
    pub(crate) target: &'static str,
    /// Instruction sets that this machine has, in the order of the results.
    pub(crate) isas: Vec<&'static str>,
    pub(crate) threads: Vec<usize>,
    pub(crate) kernels: usize,
    pub(crate) trainings: usize,
    /// One for each instruction set and number of threads.
    pub(crate) runs: Vec<RunReport>,
    pub(crate) all_agree: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RunReport {
    pub(crate) isa: &'static str,
    pub(crate) threads: usize,
    /// One hash over the digests of all cases, in order.
    pub(crate) digest: String,
    /// Cases whose bits are not the promised ones.
    pub(crate) differ: Vec<String>,
}

fn cases() -> Vec<Case> {
    kernels::cases().into_iter().chain(trainings::cases()).collect()
}

/// Tries everything on these instruction sets and numbers of threads.
pub(crate) fn verify(isas: &[Isa], threads: &[NonZeroUsize], progress: &dyn Progress) -> Result<VerificationReport> {
    let golden: BTreeMap<&str, u64> = GOLDEN.iter().copied().collect();
    let cases = cases();
    let teams: Vec<Team> =
        threads.iter().map(|n| Team::new(n.get())).collect::<Result<_, _>>().context("cannot start the threads")?;
    progress.expect((isas.len() * teams.len()) as i64);
    let mut runs = vec![];
    for &isa in isas {
        for team in &teams {
            let threads = team.threads();
            progress.subject(&format!("{isa}, {threads} threads"));
            let exec = Exec::new(isa, if threads == 1 { Par::Seq } else { Par::Team(team) });
            let digests: Vec<u64> = cases.iter().map(|case| (case.digest)(exec)).collect();
            let wrong =
                cases.iter().zip(&digests).filter(|(case, digest)| golden.get(case.name.as_str()) != Some(digest));
            runs.push(RunReport {
                isa: isa.name(),
                threads,
                digest: format!("{:016x}", fnv(digests.iter().flat_map(|digest| digest.to_le_bytes()))),
                differ: wrong.map(|(case, _)| case.name.clone()).collect(),
            });
            progress.advance();
        }
    }
    Ok(VerificationReport {
        value_version: simdescent::VALUE_VERSION,
        target: env!("SIMDESCENT_TARGET"),
        isas: isas.iter().map(|isa| isa.name()).collect(),
        threads: threads.iter().map(|n| n.get()).collect(),
        kernels: kernels::cases().len(),
        trainings: trainings::cases().len(),
        all_agree: runs.iter().all(|run| run.differ.is_empty()),
        runs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// `SIMDESCENT_WRITE_GOLDEN=1 cargo test -p simdescent-bench verification` writes them anew, after a value version was raised.
    #[test]
    fn every_case_has_its_golden_digest() {
        let exec = Exec::new(Isa::scalar(), Par::Seq);
        let found: Vec<(String, u64)> = cases().iter().map(|case| (case.name.clone(), (case.digest)(exec))).collect();
        if std::env::var_os("SIMDESCENT_WRITE_GOLDEN").is_some() {
            let rows: String =
                found.iter().map(|(name, digest)| format!("    ({name:?}, 0x{digest:016x}),\n")).collect();
            let text = format!(
                "//! The digests of `simdescent verify`, by case: see the test of `verification.rs`.\n\n\
                pub(super) const GOLDEN: &[(&str, u64)] = &[\n{rows}];\n"
            );
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/verification/golden.rs"), text).unwrap();
            return;
        }
        let golden: Vec<(String, u64)> = GOLDEN.iter().map(|&(name, digest)| (name.to_owned(), digest)).collect();
        assert_eq!(found, golden);
        let digests: BTreeSet<u64> = found.iter().map(|(_, digest)| *digest).collect();
        assert_eq!(digests.len(), found.len(), "no two cases are the same");
    }
}
