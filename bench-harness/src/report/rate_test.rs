//! What a learning-rate range test found, as text and as a picture.

use super::format_number::digits;
use super::svg::{Plot, draw};
use crate::training::rate_test::RateTestReport;
use anyhow::Result;
use simdescent::RangePoint;

/// A line each.
pub(crate) fn lines(report: &RateTestReport) -> Vec<String> {
    let RateTestReport { workload, model, optimizer, batch_size, result, .. } = report;
    vec![
        format!("{workload}: {model}, {optimizer}, batch {batch_size}"),
        match result.suggested {
            Some(rate) => format!("suggested      {}   (steepest fall of the loss)", digits(rate, 4)),
            None => "suggested      none: the loss never falls in this range; take a lower --from".into(),
        },
        format!("lowest loss    {}", digits(result.lowest, 4)),
        match result.exploded {
            Some(rate) => format!("loss exploded  {}", digits(rate, 4)),
            None => format!("loss exploded  not up to {}", digits(report.finder.to, 4)),
        },
    ]
}

/// The loss over the rate, as an SVG.
pub(crate) fn svg(report: &RateTestReport) -> Result<String> {
    let curve = |y: fn(&RangePoint) -> f64| report.result.points.iter().map(|p| (p.rate, y(p))).collect();
    draw(&[Plot {
        title: &format!("learning-rate range test: {}", report.workload),
        x_label: "learning rate",
        y_label: "training loss",
        log_x: true,
        curves: &[("loss", curve(|p| p.loss)), ("smoothed", curve(|p| p.smoothed))],
        mark: report.result.suggested.map(|rate| ("suggested", rate)),
    }])
}
