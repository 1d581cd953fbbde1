//! Vector norms: ‖x‖₁ ([`asum`]), ‖x‖₂ ([`nrm2`]), ‖x‖∞ ([`amax`]).

use crate::dot::dot_lanes;
use crate::lanes::{Fold, Kernel, Lanes, Max, Sum, accumulate, fold, load_at};
use crate::real::Real;
use crate::scale::scale;
use crate::threads::{CHUNK, Exec, reduce};

/// Sum of magnitudes Σ |x\[i\]| (BLAS `asum`), in canonical lanes and chunks like [`dot`](crate::dot).
pub fn asum<T: Real>(exec: Exec<'_>, x: &[T]) -> T {
    reduce(exec.par(), x, CHUNK, &|x| exec.run(Magnitudes { x }), &|a, b| a + b)
}

/// Largest magnitude max |x\[i\]|; 0 for an empty vector. NaN if an element is (reference BLAS hides it at most places).
pub fn amax<T: Real>(exec: Exec<'_>, x: &[T]) -> T {
    // A NaN on the left is hidden by `Max`, one on the right handed on.
    let larger = |a: T, b| if is_nan(a) { a } else { Max.scalar(a, b) };
    reduce(exec.par(), x, CHUNK, &|x| exec.run(Largest { x }), &larger)
}

/// Euclidean norm √Σ x\[i\]² (BLAS `nrm2`): the square root of [`dot`](crate::dot)`(x, x)` where that neither overflows nor loses
/// bits to underflow; else the same of x scaled by the power of two that brings its largest magnitude near one, which
/// costs two more passes and is exact.
pub fn nrm2<T: Real>(exec: Exec<'_>, x: &[T]) -> T {
    Norm::of(exec, x).value()
}

/// A Euclidean norm, also where it is beyond the largest number: root·up₀·up₁, with powers of two that are 1 where they can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Norm<T> {
    root: T,
    up: [T; 2],
}

impl<T: Real> Norm<T> {
    pub(crate) fn of(exec: Exec<'_>, x: &[T]) -> Self {
        let squares = reduce(exec.par(), x, CHUNK, &|x| exec.run(Squares { x }), &|a, b| a + b);
        Self::from_squares(squares).unwrap_or_else(|| Self::rescued(exec, x, squares))
    }

    /// The norm of a vector whose squares add up to this, if they are reliable.
    pub(crate) fn from_squares(squares: T) -> Option<Self> {
        // Below this, squares that were flushed or rounded as subnormals may matter.
        let reliable = T::MIN_POSITIVE / (T::EPSILON * T::EPSILON);
        (squares >= reliable && squares < T::INFINITY).then(|| Self { root: squares.sqrt(), up: [T::ONE; 2] })
    }

    #[cold]
    fn rescued(exec: Exec<'_>, x: &[T], squares: T) -> Self {
        let largest = amax(exec, x);
        if largest == T::ZERO || largest == T::INFINITY || is_nan(squares) {
            // Nothing to rescue.
            return Self { root: squares.sqrt(), up: [T::ONE; 2] };
        }
        let (down, up) = power_of_two_scale(largest);
        let rescaled = reduce(exec.par(), x, CHUNK, &|x| exec.run(ScaledSquares { factors: down, x }), &|a, b| a + b);
        Self { root: rescaled.sqrt(), up }
    }

    /// The norm: infinite where it is beyond the largest number.
    pub(crate) fn value(self) -> T {
        self.root * self.up[0] * self.up[1]
    }

    /// Whether only the norm is infinite, but no element.
    pub(crate) fn overflows(self) -> bool {
        self.value() == T::INFINITY && self.root < T::INFINITY
    }

    /// x/‖·‖.
    pub(crate) fn divide(self, x: T) -> T {
        if self.overflows() { x / self.root / self.up[0] / self.up[1] } else { x / self.value() }
    }

    /// x ← x/(‖·‖ + ε), element by element.
    pub(crate) fn normalize(self, exec: Exec<'_>, epsilon: T, x: &mut [T]) {
        if self.overflows() {
            // In two steps, because the inverse may be too small to be a number.
            scale(exec, T::ONE / self.up[0] / self.root, x);
            scale(exec, T::ONE / self.up[1], x);
        } else {
            scale(exec, T::ONE / (self.value() + epsilon), x);
        }
    }

    /// ‖·‖/‖other‖, also where both are beyond the range of numbers.
    pub(crate) fn ratio(self, other: Self) -> T {
        let by = other.divide(T::ONE);
        if self.overflows() || other.overflows() || by == T::INFINITY {
            return self.root / other.root * (self.up[0] / other.up[0]) * (self.up[1] / other.up[1]);
        }
        self.value() / other.value()
    }
}

fn is_nan<T: Real>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
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
        let (low, high) = (&self.x[..half], &self.x[self.x.len() - half..]);
        let (mut largest, mut sums) = (l.splat_acc(T::ZERO), l.splat_acc(T::ZERO));
        for (x, y) in low.chunks(T::LANES).zip(high.chunks(T::LANES)) {
            for (r, (largest, sum)) in largest.as_mut().iter_mut().zip(sums.as_mut()).enumerate() {
                let (x, y) = (l.abs(load_at(l, x, r * L::WIDTH)), l.abs(load_at(l, y, r * L::WIDTH)));
                *largest = l.max(l.max(x, y), *largest);
                // Comparisons pass a NaN over, sums of magnitudes keep it, and nothing else makes one of them.
                *sum = l.add(*sum, l.add(x, y));
            }
        }
        let sum = fold(l, Sum, sums);
        if is_nan(sum) { sum } else { fold(l, Max, largest) }
    }
}
