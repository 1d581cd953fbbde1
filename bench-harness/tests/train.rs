//! `train` as a user meets it: flags, files, and both.

use crate::command::{json, simdescent, text};
use serde_json::Value;
use std::fs;

fn train(arguments: &[&str]) -> Value {
    json(&[&["train"], arguments].concat())
}

fn refused(arguments: &[&str], wanted: &str) {
    crate::command::refused(&[&["train"], arguments].concat(), wanted);
}

/// A file with every kind of option, and the flags that say the same.
const CONFIG: &str = r#"
optimizer = "adam"
schedule = "cosine"
seed = 5

[problem]
workload = "mlp"
hidden = [32, 16]
activation = "tanh"
initializer = "truncated-normal"
initializer-scale = 0.2
dropout = 0.1

[learning-rate]
rate = 0.02
floor = 0.1
warmup = 20

[batch]
batch-size = 25
batch-growth = "seesaw"
largest-batch = 200
last-batch = "drop"

[regularization]
l2 = 1e-4
l1 = 1e-5
weight-decay = 1e-3
clip-norm = 2.0
clip-value = 0.5
flush-subnormals = true

[fit]
steps = 400
validate-every = 20
patience = 50
"#;
const FLAGS: &str = "--optimizer adam --schedule cosine --l2 1e-4 --l1 1e-5 --weight-decay 1e-3 --clip-norm 2 --clip-value 0.5 \
    --flush-subnormals --seed 5 --workload mlp --hidden 32,16 --activation tanh \
    --initializer truncated-normal --initializer-scale 0.2 --dropout 0.1 --rate 0.02 --floor 0.1 --warmup 20 \
    --batch-size 25 --batch-growth seesaw --largest-batch 200 --last-batch drop --steps 400 --validate-every 20 --patience 50";

#[test]
fn a_file_and_flags_mean_the_same_and_flags_go_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.toml");
    fs::write(&path, CONFIG).unwrap();
    let config = ["--config", path.to_str().unwrap()];
    let from_file = train(&config);
    let flags: Vec<&str> = FLAGS.split_whitespace().collect();
    assert_eq!(from_file, train(&flags));
    // Any flag over the file is that flag in the place of the other.
    for (flag, value) in
        [("--seed", "6"), ("--rate", "0.01"), ("--hidden", "8"), ("--batch-size", "50"), ("--steps", "100")]
    {
        let at = flags.iter().position(|&f| f == flag).unwrap();
        let mut changed = flags.clone();
        changed[at + 1] = value;
        let over = train(&[&config[..], &[flag, value]].concat());
        assert_ne!(over["digest"], from_file["digest"], "{flag}");
        assert_eq!(over, train(&changed), "{flag}");
    }
    // Another workload forgets that of the file, not the rest.
    let other = train(&[&config[..], &["--workload", "softmax"]].concat());
    assert_eq!((&other["model"], &other["settings"]["seed"]), (&"mlp 32-32-16-10".into(), &5.into()));
    let csv = dir.path().join("x.csv");
    fs::write(&csv, (0..60).map(|i| format!("{},{},{}\n", i % 7, i % 11, i % 2)).collect::<String>()).unwrap();
    let data = format!("csv:{}", csv.display());
    let other = train(&[&config[..], &["--data", &data, "--largest-batch", "48"]].concat());
    assert_eq!(other["model"], "mlp 2-32-16-1");
}

