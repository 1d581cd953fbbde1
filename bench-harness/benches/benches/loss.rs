//! Losses with gradient, with criterion: the active instruction set at every size, each other one in L1 and on few and many
//! classes; `f32`, one thread. A call works in place, so each is preceded by a copy of the outputs; `copy` is that alone.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_kernels::loss::{
    Absolute, ClassTargets, Hinge, Huber, Logistic, LossOptions, Pointwise, Poisson, Quantile, Reduction,
    SoftmaxOptions, Squared, SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::{Exec, MatMut, MatRef, Par, isa};
use std::hint::black_box;

const IN_L1: usize = 2_048;
const LENGTHS: [usize; 3] = [IN_L1, 50_000, 1_000_000];
const CLASSES: [(usize, usize); 4] = [(4096, 10), (4096, 32), (4096, 1000), (256, 50_000)];

fn ours(
    c: &mut Criterion,
    name: &str,
    throughput: Throughput,
    (size, all): (&str, bool),
    outputs: &[f32],
    mut call: impl FnMut(Exec<'_>, &mut [f32]),
) {
    let mut x = outputs.to_vec();
    let mut group = c.benchmark_group(name);
    group.throughput(throughput);
    for &isa in isa::available() {
        if all || isa == isa::active() {
            let exec = Exec::new(isa, Par::Seq);
            group.bench_function(BenchmarkId::new(isa.name(), size), |b| {
                b.iter(|| {
                    x.copy_from_slice(black_box(outputs));
                    call(exec, black_box(&mut x));
                });
            });
        }
    }
}

fn pointwise(c: &mut Criterion) {
    for n in LENGTHS {
        let z: Vec<f32> = (0..n).map(|i| 4.0 * (i as f32).sin()).collect();
        let y: Vec<f32> = (0..n).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect();
        let weights = vec![0.5; n];
        let size = (&*n.to_string(), n == IN_L1);
        // read outputs and targets, write outputs; weights are read too
        let bytes = |passes: usize| Throughput::Bytes((passes * n * size_of::<f32>()) as u64);
        ours(c, "copy", bytes(3), size, &z, |_, _| ());
        let mean = LossOptions::default();
        fn of<P: Pointwise<f32>>(loss: P, y: &[f32], options: LossOptions<'_, f32>, exec: Exec<'_>, z: &mut [f32]) {
            black_box(pointwise_in_place(exec, loss, z, y, options));
        }
        ours(c, "squared", bytes(3), size, &z, |exec, z| of(Squared, &y, mean, exec, z));
        let weighted = LossOptions { reduction: Reduction::Mean, weights: Some(&weights) };
        ours(c, "squared, weights", bytes(4), size, &z, |exec, z| of(Squared, &y, weighted, exec, z));
        ours(c, "absolute", bytes(3), size, &z, |exec, z| of(Absolute, &y, mean, exec, z));
        ours(c, "Huber", bytes(3), size, &z, |exec, z| of(Huber { delta: 1.0 }, &y, mean, exec, z));
        ours(c, "quantile", bytes(3), size, &z, |exec, z| of(Quantile { tau: 0.9 }, &y, mean, exec, z));
        ours(c, "logistic", bytes(3), size, &z, |exec, z| of(Logistic, &y, mean, exec, z));
        ours(c, "hinge", bytes(3), size, &z, |exec, z| of(Hinge, &y, mean, exec, z));
        ours(c, "squared hinge", bytes(3), size, &z, |exec, z| of(SquaredHinge, &y, mean, exec, z));
        ours(c, "Poisson", bytes(3), size, &z, |exec, z| of(Poisson, &y, mean, exec, z));
    }
}

fn softmax(c: &mut Criterion) {
    for (rows, classes) in CLASSES {
        let z: Vec<f32> = (0..rows * classes).map(|i| 4.0 * (i as f32).sin()).collect();
        let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
        let probabilities = vec![1.0 / classes as f32; rows * classes];
        let probabilities = MatRef::new(&probabilities, rows, classes);
        let size = (&*format!("{rows}x{classes}"), classes == 10 || classes == 1000);
        let elements = || Throughput::Elements((rows * classes) as u64);
        ours(c, "copy of logits", elements(), size, &z, |_, _| ());
        let plain = SoftmaxOptions::default();
        let smoothed = SoftmaxOptions { label_smoothing: 0.1, ..plain };
        for (name, targets, options) in [
            ("softmax", ClassTargets::Labels(&labels), plain),
            ("softmax, smoothed", ClassTargets::Labels(&labels), smoothed),
            ("softmax, probabilities", ClassTargets::Probabilities(probabilities), plain),
        ] {
            ours(c, name, elements(), size, &z, |exec, z| {
                black_box(softmax_cross_entropy_with(exec, MatMut::new(z, rows, classes), targets, options));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = pointwise, softmax
}
criterion_main!(benches);
