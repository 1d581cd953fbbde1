//! What a sweep leaves beside its records: a page that needs nothing, and a configuration that `train` takes.

use crate::command::{Kept, simdescent, text};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A small sweep with throughput, in the folder `out` there.
fn sweep(folder: &Path) {
    static SWEPT: Kept = Kept::new();
    SWEPT.copy(&folder.join("out"), || {
        let folder = tempfile::tempdir().unwrap();
        let study = folder.path().join("study.toml");
        let small = "name = 'small'\noptimizers = ['sgd', 'adam']\nbatch-sizes = [8, 32, 128]\nrepeats = 3\nbranches = true\n\
            [tuning]\npoints = 4\nseeds = 2\n[throughput]\nrounds = 2\nmilliseconds = 1\n[[workloads]]\nname = 'lines <b>'\n\
            problem = { workload = 'linear' }\nloss-on = 'training'\nbudget-samples = 20_000\n";
        fs::write(&study, small).unwrap();
        let out = folder.path().join("out");
        let output = simdescent(&["sweep", "--study", study.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        // 1 is a self-check that fails, which this is not about.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("simdescent train --config"), "{}", text(&output.stderr));
        (folder, "out")
    });
}

#[test]
fn the_page_is_one_file_that_asks_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path());
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "the page would ask for something: {outside}");
    }
    let sections =
        ["answer", "steps", "time", "throughput", "rates", "losses", "noise", "branches", "duels", "check", "again"];
    let places: Vec<_> = sections.iter().map(|id| page.find(&format!("<section id=\"{id}\">")).expect(id)).collect();
    assert!(places.is_sorted(), "{places:?}");
    let charts = page.matches("<svg class=\"chart\"").count();
    // Three targets of steps and rates, throughput, losses by samples and time, the noise scale, and branches.
    assert!(charts >= 9, "{charts} charts");
    assert_eq!(charts, page.matches("<desc>").count());
    for chart in page.split("<svg class=\"chart\"").skip(1) {
        let chart = chart.split("</svg>").next().unwrap();
        assert!(chart.contains("<title>") && chart.contains("data-s="), "an empty chart: {chart}");
    }
    assert!(page.matches("<use href=\"#m").count() > 20, "points");
    assert!(page.contains("lines &#60;b&#62;") || page.contains("lines &lt;b&gt;"), "names are text");
    let seen = page.split("id=\"report\">").next().unwrap();
    assert!(!seen.contains("lines <b>") && !seen.contains("NaN"));
    // The report is in it.
    let json = page.split_once("id=\"report\">").unwrap().1.split_once("</script>").unwrap().0;
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(report["schema_version"], 2);
    let script = page.rsplit_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    assert!(script.lines().count() <= 200);

    // Made again from the records alone, it is the same.
    let out = folder.path().join("out");
    fs::remove_file(out.join("report.html")).unwrap();
    assert!(simdescent(&["report", out.to_str().unwrap()]).status.code().is_some());
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), page);
}

/// Convergence from one folder, times of here or of another: the same steps, and seconds.
#[test]
fn somebody_elses_convergence_is_projected() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let report = |out: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(folder.path().join(out).join("report.json")).unwrap()).unwrap()
    };
    let here = simdescent(&["project", &path("out"), "--out", &path("here")]);
    assert!(matches!(here.status.code(), Some(0 | 1)), "{}", text(&here.stderr));
    let there = simdescent(&["project", &path("out"), &path("here"), "--out", &path("there")]);
    assert!(matches!(there.status.code(), Some(0 | 1)), "{}", text(&there.stderr));
    let cell = |report: &serde_json::Value| report["workloads"][0]["cells"][0].clone();
    let [original, here, there] = ["out", "here", "there"].map(|out| cell(&report(out)));
    assert_eq!(original["targets"][0]["steps"], here["targets"][0]["steps"]);
    assert!(here["targets"][0]["seconds"]["median"].as_f64().is_some_and(|seconds| seconds > 0.0));
    // The same records give the same report.
    assert_eq!(here, there);
    // Times of two sessions, merged in either order.
    for (into, first, second) in [("ab", "out", "here"), ("ba", "here", "out")] {
        let merged = simdescent(&["merge", &path(into), &path(first), &path(second)]);
        assert!(merged.status.success(), "{}", text(&merged.stderr));
        assert!(matches!(simdescent(&["report", &path(into)]).status.code(), Some(0 | 1)));
    }
    let mut ways = [report("ab"), report("ba")];
    assert!(ways[0]["throughput"]["session"]["started"].is_string());
    ways.iter_mut().for_each(|report| report["self_check"] = serde_json::Value::Null);
    assert_eq!(ways[0], ways[1]);
    let again = simdescent(&["project", &path("out"), &path("here"), "--out", &path("there")]);
    assert_eq!(again.status.code(), Some(65));
    assert!(text(&again.stderr).contains("there are times already"), "{}", text(&again.stderr));
}

