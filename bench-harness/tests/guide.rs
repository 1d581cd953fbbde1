//! Every command of docs/tuning.md, in order, in an empty directory: it has to work and to print what the guide quotes.

use std::path::Path;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_simdescent");

/// A fenced block: its language, its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks = vec![];
    let mut open: Option<Block> = None;
    for line in guide.lines() {
        open = match (open, line.strip_prefix("```")) {
            (None, None) => None,
            (None, Some(language)) => Some(Block { language: language.to_owned(), lines: vec![] }),
            (Some(block), Some(_)) => {
                blocks.push(block);
                None
            }
            (Some(mut block), None) => {
                block.lines.push(line.to_owned());
                Some(block)
            }
        };
    }
    assert!(open.is_none(), "the last block is not closed");
    blocks
}

/// Whether the line has the parts between the `…` of the pattern, in this order, and nothing before the first or behind the last.
fn matches(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (pattern.trim(), line.trim());
    let Some((first, rest)) = pattern.split_once('…') else { return pattern == line };
    let Some(mut line) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('…').collect();
    let (last, middle) = parts.split_last().expect("split gives at least one part");
    for part in middle {
        let Some((_, after)) = line.split_once(part) else { return false };
        line = after;
    }
    line.ends_with(last)
}

/// The lines of the guide stand in the output in their order; `…` alone stands for any number of lines.
fn missing<'q>(quoted: &'q [String], output: &str) -> Option<&'q str> {
    let mut lines = output.lines();
    let mut wanted = quoted.iter().map(String::as_str).filter(|line| !["", "…"].contains(&line.trim()));
    wanted.find(|pattern| !lines.any(|line| matches(pattern, line)))
}

fn run(line: &str, directory: &Path) -> Output {
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("simdescent"), "a command of the guide: {line}");
    assert!(!line.contains(['"', '\'', '|', '>', '\\', '$']), "the test has no shell: {line}");
    Command::new(PROGRAM).args(words).current_dir(directory).output().expect("the program starts")
}

#[test]
fn every_command_works_and_prints_what_the_guide_quotes() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let guide = std::fs::read_to_string(docs.join("tuning.md")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("docs")).unwrap();
    std::fs::copy(docs.join("houses.csv"), directory.path().join("docs/houses.csv")).unwrap();
    let mut output = String::new();
    let mut commands = 0;
    for Block { language, lines } in blocks(&guide) {
        match language.as_str() {
            "toml" => {
                let name = lines[0].strip_prefix("# ").expect("the first line of a file is its name");
                std::fs::write(directory.path().join(name), lines.join("\n")).unwrap();
            }
            "sh" => {
                for line in &lines {
                    let done = run(line, directory.path());
                    let errors = String::from_utf8_lossy(&done.stderr);
                    assert!(done.status.success(), "{line}\n{errors}");
                    output = String::from_utf8(done.stdout).unwrap();
                    commands += 1;
                }
            }
            "text" => {
                if let Some(line) = missing(&lines, &output) {
                    panic!("the guide quotes\n{line}\nbut the command prints\n{output}");
                }
            }
            other => panic!("a block of language {other:?}"),
        }
    }
    assert!(commands > 20, "{commands} commands");
}

#[test]
fn a_quotation_is_compared() {
    assert!(matches("rmse … 20.3", "  rmse     22.2   20.3"));
    assert!(!matches("rmse … 20.3", "rmse     22.2   20.4"));
    assert!(!matches("rmse … 20", "rmse     22.2   20.3"));
    assert!(!matches("a…b…c", "a c b"));
    let quoted = ["one".to_owned(), "…".to_owned(), "three".to_owned()];
    assert_eq!(missing(&quoted, "one\ntwo\nthree\n"), None);
    assert_eq!(missing(&quoted, "three\none\n"), Some("three"));
}
