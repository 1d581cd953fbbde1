//! How often intervals hold the truth, by simulation: `cargo run --release -p simdescent-measure --example statistics_coverage`.
//!
//! Each row draws data whose truth is known, a thousand times or more, and counts how often the 90 % interval holds it, and how often it
//! lies wholly below and above it. A cell's steps are log-normal, exp(μ + trial + 0.2·seed), as measured steps about are.

use simdescent_measure::statistics::*;

const CONFIDENCE: f64 = 0.9;
const RESAMPLES: usize = 1000;

/// A name and a way from a bootstrap to its interval.
type Method = (&'static str, fn(&Bootstrap) -> Option<Interval>);
const METHODS: [Method; 3] = [
    ("percentile", |bootstrap| Some(bootstrap.percentile(CONFIDENCE))),
    ("BCa", |bootstrap| bootstrap.bca(CONFIDENCE)),
    ("expanded", |bootstrap| bootstrap.expanded_percentile(CONFIDENCE)),
];

/// Standard normal numbers from a counter (SplitMix64).
struct Normals(u64);

impl Normals {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + 0.5 / (1u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// Steps around `middle` whose logarithms have the standard deviation `spread`.
    fn steps(&mut self, middle: f64, spread: f64) -> f64 {
        middle * libm::exp(spread * self.next())
    }
}

/// Prints the row `name`: of `rounds` intervals, how many hold `truth`. No interval counts as one that does not.
fn row(name: &str, rounds: usize, truth: f64, mut interval: impl FnMut(&mut Normals, u64) -> Option<Interval>) {
    let mut random = Normals(rounds as u64);
    let (mut held, mut below, mut above) = (0, 0, 0);
    for round in 0..rounds {
        let Some(interval) = interval(&mut random, round as u64) else { continue };
        held += usize::from(interval.contains(truth));
        below += usize::from(interval.high < truth);
        above += usize::from(interval.low > truth);
    }
    let share = |count: usize| 100.0 * count as f64 / rounds as f64;
    println!("| {name} | {rounds} | {:.1} | {:.1} | {:.1} |", share(held), share(below), share(above));
}

fn bootstrap_of_seeds(values: &[f64], seed: u64, statistic: impl Fn(&[f64]) -> f64) -> Bootstrap {
    let of = |draws: &[Draw]| statistic(&draws[0].seeds.iter().map(|&i| values[i]).collect::<Vec<_>>());
    nested_bootstrap(&[values.len()], RESAMPLES, seed, of).expect("there are values")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn shares() {
    for (runs, p) in [(5, 0.8), (10, 0.8), (20, 0.95)] {
        row(&format!("Wilson, {runs} runs, p = {p}"), 20_000, p, |random, _| {
            let reached = (0..runs).filter(|_| random.uniform() < p).count();
            Some(wilson(reached as f64, runs, CONFIDENCE)?.interval)
        });
    }
    row("P(A beats B), 10 pairs, a fifth ties", 20_000, 0.6, |random, _| {
        let pair = |u: f64| {
            if u < 0.5 {
                (1.0, 2.0)
            } else if u < 0.7 {
                (1.0, 1.0)
            } else {
                (2.0, 1.0)
            }
        };
        let pairs: Vec<_> = (0..10).map(|_| pair(random.uniform())).collect();
        Some(probability_of_beating(&pairs, CONFIDENCE)?.interval)
    });
}

fn repeats() {
    for n in [5, 10, 20] {
        row(&format!("median of {n}, order statistics"), 20_000, 100.0, |random, _| {
            let values: Vec<_> = (0..n).map(|_| random.steps(100.0, 0.2)).collect();
            Some(median_with_interval(&values, CONFIDENCE)?.interval)
        });
        for (name, of) in METHODS {
            row(&format!("median of {n}, {name}"), 2000, 100.0, |random, round| {
                let values: Vec<_> = (0..n).map(|_| random.steps(100.0, 0.2)).collect();
                let bootstrap = bootstrap_of_seeds(&values, round, |values| median(values.to_vec()));
                of(&bootstrap)
            });
            // The mean of exp(0.6·z) is exp(0.18): skewed, so that the correction has something to do.
            row(&format!("mean of {n} skewed, {name}"), 2000, libm::exp(0.18), |random, round| {
                let values: Vec<_> = (0..n).map(|_| random.steps(1.0, 0.6)).collect();
                let bootstrap = bootstrap_of_seeds(&values, round, mean);
                of(&bootstrap)
            });
        }
    }
    row("geometric mean ratio of 10 pairs, t", 20_000, 1.2, |random, _| {
        let pair = |seed: f64, random: &mut Normals| (random.steps(1.2 * seed, 0.1), random.steps(seed, 0.1));
        let pairs: Vec<_> = (0..10).map(|_| random.steps(100.0, 0.3)).collect::<Vec<_>>();
        let pairs: Vec<_> = pairs.into_iter().map(|seed| pair(seed, random)).collect();
        Some(geometric_mean_ratio(&pairs, CONFIDENCE)?.interval)
    });
    // Exponential with mean 100, budgets between 50 and 200, restricted to 50: 100·(1 − e^(−1/2)).
    row("restricted mean of 20, censored", 20_000, 100.0 * (1.0 - libm::exp(-0.5)), |random, _| {
        let run = |time: f64, budget: f64| {
            if time <= budget { ToTarget::Reached(time) } else { ToTarget::Censored(budget) }
        };
        let runs: Vec<_> =
            (0..20).map(|_| run(-100.0 * libm::log(random.uniform()), 50.0 + 150.0 * random.uniform())).collect();
        Some(kaplan_meier(&runs)?.restricted_mean(50.0, CONFIDENCE)?.interval)
    });
}

/// Trials whose true steps differ, with three seeds each.
fn trials(random: &mut Normals, trials: usize) -> Vec<Vec<f64>> {
    let trial = |middle: f64, random: &mut Normals| (0..3).map(|_| random.steps(middle, 0.2)).collect();
    let middles: Vec<_> = (0..trials).map(|_| random.steps(100.0, 0.3)).collect();
    middles.into_iter().map(|middle| trial(middle, random)).collect()
}

fn nested() {
    for n in [8, 16] {
        for (name, of) in METHODS {
            row(
                &format!("mean ln S of {n} trials × 3 seeds, nested, {name}"),
                2000,
                libm::log(100.0),
                |random, round| {
                    let data = trials(random, n);
                    let log_mean = |draws: &[Draw]| {
                        let logs =
                            draws.iter().flat_map(|d| d.seeds.iter().map(|&seed| libm::log(data[d.trial][seed])));
                        logs.sum::<f64>() / (3 * draws.len()) as f64
                    };
                    let bootstrap = nested_bootstrap(&vec![3; n], RESAMPLES, round, log_mean)?;
                    of(&bootstrap)
                },
            );
        }
    }
}

/// B_crit and B₂₀ from ten batch sizes with `seeds` seeds each, which are shared by the batch sizes and drawn again together.
fn batch_sizes(seeds: usize) {
    let curve = BatchCurve::Hyperbola { min_steps: 60.0, min_samples: 15_000.0 };
    let batches: Vec<f64> = (0..10).map(|i| f64::from(4 << i)).collect();
    let interval = |random: &mut Normals, round, statistic: fn(&[(f64, f64)]) -> f64| {
        let runs: Vec<Vec<f64>> =
            batches.iter().map(|&b| (0..seeds).map(|_| random.steps(curve.steps(b), 0.15)).collect()).collect();
        let of = |draws: &[Draw]| {
            let steps = |runs: &Vec<f64>| median(draws[0].seeds.iter().map(|&seed| runs[seed]).collect());
            statistic(&batches.iter().zip(&runs).map(|(&batch, runs)| (batch, steps(runs))).collect::<Vec<_>>())
        };
        nested_bootstrap(&[seeds], RESAMPLES, round, of)?.expanded_percentile(CONFIDENCE)
    };
    row(&format!("B_crit of the hyperbola, {seeds} seeds, expanded"), 1000, 250.0, |random, round| {
        interval(random, round, |points| {
            let fit = fit_batch_curve(points, BatchModel::Hyperbola).expect("all reached");
            fit.curve.critical_batch_size()
        })
    });
    let exact: Vec<_> = batches.iter().map(|&batch| (batch, curve.steps(batch))).collect();
    let truth = largest_batch_within(&exact, 1.2).expect("all reached").batch_size;
    row(&format!("B₂₀, {seeds} seeds, expanded"), 1000, truth, |random, round| {
        interval(random, round, |points| largest_batch_within(points, 1.2).expect("all reached").batch_size)
    });
}

fn fits() {
    for seeds in [5, 10, 20] {
        batch_sizes(seeds);
    }
    row("η*, 7 rates, Fieller", 20_000, 0.1, |random, _| {
        let mut point = |x: f64| (0.1 * libm::exp(x), random.steps(150.0 * libm::exp(0.5 * x * x), 0.03));
        let points: Vec<_> = (-3..=3).map(|i| point(0.223 * f64::from(i))).collect();
        Some(best_rate(&points, CONFIDENCE)?.rate.interval)
    });
    for (sizes, disturbed) in [(4, false), (5, false), (6, false), (10, false), (10, true)] {
        let name = format!(", {sizes} batch sizes{}", if disturbed { ", one of them 2× slower" } else { "" });
        let line = |random: &mut Normals| {
            let mut point = |i: i32| (f64::from(1 << i), random.steps(10.0 + 0.5 * f64::from(1 << i), 0.03));
            let mut points: Vec<_> = (0..sizes).map(|i| point(i * 10 / sizes)).collect();
            let at = (random.uniform() * f64::from(sizes)) as usize;
            points[at].1 *= if disturbed { 2.0 } else { 1.0 };
            fit_step_time(&points, CONFIDENCE)
        };
        row(&format!("a of τ(B){name}"), 5000, 10.0, |random, _| Some(line(random)?.per_step.interval));
        row(&format!("b of τ(B){name}"), 5000, 0.5, |random, _| Some(line(random)?.per_sample.interval));
        row(&format!("a/b{name}"), 5000, 20.0, |random, _| Some(line(random)?.hardware_batch_size.interval));
    }
}

/// How often the naming rule is right, at 95 %: thirty cells of which `good` are equally good and the others 1.5 times slower.
fn names(repeats: usize, good: usize, spread: f64) {
    let rounds = 400;
    let mut random = Normals(7);
    let (mut winners, mut right, mut named) = (0, 0, vec![]);
    for round in 0..rounds {
        let cell = |i: usize, random: &mut Normals| {
            let middle = if i < good { 100.0 } else { 150.0 };
            let steps: Vec<_> = (0..repeats).map(|_| random.steps(middle, spread)).collect();
            let bootstrap = nested_bootstrap(&[repeats], RESAMPLES, (31 * round + i) as u64, |draws| {
                median(draws[0].seeds.iter().map(|&seed| steps[seed]).collect())
            });
            let bootstrap = bootstrap.expect("there are repeats");
            let interval = bootstrap.expanded_percentile(0.95).expect("there are several repeats");
            Estimate { value: bootstrap.estimate, interval }
        };
        let cells: Vec<_> = (0..30).map(|i| cell(i, &mut random)).collect();
        let verdict = name_winner(&cells);
        winners += usize::from(matches!(verdict, Verdict::Winner(_)));
        right += usize::from(verdict.named().contains(&0));
        named.push(verdict.named().len() as f64);
    }
    let share = |count: usize| 100.0 * count as f64 / rounds as f64;
    println!("| {repeats} | {good} | {spread} | {:.1} | {:.1} | {} |", share(winners), share(right), median(named));
}

fn main() {
    println!("| 90 % interval | rounds | holds the truth, % | lies below, % | lies above, % |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    shares();
    repeats();
    nested();
    fits();
    println!(
        "\n| repeats | best cells of 30 | sd of ln S | one winner named, % | cell 0, one of the best, named, % | median named |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for repeats in [5, 10, 20] {
        for good in [1, 3] {
            for spread in [0.05, 0.2] {
                names(repeats, good, spread);
            }
        }
    }
}
