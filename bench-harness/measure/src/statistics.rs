//! Statistics of runs: pure functions, whose results have the same bits on every machine.
//!
//! Steps, samples or times to a target are lower-is-better. A run that missed its target is +∞ where a function takes plain numbers, and
//! a [`ToTarget`] where it matters how it missed. NaN is never a measurement and nothing can be said of nothing: with a NaN or without
//! values a function that returns an `Option` gives `None`. Each function says what it does besides.
//!
//! An interval is two-sided; its `confidence` is a number such as 0.95.

mod batch_curve;
mod best_rate;
mod bootstrap;
mod curve_interval;
mod distribution;
mod good_rates;
mod hypothesis;
mod interval;
mod least_squares;
mod log_curve;
mod overhead;
mod pace;
mod paired;
mod performance_profile;
mod points;
mod pseudo_median;
mod quantile;
mod rate_curve;
mod replicates;
mod speed;
mod step_time;
mod success;
mod survival;
mod tuning_curve;
mod winner;

pub use batch_curve::{BatchCurve, BatchFit, BatchModel, fit_batch_curve, fit_batch_curves};
pub use best_rate::{BestRate, best_rate};
pub use bootstrap::{Bootstrap, Draw, nested_bootstrap};
pub use curve_interval::{BatchResamples, Runs, centers};
pub use distribution::{coin_cdf, normal_cdf, normal_quantile, student_t_cdf, student_t_quantile};
pub use good_rates::{GoodRates, good_rates};
pub use hypothesis::{holm, sign_test, signed_rank_test};
pub use interval::{Estimate, Interval};
pub use overhead::{BatchLimit, largest_batch_within};
pub use pace::{Gains, batch_in_pace_interval, largest_batch_in_pace, paces};
pub use paired::{geometric_mean, geometric_mean_ratio, probability_of_beating, variance_removed_by_pairing};
pub use performance_profile::{PerformanceProfile, performance_profiles};
pub use pseudo_median::pseudo_median;
pub use quantile::{interquartile_half_range, median, median_with_interval, quantile, quartiles};
pub use rate_curve::{RateCurve, RateFit, fit_rate_curves, rate_exponent};
pub use replicates::{Replicates, regret_of_choice};
pub use speed::{SpeedUp, SpeedVerdict, speed_verdicts};
pub use step_time::{StepTime, fastest_batch_size, fit_step_time};
pub use success::{ToTarget, expected_running_time, success_rate, wilson};
pub use survival::{Fall, KaplanMeier, kaplan_meier};
pub use tuning_curve::tuning_curve;
pub use winner::{Verdict, name_winner};
