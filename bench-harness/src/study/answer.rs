//! The answer of a sweep, in sentences for each workload and target.

use super::answer_report::Answer;
use super::curve_report::CurveReport;
use super::estimate::Estimate;
use super::machine::Session;
use super::result::{CellReport, Ranking, Spread, TargetReport, WorkloadReport};
use crate::base::format_number::{count, format_setting, percent, si, si_interval, si_unit};

/// Cells within this factor of the leader are named beside it.
const NEAR: f64 = 1.05;
/// No more cells than this are named one by one.
const NAMED: usize = 6;
/// Of a curve that steps are farther from, the critical batch size is not an answer.
const MOST_ERROR: f64 = 0.2;

/// Of a workload, by target from the easiest; `session` is that of its times.
pub(crate) fn answers(workload: &WorkloadReport, session: Option<&Session>) -> Vec<Answer> {
    let targets = workload.targets.iter().enumerate();
    targets.map(|(t, target)| answer(workload, t, target, session)).collect()
}

/// The last target that a cell reached with most of its runs; the last of all if there is none.
pub(crate) fn hardest_reached(workload: &WorkloadReport) -> usize {
    let reached = |target: &usize| workload.cells.iter().any(|cell| cell.targets[*target].steps.median.0.is_finite());
    (0..workload.targets.len()).rev().find(reached).unwrap_or(workload.targets.len().saturating_sub(1))
}

/// Which machine times are of, for a sentence.
pub(crate) fn machine_name(session: &Session) -> String {
    let environment = &session.environment;
    let threads = match environment.threads {
        1 => "1 thread".to_owned(),
        n => format!("{n} threads"),
    };
    format!("{} ({}, {threads})", environment.cpu, environment.isa)
}

fn answer(workload: &WorkloadReport, t: usize, target: &TargetReport, session: Option<&Session>) -> Answer {
    let say = |ranking: &Ranking, (what, unit): (&str, &str), of: fn(&CellReport, usize) -> Option<Spread>| {
        sentence(workload, t, ranking, (what, unit), of)
    };
    let name = &workload.facts.name;
    let time = target.time.as_ref().zip(session).and_then(|(ranking, session)| {
        let what = format!("For {name} on {} take", machine_name(session));
        say(ranking, (&what, "s"), |c, t| c.targets[t].seconds)
    });
    let leader = target.time.as_ref().unwrap_or(&target.steps).verdict.named().first().copied();
    let curve = leader.and_then(|leader| {
        let cell = &workload.cells[leader];
        let own = |curve: &&CurveReport| {
            curve.target == t && curve.optimizer == cell.optimizer && curve.variant == cell.variant
        };
        Some((cell, workload.curves.iter().find(own)?))
    });
    Answer {
        target: format!("{} of the gap left", percent(target.share)),
        time,
        samples: say(&target.samples, ("If you only care for samples, take", "sample"), |c, t| {
            Some(c.targets[t].samples)
        }),
        steps: say(&target.steps, ("If you only care for steps, take", "step"), |c, t| Some(c.targets[t].steps)),
        batch: curve.and_then(|(cell, curve)| scaling(workload, cell, curve)),
        missed: missed(workload, t),
    }
}

fn sentence(
    workload: &WorkloadReport,
    t: usize,
    ranking: &Ranking,
    (what, unit): (&str, &str),
    of: fn(&CellReport, usize) -> Option<Spread>,
) -> Option<String> {
    let named = ranking.verdict.named();
    let leader = &workload.cells[*named.first()?];
    let Spread { median, low, high, .. } = of(leader, t)?;
    let amount = if unit == "s" { si_unit(median.0, unit) } else { count(si(median.0), unit) };
    let rate = format_setting(leader.targets[t].tuning.learning_rate);
    let mut text = format!(
        "{what} {}, batch {}, rate {rate}: {amount} {} to the target",
        name(leader),
        leader.batch_size,
        si_interval(median.0, (low.0, high.0))
    );
    let target = &leader.targets[t];
    if target.reached() < target.runs.len() {
        text += &format!(", which {} runs reach", target.reached_of());
    }
    // Cells that missed have a sentence of their own.
    let reaches = |&cell: &usize| of(&workload.cells[cell], t).is_some_and(|spread| spread.median.0.is_finite());
    let (others, missed): (Vec<usize>, Vec<usize>) = named[1..].iter().partition(|&cell| reaches(cell));
    if let Some(others) = list(workload, &others) {
        text += &format!("; not to be told apart from it: {others}");
    }
    if !missed.is_empty() {
        text += &format!("; cells that missed with most of their runs and are not excluded either: {}", missed.len());
    }
    let near = ranking.places.iter().filter(|place| place.ratio.value.0 <= NEAR && !named.contains(&place.cell));
    let near: Vec<usize> = near.map(|place| place.cell).collect();
    if let Some(near) = list(workload, &near) {
        text += &format!("; within 5 % of it: {near}");
    }
    Some(text + ".")
}

/// How far an optimizer's steps fall with the batch size.
fn scaling(workload: &WorkloadReport, cell: &CellReport, curve: &CurveReport) -> Option<String> {
    let reached = workload.facts.batch_sizes.iter().filter(|size| !curve.missed.contains(size));
    let (least, most) = (reached.clone().min().copied().unwrap_or(0), reached.max().copied().unwrap_or(0));
    let extrapolated = curve.critical_extrapolated.then_some((least, most));
    let error = curve.steps.first().map_or(0.0, |fit| fit.root_mean_square);
    curve.critical_batch_size.map(|critical| scaling_sentence(&name(cell), (critical, error), extrapolated))
}

