//! The inputs of a linear model: what the passes over rows ask of them.

use crate::lanes::{Lanes, zip_map};
use crate::optimizer::{UpdateRule, step_lanes};
use crate::real::Real;
use core::ops::Range;

/// The inputs of a linear model, one row per sample: [`MatRef`](crate::MatRef) or [`CsrRef`](crate::CsrRef) (sealed).
pub trait Inputs<T: Real>: Copy + Send + Sync + Sealed<T> {}
impl<T: Real, X: Sealed<T>> Inputs<T> for X {}

/// Which rows of X are meant: those from `first` on, of X or of a list.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Pick<'a> {
    pub(super) first: usize,
    pub(super) order: Option<&'a [u32]>,
}
impl Pick<'_> {
    #[inline(always)]
    pub(super) fn at(&self, i: usize) -> usize {
        self.order.map_or(self.first + i, |order| order[self.first + i] as usize)
    }
    #[inline(always)]
    pub(super) fn skip(self, n: usize) -> Self {
        Self { first: self.first + n, ..self }
    }
    /// The elements of `all` at the rows `range`, at most WIDTH.
    #[inline(always)]
    pub(super) fn load<T: Real, L: Lanes<T>>(&self, l: L, range: Range<usize>, all: &[T]) -> L::Reg {
        debug_assert!(range.len() <= L::WIDTH);
        if self.order.is_none() {
            return l.load_partial(&all[self.at(range.start)..self.at(range.end)]);
        }
        let mut lanes = T::CANONICAL_ZERO;
        for (lane, i) in lanes.as_mut().iter_mut().zip(range) {
            *lane = all[self.at(i)];
        }
        l.load(lanes.as_ref())
    }
}

/// Public, but in a private module, so that nobody else implements it.
#[doc(hidden)]
pub trait Sealed<T: Real>: Copy + Send + Sync {
    /// Rows and weights.
    fn shape(self) -> (usize, usize);
    /// Outputs of a row.
    #[inline(always)]
    fn width(self) -> usize {
        1
    }
    /// Rows that stay in cache between their outputs and their part of the gradient; decides none.
    fn group(self) -> usize;
    /// The outputs of the rows that fill `z`, without b.
    fn dots<L: Lanes<T>>(self, l: L, rows: Pick<'_>, w: &[T], z: &mut [T]);
    /// g\[j\] ← g\[j\] + Σᵢ r\[i\]·x\[i,j\], one FMA chain in the order of the rows; likewise for each output.
    fn add<L: Lanes<T>>(self, l: L, rows: Pick<'_>, r: &[T], g: &mut [T]);
    /// w ← the step of `rule` by the gradient r·x of the first of `rows`; g is there to be written.
    #[inline(always)]
    fn step<L: Lanes<T>, R: UpdateRule<T, 0>>(self, l: L, of: (Pick<'_>, T), rule: &R, w: &mut [T], g: &mut [T]) {
        add_and_step(l, (self, of.0, of.1), rule, w, g);
    }
    /// The squared norms of `count` rows from `first` on, at most WIDTH; the other elements may be anything.
    fn row_norms<L: Lanes<T>>(self, l: L, first: usize, count: usize) -> L::Reg;
    /// g ← sum + g, sum ← 0, where `sum` is the part of the gradient of these `n` rows.
    fn move_sum<L: Lanes<T>>(self, l: L, rows: Pick<'_>, n: usize, sum: &mut [T], g: &mut [T]);
}

/// A step by the gradient of one row, in two passes.
#[inline(always)]
pub(super) fn add_and_step<T: Real, L: Lanes<T>, X: Sealed<T>, R: UpdateRule<T, 0>>(
    l: L,
    (x, row, r): (X, Pick<'_>, T),
    rule: &R,
    w: &mut [T],
    g: &mut [T],
) {
    g.fill(T::ZERO);
    x.add(l, row, &[r], g);
    step_lanes(l, rule, w, g, []);
}

/// g ← sum + g.
#[inline(always)]
fn add_to<T: Real, L: Lanes<T>>(l: L, sum: &[T], g: &mut [T]) {
    zip_map(
        l,
        g,
        sum,
        #[inline(always)]
        |g, sum| l.add(sum, g),
    );
}
#[inline(always)]
pub(super) fn move_all<T: Real, L: Lanes<T>>(l: L, sum: &mut [T], g: &mut [T]) {
    add_to(l, sum, g);
    sum.fill(T::ZERO);
}

/// All rows as they lie.
pub(super) const ALL: Pick<'_> = Pick { first: 0, order: None };

#[track_caller]
pub(super) fn check<T: Real, X: Inputs<T>>(x: X, targets: usize, parameters: usize) {
    let (rows, cols) = x.shape();
    assert_eq!(rows, targets, "linear model: rows of X and targets differ in number");
    let fits = parameters.checked_sub(cols).is_some_and(|more| more <= 1);
    assert!(fits, "linear model: X has {cols} columns, there are {parameters} parameters");
}
