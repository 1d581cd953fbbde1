//! A chart, for a page or as a file of its own: plotters lays out axes and maps values to places, `chart/svg.rs` writes them, and colors are
//! the style sheet's, so that a chart is light or dark as its reader likes.

mod elements;
mod series;
mod svg;
mod ticks;

use anyhow::Result;
use elements::{Item, Marker};
use plotters::prelude::*;
pub(crate) use series::{Axis, GUIDE, Mark, MarkKind, Point, Series};
use std::ops::Range;
use svg::{FAINT, FONT, INK, Svg};
pub(crate) use svg::{SYMBOLS, escape};
use ticks::Places;

/// In units of half a pixel where the page is wide: whole numbers are precise enough.
const SIZE: (u32, u32) = (1440, 920);
/// What charts look like, in a page and in files.
pub(crate) const STYLE: &str = include_str!("../../templates/chart.css");

/// Points, lines and marks between two axes.
#[derive(Default)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What is seen, for those who do not see it.
    pub(crate) description: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    /// Where horizontal lines are.
    pub(crate) limits: Vec<f64>,
    /// A vertical line: where, and what it is.
    pub(crate) upright: Option<(f64, String)>,
}

impl Chart {
    /// To stand in a page, which has style and symbols; none if there is nothing to show.
    pub(crate) fn svg(&self) -> Result<Option<String>> {
        let Some(ranges) = self.ranges() else { return Ok(None) };
        Ok(Some(format!("{}{}</svg>", head(SIZE.1, "", (&self.title, &self.description)), self.drawn(ranges)?)))
    }

    /// Title and names of the series, in as many lines as they take; and how high that is.
    fn legend(&self) -> (String, u32) {
        const LINE: u32 = 50;
        let (mut text, mut x, mut y) = (String::new(), 24, 50);
        for line in title_lines(&self.title) {
            text += &format!("<text x=\"24\" y=\"{y}\" class=\"title\">{}</text>\n", escape(&line));
            y += LINE;
        }
        let mut any = false;
        for series in self.series.iter().filter(|series| series.name.is_some()) {
            let name = series.name.as_deref().unwrap_or_default();
            // The sample in front, and space behind.
            let width = 42 + svg::text_width(name) + 32;
            if any && x + width > SIZE.0 {
                (x, y) = (24, y + LINE);
            }
            let sample = if series.points.is_empty() {
                format!("<path class=\"l\" d=\"M{x} {}h30\"/>", y - 12)
            } else {
                format!("<use href=\"#m{}\" x=\"{}\" y=\"{}\"/>", svg::symbol(series.number), x + 15, y - 12)
            };
            let class = svg::color(series.number);
            text +=
                &format!("<g class=\"{class}\">{sample}</g><text x=\"{}\" y=\"{y}\">{}</text>\n", x + 42, escape(name));
            x += width;
            any = true;
        }
        (text, if any { y + 24 } else { y + 24 - LINE })
    }

    /// What stands between the tags.
    fn drawn(&self, (x, y): (Range<f64>, Range<f64>)) -> Result<String> {
        let mut text = String::new();
        {
            let area = Svg::new(&mut text, SIZE).into_drawing_area();
            let (ticks_x, ticks_y) = (self.x.ticks(&x, SIZE.0), self.y.ticks(&y, SIZE.1));
            let mut builder = ChartBuilder::on(&area);
            builder.margin(16).margin_right(40).x_label_area_size(104).y_label_area_size(160);
            let places = |range: &Range<f64>, ticks| Places { range: range.clone(), ticks };
            let mut chart = builder.build_cartesian_2d(places(&x, ticks_x), places(&y, ticks_y))?;
            let label = |axis: &Axis, place: &f64| axis.tick(*place);
            chart
                .configure_mesh()
                .x_desc(&*self.x.label)
                .y_desc(&*self.y.label)
                .x_label_formatter(&|place| label(&self.x, place))
                .y_label_formatter(&|place| label(&self.y, place))
                .axis_style(INK)
                .bold_line_style(FAINT)
                .light_line_style(TRANSPARENT)
                .label_style(("sans-serif", FONT).into_font().color(&INK))
                .axis_desc_style(("sans-serif", FONT).into_font().color(&INK))
                .draw()?;
            let drawn = self.limits.iter().map(|&at| self.y.place(at)).filter(|at| y.contains(at));
            chart.draw_series(drawn.map(|at| Item::limit((x.start, at), (x.end, at))))?;
            let upright = self.upright.iter().map(|(at, what)| (self.x.place(*at), what));
            let upright = upright.filter(|(at, _)| x.contains(at));
            chart.draw_series(upright.map(|(at, what)| Item::upright((at, y.end), (at, y.start), what)))?;
            // Fits and bands below, points above.
            let mut parts: Vec<Item> = self.series.iter().map(|series| self.item(series, (&x, &y))).collect();
            parts.sort_by_key(Item::has_points);
            chart.draw_series(parts)?;
            area.present()?;
        }
        Ok(text)
    }

