//! `compare`, `sweep --throughput-only` and `project` as a user meets them.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(dir: &Path, arguments: &[&str], isa: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.current_dir(dir).args(arguments).env_remove("SIMDESCENT_ISA");
    if let Some(isa) = isa {
        command.env("SIMDESCENT_ISA", isa);
    }
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const STUDY: &str = "name = 'small'\noptimizers = ['sgd', 'adam']\nbatch-sizes = [16, 64]\nrepeats = 3\n\
    [tuning]\npoints = 4\nseeds = 2\n[throughput]\nrounds = 3\nmilliseconds = 2\n\
    [[workloads]]\nname = 'lines'\nproblem = { workload = 'linear' }\nloss-on = 'training'\nbudget-samples = 20_000\n";

#[test]
fn two_machines_differ_in_times_and_not_in_bits() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    fs::write(dir.join("study.toml"), STUDY).unwrap();
    fs::write(dir.join("other.toml"), STUDY.replace("repeats = 3", "repeats = 4")).unwrap();
    let done = run(dir, &["sweep", "--study", "study.toml", "--out", "here"], None);
    assert!(done.status.success(), "{}", text(&done.stderr));

    // The other machine is another instruction set, which times the steps only.
    let timing = ["sweep", "--study", "study.toml", "--throughput-only", "--threads", "2", "--out", "times"];
    let timed = run(dir, &timing, Some("scalar"));
    assert!(timed.status.success(), "{}", text(&timed.stderr));
    assert!(text(&timed.stderr).contains("the steps of 4 cells") && !dir.join("times/convergence.jsonl").exists());
    // What is missing of a sweep that has only begun is said once.
    fs::create_dir(dir.join("begun")).unwrap();
    fs::copy(dir.join("here/study.json"), dir.join("begun/study.json")).unwrap();
    let partial = run(dir, &["report", "begun"], None);
    let said = text(&partial.stdout) + &text(&partial.stderr);
    assert_eq!(said.matches("cells are not finished").count(), 1, "{said}");
    let projected = run(dir, &["project", "here", "times", "--out", "there"], None);
    assert!(projected.status.success(), "{}", text(&projected.stderr));

    let compared = run(dir, &["compare", "here", "there/report.json", "--page", "page.html"], None);
    let said = text(&compared.stdout);
    assert!(matches!(compared.status.code(), Some(0..=2)), "{said}{}", text(&compared.stderr));
    assert!(said.contains("4 cells in both, 4 equal, 0 with other runs, 0 with other bits"), "{said}");
    assert!(said.contains("warning, B: 1 and 2") && said.contains("the same number of threads"), "{said}");
    assert!(fs::read_to_string(dir.join("page.html")).unwrap().contains("Reports compared"));
    let json: Value = serde_json::from_slice(&run(dir, &["compare", "here", "there", "--json"], None).stdout).unwrap();
    assert_eq!(json["subjects"][1]["isa"], "scalar");
    assert_eq!(json["pairs"][0]["cells"].as_array().unwrap().len(), 4);

    // A cell whose bits are others: the exit code and the name.
    let mut report: Value = serde_json::from_str(&fs::read_to_string(dir.join("there/report.json")).unwrap()).unwrap();
    let cell = &mut report["workloads"][0]["cells"][2];
    cell["convergence"] = "0000000000000000".into();
    cell["targets"][0]["runs"][1]["digest"] = "0000000000000000".into();
    fs::write(dir.join("wrong.json"), report.to_string()).unwrap();
    let wrong = run(dir, &["compare", "here", "wrong.json"], None);
    let said = text(&wrong.stdout);
    assert!(
        wrong.status.code() == Some(1) && said.contains("first cell with other bits: lines, adam, batch 16"),
        "{said}"
    );

    // A folder of another study is left alone.
    let other = run(dir, &["sweep", "--study", "other.toml", "--throughput-only", "--out", "here"], None);
    assert!(other.status.code() == Some(65) && text(&other.stderr).contains("which is another one"));
    let missing = run(dir, &["compare", "here", "nothing.json"], None);
    assert!(missing.status.code() == Some(65) && text(&missing.stderr).contains("nothing.json"));
}
