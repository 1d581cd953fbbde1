//! The lane vocabulary every kernel is written in, and the canonical reduction: the only reduction code there is.
//!
//! A kernel is written once, over [`Lanes`], and instantiated for each token of pulp; `lanes/{avx512,avx2,neon,
//! scalar}.rs` hold the operations (and `transposed.rs` what two of them share) and are, with the
//! sizes of the GEMM tiles, the only ISA-specific files. Each operation has one meaning, stated here, to the bit:
//!
//! - IEEE-754 operations only, never an estimate (`rsqrt`), never a contraction the source does not ask for;
//! - [`min`](Lanes::min) and [`max`](Lanes::max) are compare + select, because the instructions differ by ISA in
//!   what they do to NaN and ±0;
//! - a reduction goes through [`accumulate`], which fixes which element meets which lane and in what order lanes meet.
//!
//! Everything below an ISA entry point must be `#[inline(always)]`: a function that is not inlined is compiled
//! without the instruction set, gives the same bits, and runs 20 to 90 times slower. CI reads the assembly for it.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod enter;
#[cfg(target_arch = "aarch64")]
mod neon;
mod opaque;
#[cfg(test)]
pub(crate) mod prefetched;
mod scalar;
mod token;
mod transposed;

pub(crate) use opaque::opaque;
#[doc(hidden)]
pub use token::Token;
pub(crate) use transposed::{for_each_piece, for_each_piece_with_zeros};

use crate::real::Real;

/// A computation written over the lane vocabulary; [`Isa::run`](crate::Isa::run) instantiates it.
pub trait Kernel<T: Real> {
    /// What the computation returns.
    type Output;
    /// The body. Implementations must be `#[inline(always)]`, and so must everything they call.
    fn run<L: Lanes<T>>(self, l: L) -> Self::Output;
}

