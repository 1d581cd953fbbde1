//! Matrix–matrix product: small shapes and tile boundaries, in every layout.

use crate::execs::for_each_isa;
use crate::inputs::{Effort, Kind, effort, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::{Accum, Exec, MatRef, Real, gemm, reference};

for_f32_and_f64! {
    every_small_shape, shapes_around_tiles, blocks_of_k, layouts, repeated_rows_and_columns, without_steps,
}

/// (m, k, n)
pub(crate) type Shape = (usize, usize, usize);
/// Layouts of A, B and C.
pub(crate) type Layouts = (Layout, Layout, Layout);

/// One product: operands, and the result for both `Accum`.
pub(crate) struct Case<T> {
    shape: Shape,
    kind: Kind,
    a: Vec<T>,
    b: Vec<T>,
    old: Vec<T>,
    /// (accum, alpha, C)
    want: Vec<(Accum, T, Vec<T>)>,
}

impl<T: Real> Case<T> {
    /// With `alpha` for `Replace` and `alpha_add` for `Add`.
    pub(crate) fn new((m, k, n): Shape, kind: Kind, alpha: f64, alpha_add: f64) -> Self {
        let (a, b, old) = (numbers::<T>(kind, m * k, 1), numbers::<T>(kind, k * n, 2), numbers(Kind::Mixed, m * n, 3));
        let want =
            [(Accum::Replace, T::from_f64(alpha)), (Accum::Add, T::from_f64(alpha_add))].map(|(accum, alpha)| {
                let mut c = old.clone();
                reference::gemm(accum, alpha, (m, k, n), |i, p| a[i * k + p], |p, j| b[p * n + j], &mut c);
                (accum, alpha, c)
            });
        Self { shape: (m, k, n), kind, a, b, old, want: want.into() }
    }
    pub(crate) fn check(&self, exec: Exec<'_>, label: &str, (a_layout, b_layout, c_layout): Layouts) {
        let (m, k, n) = self.shape;
        let a = Matrix::new(a_layout, (m, k), &self.a, (m + k) % 4);
        let b = Matrix::new(b_layout, (k, n), &self.b, (k + n) % 4);
        let mut c = Matrix::new(c_layout, (m, n), &self.old, (m + n) % 4);
        for (accum, alpha, want) in &self.want {
            // Replace must not read C.
            c.set(&if *accum == Accum::Replace { vec![T::NAN; m * n] } else { self.old.clone() });
            gemm(exec, *accum, *alpha, a.view(), b.view(), c.view_mut());
            let kind = self.kind;
            c.assert_bits(
                want,
                format_args!(
                    "gemm, {label}, m {m}, k {k}, n {n}, A {a_layout:?}, B {b_layout:?}, C {c_layout:?}, {accum:?}, \
                     alpha {alpha}, {kind:?}"
                ),
            );
        }
    }
    /// In the four forms A·B, Aᵀ·B, A·Bᵀ, Aᵀ·Bᵀ, with the layouts of C by turns.
    fn check_transpositions(&self, exec: Exec<'_>, label: &str, turn: usize) {
        for (i, (a, b)) in TRANSPOSITIONS.into_iter().enumerate() {
            self.check(exec, label, (a, b, Layout::COMPACT[(turn + i) % 6]));
        }
    }
}

pub(crate) const TRANSPOSITIONS: [(Layout, Layout); 4] = [
    (Layout::Rows, Layout::Rows),
    (Layout::Columns, Layout::Rows),
    (Layout::Rows, Layout::Columns),
    (Layout::Columns, Layout::Columns),
];
const ALPHAS: [f64; 5] = [1.0, -1.0, 0.5, 0.3, 0.0];

fn every_small_shape<T: Real>() {
    let (most, steps) = match effort() {
        Effort::Tiny => (3, &[0, 1, 8][..]),
        _ => (17, &[0, 1, 2, 3, 7, 8, 16, 33][..]),
    };
    let mut turn = 0;
    for m in 0..=most {
        for n in 0..=most {
            for &k in steps {
                turn += 1;
                let case = Case::<T>::new((m, k, n), Kind::nth(turn), ALPHAS[turn % 5], ALPHAS[(turn + 1) % 5]);
                for_each_isa(|exec, label| case.check_transpositions(exec, label, turn));
            }
        }
    }
}

/// Sizes next to multiples of the MR and NR of every instruction set.
fn shapes_around_tiles<T: Real>() {
    let sizes = match effort() {
        Effort::Tiny => vec![7, 17],
        _ => vec![5, 6, 7, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 64, 65],
    };
    for (i, &m) in sizes.iter().enumerate() {
        for (j, &n) in sizes.iter().enumerate() {
            let turn = i + 3 * j;
            let case = Case::<T>::new((m, 9, n), Kind::nth(turn), ALPHAS[turn % 5], 1.0);
            for_each_isa(|exec, label| case.check_transpositions(exec, label, turn));
        }
    }
}

/// One to four K blocks, even and uneven.
fn blocks_of_k<T: Real>() {
    let steps = match effort() {
        Effort::Tiny => vec![513],
        Effort::Sample => vec![512, 513, 784, 1025, 1537],
        Effort::Full => vec![511, 512, 513, 520, 784, 1023, 1024, 1025, 1537, 2000],
    };
    for (turn, k) in steps.into_iter().enumerate() {
        for (m, n) in [(1, 1), (5, 7), (13, 33), (25, 49)] {
            if effort() == Effort::Tiny && m > 1 {
                break;
            }
            let kinds = [Kind::nth(turn + m), Kind::Ordinary];
            for kind in kinds.into_iter().take(if effort() == Effort::Full { 2 } else { 1 }) {
                let case = Case::<T>::new((m, k, n), kind, 0.3, ALPHAS[turn % 5]);
                for_each_isa(|exec, label| case.check_transpositions(exec, label, turn + m));
            }
        }
    }
}

/// Every layout of A, B and C with every other.
fn layouts<T: Real>() {
    let shapes: &[Shape] =
        if effort() == Effort::Tiny { &[(2, 3, 4)] } else { &[(14, 19, 35), (1, 8, 50), (50, 8, 1)] };
    for &shape in shapes {
        let case = Case::<T>::new(shape, Kind::Mixed, 0.5, -1.0);
        for_each_isa(|exec, label| {
            for a in Layout::ALL {
                for b in Layout::ALL {
                    for c in Layout::ALL {
                        case.check(exec, label, (a, b, c));
                    }
                }
            }
        });
    }
}

/// A stride of 0 in an operand is one row, or one column, again and again.
fn repeated_rows_and_columns<T: Real>() {
    let values = numbers::<T>(Kind::Mixed, 100, 6);
    let (m, k, n) = (14, 19, 35);
    for sa in [(0, 1), (1, 0), (0, 0)] {
        for sb in [(0, 1), (1, 0), (0, 0)] {
            let (a, b) = (MatRef::with_strides(&values, (m, k), sa), MatRef::with_strides(&values, (k, n), sb));
            let (a, b) = (a.unwrap(), b.unwrap());
            let mut want = vec![T::ZERO; m * n];
            let at = |s: (usize, usize)| move |i: usize, j: usize| i * s.0 + j * s.1;
            let (at_a, at_b) = (at(sa), at(sb));
            let (fa, fb) = (|i, p| values[at_a(i, p)], |p, j| values[at_b(p, j)]);
            reference::gemm(Accum::Replace, T::ONE, (m, k, n), fa, fb, &mut want);
            for_each_isa(|exec, label| {
                let mut c = Matrix::new(Layout::PaddedRows, (m, n), &vec![T::NAN; m * n], 0);
                gemm(exec, Accum::Replace, T::ONE, a, b, c.view_mut());
                c.assert_bits(&want, format_args!("gemm, {label}, strides {sa:?} {sb:?}"));
            });
        }
    }
}

/// k = 0: `Replace` writes +0 whatever alpha is, `Add` leaves C alone.
fn without_steps<T: Real>() {
    let old = numbers::<T>(Kind::Mixed, 6 * 7, 1);
    for_each_isa(|exec, label| {
        for layout in Layout::ALL {
            for alpha in [T::ONE, -T::ONE, T::NAN] {
                let (a, b) = (MatRef::new(&[], 6, 0), MatRef::new(&[], 0, 7));
                let mut c = Matrix::new(layout, (6, 7), &old, 1);
                gemm(exec, Accum::Add, alpha, a, b, c.view_mut());
                c.assert_bits(&old, format_args!("{label}, {layout:?}, Add"));
                gemm(exec, Accum::Replace, alpha, a, b, c.view_mut());
                c.assert_bits(&[T::ZERO; 6 * 7], format_args!("{label}, {layout:?}, Replace"));
            }
        }
    });
}
