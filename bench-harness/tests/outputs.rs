//! Files and text that the program writes: where that cannot be, it says so before it works, and nothing that was there is lost.

use crate::command::{json, refused, simdescent, text};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// A training of a few steps that saves its state.
fn save(path: &Path, steps: &str) -> std::process::Output {
    simdescent(&["train", "--workload", "linear", "--steps", steps, "--save", path.to_str().unwrap()])
}

/// Every flag that names an output, of a command that would work for hours.
const LONG: [&[&str]; 6] = [
    &["train", "--steps", "100000000", "--save"],
    &["train", "--optimizer", "lbfgs", "--hidden", "999", "--steps", "100000000", "--save"],
    &["tune", "lr", "--steps", "100000000", "--svg"],
    &["learning-curve", "--steps", "100000000", "--svg"],
    &["schedule", "cosine", "--svg"],
    &["cross-validate", "--json", "--steps", "3", "--config"],
];

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("none").join("x");
    let started = Instant::now();
    for arguments in LONG {
        refused(&[arguments, &[missing.to_str().unwrap()]].concat(), "none does not exist");
    }
    for arguments in &LONG[..5] {
        refused(&[arguments, &[dir.path().to_str().unwrap()][..]].concat(), "it is a folder");
    }
    let space = dir.path().join("space.toml");
    fs::write(&space, "[learning-rate]\nrate = { log = [1e-3, 1] }").unwrap();
    let search = ["tune", "search", "--steps", "100000000", "--space", space.to_str().unwrap()];
    for flag in ["--best", "--svg", "--journal"] {
        refused(&[&search[..], &[flag, missing.to_str().unwrap()]].concat(), "none does not exist");
    }
    let same = dir.path().join("same");
    let same = same.to_str().unwrap();
    refused(&[&search[..], &["--best", same, "--svg", same]].concat(), "--best and --svg would be the same file");
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&["sweep", "--out", file.to_str().unwrap()], "choose another folder with --out");
    assert!(started.elapsed().as_secs() < 60, "something was trained");
    assert!(!missing.parent().unwrap().exists() && !Path::new(same).exists());
}

