//! What the scalar kernels prefetch (nothing, for the CPU), recorded for tests.

use std::cell::RefCell;

thread_local! {
    static ADDRESSES: RefCell<Option<Vec<usize>>> = const { RefCell::new(None) };
}

/// The addresses this thread prefetches during `call`.
pub(crate) fn during(call: impl FnOnce()) -> Vec<usize> {
    ADDRESSES.set(Some(Vec::new()));
    call();
    ADDRESSES.take().expect("set above")
}

pub(super) fn record(address: usize) {
    ADDRESSES.with_borrow_mut(|addresses| {
        if let Some(addresses) = addresses {
            addresses.push(address);
        }
    });
}
