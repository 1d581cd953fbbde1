//! What the curves over the batch size say of 400 simulated studies whose truth is known:
//! `cargo run --release -p simdescent-measure --example curve_coverage`.
//!
//! A study has eight batch sizes from 8 to 1024 and so many seeds. Steps are log-normal around one of the three curves; of the luck of a
//! seed one half is shared by all batch sizes, as in a sweep. The best rate is the vertex of a parabola through eleven rates.
//!
//! Of 400 studies each, as it was last run:
//!
//! | 95 % interval | holds the truth, % | lies below, % | lies above, % | high/low | the right curve wins by AICc, % |
//! | --- | ---: | ---: | ---: | ---: | ---: |
//! | B_crit, hyperbola, 7 seeds, sd 0.05 | 96.5 | 1.5 | 2.0 | 1.10 | 98.0 |
//! | B_crit by the winning curve, hyperbola, 7 seeds, sd 0.05 | 96.5 | 1.5 | 2.0 | 1.10 |  |
//! | B₂₀, hyperbola, 7 seeds, sd 0.05 | 99.2 | 0.8 | 0.0 | 1.88 |  |
//! | B_crit, hyperbola, 7 seeds, sd 0.2 | 97.0 | 1.2 | 1.8 | 1.44 | 97.8 |
//! | B_crit by the winning curve, hyperbola, 7 seeds, sd 0.2 | 97.2 | 1.2 | 1.5 | 1.44 |  |
//! | B₂₀, hyperbola, 7 seeds, sd 0.2 | 98.0 | 2.0 | 0.0 | 6.03 |  |
//! | B_crit, hyperbola, 15 seeds, sd 0.05 | 98.5 | 0.8 | 0.8 | 1.07 | 96.8 |
//! | B_crit by the winning curve, hyperbola, 15 seeds, sd 0.05 | 98.2 | 1.0 | 0.8 | 1.07 |  |
//! | B₂₀, hyperbola, 15 seeds, sd 0.05 | 98.8 | 0.8 | 0.5 | 1.51 |  |
//! | B_crit, hyperbola, 15 seeds, sd 0.2 | 98.5 | 1.0 | 0.5 | 1.32 | 97.0 |
//! | B_crit by the winning curve, hyperbola, 15 seeds, sd 0.2 | 98.2 | 1.2 | 0.5 | 1.32 |  |
//! | B₂₀, hyperbola, 15 seeds, sd 0.2 | 98.5 | 1.5 | 0.0 | 4.41 |  |
//! | B_crit, power, 7 seeds, sd 0.05 | 96.8 | 1.2 | 2.0 | 1.55 | 100.0 |
//! | B_crit by the winning curve, power, 7 seeds, sd 0.05 | 96.8 | 1.2 | 2.0 | 1.55 |  |
//! | B₂₀, power, 7 seeds, sd 0.05 | 97.5 | 1.0 | 1.5 | 1.24 |  |
//! | B_crit, power, 7 seeds, sd 0.2 | 97.2 | 1.0 | 1.8 | 7.08 | 60.0 |
//! | B_crit by the winning curve, power, 7 seeds, sd 0.2 | 58.0 | 40.2 | 1.8 | 4.09 |  |
//! | B₂₀, power, 7 seeds, sd 0.2 | 97.8 | 1.0 | 1.2 | 2.00 |  |
//! | B_crit, power, 15 seeds, sd 0.05 | 98.8 | 1.0 | 0.2 | 1.40 | 100.0 |
//! | B_crit by the winning curve, power, 15 seeds, sd 0.05 | 98.8 | 1.0 | 0.2 | 1.40 |  |
//! | B₂₀, power, 15 seeds, sd 0.05 | 98.2 | 1.2 | 0.5 | 1.15 |  |
//! | B_crit, power, 15 seeds, sd 0.2 | 98.8 | 1.0 | 0.2 | 4.19 | 90.5 |
//! | B_crit by the winning curve, power, 15 seeds, sd 0.2 | 89.5 | 10.2 | 0.2 | 4.03 |  |
//! | B₂₀, power, 15 seeds, sd 0.2 | 98.2 | 1.2 | 0.5 | 1.72 |  |
//! | B_crit, least data, 7 seeds, sd 0.05 | 97.2 | 1.2 | 1.5 | 1.17 | 100.0 |
//! | B_crit by the winning curve, least data, 7 seeds, sd 0.05 | 97.2 | 1.2 | 1.5 | 1.17 |  |
//! | B₂₀, least data, 7 seeds, sd 0.05 | 96.0 | 3.8 | 0.2 | 1.38 |  |
//! | B_crit, least data, 7 seeds, sd 0.2 | 97.2 | 1.2 | 1.5 | 1.89 | 80.0 |
//! | B_crit by the winning curve, least data, 7 seeds, sd 0.2 | 86.5 | 11.8 | 1.8 | 1.85 |  |
//! | B₂₀, least data, 7 seeds, sd 0.2 | 95.8 | 4.2 | 0.0 | 3.33 |  |
//! | η* at one batch size, power, 3 seeds | 95.5 | 2.0 | 2.5 | 1.04 |  |
//! | exponent or noise scale of η*(B), power, 3 seeds | 98.0 | 0.8 | 1.2 | 1.03 | 71.0 |
//! | η* at one batch size, saturating, 3 seeds | 95.5 | 2.0 | 2.5 | 1.04 |  |
//! | exponent or noise scale of η*(B), saturating, 3 seeds | 98.2 | 0.5 | 1.2 | 1.27 | 100.0 |
//! | η* at one batch size, surge, 3 seeds | 95.5 | 2.0 | 2.5 | 1.04 |  |
//! | exponent or noise scale of η*(B), surge, 3 seeds | 97.5 | 1.2 | 1.2 | 1.07 | 100.0 |
//!
//! So intervals by a curve that is right are too wide rather than too narrow, because the bootstrap of a median is; those of a vertex are right. Where
//! the luck of few seeds hides which curve it is (the power law with 20 % of luck and 7 seeds), the hyperbola wins too often, and B_crit by the winning
//! curve is then too low: intervals know nothing of the choice of a curve. With 15 seeds it is found in 9 of 10 studies.

