use super::*;
use crate::model::{Linear, Mlp};
use crate::random::{Purpose, Stream, StreamKey};
use crate::{Initializer, Loss, Rule, Targets, synthetic};
use simdescent_kernels::activation::Activation;

/// What a search says of losses(rate, steps, number of the trial); 1 is the loss before training.
fn search(losses: impl Fn(f64, u64, u64) -> f64) -> RateSearch {
    let finder = LearningRateFinder::new(6400);
    Search::new(finder.rates(), 1.0, |rate, steps, number| Ok(losses(rate, steps, number))).run(6400).unwrap()
}

/// A valley with its lowest point at `best`, above which rates of 30 times it diverge.
fn valley(rate: f64, best: f64) -> f64 {
    let distance = (rate / best).log10();
    if distance > 1.5 { f64::INFINITY } else { 0.1 + 0.2 * distance * distance }
}

fn near(rate: f64, best: f64) -> bool {
    rate <= 2.0 * best && best <= 2.0 * rate
}

#[test]
fn the_bottom_of_a_valley_is_found_wherever_short_trainings_have_theirs() {
    for best in [3e-7, 1e-4, 0.02, 3.0] {
        for short in [0.01, 1.0, 100.0] {
            let found = search(|rate, steps, _| valley(rate, if steps < 6400 { best * short } else { best }));
            let suggestion = found.suggestion.unwrap();
            assert!(near(suggestion.rate, best) && suggestion.is_sharp(), "{best} {short} {suggestion:?}");
            assert_eq!(found.unknown, None);
            let last =
                found.trials.iter().filter(|trials| trials.steps == 6400).map(|trials| trials.losses.len() as u64);
            assert!(last.sum::<u64>() < 40);
        }
    }
}

/// The range test took the first losses for a fall, and advised a lower rate where the loss explodes.
#[test]
fn where_the_first_steps_explode_the_rate_is_below() {
    let found = search(|rate, _, _| if rate > 1.1e-5 { f64::INFINITY } else { 1.0 - 0.9 * (rate / 1e-5) });
    assert_eq!(found.suggestion.unwrap().rate, 1e-5);
    assert!(near(found.too_high.unwrap(), 1e-5));
    // A loss that explodes and recovers is no worse for that.
    let found = search(|rate, steps, _| if steps < 6400 && rate > 1e-5 { f64::INFINITY } else { valley(rate, 1e-4) });
    assert!(near(found.suggestion.unwrap().rate, 1e-4));
    let found = search(|_, _, _| f64::INFINITY);
    assert_eq!((found.suggestion, found.unknown), (None, Some(UnknownRate::TooHigh)));
    assert_eq!(found.too_high, Some(1e-8));
    assert_eq!(search(|rate, _, _| 1.1 + rate).unknown, Some(UnknownRate::TooHigh));
}

#[test]
fn what_lies_beyond_the_range_is_not_known() {
    let found = search(|rate, _, _| valley(rate, 1e-9));
    assert_eq!((found.suggestion, found.unknown), (None, Some(UnknownRate::LowerLimit)));
    let found = search(|rate, _, _| valley(rate, 1e4));
    assert_eq!((found.suggestion, found.unknown), (None, Some(UnknownRate::UpperLimit)));
    // A plain up to the limit.
    let found = search(|rate, _, _| if rate > 1e-5 { 0.1 } else { 0.9 });
    assert_eq!((found.suggestion, found.unknown), (None, Some(UnknownRate::UpperLimit)));
}

#[test]
fn a_flat_curve_is_not_known_and_a_wide_valley_has_its_middle() {
    for level in [1.0, 0.996, 1.004] {
        let found = search(|_, _, _| level);
        assert_eq!((found.suggestion, found.unknown), (None, Some(UnknownRate::NoGain)), "{level}");
    }
    let wide = |rate: f64| if (0.9e-4..1.1e-2).contains(&rate) { 0.1 + 0.04 * rate } else { 0.3 };
    let suggestion = search(|rate, _, _| wide(rate)).suggestion.unwrap();
    assert_eq!((suggestion.lowest, suggestion.highest), (1e-4, 1e-2));
    assert!(suggestion.rate == 1e-3 && !suggestion.is_sharp());
}

/// The first trials of a rate are what the coarse grid has seen.
#[test]
fn one_lucky_trial_does_not_decide_and_one_that_diverges_does() {
    let clean = search(|rate, _, _| valley(rate, 0.01)).suggestion;
    let lucky = |rate: f64, number| valley(rate, 0.01) - if number == 0 && near(rate, 0.1) { 0.25 } else { 0.0 };
    assert_eq!(search(|rate, _, number| lucky(rate, number)).suggestion, clean);
    // A second valley, that only the first trials see as the deeper one.
    let second = |rate: f64, number| valley(rate, 0.01).min(valley(rate, 0.1) + if number < 2 { -0.001 } else { 0.01 });
    assert!(near(search(|rate, _, number| second(rate, number)).suggestion.unwrap().rate, 0.01));
    let unlucky = |rate: f64, number| if number == 3 && rate > 0.9e-2 { f64::INFINITY } else { valley(rate, 0.01) };
    assert_eq!(search(|rate, _, number| unlucky(rate, number)).suggestion.unwrap().rate, 0.005623);
}

#[test]
fn losses_may_be_negative() {
    let suggestion = search(|rate, _, _| valley(rate, 0.01) - 5.0).suggestion.unwrap();
    assert!(near(suggestion.rate, 0.01) && suggestion.loss < -4.8);
}

