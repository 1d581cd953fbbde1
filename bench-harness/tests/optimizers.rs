//! Every optimizer of the library can be swept.

use simdescent::Rule;
use std::fs;
use std::process::Command;

#[test]
fn every_optimizer_can_be_swept_and_learns_in_its_usual_rates() {
    let dir = tempfile::tempdir().unwrap();
    let names = Rule::ALL.map(Rule::name);
    assert_eq!(names.len(), 17);
    let study = dir.path().join("study.toml");
    let text = "name = 'all'\noptimizers = []\nbatch-sizes = [64]\ntargets = [0.3]\nrepeats = 1\n[tuning]\npoints = 5\nseeds = 1\n\
        [[workloads]]\nproblem = { workload = 'mixture' }\nloss-on = 'training'\nbudget-samples = 20_000\n";
    fs::write(&study, text.replace("[]", &format!("{names:?}"))).unwrap();
    let out = dir.path().join("out");
    let output = Command::new(env!("CARGO_BIN_EXE_simdescent"))
        .args(["sweep", "--no-throughput", "--study", study.to_str().unwrap(), "--out", out.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = fs::read_to_string(out.join("convergence.jsonl")).unwrap();
    let records: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for rule in Rule::ALL {
        let name = serde_json::to_value(rule).unwrap();
        let tag = name.as_str().map(str::to_owned);
        let tag = tag.or_else(|| name.as_object().and_then(|o| o.keys().next().cloned())).unwrap();
        let own = records.iter().map(|line| &line["record"]).filter(|record| {
            let rule = &record["specification"]["settings"]["rule"];
            rule.as_str() == Some(&tag) || rule.get(&tag).is_some()
        });
        let outcomes: Vec<_> = own.map(|record| record["outcome"].as_str().unwrap().to_owned()).collect();
        assert!(outcomes.len() >= 6, "{}: {outcomes:?}", rule.name());
        assert!(outcomes.iter().any(|outcome| outcome == "complete"), "{}: {outcomes:?}", rule.name());
    }
}
