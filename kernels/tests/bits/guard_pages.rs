//! Kernels on slices that end, or begin, at a page which may not be touched: one element too far ends the process.

use simdescent_kernels::gemm::step_by_strips;
use simdescent_kernels::linear::{
    CsrRef, Epoch, csr_gemm, csr_gemm_t, gradient, loss_and_gradient, outputs, per_example_norms, row_norms,
    second_moments, sgd_epoch, softmax_loss_and_gradient,
};
use simdescent_kernels::loss::{
    ClassTargets, Huber, LossOptions, Reduction, SoftmaxOptions, Squared, logistic_in_place, pointwise_in_place,
    softmax_cross_entropy_with, squared_in_place,
};
use simdescent_kernels::optimizer::{
    Adafactor, AdafactorOptions, Adam, Averaging, DecoupledDecay, Lamb, LambOptions, Momentum, Sgd, clip_factor,
    fused_step, lamb_step, orthogonalize, schedule_free_average,
};
use simdescent_kernels::{
    Accum, Exec, MatMut, MatRef, Par, Real, amax, asum, axpy, dot, gemm, gemv, gemv_t, isa, math, nrm2, scale,
};

/// Readable and writable memory between two pages that are neither.
struct Guarded {
    start: *mut u8,
    /// Of the memory between the guards.
    size: usize,
    page: usize,
}

impl Guarded {
    fn new(bytes: usize) -> Self {
        // SAFETY: asks a question.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let size = bytes.max(1).next_multiple_of(page);
        // SAFETY: maps new memory at an address of the system's choice, and opens the middle of it.
        let start = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let base = libc::mmap(core::ptr::null_mut(), size + 2 * page, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(base, libc::MAP_FAILED, "mmap");
            let start = base.cast::<u8>().add(page);
            assert_eq!(libc::mprotect(start.cast(), size, libc::PROT_READ | libc::PROT_WRITE), 0, "mprotect");
            start
        };
        Self { start, size, page }
    }
    /// The last `n` elements before the upper guard, or the first `n` after the lower one, filled with `value`.
    fn slice<T: Real>(&mut self, end: End, n: usize, value: T) -> &mut [T] {
        assert!(n * size_of::<T>() <= self.size);
        // SAFETY: the mapping has `size` bytes, is aligned to pages, zero-initialized (any bits are a number), and
        // borrowed mutably for as long as the slice.
        let slice = unsafe {
            let all = core::slice::from_raw_parts_mut(self.start.cast::<T>(), self.size / size_of::<T>());
            match end {
                End::Upper => all.split_at_mut(all.len() - n).1,
                End::Lower => all.split_at_mut(n).0,
            }
        };
        slice.fill(value);
        slice
    }
}
impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: unmaps what `new` mapped; slices of it borrow `self`.
        unsafe { libc::munmap(self.start.sub(self.page).cast(), self.size + 2 * self.page) };
    }
}

#[derive(Clone, Copy, Debug)]
enum End {
    Lower,
    Upper,
}

