//! The times in the formats of other tools. A benchmark is a case with one contestant: `gemm/f32/64x64x64/threads:1/simdescent`.

use super::unit;
use crate::timing::result::{BenchReport, CaseReport, Contestant, Unit};
use anyhow::Result;
use serde_json::{Map, Value, json};
use simdescent_measure::statistics::median;

/// What follows the name of a report, and the content of each file.
pub(super) fn all(report: &BenchReport) -> Result<Vec<(&'static str, String)>> {
    let files = [
        (".bencher.json", bencher(report)),
        (".github-smaller.json", github_action(report, false)),
        (".github-bigger.json", github_action(report, true)),
        (".google.json", google_benchmark(report)),
        (".hyperfine.json", hyperfine(report)),
    ];
    files.into_iter().map(|(ending, value)| Ok((ending, serde_json::to_string(&value)? + "\n"))).collect()
}

fn rows(report: &BenchReport) -> impl Iterator<Item = (String, &CaseReport, &Contestant)> {
    report.cases.iter().flat_map(|case| {
        case.contestants.iter().map(move |contestant| {
            (format!("{}/{}", case.full_name(), contestant.name.replace(", ", "-").replace(' ', "-")), case, contestant)
        })
    })
}

/// Bencher Metric Format: latency in nanoseconds, throughput in units per second.
fn bencher(report: &BenchReport) -> Value {
    let measure = |value: f64, low: Option<f64>, high: Option<f64>| {
        let mut measure = Map::from_iter([("value".to_owned(), json!(value))]);
        measure.extend(low.map(|low| ("lower_value".to_owned(), json!(low))));
        measure.extend(high.map(|high| ("upper_value".to_owned(), json!(high))));
        Value::Object(measure)
    };
    let row = |(name, case, contestant): (String, &CaseReport, &Contestant)| {
        let seconds = contestant.seconds;
        let nanoseconds = |x: f64| 1e9 * x;
        let latency = measure(nanoseconds(seconds.value), seconds.low.map(nanoseconds), seconds.high.map(nanoseconds));
        let rate = |x: f64| case.rate(x);
        let throughput = measure(rate(seconds.value), seconds.high.map(rate), seconds.low.map(rate));
        (name, json!({ "latency": latency, "throughput": throughput }))
    };
    Value::Object(rows(report).map(row).collect())
}

/// github-action-benchmark: `customSmallerIsBetter` has times, `customBiggerIsBetter` rates.
fn github_action(report: &BenchReport, bigger: bool) -> Value {
    let row = |(name, case, contestant): (String, &CaseReport, &Contestant)| {
        let seconds = contestant.seconds;
        let (unit, value) = if bigger { (unit(case), case.rate(seconds.value)) } else { ("ns", 1e9 * seconds.value) };
        let mut row = json!({
            "name": name,
            "unit": unit,
            "value": value,
            "extra": format!(
                "{} processes on {}; {:.0} % of the limit ({})",
                contestant.by_process.len(),
                report.environment.cpu,
                100.0 * contestant.share_of_limit,
                case.limit.name
            ),
        });
        if let (Some(low), Some(high)) = (seconds.low, seconds.high) {
            row["range"] = json!(format!("± {:.1} %", 50.0 * (high - low) / seconds.value));
        }
        row
    };
    rows(report).map(row).collect()
}

/// Google Benchmark: a row for each process. Only wall time is measured, so the CPU time of a row is the same.
fn google_benchmark(report: &BenchReport) -> Value {
    let environment = &report.environment;
    let mut benchmarks = vec![];
    for (family, (name, case, contestant)) in rows(report).enumerate() {
        for (process, &seconds) in contestant.by_process.iter().enumerate() {
            let mut row = json!({
                "name": name,
                "family_index": family,
                "per_family_instance_index": 0,
                "run_name": name,
                "run_type": "iteration",
                "repetitions": contestant.by_process.len(),
                "repetition_index": process,
                "threads": case.threads,
                "iterations": report.plan.rounds,
            });
            if seconds.is_finite() {
                let nanoseconds = 1e9 * seconds;
                (row["real_time"], row["cpu_time"]) = (json!(nanoseconds), json!(nanoseconds));
                row["time_unit"] = json!("ns");
                let counter = if case.work.unit == Unit::Bytes { "bytes_per_second" } else { "items_per_second" };
                row[counter] = json!(case.rate(seconds));
            } else {
                (row["error_occurred"], row["error_message"]) = (json!(true), json!("no time was measured"));
            }
            benchmarks.push(row);
        }
    }
    json!({
        "context": {
            "date": report.started,
            "host_name": environment.cpu,
            "executable": "simdescent bench",
            "num_cpus": environment.logical_cores,
            "mhz_per_cpu": 0,
            "caches": [],
            "load_avg": report.disturbances.load.map_or_else(Vec::new, |load| vec![load]),
            "library_version": environment.version,
            "library_build_type": environment.build_profile,
            "json_schema_version": 1,
        },
        "benchmarks": benchmarks,
    })
}

