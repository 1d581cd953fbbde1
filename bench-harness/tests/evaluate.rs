//! `train --save`, `evaluate` and `explain` as a user meets them.

use crate::command::{json, refused, simdescent, text};
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
        "--workload mlp --steps 200 --class-weights balanced --label-smoothing 0.1",
        "--workload softmax --steps 200 --optimizer adam",
        "--workload mlp --steps 200 --dropout 0.2 --activation tanh --hidden 24,8 --seed 3",
        "--workload mlp --steps 400 --optimizer schedule-free --rate 0.01",
        "--workload mlp --steps 400 --optimizer schedule-free --rate 0.05 --patience 2",
        "--example linear",
        "--workload linear --optimizer lbfgs",
        "--workload softmax --optimizer lbfgs --l2 0.01 --steps 20",
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
    assert!(printed.contains("softmax 32-10 after 20 steps") && printed.contains("log_loss"), "{printed}");
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
    let diverged = simdescent(&["train", "--workload", "linear", "--rate", "100", "--steps", "1000", "--json"]);
    assert_eq!(diverged.status.code(), Some(1), "the report is printed all the same");
    let report: Value = serde_json::from_slice(&diverged.stdout).unwrap();
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
    refused(&["evaluate", "--checkpoint", &file, "--data", &data], "0.5 is none of the classes 0, 1, 2");
    fs::write(&test, "1,2,0\n1,2,5\n").unwrap();
    refused(&["evaluate", "--checkpoint", &file, "--data", &data], "5 is none of the classes 0, 1, 2");
}

#[test]
fn wrong_files_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "x");
    refused(&["evaluate", "--checkpoint", &file], "cannot read");
    fs::write(&file, "no checkpoint").unwrap();
    refused(&["evaluate", "--checkpoint", &file], "not a safetensors file");
    refused(&["train", "--steps", "1", "--save", "/no/such/folder/x"], "/no/such/folder/x: cannot write");
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

/// y = 4 + 2·a − 0.03·b on features of very unequal scales; c says nothing.
fn houses(rows: u32) -> String {
    let row = |i: u32| {
        let [a, b, c] = [i * 7919 % 101, i * 104_729 % 103, i * 1299 % 97].map(f64::from);
        let (a, b) = (a / 100.0, 1000.0 + 5.0 * b);
        format!("{a},{b},{c},{}\n", 4.0 + 2.0 * a - 0.03 * b)
    };
    "rooms,area,noise,price\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

#[test]
fn a_linear_model_is_explained_by_name_and_in_both_units() {
    let folder = tempfile::tempdir().unwrap();
    let (file, csv) = (path(folder.path(), "run"), path(folder.path(), "houses.csv"));
    fs::write(&csv, houses(400)).unwrap();
    let data = format!("csv:{csv}");
    json(&["train", "--data", &data, "--rate", "0.05", "--steps", "2000", "--save", &file]);
    let explained = json(&["explain", "--checkpoint", &file]);
    let names = |features: &Value| {
        features.as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let importance = &explained["importance"];
    assert_eq!(names(&importance["features"]), ["area", "rooms", "noise"], "{importance}");
    assert_eq!(
        (&importance["metric"], &importance["repeats"], &importance["seed"]),
        (&"loss".into(), &10.into(), &1.into())
    );
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} in {explained}"));
    for feature in importance["features"].as_array().unwrap() {
        let (mean, deviation) = (number(&feature["mean"]), number(&feature["deviation"]));
        assert_eq!(mean > 3.0 * deviation, feature["name"] != "noise", "{importance}");
    }
    let [output] = &explained["coefficients"].as_array().unwrap()[..] else { panic!("{explained}") };
    assert_eq!(
        (&output["output"], names(&output["features"])),
        (&0.into(), ["area", "rooms", "noise"].map(String::from).to_vec())
    );
    let original = [&output["features"][0], &output["features"][1], &output["features"][2], &output["intercept"]];
    for (found, want) in original.into_iter().zip([-0.03, 2.0, 0.0, 4.0]) {
        assert!((number(&found["original"]) - want).abs() < 1e-3, "{found} instead of {want}");
    }
    // A uniform spread of 5·103 is a standard deviation of 149.
    assert!((number(&output["features"][0]["standard"]) + 0.03 * 5.0 * 103.0 / 12f64.sqrt()).abs() < 0.1, "{output}");

    let other = |arguments: &[&str]| json(&[&["explain", "--checkpoint", &file][..], arguments].concat());
    assert_eq!(other(&["--threads", "2"]), explained);
    assert_ne!(other(&["--seed", "2"])["importance"], *importance);
    let all = other(&["--data", &data, "--metric", "r2", "--repeats", "2"]);
    assert_eq!((&all["rows"], &all["importance"]["higher_is_better"]), (&400.into(), &true.into()));
    assert_eq!(all["coefficients"], explained["coefficients"]);
    let printed = text(&simdescent(&["explain", "--checkpoint", &file, "--top", "1"]).stdout);
    assert!(printed.contains("(80 rows)") && printed.contains("area") && !printed.contains("noise"), "{printed}");
    refused(
        &["explain", "--checkpoint", &file, "--metric", "auc"],
        "auc is not defined here: it is of classes, and the loss is of numbers",
    );
    refused(&["explain", "--checkpoint", &file, "--metric", "speed"], "take one of loss, accuracy");
}

/// One table of coefficients per class; where no file scaled the features, standard units are those of the data.
#[test]
fn classes_have_coefficients_and_networks_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(folder.path(), "run");
    json(&["train", "--workload", "softmax", "--steps", "300", "--optimizer", "adam", "--save", &file]);
    let explained = json(&["explain", "--checkpoint", &file, "--repeats", "2", "--metric", "accuracy"]);
    let outputs = explained["coefficients"].as_array().unwrap();
    assert_eq!((outputs.len(), outputs[9]["features"].as_array().unwrap().len()), (10, 32));
    assert!(explained["importance"]["features"][31]["name"].as_str().unwrap().starts_with('x'));
    let feature = &outputs[0]["features"][0];
    let ratio = feature["standard"].as_f64().unwrap() / feature["original"].as_f64().unwrap();
    assert!((1.0..5.0).contains(&ratio), "a mixture of classes is wider than one of them: {ratio}");
    json(&["train", "--workload", "mlp", "--steps", "100", "--save", &file]);
    let explained = json(&["explain", "--checkpoint", &file, "--repeats", "1"]);
    assert_eq!(
        (&explained["coefficients"], &explained["importance"]["features"][0]["deviation"]),
        (&Value::Null, &Value::Null)
    );
    let printed = text(&simdescent(&["explain", "--checkpoint", &file, "--repeats", "1"]).stdout);
    assert!(printed.contains("coefficients: none, the model has hidden layers"), "{printed}");
}

