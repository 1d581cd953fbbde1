//! Initial weights.

mod orthogonal;
mod truncated_normal;

use crate::error::ConfigError;
use crate::random::Stream;
use serde::{Deserialize, Serialize};

/// How the weights of a layer start. Biases always start at zero.
///
/// `fan_in` and `fan_out` are the numbers of inputs and outputs of the layer. Wrong formulas are in circulation: He's
/// standard deviation is √(2/fan_in), not √(2/n²); Xavier's variance is 2/(fan_in + fan_out), which is 1/n only where
/// both are n, and its uniform limit is √6/√(fan_in + fan_out), not √6/(fan_in + fan_out).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initializer {
    /// All zero. Right for linear models only: the hidden units of a network would stay equal forever.
    Zeros,
    /// All the same; for networks as wrong as zeros.
    Constant {
        /// The weight.
        value: f32,
    },
    /// Normal with mean 0 and this standard deviation.
    Normal {
        /// Standard deviation.
        std: f32,
    },
    /// Uniform on ±limit; its standard deviation is limit/√3.
    Uniform {
        /// The largest weight.
        limit: f32,
    },
    /// Normal without what lies further out than two standard deviations, rescaled so that `std` is the standard deviation
    /// of what is left: σ = std/0.8796, and no weight exceeds 2σ. (PyTorch's `trunc_normal_` and Keras' `TruncatedNormal`
    /// do not rescale; Keras' `VarianceScaling` does.)
    TruncatedNormal {
        /// Standard deviation of the weights.
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
    /// LeCun et al. 1998: normal with variance 1/fan_in. For SELU, or the identity.
    LecunNormal,
    /// LeCun et al. 1998: uniform on ±√(3/fan_in), which has the same variance.
    LecunUniform,
    /// Saxe et al. 2014: `gain` times a random matrix with orthonormal columns, or rows if they are the fewer. It keeps
    /// lengths through depth; with ReLU the gain that keeps the second moment of square layers is √2.
    Orthogonal {
        /// The length of each column (or row).
        gain: f32,
    },
}

impl Initializer {
    /// Fills the `fan_in` × `fan_out` weights of a layer, row-major.
    ///
    /// # Panics
    /// If the weights are of another number.
    pub fn fill(self, weights: &mut [f32], fan_in: usize, fan_out: usize, stream: &mut Stream) {
        assert_eq!(weights.len(), fan_in * fan_out, "a layer of {fan_in} × {fan_out} weights");
        let shape = (fan_in, fan_out);
        let (fan_in, fan_sum) = (fan_in as f64, (fan_in + fan_out) as f64);
        match self {
            Self::Zeros => weights.fill(0.0),
            Self::Constant { value } => weights.fill(value),
            Self::Normal { std } => normal(weights, f64::from(std), stream),
            Self::XavierNormal => normal(weights, (2.0 / fan_sum).sqrt(), stream),
            Self::HeNormal => normal(weights, (2.0 / fan_in).sqrt(), stream),
            Self::LecunNormal => normal(weights, (1.0 / fan_in).sqrt(), stream),
            Self::Uniform { limit } => uniform(weights, f64::from(limit), stream),
            Self::XavierUniform => uniform(weights, (6.0 / fan_sum).sqrt(), stream),
            Self::HeUniform => uniform(weights, (6.0 / fan_in).sqrt(), stream),
            Self::LecunUniform => uniform(weights, (3.0 / fan_in).sqrt(), stream),
            Self::TruncatedNormal { std } => truncated_normal::fill(weights, f64::from(std), stream),
            Self::Orthogonal { gain } => orthogonal::fill(weights, shape, f64::from(gain), stream),
        }
    }

    /// Checks the number of the initializer.
    ///
    /// # Errors
    /// [`ConfigError::Initializer`] if it is out of its range.
    pub fn validate(self) -> Result<(), ConfigError> {
        let bad = |x: f32| !(x >= 0.0 && x.is_finite());
        let fault = match self {
            Self::Constant { value } if !value.is_finite() => "the constant has to be finite",
            Self::Normal { std } | Self::TruncatedNormal { std } if bad(std) => {
                "the standard deviation must not be negative and has to be finite"
            }
            Self::Uniform { limit } if bad(limit) => "the limit must not be negative and has to be finite",
            Self::Orthogonal { gain } if bad(gain) => "the gain must not be negative and has to be finite",
            _ => return Ok(()),
        };
        Err(ConfigError::Initializer(fault))
    }
}

fn normal(weights: &mut [f32], std: f64, stream: &mut Stream) {
    weights.iter_mut().for_each(|w| *w = (std * stream.normal()) as f32);
}

