//! The options of a learning-rate schedule.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::{
    Anneal, Cosine, Exponential, InverseTime, LearningRate, OneCycle, Plateau, Polynomial, ReduceOnPlateau, Step,
    WarmRestarts, Warmup,
};

/// The kinds of schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScheduleName {
    /// η
    Constant,
    /// η·f^⌊t/every⌋: --factor (0.1), --every (T/3)
    Step,
    /// η/(1 + r·t/T): --decay (1)
    InverseTime,
    /// η·f^(t/T): --factor (0.1)
    Exponential,
    /// (η − floor·η)·(1 − t/T)^p + floor·η: --power (1), --floor (0)
    Polynomial,
    /// η·((1 − floor)·½(1 + cos πt/T) + floor): --floor (0)
    Cosine,
    /// Cosine decays one after another, the first of --decay-steps (T/7 by default): --floor (0), --period-growth (2), --peak-factor (1)
    WarmRestarts,
    /// Up to η during a share of T, then down: --start (0.04), --rise (0.3), --floor (4e-6), --anneal (cosine)
    OneCycle,
    /// Times a factor when the validation loss stops falling: --factor (0.1), --floor (0), --plateau-patience, …
    ReduceOnPlateau,
}

/// The numbers of a schedule; those left out have the usual values.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ScheduleOptions {
    /// η, the highest learning rate [default: 0.01]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// T: over how many steps the schedule decays [default: all steps after the warm-up]
    #[arg(long, value_name = "N")]
    decay_steps: Option<u64>,
    /// Multiplies the rate: per --every steps, per T steps, or per plateau
    #[arg(long, value_name = "F")]
    factor: Option<f64>,
    /// Steps between two reductions of a step schedule
    #[arg(long, value_name = "N")]
    every: Option<u64>,
    /// r of the inverse-time schedule
    #[arg(long, value_name = "R")]
    decay: Option<f64>,
    /// p of the polynomial schedule
    #[arg(long, value_name = "P")]
    power: Option<f64>,
    /// The lowest rate, as a share of --rate
    #[arg(long, value_name = "SHARE")]
    floor: Option<f64>,
    /// How much longer each period of the warm restarts is
    #[arg(long, value_name = "N")]
    period_growth: Option<u64>,
    /// What multiplies the peak of each period of the warm restarts
    #[arg(long, value_name = "F")]
    peak_factor: Option<f64>,
    /// Where one cycle starts, as a share of --rate
    #[arg(long, value_name = "SHARE")]
    start: Option<f64>,
    /// The share of the steps in which one cycle goes up
    #[arg(long, value_name = "SHARE")]
    rise: Option<f64>,
    /// How one cycle goes from one value to the next
    #[arg(long, value_enum)]
    anneal: Option<AnnealName>,
    /// Validations without improvement that are no plateau yet [default: 10]
    #[arg(long, value_name = "N")]
    plateau_patience: Option<u64>,
    /// The share of the best validation loss that is an improvement [default: 1e-4]
    #[arg(long, value_name = "SHARE")]
    plateau_min_delta: Option<f64>,
    /// Validations after a plateau that do not count [default: 0]
    #[arg(long, value_name = "N")]
    plateau_cooldown: Option<u64>,
    /// Steps of linear warm-up in front of the schedule [default: 0]
    #[arg(long, value_name = "N")]
    warmup: Option<u64>,
    /// Where the warm-up starts, as a share of the schedule's first rate [default: 0]
    #[arg(long, value_name = "SHARE")]
    warmup_from: Option<f64>,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnnealName {
    Cosine,
    Linear,
}

impl ScheduleOptions {
    /// Another rate.
    pub(crate) fn set_rate(&mut self, rate: f64) {
        self.rate = Some(rate);
    }

