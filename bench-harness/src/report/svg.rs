//! Curves as SVG, one picture below the other.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::ops::Range;

const SIZE: (u32, u32) = (800, 480);

/// The pictures as one file.
pub(crate) fn draw(plots: &[Plot<'_>]) -> Result<String> {
    let mut svg = String::new();
    {
        let size = (SIZE.0, SIZE.1 * plots.len() as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        for (plot, area) in plots.iter().zip(area.split_evenly((plots.len(), 1))) {
            plot.render(&area)?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// One picture.
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
    /// Whether the x axis is logarithmic; then every x has to be positive.
    pub(crate) log_x: bool,
    /// (name, points) of each curve, all finite.
    pub(crate) curves: &'a [(&'a str, Vec<(f64, f64)>)],
    /// A vertical line: what it is, and where.
    pub(crate) mark: Option<(&'a str, f64)>,
}

impl Plot<'_> {
    fn render(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
        let points = || self.curves.iter().flat_map(|(_, points)| points);
        let (x, y) = (range(points().map(|p| p.0)), range(points().map(|p| p.1)));
        let room = 0.05 * (y.end - y.start);
        let y = y.start - room..y.end + room;
        if self.log_x { self.draw(area, x.clone().log_scale(), x, y) } else { self.draw(area, x.clone(), x, y) }
    }

    fn draw<X>(&self, area: &DrawingArea<SVGBackend<'_>, Shift>, axis: X, x: Range<f64>, y: Range<f64>) -> Result<()>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d(axis, y.clone())?;
        let number =
            |x: &f64| if *x != 0.0 && (x.abs() < 1e-3 || x.abs() >= 1e5) { format!("{x:.1e}") } else { short(*x) };
        chart
            .configure_mesh()
            .x_desc(self.x_label)
            .y_desc(self.y_label)
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .light_line_style(WHITE)
            .draw()?;
        for (i, (name, points)) in self.curves.iter().enumerate() {
            let color = Palette99::pick(i).to_rgba();
            chart
                .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], color.stroke_width(2)));
        }
        if let Some((name, at)) = self.mark.filter(|(_, at)| x.contains(at)) {
            chart
                .draw_series([PathElement::new(vec![(at, y.start), (at, y.end)], BLACK)])?
                .label(name)
                .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], BLACK));
        }
        if self.curves.len() > 1 || self.mark.is_some() {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .background_style(WHITE)
                .border_style(BLACK)
                .draw()?;
        }
        Ok(())
    }
}

/// Three decimals, without trailing zeros.
fn short(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The smallest range of these values that is not empty.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    match low {
        _ if low < high => low..high,
        0.0 => 0.0..1.0,
        _ if low.is_finite() => low.min(low * 2.0)..low.max(low * 2.0),
        _ => 0.0..1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_labels_curves_and_mark() {
        let curves = [("loss", vec![(1e-3, 2.0), (1e-1, 1.0)]), ("smoothed", vec![(1e-3, 2.0), (1e-1, 1.5)])];
        let plot =
            |log_x, mark| Plot { title: "T", x_label: "X axis", y_label: "Y axis", log_x, curves: &curves, mark };
        for log_x in [false, true] {
            let svg = draw(&[plot(log_x, Some(("suggested", 1e-2)))]).unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            for text in ["X axis", "Y axis", "loss", "smoothed", "suggested"] {
                assert!(svg.contains(text), "{text}");
            }
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(!draw(&[plot(log_x, None)]).unwrap().contains("suggested"));
        }
    }

    #[test]
    fn a_flat_or_empty_curve_still_has_axes() {
        for points in [vec![], vec![(0.0, 0.0)], vec![(0.0, -3.0), (9.0, -3.0)]] {
            let curves = [("c", points)];
            let plot = Plot { title: "T", x_label: "x", y_label: "y", log_x: false, curves: &curves, mark: None };
            assert!(!draw(&[plot]).unwrap().contains("NaN"));
        }
    }
}
