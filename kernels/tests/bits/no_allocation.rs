//! After a warm-up call, no kernel allocates, and neither does a team.

use simdescent_kernels::gemm::{Update, gemm_fused, step_by_strips};
use simdescent_kernels::linear::{
    CsrRef, Epoch, csr_gemm, csr_gemm_t, gradient, loss_and_gradient, outputs, per_example_norms, row_norms,
    second_moments, sgd_epoch, softmax_loss_and_gradient,
};
use simdescent_kernels::loss::{
    ClassTargets, Logistic, LossOptions, Poisson, Reduction, SoftmaxOptions, logistic_in_place, pointwise_in_place,
    softmax_cross_entropy_in_place, softmax_cross_entropy_with, squared_in_place,
};
use simdescent_kernels::optimizer::{
    Adafactor, AdafactorOptions, Adam, Averaging, DecoupledDecay, Lamb, LambOptions, Scaled, Sgd, clip_factor,
    fused_step, lamb_step, orthogonalize, schedule_free_average,
};
use simdescent_kernels::{
    Accum, Exec, MatMut, MatRef, Par, Real, Team, amax, asum, axpy, dot, gemm, gemv, gemv_t, isa, math, nrm2, scale,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts what the calling thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is passed on to the system allocator unchanged; counting neither allocates (the thread-local is
// initialized at compile time and needs no destructor) nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's obligations are those of the system allocator.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, size) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` allocates when it runs for the second time.
fn allocations(mut work: impl FnMut()) -> usize {
    work();
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn every_kernel<T: Real>(n: usize) {
    let f = T::from_f64;
    for &isa in isa::available() {
        let exec = Exec::new(isa, Par::Seq);
        let assert_none = |name: &str, work: &mut dyn FnMut()| {
            let count = allocations(work);
            assert_eq!(count, 0, "{name}, {isa}, n = {n}: {count} allocations");
        };
        let (x, mut y) = (vec![f(0.5); n], vec![f(0.25); n]);
        assert_none("dot", &mut || _ = dot(exec, &x, &y));
        assert_none("nrm2", &mut || _ = (nrm2(exec, &x), asum(exec, &x), amax(exec, &x)));
        assert_none("axpy", &mut || axpy(exec, f(0.5), &x, &mut y));
        assert_none("scale", &mut || scale(exec, f(0.5), &mut y));
        for function in [
            math::exp_in_place as fn(Exec<'_>, &mut [T]),
            math::log_in_place,
            math::log1p_in_place,
            math::tanh_in_place,
            math::expm1_in_place,
            math::softplus_in_place,
            math::gelu_in_place,
            math::gelu_derivative_in_place,
        ] {
            assert_none("math", &mut || function(exec, &mut y));
        }
        assert_none("squared loss", &mut || _ = squared_in_place(exec, &mut y, &x));
        assert_none("logistic loss", &mut || _ = logistic_in_place(exec, &mut y, &x));

        let samples = LossOptions { reduction: Reduction::Mean, weights: Some(&*x) };
        assert_none("Poisson loss with weights", &mut || {
            pointwise_in_place(exec, Poisson, &mut y, &x, samples);
        });

        let (mut w, mut m, mut v) = (vec![f(0.5); n], vec![f(0.0); n], vec![f(0.0); n]);
        let sgd = Sgd { learning_rate: f(0.1) };
        assert_none("SGD", &mut || fused_step(exec, &sgd, &mut w, &x, []));
        let rule = DecoupledDecay { rate: f(0.1), rule: Adam::at_step(3, 0.1, 0.9, 0.999, 1e-8) };
        assert_none("AdamW", &mut || fused_step(exec, &rule, &mut w, &x, [&mut m, &mut v]));

        assert_none("clipped SGD", &mut || {
            fused_step(exec, &Scaled { factor: clip_factor(exec, &x, f(0.1)), rule: sgd }, &mut w, &x, []);
        });
        let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
        let lamb = Lamb::at_step(3, 0.1, options);
        assert_none("LAMB", &mut || lamb_step(exec, &lamb, &mut w, &x, [&mut m, &mut v]));
        let (rows, mut r, mut c) = (n.min(40), vec![f(0.0); n.min(40)], vec![f(0.0); n / n.min(40)]);
        let (g, cols) = (&x[..rows * c.len()], c.len());
        let averages = AdafactorOptions { beta2: Averaging::new(0.5), epsilon: f(1e-30) };
        assert_none("Adafactor", &mut || {
            let moment = Adafactor::estimate(exec, averages, g, &mut r, &mut c);
            let rule = Scaled { factor: moment.rms(exec, g), rule: sgd };
            moment.step(exec, &rule, &mut w[..g.len()], g, []);
        });
        assert_none("Muon", &mut || orthogonalize(exec, &mut w[..g.len()], rows, cols));
        assert_none("average", &mut || schedule_free_average(exec, 0.9, &mut w, &m));

        for classes in [3, 10, 50] {
            let rows = n.div_ceil(classes);
            let (mut z, labels) = (vec![f(0.5); rows * classes], vec![1; rows]);
            assert_none("softmax", &mut || {
                softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, rows, classes), &labels);
            });
            let options = SoftmaxOptions { label_smoothing: f(0.1), ..SoftmaxOptions::default() };
            assert_none("softmax, smoothed", &mut || {
                let logits = MatMut::new(&mut z, rows, classes);
                softmax_cross_entropy_with(exec, logits, ClassTargets::Labels(&labels), options);
            });
        }

        let (m, k) = (n.min(150), n.min(530));
        let (a, b) = (vec![f(0.5); m * k], vec![f(0.5); k * n]);
        let (mut c, mut flat, mut tall) = (vec![f(0.0); m * n], vec![f(0.0); m * n], vec![f(0.0); m]);
        let (a, b) = (MatRef::new(&a, m, k), MatRef::new(&b, k, n));
        assert_none("gemv", &mut || gemv(exec, Accum::Add, f(1.0), a, &x[..k], &mut tall));
        assert_none("gemv, columns", &mut || gemv(exec, Accum::Add, f(1.0), b.t(), &x[..k], &mut y));
        assert_none("gemv_t", &mut || gemv_t(exec, Accum::Add, f(1.0), b, &x[..k], &mut y));
        assert_none("gemv_t, columns", &mut || gemv_t(exec, Accum::Add, f(1.0), a.t(), &x[..k], &mut tall));
        let (mut g, targets) = (vec![f(0.0); k + 1], vec![f(0.5); m]);
        let weights = vec![f(0.25); k + 1];
        let epoch = Epoch { order: None, batch_size: 8, learning_rates: &[f(0.1)], l2: f(0.0) };
        assert_none("linear model", &mut || {
            loss_and_gradient(exec, Logistic, a, &targets, LossOptions::default(), &weights, &mut g);
            sgd_epoch(exec, Logistic, a, &targets, epoch, &mut g);
        });
        let (indptr, indices): (Vec<usize>, Vec<u32>) = ((0..=m).collect(), vec![0; m]);
        let sparse = CsrRef::new(k, &indptr, &indices, &x[..m]).expect("a valid matrix");
        assert_none("sparse linear model", &mut || {
            loss_and_gradient(exec, Logistic, sparse, &targets, LossOptions::default(), &weights, &mut g);
            sgd_epoch(exec, Logistic, sparse, &targets, epoch, &mut g);
            outputs(exec, sparse, &weights, &mut tall);
            gradient(exec, sparse, &tall, &mut g);
            csr_gemm(exec, sparse, 1, &weights[..k], &mut tall);
            csr_gemm_t(exec, sparse, 1, &tall, &mut g[..k]);
        });
        let delta = vec![f(0.5); m];
        let delta = MatRef::new(&delta, m, 1);
        assert_none("per-example norms", &mut || {
            row_norms(exec, a, &mut tall);
            per_example_norms(exec, Accum::Add, a, delta, true, &mut tall);
            per_example_norms(exec, Accum::Add, sparse, delta, true, &mut tall);
            second_moments(exec, a, delta, &mut g);
            second_moments(exec, sparse, delta, &mut g);
        });
        let labels = vec![0; m];
        assert_none("softmax regression", &mut || {
            let labels = ClassTargets::Labels(&labels);
            softmax_loss_and_gradient(exec, a, 1, labels, SoftmaxOptions::default(), &weights, &mut g);
        });
        assert_none("gemm", &mut || gemm(exec, Accum::Add, f(1.0), a, b, MatMut::new(&mut c, m, n)));
        let (mut c, at, bt) = (MatMut::new(&mut c, n, m), b.t(), a.t());
        assert_none("gemm, transposed", &mut || gemm(exec, Accum::Add, f(1.0), at, bt, c.reborrow()));
        assert_none("gemm, update", &mut || {
            let sgd = Update::new(Sgd { learning_rate: f(0.1) }, (n, m), []);
            gemm_fused(exec, at, bt, MatMut::new(&mut flat, n, m), sgd);
        });
        let (mut m1, mut v1) = (flat.clone(), flat.iter().map(|x| x.abs()).collect::<Vec<_>>());
        let adam = Adam::at_step(3, 0.1, 0.9, 0.999, 1e-8);
        assert_none("step by strips", &mut || step_by_strips(exec, &adam, at, bt, &mut flat, [&mut m1, &mut v1]));
        // The scratch of a larger product serves the smaller one, without a warm-up.
        let (half, _) = at.split_rows_at(n / 2);
        let (mut upper, _) = c.split_rows_at(n / 2);
        let before = ALLOCATIONS.get();
        gemm(exec, Accum::Add, f(1.0), half, bt, upper.reborrow());
        assert_eq!(ALLOCATIONS.get(), before, "smaller gemm, {isa}, n = {n}");
    }
}

#[test]
fn no_kernel_allocates() {
    let slow = cfg!(target_arch = "aarch64"); // probably emulated
    for n in if cfg!(miri) { vec![7] } else { vec![1, 7, 100, if slow { 300 } else { 1100 }] } {
        every_kernel::<f32>(n);
        every_kernel::<f64>(n);
    }
}

/// Neither the calling thread nor a worker, whose count the job reads.
#[test]
fn no_job_of_a_team_allocates() {
    let team = Team::new(2).expect("a team");
    let (x, mut y) = (vec![0.5f32; 100_000], vec![0.5; 100_000]);
    let exec = Exec::new(isa::active(), Par::Team(&team));
    // Small output, many steps, B to be packed: threads share K blocks, whose sums lie in one scratch buffer while each
    // product borrows another.
    let (a, mut c) = (MatRef::new(&x, 10, 10_000), [0.0; 100]);
    let mut jobs = |y: &mut [f32]| {
        for jobs in 0..if cfg!(miri) { 1 } else { 100 } {
            team.for_each(3, &|_| ());
            if !cfg!(miri) {
                axpy(exec, 0.5, &x, y);
                std::hint::black_box(dot(exec, &x, y));
                gemm(exec, Accum::Replace, 1.0, a, a.t(), MatMut::new(&mut c, 10, 10));
            }
            if jobs % 50 == 0 {
                std::thread::sleep(std::time::Duration::from_micros(200)); // workers park
            }
        }
    };
    let of_worker = || {
        let (worker, both) = (AtomicUsize::new(0), std::sync::Barrier::new(2));
        let this = std::thread::current().id();
        team.for_each(2, &|_| {
            both.wait(); // one part each
            // Makes this thread's scratch: on a busy machine the worker may have come too late for every job.
            gemm(exec.seq(), Accum::Replace, 1.0, a, a.t(), MatMut::new(&mut [0.0; 100], 10, 10));
            if std::thread::current().id() != this {
                worker.store(ALLOCATIONS.get(), Relaxed);
            }
        });
        worker.into_inner()
    };
    jobs(&mut y);
    let there = of_worker();
    let before = ALLOCATIONS.get();
    jobs(&mut y);
    assert_eq!(ALLOCATIONS.get(), before, "the calling thread");
    // The first reading came after `std::thread::current` of the worker had made its handle.
    assert_eq!(of_worker(), there, "the worker");
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1, 2, 3]))), 1);
}
