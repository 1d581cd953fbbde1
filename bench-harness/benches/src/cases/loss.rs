//! Losses with their gradients, which replace the outputs; those are copied first.

use super::{Case, Setting, Work, contest};
use crate::cases::Unit;
use crate::contest::{Entry, Timing};
use simdescent_kernels::MatMut;
use simdescent_kernels::loss::{
    Logistic, LossOptions, Pointwise, Squared, pointwise_in_place, softmax_cross_entropy_in_place,
};
use std::hint::black_box;

pub(super) fn cases() -> Vec<Case> {
    let pointwise = [(2_048, true), (1_000_000, false)].into_iter().flat_map(|(n, quick)| {
        [
            of_pointwise("squared", n, Squared, |z, y| 2.0 * (z - y)),
            of_pointwise("logistic", n, Logistic, |z, y| 1.0 / (1.0 + (-z).exp()) - y).quick(quick),
        ]
    });
    let softmax = [(4096, 10, true), (4096, 1000, false), (256, 50_000, false)].into_iter().map(softmax);
    pointwise.chain(softmax).collect()
}

/// Outputs are read and copied, read, and replaced; targets are read.
fn work(n: usize, targets: usize) -> Work {
    let each = (4 * n) as f64;
    let mut work = Work::memory(2.0 * each + (4 * targets) as f64, 2.0 * each, 2.0 * each);
    (work.amount, work.unit) = (n as f64, Unit::Elements);
    work
}

fn of_pointwise<P: Pointwise<f32> + 'static>(name: &str, n: usize, loss: P, derivative: fn(f32, f32) -> f32) -> Case {
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let z: Vec<f32> = (0..n).map(|i| 4.0 * (i as f32).sin()).collect();
        let y: Vec<f32> = (0..n).map(|i| (i % 3 == 0) as u8 as f32).collect();
        let ours = |out: &mut [f32]| {
            out.copy_from_slice(black_box(&z));
            black_box(pointwise_in_place(setting.exec, loss, out, &y, LossOptions::default()));
        };
        let plain = |out: &mut [f32]| {
            out.copy_from_slice(black_box(&z));
            let share = 1.0 / n as f32;
            out.iter_mut().zip(&y).for_each(|(z, y)| *z = share * derivative(*z, *y));
        };
        contest(&vec![0.0; n], 1e-6, ours, vec![Entry::new("plain", plain)]).hold(timing)
    };
    Case::new::<f32>(format!("loss/f32/{name}-{n}"), work(n, n), hold)
}

fn softmax((rows, classes, quick): (usize, usize, bool)) -> Case {
    let n = rows * classes;
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let z: Vec<f32> = (0..n).map(|i| 4.0 * (i as f32).sin()).collect();
        let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
        let ours = |out: &mut [f32]| {
            out.copy_from_slice(black_box(&z));
            black_box(softmax_cross_entropy_in_place(setting.exec, MatMut::new(out, rows, classes), &labels));
        };
        let plain = |out: &mut [f32]| {
            out.copy_from_slice(black_box(&z));
            let share = 1.0 / rows as f32;
            for (row, &label) in out.chunks_exact_mut(classes).zip(&labels) {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                row.iter_mut().for_each(|z| *z = (*z - max).exp());
                let scale = share / row.iter().sum::<f32>();
                row.iter_mut().for_each(|z| *z *= scale);
                row[label as usize] -= share;
            }
        };
        contest(&vec![0.0; n], 1e-5, ours, vec![Entry::new("plain", plain)]).hold(timing)
    };
    Case::new::<f32>(format!("loss/f32/softmax-{rows}x{classes}"), work(n, rows), hold).quick(quick)
}
