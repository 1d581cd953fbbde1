//! Whole training steps by the trainer, as `simdescent train` does them: batch, forward, loss, backward, update.

use super::{Case, Setting, Work, contest};
use crate::cases::Unit;
use crate::contest::{Entry, OURS_ON_ONE_THREAD, Timing};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Initializer, LearningRate, Loss, Mlp, Model, Rule, Sampling, Settings, Trainer, synthetic};
use simdescent_kernels::Exec;
use simdescent_kernels::activation::Activation;

const RATE: f32 = 1e-3;
const ROWS: usize = 4096;
const LARGE: &[usize] = &[784, 512, 256, 10];
const SMALL: &[usize] = &[16, 64, 4];

pub(super) fn cases() -> Vec<Case> {
    let large =
        [(1, false), (8, false), (32, true), (128, false), (512, false)].into_iter().flat_map(|(batch, quick)| {
            [case(LARGE, Rule::Sgd, batch).quick(quick), case(LARGE, Rule::ADAM, batch).quick(quick)]
        });
    let small = [1, 8, 32, 512].into_iter().map(|batch| case(SMALL, Rule::Sgd, batch));
    large.chain(small).collect()
}

/// Of the products: per weight and sample two flops forward, two for its gradient and, but for the first layer, two for that of its
/// input. The rows of a batch are read, and parameters and state read and written.
fn work(widths: &[usize], rule: Rule, batch: usize) -> Work {
    let weights: usize = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let flops = (batch * (6 * weights - 2 * widths[0] * widths[1])) as f64;
    let layout: Vec<(usize, usize)> = widths.windows(2).flat_map(|pair| [(pair[0], pair[1]), (1, pair[1])]).collect();
    let parameters: usize = layout.iter().map(|(rows, columns)| rows * columns).sum();
    let held = (4 * (parameters + rule.state_elements(&layout))) as f64;
    let mut work = Work::products(flops, [held + (4 * batch * widths[0]) as f64, held]);
    work.working_set = held + (4 * ROWS * widths[0]) as f64;
    (work.amount, work.unit) = (batch as f64, Unit::Samples);
    work
}

fn case(widths: &'static [usize], rule: Rule, batch: usize) -> Case {
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
        let data = synthetic::gaussian_mixture(ROWS, widths[0], widths[widths.len() - 1], 3.0, &mut stream);
        let model = Mlp::new(widths, Activation::Relu, Initializer::HeNormal, &mut stream);
        let start = model.parameters().to_vec();
        let mut others = vec![];
        if setting.threads() > 1 {
            others.push(Entry::new(OURS_ON_ONE_THREAD, steps(setting.exec.seq(), &data, &model, rule, batch)));
        }
        if rule == Rule::Sgd && setting.threads() == 1 {
            others.push(Entry::new("plain", plain::steps(&data, widths, batch)));
        }
        contest(&start, 1e-5, steps(setting.exec, &data, &model, rule, batch), others).hold(timing)
    };
    let shape = widths.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
    let name = format!("train-step/f32/mlp-{shape}-{}-batch-{batch}", rule.name());
    Case::new::<f32>(name, work(widths, rule, batch), hold).on_threads(true)
}

/// Steps of a training; the first one leaves its parameters, to be compared.
fn steps<'a>(exec: Exec<'a>, data: &'a Dataset, model: &Mlp, rule: Rule, batch: usize) -> impl FnMut(&mut [f32]) + 'a {
    let settings = Settings {
        loss: Loss::SoftmaxCrossEntropy,
        rule,
        learning_rate: LearningRate::Constant { rate: f64::from(RATE) },
        batch_size: batch,
        sampling: Sampling::FixedOrder,
        ..Settings::default()
    };
    let mut trainer = Trainer::new(exec, model.clone(), data, settings).expect("a network and data that go together");
    let mut first = true;
    move |parameters| {
        trainer.step();
        if std::mem::take(&mut first) {
            parameters.copy_from_slice(trainer.model().parameters());
        }
    }
}

/// SGD on the same network as anybody would write it.
mod plain {
    use super::RATE;
    use simdescent::Dataset;
    use simdescent::Targets;

    /// A layer: its inputs and outputs, and where its parameters start.
    type Layer = (usize, usize, usize);

