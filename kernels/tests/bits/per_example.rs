//! What each sample adds to a gradient: against the reference, against gradients that are written down, dense beside sparse.

use crate::compare::assert_bits;
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Kind, Placed, effort, numbers};
use crate::layout::{Layout, Matrix};
use crate::linear::compressed;
use simdescent_kernels::linear::{CsrRef, per_example_norms, row_norms, second_moments};
use simdescent_kernels::{Accum, Exec, MatRef, Real, reference};

for_f32_and_f64! { every_shape_and_layout, many_rows, sparse_as_dense, gradients_written_down }

fn check<T: Real>(exec: Exec<'_>, label: &str, layout: Layout, (m, d, n): (usize, usize, usize), kind: Kind) {
    let (x, delta) = (numbers::<T>(kind, m * d, 1), numbers::<T>(kind, m * n, 2));
    let start = numbers::<T>(Kind::Ordinary, m, 3);
    let by_rows = Matrix::new(layout, (m, d), &x, m % 4);
    let by_columns = Matrix::new(layout, (m, n), &delta, n % 4);
    let (x_view, delta_view) = (by_rows.view(), by_columns.view());
    let context = format_args!("{label}, {m}x{d}x{n}, {layout:?}, {kind:?}");
    let mut got = Placed::new(&vec![T::NAN; m], d % 4);
    row_norms(exec, x_view, &mut got);
    assert_bits(&got, &reference::row_norms(&x, m, d), context);
    got.assert_frame_untouched(context);
    for bias in [false, true] {
        let want = reference::per_example_norms(&x, &delta, (m, d, n), bias);
        got.fill(T::NAN);
        per_example_norms(exec, Accum::Replace, x_view, delta_view, bias, &mut got);
        assert_bits(&got, &want, context);
        let added: Vec<T> = start.iter().zip(&want).map(|(&s, &p)| s + p).collect();
        got.copy_from_slice(&start);
        per_example_norms(exec, Accum::Add, x_view, delta_view, bias, &mut got);
        assert_bits(&got, &added, context);
        got.assert_frame_untouched(context);
        let want = reference::second_moments(&x, &delta, (m, d, n), bias);
        let mut got = Placed::new(&vec![T::NAN; want.len()], n % 4);
        second_moments(exec, x_view, delta_view, &mut got);
        assert_bits(&got, &want, context);
        got.assert_frame_untouched(context);
    }
}

fn every_shape_and_layout<T: Real>() {
    let shapes: Vec<(usize, usize, usize)> = match effort() {
        Effort::Tiny => vec![(1, 1, 1), (9, 17, 3), (5, 0, 2)],
        _ => {
            let widths = [(0, 1), (1, 1), (5, 2), (16, 10), (33, 64), (65, 7), (130, 33), (784, 10), (20, 0)];
            let rows = [1, 2, 7, 8, 9, 15, 16, 17, 33];
            rows.into_iter().flat_map(|m| widths.map(|(d, n)| (m, d, n))).collect()
        }
    };
    for (case, shape) in shapes.into_iter().enumerate() {
        for layout in [Layout::Rows, Layout::COMPACT[case % 6]] {
            // Squares of squares overflow where squares do not: what must be the same stays so.
            for_each_isa(|exec, label| check::<T>(exec, label, layout, shape, Kind::nth(case)));
        }
    }
}

/// Rows for several chunks, elements for several chunks of squares, more rows than a K block.
fn many_rows<T: Real>() {
    let shapes: &[(usize, usize, usize)] = match effort() {
        Effort::Tiny => &[(70, 3, 2)],
        Effort::Sample => &[(1025, 33, 5)],
        Effort::Full => &[(513, 70, 40), (1025, 33, 5), (33_000, 1, 1)],
    };
    for &shape in shapes {
        for_each_exec(|exec, label| check::<T>(exec, label, Layout::Rows, shape, Kind::Ordinary));
    }
}

fn sparse_as_dense<T: Real>() {
    let shapes: &[(usize, usize, usize)] = match effort() {
        Effort::Tiny => &[(9, 20, 3)],
        _ => &[(1, 1, 1), (9, 20, 3), (70, 1000, 50), (530, 70, 5), (1100, 600, 9)],
    };
    for &(m, d, every) in shapes {
        let (dense, indptr, indices, values) = compressed::<T>(m, d, every);
        let sparse = CsrRef::new(d, &indptr, &indices, &values).expect("sorted");
        // A part whose rows do not begin with the first element that is stored.
        let (from, rows) = (m / 3, m - m / 3);
        let (dense, sparse) = (&dense[from * d..], sparse.slice(from..m));
        for n in [1, 10] {
            let delta = numbers::<T>(Kind::Ordinary, rows * n, 4);
            let view = MatRef::new(&delta, rows, n);
            for_each_exec(|exec, label| {
                let context = format_args!("{label}, {rows}x{d}, n = {n}");
                let mut norms = vec![T::NAN; rows];
                row_norms(exec, sparse, &mut norms);
                assert_bits(&norms, &reference::row_norms(dense, rows, d), context);
                for bias in [false, true] {
                    per_example_norms(exec, Accum::Replace, sparse, view, bias, &mut norms);
                    assert_bits(&norms, &reference::per_example_norms(dense, &delta, (rows, d, n), bias), context);
                    let want = reference::second_moments(dense, &delta, (rows, d, n), bias);
                    let mut moments = vec![T::NAN; want.len()];
                    second_moments(exec, sparse, view, &mut moments);
                    assert_bits(&moments, &want, context);
                }
            });
        }
    }
}

/// The gradient of each sample, written down in `f64`.
fn gradients_written_down<T: Real>() {
    let (m, d, n) = if effort() == Effort::Tiny { (3, 5, 2) } else { (37, 61, 11) };
    let (x, delta) = (numbers::<T>(Kind::Ordinary, m * d, 1), numbers::<T>(Kind::Ordinary, m * n, 2));
    let (mut norms, mut moments) = (vec![T::ZERO; m], vec![T::ZERO; (d + 1) * n]);
    let (x_view, delta_view) = (MatRef::new(&x, m, d), MatRef::new(&delta, m, n));
    per_example_norms(Exec::default(), Accum::Replace, x_view, delta_view, true, &mut norms);
    second_moments(Exec::default(), x_view, delta_view, &mut moments);
    let mut want = vec![0.0; moments.len()];
    let tolerance = 16.0 * T::EPSILON.to_f64();
    for i in 0..m {
        let inputs = x[i * d..][..d].iter().map(|x| x.to_f64()).chain([1.0]);
        let gradient: Vec<f64> =
            inputs.flat_map(|x| delta[i * n..][..n].iter().map(move |r| x * r.to_f64()).collect::<Vec<_>>()).collect();
        let norm: f64 = gradient.iter().map(|g| g * g).sum();
        assert!((norms[i].to_f64() / norm - 1.0).abs() < tolerance, "sample {i}: {:?}, not {norm}", norms[i]);
        want.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g * g);
    }
    for (got, want) in moments.iter().zip(want) {
        assert!((got.to_f64() / want - 1.0).abs() < tolerance, "{got:?}, not {want}");
    }
}
