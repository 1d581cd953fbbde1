//! A chart of the page: drawn by plotters, then given what a page needs: colors of the style sheet, texts of its points, groups that can be
//! switched off.

use anyhow::Result;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::fmt::Write;
use std::ops::Range;

const SIZE: (u32, u32) = (640, 400);
/// Stand-ins for the text and line colors of the style sheet: no series has them.
const INK: RGBColor = RGBColor(1, 1, 1);
const FAINT: RGBColor = RGBColor(2, 2, 2);
/// Okabe and Ito's colors, which color-blind people can tell apart.
pub(super) const COLORS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#777777"];

/// The number of a line that belongs to no optimizer.
pub(super) const GUIDE: usize = 99;

/// A chart with logarithmic axes.
pub(super) struct Chart {
    pub(super) title: String,
    /// What is seen, for those who do not see it.
    pub(super) description: String,
    pub(super) x_label: &'static str,
    pub(super) y_label: &'static str,
    /// Where the x axis is labeled, if not where it is usual.
    pub(super) ticks: Option<Vec<f64>>,
    pub(super) series: Vec<Series>,
    /// Where horizontal lines are.
    pub(super) limits: Vec<f64>,
}

/// Points and lines of one thing.
#[derive(Default)]
pub(super) struct Series {
    /// Which thing of the page: it decides color and switch.
    pub(super) number: usize,
    pub(super) points: Vec<Point>,
    pub(super) line: Vec<(f64, f64)>,
    /// A line that is thinner: a fit beside its points.
    pub(super) dashed: bool,
    /// Lower and upper ends of a band.
    pub(super) band: Vec<(f64, f64, f64)>,
}

/// A point with its interval.
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) interval: Option<(f64, f64)>,
    /// Shown where it is pointed at.
    pub(super) text: String,
}

impl Chart {
    /// The chart as SVG, to stand in a page; none if there is nothing to show.
    pub(super) fn svg(&self) -> Result<Option<String>> {
        let Some((x, y)) = self.ranges() else { return Ok(None) };
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            let mut chart = ChartBuilder::on(&area);
            chart.margin(8).margin_right(16).x_label_area_size(40).y_label_area_size(64);
            let x_axis = x.clone().log_scale().with_key_points(self.ticks.clone().unwrap_or_else(|| ticks(&x)));
            let y_axis = y.clone().log_scale().with_key_points(ticks(&y));
            self.draw(chart.build_cartesian_2d(x_axis, y_axis)?, &x, &y)?;
            area.present()?;
        }
        Ok(Some(self.styled(&svg)))
    }

    fn ranges(&self) -> Option<(Range<f64>, Range<f64>)> {
        let (mut xs, mut ys) = (vec![], vec![]);
        for series in &self.series {
            for point in &series.points {
                xs.push(point.x);
                ys.push(point.y);
                if let Some((low, high)) = point.interval {
                    ys.extend([low, high]);
                }
            }
            for &(x, y) in &series.line {
                xs.push(x);
                ys.push(y);
            }
        }
        let limits: Vec<f64> = self.limits.clone();
        let usable = |values: Vec<f64>| {
            let values = values.into_iter().filter(|v| v.is_finite() && *v > 0.0);
            let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
            (low <= high).then(|| low / 1.2..high * 1.2)
        };
        let x = usable(xs)?;
        ys.extend(limits);
        Some((x, usable(ys)?))
    }

    fn draw<X, Y>(
        &self,
        mut chart: ChartContext<'_, SVGBackend<'_>, Cartesian2d<X, Y>>,
        x: &Range<f64>,
        y: &Range<f64>,
    ) -> Result<()>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64> + AsRangedCoord<Value = f64>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64> + AsRangedCoord<Value = f64>,
    {
        let number = |x: &f64| tick(*x);
        chart
            .configure_mesh()
            .x_desc(self.x_label)
            .y_desc(self.y_label)
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .x_labels(8)
            .y_labels(7)
            .axis_style(INK)
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 14).into_font().color(&INK))
            .draw()?;
        let inside = |&(a, b): &(f64, f64)| x.contains(&a) && y.contains(&b);
        for series in &self.series {
            let color = marker(series.number);
            if !series.band.is_empty() {
                let upper = series.band.iter().map(|&(x, _, high)| (x, high.clamp(y.start, y.end)));
                let lower = series.band.iter().rev().map(|&(x, low, _)| (x, low.clamp(y.start, y.end)));
                chart.draw_series([Polygon::new(upper.chain(lower).collect::<Vec<_>>(), color.mix(0.15))])?;
            }
            let line: Vec<(f64, f64)> = series.line.iter().copied().filter(inside).collect();
            if line.len() > 1 {
                let style = color.stroke_width(if series.dashed { 1 } else { 2 });
                chart.draw_series([PathElement::new(line, style)])?;
            }
            for point in series.points.iter().filter(|point| inside(&(point.x, point.y))) {
                if let Some((low, high)) = point.interval {
                    let ends = [(point.x, low.clamp(y.start, y.end)), (point.x, high.clamp(y.start, y.end))];
                    chart.draw_series([PathElement::new(ends.to_vec(), color.stroke_width(1))])?;
                }
                chart.draw_series([Circle::new((point.x, point.y), 4, color.filled())])?;
            }
        }
        for &at in self.limits.iter().filter(|&at| y.contains(at)) {
            chart.draw_series([PathElement::new(vec![(x.start, at), (x.end, at)], INK.stroke_width(1))])?;
        }
        Ok(())
    }

    /// Gives what plotters drew its classes and texts.
    fn styled(&self, svg: &str) -> String {
        let (x, y) = self.ranges().expect("it was drawn");
        let inside = |point: &&Point| x.contains(&point.x) && y.contains(&point.y);
        let mut texts =
            self.series.iter().flat_map(|series| series.points.iter().filter(inside)).map(|point| &point.text);
        let mut drawn = [false; GUIDE + 1];
        self.series.iter().for_each(|series| drawn[series.number.min(GUIDE)] = true);
        let body = svg.split_once('>').map_or("", |(_, body)| body);
        let mut styled = format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\"><title>{}</title><desc>{}</desc>",
            SIZE.0,
            SIZE.1,
            escape(&self.title),
            escape(&self.description)
        );
        for line in body.lines() {
            let mut line = line.replace("opacity=\"1\" ", "");
            for (stand_in, class) in [("#010101", "ink"), ("#020202", "faint")] {
                line = line.replace(&format!("fill=\"{stand_in}\""), &format!("class=\"f-{class}\""));
                line = line.replace(&format!("stroke=\"{stand_in}\""), &format!("class=\"l-{class}\""));
            }
            for number in (0..=GUIDE).filter(|&number| drawn[number]) {
                let color = if number == GUIDE { "#888888" } else { COLORS[number % COLORS.len()] };
                let stand_in = hexadecimal(marker(number));
                if line.to_ascii_lowercase().contains(&stand_in) {
                    line = line.to_ascii_lowercase().replace(&stand_in, color);
                    let end = line.find(' ').unwrap_or(line.len());
                    line.insert_str(end, &format!(" class=\"s{number}\""));
                }
            }
            if line.starts_with("<circle") {
                let text = texts.next().map_or("", String::as_str);
                line = format!("{}><title>{}</title></circle>", line.trim_end_matches("/>"), escape(text));
            }
            styled += &line;
            styled.push('\n');
        }
        styled
    }
}

