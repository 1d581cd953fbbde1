//! Data that does not fit into memory: files that are read row by row, as often as asked for.

mod buffer;
mod open;
mod source;

pub(crate) use buffer::Buffer;

use super::digest::DataDigest;
use super::{Dataset, Standardizer, TargetEncoding, Targets};
use crate::error::DataError;
use source::Source;

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
/// let encoding = file.fit(&|row| row % 5 != 4)?;
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
    target_encoding: TargetEncoding,
    standardizer: Option<Standardizer>,
    class_weights: Option<Vec<f32>>,
    /// Rows of the file read since its start.
    read: usize,
}

impl RowStream {
    /// Leaves every `every`-th row out, and returns them as a data set, usually to validate on. Reads the file once.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when one of the two would be empty, or has weights of which none counts; when rows were left out before;
    /// and as reading.
    pub fn hold_out(mut self, every: usize) -> Result<(Self, Dataset), DataError> {
        let changed = self.held_out.is_some() || self.standardizer.is_some() || self.class_weights.is_some();
        if every < 2 || every > self.total || changed {
            let message = format!("cannot hold out every {every}-th of {} rows, once and as they are", self.total);
            return Err(DataError::invalid(&self.name, message));
        }
        let mut held_out = self.buffer();
        let mut weight = 0.0;
        self.rewind()?;
        for row in 0..self.total {
            let kept = held_out.targets.len();
            self.source.next(&mut held_out, &self.target_encoding)?;
            if row % every != every - 1 {
                weight += held_out.weights.last().map_or(1.0, |&w| f64::from(w));
                held_out.truncate(kept);
            } else if let Err(problem) = held_out.take_row(None) {
                return Err(DataError::invalid(&self.name, format!("row {row}, {problem}")));
            }
        }
        if !(weight > 0.0 && weight <= f64::from(f32::MAX)) {
            let message = format!("the weights of its rows add up to {weight}: nothing counts, or f32 overflows");
            return Err(DataError::invalid(&self.name, message));
        }
        let targets = self.targets(&held_out.targets)?;
        let name = format!("{} (every {every}th row)", self.name);
        let held_out = self.named(held_out.into_dataset(&name, targets)?)?;
        self.held_out = Some(every);
        self.rewind()?;
        Ok((self, held_out))
    }

    /// Gives all rows from now on mean 0 and standard deviation 1, as [`Standardizer::fit`] does with the same bits: it reads
    /// the file twice. Returns the numbers, for other data.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when the rows are sparse, because taking means off would fill in their zeros; and as reading.
    pub fn standardize(&mut self) -> Result<&Standardizer, DataError> {
        self.check_dense()?;
        self.standardizer = None;
        let (rows, features) = (self.rows(), self.features);
        let standardizer = Standardizer::fit_passes(rows, features, |see| self.for_each(|row| see(&row.row)))?;
        Ok(self.standardizer.insert(standardizer))
    }

    /// Transforms all rows from now on as other rows were, usually those of the training that goes on.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when it has another number of features, or the rows are sparse.
    pub fn standardize_by(&mut self, standardizer: Standardizer) -> Result<(), DataError> {
        self.check_dense()?;
        let features = standardizer.mean().len();
        if features != self.features {
            let message = format!("{} features, but the standardizer is of {features}", self.features);
            return Err(DataError::invalid(&self.name, message));
        }
        self.standardizer = Some(standardizer);
        Ok(())
    }

    fn check_dense(&self) -> Result<(), DataError> {
        if self.is_sparse() {
            let message = "taking off means would fill in the zeros of sparse rows: leave them as they are";
            return Err(DataError::invalid(&self.name, message));
        }
        Ok(())
    }

