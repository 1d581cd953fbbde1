//! The types of IDX.

use crate::dataset::{TargetOptions, Task};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Element {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Element {
    /// The type of this code in a header.
    pub(super) fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => Self::U8,
            0x09 => Self::I8,
            0x0b => Self::I16,
            0x0c => Self::I32,
            0x0d => Self::F32,
            0x0e => Self::F64,
            _ => return None,
        })
    }

    /// Bytes.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// How labels of this type are read: integers are what their file is called.
    pub(super) fn options(self, options: &TargetOptions) -> TargetOptions {
        match options {
            TargetOptions::Guess if !matches!(self, Self::F32 | Self::F64) => TargetOptions::Task(Task::Classification),
            options => options.clone(),
        }
    }

    /// Shows all elements.
    pub(super) fn each(self, bytes: &[u8], mut see: impl FnMut(f64)) {
        macro_rules! each {
            ($t:ty) => {
                bytes.as_chunks().0.iter().for_each(|&element| see(f64::from(<$t>::from_be_bytes(element))))
            };
        }
        match self {
            Self::U8 => each!(u8),
            Self::I8 => each!(i8),
            Self::I16 => each!(i16),
            Self::I32 => each!(i32),
            Self::F32 => each!(f32),
            Self::F64 => each!(f64),
        }
    }

    /// A pixel as an input. Divided, not multiplied by the rounded 1/255: 255 gives exactly 1, and rounding the quotient of two
    /// `f32` to `f64` first changes nothing.
    pub(super) fn scaled(self, pixel: f64) -> f32 {
        let value = if matches!(self, Self::F32 | Self::F64) { pixel } else { pixel / 255.0 };
        value as f32
    }
}
