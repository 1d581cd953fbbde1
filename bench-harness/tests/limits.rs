//! What the machine cannot do is an error before it is tried.

use crate::command::{json, refused, simdescent, text};

#[test]
fn more_threads_than_can_be_are_refused() {
    for threads in ["20000", "100000", "18446744073709551615"] {
        refused(&["train", "--workload", "linear", "--steps", "3", "--threads", threads], "cannot start the threads");
    }
    let digest =
        |threads| json(&["train", "--workload", "linear", "--steps", "3", "--threads", threads])["digest"].clone();
    assert_eq!(digest("40"), digest("1"), "more than cores are no error");
}

/// Beyond any machine's memory: by weights, by state, by the batch.
#[test]
fn a_model_that_fits_nowhere_is_refused_with_its_size() {
    let huge = ["train", "--hidden", "40000,40000", "--steps", "1", "--optimizer"];
    for optimizer in ["sgd", "adam", "muon", "adafactor", "lbfgs"] {
        let output = simdescent(&[&huge[..], &[optimizer, "--save", "/dev/null"]].concat());
        let message = text(&output.stderr);
        // Where there is memory enough for it, no error is due.
        if output.status.code() == Some(1) {
            assert!(message.contains("mlp 16-40000-40000-4: 1600880004 parameters, whose training"), "{message}");
        }
        assert!(output.status.code().is_some_and(|code| code < 2), "{message}");
        if ["adam", "lbfgs"].contains(&optimizer) {
            break;
        }
    }
    refused(&["train", "--hidden", "99999999999"], "take fewer features or hidden units");
}

/// Under a limit of the address space, of every command that trains: an error or a success, never an abort.
#[cfg(target_os = "linux")]
#[test]
fn under_a_limit_nothing_aborts() {
    use std::process::{Command, Output};
    // The words are split at spaces; `more` is not, since a path can have some.
    fn limited(kilobytes: u32, words: &str, more: &[&str]) -> Output {
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -v \"$0\"; exec \"$@\"", &kilobytes.to_string()]);
        limited.arg(env!("CARGO_BIN_EXE_simdescent")).args(words.split(' ')).args(more).output().unwrap()
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (space, rows, out) = (path("space.toml"), path("rows.csv"), path("out"));
    std::fs::write(&space, "[learning-rate]\nrate = { log = [1e-3, 1e-2] }").unwrap();
    std::fs::write(&rows, (0..40).map(|i| format!("{i}.5,{i}.25\n")).collect::<String>()).unwrap();
    let data = format!("csv:{rows}");
    for (arguments, more) in [
        ("train --hidden 9000,9000 --steps 1", &[][..]),
        ("train --hidden 9000,9000 --steps 1 --threads 8 --optimizer adam", &[]),
        ("train --hidden 200000 --batch-size 4000 --steps 1", &[]),
        ("train --hidden 9000,9000 --steps 1 --optimizer lbfgs", &[]),
        ("tune lr --hidden 9000,9000 --steps 4", &[]),
        ("tune search --hidden 9000,9000 --steps 1 --trials 1", &["--space", &space]),
        ("cross-validate --hidden 9000,9000 --steps 1", &[]),
        ("learning-curve --hidden 9000,9000 --steps 1", &[]),
        ("sweep --hidden 9000,9000", &["--data", &data, "--out", &out]),
        ("train --workload linear --steps 1 --threads 1000", &[]),
    ] {
        let output = limited(500_000, arguments, more);
        let message = text(&output.stderr);
        // A sweep tells schedulers that the same command would fail again.
        let code = if arguments.starts_with("sweep") { 65 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
        let named = message.contains("parameters, whose training") || message.contains("cannot start the threads");
        assert!(named, "{arguments}: {message}");
    }
    // Around what is needed, about 230 000 on x86-64 Linux, each answer is clean; twice as much has to be enough.
    let enough = 500_000;
    for kilobytes in (60_000..400_000).step_by(20_000).chain([enough]) {
        let output = limited(kilobytes, "train --hidden 1500,1500 --steps 1 --optimizer adam --save /dev/null", &[]);
        let code = output.status.code();
        assert!(code.is_some_and(|code| code < 2), "{kilobytes}: {code:?} {}", text(&output.stderr));
        assert!(kilobytes < enough || code == Some(0), "{}", text(&output.stderr));
    }
}
