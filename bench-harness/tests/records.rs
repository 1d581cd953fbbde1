//! Records of a sweep: the same bytes whatever happens to the sweep, and refused where they are not what was written.

use crate::command::Kept;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn command(arguments: &[&str], isa: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simdescent"));
    command.args(arguments);
    if isa.is_empty() {
        command.env_remove("SIMDESCENT_ISA")
    } else {
        command.env("SIMDESCENT_ISA", isa)
    };
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a study that takes a second or two.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let study = "name = 'small'\noptimizers = ['sgd', 'adam']\nbatch-sizes = [16, 64]\nrepeats = 3\n\
            [tuning]\npoints = 4\nseeds = 2\n\
            [[workloads]]\nname = 'lines'\nproblem = { workload = 'linear' }\nloss-on = 'training'\nbudget-samples = 8_000\n";
        fs::write(dir.path().join("study.toml"), study).unwrap();
        Self { dir }
    }

    /// With a study that takes a minute or more: it is still running when a test that was stopped for a while comes to interrupt it.
    fn long() -> Self {
        let place = Self::new();
        let study = fs::read_to_string(place.path("study.toml")).unwrap();
        let study = study.replace("seeds = 2", "seeds = 50").replace("8_000", "800_000");
        fs::write(place.path("study.toml"), study).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn sweep(&self, out: &str, more: &[&str], isa: &str) -> Command {
        let (study, out) = (self.path("study.toml"), self.path(out));
        let arguments =
            ["sweep", "--no-throughput", "--study", study.to_str().unwrap(), "--out", out.to_str().unwrap()];
        command(&[&arguments[..], more].concat(), isa)
    }

    /// The lines of the records, sorted: the order in which they came is luck.
    fn records(&self, out: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(self.path(out).join("convergence.jsonl")).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        let lines: BTreeSet<_> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), text.lines().count(), "no run is recorded twice");
        lines
    }

    /// Those of a sweep from start to end, into the folder `whole`. One for all tests that leave the study as it is.
    fn whole(&self) -> BTreeSet<String> {
        static WHOLE: Kept = Kept::new();
        WHOLE.copy(&self.path("whole"), || {
            let place = Place::new();
            succeed(&mut place.sweep("whole", &[], ""));
            (place.dir, "whole")
        });
        self.records("whole")
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
    output
}

#[track_caller]
fn refused(command: &mut Command, code: i32, wanted: &str) {
    let output = command.output().unwrap();
    let message = text(&output.stderr);
    assert!(message.contains(wanted), "{message}");
    assert_eq!(output.status.code(), Some(code), "{message}");
}

/// The whole lines of a file, if it is there; what follows them need not be text.
fn count_lines(file: &Path) -> usize {
    fs::read(file).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count())
}

