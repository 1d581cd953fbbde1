//! What commands say of files that are not what they seem: saved models that were changed, columns of identifiers, parts of archives.

use crate::command::{json, refused, simdescent, text};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::Path;

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn written(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    fs::write(folder.join(name), content).unwrap();
    at(folder, name)
}

/// What a command that works says on standard error.
fn told(arguments: &[&str]) -> String {
    let output = simdescent(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

/// Changes what a saved model says of itself, in the JSON within the JSON of its header.
fn with_metadata(file: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let text = &mut header["__metadata__"]["simdescent"];
    let mut metadata: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    change(&mut metadata);
    *text = metadata.to_string().into();
    let mut header = header.to_string();
    header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &file[8 + length..]].concat()
}

#[test]
fn a_saved_model_that_contradicts_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows: String = (0..60).map(|i| format!("{},{},{}\n", i % 7, i % 5, ["a", "b", "c"][i % 3])).collect();
    let classes = format!("csv:{}", written(folder, "classes.csv", format!("u,v,kind\n{rows}")));
    let rows: String = (0..60).map(|i| format!("{},{},{}.5\n", i % 7, i % 5, 3 * i)).collect();
    let numbers = format!("csv:{}", written(folder, "numbers.csv", format!("u,v,y\n{rows}")));
    for (data, more) in [(&classes, &["--class-weights", "balanced"][..]), (&numbers, &[])] {
        let saved = at(folder, "run");
        json(&[&["train", "--data", data, "--steps", "3", "--save", &saved], more].concat());
        let file = fs::read(&saved).unwrap();
        let is_numbers = more.is_empty();
        let changed = |change: &dyn Fn(&mut Value), wanted: &str| {
            let changed = written(folder, "changed", with_metadata(&file, change));
            for command in ["predict", "evaluate", "explain"] {
                refused(&[command, "--checkpoint", &changed, "--data", data], wanted);
            }
            refused(&["evaluate", "--checkpoint", &changed], wanted);
            refused(&["train", "--resume", &changed], wanted);
        };
        let note = |name: &'static str, value: Value| move |m: &mut Value| m["notes"][name] = value.to_string().into();
        let scaling = |mean: Value, scale: Value| note("standardizer", json!({ "mean": mean, "scale": scale }));
        changed(&scaling(json!([0, 0, 0]), json!([1, 1, 1])), "the model takes 2 features, but the scale");
        changed(&scaling(json!([0, 0]), json!([1, 0])), "feature 1: the scale is 0");
        changed(&scaling(json!([0, 0]), json!([1, -1])), "feature 1: the scale is -1");
        changed(
            &|m| drop(m["notes"].as_object_mut().unwrap().remove("standardizer")),
            "but has no note \"standardizer\"",
        );
        let loss = |name: &'static str| move |m: &mut Value| m["settings"]["loss"] = name.into();
        if is_numbers {
            changed(&loss("softmax_cross_entropy"), "its settings are none of a run");
            changed(&|m| m["settings"]["target_scaling"]["deviation"] = 0.into(), "the second positive");
            changed(&|m| m["settings"]["target_scaling"]["deviation"] = (-1).into(), "the second positive");
            changed(&note("targets", json!({ "labels": [0, 1] })), "contradicts itself: ");
            changed(&note("targets", json!("absent")), "contradicts itself: ");
        } else {
            changed(&loss("squared"), "the loss squared is of numbers, but the targets (note \"targets\") are classes");
            changed(
                &loss("logistic"),
                "the loss logistic is of two classes, but the targets (note \"targets\") have 3",
            );
            changed(&note("class_weights", json!([1, 1])), "there are 3 classes, but 2 of them have a weight");
            changed(&note("class_weights", json!([1, -1, 1])), "have to be finite, at least 0");
            let both = |m: &mut Value| {
                let csv = m["notes"]["csv"].as_str().unwrap().replace("[\"a\",\"b\",\"c\"]", "[\"a\",\"b\"]");
                m["notes"]["csv"] = csv.into();
                m["notes"]["targets"] = "{\"names\":[\"a\",\"b\"]}".into();
                m["notes"].as_object_mut().unwrap().remove("class_weights");
            };
            changed(&both, "the model has 3 outputs, but there are 2 classes");
            changed(&note("targets", json!("numbers")), "is not what the targets are");
        }
        let lost = written(folder, "lost", with_metadata(&file, |m| m["next"] = 1_000_000_000.into()));
        refused(&["train", "--resume", &lost, "--steps", "5"], &format!("{lost}: "));
        // As it was, it is read.
        assert_eq!(told(&["predict", "--checkpoint", &saved, "--data", data]), "");
    }
}

