//! Checked matrix views: a pointer, a shape and two strides.
//!
//! Element (i, j) of a view lies at `i·row_stride + j·col_stride` elements from its start, so a transpose only swaps
//! the strides. Construction checks that every element lies inside the slice and, for [`MatMut`], that no two
//! elements share a place.

mod shape;

pub use shape::ShapeError;

use crate::threads::divide::Divide;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;
use shape::{check, extent, too_short};

macro_rules! view {
    ($(#[$doc:meta])* $Mat:ident, $Slice:ty, $ptr:ty, $as_ptr:ident) => {
        $(#[$doc])*
        pub struct $Mat<'a, T> {
            ptr: $ptr,
            rows: usize,
            cols: usize,
            row_stride: usize,
            col_stride: usize,
            data: PhantomData<$Slice>,
        }

        impl<'a, T> $Mat<'a, T> {
            /// Row-major view of `data`: `rows` × `cols`, rows one after the other.
            ///
            /// # Panics
            /// If `data` is shorter than `rows · cols`.
            #[track_caller]
            #[allow(unused_mut, reason = "only one of the two slices is mutable")]
            pub fn new(mut data: $Slice, rows: usize, cols: usize) -> Self {
                match rows.checked_mul(cols) {
                    // A row-major view never overlaps.
                    Some(needed) if needed <= data.len() => {
                        Self { ptr: data.$as_ptr(), rows, cols, row_stride: cols, col_stride: 1, data: PhantomData }
                    }
                    needed => too_short(needed.unwrap_or(usize::MAX), data.len()),
                }
            }

            /// Number of rows.
            #[inline(always)]
            pub fn rows(&self) -> usize {
                self.rows
            }
            /// Number of columns.
            #[inline(always)]
            pub fn cols(&self) -> usize {
                self.cols
            }
            /// Elements from one row to the next.
            #[inline(always)]
            pub fn row_stride(&self) -> usize {
                self.row_stride
            }
            /// Elements from one column to the next.
            #[inline(always)]
            pub fn col_stride(&self) -> usize {
                self.col_stride
            }
            /// The transpose: the same elements, rows and columns swapped.
            #[inline(always)]
            pub fn t(self) -> Self {
                Self {
                    rows: self.cols,
                    cols: self.rows,
                    row_stride: self.col_stride,
                    col_stride: self.row_stride,
                    ..self
                }
            }
            /// Row `i`, if its elements lie one after the other.
            ///
            /// # Panics
            /// If `i` is out of bounds.
            #[inline(always)]
            pub fn row(&self, i: usize) -> Option<&[T]> {
                assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
                if self.cols == 0 {
                    return Some(&[]);
                }
                // SAFETY: the construction checked that row i, which is not empty, lies inside the slice borrowed
                // for 'a; with column stride 1 (or one column) its elements are contiguous.
                (self.col_stride == 1 || self.cols == 1).then(|| unsafe {
                    core::slice::from_raw_parts(self.ptr.add(self.offset(i, 0)), self.cols)
                })
            }
            /// Element (i, j).
            ///
            /// # Panics
            /// If (i, j) is out of bounds.
            #[inline(always)]
            #[track_caller]
            pub fn at(&self, i: usize, j: usize) -> T
            where
                T: Copy,
            {
                assert!(
                    i < self.rows && j < self.cols,
                    "element ({i}, {j}) of a {}x{} matrix", self.rows, self.cols
                );
                // SAFETY: in bounds, and the construction checked that the extent lies inside the slice.
                unsafe { *self.ptr.add(self.offset(i, j)) }
            }
            /// Splits into the rows before `mid` and the rest.
            ///
            /// # Panics
            /// If `mid` is larger than the number of rows.
            #[inline(always)]
            #[track_caller]
            pub fn split_rows_at(self, mid: usize) -> (Self, Self) {
                assert!(mid <= self.rows, "split at row {mid} of a matrix with {} rows", self.rows);
                // An empty part keeps the pointer of the whole: `mid · row_stride` may lie beyond the slice.
                let offset = if mid < self.rows && self.cols > 0 { mid * self.row_stride } else { 0 };
                // SAFETY: row `mid` exists, so its first element lies inside the slice; else the offset is 0.
                let ptr = unsafe { self.ptr.add(offset) };
                (Self { rows: mid, ..self.alias() }, Self { rows: self.rows - mid, ptr, ..self })
            }
            /// Splits into the columns before `mid` and the rest.
            ///
            /// # Panics
            /// If `mid` is larger than the number of columns.
            #[inline(always)]
            #[track_caller]
            pub fn split_cols_at(self, mid: usize) -> (Self, Self) {
                let (left, right) = self.t().split_rows_at(mid);
                (left.t(), right.t())
            }

            /// The same elements; a stride that is never taken, because there is only one row or column, becomes 1.
            #[inline(always)]
            pub(crate) fn normal(self) -> Self {
                let (row_stride, col_stride) = (self.row_stride, self.col_stride);
                Self {
                    row_stride: if self.rows <= 1 { 1 } else { row_stride },
                    col_stride: if self.cols <= 1 { 1 } else { col_stride },
                    ..self
                }
            }
            /// The rows `rows` of the columns `cols`.
            #[inline(always)]
            pub(crate) fn block(self, rows: Range<usize>, cols: Range<usize>) -> Self {
                let rows = self.split_rows_at(rows.end).0.split_rows_at(rows.start).1;
                rows.split_cols_at(cols.end).0.split_cols_at(cols.start).1
            }

            /// The same view again; private, because for a mutable view only disjoint parts of it may be used.
            #[inline(always)]
            fn alias(&self) -> Self {
                Self { data: PhantomData, ..*self }
            }
            #[inline(always)]
            fn offset(&self, i: usize, j: usize) -> usize {
                i * self.row_stride + j * self.col_stride
            }
        }

        /// Cut by rows.
        impl<T: Send + Sync> Divide for $Mat<'_, T> {
            type Shared = Self;
            #[inline(always)]
            fn size(&self) -> usize {
                self.rows
            }
            #[inline(always)]
            fn share(self) -> Self {
                self
            }
            #[inline(always)]
            unsafe fn part(shared: &Self, range: Range<usize>) -> Self {
                shared.alias().split_rows_at(range.end).0.split_rows_at(range.start).1
            }
        }

        impl<T> fmt::Debug for $Mat<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f, "{}({}x{}, strides {} and {})",
                    stringify!($Mat), self.rows, self.cols, self.row_stride, self.col_stride
                )
            }
        }
    };
}

