//! Linear models in one pass: against the reference, and against the kernels of which they are made.

use crate::compare::{assert_bits, assert_same};
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Kind, Placed, Random, effort, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::gemm::{BiasActivation, gemm_fused};
use simdescent_kernels::linear::{
    CsrError, CsrRef, Epoch, gradient, loss_and_gradient, outputs, sgd_epoch, softmax_loss_and_gradient,
};
use simdescent_kernels::loss::{
    ClassTargets, Hinge, Huber, Logistic, LossOptions, Pointwise, Poisson, Reduction, SoftmaxOptions, Squared,
    SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::optimizer::{CoupledDecay, Sgd, fused_step};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, dot, gemm, gemv, gemv_t, reference};

for_f32_and_f64! {
    every_shape_and_layout, many_blocks, every_loss, weights_and_reductions, the_same_as_three_calls, sparse,
    sparse_as_dense, softmax, epochs, epochs_the_same_as_calls, nothing_to_learn,
}

fn shapes() -> Vec<(usize, usize)> {
    match effort() {
        Effort::Tiny => vec![(1, 1), (9, 17), (5, 0)],
        _ => {
            let rows = [1, 2, 7, 8, 9, 12, 17, 65];
            let small = rows.into_iter().flat_map(|m| [0, 1, 5, 15, 16, 33, 64, 65, 130, 784].map(|d| (m, d)));
            small.chain([(90, 3000)]).collect() // beyond the 1 MiB up to which rows are taken together
        }
    }
}

fn options<T>() -> LossOptions<'static, T> {
    LossOptions::default()
}

#[track_caller]
fn check<T: Real, P: Pointwise<T>>(
    exec: Exec<'_>,
    label: &str,
    (loss, sample): (P, impl Fn(T, T) -> (T, T)),
    (layout, (m, d)): (Layout, (usize, usize)),
    kind: Kind,
    options: LossOptions<'_, T>,
) {
    let (x, y) = (numbers::<T>(kind, m * d, 1), numbers::<T>(Kind::Ordinary, m, 2));
    for intercept in [0, 1] {
        let w = numbers::<T>(Kind::Ordinary, d + intercept, 3);
        let (want, gradient) = reference::linear(&x, d, &y, options, &w, &sample);
        let matrix = Matrix::new(layout, (m, d), &x, m % 4);
        let mut got = Placed::new(&vec![T::NAN; d + intercept], d % 4);
        let got_loss = loss_and_gradient(exec, loss, matrix.view(), &y, options, &w, &mut got);
        let context = format_args!("{label}, {m}x{d} + {intercept}, {layout:?}, {kind:?}");
        assert_same(got_loss, want, format_args!("loss, {context}"));
        assert_bits(&got, &gradient, context);
        got.assert_frame_untouched(context);
    }
}

fn every_shape_and_layout<T: Real>() {
    for (case, shape) in shapes().into_iter().enumerate() {
        for layout in [Layout::Rows, Layout::COMPACT[case % 6]] {
            let squared = (Squared, reference::squared::<T>);
            for_each_isa(|exec, label| check(exec, label, squared, (layout, shape), Kind::nth(case), options()));
        }
    }
}

/// Rows for several blocks, chunks of the loss, and waves of blocks.
fn many_blocks<T: Real>() {
    let shapes: &[(usize, usize)] = match effort() {
        Effort::Tiny => &[(520, 3)],
        Effort::Sample => &[(1025, 33)],
        Effort::Full => &[(511, 20), (512, 20), (513, 70), (1025, 33), (5000, 17), (33_000, 3)],
    };
    for &shape in shapes {
        let logistic = (Logistic, reference::logistic::<T>);
        for_each_exec(|exec, label| {
            check(exec, label, logistic, (Layout::Rows, shape), Kind::Ordinary, options());
            if shape.0 < 1000 {
                check(exec, label, logistic, (Layout::PaddedColumns, shape), Kind::Ordinary, options());
            }
        });
    }
}

fn every_loss<T: Real>() {
    let at = (Layout::Rows, (19, 21));
    let kind = Kind::Ordinary;
    for_each_isa(|exec, label| {
        check(exec, label, (Squared, reference::squared::<T>), at, kind, options());
        check(exec, label, (Logistic, reference::logistic::<T>), at, kind, options());
        check(exec, label, (Hinge, reference::hinge::<T>), at, kind, options());
        check(exec, label, (SquaredHinge, reference::squared_hinge::<T>), at, kind, options());
        check(exec, label, (Poisson, reference::poisson::<T>), at, kind, options());
        let delta = T::from_f64(0.7);
        check(exec, label, (Huber { delta }, |p, y| reference::huber(delta, p, y)), at, kind, options());
    });
}

