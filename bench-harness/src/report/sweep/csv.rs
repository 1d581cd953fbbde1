//! The tables of a report for programs. An infinite number is `inf`, one that was not measured is empty.

use crate::study::noise_report::NoiseReport;
use crate::study::result::{CellReport, CellTarget, Estimate, Report, Spread, TargetReport, Verdict, WorkloadReport};

const HEADER: &str = "workload,model,target_share,target_loss,optimizer,variant,batch_size,learning_rate,rate_at_border,rates_beyond,\
trials,tuning_runs,outcome,reached,repeats,success_low,success_high,\
steps,steps_low,steps_high,steps_lower_quartile,steps_upper_quartile,\
samples,samples_low,samples_high,samples_lower_quartile,samples_upper_quartile,\
seconds,seconds_low,seconds_high,seconds_lower_quartile,seconds_upper_quartile,\
expected_running_time,seconds_per_step,samples_per_second,flops_per_second,bytes_per_second,share_of_peak,share_of_bandwidth,\
by_steps,by_samples,by_time,convergence,noise_scale,sign_noise_scale";

/// Every table: its file's name, its text.
pub(crate) fn files(report: &Report) -> Vec<(&'static str, String)> {
    vec![
        ("report.csv", csv(report)),
        ("report-curves.csv", curves(report)),
        ("report-coupling.csv", coupling(report)),
        ("report-branches.csv", branches(report)),
        ("report-comparisons.csv", comparisons(report)),
        ("report-self-check.csv", self_check(report)),
    ]
}

/// One row for each workload, target and cell.
pub(crate) fn csv(report: &Report) -> String {
    let mut lines = vec![HEADER.to_owned()];
    for workload in &report.workloads {
        for (t, target) in workload.targets.iter().enumerate() {
            for (number, cell) in workload.cells.iter().enumerate() {
                lines.push(row(workload, target, (number, cell), &cell.targets[t]));
            }
        }
    }
    lines.join("\n") + "\n"
}

fn row(
    workload: &WorkloadReport,
    target: &TargetReport,
    (number, cell): (usize, &CellReport),
    own: &CellTarget,
) -> String {
    let tuning = &own.tuning;
    let runs: usize = tuning.trials.iter().map(|trial| trial.steps.len()).sum();
    let reached = own.reached();
    let mut cells = vec![
        quoted(&workload.facts.name),
        quoted(&workload.facts.model),
        target.share.to_string(),
        target.loss.to_string(),
        quoted(&cell.optimizer),
        quoted(&cell.variant),
        cell.batch_size.to_string(),
        tuning.learning_rate.to_string(),
        tuning.at_border.to_string(),
        tuning.widened.to_string(),
        tuning.trials.len().to_string(),
        runs.to_string(),
        format!("{:?}", own.outcome).to_lowercase(),
        reached.to_string(),
        own.runs.len().to_string(),
        own.success.low.0.to_string(),
        own.success.high.0.to_string(),
    ];
    for spread in [Some(&own.steps), Some(&own.samples), own.seconds.as_ref()] {
        cells.extend(numbers(spread));
    }
    cells.push(own.expected_running_time.0.to_string());
    match &cell.throughput {
        None => cells.extend(vec![String::new(); 6]),
        Some(t) => cells.extend(
            [
                t.seconds_per_step.value.0,
                t.samples_per_second,
                t.flops_per_second,
                t.bytes_per_second,
                t.share_of_peak,
                t.share_of_bandwidth,
            ]
            .map(|x| x.to_string()),
        ),
    }
    let mark = |verdict: &Verdict| match verdict {
        Verdict { winner: Some(winner), .. } if *winner == number => "winner",
        Verdict { tied, .. } if tied.contains(&number) => "tied",
        _ => "",
    };
    cells.push(mark(&target.steps.verdict).into());
    cells.push(mark(&target.samples.verdict).into());
    cells.push(target.time.as_ref().map_or("", |time| mark(&time.verdict)).into());
    cells.push(cell.convergence.clone());
    // Only of the cell along whose run it was measured.
    let is_own = |noise: &&NoiseReport| {
        (&noise.optimizer, &noise.variant, noise.batch_size) == (&cell.optimizer, &cell.variant, cell.batch_size)
    };
    let noise = workload.noise.iter().find(is_own);
    let at = noise.and_then(|noise| noise.targets.iter().find(|at| workload.targets[at.target].loss == target.loss));
    for scale in [at.and_then(|at| at.simple), at.and_then(|at| at.sign)] {
        cells.push(scale.map_or_else(String::new, |scale| scale.to_string()));
    }
    cells.join(",")
}

