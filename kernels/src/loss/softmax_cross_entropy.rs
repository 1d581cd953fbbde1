//! Softmax cross-entropy on logits.

use crate::lanes::{Kernel, Lanes, Max, Sum, fold, zero_from};
use crate::math::{exp, log};
use crate::matrix::MatMut;
use crate::real::Real;
use crate::threads::{Exec, reduce, rows_per_chunk};

/// Up to this many classes, the classes of a row are visited one after the other (and rows lie side by side in the
/// lanes); above it, canonical lanes run along the row. The shape decides, so bits do not depend on the ISA.
pub const FEW_CLASSES: usize = 32;

/// Mean softmax cross-entropy (1/m)·Σᵢ log Σⱼ exp(z\[i,j\]) − z\[i, label\[i\]\]; replaces z by its gradient
/// (1/m)·(softmax(z) − onehot(label)).
///
/// - `logits`: m × classes with contiguous rows, on return the gradient
/// - `labels`: m class indices
///
/// Per row, with M = maxⱼ zⱼ, eⱼ = exp(zⱼ − M), s = Σ eⱼ: loss log(s) − (z\[label\] − M), gradient
/// (eⱼ·(1/s) − \[j = label\])·(1/m). M and s are taken over classes in ascending order up to [`FEW_CLASSES`] classes, else
/// in canonical lanes.
///
/// # Panics
/// If there are not as many labels as rows, a label is not a class, or the rows are not contiguous.
#[track_caller]
pub fn softmax_cross_entropy_in_place<T: Real>(exec: Exec<'_>, logits: MatMut<'_, T>, labels: &[u32]) -> T {
    let (rows, classes) = (logits.rows(), logits.cols());
    assert_eq!(rows, labels.len(), "softmax cross-entropy: rows of logits and labels differ in number");
    assert!(
        classes <= 1 || logits.col_stride() == 1,
        "softmax cross-entropy: the rows of logits have to be contiguous"
    );
    if let Some(i) = labels.iter().position(|&label| label as usize >= classes) {
        panic!("softmax cross-entropy: label {} of row {i} is not below the {classes} classes", labels[i]);
    }
    if rows == 0 {
        return T::ZERO;
    }
    let n = T::from_f64(rows as f64);
    let weight = T::ONE / n;
    let leaf = |(logits, labels)| exec.run(Chunk { weight, logits, labels });
    reduce(exec.par(), (logits, labels), rows_per_chunk(classes), &leaf, &|a, b| a + b) / n
}

struct Chunk<'a, T> {
    weight: T,
    logits: MatMut<'a, T>,
    labels: &'a [u32],
}
impl<T: Real> Kernel<T> for Chunk<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        if self.logits.cols() <= FEW_CLASSES { few(l, self) } else { many(l, self) }
    }
}

