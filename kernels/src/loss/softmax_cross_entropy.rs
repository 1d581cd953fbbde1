//! Softmax cross-entropy on logits.

mod few;
mod many;

use super::{LossOptions, Reduction};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::{Divide, Exec, reduce, rows_per_chunk};
use few::Few;
use many::Many;

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

/// Options of [`softmax_cross_entropy_with`]; the default is the mean with all weights 1 and no smoothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftmaxOptions<'a, T> {
    /// Reduction, and one weight wᵢ per row.
    pub samples: LossOptions<'a, T>,
    /// One weight cⱼ ≥ 0 per class; 1 for all if `None`.
    pub class_weights: Option<&'a [T]>,
    /// ε in [0, 1]: the target y becomes (1 − ε)·y + ε/classes (Szegedy et al. 2016).
    pub label_smoothing: T,
}

impl<T: Real> Default for SoftmaxOptions<'_, T> {
    fn default() -> Self {
        Self { samples: LossOptions::default(), class_weights: None, label_smoothing: T::ZERO }
    }
}

/// Mean softmax cross-entropy (1/m)·Σᵢ log Σⱼ exp(z\[i,j\]) − z\[i, label\[i\]\]; replaces z by its gradient
/// (1/m)·(softmax(z) − onehot(label)): [`softmax_cross_entropy_with`] labels and default options.
///
/// - `logits`: m × classes with contiguous rows, on return the gradient
/// - `labels`: m class indices
///
/// # Panics
/// If there are not as many labels as rows, a label is not a class, or the rows are not contiguous.
#[track_caller]
pub fn softmax_cross_entropy_in_place<T: Real>(exec: Exec<'_>, logits: MatMut<'_, T>, labels: &[u32]) -> T {
    softmax_cross_entropy_with(exec, logits, ClassTargets::Labels(labels), SoftmaxOptions::default())
}

/// Softmax cross-entropy Σᵢ wᵢ·lossᵢ, or that divided by W; replaces the logits z by its gradient.
///
/// - `logits`: m × classes with contiguous rows, on return the gradient
/// - `targets`: m class indices, or m × classes probabilities
///
/// Of one row, with targets y (one-hot for a label), M = maxⱼ zⱼ, eⱼ = exp(zⱼ − M), s = Σ eⱼ, r = 1/s:
///
/// - labels without smoothing: loss u·(log s − (z\[label\] − M)), gradient (eⱼ·r − \[j = label\])·(u/W), with u = wᵢ·c\[label\];
/// - else qⱼ = cⱼ·fma(1 − ε, yⱼ, ε/classes), S = Σ qⱼ, A = Σ qⱼ·(M − zⱼ) by FMA (0 where qⱼ = 0): loss wᵢ·fma(S, log s, A),
///   gradient fma(S, eⱼ·r, −qⱼ)·(wᵢ/W).
///
/// M, s, S and A are taken over classes in ascending order up to [`FEW_CLASSES`] classes, else in canonical lanes.
///
/// The mean divides by W = Σ u for labels (so class weights count, smoothing or not) and by W = Σ wᵢ for probabilities: both as in
/// PyTorch, whose `CrossEntropyLoss` has no wᵢ. Keras divides by m. A row with u = 0 (wᵢ = 0 for probabilities or with smoothing) counts
/// nothing, whatever its logits; without rows, and where W = 0, loss and gradient are 0. Finite wherever differences of two logits of a
/// row are, see also [`crate::loss`].
///
/// # Panics
/// If there are not as many targets, weights or class weights as rows or classes, a label is not a class, rows are
/// not contiguous, or ε is not in \[0, 1\].
#[track_caller]
pub fn softmax_cross_entropy_with<T: Real>(
    exec: Exec<'_>,
    mut logits: MatMut<'_, T>,
    targets: ClassTargets<'_, T>,
    options: SoftmaxOptions<'_, T>,
) -> T {
    let (count, classes) = (logits.rows(), logits.cols());
    assert!(
        classes <= 1 || logits.col_stride() == 1,
        "softmax cross-entropy: the rows of logits have to be contiguous"
    );
    let divisor = softmax_divisor(exec, (count, classes), targets, options);
    if divisor == T::ZERO {
        for i in 0..count {
            logits.row_mut(i).expect("contiguous rows").fill(T::ZERO);
        }
        return T::ZERO;
    }
    softmax_of_rows(exec, divisor, logits, targets, options) / divisor
}

/// W, after checks of everything but the strides of the logits.
#[track_caller]
pub(crate) fn softmax_divisor<T: Real>(
    exec: Exec<'_>,
    (count, classes): (usize, usize),
    targets: ClassTargets<'_, T>,
    options: SoftmaxOptions<'_, T>,
) -> T {
    check((count, classes), targets, options);
    let SoftmaxOptions { samples, class_weights, .. } = options;
    match (samples.reduction, targets, class_weights) {
        (Reduction::Mean, ClassTargets::Labels(labels), Some(class_weights)) => {
            let total = |(labels, weights)| total(labels, weights, class_weights);
            reduce(exec.par(), (labels, samples.weights), rows_per_chunk(classes), &total, &|a, b| a + b)
        }
        _ => samples.divisor(exec, count),
    }
}

