//! How fast kernels and training steps are, with criterion: `cargo bench` in the root.
//!
//! All groups are in one program, which is compiled and linked once. It takes every flag of criterion (`cargo bench -- --help`); the
//! first argument without a dash is a filter on names such as `gemm/f32, avx512/256 × 256 × 256`. Afterwards one table says how
//! near each row comes to what this machine allows (`simdescent_measure::roofline`).
//!
//! Elements are what a row counts by: floating-point operations of products, samples of training steps and linear models, numbers
//! elsewhere. Bytes are those that have to be read and written at least, with `f32` unless a name says otherwise.

mod gemm;
mod gemv;
mod level1;
mod linear;
mod loss;
mod math;
mod optimizer;
mod per_example;
mod session;
mod summary;
mod train_step;

use session::Session;

fn main() {
    sigpipe::reset(); // `cargo bench -- --list | head` ends quietly
    let mut session = Session::from_args();
    gemm::group(&mut session);
    gemv::group(&mut session);
    level1::group(&mut session);
    math::group(&mut session);
    loss::group(&mut session);
    optimizer::group(&mut session);
    linear::group(&mut session);
    per_example::group(&mut session);
    train_step::group(&mut session);
    session.finish();
}