    /// The schedule and its warm-up, for a training of `steps` steps.
    pub(crate) fn build(&self, name: ScheduleName, steps: u64) -> Result<(LearningRate, Warmup)> {
        self.check_use(name)?;
        let warmup = Warmup { steps: self.warmup.unwrap_or(0), from: self.warmup_from.unwrap_or(0.0) };
        let rate = self.rate.unwrap_or(0.01);
        let all = steps.saturating_sub(warmup.steps).max(1);
        let steps = self.decay_steps.unwrap_or(all);
        let factor = self.factor.unwrap_or(0.1);
        let floor = self.floor.unwrap_or(0.0);
        let schedule = match name {
            ScheduleName::Constant => LearningRate::Constant { rate },
            ScheduleName::Step => {
                LearningRate::Step(Step { rate, factor, every: self.every.unwrap_or(all.div_ceil(3)) })
            }
            ScheduleName::InverseTime => {
                LearningRate::InverseTime(InverseTime { rate, decay: self.decay.unwrap_or(1.0), steps })
            }
            ScheduleName::Exponential => LearningRate::Exponential(Exponential { rate, factor, steps }),
            ScheduleName::Polynomial => LearningRate::Polynomial(Polynomial {
                rate,
                end: floor * rate,
                power: self.power.unwrap_or(1.0),
                steps,
            }),
            ScheduleName::Cosine => LearningRate::Cosine(Cosine { rate, floor, steps }),
            ScheduleName::WarmRestarts => LearningRate::WarmRestarts(WarmRestarts {
                rate,
                floor,
                steps: self.decay_steps.unwrap_or(all.div_ceil(7)),
                growth: self.period_growth.unwrap_or(2),
                peak: self.peak_factor.unwrap_or(1.0),
            }),
            ScheduleName::OneCycle => LearningRate::OneCycle(OneCycle {
                rate,
                start: self.start.unwrap_or(0.04),
                end: self.floor.unwrap_or(4e-6),
                rise: self.rise.unwrap_or(0.3),
                steps,
                anneal: match self.anneal {
                    Some(AnnealName::Linear) => Anneal::Linear,
                    Some(AnnealName::Cosine) | None => Anneal::Cosine,
                },
            }),
            ScheduleName::ReduceOnPlateau => LearningRate::ReduceOnPlateau(ReduceOnPlateau {
                rate,
                factor,
                floor: floor * rate,
                plateau: self.plateau(),
            }),
        };
        schedule.validate()?;
        warmup.validate(schedule)?;
        Ok((schedule, warmup))
    }

    /// What counts as a plateau.
    pub(crate) fn plateau(&self) -> Plateau {
        let usual = Plateau::default();
        Plateau {
            patience: self.plateau_patience.unwrap_or(usual.patience),
            min_delta: self.plateau_min_delta.unwrap_or(usual.min_delta),
            cooldown: self.plateau_cooldown.unwrap_or(usual.cooldown),
        }
    }

    /// Refuses a number that the schedule does not look at: it is a mistake.
    fn check_use(&self, name: ScheduleName) -> Result<()> {
        use ScheduleName::{
            Cosine, Exponential, InverseTime, OneCycle, Polynomial, ReduceOnPlateau, Step, WarmRestarts,
        };
        let users: [(&str, bool, &[ScheduleName]); 11] = [
            (
                "decay-steps",
                self.decay_steps.is_some(),
                &[InverseTime, Exponential, Polynomial, Cosine, WarmRestarts, OneCycle],
            ),
            ("factor", self.factor.is_some(), &[Step, Exponential, ReduceOnPlateau]),
            ("every", self.every.is_some(), &[Step]),
            ("decay", self.decay.is_some(), &[InverseTime]),
            ("power", self.power.is_some(), &[Polynomial]),
            ("floor", self.floor.is_some(), &[Polynomial, Cosine, WarmRestarts, OneCycle, ReduceOnPlateau]),
            ("period-growth", self.period_growth.is_some(), &[WarmRestarts]),
            ("peak-factor", self.peak_factor.is_some(), &[WarmRestarts]),
            ("start", self.start.is_some(), &[OneCycle]),
            ("rise", self.rise.is_some(), &[OneCycle]),
            ("anneal", self.anneal.is_some(), &[OneCycle]),
        ];
        for (flag, given, users) in users {
            if given && !users.contains(&name) {
                let of = |name: &ScheduleName| name.to_possible_value().expect("named").get_name().to_owned();
                let users: Vec<_> = users.iter().map(of).collect();
                bail!("--{flag} belongs to the schedules {}, not to {}", users.join(", "), of(&name));
            }
        }
        Ok(())
    }
}
