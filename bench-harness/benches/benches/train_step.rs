//! Training steps of an MLP 784-512-256-10 with criterion, by the trainer as `simdescent train` uses it: gather a batch,
//! forward, loss, backward, update. One thread, and a `Team` of two if the machine has as many; the active instruction set.
//!
//! Elements are samples, bytes stand for floating-point operations: those of the matrix products, 2·(3·m·n·k) per layer and
//! sample less the first layer's input gradient. Divide GiB/s by the FMA peak that `--bench versus_gemm` prints.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Initializer, LearningRate, Loss, Mlp, Rule, Sampling, Settings, Trainer, synthetic};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Exec, Par, isa};

const WIDTHS: [usize; 4] = [784, 512, 256, 10];

fn steps(c: &mut Criterion) {
    let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
    let data = synthetic::gaussian_mixture(4096, WIDTHS[0], WIDTHS[3], 3.0, &mut stream);
    let model = Mlp::new(&WIDTHS, Activation::Relu, Initializer::HeNormal, &mut stream);
    let layers = WIDTHS.windows(2).map(|w| 6 * w[0] * w[1]).sum::<usize>() - 2 * WIDTHS[0] * WIDTHS[1];
    let team = Team::new(2).expect("a second thread");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for (threads, par) in [(1, Par::Seq), (2, Par::Team(&team))].into_iter().filter(|&(threads, _)| threads <= cores) {
        for rule in [Rule::Sgd, Rule::MOMENTUM, Rule::ADAM] {
            let mut group = c.benchmark_group(format!("{}, {threads} thread(s)", rule.name()));
            for batch_size in [1, 8, 32, 128, 512, 2048] {
                let settings = Settings {
                    loss: Loss::SoftmaxCrossEntropy,
                    rule,
                    learning_rate: LearningRate::Constant { rate: 1e-4 },
                    batch_size,
                    sampling: Sampling::FixedOrder,
                    ..Settings::default()
                };
                let exec = Exec::new(isa::active(), par);
                let mut trainer = Trainer::new(exec, model.clone(), &data, settings).expect("they go together");
                group.throughput(Throughput::ElementsAndBytes {
                    elements: batch_size as u64,
                    bytes: (batch_size * layers) as u64,
                });
                group.bench_function(BenchmarkId::from_parameter(batch_size), |b| b.iter(|| trainer.step()));
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = steps
}
criterion_main!(benches);