/// hyperfine: a run is a process. User and system time of a call are not measured, and 0.
fn hyperfine(report: &BenchReport) -> Value {
    let row = |(name, case, contestant): (String, &CaseReport, &Contestant)| {
        let times = &contestant.by_process;
        let n = times.len() as f64;
        let mean = times.iter().sum::<f64>() / n;
        let variance = times.iter().map(|time| (time - mean) * (time - mean)).sum::<f64>() / (n - 1.0);
        json!({
            "command": name,
            "mean": mean,
            "stddev": variance.sqrt(),
            "median": median(times.clone()),
            "user": 0.0,
            "system": 0.0,
            "min": times.iter().copied().fold(f64::INFINITY, f64::min),
            "max": times.iter().copied().fold(0.0, f64::max),
            "times": times,
            "exit_codes": vec![0; times.len()],
            "parameters": { "case": case.name, "threads": case.threads.to_string(), "contestant": contestant.name },
        })
    };
    json!({ "results": rows(report).map(row).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::fake::report;

    fn sample(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// Whether every row has only keys that a row of the sample has, of the same types, and all that every row there has.
    #[track_caller]
    fn like<'a>(rows: impl IntoIterator<Item = &'a Value>, samples: &[&Value]) {
        let kind = |value: &Value| std::mem::discriminant(value);
        let mut count = 0;
        for row in rows {
            let row = row.as_object().unwrap();
            for (key, value) in row {
                let known = samples.iter().find_map(|sample| sample.get(key));
                let known = known.unwrap_or_else(|| panic!("{key} is no key of the format"));
                assert_eq!(kind(value), kind(known), "{key}: {value}");
                if let (Some([first, ..]), Some([known, ..])) =
                    (value.as_array().map(Vec::as_slice), known.as_array().map(Vec::as_slice))
                {
                    assert_eq!(kind(first), kind(known), "{key}: {value}");
                }
            }
            let needed = samples[0].as_object().unwrap().keys();
            let needed = needed.filter(|key| samples.iter().all(|sample| sample.get(key.as_str()).is_some()));
            for key in needed {
                assert!(row.contains_key(key), "{key} is missing");
            }
            count += 1;
        }
        assert!(count > 0, "nothing is exported");
    }

    #[test]
    fn bencher_metric_format() {
        let sample = sample(include_str!("../../../tests/formats/bencher.json"));
        let export = bencher(&report(2e-5, 3e-5, 1.0));
        let benches: Vec<&Value> = sample.as_object().unwrap().values().collect();
        like(export.as_object().unwrap().values(), &benches);
        for measure in ["latency", "throughput"] {
            let samples: Vec<&Value> = benches.iter().map(|bench| &bench[measure]).collect();
            like(export.as_object().unwrap().values().map(|bench| &bench[measure]), &samples);
        }
        let ours = &export["gemm/f32/64x64x64/threads:1/simdescent"];
        let latency = ours["latency"]["value"].as_f64().unwrap();
        assert!((latency - 22_440.0).abs() < 10.0, "nanoseconds: {latency}");
        let throughput = ours["throughput"]["value"].as_f64().unwrap();
        assert!((throughput * latency / 1e9 - 524_288.0).abs() < 1e-3);
        for measure in ["latency", "throughput"] {
            let of = |key: &str| ours[measure][key].as_f64().unwrap();
            assert!(of("lower_value") < of("value") && of("value") < of("upper_value"), "{ours}");
        }
    }

    #[test]
    fn github_action_benchmark() {
        let sample = sample(include_str!("../../../tests/formats/github-action-benchmark.json"));
        let samples: Vec<&Value> = sample.as_array().unwrap().iter().collect();
        let report = report(2e-5, 3e-5, 1.0);
        let [smaller, bigger] = [false, true].map(|bigger| github_action(&report, bigger));
        like(smaller.as_array().unwrap(), &samples);
        like(bigger.as_array().unwrap(), &samples);
        let (smaller, bigger) = (&smaller[0], &bigger[0]);
        assert_eq!((&smaller["unit"], &bigger["unit"]), (&json!("ns"), &json!("FLOP/s")));
        // 8³ is the first case.
        let flops = smaller["value"].as_f64().unwrap() * bigger["value"].as_f64().unwrap() / 1e9;
        assert!((flops - 1024.0).abs() < 1e-6, "{flops}");
        assert!(smaller["range"].as_str().unwrap().starts_with("± "));
    }

    #[test]
    fn google_benchmarks_rows_are_processes() {
        let sample = sample(include_str!("../../../tests/formats/google-benchmark.json"));
        let mut report = report(2e-5, 3e-5, 1.0);
        report.cases[0].contestants[0].by_process[1] = f64::NAN;
        let export = google_benchmark(&report);
        like([&export["context"]], &[&sample["context"]]);
        assert_eq!(export["context"]["json_schema_version"], 1);
        let samples: Vec<&Value> = sample["benchmarks"].as_array().unwrap().iter().collect();
        let rows = export["benchmarks"].as_array().unwrap();
        like(rows, &samples);
        assert_eq!(rows.len(), report.cases.len() * 2 * 5);
        assert_eq!((&rows[0]["repetition_index"], &rows[4]["repetition_index"]), (&json!(0), &json!(4)));
        assert!(rows[0]["real_time"].is_f64() && rows[1]["real_time"].is_null());
        assert_eq!(rows[1]["error_occurred"], true);
    }

    #[test]
    fn hyperfines_runs_are_processes() {
        let sample = sample(include_str!("../../../tests/formats/hyperfine.json"));
        let export = hyperfine(&report(2e-5, 3e-5, 1.0));
        like(export["results"].as_array().unwrap(), &[&sample["results"][0]]);
        let first = &export["results"][0];
        assert_eq!(first["times"].as_array().unwrap().len(), 5);
        assert_eq!(first["median"], first["times"][2]);
        assert!(first["parameters"].as_object().unwrap().values().all(Value::is_string));
        assert!((first["mean"].as_f64().unwrap() - 2.244e-5).abs() < 1e-9);
    }
}
