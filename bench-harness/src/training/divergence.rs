//! What to say of a training that diverged.

/// A run whose loss is no number any more.
pub(crate) fn diverged(step: u64) -> String {
    format!("diverged in step {step}, the loss is not finite: take a lower --rate; simdescent tune lr finds one")
}
