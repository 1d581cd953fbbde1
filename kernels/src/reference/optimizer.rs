//! Optimizer steps on one parameter: the new parameter and state, from the formulas in [`crate::optimizer`]; and the
//! [table](every_rule) of the rules.

mod layers;

pub use layers::{adafactor, lamb, orthogonalize};

use crate::optimizer::{
    AdaDelta, AdaGrad, Adam, Adamax, AmsGrad, Averaging, CenteredRmsProp, Lion, Momentum, NAdam, Nesterov, RmsProp,
    ScheduleFree, ScheduleFreeOptions, Sgd, UpdateRule,
};
use crate::real::Real;

/// A rule beside its scalar form: a row of the table.
#[derive(Debug)]
pub struct RuleCase<R, F> {
    /// The name for messages.
    pub name: &'static str,
    /// Step number, from 1 → the rule.
    pub rule: R,
    /// Step number, w, g, state → new w and state.
    pub scalar: F,
    /// FNV-1a of the bits of parameters and state after three steps, for `f32` and `f64`, as the tests have it: a change is a
    /// breaking change.
    pub golden: [u64; 2],
}

/// What is done with every rule.
pub trait ForRule<T: Real> {
    /// Does it with one.
    fn rule<R: UpdateRule<T, S>, const S: usize>(
        &mut self,
        case: RuleCase<impl Fn(u64) -> R + Sync, impl Fn(u64, T, T, [T; S]) -> (T, [T; S])>,
    );
}

