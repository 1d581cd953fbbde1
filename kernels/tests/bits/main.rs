//! Every kernel against [`simdescent_kernels::reference`], bit by bit: on every instruction set of this CPU, with
//! every number of threads, for `f32` and `f64`, on sizes around every boundary. And whether any allocates, or leaves its slices.
//!
//! One binary, because each compiles every kernel for every instruction set again.

/// Makes a test for `f32` and one for `f64` of each generic function `fn check<T: Real>()`.
macro_rules! for_f32_and_f64 {
    ($($check:ident),+ $(,)?) => {
        mod single {
            $(#[test]
            fn $check() {
                super::$check::<f32>();
            })+
        }
        mod double {
            $(#[test]
            fn $check() {
                super::$check::<f64>();
            })+
        }
    };
}

mod batch_invariance;
mod compare;
mod csr_gemm;
mod double_double;
mod execs;
mod gemm;
mod gemm_fused;
mod gemm_large;
mod gemm_paths;
mod gemv;
mod golden;
#[cfg(all(target_os = "linux", not(miri)))]
mod guard_pages;
mod inputs;
mod layout;
mod level1;
mod linear;
mod loss;
mod loss_properties;
mod math;
mod math_accuracy;
mod no_allocation;
mod optimizer;
mod optimizer_layers;
mod optimizer_limits;
mod optimizer_matrices;
mod optimizer_properties;
mod optimizer_rules;
mod panics;
mod per_example;
mod softmax;
