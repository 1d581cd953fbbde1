//! Optimizers that see a parameter array as a matrix: Adafactor and Muon.

use crate::compare::{assert_bits, assert_same};
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Kind, effort, numbers};
use crate::optimizer_properties::assert_near;
use simdescent_kernels::optimizer::{
    AdaGrad, Adafactor, AdafactorOptions, Averaging, DecoupledDecay, KeepGradient, Momentum, MuonMomentum, Scaled, Sgd,
    fused_step, orthogonalize,
};
use simdescent_kernels::{Exec, Real, reference};

for_f32_and_f64! { adafactor, muon, singular_values }

/// Rows, columns and lanes that are full or not, and more than one block, and chunk, of rows.
fn shapes() -> Vec<(usize, usize)> {
    let mut shapes = vec![(1, 1), (1, 7), (7, 1), (3, 5), (5, 64), (2, 131)];
    if effort() != Effort::Tiny {
        shapes.extend([(65, 40), (40, 700), (3300, 5), (70, 1500), (1, 40_000)]);
    }
    shapes
}

/// Three steps with momentum.
fn adafactor<T: Real>() {
    for (m, n) in shapes() {
        let f = T::from_f64;
        let start = numbers::<T>(Kind::Ordinary, m * n, 1);
        let gradients: Vec<Vec<T>> = (0..3).map(|t| numbers(Kind::Ordinary, m * n, 2 + t)).collect();
        let betas = [0.0, 0.4, 0.6];
        let (rate, mu) = (f(0.01), f(0.9));
        let (mut want, mut v, mut sizes) = (start.clone(), vec![T::ZERO; m * n], vec![]);
        let (mut rows, mut cols) = (vec![T::ZERO; m], vec![T::ZERO; n]);
        for (g, beta2) in gradients.iter().zip(betas) {
            let (u, rms) = reference::adafactor(beta2, f(1e-30), g, &mut rows, &mut cols);
            sizes.push(rms);
            for ((w, v), u) in want.iter_mut().zip(&mut v).zip(u) {
                (*w, [*v]) = reference::momentum(rate, mu, *w, u, [*v]);
            }
        }
        for_each_exec(|exec, label| {
            let (mut w, mut velocity) = (start.clone(), vec![T::ZERO; m * n]);
            let (mut r, mut c) = (vec![T::ZERO; m], vec![T::ZERO; n]);
            let what = format!("{label}, {m} x {n}");
            for ((g, beta2), &rms) in gradients.iter().zip(betas).zip(&sizes) {
                let options = AdafactorOptions { beta2: Averaging::new(beta2), epsilon: f(1e-30) };
                let moment = Adafactor::estimate(exec, options, g, &mut r, &mut c);
                assert_same(moment.rms(exec, g), rms, format_args!("{what}, RMS"));
                let rule = Momentum { learning_rate: rate, momentum: mu };
                moment.step(exec, &rule, &mut w, g, [&mut velocity]);
            }
            for (got, want) in [(&w, &want), (&velocity, &v), (&r, &rows), (&c, &cols)] {
                assert_bits(got, want, format_args!("{what}"));
            }
        });
    }
}

/// Two steps of the momentum, and what is made of it.
fn muon<T: Real>() {
    let mut shapes = vec![(1, 1), (1, 7), (7, 1), (3, 5), (5, 3), (16, 16)];
    if effort() != Effort::Tiny {
        shapes.extend([(33, 20), (20, 67), (600, 9)]); // K blocks
    }
    for (m, n) in shapes {
        let gradients = [1, 2].map(|seed| numbers::<T>(Kind::Ordinary, m * n, seed));
        let mu = T::from_f64(0.95);
        let (mut momentum, mut want) = (vec![T::ZERO; m * n], vec![]);
        for g in &gradients {
            momentum.iter_mut().zip(g).for_each(|(m, &g)| *m = mu.mul_add(*m, g));
            want = momentum.iter().zip(g).map(|(&m, &g)| mu.mul_add(m, g)).collect();
        }
        reference::orthogonalize(&mut want, m, n);
        for_each_exec(|exec, label| {
            let (mut w, mut v, mut d) = (momentum.clone(), vec![T::ZERO; m * n], vec![T::INFINITY; m * n]);
            for g in &gradients {
                fused_step(exec, &MuonMomentum { momentum: mu }, &mut w, g, [&mut v, &mut d]);
            }
            orthogonalize(exec, &mut d, m, n);
            for (got, want) in [(&w, &momentum), (&v, &momentum), (&d, &want)] {
                assert_bits(got, want, format_args!("{label}, {m} x {n}"));
            }
        });
    }
}

