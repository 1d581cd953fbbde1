//! How far the rates of [`LearningRateFinder`] are from the best ones, over 100 trainings: four workloads, five optimizers each, five
//! batch sizes, data of seven seeds.
//!
//! The best rate is the one, of six in each factor of 10, whose training of ten epochs ends with the lowest validation loss, the
//! median of five trials that the finder does not see. The table has the rate found, divided by the best one.
//!
//! `cargo run --release --example learning_rate_table -- best-rates.txt` (five minutes; the best rates are kept in the file, and with
//! it the next run takes one). A second argument is the first of the seven seeds, 1 if it is left out: those from 8 on are others than
//! the finder was made with.

use simdescent::kernels::Exec;
use simdescent::kernels::activation::Activation;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Dataset, Evaluator, Initializer, LearningRate, LearningRateFinder, Loss, Mlp, RateSearch, Rule, Settings, Trainer,
    synthetic,
};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::fs;

const BATCHES: [usize; 5] = [1, 8, 32, 128, 512];
/// Of 5000 rows.
const TRAINING_ROWS: usize = 4000;

#[derive(Clone, Copy)]
enum Workload {
    Linear,
    Softmax,
    Mlp,
    IllConditioned,
}

const WORKLOADS: [(&str, Workload, [Rule; 5]); 4] = [
    ("linear", Workload::Linear, [Rule::Sgd, Rule::MOMENTUM, Rule::ADAM, Rule::RMSPROP, Rule::LION]),
    ("softmax", Workload::Softmax, [Rule::Sgd, Rule::MOMENTUM, Rule::ADAM, Rule::ADAGRAD, Rule::ADAMW]),
    ("mlp", Workload::Mlp, [Rule::Sgd, Rule::NESTEROV, Rule::ADAM, Rule::RMSPROP, Rule::MUON]),
    ("ill-conditioned", Workload::IllConditioned, {
        [Rule::Sgd, Rule::MOMENTUM, Rule::ADAM, Rule::ADAGRAD, Rule::SCHEDULE_FREE]
    }),
];

impl Workload {
    /// The embedded workloads of a sweep, and least squares whose curvatures differ by a factor of 10⁴.
    fn data(self, seed: u64) -> Dataset {
        let stream = &mut Stream::new(StreamKey::new(Purpose::Data, seed));
        match self {
            Self::Linear => synthetic::linear(5000, 64, 0.5, stream),
            Self::Softmax => synthetic::gaussian_mixture(5000, 32, 10, 3.0, stream),
            Self::Mlp => synthetic::teacher(5000, &[16, 16, 4], stream),
            Self::IllConditioned => {
                let data = synthetic::linear(5000, 16, 0.1, stream);
                let scale = |column: usize| 10f32.powf(-2.0 * column as f32 / 15.0);
                let inputs = data.inputs().iter().enumerate().map(|(i, x)| x * scale(i % 16)).collect();
                Dataset::new("ill-conditioned", inputs, 16, data.targets().clone()).expect("as finite as before")
            }
        }
    }

    fn model(self, trial: u64, seed: u64) -> Mlp {
        let (widths, initializer): (&[usize], _) = match self {
            Self::Linear => (&[64, 1], Initializer::Zeros),
            Self::Softmax => (&[32, 10], Initializer::Zeros),
            Self::Mlp => (&[16, 64, 4], Initializer::HeNormal),
            Self::IllConditioned => (&[16, 1], Initializer::Zeros),
        };
        let stream = &mut Stream::new(StreamKey { trial, ..StreamKey::new(Purpose::Weights, seed) });
        Mlp::new(widths, Activation::Relu, initializer, stream)
    }

    fn loss(self) -> Loss {
        match self {
            Self::Linear | Self::IllConditioned => Loss::Squared,
            Self::Softmax | Self::Mlp => Loss::SoftmaxCrossEntropy,
        }
    }
}

/// One of the hundred.
struct Case<'d> {
    workload: Workload,
    settings: Settings,
    training: &'d Dataset,
    validation: Evaluator<'d>,
}

