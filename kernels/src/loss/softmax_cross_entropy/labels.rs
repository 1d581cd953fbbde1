//! Rows with one label each.

use super::FEW_CLASSES;
use crate::lanes::{Kernel, Lanes, Max, Sum, fold, map, zero_from};
use crate::math::{exp, log};
use crate::matrix::MatMut;
use crate::real::Real;

/// wᵢ·c\[label\].
#[inline(always)]
fn weight<T: Real>(weights: Option<&[T]>, class_weights: Option<&[T]>, i: usize, label: u32) -> T {
    weights.map_or(T::ONE, |w| w[i]) * class_weights.map_or(T::ONE, |c| c[label as usize])
}

/// The weights of these rows, added up in canonical lanes. Gathered one by one, so there is nothing to gain from registers.
pub(super) fn total<T: Real>(labels: &[u32], weights: Option<&[T]>, class_weights: &[T]) -> T {
    let mut lanes = T::CANONICAL_ZERO;
    let lanes = lanes.as_mut();
    for (i, &label) in labels.iter().enumerate() {
        lanes[i % T::LANES] = lanes[i % T::LANES] + weight(weights, Some(class_weights), i, label);
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

pub(super) struct OneHot<'a, T> {
    /// W
    pub(super) divisor: T,
    pub(super) logits: MatMut<'a, T>,
    pub(super) labels: &'a [u32],
    pub(super) weights: Option<&'a [T]>,
    pub(super) class_weights: Option<&'a [T]>,
}
impl<T: Real> Kernel<T> for OneHot<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        if self.logits.cols() <= FEW_CLASSES { few(l, self) } else { many(l, self) }
    }
}

/// `WIDTH` rows at a time, transposed, so that a register holds one class of each.
#[inline(always)]
fn few<T: Real, L: Lanes<T>>(l: L, OneHot { divisor, mut logits, labels, weights, class_weights }: OneHot<'_, T>) -> T {
    /// `FEW_CLASSES` registers of the widest ISA, for f32; f64 registers hold half as many elements.
    const BUFFER: usize = FEW_CLASSES * 16;
    let classes = logits.cols();
    let mut buffer = [T::ZERO; BUFFER];
    let z = &mut buffer[..classes * L::WIDTH];
    let mut acc = l.splat_acc(T::ZERO);
    for (block, labels) in labels.chunks(L::WIDTH).enumerate() {
        let first = block * L::WIDTH;
        let (mut at_label, mut u) = (T::CANONICAL_ZERO, T::CANONICAL_ZERO);
        let (at_label, u) = (&mut at_label.as_mut()[..L::WIDTH], &mut u.as_mut()[..L::WIDTH]);
        for (r, &label) in labels.iter().enumerate() {
            let row = logits.row(first + r).expect("contiguous rows");
            for (c, &x) in row.iter().enumerate() {
                z[c * L::WIDTH + r] = x;
            }
            at_label[r] = row[label as usize];
            u[r] = weight(weights, class_weights, first + r, label);
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
        let (zero, weights) = (l.splat(T::ZERO), l.load(u));
        let loss = l.select(l.eq(weights, zero), zero, l.mul(weights, loss));
        let acc = &mut acc.as_mut()[block % (T::LANES / L::WIDTH)];
        *acc = l.add(*acc, zero_from(l, labels.len(), loss));

        let reciprocal = l.div(l.splat(T::ONE), sum);
        for z in z.chunks_exact_mut(L::WIDTH) {
            l.store(z, l.mul(l.load(z), reciprocal));
        }
        for (r, &label) in labels.iter().enumerate() {
            let row = logits.row_mut(first + r).expect("contiguous rows");
            if u[r] == T::ZERO {
                row.fill(T::ZERO);
                continue;
            }
            let scale = u[r] / divisor;
            for (c, x) in row.iter_mut().enumerate() {
                *x = z[c * L::WIDTH + r] * scale;
            }
            row[label as usize] = (z[label as usize * L::WIDTH + r] - T::ONE) * scale;
        }
    }
    fold(l, Sum, acc)
}

/// Row by row in canonical lanes; in the tail, lanes beyond the end hold −∞, the neutral element of both reductions.
#[inline(always)]
fn many<T: Real, L: Lanes<T>>(l: L, OneHot { divisor, mut logits, labels, weights, class_weights }: OneHot<'_, T>) -> T {
    let mut losses = T::CANONICAL_ZERO;
    for (i, &label) in labels.iter().enumerate() {
        let row = logits.row_mut(i).expect("contiguous rows");
        let u = weight(weights, class_weights, i, label);
        if u == T::ZERO {
            row.fill(T::ZERO);
            continue;
        }
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
        losses.as_mut()[i % T::LANES] = losses.as_ref()[i % T::LANES] + u * loss;

        let (reciprocal, scale) = (T::ONE / sum, u / divisor);
        let (r, w) = (l.splat(reciprocal), l.splat(scale));
        rest.copy_from_slice(&tail[..rest.len()]);
        let row = logits.row_mut(i).expect("contiguous rows");
        let e = row[label as usize];
        map(
            l,
            row,
            #[inline(always)]
            |e| l.mul(l.mul(e, r), w),
        );
        row[label as usize] = (e * reciprocal - T::ONE) * scale;
    }
    let mut acc = l.splat_acc(T::ZERO);
    for (r, a) in acc.as_mut().iter_mut().enumerate() {
        *a = l.load(&losses.as_ref()[r * L::WIDTH..]);
    }
    fold(l, Sum, acc)
}
