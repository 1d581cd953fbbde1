//! Matrix products with criterion: squares and the layers of an MLP on the active instruction set, one square on each
//! other; `f32` and `f64`, one thread and a team of two. `versus_gemm` compares with other crates.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, Real, gemm, isa};
use std::hint::black_box;

const ON_EVERY_ISA: (usize, usize, usize) = (256, 256, 256);
/// m, n, k
const SHAPES: [(usize, usize, usize); 9] = [
    (8, 8, 8),
    (64, 64, 64),
    (100, 100, 100),
    ON_EVERY_ISA,
    (1024, 1024, 1024),
    (8, 512, 784),
    (128, 512, 784),
    (784, 512, 128),
    (512, 10, 256),
];

fn products<T: Real>(c: &mut Criterion, element: &str) {
    let team = Team::new(2).expect("a second thread");
    for shape in SHAPES {
        let (m, n, k) = shape;
        let (a, b, mut out) = (vec![T::ONE; m * k], vec![T::ONE; k * n], vec![T::ZERO; m * n]);
        let mut group = c.benchmark_group(format!("gemm {element}"));
        let size = format!("{m}x{n}x{k}");
        group.throughput(Throughput::Elements(2 * (m * n * k) as u64)); // flops
        for &isa in isa::available() {
            for (threads, par) in [(1, Par::Seq), (2, Par::Team(&team))] {
                if isa != isa::active() && (shape != ON_EVERY_ISA || threads > 1) {
                    continue;
                }
                let exec = Exec::new(isa, par);
                group.bench_function(BenchmarkId::new(format!("{isa}, {threads} thread(s)"), &size), |bench| {
                    bench.iter(|| {
                        let (a, b) = (MatRef::new(black_box(&a), m, k), MatRef::new(&b, k, n));
                        gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(&mut out, m, n));
                    });
                });
            }
        }
    }
}

fn both_types(c: &mut Criterion) {
    products::<f32>(c, "f32");
    products::<f64>(c, "f64");
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = both_types
}
criterion_main!(benches);
