//! What the targets of files mean: decided in training, printed where it is doubtful, kept with the model.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn written(folder: &Path, name: &str, lines: impl Iterator<Item = String>) -> String {
    let path = folder.join(name);
    fs::write(&path, lines.collect::<String>()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// First line of standard output, and standard error.
fn heading(arguments: &[&str]) -> (String, String) {
    let output = simdescent(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    (text(&output.stdout).lines().next().unwrap().to_owned(), text(&output.stderr))
}

#[test]
fn counts_are_numbers_and_the_heading_names_the_loss() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{},{}\n", i % 10, i * 37 % 211);
    let path = written(folder.path(), "counts.csv", ["x,count\n".into()].into_iter().chain((0..200).map(row)));
    let data = format!("csv:{path}");
    let train = |more: &[&str]| heading(&[&["train", "--data", &data, "--steps", "2"], more].concat());
    let (first, notes) = train(&[]);
    assert!(first.starts_with("linear regression on counts.csv: linear 1-1, 160 training rows"), "{first}");
    assert!(notes.contains("note: counts.csv: the targets, ") && notes.contains("--task classification"), "{notes}");
    for (more, wanted) in [
        (&["--task", "regression"][..], "linear regression on counts.csv: linear 1-1"),
        (&["--loss", "squared"], "linear regression on counts.csv: linear 1-1"),
        (&["--loss", "absolute"], "linear regression (absolute loss) on counts.csv: linear 1-1"),
        (&["--loss", "poisson", "--rate", "1e-9"], "poisson regression on counts.csv: linear 1-1"),
        (&["--hidden", "4"], "mlp (squared loss) on counts.csv: mlp 1-4-1"),
    ] {
        let (first, notes) = train(more);
        assert!(first.starts_with(wanted), "{first}");
        assert_eq!(notes.is_empty(), more[0] == "--task" || more[0] == "--loss", "{notes}");
    }
    let (first, notes) = train(&["--task", "classification", "--not-stratified"]);
    assert!(first.starts_with("softmax regression on counts.csv: softmax 1-"), "{first}");
    assert!(notes.contains("no row for validation is of "), "{notes}");
    let config = folder.path().join("c.toml");
    fs::write(&config, format!("[problem]\ndata = {data:?}\ntask = \"classification\"\n")).unwrap();
    let (first, _) = heading(&["train", "--steps", "2", "--config", config.to_str().unwrap()]);
    assert!(first.starts_with("softmax regression"), "{first}");
    let train = |more: &[&'static str]| [&["train", "--data", &data, "--steps", "2"], more].concat();
    refused(&train(&["--task", "regression", "--loss", "hinge"]), "this --loss is for classes, --task regression");
    refused(&train(&["--task", "classification", "--loss", "huber"]), "this --loss is for numbers");
    refused(&["train", "--task", "regression"], "--task and --not-stratified need --data");
    refused(&["sweep", "--loss", "squared"], "--data");

    let space = folder.path().join("space.toml");
    fs::write(&space, "[learning-rate]\nrate = { log = [1e-4, 1e-2] }\n").unwrap();
    let search = |more: &[&'static str]| {
        let base = ["tune", "search", "--data", &data, "--trials", "2", "--space", space.to_str().unwrap()];
        [&base[..], &["--steps", "3"], more].concat()
    };
    assert!(json(&search(&["--metric", "rmse"]))["best"]["value"].as_f64().unwrap() > 1.0);
    refused(&search(&["--metric", "auc"]), "no auc: the loss is one of numbers; --task classification");
    refused(
        &search(&["--metric", "rmse", "--task", "classification"]),
        "no rmse: the loss is one of classes; --task reg",
    );
}

/// −1 and 1 are two classes, or the numbers −1 and 1; 1 and 2 are two classes.
#[test]
fn a_loss_gets_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let svm = |name: &str, labels: [i32; 2]| {
        let row =
            move |i: usize| format!("{} 1:{} 2:1\n", labels[usize::from(i.is_multiple_of(4))], (i % 7) as f64 - 3.0);
        format!("svmlight:{}", written(folder.path(), name, (0..100).map(row)))
    };
    let (signs, counted) = (svm("signs.svm", [-1, 1]), svm("counted.svm", [1, 2]));
    for data in [&signs, &counted] {
        let train = |more: &[&str]| json(&[&["train", "--data", data, "--steps", "20"], more].concat());
        let logistic = train(&[]);
        assert_eq!((&logistic["model"], &logistic["settings"]["loss"]), (&"linear 2-1".into(), &"logistic".into()));
        assert_eq!(train(&["--loss", "logistic"])["digest"], logistic["digest"]);
        assert_eq!(train(&["--loss", "softmax-cross-entropy"])["model"], "softmax 2-2");
        train(&["--loss", "hinge"]);
        train(&["--class-weights", "balanced"]);
        let classes = &logistic["metrics"]["validation"]["classification"]["classes"];
        // A quarter of the rows, in the validation set too.
        assert_eq!((&classes[0]["support"], &classes[1]["support"]), (&15.into(), &5.into()));
        let support = |seed: &str| {
            let report = train(&["--not-stratified", "--seed", seed]);
            report["metrics"]["validation"]["classification"]["classes"][0]["support"].as_u64().unwrap()
        };
        assert!(["1", "2", "3", "4", "5"].into_iter().any(|seed| support(seed) != 15), "left to chance");
    }
    let numbers = json(&["train", "--data", &signs, "--loss", "squared", "--steps", "1", "--rate", "1e-30"]);
    assert_eq!(numbers["model"], "linear 2-1");
    let regression = json(&["train", "--data", &signs, "--task", "regression", "--steps", "1", "--rate", "1e-30"]);
    assert_eq!(numbers["digest"], regression["digest"]);
    // Numbers from −1 to 1 vary twice as much as those from 1 to 2.
    let narrow = json(&["train", "--data", &counted, "--loss", "squared", "--steps", "1", "--rate", "1e-30"]);
    let rmse = |report: &Value| report["metrics"]["training"]["regression"]["rmse"].as_f64().unwrap();
    assert!((rmse(&numbers) / rmse(&narrow) - 2.0).abs() < 1e-5 && rmse(&numbers) > 0.5, "{narrow}");
}

#[test]
fn a_saved_model_knows_its_classes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let svm = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        format!("svmlight:{}", at(name))
    };
    let train = svm("train.svm", &"2 0:0.5 2:1\n7 1:1\n5 0:-1 1:0.5\n".repeat(20));
    let saved = at("run");
    let training = ["train", "--data", &train, "--steps", "50", "--rate", "0.5", "--save", &saved];
    refused(&[&training[..], &["--zero-based", "false"]].concat(), "line 1: \"0:0.5\": indices start at 1");
    let notes = text(&simdescent(&training).stderr);
    assert!(notes.contains("note: train.svm has an index 0: indices start there; --zero-based no"), "{notes}");
    assert_eq!(text(&simdescent(&[&training[..], &["--zero-based"]].concat()).stderr), "");
    simdescent(&training);
    let evaluate = |data: &str, more: &[&str]| {
        let arguments = [&["evaluate", "--checkpoint", &saved, "--data", data], more].concat();
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |arguments: Vec<String>| json(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let stop = |arguments: Vec<String>, wanted: &str| {
        refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    };
    // A class of three, without the features it needs not; the base is that of the training.
    let test = svm("test.svm", "7 1:1\n7 1:2\n");
    let metrics = &run(evaluate(&test, &[]))["metrics"]["test"];
    assert_eq!((&metrics["rows"], &metrics["classification"]["accuracy"]), (&2.into(), &1.0.into()), "{metrics}");
    let shifted = svm("shifted.svm", "7 2:1\n7 2:2\n");
    assert_eq!(&run(evaluate(&shifted, &["--zero-based", "false"]))["metrics"]["test"], metrics);
    stop(evaluate(&svm("a.svm", "7 1:1\n-1 1:1\n"), &[]), "row 1: -1 is none of the classes 2, 5, 7");
    stop(
        evaluate(&svm("b.svm", "7 1:1\n7 3:1\n"), &[]),
        "line 2: index 3 is above 2, the last of 3 features, as the model",
    );
    let csv = at("d.csv");
    fs::write(&csv, "a,b,c,y\n0,1,0,7\n0,2,0,7\n").unwrap();
    assert_eq!(&run(evaluate(&format!("csv:{csv}"), &[]))["metrics"]["test"], metrics);
    fs::write(&csv, "a,b,c,y\n0,1,0,7\n1,0,0,8\n").unwrap();
    stop(evaluate(&format!("csv:{csv}"), &[]), "line 3: column 4 of 4 (\"y\"): 8 is none of the classes 2, 5, 7");
}

#[test]
fn one_class_is_no_classification() {
    let folder = tempfile::tempdir().unwrap();
    let row = |y: &'static str| move |i: usize| format!("{i},{y}\n");
    let named = format!("csv:{}", written(folder.path(), "a.csv", (0..20).map(row("yes"))));
    let counted = format!("csv:{}", written(folder.path(), "b.csv", (0..20).map(row("1"))));
    refused(&["train", "--data", &named], "every target is \"yes\": one class only");
    refused(&["train", "--data", &counted], "every target is 1: one class only");
    refused(&["train", "--data", &counted, "--stream"], "every target is 1: one class only");
    refused(&["sweep", "--data", &counted], "every target is 1: one class only");
    refused(&["train", "--data", &named, "--task", "regression"], "text is no target of a regression");
    json(&["train", "--data", &counted, "--task", "regression", "--steps", "2", "--standardize-targets", "false"]);
}

#[test]
fn a_rare_class_is_in_both_parts_or_its_absence_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |rare: usize| {
        let row = move |i: usize| format!("{},{}\n", i * 31 % 17, if i < rare { "rare" } else { "usual" });
        format!("csv:{}", written(folder.path(), &format!("{rare}.csv"), (0..60).map(row)))
    };
    let (one, two) = (at(1), at(2));
    for seed in ["1", "2", "3"] {
        let train = |data: &str| heading(&["train", "--data", data, "--steps", "2", "--seed", seed]);
        assert_eq!(train(&two).1, "");
        assert!(train(&one).1.contains("note: 1.csv: no row for validation is of class rare"));
    }
    let space = folder.path().join("space.toml");
    fs::write(&space, "[learning-rate]\nrate = { log = [1e-3, 1] }\n").unwrap();
    let search = |data: &'static str| {
        let base = ["tune", "search", "--trials", "2", "--metric", "auc", "--steps", "5", "--data", data];
        [&base[..], &["--space", space.to_str().unwrap()]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, two): (&'static str, &'static str) = (one.leak(), two.leak());
    let arguments = search(two);
    assert!(json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())["best"]["value"].is_number());
    let arguments = search(one);
    refused(
        &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
        "no auc: the rows for validation are all of one class",
    );
    // Folds of a file whose rows are divided by class.
    let folds = json(&["cross-validate", "--folds", "2", "--data", &at(10), "--steps", "5"]);
    assert!(folds["folds"]["stratified"] == true && folds["summary"]["auc"]["mean"].is_number(), "{folds}");
    let folds = json(&["cross-validate", "--folds", "2", "--data", &at(10), "--steps", "5", "--not-stratified"]);
    assert_eq!(folds["folds"]["stratified"], false);
}

