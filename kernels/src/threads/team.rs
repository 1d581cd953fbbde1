//! A team of threads for jobs too short for a thread pool: fork and join in a fraction of a microsecond.
//!
//! One word holds the parts of the job that nobody has claimed yet. Publishing a job is one store to it, claiming a
//! part one compare-and-swap, so a worker that sleeps or was descheduled delays nobody: it has no part, and the caller
//! takes what is left. Only claimed parts are waited for.
//!
//! | who | does | what keeps it right |
//! | --- | --- | --- |
//! | caller | takes `busy`, writes `job`, stores `unclaimed` | nobody reads `job` without a claim, and there is none |
//! | all | claim parts, run them | a job stays until its last claimed part is in `finished` |
//! | worker | adds its parts to `finished`, once per job | release; from here on it does not touch the job |
//! | caller | waits until `finished` and its own parts are all, leaves `busy` | acquire |
//!
//! `kernels/tests/team_loom.rs` checks this on every interleaving of small cases.

mod parking;
mod sync;

use parking::Parking;
use std::any::Any;
use std::io::{Error, ErrorKind};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind, resume_unwind};
use sync::{Arc, AtomicBool, AtomicU64, Builder, JoinHandle, Mutex, Ordering, UnsafeCell, more_than_cores, poll};

/// A calling thread and workers that wait for its jobs: spinning for some 20 µs after the last one, yielding for
/// another 30, then asleep.
///
/// Give it to kernels as [`Par::Team`](super::Par::Team), as many threads as there are cores to spare: a spinning
/// worker takes a core from whoever shares it, and on two hyperthreads of one core a product of a few µs takes longer than
/// on one. Workers inherit the floating-point environment of the thread that calls [`new`](Team::new), on which no kernel
/// but the default one promises its bits. Dropping the team ends them.
///
/// In the child of a `fork` a team has no workers: its kernels work, on the calling thread alone, and so does dropping it. (Rayon's
/// pool hangs there.) The thread that forks must not be in a job of the team, that is in a kernel.
///
/// ```
/// use simdescent_kernels::{Exec, Par, Team, dot, isa};
/// let team = Team::new(2)?;
/// let x = vec![0.1f32; 100_000];
/// let exec = Exec::new(isa::active(), Par::Team(&team));
/// assert_eq!(dot(exec, &x, &x), dot(exec.seq(), &x, &x)); // same bits
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

type Part<'a> = &'a (dyn Fn(usize) + Sync);

struct Shared {
    job: Job,
    finished: Finished,
    /// Whether a thread is in [`Team::for_each`].
    busy: AtomicBool,
    parking: Parking,
    /// What the first panic of a job carried.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Whether there are more threads than cores.
    crowded: bool,
}

/// Written by the caller, read by all; alone on its cache lines (two, because CPUs fetch them in pairs).
#[repr(align(128))]
struct Job {
    /// Parts [low, high) that nobody has claimed, `high << 32 | low`; [`CLOSED`] at the end.
    unclaimed: AtomicU64,
    part: UnsafeCell<*const (dyn Fn(usize) + Sync)>,
}

/// Written by workers, read by the caller.
#[repr(align(128))]
struct Finished {
    /// How many parts workers have run or dropped in this job, and flags.
    parts: AtomicU64,
}
/// The caller sleeps until this changes.
const WAITING: u64 = 1 << 63;
/// A part panicked.
const PANICKED: u64 = 1 << 62;
const FLAGS: u64 = WAITING | PANICKED;

/// More than any machine has cores, few enough for the mappings of memory that a system allows.
const MOST_THREADS: usize = 1024;
/// What a thread needs of the address space: a stack as `std` makes it, and room around it.
const STACK: usize = 9 << 18;

const UNPOISONED: &str = "nothing panics under this lock";

const NONE: u64 = 0;
/// No parts, and no more to come.
const CLOSED: u64 = 1;

