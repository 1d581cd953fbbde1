//! Scaling features to mean 0 and standard deviation 1, with the numbers of the training set only.

use super::Dataset;
use super::storage::Storage;
use crate::error::DataError;

/// Shifts and scales each feature `j` by what the training set shows:
///
/// ```text
/// mean_j  = (1/n) Σ_i x_ij
/// scale_j = 1 / sqrt((1/n) Σ_i (x_ij − mean_j)²),   or 1 when feature j is constant
/// x_ij   ← f32((x_ij − mean_j) · scale_j)
/// ```
///
/// Sums run over the rows in order, in `f64`, so the result is the same on every machine. Divides by n, not n − 1. What readers of
/// files know of x beyond `f32` is used: seconds since 1970 or dates as 20180128 keep what distinguishes them.
///
/// ```
/// use simdescent::dataset::Standardizer;
/// use simdescent::{Dataset, Targets};
///
/// let data = Dataset::new("toy", vec![1.0, 3.0, 5.0], 1, Targets::Values(vec![0.0; 3]))?;
/// let (mut training, mut validation) = data.split_at(2)?;
/// let standardizer = Standardizer::fit(&training);
/// standardizer.apply(&mut training)?;
/// standardizer.apply(&mut validation)?; // the training set's mean 2 and scale 1
/// assert_eq!((training.inputs(), validation.inputs()), (&[-1.0, 1.0][..], &[3.0][..]));
/// # Ok::<(), simdescent::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standardizer {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl Standardizer {
    /// Measures `training`.
    ///
    /// # Panics
    ///
    /// When its inputs are sparse: taking means off would fill in their zeros, see [`fit_scale`](Self::fit_scale).
    #[track_caller]
    pub fn fit(training: &Dataset) -> Self {
        let mut pass = |see: &mut dyn FnMut(&[f64])| {
            let mut row = vec![0.0; training.features];
            (0..training.rows()).for_each(|i| {
                training.exact_row(i, &mut row);
                see(&row);
            });
            Ok::<_, std::convert::Infallible>(())
        };
        match Self::fit_passes(training.rows(), training.features, &mut pass) {
            Ok(standardizer) => standardizer,
            Err(never) => match never {},
        }
    }

    /// Measures so many rows, all of which each call of `pass` shows.
    pub(crate) fn fit_passes<E>(
        rows: usize,
        features: usize,
        mut pass: impl FnMut(&mut dyn FnMut(&[f64])) -> Result<(), E>,
    ) -> Result<Self, E> {
        let n = rows as f64;
        let mut mean = vec![0.0f64; features];
        let (mut first, mut varies) = (None::<Vec<f64>>, vec![false; features]);
        pass(&mut |row| {
            let first = first.get_or_insert_with(|| row.to_vec());
            for (j, &x) in row.iter().enumerate() {
                mean[j] += x;
                varies[j] |= x != first[j];
            }
        })?;
        for (j, sum) in mean.iter_mut().enumerate() {
            // The sum of equal numbers may be rounded.
            *sum = if varies[j] { *sum / n } else { first.as_ref().map_or(0.0, |first| first[j]) };
        }

        let mut scale = vec![0.0f64; features];
        pass(&mut |row| {
            for (j, &x) in row.iter().enumerate() {
                let deviation = x - mean[j];
                scale[j] += deviation * deviation; // not `powi`, whose rounding is unspecified
            }
        })?;
        for scale in &mut scale {
            *scale = if *scale == 0.0 { 1.0 } else { 1.0 / (*scale / n).sqrt() };
        }
        Ok(Self { mean, scale })
    }

    fn scaled(&self, x: f64, j: usize) -> f32 {
        ((x - self.mean[j]) * self.scale[j]) as f32
    }

    /// Appends one transformed row; the message says which feature overflows `f32`.
    pub(crate) fn push_row(&self, row: &[f64], to: &mut Vec<f32>) -> Result<(), String> {
        for (j, &x) in row.iter().enumerate() {
            let scaled = self.scaled(x, j);
            if !scaled.is_finite() {
                return Err(format!("feature {j}: {x} overflows f32 when standardized"));
            }
            to.push(scaled);
        }
        Ok(())
    }

    /// The features of which more than one in a hundred of different values become equal when they are transformed, with how many
    /// different ones there are before and after; of at most 4096 rows, and of dense inputs that are as they were read.
    ///
    /// One value far from the others does it: a 0 among seconds since 1970. What is lost so cannot be learned.
    pub fn blurred_features(&self, data: &Dataset) -> Vec<(usize, [usize; 2])> {
        if data.is_sparse() || data.features != self.mean.len() {
            return vec![];
        }
        let (mut row, mut blurred) = (vec![0.0; data.features], vec![]);
        let rows = spread(data.rows());
        // A few features at a time, so that no second table is in memory.
        let block = (1 << 22) / rows.len().max(1) + 1;
        for from in (0..data.features).step_by(block) {
            let to = (from + block).min(data.features);
            let mut columns = vec![Vec::with_capacity(rows.len()); to - from];
            for &i in &rows {
                data.exact_row(i, &mut row);
                columns.iter_mut().zip(&row[from..to]).for_each(|(column, &x)| column.push(x));
            }
            for (j, column) in (from..to).zip(columns) {
                if let Some(counts) = blurs(column, |x| self.scaled(x, j)) {
                    blurred.push((j, counts));
                }
            }
        }
        blurred
    }

    /// Measures `training` to scale without taking means off, so that zeros stay zeros:
    ///
    /// ```text
    /// x_ij ← f32(x_ij · scale_j),   scale_j as above: from the deviation around the mean
    /// ```
    ///
    /// (scikit-learn's `StandardScaler(with_mean=False)`.) The sums run over what is not zero, then n₀ zeros add n₀·mean_j², so a
    /// dense table and a sparse one give the same scale.
    pub fn fit_scale(training: &Dataset) -> Self {
        let n = training.rows() as f64;
        let mut mean = vec![0.0f64; training.features];
        let mut kept = vec![0.0f64; training.features];
        training.for_each_kept(|j, x| {
            mean[j] += f64::from(x);
            kept[j] += 1.0;
        });
        mean.iter_mut().for_each(|sum| *sum /= n);
        let mut scale = vec![0.0f64; training.features];
        training.for_each_kept(|j, x| {
            let deviation = f64::from(x) - mean[j];
            scale[j] += deviation * deviation;
        });
        for ((scale, mean), kept) in scale.iter_mut().zip(&mut mean).zip(kept) {
            let zeros = (n - kept) * (*mean * *mean);
            *scale = if *scale + zeros == 0.0 { 1.0 } else { 1.0 / ((*scale + zeros) / n).sqrt() };
            *mean = 0.0;
        }
        Self { mean, scale }
    }

    /// Transforms the inputs of `data` in place.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`], with `data` unchanged, when it has another number of features than the training set, when a
    /// value is so far from the training set's that the result overflows `f32`, or when the inputs are sparse and a mean is to be
    /// taken off.
    pub fn apply(&self, data: &mut Dataset) -> Result<(), DataError> {
        if data.features != self.mean.len() {
            let message = format!("{} features, but the training set has {}", data.features, self.mean.len());
            return Err(DataError::invalid(&data.name, message));
        }
        let overflow = |i: usize, j: usize, x: f32| {
            let message = format!("row {i}, feature {j}: {x} overflows f32 when standardized");
            Err(DataError::invalid(&data.name, message))
        };
        match &mut data.inputs {
            Storage::Dense(inputs) => {
                for (i, row) in inputs.chunks_exact(data.features).enumerate() {
                    if let Some(j) = (0..row.len()).find(|&j| !self.scaled(f64::from(row[j]), j).is_finite()) {
                        return overflow(i, j, row[j]);
                    }
                }
                let remainders = data.remainders.take();
                let mut exact = vec![0.0; data.features];
                for (i, row) in inputs.chunks_exact_mut(data.features).enumerate() {
                    exact.iter_mut().zip(&*row).for_each(|(to, &x)| *to = f64::from(x));
                    if let Some(remainders) = &remainders {
                        remainders.add(i, &mut exact);
                    }
                    row.iter_mut().enumerate().for_each(|(j, x)| *x = self.scaled(exact[j], j));
                }
            }
            Storage::Sparse(csr) => {
                if let Some(j) = self.mean.iter().position(|&mean| mean != 0.0) {
                    let message = format!("feature {j}: taking off its mean would fill in zeros; scale without");
                    return Err(DataError::invalid(&data.name, message));
                }
                let kept = || csr.indices.iter().map(|&j| j as usize).zip(&csr.values);
                if let Some(at) = kept().position(|(j, &x)| !self.scaled(f64::from(x), j).is_finite()) {
                    let row = csr.indptr.partition_point(|&start| start <= at) - 1;
                    return overflow(row, csr.indices[at] as usize, csr.values[at]);
                }
                for (x, &j) in csr.values.iter_mut().zip(&csr.indices) {
                    *x = self.scaled(f64::from(*x), j as usize);
                }
            }
        }
        Ok(())
    }

    /// A standardizer of this [`mean`](Self::mean) and [`scale`](Self::scale).
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when they are of different lengths or empty, or a number is not finite.
    pub fn from_parts(mean: Vec<f64>, scale: Vec<f64>) -> Result<Self, DataError> {
        let finite = mean.iter().chain(&scale).all(|x| x.is_finite());
        if mean.len() != scale.len() || mean.is_empty() || !finite {
            let message = format!("{} means and {} scales; as many, finite, at least 1", mean.len(), scale.len());
            return Err(DataError::invalid("standardizer", message));
        }
        if let Some(j) = scale.iter().position(|&scale| scale <= 0.0) {
            let message = format!("feature {j}: the scale is {}, it has to be positive", scale[j]);
            return Err(DataError::invalid("standardizer", message));
        }
        Ok(Self { mean, scale })
    }

    /// The mean of each training feature, `[features]`, in the feature's unit.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What each feature is multiplied by after the mean is taken off, `[features]`, in 1/unit.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }
}

