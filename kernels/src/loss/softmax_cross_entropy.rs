//! Softmax cross-entropy on logits.

mod few;
mod many;
mod rows;

pub use rows::{ClassTargets, FEW_CLASSES};

use super::{LossOptions, Reduction};
use crate::matrix::MatMut;
use crate::real::Real;
use crate::threads::{Exec, reduce, rows_per_chunk};
use few::Few;
use many::Many;
use rows::LogitRows;

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
#[inline(never)]
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
    let (rows, classes) = (logits.rows(), logits.cols());
    let one_hot = matches!(targets, ClassTargets::Labels(_)) && label_smoothing == T::ZERO;
    let leaf = |(logits, rows, weights)| {
        let targets = targets.rows(rows);
        let rows = LogitRows { divisor, logits, targets, weights, class_weights, label_smoothing };
        match (classes <= FEW_CLASSES, one_hot) {
            (true, true) => exec.run(Few::<T, true>(rows)),
            (true, false) => exec.run(Few::<T, false>(rows)),
            (false, true) => exec.run(Many::<T, true>(rows)),
            (false, false) => exec.run(Many::<T, false>(rows)),
        }
    };
    let data = (logits, 0..rows, samples.weights);
    reduce(exec.par(), data, rows_per_chunk(classes), &leaf, &|a, b| a + b)
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
