//! What `compare` reports.

use super::bits::BitsReport;
use super::warning::WarningReport;
use crate::study::estimate::Estimate;
use crate::timing::result::Verdict;
use serde::Serialize;

/// Raised whenever a reader of the last version could misread the new one.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Reports beside the first of them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CompareReport {
    pub(crate) schema_version: u32,
    /// In the order of the command line; the first is what the others are compared with.
    pub(crate) subjects: Vec<SubjectReport>,
    pub(crate) warnings: Vec<WarningReport>,
    /// The share by which times may differ and still be equivalent.
    pub(crate) margin: f64,
    pub(crate) confidence: f64,
    /// One for each report but the first.
    pub(crate) pairs: Vec<PairReport>,
}

/// A report that is compared.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SubjectReport {
    pub(crate) name: String,
    pub(crate) cpu: Option<String>,
    pub(crate) isa: Option<String>,
    pub(crate) threads: Option<usize>,
    pub(crate) commit: Option<String>,
    /// Flops per second of multiply-adds.
    pub(crate) peak_flops: Option<f64>,
    /// By how much it is faster than the first report: geometric mean over the cells that all have; 1 for the first.
    pub(crate) speed: Option<Estimate>,
    /// 1 for the fastest by that mean.
    pub(crate) rank: Option<usize>,
}

/// A report and the first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PairReport {
    /// The number of the report, from 1; the first report is 0.
    pub(crate) subject: usize,
    /// Of sweeps.
    pub(crate) bits: Option<BitsReport>,
    /// Cells that both have timed and the filters let through.
    pub(crate) cells: Vec<CellComparison>,
    /// How many have each verdict, before the filters.
    pub(crate) verdicts: Verdicts,
    /// Cells that only one of the two has timed.
    pub(crate) only_once: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Verdicts {
    pub(crate) faster: usize,
    pub(crate) slower: usize,
    pub(crate) equivalent: usize,
    pub(crate) not_slower: usize,
    pub(crate) inconclusive: usize,
}

/// The time of a cell in two reports.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CellComparison {
    pub(crate) name: String,
    /// Time in the first report over the time in this one: above 1 this one is faster.
    pub(crate) ratio: Estimate,
    pub(crate) verdict: Verdict,
    pub(crate) why: Option<Why>,
}

/// Why a cell is faster: ratio = limits × efficiency.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Why {
    /// What limits it: the one of which the first report reaches the larger share.
    pub(crate) limit: String,
    /// How much more of it this machine has than the first.
    pub(crate) limits: f64,
    /// How much larger the share is that is reached.
    pub(crate) efficiency: f64,
    /// The share of the limit that each reaches, the first report before this one.
    pub(crate) shares: [f64; 2],
}

impl Verdicts {
    pub(crate) fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Faster => &mut self.faster,
            Verdict::Slower => &mut self.slower,
            Verdict::Equivalent => &mut self.equivalent,
            Verdict::NotSlower => &mut self.not_slower,
            Verdict::Inconclusive => &mut self.inconclusive,
        } += 1;
    }
}
