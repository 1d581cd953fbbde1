//! AVX2 + FMA: 8 × `f32` or 4 × `f64` per register, 16 registers.

use super::enter;
use super::transposed::{Parts, by_parts};
use super::{Kernel, Lanes};
use core::arch::x86_64::*;
use pulp::x86::V3;

/// `&MASK[8 - n..]` starts with n times all-ones: the mask of a partial load or store of n 32-bit elements.
static MASK_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
/// The same for four 64-bit elements.
static MASK_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

macro_rules! lanes {
    (
        $T:ident x $width:literal in $Reg:ident, $accs:literal registers, mask $MASK:ident, mantissa $mantissa:literal,
        $set1:ident $loadu:ident $storeu:ident $maskload:ident $maskstore:ident
        $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fmadd:ident $fnmadd:ident
        $cmp:ident $blendv:ident $and:ident $xor:ident $andnot:ident
        $cast_int:ident $cast_float:ident $sub_int:ident $shl:ident $shr:ident
        $unpacklo:ident $unpackhi:ident $permute2:ident
    ) => {
        impl Lanes<$T> for V3 {
            const NAME: &'static str = "avx2";
            const WIDTH: usize = $width;
            type Reg = $Reg;
            type Mask = $Reg;
            type Acc = [$Reg; $accs];
            type Square = [$Reg; $width];
            const PIECE: usize = 16 / size_of::<$T>();
            type Piece = [$Reg; 16 / size_of::<$T>()];
            type Tail = __m256i;

            #[inline(always)]
            fn enter<K: Kernel<$T>>(self, kernel: K) -> K::Output {
                enter::avx2(self, kernel)
            }
            #[inline(always)]
            fn splat(self, x: $T) -> $Reg {
                self.avx.$set1(x)
            }
            #[inline(always)]
            fn zero_square(self) -> Self::Square {
                [self.avx.$set1(0.0); $width]
            }
            #[inline(always)]
            fn splat_acc(self, x: $T) -> Self::Acc {
                [self.avx.$set1(x); $accs]
            }
            #[inline(always)]
            fn load(self, src: &[$T]) -> $Reg {
                let src: &[$T; $width] = src[..$width].try_into().expect("a full register");
                // SAFETY: the array has exactly WIDTH elements.
                unsafe { self.avx.$loadu(src.as_ptr()) }
            }
            #[inline(always)]
            fn load_partial(self, src: &[$T]) -> $Reg {
                let n = src.len().min($width);
                // SAFETY: the table has 2·WIDTH entries and n <= WIDTH; the mask it yields enables n elements, and
                // a masked-off element is not accessed.
                unsafe {
                    let mask = self.avx._mm256_loadu_si256($MASK.as_ptr().add($width - n).cast());
                    self.avx.$maskload(src.as_ptr(), mask)
                }
            }
            #[inline(always)]
            fn store(self, dst: &mut [$T], v: $Reg) {
                let dst: &mut [$T; $width] = (&mut dst[..$width]).try_into().expect("a full register");
                // SAFETY: the array has exactly WIDTH elements.
                unsafe { self.avx.$storeu(dst.as_mut_ptr(), v) }
            }
            #[inline(always)]
            fn store_partial(self, dst: &mut [$T], v: $Reg) {
                let n = dst.len().min($width);
                // SAFETY: as in `load_partial`.
                unsafe {
                    let mask = self.avx._mm256_loadu_si256($MASK.as_ptr().add($width - n).cast());
                    self.avx.$maskstore(dst.as_mut_ptr(), mask, v)
                }
            }
            #[inline(always)]
            unsafe fn load_ptr(self, src: *const $T) -> $Reg {
                // SAFETY: the caller vouches for WIDTH readable elements.
                unsafe { self.avx.$loadu(src) }
            }
            #[inline(always)]
            unsafe fn store_ptr(self, dst: *mut $T, v: $Reg) {
                // SAFETY: the caller vouches for WIDTH writable elements.
                unsafe { self.avx.$storeu(dst, v) }
            }
            #[inline(always)]
            fn tail(self, n: usize) -> __m256i {
                // SAFETY: the table has 2·WIDTH entries and min(WIDTH, n) is at most WIDTH.
                unsafe { self.avx._mm256_loadu_si256($MASK.as_ptr().add($width - n.min($width)).cast()) }
            }
            #[inline(always)]
            unsafe fn load_tail(self, src: *const $T, tail: __m256i) -> $Reg {
                // SAFETY: the caller vouches for the selected elements; a masked-off one is not accessed.
                unsafe { self.avx.$maskload(src, tail) }
            }
            #[inline(always)]
            unsafe fn store_tail(self, dst: *mut $T, tail: __m256i, v: $Reg) {
                // SAFETY: as in `load_tail`.
                unsafe { self.avx.$maskstore(dst, tail, v) }
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
                unsafe { by_parts(self, row, stride) }
            }
            #[inline(always)]
            fn zip(self, a: $Reg, b: $Reg) -> ($Reg, $Reg) {
                let (even, odd) = (self.avx.$unpacklo(a, b), self.avx.$unpackhi(a, b));
                (self.avx.$permute2::<0x20>(even, odd), self.avx.$permute2::<0x31>(even, odd))
            }

            #[inline(always)]
            fn add(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$add(a, b)
            }
            #[inline(always)]
            fn sub(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$sub(a, b)
            }
            #[inline(always)]
            fn mul(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$mul(a, b)
            }
            #[inline(always)]
            fn div(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$div(a, b)
            }
            #[inline(always)]
            fn sqrt(self, a: $Reg) -> $Reg {
                self.avx.$sqrt(a)
            }
            #[inline(always)]
            fn fma(self, a: $Reg, b: $Reg, c: $Reg) -> $Reg {
                self.fma.$fmadd(a, b, c)
            }
            #[inline(always)]
            fn fnma(self, a: $Reg, b: $Reg, c: $Reg) -> $Reg {
                self.fma.$fnmadd(a, b, c)
            }
            #[inline(always)]
            fn neg(self, a: $Reg) -> $Reg {
                self.avx.$xor(a, self.avx.$set1(-0.0))
            }
            #[inline(always)]
            fn abs(self, a: $Reg) -> $Reg {
                self.avx.$andnot(self.avx.$set1(-0.0), a)
            }

            #[inline(always)]
            fn lt(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$cmp::<_CMP_LT_OQ>(a, b)
            }
            #[inline(always)]
            fn eq(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$cmp::<_CMP_EQ_OQ>(a, b)
            }
            #[inline(always)]
            fn select(self, mask: $Reg, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$blendv(b, a, mask)
            }

            #[inline(always)]
            fn and_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$and(a, b)
            }
            #[inline(always)]
            fn xor_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$xor(a, b)
            }
            #[inline(always)]
            fn sub_bits(self, a: $Reg, b: $Reg) -> $Reg {
                self.avx.$cast_float(self.avx2.$sub_int(self.avx.$cast_int(a), self.avx.$cast_int(b)))
            }
            #[inline(always)]
            fn shl_mantissa(self, a: $Reg) -> $Reg {
                self.avx.$cast_float(self.avx2.$shl::<$mantissa>(self.avx.$cast_int(a)))
            }
            #[inline(always)]
            fn shr_mantissa(self, a: $Reg) -> $Reg {
                self.avx.$cast_float(self.avx2.$shr::<$mantissa>(self.avx.$cast_int(a)))
            }
        }
        impl Parts<$T> for V3 {
            #[inline(always)]
            unsafe fn gather(self, first: *const $T, distance: usize) -> $Reg {
                // SAFETY: the caller vouches for 128 bits every `distance` elements.
                let (low, high) = unsafe {
                    let high = self.sse2._mm_loadu_si128(first.wrapping_add(distance).cast());
                    (self.sse2._mm_loadu_si128(first.cast()), high)
                };
                let low = self.avx._mm256_castsi128_si256(low);
                self.avx.$cast_float(self.avx2._mm256_inserti128_si256::<1>(low, high))
            }
            #[inline(always)]
            fn zip_parts(self, a: $Reg, b: $Reg) -> ($Reg, $Reg) {
                (self.avx.$unpacklo(a, b), self.avx.$unpackhi(a, b))
            }
        }
    };
}

