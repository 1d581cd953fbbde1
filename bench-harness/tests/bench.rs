//! `bench` as it is used: its files, its exit codes, what it refuses; `doctor`.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn simdescent(arguments: &[&str], blas: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(arguments).env("SIMDESCENT_BLAS", blas).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The smallest case, in as few processes as make an interval.
fn bench(folder: &Path, more: &[&str]) -> Output {
    let out = folder.to_str().unwrap();
    let few = ["bench", "--quick", "--processes", "2", "--threads", "1", "--filter", "gemm/f32/8x8x8", "--out", out];
    let output = simdescent(&[&few, more].concat(), "");
    // This is not about whether the machine was quiet, or as fast twice.
    assert!(matches!(output.status.code(), Some(0..=2)), "{}", text(&output.stderr));
    output
}

fn written(folder: &Path, ending: &str) -> PathBuf {
    let machine = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let mut files = fs::read_dir(machine).unwrap().map(|file| file.unwrap().path());
    let ending = format!("-kernels{ending}");
    files.find(|path| path.to_str().unwrap().ends_with(&ending)).unwrap_or_else(|| panic!("no {ending}"))
}

#[test]
fn a_report_has_its_page_and_exports_and_is_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), &[]);
    let printed = text(&output.stdout);
    for part in ["gemm/f32/8x8x8", "plain", "control, control/gemm/f32/128x128x128 beside itself"] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
    let report = written(folder.path(), ".json");
    let json: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!((&json["schema_version"], &json["kind"]), (&Value::from(1), &Value::from("bench")));
    assert_eq!(json["cases"].as_array().unwrap().len(), 1);
    let quiet = json["control"]["quiet"] == true;
    assert_eq!(output.status.code(), Some(if quiet { 0 } else { 2 }));
    assert_eq!(json["cases"][0]["against"][0]["verdict"].is_string(), quiet);
    // Two processes, two cases, five rounds each.
    let processes = json["processes"].as_array().unwrap();
    let rounds = processes.iter().flat_map(|p| p["cases"].as_array().unwrap()).map(|c| c["rounds"].as_array().unwrap());
    assert_eq!(rounds.map(Vec::len).collect::<Vec<_>>(), [5; 4]);
    for ending in
        [".html", ".bencher.json", ".github-smaller.json", ".github-bigger.json", ".google.json", ".hyperfine.json"]
    {
        assert!(fs::metadata(written(folder.path(), ending)).unwrap().len() > 100, "{ending}");
    }
    let path = report.to_str().unwrap();
    let again = simdescent(&["report", path], "");
    assert_eq!((again.status.code(), text(&again.stdout)), (Some(0), printed));

    let other = tempfile::tempdir().unwrap();
    let output = bench(other.path(), &["--baseline", path, "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["baseline"]["cases"][0]["name"], "gemm/f32/8x8x8/threads:1");
    assert!(json["baseline"]["cases"][0]["ratio"]["value"].as_f64().unwrap() > 0.0 && json["processes"].is_null());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refuses = |arguments: &[&str], blas: &str, why: &str| {
        let output = simdescent(arguments, blas);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(65) && said.contains(why), "{:?}: {said}", output.status.code());
    };
    refuses(&["bench", "--filter", "nonsense"], "", "no case has this in its name, but there are gemm/f32/8x8x8, ");
    refuses(&["bench", "--margin", "0"], "", "--margin: a share between 0 and 1");
    refuses(&["bench", "--baseline", "README.md"], "", "README.md");
    refuses(&["bench"], "/nowhere/libblas.so", "SIMDESCENT_BLAS: /nowhere/libblas.so");
    assert_eq!(simdescent(&["bench", "--processes", "1"], "").status.code(), Some(2), "no interval");
}

#[test]
fn doctor_says_what_it_finds_and_never_fails() {
    let output = simdescent(&["doctor"], "");
    let said = text(&output.stdout);
    assert!(output.status.success() && said.contains("governor") && said.contains("huge pages"), "{said}");
    let output = simdescent(&["doctor", "--json"], "");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && json["checks"].as_array().unwrap().len() > 10);
    let output = Command::new(env!("CARGO_BIN_EXE_simdescent"))
        .arg("doctor")
        .env("SIMDESCENT_ISA", "nonsense")
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert!(
        output.status.success() && said.contains("SIMDESCENT_ISA=nonsense") && said.contains("$ unset SIMDESCENT_ISA"),
        "{said}"
    );
}
