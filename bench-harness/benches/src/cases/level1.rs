//! Vectors, from L1 to L3.

use super::{Case, Setting, Work, contest, of_sum};
use crate::contest::{Entry, Timing};
use crate::peers;
use simdescent_kernels::{amax, asum, axpy, dot, nrm2, scale};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const LENGTHS: [(usize, bool); 4] = [(16, false), (2_000, true), (50_000, false), (1_000_000, false)];

pub(super) fn cases() -> Vec<Case> {
    LENGTHS.into_iter().flat_map(|(n, quick)| sums(n, quick).into_iter().chain(updates(n, quick))).collect()
}

/// Numbers from 1/4 to 1, so that a sum is known about as well as its terms.
fn positive(n: usize) -> Aligned<f32> {
    let mut x = Aligned::<f32>::new(n);
    x.iter_mut().for_each(|x| *x = 0.25 + 0.75 * x.abs());
    x
}

fn bytes(read: usize, written: usize, n: usize) -> Work {
    let each = (4 * n) as f64;
    Work::memory(read as f64 * each, written as f64 * each, read.max(written) as f64 * each)
}

/// What makes one number of a vector, or of two.
fn sums(n: usize, quick: bool) -> Vec<Case> {
    type OfOne = fn(Setting<'_>, &[f32]) -> f32;
    type Plain = fn(&[f32]) -> f32;
    type Theirs = for<'a> fn(&'a [f32]) -> Vec<Entry<'a, f32>>;
    let of_one: [(&str, OfOne, Plain, Theirs); 3] = [
        ("nrm2", |s, x| nrm2(s.exec, x), |x| x.iter().map(|x| x * x).sum::<f32>().sqrt(), peers::nrm2),
        ("asum", |s, x| asum(s.exec, x), |x| x.iter().map(|x| x.abs()).sum(), peers::asum),
        ("amax", |s, x| amax(s.exec, x), |x| x.iter().fold(0.0f32, |max, x| max.max(x.abs())), peers::amax),
    ];
    let of_one = of_one.into_iter().map(|(name, of, plain, theirs)| {
        let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
            let x = positive(n);
            let mut others = vec![Entry::new("plain", |y: &mut [f32]| y[0] = plain(black_box(&x)))];
            others.extend(theirs(&x));
            contest(&[0.0], of_sum::<f32>(n), |y| y[0] = of(setting, black_box(&x)), others).hold(timing)
        };
        Case::new::<f32>(format!("{name}/f32/{n}"), bytes(1, 0, n), hold).quick(quick && name == "nrm2")
    });
    let dot_of_two = move |setting: Setting<'_>, timing: Timing<'_>| {
        let (a, b) = (positive(n), positive(n));
        let plain = |y: &mut [f32]| y[0] = black_box(&*a).iter().zip(&*b).map(|(a, b)| a * b).sum();
        let mut others = vec![Entry::new("plain", plain)];
        others.extend(peers::dot(&a, &b));
        others.extend(setting.blas.map(|blas| blas.dot(&a, &b)));
        contest(&[0.0], of_sum::<f32>(n), |y| y[0] = dot(setting.exec, black_box(&a), &b), others).hold(timing)
    };
    of_one.chain([Case::new::<f32>(format!("dot/f32/{n}"), bytes(2, 0, n), dot_of_two).quick(quick)]).collect()
}

/// What changes a vector.
fn updates(n: usize, quick: bool) -> Vec<Case> {
    const ALPHA: f32 = 1e-9; // so that no number grows
    let axpy_case = move |setting: Setting<'_>, timing: Timing<'_>| {
        let (x, y) = (Aligned::<f32>::new(n), Aligned::<f32>::new(n));
        let mut others = vec![Entry::new("plain", |y: &mut [f32]| {
            y.iter_mut().zip(black_box(&*x)).for_each(|(y, x)| *y += ALPHA * x);
        })];
        others.extend(peers::axpy(ALPHA, &x));
        others.extend(setting.blas.map(|blas| blas.axpy(ALPHA, &x)));
        contest(&y, 1e-6, |y| axpy(setting.exec, ALPHA, &x, y), others).hold(timing)
    };
    let scale_case = move |setting: Setting<'_>, timing: Timing<'_>| {
        let x = Aligned::<f32>::new(n);
        let mut others = vec![Entry::new("plain", |x: &mut [f32]| {
            let factor = black_box(-1.0);
            x.iter_mut().for_each(|x| *x *= factor);
        })];
        others.extend(peers::scale(-1.0));
        contest(&x, 0.0, |x| scale(setting.exec, -1.0, x), others).hold(timing)
    };
    vec![
        Case::new::<f32>(format!("axpy/f32/{n}"), bytes(2, 1, n), axpy_case).quick(quick),
        Case::new::<f32>(format!("scale/f32/{n}"), bytes(1, 1, n), scale_case),
    ]
}
