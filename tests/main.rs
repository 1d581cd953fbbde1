//! Whole training runs, and the sources themselves: one binary, because each takes seconds to compile and link, and tests of one
//! binary run side by side.

mod batch_invariant;
#[cfg(feature = "checkpoints")]
mod checkpoint;
mod evaluation;
#[cfg(feature = "checkpoints")]
mod fit;
mod gradient_noise;
mod import_circles;
mod lbfgs;
mod losses;
mod penalties;
mod reference_example;
mod ridge;
mod sparse;
mod target_scaling;
mod trajectory;

/// A file that is no module here would be compiled by nobody.
#[test]
fn every_file_is_a_module() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let known =
            ["main", "no_allocation"].contains(&name) || include_str!("main.rs").contains(&format!("mod {name};\n"));
        assert!(known || file.extension().is_none_or(|e| e != "rs"), "{name} is no module of main.rs");
    }
}