#[test]
fn texts_that_differ_in_every_row_are_no_categories() {
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str, field: &dyn Fn(usize) -> String, target: &dyn Fn(usize) -> String| {
        let rows: String = (0..80).map(|i| format!("{},{},{}\n", field(i), i % 7, target(i))).collect();
        format!("csv:{}", written(folder.path(), name, format!("id,x,y\n{rows}")))
    };
    let number = |i: usize| format!("{}.5", 3 * i % 17);
    let cases: [(&dyn Fn(usize) -> String, &str); 6] = [
        (&|i| format!("u{:x}z", i * 7919), "64 different texts in 64 training rows, an identifier"),
        (&|i| format!("0x{:x}", i * 7919), "a hexadecimal number"),
        (&|i| format!("'{i}'"), "a number in quotes"),
        (&|i| format!("\"\"\"{i}\"\"\""), "a number in quotes"),
        (&|i| format!("{}W{:02}", 2000 + i / 50, 1 + i % 50), "looks like a date"),
        (&|i| format!("{}-Q{}", 1990 + i / 4, 1 + i % 4), "looks like a date"),
    ];
    for (field, wanted) in cases {
        let data = data("d.csv", field, &number);
        refused(&["train", "--data", &data, "--steps", "2"], wanted);
        refused(&["train", "--data", &data, "--steps", "2", "--stream"], wanted);
        assert_eq!(told(&["train", "--data", &data, "--steps", "2", "--ignore", "id"]), "");
        assert_eq!(told(&["train", "--data", &data, "--steps", "2", "--categorical", "id"]), "");
    }
    let many = data("many.csv", &|i| format!("n{}", i % 50), &number);
    let notes = told(&["train", "--data", &many, "--steps", "2"]);
    assert!(notes.starts_with("note: many.csv: column 1 of 3 (\"id\"): ") && notes.contains("--ignore"), "{notes}");
    // Targets.
    let named = data("named.csv", &|i| (i % 5).to_string(), &|i| format!("row {i}a"));
    refused(&["train", "--data", &named, "--steps", "2"], "80 different texts in 80 rows are hardly classes");
    let quoted = data("quoted.csv", &|i| (i % 5).to_string(), &|i| format!("'{i}.5'"));
    refused(&["train", "--data", &quoted, "--steps", "2"], "a number in quotes");
    let stated = ["train", "--data", &named, "--steps", "2", "--task", "classification"];
    assert!(simdescent(&stated).status.success());
    let damaged = data("damaged.csv", &|i| if i == 9 { "a\0b".into() } else { "a".into() }, &number);
    refused(&["train", "--data", &damaged, "--steps", "2"], "line 11: a zero byte");
}

