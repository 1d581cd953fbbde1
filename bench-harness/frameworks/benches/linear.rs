//! Loss and gradient of linear models by their weights beside other frameworks, as Markdown tables:
//!
//! ```sh
//! RUSTFLAGS=-Ctarget-cpu=native cargo bench --manifest-path bench-harness/frameworks/Cargo.toml --bench linear [-- FILTER]
//! ```
//!
//! The limit is to read X once, or the multiply-adds of two products at the FMA peak. candle and burn differentiate by
//! themselves; candle's `matmul` computes the gradient by X, too. `plain` has one thread in both tables.

mod contest;

use burn::nn::loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig, MseLoss, Reduction};
use burn::tensor::{Int, Tensor, TensorData};
use contest::plain::{ndarray_softmax, softmax_cross_entropy};
use contest::{Aligned, Call, Limit, Table};
use ndarray::ArrayView2;
use simdescent_kernels::linear::{loss_and_gradient, softmax_loss_and_gradient};
use simdescent_kernels::loss::{ClassTargets, Logistic, LossOptions, SoftmaxOptions, Squared};
use simdescent_kernels::{Exec, MatRef};
use std::process::ExitCode;

/// Rows and features from L1 to DRAM.
const SHAPES: [(usize, usize); 4] = [(64, 100), (512, 256), (10_000, 32), (100_000, 784)];

fn main() -> ExitCode {
    contest::run("linear model", |table| {
        for loss in [Loss::Squared, Loss::Logistic, Loss::Softmax] {
            for (rows, features) in SHAPES {
                let (rows, name) = (table.size(rows, 50), format!("{loss:?}, {rows} × {features}"));
                if table.wants(&name) {
                    row(table, &name, loss, (rows, features));
                }
            }
        }
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    Squared,
    Logistic,
    Softmax,
}

struct Problem {
    loss: Loss,
    shape: (usize, usize),
    x: Aligned<f32>,
    /// Features × outputs, row-major.
    w: Aligned<f32>,
    labels: Vec<u32>,
    /// The labels as numbers.
    y: Vec<f32>,
}
impl Problem {
    fn outputs(&self) -> usize {
        if self.loss == Loss::Softmax { 10 } else { 1 }
    }
    /// Loss and derivative of one output.
    fn pointwise(&self, z: f32, y: f32) -> (f32, f32) {
        let scale = 1.0 / self.y.len() as f32;
        match self.loss {
            Loss::Squared => (scale * (z - y) * (z - y), 2.0 * scale * (z - y)),
            _ => (scale * (z.max(0.0) - y * z + (-z.abs()).exp().ln_1p()), scale * (1.0 / (1.0 + (-z).exp()) - y)),
        }
    }
    /// The loss of all outputs, which become their gradient.
    fn loss(&self, z: &mut [f32]) -> f32 {
        if self.loss == Loss::Softmax {
            return softmax_cross_entropy(z, 10, &self.labels);
        }
        let mut sum = 0.0;
        for (z, y) in z.iter_mut().zip(&self.y) {
            let (loss, derivative) = self.pointwise(*z, *y);
            sum += loss;
            *z = derivative;
        }
        sum
    }
}

fn row(table: &Table<'_>, name: &str, loss: Loss, shape: (usize, usize)) {
    let (rows, features) = shape;
    let outputs = if loss == Loss::Softmax { 10 } else { 1 };
    let labels: Vec<u32> = (0..rows as u32).map(|i| i * 7 % outputs.max(2)).collect();
    let mut w = Aligned::<f32>::new(features * outputs as usize);
    w.iter_mut().for_each(|w| *w *= 0.01); // The logits are small: candle's logistic loss takes log(1 − σ(z)).
    let y = labels.iter().map(|&label| label as f32).collect();
    let problem = Problem { loss, shape, x: Aligned::new(rows * features), w, labels, y };
    let flops = 4.0 * f64::from(outputs) * (rows * features) as f64;
    let limit = Limit { flops, read: size_of_val(&*problem.x), ..Limit::default() };
    let peers = [plain, ndarray, candle, burn].map(|peer| Some(peer(&problem)));
    table.row(name, limit, ours(table.exec, &problem), peers);
}

fn ours<'a>(exec: Exec<'a>, problem: &'a Problem) -> Call<'a> {
    let Problem { w, y, labels, .. } = problem;
    let x = MatRef::new(&problem.x, problem.shape.0, problem.shape.1);
    let mut g = vec![0.0; w.len()];
    Box::new(move |wanted| {
        let options = LossOptions::default();
        let loss = match problem.loss {
            Loss::Squared => loss_and_gradient(exec, Squared, x, y, options, w, &mut g),
            Loss::Logistic => loss_and_gradient(exec, Logistic, x, y, options, w, &mut g),
            Loss::Softmax => {
                let labels = ClassTargets::Labels(labels);
                softmax_loss_and_gradient(exec, x, 10, labels, SoftmaxOptions::default(), w, &mut g)
            }
        };
        if wanted { vec![vec![loss], g.clone()] } else { vec![] }
    })
}

/// Two passes over X.
fn plain(problem: &Problem) -> Call<'_> {
    let Problem { shape: (rows, features), x, w, .. } = problem;
    let outputs = problem.outputs();
    let (mut z, mut g) = (vec![0.0; rows * outputs], vec![0.0; w.len()]);
    Box::new(move |wanted| {
        for (x, z) in x.chunks_exact(*features).zip(z.chunks_exact_mut(outputs)) {
            if outputs == 1 {
                z[0] = x.iter().zip(&**w).map(|(x, w)| x * w).sum();
                continue;
            }
            z.fill(0.0);
            for (x, w) in x.iter().zip(w.chunks_exact(outputs)) {
                z.iter_mut().zip(w).for_each(|(z, w)| *z += x * w);
            }
        }
        let loss = problem.loss(&mut z);
        g.fill(0.0);
        for (x, r) in x.chunks_exact(*features).zip(z.chunks_exact(outputs)) {
            if outputs == 1 {
                g.iter_mut().zip(x).for_each(|(g, x)| *g += r[0] * x);
                continue;
            }
            for (x, g) in x.iter().zip(g.chunks_exact_mut(outputs)) {
                g.iter_mut().zip(r).for_each(|(g, r)| *g += x * r);
            }
        }
        if wanted { vec![vec![loss], g.clone()] } else { vec![] }
    })
}

fn ndarray(problem: &Problem) -> Call<'_> {
    let x = ArrayView2::from_shape(problem.shape, &problem.x).expect("rows × features");
    let w = ArrayView2::from_shape((problem.shape.1, problem.outputs()), &problem.w).expect("features × outputs");
    Box::new(move |wanted| {
        let mut z = x.dot(&w);
        let (loss, r) = if problem.loss == Loss::Softmax {
            ndarray_softmax(z.view(), &problem.labels)
        } else {
            (problem.loss(z.as_slice_mut().expect("one column")), z)
        };
        let g = x.t().dot(&r);
        if wanted { vec![vec![loss], g.iter().copied().collect()] } else { vec![] }
    })
}

