//! All of a comparison: pure.

use super::bits::bits;
use super::result::{CompareReport, PairReport, SCHEMA_VERSION, SubjectReport, Verdicts};
use super::speed::{Rules, cells, mean_speed};
use super::subject::Subject;
use super::warning::warnings;
use crate::base::number::Number;
use crate::study::estimate::Estimate;
use simdescent_measure::statistics::SpeedUp;

/// Compares all reports with the first.
pub(crate) fn compare(subjects: &[Subject], rules: &Rules) -> CompareReport {
    let first = &subjects[0];
    let everywhere: Vec<&str> = first
        .cases
        .iter()
        .filter(|case| subjects.iter().all(|subject| subject.cases.iter().any(|other| other.is(case))))
        .map(|case| case.name.as_str())
        .collect();
    let speeds: Vec<Option<Estimate>> = subjects
        .iter()
        .enumerate()
        .map(|(number, subject)| {
            if number == 0 {
                let one = Number(1.0);
                return (!everywhere.is_empty()).then_some(Estimate { value: one, low: one, high: one });
            }
            let speed: SpeedUp = mean_speed(first, subject, &everywhere)?;
            Some(speed.ratio(rules.confidence).into())
        })
        .collect();
    let rank = |number: usize| {
        let own = speeds[number]?.value.0;
        Some(1 + speeds.iter().flatten().filter(|other| other.value.0 > own).count())
    };
    let subject = |(number, subject): (usize, &Subject)| {
        let environment = subject.environment.as_ref();
        SubjectReport {
            name: subject.name.clone(),
            cpu: environment.map(|e| e.cpu.clone()),
            isa: environment.map(|e| e.isa.clone()),
            threads: environment.map(|e| e.threads),
            commit: environment.map(|e| e.commit.clone()),
            peak_flops: subject.peak_flops,
            speed: speeds[number],
            rank: rank(number),
        }
    };
    let pair = |(number, other): (usize, &Subject)| {
        let (cells, verdicts, only_once) = cells(first, other, rules);
        let sweeps = first.sweep.as_ref().zip(other.sweep.as_ref());
        let bits = sweeps.and_then(|(first, other)| bits(first, other));
        PairReport { subject: number, bits, cells, verdicts, only_once }
    };
    CompareReport {
        schema_version: SCHEMA_VERSION,
        subjects: subjects.iter().enumerate().map(subject).collect(),
        warnings: warnings(subjects),
        margin: rules.margin,
        confidence: rules.confidence,
        pairs: subjects.iter().enumerate().skip(1).map(pair).collect(),
    }
}

impl CompareReport {
    /// Whether a run of one specification has other bits.
    pub(crate) fn bits_differ(&self) -> bool {
        self.pairs.iter().any(|pair| pair.bits.as_ref().is_some_and(|bits| bits.differ > 0))
    }

    /// Whether something is certainly slower.
    pub(crate) fn slower(&self) -> bool {
        self.pairs.iter().any(|pair| pair.verdicts.slower > 0)
    }

    /// Whether something is not known: no times in common, or times that vary too much.
    pub(crate) fn inconclusive(&self) -> bool {
        self.pairs.iter().any(|pair| pair.verdicts == Verdicts::default() || pair.verdicts.inconclusive > 0)
    }
}
