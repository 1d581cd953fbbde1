//! Optimizers that need more than an element at a time: norms of a layer.

use crate::compare::assert_bits;
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Kind, Placed, lengths, numbers};
use crate::optimizer_properties::assert_near;
use simdescent_kernels::optimizer::{ClipValue, Lamb, LambOptions, Scaled, fused_step, lamb_step, trust_ratio};
use simdescent_kernels::{Real, reference};

for_f32_and_f64! { lamb }

const OPTIONS: LambOptions = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };

/// Three steps.
fn lamb<T: Real>() {
    for n in lengths() {
        // Norms are meant for numbers whose squares are some.
        let start = numbers::<T>(Kind::Ordinary, n, 1);
        let gradients: Vec<Vec<T>> = (0..3).map(|t| numbers(Kind::Ordinary, n, 2 + t)).collect();
        let (mut want, mut state) = (start.clone(), vec![[T::ZERO; 2]; n]);
        for (t, g) in (1..).zip(&gradients) {
            reference::lamb(0.1, OPTIONS, t, &mut want, g, &mut state);
        }
        let moments = [0, 1].map(|i| state.iter().map(|s| s[i]).collect::<Vec<T>>());
        for_each_exec(|exec, label| {
            let mut w = Placed::new(&start, n % 4);
            let [mut m, mut v] = [1, 2].map(|i| Placed::new(&vec![T::ZERO; n], (n + i) % 4));
            for (t, g) in (1..).zip(&gradients) {
                lamb_step(exec, &Lamb::at_step(t, 0.1, OPTIONS), &mut w, g, [&mut m, &mut v]);
            }
            for (got, want) in [(&w, &want), (&m, &moments[0]), (&v, &moments[1])] {
                assert_bits(got, want, format_args!("{label}, n = {n}"));
                got.assert_frame_untouched(format_args!("{label}, n = {n}"));
            }
        });
    }
}

/// From algorithm 2 of the paper in 50 digits, with η = 0.1, ε = 1e-3, β₁ = 0.9, β₂ = 0.99, λ = 0.5.
#[test]
fn lamb_by_hand() {
    let options = LambOptions { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weight_decay: 0.5 };
    for_each_isa(|exec, label| {
        let (mut w, mut m, mut v) = ([3.0, -4.0], [0.0; 2], [0.0; 2]);
        for (t, gradient, want) in [
            (1, [1.0, -0.5], [2.6798575756768988, -3.61593121950811]),
            (2, [0.25, 2.0], [2.289810878584293, -3.3913660258818226]),
            (3, [-1.0, 0.0], [2.013002472848379, -3.0899973474730906]),
        ] {
            lamb_step(exec, &Lamb::at_step(t, 0.1, options), &mut w, &gradient, [&mut m, &mut v]);
            for i in 0..2 {
                assert_near(w[i], want[i], 1e-14, &format!("{label}, step {t}, element {i}"));
            }
        }
    });
}

/// A step is η‖w‖ long however large gradient and parameters are; η‖r‖ where the parameters are 0.
#[test]
fn the_length_of_lambs_step_is_that_of_the_layer() {
    for_each_isa(|exec, label| {
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        for size in [1e-3, 1.0, 1e3] {
            let start: Vec<f64> = numbers::<f64>(Kind::Ordinary, 101, 1).iter().map(|w| w * size).collect();
            let gradient: Vec<f64> = numbers::<f64>(Kind::Ordinary, 101, 2).iter().map(|g| g * 300.0).collect();
            let (mut w, mut m, mut v) = (start.clone(), vec![0.0; 101], vec![0.0; 101]);
            lamb_step(exec, &Lamb::at_step(1, 0.01, OPTIONS), &mut w, &gradient, [&mut m, &mut v]);
            let moved: Vec<f64> = w.iter().zip(&start).map(|(a, b)| a - b).collect();
            assert_near(norm(&moved), 0.01 * norm(&start), 1e-9, &format!("{label}, size {size}"));

            let (mut w, mut m, mut v) = (vec![0.0; 101], vec![0.0; 101], vec![0.0; 101]);
            lamb_step(exec, &Lamb::at_step(1, 0.01, OPTIONS), &mut w, &gradient, [&mut m, &mut v]);
            assert_near(norm(&w), 0.01 * 101f64.sqrt(), 1e-6, &format!("{label}, from 0")); // signs
        }
    });
}

/// Wrappers compose with the first pass, whose tail they must not fill.
#[test]
fn clipping_lamb_clips_its_gradient() {
    let n = 37;
    let (start, gradient) = (numbers::<f32>(Kind::Ordinary, n, 1), numbers::<f32>(Kind::Ordinary, n, 2));
    let clipped: Vec<f32> = gradient.iter().map(|&g| reference::clip_value(0.1, 0.5 * g)).collect();
    for_each_isa(|exec, label| {
        let lamb = Lamb::at_step(1, 0.1, OPTIONS);
        let (mut want, mut m, mut v) = (start.clone(), vec![0.0; n], vec![0.0; n]);
        lamb_step(exec, &lamb, &mut want, &clipped, [&mut m, &mut v]);
        let (mut w, mut m, mut v) = (start.clone(), vec![0.0; n], vec![0.0; n]);
        let rule = Scaled { factor: 0.5, rule: ClipValue { limit: 0.1, rule: lamb } };
        let ratio = trust_ratio(exec, &lamb, &rule, &w, &gradient, [&mut m, &mut v]);
        fused_step(exec, &lamb.step(ratio), &mut w, &m, [&mut v]);
        assert_bits(&w, &want, format_args!("{label}"));
    });
}
