//! Rows whose target is spread over classes: probabilities, or a smoothed label.

use super::{ClassTargets, FEW_CLASSES};
use crate::lanes::{Kernel, Lanes, Max, Sum, fold, load_at, zero_from};
use crate::math::{exp, log};
use crate::matrix::MatMut;
use crate::real::Real;

pub(super) struct Spread<'a, T> {
    /// W
    pub(super) divisor: T,
    pub(super) logits: MatMut<'a, T>,
    pub(super) targets: ClassTargets<'a, T>,
    pub(super) weights: Option<&'a [T]>,
    pub(super) class_weights: Option<&'a [T]>,
    pub(super) label_smoothing: T,
}
impl<T: Real> Kernel<T> for Spread<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        if self.logits.cols() <= FEW_CLASSES { self.few(l) } else { self.many(l) }
    }
}

impl<T: Real> Spread<'_, T> {
    /// (1 − ε, ε/classes)
    #[inline(always)]
    fn smoothing(&self) -> (T, T) {
        (T::ONE - self.label_smoothing, self.label_smoothing / T::from_f64(self.logits.cols() as f64))
    }

    /// y\[i,j\]
    #[inline(always)]
    fn target(&self, i: usize, j: usize) -> T {
        match &self.targets {
            ClassTargets::Labels(labels) => {
                if labels[i] as usize == j {
                    T::ONE
                } else {
                    T::ZERO
                }
            }
            ClassTargets::Probabilities(y) => y.row(i).expect("contiguous rows")[j],
        }
    }

    #[inline(always)]
    fn weight(&self, i: usize) -> T {
        self.weights.map_or(T::ONE, |w| w[i])
    }

    /// `WIDTH` rows at a time, transposed, so that a register holds one class of each.
    #[inline(always)]
    fn few<L: Lanes<T>>(mut self, l: L) -> T {
        /// `FEW_CLASSES` registers of the widest ISA, for f32; f64 registers hold half as many elements.
        const BUFFER: usize = FEW_CLASSES * 16;
        let (rows, classes) = (self.logits.rows(), self.logits.cols());
        let (keep, spread) = self.smoothing();
        let (mut z, mut q) = ([T::ZERO; BUFFER], [T::ZERO; BUFFER]);
        let (z, q) = (&mut z[..classes * L::WIDTH], &mut q[..classes * L::WIDTH]);
        let zero = l.splat(T::ZERO);
        let mut acc = l.splat_acc(T::ZERO);
        for (block, first) in (0..rows).step_by(L::WIDTH).enumerate() {
            let here = L::WIDTH.min(rows - first);
            let mut weights = T::CANONICAL_ZERO;
            let weights = &mut weights.as_mut()[..L::WIDTH];
            for (r, weight) in weights.iter_mut().enumerate().take(here) {
                *weight = self.weight(first + r);
                let row = self.logits.row(first + r).expect("contiguous rows");
                for (c, &x) in row.iter().enumerate() {
                    z[c * L::WIDTH + r] = x;
                    q[c * L::WIDTH + r] = self.target(first + r, c);
                }
            }
            let mut largest = l.load(z);
            for z in z.chunks_exact(L::WIDTH).skip(1) {
                largest = l.max(l.load(z), largest);
            }
            let (mut sum, mut mass, mut distance) = (zero, zero, zero);
            for (c, (z, q)) in z.chunks_exact_mut(L::WIDTH).zip(q.chunks_exact_mut(L::WIDTH)).enumerate() {
                let target = l.fma(l.splat(keep), l.load(q), l.splat(spread));
                let target = l.mul(l.splat(self.class_weights.map_or(T::ONE, |w| w[c])), target);
                l.store(q, target);
                let below = l.sub(l.load(z), largest);
                mass = l.add(mass, target);
                distance = l.fma(target, l.select(l.eq(target, zero), zero, l.neg(below)), distance);
                let e = exp(l, below);
                l.store(z, e);
                sum = l.add(sum, e);
            }
            let w = l.load(weights);
            let loss = l.mul(w, l.fma(mass, log(l, sum), distance));
            let loss = l.select(l.eq(w, zero), zero, loss);
            let acc = &mut acc.as_mut()[block % (T::LANES / L::WIDTH)];
            *acc = l.add(*acc, zero_from(l, here, loss));

            let reciprocal = l.div(l.splat(T::ONE), sum);
            let scale = l.div(w, l.splat(self.divisor));
            for (z, q) in z.chunks_exact_mut(L::WIDTH).zip(q.chunks_exact(L::WIDTH)) {
                let p = l.mul(l.load(z), reciprocal);
                let gradient = l.mul(l.fma(mass, p, l.neg(l.load(q))), scale);
                l.store(z, l.select(l.eq(w, zero), zero, gradient));
            }
            for r in 0..here {
                let row = self.logits.row_mut(first + r).expect("contiguous rows");
                for (c, x) in row.iter_mut().enumerate() {
                    *x = z[c * L::WIDTH + r];
                }
            }
        }
        fold(l, Sum, acc)
    }

    /// Row by row in canonical lanes. Beyond the end of a row, z is −∞ and q is 0: the neutral elements of all reductions.
    #[inline(always)]
    fn many<L: Lanes<T>>(mut self, l: L) -> T {
        let (keep, spread) = self.smoothing();
        let classes = self.logits.cols();
        let whole = classes / T::LANES * T::LANES;
        let zero = l.splat(T::ZERO);
        let mut losses = T::CANONICAL_ZERO;
        for i in 0..self.logits.rows() {
            let weight = self.weight(i);
            if weight == T::ZERO {
                self.logits.row_mut(i).expect("contiguous rows").fill(T::ZERO);
                continue;
            }
            let (targets, class_weights) = (self.targets, self.class_weights);
            let q = Masses { targets, class_weights, i, classes, keep, spread };
            let row = self.logits.row_mut(i).expect("contiguous rows");
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
            let [mut sum, mut mass, mut distance] = [l.splat_acc(T::ZERO); 3];
            for (block, z) in row.chunks_exact_mut(T::LANES).chain([&mut *tail]).enumerate() {
                for r in 0..T::LANES / L::WIDTH {
                    let z = &mut z[r * L::WIDTH..];
                    let target = q.at(l, block * T::LANES + r * L::WIDTH);
                    let below = l.sub(l.load(z), shift);
                    let (s, m, d) = (&mut sum.as_mut()[r], &mut mass.as_mut()[r], &mut distance.as_mut()[r]);
                    *m = l.add(*m, target);
                    *d = l.fma(target, l.select(l.eq(target, zero), zero, l.neg(below)), *d);
                    let e = exp(l, below);
                    l.store(z, e);
                    *s = l.add(*s, e);
                }
            }
            let (sum, mass, distance) = (fold(l, Sum, sum), fold(l, Sum, mass), fold(l, Sum, distance));

            let mut log_sum = T::CANONICAL_ZERO; // log of one number, in the lanes
            l.store(log_sum.as_mut(), log(l, l.splat(sum)));
            let loss = weight * mass.mul_add(log_sum.as_ref()[0], distance);
            losses.as_mut()[i % T::LANES] = losses.as_ref()[i % T::LANES] + loss;

            let (reciprocal, scale) = (l.splat(T::ONE / sum), l.splat(weight / self.divisor));
            let mass = l.splat(mass);
            for (block, z) in row.chunks_exact_mut(T::LANES).chain([&mut *tail]).enumerate() {
                for r in 0..T::LANES / L::WIDTH {
                    let z = &mut z[r * L::WIDTH..];
                    let p = l.mul(l.load(z), reciprocal);
                    let target = q.at(l, block * T::LANES + r * L::WIDTH);
                    l.store(z, l.mul(l.fma(mass, p, l.neg(target)), scale));
                }
            }
            rest.copy_from_slice(&tail[..rest.len()]);
        }
        let mut acc = l.splat_acc(T::ZERO);
        for (r, a) in acc.as_mut().iter_mut().enumerate() {
            *a = l.load(&losses.as_ref()[r * L::WIDTH..]);
        }
        fold(l, Sum, acc)
    }
}

