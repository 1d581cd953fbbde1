//! Matrix–vector products from L1 to DRAM with criterion: the active instruction set on every shape, each other one on
//! one in L2; `f32`, one thread. Other crates take part with the feature `peers`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_benches::peers::{self, Peer};
use simdescent_kernels::{Accum, Exec, MatRef, Par, gemv, gemv_t, isa};
use std::hint::black_box;

const IN_L2: (usize, usize) = (512, 256);
const SHAPES: [(usize, usize); 5] = [(64, 100), IN_L2, (10_000, 32), (2048, 2048), (100_000, 784)];

fn both_orientations(c: &mut Criterion) {
    for shape in SHAPES {
        let (m, n) = shape;
        let (a, along, down) = (vec![0.5f32; m * n], vec![0.5f32; n], vec![0.5f32; m]);
        let (mut y, mut y_t) = (vec![0.0f32; m], vec![0.0f32; n]);
        let view = MatRef::new(&a, m, n);
        let mut bench = |name: &str, call: &mut dyn FnMut(Exec<'_>), peers: Vec<Peer<'_>>| {
            let mut group = c.benchmark_group(name);
            let size = format!("{m}x{n}");
            group.throughput(Throughput::Bytes(((m * n + m + n) * size_of::<f32>()) as u64));
            for &isa in isa::available() {
                if shape == IN_L2 || isa == isa::active() {
                    let exec = Exec::new(isa, Par::Seq);
                    group.bench_function(BenchmarkId::new(isa.name(), &size), |b| b.iter(|| call(exec)));
                }
            }
            for (name, mut call) in peers {
                group.bench_function(BenchmarkId::new(name, &size), |b| b.iter(&mut call));
            }
        };
        let call = &mut |exec: Exec<'_>| gemv(exec, Accum::Replace, 1.0, view, &along, black_box(&mut y));
        bench("gemv", call, peers::gemv(&a, &along, m));
        let call = &mut |exec: Exec<'_>| gemv_t(exec, Accum::Replace, 1.0, view, &down, black_box(&mut y_t));
        bench("gemv_t", call, peers::gemv_t(&a, &down, n));
    }
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = both_orientations
}
criterion_main!(benches);
