//! What a training run leaves behind: its loss curve, and a digest that identifies the whole trajectory.

use sha2::{Digest, Sha256};

/// The loss of every step so far, each of the batch *before* the update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    losses: Vec<f32>,
    samples: u64,
    validation: Vec<f64>,
}

impl History {
    #[cfg(feature = "checkpoints")]
    pub(crate) fn from_parts(losses: Vec<f32>, samples: u64, validation: Vec<f64>) -> Self {
        Self { losses, samples, validation }
    }

    pub(crate) fn record(&mut self, loss: f32, batch: usize) {
        self.losses.push(loss);
        self.samples += batch as u64;
    }

    pub(crate) fn record_validation(&mut self, loss: f64) {
        self.validation.push(loss);
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// Samples seen, repeats counted.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The loss of each step.
    pub fn losses(&self) -> &[f32] {
        &self.losses
    }

    /// The validation losses that the trainer was told.
    pub fn validation(&self) -> &[f64] {
        &self.validation
    }
}

/// SHA-256 over the bits of the loss curve and of the final parameters, as 64 hexadecimal digits.
///
/// Both are hashed as their lengths (`u64`, little-endian) followed by their `f32` bit patterns (little-endian). Equal on
/// every instruction set and number of threads, or something is broken. NaNs, whose bits differ by platform, count
/// as one value.
pub fn trajectory_digest(losses: &[f32], parameters: &[f32]) -> String {
    let mut hash = Sha256::new();
    for values in [losses, parameters] {
        hash_values(&mut hash, values);
    }
    hexadecimal(hash)
}

/// The number of values, then their bits; all NaNs as one.
pub(crate) fn hash_values(hash: &mut Sha256, values: &[f32]) {
    hash.update((values.len() as u64).to_le_bytes());
    // In blocks: an update of four bytes costs more than hashing them.
    let mut bytes = [0; 1024];
    for values in values.chunks(bytes.len() / 4) {
        for (bytes, x) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            *bytes = (if x.is_nan() { f32::NAN } else { *x }).to_bits().to_le_bytes();
        }
        hash.update(&bytes[..4 * values.len()]);
    }
}

/// 64 digits.
pub(crate) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_tells_values_signs_and_places_apart_but_not_nans() {
        let base = trajectory_digest(&[1.0, 0.0], &[2.0]);
        assert_eq!(base.len(), 64);
        for (losses, parameters) in
            [(vec![1.0, -0.0], vec![2.0]), (vec![1.0], vec![0.0, 2.0]), (vec![1.0, 0.0], vec![2.0000002])]
        {
            assert_ne!(trajectory_digest(&losses, &parameters), base);
        }
        assert_eq!(trajectory_digest(&[f32::NAN], &[]), trajectory_digest(&[-f32::NAN], &[]));
    }
}
