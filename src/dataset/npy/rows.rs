//! A pair of `.npy` files row by row.

use super::NpyArray;
use crate::dataset::input::dataset_name;
use crate::dataset::text::Unpacked;
use crate::dataset::{TargetEncoding, TargetOptions, TargetProfile};
use crate::error::{DataError, Place};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Two files of as many rows, inputs in C order and one target per row.
#[derive(Debug)]
pub(crate) struct NpyRows {
    paths: [PathBuf; 2],
    inputs: NpyArray<BufReader<Unpacked<File>>>,
    targets: NpyArray<BufReader<Unpacked<File>>>,
    target: Vec<f64>,
}

impl NpyRows {
    /// Opens the files and looks at the targets, which it does not keep, to find what they mean.
    pub(crate) fn open(
        inputs: &Path,
        targets: &Path,
        options: &TargetOptions,
    ) -> Result<(Self, TargetEncoding), DataError> {
        let paths = [inputs.to_owned(), targets.to_owned()];
        let [inputs, mut targets] = open_pair(&paths)?;
        let mut profile = TargetProfile::new(options);
        let mut target: Vec<f64> = vec![];
        for row in 0..targets.rows() {
            target.clear();
            targets.next(1, |x| target.push(x))?;
            if !(target[0] as f32).is_finite() {
                let message = format!("row {row}: target is {}", target[0]);
                return Err(DataError::format(&paths[1], Place::File, message));
            }
            profile.see(target[0]);
        }
        targets.end()?;
        let encoding = profile.encoding().map_err(|problem| DataError::invalid(&dataset_name(&paths[1]), problem))?;
        let mut rows = Self { paths, inputs, targets, target };
        rows.rewind()?;
        Ok((rows, encoding))
    }

    pub(crate) fn rows(&self) -> usize {
        self.inputs.rows()
    }
    pub(crate) fn features(&self) -> usize {
        self.inputs.features()
    }

    pub(crate) fn targets_path(&self) -> &Path {
        &self.paths[1]
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        let (rows, features) = (self.rows(), self.features());
        let [inputs, targets] = open_pair(&self.paths)?;
        if (inputs.rows(), inputs.features()) != (rows, features) {
            let message = "the file has changed since it was opened";
            return Err(DataError::format(&self.paths[0], Place::File, message));
        }
        (self.inputs, self.targets) = (inputs, targets);
        Ok(())
    }

    /// Appends the features of the next row; returns its target.
    pub(crate) fn next(&mut self, inputs: &mut Vec<f64>) -> Result<f64, DataError> {
        self.inputs.next(self.features(), |x| inputs.push(x))?;
        self.target.clear();
        self.targets.next(1, |x| self.target.push(x))?;
        Ok(self.target[0])
    }
}

fn open_pair(paths: &[PathBuf; 2]) -> Result<[NpyArray<BufReader<Unpacked<File>>>; 2], DataError> {
    let [inputs, targets] = [super::open(&paths[0])?, super::open(&paths[1])?];
    if inputs.is_scattered() {
        let message = "Fortran order cannot be read row by row; save it with np.ascontiguousarray";
        return Err(DataError::format(&paths[0], Place::File, message));
    }
    if targets.rows() != inputs.rows() || targets.features() != 1 {
        let message = format!("{} × {} targets for {} rows", targets.rows(), targets.features(), inputs.rows());
        return Err(DataError::format(&paths[1], Place::File, message));
    }
    Ok([inputs, targets])
}
