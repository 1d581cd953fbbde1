//! One `.npy` array: its header, and its elements in pieces.

use crate::dataset::MAX_ELEMENTS;
use crate::dataset::input::{no_memory, quoted, room_for};
use crate::dataset::remainder::{exact_targets, split};
use crate::dataset::text::packed_as;
use crate::error::{DataError, Place};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest header: NumPy's are 128 bytes but for records and dozens of dimensions.
const MAX_HEADER: usize = 4096;

/// Bytes per piece.
const PIECE: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

/// An array being read.
#[derive(Debug)]
pub(crate) struct NpyArray<R> {
    path: PathBuf,
    source: R,
    kind: Kind,
    big_endian: bool,
    fortran: bool,
    /// At least one dimension; at least 1 and at most 2³¹ elements.
    shape: Vec<usize>,
    /// Bytes read.
    offset: u64,
    piece: Vec<u8>,
}

/// The elements of an array in C order.
pub(crate) struct Elements {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
    /// What `f32` left of them, if their type can hold more.
    pub(crate) remainders: Vec<f32>,
}

impl Elements {
    /// The elements as exactly as they are known.
    pub(crate) fn exact(&self) -> Vec<f64> {
        exact_targets(&self.values, Some(&self.remainders[..]).filter(|remainders| !remainders.is_empty()))
    }
}

