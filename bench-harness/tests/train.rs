//! `train` as a user meets it: flags, files, and both.

mod command;

use command::{json, simdescent, text};
use serde_json::Value;
use std::fs;

fn train(arguments: &[&str]) -> Value {
    json(&[&["train"], arguments].concat())
}

fn refused(arguments: &[&str], wanted: &str) {
    command::refused(&[&["train"], arguments].concat(), wanted);
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

[regularisation]
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

/// The README's file and the README's flags.
#[test]
fn the_readme_says_the_same_twice() {
    let readme = include_str!("../../README.md");
    let file = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let flags = readme.lines().find(|line| line.starts_with("simdescent train --workload")).unwrap();
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
        "--batch-growth step",
        "--batch-growth step --rate-scaling linear",
        "--batch-growth step --rate-scaling square-root",
        "--batch-growth geometric",
        "--batch-growth plateau --plateau-patience 0 --plateau-min-delta 0.9",
        "--batch-growth instead-of-decay --schedule cosine",
        "--batch-growth seesaw --schedule cosine",
        "--sampling fixed-order",
        "--sampling with-replacement",
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

/// Killed somewhere after its first save, and gone on with, it is the run that nobody killed: in all that it prints.
#[test]
fn a_killed_training_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.safetensors");
    let file = file.to_str().unwrap();
    let options = "--workload mlp --optimizer adam --schedule cosine --dropout 0.1 --steps 3000 --patience 60 --validate-every 70";
    let options: Vec<&str> = options.split(' ').collect();
    let saving = [&["train"], &options[..], &["--save", file, "--save-every", "50"]].concat();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_simdescent"))
        .args(&saving)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !std::path::Path::new(file).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let steps = json(&["evaluate", "--checkpoint", file])["steps"].as_u64().unwrap();
    assert!(steps >= 50 && steps.is_multiple_of(50), "{steps}");
    assert!(train(&["--resume", file, "--threads", "2"]) == train(&options));
}

#[test]
fn a_training_can_be_made_longer_but_not_another() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.safetensors");
    let file = file.to_str().unwrap();
    let options = ["--workload", "softmax", "--optimizer", "nesterov", "--validate-every", "20"];
    let steps = |n| [&options[..], &["--steps", n]].concat();
    train(&[&steps("100")[..], &["--save", file]].concat());
    assert!(train(&["--resume", file, "--steps", "160"]) == train(&steps("160")));
    assert_eq!(train(&["--resume", file])["steps"], 100, "there is nothing left to do");
    refused(&["--resume", file, "--rate", "0.1"], "keeps its settings, learning_rate would change from");
    refused(&["--resume", file, "--workload", "mlp"], "keeps its data and model");
    refused(&["--resume", file, "--activation", "tanh"], "--hidden");
    let network = dir.path().join("network.safetensors");
    let network = network.to_str().unwrap();
    train(&["--steps", "2", "--save", network]);
    refused(&["--resume", network, "--activation", "tanh"], "keeps its data and model");
    refused(&["--resume", network, "--dropout", "0.5"], "keeps its data and model");
    refused(&["--resume", file, "--seed", "2"], "seed would change");
    refused(&["--resume", file, "--patience", "2", "--steps", "200"], "in the middle of a fit");
    refused(&["--resume", file, "--optimizer", "lbfgs"], "lbfgs has no state");
    refused(&["--resume", file, "--config", "x.toml"], "cannot be used with");
    refused(&["--save-every", "5"], "--save");
    let foreign = dir.path().join("foreign.safetensors");
    let data = simdescent::synthetic::linear_example();
    let exec = simdescent::kernels::Exec::default();
    let mut trainer =
        simdescent::Trainer::new(exec, simdescent::Linear::new(1, false), &data, simdescent::Settings::default())
            .unwrap();
    trainer.checkpoint().unwrap().write(&foreign).unwrap();
    refused(&["--resume", foreign.to_str().unwrap()], "does not say what training it is of");
}

