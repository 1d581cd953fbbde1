//! The program as a user meets it: one binary, because each takes seconds to link, and tests of one binary run side by side.

mod bench;
mod browser;
mod cli;
mod command;
mod compare;
mod csv;
mod data;
mod diff;
mod evaluate;
mod guide;
mod limits;
mod optimizers;
mod outputs;
mod page;
mod predict;
mod records;
mod regression;
mod resampling;
mod resume;
mod rooms;
mod search;
mod stream;
mod suspicions;
mod targets;
mod train;
mod tuning;

/// A file that is no module here would be compiled by nobody.
#[test]
fn every_file_is_a_module() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let known = ["main"].contains(&name) || include_str!("main.rs").contains(&format!("mod {name};\n"));
        assert!(known || file.extension().is_none_or(|e| e != "rs"), "{name} is no module of main.rs");
    }
}
