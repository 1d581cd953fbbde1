//! The normal distribution within two standard deviations.

use crate::random::Stream;

/// The standard deviation of a standard normal given that it lies within ±2: √(1 − 4φ(2)/(2Φ(2) − 1)).
const STD_WITHIN_TWO: f64 = 0.879_625_661_034_239_8;

/// Draws again what lies outside ±2σ, about one number in 22; σ is such that what is left has this `std`.
pub(super) fn fill(weights: &mut [f32], std: f64, stream: &mut Stream) {
    let sigma = std / STD_WITHIN_TWO;
    for w in weights {
        let z = loop {
            let z = stream.normal();
            if z.abs() <= 2.0 {
                break z;
            }
        };
        *w = (sigma * z) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn it_is_the_middle_of_a_normal_and_not_a_clamped_one() {
        let mut w = vec![0.0; 100_000];
        fill(&mut w, STD_WITHIN_TWO, &mut Stream::new(StreamKey::new(Purpose::Weights, 1)));
        assert!(w.iter().all(|w| w.abs() <= 2.0));
        // P(|z| ≤ 1 | |z| ≤ 2) = 0.6827/0.9545; a clamped normal would have 0.6827, and a heap of weights at ±2.
        let inner = w.iter().filter(|w| w.abs() <= 1.0).count() as f64 / w.len() as f64;
        assert!((inner - 0.715_23).abs() < 5.0 * (0.715 * 0.285 / 1e5f64).sqrt(), "{inner}");
        assert!(w.iter().filter(|w| w.abs() > 1.999).count() < 60);
    }
}
