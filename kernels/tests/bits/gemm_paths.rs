//! Matrix–matrix product: every size up to 130, and shapes that take each path through the loops.

use crate::compare::assert_bits;
use crate::execs::{for_each_exec, for_each_isa};
use crate::gemm::{Case, Shape, TRANSPOSITIONS};
use crate::inputs::{Effort, Kind, effort, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::gemm::{Prepacked, gemm_prepacked};
use simdescent_kernels::{Accum, MatMut, MatRef, Real, gemm};

for_f32_and_f64! {
    every_size, packed_panels, copied_rows, several_strips, thin_outputs, pages, small_outputs_of_many_steps, prepacked
}

/// 0 to 130 in m, in n and in k, beside sizes that move through a sample.
fn every_size<T: Real>() {
    let (most, beside) = match effort() {
        Effort::Tiny => (0, vec![]),
        Effort::Sample => (34, vec![5, 17]),
        Effort::Full => (130, vec![1, 6, 10, 17, 33, 65]),
    };
    for size in 0..=most {
        for (turn, &other) in beside.iter().enumerate() {
            let third = beside[(turn + size) % beside.len()];
            for shape in [(size, other, third), (other, size, third), (other, third, size)] {
                let case = Case::<T>::new(shape, Kind::nth(size + turn), 1.0, 0.5);
                let (a, b) = TRANSPOSITIONS[(size + turn) % 4];
                let c = Layout::COMPACT[(size / 4 + turn) % 6];
                for_each_isa(|exec, label| case.check(exec, label, (a, b, c)));
            }
        }
    }
}

/// B large enough to be packed by the first row tile; panels of both widths and a partial last one; up to four K blocks and
/// more than one super-block.
fn packed_panels<T: Real>() {
    let shapes: &[Shape] = match effort() {
        Effort::Tiny => &[],
        Effort::Sample => &[(40, 520, 200)],
        Effort::Full => &[(40, 520, 200), (37, 1030, 101), (80, 1540, 83), (41, 2100, 70), (145, 801, 130)],
    };
    for (turn, &shape) in shapes.iter().enumerate() {
        let case = Case::<T>::new(shape, Kind::nth(turn), 1.0, 0.3);
        for (i, (a, b)) in TRANSPOSITIONS.into_iter().enumerate() {
            let c = [Layout::Rows, Layout::PaddedRows, Layout::Columns, Layout::SparseRows][(turn + i) % 4];
            for_each_isa(|exec, label| case.check(exec, label, (a, b, c)));
        }
    }
}

/// Aᵀ·B with enough rows, columns and steps that A is copied: in strips, or, beside a large B, in pieces of steps.
fn copied_rows<T: Real>() {
    let shapes: &[Shape] = match effort() {
        Effort::Tiny => &[],
        Effort::Sample => &[(65, 64, 128), (145, 120, 129)],
        Effort::Full => &[(64, 64, 128), (67, 530, 129), (270, 2056, 131), (64, 1032, 513), (145, 120, 129)],
    };
    for (turn, &shape) in shapes.iter().enumerate() {
        let case = Case::<T>::new(shape, Kind::nth(turn), 0.3, 1.0);
        for (a, c) in [(Layout::Columns, Layout::Rows), (Layout::PageColumns, Layout::SparseRows)] {
            for_each_isa(|exec, label| case.check(exec, label, (a, Layout::Rows, c)));
        }
    }
}

/// Enough work and a B small enough that A, or B of the transpose, is copied in several strips with AVX-512 too, whatever the strides;
/// C not stored directly; B prepacked.
fn several_strips<T: Real>() {
    if effort() != Effort::Full {
        return;
    }
    let (m, k, n) = (520, 512, (1 << 10) / size_of::<T>());
    let case = Case::<T>::new((m, k, n), Kind::Ordinary, 0.3, 1.0);
    for (a, b, c) in [
        (Layout::Columns, Layout::Rows, Layout::Rows),
        (Layout::Columns, Layout::Columns, Layout::SparseRows),
        (Layout::SparseColumns, Layout::Rows, Layout::PaddedRows),
    ] {
        for_each_isa(|exec, label| case.check(exec, label, (a, b, c)));
    }
    let transposed = Case::<T>::new((n, k, m), Kind::Ordinary, 0.3, 1.0);
    for_each_isa(|exec, label| transposed.check(exec, label, (Layout::Columns, Layout::Rows, Layout::Columns)));

    let (a, b) = (numbers::<T>(Kind::Ordinary, k * m, 1), numbers::<T>(Kind::Ordinary, k * n, 2));
    let (a, b) = (MatRef::new(&a, k, m).t(), MatRef::new(&b, k, n));
    let mut want = vec![T::NAN; m * n];
    gemm(Default::default(), Accum::Replace, T::ONE, a, b, MatMut::new(&mut want, m, n));
    for_each_isa(|exec, label| {
        let mut c = vec![T::NAN; m * n];
        gemm_prepacked(exec, Accum::Replace, T::ONE, a, &Prepacked::new(exec, b), MatMut::new(&mut c, m, n));
        assert_bits(&c, &want, format_args!("prepacked, {label}, {m} {k} {n}"));
    });
}

/// One side of C at most 16: the transpose is computed where that leaves fewer lanes idle.
fn thin_outputs<T: Real>() {
    let thin = if effort() == Effort::Full { vec![1, 2, 3, 5, 8, 10, 13, 16] } else { vec![1, 10] };
    for (turn, &n) in thin.iter().enumerate() {
        for (m, k) in [(70, 40), (33, 600), (1, 90)] {
            if effort() == Effort::Tiny {
                return;
            }
            let (tall, wide) = (
                Case::<T>::new((m, k, n), Kind::nth(turn), 0.5, -1.0),
                Case::<T>::new((n, k, m), Kind::nth(turn), 0.5, -1.0),
            );
            for (i, (a, b)) in TRANSPOSITIONS.into_iter().enumerate() {
                let c = Layout::COMPACT[(turn + i) % 6];
                for_each_isa(|exec, label| {
                    tall.check(exec, label, (a, b, c));
                    wide.check(exec, label, (a, b, c));
                });
            }
        }
    }
}

/// Leading dimensions that are a multiple of 4 KiB: shorter tiles, which cannot pack, B packed although it is small, no
/// prefetch.
fn pages<T: Real>() {
    let shapes: &[Shape] = match effort() {
        Effort::Tiny => &[],
        Effort::Sample => &[(26, 70, 20)],
        Effort::Full => &[(26, 70, 20), (60, 30, 50), (40, 130, 17), (9, 9, 100), (150, 20, 32), (150, 20, 16)],
    };
    for (turn, &shape) in shapes.iter().enumerate() {
        let case = Case::<T>::new(shape, Kind::nth(turn), 1.0, 0.3);
        for a in [Layout::PageRows, Layout::PageColumns, Layout::Rows] {
            for b in [Layout::PageRows, Layout::PageColumns] {
                for_each_isa(|exec, label| {
                    for c in [Layout::PageRows, Layout::PageColumns] {
                        case.check(exec, label, (a, b, c));
                    }
                });
            }
        }
    }
}

/// C too small to be cut: threads share the K blocks.
fn small_outputs_of_many_steps<T: Real>() {
    if effort() == Effort::Tiny {
        return;
    }
    // The last two are computed as their transposes, whose sums are transposed on their way to C.
    let shapes = [(3, 50_000, 14), (10, 30_000, 10), (30, 10_000, 10), (100, 2_000, 47)];
    for (turn, shape) in shapes.into_iter().enumerate() {
        let case = Case::<T>::new(shape, Kind::Ordinary, 0.3, 0.5);
        let (a, b) = TRANSPOSITIONS[(turn + 1) % 4];
        let c = [Layout::SparseColumns, Layout::Rows, Layout::PaddedRows, Layout::Columns][turn];
        for_each_exec(|exec, label| case.check(exec, label, (a, b, c)));
    }
}

/// The bits of the product that packs for itself.
fn prepacked<T: Real>() {
    let mut shapes = vec![(1, 9, 5), (7, 33, 130), (50, 600, 65), (8, 512, 256), (0, 4, 4), (3, 0, 7), (3, 5, 0)];
    shapes.truncate(if effort() == Effort::Tiny { 1 } else { 7 });
    for (turn, (m, k, n)) in shapes.into_iter().enumerate() {
        let (a, b) = (numbers::<T>(Kind::nth(turn), m * k, 1), numbers::<T>(Kind::nth(turn), k * n, 2));
        let old = numbers::<T>(Kind::Mixed, m * n, 3);
        let a = MatRef::new(&a, m, k);
        for b in [MatRef::new(&b, k, n), MatRef::new(&b, n, k).t()] {
            for accum in [Accum::Replace, Accum::Add] {
                let alpha = T::from_f64(0.3);
                let mut want = Matrix::new(Layout::Rows, (m, n), &old, 0);
                gemm(Default::default(), accum, alpha, a, b, want.view_mut());
                let want: Vec<T> = (0..m * n).map(|i| want.view().at(i / n, i % n)).collect();
                for_each_exec(|exec, label| {
                    let packed = Prepacked::new(exec, b);
                    assert_eq!((packed.shape(), packed.isa()), ((k, n), exec.isa()));
                    for layout in [Layout::PaddedRows, Layout::Columns, Layout::SparseRows] {
                        let mut c = Matrix::new(layout, (m, n), &old, 1);
                        gemm_prepacked(exec, accum, alpha, a, &packed, c.view_mut());
                        c.assert_bits(&want, format_args!("prepacked, {label}, {m} {k} {n}, {layout:?}, {accum:?}"));
                    }
                });
            }
        }
    }
}

#[test]
#[should_panic(expected = "gemm: B was packed for")]
fn a_prepacked_operand_of_another_instruction_set_is_refused() {
    use simdescent_kernels::{Exec, Par, isa};
    let isas = isa::available();
    assert!(isas.len() > 1, "gemm: B was packed for the only instruction set there is");
    let [mine, other] = [isas[0], isas[1]].map(|isa| Exec::new(isa, Par::Seq));
    let b = Prepacked::new(mine, MatRef::new(&[1.0f32; 4], 2, 2));
    let mut c = Matrix::new(Layout::Rows, (2, 2), &[0.0; 4], 0);
    gemm_prepacked(other, Accum::Replace, 1.0, MatRef::new(&[1.0; 4], 2, 2), &b, c.view_mut());
}
