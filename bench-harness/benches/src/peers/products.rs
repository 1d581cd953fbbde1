//! Matrix products by the crates we compare with.

use super::Peer;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::hint::black_box;

/// `f32` or `f64`.
pub trait Element: simdescent_kernels::Real + faer::traits::ComplexField {
    /// matrixmultiply's name of the product, which has no generic one.
    const MATRIXMULTIPLY: Gemm<Self>;
}
/// m, k, n, α, A and its strides, B and its strides, β, C and its strides.
type Gemm<T> =
    unsafe fn(usize, usize, usize, T, *const T, isize, isize, *const T, isize, isize, T, *mut T, isize, isize);
impl Element for f32 {
    const MATRIXMULTIPLY: Gemm<f32> = matrixmultiply::sgemm;
}
impl Element for f64 {
    const MATRIXMULTIPLY: Gemm<f64> = matrixmultiply::dgemm;
}

/// faer takes AVX-512 wherever it is.
const FAER: bool = cfg!(feature = "peers");
/// The names of what [`gemm`] returns.
pub const NAMES: &[&str] = if FAER { &["gemm", "matrixmultiply", "faer"] } else { &["gemm", "matrixmultiply"] };

/// A or B: elements, rows, columns, row stride, column stride.
pub type Operand<'a, T> = (&'a [T], (usize, usize), (usize, usize));

/// C ← A·B with as many threads, each peer to a row-major C of its own; the third is for faer.
pub fn gemm<'a, T: Element>(
    a: Operand<'a, T>,
    b: Operand<'a, T>,
    c: [&'a mut [T]; 3],
    threads: usize,
) -> Vec<Peer<'a>> {
    let ((m, k), n) = (a.1, b.1.1);
    for (data, (rows, cols), (row, col)) in [a, b] {
        assert!((rows - 1) * row + (cols - 1) * col < data.len() && b.1.0 == k, "operands that fit");
    }
    assert!(c.iter().all(|c| c.len() == m * n), "room for the product");
    let [c_gemm, c_mm, c_faer] = c;
    let strides = |(row, col): (usize, usize)| (row as isize, col as isize);
    let ((a_row, a_col), (b_row, b_col), c_row) = (strides(a.2), strides(b.2), n as isize);
    let by_gemm = move || {
        let parallelism = if threads > 1 { gemm::Parallelism::Rayon(threads) } else { gemm::Parallelism::None };
        let (a, b, c) = (black_box(a.0).as_ptr(), b.0.as_ptr(), c_gemm.as_mut_ptr());
        // SAFETY: the operands were checked above, and C has m × n elements.
        unsafe {
            let (zero, one) = (T::ZERO, T::ONE);
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
    let by_faer = move || {
        let par = if threads > 1 { Par::rayon(threads) } else { Par::Seq };
        // SAFETY: as above.
        let (a, b, c) = unsafe {
            (
                MatRef::<T>::from_raw_parts(black_box(a.0).as_ptr(), m, k, a_row, a_col),
                MatRef::<T>::from_raw_parts(b.0.as_ptr(), k, n, b_row, b_col),
                MatMut::<T>::from_raw_parts_mut(c_faer.as_mut_ptr(), m, n, c_row, 1),
            )
        };
        matmul(c, Accum::Replace, a, b, <T as simdescent_kernels::Real>::ONE, par);
    };
    let by_matrixmultiply = move || {
        let (a, b, c) = (black_box(a.0).as_ptr(), b.0.as_ptr(), c_mm.as_mut_ptr());
        // SAFETY: as above.
        unsafe { T::MATRIXMULTIPLY(m, k, n, T::ONE, a, a_row, a_col, b, b_row, b_col, T::ZERO, c, c_row, 1) }
    };
    let mut peers: Vec<Peer<'a>> = vec![("gemm", Box::new(by_gemm)), ("matrixmultiply", Box::new(by_matrixmultiply))];
    if FAER {
        peers.push(("faer", Box::new(by_faer)));
    }
    peers
}
