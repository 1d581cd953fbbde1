//! What is timed, by `simdescent bench` and by the benches: kernels and training steps, and the same by others.

pub mod arguments;
pub mod cases;
pub mod contest;
pub mod peers;
pub mod products;
