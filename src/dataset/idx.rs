//! IDX, the format of MNIST and its relatives: a big-endian header (type, number of dimensions, then one size per dimension, each a
//! `u32`) followed by the elements, plain or gzip-compressed.

mod element;
mod folder;

pub(super) use folder::find;
use folder::find_inputs;

use super::input::{dataset_name, open_regular, room_for};
use super::{Dataset, MAX_ELEMENTS, TargetEncoding, TargetOptions, TargetProfile, Targets};
use crate::error::{DataError, Place};
use element::Element;
use flate2::bufread::MultiGzDecoder;
use std::fmt;
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Labels read at a time.
const PIECE: usize = 1 << 14;

/// The most dimensions: images, rows, columns, channels, and some more.
const MAX_DIMENSIONS: u8 = 8;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads an MNIST-style pair of files, each plain or gzip-compressed (the content decides, not the name), of any type of IDX: bytes,
/// signed or not, integers of 2 or 4 bytes, floats of 4 or 8.
///
/// * inputs: `[images, …]`, all but the first dimension flattened; integers are divided by 255, so that pixels are in 0..=1, floats as
///   they are
/// * targets: `[images]` or `[images, 1]`; integers are labels unless the options say otherwise
///
/// # Errors
///
/// [`DataError::Io`] when a file cannot be read. [`DataError::Format`], with the byte offset, when it is no IDX file, is shorter or
/// longer than its header promises, the gzip stream is damaged, the counts of images and labels differ, there are none, or the
/// pixels exceed 2³¹. [`DataError::Invalid`] when an element is not finite or the targets are not what the options want. Memory grows
/// with the data found, not with the header.
pub fn read_idx_pair(images: &Path, labels: &Path, options: &TargetOptions) -> Result<Dataset, DataError> {
    parse_pair((images, open_regular(images)?), (labels, open_regular(labels)?), options)
}

/// Reads (training set, validation set) from a folder with the MNIST files, each with or without `.gz`:
///
/// * with `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, these are the training set and
///   `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte` the validation set
/// * with only the `t10k` pair, its first 80 % of rows are the training set and the last 20 % the validation set; the
///   row ranges are in the datasets' names
///
/// Files of other common names are found too: `train-images.idx3-ubyte`, `train_images.idx`, `train-labels-idx1-int`,
/// `emnist-letters-test-images-idx3-ubyte.gz`. Both sets have the same classes.
///
/// # Errors
///
/// [`DataError::Format`] when the files found are neither of the two sets above, naming those missing, or several could be one of
/// them; [`DataError::Invalid`] when the image sizes of the two sets differ; otherwise as [`read_idx_pair`].
pub fn read_mnist_dir(dir: &Path, options: &TargetOptions) -> Result<(Dataset, Dataset), DataError> {
    match find(dir)? {
        (Some([images, labels]), [t10k_images, t10k_labels]) => {
            let known = TargetOptions::Known(encoding_of(&[&labels, &t10k_labels], options)?);
            let training = read_idx_pair(&images, &labels, &known)?;
            let validation = read_idx_pair(&t10k_images, &t10k_labels, &known)?;
            if training.features() != validation.features() {
                let (pixels, others) = (validation.features(), training.features());
                let message = format!("{pixels} pixels per image, but {} has {others}", training.name());
                return Err(DataError::invalid(validation.name(), message));
            }
            Ok((training, validation))
        }
        (None, [images, labels]) => {
            let data = read_idx_pair(&images, &labels, options)?;
            // Not `rows * 4 / 5`, which overflows a 32-bit usize.
            let validation = data.rows() / 5;
            let training = data.rows() - validation;
            data.split_at(training)
        }
    }
}

/// Reads the images of the `t10k` pair of such a folder, or, if it has none, those of the other pair: rows to predict, with
/// [no targets](TargetEncoding::ABSENT). Their labels may be missing.
///
/// # Errors
///
/// As there, for the images.
pub fn read_mnist_inputs(dir: &Path) -> Result<Dataset, DataError> {
    let path = find_inputs(dir)?;
    let mut images = Idx::open(&path, open_regular(&path)?)?;
    let sizes = images.header()?;
    let [rows, features] = images.shape(&sizes)?;
    let inputs = images.pixels(rows * features)?;
    let targets = Targets::Values(vec![0.0; rows]);
    Dataset::new(dataset_name(&path), inputs, features, targets)?.encoded_by(&TargetEncoding::ABSENT)
}

