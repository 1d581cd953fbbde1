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
}
