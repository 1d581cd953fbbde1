//! The crates we compare with.

use super::Peer;
use faer::linalg::matmul::matmul;
use faer::{Accum, ColMut, ColRef, MatRef, Par};
use ndarray::linalg::general_mat_vec_mul;
use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1};
use std::hint::black_box;

pub(super) fn dot<'a>(x: &'a [f32], y: &'a [f32]) -> Vec<Peer<'a>> {
    let call = move || {
        black_box(ArrayView1::from(black_box(x)).dot(&ArrayView1::from(y)));
    };
    vec![("ndarray", Box::new(call))]
}

/// A reduction of faer.
fn faer_norm<'a>(x: &'a [f32], norm: impl Fn(ColRef<'_, f32>) -> f32 + 'a) -> Vec<Peer<'a>> {
    let call = move || {
        black_box(norm(ColRef::from_slice(black_box(x))));
    };
    vec![("faer", Box::new(call))]
}
pub(super) fn nrm2(x: &[f32]) -> Vec<Peer<'_>> {
    faer_norm(x, |x| x.norm_l2())
}
pub(super) fn asum(x: &[f32]) -> Vec<Peer<'_>> {
    faer_norm(x, |x| x.norm_l1())
}
pub(super) fn amax(x: &[f32]) -> Vec<Peer<'_>> {
    faer_norm(x, |x| x.norm_max())
}

pub(super) fn axpy<'a>(alpha: f32, x: &'a [f32], y: &'a mut [f32]) -> Vec<Peer<'a>> {
    let call = move || ArrayViewMut1::from(black_box(&mut *y)).scaled_add(alpha, &ArrayView1::from(x));
    vec![("ndarray", Box::new(call))]
}
pub(super) fn scale<'a>(alpha: f32, x: &'a mut [f32]) -> Vec<Peer<'a>> {
    let call = move || {
        let mut x = ArrayViewMut1::from(black_box(&mut *x));
        x *= alpha;
    };
    vec![("ndarray", Box::new(call))]
}

pub(super) fn gemv<'a>(a: &'a [f32], x: &'a [f32], rows: usize) -> Vec<Peer<'a>> {
    product(a, (rows, x.len()), (x.len(), 1), x)
}
pub(super) fn gemv_t<'a>(a: &'a [f32], x: &'a [f32], cols: usize) -> Vec<Peer<'a>> {
    product(a, (cols, x.len()), (1, cols), x)
}

/// A·x for an m × n matrix with these strides.
fn product<'a>(a: &'a [f32], (m, n): (usize, usize), strides: (usize, usize), x: &'a [f32]) -> Vec<Peer<'a>> {
    assert!(a.len() == m * n && x.len() == n && (strides == (n, 1) || strides == (1, m)));
    let [mut y, mut y_faer, mut y_gemm, mut y_mm] = [const { Vec::new() }; 4].map(|mut y: Vec<f32>| {
        y.resize(m, 0.0);
        y
    });
    let (row, col) = (strides.0 as isize, strides.1 as isize);
    let by_ndarray = move || {
        let by_rows = if col == 1 { (m, n) } else { (n, m) };
        let a = ArrayView2::from_shape(by_rows, black_box(a)).expect("m · n elements");
        let a = if col == 1 { a } else { a.reversed_axes() };
        general_mat_vec_mul(1.0, &a, &ArrayView1::from(x), 0.0, &mut ArrayViewMut1::from(&mut y));
        black_box(&mut y);
    };
    let by_faer = move || {
        let a = if col == 1 {
            MatRef::from_row_major_slice(black_box(a), m, n)
        } else {
            MatRef::from_column_major_slice(black_box(a), m, n)
        };
        let (x, y) = (ColRef::from_slice(x), ColMut::from_slice_mut(&mut y_faer));
        matmul(y.as_mat_mut(), Accum::Replace, a, x.as_mat(), 1.0, Par::Seq);
        black_box(&mut y_faer);
    };
    let by_gemm = move || {
        let (y, a, sequential) = (y_gemm.as_mut_ptr(), black_box(a).as_ptr(), gemm::Parallelism::None);
        let x = x.as_ptr();
        // SAFETY: the strides were checked above: A has m x n elements, x has n, y has m.
        unsafe {
            gemm::gemm(
                m, 1, n, y, m as isize, 1, false, a, col, row, x, n as isize, 1, 0.0, 1.0, false, false, false,
                sequential,
            );
        }
        black_box(&mut y_gemm);
    };
    let by_matrixmultiply = move || {
        let (y, a) = (y_mm.as_mut_ptr(), black_box(a).as_ptr());
        // SAFETY: as above.
        unsafe { matrixmultiply::sgemm(m, n, 1, 1.0, a, row, col, x.as_ptr(), 1, 1, 0.0, y, 1, 1) };
        black_box(&mut y_mm);
    };
    vec![
        ("ndarray", Box::new(by_ndarray)),
        ("faer", Box::new(by_faer)),
        ("gemm", Box::new(by_gemm)),
        ("matrixmultiply", Box::new(by_matrixmultiply)),
    ]
}
