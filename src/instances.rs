//! What this crate compiles for all who use it, as `simdescent_kernels::instances` does: training of a boxed model, and files that are
//! read from the disk. A model of the caller's own type is compiled there.

use crate::dataset::CsvFile;
use crate::model::Model;
use crate::trainer::Trainer;
use std::fs::File;

/// Addresses, so that no instance is left out as unused.
#[inline(never)]
pub fn boxed_models() -> Vec<*const ()> {
    type Boxed<'d> = Trainer<'d, Box<dyn Model>>;
    macro_rules! addresses {
        ($($function:expr),+ $(,)?) => { vec![$($function as *const ()),+] };
    }
    addresses![
        Boxed::new,
        Boxed::streaming,
        Boxed::step,
        Boxed::try_step,
        Boxed::fit,
        Boxed::fit_until,
        Boxed::end_fit,
        Boxed::checkpoint,
        Boxed::fit_checkpoint,
        Boxed::resume,
        Boxed::resume_streaming,
        CsvFile::<File>::fit,
        CsvFile::<File>::encode,
    ]
}