lanes! {
    f32 x 8 in __m256, 8 registers, mask MASK_32, mantissa 23,
    _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_maskload_ps _mm256_maskstore_ps
    _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_sqrt_ps _mm256_fmadd_ps _mm256_fnmadd_ps
    _mm256_cmp_ps _mm256_blendv_ps _mm256_and_ps _mm256_xor_ps _mm256_andnot_ps
    _mm256_castps_si256 _mm256_castsi256_ps _mm256_sub_epi32 _mm256_slli_epi32 _mm256_srli_epi32
    _mm256_unpacklo_ps _mm256_unpackhi_ps _mm256_permute2f128_ps
}
lanes! {
    f64 x 4 in __m256d, 8 registers, mask MASK_64, mantissa 52,
    _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_maskload_pd _mm256_maskstore_pd
    _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_sqrt_pd _mm256_fmadd_pd _mm256_fnmadd_pd
    _mm256_cmp_pd _mm256_blendv_pd _mm256_and_pd _mm256_xor_pd _mm256_andnot_pd
    _mm256_castpd_si256 _mm256_castsi256_pd _mm256_sub_epi64 _mm256_slli_epi64 _mm256_srli_epi64
    _mm256_unpacklo_pd _mm256_unpackhi_pd _mm256_permute2f128_pd
}