/// Waits until the file has at least so many lines, or the process has ended.
fn until_lines(child: &mut Child, file: &Path, lines: usize) {
    while child.try_wait().unwrap().is_none() && count_lines(file) < lines {
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// The key of a run holds no machine: half on one instruction set and half on another are the whole on a third.
#[test]
#[cfg(unix)]
fn a_sweep_changes_instruction_sets_in_the_middle_and_its_records_do_not() {
    let place = Place::new();
    let available: Vec<_> = simdescent::kernels::isa::available().iter().map(|isa| isa.name()).collect();
    let best = |names: &[&'static str]| names.iter().copied().find(|name| available.contains(name)).unwrap_or("scalar");
    succeed(&mut place.sweep("whole", &[], best(&["avx2", "neon"])));
    let whole = place.records("whole");
    let stop_halfway = || {
        let mut first = start(place.sweep("mixed", &["--jobs", "1"], "scalar"));
        until_lines(&mut first, &place.path("mixed").join("convergence.jsonl"), 40);
        if first.try_wait().unwrap().is_none() {
            signal(&first, "-TERM");
        }
        let code = first.wait().unwrap().code();
        let half = place.records("mixed").len();
        if half == whole.len() {
            // All was run before the signal came, as this test had to wait for its turn: from the beginning.
            fs::remove_dir_all(place.path("mixed")).unwrap();
            return false;
        }
        assert_eq!(code, Some(75), "stopped by a scheduler: run again");
        assert!(half >= 40, "{half} of {}", whole.len());
        true
    };
    assert!((0..10).any(|_| stop_halfway()), "a sweep goes on to its end whatever it is told");
    succeed(&mut place.sweep("mixed", &["--jobs", "3"], best(&["avx512", "neon"])));
    assert_eq!(place.records("mixed"), whole);
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_cleanly_and_says_how_to_go_on() {
    let place = Place::long();
    let mut sweep = place.sweep("out", &["--jobs", "1"], "");
    let mut child = sweep.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    until_lines(&mut child, &place.path("out").join("convergence.jsonl"), 3);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).contains("the same command goes on from there"), "{}", text(&output.stderr));
}

/// Killed again and again at other moments, then gone on with; one that comes to its end is compared, and the next begins anew.
/// Nothing in a record comes from a clock, so none that goes back matters.
#[test]
fn a_sweep_that_is_killed_fifty_times_ends_with_the_same_records() {
    let place = Place::new();
    let whole = place.whole();
    let file = place.path("killed").join("convergence.jsonl");
    let mut random = 7u64;
    let mut grown = 0;
    for i in 0..50 {
        let before = count_lines(&file);
        let mut child = start(place.sweep("killed", &["--jobs", "2"], ""));
        // One in five while it starts, the others up to 16 ms after one to five more records.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if i % 5 > 0 {
            until_lines(&mut child, &file, before + 1 + (random >> 33) as usize % 5);
        }
        std::thread::sleep(Duration::from_micros(random >> 50));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            assert_eq!(place.records("killed"), whole);
            fs::remove_dir_all(place.path("killed")).unwrap();
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
            grown += usize::from(count_lines(&file) > before);
        }
        if i % 10 == 0 {
            // What a power cut leaves of a line.
            let mut bytes = fs::read(&file).unwrap_or_default();
            bytes.extend(b"{\"sha256\":\"12\xc3");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, bytes).unwrap();
        }
    }
    assert!(grown > 25, "{grown} were killed after more records had come");
    succeed(&mut place.sweep("killed", &[], ""));
    assert_eq!(place.records("killed"), whole);
}

