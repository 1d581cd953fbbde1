//! CSV files as people have them, from the command line.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Writes a file; its name as `--data` takes it.
fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    format!("csv:{}", path.display())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Trains by L-BFGS, saves, and evaluates the same file.
fn evaluated(folder: &Path, data: &str, options: &[&str]) -> Value {
    let model = folder.join("model").display().to_string();
    json(&[&["train", "--data", data, "--optimizer", "lbfgs", "--save", &model][..], options].concat());
    json(&["evaluate", "--checkpoint", &model, "--data", data])["metrics"]["test"].take()
}

#[test]
fn a_saved_model_reads_other_files_as_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rows, mut odd) = (String::new(), String::new());
    for i in 0..60 {
        let x = f64::from(i * 7 % 60) / 4.0;
        let (decimal, y) = (format!("{x:.2}").replace('.', ","), format!("{:.2}", 2.0 * x + 1.0).replace('.', ","));
        let gap = if i % 10 == 3 { "k.A." } else { "1" };
        writeln!(rows, "{decimal};{gap};{y}").unwrap();
        writeln!(odd, "  \"{decimal}\" ; \"{gap}\" ;{y}  \r\n   ").unwrap();
    }
    let data = file(folder.path(), "t.csv", &rows);
    refused(
        &["train", "--data", &data, "--missing", "k.A.", "--impute", "mean"],
        "a decimal comma: read the file with --decimal-comma",
    );
    let options = ["--decimal-comma", "--missing", "k.A.,-", "--impute", "mean"];
    let test = evaluated(folder.path(), &data, &options);
    assert!(test["rows"] == 60 && number(&test["regression"]["rmse"]) < 1e-3, "{test}");
    let model = folder.path().join("model").display().to_string();
    let odd = file(folder.path(), "odd.csv", odd);
    let test = &json(&["evaluate", "--checkpoint", &model, "--data", &odd])["metrics"]["test"];
    assert!(test["rows"] == 60 && number(&test["regression"]["rmse"]) < 1e-3, "{test}");
    // The same from a configuration, and streamed.
    let config = folder.path().join("run.toml");
    let text = "[problem.csv]\ndecimal-comma = true\nmissing = [\"k.A.\"]\nimpute = \"mean\"\n";
    fs::write(&config, format!("[problem]\ndata = {data:?}\n{text}")).unwrap();
    let config = config.display().to_string();
    let loss = |more: &[&str]| {
        number(&json(&[&["train", "--config", &config, "--rate", "0.1", "--steps", "400"], more].concat())["loss"])
    };
    assert!(loss(&[]) < 1e-3 && loss(&["--stream"]) < 1e-3);
}

#[test]
fn guesses_are_told_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let letters: String = (0..60).map(|i| format!("{},{},x\n", ["p", "e"][i % 2], ["b", "x", "s"][i % 3])).collect();
    let letters = file(folder.path(), "letters.csv", letters);
    let arguments = ["train", "--data", &letters, "--target", "0", "--steps", "2"];
    let told = |arguments: &[&str]| text(&simdescent(arguments).stderr);
    assert!(told(&arguments).contains(
        "note: letters.csv: the first line is taken for data, because a text of it is below, too: --header yes"
    ));
    assert_eq!(told(&[&arguments[..], &["--header", "no"]].concat()), "");
    let numbers: String = (0..40).map(|i| format!("{}.25,{}.5\n", 1000 + i, 5000 + 2 * i)).collect();
    let numbers = file(folder.path(), "numbers.csv", format!("0,1\n{numbers}"));
    assert!(
        told(&["train", "--data", &numbers, "--steps", "2"])
            .contains("note: numbers.csv: the first line is taken for column names")
    );
    let test = evaluated(folder.path(), &numbers, &[]);
    assert!(test["rows"] == 40 && number(&test["regression"]["rmse"]) < 0.01, "{test}");
    let blanks: String = (0..40).map(|i| format!("   {}.25   {}\n", i, 2 * i)).collect();
    let blanks = file(folder.path(), "blanks.txt", blanks);
    assert!(told(&["train", "--data", &blanks, "--steps", "2"]).contains("separated by blanks"));
    let stated = ["train", "--data", &blanks, "--delimiter", " ", "--task", "regression", "--steps", "2"];
    assert_eq!(told(&stated), "");
}

/// y = 2(t − t₀) of columns whose values single precision cannot tell apart.
#[test]
fn large_numbers_keep_what_distinguishes_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = |x0: f64, step: f64, y0: f64| -> String {
        let row = |i: u32| format!("{},{}\n", x0 + step * f64::from(i), y0 + 2.0 * f64::from(i) + 0.5);
        "t,y\n".to_owned() + &(0..100).map(row).collect::<String>()
    };
    for (i, (x0, step, y0)) in
        [(1.7e9, 1.0, 0.0), (1.7e12, 1.0, 0.0), (20_180_100.0, 1.0, 0.0), (0.0, 1.0, 16_777_216.0), (1e9, 0.125, 1e9)]
            .into_iter()
            .enumerate()
    {
        let data = file(folder.path(), &format!("{i}.csv"), table(x0, step, y0));
        let test = evaluated(folder.path(), &data, &[]);
        assert!(number(&test["regression"]["r2"]) > 0.999_99, "{x0} {y0}: {test}");
        let told = simdescent(&["train", "--data", &data, "--rate", "0.3", "--steps", "300"]);
        assert_eq!(text(&told.stderr), "", "{x0} {y0}");
        let streamed = json(&["train", "--data", &data, "--rate", "0.3", "--steps", "300", "--stream"]);
        assert!(number(&streamed["loss"]) < 1.0, "{x0} {y0}: {}", streamed["loss"]);
    }
    let far = table(1.7e9, 0.25, 0.0).replacen("1700000000,", "0,", 1);
    let data = file(folder.path(), "far.csv", far);
    let told = text(&simdescent(&["train", "--data", &data, "--steps", "2"]).stderr);
    assert!(told.contains("warning: feature \"t\": ") && told.contains("different values"), "{told}");
}

#[test]
fn targets_near_the_limit_of_single_precision_train() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..100).map(|i| format!("{},{}e30\n", f64::from(i) / 10.0, 3 * i + 1)).collect();
    let data = file(folder.path(), "t.csv", format!("x,y\n{rows}"));
    for more in [&[][..], &["--loss", "absolute"], &["--loss", "huber", "--loss-parameter", "1e30"], &["--stream"]] {
        let arguments = ["train", "--data", &data, "--rate", "0.3", "--steps", "300"];
        let run = json(&[&arguments[..], more].concat());
        let first = number(&run["validations"][0]["loss"]);
        assert!(run["stop"] == "steps" && first > 1e30 && first < 1e65, "{more:?}: {first}");
        assert!(number(&run["loss"]) < first / 5.0, "{more:?}: {} of {first}", run["loss"]);
    }
}
