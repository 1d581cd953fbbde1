//! The child of a fork has no workers: a team works there all the same.
#![cfg(all(unix, not(miri)))]

use simdescent_kernels::{Exec, Par, Team, dot, isa};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Runs `child` in a child of this process, which must end well within ten seconds.
fn in_child(child: impl FnOnce()) {
    // SAFETY: the child runs nothing but `child` on the one thread it has, and leaves without destructors of this process.
    let id = unsafe { libc::fork() };
    assert!(id >= 0, "fork");
    if id == 0 {
        let failed = catch_unwind(AssertUnwindSafe(child)).is_err();
        // SAFETY: ends the process.
        unsafe { libc::_exit(i32::from(failed)) };
    }
    let (mut status, start) = (0, Instant::now());
    // SAFETY: our child, and a number to write to.
    while unsafe { libc::waitpid(id, &raw mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > Duration::from_secs(10) {
            // SAFETY: our child, which has not been waited for.
            unsafe { libc::kill(id, libc::SIGKILL) };
            panic!("the child hangs");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(status, 0, "the child failed");
}

/// Its kernels, and its end: with workers awake and asleep.
#[test]
#[cfg_attr(
    all(target_arch = "aarch64", target_env = "musl"),
    ignore = "emulation gives the child of a fork no threads"
)]
fn a_team_works_and_ends_in_the_child_of_a_fork() {
    let x = vec![0.5f32; 200_000];
    for (threads, asleep) in [(1, false), (2, false), (2, true), (4, true)] {
        let team = Team::new(threads).expect("a team");
        let want = dot(Exec::new(isa::active(), Par::Team(&team)), &x, &x);
        if asleep {
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut team = Some(team);
        in_child(|| {
            for _ in 0..3 {
                let exec = Exec::new(isa::active(), Par::Team(team.as_ref().expect("not ended")));
                assert_eq!(dot(exec, &x, &x), want);
            }
            drop(team.take());
            // Those of the child's own have workers.
            let own = Team::new(2).expect("a team");
            assert_eq!(dot(Exec::new(isa::active(), Par::Team(&own)), &x, &x), want);
        });
        let team = team.expect("only the child's has ended");
        assert_eq!(dot(Exec::new(isa::active(), Par::Team(&team)), &x, &x), want, "in the parent");
    }
}
