//! Adafactor (Shazeer & Stern 2018): the second moment of a matrix from the means of its rows and columns.

use super::{Averaging, UpdateRule, fused_step};
use crate::axpy::axpy;
use crate::dot::dot_lanes;
use crate::gemm::Scratch;
use crate::lanes::{Kernel, Lanes, Sum, accumulate, fold, zip_map};
use crate::norm::asum;
use crate::real::Real;
use crate::threads::divide::Wide;
use crate::threads::{Exec, for_each, reduce, rows_per_chunk};
use core::marker::PhantomData;

/// The second moment V of an m × n gradient in one step: V\[i, j\] = R\[i\]·C\[j\]/mean(R), where R and C are running averages of the
/// row and column means of g² + ε₁. State of m + n numbers instead of m·n.
///
/// Three passes over the gradient make a step, because V needs all of it, and the size of the direction U = g/√V all of V:
/// [`estimate`](Self::estimate), [`rms`](Self::rms), and [`step`](Self::step), which is the one over the parameters.
/// U\[i, j\] = (g·c\[j\])·r\[i\] with c = √(1/C), r = √(mean(R)/R). A vector is a matrix of one row, for which r is exactly 1
/// and V is C: not factored, as in the paper.
///
/// The paper's step is w ← w − α·U/max(1, RMS(U)/d) with d = 1, β₂ = 1 − t^−0.8, ε₁ = 1e-30, and α = ρ·max(ε₂, RMS(w)), where ε₂ =
/// 1e-3 and ρ = min(0.01, 1/√t). Hugging Face has a rate of the caller in place of ρ if told so (`relative_step=False`), and without RMS(w) if
/// told so (`scale_parameter=False`); PyTorch has ρ = min(η, 1/√t), and no ε₁ in the averages, but V at least the square of the
/// machine epsilon. Both have decoupled weight decay.
///
/// ```
/// use simdescent_kernels::{Exec, optimizer::{Adafactor, AdafactorOptions, Averaging, Scaled, Sgd}};
/// let (exec, gradient) = (Exec::default(), [3.0f32, -4.0, 6.0, 8.0]); // 2 x 2
/// let (mut w, mut rows, mut cols) = ([1.0; 4], [0.0; 2], [0.0; 2]);
/// let options = AdafactorOptions { beta2: Averaging::new(0.0), epsilon: 1e-30 }; // of step 1
/// let moment = Adafactor::estimate(exec, options, &gradient, &mut rows, &mut cols);
/// let factor = 1.0 / moment.rms(exec, &gradient).max(1.0);
/// moment.step(exec, &Scaled { factor, rule: Sgd { learning_rate: 0.125 } }, &mut w, &gradient, []);
/// assert_eq!((rows, cols), ([12.5, 50.0], [22.5, 40.0]));
/// assert!((w[0] - (1.0 - 0.125)).abs() < 1e-6); // g² of this gradient has rank 1, so that U is its sign
/// ```
pub struct Adafactor<T> {
    /// r, then c.
    factors: Scratch,
    shape: (usize, usize),
    element: PhantomData<T>,
}

/// The constants of one step of [`Adafactor`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdafactorOptions<T> {
    /// β₂, e.g. 1 − t^−0.8 in step t: [`Averaging::with_rest`]
    pub beta2: Averaging<T>,
    /// ε₁, added to squares of the gradient, e.g. 1e-30
    pub epsilon: T,
}

/// Rows whose squares are added up in one chain per column, at least; so many times smaller than the gradient is the room for
/// the sums of all chains, at most.
const BLOCK: usize = 32;

impl<T: Real> Adafactor<T> {
    /// The first pass: R\[i\] ← fma(β₂, R\[i\], (1−β₂)·fma(Σg², 1/n, ε₁)), and C likewise.
    ///
    /// - `gradient`: m × n, row-major
    /// - the state, 0 before the first step: R, `row_means`, of m elements; C, `col_means`, of n
    ///
    /// A row's sum is that of [`dot`](crate::dot), without chunks; a column's one FMA chain per block of rows (as many as make
    /// [`CHUNK`](crate::threads::CHUNK) elements, at least 32), blocks added in order. Squares that overflow are
    /// infinite, and then, unlike in Adam, the whole matrix is lost: NaN or ∞. So it is without ε₁ where a row is all zeros.
    ///
    /// # Panics
    /// If the gradient has another length than m·n.
    #[track_caller]
    #[inline(never)]
    pub fn estimate(
        exec: Exec<'_>,
        options: AdafactorOptions<T>,
        gradient: &[T],
        row_means: &mut [T],
        col_means: &mut [T],
    ) -> Self {
        let AdafactorOptions { beta2, epsilon } = options;
        let (m, n) = (row_means.len(), col_means.len());
        assert!(
            m.checked_mul(n) == Some(gradient.len()),
            "Adafactor: a gradient of {} elements does not fit means of {m} rows and {n} columns",
            gradient.len(),
        );
        let block = rows_per_chunk(n).max(BLOCK);
        let used = m + m.div_ceil(block).max(1) * n;
        let mut factors = Scratch::borrow::<T>(used);
        let (rows, sums) = factors.elements()[..used].split_at_mut(m);
        rows.fill(T::ZERO); // without columns nobody writes them
        sums.fill(T::ZERO);
        let data = (Wide(gradient, block * n), Wide(&mut *rows, block), Wide(&mut *sums, n));
        for_each(exec.par(), data, 1, &|(g, rows, cols)| exec.run(Sums { g: g.0, rows: rows.0, cols: cols.0 }));
        let (cols, others) = sums.split_at_mut(n);
        others.chunks_exact(n.max(1)).for_each(|sums| axpy(exec, T::ONE, sums, cols));

        let average = |n: usize| Average { beta2, epsilon, share: T::from_f64(1.0 / n.max(1) as f64) };
        fused_step(exec, &average(n), row_means, rows, []);
        fused_step(exec, &average(m), col_means, cols, []);
        let mean = asum(exec, row_means) / T::from_f64(m.max(1) as f64);
        fused_step(exec, &InverseRoot { scale: mean }, rows, row_means, []);
        fused_step(exec, &InverseRoot { scale: T::ONE }, cols, col_means, []);
        Self { factors, shape: (m, n), element: PhantomData }
    }

