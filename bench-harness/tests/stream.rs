//! `train --stream`: files that are read as they are needed.

use crate::command::json;
use serde_json::Value;
use std::fs;

fn train(arguments: &[&str]) -> Value {
    json(&[&["train"], arguments].concat())
}

fn refused(arguments: &[&str], wanted: &str) {
    crate::command::refused(&[&["train"], arguments].concat(), wanted);
}

/// The same table as CSV and as NumPy's arrays, in memory and read as it is needed.
#[test]
fn a_table_trains_alike_from_every_kind_of_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let row = |i: u32| [(i * 7) % 13, (i * i) % 11];
    let target = |i: u32| 0.5 + (row(i)[0] + 2 * row(i)[1]) as f32;
    let npy = |shape: &str, values: Vec<f32>| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let values: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
        [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &values].concat()
    };
    let csv: String = (0..203).map(|i| format!("{},{},{}\n", row(i)[0], row(i)[1], target(i))).collect();
    fs::write(path("t.csv"), csv).unwrap();
    fs::write(path("x.npy"), npy("(203, 2)", (0..203).flat_map(row).map(|x| x as f32).collect())).unwrap();
    fs::write(path("y.npy"), npy("(203,)", (0..203).map(target).collect())).unwrap();
    let csv = format!("csv:{}", path("t.csv"));
    let npy = format!("npy:{},{}", path("x.npy"), path("y.npy"));
    assert_eq!(train(&["--data", &csv])["digest"], train(&["--data", &npy])["digest"]);

    let streamed = |data: &str, window: &str, more: &[&str]| {
        let report = train(&[&["--data", data, "--rate", "0.1", "--stream", window], more].concat());
        assert!(report["loss"].as_f64().unwrap() < 1e-3, "{report}");
        report["digest"].clone()
    };
    let fixed = ["--sampling", "fixed-order"];
    let digest = streamed(&csv, "16", &fixed);
    assert_eq!(streamed(&csv, "1000", &fixed), digest);
    assert_eq!(streamed(&npy, "7", &fixed), digest);
    let shuffled = streamed(&npy, "64", &[]);
    assert_eq!(streamed(&csv, "64", &[]), shuffled);
    assert_ne!((&shuffled, &shuffled), (&digest, &streamed(&csv, "32", &[])));
    let file = path("run.safetensors");
    let network = ["--hidden", "8", "--optimizer", "adam", "--steps", "3000", "--schedule", "cosine", "--save", &file];
    streamed(&csv, "64", &network);
    let evaluated = json(&["evaluate", "--checkpoint", &file, "--data", &csv]);
    assert!(evaluated["metrics"]["test"]["loss"].as_f64().unwrap() < 1e-3, "{evaluated}");

    // Whole numbers that many rows share are classes unless the loss says otherwise.
    let data = ["--data", &csv, "--target", "0", "--steps", "10"];
    assert_eq!(train(&data)["model"], "softmax 2-13");
    assert_eq!(train(&[&data[..], &["--loss", "squared"]].concat())["model"], "linear 2-1");

    refused(&["--stream"], "--stream needs --data");
    refused(&["--data", &format!("npz:{}", path("x.npy"))], "not a zip archive");
    refused(&["--data", "npz:x", "--stream"], "csv, svmlight, npy and mnist files");
    let wanted = "--impute most-frequent needs whole columns in memory: with --stream take mean, median or constant";
    refused(&["--data", &csv, "--stream", "--impute", "most-frequent"], wanted);
    refused(&["--data", &csv, "--stream", "--optimizer", "lbfgs"], "lbfgs needs the whole training set");
    refused(&["--data", &csv, "--stream", "--sampling", "with-replacement"], "no sampling with replacement");
    let weighted = ["--data", &csv, "--stream", "--class-weights", "1,2"];
    refused(&weighted, "--class-weights is for classes, the targets of t.csv are taken for numbers");
    refused(&[&weighted[..], &["--task", "classification"]].concat(), "2 class weights, but there are");
    crate::command::refused(&["tune", "lr", "--data", &csv, "--stream"], "--stream is for train");
}