/// qⱼ of row i.
struct Masses<'a, T> {
    targets: ClassTargets<'a, T>,
    class_weights: Option<&'a [T]>,
    i: usize,
    classes: usize,
    /// 1 − ε
    keep: T,
    /// ε/classes
    spread: T,
}
impl<T: Real> Masses<'_, T> {
    /// The register that begins with class `j`; 0 beyond the last class.
    #[inline(always)]
    fn at<L: Lanes<T>>(&self, l: L, j: usize) -> L::Reg {
        let y = match &self.targets {
            ClassTargets::Probabilities(y) => load_at(l, y.row(self.i).expect("contiguous rows"), j),
            ClassTargets::Labels(labels) => {
                let mut y = T::CANONICAL_ZERO;
                let y = &mut y.as_mut()[..L::WIDTH];
                if let Some(y) = y.get_mut((labels[self.i] as usize).wrapping_sub(j)) {
                    *y = T::ONE;
                }
                l.load(y)
            }
        };
        let target = l.fma(l.splat(self.keep), y, l.splat(self.spread));
        match self.class_weights {
            Some(c) => l.mul(load_at(l, c, j), target),
            None if j + L::WIDTH > self.classes => zero_from(l, self.classes.saturating_sub(j), target),
            None => target,
        }
    }
}
