//! Regression on targets in a unit of their own: trained scaled, reported in it.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;
use std::fs;

/// price = 250 000 + 80 000·x − 3·x², in the file's unit; x is uniform in −1 to 1, whole prices.
fn houses(folder: &tempfile::TempDir) -> String {
    let row = |i: u32| {
        let x = f64::from(i * 7919 % 1009) / 504.5 - 1.0;
        format!("{x:.4},{}.5\n", (250_000.0 + 80_000.0 * x - 3.0 * x * x).round())
    };
    let path = folder.path().join("houses.csv");
    fs::write(&path, "x,price\n".to_owned() + &(0..400).map(row).collect::<String>()).unwrap();
    format!("csv:{}", path.display())
}

fn rmse(report: &Value) -> f64 {
    report["metrics"]["validation"]["regression"]["rmse"].as_f64().unwrap_or(f64::INFINITY)
}

#[test]
fn a_network_of_default_options_learns_prices_and_speaks_in_their_unit() {
    let folder = tempfile::tempdir().unwrap();
    let data = houses(&folder);
    let file = folder.path().join("run").to_str().unwrap().to_owned();
    let train = |more: [&str; 2]| json(&[&["train", "--data", &data, "--hidden", "16"], &more[..]].concat());
    let report = train(["--save", &file]);
    // The spread of the prices is 46 000.
    assert!(rmse(&report) < 15_000.0, "{}", report["metrics"]);
    let (loss, rmse_squared) = (report["loss"].as_f64().unwrap(), rmse(&report).powi(2));
    assert!((loss / rmse_squared - 1.0).abs() < 1e-4, "the loss is in the unit too: {loss}, {rmse_squared}");
    let scaling = &report["settings"]["target_scaling"];
    assert!((scaling["mean"].as_f64().unwrap() / 250_000.0 - 1.0).abs() < 0.05, "{scaling}");
    let raw = ["train", "--data", &data, "--hidden", "16", "--standardize-targets", "false", "--json"];
    let raw: Value = serde_json::from_slice(&simdescent(&raw).stdout).unwrap();
    assert_eq!(raw["stop"], "diverged");

    // What is saved knows it.
    let evaluated = json(&["evaluate", "--checkpoint", &file]);
    assert_eq!(evaluated["metrics"], report["metrics"]);
    let elsewhere = json(&["evaluate", "--checkpoint", &file, "--data", &data]);
    let test = elsewhere["metrics"]["test"]["regression"]["rmse"].as_f64().unwrap();
    assert!(test < 15_000.0, "{elsewhere}");
    let longer = json(&["train", "--resume", &file, "--steps", "300", "--validate-every", "2"]);
    assert_eq!(longer["digest"], train(["--steps", "300"])["digest"]);
    refused(&["train", "--resume", &file, "--standardize-targets", "false"], "keeps its data and model");

    let importance = &json(&["explain", "--checkpoint", &file])["importance"]["features"][0]["mean"];
    assert!(importance.as_f64().unwrap() > 1e9, "in the square of the unit: {importance}");
}

#[test]
fn coefficients_are_in_the_unit_of_the_targets_whoever_minimized() {
    let folder = tempfile::tempdir().unwrap();
    let data = houses(&folder);
    let file = folder.path().join("run").to_str().unwrap().to_owned();
    for options in ["--optimizer lbfgs", "--rate 0.1 --steps 500", "--rate 0.1 --steps 500 --standardize-targets false"]
    {
        let train = ["train", "--data", &data, "--save", &file];
        let report = json(&train.into_iter().chain(options.split(' ')).collect::<Vec<_>>());
        assert!(rmse(&report) < 30.0, "{options}: {}", report["metrics"]);
        let output = &json(&["explain", "--checkpoint", &file])["coefficients"][0];
        let [slope, intercept] =
            [&output["features"][0]["original"], &output["intercept"]["original"]].map(|x| x.as_f64().unwrap());
        assert!((slope / 80_000.0 - 1.0).abs() < 1e-3, "{options}: {output}");
        assert!((intercept / 250_000.0 - 1.0).abs() < 1e-3, "{options}: {output}");
    }
}

/// L1 makes exact zeros of what says nothing, L2 only small numbers; λ is in units of the scaled targets.
#[test]
fn the_lasso_and_the_elastic_net_leave_features_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let noise = |i: u32, k: u32| f64::from((i * (7919 + 1000 * k) + k * k) % 1009) / 504.5 - 1.0;
    let row = |i: u32| {
        let x = [0, 1, 2, 3, 4].map(|k| noise(i, k));
        format!("{},{},{},{},{},{}\n", x[0], x[1], x[2], x[3], x[4], 3000.0 * x[0] - 1000.0 * x[1] + 9000.5)
    };
    fs::write(&path, (0..400).map(row).collect::<String>()).unwrap();
    let (data, file) = (format!("csv:{}", path.display()), folder.path().join("run").to_str().unwrap().to_owned());
    let zeros = |options: &str| {
        let train = ["train", "--data", &data, "--rate", "0.1", "--steps", "600", "--save", &file];
        json(&train.into_iter().chain(options.split(' ')).collect::<Vec<_>>());
        let features = &json(&["explain", "--checkpoint", &file])["coefficients"][0]["features"];
        features.as_array().unwrap().iter().filter(|feature| feature["original"] == 0.0).count()
    };
    assert_eq!(zeros("--l2 0.1"), 0);
    assert_eq!(zeros("--l1 0.1"), 3);
    assert_eq!(zeros("--l1 0.1 --l2 0.1"), 3);
}