    /// The second pass: √mean(U²), the sum in canonical lanes that run on from row to row, chunks of rows added by the fixed tree.
    ///
    /// # Panics
    /// If the gradient has another length than before.
    #[track_caller]
    #[inline(never)]
    pub fn rms(&self, exec: Exec<'_>, gradient: &[T]) -> T {
        let (rows, cols) = self.factors(gradient);
        let data = (Wide(gradient, cols.len()), rows);
        let leaf = |(g, rows): (Wide<&[T]>, _)| exec.run(Squares { g: g.0, rows, cols });
        let sum = reduce(exec.par(), data, rows_per_chunk(cols.len()), &leaf, &|a, b| a + b);
        (sum / T::from_f64(gradient.len().max(1) as f64)).sqrt()
    }

    /// The third pass: `rule` with the direction U as its gradient.
    ///
    /// # Panics
    /// If the lengths are not that of the gradient before.
    #[track_caller]
    #[inline(never)]
    pub fn step<R: UpdateRule<T, S>, const S: usize>(
        &self,
        exec: Exec<'_>,
        rule: &R,
        parameters: &mut [T],
        gradient: &[T],
        state: [&mut [T]; S],
    ) {
        let (rows, cols) = self.factors(gradient);
        assert_eq!(parameters.len(), gradient.len(), "optimizer step: parameters and gradient differ in length");
        for s in &state {
            assert_eq!(parameters.len(), s.len(), "optimizer step: parameters and state differ in length");
        }
        let n = cols.len();
        let data = (Wide(parameters, n), Wide(gradient, n), rows, Wide(state, n));
        for_each(exec.par(), data, rows_per_chunk(n), &|(w, g, rows, state)| {
            // Of a chunk, so that it is still in cache.
            let mut scratch = Scratch::borrow::<T>(g.0.len());
            let direction = &mut scratch.elements()[..g.0.len()];
            direction.copy_from_slice(g.0);
            exec.run(Direction { g: direction, rows, cols });
            fused_step(exec.seq(), rule, w.0, direction, state.0);
        });
    }

    /// r and c.
    #[track_caller]
    fn factors(&self, gradient: &[T]) -> (&[T], &[T]) {
        let (m, n) = self.shape;
        assert_eq!(gradient.len(), m * n, "Adafactor: the gradient has another length than the one before");
        self.factors.as_slice()[..m + n].split_at(m)
    }
}

struct Sums<'a, T> {
    g: &'a [T],
    rows: &'a mut [T],
    cols: &'a mut [T],
}
impl<T: Real> Kernel<T> for Sums<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        for (g, sum) in self.g.chunks_exact(self.cols.len().max(1)).zip(self.rows) {
            *sum = dot_lanes(l, g, g);
            zip_map(
                l,
                self.cols,
                g,
                #[inline(always)]
                |sum, g| l.fma(g, g, sum),
            );
        }
    }
}

/// U of one register.
#[inline(always)]
fn direction<T: Real, L: Lanes<T>>(l: L, g: L::Reg, c: L::Reg, r: L::Reg) -> L::Reg {
    l.mul(l.mul(g, c), r)
}

struct Squares<'a, T> {
    g: &'a [T],
    rows: &'a [T],
    cols: &'a [T],
}
impl<T: Real> Kernel<T> for Squares<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let mut acc = l.splat_acc(T::ZERO);
        for (g, &r) in self.g.chunks_exact(self.cols.len().max(1)).zip(self.rows) {
            let r = l.splat(r);
            acc = accumulate(
                l,
                acc,
                g,
                self.cols,
                #[inline(always)]
                |acc, g, c| {
                    let u = direction(l, g, c, r);
                    l.fma(u, u, acc)
                },
            );
        }
        fold(l, Sum, acc)
    }
}

/// g ← U
struct Direction<'a, T> {
    g: &'a mut [T],
    rows: &'a [T],
    cols: &'a [T],
}
impl<T: Real> Kernel<T> for Direction<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        for (g, &r) in self.g.chunks_exact_mut(self.cols.len().max(1)).zip(self.rows) {
            let r = l.splat(r);
            zip_map(
                l,
                g,
                self.cols,
                #[inline(always)]
                |g, c| direction(l, g, c, r),
            );
        }
    }
}

/// A running average of means; its parameters are the averages, its gradient sums of squares.
#[derive(Clone, Copy)]
struct Average<T> {
    beta2: Averaging<T>,
    epsilon: T,
    share: T,
}
impl<T: Real> UpdateRule<T, 0> for Average<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, average: L::Reg, sum: L::Reg, _: [L::Reg; 0]) -> (L::Reg, [L::Reg; 0]) {
        let mean = l.fma(sum, l.splat(self.share), l.splat(self.epsilon));
        (self.beta2.add(l, average, mean), [])
    }
}

/// √(scale/g), whatever the parameters were.
#[derive(Clone, Copy)]
struct InverseRoot<T> {
    scale: T,
}
impl<T: Real> UpdateRule<T, 0> for InverseRoot<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, _: L::Reg, g: L::Reg, _: [L::Reg; 0]) -> (L::Reg, [L::Reg; 0]) {
        (l.sqrt(l.div(l.splat(self.scale), g)), [])
    }
}