/// For N = 1, 2 and 5 shards, merged in several orders, twice over: always the records of one run.
#[test]
fn shards_merged_in_any_order_are_the_whole() {
    let place = Place::new();
    let whole = place.whole();
    for n in [1, 2, 5] {
        let names: Vec<String> = (1..=n).map(|i| format!("{n}-{i}")).collect();
        for (i, name) in (1..=n).zip(&names) {
            let shard = format!("{i}/{n}");
            let output = succeed(&mut place.sweep(name, &["--shard", &shard], ""));
            assert!(text(&output.stdout).starts_with(&format!("shard {shard}: ")), "{}", text(&output.stdout));
        }
        for order in 0..n.min(3) {
            let into = format!("merged-{n}-{order}");
            let mut folders: Vec<String> = names.iter().map(|name| place.path(name).display().to_string()).collect();
            folders.rotate_left(order);
            folders.push(folders[0].clone());
            let into_path = place.path(&into).display().to_string();
            let mut arguments = vec!["merge", &into_path];
            arguments.extend(folders.iter().map(String::as_str));
            succeed(&mut command(&arguments, ""));
            assert_eq!(place.records(&into), whole, "{n} shards");
            let before = fs::read(place.path(&into).join("convergence.jsonl")).unwrap();
            succeed(&mut command(&arguments, ""));
            let after = fs::read(place.path(&into).join("convergence.jsonl")).unwrap();
            assert_eq!(before, after, "merged again, nothing changes");
        }
        // Nothing is left to run.
        let output = succeed(&mut place.sweep(&format!("merged-{n}-0"), &[], ""));
        assert!(text(&output.stderr).contains(&format!("0 runs, {} records were there", whole.len())));
    }
    // Cell by cell.
    let plan = succeed(&mut place.sweep("keys", &["--dry-run", "--json"], ""));
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    let keys: Vec<_> = plan["cells"].as_array().unwrap().iter().map(|cell| cell["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), 4);
    let list = place.path("keys.txt");
    for part in [&keys[..1], &keys[1..]] {
        fs::write(&list, part.join("\n")).unwrap();
        succeed(&mut place.sweep("keys", &["--keys", list.to_str().unwrap()], ""));
    }
    assert_eq!(place.records("keys"), whole);
    fs::write(&list, "0123456789abcdef\n").unwrap();
    refused(&mut place.sweep("keys", &["--keys", list.to_str().unwrap()], ""), 65, "no cell of this study has the key");
    // As a job array says: all runs of that shard, and no others, are there.
    for i in ["1", "2"] {
        let mut auto = place.sweep(&format!("2-{i}"), &["--shard", "auto"], "");
        auto.envs([("SLURM_ARRAY_TASK_ID", i), ("SLURM_ARRAY_TASK_COUNT", "2"), ("SLURM_ARRAY_TASK_MIN", "1")]);
        let output = succeed(&mut auto);
        assert!(text(&output.stdout).starts_with(&format!("shard {i}/2: ")), "{}", text(&output.stdout));
        let there = format!("0 runs, {} records were there", place.records(&format!("2-{i}")).len());
        assert!(text(&output.stderr).contains(&there), "{}", text(&output.stderr));
    }
}

#[test]
fn records_that_were_changed_are_refused_or_found() {
    let place = Place::new();
    place.whole();
    let file = place.path("whole").join("convergence.jsonl");
    let good = fs::read_to_string(&file).unwrap();
    let verify = |share: &str| place.sweep("whole", &["--verify", share], "");
    let output = succeed(&mut verify("0.1"));
    assert!(text(&output.stdout).contains("records run again, 0 differ"), "{}", text(&output.stdout));

    // A flipped bit.
    let mut bytes = good.clone().into_bytes();
    let at = good.find("\"loss\":[").unwrap() + 12;
    bytes[at] ^= 1;
    fs::write(&file, &bytes).unwrap();
    refused(&mut place.sweep("whole", &[], ""), 65, "line 1");
    refused(&mut place.sweep("whole", &[], ""), 65, "was changed");

    // A lie with the right hash is found by running it again, and so is a difference between two folders.
    let line = good.lines().next().unwrap();
    let record = line.split_once("\"record\":").unwrap().1.strip_suffix('}').unwrap();
    let (before, after) = record.split_once("\"digest\":\"").unwrap();
    let lie = format!("{before}\"digest\":\"{}{}", if after.starts_with('0') { '1' } else { '0' }, &after[1..]);
    let lie = format!("{{\"sha256\":\"{}\",\"record\":{lie}}}", sha256(&lie));
    fs::write(&file, good.replacen(line, &lie, 1)).unwrap();
    let output = verify("1").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("has another end"), "{}", text(&output.stdout));
    let folder = place.path("whole").display().to_string();
    let output = command(&["verify", &folder, "--sample", "10000"], "").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    fs::create_dir(place.path("honest")).unwrap();
    fs::write(place.path("honest").join("convergence.jsonl"), &good).unwrap();
    let (honest, whole) = (place.path("honest").display().to_string(), place.path("whole").display().to_string());
    refused(&mut command(&["merge", &honest, &whole], ""), 65, "one of the two machines computes wrongly");
}

/// Records of noise have the same bytes on every instruction set, are not made again, go with the others, and a lie is found.
#[test]
fn the_noise_of_the_winners_is_recorded_once_and_verified() {
    let place = Place::new();
    place.whole();
    let noise = |out: &str| -> Vec<String> {
        let text = fs::read_to_string(place.path(out).join("noise.jsonl")).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let lines = noise("whole");
    assert_eq!(lines.len(), 2, "one winner of each optimizer");
    assert_eq!(lines.iter().filter(|line| line.contains("\"deviations\":[],")).count(), 1, "signs are Adam's");
    succeed(&mut place.sweep("whole", &[], ""));
    assert_eq!(noise("whole"), lines, "none is made again");
    // Another instruction set takes the runs as they are, and makes the noise itself.
    fs::create_dir(place.path("other")).unwrap();
    let runs = |out: &str| place.path(out).join("convergence.jsonl");
    fs::copy(runs("whole"), runs("other")).unwrap();
    succeed(&mut place.sweep("other", &[], "scalar"));
    assert_eq!(noise("other"), lines, "the same bits");
    let path = |out: &str| place.path(out).display().to_string();
    succeed(&mut command(&["merge", &path("merged"), &path("whole"), &path("other")], ""));
    assert_eq!(noise("merged"), lines);
    let report = fs::read_to_string(place.path("whole").join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let reports = report["workloads"][0]["noise"].as_array().unwrap();
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|noise| noise["targets"][0]["simple"].as_f64().unwrap() > 1.0), "{reports:?}");

    let record = lines[0].split_once("\"record\":").unwrap().1.strip_suffix('}').unwrap();
    let (before, after) = record.split_once("\"trace\":[").unwrap();
    let lie = format!("{before}\"trace\":[1{after}");
    let lie = format!("{{\"sha256\":\"{}\",\"record\":{lie}}}\n", sha256(&lie));
    fs::write(place.path("other").join("noise.jsonl"), lie).unwrap();
    let output = command(&["verify", &path("other"), "--sample", "10000"], "").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("differs first between samples 0 and"), "{}", text(&output.stdout));
    refused(&mut command(&["merge", &path("merged"), &path("other")], ""), 65, "computes wrongly");
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn two_writers_a_full_disk_and_places_that_are_no_folder() {
    let long = Place::long();
    let mut first = start(long.sweep("out", &["--jobs", "1"], ""));
    until_lines(&mut first, &long.path("out").join("convergence.jsonl"), 2);
    let second = long.sweep("out", &[], "").output().unwrap();
    // Before anything is checked: a test that fails must not leave it running.
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.status.code(), Some(65), "{second:?}");
    let message = text(&second.stderr);
    assert!(message.contains("another sweep is writing this file of records"), "{message}");

    let place = Place::new();
    let file = place.path("file");
    fs::write(&file, "x").unwrap();
    refused(&mut place.sweep("file", &[], ""), 65, "choose another folder with --out");
    refused(&mut place.sweep("file/below", &[], ""), 65, "choose another folder with --out");

    if cfg!(target_os = "linux") {
        // A limit on the size of files does what a full disk does.
        let sweep = place.sweep("full", &[], "");
        let program = sweep.get_program().to_str().unwrap().to_owned();
        let arguments: Vec<_> = sweep.get_args().map(|a| a.to_str().unwrap().to_owned()).collect();
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"", &program]).args(&arguments);
        refused(&mut limited, 65, "cannot write");
        succeed(&mut place.sweep("full", &[], ""));
        assert_eq!(place.records("full"), place.whole());
    }
}

