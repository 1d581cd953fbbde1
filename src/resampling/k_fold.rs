//! Which rows train and which validate, fold by fold.

use crate::dataset::Targets;
use crate::error::ConfigError;
use crate::random::{Purpose, Stream, StreamKey};
use serde::{Deserialize, Serialize};

/// How rows are divided into k folds, each of which is the validation set once (Stone 1974).
///
/// The rows are shuffled by the stream keyed (folds, trial, seed) and dealt to the folds in turn, like cards. If stratified,
/// they are sorted by class first, those of a class staying shuffled. So folds differ by at most one row, and if
/// stratified by at most one row of each class. (scikit-learn's `KFold` cuts the order into pieces, by default unshuffled.)
///
/// ```
/// use simdescent::{KFold, Targets};
///
/// let folds = KFold { folds: 3, stratified: false, trial: 0, seed: 1 }.split(&Targets::Values(vec![0.5; 10]))?;
/// assert_eq!(folds.iter().map(|fold| fold.validation.len()).collect::<Vec<_>>(), [4, 3, 3]);
/// assert!(folds.iter().all(|fold| fold.training.len() + fold.validation.len() == 10));
/// # Ok::<(), simdescent::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KFold {
    /// k, from 2 to the number of rows (leave one out)
    pub folds: usize,
    /// Whether every fold gets its share of each class
    pub stratified: bool,
    /// Number of the trial: another division of the same data
    pub trial: u64,
    /// The seed
    pub seed: u64,
}

/// Rows of one fold, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// All others.
    pub training: Vec<u32>,
    /// Those of the fold.
    pub validation: Vec<u32>,
}

impl KFold {
    /// Divides rows with these targets.
    ///
    /// # Errors
    /// [`ConfigError`] if there are fewer than two folds or more than rows, or rows without classes are to be stratified.
    pub fn split(&self, targets: &Targets) -> Result<Vec<Fold>, ConfigError> {
        let rows = targets.rows();
        if self.folds < 2 || self.folds > rows {
            let message = format!("{rows} rows cannot be divided into {} folds: take 2 to {rows}", self.folds);
            return Err(ConfigError::Resampling(message));
        }
        let mut order: Vec<u32> = (0..u32::try_from(rows).expect("fewer than 2^32 rows")).collect();
        let key = StreamKey { trial: self.trial, ..StreamKey::new(Purpose::Folds, self.seed) };
        Stream::new(key).shuffle(&mut order);
        if self.stratified {
            let Targets::Labels { labels, .. } = targets else {
                let message = "stratified folds need classes as labels, the data has none: leave stratification off";
                return Err(ConfigError::Resampling(message.into()));
            };
            order.sort_by_key(|&row| labels[row as usize]);
        }
        let mut fold_of = vec![0; rows];
        order.iter().enumerate().for_each(|(place, &row)| fold_of[row as usize] = place % self.folds);
        let fold = |k| {
            let (validation, training) = (0..rows as u32).partition(|&row| fold_of[row as usize] == k);
            Fold { training, validation }
        };
        Ok((0..self.folds).map(fold).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: KFold = KFold { folds: 4, stratified: false, trial: 0, seed: 7 };

    fn labels(counts: &[usize]) -> Targets {
        let labels = counts.iter().enumerate().flat_map(|(class, &n)| vec![class as u32; n]).collect();
        Targets::Labels { labels, classes: counts.len() }
    }

    #[test]
    fn every_row_is_held_out_once() {
        for (rows, folds) in [(10, 2), (10, 3), (11, 4), (5, 5), (2, 2)] {
            for stratified in [false, true] {
                let split = KFold { folds, stratified, ..BASE }.split(&labels(&[rows / 2, rows - rows / 2])).unwrap();
                let mut held_out: Vec<u32> = split.iter().flat_map(|fold| fold.validation.clone()).collect();
                held_out.sort_unstable();
                assert_eq!(held_out, (0..rows as u32).collect::<Vec<_>>());
                for Fold { training, validation } in split {
                    assert!([rows / folds, rows.div_ceil(folds)].contains(&validation.len()));
                    let mut all = [training, validation].concat();
                    all.sort_unstable();
                    assert_eq!(all, (0..rows as u32).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn strata_are_shared_out_evenly() {
        let counts = [50, 9, 3, 1];
        let targets = labels(&counts);
        let Targets::Labels { labels: classes, .. } = &targets else { unreachable!() };
        let counted = |stratified| -> Vec<Vec<usize>> {
            let split = KFold { stratified, ..BASE }.split(&targets).unwrap();
            let count = |fold: &Fold, class| fold.validation.iter().filter(|&&r| classes[r as usize] == class).count();
            split.iter().map(|fold| (0..4).map(|class| count(fold, class)).collect()).collect()
        };
        for fold in counted(true) {
            for (class, n) in fold.into_iter().enumerate() {
                assert!([counts[class] / 4, counts[class].div_ceil(4)].contains(&n), "class {class}: {n}");
            }
        }
        assert!(
            counted(false).iter().any(|fold| fold[0] < 12 || fold[0] > 13),
            "chance alone does not share out evenly"
        );
    }

    #[test]
    fn a_division_depends_on_seed_and_trial_and_has_golden_rows() {
        let targets = Targets::Values(vec![0.0; 12]);
        let validation = |k_fold: KFold| k_fold.split(&targets).unwrap()[0].validation.clone();
        assert_eq!(validation(BASE), validation(BASE));
        assert_ne!(validation(KFold { seed: 8, ..BASE }), validation(BASE));
        assert_ne!(validation(KFold { trial: 1, ..BASE }), validation(BASE));
        assert_eq!(validation(BASE), [3, 6, 11]);
    }

    #[test]
    fn impossible_divisions_are_refused() {
        let message = |k_fold: KFold, targets: &Targets| k_fold.split(targets).unwrap_err().to_string();
        for folds in [0, 1, 13] {
            let text = message(KFold { folds, ..BASE }, &labels(&[12]));
            assert!(text.contains(&format!("12 rows cannot be divided into {folds} folds: take 2 to 12")), "{text}");
        }
        let text = message(KFold { stratified: true, ..BASE }, &Targets::Values(vec![0.0; 12]));
        assert!(text.contains("stratified folds need classes"), "{text}");
    }
}
