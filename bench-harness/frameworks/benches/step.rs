//! A training step of an MLP 784-512-256-10 with softmax cross-entropy beside other frameworks, as Markdown tables:
//!
//! ```sh
//! RUSTFLAGS=-Ctarget-cpu=native cargo bench --manifest-path bench-harness/frameworks/Cargo.toml --bench step [-- FILTER]
//! ```
//!
//! Everyone trains the same weights on the same batch: forward, loss, backward, update; the losses are compared. The limit is
//! the larger of the products' multiply-adds at the FMA peak and an update in place of what the optimizer writes (weights, state).
//! `plain` has one thread in both tables.

mod contest;

use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor, TensorData};
use candle_nn::{Module as _, Optimizer as _};
use contest::plain::{EPSILON, State, Update, ndarray_softmax, softmax_cross_entropy};
use contest::{Aligned, Call, Limit, Table};
use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Initializer, LearningRate, Loss, Mlp, Model, Rule, Sampling, Settings, Targets, Trainer};
use simdescent_kernels::Exec;
use simdescent_kernels::activation::Activation;
use std::process::ExitCode;

const WIDTHS: [usize; 4] = [784, 512, 256, 10];
const BATCHES: [usize; 6] = [1, 8, 32, 128, 512, 2048];

fn main() -> ExitCode {
    contest::run("training step", |table| {
        for (name, rule) in [("SGD", Update::Sgd), ("Adam", Update::Adam)] {
            for batch in BATCHES {
                let name = format!("{name}, batch {batch}");
                if table.wants(&name) {
                    row(table, &name, rule, batch);
                }
            }
        }
    })
}

/// Small enough that some hundred steps on one batch do not fit it.
fn rate(update: Update) -> f32 {
    if update == Update::Adam { 1e-5 } else { 1e-3 }
}

/// Weights and one batch, the same for everyone.
struct Problem {
    update: Update,
    model: Mlp,
    x: Aligned<f32>,
    labels: Vec<u32>,
}
impl Problem {
    fn batch(&self) -> usize {
        self.labels.len()
    }
    /// W `[fan_in, fan_out]` row-major and b `[fan_out]` of each layer.
    fn layers(&self) -> impl Iterator<Item = ((usize, usize), &[f32], &[f32])> {
        let mut rest = self.model.parameters();
        WIDTHS.windows(2).map(move |widths| {
            let (weights, after) = rest.split_at(widths[0] * widths[1]);
            let (bias, after) = after.split_at(widths[1]);
            rest = after;
            ((widths[0], widths[1]), weights, bias)
        })
    }
}

fn row(table: &Table<'_>, name: &str, update: Update, batch: usize) {
    let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 1));
    let problem = Problem {
        update,
        model: Mlp::new(&WIDTHS, Activation::Relu, Initializer::HeNormal, &mut stream),
        x: Aligned::new(batch * WIDTHS[0]),
        labels: (0..batch as u32).map(|i| i % 10).collect(),
    };
    let targets = Targets::Labels { labels: problem.labels.clone(), classes: WIDTHS[3] };
    let data = Dataset::new("batch", problem.x.to_vec(), WIDTHS[0], targets).expect("a valid batch");
    let weights: usize = WIDTHS.windows(2).map(|w| w[0] * w[1]).sum();
    let arrays = if update == Update::Adam { 3 } else { 1 };
    let limit = Limit {
        flops: (batch * (6 * weights - 2 * WIDTHS[0] * WIDTHS[1])) as f64,
        updated: arrays * weights * size_of::<f32>(),
        ..Limit::default()
    };
    let peers = [plain(&problem), ndarray(&problem), candle(&problem), burn(&problem)].map(Some);
    table.row(name, limit, ours(table.exec, &problem, &data), peers);
}

fn ours<'a>(exec: Exec<'a>, problem: &Problem, data: &'a Dataset) -> Call<'a> {
    let settings = Settings {
        loss: Loss::SoftmaxCrossEntropy,
        rule: if problem.update == Update::Adam { Rule::ADAM } else { Rule::Sgd },
        learning_rate: LearningRate::Constant { rate: rate(problem.update).into() },
        batch_size: problem.batch(),
        sampling: Sampling::FixedOrder,
        ..Settings::default()
    };
    let mut trainer = Trainer::new(exec, problem.model.clone(), data, settings).expect("they go together");
    Box::new(move |_| vec![vec![trainer.step()]])
}

