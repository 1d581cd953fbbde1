//! Sparse rows.

use super::{Pick, Sealed};
use crate::lanes::Lanes;
use crate::real::Real;
use core::fmt;

/// Lanes of the inner product of a sparse row. A row is short, so few of them; enough to hide the latency of an FMA.
pub const SPARSE_LANES: usize = 8;
/// A block of rows has at least this many stored elements per column, so that clearing its gradient and adding it up costs little.
const STORED_PER_COLUMN: usize = 4;
/// At most.
const BLOCKS: usize = 64;

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
    pub fn rows(&self) -> usize {
        self.indptr.len() - 1
    }
    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }
    /// Number of stored elements.
    pub fn stored(&self) -> usize {
        self.values.len()
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
    /// Rows of a block of the gradient where `rows` of them are taken: one block for each `4·cols` elements that so many
    /// average rows store, but at least 1, at most 64, of equal length. A function of the shape, because it decides bits.
    pub fn row_block(&self, rows: usize) -> usize {
        let stored = self.stored() as u128 * rows as u128 / self.rows().max(1) as u128;
        let blocks = stored / (STORED_PER_COLUMN as u128 * self.cols.max(1) as u128);
        rows.div_ceil((blocks as usize).clamp(1, BLOCKS)).max(1)
    }
}

impl<T: Real> Sealed<T> for CsrRef<'_, T> {
    fn shape(self) -> (usize, usize) {
        (self.rows(), self.cols)
    }
    fn block(self, rows: usize) -> usize {
        self.row_block(rows)
    }
    #[inline(always)]
    fn group(self) -> usize {
        64
    }
    #[inline(always)]
    fn dots<L: Lanes<T>>(self, _: L, rows: Pick<'_>, w: &[T], z: &mut [T]) {
        for (i, z) in z.iter_mut().enumerate() {
            let (columns, values) = self.row(rows.at(i));
            let mut acc = [T::ZERO; SPARSE_LANES];
            for (columns, values) in columns.chunks(SPARSE_LANES).zip(values.chunks(SPARSE_LANES)) {
                for ((acc, &j), x) in acc.iter_mut().zip(columns).zip(values) {
                    *acc = x.mul_add(w[j as usize], *acc);
                }
            }
            let mut half = SPARSE_LANES / 2;
            while half > 0 {
                for i in 0..half {
                    acc[i] = acc[i] + acc[i + half];
                }
                half /= 2;
            }
            *z = acc[0];
        }
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
}
