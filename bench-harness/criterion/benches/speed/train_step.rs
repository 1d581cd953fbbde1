//! Training steps of an MLP 784-512-256-10, by the trainer as `simdescent train` uses it: gather a batch, forward, loss, backward,
//! update. One thread, and a team of two if the machine has as many cores; the active instruction set. Elements are samples.
//!
//! The floating-point operations are those of the matrix products: 2·(3·m·n) per layer and sample, less the first layer's input gradient.

use crate::session::Session;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Initializer, LearningRate, Loss, Mlp, Rule, Sampling, Settings, Trainer, synthetic};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Exec, Par, isa};
use simdescent_measure::roofline::{Precision, Work};
use std::cell::LazyCell;

const WIDTHS: [usize; 4] = [784, 512, 256, 10];
/// Rules, and numbers of state per parameter.
const RULES: [(Rule, usize); 3] = [(Rule::Sgd, 0), (Rule::MOMENTUM, 1), (Rule::ADAM, 2)];

pub(crate) fn group(session: &mut Session) {
    let stream = |purpose| Stream::new(StreamKey::new(purpose, 1));
    let data =
        LazyCell::new(|| synthetic::gaussian_mixture(4096, WIDTHS[0], WIDTHS[3], 3.0, &mut stream(Purpose::Data)));
    let layers = WIDTHS.windows(2).map(|w| 6 * w[0] * w[1]).sum::<usize>() - 2 * WIDTHS[0] * WIDTHS[1];
    let parameters = WIDTHS.windows(2).map(|w| (w[0] + 1) * w[1]).sum::<usize>();
    let team = Team::new(2).expect("a second thread");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (exec, isa) = (|par| Exec::new(isa::active(), par), isa::active());
    for (threads, par) in [(1, Par::Seq), (2, Par::Team(&team))].into_iter().filter(|&(threads, _)| threads <= cores) {
        for (rule, state) in RULES {
            for batch_size in [1, 32, 128, 2048] {
                let batch = batch_size * WIDTHS[0];
                let work = Work {
                    isa,
                    threads,
                    precision: Precision::Single,
                    flops: (batch_size * layers) as f64,
                    read: 4.0 * (batch + (1 + state) * parameters) as f64,
                    written: 4.0 * ((1 + state) * parameters) as f64,
                    working_set: 4 * (batch + (2 + state) * parameters),
                };
                let name = format!("{}, {isa}{}", rule.name(), if threads > 1 { ", 2 threads" } else { "" });
                session.row([&"train_step", &name, &format!("batch {batch_size}")], batch_size, work, || {
                    let model =
                        Mlp::new(&WIDTHS, Activation::Relu, Initializer::HeNormal, &mut stream(Purpose::Weights));
                    let settings = Settings {
                        loss: Loss::SoftmaxCrossEntropy,
                        rule,
                        learning_rate: LearningRate::Constant { rate: 1e-4 },
                        batch_size,
                        sampling: Sampling::FixedOrder,
                        ..Settings::default()
                    };
                    let mut trainer = Trainer::new(exec(par), model, &data, settings).expect("they go together");
                    Box::new(move || _ = trainer.step())
                });
            }
        }
    }
}
