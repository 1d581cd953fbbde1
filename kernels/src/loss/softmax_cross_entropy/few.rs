//! Few classes: a register holds one class of `WIDTH` rows, and classes are visited one after the other.

use super::rows::{ClassTargets, FEW_CLASSES, LogitRows};
use crate::lanes::{Kernel, Lanes, Sum, fold, for_each_piece, transpose, zero_from};
use crate::math::{exp, log};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use core::ops::Range;

/// `FEW_CLASSES` registers of the widest instruction set, for `f32`; `f64` registers hold half as many elements.
const BUFFER: usize = FEW_CLASSES * 16;

/// `ONE_HOT`: labels without smoothing.
pub(super) struct Few<'a, T, const ONE_HOT: bool>(pub(super) LogitRows<'a, T>);

impl<T: Real, const ONE_HOT: bool> Kernel<T> for Few<'_, T, ONE_HOT> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let mut rows = self.0;
        let (count, classes) = (rows.logits.rows(), rows.logits.cols());
        let (zero, one) = (l.splat(T::ZERO), l.splat(T::ONE));
        let (keep, spread) = (l.splat(T::ONE - rows.label_smoothing), l.splat(rows.label_share()));
        let (mut z, mut y) = ([T::ZERO; BUFFER], [T::ZERO; BUFFER]);
        let (z, y) = (&mut z[..classes * L::WIDTH], &mut y[..classes * L::WIDTH]);
        let mut acc = l.splat_acc(T::ZERO);
        for (block, first) in (0..count).step_by(L::WIDTH).enumerate() {
            let here = L::WIDTH.min(count - first);
            read_columns(l, rows.logits.as_ref(), first, z);
            let (mut labels, mut u) = (T::CANONICAL_ZERO, T::CANONICAL_ZERO);
            match rows.targets {
                ClassTargets::Probabilities(probabilities) => read_columns(l, probabilities, first, y),
                // A number of labels that the compiler knows: else it calls memcpy.
                ClassTargets::Labels(all) if here == L::WIDTH => {
                    as_bits(&all[first..first + L::WIDTH], labels.as_mut());
                }
                ClassTargets::Labels(all) => as_bits(&all[first..], labels.as_mut()),
            }
            let labels = l.load(labels.as_ref());
            let u = if here == L::WIDTH && rows.weights.is_none() && (!ONE_HOT || rows.class_weights.is_none()) {
                one
            } else {
                for (r, u) in u.as_mut().iter_mut().enumerate().take(here) {
                    *u = rows.weight::<ONE_HOT>(first + r);
                }
                l.load(u.as_ref())
            };

            // In two chains, because one waits for itself; which of equal logits is taken is not visible.
            let mut largest = [l.load(z); 2];
            for (c, z) in z.chunks_exact(L::WIDTH).enumerate() {
                largest[c % 2] = l.max(l.load(z), largest[c % 2]);
            }
            let largest = l.max(largest[1], largest[0]);
            // `distance` is z[label] - M where the target is one label, else A
            let (mut sum, mut mass, mut distance) = (zero, zero, zero);
            for (c, (z, y)) in z.chunks_exact_mut(L::WIDTH).zip(y.chunks_exact_mut(L::WIDTH)).enumerate() {
                let is_label = l.eq(labels, l.splat(T::from_bits(c as u64)));
                let below = l.sub(l.load(z), largest);
                if ONE_HOT {
                    distance = l.select(is_label, below, distance);
                } else {
                    let y_c = match rows.targets {
                        ClassTargets::Labels(_) => l.select(is_label, one, zero),
                        ClassTargets::Probabilities(_) => l.load(y),
                    };
                    let q = l.mul(l.splat(rows.class_weight(c)), l.fma(keep, y_c, spread));
                    l.store(y, q);
                    mass = l.add(mass, q);
                    distance = l.fma(q, l.select(l.eq(q, zero), zero, l.neg(below)), distance);
                }
                let e = exp(l, below);
                l.store(z, e);
                sum = l.add(sum, e);
            }
            let loss = if ONE_HOT { l.sub(log(l, sum), distance) } else { l.fma(mass, log(l, sum), distance) };
            let absent = l.eq(u, zero);
            let loss = l.select(absent, zero, l.mul(u, loss));
            let acc = &mut acc.as_mut()[block % (T::LANES / L::WIDTH)];
            *acc = l.add(*acc, if here == L::WIDTH { loss } else { zero_from(l, here, loss) });

            let (reciprocal, scale) = (l.div(one, sum), l.div(u, l.splat(rows.divisor)));
            for (c, (z, q)) in z.chunks_exact_mut(L::WIDTH).zip(y.chunks_exact(L::WIDTH)).enumerate() {
                let p = l.mul(l.load(z), reciprocal);
                let derivative = if ONE_HOT {
                    l.select(l.eq(labels, l.splat(T::from_bits(c as u64))), l.sub(p, one), p)
                } else {
                    l.fma(mass, p, l.neg(l.load(q)))
                };
                l.store(z, l.select(absent, zero, l.mul(derivative, scale)));
            }
            write_rows(l, &mut rows.logits, first..first + here, z);
        }
        fold(l, Sum, acc)
    }
}

/// Labels as bit patterns, to be compared with that of a class.
#[inline(always)]
fn as_bits<T: Real>(labels: &[u32], bits: &mut [T]) {
    for (bits, &label) in bits.iter_mut().zip(labels) {
        *bits = T::from_bits(u64::from(label));
    }
}

/// Where registers begin in a row: the last one where it ends with the row, if that is long enough.
#[inline(always)]
fn starts<T: Real, L: Lanes<T>>(classes: usize) -> impl Iterator<Item = usize> {
    let last = classes.saturating_sub(L::WIDTH);
    (0..classes).step_by(L::WIDTH).map(
        #[inline(always)]
        move |j| j.min(last),
    )
}

/// `WIDTH` rows of `matrix` from `first` on, one column after the other; where there are no more, zeros.
#[inline(always)]
fn read_columns<T: Real, L: Lanes<T>>(l: L, matrix: MatRef<'_, T>, first: usize, columns: &mut [T]) {
    let rows = first..matrix.rows().min(first + L::WIDTH);
    for_each_piece(
        l,
        matrix.block(rows, 0..matrix.cols()),
        #[inline(always)]
        |j, registers| {
            for (column, &x) in columns[j * L::WIDTH..].chunks_exact_mut(L::WIDTH).zip(registers) {
                l.store(column, x);
            }
        },
    );
}

/// The inverse of [`read_columns`] for the rows `range`.
#[inline(always)]
fn write_rows<T: Real, L: Lanes<T>>(l: L, matrix: &mut MatMut<'_, T>, range: Range<usize>, columns: &[T]) {
    for j in starts::<T, L>(matrix.cols()) {
        let mut square = l.zero_square();
        for (x, column) in square.as_mut().iter_mut().zip(columns[j * L::WIDTH..].chunks_exact(L::WIDTH)) {
            *x = l.load(column);
        }
        let square = transpose(l, square);
        let cols = j..matrix.cols().min(j + L::WIDTH);
        for (row, &x) in matrix.row_pieces_mut(range.clone(), cols).zip(square.as_ref()) {
            if row.len() == L::WIDTH { l.store(row, x) } else { l.store_partial(row, x) }
        }
    }
}
