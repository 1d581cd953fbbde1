//! `schedule` and `tune` as a user meets them.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;

/// (step, rate) of each line.
fn rates(report: &Value) -> Vec<(u64, f64)> {
    let rows = report["rates"].as_array().unwrap().iter();
    rows.map(|row| (row["step"].as_u64().unwrap(), row["rate"].as_f64().unwrap())).collect()
}

#[test]
fn a_schedule_is_printed_and_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let svg = dir.path().join("cosine.svg");
    let svg_name = svg.to_str().unwrap();
    let cosine = ["schedule", "cosine", "--rate", "0.5", "--warmup", "100", "--steps", "300", "--svg", svg_name];
    let report = json(&cosine);
    let rates = rates(&report);
    assert_eq!((rates[0], rates[rates.len() - 1]), ((0, 0.0), (300, 0.0)));
    let peak = rates.iter().copied().fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a });
    assert!(peak.0.abs_diff(100) < 20 && peak.1 > 0.45, "{peak:?}");
    assert_eq!(report["schedule"]["cosine"]["steps"], 200, "the decay fills what the warm-up leaves");
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(picture.contains("learning rate") && picture.contains("<path class=\"l\""), "{picture}");
    let table = text(&simdescent(&cosine).stdout);
    assert!(table.lines().count() > 15 && table.contains(svg_name), "{table}");
}

#[test]
fn every_schedule_has_usable_defaults() {
    let names =
        ["constant", "step", "inverse-time", "exponential", "polynomial", "cosine", "warm-restarts", "one-cycle"];
    for name in names {
        let rates = rates(&json(&["schedule", name, "--steps", "7"]));
        assert!(rates.len() == 8 && rates.iter().all(|(_, rate)| (0.0..=0.01).contains(rate)), "{name}: {rates:?}");
    }
    let plateau = ["schedule", "reduce-on-plateau", "--plateau-patience", "1", "--steps", "5"];
    let rates = rates(&json(&[&plateau[..], &["--losses", "3,2,2,2,2"]].concat()));
    assert_eq!(rates.iter().map(|r| (r.1 * 1e6).round()).collect::<Vec<_>>(), [1e4, 1e4, 1e4, 1e4, 1e3, 1e3]);
}

#[test]
fn a_growing_batch_is_shown_beside_the_rate() {
    let dir = tempfile::tempdir().unwrap();
    let svg = dir.path().join("seesaw.svg");
    let seesaw = ["schedule", "step", "--factor", "0.5", "--every", "100", "--steps", "300", "--rate", "0.8"];
    let seesaw =
        [&seesaw[..], &["--batch-growth", "seesaw", "--largest-batch", "1000", "--svg", svg.to_str().unwrap()]]
            .concat();
    let report = json(&seesaw);
    let rows = report["rates"].as_array().unwrap();
    let at = |step: u64| rows.iter().find(|row| row["step"] == step).unwrap();
    // Half as many updates per halving: 100 of 32 samples, 50 of 64, 25 of 128.
    for (step, batch, rate) in [(90, 32, 0.8), (105, 64, 0.8 * 0.5f64.sqrt()), (165, 128, 0.4)] {
        assert_eq!(at(step)["batch_size"], batch, "{step}");
        assert!((at(step)["rate"].as_f64().unwrap() - rate).abs() < 1e-12, "{step}");
    }
    assert!(std::fs::read_to_string(&svg).unwrap().contains("batch size"));
    assert!(text(&simdescent(&seesaw).stdout).contains("batch size"));
}

#[test]
fn a_wrong_schedule_is_a_clear_error() {
    refused(&["schedule", "cosine", "--power", "2"], "--power belongs to the schedules polynomial, not to cosine");
    refused(&["schedule", "step", "--factor", "2"], "factor has to be in (0, 1]");
    refused(&["schedule", "constant", "--rate", "nan"], "rate has to be positive");
    refused(&["schedule", "cosine", "--losses", "1,2"], "reduce-on-plateau");
    refused(&["schedule", "cosine", "--batch-growth", "seesaw"], "--largest-batch");
    refused(&["schedule", "constant", "--batch-growth", "seesaw", "--largest-batch", "64"], "only falls");
    refused(&["schedule", "cosine", "--steps", "0"], "--steps");
    refused(&["schedule", "sawtooth"], "warm-restarts");
    refused(&["schedule", "cosine", "--svg", "/no/such/dir/x.svg"], "/no/such/dir/x.svg");
}

