//! Products with a sparse matrix: against the reference, and against those with the dense matrix that it is.

use crate::compare::assert_bits;
use crate::execs::for_each_exec;
use crate::inputs::{Effort, Kind, Placed, effort, numbers};
use crate::linear::{compressed, sparse_matrix};
use simdescent_kernels::linear::{CsrRef, csr_gemm, csr_gemm_t};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, Real, gemm, isa, reference};

for_f32_and_f64! { every_shape, as_dense, what_is_not_stored_takes_no_part }

/// n around every number of registers.
fn every_shape<T: Real>() {
    let (shapes, widths): (&[(usize, usize, usize)], &[usize]) = match effort() {
        Effort::Tiny => (&[(9, 20, 10)], &[1, 3]),
        // Several K blocks, columns in any order; several blocks of rows, of which some store little.
        _ => (
            &[(1, 1, 1), (0, 5, 1), (9, 20, 10), (70, 1700, 40), (1100, 30, 6), (1100, 3000, 2)],
            &[0, 1, 2, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 70],
        ),
    };
    for &(m, d, longest) in shapes {
        let (indptr, indices, values) = sparse_matrix::<T>(m, d, longest);
        let x = CsrRef::new(d, &indptr, &indices, &values).expect("a valid matrix");
        for (case, &n) in widths.iter().enumerate() {
            if n > 9 && m * d > 1_000_000 {
                continue;
            }
            let (w, r) = (numbers::<T>(Kind::Ordinary, d * n, 3), numbers::<T>(Kind::Ordinary, m * n, 4));
            let (z, g) = (reference::csr_gemm(x, n, &w), reference::csr_gemm_t(x, n, &r));
            for_each_exec(|exec, label| {
                let context = format_args!("{label}, {m}x{d}, n = {n}");
                let (w, r) = (Placed::new(&w, case % 4), Placed::new(&r, case % 3));
                let mut got = Placed::new(&vec![T::NAN; m * n], case % 5);
                csr_gemm(exec, x, n, &w, &mut got);
                assert_bits(&got, &z, context);
                got.assert_frame_untouched(context);
                let mut got = Placed::new(&vec![T::NAN; d * n], case % 7);
                csr_gemm_t(exec, x, n, &r, &mut got);
                assert_bits(&got, &g, context);
                got.assert_frame_untouched(context);
            });
        }
    }
}

fn as_dense<T: Real>() {
    let shapes: &[(usize, usize, usize)] = match effort() {
        Effort::Tiny => &[(9, 20, 3)],
        _ => &[(1, 1, 1), (9, 20, 3), (70, 1000, 50), (530, 70, 5), (1100, 600, 9)],
    };
    for &(m, d, every) in shapes {
        let (dense, indptr, indices, values) = compressed::<T>(m, d, every);
        let (dense, sparse) = (MatRef::new(&dense, m, d), CsrRef::new(d, &indptr, &indices, &values).expect("sorted"));
        for n in [1, 10, 20] {
            let (w, r) = (numbers::<T>(Kind::Ordinary, d * n, 3), numbers::<T>(Kind::Ordinary, m * n, 4));
            let exec = Exec::default();
            let (mut z, mut g) = (vec![T::NAN; m * n], vec![T::NAN; d * n]);
            gemm(exec, Accum::Replace, T::ONE, dense, MatRef::new(&w, d, n), MatMut::new(&mut z, m, n));
            gemm(exec, Accum::Replace, T::ONE, dense.t(), MatRef::new(&r, m, n), MatMut::new(&mut g, d, n));
            for_each_exec(|exec, label| {
                let context = format_args!("{label}, {m}x{d}, n = {n}");
                let (mut thin_z, mut thin_g) = (vec![T::NAN; m * n], vec![T::NAN; d * n]);
                csr_gemm(exec, sparse, n, &w, &mut thin_z);
                csr_gemm_t(exec, sparse, n, &r, &mut thin_g);
                assert_bits(&thin_z, &z, context);
                assert_bits(&thin_g, &g, context);
            });
        }
    }
}

fn what_is_not_stored_takes_no_part<T: Real>() {
    let x = [T::ONE];
    let x = CsrRef::new(2, &[0, 1, 1], &[1], &x).expect("a valid matrix");
    for &isa in isa::available() {
        let exec = Exec::new(isa, Par::Seq);
        let (mut z, mut g) = ([T::NAN; 2], [T::NAN; 2]);
        csr_gemm(exec, x, 1, &[T::INFINITY, T::ONE], &mut z);
        csr_gemm_t(exec, x, 1, &[T::ONE, T::NAN], &mut g);
        assert_bits(&z, &[T::ONE, T::ZERO], format_args!("{isa}"));
        assert_bits(&g, &[T::ZERO, T::ONE], format_args!("{isa}"));
    }
}
