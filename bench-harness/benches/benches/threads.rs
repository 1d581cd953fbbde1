//! Products on several threads beside the same on one, as a Markdown table:
//!
//! ```sh
//! cargo bench -p simdescent-benches --features tables --bench threads [-- [--f64] [--rayon] [--threads=N] [FILTER]]
//! ```
//!
//! The time on one thread divided by that on N (two, if not given), in a process without peers, whose waiting threads would
//! disturb. The limit is the same ratio for a loop of multiply-adds in registers: N where each thread has a core of its
//! own. Ratios of medians of interleaved rounds; of those the median and the range over several passes through the table,
//! because a machine may change for seconds. Products that are not worth a second thread run on one: 1.00. Whatever has a median
//! below 0.95 is listed at the end. With `--rayon` the threads are those of rayon's global pool
//! (`RAYON_NUM_THREADS`) instead of a `Team`'s.

use simdescent_benches::arguments::Arguments;
use simdescent_benches::products::{Operands, Shape, selected};
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Exec, Par, Real, isa};
use simdescent_measure::clock::{medians, smoke_test};
use simdescent_measure::limits::{Aligned, fma};
use simdescent_measure::statistics::median;

const PASSES: usize = 7;
const ROUNDS: usize = 9;
/// Medians differ by so much without a reason.
const NOISE: f64 = 0.95;

fn main() {
    let arguments = Arguments::read(&["--f64", "--rayon", "--threads="]);
    let rayon = arguments.has("--rayon");
    let team = Team::new(if rayon { Par::Rayon.threads() } else { arguments.threads(2) }).expect("threads");
    let par = if rayon { Par::Rayon } else { Par::Team(&team) };
    let exec = Exec::new(isa::active(), par);
    let shapes = selected(&arguments);
    if arguments.has("--f64") {
        table::<f64>(exec, &team, &shapes);
    } else {
        table::<f32>(exec, &team, &shapes);
    }
}

fn table<T: Real>(exec: Exec<'_>, team: &Team, shapes: &[Shape]) {
    let passes = if smoke_test() { 1 } else { PASSES };
    let mut measured = vec![Vec::with_capacity(passes); shapes.len()];
    for pass in 1..=passes {
        eprintln!("pass {pass} of {passes}");
        for (measured, &shape) in measured.iter_mut().zip(shapes) {
            measured.push(measure::<T>(exec, team, shape));
        }
    }
    let threads = exec.par().threads();
    println!("| {} m × n × k | µs on 1 thread | {threads} threads / 1 | range | limit |", exec.isa());
    println!("| --- |{}", " ---: |".repeat(4));
    let mut slower = Vec::new();
    for (measured, shape) in measured.iter().zip(shapes) {
        let column = |i: usize| measured.iter().map(|row| row[i]).collect::<Vec<_>>();
        let [micros, speed_up, limit] = [0, 1, 2].map(|i| median(column(i)));
        let [low, high] = [f64::min, f64::max].map(|pick| column(1).into_iter().reduce(pick).expect("passes"));
        println!("| {shape} | {micros:.1} | {speed_up:.2} | {low:.2} … {high:.2} | {limit:.2} |");
        if speed_up < NOISE {
            slower.push(format!("{shape} ({speed_up:.2})"));
        }
    }
    match slower.as_slice() {
        [] => println!("\nNo product is slower on {threads} threads than on one."),
        slower => println!("\nSlower on {threads} threads than on one: {}.", slower.join(", ")),
    }
}

/// Microseconds on one thread; how many times faster the product is on all, and a loop of multiply-adds.
fn measure<T: Real>(exec: Exec<'_>, team: &Team, shape: Shape) -> [f64; 3] {
    let operands = Operands::<T>::new(shape);
    let [mut c, mut c_one] = [(); 2].map(|()| Aligned::<T>::new(shape.m * shape.n));
    let threads = exec.par().threads();
    // Long enough for the hand-off to be nothing.
    let fmas = || (0..100).for_each(|_| fma::<T>(exec.isa()));
    let seconds = medians(
        ROUNDS,
        &mut [
            ("threads", &mut || operands.multiply(exec, &mut c)),
            ("one", &mut || operands.multiply(exec.seq(), &mut c_one)),
            ("limit", &mut || team.for_each(threads, &|_| fmas())),
            ("limit of one", &mut || fmas()),
        ],
    );
    [1e6 * seconds[1], seconds[1] / seconds[0], threads as f64 * seconds[3] / seconds[2]]
}