/// Operations on one register of [`WIDTH`](Lanes::WIDTH) elements, implemented by pulp's tokens (sealed).
///
/// The token is the proof that the CPU has the instructions, so the operations are safe.
pub trait Lanes<T: Real>: private::Sealed + Copy + Send + Sync + 'static {
    /// Name of the instruction set, as in [`Isa::name`](crate::Isa::name).
    const NAME: &'static str;
    /// Elements per register.
    const WIDTH: usize;
    /// A register.
    type Reg: Copy;
    /// The result of a comparison, one truth value per element.
    type Mask: Copy;
    /// The [`T::LANES`](Real::LANES) canonical lanes as `T::LANES / WIDTH` registers.
    type Acc: Copy + AsRef<[Self::Reg]> + AsMut<[Self::Reg]>;

    /// `WIDTH` registers: a square matrix.
    type Square: Copy + AsRef<[Self::Reg]> + AsMut<[Self::Reg]>;
    /// Columns that [`load_transposed`](Self::load_transposed) takes at once.
    const PIECE: usize;
    /// `PIECE` registers.
    type Piece: Copy + AsRef<[Self::Reg]> + AsMut<[Self::Reg]>;

    /// Runs `kernel` compiled for the instruction set.
    fn enter<K: Kernel<T>>(self, kernel: K) -> K::Output;

    /// All elements `x`.
    fn splat(self, x: T) -> Self::Reg;
    /// All elements of a square matrix zero.
    fn zero_square(self) -> Self::Square;
    /// All canonical lanes `x`.
    fn splat_acc(self, x: T) -> Self::Acc;
    /// The first `WIDTH` elements of `src`. Panics if there are fewer.
    fn load(self, src: &[T]) -> Self::Reg;
    /// The first `min(WIDTH, src.len())` elements of `src`, the rest zero; reads nothing beyond `src`.
    fn load_partial(self, src: &[T]) -> Self::Reg;
    /// Writes the first `WIDTH` elements of `dst`. Panics if there are fewer.
    fn store(self, dst: &mut [T], v: Self::Reg);
    /// Writes the first `min(WIDTH, dst.len())` elements; touches nothing beyond `dst`.
    fn store_partial(self, dst: &mut [T], v: Self::Reg);
    /// [`load`](Lanes::load) through a pointer of any alignment.
    ///
    /// # Safety
    /// - `src` is valid for reading `WIDTH` elements.
    unsafe fn load_ptr(self, src: *const T) -> Self::Reg;
    /// [`store`](Lanes::store) through a pointer of any alignment.
    ///
    /// # Safety
    /// - `dst` is valid for writing `WIDTH` elements.
    unsafe fn store_ptr(self, dst: *mut T, v: Self::Reg);

    /// Selects the first `min(WIDTH, n)` elements in [`load_tail`](Lanes::load_tail) and
    /// [`store_tail`](Lanes::store_tail); made once and kept over a loop, where [`load_partial`](Lanes::load_partial)
    /// would make it anew each time.
    type Tail: Copy;
    /// The first `min(WIDTH, n)` elements.
    fn tail(self, n: usize) -> Self::Tail;
    /// The selected elements at `src`, the rest zero.
    ///
    /// # Safety
    /// - `src` is valid for reading the selected elements.
    unsafe fn load_tail(self, src: *const T, tail: Self::Tail) -> Self::Reg;
    /// Writes the selected elements to `dst`.
    ///
    /// # Safety
    /// - `dst` is valid for writing the selected elements.
    unsafe fn store_tail(self, dst: *mut T, tail: Self::Tail, v: Self::Reg);
    /// Asks for the cache line of `p`, which may be any address.
    fn prefetch(self, p: *const T);
    /// Asks for the cache line of `p`, which may be any address, but only into L2: what is used later must not drive out of L1
    /// what is used now.
    fn prefetch_l2(self, p: *const T);

    /// The transpose of `WIDTH` rows of [`PIECE`](Self::PIECE) elements, `stride` apart.
    ///
    /// # Safety
    /// - `row`, the first, is valid for reading all of them.
    unsafe fn load_transposed(self, row: *const T, stride: usize) -> Self::Piece;

    /// a₀ b₀ a₁ b₁ …: the first half of the sequence, and the second.
    fn zip(self, a: Self::Reg, b: Self::Reg) -> (Self::Reg, Self::Reg);

    /// a + b.
    fn add(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// a − b.
    fn sub(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// a · b.
    fn mul(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// a / b, correctly rounded.
    fn div(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// √a, correctly rounded.
    fn sqrt(self, a: Self::Reg) -> Self::Reg;
    /// a·b + c with one rounding.
    fn fma(self, a: Self::Reg, b: Self::Reg, c: Self::Reg) -> Self::Reg;
    /// c − a·b with one rounding.
    fn fnma(self, a: Self::Reg, b: Self::Reg, c: Self::Reg) -> Self::Reg;
    /// Flips the sign bit.
    fn neg(self, a: Self::Reg) -> Self::Reg;
    /// Clears the sign bit.
    fn abs(self, a: Self::Reg) -> Self::Reg;

    /// a < b; false if either is NaN.
    fn lt(self, a: Self::Reg, b: Self::Reg) -> Self::Mask;
    /// a = b; false if either is NaN.
    fn eq(self, a: Self::Reg, b: Self::Reg) -> Self::Mask;
    /// `if mask { a } else { b }`.
    fn select(self, mask: Self::Mask, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// `if a < b { a } else { b }`: b when either is NaN, b for zeros of either sign.
    #[inline(always)]
    fn min(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        self.select(self.lt(a, b), a, b)
    }
    /// `if a > b { a } else { b }`: b when either is NaN, b for zeros of either sign.
    #[inline(always)]
    fn max(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        self.select(self.lt(b, a), a, b)
    }

    /// Bitwise and.
    fn and_bits(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// Bitwise exclusive or.
    fn xor_bits(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// Bit pattern minus bit pattern, as wrapping integers.
    fn sub_bits(self, a: Self::Reg, b: Self::Reg) -> Self::Reg;
    /// Bit pattern shifted left by the width of the mantissa: low bits become the exponent field.
    fn shl_mantissa(self, a: Self::Reg) -> Self::Reg;
    /// Bit pattern shifted right by the width of the mantissa, zeros shifted in: sign and exponent become low bits.
    fn shr_mantissa(self, a: Self::Reg) -> Self::Reg;
}

mod private {
    pub trait Sealed {}
    impl Sealed for pulp::Scalar {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for pulp::x86::V3 {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for pulp::x86::V4 {}
    #[cfg(target_arch = "aarch64")]
    impl Sealed for pulp::aarch64::Neon {}
}

/// How the canonical lanes are folded into one number.
pub trait Fold: Copy {
    /// Two registers into one.
    fn lanes<T: Real, L: Lanes<T>>(self, l: L, a: L::Reg, b: L::Reg) -> L::Reg;
    /// The same on two numbers.
    fn scalar<T: Real>(self, a: T, b: T) -> T;
}

/// Fold by addition.
#[derive(Clone, Copy)]
pub struct Sum;
impl Fold for Sum {
    #[inline(always)]
    fn lanes<T: Real, L: Lanes<T>>(self, l: L, a: L::Reg, b: L::Reg) -> L::Reg {
        l.add(a, b)
    }
    #[inline(always)]
    fn scalar<T: Real>(self, a: T, b: T) -> T {
        a + b
    }
}

/// Fold by the larger: `if a > b { a } else { b }`.
#[derive(Clone, Copy)]
pub struct Max;
impl Fold for Max {
    #[inline(always)]
    fn lanes<T: Real, L: Lanes<T>>(self, l: L, a: L::Reg, b: L::Reg) -> L::Reg {
        l.max(a, b)
    }
    #[inline(always)]
    fn scalar<T: Real>(self, a: T, b: T) -> T {
        if a > b { a } else { b }
    }
}

/// Folds the canonical lanes by halving: lane i meets lane i + 32, then i + 16, … , i + 1 (from 16 for `f64`).
///
/// The first halvings are between registers, the last inside one; where the border lies does not change a bit.
#[inline(always)]
pub fn fold<T: Real, L: Lanes<T>, F: Fold>(l: L, how: F, acc: L::Acc) -> T {
    let mut lanes = T::CANONICAL_ZERO;
    let lanes = lanes.as_mut();
    l.store(lanes, fold_registers(l, how, acc));
    let mut half = L::WIDTH / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = how.scalar(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The halvings of [`fold`] that are between registers.
#[inline(always)]
pub(crate) fn fold_registers<T: Real, L: Lanes<T>, F: Fold>(l: L, how: F, mut acc: L::Acc) -> L::Reg {
    let acc = acc.as_mut();
    let mut half = T::LANES / L::WIDTH / 2;
    while half > 0 {
        for i in 0..half {
            acc[i] = how.lanes(l, acc[i], acc[i + half]);
        }
        half /= 2;
    }
    acc[0]
}

/// The halvings of [`fold`] that are inside a register, for `WIDTH` registers at once and into the first of them: its element
/// i is the fold of register i.
///
/// A zip of registers i and i + WIDTH/2 puts their lower halves beside each other, and their upper halves, so one operation
/// halves both; the register's number becomes the lane's, its highest bit first.
#[inline(always)]
pub(crate) fn fold_zipped<T: Real, L: Lanes<T>, F: Fold>(l: L, how: F, registers: &mut [L::Reg]) {
    let mut half = L::WIDTH / 2;
    while half > 0 {
        for i in 0..half {
            let (lower, upper) = l.zip(registers[i], registers[i + half]);
            registers[i] = how.lanes(l, lower, upper);
        }
        half /= 2;
    }
}

/// Runs over `x` and `y` (of equal length) in canonical lanes: element i goes to lane i mod [`T::LANES`](Real::LANES)
/// by `acc = step(acc, x, y)`.
///
/// In the tail *all* lanes take part, zero-filled, on every ISA: `step` must map `(acc, 0, 0)` to `acc` up to the
/// sign of zero.
#[inline(always)]
pub fn accumulate<T: Real, L: Lanes<T>>(
    l: L,
    mut acc: L::Acc,
    x: &[T],
    y: &[T],
    step: impl Fn(L::Reg, L::Reg, L::Reg) -> L::Reg,
) -> L::Acc {
    assert_eq!(x.len(), y.len(), "both operands of a reduction have the same length");
    let (xs, ys) = (x.chunks_exact(T::LANES), y.chunks_exact(T::LANES));
    let (x_tail, y_tail) = (xs.remainder(), ys.remainder());
    for (x, y) in xs.zip(ys) {
        for (r, a) in acc.as_mut().iter_mut().enumerate() {
            *a = step(*a, l.load(&x[r * L::WIDTH..]), l.load(&y[r * L::WIDTH..]));
        }
    }
    if !x_tail.is_empty() {
        for (r, a) in acc.as_mut().iter_mut().enumerate() {
            let from = r * L::WIDTH;
            *a = step(*a, load_at(l, x_tail, from), load_at(l, y_tail, from));
        }
    }
    acc
}

/// The register of `src` that begins at `from`, zero beyond the end. Branches, because a masked load and its mask cost
/// more than a jump that goes the same way for every row of a matrix.
#[inline(always)]
pub(crate) fn load_at<T: Real, L: Lanes<T>>(l: L, src: &[T], from: usize) -> L::Reg {
    match src.get(from..) {
        Some(src) if src.len() >= L::WIDTH => l.load(src),
        Some(src) if !src.is_empty() => l.load_partial(src),
        _ => l.splat(T::ZERO),
    }
}

/// Applies `f` to every element of `x` in place, register by register; lanes beyond the end see zeros.
#[inline(always)]
pub fn map<T: Real, L: Lanes<T>>(l: L, x: &mut [T], f: impl Fn(L::Reg) -> L::Reg) {
    let mut chunks = x.chunks_exact_mut(L::WIDTH);
    for x in &mut chunks {
        l.store(x, f(l.load(x)));
    }
    let tail = chunks.into_remainder();
    if !tail.is_empty() {
        l.store_partial(tail, f(l.load_partial(tail)));
    }
}

/// Applies `f(y, x)` to every pair of elements and writes the result to `y`.
#[inline(always)]
pub fn zip_map<T: Real, L: Lanes<T>>(l: L, y: &mut [T], x: &[T], f: impl Fn(L::Reg, L::Reg) -> L::Reg) {
    assert_eq!(x.len(), y.len(), "both operands have the same length");
    let (mut ys, xs) = (y.chunks_exact_mut(L::WIDTH), x.chunks_exact(L::WIDTH));
    let x_tail = xs.remainder();
    for (y, x) in (&mut ys).zip(xs) {
        l.store(y, f(l.load(y), l.load(x)));
    }
    let y_tail = ys.into_remainder();
    if !y_tail.is_empty() {
        l.store_partial(y_tail, f(l.load_partial(y_tail), l.load_partial(x_tail)));
    }
}

/// Replaces `z` by `f(z, y).0` and adds the terms `f(z, y).1` up in canonical lanes, where y is one register of each of the `N`
/// `operands`; lanes beyond the end see zeros, and their terms are zero.
#[inline(always)]
pub fn map_accumulate<T: Real, L: Lanes<T>, const N: usize>(
    l: L,
    z: &mut [T],
    operands: [&[T]; N],
    f: impl Fn(L::Reg, [L::Reg; N]) -> (L::Reg, L::Reg),
) -> T {
    for operand in operands {
        assert_eq!(z.len(), operand.len(), "all operands have the same length");
    }
    let mut acc = l.splat_acc(T::ZERO);
    let mut y = [l.splat(T::ZERO); N];
    let whole = z.len() / T::LANES * T::LANES;
    let (zs, z_tail) = z.split_at_mut(whole);
    for (block, z) in zs.chunks_exact_mut(T::LANES).enumerate() {
        for (r, a) in acc.as_mut().iter_mut().enumerate() {
            for (y, operand) in y.iter_mut().zip(operands) {
                *y = l.load(&operand[block * T::LANES + r * L::WIDTH..]);
            }
            let z = &mut z[r * L::WIDTH..];
            let (new, term) = f(l.load(z), y);
            l.store(z, new);
            *a = l.add(*a, term);
        }
    }
    if !z_tail.is_empty() {
        for (r, a) in acc.as_mut().iter_mut().enumerate() {
            let from = (r * L::WIDTH).min(z_tail.len());
            for (y, operand) in y.iter_mut().zip(operands) {
                *y = l.load_partial(&operand[whole + from..]);
            }
            let z = &mut z_tail[from..];
            let (new, term) = f(l.load_partial(z), y);
            l.store_partial(z, new);
            *a = l.add(*a, zero_from(l, z.len(), term));
        }
    }
    fold(l, Sum, acc)
}

/// Transposes the square matrix whose rows are the first `WIDTH` of `rows`: each round of zips rotates the bits of the
/// pair (row, column) by one place.
#[inline(always)]
pub(crate) fn transpose<T: Real, L: Lanes<T>>(l: L, mut rows: L::Square) -> L::Square {
    let mut round = 1;
    while round < L::WIDTH {
        let mut next = rows;
        for i in 0..L::WIDTH / 2 {
            let (low, high) = l.zip(rows.as_ref()[i], rows.as_ref()[i + L::WIDTH / 2]);
            next.as_mut()[2 * i] = low;
            next.as_mut()[2 * i + 1] = high;
        }
        rows = next;
        round *= 2;
    }
    rows
}

/// `v` with the elements from index `n` on set to zero.
#[inline(always)]
pub(crate) fn zero_from<T: Real, L: Lanes<T>>(l: L, n: usize, v: L::Reg) -> L::Reg {
    let mut lanes = T::CANONICAL_ZERO;
    let lanes = lanes.as_mut();
    l.store(lanes, v);
    l.load_partial(&lanes[..n.min(L::WIDTH)])
}