/// The file and the flags of docs/training.md.
#[test]
fn the_documentation_says_the_same_twice() {
    let page = include_str!("../../docs/training.md");
    let file = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let flags = page.lines().find(|line| line.starts_with("simdescent train --workload")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.toml");
    fs::write(&path, file).unwrap();
    let flags: Vec<&str> = flags.split_whitespace().skip(2).collect();
    assert_eq!(train(&["--config", path.to_str().unwrap()]), train(&flags));
}

#[test]
fn every_part_of_the_toolbox_changes_the_run() {
    let base = ["--workload", "mlp", "--steps", "60", "--optimizer", "momentum"];
    let digest =
        |more: &str| train(&[&base[..], &more.split_whitespace().collect::<Vec<_>>()].concat())["digest"].clone();
    let mut digests = vec![digest("")];
    for more in [
        "--schedule step",
        "--schedule inverse-time",
        "--schedule exponential",
        "--schedule polynomial",
        "--schedule cosine",
        "--schedule warm-restarts",
        "--schedule one-cycle",
        "--schedule reduce-on-plateau --plateau-patience 0 --plateau-min-delta 0.9",
        "--warmup 10",
        "--initializer xavier-normal",
        "--initializer xavier-uniform",
        "--initializer he-uniform",
        "--initializer lecun-normal",
        "--initializer lecun-uniform",
        "--initializer orthogonal",
        "--initializer orthogonal --initializer-scale 1.4",
        "--initializer normal",
        "--initializer uniform",
        "--initializer truncated-normal",
        "--initializer constant",
        "--initializer zeros",
        "--activation sigmoid",
        "--dropout 0.3",
        "--l2 0.01",
        "--l1 0.01",
        "--l1 0.01 --l2 0.01",
        "--weight-decay 0.1",
        "--clip-norm 0.1",
        "--clip-value 0.01",
        "--label-smoothing 0.1",
        "--class-weights 1,2,3,4",
        "--batch-growth step",
        "--batch-growth step --rate-scaling linear",
        "--batch-growth step --rate-scaling square-root",
        "--batch-growth geometric",
        "--batch-growth milestones --growth-at 200,400 --rate-scaling linear",
        "--batch-growth plateau --plateau-patience 0 --plateau-min-delta 0.9",
        "--batch-growth instead-of-decay --schedule cosine",
        "--batch-growth seesaw --schedule cosine",
        "--sampling fixed-order",
        "--sampling with-replacement",
        "--batch-size 300",
        "--batch-size 300 --last-batch drop",
        "--trial 1",
        "--seed 2",
    ] {
        digests.push(digest(more));
    }
    let mut distinct = digests.clone();
    distinct.sort_by_key(ToString::to_string);
    distinct.dedup();
    assert_eq!(distinct.len(), digests.len(), "two of these are the same run: {digests:#?}");
    assert_eq!(digest("--threads 2"), digests[0], "threads change nothing");
}

#[test]
fn early_stopping_keeps_the_best_weights() {
    let report = train(&[
        "--workload",
        "softmax",
        "--rate",
        "1",
        "--steps",
        "2000",
        "--validate-every",
        "10",
        "--patience",
        "5",
    ]);
    assert_eq!(report["stop"], "early");
    assert_eq!(report["loss"], report["best"]["loss"]);
    let validations = report["validations"].as_array().unwrap();
    assert_eq!(validations[validations.len() - 6]["step"], report["best"]["step"]);
    let text = text(&simdescent(&["train", "--workload", "softmax", "--steps", "50"]).stdout);
    assert!(text.contains("all steps taken; kept the weights of step 50"), "{text}");
}

/// Where the batch grows instead of a decay, the length is in samples: as many as the decay would see, in fewer steps.
#[test]
fn growth_instead_of_decay_takes_fewer_steps_for_the_same_samples() {
    // No short batches, so that the numbers come out even.
    let step = "--workload linear --schedule step --factor 0.5 --every 100 --steps 300 --last-batch drop";
    let step: Vec<&str> = step.split_whitespace().collect();
    let decay = train(&step);
    assert_eq!((&decay["steps"], &decay["samples"]), (&300.into(), &9600.into()));
    let grown = train(&[&step[..], &["--batch-growth", "instead-of-decay"]].concat());
    assert_eq!((&grown["steps"], &grown["samples"]), (&175.into(), &9600.into()));
    let [decay, grown] = [decay, grown].map(|report| report["loss"].as_f64().unwrap());
    assert!((grown / decay - 1.0).abs() < 0.02, "{grown} and {decay}");
}

#[test]
fn a_diverged_run_says_so_in_valid_json() {
    let output = simdescent(&["train", "--json", "--workload", "linear", "--rate", "100", "--steps", "1000"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stop"], "diverged");
    assert!(["NaN", "Infinity"].contains(&report["loss"].as_str().unwrap()), "{}", report["loss"]);
    assert!(report["best"]["loss"].is_f64());
    let output = simdescent(&["train", "--workload", "linear", "--rate", "100", "--steps", "1000"]);
    let step = report["steps"].as_u64().unwrap();
    let wanted =
        format!("diverged in step {step}, the loss is not finite: take a lower --rate; simdescent tune lr finds one");
    assert!(text(&output.stdout).contains(&wanted), "{}", text(&output.stdout));
}

#[test]
fn wrong_options_are_clear_errors() {
    let dir = tempfile::tempdir().unwrap();
    let config = |content: &str, wanted: &str| {
        let path = dir.path().join("run.toml");
        fs::write(&path, content).unwrap();
        refused(&["--config", path.to_str().unwrap()], wanted);
    };
    config("optimiser = \"adam\"", "unknown field `optimiser`");
    config("optimizer = \"adm\"", "take one of sgd, momentum");
    config("seed = 1\n[fit]\nsteps = \"many\"", "line 3");
    config("[batch]\nbatch-size = 0", "line 2");
    config("[problem]\nworkload = \"linear\"\ndata = \"csv:x\"", "one of workload, example and data");
    config("[learning-rate", "run.toml");
    config("rate = 0.1", "`rate` belongs below [learning-rate]");
    config("[batch]\nbatch_size = 8", "`batch-size` belongs below [batch]");
    refused(&["--config", "/no/such.toml"], "/no/such.toml");
    refused(&["--rate", "-1"], "rate has to be positive");
    refused(&["--l2", "-1"], "L2");
    refused(&["--clip-norm", "0"], "clip_norm has to be positive");
    refused(&["--loss-parameter", "1"], "--loss");
    let huber = ["--workload", "linear", "--loss", "huber", "--loss-parameter", "-1"];
    refused(&huber, "delta has to be positive");
    refused(&[&huber[..], &["--optimizer", "lbfgs"]].concat(), "delta has to be positive");
    refused(&["--optimizer", "lbfgs", "--dropout", "0.1"], "--dropout");
    refused(&["--workload", "linear", "--loss", "quantile", "--loss-parameter", "2"], "tau");
    refused(&["--workload", "linear", "--loss", "softmax-cross-entropy"], "class labels");
    refused(&["--dropout", "1"], "[0, 1)");
    refused(&["--workload", "linear", "--dropout", "0.5"], "--hidden");
    refused(&["--workload", "softmax", "--activation", "tanh"], "--hidden");
    refused(&["--workload", "linear", "--initializer", "he-normal"], "a linear model starts at zero");
    refused(&["--initializer-scale", "2"], "needs an --initializer");
    refused(&["--initializer", "he-normal", "--initializer-scale", "2"], "no number");
    refused(&["--initializer", "normal", "--initializer-scale", "-2"], "must not be negative");
    refused(&["--batch-growth", "seesaw"], "only falls");
    refused(&["--largest-batch", "64"], "--largest-batch does not go");
    refused(&["--batch-growth", "step", "--growth-at", "8"], "--growth-at does not go");
    refused(&["--batch-growth", "milestones", "--growth-every", "8"], "--growth-every does not go");
    refused(&["--batch-growth", "milestones"], "--growth-at: at least one milestone");
    refused(&["--batch-growth", "step", "--largest-batch", "8"], "hold the first one");
    refused(&["--min-delta", "0.1"], "--patience");
    refused(&["--patience", "0"], "at least one validation");
    refused(&["--workload", "mlp", "--example", "linear"], "cannot be used with");
    refused(&["--data", "csv:/no/such/file"], "/no/such/file");
}

#[test]
fn a_loss_can_be_chosen() {
    for (loss, parameter) in [("absolute", None), ("huber", Some("0.5")), ("quantile", Some("0.9"))] {
        let mut arguments = vec!["--workload", "linear", "--loss", loss];
        arguments.extend(parameter.into_iter().flat_map(|x| ["--loss-parameter", x]));
        let report = train(&arguments);
        let losses = report["validations"].as_array().unwrap();
        let [first, last] = [&losses[0], &losses[losses.len() - 1]].map(|v| v["loss"].as_f64().unwrap());
        assert!(last < first / 2.0, "{loss}: {first} to {last}");
        assert!(report["settings"]["loss"].to_string().contains(loss), "{report}");
    }
}

/// Targets in a unit 1024 times smaller are the same training on scaled targets, and the same picture: the losses of batches are drawn in the
/// targets' unit, as those of validations are. Powers of two change no digit.
#[test]
fn both_curves_of_the_page_are_in_the_unit_of_the_targets() {
    let dir = tempfile::tempdir().unwrap();
    let line = |loss: &str, parameter: Option<f32>, unit: f32| {
        let row = |i: i32| format!("{},{}", i % 17, unit * (3 * (i % 17) + i % 5) as f32);
        let rows: Vec<String> = (0..200).map(row).collect();
        let [file, page] = ["rows.csv", "page.html"].map(|name| dir.path().join(name).display().to_string());
        fs::write(&file, rows.join("\n")).unwrap();
        let data = format!("csv:{file}");
        let mut arguments =
            vec!["--data", &data, "--task", "regression", "--loss", loss, "--rate", "0.05", "--steps", "60"];
        let parameter = parameter.map(|x| x.to_string());
        arguments.extend(parameter.iter().flat_map(|x| ["--loss-parameter", x]));
        train(&[&arguments[..], &["--validate-every", "10", "--page", &page]].concat());
        let page = fs::read_to_string(page).unwrap();
        let line = page.split_once("data-s=\"0\">").unwrap().1.split_once("</g>").unwrap().0;
        line.to_owned()
    };
    for (loss, parameter, in_unit) in [
        ("squared", None, None),
        ("absolute", None, None),
        ("huber", Some(8.0), Some(8192.0)),
        ("quantile", Some(0.75), Some(0.75)),
    ] {
        assert_eq!(line(loss, parameter, 1.0), line(loss, in_unit, 1024.0), "{loss}");
    }
}
