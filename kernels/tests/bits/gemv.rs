//! Matrix–vector products in both orientations.

use crate::compare::assert_bits;
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Kind, Placed, effort, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::{Accum, Exec, MatRef, Real, gemm, gemv, gemv_t, reference};

for_f32_and_f64! {
    every_small_shape, shapes_around_boundaries, repeated_rows_and_columns, transposed_product_is_the_product_of_gemm,
}

const ALPHAS: [f64; 5] = [1.0, 0.5, -1.0, 0.0, 0.3];

/// One product in all its forms: both orientations, both `Accum`.
struct Case<T> {
    shape: (usize, usize),
    a: Vec<T>,
    matrices: Vec<(Layout, Matrix<T>)>,
    /// As long as a row, and as long as a column.
    along: Vec<T>,
    down: Vec<T>,
    /// (accum, alpha, A·along, Aᵀ·down)
    want: Vec<(Accum, T, Vec<T>, Vec<T>)>,
}

impl<T: Real> Case<T> {
    fn new(shape: (usize, usize), kind: Kind, layouts: &[Layout], alphas: &[f64]) -> Self {
        let (m, n) = shape;
        let a = numbers::<T>(kind, m * n, 1);
        let (along, down) = (numbers(kind, n, 2), numbers(kind, m, 3));
        let layouts = layouts.iter().enumerate();
        let matrices = layouts.map(|(i, &layout)| (layout, Matrix::new(layout, shape, &a, (m + n + i) % 4))).collect();
        let mut case = Self { shape, a, matrices, along, down, want: Vec::new() };
        for accum in [Accum::Replace, Accum::Add] {
            for &alpha in alphas {
                let alpha = T::from_f64(alpha);
                let (mut y, mut y_t) = (case.old(accum, m), case.old(accum, n));
                reference::gemv(accum, alpha, &case.a, &case.along, &mut y);
                reference::gemv_t(accum, alpha, &case.a, &case.down, &mut y_t);
                case.want.push((accum, alpha, y, y_t));
            }
        }
        case
    }
    /// What the destination holds before: NaN where it must not be read.
    fn old(&self, accum: Accum, n: usize) -> Vec<T> {
        match accum {
            Accum::Replace => vec![T::NAN; n],
            Accum::Add => numbers(Kind::Mixed, n, 4),
        }
    }
    fn check(&self, exec: Exec<'_>, label: &str) {
        let (m, n) = self.shape;
        for (i, (accum, alpha, want, want_t)) in self.want.iter().enumerate() {
            for (layout, matrix) in &self.matrices {
                let context = format_args!("{label}, {m} x {n}, {layout:?}, {accum:?}, alpha {alpha}");
                let mut y = Placed::new(&self.old(*accum, m), i % 4);
                gemv(exec, *accum, *alpha, matrix.view(), &self.along, &mut y);
                assert_bits(&y, want, format_args!("gemv, {context}"));
                y.assert_frame_untouched(format_args!("gemv, {context}"));

                let mut y = Placed::new(&self.old(*accum, n), i % 4);
                gemv_t(exec, *accum, *alpha, matrix.view(), &self.down, &mut y);
                assert_bits(&y, want_t, format_args!("gemv_t, {context}"));
                y.assert_frame_untouched(format_args!("gemv_t, {context}"));
            }
        }
    }
}

fn every_small_shape<T: Real>() {
    let most = if effort() == Effort::Tiny { 5 } else { 20 };
    for m in 0..=most {
        for n in 0..=most {
            let case = Case::<T>::new((m, n), Kind::nth(m + 3 * n), &Layout::ALL, &ALPHAS);
            for_each_isa(|exec, label| case.check(exec, label));
        }
    }
}

