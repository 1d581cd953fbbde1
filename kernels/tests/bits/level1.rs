//! dot, axpy, scale, asum, amax, nrm2.

use crate::compare::{assert_bits, assert_same, error_in_ulp};
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Kind, Placed, lengths, numbers};
use simdescent_kernels::{Accum, MatMut, MatRef, Real, amax, asum, axpy, dot, gemm, gemv, nrm2, reference, scale};

for_f32_and_f64! {
    reductions, infinities, products_that_underflow, updates,
    norm_of_ordinary_numbers, norm_in_every_range, norm_of_exact_numbers, empty_vectors,
}

fn reductions<T: Real>() {
    for (case, n) in lengths().into_iter().enumerate() {
        // Every kind meets every short length, and by turns the long ones.
        let kinds = if n <= 300 { &Kind::ALL[..] } else { &Kind::ALL[case % 4..][..1] };
        for &kind in kinds {
            let x = Placed::new(&numbers::<T>(kind, n, 1), case % 4);
            let y = Placed::new(&numbers::<T>(kind, n, 2), case / 4 % 4);
            let want = (reference::dot(&x, &y), reference::asum(&x), reference::amax(&x));
            for_each_exec(|exec, label| {
                assert_same(dot(exec, &x, &y), want.0, format_args!("dot, {label}, {kind:?}, n = {n}"));
                assert_same(asum(exec, &x), want.1, format_args!("asum, {label}, {kind:?}, n = {n}"));
                assert_same(amax(exec, &x), want.2, format_args!("amax, {label}, {kind:?}, n = {n}"));
            });
        }
    }
}

/// An infinity at every place of a vector; two of unlike sign make a NaN.
fn infinities<T: Real>() {
    let n = 2 * T::LANES + 7;
    let y = numbers::<T>(Kind::Ordinary, n, 3);
    for at in 0..n {
        for opposite in [None, Some((at + 5) % n)] {
            let mut x = numbers::<T>(Kind::Mixed, n, 4);
            x[at] = T::INFINITY;
            if let Some(opposite) = opposite {
                x[opposite] = -T::INFINITY;
            }
            for_each_isa(|exec, label| {
                let context = format_args!("{label}, infinity at {at} and {opposite:?}");
                assert_same(dot(exec, &x, &y), reference::dot(&x, &y), context);
                assert_same(asum(exec, &x), T::INFINITY, context);
                assert_same(amax(exec, &x), T::INFINITY, context);
                assert_same(nrm2(exec, &x), T::INFINITY, context);
            });
        }
    }
}

/// A product that underflows to −0 leaves a lane at −0, unless the tail, in which all lanes take part, adds +0 to it.
fn products_that_underflow<T: Real>() {
    for n in 1..=4 * T::LANES + 1 {
        let (x, y) = (vec![T::MIN_POSITIVE; n], vec![-T::MIN_POSITIVE; n]);
        let want = if n % T::LANES == 0 { -T::ZERO } else { T::ZERO };
        assert_same(reference::dot(&x, &y), want, format_args!("reference, n = {n}"));
        let (by_rows, by_columns) = (MatRef::new(&x, 1, n), MatRef::with_strides(&x[..1], (1, n), (0, 0)).unwrap());
        for_each_isa(|exec, label| {
            assert_same(dot(exec, &x, &y), want, format_args!("dot, {label}, n = {n}"));
            for (a, form) in [(by_rows, "contiguous"), (by_columns, "gathered")] {
                let mut got = [T::NAN];
                gemv(exec, Accum::Replace, T::ONE, a, &y, &mut got);
                assert_same(got[0], want, format_args!("gemv, {form}, {label}, n = {n}"));
                // One chain over k, whose every step underflows to −0.
                gemm(exec, Accum::Replace, T::ONE, a, MatRef::new(&y, n, 1), MatMut::new(&mut got, 1, 1));
                assert_same(got[0], -T::ZERO, format_args!("gemm, {form}, {label}, n = {n}"));
            }
        });
    }
}

fn updates<T: Real>() {
    for (case, n) in lengths().into_iter().enumerate() {
        let kind = Kind::nth(case);
        let x = Placed::new(&numbers::<T>(kind, n, 1), case % 4);
        let y = numbers::<T>(kind, n, 2);
        for alpha in [1.0, -0.0, -1.0, 0.1, 1e30].map(T::from_f64) {
            let (mut updated, mut scaled) = (y.clone(), y.clone());
            reference::axpy(alpha, &x, &mut updated);
            reference::scale(alpha, &mut scaled);
            for_each_exec(|exec, label| {
                let mut got = Placed::new(&y, case / 4 % 4);
                axpy(exec, alpha, &x, &mut got);
                assert_bits(&got, &updated, format_args!("axpy, {label}, {kind:?}, alpha {alpha}, n = {n}"));
                got.assert_frame_untouched(format_args!("axpy, {label}, n = {n}"));

                let mut got = Placed::new(&y, case / 4 % 4);
                scale(exec, alpha, &mut got);
                assert_bits(&got, &scaled, format_args!("scale, {label}, {kind:?}, alpha {alpha}, n = {n}"));
                got.assert_frame_untouched(format_args!("scale, {label}, n = {n}"));
            });
        }
    }
}

