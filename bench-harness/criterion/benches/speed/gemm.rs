//! Matrix products: squares and the layers of an MLP on the active instruction set, one square on each other; one thread and a
//! team of two; squares in `f64`.

use crate::session::{Session, isas};
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, Real, gemm};
use simdescent_measure::limits::Aligned;
use simdescent_measure::roofline::{Precision, Work};
use std::hint::black_box;

/// m, n, k
type Shape = (usize, usize, usize);
const ON_EVERY_ISA: Shape = (256, 256, 256);
const LARGE: Shape = (1024, 1024, 1024);
const SHAPES: [Shape; 6] = [(64, 64, 64), ON_EVERY_ISA, LARGE, (8, 512, 784), (128, 512, 784), (784, 512, 128)];

pub(crate) fn group(session: &mut Session) {
    let team = Team::new(2).expect("a second thread");
    products::<f32>(session, &team, "f32", Precision::Single, &SHAPES);
    products::<f64>(session, &team, "f64", Precision::Double, &[ON_EVERY_ISA, LARGE]);
}

fn products<T: Real>(session: &mut Session, team: &Team, element: &str, precision: Precision, shapes: &[Shape]) {
    for &shape in shapes {
        let (m, n, k) = shape;
        for isa in isas(shape == ON_EVERY_ISA && precision == Precision::Single) {
            for (threads, par) in [(1, Par::Seq), (2, Par::Team(team))] {
                if threads > 1 && isa != simdescent_kernels::isa::active() {
                    continue;
                }
                let flops = 2 * m * n * k;
                let (inputs, output) = (size_of::<T>() * (m * k + k * n), size_of::<T>() * m * n);
                let work = Work {
                    isa,
                    threads,
                    precision,
                    flops: flops as f64,
                    read: inputs as f64,
                    written: output as f64,
                    working_set: inputs + output,
                };
                let name = format!("{element}, {isa}{}", if threads > 1 { ", 2 threads" } else { "" });
                session.row([&"gemm", &name, &format!("{m} × {n} × {k}")], flops, work, || {
                    let (a, b, mut c) = (Aligned::new(m * k), Aligned::new(k * n), Aligned::new(m * n));
                    Box::new(move || {
                        let (a, b) = (MatRef::new(black_box(&a), m, k), MatRef::new(&b, k, n));
                        gemm(Exec::new(isa, par), Accum::Replace, T::ONE, a, b, MatMut::new(&mut c, m, n));
                    })
                });
            }
        }
    }
}
