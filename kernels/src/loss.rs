//! Fused losses: one pass over the outputs of a model returns the mean loss and leaves the gradient in their place.
//!
//! | function | outputs | loss of one sample |
//! | --- | --- | --- |
//! | [`squared_in_place`] | prediction p | (p − y)² |
//! | [`logistic_in_place`] | logit z | log(1 + eᶻ) − y·z |
//! | [`softmax_cross_entropy_in_place`] | one logit per class | log Σ exp(zⱼ) − z\[label\] |
//!
//! Samples are taken in chunks of fixed size; inside one, sample i adds to canonical lane i mod `T::LANES`, and chunk
//! sums are combined by the fixed pairwise tree ([`crate::threads`]). The loss is finite for every finite input
//! whose true loss is.

mod logistic;
mod softmax_cross_entropy;
mod squared;

pub use logistic::logistic_in_place;
pub use softmax_cross_entropy::{FEW_CLASSES, softmax_cross_entropy_in_place};
pub use squared::squared_in_place;

use crate::lanes::{Kernel, Lanes, map_accumulate};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, reduce};

/// A loss of one output and one target.
trait Pointwise<T: Real>: Copy + Sync {
    /// (derivative by `z`, loss) for each lane.
    fn evaluate<L: Lanes<T>>(self, l: L, z: L::Reg, y: L::Reg) -> (L::Reg, L::Reg);
}

/// Replaces each output by 1/n of its derivative and returns the mean loss; 0 for no samples.
fn mean_in_place<T: Real, P: Pointwise<T>>(exec: Exec<'_>, loss: P, outputs: &mut [T], targets: &[T]) -> T {
    if outputs.is_empty() {
        return T::ZERO;
    }
    let n = T::from_f64(outputs.len() as f64);
    let weight = T::ONE / n;
    let leaf = |(outputs, targets)| exec.run(Chunk { loss, weight, outputs, targets });
    reduce(exec.par(), (outputs, targets), CHUNK, &leaf, &|a, b| a + b) / n
}

struct Chunk<'a, T, P> {
    loss: P,
    weight: T,
    outputs: &'a mut [T],
    targets: &'a [T],
}
impl<T: Real, P: Pointwise<T>> Kernel<T> for Chunk<'_, T, P> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let weight = l.splat(self.weight);
        map_accumulate(
            l,
            self.outputs,
            self.targets,
            #[inline(always)]
            |z, y| {
                let (derivative, loss) = self.loss.evaluate(l, z, y);
                (l.mul(weight, derivative), loss)
            },
        )
    }
}
