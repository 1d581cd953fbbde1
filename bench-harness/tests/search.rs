//! `tune search` as a user meets it.

use crate::command::{json, refused, simdescent, text};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CONFIG: &str = "optimizer = 'nesterov'\n[problem]\nworkload = 'softmax'\n[fit]\nsteps = 60\n";
/// One number that matters, one that hardly does, a choice, and one that is kept in single precision.
const SPACE: &str = "
[learning-rate]
rate = { log = [1e-5, 100] }
[regularization]
l2 = { log = [1e-9, 1e-6] }
[batch]
batch-size = { choice = [32, 33] }
[rule]
momentum = { one-minus-log = [0.5, 0.9] }
";

/// The files of a search, and how to call it.
struct Search {
    folder: tempfile::TempDir,
}

impl Search {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run.toml"), CONFIG).unwrap();
        fs::write(folder.path().join("space.toml"), SPACE).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn arguments(&self, more: &str) -> Vec<String> {
        let (config, space) = (self.path("run.toml"), self.path("space.toml"));
        let mut all = vec!["tune".to_owned(), "search".into(), "--config".into(), config, "--space".into(), space];
        // `@name` is a file in the folder.
        all.extend(
            more.split_whitespace().map(|word| word.strip_prefix('@').map_or(word.into(), |name| self.path(name))),
        );
        all
    }

