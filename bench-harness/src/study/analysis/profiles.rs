//! How near optimizers come to the best over all workloads.

use crate::base::number::Number;
use crate::study::result::{CellReport, CellTarget, Profile, Quantity, WorkloadReport};
use simdescent_measure::statistics::performance_profiles;

/// The score is a mean over ratios up to this one, as AlgoPerf has it.
const LARGEST: f64 = 4.0;

/// By target.
pub(super) fn profiles(targets: usize, workloads: &[WorkloadReport]) -> Vec<Vec<Profile>> {
    let mut names: Vec<(String, String)> = vec![];
    for cell in workloads.iter().flat_map(|workload| &workload.cells) {
        let name = (cell.optimizer.clone(), cell.variant.clone());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of =
        |target| [Quantity::Steps, Quantity::Samples, Quantity::Time].map(|q| profile(target, workloads, &names, q));
    (0..targets).map(|target| of(target).into_iter().flatten().collect()).collect()
}

fn amount(target: &CellTarget, quantity: Quantity) -> Option<f64> {
    let spread = match quantity {
        Quantity::Steps => Some(&target.steps),
        Quantity::Samples => Some(&target.samples),
        Quantity::Time => target.seconds.as_ref(),
    };
    spread.map(|spread| spread.median.0)
}

fn profile(
    target: usize,
    workloads: &[WorkloadReport],
    names: &[(String, String)],
    quantity: Quantity,
) -> Vec<Profile> {
    let mut rows: Vec<Vec<f64>> = vec![];
    for workload in workloads {
        let best = |(optimizer, variant): &(String, String), wanted: Option<usize>| {
            let own = |cell: &&CellReport| {
                cell.optimizer == *optimizer
                    && cell.variant == *variant
                    && wanted.is_none_or(|batch_size| cell.batch_size == batch_size)
            };
            let amounts = workload.cells.iter().filter(own).filter_map(|cell| amount(&cell.targets[target], quantity));
            amounts.fold(f64::INFINITY, f64::min)
        };
        let sizes: Vec<Option<usize>> = match quantity {
            Quantity::Steps => workload.facts.batch_sizes.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        rows.extend(sizes.into_iter().map(|size| names.iter().map(|name| best(name, size)).collect()));
    }
    let known = rows.iter().flatten().any(|amount| amount.is_finite());
    let Some(profiles) = known.then(|| performance_profiles(&rows)).flatten() else { return vec![] };
    let report = |((optimizer, variant), profile): (&(String, String), _)| {
        let profile: simdescent_measure::statistics::PerformanceProfile = profile;
        Profile {
            quantity,
            optimizer: optimizer.clone(),
            variant: variant.clone(),
            score: profile.score(LARGEST),
            ratios: profile.ratios.into_iter().map(Number).collect(),
        }
    };
    names.iter().zip(profiles).map(report).collect()
}
