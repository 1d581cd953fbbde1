//! Generated data: seeded, the same everywhere, with known truth.

use crate::dataset::{Dataset, Rows, Targets};
use crate::initializer::Initializer;
use crate::model::{Mlp, Model};
use crate::random::Stream;
use rand_mt::Mt;
use simdescent_kernels::activation::Activation;
use simdescent_kernels::isa::Isa;
use simdescent_kernels::{Exec, MatRef, Par};

/// The project's reference example: y = 3x + 2 + u with x uniform on [0, 1), u uniform on [0, ½), 100 rows.
///
/// The numbers are those of NumPy's legacy generator (MT19937) with seed 0: `x = rand(100, 1)` first, then the noise
/// `0.5 * rand(100, 1)`. A model without bias cannot reach loss 0; its optimum is w* = Σxy/Σx².
pub fn linear_example() -> Dataset {
    let mut generator = Mt::new(0);
    // NumPy's `random_sample`: 53 bits from two draws.
    let mut uniform = || {
        let (high, low) = (generator.next_u32() >> 5, generator.next_u32() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    };
    let x: Vec<f64> = (0..100).map(|_| uniform()).collect();
    let y: Vec<f32> = x.iter().map(|x| (2.0 + 3.0 * x + 0.5 * uniform()) as f32).collect();
    let inputs = x.iter().map(|&x| x as f32).collect();
    Dataset::new("linear example", inputs, 1, Targets::Values(y)).expect("finite numbers of the right count")
}

/// Linear regression: x standard normal, y = x·w* + `noise`·ξ with w* normal of variance 1/features and ξ standard normal.
///
/// The excess over the least possible mean squared error, `noise`², is ‖w − w*‖².
pub fn linear(rows: usize, features: usize, noise: f64, stream: &mut Stream) -> Dataset {
    let scale = 1.0 / (features as f64).sqrt();
    let truth: Vec<f64> = (0..features).map(|_| scale * stream.normal()).collect();
    let inputs = normals(rows * features, stream);
    let targets = inputs
        .chunks_exact(features)
        .map(|x| {
            let clean = x.iter().zip(&truth).fold(0.0, |sum, (&x, &w)| f64::from(x).mul_add(w, sum));
            noise.mul_add(stream.normal(), clean) as f32
        })
        .collect();
    Dataset::new("linear", inputs, features, Targets::Values(targets)).expect("finite numbers of the right count")
}

/// Gaussian mixture: class c is normal with covariance I around `separation`·u꜀, with u꜀ uniform on the unit sphere;
/// classes take turns, so they are equally frequent.
pub fn gaussian_mixture(rows: usize, features: usize, classes: usize, separation: f64, stream: &mut Stream) -> Dataset {
    let means: Vec<Vec<f64>> = (0..classes)
        .map(|_| {
            let direction: Vec<f64> = (0..features).map(|_| stream.normal()).collect();
            let length = direction.iter().fold(0.0f64, |sum, x| x.mul_add(*x, sum)).sqrt();
            direction.iter().map(|x| separation * x / length).collect()
        })
        .collect();
    let labels: Vec<u32> = (0..rows).map(|i| (i % classes) as u32).collect();
    let inputs = labels
        .iter()
        .flat_map(|&label| means[label as usize].iter())
        .map(|mean| (mean + stream.normal()) as f32)
        .collect();
    let targets = Targets::Labels { labels, classes };
    Dataset::new("gaussian mixture", inputs, features, targets).expect("finite numbers of the right count")
}

/// Labels from a teacher: x standard normal, label the largest output of a tanh network of these `widths` with random
/// weights. A student of the same shape can reach accuracy 1.
pub fn teacher(rows: usize, widths: &[usize], stream: &mut Stream) -> Dataset {
    // Larger weights than usual for training make the classes curved.
    let mut teacher = Mlp::new(widths, Activation::Tanh, Initializer::Normal { std: 1.0 }, stream);
    let (features, classes) = (teacher.inputs(), teacher.outputs());
    let inputs = normals(rows * features, stream);
    let exec = Exec::new(Isa::scalar(), Par::Seq);
    let outputs = teacher.forward(exec, Rows::Dense(MatRef::new(&inputs, rows, features)));
    let outputs = outputs.as_ref();
    let largest =
        |i: usize| (1..classes).fold(0, |best, j| if outputs.at(i, j) > outputs.at(i, best) { j } else { best });
    let labels = (0..rows).map(|i| largest(i) as u32).collect();
    let targets = Targets::Labels { labels, classes };
    Dataset::new("teacher", inputs, features, targets).expect("finite numbers of the right count")
}

/// Least squares of known conditioning: feature i is normal with variance 1/i (from i = 1), y = x·w* + `noise`·ξ with w* and ξ standard
/// normal.
///
/// The excess over the least possible mean squared error, `noise`², is Σ (wᵢ − w*ᵢ)²/i. The w* are the first numbers of the stream.
pub fn power_law_regression(rows: usize, features: usize, noise: f64, stream: &mut Stream) -> Dataset {
    let truth: Vec<f64> = (0..features).map(|_| stream.normal()).collect();
    let inputs = power_law_normals(rows, features, 1.0, stream);
    let output = |x: &[f32]| noise.mul_add(stream.normal(), product(x, &truth)) as f32;
    let targets = Targets::Values(inputs.chunks_exact(features).map(output).collect());
    Dataset::new("least squares", inputs, features, targets).expect("finite numbers of the right count")
}

/// Two classes with label noise: feature i is normal with variance `scale`²/i (from i = 1), the class is the sign of x·w* with w* standard normal, turned
/// over with the probability `flipped`.
///
/// That probability is the Bayes error: no classifier is wrong more rarely.
pub fn noisy_halfspaces(rows: usize, features: usize, flipped: f64, scale: f64, stream: &mut Stream) -> Dataset {
    let truth: Vec<f64> = (0..features).map(|_| stream.normal()).collect();
    let inputs = power_law_normals(rows, features, scale, stream);
    let label = |x: &[f32]| u32::from((product(x, &truth) > 0.0) != (stream.uniform() < flipped));
    let labels = inputs.chunks_exact(features).map(label).collect();
    let targets = Targets::Labels { labels, classes: 2 };
    Dataset::new("noisy halfspaces", inputs, features, targets).expect("finite numbers of the right count")
}

/// Gaussian mixture of known Bayes error and conditioning: class c is normal with covariance I around `separation`·u꜀, where the u are
/// orthonormal, and then feature i is multiplied by `scale`/√i (from i = 1). Classes take turns, so they are equally frequent.
///
/// Scaling features changes no class, so the Bayes error is that of the unscaled mixture, [`mixture_bayes_error`].
///
/// # Panics
/// If there are more classes than features.
pub fn power_law_mixture(
    (rows, features, classes): (usize, usize, usize),
    separation: f64,
    scale: f64,
    stream: &mut Stream,
) -> Dataset {
    assert!(classes <= features, "only {features} directions are orthogonal to each other, not {classes}");
    let directions = orthonormal(classes, features, stream);
    let labels: Vec<u32> = (0..rows).map(|i| (i % classes) as u32).collect();
    let mut inputs = Vec::with_capacity(rows * features);
    for &label in &labels {
        let mean = directions[label as usize].iter().enumerate();
        let scaled = |(i, u): (usize, &f64)| scale * separation.mul_add(*u, stream.normal()) / ((i + 1) as f64).sqrt();
        inputs.extend(mean.map(scaled).map(|x| x as f32));
    }
    let targets = Targets::Labels { labels, classes };
    Dataset::new("gaussian mixture", inputs, features, targets).expect("finite numbers of the right count")
}

/// The Bayes error of [`power_law_mixture`]: 1 − ∫ φ(z) Φ(z + separation)^(classes − 1) dz. Of the scores x·u꜀, that of the own class is
/// N(separation, 1), the others are N(0, 1), all independent; the Bayes classifier takes the largest.
pub fn mixture_bayes_error(classes: usize, separation: f64) -> f64 {
    // The trapezoidal rule on an analytic function that is 0 at both ends: exact to rounding with this step.
    let (step, reach) = (1.0 / 64.0, 640i32);
    let phi = |z: f64| libm::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
    let cdf = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    let right = (-reach..=reach).map(|i| {
        let z = f64::from(i) * step;
        step * phi(z) * libm::pow(cdf(z + separation), (classes - 1) as f64)
    });
    1.0 - right.sum::<f64>()
}

/// The same rows in another orthonormal basis of the features, drawn at random: what depends on lengths and angles alone, such as
/// gradient descent on a linear model, stays; that a feature is a direction of the spectrum does not.
///
/// # Panics
/// If the inputs are sparse.
pub fn rotated(data: &Dataset, stream: &mut Stream) -> Dataset {
    let features = data.features();
    let basis = orthonormal(features, features, stream);
    let mut inputs = vec![0.0f32; data.rows() * features];
    let mut row = vec![0.0f64; features];
    for (x, rotated) in data.inputs().chunks_exact(features).zip(inputs.chunks_exact_mut(features)) {
        row.fill(0.0);
        for (&x, direction) in x.iter().zip(&basis) {
            // Rounded twice: FMA would be a call per number where the compiler may not assume it.
            row.iter_mut().zip(direction).for_each(|(sum, u)| *sum += f64::from(x) * u);
        }
        rotated.iter_mut().zip(&row).for_each(|(to, from)| *to = *from as f32);
    }
    Dataset::new(data.name(), inputs, features, data.targets().clone()).expect("as many finite numbers as before")
}

/// A regression whose truth is a network: x standard normal, y the output of a tanh network of these `widths`, weights standard normal
/// divided by √inputs, plus `noise`·ξ with ξ standard normal.
///
/// No model has a smaller expected squared error than `noise`², and a student of the same shape can have it.
///
/// # Panics
/// If the network has not one output.
pub fn teacher_regression(rows: usize, widths: &[usize], noise: f64, stream: &mut Stream) -> Dataset {
    assert_eq!(widths.last(), Some(&1), "a regression has one output");
    let mut teacher = Mlp::new(widths, Activation::Tanh, Initializer::LecunNormal, stream);
    let features = teacher.inputs();
    let inputs = normals(rows * features, stream);
    let exec = Exec::new(Isa::scalar(), Par::Seq);
    let outputs = teacher.predict(exec, Rows::Dense(MatRef::new(&inputs, rows, features)));
    let targets = outputs.into_iter().map(|y| noise.mul_add(stream.normal(), f64::from(y)) as f32).collect();
    Dataset::new("teacher", inputs, features, Targets::Values(targets)).expect("finite numbers of the right count")
}

/// The samples of a [`NoisyQuadratic`](crate::NoisyQuadratic): normal numbers with mean 0 and this standard deviation in each column,
/// exactly up to rounding: the second half of the rows is the first with the other sign, and columns are scaled. Targets are 0.
///
/// # Panics
/// If the rows cannot be halved.
pub fn noise(rows: usize, dimensions: usize, deviation: f64, stream: &mut Stream) -> Dataset {
    assert!(rows > 0 && rows.is_multiple_of(2), "noise has an even number of rows");
    let mut half: Vec<f64> = (0..rows / 2 * dimensions).map(|_| stream.normal()).collect();
    for j in 0..dimensions {
        let square = half.iter().skip(j).step_by(dimensions).fold(0.0f64, |sum, x| x.mul_add(*x, sum));
        let scale = deviation * ((rows / 2) as f64 / square).sqrt();
        half.iter_mut().skip(j).step_by(dimensions).for_each(|x| *x *= scale);
    }
    let both = half.iter().map(|x| *x as f32).chain(half.iter().map(|x| -*x as f32));
    let targets = Targets::Values(vec![0.0; rows]);
    Dataset::new("noise", both.collect(), dimensions, targets).expect("finite numbers of the right count")
}

fn power_law_normals(rows: usize, features: usize, scale: f64, stream: &mut Stream) -> Vec<f32> {
    let deviations: Vec<f64> = (1..=features).map(|i| scale * (1.0 / i as f64).sqrt()).collect();
    (0..rows).flat_map(|_| &deviations).map(|deviation| (deviation * stream.normal()) as f32).collect()
}

/// So many directions of unit length, each orthogonal to the others: Gram–Schmidt on normal numbers, twice for the rounding.
fn orthonormal(count: usize, features: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let mut directions: Vec<Vec<f64>> = vec![];
    while directions.len() < count {
        let mut direction: Vec<f64> = (0..features).map(|_| stream.normal()).collect();
        for other in directions.iter().chain(&directions) {
            let along = inner(&direction, other);
            direction.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
        }
        let length = inner(&direction, &direction).sqrt();
        direction.iter_mut().for_each(|x| *x /= length);
        directions.push(direction);
    }
    directions
}

fn product(x: &[f32], w: &[f64]) -> f64 {
    x.iter().zip(w).fold(0.0, |sum, (&x, &w)| f64::from(x).mul_add(w, sum))
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

fn normals(n: usize, stream: &mut Stream) -> Vec<f32> {
    (0..n).map(|_| stream.normal() as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn the_example_has_numpys_numbers() {
        let data = linear_example();
        assert_eq!(data.inputs()[..2], [0.5488135039273248f64, 0.7151893663724195].map(|x| x as f32));
        let Targets::Values(y) = data.targets() else { panic!("a regression") };
        for (x, y) in data.inputs().iter().zip(y) {
            assert!((0.0..0.5001).contains(&(y - 3.0 * x - 2.0)), "{x} {y}");
        }
    }

    #[test]
    fn a_mixture_is_balanced_and_separated() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
        let data = gaussian_mixture(3000, 8, 3, 5.0, &mut stream);
        let Targets::Labels { labels, classes: 3 } = data.targets() else { panic!("three classes") };
        let mut mean = vec![[0.0f32; 8]; 3];
        for (i, &label) in labels.iter().enumerate() {
            mean[label as usize].iter_mut().zip(data.row(i)).for_each(|(m, x)| *m += x / 1000.0);
        }
        for mean in mean {
            let length = mean.iter().map(|m| m * m).sum::<f32>().sqrt();
            assert!((length - 5.0).abs() < 0.3, "{length}");
        }
    }

    #[test]
    fn a_teacher_uses_every_class() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
        let data = teacher(1000, &[10, 16, 4], &mut stream);
        let Targets::Labels { labels, .. } = data.targets() else { panic!("classes") };
        for class in 0..4 {
            let share = labels.iter().filter(|&&l| l == class).count();
            assert!(share > 50, "class {class}: {share} of 1000");
        }
    }

    fn data_stream(seed: u64) -> Stream {
        Stream::new(StreamKey::new(Purpose::Data, seed))
    }

    #[test]
    fn least_squares_has_its_spectrum_truth_and_noise() {
        let (rows, features) = (20_000, 6);
        let data = power_law_regression(rows, features, 0.5, &mut data_stream(3));
        let truth: Vec<f64> = {
            let mut s = data_stream(3);
            (0..features).map(|_| s.normal()).collect()
        };
        for i in 0..features {
            let square = (0..rows).map(|row| f64::from(data.row(row)[i]).powi(2)).sum::<f64>() / rows as f64;
            assert!((square * (i + 1) as f64 - 1.0).abs() < 0.05, "feature {i}: {square}");
        }
        let Targets::Values(y) = data.targets() else { panic!("a regression") };
        let error = |row: usize| f64::from(y[row]) - product(data.row(row), &truth);
        let mean_square = (0..rows).map(|row| error(row).powi(2)).sum::<f64>() / rows as f64;
        assert!((mean_square / 0.25 - 1.0).abs() < 0.05, "{mean_square}");
    }

    #[test]
    fn a_rotation_keeps_lengths_and_angles() {
        let data = power_law_regression(50, 7, 0.5, &mut data_stream(3));
        let turned = rotated(&data, &mut data_stream(9));
        assert_eq!(turned.targets(), data.targets());
        for i in 0..50 {
            for j in 0..=i {
                let of = |data: &Dataset| {
                    data.row(i).iter().zip(data.row(j)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
                };
                assert!((of(&data) - of(&turned)).abs() < 1e-5, "{i} {j}");
            }
        }
        assert_ne!(turned.row(0), data.row(0));
    }

    #[test]
    fn turned_labels_are_the_bayes_error() {
        let (rows, features) = (20_000, 5);
        let data = noisy_halfspaces(rows, features, 0.1, 2.0, &mut data_stream(3));
        let truth: Vec<f64> = {
            let mut s = data_stream(3);
            (0..features).map(|_| s.normal()).collect()
        };
        let Targets::Labels { labels, .. } = data.targets() else { panic!("classes") };
        let wrong = (0..rows).filter(|&i| (product(data.row(i), &truth) > 0.0) != (labels[i] == 1)).count();
        let share = wrong as f64 / rows as f64;
        assert!((share - 0.1).abs() < 5.0 * (0.1f64 * 0.9 / rows as f64).sqrt(), "{share}");
    }

    /// The Bayes classifier takes the nearest mean in the unscaled features, which are found from the data again.
    #[test]
    fn a_mixtures_bayes_error_is_that_of_a_large_sample() {
        // Of two classes it is Φ(−separation/√2).
        let two = mixture_bayes_error(2, 1.5);
        assert!((two - 0.5 * libm::erfc(0.75)).abs() < 1e-14, "{two}");
        let (rows, features, classes, separation) = (60_000, 12, 5, 2.0);
        let data = power_law_mixture((rows, features, classes), separation, 3.0, &mut data_stream(4));
        let Targets::Labels { labels, .. } = data.targets() else { panic!("classes") };
        let unscaled = |row: usize| -> Vec<f64> {
            data.row(row).iter().enumerate().map(|(i, &x)| f64::from(x) * ((i + 1) as f64).sqrt() / 3.0).collect()
        };
        let mut means = vec![vec![0.0; features]; classes];
        for row in 0..rows {
            let mean = &mut means[labels[row] as usize];
            mean.iter_mut().zip(unscaled(row)).for_each(|(m, x)| *m += x * classes as f64 / rows as f64);
        }
        let wrong = (0..rows).filter(|&row| {
            let x = unscaled(row);
            let score = |c: usize| inner(&x, &means[c]) - 0.5 * inner(&means[c], &means[c]);
            let best = (0..classes).max_by(|&a, &b| score(a).total_cmp(&score(b)));
            best != Some(labels[row] as usize)
        });
        let (measured, expected) = (wrong.count() as f64 / rows as f64, mixture_bayes_error(classes, separation));
        assert!((measured - expected).abs() < 5.0 * (expected / rows as f64).sqrt(), "{measured}, not {expected}");
    }

    #[test]
    fn a_teachers_outputs_vary_and_their_noise_is_what_was_asked_for() {
        let clean = teacher_regression(4000, &[8, 8, 1], 0.0, &mut data_stream(1));
        let noisy = teacher_regression(4000, &[8, 8, 1], 0.5, &mut data_stream(1));
        assert_eq!(clean.inputs(), noisy.inputs());
        let (Targets::Values(a), Targets::Values(b)) = (clean.targets(), noisy.targets()) else { panic!("numbers") };
        let mean_square = |x: &mut dyn Iterator<Item = f32>| x.map(|x| f64::from(x).powi(2)).sum::<f64>() / 4000.0;
        assert!(mean_square(&mut a.iter().copied()) > 0.1);
        let noise = mean_square(&mut a.iter().zip(b).map(|(a, b)| b - a));
        assert!((noise / 0.25 - 1.0).abs() < 0.1, "{noise}");
    }

    #[test]
    fn noise_has_no_mean_and_its_deviation() {
        let data = noise(500, 7, 0.5, &mut data_stream(1));
        for j in 0..7 {
            let column = || (0..500).map(|i| f64::from(data.row(i)[j]));
            assert_eq!(column().sum::<f64>(), 0.0);
            let variance = column().map(|x| x * x).sum::<f64>() / 500.0;
            assert!((variance - 0.25).abs() < 1e-6, "{variance}");
        }
    }
}
