//! A case for every kernel: sizes with tails, beyond a chunk and beyond a block, so that registers, tiles and threads all matter.

use super::case::{Case, fnv};
use simdescent::kernels::activation::{Activation, activation_gradient_in_place, bias_activation_in_place};
use simdescent::kernels::gemm::{ActivationGradient, BiasActivation, Prepacked, gemm_fused, gemm_prepacked};
use simdescent::kernels::loss::{
    Absolute, ClassTargets, Hinge, Huber, Logistic, LossOptions, Pointwise, Poisson, Quantile, SoftmaxOptions, Squared,
    SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent::kernels::optimizer::clip_factor;
use simdescent::kernels::{
    Accum, CsrRef, Exec, MatMut, MatRef, Real, amax, asum, axpy, dot, gemm, gemv, gemv_t, linear, math, nrm2, scale,
};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Optimizer, Rule, StepTransforms};

/// Longer than a chunk of work (16 384), with a tail.
const LONG: usize = 40_037;
/// Shapes of products m × k × n: small, few rows, many K blocks, many tiles, a last layer.
const SHAPES: [(usize, usize, usize); 7] =
    [(1, 37, 5), (8, 8, 8), (3, 1000, 16), (33, 1537, 29), (130, 257, 190), (64, 784, 100), (128, 256, 10)];

/// Numbers as training has them, the same everywhere.
fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1000 + seed));
    (0..n).map(|_| stream.normal() as f32).collect()
}

fn doubles(n: usize, seed: u64) -> Vec<f64> {
    numbers(n, seed).into_iter().map(|x| f64::from(x) * 1.000_000_123_456_789).collect()
}

/// Numbers of either precision.
trait Drawn: Real {
    fn draw(n: usize, seed: u64) -> Vec<Self>;
    fn bytes(self) -> [u8; 8];
    fn of(x: f64) -> Self;
}
impl Drawn for f32 {
    fn draw(n: usize, seed: u64) -> Vec<Self> {
        numbers(n, seed)
    }
    fn bytes(self) -> [u8; 8] {
        u64::from(if self.is_nan() { f32::NAN.to_bits() } else { self.to_bits() }).to_le_bytes()
    }
    fn of(x: f64) -> Self {
        x as f32
    }
}
impl Drawn for f64 {
    fn draw(n: usize, seed: u64) -> Vec<Self> {
        doubles(n, seed)
    }
    fn bytes(self) -> [u8; 8] {
        if self.is_nan() { f64::NAN.to_bits() } else { self.to_bits() }.to_le_bytes()
    }
    fn of(x: f64) -> Self {
        x
    }
}

fn hash<T: Drawn>(values: &[T]) -> u64 {
    fnv(values.iter().flat_map(|x| x.bytes()))
}

/// A list of cases under construction.
#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: impl Into<String>, digest: impl Fn(Exec<'_>) -> u64 + 'static) {
        self.0.push(Case { name: name.into(), digest: Box::new(digest) });
    }
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Cases::default();
    products::<f32>(&mut cases, "f32");
    products::<f64>(&mut cases, "f64");
    functions(&mut cases);
    losses(&mut cases);
    linear_models(&mut cases);
    optimizers(&mut cases);
    cases.0
}

