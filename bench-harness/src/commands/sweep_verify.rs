//! `sweep --verify`: records that are there, run again.

use super::exit::Exit;
use super::print::{print, say};
use crate::study::record::ConvergenceRecord;
use crate::study::runner::{Runner, TrainingRunner};
use crate::study::store::Records;
use crate::study::workload::Workload;
use anyhow::{Result, bail, ensure};
use simdescent::random::{Purpose, Stream, StreamKey};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Runs a share of the records again, chosen at random by the seed, and compares every number.
pub(super) fn verify(
    runner: &TrainingRunner<'_>,
    workloads: &[Workload],
    records: &Records,
    share: f64,
    seed: u64,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<Exit> {
    ensure!(share > 0.0 && share <= 1.0, "--verify: a share above 0 and at most 1, got {share}");
    let digests: Vec<(String, String, String)> = workloads
        .iter()
        .map(|w| (w.problem.training.digest(), w.evaluation().digest(), w.model().canonical()))
        .collect();
    let of = |record: &ConvergenceRecord| {
        let s = &record.specification;
        digests.iter().position(|(t, e, m)| (t, e, m) == (&s.training, &s.evaluation, &s.model))
    };
    let mut known: Vec<(usize, &ConvergenceRecord)> =
        records.iter().filter_map(|record| Some((of(record)?, record))).collect();
    if known.is_empty() {
        bail!("no record is of this study's workloads: nothing to verify");
    }
    let count = ((share * known.len() as f64).ceil() as usize).min(known.len());
    Stream::new(StreamKey::new(Purpose::Permutation, seed)).shuffle(&mut known);
    known.truncate(count);
    let (next, wrong) = (AtomicUsize::new(0), std::sync::Mutex::new(vec![]));
    std::thread::scope(|scope| -> Result<()> {
        let work = || -> Result<()> {
            while let Some((workload, record)) = known.get(next.fetch_add(1, Ordering::Relaxed)) {
                let Some(again) = runner.run(*workload, &record.specification, stop)? else { return Ok(()) };
                if again != **record {
                    wrong.lock().expect("no thread panics").push((*record, again));
                }
            }
            Ok(())
        };
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a run does not panic"))
    })?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Exit::of_signal());
    }
    let mut wrong = wrong.into_inner().expect("no thread panicked");
    wrong.sort_by(|a, b| a.0.key.cmp(&b.0.key));
    for (record, again) in &wrong {
        let differs = record.chain.iter().zip(&again.chain).position(|(a, b)| a != b);
        let place = match differs {
            Some(i) => format!(
                "differs first between samples {} and {}",
                if i == 0 { 0 } else { record.curve.samples[i - 1] },
                again.curve.samples[i]
            ),
            None => "has another end".to_owned(),
        };
        let settings = &record.specification.settings;
        say(&format!("{}: {}, batch {}: {place}", &record.key[..16], settings.rule.name(), settings.batch_size));
    }
    print(&format!("{count} of {} records run again, {} differ", records.len(), wrong.len()))?;
    Ok(if wrong.is_empty() { Exit::Success } else { Exit::Mismatch })
}