#[test]
fn numbers_become_classes_only_where_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str, target: &dyn Fn(usize) -> String| {
        let rows: String = (0..80).map(|i| format!("{},{}\n", i % 7, target(i))).collect();
        format!("csv:{}", written(folder.path(), name, format!("x,y\n{rows}")))
    };
    let prices = data("prices.csv", &|i| format!("{}.5", i % 8));
    for flag in [&["--class-weights", "balanced"][..], &["--label-smoothing", "0.1"]] {
        let base = [&["train", "--data", &prices, "--steps", "2"], flag].concat();
        let wanted =
            format!("{} is for classes, the targets of prices.csv are taken for numbers: give --task class", flag[0]);
        refused(&base, &wanted);
        refused(&[&base[..], &["--stream"]].concat(), &wanted);
        assert!(simdescent(&[&base[..], &["--task", "classification"]].concat()).status.success());
    }
    let notes = told(&["train", "--data", &prices, "--steps", "2", "--loss", "softmax-cross-entropy"]);
    assert!(
        notes.contains("note: prices.csv: the 8 different numbers of the targets are taken for classes"),
        "{notes}"
    );
    let kinds = data("kinds.csv", &|i| ["red", "green", "blue"][i % 3].into());
    let weights = |weights: &'static str| ["train", "--data", &kinds, "--steps", "2", "--class-weights", weights];
    refused(&weights("1,2,-1"), "class 2 (\"red\"): class weight is -1");
    refused(&weights("1,2"), "2 class weights, but there are 3: one per class, in the order blue, green, red");
    // Labels are called as in the file.
    let codes = data("codes.csv", &|i| format!("00{}", i % 3));
    let saved = at(folder.path(), "run");
    json(&["train", "--data", &codes, "--steps", "20", "--save", &saved]);
    let predicted = json(&["predict", "--checkpoint", &saved, "--data", &codes, "--probabilities"]);
    assert_eq!(predicted["class_names"], json!(["000", "001", "002"]));
    assert!(predicted["predictions"].as_array().unwrap().iter().all(|name| name.as_str().unwrap().len() == 3));
    assert!(json(&["evaluate", "--checkpoint", &saved, "--data", &codes])["metrics"]["test"]["rows"] == 80);
}

/// A file as NumPy's `savez` writes it; without columns an array has one dimension.
fn archive(arrays: &[(&str, usize, usize)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for &(name, rows, columns) in arrays {
        let shape = if columns == 0 { format!("({rows},)") } else { format!("({rows}, {columns})") };
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut array = b"\x93NUMPY\x01\x00".to_vec();
        array.extend((header.len() as u16).to_le_bytes());
        array.extend(header.into_bytes());
        (0..rows * columns.max(1)).for_each(|i| array.extend((0.25 + (i * 7 % 11) as f32).to_le_bytes()));
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&array).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn the_part_of_an_archive_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data =
        |name: &str, arrays: &[(&str, usize, usize)]| format!("npz:{}", written(folder.path(), name, archive(arrays)));
    let saved = at(folder.path(), "run");
    let three = data(
        "three.npz",
        &[
            ("x_train", 40, 2),
            ("y_train", 40, 0),
            ("x_val", 10, 2),
            ("y_val", 10, 0),
            ("x_test", 20, 2),
            ("y_test", 20, 0),
        ],
    );
    let notes = told(&["train", "--data", &three, "--steps", "2", "--save", &saved]);
    assert!(notes.contains("note: three.npz: x_val is for validation, x_test is not read; --inputs-array"), "{notes}");
    let rows = |more: &[&str]| {
        let arguments = [&["predict", "--checkpoint", &saved, "--data"], more].concat();
        (json(&arguments)["rows"].as_u64().unwrap(), told(&arguments))
    };
    let (count, notes) = rows(&[&three]);
    assert!(
        count == 20 && notes.contains("note: three.npz: x_test is read, x_train, x_val are not"),
        "{count} {notes}"
    );
    assert_eq!(rows(&[&three, "--inputs-array", "x_val"]), (10, String::new()));
    assert_eq!(rows(&[&three, "--inputs-array", "x_train"]), (40, String::new()));
    let test = json(&["evaluate", "--checkpoint", &saved, "--data", &three])["metrics"]["test"]["rows"].take();
    assert_eq!(test, 20);
    let plain = data("plain.npz", &[("X", 40, 2), ("y", 40, 0), ("X_test", 20, 2), ("y_test", 20, 0)]);
    let notes = told(&["train", "--data", &plain, "--steps", "2"]);
    assert!(notes.contains("note: plain.npz: X_test is for validation; --inputs-array"), "{notes}");
    assert_eq!(rows(&[&plain]).0, 20);
    let odd = data("odd.npz", &[("X", 40, 2), ("y", 40, 0), ("X_final", 20, 2), ("y_final", 20, 0)]);
    let notes = told(&["train", "--data", &odd, "--steps", "2"]);
    assert_eq!(notes, "note: odd.npz: other arrays are not read: X_final, y_final\n");
    let notes = told(&["train", "--data", &plain, "--steps", "2", "--not-stratified"]);
    assert!(notes.contains("plain.npz has parts for training and validation of its own"), "{notes}");
}

#[test]
fn flags_that_change_nothing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..60).map(|i| format!("{},{}\n", i % 7, i % 2)).collect();
    let data = format!("csv:{}", written(folder.path(), "d.csv", format!("x,y\n{rows}")));
    refused(&["train", "--data", &data, "--stream", "--not-stratified"], "streamed ones are not: leave it out");
    let saved = at(folder.path(), "run");
    let train = ["train", "--data", &data, "--steps", "20", "--validate-every", "5", "--save", &saved];
    assert_eq!(told(&train), "");
    let notes = told(&["train", "--resume", &saved, "--steps", "10"]);
    assert!(notes.contains("20 steps are done, --steps 10 adds none"), "{notes}");
    assert_eq!(told(&["train", "--resume", &saved, "--steps", "25"]), "");
}