/// From the papers' formulas in 50 digits: ρ = 0.1, β₂ = 1 − t^−0.8, clipped in steps 1 and 3, without and with momentum.
#[test]
fn adafactor_by_hand() {
    let gradients =
        [[1.0, -0.5, 2.0, 0.25, 3.0, -1.0], [-0.5, 1.0, 0.25, 2.0, -1.0, 4.0], [3.0, 0.0, -1.0, 0.5, 0.5, 8.0]];
    let sizes = [1.082568946210002, 0.9488011013963294, 1.539361154202977];
    #[rustfmt::skip]
    let want = [(0.0, [
        [0.7555045449587566, -1.958568143129982, 0.2745863282641202, 2.9558493091039, 0.07043886036791372, -0.9185901484926418],
        [0.8699874557153687, -2.1312616097951356, 0.24569062172828585, 2.760035996207442, 0.14428324377804788, -1.1162847734063872],
        [0.5284088332565691, -2.1312616097951356, 0.2918734070329002, 2.7370973440885655, 0.11352812508833322, -1.2651518197138054],
    ]), (0.9, [
        [0.9755504544958756, -1.9958568143129982, 0.47745863282641204, 2.99558493091039, 0.23204388603679138, -0.9918590148492642],
        [0.9655353200257198, -2.0100803281642854, 0.45426214480771077, 2.9712926636782107, 0.22362578575555797, -1.0050973442242888],
        [0.9214218522589924, -2.022836521950561, 0.4382085625997546, 2.9471471745729763, 0.2129129325691979, -1.0322810273665848],
    ])];
    for_each_isa(|exec, label| {
        for (momentum, want) in want {
            let mut w = [1.0, -2.0, 0.5, 3.0, 0.25, -1.0];
            let (mut v, mut rows, mut cols) = ([0.0; 6], [0.0; 2], [0.0; 3]);
            for t in 0..3 {
                let (g, beta2) = (&gradients[t], 1.0 - (t as f64 + 1.0).powf(-0.8));
                let moment = Adafactor::estimate(
                    exec,
                    AdafactorOptions { beta2: Averaging::new(beta2), epsilon: 1e-30 },
                    g,
                    &mut rows,
                    &mut cols,
                );
                let rms = moment.rms(exec, g);
                assert_near(rms, sizes[t], 1e-14, &format!("{label}, RMS"));
                let alpha = 0.1 * (w.iter().map(|w| w * w).sum::<f64>() / 6.0).sqrt();
                let rule = Momentum { learning_rate: alpha * (1.0 - momentum), momentum };
                moment.step(exec, &Scaled { factor: 1.0 / rms.max(1.0), rule }, &mut w, g, [&mut v]);
                for i in 0..6 {
                    assert_near(
                        w[i],
                        want[t][i],
                        1e-13,
                        &format!("{label}, momentum {momentum}, step {t}, element {i}"),
                    );
                }
            }
        }
    });
}

/// The same for μ = 0.95, η = 0.1 with 0.2·√max(3, 2), λ = 0.5.
#[test]
fn muon_by_hand() {
    let gradients =
        [[1.0, -0.5, 2.0, 0.25, 3.0, -1.0], [-0.5, 1.0, 0.25, 2.0, -1.0, 4.0], [3.0, 0.0, -1.0, 0.5, 0.5, 8.0]];
    #[rustfmt::skip]
    let want = [
        [0.9448623179527798, -1.8904160593629662, 0.45829859045814847, 2.832355938786661, 0.21951653567937485, -0.9359729550838611],
        [0.9045939176390754, -1.801886865537586, 0.40629893052982985, 2.683506622282454, 0.2194982584971965, -0.9126934764114245],
        [0.8208557281158196, -1.707469305003405, 0.38845766789216024, 2.5447728787301505, 0.2068780808576765, -0.8928182710859681],
    ];
    for_each_isa(|exec, label| {
        let (mut w, mut m, mut d) = ([1.0, -2.0, 0.5, 3.0, 0.25, -1.0], [0.0; 6], [0.0; 6]);
        for (g, want) in gradients.iter().zip(want) {
            fused_step(exec, &MuonMomentum { momentum: 0.95 }, &mut w, g, [&mut m, &mut d]);
            orthogonalize(exec, &mut d, 3, 2);
            let rule = DecoupledDecay { rate: 0.05, rule: Sgd { learning_rate: 0.1 * 0.2 * 3f64.sqrt() } };
            fused_step(exec, &rule, &mut w, &d, []);
            for i in 0..6 {
                assert_near(w[i], want[i], 1e-13, &format!("{label}, element {i}"));
            }
        }
    });
}

