use super::*;
use crate::schedule::{
    BatchShape, Cosine, Exponential, LearningRate, Milestones, OneCycle, Plateau, ReduceOnPlateau, Step, Warmup,
};
use crate::{Anneal, ConfigError};

const RATE: f64 = 0.8;

fn settings(batch_growth: BatchGrowth) -> Settings {
    let learning_rate = LearningRate::Step(Step { rate: RATE, factor: 0.5, every: 100 });
    Settings { learning_rate, batch_size: 10, batch_growth, ..Settings::default() }
}

fn plan(settings: Settings, steps: u64, samples: u64) -> (usize, f64) {
    let StepPlan { batch_size, learning_rate } = settings.plan(steps, samples, &[]);
    (batch_size, learning_rate)
}

#[test]
fn shapes_and_rate_scalings_follow_their_formulas() {
    let constant = LearningRate::Constant { rate: RATE };
    let with = |shape, rate| Settings {
        learning_rate: constant,
        ..settings(BatchGrowth::Scheduled { shape, rate, largest: 100 })
    };
    let step = BatchShape::Step { factor: 4.0, every: 50 };
    for (rate, factor) in [(RateScaling::None, 1.0), (RateScaling::Linear, 4.0), (RateScaling::SquareRoot, 2.0)] {
        assert_eq!(plan(with(step, rate), 49, 490), (10, RATE));
        assert_eq!(plan(with(step, rate), 50, 500), (40, factor * RATE), "{rate:?}");
    }
    assert_eq!(plan(with(step, RateScaling::Linear), 100, 0), (100, 10.0 * RATE), "160, but at most 100");
    let geometric = BatchShape::Geometric { factor: 8.0, steps: 90 };
    assert_eq!([0, 30, 45, 60].map(|t| plan(with(geometric, RateScaling::None), t, 0).0), [10, 20, 28, 40]);
    let at = Milestones::new(&[300, 700, 700]).unwrap();
    let doubled = with(BatchShape::Milestones { factor: 2.0, at }, RateScaling::Linear);
    let planned = [0, 299, 300, 699, 700].map(|samples| plan(doubled, 1, samples));
    assert_eq!(planned, [(10, RATE), (10, RATE), (20, 2.0 * RATE), (20, 2.0 * RATE), (80, 8.0 * RATE)]);
    let shrinking = BatchShape::Step { factor: 0.1, every: 1 };
    assert_eq!([0, 1, 2, 9].map(|t| plan(with(shrinking, RateScaling::None), t, 0).0), [10, 1, 1, 1]);
    let plateau = Plateau { patience: 1, min_delta: 0.0, cooldown: 0 };
    let by_plateau = with(BatchShape::Plateau { factor: 2.0, plateau }, RateScaling::None);
    let history = [3.0, 2.0, 2.0, 2.0, 2.0, 2.0];
    assert_eq!([2, 3, 4, 6].map(|n| by_plateau.plan(0, 0, &history[..n]).batch_size), [10, 10, 20, 40]);
}

#[test]
fn growth_instead_of_decay_keeps_rate_and_its_ratio_to_the_batch() {
    let grow = settings(BatchGrowth::InsteadOfDecay { largest: 50 });
    assert_eq!(plan(grow, 0, 999), (10, RATE));
    assert_eq!(plan(grow, 0, 1000), (20, RATE), "after 1000 samples, 100 steps of the first batch size");
    assert_eq!(plan(grow, 0, 2000), (40, RATE));
    let (batch, rate) = plan(grow, 0, 3000);
    assert_eq!(batch, 50, "not 80");
    assert!((rate / 50.0 - RATE / 8.0 / 10.0).abs() < 1e-15, "the rest of the decay goes to the rate");
}

#[test]
fn seesaw_divides_the_rate_by_the_root_of_two_and_doubles_the_batch() {
    let seesaw = settings(BatchGrowth::Seesaw { largest: 1000 });
    for (halvings, samples) in [(0, 0), (1, 1000), (2, 2000), (3, 3000)] {
        let (batch, rate) = plan(seesaw, 0, samples);
        assert_eq!(batch, 10 << halvings);
        assert!((rate - RATE * 0.5f64.sqrt().powi(halvings)).abs() < 1e-15, "{halvings}: {rate}");
    }
}

#[test]
fn a_warm_up_happens_at_the_first_batch_size_and_a_vanishing_rate_gives_the_largest() {
    let cosine = LearningRate::Cosine(Cosine { rate: RATE, floor: 0.0, steps: 100 });
    let warmup = Warmup { steps: 10, from: 0.0 };
    let grow = Settings { learning_rate: cosine, warmup, ..settings(BatchGrowth::InsteadOfDecay { largest: 77 }) };
    assert_eq!(plan(grow, 0, 50), (10, RATE / 2.0));
    assert_eq!(plan(grow, 0, 100), (10, RATE));
    assert_eq!(plan(grow, 0, 600).0, 20, "half-way down the cosine");
    assert_eq!(plan(grow, 0, 1_000_000), (77, 0.0));
}

