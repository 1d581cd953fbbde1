//! Data that does not fit into memory: files that are read row by row, as often as asked for.

use super::csv::CsvRows;
use super::idx::IdxRows;
use super::input::dataset_name;
use super::npy::NpyRows;
use super::{CsvEncoding, CsvFile, Dataset, Standardizer, Targets};
use crate::error::DataError;
use std::path::Path;

/// The rows of a file in its order, one at a time in memory. [`Trainer::streaming`](crate::Trainer::streaming) trains on it.
///
/// ```
/// use simdescent::dataset::{CsvFile, CsvOptions, RowStream};
/// use simdescent::{Linear, Sampling, Settings, Trainer};
/// use simdescent_kernels::Exec;
///
/// # let folder = std::env::temp_dir().join(format!("simdescent-stream-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("large.csv");
/// # std::fs::write(&path, (0..1000).map(|i| format!("{},{}\n", i % 7, 0.5 + (i % 7) as f32)).collect::<String>())?;
/// let mut file = CsvFile::open(&path, &CsvOptions::default())?;
/// let encoding = file.fit(|row| row % 5 != 4)?;
/// let (mut stream, validation) = RowStream::csv(file, encoding)?.hold_out(5)?; // every fifth row
/// assert_eq!((stream.rows(), validation.rows()), (800, 200));
/// stream.standardize()?;
/// let settings = Settings { sampling: Sampling::Reshuffled, ..Settings::default() };
/// let mut trainer = Trainer::streaming(Exec::default(), Linear::new(1, true), stream, 256, settings)?;
/// for _ in 0..1000 {
///     trainer.try_step()?;
/// }
/// assert!(trainer.history().losses()[999] < 1e-6);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RowStream {
    source: Source,
    name: String,
    /// Rows in the file.
    total: usize,
    /// Of so many rows the last is left out.
    held_out: Option<usize>,
    features: usize,
    /// Targets are labels below it, or values.
    classes: Option<usize>,
    standardizer: Option<Standardizer>,
    /// Rows of the file read since its start.
    read: usize,
}

#[derive(Debug)]
enum Source {
    Csv(Box<CsvRows>),
    Idx(Box<IdxRows>),
    Npy(Box<NpyRows>),
}

impl RowStream {
    /// The rows of a CSV file.
    ///
    /// # Errors
    ///
    /// As [`CsvFile::encode`], and if the encoding has weights of rows; what is wrong in a row is said when it is read.
    pub fn csv(file: CsvFile, encoding: CsvEncoding) -> Result<Self, DataError> {
        let (total, features) = (file.rows(), encoding.features());
        let (name, classes) = (dataset_name(file.path()), encoding.target().class_count());
        Ok(Self::new(Source::Csv(Box::new(CsvRows::new(file, encoding)?)), name, total, features, classes))
    }

    /// The rows of a pair of files as [`read_idx_pair`](super::read_idx_pair) takes them. Reads the labels once.
    ///
    /// # Errors
    ///
    /// As there; what is wrong with an image is said when it is read.
    pub fn idx(images: &Path, labels: &Path) -> Result<Self, DataError> {
        let rows = IdxRows::open(images, labels)?;
        let (total, features, classes) = (rows.rows, rows.features, rows.classes);
        Ok(Self::new(Source::Idx(Box::new(rows)), dataset_name(images), total, features, Some(classes)))
    }

    /// The rows of a pair of files as [`read_npy_pair`](super::read_npy_pair) takes them, in C order. Reads the targets once.
    ///
    /// # Errors
    ///
    /// As there; also [`DataError::Format`] for Fortran order.
    pub fn npy(inputs: &Path, targets: &Path) -> Result<Self, DataError> {
        let rows = NpyRows::open(inputs, targets)?;
        let (total, features, classes) = (rows.rows(), rows.features(), rows.classes());
        Ok(Self::new(Source::Npy(Box::new(rows)), dataset_name(inputs), total, features, classes))
    }

    /// Training rows and validation set of a folder as [`read_mnist_dir`](super::read_mnist_dir) takes it; with only the `t10k`
    /// pair every fifth row validates.
    ///
    /// # Errors
    ///
    /// As there, and as [`idx`](Self::idx).
    pub fn mnist_dir(dir: &Path) -> Result<(Self, Dataset), DataError> {
        match super::idx::find(dir)? {
            (Some([images, labels]), [t10k_images, t10k_labels]) => {
                let validation = super::read_idx_pair(&t10k_images, &t10k_labels)?;
                let rows = Self::idx(&images, &labels)?;
                if rows.features != validation.features() {
                    let message = format!("{} pixels, but {} has {}", validation.features(), rows.name, rows.features);
                    return Err(DataError::invalid(validation.name(), message));
                }
                let Targets::Labels { labels, classes } = validation.targets().clone() else { unreachable!("IDX") };
                let rows = rows.with_classes(classes);
                let targets = Targets::Labels { labels, classes: rows.classes.unwrap_or(classes) };
                Ok((rows, validation.with_targets(targets)?))
            }
            (None, [images, labels]) => Self::idx(&images, &labels)?.hold_out(5),
        }
    }

