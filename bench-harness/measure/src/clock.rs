//! Interleaved timing.
//!
//! Clock and neighbors drift by more than the differences of interest, so absolute rates do not travel. What does:
//! the ratio between contestants that took turns, and the share of a limit that took part.

use crate::statistics::{interquartile_half_range, median};
use std::time::{Duration, Instant};

/// A contestant: its name and one call of it.
pub type Contestant<'a> = (&'a str, &'a mut dyn FnMut());

/// Shortest sample: some thousand times the cost of reading the clock.
const SAMPLE: Duration = Duration::from_micros(300);

/// Median seconds per call of each contestant, in their order.
pub fn medians(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<f64> {
    samples(rounds, contestants).into_iter().map(median).collect()
}

/// Seconds per call of each contestant, in their order, one for each round.
///
/// A round takes one sample of every contestant, and each round begins with another one. A sample repeats the call
/// until it is long enough to be timed. A noisy machine needs `rounds` of 9 or more. When cargo passes `--test`,
/// one call of each is all.
pub fn samples(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<Vec<f64>> {
    if smoke_test() {
        return contestants.iter_mut().map(|(_, call)| vec![time(1, *call)]).collect();
    }
    let repeats: Vec<u32> = contestants.iter_mut().map(|(_, call)| repeats(*call)).collect();
    let mut samples = vec![Vec::with_capacity(rounds); contestants.len()];
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let i = (round + turn) % contestants.len();
            let (_, call) = &mut contestants[i];
            call(); // Its data may have left the cache while the others ran.
            samples[i].push(time(repeats[i], *call));
        }
    }
    samples
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

/// How often to call in one sample; warms up on the way.
fn repeats(call: &mut dyn FnMut()) -> u32 {
    let mut repeats = 1;
    loop {
        let spent = time(repeats, call) * f64::from(repeats);
        if spent >= SAMPLE.as_secs_f64() {
            return repeats;
        }
        repeats *= 2;
    }
}
