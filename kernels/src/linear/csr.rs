//! Sparse rows.

use super::inputs::{Pick, Sealed, move_all};
use crate::lanes::{Lanes, Sum, fold_registers, fold_zipped};
use crate::real::Real;
use core::fmt;
use core::ops::Range;

/// A block of rows adds its part of the gradient column by column where it stores fewer elements than this share of the columns.
const SCATTERED: usize = 4;

/// A sparse matrix in compressed rows: row i has the elements `values[indptr[i]..indptr[i + 1]]` in the columns
/// `indices[indptr[i]..indptr[i + 1]]`. Columns of a row may come in any order; one that comes twice counts twice.
#[derive(Clone, Copy, Debug)]
pub struct CsrRef<'a, T> {
    cols: usize,
    indptr: &'a [usize],
    indices: &'a [u32],
    values: &'a [T],
}

/// Why three slices do not make a sparse matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsrError {
    /// `indptr` is empty or does not begin with 0.
    Start,
    /// `indptr[row + 1]` is smaller than `indptr[row]`.
    Decreasing {
        /// The row.
        row: usize,
    },
    /// The last of `indptr` is not the number of indices, or not that of values.
    Length {
        /// The last of `indptr`.
        stored: usize,
        /// Number of indices.
        indices: usize,
        /// Number of values.
        values: usize,
    },
    /// An index is not a column.
    Column {
        /// The row.
        row: usize,
        /// The index.
        index: u32,
        /// The number of columns.
        cols: usize,
    },
}
impl fmt::Display for CsrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => write!(f, "indptr has to begin with 0 and have one entry more than there are rows"),
            Self::Decreasing { row } => write!(f, "indptr decreases after row {row}"),
            Self::Length { stored, indices, values } => write!(
                f,
                "indptr ends with {stored}, but there are {indices} indices and {values} values; all three have to be equal"
            ),
            Self::Column { row, index, cols } => {
                write!(f, "row {row} has an element in column {index}, the matrix has {cols} columns")
            }
        }
    }
}
impl std::error::Error for CsrError {}

impl<'a, T> CsrRef<'a, T> {
    /// The matrix with `indptr.len() - 1` rows and `cols` columns.
    ///
    /// # Errors
    /// [`CsrError`] if the slices do not fit together. Looks at every index once.
    pub fn new(cols: usize, indptr: &'a [usize], indices: &'a [u32], values: &'a [T]) -> Result<Self, CsrError> {
        let (Some(0), Some(&stored)) = (indptr.first(), indptr.last()) else { return Err(CsrError::Start) };
        if let Some(row) = indptr.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(CsrError::Decreasing { row });
        }
        if (stored, stored) != (indices.len(), values.len()) {
            return Err(CsrError::Length { stored, indices: indices.len(), values: values.len() });
        }
        if let Some(at) = indices.iter().position(|&index| index as usize >= cols) {
            let row = indptr.partition_point(|&start| start <= at) - 1;
            return Err(CsrError::Column { row, index: indices[at], cols });
        }
        Ok(Self { cols, indptr, indices, values })
    }
    /// Number of rows.
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.indptr.len() - 1
    }
    /// Number of columns.
    #[inline(always)]
    pub fn cols(&self) -> usize {
        self.cols
    }
    /// Number of stored elements.
    pub fn stored(&self) -> usize {
        self.indptr[self.rows()] - self.indptr[0]
    }
    /// Columns and values of row `i`.
    ///
    /// # Panics
    /// If `i` is out of bounds.
    #[inline(always)]
    pub fn row(&self, i: usize) -> (&'a [u32], &'a [T]) {
        let row = self.indptr[i]..self.indptr[i + 1];
        (&self.indices[row.clone()], &self.values[row])
    }
    /// Rows `range` of it.
    ///
    /// # Panics
    /// If it does not have them.
    #[track_caller]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows(), "rows {range:?} of {}", self.rows());
        Self { indptr: &self.indptr[range.start..=range.end], ..*self }
    }
    /// Whether `n` of `rows` store so few elements that their part of a gradient is added column by column.
    #[inline(always)]
    pub(super) fn is_scattered(&self, rows: Pick<'_>, n: usize) -> bool {
        let mut stored = 0;
        for i in 0..n {
            stored += self.row(rows.at(i)).0.len();
        }
        stored < self.cols / SCATTERED
    }
}

