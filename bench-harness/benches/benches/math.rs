//! The functions of `math` in L1 with criterion: the active instruction set for `f32` and `f64`, each other one for `f32`;
//! one thread. A call works in place, so each is preceded by a copy of the arguments; `copy` is that alone.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_kernels::{Exec, Par, Real, isa, math};
use std::hint::black_box;

const IN_L1: usize = 2_048;

type Function<T> = fn(Exec<'_>, &mut [T]);

fn functions<T: Real>() -> [(&'static str, Function<T>); 10] {
    [
        ("copy", |_, _| ()),
        ("exp", math::exp_in_place),
        ("expm1", math::expm1_in_place),
        ("log", math::log_in_place),
        ("log1p", math::log1p_in_place),
        ("tanh", math::tanh_in_place),
        ("sigmoid", math::sigmoid_in_place),
        ("softplus", math::softplus_in_place),
        ("gelu", math::gelu_in_place),
        ("gelu_derivative", math::gelu_derivative_in_place),
    ]
}

fn bench<T: Real>(c: &mut Criterion, element: &str) {
    let arguments: Vec<T> = (1..=IN_L1).map(|i| T::from_f64(8.0 * i as f64 / IN_L1 as f64)).collect();
    let mut x = arguments.clone();
    for (name, function) in functions::<T>() {
        let mut group = c.benchmark_group(format!("{name} {element}"));
        group.throughput(Throughput::Elements(IN_L1 as u64));
        for &isa in isa::available() {
            if element == "f32" || isa == isa::active() {
                let exec = Exec::new(isa, Par::Seq);
                group.bench_function(BenchmarkId::new(isa.name(), IN_L1), |b| {
                    b.iter(|| {
                        x.copy_from_slice(black_box(&arguments));
                        function(exec, black_box(&mut x));
                    });
                });
            }
        }
    }
}

fn math(c: &mut Criterion) {
    bench::<f32>(c, "f32");
    bench::<f64>(c, "f64");
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = math
}
criterion_main!(benches);
