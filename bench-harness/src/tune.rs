//! `simdescent tune`: hyper-parameters by measurement.

use crate::cli::TuneLearningRate;
use crate::method::Method;
use crate::plot::{self, Plot};
use crate::shown::digits;
use crate::threads::Threads;
use crate::workload::Workload;
use anyhow::{Result, bail};
use serde_json::json;
use simdescent::LearningRateFinder;

/// `simdescent tune lr`: the exponential range test.
pub(crate) fn learning_rate(options: &TuneLearningRate) -> Result<()> {
    let run = options.run()?;
    if run.method() == Method::Lbfgs {
        bail!("lbfgs has no learning rate: choose another --optimizer");
    }
    let threads = Threads::new(run.threads.map_or(1, |n| n.get()))?;
    let exec = threads.exec()?;
    let workload = run.problem.workload(run.seed())?;
    let Workload { training, loss, .. } = &workload;
    let target_scaling = run.problem.target_scaling(training, *loss)?;
    let (settings, _) = run.settings(training.rows(), *loss, target_scaling)?;
    let finder =
        LearningRateFinder { from: options.from, to: options.to, steps: options.steps, smoothing: options.smoothing };
    let found = finder.run(exec, workload.model.build(run.trial(), run.seed()), training, settings)?;

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
    if options.output.json {
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
            settings.rule.name(),
            settings.batch_size
        );
        match found.suggested {
            Some(rate) => println!("suggested      {}   (steepest fall of the loss)", digits(rate, 4)),
            None => println!("suggested      none: the loss never falls in this range; take a lower --from"),
        }
        println!("lowest loss    {}", digits(found.lowest, 4));
        match found.exploded {
            Some(rate) => println!("loss exploded  {}", digits(rate, 4)),
            None => println!("loss exploded  not up to {}", digits(options.to, 4)),
        }
        if let Some(path) = &options.svg {
            println!("plot: {}", path.display());
        }
    }
    Ok(())
}
