//! Schedule-free AdamW (Defazio et al. 2024): averaging in place of a learning-rate schedule.

use super::adam::{check, power};
use super::{Averaging, UpdateRule};
use crate::lanes::{Kernel, Lanes, zip_map};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each};

/// The parameters are y, where the gradient is taken; state: z, v. With c = ηₜ²/Σᵢ≤ₜ ηᵢ², κ = 1/√(1−β₂ᵗ):
/// v ← fma(β₂, v, ((1−β₂)·g)·g); u = fma(λ, y, g/fma(√v, κ, ε));
/// y ← fma(−η·(1 − β₁·(1−c)), u, fma(c, z − y, y)); z ← fma(−η, u, z).
///
/// z has to start as a copy of the parameters. The result of training is not y but the average x = z + (y − z)/β₁:
/// [`schedule_free_average`]. As in the authors' code, x is not stored; weights of the average are ηₜ², as in the
/// paper (their code takes the largest η so far).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleFree<T> {
    beta2: Averaging<T>,
    epsilon: T,
    /// η
    learning_rate: T,
    /// λ
    weight_decay: T,
    /// κ
    unbias_root: T,
    /// c
    average: T,
    /// η·(1 − β₁·(1−c))
    step_size: T,
}

/// What a [`ScheduleFree`] rule has besides the step and its learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleFreeOptions {
    /// β₁, in (0, 1): where between average and z the gradient is taken, e.g. 0.9
    pub beta1: f64,
    /// β₂, in [0, 1), e.g. 0.999
    pub beta2: f64,
    /// ε, outside the root, after bias correction, e.g. 1e-8
    pub epsilon: f64,
    /// λ, decoupled from the gradient, multiplied by η
    pub weight_decay: f64,
}

impl<T: Real> ScheduleFree<T> {
    /// The rule for step `t`, counted from 1. `squares` is Σ ηᵢ² of the steps before, hence 0 before the first, and
    /// becomes that of all.
    ///
    /// # Panics
    /// If `t` is 0, β₁ is not in (0, 1), or β₂ is not in [0, 1) or rounds to 1.
    #[track_caller]
    pub fn at_step(t: u64, squares: &mut f64, learning_rate: f64, options: ScheduleFreeOptions) -> Self {
        let ScheduleFreeOptions { beta1, beta2, epsilon, weight_decay } = options;
        check("schedule-free AdamW", t);
        assert!(beta1 > 0.0 && beta1 < 1.0, "schedule-free AdamW: beta1 has to be in (0, 1), got {beta1}");
        let square = learning_rate * learning_rate;
        *squares += square;
        // A warm-up may begin with a rate of 0, which has no weight.
        let average = if square > 0.0 { square / *squares } else { 0.0 };
        Self {
            beta2: Averaging::new(beta2),
            epsilon: T::from_f64(epsilon),
            learning_rate: T::from_f64(learning_rate),
            weight_decay: T::from_f64(weight_decay),
            unbias_root: T::from_f64(1.0 / (1.0 - power(beta2, t)).sqrt()),
            average: T::from_f64(average),
            step_size: T::from_f64(learning_rate * (1.0 - beta1 * (1.0 - average))),
        }
    }
}

impl<T: Real> UpdateRule<T, 2> for ScheduleFree<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, y: L::Reg, g: L::Reg, [z, v]: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let v = self.beta2.add_square(l, v, g);
        let denominator = l.fma(l.sqrt(v), l.splat(self.unbias_root), l.splat(self.epsilon));
        let u = l.fma(l.splat(self.weight_decay), y, l.div(g, denominator));
        let towards = l.fma(l.splat(self.average), l.sub(z, y), y);
        let y = l.fnma(l.splat(self.step_size), u, towards);
        (y, [l.fnma(l.splat(self.learning_rate), u, z), v])
    }
}

/// y ← x = fma(1/β₁, y − z, z): the average that [`ScheduleFree`] training is after, from its parameters y and state z.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
#[inline(never)]
pub fn schedule_free_average<T: Real>(exec: Exec<'_>, beta1: f64, y: &mut [T], z: &[T]) {
    assert_eq!(y.len(), z.len(), "schedule-free average: parameters and state differ in length");
    let inverse = T::from_f64(1.0 / beta1);
    for_each(exec.par(), (y, z), CHUNK, &|(y, z)| exec.run(Average { inverse, y, z }));
}

struct Average<'a, T> {
    /// 1/β₁
    inverse: T,
    y: &'a mut [T],
    z: &'a [T],
}
impl<T: Real> Kernel<T> for Average<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let inverse = l.splat(self.inverse);
        zip_map(
            l,
            self.y,
            self.z,
            #[inline(always)]
            |y, z| l.fma(inverse, l.sub(y, z), z),
        );
    }
}