/// Where the squared gradient has rank one, as where it is constant, V is g²: −ηt, unclipped, matrix or vector.
#[test]
fn adafactor_against_a_constant_gradient() {
    for_each_isa(|exec, label| {
        for (m, n) in [(6, 7), (1, 42), (42, 1)] {
            let g: Vec<f64> = (0..42).map(|i| [3.0, -0.5, 20.0][i / n % 3] * [1.0, -4.0][i % n % 2]).collect();
            let (mut w, mut rows, mut cols) = (vec![0.0; 42], vec![0.0; m], vec![0.0; n]);
            for t in 1..=10 {
                let beta2 = 1.0 - f64::from(t).powf(-0.8);
                let moment = Adafactor::estimate(
                    exec,
                    AdafactorOptions { beta2: Averaging::new(beta2), epsilon: 1e-30 },
                    &g,
                    &mut rows,
                    &mut cols,
                );
                assert_near(moment.rms(exec, &g), 1.0, 1e-14, &format!("{label}, {m} x {n}, RMS"));
                moment.step(exec, &Sgd { learning_rate: 0.1 }, &mut w, &g, []);
            }
            for (w, g) in w.iter().zip(&g) {
                assert_near(*w, -g.signum(), 1e-13, &format!("{label}, {m} x {n}"));
            }
        }
    });
}

/// β₂ = 1 − 1/t makes V of a vector the mean of all g², so that the rate η/√t makes AdaGrad of it: on a quadratic, the same path,
/// and to its minimum. What only scales the gradient changes nothing.
#[test]
fn adafactor_on_a_vector_can_be_adagrad() {
    let h = [1.0, 0.3, 0.1, 0.01];
    for_each_isa(|exec, label| {
        for scale in [1.0, 1e3] {
            let (mut adagrad, mut squares) = ([1.0, -2.0, 3.0, -0.5], [0.0; 4]);
            let (mut w, mut row, mut cols) = (adagrad, [0.0], [0.0; 4]);
            for t in 1..=1000 {
                let g: [f64; 4] = core::array::from_fn(|i| h[i] * adagrad[i]);
                fused_step(exec, &AdaGrad { learning_rate: 0.5, epsilon: 1e-300 }, &mut adagrad, &g, [&mut squares]);
                let g: [f64; 4] = core::array::from_fn(|i| scale * h[i] * w[i]);
                let beta2 = 1.0 - 1.0 / f64::from(t);
                let moment = Adafactor::estimate(
                    exec,
                    AdafactorOptions { beta2: Averaging::new(beta2), epsilon: 1e-100 },
                    &g,
                    &mut row,
                    &mut cols,
                );
                moment.step(exec, &Sgd { learning_rate: 0.5 / f64::from(t).sqrt() }, &mut w, &g, []);
            }
            for (w, adagrad) in w.into_iter().zip(adagrad) {
                assert!((w - adagrad).abs() < 1e-13 && w.abs() < 1e-6, "{label}: {w} and {adagrad}");
            }
        }
    });
}

/// Without gradient nothing moves, and nothing is divided by zero.
#[test]
fn adafactor_and_muon_without_gradient() {
    for_each_isa(|exec, label| {
        let (mut w, g, mut rows, mut cols) = ([1.5f32; 6], [0.0; 6], [0.0; 2], [0.0; 3]);
        let moment = Adafactor::estimate(
            exec,
            AdafactorOptions { beta2: Averaging::new(0.0), epsilon: 1e-30 },
            &g,
            &mut rows,
            &mut cols,
        );
        assert_eq!(moment.rms(exec, &g), 0.0, "{label}");
        moment.step(exec, &Sgd { learning_rate: 1.0 }, &mut w, &g, []);
        let mut d = g;
        orthogonalize(exec, &mut d, 2, 3);
        assert_eq!((w, d), ([1.5; 6], [0.0; 6]), "{label}");
        // Matrices without elements.
        Adafactor::estimate(
            exec,
            AdafactorOptions { beta2: Averaging::new(0.0), epsilon: 1e-30 },
            &g[..0],
            &mut rows,
            &mut [],
        )
        .rms(exec, &g[..0]);
        Adafactor::estimate(
            exec,
            AdafactorOptions { beta2: Averaging::new(0.0), epsilon: 1e-30 },
            &g[..0],
            &mut [],
            &mut cols,
        )
        .rms(exec, &g[..0]);
        assert_eq!((rows, cols), ([1e-30; 2], [1e-30; 3]), "{label}");
        orthogonalize::<f32>(exec, &mut [], 0, 3);
    });
}

