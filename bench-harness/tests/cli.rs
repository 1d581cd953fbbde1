//! The program as a user meets it.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn simdescent(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(arguments).envs(environment.iter().copied());
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// 60 rows of two features and a label.
fn csv(dir: &Path) -> String {
    let rows: String = (0..60u32)
        .map(|i| {
            let (a, b) = (i * 37 % 60, i * 17 % 60);
            format!("{a},{b},{}\n", u32::from(a + b > 60))
        })
        .collect();
    let path = dir.join("points.csv");
    fs::write(&path, format!("a,b,label\n{rows}")).unwrap();
    format!("csv:{}", path.display())
}

/// A small sweep into a folder; what it prints and its report.
fn sweep(data: &str, out: &Path, more: &[&str], environment: &[(&str, &str)]) -> (Output, Value) {
    let small = ["--optimizers", "sgd,adam", "--batch-sizes", "4,16", "--budget-epochs", "100"];
    let arguments = [&["sweep", "--data", data, "--out", out.to_str().unwrap()], &small[..], more].concat();
    let output = simdescent(&arguments, environment);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = fs::read_to_string(out.join("report.json")).unwrap();
    (output, serde_json::from_str(&report).unwrap())
}

/// What all runs of all cells needed, without what depends on the machine.
fn needed(report: &Value) -> Vec<Value> {
    let cells = report["workloads"].as_array().unwrap().iter().flat_map(|w| w["cells"].as_array().unwrap());
    let targets = cells.flat_map(|cell| cell["targets"].as_array().unwrap());
    targets.map(|target| serde_json::json!([target["runs"], target["tuning"], target["steps"]])).collect()
}

/// Each optimizer by its name; at one of these rates all of them come to the optimum of one weight.
#[test]
fn every_optimizer_trains_the_example() {
    let above_optimum = |name: &str, rate: &[&str]| {
        let output =
            simdescent(&[&["train", "--example", "linear", "--optimizer", name, "--json"], rate].concat(), &[]);
        // One that diverged prints its report, too.
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: {}", text(&output.stderr)));
        assert_eq!(report["optimizer"], name);
        let [loss, optimum] =
            [&report["loss"], &report["optimum"]["loss"]].map(|x| x.as_f64().unwrap_or(f64::INFINITY));
        loss - optimum
    };
    for name in simdescent::Rule::ALL.map(simdescent::Rule::name) {
        let rates = ["0.1", "0.01", "1", "5", "0.03"];
        let arrives = |rate| above_optimum(name, &["--rate", rate]).abs() < 0.02;
        assert!(rates.into_iter().any(arrives), "{name} does not come to the optimum at any of the rates {rates:?}");
    }
    assert!(above_optimum("lbfgs", &[]).abs() < 0.02);
    let output = simdescent(&["train", "--example", "linear", "--optimizer", "adm"], &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("adamw"), "the names are listed");
    let output = simdescent(&["train", "--example", "linear", "--rate", "-1"], &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("the rate has to be positive"));
    let output = simdescent(&["train", "--optimizer", "lbfgs", "--batch-size", "8"], &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("options of batch"));
}

#[test]
fn a_sweep_reports_every_cell_and_the_same_runs_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let data = csv(dir.path());
    let (first, scalar) = (dir.path().join("first"), dir.path().join("scalar"));
    let (output, report) = sweep(&data, &first, &[], &[]);
    assert_eq!(report["schema_version"], 2);
    assert_eq!(report["workloads"].as_array().unwrap().len(), 2);
    for workload in report["workloads"].as_array().unwrap() {
        assert_eq!(workload["cells"].as_array().unwrap().len(), 2 * 2);
        assert_eq!(
            (&workload["facts"]["training"]["rows"], &workload["facts"]["evaluation"]["rows"]),
            (&48.into(), &12.into())
        );
        for cell in workload["cells"].as_array().unwrap() {
            assert!(cell["throughput"]["samples_per_second"].as_f64().unwrap() > 0.0, "{cell}");
            assert_eq!(cell["throughput"]["rounds"].as_array().unwrap().len(), 7);
        }
    }
    for field in ["cpu", "isa", "threads", "rustc", "commit"] {
        assert!(!report["throughput"]["session"]["environment"][field].is_null(), "{field}");
    }

    // Without running anything, the same again.
    let read = |name: &str| fs::read_to_string(first.join(name)).unwrap();
    let before = ["report.json", "report.csv", "report.md", "convergence.jsonl", "throughput.jsonl"].map(read);
    let again = simdescent(&["report", first.to_str().unwrap()], &[]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let tables = text(&again.stdout);
    assert!(tables.contains("time to target") && text(&output.stdout).starts_with(tables.lines().next().unwrap()));
    assert_eq!(["report.json", "report.csv", "report.md", "convergence.jsonl", "throughput.jsonl"].map(read), before);
    let file = simdescent(&["report", first.join("report.json").to_str().unwrap()], &[]);
    assert!(file.status.success() && text(&file.stdout).contains("time to target"));
    // A second sweep has nothing to run and nothing to time.
    let (second, _) = sweep(&data, &first, &[], &[]);
    assert!(text(&second.stderr).contains("0 runs, "), "{}", text(&second.stderr));
    assert_eq!(read("throughput.jsonl"), before[4]);

    let (_, other) = sweep(&data, &scalar, &["--no-throughput"], &[("SIMDESCENT_ISA", "scalar")]);
    assert_eq!(needed(&other), needed(&report));
    assert!(other["throughput"].is_null());
    let (_, seed) = sweep(&data, &dir.path().join("seed"), &["--no-throughput", "--seed", "2"], &[]);
    assert_ne!(needed(&seed), needed(&report));
}

