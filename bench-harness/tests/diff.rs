//! `diff` as a user meets it.

use crate::command::{json, refused, simdescent, text};
use std::fs;

const TRAIN: [&str; 9] = ["train", "--workload", "mlp", "--optimizer", "adam", "--rate", "0.01", "--steps", "40"];

#[test]
fn checkpoints_differ_in_fields_or_bits() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (a, same, other, broken) = (path("a"), path("same"), path("other"), path("broken"));
    for (file, more) in
        [(&a, &["--seed", "1"][..]), (&same, &["--seed", "1", "--threads", "2"]), (&other, &["--seed", "2"])]
    {
        json(&[&TRAIN[..], more, &["--save", file]].concat());
    }
    let equal = simdescent(&["diff", &a, &same]);
    assert!(equal.status.success() && text(&equal.stdout).ends_with("equal bits\n"), "{}", text(&equal.stdout));

    let seeds = simdescent(&["diff", &a, &other]);
    let said = text(&seeds.stdout);
    assert!(seeds.status.code() == Some(1) && said.contains("settings.seed: 1 and 2"), "{said}");
    assert!(!said.contains("run again"), "other specifications are not run again: {said}");

    // The last number of the file, with another last bit.
    let mut bytes = fs::read(&a).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let names: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    let name = names.as_object().unwrap().keys().find(|name| name.contains("parameters")).unwrap().clone();
    let start = 8 + header + names[&name]["data_offsets"][0].as_u64().unwrap() as usize;
    bytes[start + 4] ^= 1;
    fs::write(&broken, bytes).unwrap();
    let one = simdescent(&["diff", &a, &broken]);
    let said = text(&one.stdout);
    assert_eq!(one.status.code(), Some(1), "{said}{}", text(&one.stderr));
    assert!(said.contains("parameters: 1 of ") && said.contains("first at element 1"), "{said}");
    assert!(said.contains("here give A; what made B is not on this machine"), "{said}");
    let quiet = simdescent(&["diff", &a, &broken, "--no-run"]);
    assert!(!text(&quiet.stdout).contains("run again"));

    // One file, on two numbers of threads.
    let threads = simdescent(&["diff", &a, "--isa", "scalar", "--threads", "1,2"]);
    let said = text(&threads.stdout);
    assert!(threads.status.success() && said.matches("the bits of the file").count() == 2, "{said}");
    refused(&["diff", &a, "--isa", "scalar"], "nothing to compare");
    refused(&["diff", &a, "--isa", "mmx"], "unknown instruction set");
    refused(&["diff", &a, dir.path().to_str().unwrap()], "have nothing to compare");
}
