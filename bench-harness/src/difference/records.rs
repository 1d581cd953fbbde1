//! Two folders of records, or one whose records are run again.

use super::fields::{FieldDifference, field_differences};
use super::replay::{Fault, RecordedRun, record_claim};
use super::result::{DiffReport, RecordCounts, RunDifference, SCHEMA_VERSION};
use super::search::{Claim, Search, search};
use crate::study::facts::StudyFacts;
use crate::study::record::ConvergenceRecord;
use crate::study::runner::TrainingData;
use crate::study::store::{Records, StudyFolder};
use crate::study::workload::Workload;
use anyhow::{Context, Result, bail};
use simdescent::kernels::Exec;
use simdescent::random::{Purpose, Stream, StreamKey};
use std::sync::atomic::AtomicBool;

/// How runs are repeated.
pub(crate) struct Again<'a> {
    /// On which instruction sets and threads.
    pub(crate) sides: &'a [Exec<'a>],
    pub(crate) stop: &'a AtomicBool,
    /// What is done to a run in a test.
    pub(crate) fault: Option<Fault>,
}

/// Compares the folders' records; without any `again` nothing is run. `None` if it was stopped.
pub(crate) fn folders(a: &StudyFolder, b: &StudyFolder, again: Option<&Again<'_>>) -> Result<Option<DiffReport>> {
    let facts = [a.facts()?, b.facts()?];
    let records = [a.records()?, b.records()?];
    let names = vec![a.0.display().to_string(), b.0.display().to_string()];
    let mut report = compare(names, &facts, &records)?;
    let (Some(first), Some(again)) = (report.runs.first(), again) else { return Ok(Some(report)) };
    let both = records.each_ref().map(|records| records.get(&first.key));
    let [Some(record), Some(other)] = both else { bail!("{}: no such record", first.key) };
    let workloads = load(&facts[0])?;
    let Some(workload) = workload_of(&workloads, record) else {
        bail!("run {}: its rows are not those of the study here: the same files are needed", &first.key[..16])
    };
    let point = first.by_step.map(|_| first.links_compared - 1);
    let claim = |record: &ConvergenceRecord| Claim { steps: first.by_step, text: record_claim(record, point) };
    let claims = [claim(record), claim(other)];
    let agree = first.by_step.map_or(0, |_| first.after_step);
    match repeat(workload.training_data(), record, (agree, point, &claims), again)? {
        Some(search) => report.search = Some(search),
        None => return Ok(None),
    }
    Ok(Some(report))
}

/// Repeats a sample of a folder's records, or the one whose key begins so, on all sides, up to the first that parts. `None` if it was
/// stopped.
pub(crate) fn folder(
    folder: &StudyFolder,
    (sample, seed, key): (usize, u64, Option<&str>),
    again: &Again<'_>,
) -> Result<Option<DiffReport>> {
    let (facts, records, name) = (folder.facts()?, folder.records()?, folder.0.display().to_string());
    let workloads = load(&facts)?;
    let known = |record: &&ConvergenceRecord| {
        workload_of(&workloads, record).is_some() && key.is_none_or(|key| record.key.starts_with(key))
    };
    let mut chosen: Vec<&ConvergenceRecord> = records.iter().filter(known).collect();
    if chosen.is_empty() {
        let which = key.map_or("of this study's workloads".into(), |key| format!("whose key begins with {key}"));
        bail!("{name}: no record {which} is there");
    }
    let all = chosen.len();
    Stream::new(StreamKey::new(Purpose::Permutation, seed)).shuffle(&mut chosen);
    chosen.truncate(sample.max(1));
    let mut report = DiffReport {
        schema_version: SCHEMA_VERSION,
        names: vec![name],
        fields: vec![],
        records: Some(RecordCounts { in_both: chosen.len(), only_in_a: all - chosen.len(), ..RecordCounts::default() }),
        runs: vec![],
        vectors: vec![],
        search: None,
        equal: true,
    };
    for record in chosen {
        let workload = workload_of(&workloads, record).context("a workload, as was asked for before")?;
        let claims = [Claim { steps: None, text: record_claim(record, None) }];
        let Some(found) = repeat(workload.training_data(), record, (0, None, &claims), again)? else {
            return Ok(None);
        };
        let agrees = found.found.is_none() && found.sides.iter().all(|side| side.gives == [true]);
        report.search = Some(found);
        if !agrees {
            report.equal = false;
            if let Some(counts) = &mut report.records {
                counts.differ = 1;
            }
            break;
        }
    }
    Ok(Some(report))
}