#[test]
fn flags_belong_to_kinds_of_files() {
    refused(&["train", "--features", "3"], "--features and --zero-based need --data svmlight:FILE");
    refused(&["train", "--data", "npz:a.npz", "--zero-based"], "--features and --zero-based need --data svmlight:FILE");
    refused(&["sweep", "--inputs-array", "x"], "--inputs-array and --targets-array need --data npz:FILE");
    let folder = tempfile::tempdir().unwrap();
    let gap = written(folder.path(), "gap.svm", (0..10).map(|i| format!("{} 1:1 90000000:{i}\n", i % 2)));
    let data = format!("svmlight:{gap}");
    refused(&["train", "--data", &data], "give the number of features (--features 90000000) if that is right");
    assert_eq!(
        json(&["train", "--data", &data, "--features", "90000000", "--steps", "1"])["model"],
        "linear 90000000-1"
    );
}

/// Unix allows any bytes in a path.
#[cfg(unix)]
#[test]
fn paths_need_not_be_utf_8() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.csv"));
    if fs::write(&path, (0..40).map(|i| format!("{i},{}\n", i % 2)).collect::<String>()).is_err() {
        return; // A file system that knows better.
    }
    let mut data = OsString::from("csv:");
    data.push(&path);
    let saved = folder.path().join(OsStr::from_bytes(b"r\xfcn"));
    let run = |arguments: &[&OsStr]| {
        let output = Command::new(env!("CARGO_BIN_EXE_simdescent")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let args = |words: &'static str| words.split(' ').map(OsStr::new).collect::<Vec<_>>();
    let rest: [&OsStr; 4] = [OsStr::new("--data"), &data, OsStr::new("--save"), saved.as_os_str()];
    let heading = run(&[&args("train --steps 5")[..], &rest].concat());
    assert!(heading.starts_with("logistic regression on caf\u{fffd}.csv: "), "{heading}");
    for words in ["evaluate --json --checkpoint", "explain --json --checkpoint"] {
        run(&[&args(words)[..], &[saved.as_os_str()]].concat());
        run(&[&args(words)[..], &[saved.as_os_str(), OsStr::new("--data"), &data]].concat());
    }
}