#[test]
fn every_command_scales_alike() {
    let folder = tempfile::tempdir().unwrap();
    let data = houses(&folder);
    let with = |command: &[&str], more: &[&str]| json(&[command, &["--data", &data, "--hidden", "16"], more].concat());
    let folds = with(&["cross-validate"], &[]);
    assert!(folds["summary"]["rmse"]["mean"].as_f64().unwrap() < 20_000.0, "{folds}");
    let curve = with(&["learning-curve"], &[]);
    assert!(curve["points"][5]["validation"]["r2"].as_f64().unwrap() > 0.8, "{curve}");
    assert_eq!(curve["points"][5]["validation"]["loss"], with(&["train"], &[])["loss"]);
    let found = with(&["tune", "lr"], &[])["result"]["suggestion"]["rate"].as_f64().unwrap();
    assert!((1e-3..2.0).contains(&found), "a rate for targets of deviation 1: {found}");
    let streamed = with(&["train"], &["--stream", "1000", "--sampling", "fixed-order", "--steps", "200"]);
    assert!(rmse(&streamed) < 15_000.0, "{streamed}");
    let space = folder.path().join("space.toml").to_str().unwrap().to_owned();
    fs::write(&space, "[learning-rate]\nrate = { log = [0.01, 0.1] }\n").unwrap();
    let best = with(&["tune", "search"], &["--trials", "2", "--metric", "rmse", "--space", &space]);
    assert!(best["best"]["value"].as_f64().unwrap() < 15_000.0, "{best}");
}

#[test]
fn where_scaling_means_nothing_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = houses(&folder);
    let counts = ["train", "--data", &data, "--loss", "poisson", "--rate", "1e-9", "--steps", "1"];
    assert_eq!(json(&counts)["settings"]["target_scaling"], Value::Null);
    refused(&[&counts[..], &["--standardize-targets"]].concat(), "not for poisson");
    refused(&[&counts[..], &["--standardize-targets", "--stream"]].concat(), "poisson");
    refused(&["train", "--workload", "mlp", "--standardize-targets"], "not for softmax_cross_entropy");
    refused(&["train", "--example", "linear", "--standardize-targets"], "closed form");
    let embedded = json(&["train", "--workload", "linear", "--steps", "1"]);
    assert_eq!(embedded["settings"]["target_scaling"], Value::Null);
    let asked = json(&["train", "--workload", "linear", "--steps", "1", "--standardize-targets"]);
    assert!(asked["settings"]["target_scaling"]["deviation"].is_f64());
    let help = text(&simdescent(&["train", "--help"]).stdout);
    assert!(help.contains("--standardize-targets"), "{help}");
}

fn sweep(data: &str, more: &[&str]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let small = ["--optimizers", "sgd,adam", "--batch-sizes", "8,32", "--budget-epochs", "100", "--no-throughput"];
    let arguments = [&["sweep", "--data", data, "--out", out.path().to_str().unwrap()], &small[..], more].concat();
    let output = simdescent(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_str(&fs::read_to_string(out.path().join("report.json")).unwrap()).unwrap()
}

/// A sweep goes the way of `train`: targets are scaled, losses are in their unit.
#[test]
fn a_sweep_on_prices_measures_something() {
    let folder = tempfile::tempdir().unwrap();
    let data = houses(&folder);
    let report = sweep(&data, &[]);
    let workloads = report["workloads"].as_array().unwrap();
    let models = [0, 1].map(|i| workloads[i]["facts"]["model"].as_str().unwrap());
    assert_eq!(models, ["linear 1-1", "mlp 1-32-1"]);
    let initial = workloads[0]["facts"]["initial_loss"].as_f64().unwrap();
    let target = workloads[0]["targets"][0]["loss"].as_f64().unwrap();
    // The variance of the prices is 2.1e9, that around the line is below 10.
    assert!((1e9..4e9).contains(&initial) && target < 0.11 * initial, "{initial} {target}");
    for workload in workloads {
        let reached = |cell: &&Value| {
            let easiest = &cell["targets"][0];
            easiest["outcome"] == "complete" && easiest["steps"]["median"].as_f64().unwrap() > 1.0
        };
        assert!(workload["cells"].as_array().unwrap().iter().filter(reached).count() >= 2, "{workload}");
    }
    let path = folder.path().join("large.csv");
    let rows: String = (0..100).map(|i| format!("{},{}e24\n", i % 10, i % 10 - 4)).collect();
    fs::write(&path, rows).unwrap();
    let report = sweep(&format!("csv:{}", path.display()), &["--task", "regression", "--hidden", "4,3"]);
    assert_eq!(report["workloads"][0]["facts"]["model"], "mlp 1-4-3-1");
    let target = report["workloads"][0]["targets"][0]["loss"].as_f64().unwrap();
    assert!((1e44..1e48).contains(&target), "{target}");
}

/// Where the trials hardly learn, there is no target: the message says how they can (`study/pilot.rs` tests each advice).
#[test]
fn a_sweep_without_a_target_stops() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    let sweep = |data: &str, more: &[&str], wanted: &str| {
        refused(&[&["sweep", "--data", data, "--out", &out], more].concat(), wanted);
    };
    // Features of svmlight files are as they are: these are too small for the rates of a sweep.
    let rows: String = (0..200).map(|i| format!("{} 1:{}e-5 2:3e-5\n", i % 50, i % 50)).collect();
    let path = folder.path().join("small.svm");
    fs::write(&path, rows).unwrap();
    let small = format!("svmlight:{}", path.display());
    sweep(&small, &["--task", "regression"], "scale the features to deviations near 1");
    refused(&["sweep", "--hidden", "4"], "--data");
}
