//! L-BFGS on functions with known minima, and on the convex models.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Lbfgs, Linear, Loss, Minimum, Model, Settings, Targets, lbfgs::Stop, synthetic};
use simdescent_kernels::{Exec, Par, Team, isa};

fn stream() -> Stream {
    Stream::new(StreamKey::new(Purpose::Data, 11))
}

fn settings(loss: Loss, l2: f32) -> Settings {
    Settings { loss, l2, ..Settings::default() }
}

#[test]
fn a_quadratic_ends_at_its_minimum() {
    // h from 1 to 1000 and a minimum at 1, 2, 3, …
    let options = Lbfgs { tolerance: 1e-10, ..Lbfgs::default() };
    let n = 50;
    let mut x = vec![0.0f64; n];
    let end = options.minimize(Exec::default(), &mut x, |x, gradient| {
        let mut value = 0.0;
        for (i, (x, g)) in x.iter().zip(gradient).enumerate() {
            let (h, off) = (1000f64.powf(i as f64 / 49.0), x - (i + 1) as f64);
            value += 0.5 * h * off * off;
            *g = h * off;
        }
        value
    });
    assert_eq!(end.stop, Stop::Converged, "{end:?}");
    // The bound for conjugate gradients, ln(10¹⁵)/ln((√κ + 1)/(√κ − 1)); gradient descent would take √κ times as long.
    assert!(end.iterations < 546 && end.evaluations < 600, "{end:?}");
    x.iter().enumerate().for_each(|(i, x)| assert!((x - (i + 1) as f64).abs() < 1e-9, "{i}: {x}"));
}