/// Chunks of gemv are about 16384 elements of whole rows, strips of gemv_t 1024 columns, K blocks at most 512 rows.
fn shapes_around_boundaries<T: Real>() {
    let sizes = [63, 64, 65, 129, 1000];
    let most = if effort() == Effort::Full { usize::MAX } else { 170_000 };
    let mut shapes: Vec<(usize, usize)> = sizes.iter().flat_map(|&m| sizes.map(|n| (m, n))).collect();
    shapes.extend([(255, 64), (256, 64), (257, 64), (513, 64), (1537, 33)]); // chunks of 256 rows, three blocks
    shapes.extend([(3, 1023), (3, 1024), (5, 1025), (17, 2049), (7, 3100)]); // strips
    shapes.extend([(511, 3), (512, 5), (513, 17), (784, 10), (1024, 2), (1025, 31)]); // blocks
    shapes.extend([(1, 16383), (2, 16385), (5, 20_000), (4, 40_000), (40_000, 1), (16_385, 2), (5000, 10)]);
    shapes.retain(|&(m, n)| m * n <= most);
    if effort() == Effort::Tiny {
        shapes = vec![(2, 65), (65, 2)];
    }
    for (i, shape) in shapes.into_iter().enumerate() {
        let layouts = [Layout::Rows, Layout::COMPACT[1 + i % 5], Layout::PaddedRows, Layout::Columns];
        let layouts = if effort() == Effort::Full { &layouts[..] } else { &layouts[..2] };
        let case = Case::<T>::new(shape, Kind::nth(i), layouts, &ALPHAS[i % 5..][..1]);
        for_each_exec(|exec, label| case.check(exec, label));
    }
}

/// A stride of 0 is one row, or one column, again and again.
fn repeated_rows_and_columns<T: Real>() {
    let values = numbers::<T>(Kind::Mixed, 100, 6);
    let (m, n) = (37, 70);
    for strides in [(0, 1), (1, 0), (0, 0)] {
        let view = MatRef::with_strides(&values, (m, n), strides).unwrap();
        let a: Vec<T> = (0..m * n).map(|i| values[i / n * strides.0 + i % n * strides.1]).collect();
        let (along, down) = (numbers::<T>(Kind::Mixed, n, 7), numbers::<T>(Kind::Mixed, m, 8));
        let (mut want, mut want_t) = (vec![T::ZERO; m], vec![T::ZERO; n]);
        reference::gemv(Accum::Replace, T::ONE, &a, &along, &mut want);
        reference::gemv_t(Accum::Replace, T::ONE, &a, &down, &mut want_t);
        for_each_isa(|exec, label| {
            let (mut y, mut y_t) = (vec![T::NAN; m], vec![T::NAN; n]);
            gemv(exec, Accum::Replace, T::ONE, view, &along, &mut y);
            gemv_t(exec, Accum::Replace, T::ONE, view, &down, &mut y_t);
            assert_bits(&y, &want, format_args!("gemv, {label}, strides {strides:?}"));
            assert_bits(&y_t, &want_t, format_args!("gemv_t, {label}, strides {strides:?}"));
        });
    }
}

/// As the documentation of `gemv_t` promises.
fn transposed_product_is_the_product_of_gemm<T: Real>() {
    for (m, n) in [(3, 5), (600, 40), (1100, 9)] {
        if effort() == Effort::Tiny && m > 3 {
            break;
        }
        let (a, x) = (numbers::<T>(Kind::Ordinary, m * n, 9), numbers::<T>(Kind::Ordinary, m, 10));
        for_each_exec(|exec, label| {
            let (mut y, mut c) = (vec![T::NAN; n], Matrix::new(Layout::Rows, (1, n), &vec![T::NAN; n], 0));
            let alpha = T::from_f64(0.7);
            gemv_t(exec, Accum::Replace, alpha, MatRef::new(&a, m, n), &x, &mut y);
            gemm(exec, Accum::Replace, alpha, MatRef::new(&x, 1, m), MatRef::new(&a, m, n), c.view_mut());
            c.assert_bits(&y, format_args!("{label}, {m} x {n}"));
        });
    }
}