#[test]
fn studies_that_make_no_sense_name_the_place() {
    let place = Place::new();
    let good = fs::read_to_string(place.path("study.toml")).unwrap();
    let check = |from: &str, to: &str, wanted: &str| {
        fs::write(place.path("study.toml"), good.replacen(from, to, 1)).unwrap();
        refused(&mut place.sweep("out", &["--dry-run"], ""), 65, wanted);
    };
    check("repeats", "repeat", "TOML parse error at line 4");
    check("'adam'", "'adm'", "line 2: optimizers 2: unknown optimizer \"adm\"");
    check("'adam'", "'sgd'", "line 2: optimizers 2: sgd is there twice");
    check("[16, 64]", "[5000]", "no batch size fits its 4000 training rows");
    check("[tuning]", "targets = [0.01, 0.1]\n[tuning]", "from the easiest");
    check("points = 4", "points = 1", "line 6: tuning.points");
    check("'linear'", "'linea'", "line 10");
    check(
        "'linear' }",
        "'linear' }\nbudget-epochs = 1",
        "line 11: workloads 1.budget-epochs: give budget-samples or budget-epochs, not both",
    );
    check("[tuning]", "[optimizer.lion]\n[tuning]", "line 5: optimizer.lion: it is not among");
    check(
        "[tuning]",
        "[optimizer.adam]\nsearch = { momentum = { log = [0.1, 1] } }\n[tuning]",
        "line 6: optimizer.adam.search.momentum: the rule adam has no such number",
    );
    check(
        "[[workloads]]",
        "[[variants]]\nname = 'x'\nconfig = { seed = 1 }\n[[workloads]]",
        "variants 1.config.seed: it is no factor of its own",
    );
    check("'linear' }", "'linear' }\nevaluation-rows = 10", "line 11: workloads 1.evaluation-rows: the training loss");
    check("[[workloads]]", "[[variants]]\nname = 'x'\nconfig = { schedul = 'cosine' }\n[[workloads]]", "schedul");
    check("[tuning]", "[optimizer.adam]\nnumbers = { beta2 = 1.5 }\n[tuning]", "beta2");
    let twice = format!("{good}[[workloads]]\nname = 'lines'\nproblem = {{ workload = 'linear' }}\n");
    fs::write(place.path("study.toml"), twice).unwrap();
    refused(&mut place.sweep("out", &["--dry-run"], ""), 65, "two workloads are called \"lines\"");
    fs::write(place.path("study.toml"), &good).unwrap();
    // Before anything is trained, so there is no folder yet.
    let (junk, nothing) = (place.path("junk"), place.path("nothing"));
    fs::write(&junk, "junk").unwrap();
    fs::write(&nothing, "\n").unwrap();
    for (keys, wanted) in [(junk, "no cell of this study has the key junk"), (nothing, "no key of a cell is there")] {
        refused(&mut place.sweep("out", &["--keys", keys.to_str().unwrap()], ""), 65, wanted);
    }
    refused(&mut place.sweep("out", &["--seed", "18446744073709551615"], ""), 2, "--seed");
    let output = succeed(&mut place.sweep("out", &["--dry-run"], ""));
    assert!(text(&output.stdout).contains("lines") && !place.path("out").exists(), "{}", text(&output.stdout));
}

