//! Every way to run a kernel: each instruction set of this CPU, on the calling thread and in pools of threads.

use crate::inputs::{Effort, effort};
use simdescent_kernels::{Exec, Par, Team, isa};
use std::sync::OnceLock;

/// Calls `check` for every instruction set on the calling thread.
pub(crate) fn for_each_isa(check: impl Fn(Exec<'_>, &str)) {
    for &isa in isa::available() {
        check(Exec::new(isa, Par::Seq), isa.name());
    }
}

/// Calls `check` for every instruction set × {calling thread, team of 2, 3 threads, rayon's pool of 1, 2, 3, 4 threads
/// (or [a sample](pool_sizes))}, inside the pool.
#[track_caller]
pub(crate) fn for_each_exec(check: impl Fn(Exec<'_>, &str) + Sync) {
    each_exec(&check);
}

/// Compiled once for all checks, which are many: hence `dyn`.
#[track_caller]
fn each_exec(check: &(dyn Fn(Exec<'_>, &str) + Sync)) {
    for_each_isa(check);
    for team in teams() {
        for &isa in isa::available() {
            check(Exec::new(isa, Par::Team(team)), &format!("{isa}, {team:?}"));
        }
    }
    in_pools(check);
}

/// Tests share them, and so meet busy teams, too.
fn teams() -> &'static [Team] {
    static TEAMS: OnceLock<Vec<Team>> = OnceLock::new();
    let sizes: &[usize] = match effort() {
        Effort::Tiny => &[], // as pool_sizes
        Effort::Sample => &[3],
        Effort::Full => &[2, 3],
    };
    TEAMS.get_or_init(|| sizes.iter().map(|&threads| Team::new(threads).expect("a team")).collect())
}

#[cfg(not(feature = "rayon"))]
fn in_pools(_: &(dyn Fn(Exec<'_>, &str) + Sync)) {}

#[cfg(feature = "rayon")]
#[track_caller]
fn in_pools(check: &(dyn Fn(Exec<'_>, &str) + Sync)) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    for pool in pools() {
        for &isa in isa::available() {
            let exec = Exec::new(isa, Par::Rayon);
            let label = format!("{isa}, {} threads of rayon", pool.current_num_threads());
            let result = pool.install(|| catch_unwind(AssertUnwindSafe(|| check(exec, &label))));
            // Panic again on the thread of the test, because the output of a pool's thread may be captured elsewhere.
            if let Err(payload) = result {
                match payload.downcast::<String>() {
                    Ok(message) => panic!("{message}"),
                    Err(payload) => std::panic::resume_unwind(payload),
                }
            }
        }
    }
}

#[cfg(feature = "rayon")]
fn pools() -> &'static [rayon::ThreadPool] {
    static POOLS: OnceLock<Vec<rayon::ThreadPool>> = std::sync::OnceLock::new();
    let build = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
    POOLS.get_or_init(|| pool_sizes().iter().map(|&threads| build(threads)).collect())
}

#[cfg(feature = "rayon")]
fn pool_sizes() -> &'static [usize] {
    match effort() {
        Effort::Tiny => &[], // Miri does not let the main thread end while threads of a pool wait.
        Effort::Sample => &[2, 3],
        Effort::Full => &[1, 2, 3, 4],
    }
}

#[test]
fn every_number_of_threads_is_tried() {
    let seen = std::sync::Mutex::new(Vec::new());
    for_each_exec(|exec, _| {
        let kind = match exec.par() {
            Par::Seq => "calling thread",
            Par::Team(_) => "team",
            #[cfg(feature = "rayon")]
            Par::Rayon => "rayon",
        };
        seen.lock().unwrap().push((exec.isa().name(), kind, exec.par().threads()));
    });
    let mut want = vec![("calling thread", 1)];
    want.extend(teams().iter().map(|team| ("team", team.threads())));
    #[cfg(feature = "rayon")]
    want.extend(pool_sizes().iter().map(|&threads| ("rayon", threads)));
    for isa in isa::available() {
        for &(kind, threads) in &want {
            assert!(seen.lock().unwrap().contains(&(isa.name(), kind, threads)), "{isa}, {kind}, {threads} threads");
        }
    }
}

#[test]
#[should_panic(expected = "the message")]
fn a_failure_on_the_calling_thread_reaches_the_test() {
    for_each_exec(|exec, _| assert!(exec.par() != Par::Seq, "the message"));
}

#[cfg(all(feature = "rayon", not(miri)))]
#[test]
#[should_panic(expected = "the message")]
fn a_failure_in_a_pool_reaches_the_test() {
    for_each_exec(|exec, _| assert!(exec.par() != Par::Rayon, "the message"));
}
