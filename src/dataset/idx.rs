//! IDX, the format of MNIST and its relatives: a big-endian header (magic number, then one size per dimension, each a
//! `u32`) followed by raw bytes, plain or gzip-compressed.

use super::input::{dataset_name, open_regular, room_for};
use super::{Dataset, MAX_ELEMENTS, Targets};
use crate::error::{DataError, Place};
use flate2::bufread::MultiGzDecoder;
use std::fmt;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Unsigned bytes in three dimensions: images, rows, columns.
const IMAGES_MAGIC: u32 = 0x0803;
/// Unsigned bytes in one dimension: labels.
const LABELS_MAGIC: u32 = 0x0801;

/// Labels read at a time.
const PIECE: usize = 1 << 16;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads an MNIST-style pair of files, each plain or gzip-compressed (the content decides, not the name).
///
/// * inputs: `[images, rows · columns]`, each byte divided by 255, so in 0..=1
/// * targets: [`Targets::Labels`] with `classes` = largest label + 1
///
/// # Errors
///
/// [`DataError::Io`] when a file cannot be read. [`DataError::Format`], with the byte offset, when a magic number is
/// wrong, a file is shorter or longer than its header promises, the gzip stream is damaged, the counts of images and
/// labels differ, there are none, or the pixels exceed 2³¹. Memory grows with the data found, not with the header.
pub fn read_idx_pair(images: &Path, labels: &Path) -> Result<Dataset, DataError> {
    parse_pair(images, open_regular(images)?, labels, open_regular(labels)?)
}

/// Reads (training set, validation set) from a folder with the MNIST files, each with or without `.gz`:
///
/// * with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, these are the training set and
///   `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte` the validation set
/// * with only the `t10k` pair, its first 80 % of rows are the training set and the last 20 % the validation set; the
///   row ranges are in the datasets' names
///
/// Both sets get the same number of classes.
///
/// # Errors
///
/// [`DataError::Format`] when the files found are neither of the two sets above, naming those missing;
/// [`DataError::Invalid`] when the image sizes of the two sets differ; otherwise as [`read_idx_pair`].
pub fn read_mnist_dir(dir: &Path) -> Result<(Dataset, Dataset), DataError> {
    match find(dir)? {
        (Some([images, labels]), [t10k_images, t10k_labels]) => {
            same_shape(read_idx_pair(&images, &labels)?, read_idx_pair(&t10k_images, &t10k_labels)?)
        }
        (None, [images, labels]) => {
            let data = read_idx_pair(&images, &labels)?;
            // Not `rows * 4 / 5`, which overflows a 32-bit usize.
            let validation = data.rows() / 5;
            let training = data.rows() - validation;
            data.split_at(training)
        }
    }
}

/// The pair for training, if there is one, and the `t10k` pair.
#[allow(clippy::type_complexity)]
pub(super) fn find(dir: &Path) -> Result<(Option<[PathBuf; 2]>, [PathBuf; 2]), DataError> {
    const NAMES: [&str; 4] =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    if !dir.is_dir() {
        let fault = if dir.exists() { "is not a folder" } else { "the folder does not exist" };
        return Err(DataError::format(dir, Place::File, fault));
    }
    let found = NAMES.map(|name| {
        let candidates = [dir.join(name), dir.join(format!("{name}.gz"))];
        candidates.into_iter().find(|path: &PathBuf| path.is_file())
    });
    let missing: Vec<_> = NAMES.iter().zip(&found).filter(|(_, f)| f.is_none()).map(|(name, _)| *name).collect();
    match found {
        [Some(images), Some(labels), Some(t10k_images), Some(t10k_labels)] => {
            Ok((Some([images, labels]), [t10k_images, t10k_labels]))
        }
        [None, None, Some(images), Some(labels)] => Ok((None, [images, labels])),
        _ => {
            let message = format!(
                "needs {} (each with or without .gz), or only the last two; missing: {}",
                NAMES.join(", "),
                missing.join(", ")
            );
            Err(DataError::format(dir, Place::File, message))
        }
    }
}

