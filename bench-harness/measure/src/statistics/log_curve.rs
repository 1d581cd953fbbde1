//! Curves of one or two parameters and a free factor, fitted to logarithms: ln y = ln c + g(ln x; θ).
//!
//! The best factor is the mean residual, so only θ is searched: a grid over its box finds the basin, and the method of Levenberg (1944)
//! and Marquardt (1963), kept inside the box, its floor. The grid makes the answer independent of a start.

/// The curve g with the box of its parameters; with one parameter the second has an interval of one point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// How many parameters there are, 1 or 2.
    pub(super) parameters: usize,
    /// The smallest and the largest value of each.
    pub(super) bounds: [(f64, f64); 2],
    /// g and ∂g/∂θ at ln x.
    pub(super) curve: fn(f64, [f64; 2]) -> (f64, [f64; 2]),
}

/// A fitted curve.
#[derive(Clone, Debug)]
pub(super) struct LogFit {
    /// ln c.
    pub(super) ln_factor: f64,
    pub(super) parameters: [f64; 2],
    /// Whether a parameter ends at its smallest or its largest value.
    pub(super) at_bound: [bool; 2],
    /// ln y − ln ŷ.
    pub(super) residuals: Vec<f64>,
}

impl LogFit {
    /// √(mean square of the residuals).
    pub(super) fn root_mean_square(&self) -> f64 {
        root_mean_square(self.residuals.iter().copied())
    }

    /// Akaike's criterion of n residuals r that have `parameters` besides the factor, corrected for few points (Hurvich and Tsai 1989):
    ///
    /// ```text
    /// n·ln(Σr²/n) + 2k + 2k(k + 1)/(n − k − 1)    k = parameters + 2, for the factor and the variance
    /// ```
    ///
    /// +∞ with n ≤ k + 1. Σr²/n counts as 10⁻¹² if it is less: steps are whole numbers, so nothing hides in a millionth.
    pub(super) fn aicc(&self, parameters: usize) -> f64 {
        let (n, k) = (self.residuals.len() as f64, parameters as f64 + 2.0);
        if n - k - 1.0 <= 0.0 {
            return f64::INFINITY;
        }
        let rms = self.root_mean_square();
        n * libm::log((rms * rms).max(1e-12)) + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
    }
}

/// √(mean square), of one value at least.
pub(super) fn root_mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    (values.map(|value| value * value).sum::<f64>() / n).sqrt()
}

/// (ln(1 + eᵘ), its derivative).
pub(super) fn softplus(u: f64) -> (f64, f64) {
    (u.max(0.0) + libm::log1p(libm::exp(-u.abs())), 1.0 / (1.0 + libm::exp(-u)))
}

/// Points of the grid along each parameter.
const GRID: [usize; 2] = [16, 8];

/// The best curve through `points` (ln x, ln y), of which there is one at least, all finite.
pub(super) fn fit(points: &[(f64, f64)], shape: &Shape) -> LogFit {
    Fitter::new(points.iter().map(|point| point.0).collect(), *shape).fit(points.iter().map(|point| point.1))
}

/// Fits curves through points at the same ln x again and again: the grid, which is most of the work, is computed once.
#[derive(Clone, Debug)]
pub(super) struct Fitter {
    xs: Vec<f64>,
    shape: Shape,
    /// θ, and g at each ln x.
    grid: Vec<([f64; 2], Vec<f64>)>,
}

impl Fitter {
    pub(super) fn new(xs: Vec<f64>, shape: Shape) -> Self {
        let [first, second] = shape.bounds;
        let place = |(low, high): (f64, f64), i: usize, n: usize| low + (high - low) * (i as f64 + 0.5) / n as f64;
        let [firsts, seconds] = [GRID[0], if shape.parameters == 2 { GRID[1] } else { 1 }];
        let thetas =
            (0..firsts).flat_map(|i| (0..seconds).map(move |j| [place(first, i, firsts), place(second, j, seconds)]));
        let grid = thetas.map(|theta| (theta, xs.iter().map(|x| (shape.curve)(*x, theta).0).collect())).collect();
        Self { xs, shape, grid }
    }

