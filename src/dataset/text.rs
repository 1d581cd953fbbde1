//! The bytes of a file as UTF-8 text: unpacked, decoded, or refused by name.

use flate2::read::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read, Seek};

/// What a file begins with that is no text, and what to do about it.
const NO_TEXT: [(&[u8], &str); 11] = [
    (b"PK\x03\x04", "a zip archive or an Excel workbook: unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save the sheet as CSV"),
    (b"PAR1", "a Parquet file: save it as CSV or .npy"),
    (b"\x93NUMPY", "a .npy file: write npy:INPUTS.npy,TARGETS.npy"),
    (b"\x89HDF", "an HDF5 file: save its arrays as .npy"),
    (b"ARROW1", "an Arrow file: save it as CSV or .npy"),
    (b"BZh", "compressed by bzip2: unpack it"),
    (b"\xfd7zXZ\0", "compressed by xz: unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it"),
    (b"\xff\xfe\0\0", "UTF-32 text: save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32 text: save it as UTF-8"),
];

/// A reader of UTF-8 without a byte-order mark; what is wrong is an [`io::ErrorKind::InvalidData`].
#[derive(Debug)]
pub(super) struct Text<R: Read> {
    /// Absent only while it goes back to its start.
    bytes: Option<BufReader<Unpacked<R>>>,
    encoding: Encoding,
    /// Of UTF-16, text that was decoded but not asked for yet.
    decoded: Vec<u8>,
    given: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// A file that may be packed by gzip.
#[derive(Debug)]
pub(super) enum Unpacked<R: Read> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<R>>),
}

impl<R: Read + Seek> Unpacked<R> {
    /// The bytes of a file from its start, unpacked if it begins as gzip does.
    pub(super) fn new(mut source: R) -> io::Result<Self> {
        source.rewind()?;
        let mut start = Vec::new();
        (&mut source).take(2).read_to_end(&mut start)?;
        source.rewind()?;
        Ok(match start[..] {
            [0x1f, 0x8b] => Self::Gzip(Box::new(MultiGzDecoder::new(source))),
            _ => Self::Plain(source),
        })
    }
}

/// What a file is called that begins like this, and what to do about it.
pub(super) fn packed_as(start: &[u8]) -> Option<&'static str> {
    NO_TEXT.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what)
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(to),
            Self::Gzip(source) => source
                .read(to)
                .map_err(|error| io::Error::new(error.kind(), format!("gzip: {error}; the file is damaged"))),
        }
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl<R: Read + Seek> Text<R> {
    pub(super) fn new(source: R) -> io::Result<Self> {
        let bytes = Some(BufReader::new(Unpacked::Plain(source)));
        let mut text = Self { bytes, encoding: Encoding::Utf8, decoded: vec![], given: 0 };
        text.rewind()?;
        Ok(text)
    }

    /// Goes back to the start.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        let Some(bytes) = self.bytes.take() else { return Err(invalid("the file cannot be read again")) };
        let source = match bytes.into_inner() {
            Unpacked::Plain(source) => source,
            Unpacked::Gzip(source) => source.into_inner(),
        };
        let bytes = self.bytes.insert(BufReader::new(Unpacked::new(source)?));
        self.decoded.clear();
        self.given = 0;
        let start = bytes.fill_buf()?;
        if let Some(what) = packed_as(start) {
            return Err(invalid(what));
        }
        let (encoding, mark) = match start {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { big_endian: true }, 2),
            [0, _, ..] | [_, 0, ..] => {
                return Err(invalid(
                    "holds zero bytes, as UTF-16 text without a byte-order mark does: save it as UTF-8",
                ));
            }
            _ => (Encoding::Utf8, 0),
        };
        bytes.consume(mark);
        self.encoding = encoding;
        Ok(())
    }
}

impl<R: Read> Text<R> {
    /// Decodes some more of UTF-16; a half of a character without the other becomes U+FFFD.
    fn decode(&mut self, big_endian: bool) -> io::Result<()> {
        self.decoded.clear();
        self.given = 0;
        let Some(bytes) = &mut self.bytes else { return Ok(()) };
        let mut raw = Vec::new();
        bytes.take(8192).read_to_end(&mut raw)?;
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        // The first half of a character is not left without the second.
        if raw.len() == 8192 && (0xd800..0xdc00).contains(&unit(&raw[8190..])) {
            bytes.take(2).read_to_end(&mut raw)?;
        }
        let units = raw.chunks(2).map(|pair| if pair.len() == 2 { unit(pair) } else { 0xfffd });
        let characters = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        self.decoded.extend(characters.collect::<String>().into_bytes());
        Ok(())
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let Encoding::Utf16 { big_endian } = self.encoding else {
            return self.bytes.as_mut().map_or(Ok(0), |bytes| bytes.read(to));
        };
        if self.given == self.decoded.len() {
            self.decode(big_endian)?;
        }
        let read = (&self.decoded[self.given..]).read(to)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::{Cursor, Write};

    fn read(bytes: &[u8]) -> io::Result<String> {
        let mut text = Text::new(Cursor::new(bytes))?;
        let mut first = String::new();
        text.read_to_string(&mut first)?;
        text.rewind()?;
        let mut second = String::new();
        text.read_to_string(&mut second)?;
        assert_eq!(first, second);
        Ok(first)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text: String = (0..5000).map(|i| format!("{i},gr\u{fc}n \u{1f600}\n")).collect();
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (utf8, little, big) = (
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", &little[..]].concat(),
            [b"\xfe\xff", &big[..]].concat(),
        );
        for bytes in [text.as_bytes(), &utf8, &little, &big] {
            assert_eq!(read(bytes).unwrap(), text);
            assert_eq!(read(&packed(bytes)).unwrap(), text);
        }
        // Two members, as of files that were joined.
        assert_eq!(read(&[packed(b"1,2\n"), packed(b"3,4\n")].concat()).unwrap(), "1,2\n3,4\n");
        assert_eq!(read(b"\xff\xfea\0\x00\xd8b\0c").unwrap(), "a\u{fffd}b\u{fffd}");
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_named() {
        let damaged = packed(&[7; 1000]);
        let cases: [(&[u8], &str); 8] = [
            (b"PK\x03\x04rest", "Excel workbook"),
            (b"BZh9", "bzip2"),
            (b"PAR1", "Parquet"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
            (b"a\0,\0", "UTF-16 text without"),
            (b"\0a\0,", "UTF-16 text without"),
            (&damaged[..damaged.len() - 9], "gzip"),
            (b"\x1f\x8bx", "gzip"),
        ];
        for (bytes, expected) in cases {
            let message = read(bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }
}
