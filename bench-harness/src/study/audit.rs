//! Records that are there, run again.

use super::noise::NoiseRecord;
use super::record::ConvergenceRecord;
use super::runner::{Runner, TrainingRunner};
use super::specification::Specification;
use super::store::Records;
use super::workload::Workload;
use anyhow::{Result, bail};
use serde::Serialize;
use simdescent::random::{Purpose, Stream, StreamKey};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What an audit found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AuditReport {
    /// Records of this study.
    pub(crate) records: usize,
    /// How many of them were run again.
    pub(crate) sampled: usize,
    /// Those that differ.
    pub(crate) differ: Vec<Difference>,
    /// If this share of the records were false, this sample had met one of them with this probability.
    pub(crate) detection: Vec<Detection>,
}

/// A record that is not what this machine computes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Difference {
    pub(crate) key: String,
    pub(crate) optimizer: &'static str,
    pub(crate) batch_size: usize,
    /// The samples seen at the last point of the grid that agrees.
    pub(crate) after_samples: u64,
    /// The samples seen at the first that differs; none if only the end does.
    pub(crate) before_samples: Option<u64>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Detection {
    pub(crate) false_share: f64,
    pub(crate) probability: f64,
}

/// How many records are run again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sample {
    Share(f64),
    Count(usize),
}

/// Runs a sample again, chosen at random by the seed, and compares every number; `None` if it was stopped.
pub(crate) fn audit(
    runner: &TrainingRunner<'_>,
    workloads: &[Workload],
    records: &Records,
    (sample, seed): (Sample, u64),
    jobs: usize,
    stop: &AtomicBool,
) -> Result<Option<AuditReport>> {
    let identity = |workload: &Workload| {
        (workload.problem.training.digest(), workload.evaluation().digest(), workload.model().canonical())
    };
    let identities: Vec<_> = workloads.iter().map(identity).collect();
    let number =
        |s: &Specification| identities.iter().position(|(t, e, m)| (t, e, m) == (&s.training, &s.evaluation, &s.model));
    let runs = records.iter().map(Record::Run).chain(records.all_noise().map(Record::Noise));
    let mut known: Vec<(usize, Record<'_>)> =
        runs.filter_map(|record| Some((number(record.specification())?, record))).collect();
    if known.is_empty() {
        bail!("no record is of this study's workloads: nothing to run again");
    }
    let all = known.len();
    let count = match sample {
        Sample::Share(share) if share > 0.0 && share <= 1.0 => (share * all as f64).ceil() as usize,
        Sample::Share(share) => bail!("a share above 0 and at most 1 of the records, got {share}"),
        Sample::Count(count) => count.clamp(1, all),
    };
    Stream::new(StreamKey::new(Purpose::Permutation, seed)).shuffle(&mut known);
    known.truncate(count);
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| -> Result<()> {
        let work = || -> Result<()> {
            while let Some((workload, record)) = known.get(next.fetch_add(1, Ordering::Relaxed)) {
                let difference = match record {
                    Record::Run(record) => {
                        let Some(again) = runner.run(*workload, &record.specification, stop)? else { return Ok(()) };
                        (again != **record).then(|| difference(record, &again))
                    }
                    Record::Noise(record) => {
                        let again = runner.noise(*workload, &record.specification, None, stop)?;
                        let Some(again) = again else { return Ok(()) };
                        (again != **record).then(|| difference_of_noise(record, &again))
                    }
                };
                found.lock().expect("no thread panics").extend(difference);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a run does not panic"))
    })?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let mut differ = found.into_inner().expect("no thread panicked");
    differ.sort_by(|a, b| a.key.cmp(&b.key));
    let detection = [0.01, 0.05, 0.2]
        .map(|false_share| Detection { false_share, probability: detection(all, count, false_share) })
        .into();
    Ok(Some(AuditReport { records: all, sampled: count, differ, detection }))
}

/// A record that can be made again.
enum Record<'a> {
    Run(&'a ConvergenceRecord),
    Noise(&'a NoiseRecord),
}

impl Record<'_> {
    /// Of its run.
    fn specification(&self) -> &Specification {
        match self {
            Self::Run(record) => &record.specification,
            Self::Noise(record) => &record.specification.run,
        }
    }
}

fn difference_of_noise(record: &NoiseRecord, again: &NoiseRecord) -> Difference {
    let samples = &record.curve.samples;
    let numbers = |record: &NoiseRecord, i: usize| {
        let of = |list: &Vec<f64>| list.get(i).map(|x| x.to_bits());
        let lists = [&record.trace, &record.square_norm, &record.deviations, &record.magnitudes, &record.curve.loss];
        (lists.map(of), record.curve.samples.get(i).copied())
    };
    let first = (0..samples.len()).find(|&i| numbers(record, i) != numbers(again, i));
    Difference {
        key: record.key.clone(),
        optimizer: record.specification.run.settings.rule.name(),
        batch_size: record.specification.run.settings.batch_size,
        after_samples: first.unwrap_or(samples.len()).checked_sub(1).map_or(0, |i| samples[i]),
        before_samples: first.map(|i| samples[i]),
    }
}

fn difference(record: &ConvergenceRecord, again: &ConvergenceRecord) -> Difference {
    let samples = &again.curve.samples;
    let first = record.chain.iter().zip(&again.chain).position(|(a, b)| a != b);
    let agree = first.unwrap_or_else(|| record.chain.len().min(again.chain.len()));
    Difference {
        key: record.key.clone(),
        optimizer: record.specification.settings.rule.name(),
        batch_size: record.specification.settings.batch_size,
        after_samples: agree.checked_sub(1).map_or(0, |i| samples[i]),
        before_samples: first.map(|i| samples[i]),
    }
}

/// The probability that `count` of `all` records, drawn without replacement, hold one of those that are false.
fn detection(all: usize, count: usize, false_share: f64) -> f64 {
    let wrong = ((false_share * all as f64).ceil() as usize).min(all);
    let missed = |i: usize| (all - wrong).saturating_sub(i) as f64 / (all - i) as f64;
    1.0 - (0..count).map(missed).product::<f64>()
}

impl AuditReport {
    /// For people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = vec![];
        for Difference { key, optimizer, batch_size, after_samples, before_samples } in &self.differ {
            let place = match before_samples {
                Some(before) => format!("differs first between samples {after_samples} and {before}"),
                None => "has another end".to_owned(),
            };
            lines.push(format!("{}: {optimizer}, batch {batch_size}: {place}", &key[..16]));
        }
        lines.push(format!("{} of {} records run again, {} differ", self.sampled, self.records, self.differ.len()));
        if self.differ.is_empty() {
            let caught = self.detection.iter().map(|Detection { false_share, probability }| {
                format!("{:.0} % false: {:.1} %", 100.0 * false_share, 100.0 * probability)
            });
            let caught: Vec<_> = caught.collect();
            lines.push(format!("had some of them been false, the probability to see it: {}", caught.join(", ")));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 − C(990, 100)/C(1000, 100) by Python, and by hand.
    #[test]
    fn detection_is_hypergeometric() {
        assert!((detection(1000, 100, 0.01) - 0.653_072_285_207_994).abs() < 1e-12);
        assert!((detection(10, 1, 0.1) - 0.1).abs() < 1e-15);
        assert_eq!(detection(10, 10, 0.01), 1.0);
    }
}
