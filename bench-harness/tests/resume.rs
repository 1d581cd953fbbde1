//! `train --save` and `--resume` as a user meets them.

use crate::command::json;
use serde_json::Value;

fn train(arguments: &[&str]) -> Value {
    json(&[&["train"], arguments].concat())
}

fn refused(arguments: &[&str], wanted: &str) {
    crate::command::refused(&[&["train"], arguments].concat(), wanted);
}

/// Killed somewhere after its first save, and gone on with, it is the run that nobody killed: in all that it prints.
#[test]
fn a_killed_training_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.safetensors");
    let file = file.to_str().unwrap();
    let options = "--workload mlp --optimizer adam --schedule cosine --dropout 0.1 --steps 3000 --patience 60 --validate-every 70";
    let options: Vec<&str> = options.split(' ').collect();
    let saving = [&["train"], &options[..], &["--save", file, "--save-every", "50"]].concat();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_simdescent"))
        .args(&saving)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !std::path::Path::new(file).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let steps = json(&["evaluate", "--checkpoint", file])["steps"].as_u64().unwrap();
    assert!(steps >= 50 && steps.is_multiple_of(50), "{steps}");
    assert!(train(&["--resume", file, "--threads", "2"]) == train(&options));
}

#[test]
fn a_training_can_be_made_longer_but_not_another() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.safetensors");
    let file = file.to_str().unwrap();
    let options = ["--workload", "softmax", "--optimizer", "nesterov", "--validate-every", "20"];
    let steps = |n| [&options[..], &["--steps", n]].concat();
    train(&[&steps("100")[..], &["--save", file]].concat());
    assert!(train(&["--resume", file, "--steps", "160"]) == train(&steps("160")));
    assert_eq!(train(&["--resume", file])["steps"], 100, "there is nothing left to do");
    refused(&["--resume", file, "--rate", "0.1"], "--rate would change from its default to 0.1");
    refused(&["--resume", file, "--workload", "mlp"], "keeps its data and model");
    refused(&["--resume", file, "--activation", "tanh"], "--hidden");
    let network = dir.path().join("network.safetensors");
    let network = network.to_str().unwrap();
    train(&["--steps", "2", "--save", network]);
    refused(&["--resume", network, "--activation", "tanh"], "keeps its data and model");
    refused(&["--resume", network, "--dropout", "0.5"], "keeps its data and model");
    refused(&["--resume", file, "--seed", "2"], "--seed would change from its default to 2");
    refused(&["--resume", file, "--patience", "2", "--steps", "200"], "in the middle of a fit");
    refused(&["--resume", file, "--optimizer", "lbfgs"], "lbfgs has no state");
    refused(&["--resume", file, "--config", "x.toml"], "cannot be used with");
    refused(&["--save-every", "5"], "--save");
    for (schedule, wanted) in [
        ("cosine", "--decay-steps 100: after its end it stays at the rate 0"),
        ("one-cycle", "--decay-steps 100"),
        ("step", "--every 34"),
        ("warm-restarts", "--decay-steps 15"),
    ] {
        let decaying = dir.path().join(format!("{schedule}.safetensors"));
        let decaying = decaying.to_str().unwrap();
        train(&["--workload", "linear", "--schedule", schedule, "--steps", "100", "--save", decaying]);
        let longer = ["--resume", decaying, "--steps", "120"];
        refused(&longer, wanted);
        refused(&longer, "train again with these --steps");
        let keeping: Vec<&str> = wanted.split(':').next().unwrap().split(' ').collect();
        assert_eq!(train(&[&longer[..], &keeping].concat())["steps"], 120, "what the message says works");
    }
    let minimum = dir.path().join("lbfgs.safetensors");
    let minimum = minimum.to_str().unwrap();
    train(&["--workload", "linear", "--optimizer", "lbfgs", "--save", minimum]);
    refused(&["--resume", minimum], "has no state to go on from: train again with more --steps");
    refused(&["--optimizer", "lbfgs", "--save", minimum, "--save-every", "2"], "lbfgs saves its result only");
    let foreign = dir.path().join("foreign.safetensors");
    let data = simdescent::synthetic::linear_example();
    let exec = simdescent::kernels::Exec::default();
    let mut trainer =
        simdescent::Trainer::new(exec, simdescent::Linear::new(1, false), &data, simdescent::Settings::default())
            .unwrap();
    trainer.checkpoint().unwrap().write(&foreign).unwrap();
    refused(&["--resume", foreign.to_str().unwrap()], "does not say what training it is of");
}

/// Files from before tiny state was flushed by default do not say that they keep it; nor may they begin to flush it.
#[test]
fn an_older_training_keeps_its_tiny_state() {
    let dir = tempfile::tempdir().unwrap();
    let [older, longer] = ["older", "longer"].map(|name| dir.path().join(name).to_str().unwrap().to_owned());
    let train_for = |steps: &str, more: &[&str], file: &str| {
        train(&[&["--workload", "linear", "--steps", steps, "--save", file], more].concat());
    };
    let said = || {
        let file = std::fs::read(&longer).unwrap();
        let header = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        String::from_utf8(file[8..header].to_vec()).unwrap().replace('\\', "")
    };
    train_for("20", &[], &older);
    // What such a file says: its settings, but no flag.
    let file = std::fs::read(&older).unwrap();
    let header = 8 + u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let text = String::from_utf8(file[8..header].to_vec()).unwrap();
    let flushes = r#"\"flush_subnormals\":true"#;
    assert!(text.contains(flushes) && text.contains(r#"\"flush-subnormals\\\":null"#), "{text}");
    let text = text.replace(flushes, &flushes.replace("true", "false"));
    let header_bytes = (text.len() as u64).to_le_bytes();
    std::fs::write(&older, [&header_bytes[..], text.as_bytes(), &file[header..]].concat()).unwrap();
    train(&["--resume", &older, "--steps", "40", "--save", &longer]);
    assert!(said().contains(r#""flush_subnormals":false"#), "{}", said());
    train_for("40", &[], &longer);
    assert!(said().contains(r#""flush_subnormals":true"#), "{}", said());
}
