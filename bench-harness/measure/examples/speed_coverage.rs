//! How often intervals of speed-ups hold the truth, and how often the control of a bench warns of nothing, by simulation:
//! `cargo run --release -p simdescent-measure --example speed_coverage`.
//!
//! The times of a contestant are exp(machine + process + round): the state of the machine in a process is common to all, where its code
//! and data lie is its own, and rounds are disturbed one-sidedly, as interrupts and neighbors do. A process gives the median of its
//! rounds. A run is quiet, because nothing favors a contestant.

use simdescent_measure::statistics::*;

const RUNS: u32 = 20_000;

/// Uniform numbers from a counter (SplitMix64).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 0.5 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }
}

/// How much times vary, as standard deviations of logarithms.
#[derive(Clone, Copy)]
struct Noise {
    /// Of a process, for all contestants.
    machine: f64,
    /// Of a contestant in a process.
    process: f64,
    /// Of a round.
    round: f64,
    /// The share of the rounds that are disturbed, and by how much at most.
    disturbed: (f64, f64),
}

/// The median time of each of two contestants in a process; the second takes `factor` as long.
fn process(random: &mut Random, noise: Noise, rounds: usize, factor: f64) -> (f64, f64) {
    let machine = noise.machine * random.normal();
    let mut one = |middle: f64| {
        let own = machine + noise.process * random.normal();
        let round = |random: &mut Random| {
            let disturbed = random.uniform() < noise.disturbed.0;
            let extra = if disturbed { noise.disturbed.1 * random.uniform() } else { 0.0 };
            middle * libm::exp(own + noise.round * random.normal() + extra)
        };
        median((0..rounds).map(|_| round(random)).collect())
    };
    (one(1.0), one(factor))
}

/// Shares of runs: whose control warns at 99 %, whose 95 % interval holds a ratio of 1.1 within processes, and between two runs.
fn shares(noise: Noise, processes: usize, rounds: usize) -> [f64; 3] {
    let mut random = Random(17);
    let mut counts = [0u32; 3];
    for _ in 0..RUNS {
        let mut run =
            |factor| -> Vec<_> { (0..processes).map(|_| process(&mut random, noise, rounds, factor)).collect() };
        let (control, contest, other) = (run(1.0), run(1.1), run(1.1));
        let control = SpeedUp::of_pairs(&control).expect("times");
        let within = SpeedUp::of_pairs(&contest).expect("times");
        let [own, theirs] =
            [contest.iter().map(|pair| pair.0).collect::<Vec<_>>(), other.iter().map(|pair| pair.1).collect()];
        let between = SpeedUp::between(&own, &theirs).expect("times");
        counts[0] += u32::from(!control.ratio(0.99).interval.contains(1.0));
        counts[1] += u32::from(within.ratio(0.95).interval.contains(1.1));
        counts[2] += u32::from(between.ratio(0.95).interval.contains(1.1));
    }
    counts.map(|count| 100.0 * f64::from(count) / f64::from(RUNS))
}

fn main() {
    println!("| noise | processes | rounds | control warns, % | 95 % holds, within | between runs |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let quiet = Noise { machine: 0.01, process: 0.005, round: 0.01, disturbed: (0.05, 0.3) };
    let busy = Noise { machine: 0.1, process: 0.03, round: 0.1, disturbed: (0.3, 1.0) };
    let placed = Noise { machine: 0.02, process: 0.05, round: 0.01, disturbed: (0.0, 0.0) };
    for (name, noise) in [("a quiet machine", quiet), ("a busy one", busy), ("times that depend on the place", placed)]
    {
        for (processes, rounds) in [(5, 5), (5, 9), (10, 9)] {
            let [warns, within, between] = shares(noise, processes, rounds);
            println!("| {name} | {processes} | {rounds} | {warns:.2} | {within:.1} | {between:.1} |");
        }
    }
}