#[test]
fn a_grid_has_four_rates_in_each_factor_of_ten_and_both_ends() {
    let rates = |from, to| LearningRateFinder { from, to, steps: 1 }.rates();
    assert_eq!(rates(0.01, 0.1), [0.01, 0.01778, 0.03162, 0.05623, 0.1]);
    assert_eq!((rates(1e-8, 100.0).len(), rates(1e-8, 100.0)[40]), (41, 100.0));
    assert_eq!(rates(1.0, 2.0), [1.0, 2.0]);
    assert_eq!(rates(1.0, 1.000_001), [1.0]);
    assert!(rates(f64::MIN_POSITIVE, f64::MAX).iter().all(|rate| rate.is_finite() && *rate > 0.0));
}

fn stream(purpose: Purpose, seed: u64) -> Stream {
    Stream::new(StreamKey::new(purpose, seed))
}

/// The validation loss of a training with the settings' own seed and rate.
fn final_loss<M: Model>(model: M, data: [&Dataset; 2], settings: Settings, steps: u64) -> f64 {
    let mut trainer = Trainer::new(Exec::default(), model, data[0], settings).unwrap();
    (0..steps).for_each(|_| _ = trainer.step());
    let loss = settings.evaluator(data[1]).unwrap().evaluate(Exec::default(), trainer.model_mut()).loss;
    if loss.is_nan() { f64::INFINITY } else { loss }
}

/// Finds a rate, and asserts that in another trial it is as good as those ten times as low and as high, and better than those beyond.
fn assert_best<M: Model>(model: impl Fn(u64) -> M, data: Dataset, rows: usize, settings: Settings, steps: u64) {
    let (training, held_out) = data.split_at(rows).unwrap();
    let validation = settings.evaluator(&held_out).unwrap();
    let finder = LearningRateFinder::new(steps);
    let found = finder.run(Exec::default(), &model, &training, &validation, settings).unwrap();
    let suggestion = found.suggestion.unwrap_or_else(|| panic!("{found:?}"));
    let loss = |factor: f64| {
        let learning_rate = LearningRate::Constant { rate: suggestion.rate * factor };
        final_loss(model(7), [&training, &held_out], Settings { trial: 7, learning_rate, ..settings }, steps)
    };
    let losses = [0.01, 0.1, 1.0, 10.0, 100.0].map(loss);
    let good = losses[2] < 1.1 * losses[1].min(losses[3]) && 1.3 * losses[2] < losses[0].min(losses[4]);
    assert!(good, "{} batch {}, {suggestion:?}: {losses:?}", settings.rule.name(), settings.batch_size);
}

/// At batch 8 the range test answered its lower limit for each of these seeds.
#[test]
fn rates_of_a_linear_model_are_good_at_small_and_large_batches() {
    for seed in 1..=8 {
        let data = synthetic::linear(900, 10, 0.1, &mut stream(Purpose::Data, seed));
        for (rule, batch_size) in [(Rule::Sgd, 8), (Rule::ADAM, 1), (Rule::MOMENTUM, 400)] {
            let settings = Settings { rule, batch_size, seed, ..Settings::default() };
            assert_best(
                |_| Linear::new(10, true),
                data.clone(),
                400,
                settings,
                4000u64.div_ceil(batch_size as u64).max(30),
            );
        }
    }
}

#[test]
fn rates_of_a_network_are_good() {
    let data = synthetic::teacher(1000, &[8, 8, 3], &mut stream(Purpose::Data, 2));
    let model = |trial| {
        let key = StreamKey { trial, ..StreamKey::new(Purpose::Weights, 2) };
        Mlp::new(&[8, 16, 3], Activation::Relu, Initializer::HeNormal, &mut Stream::new(key))
    };
    for rule in [Rule::NESTEROV, Rule::LION] {
        let settings = Settings { loss: Loss::SoftmaxCrossEntropy, rule, seed: 2, ..Settings::default() };
        assert_best(model, data.clone(), 800, settings, 250);
    }
}

/// Rows with inputs 30 times as large: at the usual rates the loss explodes with the first of them.
#[test]
fn a_rate_is_found_where_the_first_steps_explode() {
    let plain = synthetic::linear(500, 10, 0.1, &mut stream(Purpose::Data, 5));
    let Targets::Values(y) = plain.targets() else { panic!("a regression") };
    let scale = |row: usize| if row.is_multiple_of(10) { 30.0 } else { 1.0 };
    let inputs = plain.inputs().iter().enumerate().map(|(i, x)| x * scale(i / 10)).collect();
    let targets = y.iter().enumerate().map(|(row, y)| y * scale(row)).collect();
    let data = Dataset::new("outliers", inputs, 10, Targets::Values(targets)).unwrap();
    for batch_size in [1, 32] {
        let settings = Settings { batch_size, seed: 5, ..Settings::default() };
        assert_best(|_| Linear::new(10, true), data.clone(), 400, settings, 4000 / batch_size as u64);
    }
}

#[test]
fn equal_seeds_give_equal_searches_and_nonsense_an_error() {
    let data = synthetic::linear(100, 3, 0.1, &mut stream(Purpose::Data, 3));
    let settings = Settings::default();
    let run = |finder: LearningRateFinder| {
        finder.run(Exec::default(), |_| Linear::new(3, true), &data, &settings.evaluator(&data).unwrap(), settings)
    };
    let finder = LearningRateFinder::new(20);
    assert_eq!(run(finder), run(finder));
    for bad in [
        LearningRateFinder { from: 0.0, ..finder },
        LearningRateFinder { to: 1e-8, ..finder },
        LearningRateFinder { to: f64::NAN, ..finder },
        LearningRateFinder { to: f64::INFINITY, ..finder },
        LearningRateFinder { steps: 0, ..finder },
    ] {
        assert!(matches!(run(bad), Err(ConfigError::Finder(_))), "{bad:?}");
    }
}