/// What was found out in training is used again, and rows that are others are refused, however little shows it.
#[test]
fn a_file_that_has_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, csv) = (path(folder.path(), "run"), path(folder.path(), "houses.csv"));
    let data = format!("csv:{csv}");
    let mut base = vec!["train", "--data", &data, "--rate", "0.05", "--validate-every", "10"];
    for streamed in [false, true] {
        if streamed {
            base.push("--stream");
        }
        fs::write(&csv, houses(400)).unwrap();
        let trained = json(&[&base[..], &["--steps", "100", "--save", &file]].concat());
        let resume = ["train", "--resume", &file, "--steps", "110"];
        assert_eq!(json(&resume)["digest"], json(&[&base[..], &["--steps", "110"]].concat())["digest"]);
        if !streamed {
            assert_eq!(json(&["evaluate", "--checkpoint", &file])["metrics"], trained["metrics"]);
        }
        let original = houses(400);
        let (header, rows) = original.split_once('\n').unwrap();
        let changed = |change: &dyn Fn(usize, &str) -> String| {
            let rows: String = rows.lines().enumerate().map(|(i, row)| change(i, row) + "\n").collect();
            fs::write(&csv, format!("{header}\n{rows}")).unwrap();
            if !streamed {
                for command in ["evaluate", "explain"] {
                    refused(
                        &[command, "--checkpoint", &file],
                        "the data of the training; others can be given by --data",
                    );
                    refused(&[command, "--checkpoint", &file], "rows are not those that the model was trained with");
                }
            }
            let output = simdescent(&resume);
            let message = text(&output.stderr);
            // Of a stream the training rows are known by what the checkpoint itself has.
            let wanted = ["not those that the model was trained with: the file has changed since", "other data than"];
            let is_told = message.contains(wanted[0]) || streamed && message.contains(wanted[1]);
            assert!(!output.status.success() && is_told, "{message}");
        };
        // In other units, to which a scale that is fitted anew would bring back the same numbers.
        changed(&|_, row| {
            let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().unwrap()).collect();
            format!("{},{},{},{}", 4.0 * cells[0], cells[1], cells[2], cells[3])
        });
        changed(&|_, row| {
            let cells: Vec<f64> = row.split(',').map(|cell| cell.parse().unwrap()).collect();
            format!("{},{},{},{}", cells[0], cells[1], cells[2], 2.0 * cells[3])
        });
        // One target only, wherever it is.
        for at in [0, 1, 2, 3, 4] {
            changed(&|i, row| {
                let (inputs, price) = row.rsplit_once(',').unwrap();
                let price: f64 = price.parse().unwrap();
                format!("{inputs},{}", price + f64::from(u8::from(i == at)))
            });
        }
        // Other data by name is read as ever.
        json(&["evaluate", "--checkpoint", &file, "--data", &data]);
    }
}