/// The table: every rule of one pass, which tests take from here, and the program whose machine code is read.
pub fn every_rule<T: Real>(each: &mut impl ForRule<T>) {
    let [learning_rate, momentum, epsilon] = [0.01, 0.9, 1e-8].map(T::from_f64);
    let [decay, beta1, beta2] = [0.95, 0.9, 0.99];
    each.rule(RuleCase {
        name: "SGD",
        rule: |_| Sgd { learning_rate },
        scalar: |_, w, g, []: [T; 0]| (sgd(learning_rate, w, g), []),
        golden: [0x9bf5_4202_1b82_7903, 0xd824_f41e_43e0_70c1],
    });
    each.rule(RuleCase {
        name: "momentum",
        rule: |_| Momentum { learning_rate, momentum },
        scalar: |_, w, g, s| self::momentum(learning_rate, momentum, w, g, s),
        golden: [0xc631_1751_388b_7185, 0x40f0_5bc4_0947_de80],
    });
    each.rule(RuleCase {
        name: "Nesterov",
        rule: |_| Nesterov { learning_rate, momentum },
        scalar: |_, w, g, s| nesterov(learning_rate, momentum, w, g, s),
        golden: [0x3a85_6da8_e6d4_22cf, 0xcb15_6151_5843_ea88],
    });
    each.rule(RuleCase {
        name: "AdaGrad",
        rule: |_| AdaGrad { learning_rate, epsilon },
        scalar: |_, w, g, s| adagrad(learning_rate, epsilon, w, g, s),
        golden: [0xa43e_ac2f_cfba_2a54, 0xb82d_71eb_188a_8de5],
    });
    each.rule(RuleCase {
        name: "RMSprop",
        rule: |_| RmsProp { learning_rate, decay: Averaging::new(decay), epsilon },
        scalar: |_, w, g, s| rmsprop(learning_rate, decay, epsilon, w, g, s),
        golden: [0x09ca_ac42_b660_7163, 0xf768_689b_2092_85a8],
    });
    each.rule(RuleCase {
        name: "centered RMSprop",
        rule: |_| CenteredRmsProp { learning_rate, decay: Averaging::new(decay), epsilon },
        scalar: |_, w, g, s| centered_rmsprop(learning_rate, decay, epsilon, w, g, s),
        golden: [0x4ade_b277_d2ce_c393, 0x0938_c465_2db9_9a3f],
    });
    each.rule(RuleCase {
        name: "AdaDelta",
        rule: |_| AdaDelta { learning_rate, decay: Averaging::new(decay), epsilon },
        scalar: |_, w, g, s| adadelta(learning_rate, decay, epsilon, w, g, s),
        golden: [0xe6b3_d850_7a33_a624, 0x97a8_0d45_0f47_8aef],
    });
    each.rule(RuleCase {
        name: "Lion",
        rule: |_| Lion { learning_rate, beta1: Averaging::new(beta1), beta2: Averaging::new(beta2) },
        scalar: |_, w, g, s| lion(learning_rate, beta1, beta2, w, g, s),
        golden: [0xe9ee_8f20_3c0b_af3e, 0xcd77_7fea_5906_268f],
    });

    let options = AdamOptions { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let AdamOptions { learning_rate, beta1, beta2, epsilon } = options;
    each.rule(RuleCase {
        name: "Adam",
        rule: |t| Adam::at_step(t, learning_rate, beta1, beta2, epsilon),
        scalar: |t, w, g, s| adam(options, t, w, g, s),
        golden: [0x5548_6f50_4d53_657f, 0x496a_acde_499c_8578],
    });
    each.rule(RuleCase {
        name: "AMSGrad",
        rule: |t| AmsGrad::at_step(t, learning_rate, beta1, beta2, epsilon),
        scalar: |t, w, g, s| amsgrad(options, t, w, g, s),
        golden: [0x4d63_c171_d9f0_b003, 0xe5b7_07cd_5895_797a],
    });
    each.rule(RuleCase {
        name: "Adamax",
        rule: |t| Adamax::at_step(t, learning_rate, beta1, beta2, epsilon),
        scalar: |t, w, g, s| adamax(options, t, w, g, s),
        golden: [0x55b9_a3de_743d_061f, 0xbcd3_d09d_e197_9517],
    });
    each.rule(RuleCase {
        name: "NAdam",
        rule: |t| NAdam::at_step(t, &mut nadam_product(beta1, t - 1), learning_rate, beta1, beta2, epsilon),
        scalar: |t, w, g, s| nadam(options, t, nadam_product(beta1, t), w, g, s),
        golden: [0xba5a_3f2c_1645_e589, 0xeed4_608b_1d31_8eff],
    });
    let options = ScheduleFreeOptions { beta1, beta2, epsilon, weight_decay: 0.01 };
    let squares = |steps| (0..steps).fold(0.0, |sum, _| sum + learning_rate * learning_rate);
    each.rule(RuleCase {
        name: "schedule-free AdamW",
        rule: |t| ScheduleFree::at_step(t, &mut squares(t - 1), learning_rate, options),
        scalar: |t, y, g, s| schedule_free(learning_rate, options, t, y, g, s),
        golden: [0x3f5d_6fc0_f452_a64d, 0x8035_ec95_2403_97cc],
    });
}

/// [`crate::optimizer::Sgd`].
pub fn sgd<T: Real>(lr: T, w: T, g: T) -> T {
    (-lr).mul_add(g, w)
}

/// [`crate::optimizer::Momentum`], with state \[v\].
pub fn momentum<T: Real>(lr: T, mu: T, w: T, g: T, [v]: [T; 1]) -> (T, [T; 1]) {
    let v = mu.mul_add(v, g);
    ((-lr).mul_add(v, w), [v])
}

/// [`crate::optimizer::Nesterov`], with state \[v\].
fn nesterov<T: Real>(lr: T, mu: T, w: T, g: T, [v]: [T; 1]) -> (T, [T; 1]) {
    let v = mu.mul_add(v, g);
    ((-lr).mul_add(mu.mul_add(v, g), w), [v])
}

/// [`crate::optimizer::AdaGrad`], with state \[s\].
fn adagrad<T: Real>(lr: T, epsilon: T, w: T, g: T, [s]: [T; 1]) -> (T, [T; 1]) {
    let s = g.mul_add(g, s);
    ((-lr).mul_add(g / (s.sqrt() + epsilon), w), [s])
}

/// [`Averaging`]: β and 1 − β, each rounded once.
fn weights<T: Real>(beta: f64) -> (T, T) {
    (T::from_f64(beta), T::from_f64(1.0 - beta))
}

/// [`crate::optimizer::RmsProp`], with state \[v\].
fn rmsprop<T: Real>(lr: T, rho: f64, epsilon: T, w: T, g: T, [v]: [T; 1]) -> (T, [T; 1]) {
    let (rho, rest) = weights::<T>(rho);
    let v = rho.mul_add(v, rest * g * g);
    ((-lr).mul_add(g / (v.sqrt() + epsilon), w), [v])
}

/// [`crate::optimizer::CenteredRmsProp`], with state \[v, a\].
fn centered_rmsprop<T: Real>(lr: T, rho: f64, epsilon: T, w: T, g: T, [v, a]: [T; 2]) -> (T, [T; 2]) {
    let (rho, rest) = weights::<T>(rho);
    let v = rho.mul_add(v, rest * g * g);
    let a = rho.mul_add(a, rest * g);
    let variance = (-a).mul_add(a, v);
    let variance = if variance < T::ZERO { T::ZERO } else { variance };
    ((-lr).mul_add(g / (variance.sqrt() + epsilon), w), [v, a])
}

/// [`crate::optimizer::AdaDelta`], with state \[s, u\].
fn adadelta<T: Real>(lr: T, rho: f64, epsilon: T, w: T, g: T, [s, u]: [T; 2]) -> (T, [T; 2]) {
    let (rho, rest) = weights::<T>(rho);
    let s = rho.mul_add(s, rest * g * g);
    let delta = ((u + epsilon) / (s + epsilon)).sqrt() * g;
    let u = rho.mul_add(u, rest * delta * delta);
    ((-lr).mul_add(delta, w), [s, u])
}

/// [`crate::optimizer::Lion`], with state \[m\].
fn lion<T: Real>(lr: T, beta1: f64, beta2: f64, w: T, g: T, [m]: [T; 1]) -> (T, [T; 1]) {
    let ((beta1, rest1), (beta2, rest2)) = (weights::<T>(beta1), weights::<T>(beta2));
    let direction = beta1.mul_add(m, rest1 * g);
    let sign = match direction {
        d if d > T::ZERO => T::ONE,
        d if d < T::ZERO => -T::ONE,
        zero => zero,
    };
    ((-lr).mul_add(sign, w), [beta2.mul_add(m, rest2 * g)])
}

/// xᵗ, bit by bit of t.
fn power(x: f64, t: u64) -> f64 {
    let (mut result, mut square) = (1.0, x);
    for bit in 0..64 {
        if t >> bit & 1 == 1 {
            result *= square;
        }
        square *= square;
    }
    result
}

/// (1−β)-weighted averages of g and g².
fn moments<T: Real>(beta1: f64, beta2: f64, g: T, [m, v]: [T; 2]) -> [T; 2] {
    let ((beta1, rest1), (beta2, rest2)) = (weights::<T>(beta1), weights::<T>(beta2));
    [beta1.mul_add(m, rest1 * g), beta2.mul_add(v, rest2 * g * g)]
}

/// √v̂ + ε in step `t`.
fn denominator<T: Real>(beta2: f64, epsilon: f64, t: u64, v: T) -> T {
    let unbias_root = T::from_f64(1.0 / (1.0 - power(beta2, t)).sqrt());
    v.sqrt().mul_add(unbias_root, T::from_f64(epsilon))
}

/// The numbers of Adam and what is like it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamOptions {
    /// η
    pub learning_rate: f64,
    /// β₁
    pub beta1: f64,
    /// β₂
    pub beta2: f64,
    /// ε
    pub epsilon: f64,
}