    /// The best curve through the points (ln x, ln y) with these ln y, one for each ln x, all finite.
    pub(super) fn fit(&self, ys: impl Iterator<Item = f64>) -> LogFit {
        let (points, shape) = (self.xs.iter().copied().zip(ys).collect::<Vec<_>>(), &self.shape);
        debug_assert!(points.len() == self.xs.len() && points.iter().all(|point| point.1.is_finite()));
        let sum = |curve: &[f64]| centered(points.iter().zip(curve).map(|(point, g)| point.1 - g).collect()).2;
        let mut best = (f64::INFINITY, shape.bounds.map(|bounds| bounds.0));
        for (theta, curve) in &self.grid {
            let sum = sum(curve);
            if sum < best.0 {
                best = (sum, *theta);
            }
        }
        let theta = descend(&points, shape, best.1);
        let (ln_factor, residuals, _) = residuals(&points, shape, theta);
        let at = |i: usize| {
            let (low, high) = shape.bounds[i];
            i < shape.parameters && (theta[i] - low).min(high - theta[i]) <= 1e-6 * (high - low)
        };
        LogFit { ln_factor, parameters: theta, at_bound: [at(0), at(1)], residuals }
    }
}

/// (ln c, residuals, their sum of squares).
fn residuals(points: &[(f64, f64)], shape: &Shape, theta: [f64; 2]) -> (f64, Vec<f64>, f64) {
    centered(points.iter().map(|&(x, y)| y - (shape.curve)(x, theta).0).collect())
}

/// (mean, distances from it, their sum of squares).
fn centered(mut off: Vec<f64>) -> (f64, Vec<f64>, f64) {
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    off.iter_mut().for_each(|r| *r -= mean);
    let sum = off.iter().map(|r| r * r).sum();
    (mean, off, sum)
}

/// Damped Gauss–Newton steps in the box until nothing gets smaller.
fn descend(points: &[(f64, f64)], shape: &Shape, mut theta: [f64; 2]) -> [f64; 2] {
    let (mut damping, mut sum) = (1e-3, residuals(points, shape, theta).2);
    for _ in 0..100 {
        let (matrix, slope) = normal_equations(points, shape, theta);
        // A parameter at its bound that wants to leave the box stays there.
        let free = |i: usize| {
            let (low, high) = shape.bounds[i];
            i < shape.parameters && !(theta[i] <= low && slope[i] < 0.0) && !(theta[i] >= high && slope[i] > 0.0)
        };
        let free = [free(0), free(1)];
        let before = sum;
        while damping < 1e12 {
            let step = solve(matrix, slope, free, damping);
            let next: [f64; 2] =
                std::array::from_fn(|i| (theta[i] + step[i]).clamp(shape.bounds[i].0, shape.bounds[i].1));
            let smaller = residuals(points, shape, next).2;
            if smaller < sum {
                (theta, sum) = (next, smaller);
                damping = f64::max(damping / 10.0, 1e-12);
                break;
            }
            damping *= 10.0;
        }
        if before - sum <= 1e-13 * before {
            break;
        }
    }
    theta
}

/// (JᵀJ, Jᵀr), J being ∂g/∂θ with the mean of each column taken off, because the factor is fitted too.
fn normal_equations(points: &[(f64, f64)], shape: &Shape, theta: [f64; 2]) -> ([[f64; 2]; 2], [f64; 2]) {
    let (_, off, _) = residuals(points, shape, theta);
    let rows: Vec<[f64; 2]> = points.iter().map(|&(x, _)| (shape.curve)(x, theta).1).collect();
    let mean: [f64; 2] = std::array::from_fn(|i| rows.iter().map(|row| row[i]).sum::<f64>() / rows.len() as f64);
    let (mut matrix, mut slope) = ([[0.0; 2]; 2], [0.0; 2]);
    for (row, r) in rows.iter().zip(&off) {
        for i in 0..2 {
            slope[i] += (row[i] - mean[i]) * r;
            for j in 0..2 {
                matrix[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]);
            }
        }
    }
    (matrix, slope)
}

/// The step of the free parameters: (JᵀJ + damping·diag)⁻¹Jᵀr.
fn solve(matrix: [[f64; 2]; 2], slope: [f64; 2], free: [bool; 2], damping: f64) -> [f64; 2] {
    let diagonal: [f64; 2] = std::array::from_fn(|i| matrix[i][i] * (1.0 + damping) + f64::MIN_POSITIVE);
    if free[0] && free[1] {
        let determinant = diagonal[0] * diagonal[1] - matrix[0][1] * matrix[0][1];
        if determinant > 0.0 {
            return [
                (diagonal[1] * slope[0] - matrix[0][1] * slope[1]) / determinant,
                (diagonal[0] * slope[1] - matrix[0][1] * slope[0]) / determinant,
            ];
        }
    }
    std::array::from_fn(|i| if free[i] { slope[i] / diagonal[i] } else { 0.0 })
}