/// Loops over slices, the inner one along rows.
fn plain(problem: &Problem) -> Call<'_> {
    struct Layer {
        w: Vec<f32>,
        b: Vec<f32>,
        gradient: Vec<f32>,
        outputs: Vec<f32>,
        states: [State; 2],
    }
    let mut layers: Vec<Layer> = problem
        .layers()
        .map(|((_, fan_out), w, b)| Layer {
            w: w.to_vec(),
            b: b.to_vec(),
            gradient: vec![0.0; w.len()],
            outputs: vec![0.0; problem.batch() * fan_out],
            states: [w, b].map(|array| State::new(problem.update, rate(problem.update), array.len())),
        })
        .collect();
    Box::new(move |_| {
        for i in 0..layers.len() {
            let (below, rest) = layers.split_at_mut(i);
            let (layer, inputs) = (&mut rest[0], below.last().map_or(&*problem.x, |below| &below.outputs));
            let (fan_in, fan_out) = (WIDTHS[i], WIDTHS[i + 1]);
            for (x, z) in inputs.chunks_exact(fan_in).zip(layer.outputs.chunks_exact_mut(fan_out)) {
                z.copy_from_slice(&layer.b);
                for (x, w) in x.iter().zip(layer.w.chunks_exact(fan_out)) {
                    z.iter_mut().zip(w).for_each(|(z, w)| *z += x * w);
                }
                if i + 1 < WIDTHS.len() - 1 {
                    z.iter_mut().for_each(|z| *z = z.max(0.0));
                }
            }
        }
        let last = layers.len() - 1;
        let loss = softmax_cross_entropy(&mut layers[last].outputs, WIDTHS[3], &problem.labels);
        for i in (0..=last).rev() {
            let (below, rest) = layers.split_at_mut(i);
            let (layer, fan_in, fan_out) = (&mut rest[0], WIDTHS[i], WIDTHS[i + 1]);
            let inputs = below.last().map_or(&*problem.x, |below| &below.outputs);
            layer.gradient.fill(0.0);
            let mut bias = vec![0.0; fan_out];
            for (x, dz) in inputs.chunks_exact(fan_in).zip(layer.outputs.chunks_exact(fan_out)) {
                for (x, g) in x.iter().zip(layer.gradient.chunks_exact_mut(fan_out)) {
                    g.iter_mut().zip(dz).for_each(|(g, dz)| *g += x * dz);
                }
                bias.iter_mut().zip(dz).for_each(|(b, dz)| *b += dz);
            }
            if let Some(below) = below.last_mut() {
                for (a, dz) in below.outputs.chunks_exact_mut(fan_in).zip(layer.outputs.chunks_exact(fan_out)) {
                    for (a, w) in a.iter_mut().zip(layer.w.chunks_exact(fan_out)) {
                        *a = if *a > 0.0 { w.iter().zip(dz).map(|(w, dz)| w * dz).sum() } else { 0.0 };
                    }
                }
            }
            layer.states[0].step(&mut layer.w, &layer.gradient);
            layer.states[1].step(&mut layer.b, &bias);
        }
        vec![vec![loss]]
    })
}

/// Products by `dot`.
fn ndarray(problem: &Problem) -> Call<'_> {
    let x = ArrayView2::from_shape((problem.batch(), WIDTHS[0]), &problem.x).expect("batch × features");
    let mut layers: Vec<(Array2<f32>, Array1<f32>, [State; 2])> = problem
        .layers()
        .map(|(shape, w, b)| {
            let states = [w, b].map(|array| State::new(problem.update, rate(problem.update), array.len()));
            (Array2::from_shape_vec(shape, w.to_vec()).expect("a layer"), Array1::from(b.to_vec()), states)
        })
        .collect();
    Box::new(move |_| {
        let mut activations = vec![x.to_owned()];
        for (i, (w, b, _)) in layers.iter().enumerate() {
            let mut z = activations[i].dot(w) + b;
            if i + 1 < layers.len() {
                z.mapv_inplace(|z| z.max(0.0));
            }
            activations.push(z);
        }
        let (loss, mut dz) = ndarray_softmax(activations.pop().expect("logits").view(), &problem.labels);
        for (w, b, states) in layers.iter_mut().rev() {
            let a = activations.pop().expect("the inputs of a layer");
            let (gradient, bias) = (a.t().dot(&dz), dz.sum_axis(Axis(0)));
            if !activations.is_empty() {
                dz = dz.dot(&w.t());
                Zip::from(&mut dz).and(&a).for_each(|dz, &a| *dz = if a > 0.0 { *dz } else { 0.0 });
            }
            states[0].step(w, &gradient);
            states[1].step(b, &bias);
        }
        vec![vec![loss]]
    })
}

