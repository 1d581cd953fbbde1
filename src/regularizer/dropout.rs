//! Dropout.

use crate::error::ConfigError;
use crate::random::{Purpose, Stream, StreamKey};

/// Inverted dropout (Srivastava et al. 2014): while training, each output of a hidden layer is set to 0 with probability p
/// and multiplied by 1/(1 − p) otherwise, so that its mean stays and evaluation, which drops nothing, needs no factor.
///
/// A mask is a function of (trial, seed, step, layer) and of the element's row and column in the batch, nothing else: not
/// of the instruction set, the threads or the batch size. Element e of layer l at step t comes from word e of ChaCha8 with
/// nonce t, from word l·2⁴⁰ on; it is dropped if the word is below p·2³².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    rate: f32,
    key: StreamKey,
}

impl Dropout {
    /// Dropout with probability `rate` in [0, 1).
    ///
    /// # Errors
    /// [`ConfigError`] if the rate is out of range.
    pub fn new(rate: f32, trial: u64, seed: u64) -> Result<Self, ConfigError> {
        let key = StreamKey { trial, ..StreamKey::new(Purpose::Dropout, seed) };
        if (0.0..1.0).contains(&rate) { Ok(Self { rate, key }) } else { Err(ConfigError::Dropout(rate)) }
    }

    /// p.
    pub fn rate(self) -> f32 {
        self.rate
    }

    /// Fills `mask` with 0 and 1/(1 − p).
    pub(crate) fn draw(self, step: u64, layer: usize, mask: &mut [f32]) {
        let dropped_below = (f64::from(self.rate) * 2f64.powi(32)) as u32;
        let kept = 1.0 / (1.0 - self.rate);
        let mut stream = Stream::at(self.key, step, (layer as u64) << 40);
        let mut words = [0; 256];
        for mask in mask.chunks_mut(words.len()) {
            let words = &mut words[..mask.len()];
            stream.fill(words);
            mask.iter_mut().zip(&*words).for_each(|(m, &word)| *m = if word < dropped_below { 0.0 } else { kept });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(dropout: Dropout, step: u64, layer: usize, length: usize) -> Vec<f32> {
        let mut mask = vec![f32::NAN; length];
        dropout.draw(step, layer, &mut mask);
        mask
    }

    #[test]
    fn a_mask_drops_the_right_share_and_keeps_the_mean() {
        let n = 100_000;
        for rate in [0.0f32, 0.2, 0.5, 0.9] {
            let mask = mask(Dropout::new(rate, 0, 1).unwrap(), 3, 0, n);
            let dropped = mask.iter().filter(|&&m| m == 0.0).count() as f64 / n as f64;
            let p = f64::from(rate);
            assert!((dropped - p).abs() <= 5.0 * (p * (1.0 - p) / n as f64).sqrt(), "{rate}: {dropped}");
            assert!(mask.iter().all(|&m| m == 0.0 || m == 1.0 / (1.0 - rate)));
        }
    }

    #[test]
    fn masks_depend_on_seed_trial_step_and_layer_but_not_on_the_length() {
        let dropout = Dropout::new(0.5, 2, 7).unwrap();
        let base = mask(dropout, 3, 1, 256);
        assert_eq!(mask(dropout, 3, 1, 256), base);
        assert_eq!(mask(dropout, 3, 1, 77), base[..77]);
        for other in [
            mask(Dropout::new(0.5, 2, 8).unwrap(), 3, 1, 256),
            mask(Dropout::new(0.5, 3, 7).unwrap(), 3, 1, 256),
            mask(dropout, 4, 1, 256),
            mask(dropout, 3, 0, 256),
        ] {
            let equal = other.iter().zip(&base).filter(|(a, b)| a == b).count();
            assert!((80..176).contains(&equal), "{equal} of 256 elements are equal");
        }
    }

    /// Golden value: a change of one bit is a breaking change.
    #[test]
    fn the_bits_are_stable() {
        let bits = mask(Dropout::new(0.25, 1, 2).unwrap(), 5, 3, 64);
        let word = bits.iter().fold(0u64, |word, &m| word << 1 | u64::from(m == 0.0));
        assert_eq!(format!("{word:016x}"), "411114181d91a400");
    }

    #[test]
    fn a_rate_outside_its_range_is_refused() {
        for rate in [-0.1, 1.0, f32::NAN] {
            assert!(matches!(Dropout::new(rate, 0, 0), Err(ConfigError::Dropout(_))));
        }
    }
}