#[test]
fn other_dialects_are_read_or_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let lines: String = (0..60).map(|i| format!("{} 1:{} 3:{}.5\n", i % 2, i % 7, i % 5)).collect();
    let digest = |data: &str| json(&["train", "--data", data, "--steps", "5"])["digest"].as_str().unwrap().to_owned();
    let plain = digest(&format!("svmlight:{}", written(folder, "d.svm", &lines)));
    let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(lines.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [("d.svm.gz", packed(lines.as_bytes())), ("utf16.svm", utf16)] {
        assert_eq!(digest(&format!("svmlight:{}", written(folder, name, bytes))), plain, "{name}");
    }
    // A declared delimiter that is stated, too; names that are no UTF-8.
    let rows: String = (0..60).map(|i| format!("{};{}.5;{}.25\n", i % 7, i % 5, i)).collect();
    let declared = format!("csv:{}", written(folder, "d.csv", format!("sep=;\nu;v;y\n{rows}")));
    assert_eq!(digest(&declared), json(&["train", "--data", &declared, "--steps", "5", "--delimiter", ";"])["digest"]);
    let latin = [b"gr\xf6\xdfe;v;y\n", rows.as_bytes()].concat();
    let latin = format!("csv:{}", written(folder, "latin.csv", latin));
    let notes = told(&["train", "--data", &latin, "--steps", "2"]);
    assert!(notes.contains("note: latin.csv: names that are no UTF-8") && notes.contains("of column 1"), "{notes}");
    refused(
        &["train", "--data", &declared, "--steps", "2", "--decimal-comma"],
        "read the file without --decimal-comma",
    );
    // One column, whose blank line may be a gap.
    let rows: String = (0..60).map(|i| format!("{i},{}.5\n", 2 * i)).collect();
    let saved = at(folder, "run");
    let line = format!("csv:{}", written(folder, "line.csv", format!("x,y\n{rows}")));
    json(&["train", "--data", &line, "--steps", "5", "--save", &saved]);
    let one = format!("csv:{}", written(folder, "one.csv", "x\n1\n\n2\n"));
    refused(&["predict", "--checkpoint", &saved, "--data", &one], "line 4: a line before it is blank");
    let one = format!("csv:{}", written(folder, "one.csv", "x\n1\n2\n\n\n"));
    assert_eq!(json(&["predict", "--checkpoint", &saved, "--data", &one])["rows"], 2);
    refused(&["train", "--data", &format!("csv:{}", folder.display())], "it is a folder");
    // One spelling of yes and no, on the command line and in files.
    let config = written(folder, "c.toml", format!("[problem]\ndata = {line:?}\n[problem.csv]\nheader = \"yes\"\n"));
    let by_file = json(&["train", "--config", &config, "--steps", "5"])["digest"].take();
    assert_eq!(by_file, json(&["train", "--data", &line, "--steps", "5", "--header", "true"])["digest"]);
    let help = text(&simdescent(&["train", "--help"]).stdout);
    assert!(help.contains("<yes|no>") && !help.contains("true, false") && !help.contains("BOOL"), "{help}");
}