impl AdamOptions {
    fn moments<T: Real>(&self, g: T, state: [T; 2]) -> [T; 2] {
        moments(self.beta1, self.beta2, g, state)
    }
    fn denominator<T: Real>(&self, t: u64, v: T) -> T {
        denominator(self.beta2, self.epsilon, t, v)
    }
    /// η/(1−β₁ᵗ)
    fn step_size<T: Real>(&self, t: u64) -> T {
        T::from_f64(self.learning_rate / (1.0 - power(self.beta1, t)))
    }
}

/// [`crate::optimizer::Adam`] in step `t` (counted from 1), with state \[m, v\].
pub fn adam<T: Real>(options: AdamOptions, t: u64, w: T, g: T, state: [T; 2]) -> (T, [T; 2]) {
    let [m, v] = options.moments(g, state);
    ((-options.step_size::<T>(t)).mul_add(m / options.denominator(t, v), w), [m, v])
}

/// [`crate::optimizer::AmsGrad`], with state \[m, v, u\].
fn amsgrad<T: Real>(options: AdamOptions, t: u64, w: T, g: T, [m, v, u]: [T; 3]) -> (T, [T; 3]) {
    let [m, v] = options.moments(g, [m, v]);
    let u = if u > v { u } else { v };
    ((-options.step_size::<T>(t)).mul_add(m / options.denominator(t, u), w), [m, v, u])
}