fn load(facts: &StudyFacts) -> Result<Vec<Workload>> {
    let study = &facts.study;
    study.workloads.iter().map(|definition| Workload::load(definition, study)).collect()
}

fn workload_of<'w>(workloads: &'w [Workload], record: &ConvergenceRecord) -> Option<&'w Workload> {
    let s = &record.specification;
    workloads.iter().find(|w| {
        (w.problem.training.digest(), w.evaluation().digest(), w.model().canonical())
            == (s.training.clone(), s.evaluation.clone(), s.model.clone())
    })
}

pub(crate) fn repeat(
    data: TrainingData<'_>,
    record: &ConvergenceRecord,
    (agree, point, claims): (u64, Option<usize>, &[Claim]),
    again: &Again<'_>,
) -> Result<Option<Search>> {
    let run = RecordedRun { data, specification: &record.specification, point, fault: again.fault };
    let found = search(&run, again.sides, agree, claims, again.stop)?;
    Ok(found.map(|search| Search { key: Some(record.key.clone()), ..search }))
}

/// What can be said without running anything.
pub(crate) fn compare(names: Vec<String>, facts: &[StudyFacts; 2], records: &[Records; 2]) -> Result<DiffReport> {
    let [a, b] = records;
    let mut fields = field_differences(&facts[0], &facts[1])?;
    let mut counts = RecordCounts::default();
    let mut runs = vec![];
    for record in a.iter() {
        match b.get(&record.key) {
            None => counts.only_in_a += 1,
            Some(other) => {
                counts.in_both += 1;
                if record != other {
                    runs.push(run_difference(record, other, &facts[0]));
                }
            }
        }
    }
    counts.only_in_b = b.len() - counts.in_both;
    counts.differ = runs.len();
    // The one with the shortest way to the difference.
    runs.sort_by_key(|run| (run.by_step.unwrap_or(u64::MAX), run.key.clone()));
    if counts.in_both == 0
        && let Some(record) = a.iter().next()
    {
        fields.extend(nearest(record, b)?);
    }
    Ok(DiffReport {
        schema_version: SCHEMA_VERSION,
        names,
        fields,
        records: Some(counts),
        equal: runs.is_empty() && counts.in_both > 0,
        runs,
        vectors: vec![],
        search: None,
    })
}

/// What the specification that is most like that of a record has otherwise.
fn nearest(record: &ConvergenceRecord, others: &Records) -> Result<Vec<FieldDifference>> {
    let mut best: Option<Vec<FieldDifference>> = None;
    for other in others.iter() {
        let found = field_differences(&record.specification, &other.specification)?;
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    let named = |mut difference: FieldDifference| {
        difference.field = format!("run.{}", difference.field);
        difference
    };
    Ok(best.unwrap_or_default().into_iter().map(named).collect())
}

/// Two records of one key: by bisection, because links of a chain that agree say that all before them do.
fn run_difference(a: &ConvergenceRecord, b: &ConvergenceRecord, facts: &StudyFacts) -> RunDifference {
    let (model, settings) = (&a.specification.model, &a.specification.settings);
    let workload =
        facts.workloads.iter().find(|w| (&w.training.sha256, &w.canonical_model) == (&a.specification.training, model));
    let common = a.chain.len().min(b.chain.len());
    let same = |i: usize| a.chain[i] == b.chain[i] && a.curve.loss[i] == b.curve.loss[i];
    let chain = partition(common, |i| a.chain[i] == b.chain[i]);
    // The look at a loss is no part of the chain.
    let first = (0..chain).find(|&i| !same(i)).unwrap_or(chain);
    let by_step = (first < common).then(|| a.curve.steps[first]);
    RunDifference {
        key: a.key.clone(),
        workload: workload.map(|w| w.name.clone()),
        optimizer: settings.rule.name(),
        batch_size: settings.batch_size,
        after_step: first.checked_sub(1).map_or(0, |i| a.curve.steps[i]),
        by_step,
        links_compared: if by_step.is_some() { first + 1 } else { common },
    }
}

/// The first of `n` that is not `good`, if all before it are and none after it.
fn partition(n: usize, good: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if good(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
