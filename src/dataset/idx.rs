//! IDX, the format of MNIST and its relatives: a big-endian header (magic number, then one size per dimension, each a
//! `u32`) followed by raw bytes, plain or gzip-compressed.

use super::input::{dataset_name, open_regular, room_for};
use super::{Dataset, MAX_ELEMENTS, Targets};
use crate::error::{DataError, Place};
use flate2::bufread::MultiGzDecoder;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Unsigned bytes in three dimensions: images, rows, columns.
const IMAGES_MAGIC: u32 = 0x0803;
/// Unsigned bytes in one dimension: labels.
const LABELS_MAGIC: u32 = 0x0801;

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
    const NAMES: [&str; 4] =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    let found = NAMES.map(|name| {
        let candidates = [dir.join(name), dir.join(format!("{name}.gz"))];
        candidates.into_iter().find(|path: &PathBuf| path.is_file())
    });
    match &found {
        [Some(images), Some(labels), Some(t10k_images), Some(t10k_labels)] => {
            same_shape(read_idx_pair(images, labels)?, read_idx_pair(t10k_images, t10k_labels)?)
        }
        [None, None, Some(images), Some(labels)] => {
            let data = read_idx_pair(images, labels)?;
            // Not `rows * 4 / 5`, which overflows a 32-bit usize.
            let validation = data.rows() / 5;
            let training = data.rows() - validation;
            data.split_at(training)
        }
        _ => {
            let missing: Vec<_> =
                NAMES.iter().zip(&found).filter(|(_, f)| f.is_none()).map(|(name, _)| *name).collect();
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
        Targets::Values(_) => 0,
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
    let mut images = Idx::open(images_path, images)?;
    let [count, height, width] = images.header::<3>(IMAGES_MAGIC)?;
    let mut labels = Idx::open(labels_path, labels)?;
    let [label_count] = labels.header::<1>(LABELS_MAGIC)?;
    if count != label_count {
        let message = format!("{label_count} labels for the {count} images of {}", images_path.display());
        return Err(labels.error(4, message));
    }
    let features = u64::from(height) * u64::from(width);
    let pixels = features.checked_mul(u64::from(count)).filter(|&n| n <= MAX_ELEMENTS as u64);
    let Some(pixels) = pixels.filter(|&n| n > 0) else {
        let message =
            format!("{count} images of {height} × {width} pixels; the total must be 1 to {MAX_ELEMENTS} pixels");
        return Err(images.error(4, message));
    };

    let labels: Vec<u32> = labels.body(u64::from(count))?.into_iter().map(u32::from).collect();
    let bytes = images.body(pixels)?;
    let mut inputs = room_for(images_path, bytes.len())?;
    // Divided, not multiplied by the rounded 1/255: division gives the nearest f32, and 255 gives exactly 1.
    inputs.extend(bytes.into_iter().map(|pixel| f32::from(pixel) / 255.0));
    let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
    Dataset::new(dataset_name(images_path), inputs, features as usize, Targets::Labels { labels, classes })
}

/// One IDX file being read, decompressed where needed.
struct Idx<'a> {
    path: &'a Path,
    reader: Box<dyn Read + 'a>,
    /// Decompressed bytes read so far.
    offset: u64,
}

impl<'a> Idx<'a> {
    fn open(path: &'a Path, mut reader: impl Read + 'a) -> Result<Self, DataError> {
        let mut start = Vec::new();
        reader.by_ref().take(2).read_to_end(&mut start).map_err(|e| DataError::io(path, e))?;
        let gzip = start == GZIP_MAGIC;
        let whole = BufReader::new(Cursor::new(start).chain(reader));
        // Multi: a plain decoder would ignore what follows the first gzip member.
        let reader: Box<dyn Read + 'a> = if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        Ok(Self { path, reader, offset: 0 })
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
        let bytes = self.exactly(4)?;
        Ok(bytes.into_iter().fold(0, |number, byte| number << 8 | u32::from(byte)))
    }

    /// Reads the `length` bytes the header promises and makes sure that nothing follows. Reaching the end also makes
    /// the gzip decoder compare its checksum.
    fn body(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let bytes = self.exactly(length)?;
        if !self.at_most(1)?.is_empty() {
            return Err(self.error(self.offset - 1, "more data than the header promises; wrong or damaged file"));
        }
        Ok(bytes)
    }

    fn exactly(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let bytes = self.at_most(length)?;
        let missing = length - bytes.len() as u64;
        if missing > 0 {
            return Err(self.error(self.offset, format!("the data ends {missing} bytes early; fetch the file again")));
        }
        Ok(bytes)
    }

    /// Grows with the data found: a length promised by a header is a limit here, never an allocation.
    fn at_most(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        let result = self.reader.by_ref().take(length).read_to_end(&mut bytes);
        self.offset += bytes.len() as u64;
        match result {
            Ok(_) => Ok(bytes),
            // What the decoder says of a damaged stream; the file itself was readable.
            Err(e)
                if matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof) =>
            {
                Err(self.error(self.offset, format!("damaged or cut gzip stream ({e}); fetch the file again")))
            }
            Err(e) => Err(DataError::io(self.path, e)),
        }
    }

    fn error(&self, offset: u64, message: impl Into<String>) -> DataError {
        DataError::format(self.path, Place::Byte(offset), message)
    }
}

#[cfg(test)]
mod tests;