    pub(super) fn steps<'a>(data: &'a Dataset, widths: &[usize], batch: usize) -> impl FnMut(&mut [f32]) + 'a {
        let mut start = 0;
        let layers: Vec<Layer> = widths
            .windows(2)
            .map(|pair| {
                let from = start;
                start += (pair[0] + 1) * pair[1];
                (pair[0], pair[1], from)
            })
            .collect();
        let mut outputs: Vec<Vec<f32>> = widths[1..].iter().map(|width| vec![0.0; batch * width]).collect();
        let mut deltas = outputs.clone();
        let mut gradient = vec![0.0f32; start];
        let (rows, classes) = (data.rows(), widths[widths.len() - 1]);
        let Targets::Labels { labels, .. } = data.targets() else { unreachable!("made of classes") };
        let mut next = 0;
        move |parameters| {
            if next + batch > rows {
                next = 0;
            }
            let x = &data.inputs()[next * widths_of(&layers)..][..batch * widths_of(&layers)];
            forward(&layers, x, parameters, &mut outputs);
            let last = layers.len() - 1;
            let share = 1.0 / batch as f32;
            deltas[last].copy_from_slice(&outputs[last]);
            for (z, &label) in deltas[last].chunks_exact_mut(classes).zip(&labels[next..]) {
                let max = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                z.iter_mut().for_each(|z| *z = (*z - max).exp());
                let scale = share / z.iter().sum::<f32>();
                z.iter_mut().for_each(|z| *z *= scale);
                z[label as usize] -= share;
            }
            backward(&layers, x, parameters, &outputs, &mut deltas, &mut gradient);
            parameters.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= RATE * g);
            next += batch;
        }
    }

    fn widths_of(layers: &[Layer]) -> usize {
        layers[0].0
    }

    fn forward(layers: &[Layer], x: &[f32], parameters: &[f32], outputs: &mut [Vec<f32>]) {
        for (i, &(fan_in, fan_out, start)) in layers.iter().enumerate() {
            let (below, here) = outputs.split_at_mut(i);
            let inputs = below.last().map_or(x, |below| below);
            let (weights, bias) = parameters[start..].split_at(fan_in * fan_out);
            for (a, x) in here[0].chunks_exact_mut(fan_out).zip(inputs.chunks_exact(fan_in)) {
                a.copy_from_slice(&bias[..fan_out]);
                for (x, w) in x.iter().zip(weights.chunks_exact(fan_out)) {
                    a.iter_mut().zip(w).for_each(|(a, w)| *a += x * w);
                }
                if i + 1 < layers.len() {
                    a.iter_mut().for_each(|a| *a = a.max(0.0));
                }
            }
        }
    }

    fn backward(
        layers: &[Layer],
        x: &[f32],
        parameters: &[f32],
        outputs: &[Vec<f32>],
        deltas: &mut [Vec<f32>],
        gradient: &mut [f32],
    ) {
        gradient.fill(0.0);
        for (i, &(fan_in, fan_out, start)) in layers.iter().enumerate().rev() {
            let (below, here) = deltas.split_at_mut(i);
            let inputs = if i == 0 { x } else { &outputs[i - 1] };
            let (weights, bias) = gradient[start..].split_at_mut(fan_in * fan_out);
            for (delta, x) in here[0].chunks_exact(fan_out).zip(inputs.chunks_exact(fan_in)) {
                bias.iter_mut().zip(delta).for_each(|(g, d)| *g += d);
                for (x, g) in x.iter().zip(weights.chunks_exact_mut(fan_out)) {
                    g.iter_mut().zip(delta).for_each(|(g, d)| *g += x * d);
                }
            }
            let Some(below) = below.last_mut() else { continue };
            let weights = &parameters[start..][..fan_in * fan_out];
            for ((delta, below), a) in here[0]
                .chunks_exact(fan_out)
                .zip(below.chunks_exact_mut(fan_in))
                .zip(outputs[i - 1].chunks_exact(fan_in))
            {
                for ((below, w), a) in below.iter_mut().zip(weights.chunks_exact(fan_out)).zip(a) {
                    let product: f32 = delta.iter().zip(w).map(|(d, w)| d * w).sum();
                    *below = if *a > 0.0 { product } else { 0.0 };
                }
            }
        }
    }
}
