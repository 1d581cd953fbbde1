//! The pass over X: blocks of rows in parallel, groups of rows inside a block.

use super::{Inputs, Pick};
use crate::gemm::Scratch;
use crate::lanes::{Kernel, Lanes, Sum, accumulate, fold, zip_map};
use crate::loss::{LossOptions, Pointwise};
use crate::real::Real;
use crate::threads::{CHUNK, Divide, Exec, for_each, reduce};

#[derive(Clone, Copy)]
pub(super) struct Pass<'a, T, X, P> {
    pub(super) loss: P,
    pub(super) x: X,
    /// Of all rows of X.
    pub(super) targets: &'a [T],
    /// Weights of the rows picked, in their order.
    pub(super) options: LossOptions<'a, T>,
    pub(super) rows: Pick<'a>,
    pub(super) parameters: &'a [T],
}

/// Gradients of blocks per thread between two moments at which they are added up: a thread that is late makes the others
/// wait then.
const BLOCKS_PER_THREAD: usize = 8;

impl<T: Real, X: Inputs<T>, P: Pointwise<T>> Pass<'_, T, X, P> {
    /// The loss of `m` rows; its gradient goes to `gradient`.
    pub(super) fn run(self, exec: Exec<'_>, m: usize, gradient: &mut [T]) -> T {
        let (_, d) = self.x.shape();
        let divisor = self.options.divisor(exec, m);
        if m == 0 || divisor == T::ZERO {
            gradient.fill(T::ZERO);
            return T::ZERO;
        }
        let block = self.x.block(m);
        let blocks = m.div_ceil(block);
        let wave = match exec.par().threads() {
            _ if blocks == 1 => 0, // straight to the gradient
            1 => 1,
            threads => blocks.min(BLOCKS_PER_THREAD * threads),
        };
        let mut scratch = Scratch::borrow::<T>((2 * m).saturating_add(wave.saturating_mul(d)));
        let (derivatives, rest) = scratch.elements().split_at_mut(m);
        let (losses, sums) = rest.split_at_mut(m);
        let (g, intercept) = gradient.split_at_mut(d);
        let run = |part: Blocks<'_, T>| exec.run(Block { pass: self, divisor, part });
        if blocks == 1 {
            run(Blocks { first: 0, block, derivatives, losses, cols: d, sums: g });
        } else {
            for first in (0..blocks).step_by(wave) {
                let (from, to) = (first * block, ((first + wave) * block).min(m));
                let here = (to - from).div_ceil(block);
                let (derivatives, losses) = (&mut derivatives[from..to], &mut losses[from..to]);
                let sums = &mut sums[..here * d];
                for_each(exec.par(), Blocks { first: from, block, derivatives, losses, cols: d, sums }, 1, &run);
                for i in 0..here {
                    let sum = &sums[i * d..][..d];
                    if first + i == 0 { g.copy_from_slice(sum) } else { exec.run(Add { sum, g }) }
                }
            }
        }
        if let [intercept] = intercept {
            *intercept = total(exec, derivatives);
        }
        total(exec, losses) / divisor
    }
}

/// Sum of terms of either sign as a mean takes it: canonical lanes in chunks, then the tree.
fn total<T: Real>(exec: Exec<'_>, terms: &[T]) -> T {
    reduce(exec.par(), terms, CHUNK, &|terms| exec.run(Total { terms }), &|a, b| a + b)
}
struct Total<'a, T> {
    terms: &'a [T],
}
impl<T: Real> Kernel<T> for Total<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let acc = accumulate(
            l,
            l.splat_acc(T::ZERO),
            self.terms,
            self.terms,
            #[inline(always)]
            |acc, term, _| l.add(acc, term),
        );
        fold(l, Sum, acc)
    }
}

/// g ← g + sum.
struct Add<'a, T> {
    sum: &'a [T],
    g: &'a mut [T],
}
impl<T: Real> Kernel<T> for Add<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        zip_map(
            l,
            self.g,
            self.sum,
            #[inline(always)]
            |g, sum| l.add(sum, g),
        );
    }
}

/// What blocks of rows write; cut between blocks.
struct Blocks<'a, T> {
    first: usize,
    block: usize,
    derivatives: &'a mut [T],
    losses: &'a mut [T],
    cols: usize,
    /// `cols` for each block.
    sums: &'a mut [T],
}
impl<T: Real> Divide for Blocks<'_, T> {
    fn len(&self) -> usize {
        self.derivatives.len().div_ceil(self.block)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let Self { first, block, cols, .. } = self;
        let at = (mid * block).min(self.derivatives.len());
        let (derivatives, more_derivatives) = self.derivatives.split_at_mut(at);
        let (losses, more_losses) = self.losses.split_at_mut(at);
        let (sums, more_sums) = self.sums.split_at_mut(mid * cols);
        (
            Self { first, block, derivatives, losses, cols, sums },
            Self {
                first: first + at,
                block,
                derivatives: more_derivatives,
                losses: more_losses,
                cols,
                sums: more_sums,
            },
        )
    }
}

/// One block.
struct Block<'a, T, X, P> {
    pass: Pass<'a, T, X, P>,
    divisor: T,
    part: Blocks<'a, T>,
}
impl<T: Real, X: Inputs<T>, P: Pointwise<T>> Kernel<T> for Block<'_, T, X, P> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { pass, divisor, part } = self;
        let group = pass.x.group();
        part.sums.fill(T::ZERO);
        let mut done = 0;
        let groups = part.derivatives.chunks_mut(group).zip(part.losses.chunks_mut(group));
        for (r, losses) in groups {
            let rows = pass.rows.skip(part.first + done);
            pass.x.dots(l, rows, &pass.parameters[..part.cols], r);
            pass.evaluate(l, divisor, part.first + done, r, losses);
            pass.x.add(l, rows, r, part.sums);
            done += r.len();
        }
    }
}

impl<T: Real, X: Inputs<T>, P: Pointwise<T>> Pass<'_, T, X, P> {
    /// Replaces outputs by the derivatives of the mean loss, and writes the losses.
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(&self, l: L, divisor: T, first: usize, z: &mut [T], losses: &mut [T]) {
        let zero = l.splat(T::ZERO);
        let intercept = self.parameters.get(self.x.shape().1);
        let rows = self.rows.skip(first);
        for (from, losses) in (0..).step_by(L::WIDTH).zip(losses.chunks_mut(L::WIDTH)) {
            let n = losses.len();
            let z = &mut z[from..][..n];
            let mut y = T::CANONICAL_ZERO;
            let y = &mut y.as_mut()[..L::WIDTH];
            for (i, y) in y[..n].iter_mut().enumerate() {
                *y = self.targets[rows.at(from + i)];
            }
            let mut output = l.load_partial(z);
            if let Some(&b) = intercept {
                output = l.add(output, l.splat(b));
            }
            let (mut derivative, mut loss) = self.loss.evaluate(l, output, l.load(y));
            match self.options.weights {
                None => derivative = l.mul(l.splat(T::ONE / divisor), derivative),
                Some(weights) => {
                    let w = l.load_partial(&weights[first + from..][..n]);
                    let absent = l.eq(w, zero);
                    derivative = l.select(absent, zero, l.mul(l.div(w, l.splat(divisor)), derivative));
                    loss = l.select(absent, zero, l.mul(w, loss));
                }
            }
            l.store_partial(z, derivative);
            l.store_partial(losses, loss);
        }
    }
}