use simdescent_measure::statistics::*;

const STUDIES: usize = 400;
const RESAMPLES: usize = 400;
/// Each takes eight parabolas besides the fits.
const RESAMPLES_OF_RATES: usize = 100;
const CONFIDENCE: f64 = 0.95;

/// Standard normal numbers from a counter (SplitMix64).
struct Normals(u64);

impl Normals {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        normal_quantile(((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 0.5 / (1u64 << 53) as f64)
    }
}

fn batches() -> Vec<f64> {
    (3..=10).map(|i| f64::from(1 << i)).collect()
}

/// Runs of a study around a curve; whole steps, as counted ones are.
fn study(curve: &BatchCurve, seeds: usize, spread: f64, random: &mut Normals) -> Vec<Runs> {
    let shared: Vec<f64> = (0..seeds).map(|_| random.next()).collect();
    let half = spread * 0.5f64.sqrt();
    let steps = |batch: f64, random: &mut Normals| -> Vec<f64> {
        shared.iter().map(|luck| (curve.steps(batch) * libm::exp(half * (luck + random.next()))).round()).collect()
    };
    batches().into_iter().map(|batch| (batch, steps(batch, random))).collect()
}

fn medians(runs: &[Runs]) -> Vec<(f64, f64)> {
    runs.iter().map(|(batch, steps)| (*batch, median(steps.clone()))).collect()
}

fn model_of(curve: &BatchCurve) -> BatchModel {
    match curve {
        BatchCurve::Hyperbola { .. } => BatchModel::Hyperbola,
        BatchCurve::Power { .. } => BatchModel::Power,
        BatchCurve::LeastData { .. } => BatchModel::LeastData,
    }
}

/// How often an interval holds the truth, and how wide it is.
#[derive(Default)]
struct Coverage {
    held: usize,
    below: usize,
    above: usize,
    none: usize,
    ratios: Vec<f64>,
}

impl Coverage {
    fn add(&mut self, interval: Option<Interval>, truth: f64) {
        match interval {
            None => self.none += 1,
            Some(interval) if interval.contains(truth) => self.held += 1,
            Some(interval) if interval.high < truth => self.below += 1,
            Some(_) => self.above += 1,
        }
        self.ratios.extend(interval.map(|interval| interval.high / interval.low));
    }