    fn item(&self, series: &Series, (x, y): (&Range<f64>, &Range<f64>)) -> Item {
        let place = |(a, b): (f64, f64)| (self.x.place(a), self.y.place(b));
        let inside = |point: &(f64, f64)| x.contains(&point.0) && y.contains(&point.1);
        let across = |a: f64| a.clamp(x.start, x.end);
        let up = |b: f64| b.clamp(y.start, y.end);
        let band = series.band.iter().filter(|(at, ..)| x.contains(&self.x.place(*at)));
        let band: Vec<[(f64, f64); 2]> =
            band.map(|&(at, low, high)| [low, high].map(|end| place((at, end))).map(|(a, b)| (a, up(b)))).collect();
        let mut markers = vec![];
        for point in &series.points {
            let at = place((point.x, point.y));
            if inside(&at) {
                let whisker = point.interval.map(|(low, high)| [low, high].map(|end| (at.0, up(self.y.place(end)))));
                markers.push(Marker { kind: None, at, whisker, text: point.text.clone() });
            }
        }
        for mark in &series.marks {
            let (a, b) = place((mark.x, mark.y));
            let b = if mark.kind == MarkKind::Missed { y.end } else { b };
            let at = (across(a), up(b));
            let whisker = mark.interval.map(|(low, high)| [low, high].map(|end| (across(self.x.place(end)), at.1)));
            if at.0.is_finite() && at.1.is_finite() {
                markers.push(Marker { kind: Some(mark.kind), at, whisker, text: mark.text.clone() });
            }
        }
        Item {
            number: series.number,
            thin: series.thin,
            text: series.text.clone(),
            line: series.line.iter().copied().map(place).filter(inside).collect(),
            band,
            markers,
            ..Item::default()
        }
    }

    /// What the axes span.
    fn ranges(&self) -> Option<(Range<f64>, Range<f64>)> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let lines = || self.series.iter().flat_map(|series| &series.line);
        let x = points().map(|point| point.x).chain(lines().map(|point| point.0));
        let ends = points().filter_map(|point| point.interval).flat_map(|(low, high)| [low, high]);
        let y = points().map(|point| point.y).chain(lines().map(|point| point.1)).chain(ends);
        Some((self.x.range(x)?, self.y.range(y.chain(self.limits.iter().copied()))?))
    }
}

/// Letters of a title that a chart has room for, in the widest of common fonts.
const TITLE: usize = 60;