/// The three keys of the header.
#[derive(Deserialize)]
struct Header {
    descr: serde_json::Value,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl<R: Read> NpyArray<R> {
    pub(crate) fn open(path: &Path, source: R) -> Result<Self, DataError> {
        let mut array = Self {
            path: path.to_owned(),
            source,
            kind: Kind::Bool,
            big_endian: false,
            fortran: false,
            shape: vec![],
            offset: 0,
            piece: vec![],
        };
        array.header()?;
        Ok(array)
    }

    fn header(&mut self) -> Result<(), DataError> {
        self.take(8)?;
        let version = self.piece[6];
        if &self.piece[..6] != b"\x93NUMPY" || !(1..=3).contains(&version) {
            let what = packed_as(&self.piece).filter(|_| &self.piece[..6] != b"\x93NUMPY");
            let what = what.map(|what| format!("; it is {what}")).unwrap_or_default();
            return Err(self.error(0, format!("no .npy file of format 1 to 3{what}")));
        }
        self.take(if version == 1 { 2 } else { 4 })?;
        let length = self.piece.iter().rev().fold(0usize, |length, &byte| length << 8 | usize::from(byte));
        if length > MAX_HEADER {
            return Err(self.error(8, format!("a header of {length} bytes, at most {MAX_HEADER} are read")));
        }
        let at = self.offset;
        self.take(length)?;
        let text = String::from_utf8_lossy(&self.piece).into_owned();
        let header: Header = serde_json::from_str(&as_json(&text))
            .map_err(|error| self.error(at, format!("the header is not understood: {error}")))?;
        let descr = header.descr.as_str().unwrap_or_default();
        let Some((big_endian, kind)) = kind(descr) else {
            let descr = header.descr.as_str().map_or_else(|| header.descr.to_string(), str::to_owned);
            let descr = quoted(descr.as_bytes());
            let text = "numbers are needed: save them with .astype(\"float32\"), texts as their place among np.unique";
            return Err(self.error(at, format!("elements of type {descr}; {text}")));
        };
        let elements = header.shape.iter().try_fold(1u64, |n, &dimension| n.checked_mul(dimension));
        let fits = elements.is_some_and(|n| (1..=MAX_ELEMENTS as u64).contains(&n));
        if header.shape.is_empty() || !fits {
            let message = format!("shape {:?}; rows are needed, with 1 to {MAX_ELEMENTS} elements", header.shape);
            return Err(self.error(at, message));
        }
        if header.fortran_order && header.shape.len() > 2 {
            return Err(self.error(at, "Fortran order of more than two dimensions; save it with np.ascontiguousarray"));
        }
        // Each is at most MAX_ELEMENTS, as none is 0.
        let shape = header.shape.iter().map(|&dimension| dimension as usize).collect();
        (self.kind, self.big_endian, self.fortran, self.shape) = (kind, big_endian, header.fortran_order, shape);
        Ok(())
    }

    pub(crate) fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Elements per row.
    pub(crate) fn features(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// Bytes of all elements.
    #[cfg(feature = "npz")]
    pub(crate) fn bytes(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64 * self.kind.size() as u64
    }

    /// Bytes of all elements as [`Elements`].
    pub(crate) fn memory(&self) -> u64 {
        let each = if self.kind.is_wide() { 8 } else { 4 };
        self.shape.iter().product::<usize>() as u64 * each
    }

    /// Whether rows do not lie together.
    pub(crate) fn is_scattered(&self) -> bool {
        self.fortran && self.shape.len() > 1 && self.shape[1] > 1
    }

    /// Shows the next elements in the order of the file; wide integers as their nearest `f64`.
    pub(crate) fn next(&mut self, mut elements: usize, mut see: impl FnMut(f64)) -> Result<(), DataError> {
        let size = self.kind.size();
        while elements > 0 {
            let n = elements.min(PIECE / size);
            self.take(n * size)?;
            self.kind.decode(self.big_endian, &self.piece, &mut see);
            elements -= n;
        }
        Ok(())
    }

    /// Shape and all elements, in C order; nothing may follow.
    pub(crate) fn read(mut self) -> Result<Elements, DataError> {
        let (mut values, mut remainders) = (vec![], vec![]);
        let (rows, features, is_wide) = (self.rows(), self.features(), self.kind.is_wide());
        let elements = rows * features;
        // As the elements are found: what the header promises need not be there.
        while values.len() < elements {
            let piece = PIECE.min(elements - values.len());
            let rooms = [values.try_reserve(piece), remainders.try_reserve(if is_wide { piece } else { 0 })];
            if rooms.iter().any(Result::is_err) {
                return Err(no_memory(&self.path, elements));
            }
            self.next(piece, |x| {
                let [nearest, remainder] = split(x);
                values.push(nearest);
                if is_wide {
                    remainders.push(remainder);
                }
            })?;
        }
        self.end()?;
        if self.is_scattered() {
            let by_rows = |columns: Vec<f32>| {
                let mut elements = room_for(&self.path, columns.len())?;
                // Without remainders there are no columns of them.
                let rows = rows.min(columns.len());
                elements.extend((0..rows).flat_map(|row| columns.iter().skip(row).step_by(rows)));
                Ok(elements)
            };
            (values, remainders) = (by_rows(values)?, by_rows(remainders)?);
        }
        Ok(Elements { shape: self.shape, values, remainders })
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), DataError> {
        let end = self.offset;
        if self.fill(1)? != 0 {
            return Err(self.error(end, "more data than the header promises; wrong or damaged file"));
        }
        Ok(())
    }

    /// Reads so many bytes into `piece`.
    fn take(&mut self, bytes: usize) -> Result<(), DataError> {
        let found = self.fill(bytes)?;
        if found < bytes {
            let message = format!("the data ends at least {} bytes early; fetch the file again", bytes - found);
            return Err(self.error(self.offset, message));
        }
        Ok(())
    }

    /// Reads up to so many bytes into `piece`.
    fn fill(&mut self, bytes: usize) -> Result<usize, DataError> {
        self.piece.clear();
        let read = self.source.by_ref().take(bytes as u64).read_to_end(&mut self.piece);
        self.offset += self.piece.len() as u64;
        read.map_err(|error| match error.kind() {
            // What an unpacker says; the file itself was readable.
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput | std::io::ErrorKind::UnexpectedEof => {
                self.error(self.offset, format!("damaged or cut ({error}); fetch the file again"))
            }
            _ => DataError::io(&self.path, error),
        })
    }

    fn error(&self, offset: u64, message: impl Into<String>) -> DataError {
        DataError::format(&self.path, Place::Byte(offset), message)
    }
}

/// The header's Python literal as JSON, whose parser bounds depth and numbers: other quotes, brackets and constants, no comma
/// before a bracket that closes, and no L after a number, where NumPy under Python 2 wrote one.
fn as_json(python: &str) -> String {
    let mut json = String::with_capacity(python.len());
    let mut quoted = false;
    for c in python.chars() {
        let after_digit = json.ends_with(|c: char| c.is_ascii_digit());
        match c {
            '\'' | '"' => {
                quoted = !quoted;
                json.push('"');
            }
            _ if quoted => json.push(c),
            // A blank, so that a second L does not follow a digit.
            'L' if after_digit => json.push(' '),
            '(' => json.push('['),
            ')' | ']' | '}' => {
                let end = json.trim_end().trim_end_matches(',').len();
                json.truncate(end);
                json.push(if c == '}' { '}' } else { ']' });
            }
            c => json.push(c),
        }
    }
    json.replace("True", "true").replace("False", "false")
}

/// Byte order (big?) and type of `<f4` and its relatives.
fn kind(descr: &str) -> Option<(bool, Kind)> {
    let big_endian = match descr.as_bytes().first()? {
        b'<' | b'|' => false,
        b'>' => true,
        _ => return None,
    };
    let kind = match &descr[1..] {
        "b1" => Kind::Bool,
        "i1" => Kind::I8,
        "i2" => Kind::I16,
        "i4" => Kind::I32,
        "i8" => Kind::I64,
        "u1" => Kind::U8,
        "u2" => Kind::U16,
        "u4" => Kind::U32,
        "u8" => Kind::U64,
        "f2" => Kind::F16,
        "f4" => Kind::F32,
        "f8" => Kind::F64,
        _ => return None,
    };
    Some((big_endian, kind))
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Whether `f32` cannot hold every element.
    fn is_wide(self) -> bool {
        matches!(self, Self::I32 | Self::U32 | Self::I64 | Self::U64 | Self::F64)
    }

    /// Shows the elements; `as` rounds to nearest.
    fn decode(self, big_endian: bool, bytes: &[u8], see: &mut impl FnMut(f64)) {
        macro_rules! decode {
            ($t:ty) => {
                decode!($t, |element: $t| element as f64)
            };
            ($t:ty, $value:expr) => {{
                let (elements, _) = bytes.as_chunks();
                let decode = if big_endian { <$t>::from_be_bytes } else { <$t>::from_le_bytes };
                elements.iter().for_each(|&element| see($value(decode(element))));
            }};
        }
        match self {
            Self::Bool => bytes.iter().for_each(|&byte| see(if byte == 0 { 0.0 } else { 1.0 })),
            Self::I8 => decode!(i8),
            Self::I16 => decode!(i16),
            Self::I32 => decode!(i32),
            Self::I64 => decode!(i64),
            Self::U8 => decode!(u8),
            Self::U16 => decode!(u16),
            Self::U32 => decode!(u32),
            Self::U64 => decode!(u64),
            Self::F16 => decode!(u16, half),
            Self::F32 => decode!(f32),
            Self::F64 => decode!(f64),
        }
    }
}

/// The value of these bits as an IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    let unit = f64::from(1u32 << 24);
    let magnitude = match exponent {
        0 => fraction / unit,
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * f64::from(1u32 << (exponent - 1)) / unit,
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}