/// Rows whose lanes are held at once; no register is wider.
const MOST: usize = 16;

/// The folds of the canonical lanes of at most WIDTH rows.
#[inline(always)]
fn fold_rows<T: Real, L: Lanes<T>>(l: L, rows: &[T::Canonical]) -> L::Reg {
    let mut sums = l.zero_square();
    for (sum, lanes) in sums.as_mut().iter_mut().zip(rows) {
        let mut acc = l.splat_acc(T::ZERO);
        for (r, acc) in acc.as_mut().iter_mut().enumerate() {
            *acc = l.load(&lanes.as_ref()[r * L::WIDTH..]);
        }
        *sum = fold_registers(l, Sum, acc);
    }
    fold_zipped(l, Sum, sums.as_mut());
    sums.as_ref()[0]
}

impl<T: Real> Sealed<T> for CsrRef<'_, T> {
    #[inline(always)]
    fn shape(self) -> (usize, usize) {
        (self.rows(), self.cols)
    }
    #[inline(always)]
    fn group(self) -> usize {
        64
    }
    #[inline(always)]
    fn dots<L: Lanes<T>>(self, l: L, rows: Pick<'_>, w: &[T], z: &mut [T]) {
        let mut lanes = [T::CANONICAL_ZERO; MOST];
        for (first, z) in (0..).step_by(L::WIDTH).zip(z.chunks_mut(L::WIDTH)) {
            for (i, lanes) in lanes.iter_mut().enumerate().take(z.len()) {
                *lanes = T::CANONICAL_ZERO;
                let lanes = lanes.as_mut();
                let (columns, values) = self.row(rows.at(first + i));
                for (&j, x) in columns.iter().zip(values) {
                    let lane = &mut lanes[j as usize % T::LANES];
                    *lane = x.mul_add(w[j as usize], *lane);
                }
            }
            l.store_partial(z, fold_rows(l, &lanes[..z.len()]));
        }
    }
    #[inline(always)]
    fn row_norms<L: Lanes<T>>(self, l: L, first: usize, count: usize) -> L::Reg {
        let mut lanes = [T::CANONICAL_ZERO; MOST];
        for (i, lanes) in lanes.iter_mut().enumerate().take(count) {
            let lanes = lanes.as_mut();
            let (columns, values) = self.row(first + i);
            for (&j, x) in columns.iter().zip(values) {
                let lane = &mut lanes[j as usize % T::LANES];
                *lane = x.mul_add(*x, *lane);
            }
        }
        fold_rows(l, &lanes[..count])
    }
    #[inline(always)]
    fn add<L: Lanes<T>>(self, _: L, rows: Pick<'_>, r: &[T], g: &mut [T]) {
        for (i, &r) in r.iter().enumerate() {
            let (columns, values) = self.row(rows.at(i));
            for (&j, x) in columns.iter().zip(values) {
                let g = &mut g[j as usize];
                *g = x.mul_add(r, *g);
            }
        }
    }
    #[inline(always)]
    fn move_sum<L: Lanes<T>>(self, l: L, rows: Pick<'_>, n: usize, sum: &mut [T], g: &mut [T]) {
        if !self.is_scattered(rows, n) {
            return move_all(l, sum, g);
        }
        for i in 0..n {
            for &j in self.row(rows.at(i)).0 {
                let (sum, g) = (&mut sum[j as usize], &mut g[j as usize]);
                *g = *sum + *g;
                *sum = T::ZERO;
            }
        }
    }
}