#[test]
fn a_diverged_run_says_so_in_valid_json() {
    let report = train(&["--workload", "linear", "--rate", "100", "--steps", "1000"]);
    assert_eq!(report["stop"], "diverged");
    assert!(["NaN", "Infinity"].contains(&report["loss"].as_str().unwrap()), "{}", report["loss"]);
    assert!(report["best"]["loss"].is_f64());
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

/// Rows of weight 0 count neither in training nor in evaluation, whatever they say.
#[test]
fn a_column_can_be_the_weights_of_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (weighted, clean, checkpoint) = (at("weighted.csv"), at("clean.csv"), at("run"));
    let row = |i: u32| {
        let x = f64::from(i * 37 % 101) / 10.0;
        if i.is_multiple_of(3) { format!("{x},0,1e3\n") } else { format!("{x},{},{}\n", 1 + i % 2, 2.5 * x + 1.0) }
    };
    fs::write(&weighted, "x,w,y\n".to_owned() + &(0..300).map(row).collect::<String>()).unwrap();
    fs::write(&clean, "x,y\n1,3.5\n2,6\n").unwrap();
    let (weighted, clean) = (format!("csv:{weighted}"), format!("csv:{clean}"));
    let options = ["--data", &weighted, "--rate", "0.1", "--steps", "600", "--save", &checkpoint];
    let named = train(&[&options[..], &["--weight-column", "w"]].concat());
    assert_eq!(named["model"], "linear 1-1");
    assert!(named["loss"].as_f64().unwrap() < 1e-6, "{named}");
    let config = at("run.toml");
    fs::write(&config, format!("[problem]\ndata = {weighted:?}\n[problem.csv]\nweight-column = \"1\"\n")).unwrap();
    let numbered = train(&["--config", &config, "--rate", "0.1", "--steps", "600"]);
    assert_eq!(numbered["digest"], named["digest"]);
    for (data, rows) in [(&weighted, 300), (&clean, 2)] {
        let test = &json(&["evaluate", "--checkpoint", &checkpoint, "--data", data])["metrics"]["test"];
        assert!(test["loss"].as_f64().unwrap() < 1e-6 && test["rows"] == rows, "{test}");
    }
    assert!(train(&options)["loss"].as_f64().unwrap() > 1e4, "they count without the weights");
    refused(&["--data", &weighted, "--weight-column", "v"], "no column \"v\" among the 3");
    refused(&["--data", &weighted, "--weight-column", "2"], "the weight column cannot be the target");
    refused(&["--data", &clean, "--weight-column", "x"], "no column is left as a feature");
    refused(&["--weight-column", "w"], "need --data csv:FILE");
    fs::write(at("bad.csv"), "x,w,y\n1,1,2\n2,-1,4\n3,1,6\n").unwrap();
    let bad = format!("csv:{}", at("bad.csv"));
    refused(
        &["--data", &bad, "--weight-column", "w"],
        "line 3: column 2 of 3 (\"w\"): a row cannot have the weight -1",
    );
}

