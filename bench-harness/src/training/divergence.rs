//! What to say of a training that diverged.

use std::path::Path;

/// A run whose loss is no number any more.
pub(crate) fn diverged(step: u64) -> String {
    format!("diverged in step {step}, the loss is not finite: take a lower --rate; simdescent tune lr finds one")
}

/// A run whose last losses were numbers, but whose weights are none.
pub(super) fn weights_not_finite(step: u64) -> String {
    format!("diverged by step {step}, weights are not finite: take a lower --rate; simdescent tune lr finds one")
}

/// Whether all weights are numbers.
pub(super) fn is_finite(weights: &[f32]) -> bool {
    weights.iter().all(|w| w.is_finite())
}

/// What happened, and what became of the file that was to be written.
pub(super) fn with_file(what: String, path: Option<&Path>, saved: bool) -> String {
    match path {
        None => what,
        Some(path) if saved => format!("{what}. {} has the best weights before", path.display()),
        Some(path) => format!("{what}. Nothing of it was saved to {}", path.display()),
    }
}
