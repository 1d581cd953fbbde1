//! `simdescent tune`: hyper-parameters by measurement.

use crate::cli::TuneLearningRate;
use crate::plot::{self, Plot};
use crate::threads::Threads;
use anyhow::Result;
use serde_json::json;
use simdescent::{LearningRateFinder, Settings};

/// `simdescent tune lr`: the exponential range test.
pub(crate) fn learning_rate(options: &TuneLearningRate) -> Result<()> {
    let threads = Threads::new(options.threads.get())?;
    let exec = threads.exec()?;
    let workload = options.problem.workload(options.seed)?;
    let settings = Settings {
        loss: workload.loss,
        rule: options.optimizer.0,
        batch_size: options.batch_size.get().min(workload.training.rows()),
        seed: options.seed,
        ..Settings::default()
    };
    let finder =
        LearningRateFinder { from: options.from, to: options.to, steps: options.steps, smoothing: options.smoothing };
    let found = finder.run(exec, workload.model.build(0, options.seed), &workload.training, settings)?;

    if let Some(path) = &options.svg {
        let curve = |y: fn(&simdescent::RangePoint) -> f64| found.points.iter().map(|p| (p.rate, y(p))).collect();
        let plot = Plot {
            title: &format!("learning-rate range test: {}", workload.name),
            x_label: "learning rate",
            y_label: "training loss",
            log_x: true,
            curves: &[("loss", curve(|p| p.loss)), ("smoothed", curve(|p| p.smoothed))],
            mark: found.suggested.map(|rate| ("suggested", rate)),
        };
        plot::write(path, &[plot])?;
    }
    if options.json {
        let report = json!({
            "schema_version": 1,
            "workload": workload.name,
            "model": workload.model.describe(),
            "optimizer": settings.rule.name(),
            "batch_size": settings.batch_size,
            "seed": settings.seed,
            "finder": finder,
            "result": found,
        });
        println!("{report:#}");
    } else {
        println!(
            "{}: {}, {}, batch {}",
            workload.name,
            workload.model.describe(),
            options.optimizer.0.name(),
            settings.batch_size
        );
        match found.suggested {
            Some(rate) => println!("suggested      {rate:.3e}   (steepest fall of the loss)"),
            None => println!("suggested      none: the loss never falls in this range; take a lower --from"),
        }
        println!("lowest loss    {:.3e}", found.lowest);
        match found.exploded {
            Some(rate) => println!("loss exploded  {rate:.3e}"),
            None => println!("loss exploded  not up to {:.3e}", options.to),
        }
        if let Some(path) = &options.svg {
            println!("plot: {}", path.display());
        }
    }
    Ok(())
}