/// Calls `check` for each instruction set and either end.
fn for_each_end(check: impl Fn(Exec<'_>, End)) {
    for &isa in isa::available() {
        for end in [End::Lower, End::Upper] {
            check(Exec::new(isa, Par::Seq), end);
        }
    }
}

/// Four mappings for vectors of up to `n` elements.
fn mappings<T>(n: usize) -> [Guarded; 4] {
    core::array::from_fn(|_| Guarded::new(n * size_of::<T>()))
}

const LONGEST: usize = 150;

fn vectors<T: Real>() {
    let f = T::from_f64;
    for_each_end(|exec, end| {
        let [mut a, mut b, mut c, mut d] = mappings::<T>(LONGEST);
        for n in 0..=LONGEST {
            let x = a.slice(end, n, f(0.5));
            let y = b.slice(end, n, f(2.0));
            let count = f(n as f64);
            assert_eq!(dot(exec, x, y).bits(), count.bits());
            assert_eq!(asum(exec, y).bits(), (count + count).bits());
            assert_eq!(amax(exec, x).bits(), if n == 0 { 0 } else { f(0.5).bits() });
            assert!((nrm2(exec, x) * nrm2(exec, x) - count / f(4.0)).abs() <= f(1e-3));
            x.fill(T::MIN_POSITIVE);
            nrm2(exec, x); // the path with scaling
            axpy(exec, f(2.0), x, y);
            scale(exec, f(0.25), y);
            for function in [math::exp_in_place, math::log_in_place, math::log1p_in_place] {
                function(exec, y);
            }
            for function in [math::tanh_in_place, math::sigmoid_in_place, math::expm1_in_place, math::softplus_in_place]
            {
                function(exec, y);
            }
            math::gelu_in_place(exec, y);
            math::gelu_derivative_in_place(exec, y);
            x.fill(f(1.0));
            squared_in_place(exec, y, x);
            logistic_in_place(exec, y, x);
            let weights = LossOptions { reduction: Reduction::Mean, weights: Some(c.slice(end, n, f(2.0))) };
            pointwise_in_place(exec, Huber { delta: f(1.0) }, y, x, weights);

            let (m, v) = (c.slice(end, n, f(0.0)), d.slice(end, n, f(0.0)));
            fused_step(exec, &Sgd { learning_rate: f(0.1) }, y, x, []);
            fused_step(exec, &Momentum { learning_rate: f(0.1), momentum: f(0.9) }, y, x, [m]);
            let rule = DecoupledDecay { rate: f(0.1), rule: Adam::at_step(3, 0.1, 0.9, 0.999, 1e-8) };
            fused_step(exec, &rule, y, x, [m, v]);
            let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
            lamb_step(exec, &Lamb::at_step(3, 0.1, options), y, x, [m, v]);
            schedule_free_average(exec, 0.9, y, m);
            let averages = AdafactorOptions { beta2: Averaging::new(0.5), epsilon: f(1e-30) };
            let moment = Adafactor::estimate(exec, averages, x, &mut [f(0.0)], v);
            moment.rms(exec, x);
            moment.step(exec, &Momentum { learning_rate: f(0.1), momentum: f(0.9) }, y, x, [m]);
            orthogonalize(exec, m, 1, n);
            assert!(clip_factor(exec, x, f(1e3)).bits() == T::ONE.bits());
            assert!(y.iter().all(|y| y.abs() < f(10.0)), "{} at the {end:?} end, n = {n}", exec.isa());
        }
    });
}

fn softmax<T: Real>() {
    for_each_end(|exec, end| {
        let [mut a, mut b, mut c, mut d] = mappings::<T>(20 * LONGEST);
        let mut label_memory = Guarded::new(20 * size_of::<u32>());
        for classes in (1..=40).chain([63, 64, 65, 127, 128, 129, LONGEST]) {
            for rows in [1, 2, 3, 4, 7, 8, 9, 16, 17, 20] {
                // f32 has the size of u32: the guarded slice of labels, all of them 0.
                let labels = label_memory.slice(end, rows, 0.0f32);
                // SAFETY: same size and alignment, and any bits are a u32.
                let labels = unsafe { core::slice::from_raw_parts(labels.as_ptr().cast::<u32>(), rows) };
                let probabilities = b.slice(end, rows * classes, T::ONE / T::from_f64(classes as f64));
                let samples = LossOptions { reduction: Reduction::Mean, weights: Some(c.slice(end, rows, T::TWO)) };
                let class_weights = Some(&*d.slice(end, classes, T::ONE));
                for targets in [
                    ClassTargets::Labels(labels),
                    ClassTargets::Probabilities(MatRef::new(probabilities, rows, classes)),
                ] {
                    for label_smoothing in [T::ZERO, T::HALF] {
                        let logits = MatMut::new(a.slice(end, rows * classes, T::ONE), rows, classes);
                        let options = SoftmaxOptions { samples, class_weights, label_smoothing };
                        let loss = softmax_cross_entropy_with(exec, logits, targets, options).to_f64();
                        assert!(
                            (loss - (classes as f64).ln()).abs() < 1e-4,
                            "{} {end:?} {rows} x {classes}: {loss}",
                            exec.isa()
                        );
                    }
                }
            }
        }
    });
}

fn matrices<T: Real>() {
    let f = T::from_f64;
    let sizes = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 47, 48, 49];
    for_each_end(|exec, end| {
        let [mut a, mut b, mut c, mut d] = mappings::<T>(65 * 129);
        let small = sizes.into_iter().flat_map(|m| sizes.into_iter().map(move |n| (m, n)));
        let small = small.flat_map(|(m, n)| [1, 3, 8, 17].into_iter().map(move |k| (m, n, k)));
        // And one of which A is copied.
        for (m, n, k) in small.chain([(65, 129, 65)]) {
            let (a, b) = (a.slice(end, m * k, f(0.5)), b.slice(end, k * n, f(2.0)));
            let c = c.slice(end, m * n, T::NAN);
            let want = f(k as f64).bits();
            let (by_rows, by_columns) = (MatRef::new(a, m, k), MatRef::new(a, k, m).t());
            for a in [by_rows, by_columns] {
                for b in [MatRef::new(b, k, n), MatRef::new(b, n, k).t()] {
                    gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(c, m, n));
                    assert!(c.iter().all(|c| c.bits() == want), "{} {end:?} {m} {k} {n}", exec.isa());
                    c.fill(T::NAN);
                    gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(c, n, m).t());
                    assert!(c.iter().all(|c| c.bits() == want), "{} {end:?} {m} {k} {n}", exec.isa());
                    step_by_strips(exec, &Sgd { learning_rate: T::ONE }, a, b, c, []);
                    assert!(c.iter().all(|&c| c == T::ZERO), "{} {end:?} {m} {k} {n}", exec.isa());
                }
            }
        }
        for m in sizes {
            for n in sizes {
                let matrix = a.slice(end, m * n, f(0.5));
                let (by_rows, by_columns) = (MatRef::new(matrix, m, n), MatRef::new(matrix, n, m).t());
                for matrix in [by_rows, by_columns] {
                    let (x, y) = (b.slice(end, n, f(2.0)), d.slice(end, m, T::NAN));
                    gemv(exec, Accum::Replace, T::ONE, matrix, x, y);
                    assert!(y.iter().all(|y| y.bits() == f(n as f64).bits()), "{} {end:?} {m} {n}", exec.isa());
                    let (x, y) = (b.slice(end, m, f(2.0)), d.slice(end, n, T::NAN));
                    gemv_t(exec, Accum::Replace, T::ONE, matrix, x, y);
                    assert!(y.iter().all(|y| y.bits() == f(m as f64).bits()), "{} {end:?} {m} {n}", exec.isa());
                }
            }
        }
    });
}

