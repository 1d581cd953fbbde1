//! The files of which a stream can be.

use super::RowStream;
use super::source::Source;
use crate::dataset::csv::CsvRows;
use crate::dataset::idx::{self, IdxRows, read_idx_pair};
use crate::dataset::input::dataset_name;
use crate::dataset::npy::NpyRows;
use crate::dataset::svmlight::SvmlightRows;
use crate::dataset::{CsvEncoding, CsvFile, Dataset, SvmlightOptions, TargetEncoding, TargetOptions};
use crate::error::DataError;
use std::path::Path;

impl RowStream {
    /// The rows of a CSV file, with their weights if the encoding has a column of them.
    ///
    /// # Errors
    ///
    /// As [`CsvFile::encode`]; what is wrong in a row is said when it is read.
    pub fn csv(file: CsvFile, encoding: CsvEncoding) -> Result<Self, DataError> {
        let (total, features) = (file.rows(), encoding.features());
        let (name, targets) = (dataset_name(file.path()), encoding.target().clone());
        Ok(Self::new(Source::Csv(Box::new(CsvRows::new(file, encoding)?)), name, [total, features], targets))
    }

    /// The rows of a pair of files as [`read_idx_pair`](crate::dataset::read_idx_pair) takes them. Reads the labels once.
    ///
    /// # Errors
    ///
    /// As there; what is wrong with an image is said when it is read.
    pub fn idx(images: &Path, labels: &Path, options: &TargetOptions) -> Result<Self, DataError> {
        let (rows, targets) = IdxRows::open(images, labels, options)?;
        let shape = [rows.rows, rows.features];
        Ok(Self::new(Source::Idx(Box::new(rows)), dataset_name(images), shape, targets))
    }

    /// The rows of a pair of files as [`read_npy_pair`](crate::dataset::read_npy_pair) takes them, in C order. Reads the targets once.
    ///
    /// # Errors
    ///
    /// As there; also [`DataError::Format`] for Fortran order.
    pub fn npy(inputs: &Path, targets: &Path, options: &TargetOptions) -> Result<Self, DataError> {
        let (rows, targets) = NpyRows::open(inputs, targets, options)?;
        let shape = [rows.rows(), rows.features()];
        Ok(Self::new(Source::Npy(Box::new(rows)), dataset_name(inputs), shape, targets))
    }

    /// The rows of an svmlight file as [`read_svmlight_sparse`](crate::dataset::read_svmlight_sparse) takes it, without their zeros. Reads it
    /// once.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn svmlight(path: &Path, options: &SvmlightOptions) -> Result<Self, DataError> {
        let (rows, targets) = SvmlightRows::open(path, options)?;
        let shape = [rows.rows, rows.features];
        Ok(Self::new(Source::Svmlight(Box::new(rows)), dataset_name(path), shape, targets))
    }

    /// Training rows and validation set of a folder as [`read_mnist_dir`](crate::dataset::read_mnist_dir) takes it; with only the `t10k`
    /// pair every fifth row validates.
    ///
    /// # Errors
    ///
    /// As there, and as [`idx`](Self::idx).
    pub fn mnist_dir(dir: &Path, options: &TargetOptions) -> Result<(Self, Dataset), DataError> {
        match idx::find(dir)? {
            (Some([images, labels]), [t10k_images, t10k_labels]) => {
                let known = TargetOptions::Known(idx::encoding_of(&[&labels, &t10k_labels], options)?);
                let validation = read_idx_pair(&t10k_images, &t10k_labels, &known)?;
                let rows = Self::idx(&images, &labels, &known)?;
                if rows.features != validation.features() {
                    let message = format!("{} pixels, but {} has {}", validation.features(), rows.name, rows.features);
                    return Err(DataError::invalid(validation.name(), message));
                }
                Ok((rows, validation))
            }
            (None, [images, labels]) => Self::idx(&images, &labels, options)?.hold_out(5),
        }
    }

    /// Rows and features as `shape` says.
    fn new(source: Source, name: String, shape: [usize; 2], target_encoding: TargetEncoding) -> Self {
        let [total, features] = shape;
        let (held_out, standardizer, class_weights) = (None, None, None);
        Self { source, name, total, held_out, features, target_encoding, standardizer, class_weights, read: 0 }
    }
}
