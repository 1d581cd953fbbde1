//! How much rows and classes count in the loss.

use super::input::quoted;
use super::{Dataset, Targets};
use crate::error::DataError;

impl Dataset {
    /// The same rows with a weight each, which says how much a row counts in the loss: `[rows]`, finite, at least 0, not all 0.
    ///
    /// A loss is then Σ wᵢ·lossᵢ / Σ wᵢ over the rows of a batch or of a data set: a row of weight 2 is a row that is there
    /// twice, one of weight 0 counts nothing, and only the ratios of weights matter (as `sample_weight` in scikit-learn; Keras divides by
    /// the number of rows). Metrics other than the loss count rows, whatever their weights.
    ///
    /// ```
    /// use simdescent::{Dataset, Evaluator, Linear, Loss, Targets};
    /// let data = Dataset::new("toy", vec![1.0; 2], 1, Targets::Values(vec![1.0, 3.0]))?.with_weights(vec![3.0, 1.0])?;
    /// let loss = Evaluator::new(Loss::Squared, &data)?.evaluate(Default::default(), &mut Linear::new(1, false)).loss;
    /// assert_eq!(loss, (3.0 * 1.0 + 1.0 * 9.0) / 4.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError::Invalid`] if they are not as many as rows, or not such numbers.
    pub fn with_weights(self, weights: Vec<f32>) -> Result<Self, DataError> {
        check(&self.name, ("weight", "row"), self.rows(), &weights, None)?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same rows with a weight cₖ for each class, `[classes]`, finite, at least 0, not all 0. They count in the loss only.
    ///
    /// Of labels, the weight of a row becomes wᵢ·c\[labelᵢ\]; of smoothed labels and of probabilities, cₖ multiplies the target of
    /// class k (PyTorch's `weight`; [`softmax_cross_entropy_with`](simdescent_kernels::loss::softmax_cross_entropy_with) says what
    /// divides). A class of weight 0 is then still a part of smoothed rows of the others, and they of its rows.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if they are not as many as classes, or not such numbers.
    pub fn with_class_weights(self, weights: Vec<f32>) -> Result<Self, DataError> {
        check_class_weights(&self.name, self.targets.classes(), self.class_names(), &weights)?;
        Ok(Self { class_weights: Some(weights), ..self })
    }

    /// Class weights with which every class counts the same: cₖ = n/(K·nₖ), where n is the sum of all weights (the number of rows
    /// without weights), nₖ that of the rows of class k, K the number of classes (`class_weight="balanced"` of scikit-learn; King &
    /// Zeng 2001).
    ///
    /// Measured on the training set, and given to all sets, so that their losses compare.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the targets are no labels, or a class has no row of positive weight.
    pub fn balanced_class_weights(&self) -> Result<Vec<f32>, DataError> {
        let Targets::Labels { labels, classes } = &self.targets else {
            return Err(DataError::invalid(&self.name, "balanced class weights need labels"));
        };
        let mut totals = vec![0.0f64; *classes];
        for (i, &label) in labels.iter().enumerate() {
            totals[label as usize] += self.weights.as_ref().map_or(1.0, |w| f64::from(w[i]));
        }
        balanced(&self.name, self.class_names(), &totals)
    }

    /// The weight of each row, if [they were given](Self::with_weights).
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// The weight of each class, if [they were given](Self::with_class_weights).
    pub fn class_weights(&self) -> Option<&[f32]> {
        self.class_weights.as_deref()
    }
}

/// Whether data of this name and with so many classes, which may have names, can have these class weights.
pub(super) fn check_class_weights(
    name: &str,
    classes: Option<usize>,
    names: Option<&[String]>,
    weights: &[f32],
) -> Result<(), DataError> {
    let Some(classes) = classes else {
        return Err(DataError::invalid(name, "class weights need classes, the targets are numbers"));
    };
    check(name, ("class weight", "class"), classes, weights, names)
}

/// For people: the number of a class, and what it is called.
fn called(i: usize, names: Option<&[String]>) -> String {
    names.map_or_else(|| i.to_string(), |names| format!("{i} ({})", quoted(names[i].as_bytes())))
}

fn check(
    name: &str,
    (what, of): (&str, &str),
    count: usize,
    weights: &[f32],
    names: Option<&[String]>,
) -> Result<(), DataError> {
    let problem = if weights.len() != count {
        const SHOWN: usize = 10;
        let order = names.map(|names| {
            let more = if names.len() > SHOWN { ", …" } else { "" };
            format!(", in the order {}{more}", names[..names.len().min(SHOWN)].join(", "))
        });
        format!("{} {what}s, but there are {count}: one per {of}{}", weights.len(), order.unwrap_or_default())
    } else if let Some(i) = weights.iter().position(|w| !(*w >= 0.0 && w.is_finite())) {
        let i_called = called(i, names);
        format!("{of} {i_called}: {what} is {}; it has to be at least 0 and finite", weights[i])
    } else if weights.iter().all(|&w| w == 0.0) {
        format!("all {what}s are 0, so that nothing counts")
    } else {
        return Ok(());
    };
    Err(DataError::invalid(name, problem))
}

/// The balanced weights of classes whose rows have these weights in total.
pub(super) fn balanced(name: &str, names: Option<&[String]>, totals: &[f64]) -> Result<Vec<f32>, DataError> {
    if let Some(class) = totals.iter().position(|&total| total == 0.0) {
        let class = called(class, names);
        let message = format!("class {class} has no row to balance: give the class weights as numbers");
        return Err(DataError::invalid(name, message));
    }
    let (all, classes) = (totals.iter().sum::<f64>(), totals.len() as f64);
    Ok(totals.iter().map(|total| (all / (classes * total)) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[u32], classes: usize) -> Dataset {
        let targets = Targets::Labels { labels: labels.to_vec(), classes };
        Dataset::new("t", vec![0.0; labels.len()], 1, targets).unwrap()
    }

    /// scikit-learn: `compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 1, 2])`.
    #[test]
    fn balanced_classes_count_the_same() {
        let data = labels(&[0, 0, 0, 1, 1, 2], 3);
        assert_eq!(data.balanced_class_weights().unwrap(), [2.0f32 / 3.0, 1.0, 2.0]);
        // Weights count like rows.
        let merged = labels(&[0, 1, 2], 3).with_weights(vec![3.0, 2.0, 1.0]).unwrap();
        assert_eq!(merged.balanced_class_weights().unwrap(), [2.0f32 / 3.0, 1.0, 2.0]);
        let message = labels(&[0, 2], 3).balanced_class_weights().unwrap_err().to_string();
        assert!(message.contains("class 1 has no row"), "{message}");
    }

    #[test]
    fn rows_keep_their_weights() {
        let data = labels(&[0, 1, 2], 3).with_weights(vec![1.0, 0.0, 2.0]).unwrap();
        let data = data.with_class_weights(vec![0.5, 1.0, 2.0]).unwrap();
        assert_eq!(data.select(&[2, 2, 0]).weights(), Some(&[2.0, 2.0, 1.0][..]));
        assert_eq!(data.select(&[0]).class_weights(), data.class_weights());
        let (first, rest) = data.clone().split_at(1).unwrap();
        assert_eq!((first.weights(), rest.weights()), (Some(&[1.0][..]), Some(&[0.0, 2.0][..])));
        assert_eq!((first.class_weights(), rest.class_weights()), (data.class_weights(), data.class_weights()));
        let other = Targets::Labels { labels: vec![0, 1, 2], classes: 4 };
        let message = data.with_targets(other).unwrap_err().to_string();
        assert!(message.contains("3 class weights, but there are 4"), "{message}");
    }

    #[test]
    fn bad_weights_are_refused() {
        let data = || labels(&[0, 1], 2);
        for (weights, wanted) in [
            (vec![1.0], "1 weights, but there are 2: one per row"),
            (vec![1.0, -1.0], "row 1: weight is -1"),
            (vec![f32::NAN, 1.0], "row 0: weight is NaN"),
            (vec![0.0, f32::INFINITY], "row 1: weight is inf"),
            (vec![0.0, 0.0], "all weights are 0"),
        ] {
            let message = data().with_weights(weights).unwrap_err().to_string();
            assert!(message.starts_with("dataset t: ") && message.contains(wanted), "{message}");
        }
        let message = data().with_class_weights(vec![1.0, -0.5]).unwrap_err().to_string();
        assert!(message.contains("class 1: class weight is -0.5"), "{message}");
        let numbers = data().with_targets(Targets::Values(vec![0.5, 1.5])).unwrap();
        assert!(numbers.balanced_class_weights().is_err());
        let message = numbers.with_class_weights(vec![1.0, 1.0]).unwrap_err().to_string();
        assert!(message.contains("the targets are numbers"), "{message}");
    }
}
