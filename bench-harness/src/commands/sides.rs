//! Instruction sets and numbers of threads that a command tries one after the other.

use anyhow::{Context, Result};
use simdescent::kernels::isa::{self, Isa};
use simdescent::kernels::{Exec, Par, Team};
use std::num::NonZeroUsize;

/// Teams of these numbers of threads.
pub(super) fn teams(threads: &[NonZeroUsize]) -> Result<Vec<Team>> {
    threads.iter().map(|n| Team::new(n.get())).collect::<Result<_, _>>().context("cannot start the threads")
}

/// The instruction sets of these names; without names all of this CPU.
pub(super) fn isas(names: &[String]) -> Result<Vec<Isa>> {
    if names.is_empty() {
        return Ok(isa::available().to_vec());
    }
    names.iter().map(|name| Isa::from_name(name)).collect::<Result<_, _>>().context("--isa")
}

/// Each of the teams on each of the instruction sets of these names; without names on all of this CPU.
pub(super) fn sides<'t>(names: &[String], teams: &'t [Team]) -> Result<Vec<Exec<'t>>> {
    let par = |team: &'t Team| if team.threads() == 1 { Par::Seq } else { Par::Team(team) };
    Ok(isas(names)?.into_iter().flat_map(|isa| teams.iter().map(move |team| Exec::new(isa, par(team)))).collect())
}