#[test]
fn the_recommended_cell_is_a_configuration_of_train() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path());
    let best = folder.path().join("out/best.toml");
    let output = simdescent(&["train", "--config", best.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let table: toml::Table = fs::read_to_string(&best).unwrap().parse().unwrap();
    assert_eq!(report["settings"]["batch_size"].as_i64(), table["batch"]["batch-size"].as_integer());
    assert!(report["loss"].as_f64().unwrap() < 0.5, "{}", report["loss"]);
}

/// A page is one file without anything from outside, and none of its charts is empty.
fn check(page: &str, sections: &[&str], charts: usize) {
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "the page would ask for something: {outside}");
    }
    let places: Vec<_> = sections.iter().map(|id| page.find(&format!("<section id=\"{id}\">")).expect(id)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(page.matches("<svg class=\"chart\"").count(), charts);
    for chart in page.split("<svg class=\"chart\"").skip(1) {
        let chart = chart.split("</svg>").next().unwrap();
        assert!(chart.contains("<desc>") && chart.contains(" data-s="), "an empty chart: {chart}");
    }
    let json = page.split_once("id=\"report\">").unwrap().1.split_once("</script>").unwrap().0;
    assert!(serde_json::from_str::<serde_json::Value>(json).unwrap()["schema_version"].is_number());
}