fn weights_and_reductions<T: Real>() {
    for m in [5, 37, if effort() == Effort::Tiny { 40 } else { 700 }] {
        let mut weights: Vec<T> = numbers::<T>(Kind::Ordinary, m, 9).into_iter().map(T::abs).collect();
        weights[m / 2] = T::ZERO;
        for weights in [None, Some(&*weights)] {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let options = LossOptions { reduction, weights };
                let squared = (Squared, reference::squared::<T>);
                for_each_exec(|exec, label| {
                    check(exec, label, squared, (Layout::Rows, (m, 18)), Kind::Ordinary, options);
                });
            }
        }
    }
}

/// What the documentation promises, without the reference.
fn unfused<T: Real, P: Pointwise<T>>(exec: Exec<'_>, loss: P, x: MatRef<'_, T>, y: &[T], w: &[T], g: &mut [T]) -> T {
    let d = x.cols();
    let mut z = vec![w.get(d).copied().unwrap_or(T::ZERO); y.len()];
    gemv(exec, if w.len() > d { Accum::Add } else { Accum::Replace }, T::ONE, x, &w[..d], &mut z);
    let value = pointwise_in_place(exec, loss, &mut z, y, options());
    gemv_t(exec, Accum::Replace, T::ONE, x, &z, &mut g[..d]);
    if let [b] = &mut g[d..] {
        *b = dot(exec, &z, &vec![T::ONE; z.len()]);
    }
    value
}

fn the_same_as_three_calls<T: Real>() {
    // The last one is beyond the 1 MiB up to which rows are taken together.
    for (m, d) in if effort() == Effort::Tiny { vec![(20, 5)] } else { vec![(1100, 100), (1100, 500)] } {
        let (x, y) = (numbers::<T>(Kind::Ordinary, m * d, 1), numbers::<T>(Kind::Ordinary, m, 2));
        let w = numbers::<T>(Kind::Ordinary, d + 1, 3);
        for_each_exec(|exec, label| {
            for n in [d, d + 1] {
                let (mut one, mut three) = (vec![T::NAN; n], vec![T::NAN; n]);
                let x = MatRef::new(&x, m, d);
                let loss = loss_and_gradient(exec, Logistic, x, &y, options(), &w[..n], &mut one);
                let separate = unfused(exec, Logistic, x, &y, &w[..n], &mut three);
                assert_same(loss, separate, format_args!("{label}, {m}x{d}"));
                assert_bits(&one, &three, format_args!("{label}, {m}x{d}"));
            }
        });
    }
}

/// A random sparse matrix: (indptr, indices, values); some rows empty, some columns twice.
pub(crate) fn sparse_matrix<T: Real>(m: usize, d: usize, longest: usize) -> (Vec<usize>, Vec<u32>, Vec<T>) {
    let mut random = Random::new(m as u64);
    let (mut indptr, mut indices) = (vec![0], Vec::new());
    for _ in 0..m {
        let row = random.below(longest + 1);
        indices.extend((0..row).map(|_| random.below(d) as u32));
        indptr.push(indices.len());
    }
    let values = numbers(Kind::Ordinary, indices.len(), 5);
    (indptr, indices, values)
}

/// A random matrix of which one in `every` elements is not zero: (dense, indptr, indices, values).
pub(crate) fn compressed<T: Real>(m: usize, d: usize, every: usize) -> (Vec<T>, Vec<usize>, Vec<u32>, Vec<T>) {
    let mut dense = numbers::<T>(Kind::Ordinary, m * d, 5);
    let mut random = Random::new(m as u64);
    dense.iter_mut().filter(|_| random.below(every) != 0).for_each(|x| *x = T::ZERO);
    let (mut indptr, mut indices, mut values) = (vec![0], vec![], vec![]);
    for row in dense.chunks(d) {
        for (j, &x) in row.iter().enumerate().filter(|(_, x)| **x != T::ZERO) {
            indices.push(j as u32);
            values.push(x);
        }
        indptr.push(values.len());
    }
    (dense, indptr, indices, values)
}

