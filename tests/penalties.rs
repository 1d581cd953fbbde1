//! Penalties leave biases out, or take them in: against scikit-learn 1.9.1, whose C is 1/(λ·rows).
//!
//! ```python
//! import numpy as np; from sklearn.linear_model import LogisticRegression as L
//! n = 60; i = np.arange(n); c = 1/(n*0.05)
//! x = np.stack([((i*37+11)%61)/30-1, ((i*23+5)%53)/26-1], 1).astype(np.float32).astype(float)
//! y = (x[:,0] - 0.5*x[:,1] + ((i*7)%13)/13 > 1.2).astype(int)
//! L(C=c, tol=1e-12, max_iter=10000).fit(x, y)                                               # RIDGE
//! L(C=c, tol=1e-12, max_iter=10000, fit_intercept=False).fit(np.c_[x, np.ones(n)], y)       # RIDGE_WITH_BIAS
//! L(penalty="elasticnet", C=c, l1_ratio=0.5, solver="saga", tol=1e-13, max_iter=1000000).fit(x, y)       # NET
//! L(C=c, tol=1e-12, max_iter=10000).fit(x, np.where(x[:,0] > 0.6, 2, np.where(x[:,1] > 0.2, 1, 0)))  # SOFTMAX
//! ```

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Dataset, Initializer, Lbfgs, LearningRate, Linear, Loss, Mlp, Model, Sampling, Settings, StepTransforms, Targets,
    Trainer,
};
use simdescent_kernels::Exec;
use simdescent_kernels::activation::Activation;

const ROWS: usize = 60;
/// λ
const LAMBDA: f32 = 0.05;
/// Two weights and the intercept.
const RIDGE: [f64; 3] = [1.2608513780389192, -0.591632413754617, -1.6889437114402317];
const RIDGE_WITH_BIAS: [f64; 3] = [1.1208940242609646, -0.5348225214787566, -1.244727125437146];
const NET: [f64; 3] = [1.3587477504294134, -0.44617438575902885, -1.7016866332545668];
/// Of each class.
const SOFTMAX: [[f64; 3]; 3] = [
    [-0.8572426658010165, -1.1622620811987718, 0.48713257388895675],
    [-0.5410838801669586, 1.3659914321539706, 0.011503303993444642],
    [1.3983265459679752, -0.20372935095519895, -0.49863587788240116],
];

fn data(classes: usize) -> Dataset {
    let x: Vec<[f64; 2]> = (0..ROWS)
        .map(|i| [((i * 37 + 11) % 61) as f64 / 30.0 - 1.0, ((i * 23 + 5) % 53) as f64 / 26.0 - 1.0])
        .collect();
    let label = |(i, [a, b]): (usize, &[f64; 2])| match classes {
        2 => u32::from(a - 0.5 * b + (i * 7 % 13) as f64 / 13.0 > 1.2),
        _ if *a > 0.6 => 2,
        _ => u32::from(*b > 0.2),
    };
    let labels = x.iter().enumerate().map(label).collect();
    let inputs = x.iter().flatten().map(|&x| x as f32).collect();
    Dataset::new("penalties", inputs, 2, Targets::Labels { labels, classes }).unwrap()
}

#[track_caller]
fn near(got: &[f32], want: [f64; 3], tolerance: f64) {
    for (got, want) in got.iter().zip(want) {
        assert!((f64::from(*got) - want).abs() < tolerance, "{got} instead of {want}");
    }
}

#[test]
fn lbfgs_agrees_with_scikit_learn() {
    for (penalize_bias, want) in [(false, RIDGE), (true, RIDGE_WITH_BIAS)] {
        let mut model = Linear::new(2, true);
        let settings = Settings { loss: Loss::Logistic, l2: LAMBDA, penalize_bias, ..Settings::default() };
        Lbfgs::default().train(Exec::default(), &mut model, &data(2), &settings).unwrap();
        near(model.parameters(), want, 1e-4);
    }
    let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 1));
    let mut model = Mlp::new(&[2, 3], Activation::Identity, Initializer::Zeros, &mut stream);
    let settings = Settings { loss: Loss::SoftmaxCrossEntropy, l2: LAMBDA, ..Settings::default() };
    Lbfgs::default().train(Exec::default(), &mut model, &data(3), &settings).unwrap();
    for (found, want) in model.coefficients().unwrap().iter().zip(SOFTMAX) {
        near(&[found.weights[0] as f32, found.weights[1] as f32, found.intercept as f32], want, 1e-4);
    }
}

/// Gradient descent on all rows, whose steps are taken in the backward pass where there is no L1 penalty.
#[test]
fn gradient_descent_agrees_with_scikit_learn() {
    let descend = |l2, l1, penalize_bias| {
        let settings = Settings {
            loss: Loss::Logistic,
            l2,
            penalize_bias,
            step_transforms: StepTransforms { l1, ..StepTransforms::NONE },
            learning_rate: LearningRate::Constant { rate: 1.0 },
            batch_size: ROWS,
            sampling: Sampling::FixedOrder,
            ..Settings::default()
        };
        let data = data(2);
        let mut trainer = Trainer::new(Exec::default(), Linear::new(2, true), &data, settings).unwrap();
        (0..1500).for_each(|_| _ = trainer.step());
        trainer.model().parameters().to_vec()
    };
    near(&descend(LAMBDA, 0.0, false), RIDGE, 1e-4);
    near(&descend(LAMBDA, 0.0, true), RIDGE_WITH_BIAS, 1e-4);
    near(&descend(0.5 * LAMBDA, 0.5 * LAMBDA, false), NET, 1e-4);
}
