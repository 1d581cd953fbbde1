//! Rows of logits and what belongs to them.

use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use core::ops::Range;

/// Up to this many classes, the classes of a row are visited one after the other (and rows lie side by side in the
/// lanes); above it, canonical lanes run along the row. The shape decides, so bits do not depend on the ISA.
pub const FEW_CLASSES: usize = 32;

/// What the softmax of a row is compared with.
#[derive(Clone, Copy, Debug)]
pub enum ClassTargets<'a, T> {
    /// One class index per row.
    Labels(&'a [u32]),
    /// One probability per class, rows × classes with contiguous rows; a row should add up to 1.
    Probabilities(MatRef<'a, T>),
}

impl<T> ClassTargets<'_, T> {
    /// Those of some rows.
    #[inline(always)]
    pub(crate) fn rows(&self, range: Range<usize>) -> Self {
        match self {
            Self::Labels(labels) => Self::Labels(&labels[range]),
            Self::Probabilities(y) => Self::Probabilities(y.block(range, 0..y.cols())),
        }
    }
}

/// A chunk of rows with all that belongs to them.
pub(super) struct LogitRows<'a, T> {
    /// W
    pub(super) divisor: T,
    pub(super) logits: MatMut<'a, T>,
    pub(super) targets: ClassTargets<'a, T>,
    pub(super) weights: Option<&'a [T]>,
    pub(super) class_weights: Option<&'a [T]>,
    pub(super) label_smoothing: T,
}
impl<T: Real> LogitRows<'_, T> {
    /// ε/classes
    #[inline(always)]
    pub(super) fn label_share(&self) -> T {
        self.label_smoothing / T::from_f64(self.logits.cols() as f64)
    }
    #[inline(always)]
    pub(super) fn label(&self, i: usize) -> usize {
        match self.targets {
            ClassTargets::Labels(labels) => labels[i] as usize,
            ClassTargets::Probabilities(_) => 0,
        }
    }
    #[inline(always)]
    pub(super) fn class_weight(&self, class: usize) -> T {
        self.class_weights.map_or(T::ONE, |c| c[class])
    }
    /// u: wᵢ·c\[label\], or wᵢ where the target is more than one label.
    #[inline(always)]
    pub(super) fn weight<const ONE_HOT: bool>(&self, i: usize) -> T {
        let weight = self.weights.map_or(T::ONE, |w| w[i]);
        if ONE_HOT { weight * self.class_weight(self.label(i)) } else { weight }
    }
}
