//! Fused losses: one pass over the outputs of a model returns the loss and leaves the gradient in their place.
//!
//! A loss of one output and one target is a [`Pointwise`] on one register; [`pointwise_in_place`] is the only loop over
//! samples. Outputs p (predictions) or z (logits), targets y, r = p − y:
//!
//! | loss | of one sample | derivative |
//! | --- | --- | --- |
//! | [`Squared`] | r² | 2·r |
//! | [`Absolute`] | \|r\| | sign r |
//! | [`Huber`] | ½·r² for \|r\| ≤ δ, else δ·(\|r\| − ½·δ) | r, clamped to ±δ |
//! | [`Quantile`] | (1 − τ)·r for r > 0, else −τ·r | 1 − τ or −τ |
//! | [`Logistic`] | log(1 + eᶻ) − y·z, y in \[0, 1\] | σ(z) − y |
//! | [`Hinge`] | max(0, 1 − y·z), y = ±1 | −y where y·z < 1 |
//! | [`SquaredHinge`] | max(0, 1 − y·z)², y = ±1 | −2·y·max(0, 1 − y·z) |
//! | [`Poisson`] | eᶻ − y·z, y ≥ 0 | eᶻ − y |
//! | [`softmax_cross_entropy_with`] | log Σ exp(zⱼ) − z\[label\], smoothed, by probabilities, with class weights | softmax(z) − target |
//!
//! [`squared_in_place`], [`logistic_in_place`] and [`softmax_cross_entropy_in_place`] are the mean without weights.
//!
//! Samples are taken in chunks of fixed size; inside one, sample i adds to canonical lane i mod `T::LANES`, and chunk
//! sums are combined by the fixed pairwise tree ([`crate::threads`]). For finite inputs, loss and gradient are finite
//! wherever r, the losses of single samples and their sum are within the range of `T`.

mod absolute;
mod hinge;
mod huber;
mod logistic;
mod options;
mod poisson;
mod quantile;
mod softmax_cross_entropy;
mod squared;
mod squared_hinge;

pub use absolute::Absolute;
pub use hinge::Hinge;
pub use huber::Huber;
pub use logistic::{Logistic, logistic_in_place};
pub use options::{LossOptions, Reduction};
pub use poisson::Poisson;
pub use quantile::Quantile;
pub use softmax_cross_entropy::{
    ClassTargets, FEW_CLASSES, SoftmaxOptions, softmax_cross_entropy_in_place, softmax_cross_entropy_with,
};
pub(crate) use softmax_cross_entropy::{softmax_divisor, softmax_of_rows};
pub use squared::{Squared, squared_in_place};
pub use squared_hinge::SquaredHinge;

use crate::lanes::{Kernel, Lanes, map_accumulate};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, reduce};

/// A loss of one output and one target, on one register.
///
/// Element-wise: lane i of the results depends on lane i of the arguments only. `evaluate` has to be `#[inline(always)]`.
pub trait Pointwise<T: Real>: Copy + Sync {
    /// (derivative by `z`, loss) for each lane.
    fn evaluate<L: Lanes<T>>(self, l: L, z: L::Reg, y: L::Reg) -> (L::Reg, L::Reg);
    /// Panics if a parameter makes no sense.
    #[track_caller]
    fn check(self) {}
}

/// Returns the loss of all samples and replaces each output by its part of the gradient.
///
/// - `outputs`: n predictions or logits, on return the gradient
/// - `targets`: n values
///
/// The mean is (Σ wᵢ·lossᵢ)/W with W = Σ wᵢ (n without weights), its gradient (wᵢ/W)·derivativeᵢ. The sum is the same with
/// W = 1. A sample of weight 0 counts nothing, even if its loss is not finite. Where there are no samples, and where W = 0, loss
/// and gradient are 0. (As `sample_weight` in scikit-learn, which rejects W = 0; Keras divides by n instead of W.)
///
/// ```
/// use simdescent_kernels::{Exec, loss::{Huber, LossOptions, Reduction, pointwise_in_place}};
/// let (mut p, y, w) = ([1.0f32, 2.0, 9.0], [1.5, 2.0, 2.0], [1.0, 1.0, 0.5]);
/// let options = LossOptions { reduction: Reduction::Sum, weights: Some(&w) };
/// let loss = pointwise_in_place(Exec::default(), Huber { delta: 1.0 }, &mut p, &y, options);
/// assert_eq!((loss, p), (0.125 + 0.5 * 6.5, [-0.5, 0.0, 0.5]));
/// ```
///
/// # Panics
/// If the lengths differ, or as [`Pointwise::check`] says.
#[track_caller]
#[inline(never)]
pub fn pointwise_in_place<T: Real, P: Pointwise<T>>(
    exec: Exec<'_>,
    loss: P,
    outputs: &mut [T],
    targets: &[T],
    options: LossOptions<'_, T>,
) -> T {
    assert_eq!(outputs.len(), targets.len(), "loss: outputs and targets differ in number");
    options.check(outputs.len());
    loss.check();
    let divisor = options.divisor(exec, outputs.len());
    if divisor == T::ZERO {
        outputs.fill(T::ZERO);
        return T::ZERO;
    }
    let leaf = |(outputs, targets, weights)| exec.run(Chunk { loss, divisor, outputs, targets, weights });
    reduce(exec.par(), (outputs, targets, options.weights), CHUNK, &leaf, &|a, b| a + b) / divisor
}

struct Chunk<'a, T, P> {
    loss: P,
    divisor: T,
    outputs: &'a mut [T],
    targets: &'a [T],
    weights: Option<&'a [T]>,
}
impl<T: Real, P: Pointwise<T>> Kernel<T> for Chunk<'_, T, P> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let Self { loss, divisor, outputs, targets, weights } = self;
        let Some(weights) = weights else {
            let scale = l.splat(T::ONE / divisor);
            return map_accumulate(
                l,
                outputs,
                [targets],
                #[inline(always)]
                |z, [y]| {
                    let (derivative, loss) = loss.evaluate(l, z, y);
                    (l.mul(scale, derivative), loss)
                },
            );
        };
        let (zero, divisor) = (l.splat(T::ZERO), l.splat(divisor));
        map_accumulate(
            l,
            outputs,
            [targets, weights],
            #[inline(always)]
            |z, [y, w]| {
                let (derivative, loss) = loss.evaluate(l, z, y);
                let absent = l.eq(w, zero);
                let derivative = l.mul(l.div(w, divisor), derivative);
                (l.select(absent, zero, derivative), l.select(absent, zero, l.mul(w, loss)))
            },
        )
    }
}
