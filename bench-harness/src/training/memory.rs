//! Whether a training fits into memory, before anything of it is made.

use super::minimizer::Minimizer;
use crate::base::memory::room_for;
use crate::problem::model_spec::ModelSpec;
use anyhow::Result;
use simdescent::{Lbfgs, Rule, Settings};

const ADVICE: &str = "take fewer features, hidden units or samples per batch";

/// What is trained how, as far as memory depends on it.
pub(super) struct Footprint<'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) settings: &'a Settings,
    pub(super) minimizer: &'a Minimizer,
    pub(super) training_rows: usize,
    /// Whether its state goes into a file.
    pub(super) saves: bool,
}

impl Footprint<'_> {
    /// An error that says how large the model is, if there is no memory for the training.
    pub(super) fn check(&self) -> Result<()> {
        let what = || {
            let parameters = self.spec.parameters().unwrap_or(usize::MAX);
            let saving = if self.saves { ", with copies to save," } else { "" };
            format!("{}: {parameters} parameters, whose training{saving} takes", self.spec.describe())
        };
        room_for(self.numbers().saturating_mul(4), what, ADVICE)
    }

    /// How many `f32` there are at most at a time.
    fn numbers(&self) -> u64 {
        let Self { spec, settings, minimizer, training_rows, .. } = self;
        let parameters = spec.parameters().unwrap_or(usize::MAX) as u64;
        let (state, kept, batch) = match minimizer {
            // Pairs of vectors, and those of the line search.
            Minimizer::Lbfgs(Lbfgs { memory, .. }) => (2 * *memory as u64 * parameters, 4 * parameters, *training_rows),
            Minimizer::Steps(options) => {
                let layout = spec.layout();
                let state = settings.rule.state_elements(&layout) as u64;
                let largest_array = layout.iter().map(|(rows, cols)| rows * cols).max().unwrap_or(0) as u64;
                let layers = matches!(settings.rule, Rule::Muon { .. } | Rule::Adafactor { .. } | Rule::Lamb { .. });
                let averages = matches!(settings.rule, Rule::ScheduleFree { .. });
                // The best weights, and those of the training while others are evaluated.
                let copies = if options.early_stopping.is_some() { 2 } else { u64::from(averages) };
                let kept = u64::from(layers) * largest_array + copies * parameters;
                (state, kept, settings.batch_growth.largest().unwrap_or(settings.batch_size))
            }
        };
        let batch = batch as u64 * (spec.shape().0 as u64 + spec.numbers_per_sample());
        // Weights and gradient first.
        let training = 2 * parameters + state + kept + batch;
        // Copies of both weights and of the state, their bytes, and these in the order of the file.
        let saving = if self.saves { 6 * parameters + 3 * state } else { 0 };
        training + saving
    }
}