/// E[L] of the noisy quadratic model, L = ½Σhᵢxᵢ² with hᵢ = 1/i and gradient noise of variance hᵢ/B: after `samples`
/// samples of training as `settings` say, and the number of updates.
fn expected_loss(settings: Settings, samples: u64) -> (f64, u64) {
    let mut second_moments = vec![1.0f64; 1000];
    let (mut steps, mut seen) = (0, 0);
    while seen < samples {
        let StepPlan { batch_size, learning_rate } = settings.plan(steps, seen, &[]);
        for (i, s) in second_moments.iter_mut().enumerate() {
            let h = 1.0 / (i + 1) as f64;
            *s = (1.0 - learning_rate * h).powi(2) * *s + learning_rate.powi(2) * h / batch_size as f64;
        }
        steps += 1;
        seen += batch_size as u64;
    }
    let loss = second_moments.iter().enumerate().map(|(i, s)| 0.5 * s / (i + 1) as f64).sum();
    (loss, steps)
}

/// Rate α/k at batch B for k times the steps and rate α at batch kB: equal samples give the same expected loss up to O(αh).
#[test]
fn growing_the_batch_is_decaying_the_rate_with_fewer_updates() {
    let base = |batch_growth| Settings {
        learning_rate: LearningRate::Step(Step { rate: 0.02, factor: 0.25, every: 1000 }),
        ..settings(batch_growth)
    };
    const SAMPLES: u64 = 30_000;
    let (decayed, slow) = expected_loss(base(BatchGrowth::Fixed), SAMPLES);
    let (grown, fast) = expected_loss(base(BatchGrowth::InsteadOfDecay { largest: usize::MAX }), SAMPLES);
    assert!((grown / decayed - 1.0).abs() < 0.01, "{grown} and {decayed}");
    assert_eq!((slow, fast), (3000, 1000 + 250 + 63));
    // The schedule matters, or the test would say nothing: without decay or growth the noise stays.
    let constant = Settings { learning_rate: LearningRate::Constant { rate: 0.02 }, ..base(BatchGrowth::Fixed) };
    let (neither, _) = expected_loss(constant, SAMPLES);
    // Decay and growth together go too far.
    let both = BatchGrowth::Scheduled {
        shape: BatchShape::Step { factor: 4.0, every: 1000 },
        rate: RateScaling::None,
        largest: usize::MAX,
    };
    let (both, _) = expected_loss(base(both), SAMPLES);
    for other in [neither, both] {
        assert!((other / decayed - 1.0).abs() > 0.03, "{other} and {decayed}");
    }
}

#[test]
fn nonsense_and_schedules_that_do_not_only_fall_are_refused() {
    let fault = |settings: Settings| match settings.validate(1000) {
        Err(ConfigError::BatchGrowth(fault)) => Some(fault),
        other => other.map(|()| None).unwrap(),
    };
    let scheduled = |shape| settings(BatchGrowth::Scheduled { shape, rate: RateScaling::None, largest: 100 });
    assert_eq!(fault(scheduled(BatchShape::Step { factor: 2.0, every: 1 })), None);
    for shape in [
        BatchShape::Step { factor: 0.0, every: 1 },
        BatchShape::Step { factor: f64::NAN, every: 1 },
        BatchShape::Step { factor: 2.0, every: 0 },
        BatchShape::Geometric { factor: 2.0, steps: 0 },
        BatchShape::Plateau { factor: 2.0, plateau: Plateau { min_delta: 1.0, ..Plateau::default() } },
        BatchShape::Milestones { factor: f64::INFINITY, at: Milestones::new(&[5]).unwrap() },
    ] {
        assert!(fault(scheduled(shape)).is_some(), "{shape:?}");
    }
    for samples in [&[][..], &[2, 1], &[1; Milestones::MOST + 1]] {
        assert!(Milestones::new(samples).is_err(), "{samples:?}");
    }
    let (read, wrong) = ("[1,2,2]", "[2,1]");
    let at: Milestones = serde_json::from_str(read).unwrap();
    assert_eq!(serde_json::to_string(&at).unwrap(), read);
    assert!(serde_json::from_str::<Milestones>(wrong).unwrap_err().to_string().contains("ascending"));
    let one_cycle = OneCycle { rate: 1.0, start: 0.1, end: 0.0, rise: 0.3, steps: 10, anneal: Anneal::Cosine };
    for growth in [BatchGrowth::InsteadOfDecay { largest: 100 }, BatchGrowth::Seesaw { largest: 100 }] {
        let with = |learning_rate| fault(Settings { learning_rate, ..settings(growth) });
        assert_eq!(fault(settings(growth)), None);
        let plateau = Plateau::default();
        let reduce = ReduceOnPlateau { rate: 1.0, factor: 0.1, floor: 0.0, plateau };
        assert_eq!(with(LearningRate::ReduceOnPlateau(reduce)), None);
        assert!(with(LearningRate::Constant { rate: 1.0 }).is_some());
        assert!(with(LearningRate::OneCycle(one_cycle)).is_some());
        assert!(with(LearningRate::Exponential(Exponential { rate: 1.0, factor: 2.0, steps: 9 })).is_some());
    }
    // The largest batch has to hold the first, and the data the largest.
    for largest in [0, 9, 1001] {
        assert!(fault(settings(BatchGrowth::Seesaw { largest })).is_some(), "{largest}");
    }
}