/// Outputs are d·½·2 = d, targets d − 1: residuals 1, loss 1, the gradient 2·½ and of the intercept 2.
fn linear_models<T: Real>() {
    let f = T::from_f64;
    for_each_end(|exec, end| {
        let [mut a, mut b, mut c, mut d] = mappings::<T>(65 * 129);
        let [mut e, ..] = mappings::<T>(2 * 49);
        for rows in [1, 2, 7, 8, 9, 12, 17, 33, 49] {
            for cols in [1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 49] {
                let context = format_args!("{} {end:?} {rows} x {cols}", exec.isa());
                let x = a.slice(end, rows * cols, f(0.5));
                let y = b.slice(end, rows, f(cols as f64 - 1.0));
                let indptr: Vec<usize> = (0..=rows).map(|i| i * cols).collect();
                let indices: Vec<u32> = (0..rows * cols).map(|p| (p % cols) as u32).collect();
                let sparse = CsrRef::new(cols, &indptr, &indices, x).expect("a valid matrix");
                let mean = LossOptions::default();
                let close = |a: T, b: f64| (a.to_f64() - b).abs() < 1e-4;
                for intercept in [0, 1] {
                    let w = c.slice(end, cols + intercept, f(2.0));
                    if let [b] = &mut w[cols..] {
                        *b = T::ZERO;
                    }
                    let g = d.slice(end, cols + intercept, T::NAN);
                    let by_rows = MatRef::new(x, rows, cols);
                    let by_columns = MatRef::new(x, cols, rows).t();
                    let good = |loss: T, g: &[T]| close(loss, 1.0) && g[..cols].iter().all(|&g| close(g, 1.0));
                    for x in [by_rows, by_columns] {
                        assert!(good(loss_and_gradient(exec, Squared, x, y, mean, w, g), g), "{context}");
                        g.fill(T::NAN);
                    }
                    let loss = loss_and_gradient(exec, Squared, sparse, y, mean, w, g);
                    assert!(good(loss, g) && g[cols..].iter().all(|&g| close(g, 2.0)), "sparse, {context}");
                    let z = e.slice(end, rows, T::NAN);
                    outputs(exec, sparse, w, z);
                    assert!(z.iter().all(|&z| close(z, cols as f64)), "outputs, {context}");
                    g.fill(T::NAN);
                    gradient(exec, sparse, z, g);
                    assert!(g[..cols].iter().all(|&g| close(g, 0.5 * (rows * cols) as f64)), "gradient, {context}");
                    for batch_size in [1, 8] {
                        let epoch = Epoch { order: None, batch_size, learning_rates: &[T::ZERO], l2: T::ZERO };
                        assert!(close(sgd_epoch(exec, Squared, by_rows, y, epoch, w), 1.0), "epoch, {context}");
                    }
                }
                for bias in [false, true] {
                    // Rows of halves, of whose squares a quarter of the columns is the sum.
                    let (delta, s) = (MatRef::new(x, rows, cols), e.slice(end, rows, T::NAN));
                    let quarter = 0.25 * cols as f64;
                    row_norms(exec, delta, s);
                    assert!(s.iter().all(|&s| close(s, quarter)), "row norms, {context}");
                    let norm = quarter * (quarter + f64::from(u8::from(bias)));
                    per_example_norms(exec, Accum::Replace, delta, delta, bias, s);
                    assert!(s.iter().all(|&s| close(s, norm)), "per-example norms, {context}");
                    per_example_norms(exec, Accum::Add, sparse, delta, bias, s);
                    assert!(s.iter().all(|&s| close(s, 2.0 * norm)), "per-example norms, sparse, {context}");
                    let (delta, squared) = (MatRef::new(y, rows, 1), (cols as f64 - 1.0).powi(2) * rows as f64);
                    let g = d.slice(end, cols + usize::from(bias), T::NAN);
                    let right = |g: &[T]| {
                        let (by_weights, by_bias) = g.split_at(cols);
                        by_weights.iter().all(|&g| close(g, 0.25 * squared))
                            && by_bias.iter().all(|&g| close(g, squared))
                    };
                    second_moments(exec, MatRef::new(x, rows, cols), delta, g);
                    assert!(right(g), "second moments, {context}");
                    g.fill(T::NAN);
                    second_moments(exec, sparse, delta, g);
                    assert!(right(g), "second moments, sparse, {context}");
                }
                // Equal logits of two classes: half of each.
                let (w, g) = (c.slice(end, 2 * cols, f(2.0)), d.slice(end, 2 * cols, T::NAN));
                let z = e.slice(end, 2 * rows, T::NAN);
                csr_gemm(exec, sparse, 2, w, z);
                assert!(z.iter().all(|&z| close(z, cols as f64)), "sparse product, {context}");
                csr_gemm_t(exec, sparse, 2, z, g);
                assert!(g.iter().all(|&g| close(g, 0.5 * (rows * cols) as f64)), "its gradient, {context}");
                g.fill(T::NAN);
                let labels = vec![0; rows];
                let (x, labels) = (MatRef::new(x, rows, cols), ClassTargets::Labels(&labels));
                let loss = softmax_loss_and_gradient(exec, x, 2, labels, SoftmaxOptions::default(), w, g);
                let right = |(i, &g): (usize, &T)| (g.to_f64() + if i % 2 == 0 { 0.25 } else { -0.25 }).abs() < 1e-4;
                assert!(g.iter().enumerate().all(right), "softmax, {context}");
                assert!((loss.to_f64() - 2.0f64.ln()).abs() < 1e-4, "softmax, {context}");
            }
        }
    });
}

#[test]
fn linear_models_beside_guards() {
    linear_models::<f32>();
    linear_models::<f64>();
}
#[test]
fn vectors_beside_guards() {
    vectors::<f32>();
    vectors::<f64>();
}
#[test]
fn softmax_beside_guards() {
    softmax::<f32>();
    softmax::<f64>();
}
#[test]
fn matrices_beside_guards() {
    matrices::<f32>();
    matrices::<f64>();
}
