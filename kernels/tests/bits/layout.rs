//! Matrices in every layout a strided view can describe.

use crate::compare::assert_bits;
use crate::inputs::{Placed, frame};
use core::fmt::Arguments;
use simdescent_kernels::{MatMut, MatRef, Real};

/// How the elements of a matrix lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Row after row.
    Rows,
    /// Column after column.
    Columns,
    /// Contiguous rows, 3 elements apart.
    PaddedRows,
    /// Contiguous columns, 5 elements apart.
    PaddedColumns,
    /// No two elements side by side; rows further apart than columns.
    SparseRows,
    /// No two elements side by side; columns further apart than rows.
    SparseColumns,
    /// Rows a multiple of 4 KiB apart, so that all fall on the same cache sets.
    PageRows,
    /// Columns a multiple of 4 KiB apart.
    PageColumns,
}

impl Layout {
    pub(crate) const ALL: [Layout; 8] = [
        Layout::Rows,
        Layout::Columns,
        Layout::PaddedRows,
        Layout::PaddedColumns,
        Layout::SparseRows,
        Layout::SparseColumns,
        Layout::PageRows,
        Layout::PageColumns,
    ];
    /// All but the ones that need much memory.
    pub(crate) const COMPACT: [Layout; 6] = [
        Layout::Rows,
        Layout::Columns,
        Layout::PaddedRows,
        Layout::PaddedColumns,
        Layout::SparseRows,
        Layout::SparseColumns,
    ];

    fn strides<T>(self, (rows, cols): (usize, usize)) -> (usize, usize) {
        let page = |n: usize| n.max(1).next_multiple_of(4096 / size_of::<T>());
        match self {
            Layout::Rows => (cols, 1),
            Layout::Columns => (1, rows),
            Layout::PaddedRows => (cols + 3, 1),
            Layout::PaddedColumns => (1, rows + 5),
            Layout::SparseRows => (2 * cols + 1, 2),
            Layout::SparseColumns => (3, 3 * rows + 1),
            Layout::PageRows => (page(cols), 1),
            Layout::PageColumns => (1, page(rows)),
        }
    }
}

/// A matrix with its memory; places between the elements hold [`frame`].
pub(crate) struct Matrix<T> {
    memory: Placed<T>,
    shape: (usize, usize),
    strides: (usize, usize),
}

impl<T: Real> Matrix<T> {
    /// The matrix with these elements, given row by row.
    pub(crate) fn new(layout: Layout, shape: (usize, usize), values: &[T], offset: usize) -> Self {
        let strides = layout.strides::<T>(shape);
        let (rows, cols) = shape;
        let extent = if rows * cols == 0 { 0 } else { (rows - 1) * strides.0 + (cols - 1) * strides.1 + 1 };
        let mut matrix = Self { memory: Placed::new(&vec![frame(); extent], offset), shape, strides };
        matrix.set(values);
        matrix
    }
    fn places(&self) -> impl Iterator<Item = usize> + use<T> {
        let ((rows, cols), (row_stride, col_stride)) = (self.shape, self.strides);
        (0..rows).flat_map(move |i| (0..cols).map(move |j| i * row_stride + j * col_stride))
    }
    pub(crate) fn set(&mut self, values: &[T]) {
        assert_eq!(values.len(), self.shape.0 * self.shape.1);
        for (place, &value) in self.places().zip(values) {
            self.memory[place] = value;
        }
    }
    pub(crate) fn view(&self) -> MatRef<'_, T> {
        let ((rows, cols), (row_stride, col_stride)) = (self.shape, self.strides);
        if col_stride == 1 {
            MatRef::with_strides(&self.memory, self.shape, self.strides).expect("a view")
        } else {
            MatRef::with_strides(&self.memory, (cols, rows), (col_stride, row_stride)).expect("a view").t()
        }
    }
    pub(crate) fn view_mut(&mut self) -> MatMut<'_, T> {
        MatMut::with_strides(&mut self.memory, self.shape, self.strides).expect("a view")
    }
    /// Panics unless the elements are `want`, row by row, and nothing else was written.
    #[track_caller]
    pub(crate) fn assert_bits(&self, want: &[T], context: Arguments<'_>) {
        let got: Vec<T> = self.places().map(|place| self.memory[place]).collect();
        assert_bits(&got, want, context);
        let mut between = self.memory.to_vec();
        for place in self.places() {
            between[place] = frame();
        }
        assert_bits(&between, &vec![frame(); between.len()], format_args!("{context}: between elements"));
        self.memory.assert_frame_untouched(context);
    }
}