fn norm_of_ordinary_numbers<T: Real>() {
    for (case, n) in lengths().into_iter().enumerate() {
        let x = Placed::new(&numbers::<T>(Kind::Ordinary, n, 5), case % 4);
        let want = reference::nrm2(&x);
        for_each_exec(|exec, label| assert_same(nrm2(exec, &x), want, format_args!("nrm2, {label}, n = {n}")));
    }
}

/// √Σx², in `f64` with a power of two taken out first, as (norm, power).
fn norm_in_f64<T: Real>(x: &[T]) -> (f64, i32) {
    let largest = x.iter().fold(0.0f64, |m, x| m.max(x.to_f64().abs()));
    let power = largest.log2().floor() as i32;
    // In two steps, because the power itself may be out of range.
    let scaled = |x: &T| x.to_f64() * 2f64.powi(-power / 2) * 2f64.powi(power / 2 - power);
    // Kahan's sum: the error is that of the last rounding.
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for square in x.iter().map(|x| scaled(x) * scaled(x)) {
        let term = square - lost;
        let next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    (sum.sqrt(), power)
}

/// Scaled into every exponent of the type, where squares overflow, underflow or both.
fn norm_in_every_range<T: Real>() {
    let (lowest, highest) = if T::MANTISSA_BITS == 23 { (-149, 127) } else { (-1074, 1023) };
    let step = if T::MANTISSA_BITS == 23 { 1 } else { 7 };
    for power in (lowest..=highest).step_by(step) {
        for (n, spread) in [(1, 0), (3, 0), (17, 40), (100, 5)] {
            let mut x = numbers::<T>(Kind::Ordinary, n, power as u64);
            for (i, x) in x.iter_mut().enumerate() {
                let power = power - (i % (spread + 1)) as i32;
                // In two steps: a single power of two may be out of range.
                let value = x.to_f64() * 2f64.powi(power / 2);
                *x = T::from_f64(value * 2f64.powi(power - power / 2));
            }
            if x.iter().all(|x| x.abs() == T::ZERO) {
                continue;
            }
            let (norm, taken_out) = norm_in_f64(&x);
            // The unit of the last place of the result, in the scale of `norm`.
            let exponent = (norm.log2().floor() as i32 + taken_out).max(lowest + T::MANTISSA_BITS as i32);
            let unit_power = exponent - T::MANTISSA_BITS as i32 - taken_out;
            let first = nrm2(simdescent_kernels::Exec::default(), &x);
            for_each_exec(|exec, label| {
                let context = format_args!("nrm2, {label}, 2^{power}, n = {n}");
                let got = nrm2(exec, &x);
                assert_same(got, first, context);
                let top = 2f64.powi(highest + 1 - taken_out);
                if norm >= top {
                    assert_same(got, T::INFINITY, context);
                    return;
                }
                let got = got.to_f64() * 2f64.powi(-taken_out / 2) * 2f64.powi(taken_out / 2 - taken_out);
                let error = (got.min(top) - norm).abs() / 2f64.powi(unit_power);
                assert!(error <= 4.0, "{context}: {got} instead of {norm} (times 2^{taken_out}), {error} ulp");
            });
        }
    }
}

/// Where the result is a number of the type, it is exact.
fn norm_of_exact_numbers<T: Real>() {
    let (lowest, highest) = if T::MANTISSA_BITS == 23 { (-149, 127) } else { (-1074, 1023) };
    for power in lowest..=highest {
        let x = T::from_f64(2f64.powi(power / 2) * 2f64.powi(power - power / 2));
        for_each_isa(|exec, label| {
            let context = format_args!("nrm2, {label}, 2^{power}");
            assert_same(nrm2(exec, &[-x]), x, context);
            assert_same(nrm2(exec, &[-T::ZERO, x, T::ZERO]), x, context);
            if power < highest {
                assert_same(nrm2(exec, &[x, -x, x, x]), x + x, context); // a 2 × 2 square
            }
            let (three, four) = (x + x + x, x + x + x + x);
            if power < highest - 2 {
                assert_same(nrm2(exec, &[three, four]), x + four, context); // 3, 4, 5
            }
        });
    }
    for_each_isa(|exec, label| {
        let most = T::from_bits(T::INFINITY.bits() - 1);
        assert_same(nrm2(exec, &[most]), most, format_args!("nrm2 of the largest number, {label}"));
        assert_same(nrm2(exec, &[most, most]), T::INFINITY, format_args!("nrm2 beyond the largest number, {label}"));
        assert_same(nrm2(exec, &[T::ZERO, -T::ZERO]), T::ZERO, format_args!("nrm2 of zeros, {label}"));
        assert_same(nrm2(exec, &[most, T::NAN]), T::NAN, format_args!("nrm2 of NaN, {label}"));
        assert_same(nrm2(exec, &[T::NAN, T::INFINITY]), T::NAN, format_args!("nrm2 of NaN and infinity, {label}"));
        assert!(error_in_ulp(nrm2(exec, &[T::ONE, T::ONE]), 2f64.sqrt()) <= 1.0, "{label}");
    });
}

fn empty_vectors<T: Real>() {
    for_each_exec(|exec, label| {
        for result in [dot::<T>(exec, &[], &[]), asum::<T>(exec, &[]), amax::<T>(exec, &[]), nrm2::<T>(exec, &[])] {
            assert_same(result, T::ZERO, format_args!("{label}, no elements"));
        }
    });
}
