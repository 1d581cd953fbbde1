//! `predict` as a user meets it: every kind of data, with and without targets.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;
use simdescent::dataset::{TargetEncoding, TargetOptions, read_npy_inputs, read_npy_pair};
use std::fs;
use std::path::{Path, PathBuf};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.at(name), content).unwrap();
        self.at(name)
    }
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }
}

/// What it prints.
fn printed(arguments: &[&str]) -> String {
    let output = simdescent(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn numbers(csv: &str) -> Vec<f64> {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("prediction"));
    lines.map(|line| line.parse().unwrap()).collect()
}

/// An array of NumPy, as it writes them itself.
fn npy(descr: &str, shape: &[usize], bytes: Vec<u8>) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.into_bytes());
    file.extend(bytes);
    file
}

fn table(rows: usize) -> impl Iterator<Item = [f32; 3]> {
    (0..rows).map(|i| {
        let (a, b) = ((i * 7 % 23) as f32, 1000.0 + (i * 5 % 19) as f32);
        [a, b, 250_000.0 + 3000.0 * a - 500.0 * b + (i % 3) as f32]
    })
}

/// Numbers are in the unit of the file, and it is them that `evaluate` measures.
#[test]
fn predictions_are_what_evaluate_measures() {
    let folder = Folder::new();
    let lines: String = table(200).map(|[a, b, y]| format!("{a},{b},{y}\n")).collect();
    let data = format!("csv:{}", folder.write("prices.csv", format!("a,b,price\n{lines}")));
    let saved = folder.at("run");
    json(&["train", "--data", &data, "--rate", "0.1", "--steps", "500", "--save", &saved]);
    let out = folder.at("out.csv");
    let base = ["predict", "--checkpoint", &saved, "--data"];
    let said = printed(&[&base[..], &[&data, "--out", &out]].concat());
    assert!(said.contains("linear 2-1 after 500 steps, on prices.csv") && said.contains("200 predictions: "), "{said}");
    let predicted = numbers(&folder.read("out.csv"));
    assert_eq!(predicted.len(), 200);
    let squares = table(200).zip(&predicted).map(|([.., y], p)| (f64::from(y) - p).powi(2));
    let rmse = (squares.sum::<f64>() / 200.0).sqrt();
    let evaluated = json(&["evaluate", "--checkpoint", &saved, "--data", &data]);
    let measured = evaluated["metrics"]["test"]["regression"]["rmse"].as_f64().unwrap();
    assert!((rmse / measured - 1.0).abs() < 1e-9 && rmse < 500.0, "{rmse} {measured}");

    // Without --out the same is printed, and with --json it is all there.
    assert_eq!(numbers(&printed(&[&base[..], &[&data]].concat())), predicted);
    let report = json(&[&base[..], &[&data, "--threads", "2"]].concat());
    let of_json: Vec<f64> = report["predictions"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert_eq!((of_json, &report["rows"], &report["probabilities"]), (predicted.clone(), &200.into(), &Value::Null));

    // The target may be missing, unknown, or elsewhere; other columns may be there.
    let only = |header: &str, row: &dyn Fn([f32; 3]) -> String| {
        let rows: String = table(200).map(row).collect();
        let data = format!("csv:{}", folder.write("new.csv", format!("{header}\n{rows}")));
        numbers(&printed(&[&base[..], &[&data]].concat()))
    };
    assert_eq!(only("a,b", &|[a, b, _]| format!("{a},{b}\n")), predicted);
    assert_eq!(only("a,b,price", &|[a, b, _]| format!("{a},{b},?\n")), predicted);
    assert_eq!(only("id,price,b,a", &|[a, b, _]| format!("x17,unknown,{b},{a}\n")), predicted);
    let rows: String = table(200).map(|[a, b, _]| format!("{a},{b}\n")).collect();
    let headless = format!("csv:{}", folder.write("headless.csv", rows));
    assert_eq!(numbers(&printed(&[&base[..], &[&headless]].concat())), predicted);

    // Other kinds of files, without targets.
    let floats = |width: usize| {
        table(200).flat_map(move |row| row.into_iter().take(width)).flat_map(f32::to_le_bytes).collect::<Vec<u8>>()
    };
    let inputs = folder.write("x.npy", npy("<f4", &[200, 2], floats(2)));
    let lines: String = table(200).map(|[a, b, _]| format!("1:{a} 2:{b}\n")).collect();
    let svm = folder.write("x.svm", lines);
    for data in [format!("npy:{inputs}"), format!("svmlight:{svm}")] {
        assert_eq!(numbers(&printed(&[&base[..], &[&data]].concat())), predicted, "{data}");
    }
    // Into a file for NumPy.
    let array = folder.at("out.npy");
    printed(&[&base[..], &[&data, "--out", &array]].concat());
    let read = read_npy_inputs(array.as_ref()).unwrap();
    assert_eq!((read.rows(), read.features()), (200, 1));
    assert!(read.inputs().iter().zip(&predicted).all(|(&x, &p)| x == p as f32));

    let wrong = |data: &str, more: &[&str], wanted: &str| refused(&[&base[..], &[data], more].concat(), wanted);
    wrong(&data, &["--out", &folder.at("out.txt")], "has to end in .csv or .npy");
    wrong(&data, &["--out", "/no/such/folder/out.csv"], "/no/such/folder/out.csv");
    wrong(&data, &["--probabilities"], "--probabilities is for classes");
    wrong(
        &format!("csv:{}", folder.write("short.csv", "b\n1\n2\n")),
        &[],
        "no column \"a\", which the training file has",
    );
    wrong(&format!("npy:{}", folder.write("wide.npy", npy("<f4", &[200, 3], floats(3)))), &[], "3 features");
    refused(&["evaluate", "--checkpoint", &saved, "--data", &format!("npy:{inputs}")], "npy:INPUTS.npy,TARGETS.npy");
    refused(&["train", "--data", &format!("npy:{inputs}")], "npy:INPUTS.npy,TARGETS.npy");
}

/// Columns by their order; a single feature.
#[test]
fn files_without_names_have_their_columns_in_order() {
    let folder = Folder::new();
    let lines: String = (0..60).map(|i| format!("{},{}\n", 0.5 * f64::from(i) + 0.25, f64::from(i) / 8.0)).collect();
    let data = format!("csv:{}", folder.write("d.csv", lines));
    let saved = folder.at("run");
    // The target is the first column.
    json(&["train", "--data", &data, "--target", "0", "--rate", "0.1", "--steps", "300", "--save", &saved]);
    let alone: String = (0..60).map(|i| format!("{}\n", f64::from(i) / 8.0)).collect();
    let alone = format!("csv:{}", folder.write("alone.csv", alone));
    let predict = |data: &str| numbers(&printed(&["predict", "--checkpoint", &saved, "--data", data]));
    let predicted = predict(&alone);
    assert_eq!(predicted, predict(&data));
    assert!((predicted[40] - 20.25).abs() < 0.01, "{predicted:?}");
    let three = format!("csv:{}", folder.write("three.csv", "1,2,3\n4,5,6\n"));
    refused(&["predict", "--checkpoint", &saved, "--data", &three], "3 columns, but the training file has 2");
}

#[test]
fn classes_have_their_names_and_probabilities() {
    let folder = Folder::new();
    let names = ["cat", "dog, old", "eel"];
    let row = |i: usize| format!("{},{},\"{}\"\n", i % 30, (i * 7) % 11, names[(i % 30) / 10]);
    let rows: String = (0..300).map(row).collect();
    let data = format!("csv:{}", folder.write("pets.csv", format!("a,b,pet\n{rows}")));
    let saved = folder.at("run");
    let train =
        ["train", "--data", &data, "--hidden", "16", "--optimizer", "adam", "--rate", "0.02", "--steps", "1000"];
    json(&[&train[..], &["--save", &saved]].concat());
    let base = ["predict", "--checkpoint", &saved, "--data", &data];
    let out = folder.at("out.csv");
    printed(&[&base[..], &["--probabilities", "--out", &out]].concat());
    let csv = folder.read("out.csv");
    let mut lines = csv.lines();
    let header = "prediction,probability of cat,\"probability of dog, old\",probability of eel";
    assert_eq!(lines.next(), Some(header));
    let report = json(&[&base[..], &["--probabilities"]].concat());
    assert_eq!(report["class_names"], serde_json::json!(names));
    let (mut right, mut count) = (0, 0);
    for (i, line) in lines.enumerate() {
        let name = report["predictions"][i].as_str().unwrap();
        let quoted = if name.contains(',') { format!("\"{name}\"") } else { name.to_owned() };
        let p: Vec<f64> =
            line.strip_prefix(&format!("{quoted},")).unwrap().split(',').map(|p| p.parse().unwrap()).collect();
        let largest = (0..3).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap();
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9 && names[largest] == name, "{line}");
        right += usize::from(names[(i % 30) / 10] == name);
        count += 1;
    }
    let evaluated = json(&["evaluate", "--checkpoint", &saved, "--data", &data]);
    assert_eq!(count, 300);
    assert_eq!(evaluated["metrics"]["test"]["classification"]["accuracy"], right as f64 / 300.0);

    let array = folder.at("out.npy");
    printed(&[&base[..], &["--out", &array]].concat());
    let bytes = fs::read(&array).unwrap();
    // Eight characters of four bytes each.
    assert!(text(&bytes).contains("'<U8'") && bytes.len().is_multiple_of(64), "{}", bytes.len());
    let cat: Vec<u8> = "cat".chars().flat_map(|c| u32::from(c).to_le_bytes()).chain([0; 20]).collect();
    assert!(bytes[bytes.len() - 9600..].chunks_exact(32).filter(|name| **name == cat).count() > 80);
    printed(&[&base[..], &["--out", &array, "--probabilities"]].concat());
    let probabilities = read_npy_inputs(array.as_ref()).unwrap();
    assert_eq!((probabilities.rows(), probabilities.features()), (300, 3));
}

