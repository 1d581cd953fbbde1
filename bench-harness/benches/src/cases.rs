//! What is timed: kernels and training steps of fixed sizes, each beside plain loops and whoever else computes the same.

mod gemm;
mod gemv;
mod level1;
mod linear;
mod loss;
mod math;
mod optimizer;
mod training;

use crate::contest::{Contest, Entry, OURS, Times, Timing};
use crate::peers::cblas::Blas;
use simdescent_kernels::{Exec, Real};

/// What one call has to do at least, and how its speed is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Multiplications and additions; 0 where memory or a function is the limit.
    pub flops: f64,
    /// Bytes that have to be read.
    pub read: f64,
    /// Bytes that have to be written.
    pub written: f64,
    /// Bytes that are used again by the next call, which decides the cache level.
    pub working_set: f64,
    /// How many units a call does.
    pub amount: f64,
    /// What is counted.
    pub unit: Unit,
}

/// What a rate counts per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Floating-point operations.
    Flops,
    /// Bytes read and written.
    Bytes,
    /// Elements of a vector.
    Elements,
    /// Samples of a training.
    Samples,
}

impl Work {
    /// Of products: rate in flops.
    fn products(flops: f64, [read, written]: [f64; 2]) -> Self {
        Self { flops, read, written, working_set: read + written, amount: flops, unit: Unit::Flops }
    }

    /// Of what memory limits: rate in bytes.
    fn memory(read: f64, written: f64, working_set: f64) -> Self {
        Self { flops: 0.0, read, written, working_set, amount: read + written, unit: Unit::Bytes }
    }
}

/// Which numbers of threads a case is timed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    One,
    Any,
}

/// One thing that is timed.
pub struct Case {
    /// What it is and of which size, such as `gemm/f32/128x128x128`.
    pub name: String,
    /// Bits of its elements: 32 or 64.
    pub bits: u32,
    /// What a call does.
    pub work: Work,
    /// Whether it belongs to a quick run.
    pub quick: bool,
    on: On,
    hold: Box<Hold>,
}

type Hold = dyn Fn(Setting<'_>, Timing<'_>) -> Result<Times, String>;

/// What contestants may use.
#[derive(Clone, Copy)]
struct Setting<'a> {
    exec: Exec<'a>,
    blas: Option<&'a Blas>,
}

impl Setting<'_> {
    fn threads(self) -> usize {
        self.exec.par().threads()
    }
}

impl Case {
    fn new<T: Real>(
        name: String,
        work: Work,
        hold: impl Fn(Setting<'_>, Timing<'_>) -> Result<Times, String> + 'static,
    ) -> Self {
        Self { name, bits: 8 * size_of::<T>() as u32, work, quick: false, on: On::One, hold: Box::new(hold) }
    }

    /// In a quick run too, if so.
    fn quick(mut self, quick: bool) -> Self {
        self.quick = quick;
        self
    }

    /// Also on several threads, if so.
    fn on_threads(mut self, threads: bool) -> Self {
        self.on = if threads { On::Any } else { On::One };
        self
    }

    /// The kind of thing, such as `gemm`.
    #[must_use]
    pub fn group(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether it is timed on so many threads.
    #[must_use]
    pub fn runs_on(&self, threads: usize) -> bool {
        threads == 1 || self.on == On::Any
    }

    /// Lets all contestants compute once, compares, then times.
    ///
    /// # Errors
    ///
    /// Says whose result is another one.
    pub fn hold(&self, timing: Timing<'_>, blas: Option<&Blas>) -> Result<Times, String> {
        (self.hold)(Setting { exec: timing.exec, blas }, timing).map_err(|fault| format!("{}: {fault}", self.name))
    }
}

/// The group of the control.
pub const CONTROL_GROUP: &str = "control";

/// All cases. The first is the control: one kernel that is entered twice.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        vec![gemm::control()],
        gemm::cases(),
        gemv::cases(),
        level1::cases(),
        math::cases(),
        loss::cases(),
        optimizer::cases(),
        linear::cases(),
        training::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A contest of ours and others.
fn contest<'a, T: Real>(
    start: &'a [T],
    tolerance: f64,
    ours: impl FnMut(&mut [T]) + 'a,
    others: Vec<Entry<'a, T>>,
) -> Contest<'a, T> {
    let mut entries = vec![Entry::new(OURS, ours)];
    entries.extend(others);
    Contest { start, tolerance, entries }
}

/// Half the distance of 1 from the next number.
fn unit_roundoff<T: Real>() -> f64 {
    if size_of::<T>() == 4 { f64::from(f32::EPSILON) / 2.0 } else { f64::EPSILON / 2.0 }
}

/// How far a sum of `n` terms may be off, as a share of itself, when they are added one by one.
fn of_sum<T: Real>(n: usize) -> f64 {
    (n + 16) as f64 * unit_roundoff::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent_kernels::{Par, Team, isa};
    use simdescent_measure::clock::Plan;
    use std::collections::BTreeSet;
    use std::time::Duration;

    /// Everybody computes the same, on one thread and on two.
    #[test]
    fn every_quick_case_runs_and_contestants_agree() {
        let team = Team::new(2).unwrap();
        for par in [Par::Seq, Par::Team(&team)] {
            let exec = Exec::new(isa::active(), par);
            for case in cases().iter().filter(|case| case.quick && case.runs_on(par.threads())) {
                let plan = Plan { rounds: 1, sample: Duration::ZERO, pause: Duration::ZERO, seed: 0 };
                let times = case.hold(Timing { exec, plan, around: &mut |round| round() }, None).unwrap();
                assert_eq!(times.names[0], OURS, "{}", case.name);
                assert_eq!(times.rounds[0].len(), times.names.len());
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_kind_of_work_is_in_a_quick_run() {
        let cases = cases();
        let names: BTreeSet<&str> = cases.iter().map(|case| &*case.name).collect();
        assert_eq!(names.len(), cases.len());
        let groups = |quick: bool| -> BTreeSet<&str> {
            cases.iter().filter(|case| case.quick || !quick).map(Case::group).collect()
        };
        // What these do to memory, others of a quick run do too.
        let alike = ["amax", "asum", "scale"];
        assert_eq!(&groups(false) - &groups(true), alike.into());
    }
}
