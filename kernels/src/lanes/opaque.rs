//! A pointer without a past.

/// A pointer of which the compiler does not know what it was made of. Else it finds that rows are equally far apart, and goes from one
/// to the next by additions that wait for each other (GEMM tiles of one register take 1.2 times as long with 8 rows, 1.5 with 12),
/// or keeps as many multiples of the stride on the stack (a square transposed takes 1.2 times as long).
#[inline(always)]
#[cfg_attr(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))), expect(unused_mut))]
pub(crate) fn opaque<T>(mut p: *const T) -> *const T {
    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read through it")]
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!("/* {p} */", p = inout(reg) p, options(pure, nomem, nostack, preserves_flags));
    }
    p
}
