//! The lowest loss of a linear model on given rows, by Newton's method in `f64`.

use super::Evaluator;
use crate::dataset::{Rows, Targets};
use crate::loss::Loss;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, gemm};

/// More parameters are not solved for: each iteration takes a third of their cube.
const MAX_PARAMETERS: usize = 2000;
/// Nor more numbers of inputs: their copy in `f64` would take more than 2 GiB.
const MAX_INPUTS: usize = 1 << 28;
const MAX_ITERATIONS: usize = 200;
/// The predicted fall, relative to the loss, at which a minimum is one.
const TOLERANCE: f64 = 1e-14;

/// What [`Evaluator::linear_minimum`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearMinimum {
    /// The lowest mean loss, in the targets' unit.
    pub loss: f64,
    /// The largest element of the gradient there, by weights of outputs in their own unit.
    pub gradient: f64,
    /// Iterations of Newton's method.
    pub iterations: usize,
    /// A minimizer: `[features + bias, outputs]` row-major, for inputs and outputs in their own unit; the last class of a softmax has
    /// zeros.
    pub weights: Vec<f64>,
}

impl Evaluator<'_> {
    /// The lowest loss on these rows of any linear model, to at least ten digits of that of zero weights: x·W (+ b), under the squared and the logistic loss or
    /// the cross-entropy of labels. Where the infimum is not reached, as for classes that a plane separates, what 200 iterations come to.
    ///
    /// `None` for another loss, for weighted rows or classes, for more than 2000 parameters, and for sparse inputs.
    pub fn linear_minimum(&self, exec: Exec<'_>, bias: bool) -> Option<LinearMinimum> {
        let objective = self.objective(bias)?;
        let mut at = objective.at(exec, vec![0.0; objective.parameters()]);
        let initial = at.loss;
        for iterations in 0..MAX_ITERATIONS {
            let gradient = objective.gradient(exec, &at);
            let step = objective.newton_step(exec, &at, &gradient);
            let fall = 0.5 * gradient.iter().zip(&step).fold(0.0, |sum, (g, s)| g.mul_add(*s, sum));
            let next = objective.descend(exec, &at, &step, fall);
            // Below this, loss and gradient are rounding.
            let done = fall <= TOLERANCE * at.loss.max(1e-12 * initial);
            if let (Some(next), false) = (next, done) {
                at = next;
                continue;
            }
            let gradient = gradient.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
            // Without a lower point in reach, the minimum has to be near.
            let near = fall <= 1e-11 * initial;
            return near.then(|| objective.minimum(at, self.unit, gradient, iterations));
        }
        let gradient = objective.gradient(exec, &at).iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
        (at.loss <= 1e-10 * initial).then(|| objective.minimum(at, self.unit, gradient, MAX_ITERATIONS))
    }

    fn objective(&self, bias: bool) -> Option<Objective> {
        let Rows::Dense(inputs) = self.data.all() else { return None };
        if self.targets.weights() != (None, None) {
            return None;
        }
        let (rows, width) = (inputs.rows(), inputs.cols() + usize::from(bias));
        let (targets, outputs) = match (self.loss, self.targets.values()) {
            (Loss::Squared, Targets::Values(values)) => (Wanted::Squared(values.clone()), 1),
            (Loss::Logistic, Targets::Values(values)) => (Wanted::Logistic(values.clone()), 1),
            (Loss::SoftmaxCrossEntropy, Targets::Labels { labels, classes }) => {
                (Wanted::Softmax(labels.clone()), classes - 1)
            }
            _ => return None,
        };
        if width.checked_mul(outputs).is_none_or(|n| n > MAX_PARAMETERS || n == 0)
            || rows.checked_mul(width).is_none_or(|n| n > MAX_INPUTS)
        {
            return None;
        }
        let mut x = Vec::with_capacity(rows * width);
        for i in 0..rows {
            x.extend(inputs.row(i)?.iter().map(|&x| f64::from(x)));
            x.extend(bias.then_some(1.0));
        }
        Some(Objective { x, rows, width, outputs, targets })
    }
}

enum Wanted {
    Squared(Vec<f32>),
    Logistic(Vec<f32>),
    /// The last class has the logit 0.
    Softmax(Vec<u32>),
}

/// The mean loss of z = x·W.
struct Objective {
    /// `[rows, width]`, the ones of the bias last.
    x: Vec<f64>,
    rows: usize,
    width: usize,
    outputs: usize,
    targets: Wanted,
}

/// Weights with what follows from them.
struct Point {
    /// `[width, outputs]`
    weights: Vec<f64>,
    loss: f64,
    /// The gradient of each row's loss by its outputs, `[rows, outputs]`.
    slopes: Vec<f64>,
    /// Outputs, or the probabilities that they mean, `[rows, outputs]`.
    predictions: Vec<f64>,
}

