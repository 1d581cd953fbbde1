//! The measuring protocol: what is varied, how far a run goes, what counts as success. PROTOCOL.md says it in words.

use clap::ValueEnum;
use serde::Serialize;
use simdescent::Rule;

/// Version of the protocol; reports of different versions are not comparable.
pub(crate) const VERSION: u32 = 1;

/// The optimizers of a sweep, with their usual hyper-parameters; only the learning rate is tuned.
pub(crate) const RULES: [Rule; 5] = [Rule::Sgd, Rule::MOMENTUM, Rule::ADAGRAD, Rule::RMSPROP, Rule::ADAM];

/// The target is the validation loss that leaves this share of the gap between the initial loss and the pilot's best.
pub(crate) const TARGET_GAP: f64 = 0.05;
/// A pilot that closes less than this share of the gap between the initial loss and the lowest that is known to be possible has no target.
pub(crate) const LEAST_GAP: f64 = 0.2;
/// The optimizer and batch size whose best run sets the target.
pub(crate) const PILOT: (Rule, usize) = (Rule::ADAM, 32);

/// A validation loss this many times the initial one counts as divergence, like one that is not finite.
pub(crate) const DIVERGED: f64 = 1e4;

/// Validation happens each time the number of samples seen has grown by this factor.
pub(crate) const EVALUATION_RATIO: f64 = 1.05;

/// A run sees at most this many epochs …
const EPOCHS: usize = 10;
/// … and at most this many samples (but at least one epoch).
const SAMPLES: usize = 32_768;

/// How much a sweep measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Profile {
    /// 5 batch sizes, 4 learning rates, 1 measured run per cell: under two minutes on two cores.
    Quick,
    /// 8 batch sizes, 7 learning rates, 3 measured runs per cell.
    Standard,
    /// 12 batch sizes, 13 learning rates, 10 measured runs per cell.
    Full,
}

impl Profile {
    /// Batch sizes up to the number of training rows.
    pub(crate) fn batch_sizes(self, rows: usize) -> Vec<usize> {
        let all: &[usize] = match self {
            Self::Quick => &[1, 8, 32, 128, 512],
            Self::Standard => &[1, 4, 16, 32, 64, 128, 256, 1024],
            Self::Full => &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048],
        };
        all.iter().copied().filter(|&size| size <= rows).collect()
    }

    /// Learning rates tried for a rule: the same for every batch size, evenly spaced on a log scale. Denser profiles
    /// contain the rates of sparser ones.
    pub(crate) fn learning_rates(self, rule: Rule) -> Vec<f64> {
        // Each rule has three decades around its usual rates, given by exact decimal numbers so that no libm decides bits.
        let top: f64 = match rule {
            Rule::Sgd | Rule::AdaGrad { .. } => 1.0,
            _ => 0.1,
        };
        let per_decade: &[f64] = match self {
            Self::Quick => &[1.0],
            Self::Standard => &[1.0, 0.316],
            Self::Full => &[1.0, 0.562, 0.316, 0.178],
        };
        let mut rates: Vec<f64> = (0..3)
            .map(|decade| [1.0, 10.0, 100.0][decade])
            .flat_map(|decade| per_decade.iter().map(move |step| top * step / decade))
            .collect();
        rates.push(top / 1000.0);
        rates
    }

    /// How many runs with fresh seeds are measured at the tuned learning rate.
    pub(crate) fn repeats(self) -> u64 {
        match self {
            Self::Quick => 1,
            Self::Standard => 3,
            Self::Full => 10,
        }
    }
}

/// How many samples a run may see, whatever the batch size: equal computation for every cell.
pub(crate) fn budget(rows: usize) -> usize {
    (EPOCHS * rows).min(SAMPLES.max(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denser_profiles_contain_the_rates_of_sparser_ones() {
        for rule in RULES {
            let [quick, standard, full] =
                [Profile::Quick, Profile::Standard, Profile::Full].map(|p| p.learning_rates(rule));
            assert_eq!((quick.len(), standard.len(), full.len()), (4, 7, 13));
            assert!(quick.iter().all(|r| standard.contains(r)) && standard.iter().all(|r| full.contains(r)));
            assert!(full.windows(2).all(|w| w[1] < w[0]), "{full:?}");
        }
    }

    #[test]
    fn batches_fit_the_data_and_the_pilot_is_always_possible_on_enough_rows() {
        assert_eq!(Profile::Quick.batch_sizes(100), [1, 8, 32]);
        for profile in [Profile::Quick, Profile::Standard, Profile::Full] {
            assert!(profile.batch_sizes(4000).contains(&PILOT.1));
        }
    }

    #[test]
    fn the_budget_is_ten_epochs_capped_but_never_less_than_one() {
        assert_eq!([100, 8000, 100_000].map(budget), [1000, 32_768, 100_000]);
    }
}
