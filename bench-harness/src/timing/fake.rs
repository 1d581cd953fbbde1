//! Times that nobody measured, for tests.

use super::analysis::{Head, analyze};
use super::plan::BenchPlan;
use super::process::{CaseTimes, ProcessTimes, RoundTimes};
use super::result::{BenchReport, Peer};
use crate::environment::Environment;
use crate::environment::disturbance::Disturbance;
use crate::environment::limits::{Bandwidth, ThreadLimits};
use simdescent::kernels::Exec;

/// A report in which ours takes `ours` seconds in every case, the second contestant `other`, and the control's second name
/// `again` times as long as its first; processes differ by a percent.
pub(crate) fn report(ours: f64, other: f64, again: f64) -> BenchReport {
    let plan = BenchPlan {
        processes: 5,
        rounds: 3,
        sample_microseconds: 300,
        seed: 1,
        quick: true,
        filter: None,
        threads: vec![1],
        confidence: 0.95,
        margin: 0.03,
    };
    let limits = ThreadLimits {
        threads: 1,
        peak_flops_f32: 1e11,
        peak_flops_f64: 5e10,
        bandwidths: vec![
            Bandwidth { bytes: 16 << 10, level: Some("L1".into()), read: 3e11, copy: 2e11 },
            Bandwidth { bytes: 64 << 20, level: Some("L3".into()), read: 3e10, copy: 2e10 },
        ],
    };
    let process = |number: usize| {
        let of_process = 1.0 + 0.01 * number as f64;
        let case = |case: simdescent_benches::cases::Case| {
            let control = case.group() == "control";
            let second = if control { again * ours } else { other };
            // Not in step with the first, as in life.
            let second = second * (1.0 + 0.002 * (number % 3) as f64 - 0.001);
            let round = |i: usize| RoundTimes {
                seconds: vec![ours * of_process * (1.0 + 0.1 * i as f64), second * of_process * (1.0 + 0.1 * i as f64)],
                calibration: [1e-6, 2e-6],
                disturbance: Disturbance {
                    load: Some(0.5),
                    involuntary_switches: Some(i as u64),
                    stolen_ticks: Some(0),
                    throttled: None,
                },
            };
            let second_name = if control { "simdescent again" } else { "plain" };
            CaseTimes {
                name: case.name,
                contestants: vec!["simdescent".into(), second_name.into()],
                rounds: (0..3).map(round).collect(),
            }
        };
        let cases = plan.cases(1).into_iter().map(case).collect();
        ProcessTimes { number, threads: 1, limits: [limits.clone(), limits.clone()], cases }
    };
    let times = (0..5).map(process).collect();
    let environment = Environment { commit: "0123456789".into(), ..Environment::detect(Exec::default()) };
    let peers = vec![Peer { name: "gemm".into(), version: "0.19.0".into() }];
    analyze(Head { started: "2026-11-30T22:00:00Z".into(), seconds: 60.0, environment, plan, peers }, times).unwrap()
}
