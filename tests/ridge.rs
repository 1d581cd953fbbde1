//! L2 in the loss against the closed form of ridge regression.

use simdescent::{Dataset, LearningRate, Linear, Model, Sampling, Settings, Targets, Trainer};
use simdescent_kernels::Exec;

/// The minimum of (1/n)‖Xw − y‖² + ½λ‖w‖² for two features: w = (XᵀX/n + ½λI)⁻¹Xᵀy/n.
fn closed_form(x: &[[f64; 2]], y: &[f64], lambda: f64) -> [f64; 2] {
    let n = x.len() as f64;
    let sum = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(f).sum::<f64>() / n;
    let (a, b, d) = (sum(&|i| x[i][0] * x[i][0]), sum(&|i| x[i][0] * x[i][1]), sum(&|i| x[i][1] * x[i][1]));
    let (a, d) = (a + lambda / 2.0, d + lambda / 2.0);
    let (p, q) = (sum(&|i| x[i][0] * y[i]), sum(&|i| x[i][1] * y[i]));
    let det = a * d - b * b;
    [(d * p - b * q) / det, (a * q - b * p) / det]
}

#[test]
fn gradient_descent_with_l2_ends_at_the_ridge_solution() {
    let x: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i % 7) / 4.0 - 0.5, f64::from(i % 5) / 2.0 - 1.0]).collect();
    let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| 2.0 * x[0] - x[1] + f64::from(i as u32 % 3) / 5.0).collect();
    let inputs = x.iter().flatten().map(|&x| x as f32).collect();
    let targets = Targets::Values(y.iter().map(|&y| y as f32).collect());
    let data = Dataset::new("ridge", inputs, 2, targets).unwrap();
    let mut lengths = vec![];
    for l2 in [0.0, 0.1, 1.0, 10.0] {
        let learning_rate = LearningRate::Constant { rate: 0.05 };
        let sampling = Sampling::FixedOrder;
        let settings = Settings { learning_rate, l2, batch_size: 40, sampling, ..Settings::default() };
        let mut trainer = Trainer::new(Exec::default(), Linear::new(2, false), &data, settings).unwrap();
        (0..2000).for_each(|_| _ = trainer.step());
        let want = closed_form(&x, &y, f64::from(l2));
        for (w, want) in trainer.model().parameters().iter().zip(want) {
            assert!((f64::from(*w) - want).abs() < 1e-5, "λ = {l2}: {w} instead of {want}");
        }
        lengths.push(want[0].hypot(want[1]));
    }
    assert!(lengths.windows(2).all(|w| w[1] < w[0]), "the penalty shrinks: {lengths:?}");
}
