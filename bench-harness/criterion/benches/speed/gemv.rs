//! Matrix–vector products from L1 to memory: the active instruction set on every shape, each other one on one in L2.

use crate::session::{Session, alone, filled, isas, single};
use simdescent_kernels::{Accum, MatRef, gemv, gemv_t};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const IN_L2: (usize, usize) = (512, 256);
const SHAPES: [(usize, usize); 4] = [(64, 100), IN_L2, (2048, 2048), (20_000, 784)];

pub(crate) fn group(session: &mut Session) {
    for shape in SHAPES {
        let (m, n) = shape;
        for isa in isas(shape == IN_L2) {
            let (exec, size) = (alone(isa), format!("{m} × {n}"));
            let work = |read, written| single(isa, 2 * m * n, [m * n + read, written, m * n + m + n]);
            session.row([&"gemv", &format!("A·x, {isa}"), &size], 2 * m * n, work(n, m), || {
                let (a, x, mut y) = (Aligned::new(m * n), filled(n, 0.5), filled(m, 0.0));
                Box::new(move || gemv(exec, Accum::Replace, 1.0, MatRef::new(&a, m, n), &x, black_box(&mut y)))
            });
            session.row([&"gemv", &format!("Aᵀ·x, {isa}"), &size], 2 * m * n, work(m, n), || {
                let (a, x, mut y) = (Aligned::new(m * n), filled(m, 0.5), filled(n, 0.0));
                Box::new(move || gemv_t(exec, Accum::Replace, 1.0, MatRef::new(&a, m, n), &x, black_box(&mut y)))
            });
        }
    }
}
