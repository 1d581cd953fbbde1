//! What every room may use, and what uses no room.

pub(crate) mod causes;
pub(crate) mod digest;
pub(crate) mod format_number;
pub(crate) mod lines;
pub(crate) mod memory;
pub(crate) mod nonsense;
pub(crate) mod number;
pub(crate) mod progress;
pub(crate) mod range;
pub(crate) mod text_file;