impl Objective {
    fn parameters(&self) -> usize {
        self.width * self.outputs
    }

    fn inputs(&self) -> MatRef<'_, f64> {
        MatRef::new(&self.x, self.rows, self.width)
    }

    fn minimum(&self, at: Point, unit: f64, gradient: f64, iterations: usize) -> LinearMinimum {
        LinearMinimum { loss: unit * at.loss, gradient, iterations, weights: at.weights }
    }

    fn at(&self, exec: Exec<'_>, weights: Vec<f64>) -> Point {
        let (rows, outputs) = (self.rows, self.outputs);
        let mut z = vec![0.0; rows * outputs];
        let w = MatRef::new(&weights, self.width, outputs);
        gemm(exec, Accum::Replace, 1.0, self.inputs(), w, MatMut::new(&mut z, rows, outputs));
        let mut slopes = vec![0.0; rows * outputs];
        let mut sum = 0.0;
        for (i, (z, slope)) in z.chunks_exact_mut(outputs).zip(slopes.chunks_exact_mut(outputs)).enumerate() {
            sum += match &self.targets {
                Wanted::Squared(y) => squared(&mut z[0], f64::from(y[i]), &mut slope[0]),
                Wanted::Logistic(y) => logistic(&mut z[0], f64::from(y[i]), &mut slope[0]),
                Wanted::Softmax(labels) => softmax(z, labels[i] as usize, slope),
            };
        }
        Point { weights, loss: sum / rows as f64, slopes, predictions: z }
    }

    /// Xᵀ·slopes/rows, `[width, outputs]`.
    fn gradient(&self, exec: Exec<'_>, at: &Point) -> Vec<f64> {
        let mut gradient = vec![0.0; self.parameters()];
        let slopes = MatRef::new(&at.slopes, self.rows, self.outputs);
        let into = MatMut::new(&mut gradient, self.width, self.outputs);
        gemm(exec, Accum::Replace, 1.0 / self.rows as f64, self.inputs().t(), slopes, into);
        gradient
    }

    /// H⁻¹·gradient, in the order of the gradient.
    fn newton_step(&self, exec: Exec<'_>, at: &Point, gradient: &[f64]) -> Vec<f64> {
        let (n, outputs) = (self.parameters(), self.outputs);
        // Output by output, so that blocks of the Hessian are products.
        let mut hessian = vec![0.0; n * n];
        for a in 0..outputs {
            for b in 0..=a {
                let block = self.block(exec, at, (a, b));
                for (i, row) in block.chunks_exact(self.width).enumerate() {
                    hessian[(a * self.width + i) * n + b * self.width..][..self.width].copy_from_slice(row);
                }
            }
        }
        let by_output: Vec<f64> =
            (0..outputs).flat_map(|a| gradient.iter().skip(a).step_by(outputs)).copied().collect();
        let solved = solve(&hessian, &by_output);
        (0..self.width).flat_map(|i| solved.iter().skip(i).step_by(self.width)).copied().collect()
    }

    /// Xᵀ·diag(curvature of outputs a and b)·X/rows
    fn block(&self, exec: Exec<'_>, at: &Point, (a, b): (usize, usize)) -> Vec<f64> {
        let curvature = |i: usize| {
            let p = &at.predictions[i * self.outputs..][..self.outputs];
            match self.targets {
                Wanted::Squared(_) => 2.0,
                Wanted::Logistic(_) | Wanted::Softmax(_) if a == b => p[a] * (1.0 - p[a]),
                Wanted::Logistic(_) | Wanted::Softmax(_) => -(p[a] * p[b]),
            }
        };
        let mut weighted = self.x.clone();
        for (i, row) in weighted.chunks_exact_mut(self.width).enumerate() {
            let curvature = curvature(i);
            row.iter_mut().for_each(|x| *x *= curvature);
        }
        let mut block = vec![0.0; self.width * self.width];
        let weighted = MatRef::new(&weighted, self.rows, self.width);
        let into = MatMut::new(&mut block, self.width, self.width);
        gemm(exec, Accum::Replace, 1.0 / self.rows as f64, self.inputs().t(), weighted, into);
        block
    }

    /// The first of the steps 1, ½, ¼, … that lowers the loss by a tenth of what it promises.
    fn descend(&self, exec: Exec<'_>, at: &Point, step: &[f64], fall: f64) -> Option<Point> {
        let mut share: f64 = 1.0;
        while share > 1e-6 {
            let weights = at.weights.iter().zip(step).map(|(w, s)| (-share).mul_add(*s, *w)).collect();
            let next = self.at(exec, weights);
            if next.loss < at.loss && next.loss <= at.loss - 0.1 * share * fall {
                return Some(next);
            }
            share *= 0.5;
        }
        None
    }
}