fn candle(problem: &Problem) -> Call<'_> {
    use candle_core::{Device, Result, Tensor, Var};
    use candle_nn::loss::{binary_cross_entropy_with_logit, cross_entropy, mse};
    let (rows, features) = problem.shape;
    let build = || {
        let x = Tensor::from_slice(&problem.x, (rows, features), &Device::Cpu)?;
        let w = Var::from_slice(&problem.w, (features, problem.outputs()), &Device::Cpu)?;
        let y = Tensor::from_slice(&problem.y, (rows, 1), &Device::Cpu)?;
        Result::Ok((x, w, y, Tensor::from_slice(&problem.labels, rows, &Device::Cpu)?))
    };
    let (x, w, y, labels) = build().expect("tensors");
    let call = move || {
        let z = x.matmul(&w)?;
        let loss = match problem.loss {
            Loss::Squared => mse(&z, &y)?,
            Loss::Logistic => binary_cross_entropy_with_logit(&z, &y)?,
            Loss::Softmax => cross_entropy(&z, &labels)?,
        };
        let gradients = loss.backward()?;
        Result::Ok((loss, gradients.get(&w).expect("a gradient").clone()))
    };
    Box::new(move |wanted| {
        let (loss, gradient) = call().expect("a loss of candle");
        let results = || Result::Ok(vec![vec![loss.to_scalar()?], gradient.flatten_all()?.to_vec1()?]);
        if wanted { results().expect("arrays") } else { vec![] }
    })
}

fn burn(problem: &Problem) -> Call<'_> {
    let device = burn::tensor::Device::flex().autodiff();
    let (rows, features) = problem.shape;
    let tensor =
        |data: &[f32], shape: [usize; 2]| Tensor::<2>::from_data(TensorData::new(data.to_vec(), shape), &device);
    let (x, y) = (tensor(&problem.x, [rows, features]), tensor(&problem.y, [rows, 1]));
    let w = tensor(&problem.w, [features, problem.outputs()]).require_grad();
    let labels: Vec<i32> = problem.labels.iter().map(|&label| label as i32).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [rows]), &device);
    let logistic = BinaryCrossEntropyLossConfig::new().with_logits(true).init(&device);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    Box::new(move |wanted| {
        let z = x.clone().matmul(w.clone());
        let loss = match problem.loss {
            Loss::Squared => MseLoss::new().forward(z, y.clone(), Reduction::Mean),
            Loss::Logistic => logistic.forward(z, labels.clone().reshape([rows, 1])),
            Loss::Softmax => cross_entropy.forward(z, labels.clone()),
        };
        let gradient = w.grad_remove(&mut loss.backward()).expect("a gradient");
        let results = || vec![vec![loss.into_scalar()], gradient.into_data().try_to_vec().expect("floats")];
        if wanted { results() } else { vec![] }
    })
}