    fn new(source: Source, name: String, total: usize, features: usize, classes: Option<usize>) -> Self {
        Self { source, name, total, held_out: None, features, classes, standardizer: None, read: 0 }
    }

    /// Leaves every `every`-th row out, and returns them as a data set, usually to validate on. Reads the file once.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when one of the two would be empty, or rows were left out before; and as reading.
    pub fn hold_out(mut self, every: usize) -> Result<(Self, Dataset), DataError> {
        if every < 2 || every > self.total || self.held_out.is_some() || self.standardizer.is_some() {
            let message = format!("cannot hold out every {every}-th of {} rows, once and as they are", self.total);
            return Err(DataError::invalid(&self.name, message));
        }
        let (mut inputs, mut targets) = (vec![], vec![]);
        self.rewind()?;
        for row in 0..self.total {
            let kept = inputs.len();
            let target = self.source.next(&mut inputs)?;
            if row % every == every - 1 {
                targets.push(target);
            } else {
                inputs.truncate(kept);
            }
        }
        let name = format!("{} (every {every}th row)", self.name);
        let held_out = self.named(Dataset::new(name, inputs, self.features, self.targets(&targets)?)?)?;
        self.held_out = Some(every);
        self.rewind()?;
        Ok((self, held_out))
    }

    /// Gives all rows from now on mean 0 and standard deviation 1, as [`Standardizer::fit`] does with the same bits: it reads
    /// the file twice. Returns the numbers, for other data.
    ///
    /// # Errors
    ///
    /// As reading.
    pub fn standardize(&mut self) -> Result<&Standardizer, DataError> {
        self.standardizer = None;
        let (rows, features) = (self.rows(), self.features);
        let mut row = vec![];
        let standardizer = Standardizer::fit_passes(rows, features, |see| {
            self.rewind()?;
            for _ in 0..rows {
                row.clear();
                self.next(&mut row)?;
                see(&row);
            }
            Ok::<_, DataError>(())
        })?;
        self.rewind()?;
        Ok(self.standardizer.insert(standardizer))
    }

    /// As many classes as another data set has, if that is more.
    pub fn with_classes(self, classes: usize) -> Self {
        Self { classes: self.classes.map(|own| own.max(classes)), ..self }
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows there are to train on.
    pub fn rows(&self) -> usize {
        self.total - self.held_out.map_or(0, |every| self.total / every)
    }

    /// How many features each row has.
    pub fn features(&self) -> usize {
        self.features
    }

    /// How many classes the labels are of; `None` for values.
    pub fn classes(&self) -> Option<usize> {
        self.classes
    }

    /// All rows at once, where they do fit.
    ///
    /// # Errors
    ///
    /// As reading.
    pub fn read_all(&mut self) -> Result<Dataset, DataError> {
        let (mut inputs, mut targets) = (vec![], vec![]);
        self.rewind()?;
        for _ in 0..self.rows() {
            targets.push(self.next(&mut inputs)?);
        }
        self.rewind()?;
        self.named(Dataset::new(&self.name, inputs, self.features, self.targets(&targets)?)?)
    }

    fn named(&self, data: Dataset) -> Result<Dataset, DataError> {
        let Source::Csv(rows) = &self.source else { return Ok(data) };
        rows.encoding().give_names(data)
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        self.read = 0;
        match &mut self.source {
            Source::Csv(rows) => rows.rewind(),
            Source::Idx(rows) => rows.rewind(),
            Source::Npy(rows) => rows.rewind(),
        }
    }

    /// Appends the features of the next row that is not left out; returns its target.
    pub(crate) fn next(&mut self, inputs: &mut Vec<f32>) -> Result<f32, DataError> {
        let from = inputs.len();
        loop {
            let target = self.source.next(inputs)?;
            let row = self.read;
            self.read += 1;
            if self.held_out.is_some_and(|every| row % every == every - 1) {
                inputs.truncate(from);
                continue;
            }
            let values = &mut inputs[from..];
            let finite =
                values.iter().position(|x| !x.is_finite()).map(|j| format!("feature {j}: input is {}", values[j]));
            let scaled = self.standardizer.as_ref().map_or(Ok(()), |standardizer| standardizer.apply_to_row(values));
            if let Some(problem) = finite.or(scaled.err()) {
                return Err(DataError::invalid(&self.name, format!("row {row}, {problem}")));
            }
            return Ok(target);
        }
    }

    /// What targets are, as [`next`](Self::next) returns them.
    pub(crate) fn targets(&self, numbers: &[f32]) -> Result<Targets, DataError> {
        let targets = match self.classes {
            Some(classes) => Targets::Labels { labels: numbers.iter().map(|&x| x.max(0.0) as u32).collect(), classes },
            None => Targets::Values(numbers.to_vec()),
        };
        targets.check(&self.name)?;
        Ok(targets)
    }
}

impl Source {
    fn next(&mut self, inputs: &mut Vec<f32>) -> Result<f32, DataError> {
        match self {
            Self::Csv(rows) => rows.next(inputs),
            Self::Idx(rows) => rows.next(inputs),
            Self::Npy(rows) => rows.next(inputs),
        }
    }
}

#[cfg(test)]
mod tests;
