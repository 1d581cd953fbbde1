//! Whether a slice, a shape and strides make a view.

use core::fmt;

/// Why a slice, a shape and strides do not make a matrix view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeError {
    /// The last element would lie beyond the slice.
    TooShort {
        /// Elements the slice would need (saturating).
        needed: usize,
        /// Elements it has.
        len: usize,
    },
    /// Two elements of a mutable view would share a place.
    Overlapping {
        /// Rows and columns.
        shape: (usize, usize),
        /// Row and column stride.
        strides: (usize, usize),
    },
}
impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { needed, len } => {
                write!(f, "the matrix needs {needed} elements, the slice has {len}")
            }
            Self::Overlapping { shape, strides } => write!(
                f,
                "a mutable {}x{} matrix with row stride {} and column stride {} has overlapping elements",
                shape.0, shape.1, strides.0, strides.1
            ),
        }
    }
}
impl std::error::Error for ShapeError {}

/// Elements from the first to one past the last of a view, saturating; 0 for an empty one.
pub(super) fn extent(shape: (usize, usize), strides: (usize, usize)) -> usize {
    if shape.0 == 0 || shape.1 == 0 {
        return 0;
    }
    let last = (shape.0 - 1).saturating_mul(strides.0).saturating_add((shape.1 - 1).saturating_mul(strides.1));
    last.saturating_add(1)
}

pub(super) fn check(len: usize, shape: (usize, usize), strides: (usize, usize)) -> Result<(), ShapeError> {
    let needed = extent(shape, strides);
    if needed <= len { Ok(()) } else { Err(ShapeError::TooShort { needed, len }) }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn too_short(needed: usize, len: usize) -> ! {
    panic!("{}", ShapeError::TooShort { needed, len })
}
