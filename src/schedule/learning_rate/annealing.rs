//! How a rate goes from one value to the next.

/// t/T, at most 1.
pub(super) fn share(step: u64, steps: u64) -> f64 {
    if step >= steps { 1.0 } else { step as f64 / steps as f64 }
}

/// ½(1 + cos πx): from 1 at x = 0 down to 0 at x = 1, flat at both ends.
pub(super) fn half_cosine(x: f64) -> f64 {
    0.5 * (1.0 + libm::cos(std::f64::consts::PI * x))
}
