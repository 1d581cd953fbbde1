//! Every command of README.md and of the pages in docs/, in order, in an empty directory: it has to work and to print what the page
//! quotes. What depends on the machine is compared by its form. Quoted Rust has to be part of an example that is tested elsewhere.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_simdescent");

/// The columns of a table that depend on the machine.
const MEASURED: [&str; 4] = ["samples/s", "time to target", BY_FIT, "measured"];
/// One of them, which is left out where times lie on no line that a batch size follows from.
const BY_FIT: &str = "B* by fit";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md and the pages in docs/.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.push(root().join("README.md"));
    pages
}

/// A fenced block: its language, its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = vec![];
    let mut open: Option<Block> = None;
    for line in page.lines() {
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

/// A cell of a table, or of its header: the columns of characters that it takes, and its text.
type Cell<'a> = (Range<usize>, &'a str);

/// The cells of a table's line, which are at least two spaces apart, without the marks before it, which are the machine's.
fn cells(line: &str) -> Vec<Cell<'_>> {
    let mut cells = vec![];
    let mut start = 0;
    for piece in line.split("  ") {
        let text = piece.trim_start_matches(['*', '=', ' ']);
        let first = start + piece.chars().count() - text.chars().count();
        start += piece.chars().count() + 2;
        if !text.trim().is_empty() {
            cells.push((first..first + text.trim_end().chars().count(), text.trim_end()));
        }
    }
    cells
}

/// Whether this is the header of a table with columns that depend on the machine.
fn is_header(cells: &[Cell<'_>]) -> bool {
    cells.iter().any(|(_, name)| MEASURED.contains(name))
}

/// What stands below this cell of the header: columns are aligned left or right.
fn below<'a>(header: &Cell<'_>, row: &[Cell<'a>]) -> Option<&'a str> {
    let wanted = &header.0;
    row.iter().find(|(place, _)| place.start < wanted.end && wanted.start < place.end).map(|(_, text)| *text)
}

/// The columns that every machine prints.
fn names<'a>(header: &'a [Cell<'a>]) -> impl Iterator<Item = &'a str> {
    header.iter().map(|(_, name)| *name).filter(|name| *name != BY_FIT)
}

/// Whether two lines of tables with these headers agree.
fn rows_match(
    (quoted_header, quoted): (&[Cell<'_>], &[Cell<'_>]),
    (printed_header, printed): (&[Cell<'_>], &[Cell<'_>]),
) -> bool {
    quoted_header.iter().all(|header| {
        let name = header.1;
        let there = printed_header.iter().find(|other| other.1 == name);
        match (below(header, quoted), there.and_then(|header| below(header, printed))) {
            (Some(a), Some(b)) if MEASURED.contains(&name) => {
                is_measured(a) && is_measured(b) && is_time(a) == is_time(b)
            }
            (_, None) if name == BY_FIT => true,
            (a, b) => a == b,
        }
    })
}

/// A cell without its interval.
fn value(cell: &str) -> &str {
    cell.split('[').next().expect("split gives at least one part").trim_end()
}

fn is_time(cell: &str) -> bool {
    value(cell).ends_with('s')
}

/// A number with an SI prefix and perhaps the unit s, and perhaps an interval.
fn is_measured(cell: &str) -> bool {
    value(cell).trim_end_matches('s').trim_end_matches(['n', 'µ', 'm', 'k', 'M', 'G']).trim_end().parse::<f64>().is_ok()
}

/// The first quoted line that does not stand in the output, in the order of the quotation; `…` alone stands for any number of lines.
fn missing<'q>(quoted: &'q [String], output: &str) -> Option<&'q str> {
    let mut lines = output.lines();
    let (mut quoted_header, mut printed_header) = (vec![], vec![]);
    let mut wanted = quoted.iter().map(String::as_str).filter(|line| !["", "…"].contains(&line.trim()));
    wanted.find(|pattern| {
        let pattern_cells = cells(pattern);
        if is_header(&pattern_cells) {
            let header = lines.by_ref().map(cells).find(|printed| names(&pattern_cells).eq(names(printed)));
            quoted_header = pattern_cells;
            printed_header = header.unwrap_or_default();
            return printed_header.is_empty();
        }
        let is_row = !quoted_header.is_empty() && pattern_cells.len() >= quoted_header.len();
        !lines.any(|line| match is_row {
            true => rows_match((&quoted_header, &pattern_cells), (&printed_header, &cells(line))),
            false => matches(pattern, line),
        })
    })
}

/// Runs a command of a page; not what would build the workspace again.
fn run(line: &str, directory: &Path) -> Option<Output> {
    let line = line.split(" #").next().expect("split gives at least one part").trim();
    if ["cargo test", "cargo bench", "cargo run --release --features"].iter().any(|command| line.starts_with(command)) {
        return None;
    }
    let arguments = line.strip_prefix("simdescent ").or_else(|| line.strip_prefix("cargo run --release -- "));
    let arguments = arguments.unwrap_or_else(|| panic!("an unknown kind of command: {line}"));
    assert!(!arguments.contains(['"', '\'', '|', '>', '\\', '$']), "the test has no shell: {line}");
    if arguments == "sweep" {
        return None; // a minute with optimization: the gate does it
    }
    let mut command = Command::new(PROGRAM);
    command.env_remove("CLICOLOR_FORCE"); // colors are in no quotation
    if arguments.starts_with("sweep ") {
        command.env_remove("SIMDESCENT_ISA"); // without SIMD it takes a minute; tests/cli.rs compares sweeps on each
    }
    Some(command.args(arguments.split_whitespace()).current_dir(directory).output().expect("the program starts"))
}

/// Does what the page says and returns the number of commands.
fn follow(path: &Path) -> usize {
    let page = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().display();
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("docs")).unwrap();
    fs::copy(root().join("docs/houses.csv"), directory.path().join("docs/houses.csv")).unwrap();
    let mut output = String::new();
    let mut commands = 0;
    for Block { language, lines } in blocks(&page) {
        match language.as_str() {
            "toml" => {
                let file = lines[0].strip_prefix("# ").expect("the first line of a file is its name");
                fs::write(directory.path().join(file), lines.join("\n")).unwrap();
            }
            "sh" => {
                for line in &lines {
                    let Some(done) = run(line, directory.path()) else { continue };
                    let errors = String::from_utf8_lossy(&done.stderr);
                    assert!(done.status.success(), "{name}: {line}\n{errors}");
                    output = String::from_utf8(done.stdout).unwrap();
                    commands += 1;
                }
            }
            "text" => {
                if let Some(line) = missing(&lines, &output) {
                    panic!("{name} quotes\n{line}\nbut the command prints\n{output}");
                }
            }
            "rust" => assert!(
                is_in_an_example(&lines),
                "{name} quotes Rust that is in no tested example:\n{}",
                lines.join("\n")
            ),
            "python" => {} // how the sample data was made
            other => panic!("{name}: a block of language {other:?}"),
        }
    }
    pictures(path, &page, directory.path());
    commands
}