impl Case<'_> {
    fn steps(&self) -> u64 {
        (10 * TRAINING_ROWS).div_ceil(self.settings.batch_size) as u64
    }

    fn found(&self) -> Result<RateSearch, Box<dyn Error>> {
        let Self { workload, settings, training, validation } = self;
        let model = |trial| workload.model(trial, settings.seed);
        Ok(LearningRateFinder::new(self.steps()).run(Exec::default(), model, training, validation, *settings)?)
    }

    /// The median loss of so many trials.
    fn loss(&self, rate: f64, trials: u64) -> Result<f64, Box<dyn Error>> {
        let mut losses = vec![];
        for trial in 11..11 + trials {
            let settings = Settings { learning_rate: LearningRate::Constant { rate }, trial, ..self.settings };
            let model = self.workload.model(trial, settings.seed);
            let mut trainer = Trainer::new(Exec::default(), model, self.training, settings)?;
            let finite = (0..self.steps()).all(|_| trainer.step().is_finite());
            let loss = trainer.at_average(|model| self.validation.evaluate(Exec::default(), model)).loss;
            losses.push(if finite && loss.is_finite() { loss } else { f64::INFINITY });
        }
        losses.sort_by(f64::total_cmp);
        Ok(losses[losses.len() / 2])
    }

    /// The best rate and its loss.
    fn best(&self) -> Result<(f64, f64), Box<dyn Error>> {
        let rate = |k: i32| 10f64.powf(f64::from(k) / 6.0);
        let lowest =
            |losses: &BTreeMap<i32, f64>| *losses.iter().min_by(|a, b| a.1.total_cmp(b.1)).expect("a rate was tried").0;
        let coarse: Result<BTreeMap<i32, f64>, _> =
            (-36..=12).step_by(3).map(|k| self.loss(rate(k), 1).map(|loss| (k, loss))).collect();
        let (mut best, mut losses) = (lowest(&coarse?), BTreeMap::new());
        loop {
            for k in best - 4..=best + 4 {
                if let Entry::Vacant(unknown) = losses.entry(k) {
                    unknown.insert(self.loss(rate(k), 5)?);
                }
            }
            let better = lowest(&losses);
            if better == best {
                return Ok((rate(best), losses[&best]));
            }
            best = better;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1);
    let first_seed: u64 = std::env::args().nth(2).map_or(Ok(1), |text| text.parse())?;
    let kept = path.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let mut kept: BTreeMap<String, String> =
        kept.lines().filter_map(|line| line.split_once(": ")).map(|(a, b)| (a.into(), b.into())).collect();
    let (mut count, mut within, mut unsharp, mut unknown, mut remarks) = (0, 0, 0, 0, vec![]);
    println!("{:34}{}", "rate found / best, for batches of", BATCHES.map(|n| format!("{n:>7}")).concat());
    for (name, workload, rules) in WORKLOADS {
        for rule in rules {
            let mut line = format!("{name:16}{:18}", rule.name());
            for batch_size in BATCHES {
                let seed = first_seed + count % 7;
                count += 1;
                let (training, validation) = workload.data(seed).split_at(TRAINING_ROWS)?;
                let settings = Settings { loss: workload.loss(), rule, batch_size, seed, ..Settings::default() };
                let validation = settings.evaluator(&validation)?;
                let case = Case { workload, settings, training: &training, validation };
                let key = format!("{name} {} batch {batch_size} seed {seed}", rule.name());
                if !kept.contains_key(&key) {
                    let (rate, loss) = case.best()?;
                    kept.insert(key.clone(), format!("{rate:.4e} {loss}"));
                    let lines: String = kept.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
                    path.as_ref().map_or(Ok(()), |path| fs::write(path, lines))?;
                }
                let (best, lowest) = kept[&key].split_once(' ').ok_or("a rate and a loss")?;
                let (best, lowest): (f64, f64) = (best.parse()?, lowest.parse()?);
                let found = case.found()?;
                let Some(suggestion) = found.suggestion else {
                    unknown += 1;
                    remarks.push(format!("{key}: does not know, {:?}; best {best:.2e}", found.unknown));
                    line += "      ?";
                    continue;
                };
                let ratio = suggestion.rate / best;
                line += &format!("{ratio:7.2}");
                let right = (1.0 / 3.0..=3.0).contains(&ratio);
                within += u32::from(right);
                unsharp += u32::from(!suggestion.is_sharp());
                if !right || !suggestion.is_sharp() {
                    let excess = 100.0 * (case.loss(suggestion.rate, 5)? / lowest - 1.0);
                    remarks.push(format!(
                        "{key}: {:.2e}, as good from {:.2e} to {:.2e}; best {best:.2e}, whose loss is lower by {excess:.2} %",
                        suggestion.rate, suggestion.lowest, suggestion.highest,
                    ));
                }
            }
            println!("{line}");
        }
    }
    println!("{within} of {count} within a factor of 3, {unknown} not known, {unsharp} said to hardly matter");
    remarks.iter().for_each(|remark| println!("{remark}"));
    Ok(())
}
