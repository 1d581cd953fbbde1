//! Finite numbers whose norm, or its square, is beyond the range of `f32`: whatever divides by a norm goes on.

use simdescent_kernels::optimizer::{Lamb, LambOptions, clip_factor, lamb_step, orthogonalize};
use simdescent_kernels::{Exec, Par, Real, amax, isa, nrm2};

fn execs() -> impl Iterator<Item = Exec<'static>> {
    isa::available().iter().map(|&isa| Exec::new(isa, Par::Seq))
}

fn length(x: &[f32]) -> f64 {
    x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}

#[test]
fn a_gradient_of_any_finite_length_is_clipped_to_the_limit() {
    for exec in execs() {
        for (n, size) in [(1_000_000, 1e36), (2, f32::MAX), (100, 1e38), (70_000, 3e38), (3, 1e30), (1, f32::MAX)] {
            let gradient = vec![size; n];
            for limit in [1e-3f32, 1.0, 1e5] {
                let factor = clip_factor(exec, &gradient, limit);
                let clipped: Vec<f32> = gradient.iter().map(|g| factor * g).collect();
                let error = (length(&clipped) / f64::from(limit) - 1.0).abs();
                // The factor may be a subnormal number, of fewer bits.
                let rounding = (f64::from(f32::from_bits(1)) / f64::from(factor)).max(1e-5);
                assert!(error <= rounding, "{exec:?}, {n} times {size}, {limit}: {error}");
            }
        }
        // Doubles of the same kind, and the edges that stay as they are.
        let factor = clip_factor(exec, &[1e308; 1000], 1.0);
        assert!((factor * 1e308 * 1000f64.sqrt() - 1.0).abs() < 1e-12, "{factor}");
        assert_eq!(clip_factor(exec, &[f32::MAX, f32::INFINITY], 1.0), 0.0);
        assert_eq!(clip_factor(exec, &[f32::MAX, f32::NAN], 1.0), 1.0);
        assert_eq!(clip_factor(exec, &[f32::MAX; 2], f32::INFINITY), 1.0);
        assert_eq!(nrm2(exec, &[f32::MAX; 2]), f32::INFINITY);
    }
}

/// The direction of Muon does not depend on the size of its matrix.
#[test]
fn a_matrix_of_any_finite_size_is_made_orthogonal() {
    let x: Vec<f32> = (0..12u32).map(|i| (i * 7 % 11) as f32 - 5.0).collect();
    for exec in execs() {
        for (rows, cols) in [(3, 4), (4, 3)] {
            let of = |power: f32| {
                let mut x: Vec<f32> = x.iter().map(|x| x * power).collect();
                orthogonalize(exec, &mut x, rows, cols);
                x
            };
            let want = of(1.0);
            assert!(length(&want) > 0.68 * 3f64.sqrt() / 2.0);
            for power in [2f32.powi(64), 2f32.powi(100), 2f32.powi(125)] {
                for (got, want) in of(power).iter().zip(&want) {
                    assert!((got - want).abs() < 1e-5, "{exec:?}, {rows}x{cols}, {power}: {got} and {want}");
                }
            }
        }
    }
}

/// LAMB's step is η‖w‖ long.
#[test]
fn lambs_step_has_its_length_wherever_squares_overflow_or_underflow() {
    let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.0 };
    for exec in execs() {
        // Of small gradients r is m̂/ε.
        for (w, g) in [(1e25f32, 1.0f32), (1e-25, 1.0), (1.0, 1e-30), (1e-25, 1e-30)] {
            let start: Vec<f32> = (1..=100u8).map(|i| w * f32::from(i)).collect();
            let gradient: Vec<f32> = (1..=100u8).map(|i| g * f32::from(i)).collect();
            let (mut now, mut m, mut v) = (start.clone(), vec![0.0; 100], vec![0.0; 100]);
            lamb_step(exec, &Lamb::at_step(1, 0.125, options), &mut now, &gradient, [&mut m, &mut v]);
            let moved: Vec<f32> = now.iter().zip(&start).map(|(now, start)| now - start).collect();
            let ratio = length(&moved) / length(&start);
            assert!((ratio - 0.125).abs() < 1e-5, "{exec:?}, {w}, {g}: {ratio}");
        }
    }
}

/// Wherever it stands, in either half of a chunk, in its tail, in another chunk.
#[test]
fn the_largest_magnitude_of_a_nan_is_one() {
    fn check<T: Real>(exec: Exec<'_>) {
        for n in [1, 2, 7, 64, 65, 300, 40_000] {
            for at in [0, 1, n / 3, n / 2, n - 1] {
                let mut x = vec![-T::ONE; n];
                let at = at.min(n - 1);
                x[at] = T::INFINITY - T::INFINITY;
                assert!(amax(exec, &x).to_f64().is_nan(), "{exec:?}, {at} of {n}");
                x[at] = T::INFINITY;
                assert_eq!(amax(exec, &x), T::INFINITY, "{exec:?}, {at} of {n}");
            }
        }
    }
    execs().for_each(|exec| (check::<f32>(exec), check::<f64>(exec)).0);
}
