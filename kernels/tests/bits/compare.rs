//! Comparison by bits, and the distance in units of the last place.

use core::fmt::Arguments;
use simdescent_kernels::Real;

/// The bits of `x`, the same for every NaN: sign and payload of a NaN are not promised.
fn canonical<T: Real>(x: T) -> u64 {
    if x.abs().bits() > T::INFINITY.bits() { u64::MAX } else { x.bits() }
}

/// Panics with `context` unless both have the same bits.
#[track_caller]
pub(crate) fn assert_same<T: Real>(got: T, want: T, context: Arguments<'_>) {
    assert!(
        canonical(got) == canonical(want),
        "{context}: got {got:?} ({:#x}), the reference gives {want:?} ({:#x})",
        got.bits(),
        want.bits()
    );
}

/// Panics with `context` and the first index that differs unless all elements have the same bits.
#[track_caller]
pub(crate) fn assert_bits<T: Real>(got: &[T], want: &[T], context: Arguments<'_>) {
    assert_eq!(got.len(), want.len(), "{context}: lengths");
    if let Some(i) = got.iter().zip(want).position(|(&a, &b)| canonical(a) != canonical(b)) {
        assert_same(got[i], want[i], format_args!("{context}, index {i} of {}", got.len()));
    }
}

/// |got − exact| in units of the last place of a `T` of the size of `exact`; ∞ counts as the power of two after
/// the largest number, and a NaN is right only where the exact value is one.
pub(crate) fn error_in_ulp<T: Real>(got: T, exact: f64) -> f64 {
    let got = got.to_f64();
    if exact.is_nan() || got.is_nan() {
        return if exact.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let two = |power: i32| 2f64.powi(power / 2) * 2f64.powi(power - power / 2); // 2^−1074 by powi is 0
    let digits = T::MANTISSA_BITS as i32;
    let lowest = T::MIN_POSITIVE.to_f64().log2().round() as i32;
    let limit = two(1 - lowest) * 2.0; // 2^(largest exponent + 1)
    let clamp = |x: f64| x.clamp(-limit, limit);
    let (got, exact) = (clamp(got), clamp(exact));
    let magnitude = exact.abs();
    if got == exact {
        return 0.0;
    }
    // The exponent of the exact value, read from its bits; subnormal f64 lie far below `lowest`.
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).clamp(lowest, 1 - lowest);
    (got - exact).abs() / two(exponent - digits)
}

#[test]
#[should_panic(expected = "widths 3, index 1 of 2: got -0.0 (0x80000000), the reference gives 0.0 (0x0)")]
fn the_sign_of_a_zero_is_a_difference() {
    assert_bits(&[1.0f32, -0.0], &[1.0, 0.0], format_args!("widths {}", 3));
}

#[test]
#[should_panic(expected = "NaN")]
fn a_nan_is_not_a_number() {
    assert_bits(&[f64::NAN], &[f64::INFINITY], format_args!(""));
}

#[test]
fn every_nan_is_the_same() {
    assert_bits(&[f32::NAN, -f32::NAN], &[f32::from_bits(0xffff_ffff), f32::NAN], format_args!(""));
}

#[test]
fn errors_are_counted_in_ulp_of_the_exact_value() {
    assert_eq!(error_in_ulp(1.0f32 + f32::EPSILON, 1.0), 1.0);
    assert_eq!(error_in_ulp(1.0f32, 1.0 + 0.25 * f64::from(f32::EPSILON)), 0.25);
    assert_eq!(error_in_ulp(f32::from_bits(3), 0.0), 3.0);
    assert_eq!(error_in_ulp(f32::MAX, f64::INFINITY), 1.0);
    assert_eq!(error_in_ulp(f32::INFINITY, 1e300), 0.0);
    assert_eq!(error_in_ulp(f32::NAN, 1.0), f64::INFINITY);
    assert_eq!(error_in_ulp(f64::from_bits(1 << 60 | 1), f64::from_bits(1 << 60)), 1.0);
    assert_eq!(error_in_ulp(f64::from_bits(3), f64::from_bits(1)), 2.0);
}