fn sparse<T: Real>() {
    let shapes: &[(usize, usize, usize)] = match effort() {
        Effort::Tiny => &[(1, 1, 1), (9, 20, 10)],
        _ => &[(1, 1, 1), (9, 20, 10), (70, 1000, 3), (100, 5, 40), (3000, 10, 30), (20_000, 100, 5)],
    };
    for &(m, d, longest) in shapes {
        let (indptr, indices, values) = sparse_matrix::<T>(m, d, longest);
        let x = CsrRef::new(d, &indptr, &indices, &values).expect("a valid matrix");
        let (y, w) = (numbers::<T>(Kind::Ordinary, m, 2), numbers::<T>(Kind::Ordinary, d + 1, 3));
        for_each_exec(|exec, label| {
            for n in [d, d + 1] {
                let context = format_args!("{label}, {m}x{d}");
                let (want, gradient) = reference::linear_sparse(x, &y, options(), &w[..n], reference::logistic);
                let mut got = vec![T::NAN; n];
                let loss = loss_and_gradient(exec, Logistic, x, &y, options(), &w[..n], &mut got);
                assert_same(loss, want, context);
                assert_bits(&got, &gradient, context);
            }
        });
    }
}

/// What is not stored is zero: the same as a dense matrix, as a whole and in steps, also where blocks store little.
fn sparse_as_dense<T: Real>() {
    let shapes: &[(usize, usize, usize)] = match effort() {
        Effort::Tiny => &[(9, 20, 3)],
        _ => &[(1, 1, 1), (9, 20, 3), (70, 1000, 50), (530, 70, 5), (1100, 3000, 2)],
    };
    for &(m, d, every) in shapes {
        let (dense, indptr, indices, values) = compressed::<T>(m, d, every);
        let (dense, sparse) = (MatRef::new(&dense, m, d), CsrRef::new(d, &indptr, &indices, &values).expect("sorted"));
        let (y, w) = (numbers::<T>(Kind::Ordinary, m, 2), numbers::<T>(Kind::Ordinary, d + 1, 3));
        for_each_exec(|exec, label| {
            for n in [d, d + 1] {
                let context = format_args!("{label}, {m}x{d}");
                let (mut g, mut of_dense) = (vec![T::NAN; n], vec![T::NAN; n]);
                let loss = loss_and_gradient(exec, Logistic, sparse, &y, options(), &w[..n], &mut g);
                let same = loss_and_gradient(exec, Logistic, dense, &y, options(), &w[..n], &mut of_dense);
                assert_same(loss, same, context);
                assert_bits(&g, &of_dense, context);
                for split in [0, m / 3] {
                    let (upper, lower) = (sparse.slice(0..split), sparse.slice(split..m));
                    assert_eq!(upper.stored() + lower.stored(), sparse.stored());
                    let mut z = vec![T::NAN; m];
                    outputs(exec, upper, &w[..n], &mut z[..split]);
                    outputs(exec, lower, &w[..n], &mut z[split..]);
                    assert_same(pointwise_in_place(exec, Logistic, &mut z, &y, options()), loss, context);
                    g.fill(T::NAN);
                    gradient(exec, sparse, &z, &mut g);
                    assert_bits(&g, &of_dense, context);
                    gradient(exec, dense, &z, &mut g);
                    assert_bits(&g, &of_dense, context);
                    outputs(exec, dense, &w[..n], &mut z);
                    assert_same(pointwise_in_place(exec, Logistic, &mut z, &y, options()), loss, context);
                }
            }
        });
    }
}

