//! Where parameter arrays lie.

use std::ops::Range;

/// The range of each array of a [layout](crate::Model::layout) among all parameters.
pub(crate) fn ranges(layout: &[(usize, usize)]) -> impl Iterator<Item = Range<usize>> {
    layout.iter().scan(0, |end, &(rows, cols)| {
        let start = *end;
        *end += rows * cols;
        Some(start..*end)
    })
}