fn candle(problem: &Problem) -> Call<'_> {
    use candle_core::{Device, Tensor, Var};
    use candle_nn::{AdamW, Linear, ParamsAdamW, SGD};
    let tensor = |data: &[f32], shape: (usize, usize)| Tensor::from_slice(data, shape, &Device::Cpu);
    let build = || {
        let x = tensor(&problem.x, (problem.batch(), WIDTHS[0]))?;
        let labels = Tensor::from_slice(&problem.labels, problem.batch(), &Device::Cpu)?;
        let (mut layers, mut variables) = (vec![], vec![]);
        for (shape, w, b) in problem.layers() {
            let w = Var::from_tensor(&tensor(w, shape)?.t()?.contiguous()?)?;
            let b = Var::from_slice(b, b.len(), &Device::Cpu)?;
            layers.push(Linear::new(w.as_tensor().clone(), Some(b.as_tensor().clone())));
            variables.extend([w, b]);
        }
        let lr = f64::from(rate(problem.update));
        let parameters = ParamsAdamW { lr, eps: EPSILON.into(), weight_decay: 0.0, ..ParamsAdamW::default() };
        let adam = AdamW::new(variables.clone(), parameters)?;
        candle_core::Result::Ok((x, labels, layers, SGD::new(variables, lr)?, adam))
    };
    let (x, labels, layers, mut sgd, mut adam) = build().expect("tensors");
    let mut step = move || {
        let (last, hidden) = layers.split_last().expect("layers");
        let a = hidden.iter().try_fold(x.clone(), |a, layer| layer.forward(&a)?.relu())?;
        let loss = candle_nn::loss::cross_entropy(&last.forward(&a)?, &labels)?;
        if problem.update == Update::Adam {
            adam.backward_step(&loss)?
        } else {
            sgd.backward_step(&loss)?
        }
        loss.to_scalar::<f32>()
    };
    Box::new(move |_| vec![vec![step().expect("a step of candle")]])
}

#[derive(Module, Debug)]
struct Network {
    layers: Vec<burn::nn::Linear>,
}

fn burn(problem: &Problem) -> Call<'_> {
    let device = burn::tensor::Device::flex().autodiff();
    let x = Tensor::<2>::from_data(TensorData::new(problem.x.to_vec(), [problem.batch(), WIDTHS[0]]), &device);
    let labels = problem.labels.iter().map(|&label| label as i32).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [problem.batch()]), &device);
    let layers = problem.layers().map(|((fan_in, fan_out), w, b)| burn::nn::Linear {
        weight: Param::from_data(TensorData::new(w.to_vec(), [fan_in, fan_out]), &device),
        bias: Some(Param::from_data(TensorData::new(b.to_vec(), [fan_out]), &device)),
    });
    let mut network = Some(Network { layers: layers.collect() });
    let adam = AdamConfig::new().with_epsilon(EPSILON);
    let mut optimizer = if problem.update == Update::Adam { adam.init() } else { SgdConfig::new().init() };
    let cross_entropy = burn::nn::loss::CrossEntropyLossConfig::new().init(&device);
    Box::new(move |_| {
        let model = network.take().expect("put back after each step");
        let (last, hidden) = model.layers.split_last().expect("layers");
        let a = hidden.iter().fold(x.clone(), |a, layer| relu(layer.forward(a)));
        let loss = cross_entropy.forward(last.forward(a), labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        network = Some(optimizer.step(f64::from(rate(problem.update)), model, gradients));
        vec![vec![loss.into_scalar()]]
    })
}
