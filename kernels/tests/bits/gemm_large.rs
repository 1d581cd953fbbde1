//! Matrix–matrix product: strips, threads, independence of the batch, accuracy.

use crate::compare::assert_bits;
use crate::execs::{for_each_exec, for_each_isa};
use crate::gemm::{Case, Shape, TRANSPOSITIONS};
use crate::inputs::{Effort, Kind, effort, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::{Accum, MatMut, MatRef, Real, gemm};

for_f32_and_f64! { shapes_beyond_the_strips, shapes_cut_for_threads, a_row_does_not_depend_on_its_batch }

/// Shapes beyond the MC and NC of every instruction set.
fn shapes_beyond_the_strips<T: Real>() {
    let shapes: &[Shape] = match effort() {
        Effort::Tiny => &[(73, 1, 2)],
        _ => &[
            (73, 5, 20),
            (145, 33, 20),
            (193, 5, 49),
            (400, 9, 17),
            (20, 5, 769),
            (20, 33, 1025),
            (7, 5, 1537),
            (9, 17, 2049),
            (3, 4, 4100),
            (145, 5, 1025),
            (146, 520, 30), // two K blocks and two strips of rows
            (9, 520, 1540), // two K blocks and two strips of columns
        ],
    };
    for (turn, &shape) in shapes.iter().enumerate() {
        let case = Case::<T>::new(shape, Kind::nth(turn), 1.0, 0.5);
        let forms = if effort() == Effort::Full { 4 } else { 2 };
        let forms_by_turns = TRANSPOSITIONS.into_iter().cycle().skip(turn);
        for (i, (a, b)) in forms_by_turns.enumerate().take(forms) {
            for_each_isa(|exec, label| case.check(exec, label, (a, b, Layout::COMPACT[(turn + i) % 6])));
        }
    }
}

/// At least 2²⁰ multiply-adds per thread, so that C is cut into up to four parts of unlike shapes.
fn shapes_cut_for_threads<T: Real>() {
    let mut shapes = vec![
        (200, 170, 130), // along rows, then columns
        (1500, 29, 100),
        (100, 29, 1500),
        (145, 300, 97),
        (8, 530, 1000),
        (1000, 530, 8),
        (40, 2700, 40), // too small to be cut, although there is work
        (49, 1800, 49), // the cut falls next to the end
    ];
    match effort() {
        Effort::Tiny => shapes.clear(),
        Effort::Sample => shapes.truncate(3),
        Effort::Full => {}
    }
    for (turn, shape) in shapes.into_iter().enumerate() {
        assert!(shape.0 * shape.1 * shape.2 >= 4 << 20, "{shape:?} is not enough work");
        let kind = if turn == 0 { Kind::Mixed } else { Kind::Ordinary };
        let case = Case::<T>::new(shape, kind, 1.0, 0.5);
        let (a, b) = TRANSPOSITIONS[turn % 4];
        let layouts = [(a, b, Layout::PaddedRows), (b, a, Layout::PaddedColumns), (a, b, Layout::SparseColumns)];
        for_each_exec(|exec, label| case.check(exec, label, layouts[turn % 3]));
    }
}

/// The rows of a product, computed alone, in pairs, or in any batch, have the same bits.
fn a_row_does_not_depend_on_its_batch<T: Real>() {
    let (m, k, n) = if effort() == Effort::Tiny { (5, 9, 3) } else { (61, 1030, 37) };
    let (a, b) = (numbers::<T>(Kind::Ordinary, m * k, 1), numbers::<T>(Kind::Ordinary, k * n, 2));
    let (a, b) = (MatRef::new(&a, m, k), MatRef::new(&b, k, n));
    let alpha = T::from_f64(0.7);
    let mut whole = vec![T::NAN; m * n];
    gemm(Default::default(), Accum::Replace, alpha, a, b, MatMut::new(&mut whole, m, n));
    for_each_exec(|exec, label| {
        for batch in [1, 5, 13, 40] {
            for first in (0..m).step_by(batch) {
                let size = batch.min(m - first);
                let rows = a.split_rows_at(first).1.split_rows_at(size).0;
                let mut c = Matrix::new(Layout::SparseRows, (size, n), &vec![T::NAN; size * n], 0);
                gemm(exec, Accum::Replace, alpha, rows, b, c.view_mut());
                let want = &whole[first * n..][..size * n];
                c.assert_bits(want, format_args!("{label}, batch of {size} from row {first}"));
            }
        }
    });
    // The same for columns: of B, and of C.
    let mut left = vec![T::NAN; m * n];
    let (c_left, c_right) = MatMut::new(&mut left, m, n).split_cols_at(n / 3);
    let (b_left, b_right) = b.split_cols_at(n / 3);
    gemm(Default::default(), Accum::Replace, alpha, a, b_right, c_right);
    gemm(Default::default(), Accum::Replace, alpha, a, b_left, c_left);
    assert_bits(&left, &whole, format_args!("by columns"));
}

/// |Ĉ − C| ≤ γₖ₊₂ · |A|·|B|, the bound of any order of summation.
#[test]
fn accuracy_of_single_precision() {
    let shapes: &[Shape] = match effort() {
        Effort::Tiny => &[(2, 20, 3)],
        _ => &[(13, 1, 9), (17, 100, 31), (20, 513, 21), (9, 3000, 17)],
    };
    for &(m, k, n) in shapes {
        // All of one sign, where errors add up, and of both, where sums cancel.
        for shift in [0.0f32, 1.0] {
            let shifted = |seed| numbers::<f32>(Kind::Ordinary, m * k + k * n, seed).into_iter().map(|x| x + shift);
            let (a, b): (Vec<f32>, Vec<f32>) = (shifted(1).take(m * k).collect(), shifted(2).take(k * n).collect());
            let rounding = f64::from(f32::EPSILON) / 2.0;
            let gamma = (k + 2) as f64 * rounding / (1.0 - (k + 2) as f64 * rounding);
            for_each_isa(|exec, label| {
                let mut c = vec![f32::NAN; m * n];
                let (a_view, b_view) = (MatRef::new(&a, m, k), MatRef::new(&b, k, n));
                gemm(exec, Accum::Replace, 1.0, a_view, b_view, MatMut::new(&mut c, m, n));
                for (at, &got) in c.iter().enumerate() {
                    let products = (0..k).map(|p| f64::from(a[at / n * k + p]) * f64::from(b[p * n + at % n]));
                    let (exact, magnitude) = products.fold((0.0, 0.0), |(sum, abs), x| (sum + x, abs + x.abs()));
                    let (error, bound) = ((f64::from(got) - exact).abs(), gamma * magnitude);
                    assert!(error <= bound, "{label}, {m} x {k} x {n}, element {at}: error {error} > {bound}");
                }
            });
        }
    }
}
