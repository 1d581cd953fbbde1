//! Who may use whom among the folders of the harness, and what only the command line may know of.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder (or file) may use those in the lines below its own.
const LAYERS: [&[&str]; 13] = [
    &["cli"],
    &["commands"],
    &["report"],
    &["comparison"],
    &["difference"],
    &["study", "timing"],
    &["search"],
    &["verification"],
    &["training"],
    &["options"],
    &["problem"],
    &["environment", "journal"],
    &["base"],
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// (room, path, text) of every source file but `main.rs`, `lib.rs` and the list of schemas.
fn files() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    sources(&root, &mut paths);
    let file = |path: PathBuf| {
        let below = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let room = below.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        (room, below, fs::read_to_string(&path).unwrap())
    };
    let all = paths.into_iter().map(file);
    all.filter(|(room, ..)| !["main", "lib", "schema"].contains(&room.as_str())).collect()
}

fn layer(room: &str) -> usize {
    LAYERS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} has no place in LAYERS"))
}

/// The rooms that a text names after `crate::`.
fn used(text: &str) -> impl Iterator<Item = &str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1)).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn rooms_use_only_those_below_them() {
    for (room, path, text) in files() {
        for other in used(&text).filter(|other| !other.is_empty() && *other != room) {
            assert!(layer(other) > layer(&room), "{path} uses crate::{other}, which is not below {room}");
        }
    }
}

#[test]
fn only_the_command_line_has_arguments_and_prints() {
    for (room, path, text) in files() {
        let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let has = |what: &str| code.iter().any(|line| line.contains(what));
        if !["cli", "commands", "options"].contains(&room.as_str()) {
            assert!(!has("clap::Args") && !has("{Args") && !has("Parser"), "{path} has arguments of a command line");
        }
        if !["cli", "commands"].contains(&room.as_str()) {
            assert!(
                !has("io::stdout") && !has("io::stderr") && !has("indicatif"),
                "{path} prints: that is for commands"
            );
        }
        // These panic where nothing can be written.
        assert!(!has("println!") && !has("print!("), "{path}: commands/print.rs prints");
    }
}
