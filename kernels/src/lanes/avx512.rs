//! AVX-512 (F, BW, CD, DQ, VL): 16 × `f32` or 8 × `f64` per register, 32 registers, one mask bit per element.

use super::enter;
use super::transposed::{Parts, by_parts, by_zips};
use super::{Kernel, Lanes};
use core::arch::x86_64::*;
use pulp::x86::V4;

macro_rules! lanes {
    (
        $T:ident x $width:literal in $Reg:ident, $accs:literal registers, mask $Mask:ident, mantissa $mantissa:literal,
        $set1:ident $loadu:ident $storeu:ident $maskz_loadu:ident $mask_storeu:ident
        $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fmadd:ident $fnmadd:ident
        $cmp:ident $blend:ident $and:ident $xor:ident $andnot:ident
        $cast_int:ident $cast_float:ident $sub_int:ident $shl:ident $shr:ident
        $permutex2:ident $low:ident $high:ident $load_transposed:ident in $piece:literal
    ) => {
        impl Lanes<$T> for V4 {
            const NAME: &'static str = "avx512";
            const WIDTH: usize = $width;
            type Reg = $Reg;
            type Mask = $Mask;
            type Acc = [$Reg; $accs];
            type Square = [$Reg; $width];
            const PIECE: usize = $piece;
            type Piece = [$Reg; $piece];
            type Tail = $Mask;

            #[inline(always)]
            fn enter<K: Kernel<$T>>(self, kernel: K) -> K::Output {
                enter::avx512(self, kernel)
            }
            #[inline(always)]
            fn splat(self, x: $T) -> $Reg {
                self.avx512f.$set1(x)
            }
            #[inline(always)]
            fn zero_square(self) -> Self::Square {
                [self.avx512f.$set1(0.0); $width]
            }
            #[inline(always)]
            fn splat_acc(self, x: $T) -> Self::Acc {
                [self.avx512f.$set1(x); $accs]
            }
            #[inline(always)]
            fn load(self, src: &[$T]) -> $Reg {
                let src: &[$T; $width] = src[..$width].try_into().expect("a full register");
                // SAFETY: the array has exactly WIDTH elements.
                unsafe { self.avx512f.$loadu(src.as_ptr()) }
            }
            #[inline(always)]
            fn load_partial(self, src: &[$T]) -> $Reg {
                let mask = first(src.len()) as $Mask;
                // SAFETY: the mask enables min(WIDTH, src.len()) elements; a masked-off element is not accessed.
                unsafe { self.avx512f.$maskz_loadu(mask, src.as_ptr()) }
            }
            #[inline(always)]
            fn store(self, dst: &mut [$T], v: $Reg) {
                let dst: &mut [$T; $width] = (&mut dst[..$width]).try_into().expect("a full register");
                // SAFETY: the array has exactly WIDTH elements.
                unsafe { self.avx512f.$storeu(dst.as_mut_ptr(), v) }
            }
            #[inline(always)]
            fn store_partial(self, dst: &mut [$T], v: $Reg) {
                let mask = first(dst.len()) as $Mask;
                // SAFETY: as in `load_partial`.
                unsafe { self.avx512f.$mask_storeu(dst.as_mut_ptr(), mask, v) }
            }
            #[inline(always)]
            unsafe fn load_ptr(self, src: *const $T) -> $Reg {
                // SAFETY: the caller vouches for WIDTH readable elements.
                unsafe { self.avx512f.$loadu(src) }
            }
            #[inline(always)]
            unsafe fn store_ptr(self, dst: *mut $T, v: $Reg) {
                // SAFETY: the caller vouches for WIDTH writable elements.
                unsafe { self.avx512f.$storeu(dst, v) }
            }
            #[inline(always)]
            fn tail(self, n: usize) -> $Mask {
                first(n) as $Mask
            }
            #[inline(always)]
            unsafe fn load_tail(self, src: *const $T, tail: $Mask) -> $Reg {
                // SAFETY: the caller vouches for the selected elements; a masked-off one is not accessed.
                unsafe { self.avx512f.$maskz_loadu(tail, src) }
            }
            #[inline(always)]
            unsafe fn store_tail(self, dst: *mut $T, tail: $Mask, v: $Reg) {
                // SAFETY: as in `load_tail`.
                unsafe { self.avx512f.$mask_storeu(dst, tail, v) }
            }
            #[inline(always)]
            fn prefetch(self, p: *const $T) {
                self.sse._mm_prefetch::<_MM_HINT_T0>(p.cast())
            }
            #[inline(always)]
            fn prefetch_l2(self, p: *const $T) {
                self.sse._mm_prefetch::<_MM_HINT_T1>(p.cast())
            }
            #[inline(always)]
            unsafe fn load_transposed(self, row: *const $T, stride: usize) -> Self::Piece {
                // SAFETY: as the caller vouches.
                unsafe { $load_transposed(self, row, stride) }
            }
            #[inline(always)]
            fn zip(self, a: $Reg, b: $Reg) -> ($Reg, $Reg) {
                (self.avx512f.$permutex2(a, $low, b), self.avx512f.$permutex2(a, $high, b))
            }

            #[inline(always)]
            fn add(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx512f.$add(a, b)
            }
            #[inline(always)]
            fn sub(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx512f.$sub(a, b)
            }
            #[inline(always)]
            fn mul(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx512f.$mul(a, b)
            }
            #[inline(always)]
            fn div(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx512f.$div(a, b)
            }
            #[inline(always)]
            fn sqrt(self, a: $Reg) -> $Reg {
                self.avx512f.$sqrt(a)
            }
            #[inline(always)]
            fn fma(self, a: $Reg, b: $Reg, c: $Reg) -> $Reg {
                self.avx512f.$fmadd(a, b, c)
            }
            #[inline(always)]
            fn fnma(self, a: $Reg, b: $Reg, c: $Reg) -> $Reg {
                self.avx512f.$fnmadd(a, b, c)
            }
            #[inline(always)]
            fn neg(self, a: $Reg) -> $Reg {
                self.avx512dq.$xor(a, self.avx512f.$set1(-0.0))
            }
            #[inline(always)]
            fn abs(self, a: $Reg) -> $Reg {
                self.avx512dq.$andnot(self.avx512f.$set1(-0.0), a)
            }

            #[inline(always)]
            fn lt(self, a: $Reg, b: $Reg) -> $Mask {
                self.avx512f.$cmp::<_CMP_LT_OQ>(a, b)
            }
            #[inline(always)]
            fn eq(self, a: $Reg, b: $Reg) -> $Mask {
                self.avx512f.$cmp::<_CMP_EQ_OQ>(a, b)
            }
            #[inline(always)]
            fn select(self, mask: $Mask, a: $Reg, b: $Reg) -> $Reg {
                self.avx512f.$blend(mask, b, a)
            }

            #[inline(always)]
            fn and_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx512dq.$and(a, b)
            }
            #[inline(always)]
            fn xor_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx512dq.$xor(a, b)
            }
            #[inline(always)]
            fn sub_bits(self, a: $Reg, b: $Reg) -> $Reg {
                let (a, b) = (self.avx512f.$cast_int(a), self.avx512f.$cast_int(b));
                self.avx512f.$cast_float(self.avx512f.$sub_int(a, b))
            }
            #[inline(always)]
            fn shl_mantissa(self, a: $Reg) -> $Reg {
                self.avx512f.$cast_float(self.avx512f.$shl::<$mantissa>(self.avx512f.$cast_int(a)))
            }
            #[inline(always)]
            fn shr_mantissa(self, a: $Reg) -> $Reg {
                self.avx512f.$cast_float(self.avx512f.$shr::<$mantissa>(self.avx512f.$cast_int(a)))
            }
        }
    };
}

