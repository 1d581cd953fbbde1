//! One row for each workload, target and cell.

use crate::study::noise_report::NoiseReport;
use crate::study::result::{CellReport, CellTarget, Report, Spread, TargetReport, Verdict, WorkloadReport};

const HEADER: &str = "workload,model,target_share,target_loss,optimizer,variant,batch_size,learning_rate,rate_at_border,rates_beyond,\
trials,tuning_runs,outcome,reached,repeats,success_low,success_high,\
steps,steps_low,steps_high,steps_lower_quartile,steps_upper_quartile,\
samples,samples_low,samples_high,samples_lower_quartile,samples_upper_quartile,\
seconds,seconds_low,seconds_high,seconds_lower_quartile,seconds_upper_quartile,\
expected_running_time,seconds_per_step,samples_per_second,flops_per_second,bytes_per_second,share_of_peak,share_of_bandwidth,\
by_steps,by_samples,by_time,convergence,noise_scale,sign_noise_scale";

/// The whole file. An infinite number is `inf`, one that was not measured is empty.
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
    let reached = own.runs.iter().filter(|run| run.steps.is_some()).count();
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
