//! The threads of a command, and the instruction set it runs on.

use crate::options::RunOptions;
use anyhow::{Context, Result};
use simdescent::kernels::{Exec, Par, Team, isa};
use std::num::NonZeroUsize;

pub(crate) struct Threads(Team);

impl Threads {
    /// The calling thread and `n` − 1 more.
    pub(crate) fn new(n: usize) -> Result<Self> {
        Ok(Self(Team::new(n).context("cannot start the threads")?))
    }

    /// As many as the run asks for.
    pub(crate) fn of(run: &RunOptions) -> Result<Self> {
        Self::new(run.threads.map_or(1, NonZeroUsize::get))
    }

    pub(super) fn team(&self) -> &Team {
        &self.0
    }

    fn par(&self) -> Par<'_> {
        let team = Par::Team(&self.0);
        if team.threads() == 1 { Par::Seq } else { team }
    }

    /// These threads on the instruction set that SIMDESCENT_ISA names, or the best one.
    pub(crate) fn exec(&self) -> Result<Exec<'_>> {
        Ok(Exec::new(isa::try_active()?, self.par()))
    }
}
