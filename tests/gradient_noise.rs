//! Gradients of single samples: against those computed one by one, and what is known of them in closed form.

use simdescent::kernels::Exec;
use simdescent::kernels::activation::Activation;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    BatchTargets, Dataset, Dropout, GradientNoise, Initializer, LearningRate, Linear, Loss, Mlp, Model, NoisyQuadratic,
    Rows, Rule, Sampling, Settings, Targets, Trainer, synthetic,
};

fn stream(seed: u64) -> Stream {
    Stream::new(StreamKey::new(Purpose::Data, seed))
}

/// The parts of the gradient, one sample after the other: the others' derivatives are set to 0.
fn one_by_one(model: &mut dyn Model, inputs: Rows<'_>, loss: Loss, targets: BatchTargets<'_>) -> Vec<Vec<f32>> {
    let exec = Exec::default();
    let part = |sample: usize| {
        let mut outputs = model.forward_training(exec, inputs, 3);
        let (rows, cols) = (outputs.rows(), outputs.cols());
        loss.replace_by_gradient(exec, outputs.reborrow(), targets);
        for i in (0..rows).filter(|&i| i != sample) {
            (0..cols).for_each(|j| *outputs.at_mut(i, j) = 0.0);
        }
        model.backward(exec, inputs);
        model.parameters_and_gradient().1.to_vec()
    };
    (0..inputs.rows()).map(part).collect()
}

#[track_caller]
fn near(got: f64, want: f64, relative: f64, what: &str) {
    assert!((got - want).abs() <= relative * want.abs(), "{what}: {got}, not {want}");
}

#[track_caller]
fn check(name: &str, model: &mut dyn Model, inputs: Rows<'_>, loss: Loss, targets: BatchTargets<'_>) {
    let exec = Exec::default();
    let parts = one_by_one(model, inputs, loss, targets);
    let parameters = model.parameters().len();
    let outputs = model.forward_training(exec, inputs, 3);
    loss.replace_by_gradient(exec, outputs, targets);
    model.backward(exec, inputs);
    let gradient = model.parameters_and_gradient().1.to_vec();
    for with_squares in [true, false] {
        let (mut norms, mut squares) = (vec![f32::NAN; inputs.rows()], vec![f32::NAN; parameters]);
        squares.truncate(if with_squares { parameters } else { 0 });
        let outputs = model.forward_training(exec, inputs, 3);
        loss.replace_by_gradient(exec, outputs, targets);
        assert!(model.backward_by_sample(exec, inputs, &mut norms, &mut squares));
        assert_eq!(model.parameters_and_gradient().1, gradient, "{name}: the same gradient");
        for (norm, part) in norms.iter().zip(&parts) {
            let want = part.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>();
            near(f64::from(*norm), want, 1e-6, name);
        }
        for (j, square) in squares.iter().enumerate() {
            let want = parts.iter().map(|part| f64::from(part[j]).powi(2)).sum::<f64>();
            near(f64::from(*square), want, 1e-6, name);
        }
    }
}

#[test]
fn norms_and_squares_are_those_of_gradients_one_by_one() {
    let (rows, features) = (38, 23);
    let data = synthetic::gaussian_mixture(rows, features, 4, 3.0, &mut stream(1));
    let numbers: Vec<f32> = (0..rows).map(|i| (i % 7) as f32 - 2.0).collect();
    let classes: Vec<u32> = (0..rows).map(|i| (i % 4) as u32).collect();
    let (values, labels) = (BatchTargets::Values(&numbers), BatchTargets::Labels(&classes));
    let mut thin: Vec<f32> = data.inputs().to_vec();
    thin.iter_mut().enumerate().filter(|(i, _)| i % 3 != 0).for_each(|(_, x)| *x = 0.0);
    let thin = Dataset::new("thin", thin, features, Targets::Values(numbers.clone())).unwrap().into_sparse().unwrap();
    for (kind, inputs) in [("dense", data.all()), ("sparse", thin.all())] {
        for bias in [false, true] {
            let mut linear = Linear::new(features, bias);
            linear.parameters_mut().iter_mut().enumerate().for_each(|(i, w)| *w = (i % 5) as f32 / 4.0 - 0.4);
            check(&format!("linear, {kind}"), &mut linear, inputs, Loss::Squared, values);
        }
        let widths = [features, 11, 6, 4];
        for dropout in [None, Some(Dropout::new(0.25, 0, 1).unwrap())] {
            for activation in [Activation::Relu, Activation::Tanh, Activation::Gelu] {
                let mut mlp = Mlp::new(&widths, activation, Initializer::XavierNormal, &mut stream(2));
                if let Some(dropout) = dropout {
                    mlp = mlp.with_dropout(dropout);
                }
                let name = format!("{activation:?}, {dropout:?}, {kind}");
                check(&name, &mut mlp, inputs, Loss::SoftmaxCrossEntropy, labels);
            }
        }
    }
    let noise = synthetic::noise(rows, 10, 1.5, &mut stream(3));
    let mut quadratic = NoisyQuadratic::new(10, &mut stream(4));
    check("quadratic", &mut quadratic, noise.all(), Loss::Absolute, BatchTargets::Values(&vec![0.0; rows]));
}

