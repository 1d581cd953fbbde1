//! The numbers of the analysis. Another one makes another version of it: [`ANALYSIS_VERSION`](crate::study::result::ANALYSIS_VERSION).

/// Of every interval and verdict.
pub(super) const CONFIDENCE: f64 = 0.95;
/// Resamples of seeds and rounds.
pub(super) const RESAMPLES: usize = 2000;
/// Resamples of tuning trials and their seeds.
pub(super) const CHOICES: usize = 500;
/// Of the resamples: the same for all cells, so that they are paired.
pub(super) const SEED: u64 = 1;
/// How much more of the gap may be left where a target is relaxed.
pub(super) const RELAXED: [f64; 2] = [1.05, 1.1];