fn range(word: u64) -> (u64, u64) {
    (word & 0xffff_ffff, word >> 32)
}
/// How many parts `word` leaves to claim.
fn len(word: u64) -> u64 {
    let (low, high) = range(word);
    high.saturating_sub(low)
}

// SAFETY: what makes it neither is `part`, a reference whose lifetime was erased. Its target is `Sync`, so any thread
// may use it; `Shared::work` says when it is alive, and `Team::for_each` when it may be replaced.
unsafe impl Send for Job {}
// SAFETY: as above.
unsafe impl Sync for Job {}

/// From which end to claim: caller and worker of a pair keep to their halves of the data, and so to their caches.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Low,
    High,
}

impl Team {
    /// A team of `threads`, the calling one included: `threads - 1` are started. A team of one never leaves it.
    ///
    /// # Errors
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for 0 threads, or more than 1024 if there are not as many cores;
    /// [`OutOfMemory`](std::io::ErrorKind::OutOfMemory) if there is no room for their stacks; what the system says if it cannot start
    /// them all (those started have ended then).
    pub fn new(threads: usize) -> std::io::Result<Self> {
        if threads == 0 {
            return Err(Error::new(ErrorKind::InvalidInput, "a team needs at least one thread"));
        }
        // A thread that lacks memory while it starts ends the whole process, so nothing is started that could.
        if threads > MOST_THREADS && more_than_cores(threads) {
            let message = format!("{threads} are too many: take one per core, or at most {MOST_THREADS}");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let mut stacks = Vec::<u8>::new();
        if threads > 1 && stacks.try_reserve_exact((threads - 1).saturating_mul(STACK)).is_err() {
            let message = format!("there is no memory for the stacks of {threads}: take fewer");
            return Err(Error::new(ErrorKind::OutOfMemory, message));
        }
        drop(core::hint::black_box(stacks));
        let shared = Arc::new(Shared {
            job: Job { unclaimed: AtomicU64::new(NONE), part: UnsafeCell::new(&|_| ()) }, // never called
            finished: Finished { parts: AtomicU64::new(0) },
            busy: AtomicBool::new(false),
            parking: Parking::new(),
            panic: Mutex::new(None),
            crowded: more_than_cores(threads),
        });
        let mut team = Self { shared, workers: vec![] };
        for i in 1..threads {
            let shared = team.shared.clone();
            team.workers.push(Builder::new().name(format!("team-{i}")).spawn(move || shared.serve())?);
        }
        Ok(team)
    }

    /// How many threads may take part in a job, the calling one included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `part(i)` for every i below `parts`, each once, on the calling thread and whichever workers come in time.
    ///
    /// Allocates nothing. While the team is busy, be it with the very job this is called from or with one of another
    /// thread, the calling thread does all parts itself; so it does with more than 2³² − 1 of them.
    ///
    /// # Panics
    /// If a part panics: with the payload of the first to do so, as soon as every thread has left the job. Parts that had
    /// not begun are dropped; the team can be used again.
    pub fn for_each(&self, parts: usize, part: &(dyn Fn(usize) + Sync)) {
        let shared = &*self.shared;
        let alone = parts < 2 || self.workers.is_empty() || parts > u32::MAX as usize;
        if alone || shared.busy.load(Ordering::Relaxed) || shared.busy.swap(true, Ordering::Acquire) {
            return (0..parts).for_each(part);
        }
        // SAFETY: a reference becomes a pointer that forgets its lifetime.
        let erased = unsafe { core::mem::transmute::<Part<'_>, *const (dyn Fn(usize) + Sync)>(part) };
        // SAFETY: nobody else reads or writes it: `busy` is ours, and workers read only after a claim, which needs a
        // part in `unclaimed`; those of the last job were all in `finished` before its caller left `busy`.
        shared.job.part.with_mut(|slot| unsafe { *slot = erased });
        shared.finished.parts.store(0, Ordering::Relaxed);
        // Part 0 is the caller's without a claim.
        shared.job.unclaimed.store((parts as u64) << 32 | 1, Ordering::Release);
        shared.parking.call(parts - 1, self.workers.len());

        let own = shared.run(part, 0, End::Low);
        let panicked = shared.wait_for(parts as u64 - own) & PANICKED != 0;
        let payload = if panicked { shared.panic.lock().expect(UNPOISONED).take() } else { None };
        shared.busy.store(false, Ordering::Release);
        if let Some(payload) = payload {
            resume_unwind(payload);
        }
    }
}

impl Shared {
    /// What a worker does all its life.
    fn serve(&self) {
        let idle = || matches!(self.job.unclaimed.load(Ordering::Relaxed), word if len(word) == 0 && word != CLOSED);
        loop {
            if let Some(part) = self.claim(End::High) {
                self.work(part);
            } else if self.job.unclaimed.load(Ordering::Relaxed) == CLOSED {
                return;
            } else if !poll(self.crowded, || !idle()) {
                self.parking.sleep(idle);
            }
        }
    }

    /// Runs a claimed part and whatever else is left of its job.
    fn work(&self, first: usize) {
        // SAFETY: we have claimed a part that is not in `finished` yet, so the caller of this job is in `Team::for_each`:
        // what the pointer points to is alive, and nobody writes the cell. The claim (acquire) made both visible.
        let parts = self.job.part.with(|part| self.run(unsafe { &**part }, first, End::High));
        // From here on the job may be gone.
        if self.finished.parts.fetch_add(parts, Ordering::Release) & WAITING != 0 {
            self.parking.progress();
        }
    }

    /// Takes one part out of `unclaimed`.
    fn claim(&self, end: End) -> Option<usize> {
        let mut word = self.job.unclaimed.load(Ordering::Relaxed);
        while len(word) > 0 {
            let (low, high) = range(word);
            let (part, rest) = if end == End::Low { (low, word + 1) } else { (high - 1, word - (1 << 32)) };
            match self.job.unclaimed.compare_exchange_weak(word, rest, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(part as usize),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Runs parts until none is left; a panic drops the unclaimed ones. Returns how many were run or dropped.
    fn run(&self, part: Part<'_>, first: usize, end: End) -> u64 {
        let mut parts = 0;
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut next = Some(first);
            while let Some(i) = next {
                parts += 1;
                part(i);
                next = self.claim(end);
            }
        }));
        if let Err(payload) = result {
            parts += len(self.job.unclaimed.swap(NONE, Ordering::Relaxed));
            let mut first = self.panic.lock().expect(UNPOISONED);
            match *first {
                None => *first = Some(payload),
                Some(_) => core::mem::forget(payload), // its destructor might panic, too
            }
            drop(first);
            self.finished.parts.fetch_or(PANICKED, Ordering::Relaxed);
        }
        parts
    }

    /// Waits until workers have finished so many parts; returns the flags of the job.
    fn wait_for(&self, parts: u64) -> u64 {
        let finished = || self.finished.parts.load(Ordering::Acquire);
        let done = || finished() & !FLAGS == parts;
        if !poll(self.crowded, done) {
            self.parking.wait(|| _ = self.finished.parts.fetch_or(WAITING, Ordering::Relaxed), done);
        }
        finished() & FLAGS
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if self.shared.parking.is_child() {
            // There is nobody to wait for; the handles are of threads that this process never had.
            return self.workers.drain(..).for_each(core::mem::forget);
        }
        self.shared.job.unclaimed.store(CLOSED, Ordering::Release);
        self.shared.parking.call_all();
        for worker in self.workers.drain(..) {
            worker.join().expect("a worker catches every panic");
        }
    }
}

impl core::fmt::Debug for Team {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Team").field("threads", &self.threads()).finish()
    }
}

/// A team equals itself.
impl PartialEq for Team {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}
impl Eq for Team {}

// A panic in a job leaves the team as it was.
impl UnwindSafe for Team {}
impl RefUnwindSafe for Team {}