/// A table of two classes as CSV with weights, and as svmlight.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let row = |i: u32| ((i * 7) % 13, (i * i) % 11, u32::from((i * 7) % 13 + (i * i) % 11 > 12));
        let (mut csv, mut svmlight) = (String::from("a,b,w,y\n"), String::new());
        for (a, b, label) in (0..203).map(row) {
            csv += &format!("{a},{b},{},{label}\n", (a + b) % 3);
            svmlight += &format!("{label} {}:1 {}:{}\n", 1 + a, 50 + b, b);
        }
        fs::write(files.path("t.csv"), csv).unwrap();
        fs::write(files.path("t.svm"), svmlight).unwrap();
        files
    }
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

/// In the middle of a window and of an epoch.
#[test]
fn a_stream_goes_on_where_it_stopped() {
    let files = Files::new();
    let saved = files.path("run.safetensors");
    let csv = format!("csv:{}", files.path("t.csv"));
    let svmlight = format!("svmlight:{}", files.path("t.svm"));
    let weighted = ["--data", &csv, "--weight-column", "w", "--class-weights", "balanced"];
    for data in [&weighted[..], &["--data", &svmlight], &["--data", &svmlight, "--hidden", "4", "--dropout", "0.2"]] {
        for sampling in [&["--stream", "50"][..], &["--stream", "64", "--sampling", "fixed-order"]] {
            let run = "--optimizer adam --rate 0.05 --batch-size 16 --validate-every 37 --patience 40 --steps";
            let run: Vec<&str> = run.split(' ').collect();
            let steps = |n| [data, sampling, &run, &[n]].concat();
            train(&[&steps("37")[..], &["--save", &saved, "--save-every", "5"]].concat());
            let resumed = train(&["--resume", &saved, "--steps", "111", "--save", &saved]);
            assert_eq!(resumed, train(&steps("111")), "{data:?}, {sampling:?}");
            assert!(resumed["loss"].as_f64().unwrap() < 0.6, "{resumed}");
            assert_eq!(train(&["--resume", &saved])["digest"], resumed["digest"], "there is nothing left to do");
        }
    }
    refused(&["--resume", &saved, "--stream", "50"], "keeps its data and model");
    let text = fs::read_to_string(files.path("t.svm")).unwrap();
    fs::write(files.path("t.svm"), text.replacen(":1 ", ":2 ", 1)).unwrap();
    refused(&["--resume", &saved], "was made on other data than t.svm, 64 rows at a time");
}

/// What is read does not depend on how.
#[test]
fn weights_and_sparse_files_stream() {
    let files = Files::new();
    let csv = format!("csv:{}", files.path("t.csv"));
    let svmlight = format!("svmlight:{}", files.path("t.svm"));
    let digest = |more: &[&str]| {
        let report = train(&[&["--steps", "40", "--sampling", "fixed-order", "--stream"], more].concat());
        report["digest"].to_string()
    };
    let weighted = digest(&["64", "--data", &csv, "--weight-column", "w"]);
    assert_eq!(weighted, digest(&["7", "--data", &csv, "--weight-column", "w"]));
    let plain = digest(&["64", "--data", &csv, "--ignore", "w"]);
    assert_ne!(weighted, plain);
    assert_ne!(plain, digest(&["64", "--data", &csv, "--ignore", "w", "--class-weights", "1,5"]));
    let gaps = fs::read_to_string(files.path("t.csv")).unwrap().replace("\n7,", "\n?,").replace("\n3,", "\n?,");
    fs::write(files.path("t.csv"), gaps).unwrap();
    let filled = |impute: &[&str]| digest(&[&["64", "--data", &csv, "--ignore", "w", "--impute"], impute].concat());
    assert_eq!(filled(&["median"]), filled(&["constant", "--impute-value", "6"]));
    assert_ne!(filled(&["median"]), filled(&["mean"]));
    let sparse = digest(&["64", "--data", &svmlight]);
    assert_eq!(sparse, digest(&["7", "--data", &svmlight]));
}
