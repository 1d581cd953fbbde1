//! How much of the objective each hyper-parameter decides.

/// The share of the variance of `y` that coordinate `d` explains alone: Var(E[y | x_d]) / Var(y), the first-order Sobol index
/// (Sobol 1993), which is 1 where nothing else matters and 0 where it does not matter by itself.
///
/// The n points are put into k classes by x_d: the values of a choice (`choices`), or k equal intervals, k being the power of two
/// at or next below √n/2, at least 4. With the sums of squares of y around its mean (`total`) and around the mean of its
/// class (`within`),
///
/// ```text
/// ε² = 1 − (n − 1)/(n − k') · within/total
/// ```
///
/// where k' classes are not empty (Kelley 1935): the correlation ratio 1 − within/total without its bias, which alone would
/// give every hyper-parameter about (k − 1)/(n − 1). Chance can make it negative; then it is 0. The points should cover the
/// cube evenly; if they do so better than by chance, the bias is less than what is taken off, and small shares come out
/// smaller. `None` if there is nothing to tell: fewer than 8 points, no class with two of them, or equal `y`.
pub(crate) fn first_order(x: &[f64], y: &[f64], choices: Option<usize>) -> Option<f64> {
    let n = y.len();
    let classes = choices.unwrap_or(4.max((1 << (n.max(1).ilog2() / 2)) / 2));
    let mut groups = vec![(0.0, 0.0f64); classes];
    let class = |x: f64| ((x * classes as f64) as usize).min(classes - 1);
    for (&x, y) in x.iter().zip(y) {
        let (sum, count) = &mut groups[class(x)];
        *sum += y;
        *count += 1.0;
    }
    let used = groups.iter().filter(|(_, count)| *count > 0.0).count();
    if n < 8 || used >= n {
        return None;
    }
    let mean = y.iter().sum::<f64>() / n as f64;
    let squares =
        |around: &dyn Fn(f64) -> f64| -> f64 { x.iter().zip(y).map(|(&x, y)| (y - around(x)) * (y - around(x))).sum() };
    let total = squares(&|_| mean);
    let within = squares(&|x| groups[class(x)].0 / groups[class(x)].1);
    (total > 0.0).then(|| (1.0 - (n - 1) as f64 / (n - used) as f64 * within / total).max(0.0))
}

/// The ranks of `costs` from 0, those of equal ones averaged; `None` (infeasible) is behind all. A loss near divergence
/// would otherwise be most of the variance.
pub(crate) fn ranks(costs: &[Option<f64>]) -> Vec<f64> {
    let key = |i: usize| costs[i].unwrap_or(f64::INFINITY);
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    let mut ranks = vec![0.0; costs.len()];
    let mut from = 0;
    for tie in order.chunk_by(|&a, &b| key(a) == key(b)) {
        tie.iter().for_each(|&i| ranks[i] = from as f64 + (tie.len() - 1) as f64 / 2.0);
        from += tie.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::samplers::sobol::point;
    use std::f64::consts::PI;

    fn indices(n: u64, dimensions: usize, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let points: Vec<Vec<f64>> = (0..n).map(|i| point(dimensions, i, 1)).collect();
        let y: Vec<f64> = points.iter().map(|x| f(x)).collect();
        let column = |d: usize| points.iter().map(|x| x[d]).collect::<Vec<_>>();
        (0..dimensions).map(|d| first_order(&column(d), &y, None).unwrap()).collect()
    }

    /// Ishigami & Homma 1990, a = 7, b = 0.1: S = 0.3139, 0.4424, 0; and a sum, 9 : 1 : 0, from few points.
    #[test]
    fn known_indices_are_found() {
        let ishigami = |u: &[f64]| {
            let [x, y, z] = [u[0], u[1], u[2]].map(|u| PI * (2.0 * u - 1.0));
            x.sin() + 7.0 * y.sin().powi(2) + 0.1 * z.powi(4) * x.sin()
        };
        let found = indices(4096, 3, ishigami);
        for (found, want) in found.iter().zip([0.3139, 0.4424, 0.0]) {
            assert!((found - want).abs() < 0.03, "{found} and {want}");
        }
        for (n, tolerance) in [(64, 0.08), (16, 0.12)] {
            let found = indices(n, 3, |u| 3.0 * u[0] + u[1]);
            for (found, want) in found.iter().zip([0.9, 0.1, 0.0]) {
                assert!((found - want).abs() < tolerance, "{n}: {found} and {want}");
            }
        }
    }

    #[test]
    fn a_choice_has_a_class_per_value_and_nothing_is_said_of_too_little() {
        let x = [0.0, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9];
        let y = [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0];
        assert_eq!(first_order(&x, &y, Some(2)), Some(1.0));
        assert_eq!(first_order(&x, &[1.0; 8], Some(2)), None);
        assert_eq!(first_order(&x[..7], &y[..7], None), None);
        assert_eq!(first_order(&x, &y, Some(100)), None, "a value per class explains nothing");
    }

    #[test]
    fn equal_costs_share_their_ranks_and_failures_are_last() {
        assert_eq!(ranks(&[Some(5.0), None, Some(1.0), Some(5.0), None]), [1.5, 3.5, 0.0, 1.5, 3.5]);
    }
}
