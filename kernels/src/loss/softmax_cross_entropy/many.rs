//! Many classes: canonical lanes run along a row, in three passes over it: the largest logit, exponentials, gradient.

use super::rows::{ClassTargets, LogitRows};
use crate::lanes::{Kernel, Lanes, Max, Sum, fold, load_at, zero_from};
use crate::math::{exp, log};
use crate::real::Real;

/// `ONE_HOT`: labels without smoothing.
pub(super) struct Many<'a, T, const ONE_HOT: bool>(pub(super) LogitRows<'a, T>);

impl<T: Real, const ONE_HOT: bool> Kernel<T> for Many<'_, T, ONE_HOT> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let mut rows = self.0;
        let mut losses = T::CANONICAL_ZERO;
        let lanes = losses.as_mut();
        for i in 0..rows.logits.rows() {
            let u = rows.weight::<ONE_HOT>(i);
            if u == T::ZERO {
                rows.logits.row_mut(i).expect("contiguous rows").fill(T::ZERO);
            } else {
                let scale = u / rows.divisor;
                let loss = row::<T, L, ONE_HOT>(l, &mut rows, i, scale);
                lanes[i % T::LANES] = lanes[i % T::LANES] + u * loss;
            }
        }
        let mut acc = l.splat_acc(T::ZERO);
        for (r, a) in acc.as_mut().iter_mut().enumerate() {
            *a = l.load(&lanes[r * L::WIDTH..]);
        }
        fold(l, Sum, acc)
    }
}

/// Returns the loss of row `i`, which becomes its gradient times `scale`.
#[inline(always)]
fn row<T: Real, L: Lanes<T>, const ONE_HOT: bool>(l: L, rows: &mut LogitRows<'_, T>, i: usize, scale: T) -> T {
    let zero = l.splat(T::ZERO);
    let label = rows.label(i);
    let q = Masses::new(rows, i);
    let row = rows.logits.row_mut(i).expect("contiguous rows");
    let at_label = if ONE_HOT { row[label] } else { T::ZERO };

    let mut largest = l.splat_acc(-T::INFINITY);
    for_each_register(
        l,
        row,
        #[inline(always)]
        |r, _, z| {
            largest.as_mut()[r] = l.max(z, largest.as_ref()[r]);
            z
        },
    );
    let largest = fold(l, Max, largest);

    let shift = l.splat(largest);
    let [mut sum, mut mass, mut distance] = [l.splat_acc(T::ZERO); 3];
    for_each_register(
        l,
        row,
        #[inline(always)]
        |r, j, z| {
            let below = l.sub(z, shift);
            if !ONE_HOT {
                let q = q.at(l, j);
                let above = l.select(l.eq(q, zero), zero, l.neg(below));
                mass.as_mut()[r] = l.add(mass.as_ref()[r], q);
                distance.as_mut()[r] = l.fma(q, above, distance.as_ref()[r]);
            }
            let e = exp(l, below);
            sum.as_mut()[r] = l.add(sum.as_ref()[r], e);
            e
        },
    );
    let sum = fold(l, Sum, sum);
    let mut log_sum = T::CANONICAL_ZERO; // of one number, in the lanes
    l.store(log_sum.as_mut(), log(l, l.splat(sum)));
    let log_sum = log_sum.as_ref()[0];

    let reciprocal = T::ONE / sum;
    let (p, scales) = (l.splat(reciprocal), l.splat(scale));
    if ONE_HOT {
        let e = row[label];
        for_each_register(
            l,
            row,
            #[inline(always)]
            |_, _, e| l.mul(l.mul(e, p), scales),
        );
        row[label] = (e * reciprocal - T::ONE) * scale;
        log_sum - (at_label - largest)
    } else {
        let (mass, distance) = (fold(l, Sum, mass), fold(l, Sum, distance));
        let masses = l.splat(mass);
        for_each_register(
            l,
            row,
            #[inline(always)]
            |_, j, e| l.mul(l.fma(masses, l.mul(e, p), l.neg(q.at(l, j))), scales),
        );
        mass.mul_add(log_sum, distance)
    }
}

/// Replaces each register z of `row` by `f(r, j, z)`, where r is its place among the canonical lanes and j the index of its
/// first element. Beyond the end, z is −∞, neutral in every reduction here; registers that lie there altogether are left out.
#[inline(always)]
fn for_each_register<T: Real, L: Lanes<T>>(l: L, row: &mut [T], mut f: impl FnMut(usize, usize, L::Reg) -> L::Reg) {
    let per_block = T::LANES / L::WIDTH;
    let mut blocks = row.chunks_exact_mut(T::LANES);
    let mut j = 0;
    for block in &mut blocks {
        for r in 0..per_block {
            let z = &mut block[r * L::WIDTH..];
            l.store(z, f(r, j + r * L::WIDTH, l.load(z)));
        }
        j += T::LANES;
    }
    let tail = blocks.into_remainder();
    for r in 0..per_block {
        let Some(z) = tail.get_mut(r * L::WIDTH..) else { break };
        if z.len() >= L::WIDTH {
            l.store(z, f(r, j + r * L::WIDTH, l.load(z)));
        } else if !z.is_empty() {
            let one = l.splat(T::ONE);
            let inside = l.eq(l.load_partial(&const { [T::ONE; 64] }[..z.len()]), one);
            let padded = l.select(inside, l.load_partial(z), l.splat(-T::INFINITY));
            l.store_partial(z, f(r, j + r * L::WIDTH, padded));
        }
    }
}

/// q of one row.
struct Masses<'a, T> {
    targets: ClassTargets<'a, T>,
    class_weights: Option<&'a [T]>,
    i: usize,
    /// 1 − ε
    keep: T,
    /// ε/classes
    spread: T,
    classes: usize,
}
impl<'a, T: Real> Masses<'a, T> {
    #[inline(always)]
    fn new(rows: &LogitRows<'a, T>, i: usize) -> Self {
        let (keep, spread) = (T::ONE - rows.label_smoothing, rows.label_share());
        let LogitRows { targets, class_weights, .. } = *rows;
        Self { targets, class_weights, i, keep, spread, classes: rows.logits.cols() }
    }
    /// The register that begins with class `j`; 0 beyond the last class.
    #[inline(always)]
    fn at<L: Lanes<T>>(&self, l: L, j: usize) -> L::Reg {
        let y = match &self.targets {
            ClassTargets::Probabilities(y) => load_at(l, y.row(self.i).expect("contiguous rows"), j),
            ClassTargets::Labels(labels) => {
                let place = (labels[self.i] as usize).wrapping_sub(j);
                if place < L::WIDTH {
                    let mut y = T::CANONICAL_ZERO;
                    y.as_mut()[place] = T::ONE;
                    l.load(y.as_ref())
                } else {
                    l.splat(T::ZERO)
                }
            }
        };
        let q = l.fma(l.splat(self.keep), y, l.splat(self.spread));
        match self.class_weights {
            Some(c) => l.mul(load_at(l, c, j), q),
            None if j + L::WIDTH > self.classes => zero_from(l, self.classes.saturating_sub(j), q),
            None => q,
        }
    }
}