/// What the labels of all these files mean.
pub(super) fn encoding_of(labels: &[&Path], options: &TargetOptions) -> Result<TargetEncoding, DataError> {
    let mut profile: Option<TargetProfile> = None;
    for path in labels {
        let mut file = Idx::open(path, open_regular(path)?)?;
        let rows = file.labels()?;
        if rows == 0 {
            return Err(file.error(4, "there are no labels in it"));
        }
        let profile = profile.get_or_insert_with(|| TargetProfile::new(&file.element.options(options)));
        file.each(rows, |label| profile.see(label))?;
    }
    encoding(labels[0], profile.unwrap_or_else(|| TargetProfile::new(options)))
}

fn encoding(labels: &Path, profile: TargetProfile) -> Result<TargetEncoding, DataError> {
    profile.encoding().map_err(|problem| DataError::invalid(&dataset_name(labels), problem))
}

fn parse_pair(
    (images_path, images): (&Path, impl Read),
    (labels_path, labels): (&Path, impl Read),
    options: &TargetOptions,
) -> Result<Dataset, DataError> {
    let mut labels = Idx::open(labels_path, labels)?;
    let (mut images, [rows, features]) = pair(Idx::open(images_path, images)?, &mut labels)?;
    let (mut profile, mut numbers) = (TargetProfile::new(&labels.element.options(options)), vec![]);
    labels.each(rows, |label| {
        profile.see(label);
        numbers.push(label);
    })?;
    let inputs = images.pixels(rows * features)?;
    let (name, encoding) = (dataset_name(images_path), encoding(labels_path, profile)?);
    let (targets, remainders) = encoding.encode_exactly(&dataset_name(labels_path), &numbers)?;
    let data = Dataset::new(name, inputs, features, targets)?.with_all_remainders(vec![], remainders);
    data.encoded_by(&encoding)
}

/// Reads both headers: images with rows and features, as many rows as there are labels.
fn pair<'a>(mut images: Idx<'a>, labels: &mut Idx<'_>) -> Result<(Idx<'a>, [usize; 2]), DataError> {
    let sizes = images.header()?;
    let label_count = labels.labels()?;
    let count = sizes[0];
    if count as usize != label_count {
        let message = format!("{label_count} labels for the {count} images of {}", images.path.display());
        return Err(labels.error(4, message));
    }
    let shape = images.shape(&sizes)?;
    Ok((images, shape))
}

/// A pair of files read row by row.
#[derive(Debug)]
pub(super) struct IdxRows {
    images: Idx<'static>,
    labels: Idx<'static>,
    pub(super) rows: usize,
    pub(super) features: usize,
    bytes: Vec<u8>,
}

impl IdxRows {
    /// Opens the files and reads the labels, which it does not keep, to find what they mean.
    pub(super) fn open(
        images: &Path,
        labels: &Path,
        options: &TargetOptions,
    ) -> Result<(Self, TargetEncoding), DataError> {
        let mut of_labels = Idx::open(labels, open_regular(labels)?)?;
        let (of_images, [rows, features]) = pair(Idx::open(images, open_regular(images)?)?, &mut of_labels)?;
        let mut profile = TargetProfile::new(&of_labels.element.options(options));
        of_labels.each(rows, |label| profile.see(label))?;
        let mut found = Self { images: of_images, labels: of_labels, rows, features, bytes: vec![] };
        found.rewind()?;
        Ok((found, encoding(labels, profile)?))
    }

    pub(super) fn targets_path(&self) -> &Path {
        &self.labels.path
    }