/// Vectors and matrices.
fn products<T: Drawn>(cases: &mut Cases, precision: &str) {
    let long = || (T::draw(LONG, 1), T::draw(LONG, 2));
    let (x, y) = long();
    cases.add(format!("dot {precision}"), move |exec| hash(&[dot(exec, &x, &y)]));
    let x = T::draw(LONG, 1);
    cases.add(format!("nrm2 asum amax {precision}"), move |exec| {
        hash(&[nrm2(exec, &x), asum(exec, &x), amax(exec, &x)])
    });
    let (x, y) = long();
    cases.add(format!("axpy scale {precision}"), move |exec| {
        let mut y = y.clone();
        axpy(exec, T::of(0.3), &x, &mut y);
        scale(exec, T::of(1.7), &mut y);
        hash(&y)
    });
    for (m, n) in [(37, 129), (700, 300)] {
        let (a, x, y) = (T::draw(m * n, 3), T::draw(m.max(n), 4), T::draw(m.max(n), 5));
        cases.add(format!("gemv gemv_t {m}×{n} {precision}"), move |exec| {
            let (a, mut y) = (MatRef::new(&a, m, n), y.clone());
            gemv(exec, Accum::Add, T::of(0.5), a, &x[..n], &mut y[..m]);
            let first = hash(&y);
            gemv_t(exec, Accum::Replace, T::of(1.0), a, &x[..m], &mut y[..n]);
            first ^ hash(&y).rotate_left(1)
        });
    }
    for (m, k, n) in SHAPES {
        let (a, b, c) = (T::draw(m * k, 6), T::draw(k * n, 7), T::draw(m * n, 8));
        cases.add(format!("gemm {m}×{k}×{n} {precision}"), move |exec| {
            let mut all = 0;
            // All four layouts.
            for (a, b) in [
                (MatRef::new(&a, m, k), MatRef::new(&b, k, n)),
                (MatRef::new(&a, k, m).t(), MatRef::new(&b, k, n)),
                (MatRef::new(&a, m, k), MatRef::new(&b, n, k).t()),
                (MatRef::new(&a, k, m).t(), MatRef::new(&b, n, k).t()),
            ] {
                let mut c = c.clone();
                gemm(exec, Accum::Add, T::of(0.7), a, b, MatMut::new(&mut c, m, n));
                all = hash(&c) ^ u64::rotate_left(all, 1);
            }
            all
        });
    }
    let (m, k, n) = (100, 600, 70);
    let (a, b, bias, outputs) = (T::draw(m * k, 9), T::draw(k * n, 10), T::draw(n, 11), T::draw(m * n, 12));
    cases.add(format!("gemm with epilogues, prepacked {precision}"), move |exec| {
        let (a, b) = (MatRef::new(&a, m, k), MatRef::new(&b, k, n));
        let mut c = vec![T::ZERO; m * n];
        let mut all = 0;
        for activation in
            [Activation::Identity, Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu]
        {
            gemm_fused(exec, a, b, MatMut::new(&mut c, m, n), BiasActivation { bias: &bias, activation });
            all = hash(&c) ^ u64::rotate_left(all, 1);
            let outputs = MatRef::new(&outputs, m, n);
            gemm_fused(exec, a, b, MatMut::new(&mut c, m, n), ActivationGradient { outputs, activation });
            all = hash(&c) ^ u64::rotate_left(all, 1);
        }
        gemm_prepacked(exec, Accum::Replace, T::of(1.0), a, &Prepacked::new(exec, b), MatMut::new(&mut c, m, n));
        hash(&c) ^ u64::rotate_left(all, 1)
    });
}

