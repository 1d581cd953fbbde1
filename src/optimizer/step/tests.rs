//! What belongs to a layer, and where step transforms stand, for rules of several passes.

use crate::{Optimizer, Rule, StepTransforms};
use simdescent_kernels::optimizer::{MuonMomentum, Sgd, fused_step, orthogonalize};
use simdescent_kernels::{Exec, axpy};

const ADAFACTOR: Rule =
    Rule::Adafactor { momentum: 0.9, decay: 0.8, epsilon: 1e-30, clip: 1.0, scale_parameter: Some(1e-3) };
const ADAMW: Rule = Rule::AdamW { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.01 };
/// A hidden layer, one with a single output, their biases.
const LAYOUT: [(usize, usize); 4] = [(3, 5), (1, 5), (5, 1), (1, 1)];
const N: usize = 26;

fn numbers(seed: u32) -> Vec<f32> {
    (0..N as u32).map(|i| ((i * 37 + seed * 101) % 64) as f32 / 32.0 - 0.98).collect()
}

/// The parameters after two steps at rate 0.1.
fn after(
    rule: Rule,
    step_transforms: StepTransforms,
    l2: f32,
    layout: &[(usize, usize)],
    [w, g, h]: [&[f32]; 3],
) -> Vec<f32> {
    let (mut w, mut optimizer) = (w.to_vec(), Optimizer::new(rule, step_transforms, layout));
    for g in [g, h] {
        optimizer.step(Exec::default(), 0.1, l2, &mut w, g);
    }
    w
}

#[test]
fn layers_are_apart_and_state_is_no_longer_than_needed() {
    let all = [1, 2, 3].map(numbers);
    let part = |range: std::ops::Range<usize>| all.each_ref().map(|x| &x[range.clone()]);
    for rule in [Rule::ADAFACTOR, ADAFACTOR] {
        let got = after(rule, StepTransforms::NONE, 0.0, &LAYOUT, part(0..N));
        let mut start = 0;
        for layer in LAYOUT {
            let range = start..start + layer.0 * layer.1;
            start = range.end;
            let alone = after(rule, StepTransforms::NONE, 0.0, &[layer], part(range.clone()));
            assert_eq!(got[range], alone, "{rule:?}, {layer:?}");
        }
    }
    assert_eq!(Rule::ADAFACTOR.state_lengths(&LAYOUT), [8 + 6 + 6 + 2, 0, 0]);
    assert_eq!(ADAFACTOR.state_lengths(&LAYOUT), [22, N, 0]);
    assert_eq!(Rule::MUON.state_lengths(&LAYOUT), [N, N - 15, 0]);
}

/// The hidden matrix by hand; everything else as AdamW has it.
#[test]
fn muon_takes_hidden_matrices_and_adamw_the_rest() {
    let [w, g, h] = [1, 2, 3].map(numbers);
    let got = after(Rule::MUON, StepTransforms::NONE, 0.0, &LAYOUT, [&w, &g, &h]);
    let adamw = after(ADAMW, StepTransforms::NONE, 0.0, &LAYOUT, [&w, &g, &h]);
    assert_eq!(got[15..], adamw[15..]);
    let (mut want, mut m, mut d) = (w[..15].to_vec(), [0.0; 15], [0.0; 15]);
    for g in [&g[..15], &h[..15]] {
        fused_step(Exec::default(), &MuonMomentum { momentum: 0.95 }, &mut want, g, [&mut m, &mut d]);
        orthogonalize(Exec::default(), &mut d, 3, 5);
        want.iter_mut().for_each(|w| *w *= 1.0 - 0.1 * 0.01);
        fused_step(Exec::default(), &Sgd { learning_rate: 0.1 * 0.2 * 5f32.sqrt() }, &mut want, &d, []);
    }
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() < 1e-6, "{got} instead of {want}");
    }
    // The first array of a network that has no hidden layer is its last; one array of all parameters is a vector.
    for layout in [&[(13, 2)][..], &[(1, N)], &[(12, 2), (1, 2)], &[(N, 1)]] {
        let rule = [Rule::MUON, ADAMW].map(|rule| after(rule, StepTransforms::NONE, 0.0, layout, [&w, &g, &h]));
        assert_eq!(rule[0], rule[1], "{layout:?}");
    }
}