/// At most 4096 rows of so many, evenly spread.
pub(crate) fn spread(rows: usize) -> Vec<usize> {
    const MOST: usize = 4096;
    (0..rows).step_by(rows.div_ceil(MOST).max(1)).collect()
}

/// How many different ones there are of these numbers and of what becomes of them, if that is more than one in a hundred less.
pub(crate) fn blurs(mut values: Vec<f64>, transform: impl Fn(f64) -> f32) -> Option<[usize; 2]> {
    let mut after: Vec<f32> = values.iter().map(|&x| transform(x)).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    after.sort_unstable_by(f32::total_cmp);
    after.dedup();
    (100 * after.len() < 99 * values.len()).then_some([values.len(), after.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Targets;
    use crate::dataset::remainder::split;

    fn table(inputs: Vec<f32>, features: usize) -> Dataset {
        let rows = inputs.len() / features;
        Dataset::new("t", inputs, features, Targets::Values(vec![0.0; rows])).unwrap()
    }

    #[test]
    fn scaling_alone_is_the_same_for_sparse_tables_and_keeps_zeros() {
        let mut dense = table(vec![0.0, 3.0, 1.5, 4.0, 0.0, 3.0, 0.0, 0.0, -7.25], 3);
        let mut sparse = dense.clone().into_sparse().unwrap();
        let scaling = Standardizer::fit_scale(&sparse);
        assert_eq!((scaling.clone(), scaling.mean()), (Standardizer::fit_scale(&dense), &[0.0; 3][..]));
        for (j, scale) in Standardizer::fit(&dense).scale().iter().enumerate() {
            assert!((scaling.scale()[j] / scale - 1.0).abs() < 1e-12, "feature {j}");
        }
        let message = Standardizer::fit(&dense).apply(&mut sparse).unwrap_err().to_string();
        assert!(message.contains("feature 0: taking off its mean would fill in zeros"), "{message}");
        scaling.apply(&mut dense).unwrap();
        scaling.apply(&mut sparse).unwrap();
        assert!(sparse.density() < 0.6 && sparse.into_dense().unwrap() == dense);
        let mut far = table(vec![0.0, 0.0, 1e38], 3).into_sparse().unwrap();
        let huge = Standardizer::from_parts(vec![0.0; 3], vec![100.0; 3]).unwrap();
        let message = huge.apply(&mut far).unwrap_err().to_string();
        assert!(message.contains("row 0, feature 2") && message.contains("overflows f32"), "{message}");
    }

    #[test]
    fn constant_features_become_zero_exactly() {
        let [nearest, remainder] = split(0.1);
        let mut data = table(vec![nearest; 1000], 1).with_remainders(&[0], vec![remainder; 1000], vec![0.0; 1000]);
        let standardizer = Standardizer::fit(&data);
        standardizer.apply(&mut data).unwrap();
        assert_eq!((standardizer.scale()[0], data.inputs()), (1.0, &[0.0; 1000][..]));
        let mut data = table([0.1f32, 1.0, 0.1, 5.0].repeat(5000), 2);
        let standardizer = Standardizer::fit(&data);
        assert_eq!((standardizer.scale()[0], standardizer.mean()[1], standardizer.scale()[1]), (1.0, 3.0, 0.5));
        standardizer.apply(&mut data).unwrap();
        assert_eq!(data.inputs()[..4], [0.0, -1.0, 0.0, 1.0]);
    }

    #[test]
    fn what_single_precision_leaves_is_used() {
        let exact: Vec<f64> = (0..400).map(|i| 1.7e9 + f64::from(i)).collect();
        let pairs: Vec<[f32; 2]> = exact.iter().map(|&x| split(x)).collect();
        let data = table(pairs.iter().map(|pair| pair[0]).collect(), 1);
        let remainders = pairs.iter().map(|pair| pair[1]).collect();
        let mut data = data.with_remainders(&[0], remainders, vec![0.0; 400]);
        let (mut first, second) = data.clone().split_at(100).unwrap();
        let standardizer = Standardizer::fit(&data);
        assert!((standardizer.mean()[0] - (1.7e9 + 199.5)).abs() < 1e-6);
        assert_eq!(standardizer.blurred_features(&data), []);
        let picked = second.select(&[7, 0]);
        for (part, rows) in [(&mut data, 0..400), (&mut first, 0..100)] {
            standardizer.apply(part).unwrap();
            for i in rows {
                let wanted = (exact[i] - standardizer.mean()[0]) * standardizer.scale()[0];
                assert_eq!(part.row(i), [wanted as f32]);
            }
        }
        let mut picked = picked;
        standardizer.apply(&mut picked).unwrap();
        assert_eq!(picked.inputs(), [data.row(107)[0], data.row(100)[0]]);
    }

    #[test]
    fn values_that_become_equal_are_counted() {
        let mut exact: Vec<f64> = (0..300).map(|i| 1.7e9 + f64::from(i) / 8.0).collect();
        exact[0] = 0.0;
        let pairs: Vec<f32> = exact.iter().flat_map(|&x| [split(x)[0], 1.0]).collect();
        let remainders = exact.iter().map(|&x| split(x)[1]).collect();
        let data = table(pairs, 2).with_remainders(&[0], remainders, vec![0.0; 300]);
        let standardizer = Standardizer::fit(&data);
        let [(0, [300, after])] = standardizer.blurred_features(&data)[..] else { panic!("one feature") };
        assert!(after < 150, "{after}");
    }

    #[test]
    fn parts_make_the_same_again_or_are_refused() {
        let standardizer = Standardizer::fit(&table(vec![0.1, 1.0, 0.7, 5.0], 2));
        let parts = (standardizer.mean().to_vec(), standardizer.scale().to_vec());
        assert_eq!(Standardizer::from_parts(parts.0, parts.1).unwrap(), standardizer);
        for (mean, scale) in [(vec![], vec![]), (vec![0.0], vec![]), (vec![f64::NAN], vec![1.0])] {
            assert!(Standardizer::from_parts(mean, scale).unwrap_err().to_string().contains("finite, at least 1"));
        }
        for scale in [0.0, -1.0] {
            let message = Standardizer::from_parts(vec![0.0; 2], vec![1.0, scale]).unwrap_err().to_string();
            assert!(message.contains("feature 1: the scale is"), "{message}");
        }
    }

    #[test]
    fn refusals_leave_the_data_alone() {
        let standardizer = Standardizer::fit(&table(vec![0.0, 1e-40], 1));
        let mut far = table(vec![0.0, 1e30], 1);
        let message = standardizer.apply(&mut far).unwrap_err().to_string();
        assert!(message.contains("row 1, feature 0") && message.contains("overflows f32"), "{message}");
        assert_eq!(far.inputs(), [0.0, 1e30]);
        let message = standardizer.apply(&mut table(vec![0.0; 2], 2)).unwrap_err().to_string();
        assert!(message.contains("2 features, but the training set has 1"), "{message}");
    }
}
