//! `train --save` and `evaluate` as a user meets them.

mod command;

use command::{json, refused, simdescent, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_saved_model_has_the_metrics_that_training_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "run.safetensors");
    for options in [
        "--workload linear --steps 200",
        "--workload softmax --steps 200 --optimizer adam",
        "--workload mlp --steps 200 --dropout 0.2 --activation tanh --hidden 24,8 --seed 3",
        "--workload mlp --steps 400 --optimizer schedule-free --rate 0.01",
        "--workload mlp --steps 400 --optimizer schedule-free --rate 0.05 --patience 2",
        "--example linear",
    ] {
        let options: Vec<&str> = ["train", "--save", &file].into_iter().chain(options.split(' ')).collect();
        let trained = json(&options);
        let evaluated = json(&["evaluate", "--checkpoint", &file]);
        assert_eq!(evaluated["metrics"], trained["metrics"], "{options:?}");
        assert_eq!(evaluated["metrics"]["validation"]["loss"], trained["loss"], "{options:?}");
        assert_eq!((&evaluated["model"], &evaluated["steps"]), (&trained["model"], &trained["steps"]));
        assert_eq!(json(&["evaluate", "--checkpoint", &file, "--threads", "2"]), evaluated);
    }
    let printed = text(&simdescent(&["evaluate", "--checkpoint", &file]).stdout);
    assert!(printed.contains("linear 1-1 after 1000 steps") && printed.contains("rmse"), "{printed}");
}

#[test]
fn every_metric_is_in_the_report() {
    let report = json(&["train", "--workload", "softmax", "--steps", "300", "--optimizer", "adam"]);
    let metrics = &report["metrics"];
    let c = &metrics["validation"]["classification"];
    assert_eq!((&c["accuracy"], &metrics["validation"]["loss"]), (&report["accuracy"], &report["loss"]));
    for number in ["log_loss", "auc", "macro_f1"] {
        assert!(c[number].is_f64(), "{number}: {c}");
    }
    assert!(c["calibration"]["expected_error"].is_f64() && c["classes"][9]["recall"].is_f64());
    assert_eq!(c["confusion"]["rows"].as_array().unwrap().len(), 10);
    assert_eq!(metrics["training"]["regression"], Value::Null);
    assert_eq!(metrics["generalization"]["verdict"], "generalizes");
    let report = json(&["train", "--workload", "linear", "--optimizer", "lbfgs"]);
    // Noise of variance ¼ on a signal of about 1.
    let r2 = report["metrics"]["validation"]["regression"]["r2"].as_f64().unwrap();
    assert!((r2 - 0.8).abs() < 0.03, "{r2}");
    let report = json(&["train", "--workload", "linear", "--rate", "100", "--steps", "1000"]);
    assert_eq!(report["metrics"]["generalization"]["verdict"], "diverged");
    assert!(report["metrics"]["validation"]["loss"].is_string(), "{report}");
}

/// Inputs far from 0 need the training's scaling, the test set's own would be another; and a class may be missing.
#[test]
fn another_file_is_a_test_set_in_the_training_s_scale() {
    let folder = tempfile::tempdir().unwrap();
    let [training, test, file] = ["training.csv", "test.csv", "run.safetensors"].map(|name| path(folder.path(), name));
    // The class is the third that the first feature lies in.
    let row = |i: usize| (1000 + i % 30, (i * 7) % 11, (i % 30) / 10);
    let csv = |rows: &mut dyn Iterator<Item = usize>| -> String {
        rows.map(row).map(|(a, b, class)| format!("{a},{b},{class}\n")).collect()
    };
    fs::write(&training, csv(&mut (0..300))).unwrap();
    fs::write(&test, csv(&mut (0..300).filter(|i| i % 30 < 20))).unwrap();
    let data = format!("csv:{training}");
    let options = "--hidden 16 --optimizer adam --rate 0.02 --steps 1500 --save";
    let options: Vec<&str> =
        ["train", "--data", &data].into_iter().chain(options.split(' ')).chain([&file[..]]).collect();
    json(&options);
    let data = format!("csv:{test}");
    let evaluated = json(&["evaluate", "--checkpoint", &file, "--data", &data]);
    let c = &evaluated["metrics"]["test"]["classification"];
    assert!(c["accuracy"].as_f64().unwrap() > 0.95, "{evaluated}");
    assert_eq!((&evaluated["metrics"]["test"]["rows"], &c["classes"][2]["support"]), (&200.into(), &0.into()));
    let printed = text(&simdescent(&["evaluate", "--checkpoint", &file, "--data", &data]).stdout);
    assert!(printed.contains("test: rows are classes"), "{printed}");

    // Without the training data the model can still be used on others, and only on others.
    fs::remove_file(&training).unwrap();
    assert_eq!(json(&["evaluate", "--checkpoint", &file, "--data", &data]), evaluated);
    refused(&["evaluate", "--checkpoint", &file], "others can be given by --data");
    fs::write(&test, "1,2,3,0\n1,2,4,1\n").unwrap();
    refused(&["evaluate", "--checkpoint", &file, "--data", &data], "4 columns, but the training file has 3");
    fs::write(&test, "1,2,0.5\n1,2,4.5\n").unwrap();
    refused(&["evaluate", "--checkpoint", &file, "--data", &data], "needs class labels");
    fs::write(&test, "1,2,0\n1,2,5\n").unwrap();
    refused(&["evaluate", "--checkpoint", &file, "--data", &data], "label 5, but there are 3 classes");
}