/// The sum of the losses of rows; the gradient, divided by `divisor`, replaces the logits.
pub(crate) fn softmax_of_rows<T: Real>(
    exec: Exec<'_>,
    divisor: T,
    logits: MatMut<'_, T>,
    targets: ClassTargets<'_, T>,
    SoftmaxOptions { samples, class_weights, label_smoothing }: SoftmaxOptions<'_, T>,
) -> T {
    let classes = logits.cols();
    let one_hot = matches!(targets, ClassTargets::Labels(_)) && label_smoothing == T::ZERO;
    let leaf = |(logits, targets, weights)| {
        let rows = Rows { divisor, logits, targets, weights, class_weights, label_smoothing };
        match (classes <= FEW_CLASSES, one_hot) {
            (true, true) => exec.run(Few::<T, true>(rows)),
            (true, false) => exec.run(Few::<T, false>(rows)),
            (false, true) => exec.run(Many::<T, true>(rows)),
            (false, false) => exec.run(Many::<T, false>(rows)),
        }
    };
    reduce(exec.par(), (logits, targets, samples.weights), rows_per_chunk(classes), &leaf, &|a, b| a + b)
}

/// Σ wᵢ·c\[label\] in canonical lanes, gathered one by one.
fn total<T: Real>(labels: &[u32], weights: Option<&[T]>, class_weights: &[T]) -> T {
    let mut lanes = T::CANONICAL_ZERO;
    let lanes = lanes.as_mut();
    for (i, &label) in labels.iter().enumerate() {
        let lane = &mut lanes[i % T::LANES];
        *lane = *lane + weights.map_or(T::ONE, |w| w[i]) * class_weights[label as usize];
    }
    let mut half = T::LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = lanes[i] + lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// A chunk of rows with all that belongs to them.
struct Rows<'a, T> {
    /// W
    divisor: T,
    logits: MatMut<'a, T>,
    targets: ClassTargets<'a, T>,
    weights: Option<&'a [T]>,
    class_weights: Option<&'a [T]>,
    label_smoothing: T,
}
impl<T: Real> Rows<'_, T> {
    /// ε/classes
    #[inline(always)]
    fn label_share(&self) -> T {
        self.label_smoothing / T::from_f64(self.logits.cols() as f64)
    }
    #[inline(always)]
    fn label(&self, i: usize) -> usize {
        match self.targets {
            ClassTargets::Labels(labels) => labels[i] as usize,
            ClassTargets::Probabilities(_) => 0,
        }
    }
    #[inline(always)]
    fn class_weight(&self, class: usize) -> T {
        self.class_weights.map_or(T::ONE, |c| c[class])
    }
    /// u: wᵢ·c\[label\], or wᵢ where the target is more than one label.
    #[inline(always)]
    fn weight<const ONE_HOT: bool>(&self, i: usize) -> T {
        let weight = self.weights.map_or(T::ONE, |w| w[i]);
        if ONE_HOT { weight * self.class_weight(self.label(i)) } else { weight }
    }
}

#[track_caller]
fn check<T: Real>((rows, classes): (usize, usize), targets: ClassTargets<'_, T>, options: SoftmaxOptions<'_, T>) {
    match targets {
        ClassTargets::Labels(labels) => {
            assert_eq!(rows, labels.len(), "softmax cross-entropy: rows of logits and labels differ in number");
            if let Some(i) = labels.iter().position(|&label| label as usize >= classes) {
                panic!("softmax cross-entropy: label {} of row {i} is not below the {classes} classes", labels[i]);
            }
        }
        ClassTargets::Probabilities(y) => {
            let shape = (y.rows(), y.cols());
            assert_eq!(shape, (rows, classes), "softmax cross-entropy: logits and probabilities differ in shape");
            assert!(
                classes <= 1 || y.col_stride() == 1,
                "softmax cross-entropy: the rows of probabilities have to be contiguous"
            );
        }
    }
    options.samples.check(rows);
    if let Some(weights) = options.class_weights {
        assert_eq!(classes, weights.len(), "softmax cross-entropy: classes and class weights differ in number");
    }
    let epsilon = options.label_smoothing;
    let inside = T::ZERO <= epsilon && epsilon <= T::ONE;
    assert!(inside, "softmax cross-entropy: label smoothing has to be in [0, 1], got {epsilon}");
}

impl<T: Real> Divide for ClassTargets<'_, T> {
    fn len(&self) -> usize {
        match self {
            Self::Labels(labels) => labels.len(),
            Self::Probabilities(y) => y.rows(),
        }
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        match self {
            Self::Labels(labels) => {
                let (upper, lower) = labels.split_at(mid);
                (Self::Labels(upper), Self::Labels(lower))
            }
            Self::Probabilities(y) => {
                let (upper, lower) = y.split_rows_at(mid);
                (Self::Probabilities(upper), Self::Probabilities(lower))
            }
        }
    }
}