/// Gives both sets the larger number of classes, as one of them may lack the last class.
fn same_shape(training: Dataset, validation: Dataset) -> Result<(Dataset, Dataset), DataError> {
    if training.features() != validation.features() {
        let message =
            format!("{} pixels per image, but {} has {}", validation.features(), training.name(), training.features());
        return Err(DataError::invalid(validation.name(), message));
    }
    let classes = |data: &Dataset| match data.targets() {
        Targets::Labels { classes, .. } => *classes,
        _ => 0,
    };
    let most = classes(&training).max(classes(&validation));
    let widen = |mut data: Dataset| {
        if let Targets::Labels { classes, .. } = &mut data.targets {
            *classes = most;
        }
        data
    };
    Ok((widen(training), widen(validation)))
}

fn parse_pair(
    images_path: &Path,
    images: impl Read,
    labels_path: &Path,
    labels: impl Read,
) -> Result<Dataset, DataError> {
    let mut labels = Idx::open(labels_path, labels)?;
    let (mut images, [count, height, width]) = pair(Idx::open(images_path, images)?, &mut labels)?;
    let features = height as usize * width as usize;
    let labels: Vec<u32> = labels.body(u64::from(count))?.into_iter().map(u32::from).collect();
    let bytes = images.body(u64::from(count) * features as u64)?;
    let mut inputs = room_for(images_path, bytes.len())?;
    inputs.extend(bytes.into_iter().map(scaled));
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    Dataset::new(dataset_name(images_path), inputs, features, Targets::Labels { labels, classes })
}

/// Divided, not multiplied by the rounded 1/255: division gives the nearest f32, and 255 gives exactly 1.
fn scaled(pixel: u8) -> f32 {
    f32::from(pixel) / 255.0
}

/// Reads both headers: images with count, height and width, as many as there are labels.
fn pair<'a>(mut images: Idx<'a>, labels: &mut Idx<'_>) -> Result<(Idx<'a>, [u32; 3]), DataError> {
    let [count, height, width] = images.header::<3>(IMAGES_MAGIC)?;
    let [label_count] = labels.header::<1>(LABELS_MAGIC)?;
    if count != label_count {
        let message = format!("{label_count} labels for the {count} images of {}", images.path.display());
        return Err(labels.error(4, message));
    }
    let pixels = (u64::from(height) * u64::from(width)).checked_mul(u64::from(count));
    if !pixels.is_some_and(|n| (1..=MAX_ELEMENTS as u64).contains(&n)) {
        let message =
            format!("{count} images of {height} × {width} pixels; the total must be 1 to {MAX_ELEMENTS} pixels");
        return Err(images.error(4, message));
    }
    Ok((images, [count, height, width]))
}

/// A pair of files read row by row.
#[derive(Debug)]
pub(super) struct IdxRows {
    images: Idx<'static>,
    labels: Idx<'static>,
    pub(super) rows: usize,
    pub(super) features: usize,
    /// Largest label + 1.
    pub(super) classes: usize,
    bytes: Vec<u8>,
}

impl IdxRows {
    /// Opens the files and reads the labels, which it does not keep.
    pub(super) fn open(images: &Path, labels: &Path) -> Result<Self, DataError> {
        let mut of_labels = Idx::open(labels, open_regular(labels)?)?;
        let (of_images, [count, height, width]) = pair(Idx::open(images, open_regular(images)?)?, &mut of_labels)?;
        let (rows, features) = (count as usize, height as usize * width as usize);
        let (mut largest, mut bytes) = (0, vec![]);
        for from in (0..rows).step_by(PIECE) {
            of_labels.exactly((rows - from).min(PIECE) as u64, &mut bytes)?;
            largest = bytes.iter().copied().fold(largest, u8::max);
        }
        of_labels.end()?;
        let classes = usize::from(largest) + 1;
        let mut rows = Self { images: of_images, labels: of_labels, rows, features, classes, bytes };
        rows.rewind()?;
        Ok(rows)
    }

    /// Goes back to the first row. The files are opened again: a compressed one has no other way.
    pub(super) fn rewind(&mut self) -> Result<(), DataError> {
        let open = |path: &Path| Idx::open(path, open_regular(path)?);
        let mut labels = open(&self.labels.path)?;
        let (images, [count, height, width]) = pair(open(&self.images.path)?, &mut labels)?;
        if (count as usize, height as usize * width as usize) != (self.rows, self.features) {
            return Err(images.error(4, "the file has changed since it was opened"));
        }
        (self.images, self.labels) = (images, labels);
        Ok(())
    }

