//! What a chart draws between its axes.

use super::series::{GUIDE, MarkKind};
use super::svg::{self, Svg};
use plotters::element::{Drawable, PointCollection};
use plotters_backend::{BackendCoord, DrawingBackend, DrawingErrorKind};
use std::fmt::Write;

/// A series by its places, or a horizontal line.
#[derive(Default)]
pub(super) struct Item {
    pub(super) number: usize,
    pub(super) thin: bool,
    /// Of its line.
    pub(super) text: String,
    pub(super) limit: Option<[(f64, f64); 2]>,
    /// Beside the upper end of that line.
    pub(super) label: String,
    /// Its lower and its upper end.
    pub(super) band: Vec<[(f64, f64); 2]>,
    pub(super) line: Vec<(f64, f64)>,
    pub(super) markers: Vec<Marker>,
}

/// A point or a mark.
pub(super) struct Marker {
    /// None for a point of the series.
    pub(super) kind: Option<MarkKind>,
    pub(super) at: (f64, f64),
    pub(super) whisker: Option<[(f64, f64); 2]>,
    pub(super) text: String,
}

impl Item {
    pub(super) fn limit(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { limit: Some([from, to]), ..Self::default() }
    }

    pub(super) fn upright(from: (f64, f64), to: (f64, f64), label: &str) -> Self {
        Self { label: label.to_owned(), ..Self::limit(from, to) }
    }

    pub(super) fn has_points(&self) -> bool {
        !self.markers.is_empty()
    }
}

/// All places, in the order in which `draw` takes them.
impl PointCollection<'_, (f64, f64)> for &Item {
    type Point = (f64, f64);
    type IntoIter = std::vec::IntoIter<(f64, f64)>;

    fn point_iter(self) -> Self::IntoIter {
        let mut places: Vec<(f64, f64)> = self.limit.iter().flatten().copied().collect();
        places.extend(self.band.iter().map(|ends| ends[0]));
        places.extend(self.band.iter().rev().map(|ends| ends[1]));
        places.extend(&self.line);
        for marker in &self.markers {
            places.push(marker.at);
            places.extend(marker.whisker.iter().flatten());
        }
        places.into_iter()
    }
}

impl Drawable<Svg<'_>> for Item {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut places: I,
        svg: &mut Svg<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<<Svg<'_> as DrawingBackend>::ErrorType>> {
        let mut take = |n: usize| -> Vec<BackendCoord> { places.by_ref().take(n).collect() };
        if self.limit.is_some() {
            let ends = take(2);
            svg.write(&format!("<path class=\"limit\" d=\"{}\"/>\n", svg::path(&ends)));
            if !self.label.is_empty() {
                let (x, y) = ends[0];
                let is_right = 2 * x as u32 > svg.get_size().0;
                let (x, class) = if is_right { (x - 12, " class=\"end\"") } else { (x + 12, "") };
                svg.write(&format!("<text x=\"{x}\" y=\"{}\"{class}>{}</text>\n", y + 34, svg::escape(&self.label)));
            }
            return Ok(());
        }
        let mut inner = String::new();
        let band = take(2 * self.band.len());
        if band.len() > 2 {
            let _ = write!(inner, "<path class=\"b\" d=\"{}z\"/>", svg::path(&band));
        }
        let line = take(self.line.len());
        if line.len() > 1 {
            let class = if self.thin { "d" } else { "l" };
            let _ = match &*self.text {
                "" => write!(inner, "<path class=\"{class}\" d=\"{}\"/>", svg::path(&line)),
                text => write!(
                    inner,
                    "<path class=\"{class}\" d=\"{}\"><title>{}</title></path>",
                    svg::path(&line),
                    svg::escape(text)
                ),
            };
        }
        let (mut whiskers, mut symbols) = (String::new(), String::new());
        for marker in &self.markers {
            let (x, y) = take(1)[0];
            if marker.whisker.is_some() {
                whiskers += &svg::path(&take(2));
            }
            let (symbol, x) = match marker.kind {
                None => (format!("m{}", svg::symbol(self.number)), x),
                Some(MarkKind::Ring) => ("ring".into(), x),
                Some(MarkKind::Beyond) => ("beyond".into(), x),
                Some(MarkKind::Square) => ("box".into(), x),
                // Several series may miss at the same place.
                Some(MarkKind::Missed) => ("missed".into(), x + 9 * (self.number % svg::ABREAST) as i32),
            };
            let text = svg::escape(&marker.text);
            let _ = write!(symbols, "<use href=\"#{symbol}\" x=\"{x}\" y=\"{y}\"><title>{text}</title></use>");
        }
        if !whiskers.is_empty() {
            let _ = write!(inner, "<path class=\"w\" d=\"{whiskers}\"/>");
        }
        inner += &symbols;
        if !inner.is_empty() {
            svg.write(&match self.number {
                GUIDE => format!("<g class=\"guide\">{inner}</g>\n"),
                number => format!("<g class=\"{}\" data-s=\"{number}\">{inner}</g>\n", svg::color(number)),
            });
        }
        Ok(())
    }
}
