//! Vector norms: ‖x‖₁ ([`asum`]), ‖x‖₂ ([`nrm2`]), ‖x‖∞ ([`amax`]).

use crate::dot::dot_lanes;
use crate::lanes::{Fold, Kernel, Lanes, Max, Sum, accumulate, fold};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, reduce};

/// Sum of magnitudes Σ |x\[i\]| (BLAS `asum`), in canonical lanes and chunks like [`dot`](crate::dot).
pub fn asum<T: Real>(exec: Exec<'_>, x: &[T]) -> T {
    reduce(exec.par(), x, CHUNK, &|x| exec.run(Magnitudes { x }), &|a, b| a + b)
}

/// Largest magnitude max |x\[i\]|; 0 for an empty vector. A NaN element makes the result unspecified.
pub fn amax<T: Real>(exec: Exec<'_>, x: &[T]) -> T {
    reduce(exec.par(), x, CHUNK, &|x| exec.run(Largest { x }), &|a, b| Max.scalar(a, b))
}

/// Euclidean norm √Σ x\[i\]² (BLAS `nrm2`): the square root of [`dot`](crate::dot)`(x, x)` where that neither overflows nor loses
/// bits to underflow; else the same of x scaled by the power of two that brings its largest magnitude near one, which
/// costs two more passes and is exact.
pub fn nrm2<T: Real>(exec: Exec<'_>, x: &[T]) -> T {
    let squares = reduce(exec.par(), x, CHUNK, &|x| exec.run(Squares { x }), &|a, b| a + b);
    // Below this, squares that were flushed or rounded as subnormals may matter.
    let reliable = T::MIN_POSITIVE / (T::EPSILON * T::EPSILON);
    if squares >= reliable && squares < T::INFINITY {
        return squares.sqrt();
    }
    let largest = amax(exec, x);
    // Zero, infinite or NaN: nothing to rescue.
    if largest == T::ZERO
        || largest == T::INFINITY
        || largest.bits() > T::INFINITY.bits()
        || squares.bits() > T::INFINITY.bits()
    {
        return squares.sqrt();
    }
    let (down, up) = power_of_two_scale(largest);
    let rescaled = reduce(exec.par(), x, CHUNK, &|x| exec.run(ScaledSquares { factors: down, x }), &|a, b| a + b);
    rescaled.sqrt() * up[0] * up[1]
}

/// Powers of two d₀, d₁, u₀, u₁ with `x · d₀ · d₁` in [1, 2) for finite x > 0 and u₀·u₁ their exact inverse. Two
/// factors each, because the whole power may lie outside the exponent range.
fn power_of_two_scale<T: Real>(x: T) -> ([T; 2], [T; 2]) {
    let bias = (T::ONE.bits() >> T::MANTISSA_BITS) as i64;
    let power = |n: i64| T::from_bits(((n + bias) as u64) << T::MANTISSA_BITS);
    // A subnormal's exponent field is 0; its true exponent is found by counting its leading zeros.
    let field = (x.bits() >> T::MANTISSA_BITS) as i64;
    let exponent =
        if field > 0 { field - bias } else { i64::from(x.bits().ilog2()) - i64::from(T::MANTISSA_BITS) + 1 - bias };
    let half = exponent / 2;
    ([power(-half), power(half - exponent)], [power(half), power(exponent - half)])
}

/// The inner product of x with itself; a kernel of its own, because it loads every element once and `dot` twice.
struct Squares<'a, T> {
    x: &'a [T],
}
impl<T: Real> Kernel<T> for Squares<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        dot_lanes(l, self.x, self.x)
    }
}

struct ScaledSquares<'a, T> {
    factors: [T; 2],
    x: &'a [T],
}
impl<T: Real> Kernel<T> for ScaledSquares<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let [first, second] = self.factors.map(
            #[inline(always)]
            |f| l.splat(f),
        );
        let acc = accumulate(
            l,
            l.splat_acc(T::ZERO),
            self.x,
            self.x,
            #[inline(always)]
            |acc, x, _| {
                let x = l.mul(l.mul(x, first), second);
                l.fma(x, x, acc)
            },
        );
        fold(l, Sum, acc)
    }
}

struct Magnitudes<'a, T> {
    x: &'a [T],
}
impl<T: Real> Kernel<T> for Magnitudes<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let acc = accumulate(
            l,
            l.splat_acc(T::ZERO),
            self.x,
            self.x,
            #[inline(always)]
            |acc, x, _| l.add(acc, l.abs(x)),
        );
        fold(l, Sum, acc)
    }
}

struct Largest<'a, T> {
    x: &'a [T],
}
impl<T: Real> Kernel<T> for Largest<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        // Compare and select take longer than a load, so each lane takes the larger of two elements at a time. For a
        // maximum, order is free and an element may count twice: the halves of an odd length overlap.
        let half = self.x.len().div_ceil(2);
        let acc = accumulate(
            l,
            l.splat_acc(T::ZERO),
            &self.x[..half],
            &self.x[self.x.len() - half..],
            #[inline(always)]
            |acc, x, y| l.max(acc, l.max(l.abs(x), l.abs(y))),
        );
        fold(l, Max, acc)
    }
}