    /// Appends the pixels of the next row and returns its label.
    pub(super) fn next(&mut self, inputs: &mut Vec<f64>) -> Result<f64, DataError> {
        self.labels.exactly(1, &mut self.bytes)?;
        let label = self.bytes[0];
        self.images.exactly(self.features as u64, &mut self.bytes)?;
        inputs.extend(self.bytes.iter().map(|&byte| f64::from(scaled(byte))));
        Ok(f64::from(label))
    }
}

/// One IDX file being read, decompressed where needed.
struct Idx<'a> {
    path: PathBuf,
    reader: Box<dyn Read + 'a>,
    /// Decompressed bytes read so far.
    offset: u64,
}

impl fmt::Debug for Idx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.path.display(), self.offset)
    }
}

impl<'a> Idx<'a> {
    fn open(path: &Path, mut reader: impl Read + 'a) -> Result<Self, DataError> {
        let mut start = Vec::new();
        reader.by_ref().take(2).read_to_end(&mut start).map_err(|e| DataError::io(path, e))?;
        let gzip = start == GZIP_MAGIC;
        let whole = BufReader::new(Cursor::new(start).chain(reader));
        // Multi: a plain decoder would ignore what follows the first gzip member.
        let reader: Box<dyn Read + 'a> = if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        Ok(Self { path: path.to_owned(), reader, offset: 0 })
    }

    /// Reads the magic number and the `N` sizes.
    fn header<const N: usize>(&mut self, magic: u32) -> Result<[u32; N], DataError> {
        let found = self.number()?;
        if found != magic {
            let message =
                format!("magic number {found}, expected {magic} for {N}-dimensional bytes; is it an IDX file?");
            return Err(self.error(0, message));
        }
        let mut sizes = [0; N];
        for size in &mut sizes {
            *size = self.number()?;
        }
        Ok(sizes)
    }

    fn number(&mut self) -> Result<u32, DataError> {
        let mut bytes = vec![];
        self.exactly(4, &mut bytes)?;
        Ok(bytes.into_iter().fold(0, |number, byte| number << 8 | u32::from(byte)))
    }

    /// Reads the `length` bytes the header promises and makes sure that nothing follows.
    fn body(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = vec![];
        self.exactly(length, &mut bytes)?;
        self.end()?;
        Ok(bytes)
    }

    /// Makes sure that nothing follows. Reaching the end also makes the gzip decoder compare its checksum.
    fn end(&mut self) -> Result<(), DataError> {
        if self.fill(1, &mut vec![])? != 0 {
            return Err(self.error(self.offset - 1, "more data than the header promises; wrong or damaged file"));
        }
        Ok(())
    }

    /// Reads so many bytes into `bytes`.
    fn exactly(&mut self, length: u64, bytes: &mut Vec<u8>) -> Result<(), DataError> {
        let missing = length - self.fill(length, bytes)?;
        if missing > 0 {
            return Err(self.error(self.offset, format!("the data ends {missing} bytes early; fetch the file again")));
        }
        Ok(())
    }

    /// Reads up to so many bytes. `bytes` grows with the data found: a length promised by a header is a limit here, never an
    /// allocation.
    fn fill(&mut self, length: u64, bytes: &mut Vec<u8>) -> Result<u64, DataError> {
        bytes.clear();
        let result = self.reader.by_ref().take(length).read_to_end(bytes);
        self.offset += bytes.len() as u64;
        match result {
            Ok(read) => Ok(read as u64),
            // What the decoder says of a damaged stream; the file itself was readable.
            Err(e)
                if matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof) =>
            {
                Err(self.error(self.offset, format!("damaged or cut gzip stream ({e}); fetch the file again")))
            }
            Err(e) => Err(DataError::io(&self.path, e)),
        }
    }

    fn error(&self, offset: u64, message: impl Into<String>) -> DataError {
        DataError::format(&self.path, Place::Byte(offset), message)
    }
}

#[cfg(test)]
mod tests;
