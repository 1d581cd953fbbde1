//! Who computes the same thing, checked and then timed by turns.

use simdescent_kernels::{Exec, Real};
use simdescent_measure::clock::{self, Plan};
use simdescent_measure::limits::{Aligned, Mixed, fma};

/// What a contestant does: it leaves its result in the numbers it is given, which may also be what it starts from.
pub type Call<'a, T> = Box<dyn FnMut(&mut [T]) + 'a>;

/// A contestant.
pub struct Entry<'a, T> {
    /// `simdescent` for our own.
    pub name: &'static str,
    /// What it does.
    pub call: Call<'a, T>,
}

impl<'a, T> Entry<'a, T> {
    /// A contestant of this name.
    pub fn new(name: &'static str, call: impl FnMut(&mut [T]) + 'a) -> Self {
        Self { name, call: Box::new(call) }
    }
}

/// Our own name among contestants.
pub const OURS: &str = "simdescent";
/// Our own on one thread, where the contest is on several.
pub const OURS_ON_ONE_THREAD: &str = "simdescent, 1 thread";
/// Our own once more, which tells how far times differ without a reason.
pub const CONTROL: &str = "simdescent again";

/// How a contest is timed.
pub struct Timing<'a> {
    /// Where we run, and on how many threads.
    pub exec: Exec<'a>,
    /// Rounds, length of a sample, seed.
    pub plan: Plan,
    /// Called with each round, which it calls once.
    pub around: &'a mut dyn FnMut(&mut dyn FnMut()),
}

/// Seconds per call.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// In the order in which they were entered.
    pub names: Vec<&'static str>,
    /// By round, then by contestant.
    pub rounds: Vec<Vec<f64>>,
    /// By round: the loop of multiply-adds in registers, and the one that also loads and mixes integers.
    pub calibration: Vec<[f64; 2]>,
}

/// All contestants, what they start from, and how far apart their results may be.
pub struct Contest<'a, T> {
    /// What each result is before the first call.
    pub start: &'a [T],
    /// As a share of the largest element of our own result, which is the first entry's.
    pub tolerance: f64,
    /// Ours first.
    pub entries: Vec<Entry<'a, T>>,
}

impl<T: Real> Contest<'_, T> {
    /// Compares the results of first calls, then times.
    ///
    /// # Errors
    ///
    /// Names the contestant whose result is another one, and where.
    pub fn hold(mut self, timing: Timing<'_>) -> Result<Times, String> {
        let mut results: Vec<Aligned<T>> = vec![];
        for entry in &mut self.entries {
            let mut result = Aligned::copy_of(self.start);
            (entry.call)(&mut result);
            results.push(result);
        }
        self.compare(&results)?;
        let names: Vec<&'static str> = self.entries.iter().map(|entry| entry.name).collect();
        let (n, isa) = (names.len(), timing.exec.isa());
        let (mut registers, mixed) = (|| fma::<f32>(isa), Mixed::default());
        let mut mixed = || mixed.run(isa);
        let mut calls: Vec<_> = self
            .entries
            .iter_mut()
            .zip(&mut results)
            .map(|(entry, result)| (entry.name, || (entry.call)(result)))
            .collect();
        let mut contestants: Vec<clock::Contestant<'_>> =
            calls.iter_mut().map(|(name, call)| (*name, call as &mut dyn FnMut())).collect();
        contestants.extend([("", &mut registers as &mut dyn FnMut()), ("", &mut mixed)]);
        let all = clock::shuffled_rounds(timing.plan, &mut contestants, timing.around);
        let calibration = all.iter().map(|round| [round[n], round[n + 1]]).collect();
        let rounds = all.into_iter().map(|mut round| {
            round.truncate(n);
            round
        });
        Ok(Times { names, rounds: rounds.collect(), calibration })
    }

    fn compare(&self, results: &[Aligned<T>]) -> Result<(), String> {
        let Some((ours, theirs)) = results.split_first() else { return Ok(()) };
        let size = ours.iter().fold(0.0f64, |size, x| size.max(x.to_f64().abs())).max(f64::MIN_POSITIVE);
        for (entry, result) in self.entries[1..].iter().zip(theirs) {
            for (i, (a, b)) in ours.iter().zip(&**result).enumerate() {
                let apart = (a.to_f64() - b.to_f64()).abs() / size;
                // What is not a number is not near anything.
                if apart.is_nan() || apart > self.tolerance {
                    return Err(format!(
                        "{} computes something else: its element {i} is {b}, ours is {a}; the largest is {size}",
                        entry.name
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn hold(theirs: f32) -> Result<Times, String> {
        let entries = vec![Entry::new(OURS, |y| y[1] += 1.0), Entry::new("them", move |y| y[1] += theirs)];
        let plan = Plan { rounds: 3, sample: Duration::from_micros(1), pause: Duration::ZERO, seed: 1 };
        let mut rounds = 0;
        let mut around = |round: &mut dyn FnMut()| {
            rounds += 1;
            round();
        };
        let timing = Timing { exec: Exec::default(), plan, around: &mut around };
        let times = Contest { start: &[1.0, 2.0], tolerance: 1e-6, entries }.hold(timing);
        assert_eq!(rounds, if times.is_ok() { 3 } else { 0 });
        times
    }

    #[test]
    fn who_computes_something_else_is_not_timed() {
        let times = hold(1.0 + 1e-6).unwrap();
        assert_eq!(times.names, [OURS, "them"]);
        assert_eq!((times.rounds.len(), times.calibration.len()), (3, 3));
        assert!(times.rounds.iter().all(|round| round.len() == 2 && round.iter().all(|&seconds| seconds > 0.0)));
        let fault = hold(1.1).unwrap_err();
        assert!(fault.starts_with("them computes something else: its element 1 is 3.1, ours is 3"), "{fault}");
        assert!(hold(f32::NAN).is_err());
    }
}
