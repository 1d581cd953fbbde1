//! Which rates are tried for how long, and what follows from their losses.

use super::result::{RateSearch, RateSuggestion, RateTrials, UnknownRate, mean};
use crate::error::ConfigError;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Trials of a rate, whose mean counts in the end. Trials of one number share weights and batches, so that means differ less by chance than
/// medians would.
const TRIALS: u64 = 4;
/// Above the lowest loss by this share of it, a loss is as good.
const TOLERANCE: f64 = 0.005;

/// A search over a grid of rates. `trial(rate, steps, number)` trains and returns the validation loss, infinite if it diverged.
pub(super) struct Search<F> {
    rates: Vec<f64>,
    initial_loss: f64,
    trial: F,
    /// The losses by steps and place of the rate in the grid.
    losses: BTreeMap<(u64, usize), Vec<f64>>,
}

/// Rates that are tried around the best one: `reach` of them to either side, each `stride` places from the next.
#[derive(Clone, Copy)]
struct Window {
    stride: usize,
    reach: usize,
    trials: u64,
}

impl<F: FnMut(f64, u64, u64) -> Result<f64, ConfigError>> Search<F> {
    pub(super) fn new(rates: Vec<f64>, initial_loss: f64, trial: F) -> Self {
        Self { rates, initial_loss, trial, losses: BTreeMap::new() }
    }

    pub(super) fn run(mut self, steps: u64) -> Result<RateSearch, ConfigError> {
        let shortest = steps.div_ceil(64);
        for at in (0..self.rates.len()).step_by(2) {
            self.measure(shortest, at, 1)?;
        }
        let mut best = self.best(shortest, 1);
        for (steps, trials) in [(steps.div_ceil(8), 1), (steps, 2)] {
            best = self.descend(steps, best, Window { stride: 2, reach: 2, trials })?;
        }
        // Two trials may have been lucky.
        let lowest = self.loss(steps, best);
        for at in 0..self.rates.len() {
            if self.is_measured(steps, at, 1) && self.loss(steps, at) <= lowest + 10.0 * self.tolerance(lowest) {
                self.measure(steps, at, TRIALS)?;
            }
        }
        best = self.best(steps, TRIALS);
        best = self.descend(steps, best, Window { stride: 1, reach: 2, trials: TRIALS })?;
        // Both ends of what is as good have to be seen, with a rate behind them that is worse.
        let as_good = loop {
            let as_good = self.as_good(steps, best);
            if !self.gains(steps, best) {
                break as_good;
            }
            let behind = as_good.start().saturating_sub(1)..=(as_good.end() + 1).min(self.rates.len() - 1);
            if behind.clone().all(|at| self.is_measured(steps, at, TRIALS)) {
                break as_good;
            }
            for at in behind {
                self.measure(steps, at, TRIALS)?;
            }
            best = self.best(steps, TRIALS);
        };
        Ok(self.conclude(steps, best, as_good))
    }

    /// From the rate at `best` on, tries those around the best one until it is in the middle.
    fn descend(&mut self, steps: u64, mut best: usize, window: Window) -> Result<usize, ConfigError> {
        let Window { stride, reach, trials } = window;
        loop {
            let lowest = best - stride * (best / stride).min(reach);
            for at in (lowest..self.rates.len()).step_by(stride).take_while(|&at| at <= best + stride * reach) {
                self.measure(steps, at, trials)?;
            }
            let better = self.best(steps, trials);
            if better == best {
                return Ok(best);
            }
            best = better;
        }
    }

    /// Tries the rate until there are so many trials.
    fn measure(&mut self, steps: u64, at: usize, trials: u64) -> Result<(), ConfigError> {
        let losses = self.losses.entry((steps, at)).or_default();
        for number in losses.len() as u64..trials {
            losses.push((self.trial)(self.rates[at], steps, number)?);
        }
        Ok(())
    }

    fn is_measured(&self, steps: u64, at: usize, trials: u64) -> bool {
        self.losses.get(&(steps, at)).is_some_and(|losses| losses.len() as u64 >= trials)
    }

    fn loss(&self, steps: u64, at: usize) -> f64 {
        mean(&self.losses[&(steps, at)])
    }

    /// The place of the lowest loss among rates with so many trials, the lowest rate of equals.
    fn best(&self, steps: u64, trials: u64) -> usize {
        let tried = (0..self.rates.len()).filter(|&at| self.is_measured(steps, at, trials));
        tried.min_by(|&a, &b| self.loss(steps, a).total_cmp(&self.loss(steps, b))).expect("a rate was tried")
    }

    /// Whether training lowers the loss by more than chance might.
    fn gains(&self, steps: u64, best: usize) -> bool {
        self.initial_loss - self.loss(steps, best) > TOLERANCE * self.initial_loss.abs()
    }

    /// By how much a loss that is as good as the lowest may be above it.
    fn tolerance(&self, lowest: f64) -> f64 {
        TOLERANCE * lowest.abs().min((self.initial_loss - lowest).max(0.0))
    }

    /// The places around the best one that are as good, as far as they are measured.
    fn as_good(&self, steps: u64, best: usize) -> RangeInclusive<usize> {
        let lowest = self.loss(steps, best);
        let limit = lowest + self.tolerance(lowest);
        let good = |&at: &usize| self.is_measured(steps, at, TRIALS) && self.loss(steps, at) <= limit;
        let start = (0..best).rev().take_while(good).last().unwrap_or(best);
        let end = (best + 1..self.rates.len()).take_while(good).last().unwrap_or(best);
        start..=end
    }

    fn conclude(self, steps: u64, best: usize, as_good: RangeInclusive<usize>) -> RateSearch {
        let (initial_loss, lowest) = (self.initial_loss, self.loss(steps, best));
        let unknown = match as_good {
            _ if lowest > initial_loss + TOLERANCE * initial_loss.abs() => Some(UnknownRate::TooHigh),
            _ if !self.gains(steps, best) => Some(UnknownRate::NoGain),
            ref range if *range.start() == 0 => Some(UnknownRate::LowerLimit),
            ref range if range.end() + 1 == self.rates.len() => Some(UnknownRate::UpperLimit),
            _ => None,
        };
        let middle = as_good.start().midpoint(*as_good.end());
        let suggestion = RateSuggestion {
            rate: self.rates[middle],
            loss: self.loss(steps, middle),
            lowest: self.rates[*as_good.start()],
            highest: self.rates[*as_good.end()],
        };
        // The longest training with each rate says whether it is too high.
        let longest: BTreeMap<usize, u64> = self.losses.keys().map(|&(steps, at)| (at, steps)).collect();
        let fails = |&(&at, &steps): &(&usize, &u64)| self.loss(steps, at) >= initial_loss;
        let too_high = longest.iter().rev().take_while(fails).last().map(|(&at, _)| self.rates[at]);
        let finite = |loss: f64| Some(loss).filter(|loss| loss.is_finite());
        let trials = self.losses.iter().map(|(&(steps, at), losses)| RateTrials {
            rate: self.rates[at],
            steps,
            losses: losses.iter().copied().map(finite).collect(),
        });
        RateSearch {
            initial_loss,
            suggestion: Some(suggestion).filter(|_| unknown.is_none()),
            unknown,
            too_high,
            trials: trials.collect(),
        }
    }
}
