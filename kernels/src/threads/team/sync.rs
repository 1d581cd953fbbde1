//! What the team needs of `std`, or of loom's model of it under `--cfg loom`; and how to wait before parking.

#[cfg(loom)]
pub(super) use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
};
#[cfg(not(loom))]
pub(super) use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle},
};

/// `std`'s with the interface of loom's.
#[cfg(not(loom))]
pub(super) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);
#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(super) fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }
    #[inline]
    pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Polls `done` for a while: spinning at first (not at all if `crowded`: somebody else needs the core), then yielding.
/// Returns what the last poll did; after false it is time to park.
#[cfg(not(loom))]
#[inline]
pub(super) fn poll(crowded: bool, done: impl Fn() -> bool) -> bool {
    use std::time::{Duration, Instant};
    const SPIN: Duration = Duration::from_micros(20);
    const YIELD: Duration = Duration::from_micros(50); // from the start, spinning included
    const POLLS_PER_LOOK_AT_THE_CLOCK: usize = 64;
    let mut start = None;
    let mut spin = !crowded;
    loop {
        for _ in 0..if spin { POLLS_PER_LOOK_AT_THE_CLOCK } else { 1 } {
            if done() {
                return true;
            }
            core::hint::spin_loop();
        }
        let waited = start.get_or_insert_with(Instant::now).elapsed();
        if waited >= YIELD {
            return false;
        }
        spin &= waited < SPIN;
        if !spin {
            std::thread::yield_now();
        }
    }
}

/// In the model one poll stands for all: more of them only repeat states.
#[cfg(loom)]
pub(super) fn poll(_: bool, done: impl Fn() -> bool) -> bool {
    done()
}

/// Whether `threads` are more than this process may run at once.
#[cfg(not(loom))]
pub(super) fn more_than_cores(threads: usize) -> bool {
    std::thread::available_parallelism().is_ok_and(|cores| threads > cores.get())
}
#[cfg(loom)]
pub(super) fn more_than_cores(_: usize) -> bool {
    false
}