/// Classes that are numbers are these numbers in an array; two classes, margins, numbers between 0 and 1.
#[test]
fn labels_of_files_come_back() {
    let folder = Folder::new();
    let row = |i: usize| format!("{} 1:{} 2:1\n", [-1, 1][usize::from(i % 7 > 3)], (i % 7) as f64 - 3.0);
    let data = format!("svmlight:{}", folder.write("d.svm", (0..140).map(row).collect::<String>()));
    for loss in ["logistic", "hinge", "softmax-cross-entropy"] {
        let (saved, array) = (folder.at(loss), folder.at("out.npy"));
        json(&["train", "--data", &data, "--loss", loss, "--rate", "0.5", "--steps", "500", "--save", &saved]);
        let predict = ["predict", "--checkpoint", &saved, "--data", &data];
        let csv = printed(&predict);
        let wanted: String = (0..140).map(|i| format!("{}\n", [-1, 1][usize::from(i % 7 > 3)])).collect();
        assert_eq!(csv, format!("prediction\n{wanted}"), "{loss}");
        printed(&[&predict[..], &["--out", &array]].concat());
        assert!(text(&fs::read(&array).unwrap()).contains("'<i8'"));
        let read = read_npy_pair(array.as_ref(), array.as_ref(), &TargetOptions::Guess).unwrap();
        assert_eq!(read.class_names().unwrap(), ["-1", "1"]);
        if loss == "hinge" {
            refused(
                &[&predict[..], &["--probabilities"]].concat(),
                "the loss hinge gives margins and no probabilities",
            );
        } else {
            let csv = printed(&[&predict[..], &["--probabilities"]].concat());
            assert!(csv.starts_with("prediction,probability of -1,probability of 1\n-1,0.9"), "{csv}");
        }
    }
    let rows: String = (0..90).map(|i| format!("{},{}\n", i % 9, 0.1 + 0.1 * f64::from(i % 9))).collect();
    let data = format!("csv:{}", folder.write("rates.csv", rows));
    let saved = folder.at("rates");
    json(&[
        "train",
        "--data",
        &data,
        "--loss",
        "logistic",
        "--task",
        "regression",
        "--rate",
        "0.5",
        "--steps",
        "500",
        "--save",
        &saved,
    ]);
    let rates = numbers(&printed(&["predict", "--checkpoint", &saved, "--data", &data]));
    assert!(rates.iter().zip((0..90).map(|i| 0.1 + 0.1 * f64::from(i % 9))).all(|(p, y)| (p - y).abs() < 0.1));
}