/// A plan counts what will be run: of a shard, by rules, and for a lowest loss that nobody knows.
#[test]
fn a_plan_counts_the_runs() {
    let place = Place::new();
    let good = fs::read_to_string(place.path("study.toml")).unwrap();
    let counts = |more: &[&str]| -> Vec<usize> {
        let plan = text(&succeed(&mut place.sweep("out", &[&["--dry-run"], more].concat(), "")).stdout);
        let line = plan.lines().find(|line| line.starts_with("lines")).unwrap_or_else(|| panic!("{plan}")).to_owned();
        let numbers: Vec<_> = line.rsplit_terminator(' ').filter_map(|word| word.parse().ok()).collect();
        numbers.into_iter().take(3).rev().collect()
    };
    // 4 cells: 4 points by 2 seeds, 3 targets by 3 repeats; tuning may add 7 rates for each target.
    assert_eq!(counts(&[]), [4, 4 * (8 + 9), 4 * (8 + 9 + 3 * 7 * 2)]);
    let shards: Vec<_> = ["1/2", "2/2"].iter().map(|shard| counts(&["--shard", shard])).collect();
    assert_eq!((0..3).map(|i| shards[0][i] + shards[1][i]).collect::<Vec<_>>(), counts(&[]));
    fs::write(place.path("study.toml"), good.replace("[tuning]", "coupling = ['none', 'sqrt']\n[tuning]")).unwrap();
    // At the larger of the two batch sizes, by each rule and optimizer, for each target, with each seed.
    assert_eq!(counts(&[])[1], 4 * (8 + 9) + 2 * 2 * 3 * 3);
    fs::write(place.path("study.toml"), good.replace("loss-on = 'training'", "evaluation-rows = 100")).unwrap();
    assert_eq!(counts(&[])[1], 4 * (8 + 9) + 52 + 20);
    let output = succeed(&mut place.sweep("out", &["--dry-run"], ""));
    assert!(text(&output.stderr).contains("lines: losses are of 100 of the 1000 validation rows"), "{output:?}");
}

