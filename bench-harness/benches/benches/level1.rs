//! Vector operations from L1 to DRAM with criterion: the active instruction set at every length, each other one at one
//! length in L1; `f32`, one thread. Other crates take part with the feature `peers`.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_benches::peers::{self, Peer};
use simdescent_kernels::{Exec, Par, amax, asum, axpy, dot, isa, nrm2, scale};
use std::hint::black_box;

const IN_L1: usize = 2_000;
const LENGTHS: [usize; 5] = [16, IN_L1, 50_000, 1_000_000, 30_000_000];

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn ours(group: &mut Group<'_>, n: usize, passes: usize, mut call: impl FnMut(Exec<'_>)) {
    group.throughput(Throughput::Bytes((passes * n * size_of::<f32>()) as u64));
    for &isa in isa::available() {
        if n == IN_L1 || isa == isa::active() {
            group.bench_function(BenchmarkId::new(isa.name(), n), |b| b.iter(|| call(Exec::new(isa, Par::Seq))));
        }
    }
}

fn theirs(group: &mut Group<'_>, n: usize, peers: Vec<Peer<'_>>) {
    for (name, mut call) in peers {
        group.bench_function(BenchmarkId::new(name, n), |b| b.iter(&mut call));
    }
}

fn level1(c: &mut Criterion) {
    for n in LENGTHS {
        let (x, mut y) = (vec![0.5f32; n], [(); 3].map(|()| vec![0.25f32; n]));
        let mut bench = |name: &str, passes: usize, call: &mut dyn FnMut(Exec<'_>), peers: Vec<Peer<'_>>| {
            let mut group = c.benchmark_group(name);
            ours(&mut group, n, passes, call);
            theirs(&mut group, n, peers);
        };
        bench("dot", 2, &mut |exec| _ = black_box(dot(exec, black_box(&x), &y[0])), peers::dot(&x, &y[0]));
        bench("nrm2", 1, &mut |exec| _ = black_box(nrm2(exec, black_box(&x))), peers::nrm2(&x));
        bench("asum", 1, &mut |exec| _ = black_box(asum(exec, black_box(&x))), peers::asum(&x));
        bench("amax", 1, &mut |exec| _ = black_box(amax(exec, black_box(&x))), peers::amax(&x));
        let [mine, a, b] = &mut y;
        bench("axpy", 3, &mut |exec| axpy(exec, 1e-9, &x, black_box(mine)), peers::axpy(1e-9, &x, [a, b]));
        bench("scale", 2, &mut |exec| scale(exec, -1.0, black_box(mine)), peers::scale(-1.0, [a, b]));
    }
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = level1
}
criterion_main!(benches);
