//! A package of its own for `benches/kernels.rs`, which counts instructions, so that nothing else builds gungraun (the present name of what
//! was iai-callgrind), and for `examples/assembly.rs`, so that its feature is none of the kernels: these are compiled once.
