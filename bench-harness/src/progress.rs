//! How far a long command is: told to whoever started it, who may show it.

/// Is told about each training of a sweep or a search.
pub(crate) trait Progress {
    /// From now on the trainings are of this problem.
    fn subject(&self, _name: &str) {}

    /// One more training is done.
    fn advance(&self);
}
