//! The recommended cell of each workload, as a configuration of `train`.

use super::definition::run_of_cell;
use super::result::{CellReport, Report, WorkloadReport};
use crate::options::method::Method;
use crate::options::{RunOptions, prune};
use anyhow::Result;
use simdescent::{HYPERPARAMETERS, Rule};
use toml::{Table, Value};

/// A file of the folder, and its text.
pub(crate) struct Best {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The fastest cell of each workload for the hardest target that was reached; by steps where no time was measured. `best.toml`, or with
/// several workloads `best-NAME.toml`.
pub(crate) fn best(report: &Report) -> Result<Vec<Best>> {
    let mut all = vec![];
    for (w, workload) in report.workloads.iter().enumerate() {
        let Some((t, cell)) = leader(workload) else { continue };
        let name =
            if report.workloads.len() == 1 { "best.toml".into() } else { unique(&all, &slug(&workload.facts.name)) };
        let text = configuration(report, w, t, cell)?;
        let share = 100.0 * workload.targets[t].share;
        let head = format!(
            "# {}: what the sweep {:?} recommends to leave {share} % of the gap. From where it was started, with its folder:\n\
            # simdescent train --config FOLDER/{name}\n",
            workload.facts.name, report.study.name
        );
        all.push(Best { name, text: head + &text });
    }
    Ok(all)
}

/// The cell that is best for the hardest target that any reaches.
fn leader(workload: &WorkloadReport) -> Option<(usize, &CellReport)> {
    let of = |(t, target): (usize, &super::result::TargetReport)| {
        let named = target.time.as_ref().unwrap_or(&target.steps).verdict.named();
        named.first().map(|&cell| (t, &workload.cells[cell]))
    };
    workload.targets.iter().enumerate().rev().find_map(of)
}

fn configuration(report: &Report, w: usize, t: usize, cell: &CellReport) -> Result<String> {
    let study = &report.study;
    let variant = study.variants().into_iter().find(|variant| variant.name == cell.variant);
    let variant = variant.unwrap_or_else(|| super::definition::Variant { name: String::new(), config: Table::new() });
    let target = &cell.targets[t];
    // By then every run of the sweep that reached the target had done so.
    let steps = target.runs.iter().filter_map(|run| run.steps).fold(1.0, f64::max).ceil() as u64;
    let mut run: RunOptions = run_of_cell(&study.workloads[w], &variant, cell.batch_size, steps)?;
    run.learning_rate.set_rate(target.tuning.learning_rate);
    run.optimizer = Some(Method::Rule(target.tuning.rule));
    run.seed = Some(study.data_seed);
    let mut table = Table::try_from(&run)?;
    let numbers = numbers(target.tuning.rule)?;
    if !numbers.is_empty() {
        table.insert("rule".into(), Value::Table(numbers));
    }
    prune(&mut table);
    Ok(toml::to_string(&table)?)
}

/// The flags of a rule's numbers that are not the usual ones.
fn numbers(rule: Rule) -> Result<Table> {
    let usual = Rule::from_name(rule.name()).unwrap_or(rule);
    let mut numbers = Table::new();
    for h in HYPERPARAMETERS {
        let value = field(&serde_json::to_value(rule)?, h.field);
        if value != field(&serde_json::to_value(usual)?, h.field) {
            numbers.extend(value.map(|value| (h.flag.to_owned(), Value::Float(value))));
        }
    }
    Ok(numbers)
}

/// A number of this name anywhere in a value.
fn field(value: &serde_json::Value, name: &str) -> Option<f64> {
    let map = value.as_object()?;
    map.get(name).and_then(serde_json::Value::as_f64).or_else(|| map.values().find_map(|value| field(value, name)))
}

/// A file name that no other has.
fn unique(others: &[Best], slug: &str) -> String {
    let names = (1..).map(|number| match (slug, number) {
        ("", number) => format!("best-{number}.toml"),
        (slug, 1) => format!("best-{slug}.toml"),
        (slug, number) => format!("best-{slug}-{number}.toml"),
    });
    let mut free = names.filter(|name| others.iter().all(|other| other.name != *name));
    free.next().expect("numbers do not run out")
}

fn slug(name: &str) -> String {
    let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fake;

    #[test]
    fn every_run_of_the_sweep_had_arrived_in_so_many_steps() {
        let report = fake::report(false);
        let (t, cell) = leader(&report.workloads[0]).unwrap();
        let last = cell.targets[t].runs.iter().map(|run| run.steps.unwrap()).fold(0.0, f64::max);
        assert!(last > cell.targets[t].steps.median.0);
        let text = &best(&report).unwrap()[0].text;
        assert!(text.contains(&format!("steps = {last}\n")), "{last}: {text}");
    }
}
