//! The coefficients of a linear model, in the units of scaled and of original features.

use crate::dataset::Standardizer;
use crate::error::DataError;
use crate::target_scaling::TargetScaling;
use serde::Serialize;

/// What one output of a linear model is: Σ wⱼ·xⱼ + b. [`Model::coefficients`](crate::Model::coefficients) has one per output.
///
/// In standard units, wⱼ is what one standard deviation of feature j adds to the output: the sizes of weights compare. In original
/// units it is what one unit of the feature adds. The output is a number, or ln of one (Poisson), log-odds (logistic), a margin
/// (hinge); of softmax regression there is one per class, and only their differences mean something.
///
/// ```
/// use simdescent::dataset::Standardizer;
/// use simdescent::{Linear, Model};
/// let mut model = Linear::new(1, true);
/// model.parameters_mut().copy_from_slice(&[3.0, 1.0]); // on (x − 20)/4
/// let standard = &model.coefficients().unwrap()[0];
/// let original = standard.in_original_units(&Standardizer::from_parts(vec![20.0], vec![0.25])?)?;
/// assert_eq!((original.weights[0], original.intercept), (0.75, 1.0 - 0.75 * 20.0));
/// # Ok::<(), simdescent::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coefficients {
    /// wⱼ, `[features]`.
    pub weights: Vec<f64>,
    /// b.
    pub intercept: f64,
}

impl Coefficients {
    /// Of a model that was trained on the features after `standardizer`, the same function of the features before: wⱼ·scaleⱼ and
    /// b − Σ wⱼ·scaleⱼ·meanⱼ, summed in order. A model without intercept has one then.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the standardizer is for another number of features.
    pub fn in_original_units(&self, standardizer: &Standardizer) -> Result<Self, DataError> {
        self.check(standardizer)?;
        let weights: Vec<f64> = self.weights.iter().zip(standardizer.scale()).map(|(w, scale)| w * scale).collect();
        let shift: f64 = weights.iter().zip(standardizer.mean()).map(|(w, mean)| w * mean).sum();
        Ok(Self { weights, intercept: self.intercept - shift })
    }

    /// Of a model that was trained on the features as they are, the same function of the features after `standardizer`: wⱼ/scaleⱼ and
    /// b + Σ wⱼ·meanⱼ.
    ///
    /// # Errors
    /// As [`in_original_units`](Self::in_original_units).
    pub fn in_standard_units(&self, standardizer: &Standardizer) -> Result<Self, DataError> {
        self.check(standardizer)?;
        let shift: f64 = self.weights.iter().zip(standardizer.mean()).map(|(w, mean)| w * mean).sum();
        let weights = self.weights.iter().zip(standardizer.scale()).map(|(w, scale)| w / scale).collect();
        Ok(Self { weights, intercept: self.intercept + shift })
    }

    /// Of a model that was trained on scaled targets, the same function with values in the targets' unit: wⱼ·deviation and
    /// b·deviation + mean.
    pub fn in_target_units(&self, scaling: TargetScaling) -> Self {
        let weights = self.weights.iter().map(|w| w * scaling.deviation).collect();
        Self { weights, intercept: self.intercept * scaling.deviation + scaling.mean }
    }

    fn check(&self, standardizer: &Standardizer) -> Result<(), DataError> {
        let (features, weights) = (standardizer.mean().len(), self.weights.len());
        if features == weights {
            return Ok(());
        }
        Err(DataError::invalid("standardizer", format!("{features} features, but the model has {weights} weights")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Targets};
    use crate::initializer::Initializer;
    use crate::model::{Linear, Mlp, Model};
    use crate::random::{Purpose, Stream, StreamKey};
    use simdescent_kernels::activation::Activation;
    use simdescent_kernels::{Exec, MatRef};

    fn stream(purpose: Purpose) -> Stream {
        Stream::new(StreamKey::new(purpose, 2))
    }

    /// Predictions on features far from 0, of unequal scales, one of them constant.
    #[test]
    fn both_units_are_the_same_function() {
        let mut data = stream(Purpose::Data);
        let inputs: Vec<f32> = (0..50)
            .flat_map(|_| [(3.0, 0.01), (-40.0, 5.0), (1000.0, 300.0), (2.0, 0.0)])
            .map(|(mean, spread): (f64, f64)| (mean + spread * data.normal()) as f32)
            .collect();
        let raw = Dataset::new("t", inputs, 4, Targets::Values(vec![0.0; 50])).unwrap();
        let standardizer = Standardizer::fit(&raw);
        let mut scaled = raw.clone();
        standardizer.apply(&mut scaled).unwrap();

        let mut weights = stream(Purpose::Weights);
        let softmax = Mlp::new(&[4, 3], Activation::Relu, Initializer::Normal { std: 1.0 }, &mut weights);
        let models: [Box<dyn Model>; 3] =
            [Box::new(Linear::new(4, true)), Box::new(Linear::new(4, false)), Box::new(softmax)];
        for mut model in models {
            model.parameters_mut().iter_mut().for_each(|w| *w = weights.normal() as f32);
            let standard = model.coefficients().unwrap();
            assert_eq!(standard.len(), model.outputs());
            let outputs = model.forward(Exec::default(), MatRef::new(scaled.inputs(), 50, 4).into());
            for (k, standard) in standard.iter().enumerate() {
                let original = standard.in_original_units(&standardizer).unwrap();
                for i in 0..50 {
                    let function = |c: &Coefficients, x: &[f32]| {
                        c.weights.iter().zip(x).map(|(w, &x)| w * f64::from(x)).sum::<f64>() + c.intercept
                    };
                    let predicted = f64::from(outputs.as_ref().at(i, k));
                    for (name, value) in
                        [("standard", function(standard, scaled.row(i))), ("original", function(&original, raw.row(i)))]
                    {
                        assert!((value - predicted).abs() < 2e-5, "{name} {k} {i}: {value} and {predicted}");
                    }
                }
                let back = original.in_standard_units(&standardizer).unwrap();
                let near = |a: f64, b: f64| (a - b).abs() < 1e-11 * (1.0 + original.intercept.abs());
                assert!(near(back.intercept, standard.intercept), "{back:?} {standard:?}");
                assert!(back.weights.iter().zip(&standard.weights).all(|(a, b)| near(*a, *b)));
            }
        }
        let refused = Coefficients { weights: vec![1.0], intercept: 0.0 }.in_original_units(&standardizer);
        assert!(refused.unwrap_err().to_string().contains("4 features, but the model has 1 weights"));
    }

    #[test]
    fn a_network_has_no_coefficients() {
        let widths = [4, 3, 2];
        assert_eq!(
            Mlp::new(&widths, Activation::Relu, Initializer::HeNormal, &mut stream(Purpose::Weights)).coefficients(),
            None
        );
    }
}