/// Against the reference, and against the calls that the documentation names.
fn softmax<T: Real>() {
    let shapes: &[(usize, usize, usize)] = match effort() {
        Effort::Tiny => &[(9, 20, 3)],
        _ => {
            &[(1, 1, 2), (9, 20, 10), (65, 33, 3), (40, 7, 40), (530, 70, 10), (1100, 36, 16), (2048, 9, 5), (3, 0, 2)]
        }
    };
    for (case, &(m, d, classes)) in shapes.iter().enumerate() {
        let x = numbers::<T>(Kind::Ordinary, m * d, 1);
        let labels: Vec<u32> = (0..m).map(|i| (i * 7 % classes) as u32).collect();
        let targets = ClassTargets::Labels(&labels);
        let weights: Vec<T> = numbers::<T>(Kind::Ordinary, m, 9).into_iter().map(T::abs).collect();
        let class_weights: Vec<T> = (1..=classes).map(|c| T::from_f64(c as f64)).collect();
        let samples = LossOptions { reduction: Reduction::Mean, weights: Some(&weights) };
        let label_smoothing = if case % 2 == 0 { T::ZERO } else { T::from_f64(0.1) };
        let all = SoftmaxOptions { samples, class_weights: Some(&class_weights), label_smoothing };
        for options in [SoftmaxOptions::default(), all] {
            for n in [d * classes, (d + 1) * classes] {
                let parameters = numbers::<T>(Kind::Ordinary, n, 3);
                let (want, of_reference) =
                    reference::softmax_regression(&x, (m, d, classes), targets, options, &parameters);
                for_each_exec(|exec, label| {
                    let context = format_args!("{label}, {m}x{d}, {classes} classes, {n} parameters");
                    let x = MatRef::new(&x, m, d);
                    let mut got = vec![T::NAN; n];
                    let loss = softmax_loss_and_gradient(exec, x, classes, targets, options, &parameters, &mut got);
                    assert_same(loss, want, context);
                    assert_bits(&got, &of_reference, context);

                    let (w, b) = parameters.split_at(d * classes);
                    let (w, mut z, mut g) = (MatRef::new(w, d, classes), vec![T::NAN; m * classes], vec![T::NAN; n]);
                    let logits = MatMut::new(&mut z, m, classes);
                    if b.is_empty() {
                        gemm(exec, Accum::Replace, T::ONE, x, w, logits);
                    } else {
                        gemm_fused(exec, x, w, logits, BiasActivation { bias: b, activation: Activation::Identity });
                    }
                    let logits = MatMut::new(&mut z, m, classes);
                    assert_same(softmax_cross_entropy_with(exec, logits, targets, options), loss, context);
                    let (g_w, g_b) = g.split_at_mut(d * classes);
                    let r = MatRef::new(&z, m, classes);
                    gemm(exec, Accum::Replace, T::ONE, x.t(), r, MatMut::new(g_w, d, classes));
                    if !g_b.is_empty() {
                        gemv_t(exec, Accum::Replace, T::ONE, r, &vec![T::ONE; m], g_b);
                    }
                    assert_bits(&got, &g, context);
                });
            }
        }
    }
}

#[test]
fn what_is_not_a_sparse_matrix_is_refused() {
    let new = |cols, indptr: &[usize], indices: &[u32]| {
        CsrRef::new(cols, indptr, indices, &[1.0f32, 2.0]).map(|_| ()).expect_err("not a matrix")
    };
    assert_eq!(new(3, &[], &[0, 1]), CsrError::Start);
    assert_eq!(new(3, &[1, 2], &[0, 1]), CsrError::Start);
    assert_eq!(new(3, &[0, 2, 1, 2], &[0, 1]), CsrError::Decreasing { row: 1 });
    assert_eq!(new(3, &[0, 9, 2], &[0, 1]), CsrError::Decreasing { row: 1 });
    assert_eq!(new(3, &[0, 1], &[0, 1]), CsrError::Length { stored: 1, indices: 2, values: 2 });
    assert_eq!(new(3, &[0, 1], &[0]), CsrError::Length { stored: 1, indices: 1, values: 2 });
    assert_eq!(new(3, &[0, 1, 1, 2], &[0, 3]), CsrError::Column { row: 2, index: 3, cols: 3 });
    assert_eq!(new(0, &[0, 2], &[0, 0]), CsrError::Column { row: 0, index: 0, cols: 0 });
    let column = new(3, &[0, 1, 1, 2], &[0, 3]).to_string();
    assert_eq!(column, "row 2 has an element in column 3, the matrix has 3 columns");
}