    /// Goes back to the first row. The files are opened again: a compressed one has no other way.
    pub(super) fn rewind(&mut self) -> Result<(), DataError> {
        let open = |path: &Path| Idx::open(path, open_regular(path)?);
        let mut labels = open(&self.labels.path)?;
        let (images, shape) = pair(open(&self.images.path)?, &mut labels)?;
        if shape != [self.rows, self.features] {
            return Err(images.error(4, "the file has changed since it was opened"));
        }
        (self.images, self.labels) = (images, labels);
        Ok(())
    }

    /// Appends the pixels of the next row and returns its label.
    pub(super) fn next(&mut self, inputs: &mut Vec<f64>) -> Result<f64, DataError> {
        self.labels.exactly(self.labels.element.size(), &mut self.bytes)?;
        let mut label = 0.0;
        self.labels.element.each(&self.bytes, |number| label = number);
        let element = self.images.element;
        self.images.exactly(self.features as u64 * element.size(), &mut self.bytes)?;
        element.each(&self.bytes, |pixel| inputs.push(f64::from(element.scaled(pixel))));
        Ok(label)
    }
}

/// One IDX file being read, decompressed where needed.
struct Idx<'a> {
    path: PathBuf,
    reader: Box<dyn Read + 'a>,
    /// As the header says, once it is read.
    element: Element,
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
        Ok(Self { path: path.to_owned(), reader, element: Element::U8, offset: 0 })
    }

    /// Reads the type of the elements and the sizes, at least one.
    fn header(&mut self) -> Result<Vec<u32>, DataError> {
        let [zeros @ .., code, dimensions] = self.number()?.to_be_bytes();
        if zeros != [0, 0] || !(1..=MAX_DIMENSIONS).contains(&dimensions) {
            return Err(self.error(0, "no IDX file: it starts with two zeros, a type and 1 to 8 dimensions"));
        }
        let known = Element::from_code(code);
        self.element =
            known.ok_or_else(|| self.error(2, format!("{code:#04x} is no type of IDX; is it an IDX file?")))?;
        (0..dimensions).map(|_| self.number()).collect()
    }

    /// Reads the header of labels: how many there are.
    fn labels(&mut self) -> Result<usize, DataError> {
        let sizes = self.header()?;
        if sizes[1..].iter().any(|&size| size != 1) {
            let shape: Vec<_> = sizes.iter().map(u32::to_string).collect();
            return Err(self.error(4, format!("labels of shape {}; one per image is needed", shape.join(" × "))));
        }
        Ok(sizes[0] as usize)
    }

    /// Rows and features of images whose header says these sizes.
    fn shape(&self, sizes: &[u32]) -> Result<[usize; 2], DataError> {
        let pixels = sizes.iter().try_fold(1u64, |n, &size| n.checked_mul(u64::from(size)));
        if !pixels.is_some_and(|n| (1..=MAX_ELEMENTS as u64).contains(&n)) {
            if sizes[0] == 0 {
                return Err(self.error(4, "there are no images in it"));
            }
            let (count, shape) = (sizes[0], sizes[1..].iter().map(u32::to_string).collect::<Vec<_>>().join(" × "));
            let message = format!("{count} images of {shape} pixels; the total must be 1 to {MAX_ELEMENTS} pixels");
            return Err(self.error(4, message));
        }
        Ok([sizes[0] as usize, sizes[1..].iter().map(|&size| size as usize).product()])
    }

    /// All elements as inputs, of which there are so many; nothing may follow.
    fn pixels(&mut self, count: usize) -> Result<Vec<f32>, DataError> {
        let bytes = self.body(count as u64 * self.element.size())?;
        let mut inputs = room_for(&self.path, count)?;
        self.element.each(&bytes, |pixel| inputs.push(self.element.scaled(pixel)));
        Ok(inputs)
    }

    /// Shows all elements, of which there are so many; nothing may follow.
    fn each(&mut self, count: usize, mut see: impl FnMut(f64)) -> Result<(), DataError> {
        let mut bytes = vec![];
        for from in (0..count).step_by(PIECE) {
            self.exactly((count - from).min(PIECE) as u64 * self.element.size(), &mut bytes)?;
            self.element.each(&bytes, &mut see);
        }
        self.end()
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
