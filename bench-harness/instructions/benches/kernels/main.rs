//! Instructions of one call of each kernel at a fixed size, on the instruction sets that valgrind can run: `.ci/instruction-gate`.
//!
//! The instruction set is forced here, because gungraun clears the environment. Data is made, and packing buffers are taken, before
//! counting begins.

#![allow(missing_docs, unreachable_pub)] // what the macros of gungraun make

mod layers;
mod losses;
mod optimizers;
mod products;

use gungraun::prelude::*;
use gungraun::{Callgrind, main};
use simdescent_kernels::loss::{Absolute, Hinge, Huber, Logistic, Poisson, Quantile, Squared, SquaredHinge};
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, Adamax, AmsGrad, Averaging, CenteredRmsProp, CoupledDecay, DecoupledDecay, Lion, Momentum,
    NAdam, Nesterov, RmsProp, ScheduleFree, ScheduleFreeOptions, Sgd,
};
use simdescent_kernels::{Exec, Isa, Par, activation::Activation, math};

/// One call of a kernel, on its own data.
type Call = Box<dyn FnMut()>;

/// Numbers in a vector: whole registers, and a tail.
const N: usize = 4099;

/// After a first call, which takes buffers.
fn ready(mut call: impl FnMut() + 'static) -> Call {
    call();
    Box::new(call)
}

/// The same numbers in [−1, 1) each time.
fn data(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 7919 % 2048) as f32 / 1024.0 - 1.0).collect()
}

