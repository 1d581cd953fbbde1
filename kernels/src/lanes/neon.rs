//! NEON: 4 × `f32` or 2 × `f64` per register, 32 registers.

use super::enter;
use super::transposed::by_zips;
use super::{Kernel, Lanes};
use core::arch::aarch64::*;
use pulp::aarch64::Neon;

macro_rules! lanes {
    (
        $T:ident x $width:literal in $Reg:ident, $accs:literal registers, mask $Mask:ident, mantissa $mantissa:literal,
        $dup:ident $ld1:ident $st1:ident
        $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fma:ident $fms:ident $neg:ident $abs:ident
        $clt:ident $ceq:ident $bsl:ident $and:ident $eor:ident
        $cast_int:ident $cast_float:ident $sub_int:ident $shl:ident $shr:ident
        $zip1:ident $zip2:ident
    ) => {
        impl Lanes<$T> for Neon {
            const NAME: &'static str = "neon";
            const WIDTH: usize = $width;
            type Reg = $Reg;
            type Mask = $Mask;
            type Acc = [$Reg; $accs];
            type Square = [$Reg; $width];
            const PIECE: usize = 16 / size_of::<$T>();
            type Piece = [$Reg; 16 / size_of::<$T>()];
            type Tail = usize;

            #[inline(always)]
            fn enter<K: Kernel<$T>>(self, kernel: K) -> K::Output {
                enter::neon(self, kernel)
            }
            #[inline(always)]
            fn splat(self, x: $T) -> $Reg {
                self.neon.$dup(x)
            }
            #[inline(always)]
            fn zero_square(self) -> Self::Square {
                [self.neon.$dup(0.0); $width]
            }
            #[inline(always)]
            fn splat_acc(self, x: $T) -> Self::Acc {
                [self.neon.$dup(x); $accs]
            }
            #[inline(always)]
            fn load(self, src: &[$T]) -> $Reg {
                let src: &[$T; $width] = src[..$width].try_into().expect("a full register");
                // SAFETY: the array has exactly WIDTH elements.
                unsafe { self.neon.$ld1(src.as_ptr()) }
            }
            #[inline(always)]
            fn load_partial(self, src: &[$T]) -> $Reg {
                // NEON has no masked load: go through a buffer.
                let mut buffer = [0.0; $width];
                let n = src.len().min($width);
                buffer[..n].copy_from_slice(&src[..n]);
                Lanes::<$T>::load(self, &buffer)
            }
            #[inline(always)]
            fn store(self, dst: &mut [$T], v: $Reg) {
                let dst: &mut [$T; $width] = (&mut dst[..$width]).try_into().expect("a full register");
                // SAFETY: the array has exactly WIDTH elements.
                unsafe { self.neon.$st1(dst.as_mut_ptr(), v) }
            }
            #[inline(always)]
            fn store_partial(self, dst: &mut [$T], v: $Reg) {
                let mut buffer = [0.0; $width];
                Lanes::<$T>::store(self, &mut buffer, v);
                let n = dst.len().min($width);
                dst[..n].copy_from_slice(&buffer[..n]);
            }
            #[inline(always)]
            unsafe fn load_ptr(self, src: *const $T) -> $Reg {
                // SAFETY: the caller vouches for WIDTH readable elements.
                unsafe { self.neon.$ld1(src) }
            }
            #[inline(always)]
            unsafe fn store_ptr(self, dst: *mut $T, v: $Reg) {
                // SAFETY: the caller vouches for WIDTH writable elements.
                unsafe { self.neon.$st1(dst, v) }
            }
            #[inline(always)]
            fn tail(self, n: usize) -> usize {
                n.min($width)
            }
            #[inline(always)]
            unsafe fn load_tail(self, src: *const $T, tail: usize) -> $Reg {
                // SAFETY: the caller vouches for the selected elements.
                Lanes::<$T>::load_partial(self, unsafe { core::slice::from_raw_parts(src, tail) })
            }
            #[inline(always)]
            unsafe fn store_tail(self, dst: *mut $T, tail: usize, v: $Reg) {
                // SAFETY: as in `load_tail`.
                Lanes::<$T>::store_partial(self, unsafe { core::slice::from_raw_parts_mut(dst, tail) }, v);
            }
            #[inline(always)]
            fn prefetch(self, _: *const $T) {} // no stable intrinsic; the hardware's prefetcher has to do
            #[inline(always)]
            fn prefetch_l2(self, _: *const $T) {}
            #[inline(always)]
            unsafe fn load_transposed(self, row: *const $T, stride: usize) -> Self::Piece {
                // SAFETY: as the caller vouches.
                unsafe { by_zips(self, row, stride) }
            }
            #[inline(always)]
            fn zip(self, a: $Reg, b: $Reg) -> ($Reg, $Reg) {
                (self.neon.$zip1(a, b), self.neon.$zip2(a, b))
            }

            #[inline(always)]
            fn add(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$add(a, b)
            }
            #[inline(always)]
            fn sub(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$sub(a, b)
            }
            #[inline(always)]
            fn mul(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$mul(a, b)
            }
            #[inline(always)]
            fn div(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$div(a, b)
            }
            #[inline(always)]
            fn sqrt(self, a: $Reg) -> $Reg {
                self.neon.$sqrt(a)
            }
            #[inline(always)]
            fn fma(self, a: $Reg, b: $Reg, c: $Reg) -> $Reg {
                self.neon.$fma(c, a, b) // the addend comes first on ARM
            }
            #[inline(always)]
            fn fnma(self, a: $Reg, b: $Reg, c: $Reg) -> $Reg {
                self.neon.$fms(c, a, b)
            }
            #[inline(always)]
            fn neg(self, a: $Reg) -> $Reg {
                self.neon.$neg(a)
            }
            #[inline(always)]
            fn abs(self, a: $Reg) -> $Reg {
                self.neon.$abs(a)
            }

            #[inline(always)]
            fn lt(self, a: $Reg, b: $Reg) -> $Mask {
                self.neon.$clt(a, b)
            }
            #[inline(always)]
            fn eq(self, a: $Reg, b: $Reg) -> $Mask {
                self.neon.$ceq(a, b)
            }
            #[inline(always)]
            fn select(self, mask: $Mask, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$bsl(mask, a, b)
            }

            #[inline(always)]
            fn and_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$cast_float(self.neon.$and(self.neon.$cast_int(a), self.neon.$cast_int(b)))
            }
            #[inline(always)]
            fn xor_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$cast_float(self.neon.$eor(self.neon.$cast_int(a), self.neon.$cast_int(b)))
            }
            #[inline(always)]
            fn sub_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.neon.$cast_float(self.neon.$sub_int(self.neon.$cast_int(a), self.neon.$cast_int(b)))
            }
            #[inline(always)]
            fn shl_mantissa(self, a: $Reg) -> $Reg {
                self.neon.$cast_float(self.neon.$shl::<$mantissa>(self.neon.$cast_int(a)))
            }
            #[inline(always)]
            fn shr_mantissa(self, a: $Reg) -> $Reg {
                self.neon.$cast_float(self.neon.$shr::<$mantissa>(self.neon.$cast_int(a)))
            }
        }
    };
}