fn epochs<T: Real>() {
    let (m, d) = if effort() == Effort::Tiny { (9, 5) } else { (130, 37) };
    let (x, y) = (numbers::<T>(Kind::Ordinary, m * d, 1), numbers::<T>(Kind::Ordinary, m, 2));
    let transposed: Vec<T> = (0..d * m).map(|i| x[i % m * d + i / m]).collect();
    let (indptr, indices, values) = sparse_matrix::<T>(m, d, 2);
    let start = numbers::<T>(Kind::Ordinary, d + 1, 3);
    let mut random = Random::new(4);
    let shuffled: Vec<u32> = (0..m + 3).map(|_| random.below(m) as u32).collect();
    let rates = numbers::<T>(Kind::Ordinary, m + 3, 6);
    let pick = |all: &[T], width: usize, rows: &[u32]| -> Vec<T> {
        rows.iter().flat_map(|&i| all[i as usize * width..][..width].to_vec()).collect()
    };
    for batch_size in [1, 2, 8, 32, 1000] {
        for (order, l2) in [(None, T::ZERO), (Some(&*shuffled), T::HALF)] {
            let steps = order.map_or(m, <[u32]>::len).div_ceil(batch_size);
            for learning_rates in [&rates[..1], &rates[..steps]] {
                let epoch = Epoch { order, batch_size, learning_rates, l2 };
                let mut dense = start.clone();
                let loss = reference::sgd_epoch(m, epoch, &mut dense, |rows, w| {
                    reference::linear(&pick(&x, d, rows), d, &pick(&y, 1, rows), options(), w, reference::logistic)
                });
                let mut thin = start.clone();
                let sparse_loss = reference::sgd_epoch(m, epoch, &mut thin, |rows, w| {
                    let (mut starts, mut columns, mut stored) = (vec![0], vec![], vec![]);
                    for &i in rows {
                        let row = indptr[i as usize]..indptr[i as usize + 1];
                        columns.extend_from_slice(&indices[row.clone()]);
                        stored.extend_from_slice(&values[row]);
                        starts.push(columns.len());
                    }
                    let x = CsrRef::new(d, &starts, &columns, &stored).expect("a valid matrix");
                    reference::linear_sparse(x, &pick(&y, 1, rows), options(), w, reference::logistic)
                });
                for_each_exec(|exec, label| {
                    let context = format_args!("{label}, batches of {batch_size}, {} rates", learning_rates.len());
                    let mut w = start.clone();
                    let got = sgd_epoch(exec, Logistic, MatRef::new(&x, m, d), &y, epoch, &mut w);
                    assert_same(got, loss, context);
                    assert_bits(&w, &dense, context);
                    let mut w = start.clone();
                    let columns = MatRef::new(&transposed, d, m).t();
                    assert_same(sgd_epoch(exec, Logistic, columns, &y, epoch, &mut w), loss, context);
                    assert_bits(&w, &dense, context);
                    let mut w = start.clone();
                    let sparse = CsrRef::new(d, &indptr, &indices, &values).expect("a valid matrix");
                    assert_same(sgd_epoch(exec, Logistic, sparse, &y, epoch, &mut w), sparse_loss, context);
                    assert_bits(&w, &thin, context);
                });
            }
        }
    }
}

fn epochs_the_same_as_calls<T: Real>() {
    let (m, d, b) = if effort() == Effort::Tiny { (20, 5, 7) } else { (1500, 100, 600) };
    let (x, y) = (numbers::<T>(Kind::Ordinary, m * d, 1), numbers::<T>(Kind::Ordinary, m, 2));
    let (lambda, learning_rate) = (T::from_f64(0.01), T::from_f64(0.1));
    for_each_exec(|exec, label| {
        let (mut one, mut many) = (numbers::<T>(Kind::Ordinary, d + 1, 3), numbers::<T>(Kind::Ordinary, d + 1, 3));
        let epoch = Epoch { order: None, batch_size: b, learning_rates: &[learning_rate], l2: lambda };
        sgd_epoch(exec, Squared, MatRef::new(&x, m, d), &y, epoch, &mut one);
        let mut g = vec![T::NAN; d + 1];
        for (x, y) in x.chunks(b * d).zip(y.chunks(b)) {
            unfused(exec, Squared, MatRef::new(x, y.len(), d), y, &many, &mut g);
            fused_step(exec, &CoupledDecay { lambda, rule: Sgd { learning_rate } }, &mut many, &g, []);
        }
        assert_bits(&one, &many, format_args!("{label}"));
    });
}

fn nothing_to_learn<T: Real>() {
    for_each_isa(|exec, label| {
        let mut g = [T::NAN; 4];
        let w = [T::ONE; 4];
        let loss = loss_and_gradient(exec, Squared, MatRef::new(&[], 0, 3), &[], options(), &w, &mut g);
        assert_bits(&[loss, g[0], g[3]], &[T::ZERO; 3], format_args!("no rows, {label}"));
        let none = LossOptions { reduction: Reduction::Mean, weights: Some(&[T::ZERO; 2]) };
        let x = [T::INFINITY; 6];
        let loss = loss_and_gradient(exec, Squared, MatRef::new(&x, 2, 3), &[T::ONE; 2], none, &w, &mut g);
        assert_bits(&[loss, g[0], g[3]], &[T::ZERO; 3], format_args!("no weight, {label}"));
        let epoch = Epoch { order: None, batch_size: 3, learning_rates: &[T::ONE], l2: T::ONE };
        let mut unchanged = w;
        let loss = sgd_epoch(exec, Squared, MatRef::new(&[], 0, 3), &[], epoch, &mut unchanged);
        assert_bits(&[loss, unchanged[0]], &[T::ZERO, T::ONE], format_args!("no steps, {label}"));
    });
}