/// Penalty and clipping change the gradient that the rule sees; decay and L1 its parameters.
#[test]
fn step_transforms_stand_around_rules_of_several_passes() {
    let [w, g, h] = [1, 2, 3].map(numbers);
    let exec = Exec::default();
    for rule in [Rule::ADAFACTOR, ADAFACTOR, Rule::MUON] {
        let one = |step_transforms, l2, g: &[f32]| {
            let mut w = w.clone();
            Optimizer::new(rule, step_transforms, &LAYOUT).step(exec, 0.1, l2, &mut w, g);
            w
        };
        let plain = one(StepTransforms::NONE, 0.0, &g);
        let mut penalized = g.clone();
        axpy(exec, 0.5, &w, &mut penalized);
        assert_eq!(one(StepTransforms::NONE, 0.5, &g), one(StepTransforms::NONE, 0.0, &penalized), "{rule:?}");
        assert_ne!(one(StepTransforms::NONE, 0.5, &g), plain, "{rule:?}");
        let clipped: Vec<f32> = g.iter().map(|g| g.clamp(-0.25, 0.25)).collect();
        let step_transforms = StepTransforms { clip_value: Some(0.25), ..StepTransforms::NONE };
        assert_eq!(one(step_transforms, 0.0, &g), one(StepTransforms::NONE, 0.0, &clipped), "{rule:?}");
        assert_ne!(one(step_transforms, 0.0, &g), plain, "{rule:?}");
        // All rules are blind to the size of one gradient, but not to that of one among others.
        let norm =
            |clip_norm| after(rule, StepTransforms { clip_norm, ..StepTransforms::NONE }, 0.0, &LAYOUT, [&w, &g, &h]);
        assert_ne!(norm(Some(0.1)), norm(None), "{rule:?}");
        let decayed = one(StepTransforms { weight_decay: 0.5, ..StepTransforms::NONE }, 0.0, &g);
        let shrunk = one(StepTransforms { l1: 0.25, ..StepTransforms::NONE }, 0.0, &g);
        for i in 0..N {
            assert!((decayed[i] - (plain[i] - 0.05 * w[i])).abs() < 1e-3, "{rule:?}: {} {}", decayed[i], plain[i]);
            assert!((shrunk[i] - (plain[i] - plain[i].clamp(-0.025, 0.025))).abs() < 1e-6, "{rule:?}");
        }
    }
}

/// Its rate is that of the schedule times the RMS of the parameters, or ε₂ where they are smaller; RMS(U) is at most d.
#[test]
fn adafactor_scales_by_the_parameters_and_clips() {
    let rule =
        |clip, scale_parameter| Rule::Adafactor { momentum: 0.0, decay: 0.8, epsilon: 1e-30, clip, scale_parameter };
    // A gradient that grows is larger than the root of its averages.
    let (g, grown) = (numbers(2), numbers(2).iter().map(|g| 10.0 * g).collect::<Vec<_>>());
    let moved = |rule, w: f32| {
        let mut v = vec![w; N];
        let mut optimizer = Optimizer::new(rule, StepTransforms::NONE, &[(2, 13)]);
        optimizer.step(Exec::default(), 0.1, 0.0, &mut v, &g);
        let before = v.clone();
        optimizer.step(Exec::default(), 0.1, 0.0, &mut v, &grown);
        (v.iter().zip(before).map(|(v, before)| (v - before).powi(2)).sum::<f32>() / N as f32).sqrt()
    };
    let near = |got: f32, want: f32| assert!((got / want - 1.0).abs() < 0.01, "{got} instead of {want}");
    let beta2 = 1.0 - 2f32.powf(-0.8);
    near(moved(rule(100.0, None), 0.0), 0.1 * 10.0 / (beta2 + 100.0 * (1.0 - beta2)).sqrt());
    near(moved(rule(1.0, None), 0.0), 0.1);
    near(moved(rule(0.5, None), 0.0), 0.05);
    near(moved(rule(1.0, Some(0.25)), 0.0), 0.025);
    near(moved(rule(1.0, Some(0.25)), 4.0), 0.4);
}

/// Without a gradient only penalties and weight decay move parameters: of every kind, in every rule, those that are penalized.
#[test]
fn what_is_not_penalized_stays() {
    let [w, zero] = [numbers(1), vec![0.0; N]];
    let penalties = [
        (0.5, StepTransforms::NONE, 0.0),
        (0.0, StepTransforms { weight_decay: 0.5, ..StepTransforms::NONE }, 0.0),
        (0.0, StepTransforms { l1: 0.25, ..StepTransforms::NONE }, 0.0),
        (0.0, StepTransforms { clip_norm: Some(1.0), ..StepTransforms::NONE }, 0.25),
        (0.0, StepTransforms::NONE, 0.25),
    ];
    for (rule, (l2, step_transforms, own)) in Rule::ALL.into_iter().flat_map(|rule| penalties.map(|p| (rule, p))) {
        if rule.name() == "schedule-free" && (step_transforms.weight_decay, step_transforms.l1) != (0.0, 0.0) {
            continue; // takes neither
        }
        let rule = match rule.with("weight_decay", own) {
            Some(rule) => rule,
            None if own > 0.0 => continue,
            None => rule,
        };
        for penalized in [[true, false, true, false], [true; 4]] {
            let (mut got, mut start) = (w.clone(), 0);
            let mut optimizer = Optimizer::new(rule, step_transforms, &LAYOUT).with_penalized(penalized.to_vec());
            optimizer.step(Exec::default(), 0.1, l2, &mut got, &zero);
            for ((rows, cols), penalized) in LAYOUT.into_iter().zip(penalized) {
                let layer = start..start + rows * cols;
                start = layer.end;
                let moved = got[layer.clone()] != w[layer];
                assert_eq!(moved, penalized, "{rule:?}, l2 {l2}, {step_transforms:?}, {rows}x{cols}");
            }
        }
    }
}