/// Functions of one number, activations.
fn functions(cases: &mut Cases) {
    type InPlace = fn(Exec<'_>, &mut [f32]);
    let functions: [(&str, InPlace); 9] = [
        ("exp", math::exp_in_place),
        ("expm1", math::expm1_in_place),
        ("log", math::log_in_place),
        ("log1p", math::log1p_in_place),
        ("tanh", math::tanh_in_place),
        ("sigmoid", math::sigmoid_in_place),
        ("softplus", math::softplus_in_place),
        ("gelu", math::gelu_in_place),
        ("gelu'", math::gelu_derivative_in_place),
    ];
    for (name, function) in functions {
        cases.add(name, move |exec| {
            let mut x: Vec<f32> = numbers(LONG, 13).iter().map(|x| 9.0 * x).collect();
            if name.starts_with("log") {
                x.iter_mut().for_each(|x| *x = x.abs());
            }
            function(exec, &mut x);
            hash(&x)
        });
    }
    for activation in [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu] {
        cases.add(format!("{activation:?} and its gradient"), move |exec| {
            let (mut z, bias, mut gradient) = (numbers(301 * 77, 14), numbers(77, 15), numbers(301 * 77, 16));
            bias_activation_in_place(exec, activation, MatMut::new(&mut z, 301, 77), &bias);
            activation_gradient_in_place(exec, activation, &mut gradient, &z);
            hash(&z) ^ hash(&gradient).rotate_left(1)
        });
    }
}

fn losses(cases: &mut Cases) {
    fn pointwise<P: Pointwise<f32> + 'static>(cases: &mut Cases, name: &str, loss: P, targets: fn(f32) -> f32) {
        cases.add(format!("loss {name}"), move |exec| {
            let (mut z, y, weights) = (numbers(LONG, 17), numbers(LONG, 18), numbers(LONG, 19));
            let y: Vec<f32> = y.into_iter().map(targets).collect();
            let weights: Vec<f32> = weights.into_iter().map(f32::abs).collect();
            let options = LossOptions { weights: Some(&weights), ..LossOptions::default() };
            let value = pointwise_in_place(exec, loss, &mut z, &y, options);
            hash(&z) ^ hash(&[value]).rotate_left(1)
        });
    }
    pointwise(cases, "squared", Squared, |y| y);
    pointwise(cases, "absolute", Absolute, |y| y);
    pointwise(cases, "huber", Huber { delta: 0.7 }, |y| y);
    pointwise(cases, "quantile", Quantile { tau: 0.2 }, |y| y);
    pointwise(cases, "logistic", Logistic, |y| f32::from(u8::from(y > 0.0)));
    pointwise(cases, "hinge", Hinge, |y| y.signum());
    pointwise(cases, "squared hinge", SquaredHinge, |y| y.signum());
    pointwise(cases, "poisson", Poisson, |y| y.abs().floor());
    for (rows, classes) in [(3000, 10), (200, 1000)] {
        cases.add(format!("softmax cross-entropy {rows}×{classes}"), move |exec| {
            let logits = numbers(rows * classes, 20);
            let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
            let mut all = 0;
            for label_smoothing in [0.0, 0.1] {
                let mut z = logits.clone();
                let options = SoftmaxOptions { label_smoothing, ..SoftmaxOptions::default() };
                let targets = ClassTargets::Labels(&labels);
                let value = softmax_cross_entropy_with(exec, MatMut::new(&mut z, rows, classes), targets, options);
                all = hash(&z) ^ hash(&[value]).rotate_left(1) ^ u64::rotate_left(all, 2);
            }
            all
        });
    }
}

/// Rows of a sparse matrix.
struct Sparse {
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Sparse {
    fn new(rows: usize, cols: usize) -> Self {
        let indices: Vec<u32> =
            (0..rows).flat_map(|i| (0..cols).filter(move |j| (i * 5 + j * 3) % 7 == 0)).map(|j| j as u32).collect();
        let mut indptr = vec![0];
        for i in 0..rows {
            indptr.push(indptr[i] + (0..cols).filter(|j| (i * 5 + j * 3) % 7 == 0).count());
        }
        let values = numbers(indices.len(), 21);
        Self { indptr, indices, values }
    }

    fn rows(&self, cols: usize) -> CsrRef<'_, f32> {
        CsrRef::new(cols, &self.indptr, &self.indices, &self.values).expect("ascending indices")
    }
}

