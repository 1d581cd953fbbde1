//! What a report says of the noise of gradients along the winning runs, beside the critical batch sizes.

use super::curve_report::CurveReport;
use super::noise::{NoiseRecord, NoiseSpecification};
use super::noise_runs::Winner;
use super::record::HELD;
use super::store::Records;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::GradientNoise;

/// The noise scale along the winning run of an optimizer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NoiseReport {
    pub(crate) optimizer: String,
    pub(crate) variant: String,
    /// That of the run: the one that needs the fewest samples.
    pub(crate) batch_size: usize,
    /// The key of the run.
    pub(crate) run: String,
    /// Training rows whose gradients were looked at.
    pub(crate) rows: usize,
    /// At each evaluation.
    pub(crate) curve: Vec<NoisePoint>,
    /// At the targets that the run reached, from the easiest.
    pub(crate) targets: Vec<NoiseAtTarget>,
}

/// Noise scales at a point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NoisePoint {
    pub(crate) samples: u64,
    pub(crate) loss: f64,
    /// B_simple = tr Σ/|G|², without penalties and dropout; null where the gradient is estimated as none.
    pub(crate) simple: Option<f64>,
    /// B_sign = (‖σ‖₁/‖G‖₁)², of rules that divide by the size of coordinates or take their signs; null for others.
    pub(crate) sign: Option<f64>,
}

/// Noise scales where a target is reached: ratios of means over the evaluations that hold it first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NoiseAtTarget {
    /// Number of the target, from the easiest.
    pub(crate) target: usize,
    pub(crate) samples: u64,
    pub(crate) simple: Option<f64>,
    pub(crate) sign: Option<f64>,
    /// B_crit of the optimizer's curve of S(B) for this target.
    pub(crate) critical_batch_size: Option<f64>,
    /// log₁₀(B_simple/B_crit) and log₁₀(B_sign/B_crit): by how many orders of magnitude they differ.
    pub(crate) simple_over_critical: Option<f64>,
    pub(crate) sign_over_critical: Option<f64>,
}

/// The noise of these winners, as far as there are records of it.
pub(crate) fn noise_reports(
    winners: &[Winner<'_>],
    records: &Records,
    targets: &[f64],
    curves: &[CurveReport],
) -> Result<Vec<NoiseReport>> {
    let mut reports = vec![];
    for Winner { cell, run, .. } in winners {
        let key = NoiseSpecification::of(&run.specification).key()?;
        let Some(record) = records.noise(&key) else { continue };
        let (optimizer, variant) = (&cell.optimizer.label, &cell.variant.name);
        let own = |curve: &&CurveReport| curve.optimizer == *optimizer && curve.variant == *variant;
        let critical = |target: usize| {
            let curve = curves.iter().filter(own).find(|curve| curve.target == target)?;
            curve.critical_batch_size.map(|estimate| estimate.value.0).filter(|b| b.is_finite() && *b > 0.0)
        };
        let point = |i: usize| {
            let noise = record.at(i);
            let (simple, sign) = (noise.simple_scale(), noise.sign_scale());
            NoisePoint { samples: record.curve.samples[i], loss: record.curve.loss[i], simple, sign }
        };
        reports.push(NoiseReport {
            optimizer: optimizer.clone(),
            variant: variant.clone(),
            batch_size: cell.batch_size,
            run: run.key.clone(),
            rows: record.rows,
            curve: (0..record.trace.len()).map(point).collect(),
            targets: (targets.iter().enumerate())
                .filter_map(|(number, &loss)| at_target(record, (number, loss), critical(number)))
                .collect(),
        });
    }
    Ok(reports)
}

fn at_target(record: &NoiseRecord, (target, loss): (usize, f64), critical: Option<f64>) -> Option<NoiseAtTarget> {
    let first = record.curve.reaches(loss)?;
    let terms: Vec<GradientNoise> = (first..first + HELD).map(|i| record.at(i)).collect();
    let mean = GradientNoise::mean(&terms)?;
    let (simple, sign) = (mean.simple_scale(), mean.sign_scale());
    let over = |scale: Option<f64>| Some(libm::log10(scale.filter(|scale| *scale > 0.0)? / critical?));
    Some(NoiseAtTarget {
        target,
        samples: record.curve.samples[first],
        simple,
        sign,
        critical_batch_size: critical,
        simple_over_critical: over(simple),
        sign_over_critical: over(sign),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::analysis::{Known, analyze};
    use crate::study::fake;
    use crate::study::throughput::Throughput;

    /// tr Σ = 100 and |G|² = the gap: B_simple is 1000 where a tenth of the gap is left; B_sign 4 times as much as it is there.
    #[test]
    fn winning_runs_have_their_noise_at_the_targets_beside_the_critical_batch_size() {
        let facts = fake::facts();
        let mut records = fake::records(&facts);
        let missing = facts.missing_noise(&records).unwrap();
        // Two optimizers on two workloads.
        assert_eq!(missing.len(), 4);
        for (workload, specification) in &missing {
            assert!(specification.signs != (specification.run.settings.rule == simdescent::Rule::Sgd));
            let run = records.of(&specification.run).unwrap().unwrap();
            let mut record = NoiseRecord::new(specification, 4000).unwrap();
            record.curve = run.curve.clone();
            for loss in &run.curve.loss {
                let gap = loss - facts.workloads[*workload].reference_loss;
                record.trace.push(100.0);
                record.square_norm.push(gap);
                if specification.signs {
                    record.deviations.push(20.0);
                    record.magnitudes.push(gap.sqrt());
                }
            }
            records.add_noise(record, "a test").unwrap();
        }
        assert!(facts.missing_noise(&records).unwrap().is_empty(), "what is there is not made again");
        let throughput = Throughput::default();
        let known =
            Known { facts: &facts, records: &records, throughput: &throughput, machine: None, self_check: None };
        let report = analyze(known).unwrap();
        for workload in &report.workloads {
            assert_eq!(workload.noise.len(), 2);
            for noise in &workload.noise {
                assert_eq!((noise.batch_size, noise.targets.len()), (8, 3), "samples are fewest at 8");
                for (at, share) in noise.targets.iter().zip([0.1, 0.01, 0.001]) {
                    let simple = at.simple.unwrap();
                    // Three evaluations hold the target, the grid is one of 5 %.
                    assert!(simple > 100.0 / share && simple < 2.5 * 100.0 / share, "{simple}");
                    assert_eq!(at.sign.is_some(), noise.optimizer == "adam");
                    let sign_like = at.sign.map(|sign| sign / simple);
                    assert!(sign_like.is_none_or(|ratio| (3.8..4.3).contains(&ratio)), "{sign_like:?}");
                    if let (Some(critical), Some(over)) = (at.critical_batch_size, at.simple_over_critical) {
                        assert!((over - libm::log10(simple / critical)).abs() < 1e-12);
                    }
                }
                assert!(noise.curve.windows(2).all(|pair| pair[0].simple < pair[1].simple));
            }
        }
        let valley = &report.workloads[0].noise;
        assert!(valley.iter().flat_map(|noise| &noise.targets).any(|at| at.simple_over_critical.is_some()));
    }
}