/// Images without labels; archives without targets, and with a part for tests.
#[test]
fn folders_and_archives_need_no_targets() {
    let folder = Folder::new();
    let pixels = |n: usize| (0..n).flat_map(|i| [(i % 2 * 200) as u8, (i % 5) as u8, 7]).collect::<Vec<u8>>();
    let idx = |magic: u32, sizes: &[u32], body: Vec<u8>| {
        let words = [magic].into_iter().chain(sizes.iter().copied()).flat_map(u32::to_be_bytes);
        words.chain(body).collect::<Vec<u8>>()
    };
    let labels = |n: usize| (0..n).map(|i| 3 + (i % 2) as u8).collect::<Vec<u8>>();
    fs::create_dir(folder.at("mnist")).unwrap();
    for (name, n) in [("train", 100), ("t10k", 20)] {
        folder.write(&format!("mnist/{name}-images-idx3-ubyte"), idx(2051, &[n, 1, 3], pixels(n as usize)));
        folder.write(&format!("mnist/{name}-labels-idx1-ubyte"), idx(2049, &[n], labels(n as usize)));
    }
    let mnist = format!("mnist:{}", folder.at("mnist"));
    let saved = folder.at("run");
    json(&["train", "--data", &mnist, "--rate", "0.5", "--steps", "300", "--save", &saved]);
    let predict = |data: &str| printed(&["predict", "--checkpoint", &saved, "--data", data]);
    let wanted = |n| format!("prediction\n{}", (0..n).map(|i| format!("{}\n", 3 + i % 2)).collect::<String>());
    assert_eq!(predict(&mnist), wanted(20));
    for name in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        fs::remove_file(PathBuf::from(folder.at("mnist")).join(name)).unwrap();
    }
    assert_eq!(predict(&mnist), wanted(20));
    fs::remove_file(Path::new(&folder.at("mnist")).join("t10k-images-idx3-ubyte")).unwrap();
    assert_eq!(predict(&mnist), wanted(100));
    fs::remove_file(Path::new(&folder.at("mnist")).join("train-images-idx3-ubyte")).unwrap();
    refused(&["predict", "--checkpoint", &saved, "--data", &mnist], "needs t10k-images-idx3-ubyte");

    let inputs = |n: usize| {
        let scaled = pixels(n).into_iter().map(|byte| f32::from(byte) / 255.0);
        npy("<f4", &[n, 3], scaled.flat_map(f32::to_le_bytes).collect())
    };
    let archive = |name: &str, members: &[(&str, Vec<u8>)]| {
        let mut zip = zip::ZipWriter::new(fs::File::create(folder.at(name)).unwrap());
        for (member, bytes) in members {
            zip.start_file(format!("{member}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut zip, bytes).unwrap();
        }
        zip.finish().unwrap();
        format!("npz:{}", folder.at(name))
    };
    assert_eq!(predict(&archive("one.npz", &[("X", inputs(30))])), wanted(30));
    assert_eq!(predict(&archive("two.npz", &[("x_train", inputs(30)), ("x_test", inputs(12))])), wanted(12));
    let named = archive("named.npz", &[("pixels", inputs(8))]);
    refused(&["predict", "--checkpoint", &saved, "--data", &named], "name it with --inputs-array");
    let csv = printed(&["predict", "--checkpoint", &saved, "--data", &named, "--inputs-array", "pixels"]);
    assert_eq!(csv, wanted(8));
    let flat = archive("flat.npz", &[("X", inputs(2)), ("y", npy("<f4", &[1], vec![0; 4]))]);
    assert_eq!(predict(&flat), wanted(2), "targets are not looked at");
    assert_eq!(TargetEncoding::ABSENT.classes(), None);
}