/// y = x·w* + σξ with Gaussian x: B_simple = 1 + tr H·(δᵀHδ + σ²)/|Hδ|², and by the coordinates what follows for each.
#[test]
fn least_squares_has_the_noise_scale_of_its_closed_form() {
    let (rows, spectrum, sigma) = (40_000, [1.0f64, 0.5, 0.25, 0.125, 0.0625], 0.5);
    let mut stream = stream(7);
    let mut inputs = vec![];
    let mut targets = vec![];
    for _ in 0..rows {
        let x: Vec<f64> = spectrum.iter().map(|h| h.sqrt() * stream.normal()).collect();
        targets.push((x.iter().sum::<f64>() + sigma * stream.normal()) as f32);
        inputs.extend(x.iter().map(|&x| x as f32));
    }
    let data = Dataset::new("g", inputs, spectrum.len(), Targets::Values(targets)).unwrap();
    let mut model = Linear::new(spectrum.len(), false);
    // δ = w − w* with w* all ones.
    let weights = [0.5f32, 0.75, 1.5, 0.25, 1.25];
    model.parameters_mut().copy_from_slice(&weights);
    let delta: Vec<f64> = weights.iter().map(|&w| f64::from(w) - 1.0).collect();
    let loss: f64 = delta.iter().zip(&spectrum).map(|(d, h)| d * d * h).sum::<f64>() + sigma * sigma;
    let gradient = |j: usize| spectrum[j] * delta[j];
    let square: f64 = (0..5).map(|j| gradient(j).powi(2)).sum();
    let simple = 1.0 + spectrum.iter().sum::<f64>() * loss / square;
    // E(xⱼr)² = hⱼ·E r² + 2(hⱼδⱼ)² by Wick's rule.
    let deviations: f64 = (0..5).map(|j| (spectrum[j] * loss + gradient(j).powi(2)).sqrt()).sum();
    let sign = (deviations / (0..5).map(|j| gradient(j).abs()).sum::<f64>()).powi(2);
    let meter = Settings::default().gradient_meter(&data, usize::MAX).unwrap();
    let all = meter.measure(Exec::default(), &mut model, true).unwrap();
    assert_eq!(all.samples(), rows as u64);
    let noise = all.noise(None).unwrap();
    // The loss has no factor ½: gradients are twice as long.
    near(noise.square_norm, 4.0 * square, 0.03, "|G|²");
    near(noise.simple_scale().unwrap(), simple, 0.03, "B_simple");
    near(noise.sign_scale().unwrap(), sign, 0.03, "B_sign");

    // Batches of a run that does not move: the ratio of means, where a mean of ratios would be far off.
    let settings = Settings {
        learning_rate: LearningRate::Constant { rate: 1e-30 },
        batch_size: 40,
        sampling: Sampling::WithReplacement,
        ..Settings::default()
    };
    let mut trainer = Trainer::new(Exec::default(), model.clone(), &data, settings).unwrap();
    let terms: Vec<GradientNoise> =
        (0..4000).map(|_| trainer.step_and_measure(false).unwrap().1.unwrap().noise(None).unwrap()).collect();
    let mean = GradientNoise::mean(&terms).unwrap();
    near(mean.simple_scale().unwrap(), simple, 0.05, "B_simple of minibatches");
    assert_eq!(mean.sign_scale(), None);
}

