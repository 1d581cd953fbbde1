//! Test that tiles prefetch nothing beyond their operands. What lies there may be what another thread writes, which then has to fetch it
//! back each time: products on two threads took 10 to 30 % longer. Of the scalar tiles; the bounds are in the body that all share.

use super::gemm;
use crate::accum::Accum;
use crate::isa::Isa;
use crate::lanes::prefetched;
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::{Exec, Par};

use core::ops::Range;

/// Elements before, between and after the operands.
const MARGIN: usize = 4096;

/// How many prefetches of one product were of A, and how many of B.
fn counts<T: Real>((m, n, k): (usize, usize, usize), (a_t, b_t): (bool, bool)) -> (usize, usize) {
    let mut memory = vec![T::ONE; 4 * MARGIN + m * k + k * n + m * n];
    let base = memory.as_ptr().addr();
    let (before, c) = memory.split_at_mut(3 * MARGIN + m * k + k * n);
    let (a, b) = (&before[MARGIN..MARGIN + m * k], &before[2 * MARGIN + m * k..2 * MARGIN + m * k + k * n]);
    let view = |data, rows, cols, t| if t { MatRef::new(data, cols, rows).t() } else { MatRef::new(data, rows, cols) };
    let (a_view, b_view) = (view(a, m, k, a_t), view(b, k, n, b_t));
    let exec = Exec::new(Isa::scalar(), Par::Seq);
    let addresses = prefetched::during(|| {
        gemm(exec, Accum::Add, T::ONE, a_view, b_view, MatMut::new(&mut c[..m * n], m, n));
    });
    let inside = |x: &[T]| -> Range<usize> { x.as_ptr().addr()..x.as_ptr().addr() + size_of_val(x) };
    let of = |range: Range<usize>| addresses.iter().filter(|address| range.contains(address)).count();
    let (of_a, of_b) = (of(inside(a)), of(inside(b)));
    // Others are of packed panels and copied rows, which are elsewhere and this thread's own.
    let whole = base..base + (4 * MARGIN + m * k + k * n + m * n) * size_of::<T>();
    assert_eq!(of(whole), of_a + of_b, "{m}×{n}×{k}, transposed: {a_t}, {b_t}");
    (of_a, of_b)
}

fn inside_operands<T: Real>() {
    let (mut of_a, mut of_b) = (0, 0);
    for transposed in [(false, false), (true, false), (false, true), (true, true)] {
        for m in [1, 7, 12, 64, 200] {
            for (n, k) in [(1, 70), (10, 256), (16, 600), (33, 64), (64, 64), (100, 300), (300, 129)] {
                let (a, b) = counts::<T>((m, n, k), transposed);
                of_a += a;
                of_b += b;
            }
        }
    }
    assert!(of_a > 0 && of_b > 0, "prefetches are recorded: {of_a} of A, {of_b} of B");
}

#[test]
#[cfg_attr(miri, ignore = "slow, and a prefetch is no access that Miri checks")]
fn tiles_prefetch_their_operands_only() {
    inside_operands::<f32>();
    inside_operands::<f64>();
}
