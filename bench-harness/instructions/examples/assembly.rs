//! Every kernel, for both element types, on every instruction set: a program to be disassembled.
//!
//! `.ci/assembly-gate` builds it and reads the machine code. Dispatch happens at run time, so the code of every
//! instruction set is in the binary whether or not this CPU has it. Running it is only a smoke test.

use simdescent_kernels::activation::{Activation, activation_gradient_in_place, bias_activation_in_place};
use simdescent_kernels::gemm::{
    ActivationGradient, BiasActivation, Prepacked, Update, gemm_fused, gemm_prepacked, step_by_strips,
};
use simdescent_kernels::loss::{
    Absolute, ClassTargets, FEW_CLASSES, Hinge, Huber, Logistic, LossOptions, Poisson, Quantile, Reduction,
    SoftmaxOptions, Squared, SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::optimizer::{
    Adafactor, AdafactorOptions, Adam, Averaging, ClipValue, CoupledDecay, DecoupledDecay, FlushState, KeepGradient,
    Lamb, LambOptions, Momentum, MuonMomentum, Scaled, Sgd, SoftThreshold, UpdateRule, clip_factor, fused_step,
    lamb_step, orthogonalize, schedule_free_average,
};
use simdescent_kernels::reference::{ForRule, RuleCase, every_rule};
use simdescent_kernels::{
    Accum, Exec, MatMut, MatRef, Par, Real, amax, asum, axpy, dot, gemm, gemv, gemv_t, isa, linear, math, nrm2, scale,
};
use std::hint::black_box;

/// Enough for whole registers and a tail; opaque where it is used, so that nothing is specialised for this size.
const N: usize = 75;

fn main() {
    for &isa in isa::available() {
        let exec = Exec::new(isa, Par::Seq);
        every_kernel::<f32>(exec);
        every_kernel::<f64>(exec);
    }
}

fn every_kernel<T: Real>(exec: Exec<'_>) {
    vectors::<T>(exec);
    matrices::<T>(exec);
    functions::<T>(exec);
    activations::<T>(exec);
    losses::<T>(exec);
    linear_models::<T>(exec);
    optimizers::<T>(exec);
    every_rule::<T>(&mut OneStep(exec));
}

/// Two vectors, a scalar, and how many elements to use, none of which the compiler may know.
fn inputs<T: Real>() -> (Vec<T>, Vec<T>, T) {
    black_box((vec![T::ONE; N], vec![T::ONE; N], T::ONE))
}

#[inline(never)]
fn vectors<T: Real>(exec: Exec<'_>) {
    let (x, mut y, alpha) = inputs::<T>();
    axpy(exec, alpha, &x, &mut y);
    scale(exec, alpha, &mut y);
    black_box([dot(exec, &x, &y), asum(exec, &x), amax(exec, &x), nrm2(exec, &x)]);
    black_box(y);
}

#[inline(never)]
fn matrices<T: Real>(exec: Exec<'_>) {
    let (a, mut y, alpha) = inputs::<T>();
    let (rows, cols, accum) = black_box((5, 15, Accum::Replace));
    let a = MatRef::new(&a, rows, cols);
    let mut c = vec![T::ZERO; rows * rows];
    gemm(exec, accum, alpha, a, a.t(), MatMut::new(&mut c, rows, rows));
    let packed = Prepacked::new(exec, a.t());
    gemm_prepacked(exec, accum, alpha, a, &packed, MatMut::new(&mut c, rows, rows));
    let forward = BiasActivation { bias: &y[..rows], activation: black_box(Activation::Tanh) };
    gemm_fused(exec, a, a.t(), MatMut::new(&mut c, rows, rows), forward);
    let outputs = c.clone();
    let outputs = MatRef::new(&outputs, rows, rows);
    let backward = ActivationGradient { outputs, activation: black_box(Activation::Tanh) };
    gemm_fused(exec, a, a.t(), MatMut::new(&mut c, rows, rows), backward);
    let (mut m, mut v) = (vec![T::ZERO; rows * rows], vec![T::ZERO; rows * rows]);
    let adam = Adam::at_step(black_box(1), 1e-3, 0.9, 0.999, 1e-8);
    let update = Update::new(adam, (rows, rows), [&mut m, &mut v]);
    gemm_fused(exec, a, a.t(), MatMut::new(&mut c, rows, rows), update);
    step_by_strips(exec, &adam, a, a.t(), &mut c, [&mut m, &mut v]);
    let x = vec![T::ONE; rows + cols];
    gemv(exec, accum, alpha, a, &x[..cols], &mut y[..rows]);
    gemv_t(exec, accum, alpha, a, &x[..rows], &mut y[..cols]);
    black_box((c, y));
}

#[inline(never)]
fn functions<T: Real>(exec: Exec<'_>) {
    let (mut x, ..) = inputs::<T>();
    math::exp_in_place(exec, &mut x);
    math::log_in_place(exec, &mut x);
    math::log1p_in_place(exec, &mut x);
    math::tanh_in_place(exec, &mut x);
    math::sigmoid_in_place(exec, &mut x);
    math::expm1_in_place(exec, &mut x);
    math::softplus_in_place(exec, &mut x);
    math::gelu_in_place(exec, &mut x);
    math::gelu_derivative_in_place(exec, &mut x);
    black_box(x);
}

#[inline(never)]
fn activations<T: Real>(exec: Exec<'_>) {
    let (mut z, bias, _) = inputs::<T>();
    use Activation::{Gelu, Identity, Relu, Sigmoid, Tanh};
    for activation in [Identity, Relu, Tanh, Sigmoid, Gelu] {
        let activation = black_box(activation);
        bias_activation_in_place(exec, activation, MatMut::new(&mut z, 1, N), &bias);
        activation_gradient_in_place(exec, activation, &mut z, &bias);
    }
    black_box(z);
}

#[inline(never)]
fn losses<T: Real>(exec: Exec<'_>) {
    let (mut outputs, targets, parameter) = inputs::<T>();
    let (weights, ..) = inputs::<T>();
    let samples = LossOptions { reduction: black_box(Reduction::Mean), weights: black_box(Some(&*weights)) };
    let tau = parameter * T::HALF;
    black_box(pointwise_in_place(exec, Squared, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, Absolute, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, Huber { delta: parameter }, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, Quantile { tau }, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, Logistic, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, Hinge, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, SquaredHinge, &mut outputs, &targets, samples));
    black_box(pointwise_in_place(exec, Poisson, &mut outputs, &targets, samples));
    for classes in [N, N / FEW_CLASSES] {
        let rows = black_box(1);
        let probabilities = MatRef::new(&targets[..rows * classes], rows, classes);
        for targets in [ClassTargets::Labels(&[0]), ClassTargets::Probabilities(probabilities)] {
            let logits = MatMut::new(&mut outputs[..rows * classes], rows, classes);
            let options = SoftmaxOptions { label_smoothing: black_box(T::ZERO), ..SoftmaxOptions::default() };
            black_box(softmax_cross_entropy_with(exec, logits, black_box(targets), options));
        }
    }
    black_box(outputs);
}

#[inline(never)]
fn linear_models<T: Real>(exec: Exec<'_>) {
    let (x, mut g, rate) = inputs::<T>();
    let (rows, cols) = black_box((5, 15));
    let y = vec![T::ONE; rows];
    let mut w = vec![T::ONE; cols];
    let dense = MatRef::new(&x, rows, cols);
    let (indptr, indices) = black_box((vec![0, 1, 2, 3, 4, 5], vec![0; 5]));
    let sparse = linear::CsrRef::new(cols, &indptr, &indices, &x[..rows]).expect("a valid matrix");
    let epoch = linear::Epoch { order: None, batch_size: black_box(2), learning_rates: &[rate], l2: black_box(rate) };
    let options = black_box(LossOptions::default());
    let g = &mut g[..cols];
    black_box(linear::loss_and_gradient(exec, Squared, dense, &y, options, &w, g));
    black_box(linear::loss_and_gradient(exec, Logistic, dense, &y, options, &w, g));
    black_box(linear::loss_and_gradient(exec, Logistic, sparse, &y, options, &w, g));
    black_box(linear::sgd_epoch(exec, Logistic, dense, &y, epoch, &mut w));
    let mut z = y.clone();
    linear::outputs(exec, dense, &w, &mut z);
    linear::gradient(exec, dense, &z, g);
    linear::outputs(exec, sparse, &w, &mut z);
    linear::gradient(exec, sparse, &z, g);
    let (labels, classes) = black_box((vec![0; rows], 1));
    linear::csr_gemm(exec, sparse, classes, &w, &mut z);
    linear::csr_gemm_t(exec, sparse, classes, &z, g);
    let (delta, accum, bias) = black_box((MatRef::new(&y, rows, classes), Accum::Add, true));
    linear::row_norms(exec, dense, &mut z);
    linear::row_norms(exec, sparse, &mut z);
    linear::per_example_norms(exec, accum, dense, delta, bias, &mut z);
    linear::per_example_norms(exec, accum, sparse, delta, bias, &mut z);
    linear::second_moments(exec, dense, delta, g);
    linear::second_moments(exec, sparse, delta, g);
    let options = SoftmaxOptions::default();
    black_box(linear::softmax_loss_and_gradient(exec, dense, classes, ClassTargets::Labels(&labels), options, &w, g));
    black_box((w, z));
}

#[inline(never)]
fn optimizers<T: Real>(exec: Exec<'_>) {
    let (mut w, g, learning_rate) = inputs::<T>();
    let (mut m, mut v, factor) = inputs::<T>();
    let (t, epsilon) = (black_box(1), factor);
    schedule_free_average(exec, 0.9, &mut w, &m);
    let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
    lamb_step(exec, &Lamb::at_step(t, 1e-3, options), &mut w, &g, [&mut m, &mut v]);
    let (rows, cols) = black_box((5, 15));
    let averages = AdafactorOptions { beta2: Averaging::new(f64::from(black_box(0.5f32))), epsilon };
    let moment = Adafactor::estimate(exec, averages, &g, &mut m[..rows], &mut v[..cols]);
    black_box(moment.rms(exec, &g));
    let sgd = Sgd { learning_rate };
    moment.step(exec, &sgd, &mut w, &g, []);
    fused_step(exec, &MuonMomentum { momentum: factor }, &mut w, &g, [&mut m, &mut v]);
    orthogonalize(exec, &mut v, rows, cols);
    fused_step(exec, &KeepGradient, &mut w, &g, [&mut v]);
    fused_step(exec, &CoupledDecay { lambda: factor, rule: sgd }, &mut w, &g, []);
    let rule = Adam::at_step(t, 1e-3, 0.9, 0.999, 1e-8);
    fused_step(exec, &DecoupledDecay { rate: factor, rule }, &mut w, &g, [&mut m, &mut v]);
    fused_step(exec, &ClipValue { limit: factor, rule: sgd }, &mut w, &g, []);
    fused_step(exec, &SoftThreshold { threshold: factor, rule: sgd }, &mut w, &g, []);
    fused_step(exec, &Scaled { factor: clip_factor(exec, &g, factor), rule: sgd }, &mut w, &g, []);
    let rule = Momentum { learning_rate, momentum: factor };
    fused_step(exec, &FlushState { below: T::MIN_POSITIVE, rule }, &mut w, &g, [&mut m]);
    black_box((w, m, v));
}

/// A step of each rule of the table.
struct OneStep<'a>(Exec<'a>);
impl<T: Real> ForRule<T> for OneStep<'_> {
    #[inline(never)]
    fn rule<R: UpdateRule<T, S>, const S: usize>(
        &mut self,
        case: RuleCase<impl Fn(u64) -> R + Sync, impl Fn(u64, T, T, [T; S]) -> (T, [T; S])>,
    ) {
        let (mut w, g, _) = inputs::<T>();
        let mut state: [Vec<T>; S] = std::array::from_fn(|_| inputs::<T>().0);
        let rule = black_box((case.rule)(black_box(1)));
        fused_step(self.0, &rule, &mut w, &g, state.each_mut().map(Vec::as_mut_slice));
        black_box((w, state));
    }
}