#[test]
fn a_kept_gradient_is_the_one_that_wrappers_hand_on() {
    for_each_isa(|exec, label| {
        let (mut w, mut kept) = ([1.5f32; 37], [f32::NAN; 37]);
        fused_step(exec, &Scaled { factor: 0.5, rule: KeepGradient }, &mut w, &[4.0; 37], [&mut kept]);
        assert_eq!((w, kept), ([1.5; 37], [2.0; 37]), "{label}");
    });
}

/// The first `rows` × `cols` of an orthogonal matrix: a product of two reflections.
fn orthogonal(side: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut q: Vec<Vec<f64>> = (0..side).map(|i| (0..side).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for seed in [seed, seed + 1] {
        let v = numbers::<f64>(Kind::Ordinary, side, seed);
        let square: f64 = v.iter().map(|v| v * v).sum();
        for row in &mut q {
            let along = 2.0 * row.iter().zip(&v).map(|(q, v)| q * v).sum::<f64>() / square;
            row.iter_mut().zip(&v).for_each(|(q, v)| *q -= along * v);
        }
    }
    q
}

/// The five steps on one singular value.
fn quintic(s: f64) -> f64 {
    (0..5).fold(s, |s, _| 3.4445 * s - 4.7750 * s.powi(3) + 2.0315 * s.powi(5))
}

/// U·Σ·Vᵀ becomes U·φ(Σ/(‖Σ‖ + 1e-7))·Vᵀ, with values in [0.68, 1.14]; Σ = 1 keeps its direction.
fn singular_values<T: Real>() {
    let tolerance = if T::MANTISSA_BITS == 23 { 1e-4 } else { 1e-12 };
    for ((m, n), equal) in [((6, 9), false), ((9, 6), false), ((8, 8), false), ((8, 8), true), ((5, 8), true)] {
        let (u, v, side) = (orthogonal(m, 1), orthogonal(n, 5), m.min(n));
        let sigma: Vec<f64> = (0..side).map(|k| if equal { 3.0 } else { 50.0 * 0.5f64.powi(k as i32) }).collect();
        let norm = sigma.iter().map(|s| s * s).sum::<f64>().sqrt();
        let element = |sigma: &[f64], i: usize, j: usize| (0..side).map(|k| u[i][k] * sigma[k] * v[j][k]).sum::<f64>();
        let of_norm: Vec<f64> = sigma.iter().map(|s| quintic(s / (norm + 1e-7))).collect();
        assert!(of_norm.iter().all(|s| (0.68..1.14).contains(s)), "{of_norm:?}");
        for_each_isa(|exec, label| {
            let mut x: Vec<T> = (0..m * n).map(|i| T::from_f64(element(&sigma, i / n, i % n))).collect();
            orthogonalize(exec, &mut x, m, n);
            for (i, x) in x.iter().enumerate() {
                let (x, want) = (x.to_f64(), element(&of_norm, i / n, i % n));
                assert!((x - want).abs() < tolerance, "{label}, {m} x {n}, element {i}: {x} instead of {want}");
            }
        });
    }
}

/// On ½‖W − W*‖², from an orthogonal W − W*: as straight as can be, η·φ a step, until it is less than that away.
#[test]
fn muon_on_a_quadratic() {
    let side = 8;
    let start: Vec<f64> = orthogonal(side, 3).concat();
    let phi = quintic(1.0 / (side as f64).sqrt());
    let after = |exec: Exec<'_>, steps: u32| {
        let (mut w, mut m, mut d) = (start.clone(), vec![0.0; 64], vec![0.0; 64]);
        for _ in 0..steps {
            let g = w.clone();
            fused_step(exec, &MuonMomentum { momentum: 0.0 }, &mut w, &g, [&mut m, &mut d]);
            orthogonalize(exec, &mut d, side, side);
            fused_step(exec, &Sgd { learning_rate: 0.01 }, &mut w, &d, []);
        }
        w
    };
    for_each_isa(|exec, label| {
        for (w, start) in after(exec, 60).iter().zip(&start) {
            let want = start * (1.0 - 60.0 * 0.01 * phi);
            assert!((w - want).abs() < 1e-6, "{label}: {w} instead of {want}"); // 1e-7 beside the norm
        }
        let norm = after(exec, 400).iter().map(|w| w * w).sum::<f64>().sqrt();
        assert!(norm < 0.01 * phi * (side as f64).sqrt(), "{label}: {norm}");
    });
}
