//! Vector operations from L1 to memory: the active instruction set at every length, each other one at one length in L1.

use crate::session::{Call, Session, alone, filled, isas, single};
use simdescent_kernels::{Exec, amax, asum, axpy, dot, nrm2, scale};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const IN_L1: usize = 2_000;
const LENGTHS: [usize; 4] = [IN_L1, 50_000, 1_000_000, 16_000_000];

type Reduction = fn(Exec<'_>, &[f32]) -> f32;

pub(crate) fn group(session: &mut Session) {
    for n in LENGTHS {
        for isa in isas(n == IN_L1) {
            let exec = alone(isa);
            let mut row = |name: &str, flops, numbers, prepare: &dyn Fn() -> Call<'static>| {
                let work = single(isa, flops, numbers);
                session.row([&"level-1", &format!("{name}, {isa}"), &n], n, work, prepare);
            };
            row("dot", 2 * n, [2 * n, 0, 2 * n], &|| {
                let (x, y) = (Aligned::new(n), Aligned::new(n));
                Box::new(move || _ = black_box(dot::<f32>(exec, black_box(&x), &y)))
            });
            let reductions: [(_, _, Reduction); 3] =
                [("nrm2", 2 * n, nrm2::<f32>), ("asum", n, asum::<f32>), ("amax", 0, amax::<f32>)];
            for (name, flops, reduction) in reductions {
                row(name, flops, [n, 0, n], &|| {
                    let x = Aligned::new(n);
                    Box::new(move || _ = black_box(reduction(exec, black_box(&x))))
                });
            }
            row("axpy", 2 * n, [2 * n, n, 2 * n], &|| {
                let (x, mut y) = (Aligned::new(n), filled(n, 0.25));
                Box::new(move || axpy(exec, 1e-9, &x, black_box(&mut y)))
            });
            row("scale", n, [n, n, n], &|| {
                let mut x = filled(n, 0.25);
                Box::new(move || scale(exec, -1.0, black_box(&mut x)))
            });
        }
    }
}
