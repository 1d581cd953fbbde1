//! `train` on every kind of file, with weights of rows and classes, and on sparse inputs.

use crate::command::json;
use serde_json::Value;
use std::fs;

fn train(arguments: &[&str]) -> Value {
    json(&[&["train"], arguments].concat())
}

fn refused(arguments: &[&str], wanted: &str) {
    crate::command::refused(&[&["train"], arguments].concat(), wanted);
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