/// [`crate::optimizer::Adamax`], with state \[m, u\].
fn adamax<T: Real>(options: AdamOptions, t: u64, w: T, g: T, [m, u]: [T; 2]) -> (T, [T; 2]) {
    let [m, _] = options.moments(g, [m, T::ZERO]);
    let (decayed, fresh) = (T::from_f64(options.beta2) * u, g.abs() + T::from_f64(options.epsilon));
    let u = if decayed > fresh { decayed } else { fresh };
    ((-options.step_size::<T>(t)).mul_add(m / u, w), [m, u])
}

/// μₜ of [`crate::optimizer::NAdam`].
fn nadam_momentum(beta1: f64, t: u64) -> f64 {
    beta1 * (1.0 - 0.5 * power(0.999_836_725_352_675_3, t))
}

/// Πₜ of [`crate::optimizer::NAdam`]: the product of its momenta in the order of the steps.
pub fn nadam_product(beta1: f64, t: u64) -> f64 {
    (1..=t).fold(1.0, |product, t| product * nadam_momentum(beta1, t))
}

/// [`crate::optimizer::NAdam`] in step t with Πₜ, the `product`, and state \[m, v\].
pub fn nadam<T: Real>(options: AdamOptions, t: u64, product: f64, w: T, g: T, state: [T; 2]) -> (T, [T; 2]) {
    let (lr, mu) = (options.learning_rate, |t| nadam_momentum(options.beta1, t));
    let [m, v] = options.moments(g, state);
    let of_momentum = T::from_f64(lr * mu(t + 1) / (1.0 - product * mu(t + 1)));
    let of_gradient = T::from_f64(lr * (1.0 - mu(t)) / (1.0 - product));
    let direction = of_momentum.mul_add(m, of_gradient * g);
    (w - direction / options.denominator(t, v), [m, v])
}

/// [`crate::optimizer::ScheduleFree`] with a constant rate, and state \[z, v\].
fn schedule_free<T: Real>(lr: f64, options: ScheduleFreeOptions, t: u64, y: T, g: T, [z, v]: [T; 2]) -> (T, [T; 2]) {
    let ScheduleFreeOptions { beta1, beta2, epsilon, weight_decay } = options;
    let squares = (1..=t).fold(0.0, |sum, _| sum + lr * lr);
    let average = lr * lr / squares;
    let [_, v] = moments(0.0, beta2, g, [z, v]);
    let u = T::from_f64(weight_decay).mul_add(y, g / denominator(beta2, epsilon, t, v));
    let towards = T::from_f64(average).mul_add(z - y, y);
    let step_size = T::from_f64(lr * (1.0 - beta1 * (1.0 - average)));
    ((-step_size).mul_add(u, towards), [(-T::from_f64(lr)).mul_add(u, z), v])
}

/// The gradient that [`crate::optimizer::ClipValue`] hands on.
pub fn clip_value<T: Real>(limit: T, g: T) -> T {
    match g {
        g if g < -limit => -limit,
        g if g > limit => limit,
        g => g,
    }
}

/// What [`crate::optimizer::SoftThreshold`] makes of a parameter.
pub fn soft_threshold<T: Real>(threshold: T, w: T) -> T {
    w - clip_value(threshold, w)
}

/// What [`crate::optimizer::FlushState`] makes of an element of the state.
pub fn flush<T: Real>(below: T, s: T) -> T {
    if s.abs() < below { T::ZERO } else { s }
}

/// The gradient that [`crate::optimizer::CoupledDecay`] hands on.
pub fn coupled_decay<T: Real>(lambda: T, w: T, g: T) -> T {
    lambda.mul_add(w, g)
}

/// The parameter that [`crate::optimizer::DecoupledDecay`] hands on.
pub fn decoupled_decay<T: Real>(rate: T, w: T) -> T {
    (-rate).mul_add(w, w)
}