/// `error` is that of the curve; `extrapolated` has the smallest and the largest batch size that reached the target, if the value lies
/// beyond them.
fn scaling_sentence(name: &str, (critical, error): (Estimate, f64), extrapolated: Option<(usize, usize)>) -> String {
    let (value, interval) = (critical.value.0, (critical.low.0, critical.high.0));
    if interval == (0.0, f64::INFINITY) {
        return format!("The steps do not tell the critical batch size of {name}: it may be anything.");
    }
    if error > MOST_ERROR {
        return format!(
            "The steps of {name} follow no curve (they are {:.0} % off the best), so that its critical batch size is not known.",
            100.0 * error
        );
    }
    let mut text = format!("{name} has the critical batch size {} {}", si(value), si_interval(value, interval));
    if let Some((least, most)) = extrapolated {
        text += &format!(", extrapolated beyond the batch sizes that reached the target ({least} to {most})");
    }
    text + ": well below it a larger batch saves steps, well above it hardly any."
}

/// Which cells missed a target.
fn missed(workload: &WorkloadReport, t: usize) -> Option<String> {
    let missed = workload.cells.iter().enumerate().filter(|(_, cell)| !cell.targets[t].steps.median.0.is_finite());
    let missed: Vec<usize> = missed.map(|(number, _)| number).collect();
    if missed.len() == workload.cells.len() {
        return Some("No cell reached this target with most of its runs.".into());
    }
    let names = list(workload, &missed)?;
    let tuning = |cell: usize| &workload.cells[cell].targets[t].tuning;
    let lucky: Vec<usize> = missed.iter().copied().filter(|&cell| tuning(cell).all_seeds_reached()).collect();
    let lucky = list(workload, &lucky).map_or_else(String::new, |names| {
        format!(" With all seeds of tuning the same rate reached it: {names}; more of them may find a safer rate.")
    });
    Some(format!(
        "{} of {} cells missed this target with most of their runs: {names}.{lucky}",
        missed.len(),
        workload.cells.len()
    ))
}

/// Names of cells; `None` of none.
fn list(workload: &WorkloadReport, cells: &[usize]) -> Option<String> {
    let mut names: Vec<String> = cells.iter().take(NAMED).map(|&cell| short(&workload.cells[cell])).collect();
    match cells.len().checked_sub(NAMED) {
        None | Some(0) => {}
        Some(more) => names.push(format!("{more} more")),
    }
    (!names.is_empty()).then(|| names.join(", "))
}

fn name(cell: &CellReport) -> String {
    if cell.variant.is_empty() { cell.optimizer.clone() } else { format!("{} ({})", cell.optimizer, cell.variant) }
}

fn short(cell: &CellReport) -> String {
    format!("{} {}", name(cell), cell.batch_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::number::Number;
    use crate::study::fake;

    /// Adam at batch 512 misses the hardest target, in tuning too; then as if its seeds of tuning had been luckier.
    #[test]
    fn a_rate_that_was_tuned_by_luck_is_named() {
        let mut workload = fake::report(false).workloads.remove(1);
        let said = "1 of 6 cells missed this target with most of their runs: adam 512.";
        let t = workload.targets.len() - 1;
        assert_eq!(missed(&workload, t).unwrap(), said);
        let cell = workload.cells.iter_mut().find(|cell| cell.optimizer == "adam" && cell.batch_size == 512).unwrap();
        let tuning = &mut cell.targets[t].tuning;
        let trial = tuning.trials.iter_mut().find(|trial| trial.learning_rate == tuning.learning_rate).unwrap();
        trial.steps.fill(Some(100.0));
        let luck = " With all seeds of tuning the same rate reached it: adam 512; more of them may find a safer rate.";
        assert_eq!(missed(&workload, t).unwrap(), format!("{said}{luck}"));
    }

    #[test]
    fn a_critical_batch_size_that_may_be_any_is_not_named() {
        let sentence = |low, high, extrapolated| {
            let critical = Estimate { value: Number(20.5), low: Number(low), high: Number(high) };
            scaling_sentence("sgd", (critical, 0.2), extrapolated)
        };
        let rest = ": well below it a larger batch saves steps, well above it hardly any.";
        assert_eq!(sentence(10.0, 40.0, None), format!("sgd has the critical batch size 20.5 [10, 40]{rest}"));
        let beyond = ", extrapolated beyond the batch sizes that reached the target (4 to 16)";
        let wanted = format!("sgd has the critical batch size 20.5 [10, ∞]{beyond}{rest}");
        assert_eq!(sentence(10.0, f64::INFINITY, Some((4, 16))), wanted);
        let unknown = "The steps do not tell the critical batch size of sgd: it may be anything.";
        assert_eq!(sentence(0.0, f64::INFINITY, None), unknown);
        assert_eq!(sentence(0.0, f64::INFINITY, Some((4, 16))), unknown);
        assert_eq!(sentence(0.0, 40.0, None), format!("sgd has the critical batch size 20.5 [0, 40]{rest}"));
        let critical = Estimate { value: Number(20.5), low: Number(10.0), high: Number(40.0) };
        let far = "The steps of sgd follow no curve (they are 46 % off the best), so that its critical batch size is not known.";
        assert_eq!(scaling_sentence("sgd", (critical, 0.46), None), far);
    }
}