fn uniform(weights: &mut [f32], limit: f64, stream: &mut Stream) {
    weights.iter_mut().for_each(|w| *w = (limit * (stream.uniform() - 0.5) * 2.0) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    fn stream(seed: u64) -> Stream {
        Stream::new(StreamKey::new(Purpose::Weights, seed))
    }

    #[test]
    fn weights_have_the_stated_variance_and_limits() {
        let (fan_in, fan_out) = (300, 200);
        for (initializer, variance, limit) in [
            (Initializer::Zeros, 0.0, 0.0),
            (Initializer::Normal { std: 0.3 }, 0.09, f32::INFINITY),
            (Initializer::Uniform { limit: 0.6 }, 0.12, 0.6),
            (Initializer::TruncatedNormal { std: 0.3 }, 0.09, 0.6 / 0.879_625_7),
            (Initializer::XavierNormal, 2.0 / 500.0, f32::INFINITY),
            (Initializer::XavierUniform, 2.0 / 500.0, (6.0f32 / 500.0).sqrt()),
            (Initializer::HeNormal, 2.0 / 300.0, f32::INFINITY),
            (Initializer::HeUniform, 2.0 / 300.0, (6.0f32 / 300.0).sqrt()),
            (Initializer::LecunNormal, 1.0 / 300.0, f32::INFINITY),
            (Initializer::LecunUniform, 1.0 / 300.0, (3.0f32 / 300.0).sqrt()),
            // A column of length 1 in 300 dimensions; exact up to rounding.
            (Initializer::Orthogonal { gain: 1.0 }, 1.0 / 300.0, 1.0),
        ] {
            let mut w = vec![f32::NAN; fan_in * fan_out];
            initializer.fill(&mut w, fan_in, fan_out, &mut stream(5));
            let n = w.len() as f64;
            let mean = w.iter().map(|&w| f64::from(w)).sum::<f64>() / n;
            let square = w.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / n;
            // Five standard errors; a normal's square has variance 2σ⁴, a uniform's less.
            assert!(mean.abs() <= 5.0 * (variance / n).sqrt(), "{initializer:?}: mean {mean}");
            assert!((square - variance).abs() <= 5.0 * variance * (2.0 / n).sqrt(), "{initializer:?}: {square}");
            assert!(w.iter().all(|w| w.abs() <= limit), "{initializer:?}");
        }
        let mut w = [0.0; 6];
        Initializer::Constant { value: -0.5 }.fill(&mut w, 2, 3, &mut stream(5));
        assert_eq!(w, [-0.5; 6]);
    }

    /// E[x²] of each layer's output over that of its input, for six ReLU layers of 128 units.
    fn growth_per_layer(initializer: Initializer) -> f64 {
        const WIDTH: usize = 128;
        const DEPTH: i32 = 6;
        const SAMPLES: usize = 64;
        let mut stream = stream(9);
        let mut x: Vec<Vec<f64>> = (0..SAMPLES).map(|_| (0..WIDTH).map(|_| stream.normal()).collect()).collect();
        let moment = |x: &[Vec<f64>]| x.iter().flatten().map(|x| x * x).sum::<f64>() / (SAMPLES * WIDTH) as f64;
        let before = moment(&x);
        for _ in 0..DEPTH {
            let mut w = vec![0.0; WIDTH * WIDTH];
            initializer.fill(&mut w, WIDTH, WIDTH, &mut stream);
            for x in &mut x {
                let mut z = vec![0.0f64; WIDTH];
                for (x, w) in x.iter().zip(w.chunks_exact(WIDTH)) {
                    z.iter_mut().zip(w).for_each(|(z, w)| *z += x * f64::from(*w));
                }
                *x = z.into_iter().map(|z| z.max(0.0)).collect();
            }
        }
        (moment(&x) / before).powf(1.0 / f64::from(DEPTH))
    }

    /// The derivations in one number: He keeps the second moment through ReLU layers, what keeps it through linear layers
    /// halves it. The wrong formulas in circulation miss by far more than the tolerance.
    #[test]
    fn variance_propagates_through_relu_layers_as_derived() {
        let relu_orthogonal = Initializer::Orthogonal { gain: std::f32::consts::SQRT_2 };
        for (initializer, want) in [
            (Initializer::HeNormal, 1.0),
            (Initializer::HeUniform, 1.0),
            (relu_orthogonal, 1.0),
            (Initializer::XavierNormal, 0.5),
            (Initializer::XavierUniform, 0.5),
            (Initializer::LecunNormal, 0.5),
            (Initializer::LecunUniform, 0.5),
            // std √(2/n²), which some texts call He's
            (Initializer::Normal { std: (2.0f32 / (128.0 * 128.0)).sqrt() }, 1.0 / 128.0),
        ] {
            let growth = growth_per_layer(initializer);
            assert!((growth / want - 1.0).abs() < 0.05, "{initializer:?}: {growth} instead of {want}");
        }
    }

    #[test]
    fn nonsense_is_recognized() {
        for x in [f32::NAN, f32::INFINITY] {
            for initializer in [
                Initializer::Constant { value: x },
                Initializer::Normal { std: x },
                Initializer::Uniform { limit: -x },
                Initializer::TruncatedNormal { std: -x },
                Initializer::Orthogonal { gain: x },
            ] {
                assert!(initializer.validate().is_err(), "{initializer:?}");
            }
        }
        assert_eq!(Initializer::Constant { value: -1.0 }.validate(), Ok(()));
        assert!(Initializer::Normal { std: -1.0 }.validate().is_err());
    }
}