/// Every picture of a page is what a command of it draws: the same texts and shapes, though not the same pixels.
/// `SIMDESCENT_WRITE_PICTURES=1` keeps what was drawn.
fn pictures(path: &Path, page: &str, directory: &Path) {
    for link in page.split("![").skip(1).filter_map(|rest| rest.split_once("](")?.1.split(')').next()) {
        let kept = path.parent().unwrap().join(link);
        let drawn = directory.join("docs").join(kept.file_name().unwrap());
        let drawn =
            fs::read_to_string(&drawn).unwrap_or_else(|e| panic!("{}: no command draws {link}: {e}", path.display()));
        if std::env::var_os("SIMDESCENT_WRITE_PICTURES").is_some() {
            fs::write(&kept, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&kept).unwrap();
        assert_eq!(structure(&kept), structure(&drawn), "{}: {link} is not what is drawn now", path.display());
        assert!(kept.len() < 20_000, "{link} has {} bytes", kept.len());
    }
}

/// The tags of a picture with their classes, and its texts; no places.
fn structure(svg: &str) -> Vec<String> {
    let svg = svg.split_once("</style>").map_or(svg, |(_, rest)| rest);
    let mut parts = vec![];
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        let class = tag.split_once("class=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
        let symbol = tag.split_once("href=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
        parts.push(format!("{name} {class} {symbol} {}", text.trim()));
    }
    parts
}

/// Whether the lines stand in the examples of one source file of the libraries, in their order; such examples are tests.
fn is_in_an_example(lines: &[String]) -> bool {
    let mut folders = vec![root().join("src"), root().join("kernels/src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let mut documentation =
                source.lines().filter_map(|line| ["///", "//!"].iter().find_map(|mark| line.strip_prefix(mark)));
            let mut wanted = lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty());
            if wanted.all(|line| documentation.any(|d| d.strip_prefix(' ') == Some(line))) {
                return true;
            }
        }
    }
    false
}

#[test]
fn the_readme_says_what_the_program_prints() {
    assert!(follow(&root().join("README.md")) > 3);
}

#[test]
fn the_guide_says_what_the_program_prints() {
    assert!(follow(&root().join("docs/tuning.md")) > 20);
}

#[test]
fn the_other_pages_say_what_the_program_prints() {
    let others = pages().into_iter().filter(|path| !path.ends_with("tuning.md") && !path.ends_with("../README.md"));
    assert!(others.map(|path| follow(&path)).sum::<usize>() > 10);
}

#[test]
fn links_lead_to_files() {
    let more = ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench-harness/PROTOCOL.md"]
        .map(|name| root().join(name));
    for path in pages().into_iter().chain(more) {
        let page = fs::read_to_string(&path).unwrap();
        for link in page.split("](").skip(1).map(|rest| rest.split([')', '#']).next().expect("a part")) {
            let leads = link.is_empty() || link.contains("://") || path.parent().unwrap().join(link).exists();
            assert!(leads, "{}: {link}", path.display());
        }
    }
}

#[test]
fn pictures_are_compared_by_what_they_show() {
    let one = "<svg viewBox=\"0 0 9 9\"><path class=\"l\" d=\"M1 2\"/><text x=\"1\">a</text></svg>";
    assert_eq!(structure(one), structure(&one.replace("M1 2", "M1 3")));
    for (from, to) in [("class=\"l\"", "class=\"d\""), (">a<", ">b<"), ("<text x=\"1\">a</text>", "")] {
        assert_ne!(structure(one), structure(&one.replace(from, to)), "{to}");
    }
}

#[test]
fn a_quotation_is_compared() {
    assert!(matches("rmse … 20.3", "  rmse     22.2   20.3"));
    assert!(!matches("rmse … 20.3", "rmse     22.2   20.4"));
    assert!(!matches("rmse … 20", "rmse     22.2   20.3"));
    assert!(!matches("a…b…c", "a c b"));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let quoted = lines("one\n…\nthree");
    assert_eq!(missing(&quoted, "one\ntwo\nthree\n"), None);
    assert_eq!(missing(&quoted, "three\none\n"), Some("three"));

    let header = "  batch  samples/s  steps    time to target    loss";
    let quoted = lines(&format!("{header}\n      8      1.20M  3.74k   1.5 ms [1.4, 2]  0.5275"));
    let printed = |row: &str| format!("{header}\n      1        1 k      1               1 s       1\n{row}\n");
    assert_eq!(missing(&quoted, &printed("=     8       987k  3.74k    15 µs [13, ∞]  0.5275")), None);
    for other in [
        "      8      1.20M  3.75k   1.5 ms [1.4, 2]  0.5275",
        "      8      1.20M  3.74k   1.5 ms [1.4, 2]  0.5276",
        "      8      1.20M  3.74k             1.5 k  0.5275",
        "      8      1.20M  3.74k       not reached  0.5275",
        "      8      1.20M  3.74k                    0.5275",
    ] {
        assert_eq!(missing(&quoted, &printed(other)), Some(&*quoted[1]), "{other}");
    }

    let quoted = lines("optimizer  B_crit  B* by fit  measured\nsgd          48.0       32.6        16");
    for (printed, wrong) in [
        ("optimizer  B_crit  B* by fit  measured\nsgd          48.0       1.2k         8", None),
        ("optimizer  B_crit  B* by fit  measured\nsgd          48.0                    8", None),
        ("optimizer  B_crit  measured\nsgd          48.0        64", None),
        ("optimizer  B_crit  measured\nsgd          48.1        64", Some(1)),
        ("optimizer  B_crit  measured\nsgd          48.0", Some(1)),
        ("optimizer  B_crit  B* by fit\nsgd          48.0       32.6", Some(0)),
        ("optimizer  B_crit  B* by fit  measured\nsgd                     32.6        16", Some(1)),
    ] {
        assert_eq!(missing(&quoted, printed), wrong.map(|line: usize| &*quoted[line]), "{printed}");
    }
}

#[test]
fn a_quotation_of_rust_is_part_of_an_example() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(is_in_an_example(&lines("let team = Team::new(2)?;\n\nlet x = vec![0.1f32; 100_000];")));
    assert!(!is_in_an_example(&lines("let x = vec![0.1f32; 100_000];\nlet team = Team::new(2)?;")));
}