#[test]
fn the_finder_suggests_a_rate_and_gives_its_curves() {
    let dir = tempfile::tempdir().unwrap();
    let svg = dir.path().join("lr.svg");
    let arguments = ["tune", "lr", "--workload", "linear", "--svg", svg.to_str().unwrap()];
    let report = json(&arguments);
    let suggestion = &report["result"]["suggestion"];
    let rate = suggestion["rate"].as_f64().unwrap();
    assert!((1e-3..0.1).contains(&rate), "{rate}");
    assert!(report["result"]["too_high"].as_f64().unwrap() > rate);
    assert_eq!((&report["finder"]["steps"], &report["training_steps"]), (&1250.into(), &1250.into()));
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(picture.contains("suggested") && picture.contains("validation loss") && picture.contains("157 steps"));
    // Every number says what it is.
    let printed = text(&simdescent(&arguments).stdout);
    assert!(printed.contains("\nvalidation loss after 1250 steps with a constant rate; "), "{printed}");
    let line = printed.lines().find_map(|line| line.strip_prefix("suggested rate  ")).unwrap();
    let (shown, loss) = line.split_once("   loss ").unwrap();
    assert_eq!(shown.parse::<f64>().unwrap(), rate);
    assert!((loss.parse::<f64>().unwrap() / suggestion["loss"].as_f64().unwrap() - 1.0).abs() < 1e-5, "{printed}");
    assert!(printed.contains("\nas good         rates from 0.0"), "{printed}");
    assert!(printed.contains("no loss below that before the first step"), "{printed}");
    // What a file says of the run holds, but for the schedule.
    let config = dir.path().join("run.toml");
    let run = "optimizer = 'adam'\nschedule = 'cosine'\nseed = 3\n[problem]\nworkload = 'linear'\n[rule]\nbeta1 = 0.5\n\
        [learning-rate]\nrate = 0.5\n[batch]\nbatch-size = 64\n[fit]\nsteps = 200\n";
    std::fs::write(&config, run).unwrap();
    let from_file = json(&["tune", "lr", "--config", config.to_str().unwrap()]);
    let flags = "tune lr --workload linear --optimizer adam --beta1 0.5 --batch-size 64 --seed 3 --steps 200";
    let from_flags = json(&flags.split(' ').collect::<Vec<_>>());
    assert_eq!(from_file["result"], from_flags["result"]);
    assert_eq!((&from_file["optimizer"], &from_file["batch_size"]), (&"adam".into(), &64.into()));
    refused(&["tune", "lr", "--optimizer", "lbfgs"], "lbfgs has no learning rate");
    refused(&["tune", "lr", "--from", "1", "--to", "0.1"], "the lowest below the highest");
    refused(&["tune", "lr", "--optimizer", "sgdm"], "unknown optimizer \"sgdm\": take one of sgd, momentum");
}

/// The loss of a whole training decides, at any batch size.
#[test]
fn the_suggested_rate_is_the_best_of_its_workload() {
    for run in [
        "--workload linear --batch-size 8 --optimizer momentum",
        "--workload softmax --batch-size 32 --optimizer adam",
        "--workload mlp --batch-size 512",
    ] {
        let with = |command: String| json(&format!("{command} {run}").split(' ').collect::<Vec<_>>());
        let rate = with("tune lr".into())["result"]["suggestion"]["rate"].as_f64().unwrap();
        let loss = |factor: f64| with(format!("train --trial 5 --rate {}", rate * factor))["loss"].as_f64();
        let middle = loss(1.0).unwrap();
        for factor in [0.1, 10.0] {
            assert!(loss(factor).is_none_or(|loss| loss > 1.02 * middle), "{run}: {rate}, {factor}");
        }
    }
}

#[test]
fn a_rate_that_is_not_known_is_said_to_be() {
    let printed = |range: &str| {
        let all = format!("tune lr --workload linear --steps 100 {range}");
        text(&simdescent(&all.split(' ').collect::<Vec<_>>()).stdout)
    };
    let low = printed("--to 1e-4");
    assert!(
        low.contains("suggested rate  not known: the loss does not rise towards 0.0001000, the highest rate"),
        "{low}"
    );
    let high = printed("--from 0.3 --to 0.5");
    assert!(high.contains("suggested rate  not known: ") && high.contains("take a lower --from"), "{high}");
}