    fn print(self, name: &str, remark: &str) {
        let share = |count: usize| 100.0 * count as f64 / STUDIES as f64;
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {remark} |",
            share(self.held),
            share(self.below),
            share(self.above),
            share(self.none),
            if self.ratios.is_empty() { f64::NAN } else { median(self.ratios) }
        );
    }
}

fn curves_of_steps(name: &str, curve: &BatchCurve, seeds: usize, spread: f64) {
    let exact: Vec<(f64, f64)> = batches().into_iter().map(|batch| (batch, curve.steps(batch))).collect();
    let b20 = largest_batch_within(&exact, 1.2).expect("all reached").batch_size;
    let (mut critical, mut by_best, mut overhead) = (Coverage::default(), Coverage::default(), Coverage::default());
    let (mut wins, mut random) = (0, Normals(seeds as u64));
    for _ in 0..STUDIES {
        let runs = study(curve, seeds, spread, &mut random);
        let fits = fit_batch_curves(&medians(&runs)).expect("all reached");
        let own = model_of(curve);
        let best = model_of(&fits[0].curve);
        wins += usize::from(best == own);
        let truth = curve.critical_batch_size();
        let interval = critical_batch_interval(&runs, own, RESAMPLES, CONFIDENCE);
        critical.add(interval, truth);
        by_best.add(
            if best == own { interval } else { critical_batch_interval(&runs, best, RESAMPLES, CONFIDENCE) },
            truth,
        );
        overhead.add(overhead_batch_interval(&runs, 1.2, RESAMPLES, CONFIDENCE), b20);
    }
    let wins = format!("wins by AICc in {:.1} %", 100.0 * wins as f64 / STUDIES as f64);
    let of = format!("{name}, {seeds} seeds, sd {spread}");
    critical.print(&format!("B_crit, {of}"), &wins);
    by_best.print(&format!("B_crit by the winning curve, {of}"), "");
    overhead.print(&format!("B₂₀, {of}"), "");
}

/// A batch size, and the steps of every seed at each rate.
type Cell = (f64, Vec<Trial>);
type Trial = (f64, Vec<f64>);

/// The steps of eleven rates around the best of each batch size, with `seeds` seeds each: a parabola in ln η, 3 % of luck by rate and seed.
fn rates_of_study(curve: &RateCurve, seeds: usize, random: &mut Normals) -> Vec<Cell> {
    let valley = |batch: f64, random: &mut Normals| {
        let best = curve.rate(batch);
        let mut trial = |i: i32| {
            let x = 0.18 * f64::from(i) + 0.06;
            let steps = (0..seeds).map(|_| 300.0 * libm::exp(0.5 * x * x + 0.03 * random.next())).collect();
            (best * libm::exp(x), steps)
        };
        (batch, (-5..=5).map(&mut trial).collect())
    };
    batches().into_iter().map(|batch| valley(batch, random)).collect()
}

/// The number of a curve that says how rates grow: the exponent of the power law, else the noise scale.
fn growth(curve: &RateCurve) -> f64 {
    match *curve {
        RateCurve::Power { exponent, .. } => exponent,
        RateCurve::Saturating { noise_scale, .. } | RateCurve::Surge { noise_scale, .. } => noise_scale,
    }
}

