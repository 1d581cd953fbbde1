//! The team under load: every part once, whoever calls, however many threads, whatever panics.

use simdescent_kernels::Team;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// A number of repetitions, far fewer under Miri or an emulator.
fn times(n: usize) -> usize {
    if cfg!(miri) {
        n.min(3)
    } else if cfg!(target_arch = "aarch64") {
        n.div_ceil(20)
    } else {
        n
    }
}

fn team(threads: usize) -> Team {
    Team::new(threads).expect("a team")
}

/// One job: every part runs once.
#[track_caller]
fn check(team: &Team, parts: usize) {
    let counts: Vec<_> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
    team.for_each(parts, &|i| _ = counts[i].fetch_add(1, Relaxed));
    assert!(counts.iter().all(|n| n.load(Relaxed) == 1), "{team:?}, {parts} parts: {counts:?}");
}

/// A job that takes two threads: part 0 waits for part 1, which a worker has to run.
fn rendezvous(team: &Team) {
    let barrier = Barrier::new(2);
    team.for_each(2, &|_| _ = barrier.wait());
}

/// Longer than a worker stays awake.
fn let_them_park() {
    std::thread::sleep(Duration::from_millis(1));
}

#[test]
fn every_part_runs_once() {
    for threads in 1..=4 {
        let team = team(threads);
        assert_eq!(team.threads(), threads);
        for _ in 0..times(2000) {
            for parts in [0, 1, 2, 3, threads, threads + 1, 17] {
                check(&team, parts);
            }
        }
        check(&team, times(100_000));
    }
}

#[test]
fn no_team_of_nobody() {
    for many in [20_000, usize::MAX] {
        let error = Team::new(many).unwrap_err().to_string();
        assert!(error.contains("are too many: take one per core"), "{error}");
    }
    let error = Team::new(0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn workers_come_awake_or_parked() {
    let team = team(2);
    for _ in 0..times(50) {
        rendezvous(&team);
        rendezvous(&team);
        let_them_park();
    }
}

#[test]
fn a_caller_waits_for_a_slow_worker() {
    let team = team(2);
    for _ in 0..times(10) {
        let (barrier, finished) = (Barrier::new(2), AtomicUsize::new(0));
        team.for_each(2, &|i| {
            barrier.wait();
            std::thread::sleep(Duration::from_millis(3 * i as u64));
            finished.fetch_add(1, Relaxed);
        });
        assert_eq!(finished.load(Relaxed), 2);
    }
}

#[test]
fn nested_jobs_run_on_the_thread_that_asks() {
    let team = team(3);
    for _ in 0..times(300) {
        let count = AtomicUsize::new(0);
        team.for_each(5, &|_| {
            let this = std::thread::current().id();
            team.for_each(7, &|_| {
                assert_eq!(std::thread::current().id(), this);
                team.for_each(2, &|_| _ = count.fetch_add(1, Relaxed));
            });
        });
        assert_eq!(count.load(Relaxed), 5 * 7 * 2);
    }
}

#[test]
fn jobs_of_two_teams_may_nest_both_ways() {
    let (a, b) = (team(2), team(2));
    for _ in 0..times(300) {
        let count = AtomicUsize::new(0);
        let inner = |outer: &Team, inner: &Team| {
            outer.for_each(4, &|_| inner.for_each(4, &|_| outer.for_each(4, &|_| _ = count.fetch_add(1, Relaxed))));
        };
        std::thread::scope(|scope| {
            scope.spawn(|| inner(&a, &b));
            inner(&b, &a);
        });
        assert_eq!(count.load(Relaxed), 2 * 64);
    }
}

#[test]
fn many_callers_at_once() {
    let team = team(2);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..times(2000)).for_each(|parts| check(&team, parts % 9)));
        }
    });
}

#[test]
fn more_threads_than_cores() {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let team = team(if cfg!(miri) { 5 } else { 4 * cores });
    for i in 0..times(2000) {
        check(&team, i % (6 * cores));
    }
}

#[test]
fn a_panic_reaches_the_caller_and_the_team_lives_on() {
    for threads in 1..=3 {
        let team = team(threads);
        for i in 0..times(200) {
            let (bad, running) = (i % 6, AtomicUsize::new(0));
            let job = |part| {
                running.fetch_add(1, Relaxed);
                if part == bad {
                    running.fetch_sub(1, Relaxed);
                    std::panic::panic_any(("part", part)); // no hook output needed: it is a payload of our own
                }
                std::hint::black_box(part);
                running.fetch_sub(1, Relaxed);
            };
            let payload = catch_unwind(AssertUnwindSafe(|| team.for_each(6, &job))).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&("part", bad)));
            assert_eq!(running.load(Relaxed), 0, "a thread was still in the job");
            check(&team, 10);
        }
    }
}

/// A destructor that panics, too: only one payload arrives, no thread dies.
#[test]
fn panics_of_all_threads_at_once() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("the payload's destructor");
            }
        }
    }
    let team = team(2);
    for _ in 0..times(50) {
        let barrier = Barrier::new(2);
        let job = |_| {
            barrier.wait();
            std::panic::panic_any(Bomb);
        };
        let payload = catch_unwind(AssertUnwindSafe(|| team.for_each(2, &job))).unwrap_err();
        assert!(payload.is::<Bomb>());
        std::mem::forget(payload);
        check(&team, 10);
        rendezvous(&team);
    }
}

#[test]
fn a_team_may_be_dropped_at_any_time() {
    for i in 0..times(100) {
        let team = team(1 + i % 4);
        match i / 4 % 4 {
            0 => {}               // perhaps not even started
            1 => check(&team, 5), // spinning
            2 => let_them_park(), // parked
            _ => {
                let_them_park();
                check(&team, 5); // just called
            }
        }
    }
}

#[test]
fn a_team_is_itself_and_prints_its_size() {
    let (a, b) = (team(1), team(2));
    assert!(a == a && a != b);
    assert_eq!(format!("{b:?}"), "Team { threads: 2 }");
}