macro_rules! kernels {
    ($($name:ident = $prepare:expr;)+) => {
        mod calls {
            use super::*;

            $(pub(super) fn $name(isa: &str) -> Call {
                let prepare: fn(Exec<'static>) -> Call = $prepare;
                prepare(Exec::new(Isa::from_name(isa).expect("an instruction set that valgrind can run"), Par::Seq))
            })+
        }
        $(
            #[library_benchmark]
            #[bench::scalar(calls::$name("scalar"))]
            #[bench::avx2(calls::$name("avx2"))]
            fn $name(mut call: Call) -> Call {
                call();
                call
            }
        )+
        library_benchmark_group!(name = counted, benchmarks = [$($name),+]);
    };
}

kernels! {
    // A slower `dot`: the gate has to see it.
    planted_slowdown = products::slower_dot;
    dot = products::dot;
    dot_f64 = products::dot_f64;
    nrm2 = |exec| products::reduction(exec, simdescent_kernels::nrm2);
    asum = |exec| products::reduction(exec, simdescent_kernels::asum);
    amax = |exec| products::reduction(exec, simdescent_kernels::amax);
    axpy = products::axpy;
    scale = products::scale;
    gemv = products::gemv;
    gemv_t = products::gemv_t;
    gemm = |exec| products::gemm::<f32>(exec, 64, 96, 300);
    gemm_f64 = |exec| products::gemm::<f64>(exec, 64, 96, 300);
    gemm_small = |exec| products::gemm::<f32>(exec, 8, 8, 8);
    gemm_few_rows = |exec| products::gemm::<f32>(exec, 4, 96, 300);
    gemm_prepacked = products::gemm_prepacked;
    gemm_bias_activation = products::gemm_bias_activation;
    gemm_activation_gradient = products::gemm_activation_gradient;
    gemm_update = products::gemm_update;
    step_by_strips = products::step_by_strips;
    csr_gemm = layers::csr_gemm;
    csr_gemm_t = layers::csr_gemm_t;
    row_norms = layers::row_norms;
    row_norms_sparse = layers::row_norms_sparse;
    per_example_norms = layers::per_example_norms;
    second_moments = layers::second_moments;
    exp = |exec| layers::function(exec, math::exp_in_place);
    expm1 = |exec| layers::function(exec, math::expm1_in_place);
    log = |exec| layers::function(exec, math::log_in_place);
    log1p = |exec| layers::function(exec, math::log1p_in_place);
    tanh = |exec| layers::function(exec, math::tanh_in_place);
    sigmoid = |exec| layers::function(exec, math::sigmoid_in_place);
    softplus = |exec| layers::function(exec, math::softplus_in_place);
    gelu = |exec| layers::function(exec, math::gelu_in_place);
    gelu_derivative = |exec| layers::function(exec, math::gelu_derivative_in_place);
    bias_relu = |exec| layers::bias_activation(exec, Activation::Relu);
    bias_tanh = |exec| layers::bias_activation(exec, Activation::Tanh);
    activation_gradient = layers::activation_gradient;
    squared = |exec| losses::pointwise(exec, Squared);
    absolute = |exec| losses::pointwise(exec, Absolute);
    huber = |exec| losses::pointwise(exec, Huber { delta: 1.0 });
    quantile = |exec| losses::pointwise(exec, Quantile { tau: 0.9 });
    logistic = |exec| losses::pointwise(exec, Logistic);
    hinge = |exec| losses::pointwise(exec, Hinge);
    squared_hinge = |exec| losses::pointwise(exec, SquaredHinge);
    poisson = |exec| losses::pointwise(exec, Poisson);
    softmax_few_classes = |exec| losses::softmax(exec, 410, 10);
    softmax_many_classes = |exec| losses::softmax(exec, 4, 1000);
    linear_loss_and_gradient = losses::linear;
    linear_sparse = losses::linear_sparse;
    linear_sgd_epoch = losses::sgd_epoch;
    softmax_regression = losses::softmax_regression;
    sgd = |exec| optimizers::step(exec, Sgd { learning_rate: 1e-3 });
    momentum = |exec| optimizers::step(exec, Momentum { learning_rate: 1e-3, momentum: 0.9 });
    nesterov = |exec| optimizers::step(exec, Nesterov { learning_rate: 1e-3, momentum: 0.9 });
    adagrad = |exec| optimizers::step(exec, AdaGrad { learning_rate: 1e-3, epsilon: 1e-8 });
    rmsprop = |exec| {
        optimizers::step(exec, RmsProp { learning_rate: 1e-3, decay: Averaging::new(0.9), epsilon: 1e-8 })
    };
    centered_rmsprop = |exec| {
        optimizers::step(exec, CenteredRmsProp { learning_rate: 1e-3, decay: Averaging::new(0.9), epsilon: 1e-8 })
    };
    adadelta = |exec| {
        optimizers::step(exec, AdaDelta { learning_rate: 1e-3, decay: Averaging::new(0.9), epsilon: 1e-8 })
    };
    adam = |exec| optimizers::step(exec, optimizers::adam());
    adam_l2 = |exec| optimizers::step(exec, CoupledDecay { lambda: 1e-4, rule: optimizers::adam() });
    adam_all_transforms = |exec| optimizers::step(exec, optimizers::adam_with_transforms());
    adamw = |exec| optimizers::step(exec, DecoupledDecay { rate: 1e-8, rule: optimizers::adam() });
    amsgrad = |exec| optimizers::step(exec, AmsGrad::at_step(1000, 1e-3, 0.9, 0.999, 1e-8));
    adamax = |exec| optimizers::step(exec, Adamax::at_step(1000, 1e-3, 0.9, 0.999, 1e-8));
    nadam = |exec| optimizers::step(exec, NAdam::at_step(1000, &mut 0.0, 1e-3, 0.9, 0.999, 1e-8));
    lion = |exec| {
        let (beta1, beta2) = (Averaging::new(0.9), Averaging::new(0.99));
        optimizers::step(exec, Lion { learning_rate: 1e-3, beta1, beta2 })
    };
    schedule_free = |exec| {
        let options = ScheduleFreeOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
        optimizers::step(exec, ScheduleFree::at_step(1000, &mut 1e-9, 1e-3, options))
    };
    clip_factor = optimizers::clip_factor;
}

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = counted
);