lanes! {
    f32 x 4 in float32x4_t, 16 registers, mask uint32x4_t, mantissa 23,
    vdupq_n_f32 vld1q_f32 vst1q_f32
    vaddq_f32 vsubq_f32 vmulq_f32 vdivq_f32 vsqrtq_f32 vfmaq_f32 vfmsq_f32 vnegq_f32 vabsq_f32
    vcltq_f32 vceqq_f32 vbslq_f32 vandq_u32 veorq_u32
    vreinterpretq_u32_f32 vreinterpretq_f32_u32 vsubq_u32 vshlq_n_u32 vshrq_n_u32
    vzip1q_f32 vzip2q_f32
}
lanes! {
    f64 x 2 in float64x2_t, 16 registers, mask uint64x2_t, mantissa 52,
    vdupq_n_f64 vld1q_f64 vst1q_f64
    vaddq_f64 vsubq_f64 vmulq_f64 vdivq_f64 vsqrtq_f64 vfmaq_f64 vfmsq_f64 vnegq_f64 vabsq_f64
    vcltq_f64 vceqq_f64 vbslq_f64 vandq_u64 veorq_u64
    vreinterpretq_u64_f64 vreinterpretq_f64_u64 vsubq_u64 vshlq_n_u64 vshrq_n_u64
    vzip1q_f64 vzip2q_f64
}