#[test]
fn other_commands_write_the_same_kind_of_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(
        path("space.toml"),
        "[learning-rate]\nrate = { log = [1e-3, 1] }\n[batch]\nbatch-size = { choice = [8, 32] }\n",
    )
    .unwrap();
    let softmax = ["--workload", "softmax", "--optimizer", "adam", "--rate", "0.01", "--steps", "60"];
    let lbfgs = ["--workload", "softmax", "--optimizer", "lbfgs", "--steps", "5"];
    let space = path("space.toml");
    let search = ["tune", "search", "--space", &space, "--trials", "9", "--workload", "linear", "--steps", "40"];
    let train = [&["train", "--validate-every", "20"], &softmax[..]].concat();
    for (command, sections, charts) in [
        (train, &["answer", "curves", "confusion", "calibration"][..], 3),
        ([&["train"], &lbfgs[..]].concat(), &["answer", "confusion", "calibration"], 1),
        ([&["learning-curve"], &softmax[..]].concat(), &["answer", "curve"], 1),
        (search.to_vec(), &["answer", "history", "importance", "coordinates", "trials"], 2),
    ] {
        let file = path("page.html");
        let output = simdescent(&[&command[..], &["--json", "--page", &file]].concat());
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
        // The report, and nothing else.
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        assert!(text(&output.stderr).contains(&file), "{}", text(&output.stderr));
        check(&fs::read_to_string(&file).unwrap(), sections, charts);
    }
    let refused = simdescent(&[&search[..], &["--page", &space]].concat());
    assert!(
        !refused.status.success() && text(&refused.stderr).contains("--page would overwrite"),
        "{}",
        text(&refused.stderr)
    );
    let refused = simdescent(&[&["train", "--open"], &softmax[..]].concat());
    assert!(!refused.status.success() && text(&refused.stderr).contains("--page"), "{}", text(&refused.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_page_is_opened_or_it_is_said_that_nothing_opens_it() {
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let [page, seen, opener] = ["page.html", "seen", "xdg-open"].map(|name| folder.path().join(name));
    let train = |script: &str| {
        // A shell writes it: from here, programs that other tests start meanwhile would hold it open, and nothing could execute it.
        let write = ["-c", "printf %s \"$1\" > \"$0\" && chmod +x \"$0\""];
        assert!(Command::new("sh").args(write).arg(&opener).arg(script).status().unwrap().success());
        let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
        command.args(["train", "--steps", "3", "--rate", "0.1", "--open", "--page"]).arg(&page);
        let output = command.env("PATH", folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let quiet = train("#!/bin/sh\necho \"$1\" > \"${0%/*}/seen\"\n");
    assert!(!quiet.contains("no browser"), "{quiet}");
    // The program does not wait long for the script, but a busy machine can take longer to run it.
    let start = Instant::now();
    let seen = || fs::read_to_string(&seen).unwrap_or_default();
    while !seen().ends_with('\n') && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(seen().trim(), page.canonicalize().unwrap().to_str().unwrap());
    // For the same reason its failure can come too late, but not always.
    let loud = (0..10).map(|_| train("#!/bin/sh\nexit 3\n")).find(|said| said.contains("no browser shows it"));
    let loud = loud.expect("a failure is noticed");
    assert!(loud.contains("page.html yourself"), "{loud}");
}

#[test]
fn colors_are_for_those_who_want_them() {
    let folder = tempfile::tempdir().unwrap();
    sweep(folder.path());
    let out = folder.path().join("out");
    let report = |variable: Option<&str>, json: bool| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
        command.arg("report").arg(&out).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command.args(json.then_some("--json")).envs(variable.map(|name| (name, "1")));
        text(&command.output().unwrap().stdout)
    };
    let piped = report(None, false);
    assert!(!piped.contains('\u{1b}') && piped.contains("Legend") && piped.contains("B_crit"), "{piped}");
    assert!(piped.lines().all(|line| line.chars().count() <= 80), "{piped}");
    assert!(report(Some("CLICOLOR_FORCE"), false).contains("\u{1b}[1m"));
    assert!(!report(Some("NO_COLOR"), false).contains('\u{1b}'));
    let json: serde_json::Value = serde_json::from_str(&report(Some("CLICOLOR_FORCE"), true)).unwrap();
    let answers = json["workloads"][0]["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 3);
    let cpu = json["throughput"]["session"]["environment"]["cpu"].as_str().unwrap();
    assert!(answers[0]["time"].as_str().unwrap().contains(cpu) && answers[0]["samples"].is_string());
    // Every table as CSV.
    for name in
        ["report.csv", "report-curves.csv", "report-coupling.csv", "report-comparisons.csv", "report-self-check.csv"]
    {
        let csv = fs::read_to_string(out.join(name)).unwrap();
        let columns = csv.lines().next().unwrap().split(',').count();
        assert!(columns > 5 && (csv.lines().count() > 2 || name.contains("coupling")), "{name}: {csv}");
    }
    // The picture of the steps.
    let svg = folder.path().join("steps.svg");
    let output = simdescent(&["report", out.to_str().unwrap(), "--svg", svg.to_str().unwrap()]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
    assert!(fs::read_to_string(svg).unwrap().contains("steps to target"));
}

/// What a sweep recommends of any embedded workload can be trained.
#[test]
fn every_embedded_workload_has_a_configuration_that_train_takes() {
    let names =
        ["linear", "softmax", "mlp", "noisy-quadratic", "least-squares", "logistic", "mixture", "teacher-student"];
    let folder = tempfile::tempdir().unwrap();
    let workload = |name: &&str| {
        format!(
            "[[workloads]]\nname = '{name}'\nproblem = {{ workload = '{name}' }}\nloss-on = 'training'\nbudget-samples = 20_000\n\
            reference-loss = 0.0\n"
        )
    };
    let study = "name = 'all'\noptimizers = ['adam']\nbatch-sizes = [64, 256]\nrepeats = 3\ntargets = [0.9]\n\
        [tuning]\npoints = 4\nseeds = 2\n";
    let study = study.to_owned() + &names.iter().map(workload).collect::<String>();
    let (file, out) = (folder.path().join("study.toml"), folder.path().join("out"));
    fs::write(&file, study).unwrap();
    let paths = [&file, &out].map(|path| path.to_str().unwrap());
    let output = simdescent(&["sweep", "--study", paths[0], "--out", paths[1], "--no-throughput"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
    for name in names {
        let best = out.join(format!("best-{name}.toml"));
        let output = simdescent(&["train", "--config", best.to_str().unwrap(), "--json"]);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let table: toml::Table = fs::read_to_string(&best).unwrap().parse().unwrap();
        assert_eq!(report["settings"]["batch_size"].as_i64(), table["batch"]["batch-size"].as_integer(), "{name}");
        assert_eq!(report["optimizer"], "adam", "{name}");
    }
}
