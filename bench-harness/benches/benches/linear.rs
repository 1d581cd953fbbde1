//! Linear models in one pass with criterion: loss and gradient on every shape for the active instruction set, on one shape in L2
//! for each other one; ten classes; an epoch of SGD; a sparse X. `f32`, logistic loss, one thread.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_kernels::linear::{CsrRef, Epoch, loss_and_gradient, sgd_epoch, softmax_loss_and_gradient};
use simdescent_kernels::loss::{ClassTargets, Logistic, LossOptions, SoftmaxOptions};
use simdescent_kernels::{Exec, MatRef, Par, isa};
use std::hint::black_box;

const IN_L2: (usize, usize) = (512, 256);
const SHAPES: [(usize, usize); 4] = [(64, 100), IN_L2, (10_000, 32), (20_000, 784)];
const BATCHES: [usize; 3] = [1, 32, 256];
/// Stored elements of a sparse row.
const STORED: usize = 30;

fn dense(c: &mut Criterion) {
    let mut group = c.benchmark_group("linear model");
    for shape in SHAPES {
        let (m, d) = shape;
        let (x, y, w, mut g) = (vec![0.5f32; m * d], vec![1.0; m], vec![0.01; d], vec![0.0; d]);
        group.throughput(Throughput::Bytes((x.len() * size_of::<f32>()) as u64));
        for &isa in isa::available() {
            if shape == IN_L2 || isa == isa::active() {
                let exec = Exec::new(isa, Par::Seq);
                group.bench_function(BenchmarkId::new(isa.name(), format!("{m}x{d}")), |b| {
                    let x = MatRef::new(&x, m, d);
                    b.iter(|| loss_and_gradient(exec, Logistic, x, &y, LossOptions::default(), &w, black_box(&mut g)));
                });
            }
        }
    }
}

fn softmax(c: &mut Criterion) {
    let mut group = c.benchmark_group("softmax regression");
    for (m, d) in [IN_L2, (20_000, 784)] {
        let (x, labels, w, mut g) = (vec![0.5f32; m * d], vec![1; m], vec![0.01; 10 * d], vec![0.0; 10 * d]);
        group.throughput(Throughput::Bytes((x.len() * size_of::<f32>()) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{m}x{d}x10")), |b| {
            let (x, labels) = (MatRef::new(&x, m, d), ClassTargets::Labels(&labels));
            let options = SoftmaxOptions::default();
            b.iter(|| softmax_loss_and_gradient(Exec::default(), x, 10, labels, options, &w, black_box(&mut g)));
        });
    }
}

fn epochs(c: &mut Criterion) {
    let (m, d) = (20_000, 784);
    let (x, y) = (vec![0.5f32; m * d], vec![1.0; m]);
    let shuffled: Vec<u32> = (0..m).map(|i| (i * 7919 % m) as u32).collect();
    let mut group = c.benchmark_group("SGD epoch");
    group.throughput(Throughput::Elements(m as u64));
    for (name, order) in [("as they lie", None), ("shuffled", Some(&*shuffled))] {
        for batch_size in BATCHES {
            let mut w = vec![0.0; d];
            let epoch = Epoch { order, batch_size, learning_rates: &[1e-3], l2: 0.0 };
            group.bench_function(BenchmarkId::new(name, batch_size), |b| {
                b.iter(|| sgd_epoch(Exec::default(), Logistic, MatRef::new(&x, m, d), &y, epoch, black_box(&mut w)));
            });
        }
    }
}

fn sparse(c: &mut Criterion) {
    let (m, d) = (20_000, 10_000);
    let indptr: Vec<usize> = (0..=m).map(|i| STORED * i).collect();
    let indices: Vec<u32> = (0..STORED * m).map(|p| (p * 7919 % d) as u32).collect();
    let (values, y, w, mut g) = (vec![0.5f32; indices.len()], vec![1.0; m], vec![0.01; d], vec![0.0; d]);
    let x = CsrRef::new(d, &indptr, &indices, &values).expect("a valid matrix");
    let mut group = c.benchmark_group("sparse linear model");
    group.throughput(Throughput::Elements(indices.len() as u64));
    group.bench_function(BenchmarkId::from_parameter(format!("{m}x{d}, {STORED} per row")), |b| {
        b.iter(|| {
            let options = LossOptions::default();
            loss_and_gradient(Exec::default(), Logistic, x, &y, options, &w, black_box(&mut g))
        });
    });
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = dense, softmax, epochs, sparse
}
criterion_main!(benches);
