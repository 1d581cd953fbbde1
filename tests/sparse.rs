//! Models on sparse inputs: the runs they have on dense ones, and what only sparse inputs can do.

use simdescent::dataset::{Csr, SvmlightOptions, read_svmlight_sparse};
use simdescent::kernels::activation::Activation;
use simdescent::kernels::{Exec, MatMut, Par, Team, isa};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    ConfigError, CrossValidation, Dataset, Dropout, Evaluation, Evaluator, FitOptions, Initializer, KFold, LastBatch,
    Lbfgs, LearningRate, Linear, Loss, Metric, Mlp, Model, Rows, Rule, Sampling, Settings, Targets, Trainer,
    TrainingSpec, cross_validate,
};

/// 600 rows of 90 features, of which a row has 9 or fewer.
fn data() -> (Dataset, Dataset) {
    let (rows, features) = (600, 90);
    let mut stream = Stream::new(StreamKey::new(Purpose::Data, 3));
    let mut inputs = vec![0.0; rows * features];
    for row in inputs.chunks_exact_mut(features) {
        (0..9).for_each(|_| row[stream.below(features as u32) as usize] = stream.below(200) as f32 / 50.0 - 2.0);
    }
    let side = |row: &[f32]| u32::from(row[..45].iter().sum::<f32>() > row[45..].iter().sum());
    let labels = inputs.chunks_exact(features).map(side).collect();
    let dense = Dataset::new("d", inputs, features, Targets::Labels { labels, classes: 2 }).unwrap();
    (dense.clone().into_sparse().unwrap(), dense)
}

fn run(exec: Exec<'_>, data: &Dataset, settings: Settings) -> (String, Evaluation) {
    let mut trainer = Trainer::new(exec, Linear::new(data.features(), true), data, settings).unwrap();
    (0..12).for_each(|_| _ = trainer.step());
    let digest = trainer.digest();
    (digest, Evaluator::new(settings.loss, data).unwrap().evaluate(exec, trainer.model_mut()))
}

#[test]
fn every_loss_and_rule_has_the_run_of_dense_inputs() {
    let (sparse, dense) = data();
    let team = Team::new(3).unwrap();
    let base = Settings { learning_rate: LearningRate::Constant { rate: 0.01 }, ..Settings::default() };
    let same = |settings: Settings| {
        let want = run(Exec::default(), &dense, settings);
        for &isa in isa::available() {
            for par in [Par::Seq, Par::Team(&team)] {
                let got = run(Exec::new(isa, par), &sparse, settings);
                assert_eq!(got, want, "{settings:?}, {isa}");
            }
        }
    };
    for loss in [
        Loss::Squared,
        Loss::Absolute,
        Loss::Huber { delta: 0.5 },
        Loss::Quantile { tau: 0.3 },
        Loss::Logistic,
        Loss::Hinge,
        Loss::SquaredHinge,
        Loss::Poisson,
    ] {
        same(Settings { loss, rule: Rule::Sgd, batch_size: 50, ..base });
        same(Settings { loss, rule: Rule::Sgd, batch_size: 600, sampling: Sampling::FixedOrder, l2: 0.1, ..base });
    }
    for rule in Rule::ALL {
        let settings = Settings { loss: Loss::Logistic, rule, batch_size: 70, last_batch: LastBatch::Drop, ..base };
        same(settings);
        same(Settings { sampling: Sampling::WithReplacement, ..settings });
    }
}

#[test]
fn full_batch_methods_and_folds_are_those_of_dense_inputs() {
    let (sparse, dense) = data();
    let minimum = |data: &Dataset| {
        let mut model = Linear::new(data.features(), true);
        let minimum = Lbfgs { max_iterations: 20, ..Lbfgs::default() }
            .train(
                Exec::default(),
                &mut model,
                data,
                &Settings { loss: Loss::Logistic, l2: 1e-3, ..Settings::default() },
            )
            .unwrap();
        (minimum, model.parameters().to_vec())
    };
    assert_eq!(minimum(&sparse), minimum(&dense));
    let settings = Settings { loss: Loss::Logistic, batch_size: 32, ..Settings::default() };
    let folds = KFold { folds: 3, stratified: true, trial: 0, seed: 1 };
    let validated = |data: &Dataset, standardize| {
        let options = FitOptions { steps: 20, samples: None, validate_every: 10, early_stopping: None };
        let training = TrainingSpec { settings, options };
        cross_validate(Exec::default(), |_| Linear::new(90, true), data, training, folds, standardize).unwrap()
    };
    assert_eq!(validated(&sparse, false), validated(&dense, false));
    // Scaled, but not shifted.
    let (scaled, shifted) = (validated(&sparse, true), validated(&dense, true));
    let loss = |found: &CrossValidation| found.mean(Metric::Loss).unwrap();
    let unscaled = loss(&validated(&sparse, false));
    assert!(loss(&scaled) < unscaled.min(0.7) && scaled != shifted, "{scaled:?}");
}

