//! The team in a model checker: every interleaving of small cases, with at most a few preemptions where there are many.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --release -p simdescent-kernels --no-default-features --test team_loom
//! ```
//!
//! The model has no clock, so a thread that finds nothing to do parks at once; spinning would only repeat that look.
//! A lost wake-up is a deadlock here, which loom reports; so it does a race on the job and a team that leaks.

#![cfg(loom)]

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::sync::{Condvar, Mutex};
use loom::{model::Builder, thread};
use simdescent_kernels::Team;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Explores `model` with at most `preemptions` switches away from a thread that could go on.
fn explore(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// One job whose parts each write a cell of their own: loom sees a race if they overlap or the caller comes too early.
fn job(team: &Team, parts: usize) {
    let cells: Vec<_> = (0..parts).map(|_| loom::cell::UnsafeCell::new(0)).collect();
    // Shared between threads, although the cells are not `Sync`: loom checks who touches them when.
    struct Cells(Vec<loom::cell::UnsafeCell<i32>>);
    // SAFETY: part i touches cell i only; loom reports it if that is not so.
    unsafe impl Sync for Cells {}
    let cells = Cells(cells);
    let cells = &cells;
    // SAFETY: as above.
    team.for_each(parts, &move |i| cells.0[i].with_mut(|x| unsafe { *x += 1 }));
    for cell in &cells.0 {
        // SAFETY: the job is over.
        assert_eq!(cell.with(|x| unsafe { *x }), 1);
    }
}

#[test]
fn fork_join_and_shutdown() {
    explore(4, || {
        let team = Team::new(2).unwrap();
        job(&team, 2);
    });
}

#[test]
fn shutdown_without_a_job() {
    explore(5, || drop(Team::new(2).unwrap()));
}

/// The second job meets a worker that is still in the first, spins, or parks.
#[test]
fn two_jobs() {
    explore(3, || {
        let team = Team::new(2).unwrap();
        job(&team, 2);
        job(&team, 3);
    });
}

/// The caller waits in part 0 for part 1, so the worker has to come, asleep or on its way there.
#[test]
fn a_call_is_never_lost() {
    explore(3, || {
        let team = Team::new(2).unwrap();
        let (met, change) = (Mutex::new(false), Condvar::new());
        team.for_each(2, &|i| {
            let mut met = met.lock().unwrap();
            if i == 1 {
                *met = true;
                change.notify_one();
            }
            while !*met {
                met = change.wait(met).unwrap();
            }
        });
    });
}

#[test]
fn two_workers() {
    explore(2, || {
        let team = Team::new(3).unwrap();
        job(&team, 2);
    });
}

#[test]
fn a_panic_in_any_part() {
    for bad in 0..2 {
        explore(3, move || {
            let team = Team::new(2).unwrap();
            let part = |i| {
                if i == bad {
                    std::panic::resume_unwind(Box::new(i)); // without the hook's output
                }
            };
            let payload = catch_unwind(AssertUnwindSafe(|| team.for_each(2, &part))).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&bad));
            job(&team, 2);
        });
    }
}

#[test]
fn a_panic_in_every_part() {
    explore(3, || {
        let team = Team::new(2).unwrap();
        catch_unwind(AssertUnwindSafe(|| team.for_each(2, &|i| std::panic::resume_unwind(Box::new(i))))).unwrap_err();
    });
}

#[test]
fn two_callers() {
    explore(2, || {
        let team = Arc::new(Team::new(2).unwrap());
        let other = thread::spawn({
            let team = team.clone();
            move || job(&team, 2)
        });
        job(&team, 2);
        other.join().unwrap();
    });
}

#[test]
fn nested_jobs() {
    explore(2, || {
        let team = Team::new(2).unwrap();
        let count = AtomicUsize::new(0);
        team.for_each(2, &|_| team.for_each(2, &|_| _ = count.fetch_add(1, Relaxed)));
        assert_eq!(count.load(Relaxed), 4);
    });
}
