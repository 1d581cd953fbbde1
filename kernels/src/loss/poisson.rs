//! Poisson loss with logarithmic link.

use super::Pointwise;
use crate::lanes::Lanes;
use crate::math::exp;
use crate::real::Real;

/// eᶻ − y·z: the negative log-likelihood of a count y ≥ 0 under a Poisson distribution of mean eᶻ, without the term log y!
/// that does not depend on z. As PyTorch's `PoissonNLLLoss` with `log_input`, without `full`. (scikit-learn's deviance is twice this, up
/// to a term in y.)
///
/// Loss fma(−y, z, exp z), derivative exp z − y. Both are ∞ where eᶻ is beyond the range of `T`: z > 88.7 for `f32`, 709.7 for `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisson;

impl<T: Real> Pointwise<T> for Poisson {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, z: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let mean = exp(l, z);
        (l.sub(mean, y), l.fnma(y, z, mean))
    }
}