/// Schedules and samplings, a searched number, an optimizer under two names.
#[test]
fn factors_besides_optimizer_and_batch_size() {
    let place = Place::new();
    let study = "name = 'factors'\noptimizers = ['adam', 'low']\nbatch-sizes = [64]\nrepeats = 1\ntargets = [0.1]\n\
        [tuning]\npoints = 3\nseeds = 1\n\
        [optimizer.low]\nrule = 'adam'\nnumbers = { beta2 = 0.9 }\nsearch = { beta1 = { one-minus-log = [0.5, 0.95] } }\n\
        [[variants]]\nname = 'plain'\n\
        [[variants]]\nname = 'cosine'\nconfig = { schedule = 'cosine' }\n\
        [[variants]]\nname = 'drawn'\nconfig = { batch = { sampling = 'with-replacement' } }\n\
        [[workloads]]\nproblem = { workload = 'linear' }\nloss-on = 'training'\nbudget-samples = 20_000\n";
    fs::write(place.path("study.toml"), study).unwrap();
    succeed(&mut place.sweep("factors", &[], ""));
    let records = place.records("factors");
    let settings: Vec<serde_json::Value> = records
        .iter()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["record"]["specification"]["settings"].take()
        })
        .collect();
    let has = |wanted: &dyn Fn(&serde_json::Value) -> bool| settings.iter().any(wanted);
    assert!(has(&|s| s["learning_rate"].to_string().contains("cosine")), "{}", settings[0]);
    assert!(has(&|s| s["sampling"] == "with_replacement"));
    let beta1: BTreeSet<String> = settings
        .iter()
        .filter(|s| {
            s["rule"].to_string().contains("\"beta2\":0.9}") || s["rule"].to_string().contains("\"beta2\":0.9,")
        })
        .map(|s| s["rule"].to_string())
        .collect();
    assert_eq!(beta1.len(), 3, "three points differ in β₁: {beta1:?}");
}

/// A coupling rule takes the best small batch to the others; shards keep what belongs together.
#[test]
fn rules_are_compared_with_tuning_again() {
    let place = Place::new();
    let study = fs::read_to_string(place.path("study.toml")).unwrap();
    let rules = "coupling = ['none', 'linear', 'sqrt', 'sqrt-half-life']\n[tuning]";
    fs::write(place.path("study.toml"), study.replace("[tuning]", rules)).unwrap();
    succeed(&mut place.sweep("rules", &[], ""));
    let whole = place.records("rules");
    for i in ["1", "2"] {
        succeed(&mut place.sweep(i, &["--shard", &format!("{i}/2")], ""));
    }
    let folders = ["merged", "1", "2"].map(|name| place.path(name).display().to_string());
    succeed(&mut command(&["merge", &folders[0], &folders[1], &folders[2]], ""));
    assert_eq!(place.records("merged"), whole);
    let report = succeed(&mut command(&["report", &folders[0], "--json"], ""));
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let coupling = report["workloads"][0]["coupling"].as_array().unwrap();
    // Two optimizers, one batch size beside the smallest, three targets, four rules.
    assert_eq!(coupling.len(), 24);
    let linear =
        coupling.iter().find(|c| c["optimizer"] == "sgd" && c["rule"] == "linear" && c["target"] == 0).unwrap();
    assert!(linear["ratio"].as_f64().is_some_and(|ratio| (0.3..5.0).contains(&ratio)), "{linear}");
}

