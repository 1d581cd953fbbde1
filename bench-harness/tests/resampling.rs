//! `cross-validate` and `learning-curve` as a user meets them.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;
use std::fs;

/// Least squares with noise ½ in 64 dimensions (Hastie et al. 2022): training σ²(1 − d/n), validation σ²(1 + d/(n − d − 1)).
#[test]
fn folds_and_learning_curve_have_the_losses_of_least_squares() {
    let steps = ["--workload", "linear", "--rate", "0.1", "--batch-size", "400", "--steps", "250"];
    let folds = json(&[&["cross-validate"], &steps[..]].concat());
    // Four fifths of 4000 rows; weights and bias.
    let (n, d) = (3200.0, 65.0);
    assert_eq!((folds["validation"].as_array().unwrap().len(), &folds["summary"]["accuracy"]), (5, &Value::Null));
    let mean = folds["summary"]["loss"]["mean"].as_f64().unwrap();
    assert!((mean / (0.25 * (1.0 + d / (n - d - 1.0))) - 1.0).abs() < 0.05, "{mean}");
    let dir = tempfile::tempdir().unwrap();
    let svg = dir.path().join("curve.svg");
    let svg = svg.to_str().unwrap();
    let curve = json(&[&["learning-curve", "--rows", "200,1000,4000", "--svg", svg], &steps[..]].concat());
    for (point, n) in curve["points"].as_array().unwrap().iter().zip([200.0, 1000.0, 4000.0]) {
        let loss = |set: &str| point[set]["loss"].as_f64().unwrap() / 0.25;
        let wanted = [1.0 - d / n, 1.0 + d / (n - d - 1.0)];
        for (got, wanted) in [loss("training"), loss("validation")].into_iter().zip(wanted) {
            assert!((got / wanted - 1.0).abs() < 0.15, "{n}: {got} and {wanted}");
        }
    }
    assert!(fs::read_to_string(svg).unwrap().contains("training rows"));
    // The whole set is the usual training.
    let trained = json(&[&["train"], &steps[..]].concat());
    assert_eq!(curve["points"][2]["validation"]["loss"], trained["loss"]);

    let folds = json(&["cross-validate", "--workload", "softmax", "--steps", "50", "--folds", "3"]);
    let accuracy = &folds["summary"]["accuracy"];
    assert!(folds["folds"]["stratified"] == true && accuracy["mean"].as_f64().unwrap() > 0.5, "{folds}");
    let printed =
        text(&simdescent(&["cross-validate", "--workload", "softmax", "--steps", "20", "--folds", "3"]).stdout);
    assert!(
        printed.contains("\nlog_loss    ") && printed.contains(" ± ") && printed.lines().count() == 11,
        "{printed}"
    );
    let printed = text(&simdescent(&["learning-curve", "--workload", "softmax", "--steps", "20"]).stdout);
    assert!(printed.lines().count() == 8, "{printed}");
    refused(&["cross-validate", "--folds", "1"], "take 2 to 4000");
    refused(&["cross-validate", "--optimizer", "lbfgs", "--dropout", "0.1"], "leave --dropout out");
    refused(&["cross-validate", "--optimizer", "lbfgs", "--rate", "0.1"], "lbfgs chooses its steps itself");
    refused(&["learning-curve", "--rows", "5000"], "1 to 4000 rows");
}

/// L-BFGS reaches in each fold what many steps come near to.
#[test]
fn lbfgs_is_resampled_like_any_other_optimizer() {
    let mean = |options: &str| {
        let options: Vec<&str> =
            ["cross-validate", "--workload", "linear"].into_iter().chain(options.split(' ')).collect();
        json(&options)["summary"]["loss"]["mean"].as_f64().unwrap()
    };
    let (exact, near) = (mean("--optimizer lbfgs"), mean("--rate 0.1 --batch-size 4000 --steps 400"));
    assert!((exact / near - 1.0).abs() < 1e-3, "{exact} and {near}");
    let curve = json(&["learning-curve", "--workload", "linear", "--optimizer", "lbfgs", "--rows", "4000"]);
    let trained = json(&["train", "--workload", "linear", "--optimizer", "lbfgs"]);
    assert_eq!(curve["points"][0]["validation"]["loss"], trained["loss"]);
    assert_eq!((&curve["points"][0]["stop"], &curve["optimizer"]), (&"steps".into(), &"lbfgs".into()));
}

/// A level that only one training row has is unknown to the fold that holds this row out: it is not to be learnt from it.
#[test]
fn categories_are_those_of_the_fold_s_own_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let row = |i: u32| format!("{},{},{}\n", i % 7, ["red", "green", "blue"][i as usize % 3], 0.5 + f64::from(i % 7));
    let table = |rare: u32| -> String {
        (0..60).map(|i| if i == rare { format!("{},violet,0.5\n", i % 7) } else { row(i) }).collect()
    };
    let data = format!("csv:{}", path.display());
    let arguments = ["cross-validate", "--data", &data, "--optimizer", "lbfgs", "--unseen", "refuse"];
    fs::write(&path, (0..60).map(row).collect::<String>()).unwrap();
    assert!(json(&arguments)["summary"]["loss"]["mean"].as_f64().unwrap() < 1e-6);
    // One that is in the training set, as long as the validation set does not refuse it.
    let training = |&rare: &u32| {
        fs::write(&path, table(rare)).unwrap();
        simdescent(&["train", "--data", &data, "--steps", "1", "--unseen", "refuse"]).status.success()
    };
    (0..60).find(training).expect("four fifths of the rows are for training");
    refused(&arguments, "violet");
}

#[test]
fn diverged_folds_and_points_name_the_step_and_the_remedy() {
    for command in ["cross-validate", "learning-curve"] {
        let output = simdescent(&[command, "--workload", "linear", "--rate", "100", "--steps", "500", "--json"]);
        let warnings = text(&output.stderr);
        assert!(output.status.code() == Some(1) && warnings.contains("diverged in step "), "{warnings}");
        assert!(warnings.contains("simdescent tune lr finds one"), "{warnings}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let stop = if command == "cross-validate" { &report["stop"][4] } else { &report["points"][5]["stop"] };
        assert_eq!(stop, "diverged", "{report}");
    }
}
