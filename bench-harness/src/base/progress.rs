//! How far a long command is, and what it noticed: told to whoever started it, who may show it.

use std::sync::OnceLock;

/// What becomes of a remark; without one it is dropped.
static LISTENER: OnceLock<fn(&str)> = OnceLock::new();

/// From now on remarks are told to `listener`, unless there is one already.
pub(crate) fn listen(listener: fn(&str)) {
    LISTENER.get_or_init(|| listener);
}

/// Tells what was noticed about the data and the result does not show.
pub(crate) fn remark(text: &str) {
    if let Some(listener) = LISTENER.get() {
        listener(text);
    }
}

/// Is told about each training of a sweep or a search.
pub(crate) trait Progress {
    /// There are so many trainings more to do than was said before, or fewer.
    fn expect(&self, _more: i64) {}

    /// From now on the trainings are of this problem.
    fn subject(&self, _name: &str) {}

    /// One more training is done.
    fn advance(&self);
}