/// (z − y)²; the slope by z.
fn squared(z: &mut f64, y: f64, slope: &mut f64) -> f64 {
    let error = *z - y;
    *slope = 2.0 * error;
    error * error
}

/// y·ln(1 + e⁻ᶻ) + (1 − y)·ln(1 + eᶻ), without a difference of large numbers; the slope by z, and z becomes the probability.
fn logistic(z: &mut f64, y: f64, slope: &mut f64) -> f64 {
    let tail = libm::exp(-z.abs());
    let rarer = tail / (1.0 + tail);
    let positive = *z > 0.0;
    let loss = libm::log1p(tail) + if positive { (1.0 - y) * *z } else { -(y * *z) };
    *slope = if positive { (1.0 - y) - rarer } else { rarer - y };
    *z = if positive { 1.0 / (1.0 + tail) } else { rarer };
    loss
}

/// ln Σ eᶻ − z[label], where the last class has z = 0; slopes by z, which becomes the probabilities.
fn softmax(z: &mut [f64], label: usize, slopes: &mut [f64]) -> f64 {
    let highest = z.iter().fold(0.0f64, |highest, z| highest.max(*z));
    let own = z.get(label).copied().unwrap_or(0.0);
    let mut sum = libm::exp(-highest);
    for z in z.iter_mut() {
        *z = libm::exp(*z - highest);
        sum += *z;
    }
    for (class, (p, slope)) in z.iter_mut().zip(slopes).enumerate() {
        *p /= sum;
        *slope = *p - f64::from(u8::from(class == label));
    }
    highest + libm::log(sum) - own
}

/// A⁻¹·b for a symmetric A `[n, n]`, of which the lower half is read: by Cholesky, with as much added to the diagonal as it takes.
fn solve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let largest = (0..n).fold(0.0f64, |largest, i| largest.max(a[i * n + i]));
    let mut damping = 0.0;
    let l = loop {
        match cholesky(a, n, damping * largest) {
            Some(l) => break l,
            None if damping == 0.0 => damping = 1e-11,
            None => damping *= 100.0,
        }
    };
    let mut x = b.to_vec();
    for i in 0..n {
        let (known, rest) = x.split_at_mut(i);
        let sum = l[i * n..][..i].iter().zip(known).fold(0.0, |sum: f64, (l, x)| sum + l * *x);
        rest[0] = (rest[0] - sum) / l[i * n + i];
    }
    for i in (0..n).rev() {
        x[i] /= l[i * n + i];
        let own = x[i];
        for (x, l) in x[..i].iter_mut().zip(&l[i * n..]) {
            *x -= l * own;
        }
    }
    x
}

