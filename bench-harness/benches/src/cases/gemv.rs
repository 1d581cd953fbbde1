//! Matrix–vector products, from L1 to memory.

use super::{Case, Setting, Work, contest, of_sum};
use crate::contest::{Entry, Timing};
use crate::peers;
use simdescent_kernels::{Accum, MatRef, gemv, gemv_t};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const SHAPES: [(usize, usize, bool); 6] =
    [(10, 256, false), (64, 100, true), (512, 256, true), (256, 784, false), (2048, 2048, false), (20_000, 784, false)];

pub(super) fn cases() -> Vec<Case> {
    let each = |(m, n, quick): (usize, usize, bool)| {
        let matrix = (4 * m * n) as f64;
        let work = |from: usize, to: usize| {
            let mut work = Work::memory(matrix + (4 * from) as f64, (4 * to) as f64, matrix);
            work.flops = 2.0 * (m * n) as f64;
            work
        };
        let straight = move |setting: Setting<'_>, timing: Timing<'_>| {
            let (a, x, y) = (Aligned::<f32>::new(m * n), Aligned::<f32>::new(n), vec![0.0; m]);
            let ours = |y: &mut [f32]| {
                gemv(setting.exec, Accum::Replace, 1.0, MatRef::new(black_box(&a), m, n), &x, y);
            };
            let plain = |y: &mut [f32]| {
                for (y, row) in y.iter_mut().zip(black_box(&*a).chunks_exact(n)) {
                    *y = row.iter().zip(&*x).map(|(a, x)| a * x).sum();
                }
            };
            let mut others = vec![Entry::new("plain", plain)];
            others.extend(peers::gemv(&a, (m, n), false, &x));
            others.extend(setting.blas.map(|blas| blas.gemv(&a, (m, n), false, &x)));
            contest(&y, 4.0 * of_sum::<f32>(n), ours, others).hold(timing)
        };
        let transposed = move |setting: Setting<'_>, timing: Timing<'_>| {
            let (a, x, y) = (Aligned::<f32>::new(m * n), Aligned::<f32>::new(m), vec![0.0; n]);
            let ours = |y: &mut [f32]| {
                gemv_t(setting.exec, Accum::Replace, 1.0, MatRef::new(black_box(&a), m, n), &x, y);
            };
            let plain = |y: &mut [f32]| {
                y.fill(0.0);
                for (x, row) in x.iter().zip(black_box(&*a).chunks_exact(n)) {
                    y.iter_mut().zip(row).for_each(|(y, a)| *y += a * x);
                }
            };
            let mut others = vec![Entry::new("plain", plain)];
            others.extend(peers::gemv(&a, (m, n), true, &x));
            others.extend(setting.blas.map(|blas| blas.gemv(&a, (m, n), true, &x)));
            contest(&y, 4.0 * of_sum::<f32>(m), ours, others).hold(timing)
        };
        [
            Case::new::<f32>(format!("gemv/f32/{m}x{n}"), work(n, m), straight).quick(quick),
            Case::new::<f32>(format!("gemv/f32/{m}x{n}-At"), work(m, n), transposed).quick(quick),
        ]
    };
    SHAPES.into_iter().flat_map(each).collect()
}