view! {
    /// A read-only matrix view.
    MatRef, &'a [T], *const T, as_ptr
}
view! {
    /// A mutable matrix view; no two elements share a place.
    MatMut, &'a mut [T], *mut T, as_mut_ptr
}

impl<T> Clone for MatRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for MatRef<'_, T> {}

// SAFETY: a MatRef is a `&'a [T]` with a shape.
unsafe impl<T: Sync> Send for MatRef<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for MatRef<'_, T> {}
// SAFETY: a MatMut is a `&'a mut [T]` with a shape; splits are disjoint because elements are.
unsafe impl<T: Send> Send for MatMut<'_, T> {}
// SAFETY: as above; a shared MatMut only reads.
unsafe impl<T: Sync> Sync for MatMut<'_, T> {}

impl<'a, T> MatRef<'a, T> {
    /// View with any strides (a stride of 0 repeats a row or column).
    ///
    /// # Errors
    /// [`ShapeError::TooShort`] if an element would lie beyond `data`.
    pub fn with_strides(data: &'a [T], shape: (usize, usize), strides: (usize, usize)) -> Result<Self, ShapeError> {
        check(data.len(), shape, strides)?;
        let ((rows, cols), (row_stride, col_stride)) = (shape, strides);
        Ok(Self { ptr: data.as_ptr(), rows, cols, row_stride, col_stride, data: PhantomData })
    }
}

impl<T> MatRef<'_, T> {
    /// Pointer to element (i, j), which may be one past the end.
    #[inline(always)]
    pub(crate) fn element_ptr(&self, i: usize, j: usize) -> *const T {
        debug_assert!(i <= self.rows && j <= self.cols);
        self.ptr.wrapping_add(self.offset(i, j))
    }
}