fn linear_models(cases: &mut Cases) {
    const ROWS: usize = 2500;
    const COLS: usize = 75;
    cases.add("linear model, dense rows", |exec| {
        let (x, w, y) = (numbers(ROWS * COLS, 22), numbers(COLS + 1, 23), numbers(ROWS, 24));
        let x = MatRef::new(&x, ROWS, COLS);
        let mut gradient = vec![0.0; COLS + 1];
        let loss = linear::loss_and_gradient(exec, Squared, x, &y, LossOptions::default(), &w, &mut gradient);
        let mut z = vec![0.0; ROWS];
        linear::outputs(exec, x, &w, &mut z);
        let first = hash(&gradient) ^ hash(&z).rotate_left(1) ^ hash(&[loss]).rotate_left(2);
        linear::gradient(exec, x, &z, &mut gradient);
        let mut w = w.clone();
        let epoch = linear::Epoch { order: None, batch_size: 32, learning_rates: &[0.01], l2: 0.001 };
        let mean = linear::sgd_epoch(exec, Squared, x, &y, epoch, &mut w);
        first ^ hash(&gradient).rotate_left(3) ^ hash(&w).rotate_left(4) ^ hash(&[mean]).rotate_left(5)
    });
    cases.add("linear model, sparse rows", |exec| {
        let (x, w, y) = (Sparse::new(ROWS, COLS), numbers(COLS + 1, 25), numbers(ROWS, 26));
        let y: Vec<f32> = y.into_iter().map(|y| f32::from(u8::from(y > 0.0))).collect();
        let mut gradient = vec![0.0; COLS + 1];
        let options = LossOptions::default();
        let loss = linear::loss_and_gradient(exec, Logistic, x.rows(COLS), &y, options, &w, &mut gradient);
        let mut z = vec![0.0; ROWS];
        linear::outputs(exec, x.rows(COLS), &w, &mut z);
        let first = hash(&gradient) ^ hash(&z).rotate_left(1) ^ hash(&[loss]).rotate_left(2);
        linear::gradient(exec, x.rows(COLS), &z, &mut gradient);
        first ^ hash(&gradient).rotate_left(3)
    });
    cases.add("sparse times dense", |exec| {
        let (x, w, r) = (Sparse::new(900, COLS), numbers(COLS * 33, 27), numbers(900 * 33, 28));
        let (mut z, mut g) = (vec![0.0; 900 * 33], vec![0.0; COLS * 33]);
        linear::csr_gemm(exec, x.rows(COLS), 33, &w, &mut z);
        linear::csr_gemm_t(exec, x.rows(COLS), 33, &r, &mut g);
        hash(&z) ^ hash(&g).rotate_left(1)
    });
    cases.add("per-example norms, second moments", |exec| {
        let (x, delta) = (numbers(ROWS * COLS, 41), numbers(ROWS * 10, 42));
        let (dense, delta) = (MatRef::new(&x, ROWS, COLS), MatRef::new(&delta, ROWS, 10));
        let sparse = Sparse::new(ROWS, COLS);
        let sparse = sparse.rows(COLS);
        let (mut norms, mut moments) = (vec![0.0; ROWS], vec![0.0; (COLS + 1) * 10]);
        linear::row_norms(exec, dense, &mut norms);
        linear::per_example_norms(exec, Accum::Add, dense, delta, true, &mut norms);
        linear::second_moments(exec, dense, delta, &mut moments);
        let first = hash(&norms) ^ hash(&moments).rotate_left(1);
        linear::per_example_norms(exec, Accum::Replace, sparse, delta, false, &mut norms);
        linear::second_moments(exec, sparse, delta, &mut moments);
        first ^ hash(&norms).rotate_left(2) ^ hash(&moments).rotate_left(3)
    });
    cases.add("softmax regression in one pass", |exec| {
        let (x, w) = (numbers(ROWS * COLS, 29), numbers((COLS + 1) * 10, 30));
        let labels: Vec<u32> = (0..ROWS).map(|i| (i % 10) as u32).collect();
        let mut gradient = vec![0.0; w.len()];
        let (x, targets) = (MatRef::new(&x, ROWS, COLS), ClassTargets::Labels(&labels));
        let options = SoftmaxOptions::default();
        let loss = linear::softmax_loss_and_gradient(exec, x, 10, targets, options, &w, &mut gradient);
        hash(&gradient) ^ hash(&[loss]).rotate_left(1)
    });
}

/// Three steps of each rule on one matrix and a vector, with and without everything around a step.
fn optimizers(cases: &mut Cases) {
    let transforms = StepTransforms {
        clip_norm: Some(0.5),
        clip_value: Some(0.05),
        l1: 0.001,
        flush_subnormals: true,
        ..StepTransforms::NONE
    };
    for rule in Rule::ALL {
        cases.add(format!("step of {}", rule.name()), move |exec| {
            let layout = [(140, 150), (1, 150), (150, 7), (1, 7)];
            let n = layout.iter().map(|(rows, cols)| rows * cols).sum();
            let mut all = 0;
            // Schedule-free takes no L1 from outside.
            let l1 = if matches!(rule, Rule::ScheduleFree { .. }) { 0.0 } else { transforms.l1 };
            for (transforms, l2) in [(StepTransforms::NONE, 0.0), (StepTransforms { l1, ..transforms }, 0.01)] {
                let (mut w, mut optimizer) = (numbers(n, 31), Optimizer::new(rule, transforms, &layout));
                for step in 0..3 {
                    optimizer.step(exec, 0.01, l2, &mut w, &numbers(n, 32 + step));
                }
                all = hash(&w) ^ u64::rotate_left(all, 1);
            }
            all
        });
    }
    cases.add("clip factor", |exec| hash(&[clip_factor(exec, &numbers(LONG, 40), 1.0)]));
}
