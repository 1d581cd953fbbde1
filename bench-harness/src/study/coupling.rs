//! Coupling: what a rule makes of the best small batch, beside tuning again. At batch size κ times as large the rule says the rate, and
//! perhaps the averages; the figure is S by the rule over S tuned.

use super::cell::{Cell, TargetResult};
use super::definition::{Coupling, FIRST_REPEAT};
use super::facts::{Runs, StudyFacts};
use super::record::ConvergenceRecord;
use super::schedule::Task;
use super::store::Records;
use super::tuning::Candidate;
use crate::base::number::Number;
use crate::base::range::four_digits;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::Rule;
use simdescent_measure::statistics::median;

/// What a rule costs against tuning again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CouplingReport {
    pub(crate) optimizer: String,
    pub(crate) variant: String,
    pub(crate) rule: Coupling,
    /// Number of the target, from the easiest.
    pub(crate) target: usize,
    /// The batch size that the rule starts from: the smallest.
    pub(crate) from: usize,
    pub(crate) batch_size: usize,
    pub(crate) learning_rate: f64,
    /// The median over the seeds of the repeats, infinite for a miss.
    pub(crate) steps: Number,
    /// S by the rule over S tuned; infinite if the rule misses, NaN if both do.
    pub(crate) ratio: Number,
}

/// The candidate at a batch κ times as large.
fn at(coupling: Coupling, base: &Candidate, kappa: f64) -> Candidate {
    let factor = match coupling {
        Coupling::None => 1.0,
        Coupling::Linear => kappa,
        Coupling::Sqrt | Coupling::SqrtHalfLife => kappa.sqrt(),
    };
    let rule = if coupling == Coupling::SqrtHalfLife { half_life(base.rule, kappa) } else { base.rule };
    Candidate { rule, learning_rate: four_digits(base.learning_rate * factor) }
}

/// The rule with averages over the same number of samples: β^κ, rounded to six digits after the point.
fn half_life(rule: Rule, kappa: f64) -> Rule {
    let json = serde_json::to_value(rule).expect("numbers");
    let mut changed = rule;
    for field in ["momentum", "beta1", "beta2", "decay"] {
        // Adafactor's decay is an exponent, not an average.
        if field == "decay" && matches!(rule, Rule::Adafactor { .. }) {
            continue;
        }
        let value = json.as_object().and_then(|rule| rule.values().find_map(|numbers| numbers.get(field)?.as_f64()));
        if let Some(with) = value.and_then(|beta| changed.with(field, (libm::pow(beta, kappa) * 1e6).round() / 1e6)) {
            changed = with;
        }
    }
    changed
}

/// A run by a rule.
struct Coupled<'a> {
    cell: &'a Cell,
    target: usize,
    loss: f64,
    rule: Coupling,
    from: usize,
    candidate: Candidate,
    tuned: &'a TargetResult,
}

impl StudyFacts {
    /// The runs that the study's coupling rules still need, of these cells. The smallest batch size of each optimizer has to be among
    /// them.
    pub(crate) fn coupled_runs(&self, cells: &[Cell], records: &Records) -> Result<Vec<Task>> {
        if self.study.coupling.is_empty() {
            return Ok(vec![]);
        }
        let done = self.done(cells, records)?;
        let mut tasks = vec![];
        for coupled in self.coupled(&done) {
            let workload = coupled.cell.workload;
            for specification in self.specifications(&coupled)? {
                tasks.push(Task::new(workload, self.workloads[workload].parameters, specification)?);
            }
        }
        Ok(tasks)
    }

    /// What came of them, by number of workload.
    pub(crate) fn couplings(&self, cells: &[Cell], records: &Records) -> Result<Vec<(usize, CouplingReport)>> {
        if self.study.coupling.is_empty() {
            return Ok(vec![]);
        }
        let done = self.done(cells, records)?;
        let mut reports = vec![];
        for coupled in self.coupled(&done) {
            let mut steps = vec![];
            for specification in self.specifications(&coupled)? {
                steps.extend(records.of(&specification)?.map(|record| record.steps_to(coupled.loss).or_infinite()));
            }
            if steps.len() < self.study.repeats as usize {
                continue; // not all of them were run
            }
            let tuned = coupled.tuned.repeats.iter().filter_map(|key| records.get(key));
            let tuned =
                median(tuned.map(|record: &ConvergenceRecord| record.steps_to(coupled.loss).or_infinite()).collect());
            let steps = median(steps);
            let Coupled { cell, target, rule, from, candidate, .. } = coupled;
            reports.push((
                cell.workload,
                CouplingReport {
                    optimizer: cell.optimizer.label.clone(),
                    variant: cell.variant.name.clone(),
                    rule,
                    target,
                    from,
                    batch_size: cell.batch_size,
                    learning_rate: candidate.learning_rate,
                    steps: Number(steps),
                    ratio: Number(steps / tuned),
                },
            ));
        }
        Ok(reports)
    }

    /// Every rule at every batch size but the smallest.
    fn coupled<'a>(&self, done: &'a [(&'a Cell, Vec<TargetResult>)]) -> Vec<Coupled<'a>> {
        let same = |a: &Cell, b: &Cell| {
            (a.workload, &a.optimizer.label, &a.variant.name) == (b.workload, &b.optimizer.label, &b.variant.name)
        };
        let mut all = vec![];
        for (cell, targets) in done {
            let base = done.iter().filter(|(other, _)| same(cell, other)).min_by_key(|(other, _)| other.batch_size);
            let Some((base, base_targets)) = base.filter(|(base, _)| base.batch_size < cell.batch_size) else {
                continue;
            };
            let kappa = cell.batch_size as f64 / base.batch_size as f64;
            for (target, (tuned, base_tuned)) in targets.iter().zip(base_targets).enumerate() {
                all.extend(self.study.coupling.iter().map(|&rule| Coupled {
                    cell,
                    target,
                    loss: tuned.target,
                    rule,
                    from: base.batch_size,
                    candidate: at(rule, &base_tuned.chosen.candidate, kappa),
                    tuned,
                }));
            }
        }
        all
    }

    fn specifications(&self, coupled: &Coupled<'_>) -> Result<Vec<super::specification::Specification>> {
        let Cell { workload, variant, batch_size, .. } = coupled.cell;
        let (facts, definition) = (&self.workloads[*workload], &self.study.workloads[*workload]);
        let mut runs = Runs::new(facts, definition, variant, *batch_size, self.study.seed)?;
        let trials = FIRST_REPEAT..FIRST_REPEAT + self.study.repeats;
        trials.map(|trial| runs.specification(&coupled.candidate, trial, Some(coupled.loss))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_rate_and_averages() {
        let base = Candidate { rule: Rule::ADAM, learning_rate: 0.001 };
        let rate = |coupling: Coupling| at(coupling, &base, 16.0).learning_rate;
        assert_eq!([Coupling::None, Coupling::Linear, Coupling::Sqrt].map(rate), [0.001, 0.016, 0.004]);
        let Candidate { rule: Rule::Adam { beta1, beta2, .. }, learning_rate } = at(Coupling::SqrtHalfLife, &base, 4.0)
        else {
            panic!("Adam stays Adam")
        };
        // 0.9⁴ and 0.999⁴.
        assert_eq!((beta1, beta2, learning_rate), (0.6561, 0.996_006, 0.002));
        let sgd = Candidate { rule: Rule::Sgd, learning_rate: 0.1 };
        assert_eq!(at(Coupling::SqrtHalfLife, &sgd, 4.0), Candidate { rule: Rule::Sgd, learning_rate: 0.2 });
    }
}
