//! Confusion matrix, and what follows from it for each class.

use serde::Serialize;

/// How often which class was taken for which.
///
/// ```
/// # use simdescent::ConfusionMatrix;
/// let truth = [2, 0, 2, 2, 0, 1];
/// let predicted = [0, 0, 2, 2, 0, 2].map(Some);
/// let matrix = ConfusionMatrix::new(&truth, &predicted, 3);
/// assert_eq!(matrix.rows(), [[2, 0, 0], [0, 0, 1], [1, 0, 2]]);
/// let class = matrix.class(2);
/// assert_eq!((class.precision, class.recall, class.f1), (Some(2.0 / 3.0), Some(2.0 / 3.0), Some(2.0 / 3.0)));
/// assert_eq!(matrix.class(1).precision, None); // nothing was taken for class 1
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfusionMatrix {
    rows: Vec<Vec<u64>>,
    undecided: Vec<u64>,
}

/// One class against the rest. With TP, FP, FN: rows of the class taken for it, rows of others taken for it, rows of the
/// class not taken for it. What would be 0/0 is `None`, where scikit-learn says 0 and warns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassQuality {
    /// Rows of the class, TP + FN.
    pub support: u64,
    /// TP/(TP + FP)
    pub precision: Option<f64>,
    /// TP/(TP + FN)
    pub recall: Option<f64>,
    /// Their harmonic mean, 2TP/(2TP + FP + FN) (van Rijsbergen 1979).
    pub f1: Option<f64>,
}

impl ConfusionMatrix {
    /// Counts rows by class (`truth`) and what they were taken for (`predicted`; `None` for no class at all).
    ///
    /// # Panics
    /// If the lengths differ or a class is not below `classes`.
    #[track_caller]
    pub fn new(truth: &[u32], predicted: &[Option<u32>], classes: usize) -> Self {
        assert_eq!(truth.len(), predicted.len(), "one prediction per row");
        let mut matrix = Self { rows: vec![vec![0; classes]; classes], undecided: vec![0; classes] };
        for (&truth, &predicted) in truth.iter().zip(predicted) {
            let truth = truth as usize;
            match predicted {
                Some(class) => matrix.rows[truth][class as usize] += 1,
                None => matrix.undecided[truth] += 1,
            }
        }
        matrix
    }

    /// `rows()[i][j]`: how many of class i were taken for class j.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// How many of each class were taken for none, because the model's output was NaN.
    pub fn undecided(&self) -> &[u64] {
        &self.undecided
    }

    /// How well class `k` is told from the others.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn class(&self, k: usize) -> ClassQuality {
        let right = self.rows[k][k];
        let support = self.rows[k].iter().sum::<u64>() + self.undecided[k];
        let taken = self.rows.iter().map(|row| row[k]).sum::<u64>();
        ClassQuality {
            support,
            precision: ratio(right, taken),
            recall: ratio(right, support),
            f1: ratio(2 * right, support + taken),
        }
    }

    /// [`class`](Self::class) of every class.
    pub fn classes(&self) -> impl Iterator<Item = ClassQuality> {
        (0..self.rows.len()).map(|k| self.class(k))
    }

    /// The mean F1 of the classes that have one, each counting the same.
    pub fn macro_f1(&self) -> Option<f64> {
        let defined: Vec<f64> = self.classes().filter_map(|class| class.f1).collect();
        (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64)
    }
}

fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_recall_by_hand() {
        // TP 3, FN 2 (one undecided), FP 1, TN 4.
        let truth = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
        let predicted = [Some(1), Some(1), Some(1), Some(0), None, Some(1), Some(0), Some(0), Some(0), Some(0)];
        let matrix = ConfusionMatrix::new(&truth, &predicted, 2);
        assert_eq!((matrix.rows(), matrix.undecided()), (&[vec![4, 1], vec![1, 3]][..], &[0, 1][..]));
        let quality = |support, precision, recall, f1| ClassQuality {
            support,
            precision: Some(precision),
            recall: Some(recall),
            f1: Some(f1),
        };
        assert_eq!(matrix.class(1), quality(5, 0.75, 0.6, 6.0 / 9.0));
        assert_eq!(matrix.class(0), quality(5, 0.8, 0.8, 0.8));
        assert_eq!(matrix.macro_f1(), Some((0.8 + 6.0 / 9.0) / 2.0));
        // A class that neither occurs nor is predicted has no quality and does not count.
        let matrix = ConfusionMatrix::new(&[0, 0], &[Some(0); 2], 2);
        assert_eq!(matrix.class(1), ClassQuality { support: 0, precision: None, recall: None, f1: None });
        assert_eq!(matrix.macro_f1(), Some(1.0));
    }
}
