//! The data of one fold: whatever was measured on the training rows is measured again on those of the fold.

use super::files::split_csv;
use super::{ClassWeights, Problem, room};
use anyhow::Result;
use simdescent::dataset::{CsvFile, Standardizer};
use simdescent::{Dataset, Fold, Settings, TargetScaling};

/// The training rows of a problem, to be divided.
pub(crate) struct Folds<'p> {
    problem: &'p Problem,
    class_weights: Option<&'p ClassWeights>,
    csv: Option<Csv>,
}

/// A CSV file, which is encoded anew for every fold.
struct Csv {
    file: CsvFile,
    /// The row in the file of each training row.
    order: Vec<u32>,
}

/// A problem whose validation set is a fold, and the settings to train with.
pub(crate) struct FoldData {
    pub(crate) problem: Problem,
    pub(crate) settings: Settings,
}

impl<'p> Folds<'p> {
    /// `csv` is the file that the problem is from, if it is a CSV file, and was divided so; `class_weights` are given to each fold.
    pub(crate) fn new(
        problem: &'p Problem,
        class_weights: Option<&'p ClassWeights>,
        csv: Option<CsvFile>,
        (stratified, seed): (bool, u64),
    ) -> Result<Self> {
        let mut divided = None;
        if let Some(mut file) = csv {
            let order = split_csv(&mut file, stratified, seed)?.training().to_vec();
            divided = Some(Csv { file, order });
        }
        Ok(Self { problem, class_weights, csv: divided })
    }

    /// Levels of categories and what fills gaps (of a CSV file), the scale of features and targets, balanced class weights: all of
    /// them from the fold's own training rows. What classes there are, and whether a column holds numbers, is known of the whole file.
    pub(crate) fn data(&mut self, fold: &Fold, settings: &Settings) -> Result<FoldData> {
        let Problem { training: whole, loss, model, .. } = self.problem;
        let all = self.csv.as_mut().map(|csv| csv.encoded(fold)).transpose()?;
        let all = all.as_ref().unwrap_or(whole);
        room::for_copy(all)?;
        let (mut training, mut validation) = (all.select(&fold.training), all.select(&fold.validation));
        let mut standardizer = None;
        if self.problem.standardizer.is_some() {
            let fitted = Standardizer::fit(&training);
            fitted.apply(&mut training)?;
            fitted.apply(&mut validation)?;
            standardizer = Some(fitted);
        }
        let target_scaling = settings.target_scaling.map(|_| TargetScaling::fit(*loss, &training)).transpose()?;
        let batch_size = settings.batch_size.min(training.rows());
        let settings = Settings { target_scaling, batch_size, ..*settings };
        let model = model.with_inputs(training.features());
        let mut problem = Problem {
            name: self.problem.name.clone(),
            training,
            validation,
            loss: *loss,
            model,
            standardizer,
            encoding: None,
        };
        if let Some(class_weights) = self.class_weights {
            problem = problem.with_class_weights(class_weights)?;
        }
        Ok(FoldData { problem, settings })
    }
}

impl Csv {
    /// The training rows as the training rows of the fold explain them.
    fn encoded(&mut self, fold: &Fold) -> Result<Dataset> {
        let mut in_training = vec![false; self.file.rows()];
        fold.training.iter().for_each(|&row| in_training[self.order[row as usize] as usize] = true);
        let encoding = self.file.fit(&|row| in_training.get(row).is_some_and(|&yes| yes))?;
        room::for_table("the CSV file", 2 * self.file.rows(), encoding.features())?;
        Ok(self.file.encode(&encoding)?.select(&self.order))
    }
}
