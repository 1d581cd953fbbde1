//! The noise of minibatch gradients: how much the gradients of single samples differ, beside the gradient itself.

/// Sums over the gradients gᵢ of single samples at one place, so scaled that the gradient of the (weighted) mean loss is their mean.
///
/// Penalties are left out. From [`Trainer::step_and_measure`](crate::Trainer::step_and_measure), of one minibatch and with
/// [dropout](crate::Dropout), if the model has it; from [`GradientMeter`](crate::GradientMeter), of a data set and without.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientMoments {
    samples: u64,
    /// Σᵢ ‖gᵢ‖²
    square_norms: f64,
    /// Σᵢ gᵢ, by parameter.
    sum: Vec<f64>,
    /// Σᵢ gᵢ∘gᵢ, by parameter; empty if nobody asked.
    squares: Vec<f64>,
}

impl GradientMoments {
    /// Of no sample yet, for so many parameters; with the squares of every coordinate or without.
    pub(crate) fn new(parameters: usize, with_squares: bool) -> Self {
        let squares = if with_squares { vec![0.0; parameters] } else { vec![] };
        Self { samples: 0, square_norms: 0.0, sum: vec![0.0; parameters], squares }
    }

    /// Adds samples, of which each is `scale` times its part of `gradient`: `norms` are the squared norms of the parts, `squares` sums of
    /// their squared coordinates.
    pub(crate) fn add(&mut self, scale: f64, norms: &[f32], gradient: &[f32], squares: &[f32]) {
        self.samples += norms.len() as u64;
        self.square_norms += scale * scale * norms.iter().map(|&norm| f64::from(norm)).sum::<f64>();
        self.sum.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += scale * f64::from(g));
        self.squares.iter_mut().zip(squares).for_each(|(sum, &g)| *sum += scale * scale * f64::from(g));
    }

    /// With every gradient times `factor`.
    pub(crate) fn scaled(mut self, factor: f64) -> Self {
        self.square_norms *= factor * factor;
        self.sum.iter_mut().for_each(|sum| *sum *= factor);
        self.squares.iter_mut().for_each(|sum| *sum *= factor * factor);
        self
    }

    /// Number of samples b.
    pub fn samples(&self) -> u64 {
        self.samples
    }
    /// Σᵢ ‖gᵢ‖².
    pub fn sum_of_square_norms(&self) -> f64 {
        self.square_norms
    }
    /// ‖g‖² of the mean g of the gradients, which is that of the batch.
    pub fn square_norm_of_mean(&self) -> f64 {
        let n = self.samples as f64;
        self.sum.iter().map(|sum| (sum / n) * (sum / n)).sum()
    }
    /// The mean of the gradients, by parameter.
    pub fn mean(&self) -> Vec<f64> {
        self.sum.iter().map(|sum| sum / self.samples as f64).collect()
    }
    /// The mean square of each coordinate, if it was asked for.
    pub fn mean_squares(&self) -> Option<Vec<f64>> {
        (!self.squares.is_empty()).then(|| self.squares.iter().map(|sum| sum / self.samples as f64).collect())
    }

    /// Unbiased estimates of tr Σ and |G|², where G and Σ are mean and covariance of the gradients of all samples. Of these there are
    /// `population`, from which the samples were drawn without replacement; `None`: with replacement, or new ones each time.
    ///
    /// With q = ‖g‖², m = mean ‖gᵢ‖² and c = (n − b)/(n − 1), without a population 1: tr Σ = (m − q)/(1 − c/b), |G|² = q − c·tr Σ/b.
    /// Without a population that is tr Σ = b/(b − 1)·(m − q) and |G|² = (b·q − m)/(b − 1); of all n it is m − q and q. `None` of fewer than
    /// two samples.
    pub fn noise(&self, population: Option<u64>) -> Option<GradientNoise> {
        let b = self.samples as f64;
        if self.samples < 2 {
            return None;
        }
        let c = population.map_or(1.0, |n| (n as f64 - b) / (n as f64 - 1.0));
        let unbiased = |mean_square: f64, square_of_mean: f64| {
            let variance = (mean_square - square_of_mean) / (1.0 - c / b);
            (variance, square_of_mean - c * variance / b)
        };
        let (trace, square_norm) = unbiased(self.square_norms / b, self.square_norm_of_mean());
        let signs = self.mean_squares().map(|squares| {
            let coordinates =
                squares.iter().zip(&self.sum).map(|(square, sum)| unbiased(*square, (sum / b) * (sum / b)));
            // A negative estimate is one of zero.
            let add = |(s, g): (f64, f64), (variance, square): (f64, f64)| {
                (s + variance.max(0.0).sqrt(), g + square.max(0.0).sqrt())
            };
            let (deviations, magnitudes) = coordinates.fold((0.0, 0.0), add);
            SignNoise { deviations, magnitudes }
        });
        Some(GradientNoise { trace, square_norm, signs })
    }
}

/// The terms of which noise scales are ratios. Of several batches, [mean](Self::mean) comes first: the mean of ratios is biased.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientNoise {
    /// tr Σ, the variance of the gradient of one sample. In a batch of B it is tr Σ/B, times [`without_replacement`].
    pub trace: f64,
    /// |G|², the squared norm of the gradient.
    pub square_norm: f64,
    /// The same for rules that take the sign of the gradient, if the coordinates' squares were asked for.
    pub signs: Option<SignNoise>,
}