/// `WIDTH` rows at a time, transposed, so that a register holds one class of each.
#[inline(always)]
fn few<T: Real, L: Lanes<T>>(l: L, Chunk { weight, mut logits, labels }: Chunk<'_, T>) -> T {
    /// `FEW_CLASSES` registers of the widest ISA, for f32; f64 registers hold half as many elements.
    const BUFFER: usize = FEW_CLASSES * 16;
    let classes = logits.cols();
    let mut buffer = [T::ZERO; BUFFER];
    let z = &mut buffer[..classes * L::WIDTH];
    let mut acc = l.splat_acc(T::ZERO);
    for (block, labels) in labels.chunks(L::WIDTH).enumerate() {
        let first = block * L::WIDTH;
        let mut at_label = T::CANONICAL_ZERO;
        let at_label = &mut at_label.as_mut()[..L::WIDTH];
        for (r, &label) in labels.iter().enumerate() {
            let row = logits.row(first + r).expect("contiguous rows");
            for (c, &x) in row.iter().enumerate() {
                z[c * L::WIDTH + r] = x;
            }
            at_label[r] = row[label as usize];
        }
        let mut largest = l.load(z);
        for z in z.chunks_exact(L::WIDTH).skip(1) {
            largest = l.max(l.load(z), largest);
        }
        let mut sum = l.splat(T::ZERO);
        for z in z.chunks_exact_mut(L::WIDTH) {
            let e = exp(l, l.sub(l.load(z), largest));
            l.store(z, e);
            sum = l.add(sum, e);
        }
        let loss = l.sub(log(l, sum), l.sub(l.load(at_label), largest));
        let acc = &mut acc.as_mut()[block % (T::LANES / L::WIDTH)];
        *acc = l.add(*acc, zero_from(l, labels.len(), loss));

        let reciprocal = l.div(l.splat(T::ONE), sum);
        for z in z.chunks_exact_mut(L::WIDTH) {
            l.store(z, l.mul(l.load(z), reciprocal));
        }
        for (r, &label) in labels.iter().enumerate() {
            let row = logits.row_mut(first + r).expect("contiguous rows");
            for (c, x) in row.iter_mut().enumerate() {
                *x = z[c * L::WIDTH + r] * weight;
            }
            row[label as usize] = (z[label as usize * L::WIDTH + r] - T::ONE) * weight;
        }
    }
    fold(l, Sum, acc)
}

/// Row by row in canonical lanes; in the tail, lanes beyond the end hold −∞, the neutral element of both reductions.
#[inline(always)]
fn many<T: Real, L: Lanes<T>>(l: L, Chunk { weight, mut logits, labels }: Chunk<'_, T>) -> T {
    let mut losses = T::CANONICAL_ZERO;
    for (i, &label) in labels.iter().enumerate() {
        let row = logits.row_mut(i).expect("contiguous rows");
        let at_label = row[label as usize];
        let whole = row.len() / T::LANES * T::LANES;
        let (row, rest) = row.split_at_mut(whole);
        let mut tail = T::CANONICAL_ZERO;
        let tail = tail.as_mut();
        tail.fill(-T::INFINITY);
        tail[..rest.len()].copy_from_slice(rest);

        let mut largest = l.splat_acc(-T::INFINITY);
        for z in row.chunks_exact(T::LANES).chain([&*tail]) {
            for (r, a) in largest.as_mut().iter_mut().enumerate() {
                *a = l.max(l.load(&z[r * L::WIDTH..]), *a);
            }
        }
        let largest = fold(l, Max, largest);

        let shift = l.splat(largest);
        let mut sum = l.splat_acc(T::ZERO);
        for z in row.chunks_exact_mut(T::LANES).chain([&mut *tail]) {
            for (r, a) in sum.as_mut().iter_mut().enumerate() {
                let z = &mut z[r * L::WIDTH..];
                let e = exp(l, l.sub(l.load(z), shift));
                l.store(z, e);
                *a = l.add(*a, e);
            }
        }
        let sum = fold(l, Sum, sum);

        let mut loss = T::CANONICAL_ZERO; // log of one number, in the lanes
        l.store(loss.as_mut(), log(l, l.splat(sum)));
        let loss = loss.as_ref()[0] - (at_label - largest);
        losses.as_mut()[i % T::LANES] = losses.as_ref()[i % T::LANES] + loss;

        let reciprocal = T::ONE / sum;
        let (r, w) = (l.splat(reciprocal), l.splat(weight));
        rest.copy_from_slice(&tail[..rest.len()]);
        let row = logits.row_mut(i).expect("contiguous rows");
        let e = row[label as usize];
        crate::lanes::map(
            l,
            row,
            #[inline(always)]
            |e| l.mul(l.mul(e, r), w),
        );
        row[label as usize] = (e * reciprocal - T::ONE) * weight;
    }
    let mut acc = l.splat_acc(T::ZERO);
    for (r, a) in acc.as_mut().iter_mut().enumerate() {
        *a = l.load(&losses.as_ref()[r * L::WIDTH..]);
    }
    fold(l, Sum, acc)
}
