//! Interleaved timing.
//!
//! Clock and neighbors drift by more than the differences of interest, so absolute rates do not travel. What does:
//! the ratio between contestants that took turns, and the share of a limit that took part.

use crate::statistics::{interquartile_half_range, median};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use std::time::{Duration, Instant};

/// A contestant: its name and one call of it.
pub type Contestant<'a> = (&'a str, &'a mut dyn FnMut());

/// Shortest sample: some thousand times the cost of reading the clock.
pub const SAMPLE: Duration = Duration::from_micros(300);

/// Median seconds per call of each contestant, in their order.
pub fn medians(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<f64> {
    samples(rounds, contestants).into_iter().map(median).collect()
}

/// Seconds per call of each contestant, in their order, one for each round.
///
/// A round takes one sample of every contestant, in an order that is shuffled anew. A sample repeats the call until it is long enough to
/// be timed. A noisy machine needs `rounds` of 9 or more. When cargo passes `--test`, one call of each is all.
pub fn samples(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<Vec<f64>> {
    if smoke_test() {
        return contestants.iter_mut().map(|(_, call)| vec![time(1, *call)]).collect();
    }
    let rounds =
        shuffled_rounds(Plan { rounds, sample: SAMPLE, pause: Duration::ZERO, seed: 0 }, contestants, &mut |round| {
            round()
        });
    (0..contestants.len()).map(|i| rounds.iter().map(|round| round[i]).collect()).collect()
}

/// How long to time.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Each takes one sample of every contestant.
    pub rounds: usize,
    /// How long a sample is at least; [`SAMPLE`] is some thousand times the cost of reading the clock.
    pub sample: Duration,
    /// Before each sample: so long do threads of others wait for more work, and take time from who is next.
    pub pause: Duration,
    /// Of the orders.
    pub seed: u64,
}

/// Seconds per call by round, then by contestant in the order given. The rounds take place inside of calls of `around`, which may look
/// at the machine before and after.
pub fn shuffled_rounds(
    plan: Plan,
    contestants: &mut [Contestant<'_>],
    around: &mut dyn FnMut(&mut dyn FnMut()),
) -> Vec<Vec<f64>> {
    let (repeats, short): (Vec<u32>, Vec<bool>) =
        contestants.iter_mut().map(|(_, call)| repeats(plan.sample, *call)).unzip();
    let mut order: Vec<usize> = (0..contestants.len()).collect();
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    let mut rounds = vec![vec![0.0; contestants.len()]; plan.rounds];
    for round in &mut rounds {
        order.shuffle(&mut random);
        around(&mut || {
            for &i in &order {
                let (_, call) = &mut contestants[i];
                if !plan.pause.is_zero() {
                    std::thread::sleep(plan.pause);
                }
                // Its data may have left the cache while the others ran; in a long call that is nothing.
                if repeats[i] > 1 || short[i] {
                    call();
                }
                round[i] = time(repeats[i], *call);
            }
        });
    }
    rounds
}

/// Whether this is `cargo bench -- --test`: does everything run?
#[must_use]
pub fn smoke_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Half the distance between the quartiles, as a share of the median.
///
/// # Panics
///
/// Without samples.
#[must_use]
pub fn spread(samples: Vec<f64>) -> f64 {
    interquartile_half_range(samples.clone()) / median(samples)
}

/// Seconds per call.
fn time(repeats: u32, call: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        call();
    }
    start.elapsed().as_secs_f64() / f64::from(repeats)
}

/// How often to call in one sample, and whether a call is short; warms up on the way.
fn repeats(sample: Duration, call: &mut dyn FnMut()) -> (u32, bool) {
    let mut repeats = 1;
    loop {
        let per_call = time(repeats, call);
        if per_call * f64::from(repeats) >= sample.as_secs_f64() {
            return (repeats, per_call < 0.01);
        }
        repeats *= 2;
    }
}
