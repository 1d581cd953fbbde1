//! A case of a verification.

use simdescent::kernels::Exec;

/// Something whose bits are promised.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) digest: Box<dyn Fn(Exec<'_>) -> u64>,
}

/// FNV-1a.
pub(super) fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
