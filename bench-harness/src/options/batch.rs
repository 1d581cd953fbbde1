//! How batches are drawn and how their size changes, as options.

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::{BatchGrowth, BatchShape, LastBatch, Milestones, Plateau, RateScaling, Sampling};
use std::num::NonZeroUsize;

/// Size and sampling.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct BatchOptions {
    /// Samples of the first step, at most all rows [default: 32]
    #[arg(long, value_name = "N")]
    batch_size: Option<NonZeroUsize>,
    /// How the batch size changes [default: fixed]
    #[arg(long, value_enum)]
    batch_growth: Option<GrowthName>,
    /// What multiplies the batch size: per --growth-every steps, at each of --growth-at, or per plateau [default: 2]
    #[arg(long, value_name = "F")]
    growth_factor: Option<f64>,
    /// Steps in which the batch size is multiplied once [default: a third of all steps]
    #[arg(long, value_name = "N")]
    growth_every: Option<u64>,
    /// After how many samples the batch size is multiplied, under milestones; a number that is there twice multiplies twice
    #[arg(long, value_name = "SAMPLES,...", value_delimiter = ',')]
    growth_at: Option<Vec<u64>>,
    /// What a batch κ times as large does to the rate under step, geometric, milestones, plateau [default: none]
    #[arg(long, value_enum)]
    rate_scaling: Option<ScalingName>,
    /// Where the growth ends [default: all rows]
    #[arg(long, value_name = "N")]
    pub(crate) largest_batch: Option<usize>,
    /// How samples are drawn [default: reshuffled]
    #[arg(long, value_enum)]
    sampling: Option<SamplingName>,
    /// What becomes of the samples at the end of an epoch that do not fill a batch [default: short]
    #[arg(long, value_enum)]
    last_batch: Option<LastBatchName>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrowthName {
    Fixed,
    /// Times a factor every so many steps
    Step,
    /// The same, smoothly
    Geometric,
    /// Times a factor after certain numbers of samples (see --growth-at)
    Milestones,
    /// Times a factor when the validation loss stops falling (see --plateau-patience)
    Plateau,
    /// Grow where the learning-rate schedule would decay, and keep the rate (Smith et al. 2018)
    InsteadOfDecay,
    /// Grow where it would decay, and let the rate fall by the root only (for Adam and its like)
    Seesaw,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ScalingName {
    None,
    /// Times κ
    Linear,
    /// Times √κ
    SquareRoot,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SamplingName {
    Reshuffled,
    FixedOrder,
    WithReplacement,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LastBatchName {
    /// They are a short batch
    Short,
    /// They are left out
    Drop,
}

impl BatchOptions {
    /// Samples of the first step.
    pub(crate) fn size(&self, usual: usize) -> usize {
        self.batch_size.map_or(usual, NonZeroUsize::get)
    }

    /// Another size.
    pub(crate) fn set_size(&mut self, size: NonZeroUsize) {
        self.batch_size = Some(size);
    }

    /// Another way to draw samples.
    pub(crate) fn set_sampling(&mut self, sampling: SamplingName) {
        self.sampling = Some(sampling);
    }

    /// What to say where there are fewer rows than a batch is asked to have: it has all of them.
    pub(crate) fn cut(&self, rows: usize) -> Option<String> {
        let asked = self.batch_size.filter(|asked| asked.get() > rows)?;
        Some(format!("--batch-size {asked} is cut to the {rows} training rows: every step is on all of them"))
    }

    /// Whether the size is to change.
    pub(crate) fn grows(&self) -> bool {
        self.batch_growth.is_some_and(|name| name != GrowthName::Fixed)
    }

    /// Whether it changes with the validation loss.
    pub(crate) fn grows_by_plateau(&self) -> bool {
        self.batch_growth == Some(GrowthName::Plateau)
    }

    pub(crate) fn sampling(&self, usual: Sampling) -> Sampling {
        match self.sampling {
            None => usual,
            Some(SamplingName::Reshuffled) => Sampling::Reshuffled,
            Some(SamplingName::WithReplacement) => Sampling::WithReplacement,
            Some(SamplingName::FixedOrder) => Sampling::FixedOrder,
        }
    }

    pub(crate) fn last_batch(&self) -> LastBatch {
        match self.last_batch {
            Some(LastBatchName::Drop) => LastBatch::Drop,
            Some(LastBatchName::Short) | None => LastBatch::Short,
        }
    }

    /// How the batch size changes, with this idea of a plateau, among so many rows and steps.
    pub(crate) fn growth(&self, plateau: Plateau, rows: usize, steps: u64) -> Result<BatchGrowth> {
        let name = self.batch_growth.unwrap_or(GrowthName::Fixed);
        let factor = self.growth_factor.unwrap_or(2.0);
        let every = self.growth_every.unwrap_or(steps.div_ceil(3));
        let largest = self.largest_batch.unwrap_or(rows);
        let rate = match self.rate_scaling {
            None | Some(ScalingName::None) => RateScaling::None,
            Some(ScalingName::Linear) => RateScaling::Linear,
            Some(ScalingName::SquareRoot) => RateScaling::SquareRoot,
        };
        let scheduled = !matches!(name, GrowthName::Fixed | GrowthName::InsteadOfDecay | GrowthName::Seesaw);
        let used = [
            ("growth-factor", self.growth_factor.is_some(), scheduled),
            ("growth-every", self.growth_every.is_some(), matches!(name, GrowthName::Step | GrowthName::Geometric)),
            ("growth-at", self.growth_at.is_some(), name == GrowthName::Milestones),
            ("rate-scaling", self.rate_scaling.is_some(), scheduled),
            ("largest-batch", self.largest_batch.is_some(), name != GrowthName::Fixed),
        ];
        if let Some((flag, ..)) = used.iter().find(|(_, given, used)| *given && !used) {
            bail!("--{flag} does not go with this --batch-growth");
        }
        let shape = match name {
            GrowthName::Fixed => return Ok(BatchGrowth::Fixed),
            GrowthName::InsteadOfDecay => return Ok(BatchGrowth::InsteadOfDecay { largest }),
            GrowthName::Seesaw => return Ok(BatchGrowth::Seesaw { largest }),
            GrowthName::Step => BatchShape::Step { factor, every },
            GrowthName::Geometric => BatchShape::Geometric { factor, steps: every },
            GrowthName::Milestones => {
                let at = self.growth_at.as_deref().unwrap_or_default();
                let at = Milestones::new(at).map_err(|fault| anyhow!("--growth-at: {fault}"))?;
                BatchShape::Milestones { factor, at }
            }
            GrowthName::Plateau => BatchShape::Plateau { factor, plateau },
        };
        Ok(BatchGrowth::Scheduled { shape, rate, largest })
    }
}