    /// The same rows with a weight for each class, as [`Dataset::with_class_weights`] has them.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with_class_weights(self, weights: Vec<f32>) -> Result<Self, DataError> {
        let names = self.target_encoding.class_names();
        super::weights::check_class_weights(&self.name, self.classes(), names.as_deref(), &weights)?;
        Ok(Self { class_weights: Some(weights), ..self })
    }

    /// Class weights with which every class counts the same, as [`Dataset::balanced_class_weights`] has them. Reads the file once.
    ///
    /// # Errors
    ///
    /// As there, and as reading.
    pub fn balanced_class_weights(&mut self) -> Result<Vec<f32>, DataError> {
        let Some(classes) = self.classes() else {
            return Err(DataError::invalid(&self.name, "balanced class weights need labels"));
        };
        let mut totals = vec![0.0f64; classes];
        self.for_each(|row| {
            let weight = row.weights.first().map_or(1.0, |&w| f64::from(w));
            if let Some(total) = totals.get_mut(row.targets[0] as usize) {
                *total += weight;
            }
        })?;
        super::weights::balanced(&self.name, self.target_encoding.class_names().as_deref(), &totals)
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
        self.target_encoding.classes()
    }

    /// What the targets are in the file.
    pub fn target_encoding(&self) -> &TargetEncoding {
        &self.target_encoding
    }

    /// Whether the zeros of its rows are left out.
    pub fn is_sparse(&self) -> bool {
        matches!(self.source, Source::Svmlight(_))
    }

    /// The weight of each class, if [they were given](Self::with_class_weights).
    pub(crate) fn class_weights(&self) -> Option<&[f32]> {
        self.class_weights.as_deref()
    }

    /// All rows at once, where they do fit.
    ///
    /// # Errors
    ///
    /// As reading.
    pub fn read_all(&mut self) -> Result<Dataset, DataError> {
        let mut all = self.buffer();
        self.rewind()?;
        for _ in 0..self.rows() {
            self.next(&mut all)?;
        }
        self.rewind()?;
        let targets = self.targets(&all.targets)?;
        let data = self.named(all.into_dataset(&self.name, targets)?)?;
        match &self.class_weights {
            Some(weights) => data.with_class_weights(weights.clone()),
            None => Ok(data),
        }
    }

    /// SHA-256 over what there is to train on and the rows of a window, 0 if they do not matter, as 64 hexadecimal digits. Reads the
    /// file once and leaves it at its start.
    pub(crate) fn digest(&mut self, window: usize) -> Result<String, DataError> {
        let classes = self.classes();
        let mut digest = DataDigest::new(self.features, classes, self.class_weights.as_deref());
        self.for_each(|row| {
            digest.inputs(row.inputs(), 0);
            match classes {
                Some(_) => row.targets.iter().for_each(|&label| digest.count(label as usize)),
                None => digest.floats(&row.targets),
            }
            digest.floats(&row.weights);
        })?;
        // How many rows are shuffled together decides what training makes of them.
        digest.count(window);
        Ok(digest.finish())
    }

    /// Shows all rows, from the first on and one by one; goes back to the start.
    fn for_each(&mut self, mut see: impl FnMut(&mut Buffer)) -> Result<(), DataError> {
        let mut row = self.buffer();
        self.rewind()?;
        for _ in 0..self.rows() {
            row.clear();
            self.next(&mut row)?;
            see(&mut row);
        }
        self.rewind()
    }

    /// No rows of this kind.
    pub(crate) fn buffer(&self) -> Buffer {
        Buffer::new(self.features, self.is_sparse())
    }

    fn named(&self, data: Dataset) -> Result<Dataset, DataError> {
        let Source::Csv(rows) = &self.source else { return data.encoded_by(&self.target_encoding) };
        rows.encoding().give_names(data)
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        self.read = 0;
        self.source.rewind()
    }

    /// Appends the next row that is not left out.
    pub(crate) fn next(&mut self, rows: &mut Buffer) -> Result<(), DataError> {
        let kept = rows.targets.len();
        loop {
            self.source.next(rows, &self.target_encoding)?;
            let row = self.read;
            self.read += 1;
            if self.held_out.is_some_and(|every| row % every == every - 1) {
                rows.truncate(kept);
                continue;
            }
            if let Err(problem) = rows.take_row(self.standardizer.as_ref()) {
                return Err(DataError::invalid(&self.name, format!("row {row}, {problem}")));
            }
            return Ok(());
        }
    }

    /// What targets are, as [`next`](Self::next) returns them.
    pub(crate) fn targets(&self, numbers: &[f32]) -> Result<Targets, DataError> {
        let targets = self.target_encoding.targets(numbers.to_vec());
        targets.check(&self.name)?;
        Ok(targets)
    }
}

#[cfg(all(test, feature = "checkpoints"))]
mod tests;
