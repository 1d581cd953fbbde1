//! Batch invariance: a row has the same bits alone, among a few and among 2048, on every instruction set and number of threads.

use crate::compare::assert_bits;
use crate::execs::for_each_exec;
use crate::inputs::{Effort, Kind, effort, numbers};
use simdescent_kernels::activation::{Activation, activation_gradient_in_place, bias_activation_in_place};
use simdescent_kernels::gemm::{ActivationGradient, BiasActivation, Prepacked, gemm_fused, gemm_prepacked};
use simdescent_kernels::linear::{self, CsrRef, csr_gemm};
use simdescent_kernels::loss::{
    ClassTargets, Huber, LossOptions, Reduction, SoftmaxOptions, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, gemm, gemv, math};

for_f32_and_f64! { every_kernel_with_rows }

/// Inputs of a row, outputs of a row: two blocks of K, a register and a tail.
const K: usize = 600;
const N: usize = 19;

/// What a kernel makes of `rows` rows of inputs `[rows, K]`: `[rows, width]`.
type OfRows<'a, T> = (&'a str, usize, Box<dyn Fn(Exec<'_>, &[T], usize) -> Vec<T> + Sync + 'a>);

fn kernels<'a, T: Real>(b: &'a [T], bias: &'a [T], w: &'a [T]) -> Vec<OfRows<'a, T>> {
    let product = move |exec: Exec<'_>, x: &[T], rows: usize, b: MatRef<'_, T>| {
        let mut c = vec![T::ONE; rows * N];
        gemm(exec, Accum::Add, T::from_f64(0.5), MatRef::new(x, rows, K), b, MatMut::new(&mut c, rows, N));
        c
    };
    let fused = move |exec: Exec<'_>, x: &[T], rows: usize, activation| {
        let mut c = vec![T::ZERO; rows * N];
        let (x, b) = (MatRef::new(x, rows, K), MatRef::new(b, K, N));
        gemm_fused(exec, x, b, MatMut::new(&mut c, rows, N), BiasActivation { bias, activation });
        c
    };
    vec![
        ("gemm A·B", N, Box::new(move |exec, x, rows| product(exec, x, rows, MatRef::new(b, K, N)))),
        ("gemm A·Bᵀ", N, Box::new(move |exec, x, rows| product(exec, x, rows, MatRef::new(b, N, K).t()))),
        (
            "gemm Aᵀ·B, transposed",
            N,
            Box::new(move |exec, x, rows| {
                // C is N × rows: the rows are its columns.
                let mut c = vec![T::ZERO; N * rows];
                let (a, x) = (MatRef::new(b, K, N).t(), MatRef::new(x, rows, K).t());
                gemm(exec, Accum::Replace, T::ONE, a, x, MatMut::new(&mut c, N, rows));
                (0..rows).flat_map(|i| (0..N).map(move |j| (i, j))).map(|(i, j)| c[j * rows + i]).collect()
            }),
        ),
        (
            "gemm, prepacked",
            N,
            Box::new(move |exec, x, rows| {
                let mut c = vec![T::ZERO; rows * N];
                let b = Prepacked::new(exec, MatRef::new(b, K, N));
                gemm_prepacked(exec, Accum::Replace, T::ONE, MatRef::new(x, rows, K), &b, MatMut::new(&mut c, rows, N));
                c
            }),
        ),
        ("gemm with bias and tanh", N, Box::new(move |exec, x, rows| fused(exec, x, rows, Activation::Tanh))),
        ("gemm with bias and gelu", N, Box::new(move |exec, x, rows| fused(exec, x, rows, Activation::Gelu))),
        (
            "gemm with the gradient of tanh",
            N,
            Box::new(move |exec, x, rows| {
                let mut c = vec![T::ZERO; rows * N];
                let outputs: Vec<T> = x.chunks(K).flat_map(|row| &row[..N]).copied().collect();
                let epilogue =
                    ActivationGradient { outputs: MatRef::new(&outputs, rows, N), activation: Activation::Tanh };
                let (x, b) = (MatRef::new(x, rows, K), MatRef::new(b, K, N));
                gemm_fused(exec, x, b, MatMut::new(&mut c, rows, N), epilogue);
                c
            }),
        ),
        (
            "gemv",
            1,
            Box::new(move |exec, x, rows| {
                let mut y = vec![T::ZERO; rows];
                gemv(exec, Accum::Replace, T::ONE, MatRef::new(x, rows, K), &w[..K], &mut y);
                y
            }),
        ),
        (
            "linear outputs",
            1,
            Box::new(move |exec, x, rows| {
                let mut z = vec![T::ZERO; rows];
                linear::outputs(exec, MatRef::new(x, rows, K), w, &mut z);
                z
            }),
        ),
        (
            "sparse outputs and csr_gemm",
            N + 1,
            Box::new(move |exec, x, rows| {
                let kept = |x: &[T]| (0..K).filter(|j| j % 3 == 0).map(|j| (j as u32, x[j])).collect::<Vec<_>>();
                let stored: Vec<(u32, T)> = x.chunks(K).flat_map(kept).collect();
                let indptr: Vec<usize> = (0..=rows).map(|i| i * K.div_ceil(3)).collect();
                let (indices, values): (Vec<u32>, Vec<T>) = stored.into_iter().unzip();
                let x = CsrRef::new(K, &indptr, &indices, &values).expect("ascending");
                let (mut z, mut c) = (vec![T::ZERO; rows], vec![T::ZERO; rows * N]);
                linear::outputs(exec, x, w, &mut z);
                csr_gemm(exec, x, N, b, &mut c);
                z.into_iter().zip(c.chunks(N)).flat_map(|(z, c)| [z].into_iter().chain(c.iter().copied())).collect()
            }),
        ),
        (
            "bias and activation, its gradient, exp",
            K,
            Box::new(move |exec, x, rows| {
                let (mut z, mut gradient) = (x.to_vec(), x.to_vec());
                bias_activation_in_place(exec, Activation::Sigmoid, MatMut::new(&mut z, rows, K), &w[..K]);
                activation_gradient_in_place(exec, Activation::Sigmoid, &mut gradient, &z);
                math::exp_in_place(exec, &mut gradient);
                gradient
            }),
        ),
        (
            "gradient of a loss, as a sum",
            K,
            Box::new(move |exec, x, rows| {
                let (mut z, y) = (x.to_vec(), vec![T::from_f64(0.1); rows * K]);
                let options = LossOptions { reduction: Reduction::Sum, weights: None };
                pointwise_in_place(exec, Huber { delta: T::from_f64(0.3) }, &mut z, &y, options);
                z
            }),
        ),
        (
            "gradient of the softmax cross-entropy, few classes, as a sum",
            10,
            Box::new(move |exec, x, rows| softmax(exec, x, rows, 10)),
        ),
        (
            "gradient of the softmax cross-entropy, many classes, as a sum",
            K,
            Box::new(move |exec, x, rows| softmax(exec, x, rows, K)),
        ),
    ]
}

