//! A package of its own for `benches/kernels.rs`, which counts instructions, so that nothing else builds gungraun. gungraun is the
//! present name of what was iai-callgrind.