/// The usual test: a bent valley, from (−1.2, 1) to (1, 1).
#[test]
fn rosenbrocks_valley() {
    let rosenbrock = |x: &[f64], g: &mut [f64]| {
        let [x, y] = *x else { panic!("two") };
        g[0] = -400.0 * x * (y - x * x) - 2.0 * (1.0 - x);
        g[1] = 200.0 * (y - x * x);
        100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
    };
    for memory in [1, 5, 10] {
        let options = Lbfgs { memory, tolerance: 1e-9, ..Lbfgs::default() };
        let mut x = [-1.2, 1.0];
        let end = options.minimize(Exec::default(), &mut x, rosenbrock);
        assert_eq!(end.stop, Stop::Converged, "{end:?}");
        assert!((x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8, "{x:?}");
        assert!(memory == 1 || end.evaluations < 80, "{end:?}");
    }
}

/// Every way to end.
#[test]
fn it_says_why_it_ended() {
    let run = |options: Lbfgs, f: fn(f64) -> (f64, f64)| {
        options.minimize(Exec::default(), &mut [1.0], |x, g| {
            let (value, slope) = f(x[0]);
            g[0] = slope;
            value
        })
    };
    let options = Lbfgs::default();
    assert_eq!(run(options, |x| (x * x, 2.0 * x)).stop, Stop::Converged);
    assert_eq!(run(Lbfgs { max_iterations: 0, ..options }, |x| (x * x, 2.0 * x)).stop, Stop::Iterations);
    assert_eq!(run(options, |_| (f64::NAN, 1.0)).stop, Stop::NotFinite);
    assert_eq!(run(options, |x| (x * x, -2.0 * x)).stop, Stop::Precision, "a wrong gradient");
    let precise = run(Lbfgs { tolerance: 0.0, ..options }, |x| ((x - 0.3).exp() - x, (x - 0.3).exp() - 1.0));
    assert!(precise.gradient < 1e-14, "{precise:?}");
    let empty = options.minimize(Exec::default(), &mut [0.0f32; 0], |_, _| 1.0);
    assert_eq!((empty.stop, empty.value), (Stop::Converged, 1.0));
}

/// Where the gradient does not vanish for its errors alone, there is nothing to gain after a few iterations.
#[test]
fn it_stops_where_it_stalls() {
    let options = Lbfgs { tolerance: 0.0, ..Lbfgs::default() };
    let mut x = [3.0f32, -2.0, 1.0];
    let end = options.minimize(Exec::default(), &mut x, |x, g| {
        // Squares, with an error of either sign in the gradient.
        let mut value = 1000.0;
        for (i, (x, g)) in x.iter().zip(g).enumerate() {
            let off = (x - 0.3 * i as f32) + 1e-4 * if x.to_bits() % 2 == 0 { 1.0 } else { -1.0 };
            value += f64::from(off * off);
            *g = 2.0 * off;
        }
        value
    });
    assert_eq!(end.stop, Stop::Precision, "{end:?}");
    assert!(end.iterations < 40 && end.value < 1000.0001, "{end:?}");
}

/// Squares of these gradients are beyond the range of `f32`.
#[test]
fn gradients_of_any_size_lead_to_the_minimum() {
    for size in [1e25f64, 1e-12] {
        let options = Lbfgs { tolerance: 1e-4 * size, ..Lbfgs::default() };
        let mut x = [3.0f32, -2.0, 1.0, 5.0];
        let end = options.minimize(Exec::default(), &mut x, |x, g| {
            let mut value = 0.0;
            for (i, (x, g)) in x.iter().zip(g).enumerate() {
                let (h, off) = (size * 4f64.powi(i as i32), f64::from(*x) - i as f64);
                value += 0.5 * h * off * off;
                *g = (h * off) as f32;
            }
            value
        });
        assert_eq!(end.stop, Stop::Converged, "{size}: {end:?}");
        assert!(end.iterations < 40, "{size}: {end:?}");
    }
}

/// w = (2XᵀX/n + λI)⁻¹·2Xᵀy/n, because the loss has no factor ½.
#[test]
fn ridge_regression_has_its_closed_form() {
    let (rows, d, lambda) = (200, 6, 0.1f32);
    let data = synthetic::linear(rows, d, 0.3, &mut stream());
    let Targets::Values(y) = data.targets() else { panic!("regression") };
    let mut a = vec![vec![0.0f64; d + 1]; d];
    for (i, equation) in a.iter_mut().enumerate() {
        for (r, &y) in y.iter().enumerate() {
            let terms: Vec<f64> = data.row(r).iter().chain([&y]).map(|&x| f64::from(x)).collect();
            equation.iter_mut().zip(&terms).for_each(|(sum, x)| *sum += 2.0 * terms[i] * x / rows as f64);
        }
        equation[i] += f64::from(lambda);
    }
    // Gauss–Jordan; the matrix is positive definite.
    for p in 0..d {
        let pivot = a[p].clone();
        for (i, row) in a.iter_mut().enumerate() {
            let factor = if i == p { 1.0 - 1.0 / pivot[p] } else { row[p] / pivot[p] };
            row.iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    let mut model = Linear::new(d, false);
    let end = Lbfgs::default().train(Exec::default(), &mut model, &data, &settings(Loss::Squared, lambda)).unwrap();
    assert!(end.gradient < 2e-6 && end.iterations < 30, "{end:?}");
    for (w, a) in model.parameters().iter().zip(&a) {
        assert!((f64::from(*w) - a[d]).abs() < 1e-5, "{w} and {}", a[d]);
    }
}

fn logistic(exec: Exec<'_>, data: &Dataset) -> (Minimum, Vec<u32>) {
    let mut model = Linear::new(20, true);
    let end = Lbfgs::default().train(exec, &mut model, data, &settings(Loss::Logistic, 1e-3)).unwrap();
    (end, model.parameters().iter().map(|w| w.to_bits()).collect())
}

#[test]
fn logistic_regression_has_the_same_bits_everywhere() {
    let data = synthetic::gaussian_mixture(3000, 20, 2, 2.0, &mut stream());
    let (end, want) = logistic(Exec::new(isa::available()[0], Par::Seq), &data);
    assert!(end.gradient < 1e-5 && end.iterations < 60, "{end:?}");
    for &isa in isa::available() {
        assert_eq!(logistic(Exec::new(isa, Par::Seq), &data), (end, want.clone()), "{isa}");
        for threads in 1..=4 {
            let team = Team::new(threads).unwrap();
            assert_eq!(logistic(Exec::new(isa, Par::Team(&team)), &data), (end, want.clone()), "{isa}, {team:?}");
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let got = pool.install(|| logistic(Exec::new(isa, Par::Rayon), &data));
            assert_eq!(got, (end, want.clone()), "{isa}, {threads} threads of rayon");
        }
    }
    let hash = want.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, &x| (h ^ u64::from(x)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(hash, GOLDEN, "{hash:#x}");
}

/// FNV-1a of the weights' bits.
const GOLDEN: u64 = 0x8639_c77a_9908_b1b1;

#[test]
fn what_does_not_fit_is_an_error() {
    let data = synthetic::linear(50, 4, 0.3, &mut stream());
    let train = |features, loss, l2| {
        let mut model = Linear::new(features, true);
        Lbfgs::default().train(Exec::default(), &mut model, &data, &settings(loss, l2)).unwrap_err().to_string()
    };
    assert!(train(5, Loss::Squared, 0.0).contains("needs a model of 4 inputs"));
    assert!(train(4, Loss::SoftmaxCrossEntropy, 0.0).contains("dataset"));
    assert!(train(4, Loss::Squared, -1.0).contains("L2 penalty"));
}