    fn json(&self, more: &str) -> Value {
        json(&self.arguments(more).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn refused(&self, more: &str, wanted: &str) {
        refused(&self.arguments(more).iter().map(String::as_str).collect::<Vec<_>>(), wanted);
    }
}

fn lines(path: impl AsRef<Path>) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

#[test]
fn a_search_finds_a_rate_and_says_what_matters() {
    let search = Search::new();
    let report = search.json("--trials 32 --svg @curve.svg --best @best.toml");
    assert_eq!((&report["direction"], &report["trials"].as_array().unwrap().len()), (&"minimize".into(), &32));
    let best = &report["best"];
    let rate = best["values"]["learning-rate.rate"].as_f64().unwrap();
    assert!((1e-3..1.0).contains(&rate), "{best}");
    let importance = report["importance"].as_array().unwrap();
    assert_eq!(importance[0]["name"], "learning-rate.rate");
    let shares: Vec<f64> = importance.iter().map(|i| i["share"].as_f64().unwrap()).collect();
    assert!(shares[0] > 0.6 && shares[1..].iter().all(|&share| share < 0.25), "{report:#}");
    // A rate of up to 100 diverges.
    let outcomes: Vec<&Value> = report["trials"].as_array().unwrap().iter().map(|t| &t["outcome"]).collect();
    assert!(outcomes.iter().all(|&outcome| outcome == "complete" || outcome == "infeasible"));
    let curve = report["best_so_far"].as_array().unwrap();
    let values: Vec<f64> = curve.iter().map(|p| p["value"].as_f64().unwrap()).collect();
    assert!(values.is_sorted_by(|a, b| a >= b) && values.last().unwrap() == &best["value"].as_f64().unwrap());
    assert!(fs::read_to_string(search.path("curve.svg")).unwrap().contains("best loss"));

    // The least or most that is allowed of what hardly matters, or the like.
    let coordinate = |name: &str, i: usize| {
        let at = report["at_border"].as_array().unwrap().iter().any(|n| n == name);
        at != (0.05..0.95).contains(&best["point"][i].as_f64().unwrap())
    };
    assert!(
        coordinate("learning-rate.rate", 1) && coordinate("regularization.l2", 2) && coordinate("rule.momentum", 3)
    );

    // The best configuration is a configuration, and the trial was that training.
    let configuration = fs::read_to_string(search.path("best.toml")).unwrap();
    assert_eq!(report["configuration"].as_str().unwrap(), configuration);
    let trained = json(&["train", "--config", &search.path("best.toml")]);
    assert_eq!((&trained["digest"], &trained["loss"]), (&best["digest"], &best["value"]));

    // With early stopping the loss is that of the best weights.
    let stopped = search.json("--trials 2 --patience 3 --validate-every 1");
    let lowest = search.json("--trials 2 --patience 3 --validate-every 1 --metric best_loss");
    assert_eq!(stopped["trials"][1]["value"], lowest["trials"][1]["value"]);

    let arguments = search.arguments("--trials 8 --metric accuracy");
    let printed = text(&simdescent(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).stdout);
    assert!(
        printed.contains("accuracy (higher is better)") && printed.contains("[learning-rate]\nrate = "),
        "{printed}"
    );
}

/// Killed after any number of trials, in the middle of a line too, or made longer.
fn goes_on(more: &str, journal_lines: usize) {
    let search = Search::new();
    let whole = search.json(more);
    // Not `assert_eq`: the reports are long.
    assert!(search.json(&format!("{more} --journal @j --threads 2")) == whole);
    let journal = fs::read_to_string(search.path("j")).unwrap();
    assert_eq!(journal.lines().count(), 1 + journal_lines);
    for cut in [20, journal.len() / 3, journal.len() - 1] {
        fs::write(search.path("j"), &journal[..cut]).unwrap();
        assert!(search.json(&format!("{more} --journal @j")) == whole, "{cut}");
        assert!(fs::read_to_string(search.path("j")).unwrap() == journal, "{cut}");
    }
    // Finished trials are not trained again: what the journal says of them is believed.
    let edited = journal.replacen("\"samples\":", "\"samples\":1", 1);
    fs::write(search.path("j"), edited).unwrap();
    assert!(search.json(&format!("{more} --journal @j")) != whole);
}

#[test]
fn an_interrupted_search_ends_as_the_whole_one() {
    goes_on("--trials 6", 6);
    goes_on("--trials 13 --method tpe", 13);
    goes_on("--trials 9 --method successive-halving --validate-every 7", 9 + 3 + 1);
    let search = Search::new();
    search.json("--trials 3 --journal @j");
    assert!(search.json("--trials 5 --journal @j") == search.json("--trials 5"));
    assert_eq!(lines(search.path("j")), 6);
}

/// 27 trials for a 27th, a ninth, a third of their steps, and one for all: each the training that `train` does.
#[test]
fn halving_gives_the_best_more_steps() {
    let search = Search::new();
    let report = search.json("--method successive-halving --trials 27 --steps 108 --best @best.toml");
    let records = report["trials"].as_array().unwrap();
    let on = |rung: u64| records.iter().filter(move |r| r["rung"] == rung).collect::<Vec<_>>();
    let cost = |r: &Value| r["value"].as_f64().unwrap_or(f64::INFINITY);
    for (rung, size, steps) in [(0, 27, 4), (1, 9, 12), (2, 3, 36), (3, 1, 108)] {
        let here = on(rung);
        assert_eq!(here.len(), size);
        let outcome = if rung == 3 { "complete" } else { "censored" };
        assert!(
            here.iter()
                .all(|r| r["outcome"] == "infeasible"
                    || (&r["steps"], &r["outcome"]) == (&steps.into(), &outcome.into()))
        );
        // Those above are the best of here.
        let promoted: Vec<&Value> = on(rung + 1).iter().map(|r| &r["trial"]).collect();
        let (above, below): (Vec<&Value>, Vec<&Value>) =
            here.into_iter().partition(|r| promoted.contains(&&r["trial"]));
        assert!(above.iter().all(|a| below.iter().all(|b| cost(a) <= cost(b))), "{rung}");
    }
    let trained = json(&["train", "--config", &search.path("best.toml")]);
    assert_eq!((&trained["digest"], &trained["loss"]), (&report["best"]["digest"], &report["best"]["value"]));
}

#[test]
fn wrong_searches_are_clear_errors() {
    let search = Search::new();
    search.json("--trials 2 --journal @j");
    for other in ["--seed 2", "--metric best_loss", "--steps 61"] {
        search.refused(&format!("--trials 2 --journal @j {other}"), "is of another search");
    }
    let journal = fs::read_to_string(search.path("j")).unwrap();
    fs::write(search.path("j"), journal.clone() + "{}\n").unwrap();
    search.refused("--journal @j", "line 4: no trial of this search");
    let record = journal.lines().nth(1).unwrap().replace("\"point\":[", "\"point\":[0.5,");
    fs::write(search.path("j"), journal + &record + "\n").unwrap();
    search.refused("--journal @j", "line 4: no trial of this search");
    search.refused("--journal @run.toml", "run.toml, line 1: not a journal");
    fs::write(search.path("x"), "precious").unwrap();
    search.refused("--journal @x", "not a journal");
    assert_eq!(fs::read_to_string(search.path("x")).unwrap(), "precious");
    search.refused("--journal /no/such/folder/j", "/no/such/folder/j");
    search.refused("--optimizer lbfgs", "lbfgs");
    search.refused("--metric rmse", "no rmse: the loss is one of classes; --task regression");
    // What is wrong with the configuration is said before any trial, not once per trial.
    search
        .refused("--optimizer sgd", "no trial can begin, whatever is searched; the first: --momentum does not go with");
    search.refused("--l2 0 --batch-growth seesaw", "no trial can begin");
    search.refused("--metric log-loss", "log_loss");
    search.refused("--trials 0", "--trials");
    search.refused("--eta 2", "--eta belongs to");
    search.refused("--eta 1 --method successive-halving", "--eta");
    search.json("--trials 3 --method successive-halving --journal @h");
    search.refused("--trials 4 --method successive-halving --journal @h", "is of another search");
    fs::write(search.path("space.toml"), "[learning-rate]\nrate = { log = [50, 100] }").unwrap();
    search.refused("--workload linear --steps 500 --trials 2", "the first because: diverged in step ");
    search.refused("--workload linear --steps 500 --trials 2", "simdescent tune lr finds one");
    fs::write(search.path("space.toml"), "[problem]\nloss = { choice = ['hinge', 'squared'] }").unwrap();
    search.refused("", "take a --metric that does not depend on problem.loss");
    fs::write(search.path("space.toml"), "[learning-rate]\nrat = { log = [1e-4, 1] }").unwrap();
    search.refused("", "unknown field `rat`");
}

/// As `train` calls it; the data alone where every trial may have another model.
#[test]
fn a_search_names_the_model_that_it_trains() {
    let search = Search::new();
    let rows: Vec<String> = (0..100).map(|i| format!("{},{}.5", i % 13, 2 * (i % 13))).collect();
    fs::write(search.path("rows.csv"), rows.join("\n")).unwrap();
    let data = format!("csv:{}", search.path("rows.csv"));
    fs::write(search.path("run.toml"), format!("[problem]\ndata = {data:?}\nhidden = [4]\n[fit]\nsteps = 5\n"))
        .unwrap();
    fs::write(search.path("space.toml"), "[learning-rate]\nrate = { log = [1e-3, 1e-1] }\n").unwrap();
    let named = |report: Value| report["workload"].as_str().unwrap().to_owned();
    assert_eq!(named(search.json("--trials 2")), "mlp (squared loss) on rows.csv");
    assert_eq!(named(json(&["train", "--config", &search.path("run.toml")])), "mlp (squared loss) on rows.csv");
    fs::write(search.path("space.toml"), "[problem]\nhidden = { choice = [[4], [8]] }\n").unwrap();
    assert_eq!(named(search.json("--trials 2")), "rows.csv");
}

#[test]
fn equal_choices_have_one_height_in_the_parallel_coordinates() {
    let search = Search::new();
    fs::write(search.path("space.toml"), "[batch]\nbatch-size = { choice = [16, 32, 48] }\n").unwrap();
    search.json("--trials 9 --page @page.html");
    let page = fs::read_to_string(search.path("page.html")).unwrap();
    let section = page.split_once("<section id=\"coordinates\">").unwrap().1.split_once("</section>").unwrap().0;
    // A line of a trial begins at its choice, and says which it is.
    let starts: BTreeSet<(&str, &str)> = section
        .split(" d=\"")
        .filter_map(|line| {
            let (start, text) = line.split_once("\"><title>")?;
            let height = start.split(['h', 'v', 'l']).next()?;
            Some((text.split_once("batch-size ")?.1.split_once("</title>")?.0, height))
        })
        .collect();
    assert_eq!(starts.len(), 3, "{starts:?}");
}
