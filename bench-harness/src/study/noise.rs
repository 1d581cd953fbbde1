//! What is kept of the noise of gradients along a run: a fact of the run's specification and of how it is looked at, as pure as the run
//! itself, and in a file of its own, so that runs keep their keys.

use super::record::{Curve, of_line};
use super::specification::Specification;
use crate::base::digest::sha256;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use simdescent::{GradientMoments, GradientNoise, Rule, SignNoise};

/// Rows whose gradients are looked at, at most: always the same of a workload.
pub(crate) const MOST_ROWS: usize = 4096;

/// Which noise of which run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoiseSpecification {
    pub(crate) run: Specification,
    /// Rows that are looked at, at most.
    pub(crate) rows: usize,
    /// Whether the coordinates are looked at, too.
    pub(crate) signs: bool,
}

impl NoiseSpecification {
    /// Of a run.
    pub(crate) fn of(run: &Specification) -> Self {
        Self { run: run.clone(), rows: MOST_ROWS, signs: is_sign_like(run.settings.rule) }
    }

    /// SHA-256 of the canonical JSON of the run's key and how it is looked at.
    pub(crate) fn key(&self) -> Result<String> {
        let noise = serde_json::json!({ "rows": self.rows, "signs": self.signs });
        Ok(sha256(&serde_json::json!({ "noise": noise, "run": self.run.key()? }).to_string()))
    }
}

/// Whether a rule divides each coordinate of its gradient by its size, or takes the sign (of a matrix: sets all singular values alike).
pub(super) fn is_sign_like(rule: Rule) -> bool {
    !matches!(rule, Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. })
}

/// The noise along a run, at each point of the evaluation grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoiseRecord {
    pub(crate) key: String,
    pub(crate) specification: NoiseSpecification,
    /// Rows that were looked at.
    pub(crate) rows: usize,
    /// The curve of the run.
    pub(crate) curve: Curve,
    /// tr Σ.
    pub(crate) trace: Vec<f64>,
    /// |G|².
    pub(crate) square_norm: Vec<f64>,
    /// ‖σ‖₁ and ‖G‖₁; empty if nobody looked.
    pub(crate) deviations: Vec<f64>,
    pub(crate) magnitudes: Vec<f64>,
}

impl NoiseRecord {
    /// Without a point.
    pub(crate) fn new(specification: &NoiseSpecification, rows: usize) -> Result<Self> {
        Ok(Self {
            key: specification.key()?,
            specification: specification.clone(),
            rows,
            curve: Curve::default(),
            trace: vec![],
            square_norm: vec![],
            deviations: vec![],
            magnitudes: vec![],
        })
    }

    /// Adds what was seen at a point, of `population` rows in all; nothing of a single row.
    pub(crate) fn push(&mut self, moments: &GradientMoments, population: usize, digits: impl Fn(f64) -> f64) {
        let nothing = GradientNoise { trace: 0.0, square_norm: moments.square_norm_of_mean(), signs: None };
        let noise = moments.noise(Some(population as u64)).unwrap_or(nothing);
        self.trace.push(digits(noise.trace));
        self.square_norm.push(digits(noise.square_norm));
        if self.specification.signs {
            let signs = noise.signs.unwrap_or(SignNoise { deviations: 0.0, magnitudes: 0.0 });
            self.deviations.push(digits(signs.deviations));
            self.magnitudes.push(digits(signs.magnitudes));
        }
    }

    /// The terms at a point.
    pub(crate) fn at(&self, i: usize) -> GradientNoise {
        let signs = || SignNoise { deviations: self.deviations[i], magnitudes: self.magnitudes[i] };
        let signs = (!self.deviations.is_empty()).then(signs);
        GradientNoise { trace: self.trace[i], square_norm: self.square_norm[i], signs }
    }

    /// The record of a line, whose key is that of its specification.
    pub(crate) fn of_line(line: &str) -> Result<Self> {
        let record: Self = of_line(line)?;
        ensure!(record.key == record.specification.key()?, "the key is not that of the specification");
        let n = record.curve.samples.len();
        let of_signs = if record.specification.signs { n } else { 0 };
        let lengths = [&record.curve.loss, &record.trace, &record.square_norm].map(Vec::len);
        let of_coordinates = [record.deviations.len(), record.magnitudes.len()];
        ensure!(
            lengths == [n; 3] && record.curve.steps.len() == n && of_coordinates == [of_signs; 2],
            "the lists of the record are of different lengths"
        );
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fake;
    use crate::study::record::to_line;

    #[test]
    fn a_record_is_read_as_it_was_written_and_its_key_is_its_own() {
        let facts = fake::facts();
        let records = fake::records(&facts);
        let run = &records.iter().next().unwrap().specification;
        let specification = NoiseSpecification::of(run);
        let mut record = NoiseRecord::new(&specification, 100).unwrap();
        record.curve.push(1, 8, 0.5);
        record.trace.push(2.0);
        record.square_norm.push(0.25);
        if specification.signs {
            record.deviations.push(3.0);
            record.magnitudes.push(1.5);
        }
        assert_eq!(NoiseRecord::of_line(&to_line(&record).unwrap()).unwrap(), record);
        assert_eq!(record.at(0).simple_scale(), Some(8.0));
        assert_ne!(record.key, run.key().unwrap(), "a kind of its own");
        let other = NoiseSpecification { rows: 7, ..specification };
        assert_ne!(other.key().unwrap(), record.key);
        let short = NoiseRecord { trace: vec![], ..record.clone() };
        assert!(NoiseRecord::of_line(&to_line(&short).unwrap()).unwrap_err().to_string().contains("lengths"));
        let renamed = NoiseRecord { rows: 1, key: "0".into(), ..record };
        assert!(NoiseRecord::of_line(&to_line(&renamed).unwrap()).unwrap_err().to_string().contains("key"));
    }
}