fn curves_of_rates(name: &str, curve: &RateCurve, seeds: usize) {
    let same = |other: &RateCurve| std::mem::discriminant(other) == std::mem::discriminant(curve);
    let (mut vertex, mut grown, mut wins, mut random) = (Coverage::default(), Coverage::default(), 0, Normals(9));
    for study in 0..STUDIES as u64 {
        let cells = rates_of_study(curve, seeds, &mut random);
        let best = |trials: &[Trial], draws: &[Draw]| {
            let steps = |draw: &Draw| -> Vec<(f64, f64)> {
                let (rate, steps) = &trials[draw.trial];
                draw.seeds.iter().map(|&seed| (*rate, steps[seed])).collect()
            };
            best_rate(&draws.iter().flat_map(steps).collect::<Vec<_>>(), CONFIDENCE)
        };
        let whole: Vec<Draw> = (0..11).map(|trial| Draw { trial, seeds: (0..seeds).collect() }).collect();
        let of = |draws: &[Draw]| -> Option<Vec<(f64, f64)>> {
            let point = |(batch, trials): &Cell| Some((*batch, best(trials, draws)?.rate.value));
            cells.iter().map(point).collect()
        };
        let (batch, trials) = &cells[3];
        vertex.add(best(trials, &whole).map(|best| best.rate.interval), curve.rate(*batch));
        let fits = of(&whole).and_then(|points| fit_rate_curves(&points)).unwrap_or_default();
        wins += usize::from(fits.first().is_some_and(|fit| same(&fit.curve)));
        let statistic = |draws: &[Draw]| {
            let fits = of(draws).and_then(|points| fit_rate_curves(&points)).unwrap_or_default();
            fits.iter().find(|fit| same(&fit.curve)).map_or(f64::NAN, |fit| growth(&fit.curve))
        };
        let bootstrap = nested_bootstrap(&[seeds; 11], RESAMPLES_OF_RATES, study, statistic);
        grown.add(bootstrap.map(|bootstrap| bootstrap.percentile(CONFIDENCE)), growth(curve));
    }
    vertex.print(&format!("η* at one batch size, {name}, {seeds} seeds"), "");
    let wins = format!("wins by AICc in {:.1} %", 100.0 * f64::from(wins as u32) / STUDIES as f64);
    grown.print(&format!("exponent or noise scale of η*(B), {name}, {seeds} seeds"), &wins);
}

fn main() {
    println!("| 95 % interval | holds the truth, % | lies below, % | lies above, % | none, % | high/low | |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    // Either part alone: `-- steps` or `-- rates`.
    let part = std::env::args().nth(1);
    if part.as_deref() != Some("rates") {
        steps();
    }
    if part.as_deref() != Some("steps") {
        rates();
    }
}

fn rates() {
    let rates = [
        ("power", RateCurve::Power { rate: 0.01, exponent: 0.5 }),
        ("saturating", RateCurve::Saturating { max_rate: 0.5, noise_scale: 100.0, exponent: 1.0 }),
        ("surge", RateCurve::Surge { max_rate: 0.1, noise_scale: 100.0 }),
    ];
    for (name, curve) in &rates {
        curves_of_rates(name, curve, 3);
    }
}

fn steps() {
    let curves = [
        ("hyperbola", BatchCurve::Hyperbola { min_steps: 100.0, min_samples: 20_000.0 }),
        ("power", BatchCurve::Power { min_steps: 100.0, samples: 3000.0, exponent: 0.7 }),
        ("least data", BatchCurve::LeastData { samples: 20_000.0, critical: 200.0, smallest: 10.0 }),
    ];
    for (name, curve) in &curves {
        for seeds in [7, 15] {
            for spread in [0.05, 0.2] {
                curves_of_steps(name, curve, seeds, spread);
            }
        }
    }
}
