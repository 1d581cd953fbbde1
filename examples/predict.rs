//! From a CSV file to predictions: a network is trained and saved, and says what it makes of rows without a target.
//!
//! `cargo run --release --example predict`

use simdescent::dataset::{CsvFile, CsvOptions, Standardizer, TargetEncoding};
use simdescent::{
    Activation, Checkpoint, FitOptions, Initializer, LearningRate, Loss, Mlp, Predictions, Rule, Settings,
    TargetScaling, Trainer,
};
use simdescent_kernels::Exec;
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("simdescent-predict-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let [known, new, saved] = ["known.csv", "new.csv", "model.safetensors"].map(|name| folder.join(name));
    let prices = (0..500).map(|i| {
        let (area, age) = (40 + i * 37 % 120, i * 11 % 60);
        format!("{area},{age},{}\n", 3000 * area - 1000 * age + 50_000)
    });
    fs::write(&known, "area,age,price\n".to_owned() + &prices.collect::<String>())?;
    fs::write(&new, "age,area\n10,80\n50,120\n")?;

    // What the columns mean and how they are scaled is found out once, and goes for all other rows.
    let mut file = CsvFile::open(&known, &CsvOptions::default())?;
    let encoding = file.fit(&|_| true)?;
    let mut training = file.encode(&encoding)?;
    let standardizer = Standardizer::fit(&training);
    standardizer.apply(&mut training)?;
    let settings = Settings {
        loss: Loss::Squared,
        target_scaling: Some(TargetScaling::fit(Loss::Squared, &training)?),
        rule: Rule::ADAM,
        learning_rate: LearningRate::Constant { rate: 0.01 },
        ..Settings::default()
    };
    let network = || Mlp::from_seed(&[2, 16, 1], Activation::Relu, Initializer::HeNormal, 1);
    let exec = Exec::default();
    let mut trainer = Trainer::new(exec, network(), &training, settings)?;
    trainer.fit(&settings.evaluator(&training)?, FitOptions::default())?;
    trainer.checkpoint()?.write(&saved)?;

    // Later: the model from its file, rows from another one.
    let checkpoint = Checkpoint::read(&saved)?;
    let mut model = network();
    checkpoint.load_weights(&mut model)?;
    let rows_to_predict = encoding.with_target(TargetEncoding::ABSENT);
    let mut rows = CsvFile::open_like(&new, &rows_to_predict)?.encode(&rows_to_predict)?;
    standardizer.apply(&mut rows)?;
    let Predictions::Numbers(prices) = checkpoint.settings().predict(exec, &mut model, rows.all()) else {
        unreachable!("the loss is one of numbers")
    };
    for (price, truth) in prices.iter().zip([280_000.0, 360_000.0]) {
        println!("predicted {price:.0}, true {truth}");
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}