// Which elements of two registers, one after the other, a zip takes.
// SAFETY: an array of the size of the register, whose every bit pattern is valid.
const LOW_32: __m512i = unsafe { core::mem::transmute([0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23]) };
// SAFETY: as above.
const HIGH_32: __m512i =
    unsafe { core::mem::transmute([8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31]) };
// SAFETY: as above.
const LOW_64: __m512i = unsafe { core::mem::transmute([0i64, 8, 1, 9, 2, 10, 3, 11]) };
// SAFETY: as above.
const HIGH_64: __m512i = unsafe { core::mem::transmute([4i64, 12, 5, 13, 6, 14, 7, 15]) };

/// The lowest `n` of 16 bits; all of them from 16 on.
#[inline(always)]
fn first(n: usize) -> u16 {
    ((1u32 << n.min(16)) - 1) as u16
}

impl Parts<f32> for V4 {
    #[inline(always)]
    unsafe fn gather(self, first: *const f32, distance: usize) -> __m512 {
        // SAFETY: the caller vouches for 128 bits every `distance` elements.
        unsafe {
            let reg = self.avx512f._mm512_castps128_ps512(self.sse._mm_loadu_ps(first));
            let second = self.sse._mm_loadu_ps(first.wrapping_add(distance));
            let reg = self.avx512f._mm512_insertf32x4::<1>(reg, second);
            let third = self.sse._mm_loadu_ps(first.wrapping_add(2 * distance));
            let reg = self.avx512f._mm512_insertf32x4::<2>(reg, third);
            let fourth = self.sse._mm_loadu_ps(first.wrapping_add(3 * distance));
            self.avx512f._mm512_insertf32x4::<3>(reg, fourth)
        }
    }
    #[inline(always)]
    fn zip_parts(self, a: __m512, b: __m512) -> (__m512, __m512) {
        (self.avx512f._mm512_unpacklo_ps(a, b), self.avx512f._mm512_unpackhi_ps(a, b))
    }
}

lanes! {
    f32 x 16 in __m512, 4 registers, mask __mmask16, mantissa 23,
    _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_maskz_loadu_ps _mm512_mask_storeu_ps
    _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps _mm512_fmadd_ps _mm512_fnmadd_ps
    _mm512_cmp_ps_mask _mm512_mask_blend_ps _mm512_and_ps _mm512_xor_ps _mm512_andnot_ps
    _mm512_castps_si512 _mm512_castsi512_ps _mm512_sub_epi32 _mm512_slli_epi32 _mm512_srli_epi32
    _mm512_permutex2var_ps LOW_32 HIGH_32 by_parts in 4
}
lanes! {
    f64 x 8 in __m512d, 4 registers, mask __mmask8, mantissa 52,
    _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_maskz_loadu_pd _mm512_mask_storeu_pd
    _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd _mm512_fmadd_pd _mm512_fnmadd_pd
    _mm512_cmp_pd_mask _mm512_mask_blend_pd _mm512_and_pd _mm512_xor_pd _mm512_andnot_pd
    _mm512_castpd_si512 _mm512_castsi512_pd _mm512_sub_epi64 _mm512_slli_epi64 _mm512_srli_epi64
    _mm512_permutex2var_pd LOW_64 HIGH_64 by_zips in 8
}
