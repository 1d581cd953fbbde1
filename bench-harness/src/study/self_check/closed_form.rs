//! What is known of SGD and momentum on quadratics with noise: recursions of second moments, their fixed points, and what follows.
//!
//! Sources: Zhang et al. 2019 (noisy quadratic model); Bach and Moulines 2013 and those after them (least squares with Gaussian
//! features); McCandlish et al. 2018 (noise scale). h is a curvature, α the learning rate, `noise` the variance of a batch's gradient.

/// E[x²] after `steps` steps of SGD from x² = `start` on ½hx²: s* + β^k (s₀ − s*) with β = (1 − αh)².
pub(super) fn sgd(h: f64, alpha: f64, noise: f64, start: f64, steps: u64) -> f64 {
    let limit = heavy_ball_limit(h, alpha, 0.0, noise);
    limit + libm::pow((1.0 - alpha * h) * (1.0 - alpha * h), steps as f64) * (start - limit)
}

/// E[x²] after `steps` steps of v ← mv − αg, x ← x + v from x² = `start` and v = 0.
pub(super) fn heavy_ball(h: f64, alpha: f64, m: f64, noise: f64, start: f64, steps: u64) -> f64 {
    let (u, added) = (alpha * h, alpha * alpha * noise);
    let (mut a, mut v, mut c) = (start, 0.0, 0.0);
    for _ in 0..steps {
        (a, v, c) = (
            (1.0 - u) * (1.0 - u) * a + m * m * v + 2.0 * m * (1.0 - u) * c + added,
            u * u * a + m * m * v - 2.0 * u * m * c + added,
            -u * (1.0 - u) * a + m * m * v + (1.0 - 2.0 * u) * m * c + added,
        );
    }
    a
}

/// Its limit, the stationary variance: α(1 + m)·noise / ((1 − m)h(2(1 + m) − αh)); SGD has m = 0.
pub(super) fn heavy_ball_limit(h: f64, alpha: f64, m: f64, noise: f64) -> f64 {
    alpha * (1.0 + m) * noise / ((1.0 - m) * h * (2.0 * (1.0 + m) - alpha * h))
}

/// SGD on least squares with features N(0, diag λ) and targets of noise σ, each batch fresh.
pub(super) struct LeastSquares<'a> {
    pub(super) spectrum: &'a [f64],
    /// Of the mean squared error without a half; 2η is that of the one with a half.
    pub(super) learning_rate: f64,
    pub(super) batch_size: f64,
    pub(super) sigma: f64,
}

impl LeastSquares<'_> {
    /// The expected excess of the mean squared error after `steps` steps from weights off by `offset`.
    pub(super) fn excess(&self, offset: &[f64], steps: u64) -> f64 {
        let Self { spectrum, batch_size, sigma, .. } = *self;
        let eta = 2.0 * self.learning_rate;
        let mut s: Vec<f64> = offset.iter().map(|x| x * x).collect();
        for _ in 0..steps {
            let along: f64 = spectrum.iter().zip(&s).map(|(l, s)| l * s).sum();
            for (s, l) in s.iter_mut().zip(spectrum) {
                let kept = 1.0 - 2.0 * eta * l + eta * eta * l * l * (batch_size + 1.0) / batch_size;
                *s = kept * *s + eta * eta * l * (along + sigma * sigma) / batch_size;
            }
        }
        spectrum.iter().zip(&s).map(|(l, s)| l * s).sum()
    }

    /// Its limit: σ²Φ/(1 − Φ) with Φ = Σ ηλ/(2B − ηλ(B + 1)).
    pub(super) fn limit(&self) -> f64 {
        let (eta, b) = (2.0 * self.learning_rate, self.batch_size);
        let phi: f64 = self.spectrum.iter().map(|l| eta * l / (2.0 * b - eta * l * (b + 1.0))).sum();
        self.sigma * self.sigma * phi / (1.0 - phi)
    }
}

/// tr Σ/|G|² of the noisy quadratic at x, where gradients of one sample have the variance σ²h.
pub(super) fn noise_scale(spectrum: &[f64], sigma: f64, x: &[f64]) -> f64 {
    let trace: f64 = spectrum.iter().map(|h| sigma * sigma * h).sum();
    let square: f64 = spectrum.iter().zip(x).map(|(h, x)| h * h * x * x).sum();
    trace / square
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zhang et al. 2019, section 3: h = 1/i up to 10⁴, E[L] < 0.01 from E[x²] = 1, the rate from a grid. The numbers are those of an
    /// independent program.
    #[test]
    fn steps_to_a_target_are_those_of_the_paper() {
        let spectrum: Vec<f64> = (1..=10_000).map(|i| 1.0 / f64::from(i)).collect();
        let loss = |alpha: f64, batch: f64, steps| -> f64 {
            spectrum.iter().map(|h| 0.5 * h * sgd(*h, alpha, h / batch, 1.0, steps)).sum()
        };
        assert!((loss(0.1, 1.0, 0) - 4.893_803_018).abs() < 1e-9);
        for (batch, expected) in [(1024.0, 10_371u64), (16_384.0, 7214)] {
            let alphas = (0..100).map(|i| libm::pow(10.0, -5.0 + 5.5 * f64::from(i) / 99.0));
            // Rates that beat the expected number at that number, or at one less.
            let reached: Vec<f64> =
                alphas.filter(|&alpha| alpha < 2.0 && loss(alpha, batch, expected) < 0.01).collect();
            assert!(!reached.is_empty(), "batch {batch}");
            assert!(reached.iter().all(|&alpha| loss(alpha, batch, expected - 1) >= 0.01), "batch {batch}");
        }
    }

    #[test]
    fn recursions_end_at_their_fixed_points() {
        for (h, alpha, m) in [(1.0, 0.5, 0.0), (0.3, 0.2, 0.9), (2.0, 0.7, 0.5)] {
            let limit = heavy_ball_limit(h, alpha, m, 0.7);
            assert!((heavy_ball(h, alpha, m, 0.7, 3.0, 5000) / limit - 1.0).abs() < 1e-12);
        }
        assert!((sgd(0.4, 0.6, 0.1, 2.0, 7) / heavy_ball(0.4, 0.6, 0.0, 0.1, 2.0, 7) - 1.0).abs() < 1e-13);
        let problem = LeastSquares { spectrum: &[1.0, 0.5, 0.1], learning_rate: 0.1, batch_size: 4.0, sigma: 1.5 };
        assert!((problem.excess(&[1.0, -2.0, 3.0], 5000) / problem.limit() - 1.0).abs() < 1e-12);
    }

    /// One feature, batches of one: E[(1 − ηx²)²] = 1 − 2ηλ + 3η²λ² of a normal x.
    #[test]
    fn least_squares_has_the_fourth_moment_of_a_normal() {
        let problem = LeastSquares { spectrum: &[0.5], learning_rate: 0.1, batch_size: 1.0, sigma: 0.0 };
        let (eta, lambda) = (0.2, 0.5);
        let kept = 1.0 - 2.0 * eta * lambda + 3.0 * eta * eta * lambda * lambda;
        assert!((problem.excess(&[2.0], 1) - lambda * 4.0 * kept).abs() < 1e-14);
    }
}
