//! Muon (Jordan et al. 2024; Liu et al. 2025): momentum, made orthogonal.

use super::UpdateRule;
use crate::accum::Accum;
use crate::gemm::{Scratch, gemm};
use crate::lanes::Lanes;
use crate::matrix::{MatMut, MatRef};
use crate::norm::Norm;
use crate::real::Real;
use crate::scale::scale;
use crate::threads::Exec;
use core::mem::swap;

/// The first part of a step of Muon, which moves no parameter: m ← fma(μ, m, g); d ← fma(μ, m, g), with state \[m, d\].
///
/// Then d ← [`orthogonalize`]`(d)`, and d is the gradient of a step of [`Sgd`](super::Sgd), with
/// [`DecoupledDecay`](super::DecoupledDecay) around it. What the rate is multiplied by differs: 0.2·√max(rows, columns) in Liu et al.
/// gives the parameters steps of the size that AdamW's have, so that rate and decay serve both; √max(1, outputs/inputs) in Jordan et
/// al. needs a rate of its own. (PyTorch has both.) Averages m ← μ·m + (1−μ)·g, as in Jordan's code of today, give the same
/// direction.
///
/// ```
/// use simdescent_kernels::{Exec, optimizer::{MuonMomentum, Sgd, fused_step, orthogonalize}};
/// let (exec, gradient) = (Exec::default(), [3.0f32, 0.0, 0.0, 0.0, 3.0, 0.0]); // 2 x 3
/// let (mut w, mut m, mut d) = ([0.0; 6], [0.0; 6], [0.0; 6]);
/// fused_step(exec, &MuonMomentum { momentum: 0.95 }, &mut w, &gradient, [&mut m, &mut d]);
/// orthogonalize(exec, &mut d, 2, 3);
/// fused_step(exec, &Sgd { learning_rate: 0.02 * 0.2 * 3f32.sqrt() }, &mut w, &d, []);
/// assert!(w[0] < -0.68 * 0.02 * 0.34 && w[0] == w[4] && w[1] == 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuonMomentum<T> {
    /// μ, in [0, 1), e.g. 0.95
    pub momentum: T,
}

impl<T: Real> UpdateRule<T, 2> for MuonMomentum<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [m, _]: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let momentum = l.splat(self.momentum);
        let m = l.fma(momentum, m, g);
        (w, [m, l.fma(momentum, m, g)])
    }
}

/// a, b, c of [`orthogonalize`].
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Brings the singular values of `x`, rows × columns and row-major, near one: X = U·Σ·Vᵀ becomes about U·Vᵀ.
///
/// X ← X·(1/(‖X‖ + 1e-7)) with the Frobenius norm ([`nrm2`](crate::nrm2); two factors where it is beyond the largest number), then five
/// Newton–Schulz steps X ← a·X + b·A·X + c·A²·X, where A = X·Xᵀ (XᵀX where there are more rows than columns) and a, b, c =
/// 3.4445, −4.7750, 2.0315. Of then ‖X‖ = 1, singular values from 0.01 on
/// come to lie in \[0.68, 1.14\], those from 0.002 on in \[0.68, 1.21\], smaller ones grow up to 485 times. They do not converge to 1: the
/// price of so steep a start.
///
/// Order: A by [`gemm`](crate::gemm()); P ← b·A, P ← P + c·A·A by `gemm`, a added to the diagonal of P; X ← P·X by `gemm`. In the precision
/// of X, where others take bfloat16. With s the smaller side and l the larger: 20·s²·l + 10·s³ floating-point
/// operations, many times those of a step on a small batch.
///
/// # Panics
/// If the length is not rows·columns.
#[track_caller]
#[inline(never)]
pub fn orthogonalize<T: Real>(exec: Exec<'_>, x: &mut [T], rows: usize, cols: usize) {
    assert_eq!(x.len(), rows * cols, "orthogonalize: the elements do not fill {rows}x{cols}");
    let side = rows.min(cols);
    let [a, b, c] = QUINTIC.map(T::from_f64);
    let mut scratch = Scratch::borrow::<T>(2 * side * side + x.len());
    let (gram, rest) = scratch.elements().split_at_mut(side * side);
    let (polynomial, rest) = rest.split_at_mut(side * side);
    let y = &mut rest[..x.len()];
    y.copy_from_slice(x);
    Norm::of(exec, x).normalize(exec, T::from_f64(1e-7), y);
    // Odd steps end in x.
    let (mut from, mut to) = (y, x);
    for _ in 0..5 {
        let (old, new) = (MatRef::new(from, rows, cols), MatMut::new(to, rows, cols));
        let (old, new) = if rows > cols { (old.t(), new.t()) } else { (old, new) };
        gemm(exec, Accum::Replace, T::ONE, old, old.t(), MatMut::new(gram, side, side));
        polynomial.copy_from_slice(gram);
        scale(exec, b, polynomial);
        let square = MatRef::new(gram, side, side);
        gemm(exec, Accum::Add, c, square, square, MatMut::new(polynomial, side, side));
        for diagonal in polynomial.iter_mut().step_by(side + 1) {
            *diagonal = *diagonal + a;
        }
        gemm(exec, Accum::Replace, T::ONE, MatRef::new(polynomial, side, side), old, new);
        swap(&mut from, &mut to);
    }
}