/// A branch has the bits of the run that it leaves, up to where it leaves it, and others from there on.
#[test]
fn branches_leave_winning_runs_and_the_schedule_that_follows_is_tried() {
    let place = Place::new();
    let without = place.whole();
    succeed(&mut place.sweep("whole", &["--branches"], ""));
    let records = place.records("whole");
    assert!(records.is_superset(&without));
    let records: Vec<serde_json::Value> =
        records.iter().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["record"].take()).collect();
    let milestones = |record: &serde_json::Value| {
        record["specification"]["settings"]["batch_growth"]["scheduled"]["shape"]["milestones"].clone()
    };
    let of_seed = |record: &serde_json::Value, other: &serde_json::Value| {
        let settings = |record: &serde_json::Value| {
            let mut settings = record["specification"]["settings"].clone();
            settings["batch_growth"].take();
            settings
        };
        settings(record) == settings(other) && other["specification"]["target"].is_null()
    };
    let mut branches = 0;
    for branch in records.iter().filter(|record| record["specification"]["target"].is_null()) {
        let at = milestones(branch);
        let Some(left) = at["at"][0].as_u64() else { continue };
        let base = records.iter().find(|other| milestones(other).is_null() && of_seed(branch, other)).unwrap();
        let samples = |record: &serde_json::Value| -> Vec<u64> {
            record["curve"]["samples"].as_array().unwrap().iter().map(|samples| samples.as_u64().unwrap()).collect()
        };
        let shared = samples(base).iter().filter(|samples| **samples <= left).count();
        // The batch grows after the step that reaches that number.
        let batch_size = branch["specification"]["settings"]["batch_size"].as_u64().unwrap();
        let grown = samples(branch).iter().filter(|samples| **samples < left + 2 * batch_size).count();
        let chain = |record: &serde_json::Value| record["chain"].as_array().unwrap().clone();
        assert_eq!(samples(branch)[..shared], samples(base)[..shared]);
        assert_eq!(chain(branch)[..shared], chain(base)[..shared], "the same bits up to {left} samples");
        assert_ne!(chain(branch)[grown], chain(base)[grown], "and other ones from there on");
        assert!(*samples(branch).last().unwrap() >= 2 * left);
        branches += 1;
    }
    assert!(branches >= 20, "{branches}");
    let report = succeed(&mut command(&["report", place.path("whole").to_str().unwrap(), "--json"], ""));
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let reports = report["workloads"][0]["branches"].as_array().unwrap();
    assert_eq!(reports.len(), 2, "of each optimizer");
    for branch in reports {
        let grows = !branch["schedule"].as_array().unwrap().is_empty();
        assert_eq!(branch["tried"].is_object(), grows, "a schedule that grows is tried: {branch}");
    }
    let csv = fs::read_to_string(place.path("whole").join("report-branches.csv")).unwrap();
    assert_eq!((csv.lines().count() - 1) * 3, branches, "three seeds");
    let bytes = fs::read(place.path("whole").join("convergence.jsonl")).unwrap();
    let again = succeed(&mut place.sweep("whole", &["--branches"], ""));
    assert!(text(&again.stderr).contains("\n0 runs of branches"), "{}", text(&again.stderr));
    assert!(bytes == fs::read(place.path("whole").join("convergence.jsonl")).unwrap(), "nothing is run twice");
}

/// Everything that is promised, on everything this machine has.
#[test]
fn this_machine_computes_the_promised_bits() {
    let output = succeed(&mut command(&["verify", "--json"], ""));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let isas = simdescent::kernels::isa::available();
    assert_eq!(report["runs"].as_array().unwrap().len(), 6 * isas.len());
    assert_eq!(report["all_agree"], true);
    let digests: BTreeSet<String> =
        report["runs"].as_array().unwrap().iter().map(|run| run["digest"].to_string()).collect();
    assert_eq!(digests.len(), 1);
}