/// A title in lines that a chart has room for.
fn title_lines(title: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in title.split(' ') {
        let last = lines.last_mut().expect("one is there");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= TITLE {
            *last = format!("{last} {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// What a series looks like, for the legend of a page.
pub(crate) fn look(number: usize) -> String {
    let (color, symbol) = (svg::color(number), svg::symbol(number));
    format!(
        "<svg class=\"key {color}\" viewBox=\"-13 -13 26 26\" aria-hidden=\"true\"><use href=\"#m{symbol}\"/></svg>"
    )
}

fn head(height: u32, attributes: &str, (title, description): (&str, &str)) -> String {
    let [title, description] = [title, description].map(escape);
    format!(
        "<svg class=\"chart\"{attributes} viewBox=\"0 0 {} {height}\" role=\"img\"><title>{title}</title><desc>{description}</desc>\n",
        SIZE.0
    )
}

/// Charts as a file, one below the other: with style, symbols, titles and legends. One that has nothing to show has axes.
pub(crate) fn file(charts: &[Chart]) -> Result<String> {
    let (mut body, mut height) = (String::new(), 0);
    for chart in charts {
        let (legend, above) = chart.legend();
        let drawn = chart.drawn(chart.ranges().unwrap_or((0.0..1.0, 0.0..1.0)))?;
        body += &format!("<g transform=\"translate(0 {height})\">\n{legend}</g>\n");
        body += &format!("<g transform=\"translate(0 {})\">\n{drawn}</g>\n", height + above);
        height += above + SIZE.1;
    }
    let about = charts.first().map_or(("", ""), |chart| (&chart.title, &chart.description));
    let head = head(height, " xmlns=\"http://www.w3.org/2000/svg\"", about);
    Ok(format!(
        "{head}<style>{STYLE}</style>{SYMBOLS}<rect width=\"100%\" height=\"100%\" class=\"paper\"/>\n{body}</svg>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let point = |x, y| Point { x, y, interval: Some((y / 2.0, y * 2.0)), text: format!("{x} & {y}") };
        let mark = |kind, x| Mark { kind, x, y: 30.0, interval: Some((2.0, 1e9)), text: "<mark>".into() };
        Chart {
            title: "steps".into(),
            description: "falls".into(),
            x: Axis::log("batch size"),
            y: Axis::log("steps"),
            series: vec![
                Series {
                    number: 0,
                    name: Some("sgd".into()),
                    points: vec![point(1.0, 100.0), point(10.0, 20.0)],
                    marks: vec![mark(MarkKind::Ring, 5.0), mark(MarkKind::Beyond, 1e6)],
                    ..Series::default()
                },
                Series { number: 1, line: vec![(1.0, 50.0), (10.0, 5.0)], thin: true, ..Series::default() },
            ],
            limits: vec![40.0],
            upright: Some((3.0, "here".into())),
        }
    }

    #[test]
    fn a_chart_has_its_points_with_texts_and_the_style_sheets_colors() {
        let svg = chart().svg().unwrap().unwrap();
        assert!(svg.starts_with("<svg class=") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert_eq!(svg.matches("<use").count(), 4);
        assert_eq!(svg.matches("class=\"limit\"").count(), 2);
        assert!(svg.contains("<title>1 &amp; 100</title>") && svg.contains("<desc>falls</desc>"));
        assert!(svg.contains("&lt;mark&gt;") && svg.contains("href=\"#beyond\""), "{svg}");
        assert!(svg.contains("class=\"c0\" data-s=\"0\"") && svg.contains("class=\"c1\" data-s=\"1\""), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("fill=\"#"), "{svg}");
    }

    #[test]
    fn a_file_has_all_that_it_needs() {
        let one = file(&[chart()]).unwrap();
        for part in ["xmlns=", "<style>", "id=\"m0\"", ">steps</text>", ">sgd</text>", ">here</text>"] {
            assert!(one.contains(part), "{part}: {one}");
        }
        let two = file(&[chart(), Chart::default()]).unwrap();
        assert_eq!(two.matches("class=\"axis\"").count(), 2 * one.matches("class=\"axis\"").count(), "{two}");
    }

    /// With the widths of the names in DejaVu Sans, which is as wide as any common font.
    #[test]
    fn names_in_a_legend_neither_overlap_nor_leave_the_chart() {
        let names = [
            ("sgd", 1.79),
            ("momentum", 5.81),
            ("adagrad", 4.14),
            ("rmsprop", 4.9),
            ("momentum (linear warmup)", 14.14),
        ];
        let named = |(name, _): &(&str, f64)| Series { name: Some((*name).into()), ..chart().series.remove(0) };
        let legend = Chart { series: names.iter().map(named).collect(), ..chart() }.legend().0;
        let place = |(name, _): &(&str, f64)| {
            let tag = legend.lines().find(|line| line.ends_with(&format!(">{name}</text>"))).unwrap();
            let numbers = tag.split("<text ").nth(1).unwrap().split('"');
            let numbers: Vec<f64> = numbers.filter_map(|number| number.parse().ok()).collect();
            (numbers[0], numbers[1])
        };
        let places: Vec<(f64, f64)> = names.iter().map(place).collect();
        assert!(places[1].1 < places[4].1, "one row has not room for all: {legend}");
        for (i, (x, y)) in places.iter().enumerate() {
            // The next sample begins before its name.
            let next = places.get(i + 1).filter(|next| next.1 == *y).map_or(f64::from(SIZE.0), |next| next.0 - 42.0);
            assert!(x + names[i].1 * FONT < next, "{}: {legend}", names[i].0);
        }
    }

    #[test]
    fn long_titles_have_several_lines() {
        let lines = title_lines(&"steps to target ".repeat(8));
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= TITLE), "{lines:?}");
        assert_eq!(title_lines("steps"), ["steps"]);
    }

    #[test]
    fn nothing_to_show_is_no_chart() {
        let empty = Chart { series: vec![], limits: vec![], ..chart() };
        assert!(empty.svg().unwrap().is_none());
        let misses = Point { x: 1.0, y: f64::INFINITY, interval: None, text: String::new() };
        let series = vec![Series { points: vec![misses], ..Series::default() }];
        assert!(Chart { series, limits: vec![], ..chart() }.svg().unwrap().is_none());
    }

    #[test]
    fn flat_lines_still_have_axes() {
        for log in [false, true] {
            let axis = Axis { log, ..Axis::default() };
            let line = vec![(1.0, 3.0), (1.0, 3.0)];
            let series = vec![Series { line, ..Series::default() }];
            let chart = Chart { x: axis.clone(), y: axis, series, ..Chart::default() };
            assert!(!chart.svg().unwrap().unwrap().contains("NaN"));
        }
    }
}
