//! Matrix–matrix product: contract, checks, the loops around the microkernel, and how threads share the work.
//!
//! ```text
//! LOOP 5  columns of C in strips of NC              B strip and C strip
//! LOOP 4    k in canonical blocks of KC             pack KC × NC of B   (L3)
//! LOOP 3      rows of C in strips of MC             pack MC × KC of A   (L2)
//! LOOP 2        columns of the strip in tiles of NR                     (one B panel in L1)
//! LOOP 1          rows of the strip in tiles of MR
//! LOOP 0            microkernel: k steps of MR × NR FMAs in registers
//! ```
//!
//! (Goto & van de Geijn 2008, numbered as in BLIS.) Only KC decides bits, and it is a function of k alone
//! ([`k_block`]); MR, NR, MC, NC belong to the ISA and live in `gemm/tile/`.

mod blocking;
mod microkernel;
mod packing;
mod tile;

pub use blocking::k_block;
pub use tile::{Destination, Tile};

use crate::accum::Accum;
use crate::lanes::{Kernel, Lanes};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::Exec;
use packing::{pack, with_scratch};

/// C ← α·A·B (or C + α·A·B).
///
/// - `a`: m × k, `b`: k × n, `c`: m × n; any strides, so transposed operands are [`t()`](MatRef::t) of the others
///
/// Each element of C is, per block of [`k_block`]`(k)` steps, one FMA chain over k starting from +0; the block sums
/// p₀, p₁, … go to C in order: c ← α·p₀ (or fma(α, p₀, c)), then c ← fma(α, pᵢ, c). An element's bits therefore
/// depend on its row of A, its column of B, and nothing else: not on m or n, the strides, the ISA or the threads.
/// [`Accum::Replace`] never reads C; with k = 0 it writes zeros.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn gemm<T: Real>(exec: Exec<'_>, accum: Accum, alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, c: MatMut<'_, T>) {
    assert!(
        a.cols() == b.rows() && c.rows() == a.rows() && c.cols() == b.cols(),
        "gemm: A is {}x{}, B is {}x{}, C is {}x{}; they have to be m x k, k x n, m x n",
        a.rows(),
        a.cols(),
        b.rows(),
        b.cols(),
        c.rows(),
        c.cols(),
    );
    // Rows of C are written as vectors: of C and its transpose, take the one with contiguous rows.
    if c.col_stride() != 1 && c.row_stride() == 1 {
        return split(exec, parts(exec, a, b), Gemm { accum, alpha, a: b.t(), b: a.t(), c: c.t() });
    }
    split(exec, parts(exec, a, b), Gemm { accum, alpha, a, b, c });
}

/// Fewest multiply-adds worth handing to another thread: about 20 µs of work, what waking a rayon worker costs.
const MIN_WORK_PER_THREAD: usize = 1 << 20;

/// In how many parts to compute A·B.
fn parts<T: Real>(exec: Exec<'_>, a: MatRef<'_, T>, b: MatRef<'_, T>) -> usize {
    let work = a.rows().saturating_mul(a.cols()).saturating_mul(b.cols());
    exec.par().threads().min(work / MIN_WORK_PER_THREAD).max(1)
}

/// Halves C along its longer side until there are `parts` of it. Elements of C are independent, so where it is cut
/// decides no bit.
fn split<T: Real>(exec: Exec<'_>, parts: usize, job: Gemm<'_, T>) {
    /// Cuts fall on multiples of this, so that few tiles are partial.
    const ALIGN: usize = 48;
    let Gemm { accum, alpha, a, b, c } = job;
    let (m, n) = (c.rows(), c.cols());
    if parts <= 1 || m.max(n) <= ALIGN {
        return exec.run(Gemm { accum, alpha, a, b, c });
    }
    let cut = |n: usize| (n * (parts / 2) / parts).next_multiple_of(ALIGN).min(n);
    let (first, second) = if m >= n {
        let ((a, a2), (c, c2)) = (a.split_rows_at(cut(m)), c.split_rows_at(cut(m)));
        (Gemm { accum, alpha, a, b, c }, Gemm { accum, alpha, a: a2, b, c: c2 })
    } else {
        let ((b, b2), (c, c2)) = (b.split_cols_at(cut(n)), c.split_cols_at(cut(n)));
        (Gemm { accum, alpha, a, b, c }, Gemm { accum, alpha, a, b: b2, c: c2 })
    };
    exec.par().join(|| split(exec, parts / 2, first), || split(exec, parts - parts / 2, second));
}

struct Gemm<'a, T> {
    accum: Accum,
    alpha: T,
    a: MatRef<'a, T>,
    b: MatRef<'a, T>,
    c: MatMut<'a, T>,
}

impl<T: Real> Kernel<T> for Gemm<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { accum, alpha, a, b, mut c } = self;
        let (m, n, k) = (c.rows(), c.cols(), a.cols());
        if m == 0 || n == 0 {
            return;
        }
        if k == 0 {
            if accum == Accum::Replace {
                clear(&mut c);
            }
            return;
        }
        let (row_stride, col_stride) = (c.row_stride(), c.col_stride());
        let kc = k_block(k).min(k);
        let nc = L::NC.min(n.next_multiple_of(L::NR));
        let mc = L::MC.min(m.next_multiple_of(L::MR));
        with_scratch(
            kc * mc,
            kc * nc,
            #[inline(always)]
            |a_pack, b_pack| {
                for j0 in (0..n).step_by(L::NC) {
                    let n_strip = L::NC.min(n - j0);
                    for k0 in (0..k).step_by(kc) {
                        let k_len = kc.min(k - k0);
                        let accum = if k0 == 0 { accum } else { Accum::Add };
                        pack(b.t(), (j0, n_strip), (k0, k_len), L::NR, b_pack);
                        for i0 in (0..m).step_by(L::MC) {
                            let m_strip = L::MC.min(m - i0);
                            pack(a, (i0, m_strip), (k0, k_len), L::MR, a_pack);
                            for j in (0..n_strip).step_by(L::NR) {
                                for i in (0..m_strip).step_by(L::MR) {
                                    let (rows, cols) = (L::MR.min(m_strip - i), L::NR.min(n_strip - j));
                                    let (a_panel, b_panel) = (&a_pack[i * k_len..], &b_pack[j * k_len..]);
                                    // SAFETY: element (i0 + i, j0 + j) and the rows × cols elements from it on lie in C;
                                    // the panels were just packed with k_len steps of MR and NR elements.
                                    unsafe {
                                        let at = c.as_mut_ptr().add((i0 + i) * row_stride + (j0 + j) * col_stride);
                                        let c =
                                            Destination { ptr: at, rows, cols, row_stride, col_stride, accum, alpha };
                                        l.tile(k_len, a_panel.as_ptr(), b_panel.as_ptr(), c);
                                    }
                                }
                            }
                        }
                    }
                }
            },
        );
    }
}

fn clear<T: Real>(c: &mut MatMut<'_, T>) {
    for i in 0..c.rows() {
        for j in 0..c.cols() {
            *c.at_mut(i, j) = T::ZERO;
        }
    }
}
