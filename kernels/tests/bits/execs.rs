//! Every way to run a kernel: each instruction set of this CPU, on the calling thread and in pools of threads.

#[cfg(feature = "rayon")]
use crate::inputs::{Effort, effort};
use simdescent_kernels::{Exec, Par, isa};

/// Calls `check` for every instruction set on the calling thread.
#[track_caller]
pub(crate) fn for_each_isa(check: impl Fn(Exec, &str)) {
    for &isa in isa::available() {
        check(Exec::new(isa, Par::Seq), isa.name());
    }
}

/// Calls `check` for every instruction set × {calling thread, pool of 1, 2, 3, 4 threads (or [a sample](pool_sizes))},
/// inside the pool.
#[track_caller]
pub(crate) fn for_each_exec(check: impl Fn(Exec, &str) + Sync) {
    for_each_isa(&check);
    in_pools(&check);
}

#[cfg(not(feature = "rayon"))]
fn in_pools(_: &(impl Fn(Exec, &str) + Sync)) {}

#[cfg(feature = "rayon")]
#[track_caller]
fn in_pools(check: &(impl Fn(Exec, &str) + Sync)) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    for pool in pools() {
        for &isa in isa::available() {
            let exec = Exec::new(isa, Par::Rayon);
            let label = format!("{isa}, {} threads", pool.current_num_threads());
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
    static POOLS: std::sync::OnceLock<Vec<rayon::ThreadPool>> = std::sync::OnceLock::new();
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

#[cfg(feature = "rayon")]
#[test]
fn every_number_of_threads_is_tried() {
    let seen = std::sync::Mutex::new(Vec::new());
    for_each_exec(|exec, _| seen.lock().unwrap().push((exec.isa().name(), exec.par().threads())));
    for isa in isa::available() {
        for threads in [1].iter().chain(pool_sizes()) {
            assert!(seen.lock().unwrap().contains(&(isa.name(), *threads)), "{isa} on {threads} threads");
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
    for_each_exec(|exec, _| assert!(exec.par() == Par::Seq, "the message"));
}
