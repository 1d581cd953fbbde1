//! Whether a study makes sense.

use super::definition::{FIRST_REPEAT, LossOn, Study, ThroughputPlan, Tuning, WorkloadDefinition};
use crate::base::nonsense::Nonsense;
use crate::options::RunOptions;
use std::collections::BTreeSet;
use std::fmt::Display;

fn ensure(holds: bool, key: &str, fault: impl Display) -> Result<(), Nonsense> {
    if holds { Ok(()) } else { Err(Nonsense::new(key, fault)) }
}

fn distinct<'a>(key: &str, names: impl Iterator<Item = &'a String>) -> Result<(), Nonsense> {
    let mut seen = BTreeSet::new();
    for (i, name) in names.enumerate() {
        ensure(seen.insert(name), &i.to_string(), format!("{name} is there twice"))
            .map_err(|fault| fault.below(key))?;
    }
    Ok(())
}

impl Study {
    /// An error if the study makes no sense.
    pub(crate) fn check(&self) -> Result<(), Nonsense> {
        ensure(!self.optimizers.is_empty(), "optimizers", "name at least one")?;
        ensure(!self.batch_sizes.is_empty(), "batch-sizes", "give at least one")?;
        ensure(!self.workloads.is_empty(), "workloads", "describe at least one")?;
        distinct("optimizers", self.optimizers.iter())?;
        distinct("batch-sizes", self.batch_sizes.iter().map(usize::to_string).collect::<Vec<_>>().iter())?;
        distinct("variants", self.variants.iter().map(|variant| &variant.name))?;
        let falls = self.targets.windows(2).all(|pair| pair[1] < pair[0]);
        ensure(
            !self.targets.is_empty() && falls && self.targets.iter().all(|share| *share > 0.0 && *share < 1.0),
            "targets",
            format!(
                "shares of the gap between 0 and 1, from the easiest (largest) to the hardest, got {:?}",
                self.targets
            ),
        )?;
        ensure(self.repeats >= 1, "repeats", "at least one run with a fresh seed is needed")?;
        self.tuning.check().map_err(|fault| fault.below("tuning"))?;
        self.throughput.check().map_err(|fault| fault.below("throughput"))?;
        for factor in self.factors()? {
            let rates = [("learning-rate", &factor.learning_rate)];
            for (name, range) in factor.search.iter().map(|(name, range)| (*name, range)).chain(rates) {
                let below = |fault| Nonsense::new(name, fault).below(&factor.label).below("optimizer");
                range.validate().map_err(below)?;
            }
        }
        if let Some(label) = self.optimizer.keys().find(|label| !self.optimizers.contains(label)) {
            let fault = "it is not among the optimizers: add it there, or take the table out";
            return Err(Nonsense::new(label, fault).below("optimizer"));
        }
        self.check_variants().map_err(|fault| fault.below("variants"))?;
        for (i, workload) in self.workloads.iter().enumerate() {
            workload.check().map_err(|fault| fault.below(i).below("workloads"))?;
        }
        Ok(())
    }

    fn check_variants(&self) -> Result<(), Nonsense> {
        const FIXED: [&str; 8] = ["optimizer", "seed", "trial", "threads", "problem", "rule", "fit", "regularization"];
        for (i, variant) in self.variants.iter().enumerate() {
            let nonsense = |key: &str, fault: &str| Nonsense::new(key, fault).below("config").below(i);
            if let Some(key) = variant.config.keys().find(|key| FIXED.contains(&key.as_str())) {
                return Err(nonsense(key, "it is no factor of its own, the study says it elsewhere"));
            }
            for (table, key) in [("learning-rate", "rate"), ("batch", "batch-size")] {
                if variant.config.get(table).is_some_and(|t| t.get(key).is_some()) {
                    return Err(nonsense(table, &format!("{key} is what the study varies")));
                }
            }
            RunOptions::default().under(variant.config.clone()).map_err(|fault| {
                let hint = RunOptions::misplaced(&variant.config).unwrap_or_default();
                Nonsense::new("config", format!("{hint}{}{fault:#}", if hint.is_empty() { "" } else { ": " })).below(i)
            })?;
        }
        Ok(())
    }
}

impl Tuning {
    fn check(&self) -> Result<(), Nonsense> {
        let Self { points, seeds, ratio, .. } = *self;
        ensure(points >= 3, "points", format!("a best rate between others needs at least three, got {points}"))?;
        let fault = format!("from 1 to {}, got {seeds}", FIRST_REPEAT - 1);
        ensure((1..FIRST_REPEAT).contains(&seeds), "seeds", fault)?;
        let fault = format!("a ratio of neighbors above 1, got {ratio}");
        ensure(ratio > 1.0 && ratio.is_finite(), "ratio", fault)
    }
}

impl ThroughputPlan {
    fn check(&self) -> Result<(), Nonsense> {
        ensure(self.rounds >= 1, "rounds", "at least one round")?;
        let fault = format!("some time, got {}", self.milliseconds);
        ensure(self.milliseconds > 0.0 && self.milliseconds.is_finite(), "milliseconds", fault)
    }
}

impl WorkloadDefinition {
    fn check(&self) -> Result<(), Nonsense> {
        let both = self.budget_samples.is_some() && self.budget_epochs.is_some();
        ensure(!both, "budget-epochs", "give budget-samples or budget-epochs, not both")?;
        let whole = self.evaluation_rows.is_none() || self.loss_on == LossOn::Validation;
        ensure(whole, "evaluation-rows", "the training loss is that of all rows; with loss-on = \"validation\"")?;
        ensure(self.budget_samples != Some(0), "budget-samples", "a budget of nothing")?;
        ensure(self.budget_epochs != Some(0), "budget-epochs", "a budget of nothing")?;
        ensure(self.reference_loss.is_none_or(f64::is_finite), "reference-loss", "it has to be finite")
    }
}