#[test]
fn reports_of_other_versions_and_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let old = r#"{"schema_version": 1, "workloads": [{"name": "linear", "model": "linear 64-1", "parameters": 65,
        "training": {"rows": 4000}, "initial_loss": 1.3, "target_loss": 0.3, "cells": [{"optimizer": "sgd", "batch_size": 8,
        "learning_rate": 0.1, "learning_rate_at_border": false, "outcome": "complete", "samples_per_second": 1e6,
        "steps_to_target": 40.0, "samples_to_target": 320.0, "seconds_to_target": 0.001, "final_loss": 0.2,
        "digest": "0123456789"}]}]}"#;
    for (name, json, wanted) in [
        ("old.json", old, "fastest"),
        ("new.json", "{\"schema_version\": 99}", "newer than this program"),
        ("none.json", "{}", "no report of a sweep"),
        ("bad.json", "{", "bad.json"),
        ("report.csv", "workload,optimizer\n", "no report as JSON; this takes one, or the folder of a sweep"),
    ] {
        fs::write(path(name), json).unwrap();
        let output = simdescent(&["report", &path(name)], &[]);
        assert_eq!(output.status.code(), Some(if name == "old.json" { 0 } else { 65 }));
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(said.contains(wanted) && !said.contains("panicked"), "{said}");
    }
    for (place, wanted) in [(path("nowhere"), "no such folder"), (path(""), "there is no study.json")] {
        let output = simdescent(&["report", &place], &[]);
        assert!(output.status.code() == Some(65) && text(&output.stderr).contains(wanted), "{}", text(&output.stderr));
    }
}

#[test]
fn the_example_ends_near_its_closed_form() {
    let output = simdescent(&["train", "--example", "linear", "--json"], &[]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (weight, optimum) = (report["weight"].as_f64().unwrap(), report["optimum"]["weight"].as_f64().unwrap());
    assert!((weight / optimum - 1.0).abs() < 3e-3, "{report}");
    assert_eq!(report["digest"], "2583c491d04640a4257bb6da5d7c5970eb5c832ecf1fe37846979ad8cc5fbd60");
    let output = simdescent(&["train", "--example", "linear"], &[]);
    assert!(text(&output.stdout).contains("closed form"));
}

#[test]
fn bad_input_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let ragged = dir.path().join("ragged.csv");
    fs::write(&ragged, "1,2,0\n3,4,1\n5,x,1\n").unwrap();
    let ragged = format!("csv:{}", ragged.display());
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    for (arguments, environment, wanted) in [
        (vec!["sweep", "--data", &ragged], vec![], "line 3"),
        (vec!["sweep", "--data", "csv:/no/such/file"], vec![], "/no/such/file"),
        (vec!["sweep", "--data", "tsv:x"], vec![], "mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:"),
        (vec!["sweep", "--jobs", "0"], vec![], "--jobs"),
        (vec!["sweep"], vec![("SIMDESCENT_ISA", "sse9")], "takes one of scalar, avx2, avx512, neon"),
        (vec!["train", "--example", "cubic"], vec![], "linear"),
    ] {
        let mut arguments = arguments;
        if arguments[0] == "sweep" {
            arguments.extend(["--out", out]);
        }
        let output = simdescent(&arguments, &environment);
        let message = text(&output.stderr);
        assert!(!output.status.success() && message.contains(wanted), "{arguments:?}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

/// Exit code 2, as PROTOCOL.md has it, a message that names the flag, and no folder that nothing goes into.
#[test]
fn a_sweep_of_flags_that_make_no_sense_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    for (arguments, code, wanted) in [
        (vec!["--verify", "2"], 2, "--verify <SHARE>': it takes a share of the records above 0 and at most 1"),
        (vec!["--verify", "nan"], 2, "--verify <SHARE>': it takes a share"),
        (vec!["--verify", "0"], 2, "--verify <SHARE>': it takes a share"),
        (vec!["--verify", "0.5"], 65, "no such folder"),
        (vec!["--data", "csv:x.csv", "--budget-epochs", "0"], 2, "--budget-epochs"),
        (vec!["--target", "price"], 2, "--target, --impute and the other options of CSV files need --data csv:FILE"),
        (vec!["--data", "npz:x.npz", "--target", "price"], 2, "need --data csv:FILE"),
        (vec!["--features", "3"], 2, "need --data svmlight:FILE"),
        (vec!["--data", "csv:/no/such/file", "--target", "price"], 65, "/no/such/file"),
    ] {
        let output = simdescent(&[&["sweep", "--out", out.to_str().unwrap()], &arguments[..]].concat(), &[]);
        let message = text(&output.stderr);
        assert!(message.contains(wanted), "{arguments:?}: {message}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(!out.exists(), "{arguments:?}");
    }
}

/// Of `simdescent … | head`, the reader leaves first.
#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_command_quietly() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(["train", "--workload", "mlp", "--steps", "200"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(text(&child.wait_with_output().unwrap().stderr), "");
}