impl<'a, T> MatMut<'a, T> {
    /// View with any strides that keep elements apart: one stride must step over the whole extent of the other
    /// dimension.
    ///
    /// # Errors
    /// [`ShapeError`] if an element would lie beyond `data`, or two would share a place.
    pub fn with_strides(data: &'a mut [T], shape: (usize, usize), strides: (usize, usize)) -> Result<Self, ShapeError> {
        check(data.len(), shape, strides)?;
        let ((rows, cols), (row_stride, col_stride)) = (shape, strides);
        let apart = |outer: usize, outer_stride: usize, inner: usize, inner_stride: usize| {
            (inner <= 1 || inner_stride > 0) && (outer <= 1 || outer_stride >= extent((1, inner), (0, inner_stride)))
        };
        if rows > 0
            && cols > 0
            && !apart(rows, row_stride, cols, col_stride)
            && !apart(cols, col_stride, rows, row_stride)
        {
            return Err(ShapeError::Overlapping { shape, strides });
        }
        Ok(Self { ptr: data.as_mut_ptr(), rows, cols, row_stride, col_stride, data: PhantomData })
    }
    /// Pointer to element (i, j), which may be one past the end; through it an element may be read and written.
    #[inline(always)]
    pub(crate) fn element_ptr_mut(&mut self, i: usize, j: usize) -> *mut T {
        debug_assert!(i <= self.rows && j <= self.cols);
        self.ptr.wrapping_add(self.offset(i, j))
    }
    /// The same view again, for threads that share it.
    ///
    /// # Safety
    /// - Of all views in use at the same time, no two read or write the same element.
    #[inline(always)]
    pub(crate) unsafe fn shared(&self) -> MatMut<'_, T> {
        self.alias()
    }
    /// The same view for a shorter time.
    #[inline(always)]
    pub fn reborrow(&mut self) -> MatMut<'_, T> {
        self.alias()
    }
    /// A read-only view of the same elements.
    #[inline(always)]
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef {
            ptr: self.ptr,
            rows: self.rows,
            cols: self.cols,
            row_stride: self.row_stride,
            col_stride: self.col_stride,
            data: PhantomData,
        }
    }
    /// Element (i, j) for writing.
    ///
    /// # Panics
    /// If (i, j) is out of bounds.
    #[inline(always)]
    #[track_caller]
    pub fn at_mut(&mut self, i: usize, j: usize) -> &mut T {
        assert!(i < self.rows && j < self.cols, "element ({i}, {j}) of a {}x{} matrix", self.rows, self.cols);
        // SAFETY: in bounds, the construction checked that the extent lies inside the slice, and the view is borrowed
        // mutably for as long as the element.
        unsafe { &mut *self.ptr.add(self.offset(i, j)) }
    }
    /// The columns `cols` of row `i`, of a matrix with contiguous rows.
    #[inline(always)]
    pub(crate) fn row_piece_mut(&mut self, i: usize, cols: Range<usize>) -> &mut [T] {
        &mut self.row_mut(i).expect("contiguous rows")[cols]
    }
    /// The columns `cols` of some rows, of a matrix with contiguous rows.
    #[inline(always)]
    pub(crate) fn row_pieces_mut(
        &mut self,
        rows: Range<usize>,
        cols: Range<usize>,
    ) -> impl Iterator<Item = &mut [T]> + use<'_, T> {
        assert!(self.cols <= 1 || self.col_stride == 1, "contiguous rows");
        assert!(rows.end <= self.rows && cols.start <= cols.end && cols.end <= self.cols, "rows and columns");
        let (first, from, stride, len) = (rows.start, self.ptr, self.row_stride, cols.len());
        let from = from.wrapping_add(first * stride + cols.start);
        rows.map(
            #[inline(always)]
            // SAFETY: checked above; rows of a mutable view have no element in common, and the view is borrowed.
            move |i| unsafe { core::slice::from_raw_parts_mut(from.wrapping_add((i - first) * stride), len) },
        )
    }
    /// Row `i` for writing, if its elements lie one after the other.
    ///
    /// # Panics
    /// If `i` is out of bounds.
    #[inline(always)]
    pub fn row_mut(&mut self, i: usize) -> Option<&mut [T]> {
        assert!(i < self.rows, "row {i} of a matrix with {} rows", self.rows);
        if self.cols == 0 {
            return Some(&mut []);
        }
        // SAFETY: the construction checked that row i, which is not empty, lies inside the slice borrowed mutably
        // for 'a; with column stride 1 (or one column) its elements are contiguous.
        (self.col_stride == 1 || self.cols == 1)
            .then(|| unsafe { core::slice::from_raw_parts_mut(self.ptr.add(self.offset(i, 0)), self.cols) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_beyond_its_slice_is_refused() {
        let data = [0.0f32; 11];
        assert_eq!(
            MatRef::with_strides(&data, (3, 4), (4, 1)).unwrap_err(),
            ShapeError::TooShort { needed: 12, len: 11 }
        );
        assert!(MatRef::with_strides(&data, (3, 3), (4, 1)).is_ok()); // the last row may end early
        assert!(MatRef::with_strides(&data, (usize::MAX, 2), (usize::MAX, 1)).is_err());
        assert!(MatRef::with_strides(&data, (0, usize::MAX), (1, 1)).is_ok());
    }

    #[test]
    fn a_mutable_view_with_overlapping_elements_is_refused() {
        let mut data = [0.0f32; 100];
        for (shape, strides, ok) in [
            ((3, 4), (4, 1), true),
            ((3, 4), (3, 1), false),
            ((3, 4), (1, 3), true),
            ((3, 4), (1, 2), false),
            ((3, 4), (0, 1), false),
            ((1, 4), (0, 1), true),
            ((3, 1), (1, 0), true),
            ((3, 4), (8, 2), true),
            ((3, 4), (7, 2), true),
            ((3, 4), (6, 2), false),
        ] {
            assert_eq!(MatMut::with_strides(&mut data, shape, strides).is_ok(), ok, "{shape:?} {strides:?}");
        }
    }

    #[test]
    fn splits_and_transposes_address_the_same_elements() {
        let data: Vec<u32> = (0..24).collect();
        let a = MatRef::with_strides(&data, (4, 3), (6, 2)).unwrap();
        let (top, bottom) = a.split_rows_at(1);
        let (left, right) = a.split_cols_at(2);
        for i in 0..4 {
            for j in 0..3 {
                let want = (6 * i + 2 * j) as u32;
                assert_eq!(a.at(i, j), want);
                assert_eq!(a.t().at(j, i), want);
                assert_eq!(if i < 1 { top.at(i, j) } else { bottom.at(i - 1, j) }, want);
                assert_eq!(if j < 2 { left.at(i, j) } else { right.at(i, j - 2) }, want);
            }
        }
        assert_eq!(a.row(0), None);
        assert_eq!(MatRef::new(&data, 4, 6).row(3), Some(&data[18..]));
        assert_eq!(a.split_rows_at(4).1.rows(), 0);
    }
}
