//! The program as a user meets it.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn simdescent(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(arguments).envs(environment.iter().copied());
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// 60 rows of two features and a label.
fn csv(dir: &Path) -> String {
    let rows: String = (0..60u32)
        .map(|i| {
            let (a, b) = (i * 37 % 60, i * 17 % 60);
            format!("{a},{b},{}\n", u32::from(a + b > 60))
        })
        .collect();
    let path = dir.join("points.csv");
    fs::write(&path, format!("a,b,label\n{rows}")).unwrap();
    format!("csv:{}", path.display())
}

fn sweep(data: &str, more: &[&str], environment: &[(&str, &str)]) -> Value {
    let out = tempfile::tempdir().unwrap();
    let mut arguments = vec!["sweep", "--data", data, "--out", out.path().to_str().unwrap()];
    arguments.extend(more);
    let output = simdescent(&arguments, environment);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let cpu = fs::read_dir(out.path()).unwrap().next().unwrap().unwrap().path();
    let files: Vec<_> = fs::read_dir(cpu).unwrap().map(|f| f.unwrap().path()).collect();
    let [report] = &files[..] else { panic!("one report and no rests: {files:?}") };
    assert!(text(&output.stdout).contains(report.to_str().unwrap()), "the report's place is printed");
    serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap()
}

/// The digests of all runs of all cells.
fn digests(report: &Value) -> Vec<String> {
    let cells = report["workloads"].as_array().unwrap().iter().flat_map(|w| w["cells"].as_array().unwrap());
    cells
        .flat_map(|cell| ["runs", "tuning"].map(|key| cell[key].as_array().unwrap().clone()).concat())
        .map(|run| run["digest"].as_str().unwrap().to_owned())
        .collect()
}

/// Each optimizer by its name; at one of these rates all of them come to the optimum of one weight.
#[test]
fn every_optimizer_trains_the_example() {
    let above_optimum = |name: &str, rate: &[&str]| {
        let output =
            simdescent(&[&["train", "--example", "linear", "--optimizer", name, "--json"], rate].concat(), &[]);
        // One that diverged prints its report, too.
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: {}", text(&output.stderr)));
        assert_eq!(report["optimizer"], name);
        let [loss, optimum] =
            [&report["loss"], &report["optimum"]["loss"]].map(|x| x.as_f64().unwrap_or(f64::INFINITY));
        loss - optimum
    };
    for name in simdescent::Rule::ALL.map(simdescent::Rule::name) {
        let rates = ["0.1", "0.01", "1", "5", "0.03"];
        let arrives = |rate| above_optimum(name, &["--rate", rate]).abs() < 0.02;
        assert!(rates.into_iter().any(arrives), "{name} does not come to the optimum at any of the rates {rates:?}");
    }
    assert!(above_optimum("lbfgs", &[]).abs() < 0.02);
    let output = simdescent(&["train", "--example", "linear", "--optimizer", "adm"], &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("adamw"), "the names are listed");
    let output = simdescent(&["train", "--example", "linear", "--rate", "-1"], &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("the rate has to be positive"));
    let output = simdescent(&["train", "--optimizer", "lbfgs", "--batch-size", "8"], &[]);
    assert!(!output.status.success() && text(&output.stderr).contains("options of batch"));
}

#[test]
fn a_sweep_reports_every_cell_and_the_same_digests_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let data = csv(dir.path());
    let report = sweep(&data, &[], &[]);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["workloads"].as_array().unwrap().len(), 2);
    for workload in report["workloads"].as_array().unwrap() {
        assert_eq!(workload["cells"].as_array().unwrap().len(), 5 * 3, "five optimizers, batch sizes 1, 8, 32");
        assert_eq!((&workload["training"]["rows"], &workload["validation"]["rows"]), (&48.into(), &12.into()));
    }
    for field in ["cpu", "isa", "threads", "rustc", "commit"] {
        assert!(!report["environment"][field].is_null(), "{field}");
    }
    let want = digests(&report);
    assert_eq!(want.len(), 2 * 15 * 5);
    assert_eq!(digests(&sweep(&data, &["--threads", "2"], &[])), want);
    let scalar = sweep(&data, &[], &[("SIMDESCENT_ISA", "scalar")]);
    assert_eq!(scalar["environment"]["isa"], "scalar");
    assert_eq!(digests(&scalar), want);
    assert_ne!(digests(&sweep(&data, &["--seed", "2"], &[])), want);
}

#[test]
fn the_example_ends_near_its_closed_form() {
    let output = simdescent(&["train", "--example", "linear", "--json"], &[]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (weight, optimum) = (report["weight"].as_f64().unwrap(), report["optimum"]["weight"].as_f64().unwrap());
    assert!((weight / optimum - 1.0).abs() < 3e-3, "{report}");
    assert_eq!(report["digest"], "2583c491d04640a4257bb6da5d7c5970eb5c832ecf1fe37846979ad8cc5fbd60");
    let output = simdescent(&["train", "--example", "linear"], &[]);
    assert!(text(&output.stdout).contains("closed form"));
}

#[test]
fn bad_input_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let ragged = dir.path().join("ragged.csv");
    fs::write(&ragged, "1,2,0\n3,4,1\n5,x,1\n").unwrap();
    let ragged = format!("csv:{}", ragged.display());
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    for (arguments, environment, wanted) in [
        (vec!["sweep", "--data", &ragged], vec![], "line 3"),
        (vec!["sweep", "--data", "csv:/no/such/file"], vec![], "/no/such/file"),
        (vec!["sweep", "--data", "tsv:x"], vec![], "mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:"),
        (vec!["sweep", "--threads", "0"], vec![], "--threads"),
        (vec!["sweep"], vec![("SIMDESCENT_ISA", "sse9")], "takes one of scalar, avx2, avx512, neon"),
        (vec!["train", "--example", "cubic"], vec![], "linear"),
    ] {
        let mut arguments = arguments;
        if arguments[0] == "sweep" {
            arguments.extend(["--out", out]);
        }
        let output = simdescent(&arguments, &environment);
        let message = text(&output.stderr);
        assert!(!output.status.success() && message.contains(wanted), "{arguments:?}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

/// Of `simdescent … | head`, the reader leaves first.
#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_command_quietly() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(["train", "--workload", "mlp", "--steps", "200"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(text(&child.wait_with_output().unwrap().stderr), "");
}
