//! Scalar: one element per register. The fallback everywhere, and the simplest reading of every operation.

use super::enter;
use super::{Kernel, Lanes};
use crate::real::Real;

impl<T: Real> Lanes<T> for pulp::Scalar {
    const NAME: &'static str = "scalar";
    const WIDTH: usize = 1;
    type Reg = T;
    type Mask = bool;
    type Acc = T::Canonical;
    type Square = [T; 1];
    const PIECE: usize = 1;
    type Piece = [T; 1];
    type Tail = bool;

    #[inline(always)]
    fn enter<K: Kernel<T>>(self, kernel: K) -> K::Output {
        enter::scalar(self, kernel)
    }
    #[inline(always)]
    fn splat(self, x: T) -> T {
        x
    }
    #[inline(always)]
    fn zero_square(self) -> [T; 1] {
        [T::ZERO]
    }
    #[inline(always)]
    fn splat_acc(self, x: T) -> Self::Acc {
        let mut acc = T::CANONICAL_ZERO;
        acc.as_mut().fill(x);
        acc
    }
    #[inline(always)]
    fn load(self, src: &[T]) -> T {
        src[0]
    }
    #[inline(always)]
    fn load_partial(self, src: &[T]) -> T {
        src.first().copied().unwrap_or(T::ZERO)
    }
    #[inline(always)]
    fn store(self, dst: &mut [T], v: T) {
        dst[0] = v;
    }
    #[inline(always)]
    fn store_partial(self, dst: &mut [T], v: T) {
        if let Some(first) = dst.first_mut() {
            *first = v;
        }
    }
    #[inline(always)]
    unsafe fn load_ptr(self, src: *const T) -> T {
        // SAFETY: the caller vouches for one readable element.
        unsafe { src.read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store_ptr(self, dst: *mut T, v: T) {
        // SAFETY: the caller vouches for one writable element.
        unsafe { dst.write_unaligned(v) }
    }

    #[inline(always)]
    fn tail(self, n: usize) -> bool {
        n > 0
    }
    #[inline(always)]
    unsafe fn load_tail(self, src: *const T, tail: bool) -> T {
        // SAFETY: the caller vouches for the element if it is selected.
        if tail { unsafe { src.read_unaligned() } } else { T::ZERO }
    }
    #[inline(always)]
    unsafe fn store_tail(self, dst: *mut T, tail: bool, v: T) {
        if tail {
            // SAFETY: as in `load_tail`.
            unsafe { dst.write_unaligned(v) }
        }
    }
    #[inline(always)]
    #[cfg_attr(not(test), expect(unused_variables))]
    fn prefetch(self, p: *const T) {
        #[cfg(test)]
        super::prefetched::record(p.addr());
    }
    #[inline(always)]
    fn prefetch_l2(self, p: *const T) {
        self.prefetch(p);
    }
    #[inline(always)]
    unsafe fn load_transposed(self, row: *const T, _: usize) -> [T; 1] {
        // SAFETY: the caller vouches for one readable element.
        unsafe { [row.read_unaligned()] }
    }
    #[inline(always)]
    fn zip(self, a: T, b: T) -> (T, T) {
        (a, b)
    }

    #[inline(always)]
    fn add(self, a: T, b: T) -> T {
        a + b
    }
    #[inline(always)]
    fn sub(self, a: T, b: T) -> T {
        a - b
    }
    #[inline(always)]
    fn mul(self, a: T, b: T) -> T {
        a * b
    }
    #[inline(always)]
    fn div(self, a: T, b: T) -> T {
        a / b
    }
    #[inline(always)]
    fn sqrt(self, a: T) -> T {
        a.sqrt()
    }
    #[inline(always)]
    fn fma(self, a: T, b: T, c: T) -> T {
        a.mul_add(b, c)
    }
    #[inline(always)]
    fn fnma(self, a: T, b: T, c: T) -> T {
        (-a).mul_add(b, c)
    }
    #[inline(always)]
    fn neg(self, a: T) -> T {
        -a
    }
    #[inline(always)]
    fn abs(self, a: T) -> T {
        a.abs()
    }

    #[inline(always)]
    fn lt(self, a: T, b: T) -> bool {
        a < b
    }
    #[inline(always)]
    fn eq(self, a: T, b: T) -> bool {
        a == b
    }
    #[inline(always)]
    fn select(self, mask: bool, a: T, b: T) -> T {
        if mask { a } else { b }
    }

    #[inline(always)]
    fn and_bits(self, a: T, b: T) -> T {
        T::from_bits(a.bits() & b.bits())
    }
    #[inline(always)]
    fn xor_bits(self, a: T, b: T) -> T {
        T::from_bits(a.bits() ^ b.bits())
    }
    #[inline(always)]
    fn sub_bits(self, a: T, b: T) -> T {
        T::from_bits(a.bits().wrapping_sub(b.bits()))
    }
    #[inline(always)]
    fn shl_mantissa(self, a: T) -> T {
        T::from_bits(a.bits() << T::MANTISSA_BITS)
    }
    #[inline(always)]
    fn shr_mantissa(self, a: T) -> T {
        T::from_bits(a.bits() >> T::MANTISSA_BITS)
    }
}