#[cfg(unix)]
#[test]
fn files_keep_their_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    fs::File::create(at("usual")).unwrap();
    let svg = |name: &str| {
        let output = simdescent(&["schedule", "cosine", "--svg", at(name).to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    for name in ["m.st", "s.svg"] {
        let write = |steps| if name == "m.st" { assert!(save(&at(name), steps).status.success()) } else { svg(name) };
        write("2");
        assert_eq!(mode(name), mode("usual"), "{name}");
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o640)).unwrap();
        write("3");
        assert_eq!(mode(name), 0o640, "{name}");
    }
    fs::create_dir(at("store")).unwrap();
    symlink("store/m.st", at("latest.st")).unwrap();
    for steps in ["3", "4"] {
        assert!(save(&at("latest.st"), steps).status.success());
        assert!(at("latest.st").is_symlink());
        let saved = json(&["evaluate", "--checkpoint", at("store/m.st").to_str().unwrap()]);
        assert_eq!(saved["steps"].to_string(), steps);
    }
    assert_eq!(fs::read_dir(at("store")).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_are_written_to() {
    use std::os::unix::fs::FileTypeExt;
    use std::process::{Command, Stdio};
    assert!(save(Path::new("/dev/null"), "3").status.success());
    let full = save(Path::new("/dev/full"), "3");
    assert_eq!(full.status.code(), Some(1));
    assert_eq!(text(&full.stderr).matches("No space left on device").count(), 1, "{}", text(&full.stderr));
    for device in ["/dev/null", "/dev/full"] {
        assert!(fs::metadata(device).unwrap().file_type().is_char_device());
    }
    // Standard output as a pipe takes both; as a file it would be destroyed.
    let piped = simdescent(&["schedule", "cosine", "--svg", "/dev/stdout"]);
    assert!(piped.status.success() && text(&piped.stdout).starts_with("<svg"), "{}", text(&piped.stderr));
    let dir = tempfile::tempdir().unwrap();
    let file = fs::File::create(dir.path().join("out")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(["schedule", "cosine", "--svg", "/dev/stdout"]).stdout(file).stderr(Stdio::piped());
    let output = command.output().unwrap();
    assert!(text(&output.stderr).contains("give the file's own name"), "{}", text(&output.stderr));
}

/// Every command that prints, on a full disk.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_cannot_be_written_is_an_error() {
    use std::process::{Command, Stdio};
    let dir = tempfile::tempdir().unwrap();
    let (model, space) = (dir.path().join("m.st"), dir.path().join("space.toml"));
    assert!(save(&model, "3").status.success());
    fs::write(&space, "[learning-rate]\nrate = { log = [1e-3, 1e-2] }").unwrap();
    let (model, space) = (model.to_str().unwrap(), space.to_str().unwrap());
    let linear = ["--workload", "linear", "--steps", "3"];
    let commands: [&[&str]; 10] = [
        &["train"],
        &["train", "--json"],
        &["cross-validate"],
        &["learning-curve"],
        &["tune", "lr", "--json"],
        &["tune", "search", "--trials", "2", "--space", space],
        &["evaluate", "--checkpoint", model],
        &["explain", "--checkpoint", model],
        &["schedule", "cosine"],
        &["--help"],
    ];
    for arguments in commands {
        let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let rest =
            if ["evaluate", "explain", "schedule", "--help"].contains(&arguments[0]) { &[][..] } else { &linear };
        let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
        command.args(arguments).args(rest).stdout(full()).stderr(Stdio::piped());
        let output = command.output().unwrap();
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        let wanted = "error: cannot write to standard output: No space left on device (os error 28)\n";
        assert!(message.ends_with(wanted) && !message.contains("panicked"), "{arguments:?}: {message}");
        // Nobody can be told, which is no reason to panic.
        assert_eq!(command.stdout(full()).stderr(full()).status().unwrap().code(), Some(1), "{arguments:?}");
    }
}

/// A reader that has enough ends the program without a word.
#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    use std::process::{Command, Stdio};
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(["schedule", "cosine", "--steps", "1000000", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn a_training_that_diverged_fails_and_saves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.st");
    assert!(save(&path, "3").status.success());
    let before = fs::read(&path).unwrap();
    let file = path.to_str().unwrap();
    let diverging: [&[&str]; 4] = [
        &["--workload", "linear", "--rate", "1e39", "--steps", "5"],
        &["--workload", "linear", "--rate", "100", "--steps", "500"],
        &["--workload", "mlp", "--rate", "1e39", "--steps", "5", "--save-every", "1"],
        &["--workload", "mlp", "--rate", "1e39", "--steps", "1", "--json"],
    ];
    for arguments in diverging {
        let output = simdescent(&[&["train", "--save", file], arguments].concat());
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains("take a lower --rate"), "{arguments:?}: {message}");
        assert!(text(&output.stdout).contains("digest"), "the report is there");
        if !arguments.contains(&"--save-every") {
            assert_eq!(fs::read(&path).unwrap(), before, "{arguments:?}");
        }
        let kept = simdescent::Checkpoint::read(&path).unwrap();
        assert!(kept.weights.iter().all(|w| w.is_finite()), "{arguments:?}");
    }
    // Early stopping has kept weights that are worth something.
    let early = ["--workload", "linear", "--rate", "100", "--steps", "500", "--patience", "9", "--validate-every", "1"];
    let output = simdescent(&[&["train", "--save", file], &early[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("has the best weights before"), "{}", text(&output.stderr));
    assert!(simdescent::Checkpoint::read(&path).unwrap().weights.iter().all(|w| w.is_finite()));
    for command in ["cross-validate", "learning-curve"] {
        let output = simdescent(&[command, "--workload", "linear", "--rate", "1e30", "--steps", "50"]);
        assert_eq!(output.status.code(), Some(1), "{command}: {}", text(&output.stderr));
        assert!(!output.stdout.is_empty(), "the report is there");
    }
}

/// Neither the data nor the model is lost, whatever they are called.
#[test]
fn what_is_read_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rows: String = (0..40).map(|i| format!("{i}.5,{}.25\n", 2 * i)).collect();
    std::fs::write(at("data.csv"), format!("x,y\n{rows}")).unwrap();
    let data = format!("csv:{}", at("data.csv"));
    refused(&["train", "--data", &data, "--save", &at("./data.csv")], "would overwrite a file that this command reads");
    let model = at("model.npy");
    assert!(simdescent(&["train", "--data", &data, "--steps", "5", "--save", &model]).status.success());
    refused(&["predict", "--checkpoint", &model, "--data", &data, "--out", &model], "would overwrite");
    refused(&["predict", "--checkpoint", &model, "--data", &data, "--out", &at("data.csv")], "would overwrite");
    assert!(std::fs::read_to_string(at("data.csv")).unwrap().starts_with("x,y"));
}
