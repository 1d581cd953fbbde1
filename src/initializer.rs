//! Initial weights.

use crate::random::Stream;
use serde::{Deserialize, Serialize};

/// How the weights of a layer start. Biases always start at zero.
///
/// `fan_in` and `fan_out` are the numbers of inputs and outputs of the layer. Texts that print He's standard
/// deviation as √(2/n²), or Xavier's as √(1/n), are wrong: see each variant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// All zero. Right for linear models only: the hidden units of a network would stay equal for ever.
    Zeros,
    /// Normal with mean 0 and this standard deviation.
    Normal {
        /// Standard deviation.
        std: f32,
    },
    /// Glorot & Bengio 2010: normal with variance 2/(fan_in + fan_out). For tanh and sigmoid.
    XavierNormal,
    /// Glorot & Bengio 2010: uniform on ±√(6/(fan_in + fan_out)), which has the same variance.
    XavierUniform,
    /// He et al. 2015: normal with variance 2/fan_in. For ReLU, whose output keeps half of the second moment.
    HeNormal,
    /// He et al. 2015: uniform on ±√(6/fan_in), which has the same variance.
    HeUniform,
}

impl Initializer {
    /// Fills the `fan_in` × `fan_out` weights of a layer.
    pub fn fill(self, weights: &mut [f32], fan_in: usize, fan_out: usize, stream: &mut Stream) {
        let (fan_in, fan_sum) = (fan_in as f64, (fan_in + fan_out) as f64);
        let mut normal = |std: f64| weights.iter_mut().for_each(|w| *w = (std * stream.normal()) as f32);
        match self {
            Self::Zeros => weights.fill(0.0),
            Self::Normal { std } => normal(f64::from(std)),
            Self::XavierNormal => normal((2.0 / fan_sum).sqrt()),
            Self::HeNormal => normal((2.0 / fan_in).sqrt()),
            Self::XavierUniform => uniform(weights, (6.0 / fan_sum).sqrt(), stream),
            Self::HeUniform => uniform(weights, (6.0 / fan_in).sqrt(), stream),
        }
    }
}

fn uniform(weights: &mut [f32], limit: f64, stream: &mut Stream) {
    weights.iter_mut().for_each(|w| *w = (limit * (stream.uniform() - 0.5) * 2.0) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn weights_have_the_stated_variance_and_limits() {
        let (fan_in, fan_out) = (300, 200);
        for (initializer, variance, limit) in [
            (Initializer::Zeros, 0.0, 0.0),
            (Initializer::Normal { std: 0.3 }, 0.09, f32::INFINITY),
            (Initializer::XavierNormal, 2.0 / 500.0, f32::INFINITY),
            (Initializer::XavierUniform, 2.0 / 500.0, (6.0f32 / 500.0).sqrt()),
            (Initializer::HeNormal, 2.0 / 300.0, f32::INFINITY),
            (Initializer::HeUniform, 2.0 / 300.0, (6.0f32 / 300.0).sqrt()),
        ] {
            let mut w = vec![f32::NAN; fan_in * fan_out];
            initializer.fill(&mut w, fan_in, fan_out, &mut Stream::new(StreamKey::new(Purpose::Weights, 5)));
            let n = w.len() as f64;
            let mean = w.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
            let square = w.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / n;
            // Five standard errors; a normal's square has variance 2σ⁴, a uniform's less.
            assert!(mean.abs() <= 5.0 * (variance / n).sqrt(), "{initializer:?}: mean {mean}");
            assert!((square - variance).abs() <= 5.0 * variance * (2.0 / n).sqrt(), "{initializer:?}: {square}");
            assert!(w.iter().all(|w| w.abs() <= limit), "{initializer:?}");
        }
    }
}
