//! Matrix products by the crates we compare with.

use crate::contest::Entry;
use crate::products::{Operands, Shape};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use simdescent_kernels::Real;
use std::hint::black_box;

/// `f32` or `f64`, as these crates know them.
pub trait Theirs: Real + faer::traits::ComplexField + gemmkit::GemmScalar {
    /// matrixmultiply's name of the product, which has no generic one.
    const MATRIXMULTIPLY: Gemm<Self>;
}
/// m, k, n, α, A and its strides, B and its strides, β, C and its strides.
type Gemm<T> =
    unsafe fn(usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize);
impl Theirs for f32 {
    const MATRIXMULTIPLY: Gemm<f32> = matrixmultiply::sgemm;
}
impl Theirs for f64 {
    const MATRIXMULTIPLY: Gemm<f64> = matrixmultiply::dgemm;
}

/// faer takes AVX-512 wherever it is.
const FAER: bool = cfg!(feature = "peers");

/// C ← A·B; matrixmultiply knows one thread only, and takes no part on several.
pub(super) fn gemm<T: Theirs>(operands: &Operands<T>, threads: usize) -> Vec<Entry<'_, T>> {
    let shape @ Shape { m, n, k, .. } = operands.shape;
    let (a, b) = (&*operands.a, &*operands.b);
    for (data, (rows, cols), (row, col)) in [(a, (m, k), shape.a_strides()), (b, (k, n), shape.b_strides())] {
        assert!((rows - 1) * row + (cols - 1) * col < data.len(), "operands that fit");
    }
    let strides = |(row, col): (usize, usize)| (row as isize, col as isize);
    let ((a_row, a_col), (b_row, b_col)) = (strides(shape.a_strides()), strides(shape.b_strides()));
    let c_row = n as isize;
    let zero_and_one = || (<T as Real>::ZERO, <T as Real>::ONE);
    let by_gemm = move |c: &mut [T]| {
        assert_eq!(c.len(), m * n);
        let parallelism = if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None };
        let (a, b, c) = (black_box(a).as_ptr(), b.as_ptr(), c.as_mut_ptr());
        let (zero, one) = zero_and_one();
        // SAFETY: the operands were checked above, and C has m × n elements.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                c,
                1,
                c_row,
                false,
                a,
                a_col,
                a_row,
                b,
                b_col,
                b_row,
                zero,
                one,
                false,
                false,
                false,
                parallelism,
            );
        }
    };
    let by_gemmkit = move |c: &mut [T]| {
        let parallelism = if threads > 1 { gemmkit::Parallelism::Rayon(threads) } else { gemmkit::Parallelism::Serial };
        let (a, b) =
            (gemmkit::MatRef::new(black_box(a), m, k, a_row, a_col), gemmkit::MatRef::new(b, k, n, b_row, b_col));
        let (zero, one) = zero_and_one();
        gemmkit::gemm(one, a, b, zero, gemmkit::MatMut::from_row_major(c, m, n), parallelism);
    };
    let by_faer = move |c: &mut [T]| {
        assert_eq!(c.len(), m * n);
        let par = if threads > 1 { Par::rayon(threads) } else { Par::Seq };
        // SAFETY: as above.
        let (a, b, c) = unsafe {
            (
                MatRef::<T>::from_raw_parts(black_box(a).as_ptr(), m, k, a_row, a_col),
                MatRef::<T>::from_raw_parts(b.as_ptr(), k, n, b_row, b_col),
                MatMut::<T>::from_raw_parts_mut(c.as_mut_ptr(), m, n, c_row, 1),
            )
        };
        matmul(c, Accum::Replace, a, b, zero_and_one().1, par);
    };
    let by_matrixmultiply = move |c: &mut [T]| {
        assert_eq!(c.len(), m * n);
        let (a, b, c) = (black_box(a).as_ptr(), b.as_ptr(), c.as_mut_ptr());
        let (zero, one) = zero_and_one();
        // SAFETY: as above.
        unsafe { T::MATRIXMULTIPLY(m, k, n, one, a, a_row, a_col, b, b_row, b_col, zero, c, c_row, 1) }
    };
    let mut peers = vec![Entry::new("gemm", by_gemm), Entry::new("gemmkit", by_gemmkit)];
    if FAER {
        peers.push(Entry::new("faer", by_faer));
    }
    if threads == 1 {
        peers.push(Entry::new("matrixmultiply", by_matrixmultiply));
    }
    peers
}