#[test]
fn wrong_files_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "x");
    refused(&["evaluate", "--checkpoint", &file], "cannot read");
    fs::write(&file, "no checkpoint").unwrap();
    refused(&["evaluate", "--checkpoint", &file], "not a safetensors file");
    refused(&["train", "--steps", "1", "--save", "/no/such/folder/x"], "/no/such/folder/x: cannot write");
    refused(&["train", "--workload", "linear", "--optimizer", "lbfgs", "--save", &file], "--save is for optimizers");
}

/// Categories, gaps and class names: what training found out about the columns is what a test file is read by.
#[test]
fn a_test_file_is_encoded_as_the_training_file() {
    let folder = tempfile::tempdir().unwrap();
    let [file, test] = ["run.safetensors", "test.csv"].map(|name| path(folder.path(), name));
    let houses = format!("csv:{}/../docs/houses.csv", env!("CARGO_MANIFEST_DIR"));
    let train = ["train", "--data", &houses, "--rate", "0.02", "--steps", "1000", "--save", &file];
    refused(&train, "column 2 of 5 (\"age\"): the value is missing");
    let run = ["--impute", "median", "--ignore", "rooms", "--target", "price"];
    let report = json(&[&train[..], &run].concat());
    assert_eq!(report["model"], "linear 6-1"); // area, age, four districts
    let rmse = report["metrics"]["validation"]["regression"]["rmse"].as_f64().unwrap();
    assert!((17.0..24.0).contains(&rmse), "the noise is 20: {rmse}");
    let config = path(folder.path(), "run.toml");
    let text = "[problem.csv]\nimpute = \"median\"\nignore = [\"rooms\"]\ntarget = \"price\"\n";
    fs::write(&config, text).unwrap();
    assert_eq!(json(&[&train[..], &["--config", &config]].concat()), report, "flags and file say the same");

    // By name, in another order; a new district and a gap are no reason to stop.
    fs::write(&test, "district,price,area,age\neast,300,100,?\nnorth,200,100,40\n,220,100,40\n").unwrap();
    let evaluated = json(&["evaluate", "--checkpoint", &file, "--data", &format!("csv:{test}")]);
    assert_eq!(evaluated["metrics"]["test"]["rows"], 3);
    fs::write(&test, "district,price,area\nnorth,300,100\n").unwrap();
    let arguments = ["evaluate", "--checkpoint", &file, "--data", &format!("csv:{test}")];
    refused(&arguments, "no column \"age\", which the training file has");

    let pets: String = (0..200).map(|i| format!("{},{}\n", i % 10, ["cat", "dog"][(i % 10) / 5])).collect();
    fs::write(&test, pets).unwrap();
    let data = format!("csv:{test}");
    let report = json(&["train", "--data", &data, "--rate", "0.5", "--save", &file]);
    assert!(report["accuracy"].as_f64().unwrap() > 0.95, "{report}");
    assert_eq!(report["metrics"]["class_names"][1], "dog");
    fs::write(&test, "9,dog\n").unwrap();
    let evaluated = json(&["evaluate", "--checkpoint", &file, "--data", &data]);
    assert_eq!(evaluated["metrics"]["test"]["classification"]["accuracy"], 1.0);
    fs::write(&test, "9,cow\n").unwrap();
    refused(&["evaluate", "--checkpoint", &file, "--data", &data], "\"cow\" is none of the classes \"cat\", \"dog\"");
    refused(&["train", "--workload", "mlp", "--impute", "mean"], "need --data csv:FILE");
    refused(&["train", "--data", &data, "--impute-value", "1"], "belongs to --impute constant");
}
