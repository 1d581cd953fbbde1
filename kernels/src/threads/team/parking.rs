//! Where threads of a team sleep that have waited long enough: idle workers, and a caller whose job takes long.

use super::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, fence};

pub(super) struct Parking {
    /// Workers in [`sleep`](Self::sleep) who have not been called; changes under the lock.
    sleepers: AtomicUsize,
    /// How many of those in `sleep` have been called and not left yet.
    called: Mutex<usize>,
    calls: Condvar,
    progress: Condvar,
    /// Where the workers are.
    process: u32,
}

impl Parking {
    pub(super) fn new() -> Self {
        Self {
            sleepers: AtomicUsize::new(0),
            called: Mutex::new(0),
            calls: Condvar::new(),
            progress: Condvar::new(),
            process: std::process::id(),
        }
    }

    /// Whether this is the child of a fork: without workers, and perhaps with a lock that one of them held.
    pub(super) fn is_child(&self) -> bool {
        std::process::id() != self.process
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.called.lock().expect("nothing panics under this lock")
    }

    /// A worker's sleep: until it is called, or not idle.
    pub(super) fn sleep(&self, idle: impl Fn() -> bool) {
        let mut called = self.lock();
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        // With the fence in `call`: either we see the job, or its caller sees us.
        fence(Ordering::SeqCst);
        while *called == 0 && idle() {
            called = self.calls.wait(called).expect("nothing panics under this lock");
        }
        if *called > 0 {
            *called -= 1;
        } else {
            self.sleepers.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Calls sleepers until `wanted` of the `workers` are awake. A worker that is awake but has not noticed yet counts:
    /// no system call is spent on it twice.
    #[inline]
    pub(super) fn call(&self, wanted: usize, workers: usize) {
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            self.call_sleepers(wanted, workers);
        }
    }
    #[cold]
    fn call_sleepers(&self, wanted: usize, workers: usize) {
        if self.is_child() {
            return;
        }
        let mut called = self.lock();
        let sleepers = self.sleepers.load(Ordering::Relaxed);
        let n = wanted.min(workers).saturating_sub(workers - sleepers);
        self.sleepers.fetch_sub(n, Ordering::Relaxed);
        *called += n;
        drop(called);
        (0..n).for_each(|_| self.calls.notify_one());
    }

    /// Calls every worker, after what `idle` reads has changed for good.
    pub(super) fn call_all(&self) {
        drop(self.lock()); // whoever was about to wait does so now
        self.calls.notify_all();
    }

    /// The caller's sleep until `done`. `announce` tells workers that they have to call [`progress`](Self::progress).
    #[cold]
    pub(super) fn wait(&self, announce: impl FnOnce(), done: impl Fn() -> bool) {
        let mut guard = self.lock();
        announce();
        while !done() {
            guard = self.progress.wait(guard).expect("nothing panics under this lock");
        }
    }

    /// Lets the caller in [`wait`](Self::wait) look again.
    #[cold]
    pub(super) fn progress(&self) {
        drop(self.lock()); // it is waiting now, not on its way there
        self.progress.notify_one();
    }
}