/// L of A + damping·I = L·Lᵀ, or `None` if a pivot is lost in rounding.
fn cholesky(a: &[f64], n: usize, damping: f64) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (above, own) = l.split_at(i * n);
            let own = &own[..j];
            let other = if j == i { own } else { &above[j * n..][..j] };
            // Four sums, which a compiler keeps in registers.
            let mut sums = [0.0; 4];
            for (x, y) in own.chunks_exact(4).zip(other.chunks_exact(4)) {
                (0..4).for_each(|k| sums[k] += x[k] * y[k]);
            }
            let tail = 4 * (j / 4);
            let rest = own[tail..].iter().zip(&other[tail..]).fold(0.0, |sum: f64, (x, y)| sum + x * y);
            let left =
                a[i * n + j] + if i == j { damping } else { 0.0 } - (sums[0] + sums[1] + sums[2] + sums[3] + rest);
            if i == j {
                if left.is_nan() || left <= 1e-11 * a[i * n + i] {
                    return None;
                }
                l[i * n + i] = left.sqrt();
            } else {
                l[i * n + j] = left / l[j * n + j];
            }
        }
    }
    Some(l)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream, StreamKey};
    use crate::{Dataset, Settings, TargetScaling, synthetic};

    fn stream() -> Stream {
        Stream::new(StreamKey::new(Purpose::Data, 1))
    }

    fn minimum(loss: Loss, data: &Dataset, bias: bool) -> LinearMinimum {
        Evaluator::new(loss, data).unwrap().linear_minimum(Exec::default(), bias).expect("a minimum")
    }

    /// w* = Σxy/Σx² and its loss, in sums of integers and exact products.
    #[test]
    fn least_squares_has_its_closed_form() {
        let data = synthetic::linear_example();
        let Targets::Values(y) = data.targets() else { panic!("a regression") };
        let sum = |f: &dyn Fn(f64, f64) -> f64| {
            data.inputs().iter().zip(y).map(|(&x, &y)| f(f64::from(x), f64::from(y))).sum::<f64>()
        };
        let w = sum(&|x, y| x * y) / sum(&|x, _| x * x);
        let expected = sum(&|x, y| (y - w * x) * (y - w * x)) / 100.0;
        let found = minimum(Loss::Squared, &data, false);
        assert!((found.loss / expected - 1.0).abs() < 1e-13 && (found.weights[0] / w - 1.0).abs() < 1e-13, "{found:?}");
    }

    /// Residuals of least squares are orthogonal to every feature and to the ones: an equation that any minimum fulfils.
    #[test]
    fn gradients_at_the_minimum_are_rounding() {
        let regression = synthetic::power_law_regression(500, 40, 1.0, &mut stream());
        let classes = synthetic::noisy_halfspaces(500, 20, 0.1, 1.0, &mut stream());
        let mixture = synthetic::power_law_mixture((600, 12, 4), 2.0, 1.0, &mut stream());
        for (loss, data) in [
            (Loss::Squared, &regression),
            (Loss::Logistic, &classes),
            (Loss::SoftmaxCrossEntropy, &classes),
            (Loss::SoftmaxCrossEntropy, &mixture),
        ] {
            let found = minimum(loss, data, true);
            assert!(found.gradient < 1e-8 && found.iterations < 20, "{loss:?}: {found:?}");
            // Of nearby points none is lower, and all are higher by the square of the distance.
            let objective = Evaluator::new(loss, data).unwrap().objective(true).unwrap();
            for i in 0..found.weights.len() {
                let beside = |step: f64| {
                    let mut weights = found.weights.clone();
                    weights[i] += step;
                    objective.at(Exec::default(), weights).loss - found.loss
                };
                let (near, far) = (beside(1e-3), beside(-1e-3));
                assert!(near > 0.0 && far > 0.0 && near < 1e-4, "{loss:?} {i}: {near} {far}");
                assert!((near / far - 1.0).abs() < 0.05, "{loss:?} {i}: {near} {far}");
            }
        }
    }

    /// Two classes of a softmax are a logistic regression.
    #[test]
    fn softmax_of_two_classes_is_logistic() {
        let data = synthetic::noisy_halfspaces(400, 8, 0.2, 1.0, &mut stream());
        let [two, one] = [Loss::SoftmaxCrossEntropy, Loss::Logistic].map(|loss| minimum(loss, &data, true).loss);
        assert!((two / one - 1.0).abs() < 1e-12, "{two} {one}");
    }

    /// The shares of the classes are the best constant: the entropy is its loss.
    #[test]
    fn without_features_that_matter_the_minimum_is_the_entropy() {
        let labels: Vec<u32> = (0..12).map(|i| u32::from(i % 4 == 0)).collect();
        let data = Dataset::new("constant", vec![0.0; 12], 1, Targets::Labels { labels, classes: 2 }).unwrap();
        let found = minimum(Loss::SoftmaxCrossEntropy, &data, true);
        let entropy = -(0.25 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
        assert!((found.loss - entropy).abs() < 1e-14, "{found:?}");
    }

    #[test]
    fn the_minimum_is_in_the_targets_unit() {
        let data = synthetic::power_law_regression(200, 5, 1.0, &mut stream());
        let plain = minimum(Loss::Squared, &data, true).loss;
        let scaling = TargetScaling::fit(Loss::Squared, &data).unwrap();
        let settings = Settings { target_scaling: Some(scaling), ..Settings::default() };
        let scaled = settings.evaluator(&data).unwrap().linear_minimum(Exec::default(), true).unwrap().loss;
        assert!((scaled / plain - 1.0).abs() < 1e-6, "{scaled} {plain}");
    }

    #[test]
    fn dependent_features_and_separable_classes_have_an_infimum_too() {
        let inputs: Vec<f32> = (0..20).flat_map(|i| [i as f32, 2.0 * i as f32]).collect();
        let values = (0..20).map(|i| (i * i) as f32).collect();
        let twice = Dataset::new("dependent", inputs.clone(), 2, Targets::Values(values)).unwrap();
        let once = Dataset::new("once", (0..20).map(|i| i as f32).collect(), 1, twice.targets().clone()).unwrap();
        let [twice, once] = [twice, once].map(|data| minimum(Loss::Squared, &data, true).loss);
        assert!((twice / once - 1.0).abs() < 1e-10, "{twice} {once}");
        let labels = (0..20).map(|i| u32::from(i > 9)).collect();
        let separable = Dataset::new("separable", inputs, 2, Targets::Labels { labels, classes: 2 }).unwrap();
        assert!(minimum(Loss::Logistic, &separable, true).loss < 1e-9);
    }
}