/// 3000 rows of a million features are 12 GB with their zeros.
#[test]
fn zeros_take_no_memory() {
    let (rows, features) = (3000usize, 1_000_000usize);
    let indices: Vec<u32> = (0..rows).flat_map(|i| [i as u32, 900_000 + (i % 2) as u32]).collect();
    let csr = Csr { indptr: (0..=rows).map(|i| 2 * i).collect(), indices, values: vec![1.0; 2 * rows] };
    let labels = (0..rows as u32).map(|i| i % 2).collect();
    let wide = Dataset::sparse("wide", csr, features, Targets::Labels { labels, classes: 2 }).unwrap();
    let settings = Settings {
        loss: Loss::Logistic,
        rule: Rule::Sgd,
        learning_rate: LearningRate::Constant { rate: 1.0 },
        batch_size: 1000,
        ..Settings::default()
    };
    let mut trainer = Trainer::new(Exec::default(), Linear::new(features, true), &wide, settings).unwrap();
    (0..20).for_each(|_| _ = trainer.step());
    let quality = Evaluator::new(Loss::Logistic, &wide).unwrap().evaluate(Exec::default(), trainer.model_mut());
    assert_eq!(quality.accuracy, Some(1.0));
    let message = wide.into_dense().unwrap_err().to_string();
    assert!(message.contains("3000 rows × 1000000 features with their zeros exceed the limit"), "{message}");
}

#[test]
fn softmax_regression_and_networks_have_the_runs_of_dense_inputs() {
    let (sparse, dense) = data();
    let labels = (0..600).map(|i| i * 7 % 10).collect();
    let ten = Targets::Labels { labels, classes: 10 };
    let [sparse, dense] = [sparse, dense].map(|data| data.with_targets(ten.clone()).unwrap());
    let team = Team::new(3).unwrap();
    let rate = LearningRate::Constant { rate: 0.01 };
    let base = Settings { loss: Loss::SoftmaxCrossEntropy, learning_rate: rate, ..Settings::default() };
    let dropout = Dropout::new(0.25, 0, 1).unwrap();
    for (hidden, activation) in
        [(&[][..], Activation::Identity), (&[12], Activation::Relu), (&[5, 7], Activation::Gelu)]
    {
        let widths = [&[90], hidden, &[10]].concat();
        let run = |exec: Exec<'_>, data: &Dataset, settings: Settings| {
            let mut weights = Stream::new(StreamKey::new(Purpose::Weights, 1));
            let network = Mlp::new(&widths, activation, Initializer::HeNormal, &mut weights).with_dropout(dropout);
            let mut trainer = Trainer::new(exec, network, data, settings).unwrap();
            (0..12).for_each(|_| _ = trainer.step());
            let digest = trainer.digest();
            (digest, Evaluator::new(settings.loss, data).unwrap().evaluate(exec, trainer.model_mut()))
        };
        for rule in [Rule::Sgd, Rule::from_name("adam").unwrap()] {
            for (batch_size, sampling) in [(32, Sampling::Reshuffled), (600, Sampling::FixedOrder)] {
                let settings = Settings { rule, batch_size, sampling, ..base };
                let want = run(Exec::default(), &dense, settings);
                for &isa in isa::available() {
                    for par in [Par::Seq, Par::Team(&team)] {
                        let got = run(Exec::new(isa, par), &sparse, settings);
                        assert_eq!(got, want, "{widths:?}, {settings:?}, {isa}");
                    }
                }
            }
        }
    }
}

/// A linear model that keeps to the methods a model must have.
struct Plain(Linear);

impl Model for Plain {
    fn inputs(&self) -> usize {
        self.0.inputs()
    }
    fn outputs(&self) -> usize {
        self.0.outputs()
    }
    fn parameters(&self) -> &[f32] {
        self.0.parameters()
    }
    fn parameters_mut(&mut self) -> &mut [f32] {
        self.0.parameters_mut()
    }
    fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]) {
        self.0.parameters_and_gradient()
    }
    fn forward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> MatMut<'_, f32> {
        self.0.forward(exec, inputs)
    }
    fn backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) {
        self.0.backward(exec, inputs)
    }
}

#[test]
fn models_that_take_no_sparse_inputs_are_refused() {
    let (sparse, _) = data();
    let settings = Settings { loss: Loss::Logistic, ..Settings::default() };
    let error = Trainer::new(Exec::default(), Plain(Linear::new(90, true)), &sparse, settings).err();
    let error = error.expect("an error");
    assert_eq!(error, ConfigError::Sparse("d".into()));
    assert!(error.to_string().contains("fill in its zeros"), "{error}");
}

#[test]
fn a_file_is_read_as_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wide.svm");
    let lines: String = (0..100).map(|i| format!("{} {}:0.5 1000000:{}\n", i % 2, i + 1, i % 2 * 2)).collect();
    std::fs::write(&path, lines).unwrap();
    let data = read_svmlight_sparse(&path, &SvmlightOptions::default()).unwrap();
    assert_eq!((data.rows(), data.features(), data.csr().unwrap().stored()), (100, 1_000_000, 200));
    assert_eq!(data.csr().unwrap().row(3), (&[3, 999_999][..], &[0.5, 2.0][..]));
    let narrow = SvmlightOptions { features: Some(999_999), ..SvmlightOptions::default() };
    assert!(read_svmlight_sparse(&path, &narrow).unwrap_err().to_string().contains("line 1: index 1000000"));
}
