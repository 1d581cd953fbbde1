//! A training step allocates nothing once the largest batch was seen, whatever the batch size is and was.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    BatchGrowth, BatchShape, Dropout, Initializer, LearningRate, Linear, Loss, Mlp, Model, RateScaling, Rule, Sampling,
    Settings, Trainer, synthetic,
};
use simdescent_kernels::Exec;
use simdescent_kernels::activation::Activation;

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 1))
}

fn check(model: impl Model, data: &simdescent::Dataset, settings: Settings) {
    let mut trainer = Trainer::new(Exec::default(), model, data, settings).unwrap();
    // The curve doubles its room now and then; 70 losses have just made room for 128.
    (0..70).for_each(|_| _ = trainer.step());
    let mut sizes = vec![false; 1 + data.rows()];
    let allocations = allocation_counter::measure(|| {
        for _ in 0..50 {
            let before = trainer.history().samples();
            trainer.step();
            sizes[(trainer.history().samples() - before) as usize] = true;
        }
    });
    assert_eq!(allocations.count_total, 0, "{settings:?}");
    assert!(sizes.iter().filter(|&&seen| seen).count() > 1, "several batch sizes: {settings:?}");
}

#[test]
fn steps_of_changing_batch_size_reuse_their_buffers() {
    // First the largest batches, smaller ones from step 80 on; short batches at the end of an epoch all the time.
    let shape = BatchShape::Step { factor: 0.5, every: 40 };
    let batch_growth = BatchGrowth::Scheduled { shape, rate: RateScaling::Linear, largest: 40 };
    for sampling in [Sampling::Reshuffled, Sampling::FixedOrder, Sampling::WithReplacement] {
        for rule in [Rule::Sgd, Rule::ADAM, Rule::ADAFACTOR, Rule::MUON] {
            let settings = Settings {
                loss: Loss::SoftmaxCrossEntropy,
                rule,
                learning_rate: LearningRate::Constant { rate: 1e-3 },
                batch_size: 40,
                batch_growth,
                sampling,
                ..Settings::default()
            };
            let data = synthetic::gaussian_mixture(90, 20, 3, 2.0, &mut stream(Purpose::Data));
            let mut weights = stream(Purpose::Weights);
            let mlp = Mlp::new(&[20, 33, 17, 3], Activation::Relu, Initializer::HeNormal, &mut weights);
            check(mlp.clone(), &data, settings);
            check(mlp.with_dropout(Dropout::new(0.2, 0, 1).unwrap()), &data, settings);
            let data = synthetic::linear(90, 20, 0.1, &mut stream(Purpose::Data));
            check(Linear::new(20, true), &data, Settings { loss: Loss::Squared, ..settings });
        }
    }
}