/// Weights are of the whole set, whatever its blocks.
#[test]
fn a_meter_of_weighted_rows_has_the_sums_of_its_gradients() {
    let rows = 1100;
    let data = synthetic::gaussian_mixture(rows, 6, 3, 2.0, &mut stream(5));
    let weights: Vec<f32> = (0..rows).map(|i| (i % 5) as f32 / 2.0).collect();
    let classes = vec![1.0, 0.5, 2.0];
    let Targets::Labels { labels, .. } = data.targets().clone() else { panic!("classes") };
    let weight = |i: usize| f64::from(weights[i] * classes[labels[i] as usize]);
    let total: f64 = (0..rows).map(weight).sum();
    let mut model = Mlp::new(&[6, 5, 3], Activation::Tanh, Initializer::XavierNormal, &mut stream(6));
    let (mut square_norms, mut mean) = (0.0, vec![0.0; model.parameters().len()]);
    for i in 0..rows {
        let outputs = model.forward(Exec::default(), data.all().slice(i..i + 1));
        let one = BatchTargets::Labels(&labels[i..=i]);
        Loss::SoftmaxCrossEntropy.replace_by_gradient(Exec::default(), outputs, one);
        model.backward(Exec::default(), data.all().slice(i..i + 1));
        let scale = rows as f64 * weight(i) / total;
        for (mean, &g) in mean.iter_mut().zip(model.parameters_and_gradient().1) {
            square_norms += (scale * f64::from(g)).powi(2);
            *mean += scale * f64::from(g) / rows as f64;
        }
    }
    let weighted = data.with_weights(weights.clone()).unwrap().with_class_weights(classes.clone()).unwrap();
    let settings = Settings { loss: Loss::SoftmaxCrossEntropy, ..Settings::default() };
    let all = settings.gradient_meter(&weighted, rows).unwrap().measure(Exec::default(), &mut model, true).unwrap();
    near(all.sum_of_square_norms(), square_norms, 1e-6, "Σ‖g‖²");
    near(all.square_norm_of_mean(), mean.iter().map(|g| g * g).sum(), 1e-5, "‖g‖²");
    near(all.mean_squares().unwrap().iter().sum::<f64>() * rows as f64, square_norms, 1e-6, "Σg²");

    let meter = settings.gradient_meter(&weighted, 700).unwrap();
    let some = meter.measure(Exec::default(), &mut model, false).unwrap();
    assert_eq!((meter.rows(), some.samples()), (700, 700));
    assert_eq!(meter.measure(Exec::default(), &mut model, false).unwrap(), some, "the same rows each time");
    let (of_all, of_some) = (all.noise(Some(1100)).unwrap(), some.noise(Some(1100)).unwrap());
    near(of_some.trace, of_all.trace, 0.1, "tr Σ of a part");
}

#[test]
fn a_measured_step_is_the_step() {
    let data = synthetic::gaussian_mixture(256, 12, 4, 2.0, &mut stream(8));
    let model = Mlp::new(&[12, 9, 4], Activation::Relu, Initializer::HeNormal, &mut stream(9));
    for rule in [Rule::Sgd, Rule::MOMENTUM, Rule::ADAM, Rule::LION] {
        let settings = Settings {
            loss: Loss::SoftmaxCrossEntropy,
            rule,
            learning_rate: LearningRate::Constant { rate: 0.01 },
            ..Settings::default()
        };
        let trainer = || Trainer::new(Exec::default(), model.clone(), &data, settings).unwrap();
        let (mut plain, mut measured) = (trainer(), trainer());
        for step in 0..20 {
            let (loss, moments) = measured.step_and_measure(step % 2 == 0).unwrap();
            assert_eq!(loss, plain.step());
            let moments = moments.unwrap();
            assert_eq!((moments.samples(), moments.mean_squares().is_some()), (32, step % 2 == 0));
        }
        assert_eq!(plain.digest(), measured.digest(), "{rule:?}");
    }
}

/// A model that does not know its samples is trained all the same.
#[test]
fn a_model_that_does_not_know_says_so() {
    struct Constant([f32; 1], [f32; 1], Vec<f32>);
    impl Model for Constant {
        fn inputs(&self) -> usize {
            1
        }
        fn outputs(&self) -> usize {
            1
        }
        fn parameters(&self) -> &[f32] {
            &self.0
        }
        fn parameters_mut(&mut self) -> &mut [f32] {
            &mut self.0
        }
        fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]) {
            (&mut self.0, &self.1)
        }
        fn forward(&mut self, _: Exec<'_>, inputs: Rows<'_>) -> simdescent::kernels::MatMut<'_, f32> {
            self.2 = vec![self.0[0]; inputs.rows()];
            let rows = self.2.len();
            simdescent::kernels::MatMut::new(&mut self.2, rows, 1)
        }
        fn backward(&mut self, _: Exec<'_>, _: Rows<'_>) {
            self.1[0] = self.2.iter().sum();
        }
    }
    let data = Dataset::new("c", vec![0.0; 4], 1, Targets::Values(vec![1.0; 4])).unwrap();
    let settings =
        Settings { batch_size: 4, learning_rate: LearningRate::Constant { rate: 0.25 }, ..Settings::default() };
    let mut trainer = Trainer::new(Exec::default(), Constant([0.0], [0.0], vec![]), &data, settings).unwrap();
    let (loss, moments) = trainer.step_and_measure(true).unwrap();
    assert_eq!((loss, moments), (1.0, None));
    assert_eq!(trainer.model().parameters(), [0.5]);
    let meter = settings.gradient_meter(&data, 10).unwrap();
    assert_eq!(meter.measure(Exec::default(), trainer.model_mut(), false), None);
}
