//! A package of its own for `benches/speed`, which is what `cargo bench` runs, so that no test builds criterion.
