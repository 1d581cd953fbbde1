//! Random orthogonal matrices.

use crate::random::Stream;
use simdescent_kernels::isa::Isa;
use simdescent_kernels::{Exec, Par, axpy, dot};

/// `gain` times a matrix with orthonormal columns, or orthonormal rows if there are fewer rows than columns; uniform among
/// all such matrices (Haar).
///
/// Standard normals, one vector after the other, each made orthogonal to the ones before it by modified Gram–Schmidt,
/// twice, in `f64`; the sign of R's diagonal is positive, as the uniform distribution needs. `dot` and `axpy` give the same
/// bits on every instruction set.
pub(super) fn fill(weights: &mut [f32], (rows, columns): (usize, usize), gain: f64, stream: &mut Stream) {
    let exec = Exec::new(Isa::scalar(), Par::Seq);
    let (count, length) = (rows.min(columns), rows.max(columns));
    if count == 0 {
        return;
    }
    let mut basis = vec![0.0; count * length];
    for i in 0..count {
        let (before, rest) = basis.split_at_mut(i * length);
        let vector = &mut rest[..length];
        // A normal vector lies in the span of the others with probability 0; rounding may make it so, and then it is drawn again.
        loop {
            vector.fill_with(|| stream.normal());
            let drawn = dot(exec, vector, vector).sqrt();
            for _ in 0..2 {
                for other in before.chunks_exact(length) {
                    let along = dot(exec, vector, other);
                    axpy(exec, -along, other, vector);
                }
            }
            let left = dot(exec, vector, vector).sqrt();
            if left > 1e-10 * drawn {
                vector.iter_mut().for_each(|x| *x /= left);
                break;
            }
        }
    }
    for (row, weights) in weights.chunks_exact_mut(columns).enumerate() {
        for (column, w) in weights.iter_mut().enumerate() {
            let (vector, element) = if rows < columns { (row, column) } else { (column, row) };
            *w = (gain * basis[vector * length + element]) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    fn orthogonal(rows: usize, columns: usize, seed: u64) -> Vec<f32> {
        let mut w = vec![f32::NAN; rows * columns];
        fill(&mut w, (rows, columns), 2.0, &mut Stream::new(StreamKey::new(Purpose::Weights, seed)));
        w
    }

    #[test]
    fn columns_or_rows_are_orthonormal() {
        for (rows, columns) in [(1, 1), (1, 7), (7, 1), (5, 5), (64, 64), (200, 30), (30, 200)] {
            let w = orthogonal(rows, columns, 3);
            let at = |i: usize, j: usize| f64::from(w[i * columns + j]) / 2.0;
            let (count, length) = (rows.min(columns), rows.max(columns));
            let element = |vector, k| if rows < columns { at(vector, k) } else { at(k, vector) };
            for a in 0..count {
                for b in 0..=a {
                    let product: f64 = (0..length).map(|k| element(a, k) * element(b, k)).sum();
                    let want = f64::from(u8::from(a == b));
                    // The rounding to f32 is all that is left.
                    assert!((product - want).abs() < 3e-7, "{rows} × {columns}, {a} {b}: {product}");
                }
            }
        }
        assert_eq!(orthogonal(0, 3, 1), [0f32; 0]);
    }

    /// Without the positive diagonal the first element would have one sign; uniform on the circle it has both equally often.
    #[test]
    fn rotations_are_uniform() {
        let n = 2000;
        let first: Vec<f64> = (0..n).map(|seed| f64::from(orthogonal(2, 2, seed)[0]) / 2.0).collect();
        let right = first.iter().filter(|&&x| x > 0.0).count() as f64 / n as f64;
        // |cos of a uniform angle| ≤ ½ one time in three.
        let middle = first.iter().filter(|x| x.abs() <= 0.5).count() as f64 / n as f64;
        assert!((right - 0.5).abs() < 0.056 && (middle - 1.0 / 3.0).abs() < 0.053, "{right} {middle}");
    }

    /// Golden value: a change of one bit is a breaking change.
    #[test]
    fn the_bits_are_stable() {
        let hash = orthogonal(40, 24, 7)
            .iter()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, w| (hash ^ u64::from(w.to_bits())).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(format!("{hash:016x}"), "5230df93451f8c36");
    }
}
