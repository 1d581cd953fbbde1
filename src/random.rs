//! Random numbers that are the same everywhere: ChaCha8 streams with named keys, and our own conversions from bits.
//!
//! `rand`'s distributions may change values between versions and use the platform's libm; what is here does neither.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Names a random stream. Equal keys give equal numbers; keys that differ anywhere give independent ones.
///
/// The optimizer is deliberately not part of the key: with the same key every optimizer sees the same data in the same
/// order, so differences between optimizers are not differences of luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// What the numbers are for.
    pub purpose: Purpose,
    /// Batch size of the run, 0 where it plays no part.
    pub batch_size: u64,
    /// Number of the trial, 0 where it plays no part.
    pub trial: u64,
    /// The seed a user sets.
    pub seed: u64,
}

/// What a random stream is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Generated data.
    Data = 1,
    /// Initial weights.
    Weights = 2,
    /// The order of samples.
    Sampling = 3,
    /// What dropout drops.
    Dropout = 4,
    /// The folds of a cross-validation.
    Folds = 5,
    /// What permutation importance permutes.
    Permutation = 6,
}

impl StreamKey {
    /// A key with batch size and trial 0.
    pub fn new(purpose: Purpose, seed: u64) -> Self {
        Self { purpose, batch_size: 0, trial: 0, seed }
    }
}

/// A stream of random numbers: ChaCha with 8 rounds, keyed by a [`StreamKey`].
#[derive(Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream called `key`, from its start.
    pub fn new(key: StreamKey) -> Self {
        let words = [key.purpose as u64, key.batch_size, key.trial, key.seed];
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// Word `position` and what follows of the stream called `key`, in the variant numbered `nonce`: random numbers
    /// that are found without drawing those before them.
    pub fn at(key: StreamKey, nonce: u64, position: u64) -> Self {
        let Self(mut generator) = Self::new(key);
        generator.set_stream(nonce);
        generator.set_word_pos(u128::from(position));
        Self(generator)
    }

    /// How many words were drawn: where [`at`](Self::at) has to enter to go on.
    pub fn position(&self) -> u64 {
        self.0.get_word_pos() as u64
    }

    /// Fills `words` with uniform integers of 32 bits.
    pub fn fill(&mut self, words: &mut [u32]) {
        // Blocks of bytes are copied out of the generator several times as fast as single words.
        let mut bytes = [0; 256];
        for words in words.chunks_mut(bytes.len() / 4) {
            let bytes = &mut bytes[..4 * words.len()];
            self.0.fill_bytes(bytes);
            for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
                *word = u32::from_le_bytes(*bytes);
            }
        }
    }

    /// Uniform on the 2⁵³ multiples of 2⁻⁵³ in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform on 0..n, without bias (Lemire 2019).
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "no integer is below 0");
        loop {
            let product = u64::from(self.0.next_u32()) * u64::from(n);
            // The low half tells whether this draw belongs to the incomplete last round of intervals.
            if product as u32 >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    /// Standard normal, by inversion of one uniform number (Wichura 1988, algorithm AS 241).
    pub fn normal(&mut self) -> f64 {
        // Odd multiples of 2⁻⁵⁴: never 0 or 1, and symmetric about ½.
        let p = ((self.0.next_u64() >> 11) as f64).mul_add(2.0, 1.0) * (1.0 / (1u64 << 54) as f64);
        normal_quantile(p)
    }

    /// Puts `items` into a random order (Fisher–Yates).
    ///
    /// # Panics
    /// If there are 2³² items or more.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        let n = u32::try_from(items.len()).expect("fewer than 2^32 items");
        for i in (1..n).rev() {
            items.swap(i as usize, self.below(i + 1) as usize);
        }
    }
}