fn softmax<T: Real>(exec: Exec<'_>, x: &[T], rows: usize, classes: usize) -> Vec<T> {
    let mut z: Vec<T> = x.chunks(K).flat_map(|row| &row[..classes]).copied().collect();
    let labels = vec![3; rows];
    let samples = LossOptions { reduction: Reduction::Sum, weights: None };
    let options = SoftmaxOptions { samples, label_smoothing: T::from_f64(0.1), ..SoftmaxOptions::default() };
    softmax_cross_entropy_with(exec, MatMut::new(&mut z, rows, classes), ClassTargets::Labels(&labels), options);
    z
}

fn every_kernel_with_rows<T: Real>() {
    let all = match effort() {
        Effort::Tiny => 9,
        Effort::Sample => 130,
        Effort::Full => 2048,
    };
    let x = numbers::<T>(Kind::Ordinary, all * K, 1);
    let (b, bias, w) = (
        numbers::<T>(Kind::Ordinary, K * N, 2),
        numbers::<T>(Kind::Ordinary, N, 3),
        numbers::<T>(Kind::Ordinary, K + 1, 4),
    );
    for (name, width, kernel) in kernels(&b, &bias, &w) {
        // Of the whole once, on the instruction set of the test that says that these are all the same.
        let whole = kernel(Exec::default(), &x, all);
        assert_eq!(whole.len(), all * width, "{name}");
        for_each_exec(|exec, label| {
            // Batches of many sizes, taken from the beginning, the middle and the end.
            for size in [1, 2, 3, 5, 8, 17, 64, 127] {
                let size = size.min(all);
                for from in [0, (all - size) / 2, all - size] {
                    let got = kernel(exec, &x[from * K..(from + size) * K], size);
                    let wanted = &whole[from * width..(from + size) * width];
                    assert_bits(&got, wanted, format_args!("{name}, {label}: rows {from} to {}", from + size));
                }
            }
        });
    }
}