/// Terms of the noise scale of sign-like rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignNoise {
    /// ‖σ‖₁, the sum of the coordinates' deviations. A deviation is a root, so with few samples it is estimated too low.
    pub deviations: f64,
    /// ‖G‖₁. Of few samples it is estimated too high.
    pub magnitudes: f64,
}

impl GradientNoise {
    /// The mean of the terms; none of no terms. Signs only if all have them.
    pub fn mean(terms: &[Self]) -> Option<Self> {
        let n = terms.len() as f64;
        let mean = |of: &dyn Fn(&Self) -> f64| terms.iter().map(of).sum::<f64>() / n;
        let signs: Option<Vec<SignNoise>> = terms.iter().map(|terms| terms.signs).collect();
        let signs = signs.map(|signs| SignNoise {
            deviations: signs.iter().map(|signs| signs.deviations).sum::<f64>() / n,
            magnitudes: signs.iter().map(|signs| signs.magnitudes).sum::<f64>() / n,
        });
        let all = || Self { trace: mean(&|t| t.trace), square_norm: mean(&|t| t.square_norm), signs };
        (!terms.is_empty()).then(all)
    }

    /// B_simple = tr Σ/|G|² (McCandlish et al. 2018): the batch size at which noise and gradient are equally large. `None` if the
    /// gradient is estimated as none.
    pub fn simple_scale(&self) -> Option<f64> {
        (self.square_norm > 0.0).then(|| self.trace.max(0.0) / self.square_norm)
    }

    /// B_sign = (‖σ‖₁/‖G‖₁)²: the batch size at which the deviations of the coordinates are as large as these, which is what counts for
    /// rules that divide each by its size or take its sign.
    pub fn sign_scale(&self) -> Option<f64> {
        let signs = self.signs.filter(|signs| signs.magnitudes > 0.0)?;
        Some((signs.deviations / signs.magnitudes).powi(2))
    }
}

/// (n − B)/(n − 1): by how much the noise of a batch of B is smaller if it is drawn from n samples without replacement; 0 of fewer than
/// two samples.
///
/// Batches of an order that is reshuffled each epoch have this noise each for themselves, and depend on each other.
pub fn without_replacement(batch_size: u64, samples: u64) -> f64 {
    if samples < 2 { 0.0 } else { samples.saturating_sub(batch_size) as f64 / (samples - 1) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gradients (1, 0), (3, 2), (2, −2): mean (2, 0), q = 4, m = (1 + 13 + 8)/3.
    fn three() -> GradientMoments {
        let mut moments = GradientMoments::new(2, true);
        // Parts of a mean over three, in two blocks.
        moments.add(3.0, &[1.0 / 9.0], &[1.0 / 3.0, 0.0], &[1.0 / 9.0, 0.0]);
        moments.add(3.0, &[13.0 / 9.0, 8.0 / 9.0], &[5.0 / 3.0, 0.0], &[13.0 / 9.0, 8.0 / 9.0]);
        moments
    }

    #[test]
    fn worked_example() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a}, not {b}");
        let moments = three();
        close(moments.sum_of_square_norms(), 22.0);
        close(moments.square_norm_of_mean(), 4.0);
        let all = moments.noise(Some(3)).unwrap();
        close(all.trace, 22.0 / 3.0 - 4.0);
        close(all.square_norm, 4.0);
        close(all.simple_scale().unwrap(), 5.0 / 6.0);
        // Variances 2/3 and 8/3.
        close(all.sign_scale().unwrap(), ((2f64 / 3.0).sqrt() + (8f64 / 3.0).sqrt()).powi(2) / 4.0);
        let drawn = moments.noise(None).unwrap();
        close(drawn.trace, 1.5 * (22.0 / 3.0 - 4.0));
        close(drawn.square_norm, (3.0 * 4.0 - 22.0 / 3.0) / 2.0);
        close(without_replacement(3, 3), 0.0);
        close(without_replacement(1, 3), 1.0);
        assert!(GradientMoments::new(2, false).noise(None).is_none());
    }

    /// The mean over all batches that can be drawn is what all samples say.
    #[test]
    fn estimates_are_unbiased_with_and_without_replacement() {
        let gradients = [[1.0f32, 0.5], [3.0, 2.0], [2.0, -2.0], [-1.0, 4.0], [0.0, 1.0]];
        let of = |rows: &[usize]| {
            let mut moments = GradientMoments::new(2, true);
            for &row in rows {
                let g = gradients[row];
                moments.add(1.0, &[g[0] * g[0] + g[1] * g[1]], &g, &[g[0] * g[0], g[1] * g[1]]);
            }
            moments
        };
        let truth = of(&[0, 1, 2, 3, 4]).noise(Some(5)).unwrap();
        let triples = (0..125).map(|i| [i % 5, i / 5 % 5, i / 25]);
        let different = |t: &[usize; 3]| t[0] != t[1] && t[1] != t[2] && t[0] != t[2];
        for (population, triples) in
            [(None, triples.clone().collect::<Vec<_>>()), (Some(5), triples.filter(different).collect())]
        {
            let terms: Vec<_> = triples.iter().map(|rows| of(rows).noise(population).unwrap()).collect();
            let mean = GradientNoise::mean(&terms).unwrap();
            assert!((mean.trace / truth.trace - 1.0).abs() < 1e-12, "{mean:?}, not {truth:?}");
            assert!((mean.square_norm / truth.square_norm - 1.0).abs() < 1e-12, "{mean:?}, not {truth:?}");
        }
    }
}