/// The stand-in of a series.
fn marker(number: usize) -> RGBColor {
    RGBColor(3, 3, 10 + number.min(GUIDE) as u8)
}

fn hexadecimal(RGBColor(r, g, b): RGBColor) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Round numbers of a logarithmic axis: powers of ten, with their doubles and halves where there are few.
fn ticks(range: &Range<f64>) -> Vec<f64> {
    let exponents = (libm::log10(range.start).floor() as i32)..=(libm::log10(range.end).ceil() as i32);
    let decades = libm::log10(range.end / range.start);
    let steps: &[f64] = if decades > 4.0 {
        &[1.0]
    } else if decades > 1.0 {
        &[1.0, 3.0]
    } else {
        &[1.0, 2.0, 3.0, 5.0, 7.0]
    };
    let all = exponents.flat_map(|exponent| steps.iter().map(move |step| step * libm::pow(10.0, f64::from(exponent))));
    all.filter(|tick| range.contains(tick)).collect()
}

/// A number at an axis.
fn tick(x: f64) -> String {
    let magnitude = x.abs();
    let mut text = String::new();
    let written = match magnitude {
        _ if magnitude == 0.0 => write!(text, "0"),
        _ if magnitude >= 1e9 => write!(text, "{}G", short(x / 1e9)),
        _ if magnitude >= 1e6 => write!(text, "{}M", short(x / 1e6)),
        _ if magnitude >= 1e4 => write!(text, "{}k", short(x / 1e3)),
        _ if magnitude >= 1e-3 => write!(text, "{}", short(x)),
        _ => write!(text, "{x:.0e}"),
    };
    written.expect("a string takes all");
    text
}

/// Three significant digits at most, without trailing zeros.
fn short(x: f64) -> String {
    let digits = (2 - libm::log10(x.abs()).floor() as i32).clamp(0, 6) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// For text in SVG and HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let point = |x, y| Point { x, y, interval: Some((y / 2.0, y * 2.0)), text: format!("{x} & {y}") };
        Chart {
            title: "steps".into(),
            description: "falls".into(),
            x_label: "batch size",
            y_label: "steps",
            ticks: None,
            series: vec![
                Series { number: 0, points: vec![point(1.0, 100.0), point(10.0, 20.0)], ..Series::default() },
                Series { number: 1, line: vec![(1.0, 50.0), (10.0, 5.0)], dashed: true, ..Series::default() },
            ],
            limits: vec![],
        }
    }

    #[test]
    fn a_chart_has_its_points_with_texts_and_the_style_sheets_colors() {
        let svg = chart().svg().unwrap().unwrap();
        assert!(svg.starts_with("<svg viewBox=") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("<title>1 &amp; 100</title>") && svg.contains("<desc>falls</desc>"));
        assert!(svg.contains(COLORS[0]) && svg.contains(COLORS[1]) && svg.contains("class=\"s1\""), "{svg}");
        assert!(!svg.contains("#010101") && !svg.contains("#0303") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn nothing_to_show_is_no_chart() {
        let empty = Chart { series: vec![], ..chart() };
        assert!(empty.svg().unwrap().is_none());
        let misses = Point { x: 1.0, y: f64::INFINITY, interval: None, text: String::new() };
        let misses = Chart { series: vec![Series { points: vec![misses], ..Series::default() }], ..chart() };
        assert!(misses.svg().unwrap().is_none());
    }
}