fn numbers(spread: Option<&Spread>) -> Vec<String> {
    let Some(s) = spread else { return vec![String::new(); 5] };
    [s.median, s.low, s.high, s.lower_quartile, s.upper_quartile].map(|number| number.0.to_string()).into()
}

/// One row for each workload, target and optimizer.
pub(super) fn curves(report: &Report) -> String {
    let mut lines = vec![
        "workload,target_share,optimizer,variant,critical_batch_size,critical_low,critical_high,critical_extrapolated,b20,b20_low,b20_high,\
        b20_open,steps_curve,steps_error,missed_batch_sizes,rates_curve,rate_exponent,rate_exponent_low,rate_exponent_high,fastest_batch_size,measured_fastest_batch_size"
            .to_owned(),
    ];
    for workload in &report.workloads {
        for curve in &workload.curves {
            let steps = curve.steps.first();
            let mut row = start(workload, curve.target, &curve.optimizer, &curve.variant);
            row.extend(of_estimate(curve.critical_batch_size));
            row.push(curve.critical_extrapolated.to_string());
            row.push(optional(curve.b20.map(|b| b.batch_size)));
            let ends = curve.b20.and_then(|b| b.interval);
            row.extend([0, 1].map(|end| optional(ends.map(|ends| ends[end].0))));
            row.push(optional(curve.b20.map(|b| b.open)));
            row.push(quoted(steps.map_or("", |fit| fit.curve.name())));
            row.push(optional(steps.map(|fit| fit.root_mean_square)));
            row.push(curve.missed.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
            row.push(quoted(curve.rates.first().map_or("", |fit| fit.curve.name())));
            row.extend(of_estimate(curve.rate_exponent));
            row.push(optional(curve.fastest_batch_size));
            row.push(optional(curve.measured_fastest));
            lines.push(row.join(","));
        }
    }
    lines.join("\n") + "\n"
}

/// One row for each workload, target, optimizer, rule and batch size.
fn coupling(report: &Report) -> String {
    let mut lines = vec![
        "workload,target_share,optimizer,variant,rule,from_batch_size,batch_size,learning_rate,steps,ratio".to_owned(),
    ];
    for workload in &report.workloads {
        for coupled in &workload.coupling {
            let mut row = start(workload, coupled.target, &coupled.optimizer, &coupled.variant);
            row.push(quoted(coupled.rule.name()));
            row.extend([coupled.from.to_string(), coupled.batch_size.to_string(), coupled.learning_rate.to_string()]);
            row.extend([coupled.steps.0.to_string(), coupled.ratio.0.to_string()]);
            lines.push(row.join(","));
        }
    }
    lines.join("\n") + "\n"
}

/// One row for each workload, optimizer, point that branches leave, and branch.
fn branches(report: &Report) -> String {
    let mut lines = vec![
        "workload,target_share,optimizer,variant,from_batch_size,samples,batch_size,pace,critical_batch_size,critical_low,critical_high,\
        critical_open,schedule_reached,fixed_reached,runs,schedule_steps,schedule_steps_low,schedule_steps_high,\
        schedule_samples,schedule_samples_low,schedule_samples_high,better_fixed_batch_size"
            .to_owned(),
    ];
    for workload in &report.workloads {
        for branch in &workload.branches {
            for at in &branch.checkpoints {
                let critical = at.critical_batch_size;
                for pace in &at.branches {
                    let mut row = start(workload, branch.target, &branch.optimizer, &branch.variant);
                    row.extend([branch.batch_size.to_string(), at.samples.to_string()]);
                    row.extend([pace.batch_size.to_string(), pace.pace.0.to_string()]);
                    row.extend([critical.map(|c| c.value.0), critical.map(|c| c.low.0)].map(optional));
                    row.push(optional(critical.map(|c| c.high.0)));
                    row.push(at.open.to_string());
                    let tried = branch.tried;
                    row.extend([tried.map(|t| t.reached), tried.map(|t| t.fixed_reached)].map(optional));
                    row.push(optional(tried.map(|t| t.runs)));
                    for ratio in [tried.map(|t| t.steps), tried.map(|t| t.samples)] {
                        let numbers = [ratio.map(|r| r.value.0), ratio.map(|r| r.low.0), ratio.map(|r| r.high.0)];
                        row.extend(numbers.map(optional));
                    }
                    row.push(optional(tried.and_then(|t| t.better_fixed)));
                    lines.push(row.join(","));
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

/// One row for each workload, target, quantity and cell that reached the target, from the best.
pub(super) fn comparisons(report: &Report) -> String {
    let mut lines = vec![
        "workload,target_share,optimizer,variant,batch_size,quantity,place,ratio,ratio_low,ratio_high,leader_needs_less,p_holm"
            .to_owned(),
    ];
    for workload in &report.workloads {
        for (t, target) in workload.targets.iter().enumerate() {
            let rankings =
                [("steps", Some(&target.steps)), ("samples", Some(&target.samples)), ("time", target.time.as_ref())];
            for (quantity, ranking) in rankings {
                let places = ranking.into_iter().flat_map(|ranking| &ranking.places);
                for (number, place) in places.enumerate().filter(|(_, place)| place.ratio.value.0.is_finite()) {
                    let cell = &workload.cells[place.cell];
                    let mut row = start(workload, t, &cell.optimizer, &cell.variant);
                    row.extend([cell.batch_size.to_string(), quantity.to_owned(), (number + 1).to_string()]);
                    row.extend([place.ratio.value.0, place.ratio.low.0, place.ratio.high.0].map(|x| x.to_string()));
                    row.push(optional(place.leader_beats_it.map(|share| share.value.0)));
                    row.push(optional(place.p_value));
                    lines.push(row.join(","));
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

/// One row for each quantity of the self-check.
pub(super) fn self_check(report: &Report) -> String {
    let mut lines = vec!["quantity,measured,low,high,expected,ok".to_owned()];
    for check in report.self_check.iter().flat_map(|check| &check.checks) {
        let mut row = vec![quoted(&check.name)];
        row.extend([check.measured, check.low, check.high, check.expected].map(|x| x.to_string()));
        row.push(check.ok.to_string());
        lines.push(row.join(","));
    }
    lines.join("\n") + "\n"
}

/// What each row begins with.
fn start(workload: &WorkloadReport, target: usize, optimizer: &str, variant: &str) -> Vec<String> {
    let share = workload.targets[target].share.to_string();
    vec![quoted(&workload.facts.name), share, quoted(optimizer), quoted(variant)]
}

/// The value, the lower and the upper end.
fn of_estimate(estimate: Option<Estimate>) -> [String; 3] {
    estimate.map_or_else(Default::default, |e| [e.value, e.low, e.high].map(|number| number.0.to_string()))
}

fn optional(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// As RFC 4180 has it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        assert_eq!(["a b", "a,b", "a\"b"].map(super::quoted), ["a b", "\"a,b\"", "\"a\"\"b\""]);
    }
}