#[test]
fn classes_can_count_and_labels_be_smoothed() {
    let base = ["--workload", "mlp", "--steps", "150"];
    let digest = |options: &str| {
        let options: Vec<&str> = options.split_whitespace().collect();
        train(&[&base[..], &options].concat())["digest"].as_str().unwrap().to_owned()
    };
    let plain = train(&base);
    assert_eq!(digest("--label-smoothing 0"), plain["digest"]);
    assert_eq!(digest("--class-weights 2,2,2,2"), plain["digest"], "only ratios matter");
    let smoothed = digest("--label-smoothing 0.2");
    assert_eq!(smoothed, digest("--loss smoothed-softmax-cross-entropy --loss-parameter 0.2"));
    assert_ne!(smoothed, plain["digest"]);

    let classes = &plain["metrics"]["training"]["classification"]["classes"];
    let count = |k: usize| classes[k]["support"].as_u64().unwrap();
    let weights: Vec<String> = (0..4).map(|k| (4000.0 / (4.0 * count(k) as f64)).to_string()).collect();
    let balanced = digest("--class-weights balanced");
    assert_eq!(balanced, digest(&format!("--class-weights {}", weights.join(","))));
    assert_ne!(balanced, plain["digest"]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.toml");
    for (value, other) in [("\"balanced\"", balanced), ("[0, 1, 1, 2.5]", digest("--class-weights 0,1,1,2.5"))] {
        fs::write(&config, format!("[problem]\nclass-weights = {value}\n")).unwrap();
        let given = train(&[&["--config", config.to_str().unwrap()][..], &base].concat());
        assert_eq!(given["digest"], other.as_str(), "{value}");
    }
    // A class that does not count is seldom chosen.
    let recall = |report: &Value| report["metrics"]["validation"]["classification"]["classes"][0]["recall"].as_f64();
    let ignored = train(&[&base[..], &["--class-weights", "0,1,1,1"]].concat());
    assert!(recall(&ignored) < Some(0.1) && recall(&plain) > Some(0.3), "{:?} {:?}", recall(&ignored), recall(&plain));

    refused(&["--class-weights", "1,2"], "2 class weights, but there are 4");
    refused(&["--class-weights", "1,1,1,-1"], "class 3: class weight is -1");
    refused(&["--class-weights", "even"], "neither balanced nor a number");
    refused(&["--workload", "linear", "--class-weights", "balanced"], "balanced class weights need labels");
    refused(&["--label-smoothing", "1.5"], "label_smoothing has to be in [0, 1]");
    refused(
        &["--workload", "linear", "--label-smoothing", "0.1"],
        "is for the softmax-cross-entropy, the loss is squared",
    );
    refused(&["--loss", "smoothed-softmax-cross-entropy", "--label-smoothing", "0.1"], "not both");
}

/// Leaving zeros out changes no bit.
#[test]
fn sparse_files_train_without_their_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.svm");
    let line = |i: usize| format!("{} {}:1 {}:-0.5\n", i % 2, 1 + i % 7, 30 + i % 2);
    fs::write(&path, (0..200).map(line).collect::<String>()).unwrap();
    let saved = dir.path().join("s.safetensors");
    let source = format!("svmlight:{}", path.display());
    let run = |more: &[&str]| {
        train(&[&["--data", &source, "--steps", "30", "--optimizer", "adam", "--batch-size", "16"], more].concat())
    };
    let auto = run(&["--save", saved.to_str().unwrap()]);
    assert_eq!(auto, run(&["--inputs", "sparse"]));
    assert_eq!(auto["digest"], run(&["--inputs", "dense"])["digest"]);
    let evaluated = json(&["evaluate", "--checkpoint", saved.to_str().unwrap(), "--data", &source]);
    assert_eq!(evaluated["metrics"]["test"]["rows"], 200);
    let explained = json(&["explain", "--checkpoint", saved.to_str().unwrap()]);
    run(&["--inputs", "dense", "--save", saved.to_str().unwrap()]);
    let explained_dense = json(&["explain", "--checkpoint", saved.to_str().unwrap()]);
    assert_eq!(explained, explained_dense);
    refused(&["--example", "linear", "--inputs", "sparse"], "--inputs sparse is for features that are mostly zeros");
    refused(&["--data", &source, "--inputs", "dense", "--stream"], "--inputs is for data in memory");
    for (more, model) in [
        (&["--loss", "softmax-cross-entropy"][..], "softmax 31-2"),
        (&["--hidden", "4", "--dropout", "0.2"], "mlp 31-4-1"),
    ] {
        let [sparse, dense] = ["sparse", "dense"].map(|inputs| run(&[more, &["--inputs", inputs]].concat()));
        assert_eq!((&sparse["model"], &sparse["digest"]), (&model.into(), &dense["digest"]));
    }
    fs::write(&path, "1 1:1\n0 16777216:1\n2 2:1\n".repeat(60)).unwrap();
    let wide = train(&["--data", &source, "--steps", "2", "--optimizer", "sgd"]);
    assert_eq!(wide["model"], "softmax 16777216-3");
    refused(&["--data", &source, "--inputs", "dense"], "exceed the limit of 2147483648 values; leave them out");
    refused(&["--data", &source, "--hidden", "1000"], "mlp 16777216-1000-3 has more than 2147483648 parameters");
    refused(&["--hidden", "4294967296,4294967296"], "has more than 2147483648 parameters");
}