/// Φ⁻¹(p) for 0 < p < 1, relative error about 1e-16: algorithm AS 241 (PPND16).
#[rustfmt::skip]
#[allow(clippy::excessive_precision, reason = "the coefficients as printed in the paper")]
fn normal_quantile(p: f64) -> f64 {
    let horner = |x: f64, c: &[f64]| c.iter().rev().fold(0.0f64, |sum, &c| sum.mul_add(x, c));
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = (-q).mul_add(q, 0.180625);
        return q * horner(r, &[
            3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
            4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
        ]) / horner(r, &[
            1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
            2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3,
        ]);
    }
    // The kernels' logarithm, because the platform's differs from one platform to the next.
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-simdescent_kernels::reference::log(tail)).sqrt();
    let magnitude = if r <= 5.0 {
        let r = r - 1.6;
        horner(r, &[
            1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
            1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
        ]) / horner(r, &[
            1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
            1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
        ])
    } else {
        let r = r - 5.0;
        horner(r, &[
            6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
            2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
        ]) / horner(r, &[
            1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
            7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
        ])
    };
    if q < 0.0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(seed: u64) -> Stream {
        Stream::new(StreamKey::new(Purpose::Data, seed))
    }

    /// Golden values: a change of `rand` or of our conversions that moves any number is a breaking change.
    #[test]
    fn streams_are_value_stable() {
        let mut s = stream(7);
        let uniform = s.uniform();
        let below = [s.below(1000), s.below(1000), s.below(3)];
        let normal = s.normal();
        let mut order: Vec<u32> = (0..8).collect();
        s.shuffle(&mut order);
        let seen = format!("{:016x} {below:?} {:016x} {order:?}", uniform.to_bits(), normal.to_bits());
        assert_eq!(seen, "3fb350a8ad8917d8 [514, 767, 2] bff5e9e44650fdbf [3, 4, 6, 7, 0, 2, 5, 1]");
    }

    #[test]
    fn a_stream_can_be_entered_anywhere() {
        let key = StreamKey::new(Purpose::Data, 7);
        let words = |nonce, position, n| {
            let mut words = vec![0; n];
            Stream::at(key, nonce, position).fill(&mut words);
            words
        };
        let mut one_by_one = Stream::new(key);
        let all: Vec<u32> = (0..200).map(|_| one_by_one.0.next_u32()).collect();
        for position in [0, 1, 15, 16, 17, 63, 64, 65, 99] {
            assert_eq!(words(0, position as u64, 100), all[position..position + 100], "{position}");
            assert_ne!(words(1, position as u64, 100), all[position..position + 100], "{position}");
            let mut stream = Stream::new(key);
            (0..position).for_each(|_| _ = stream.0.next_u32());
            assert_eq!(stream.position(), position as u64);
        }
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let key = StreamKey { purpose: Purpose::Data, batch_size: 1, trial: 2, seed: 3 };
        let first = |key| Stream::new(key).uniform();
        assert_eq!(first(key), first(key));
        for other in [
            StreamKey { purpose: Purpose::Weights, ..key },
            StreamKey { batch_size: 2, ..key },
            StreamKey { trial: 1, ..key },
            StreamKey { seed: 4, ..key },
        ] {
            assert_ne!(first(key), first(other), "{other:?}");
        }
    }

    /// Values of Φ⁻¹ to 16 digits (Wichura's own check values for the last three).
    #[test]
    fn the_normal_quantile_is_accurate_in_every_branch() {
        for (p, x) in [
            (0.5, 0.0),
            (0.25, -0.674_489_750_196_081_7),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            let got = normal_quantile(p);
            assert!((got - x).abs() <= 4e-16 * x.abs(), "{p}: {got} instead of {x}");
        }
    }

    #[test]
    fn normals_have_the_moments_of_a_normal() {
        let mut s = stream(1);
        let n = 200_000;
        let x: Vec<f64> = (0..n).map(|_| s.normal()).collect();
        let moment = |k: i32| x.iter().map(|x| x.powi(k)).sum::<f64>() / f64::from(n);
        // Five standard errors of each moment of n draws.
        for (k, want, spread) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let error = (moment(k) - want).abs();
            assert!(error < 5.0 * f64::sqrt(spread / f64::from(n)), "moment {k} is off by {error}");
        }
    }

    #[test]
    fn below_is_uniform_and_shuffles_reach_every_order() {
        let mut s = stream(2);
        let mut counts = [0; 6];
        for _ in 0..60_000 {
            let mut order = [0, 1, 2];
            s.shuffle(&mut order);
            counts[match order {
                [0, 1, 2] => 0,
                [0, 2, 1] => 1,
                [1, 0, 2] => 2,
                [1, 2, 0] => 3,
                [2, 0, 1] => 4,
                _ => 5,
            }] += 1;
        }
        for count in counts {
            assert!((count - 10_000i32).abs() < 500, "{counts:?}"); // 5 standard deviations
        }
    }
}
