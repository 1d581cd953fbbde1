//! What it costs to give another thread a job and to wait for it, as a Markdown table:
//!
//! ```sh
//! cargo bench -p simdescent-benches --features tables --bench hand_off
//! ```
//!
//! Nanoseconds of interleaved rounds: median, lowest and highest tenth. In an empty job the caller may have done all parts
//! before the other thread has come; where both meet, it has.

use simdescent_benches::arguments::Arguments;
use simdescent_kernels::threads::Team;
use simdescent_measure::clock::smoke_test;
use simdescent_measure::statistics::median;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

const ROUNDS: usize = 101;
const JOBS: u32 = 2000;
/// Jobs before the first one that counts, so that the other threads are awake.
const WARM_UP: u32 = 100;
/// Longer than a thread stays awake without a job.
const LONG: Duration = Duration::from_millis(2);

fn main() {
    Arguments::read(&[]).check();
    let team = Team::new(2).expect("threads");
    let here = AtomicUsize::new(0);
    let meet = || {
        here.store(0, Relaxed);
        team.for_each(2, &|_| {
            here.fetch_add(1, Relaxed);
            while here.load(Relaxed) < 2 {
                std::hint::spin_loop();
            }
        });
    };
    // Name, jobs in a round (one: the other thread is asleep), job.
    type Row<'a> = (&'a str, u32, &'a dyn Fn());
    let rows: [Row<'_>; 5] = [
        ("team, empty job", JOBS, &|| team.for_each(2, &|_| ())),
        ("team, both meet", JOBS, &meet),
        ("team, both meet, worker asleep", 1, &meet),
        ("rayon::join, empty", JOBS / 20, &|| _ = rayon::join(|| (), || ())),
        ("rayon::join, empty, workers asleep", 1, &|| _ = rayon::join(|| (), || ())),
    ];
    let rounds = if smoke_test() { 1 } else { ROUNDS };
    let mut samples = rows.map(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for ((_, jobs, job), samples) in rows.iter().zip(&mut samples) {
            if *jobs == 1 {
                std::thread::sleep(LONG);
            } else {
                (0..WARM_UP).for_each(|_| job());
            }
            let start = Instant::now();
            (0..*jobs).for_each(|_| job());
            samples.push(1e9 * start.elapsed().as_secs_f64() / f64::from(*jobs));
        }
    }
    println!("| two threads | ns | lowest tenth | highest tenth |");
    println!("| --- | ---: | ---: | ---: |");
    for ((name, ..), mut samples) in rows.iter().zip(samples) {
        samples.sort_by(f64::total_cmp);
        let [low, high] = [rounds / 10, rounds * 9 / 10].map(|i| samples[i]);
        println!("| {name} | {:.0} | {low:.0} | {high:.0} |", median(samples));
    }
}
