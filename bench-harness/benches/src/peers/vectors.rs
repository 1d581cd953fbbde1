//! Vectors and matrix–vector products by other crates, on one thread.

use crate::contest::Entry;
use faer::linalg::matmul::matmul;
use faer::{Accum, ColMut, ColRef, MatRef, Par};
use ndarray::linalg::general_mat_vec_mul;
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1};
use std::hint::black_box;

pub(super) fn dot<'a>(x: &'a [f32], y: &'a [f32]) -> Vec<Entry<'a, f32>> {
    vec![Entry::new("ndarray", move |out| out[0] = ArrayView1::from(black_box(x)).dot(&ArrayView1::from(y)))]
}

/// A reduction of faer.
fn faer_norm<'a>(x: &'a [f32], norm: fn(ColRef<'_, f32>) -> f32) -> Vec<Entry<'a, f32>> {
    vec![Entry::new("faer", move |out| out[0] = norm(ColRef::from_slice(black_box(x))))]
}
pub(super) fn nrm2(x: &[f32]) -> Vec<Entry<'_, f32>> {
    faer_norm(x, |x| x.norm_l2())
}
pub(super) fn asum(x: &[f32]) -> Vec<Entry<'_, f32>> {
    faer_norm(x, |x| x.norm_l1())
}
pub(super) fn amax(x: &[f32]) -> Vec<Entry<'_, f32>> {
    faer_norm(x, |x| x.norm_max())
}

pub(super) fn axpy(alpha: f32, x: &[f32]) -> Vec<Entry<'_, f32>> {
    vec![Entry::new("ndarray", move |y| ArrayViewMut1::from(y).scaled_add(alpha, &ArrayView1::from(black_box(x))))]
}
pub(super) fn scale<'a>(alpha: f32) -> Vec<Entry<'a, f32>> {
    vec![Entry::new("ndarray", move |x| {
        let mut x = ArrayViewMut1::from(x);
        x *= alpha;
    })]
}

pub(super) fn gemv<'a>(
    a: &'a [f32],
    (rows, cols): (usize, usize),
    transposed: bool,
    x: &'a [f32],
) -> Vec<Entry<'a, f32>> {
    // As a matrix m × n with these strides.
    let (m, n) = if transposed { (cols, rows) } else { (rows, cols) };
    assert!(a.len() == m * n && x.len() == n, "a matrix and a vector that fit");
    let (row, col) = if transposed { (1, cols as isize) } else { (cols as isize, 1) };
    let by_ndarray = move |y: &mut [f32]| {
        let a = ArrayView2::from_shape((rows, cols), black_box(a)).expect("m · n elements");
        let a = if transposed { a.reversed_axes() } else { a };
        general_mat_vec_mul(1.0, &a, &ArrayView1::from(x), 0.0, &mut ArrayViewMut1::from(y));
    };
    let by_faer = move |y: &mut [f32]| {
        let a = MatRef::from_row_major_slice(black_box(a), rows, cols);
        let a = if transposed { a.transpose() } else { a };
        let (x, y) = (ColRef::from_slice(x), ColMut::from_slice_mut(y));
        matmul(y.as_mat_mut(), Accum::Replace, a, x.as_mat(), 1.0, Par::Seq);
    };
    let by_gemm = move |y: &mut [f32]| {
        assert_eq!(y.len(), m);
        let (y, a, sequential) = (y.as_mut_ptr(), black_box(a).as_ptr(), gemm::Parallelism::None);
        let x = x.as_ptr();
        // SAFETY: the lengths were checked above: A has m x n elements, x has n, y has m.
        unsafe {
            gemm::gemm(
                m, 1, n, y, m as isize, 1, false, a, col, row, x, n as isize, 1, 0.0, 1.0, false, false, false,
                sequential,
            );
        }
    };
    let by_gemmkit = move |y: &mut [f32]| {
        let a = gemmkit::MatRef::new(black_box(a), m, n, row, col);
        let (x, y) = (gemmkit::MatRef::new(x, n, 1, 1, 1), gemmkit::MatMut::new(y, m, 1, 1, 1));
        gemmkit::gemm(1.0, a, x, 0.0, y, gemmkit::Parallelism::Serial);
    };
    let by_matrixmultiply = move |y: &mut [f32]| {
        assert_eq!(y.len(), m);
        let (y, a) = (y.as_mut_ptr(), black_box(a).as_ptr());
        // SAFETY: as above.
        unsafe { matrixmultiply::sgemm(m, n, 1, 1.0, a, row, col, x.as_ptr(), 1, 1, 0.0, y, 1, 1) };
    };
    vec![
        Entry::new("ndarray", by_ndarray),
        Entry::new("faer", by_faer),
        Entry::new("gemm", by_gemm),
        Entry::new("gemmkit", by_gemmkit),
        Entry::new("matrixmultiply", by_matrixmultiply),
    ]
}
