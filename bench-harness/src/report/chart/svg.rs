//! plotters' backend for SVG whose looks are a style sheet's: short, and light or dark.

use super::series::{COLORS, GUIDE};
use plotters::prelude::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};
use std::convert::Infallible;
use std::fmt::Write;

/// Of the labels of axes, in the units of a chart: readable where the chart is as narrow as a telephone.
pub(super) const FONT: f64 = 36.0;

/// Stand-ins for the text and line colors of the style sheet.
pub(super) const INK: RGBColor = RGBColor(1, 1, 1);
pub(super) const FAINT: RGBColor = RGBColor(2, 2, 2);

/// Series that have a place of their own where all would be at the same.
pub(super) const ABREAST: usize = 6;

/// The symbols of points and marks, once for a page or a file. Each is around the origin.
pub(crate) const SYMBOLS: &str = "<svg class=\"symbols\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
<circle id=\"m0\" r=\"9\"/><path id=\"m1\" d=\"M-8-8H8V8H-8z\"/><path id=\"m2\" d=\"M0-11 10 7H-10z\"/>\
<path id=\"m3\" d=\"M0-11 11 0 0 11-11 0z\"/><path id=\"m4\" d=\"M0 11 10-7H-10z\"/>\
<path id=\"m5\" d=\"M-3-10H3V-3H10V3H3V10H-3V3H-10V-3H-3z\"/><path id=\"m6\" d=\"M-9-9 0-4 9-9 4 0 9 9 0 4-9 9-4 0z\"/>\
<g id=\"ring\" class=\"hollow\"><circle r=\"16\"/></g><g id=\"beyond\" class=\"hollow\"><path d=\"M-14-14 14 0-14 14z\"/></g>\
<g id=\"box\" class=\"hollow\"><path d=\"M-15-15H15V15H-15z\"/></g><g id=\"missed\" class=\"hollow\"><path d=\"M-9 4 9 22M-9 22 9 4\"/></g>\
</defs></svg>";

const SYMBOL_COUNT: usize = 7;

/// The symbol of a series: another one where colors begin again.
pub(super) fn symbol(number: usize) -> usize {
    if number == GUIDE { 0 } else { (number + number / COLORS) % SYMBOL_COUNT }
}

/// The class of a series' color.
pub(super) fn color(number: usize) -> String {
    if number == GUIDE { "guide".into() } else { format!("c{}", number % COLORS) }
}

/// The commands of a path through these places, each relative to the last.
pub(super) fn path(places: &[BackendCoord]) -> String {
    let mut text = String::new();
    let mut last: Option<BackendCoord> = None;
    for &(x, y) in places {
        let _ = match last {
            None => write!(text, "M{x} {y}"),
            Some((a, b)) if b == y => write!(text, "h{}", x - a),
            Some((a, b)) if a == x => write!(text, "v{}", y - b),
            Some((a, b)) => write!(text, "l{} {}", x - a, y - b),
        };
        last = Some((x, y));
    }
    // A minus sign parts numbers, too.
    text.replace(" -", "-")
}

/// How wide a text is at most: as in the widest of common fonts, because a chart does not know which one its reader has.
pub(super) fn text_width(text: &str) -> u32 {
    let letter = |letter: char| match letter {
        'f' | 'i' | 'j' | 'l' | 'r' | 't' | ' ' | '.' | ',' | ':' | '(' | ')' | '-' => 0.46,
        'm' | 'w' | 'M' | 'W' => 1.0,
        'a'..='z' | '0'..='9' => 0.65,
        _ => 0.85,
    };
    (text.chars().map(letter).sum::<f64>() * FONT).ceil() as u32
}

/// For text in SVG and HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Writes into a text.
pub(super) struct Svg<'a> {
    text: &'a mut String,
    size: (u32, u32),
    /// Lines that look the same and are not written yet: their class and commands.
    lines: Option<(&'static str, String)>,
}

impl<'a> Svg<'a> {
    pub(super) fn new(text: &'a mut String, size: (u32, u32)) -> Self {
        Self { text, size, lines: None }
    }

    /// An element.
    pub(super) fn write(&mut self, element: &str) {
        self.finish_lines();
        self.text.push_str(element);
    }

    fn finish_lines(&mut self) {
        if let Some((class, commands)) = self.lines.take() {
            let _ = writeln!(self.text, "<path class=\"{class}\" d=\"{commands}\"/>");
        }
    }

    fn line(&mut self, color: BackendColor, places: &[BackendCoord]) {
        let class = match color.rgb {
            _ if color.alpha == 0.0 => return,
            (2, 2, 2) => "grid",
            _ => "axis",
        };
        if self.lines.as_ref().is_none_or(|lines| lines.0 != class) {
            self.finish_lines();
        }
        self.lines.get_or_insert_with(|| (class, String::new())).1.push_str(&path(places));
    }
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Svg<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        self.finish_lines();
        Ok(())
    }

    /// Only areas are made of pixels, and a chart has them as paths.
    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Done {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.line(style.color(), &[from, to]);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, places: I, style: &S) -> Done {
        self.line(style.color(), &places.into_iter().collect::<Vec<_>>());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Done {
        let class = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " class=\"middle\"",
            HPos::Right => " class=\"end\"",
        };
        let down = match style.anchor().v_pos {
            VPos::Top => 0.76,
            VPos::Center => 0.35,
            VPos::Bottom => -0.25,
        };
        let turned = match style.transform() {
            FontTransform::None => String::new(),
            FontTransform::Rotate90 => format!(" transform=\"rotate(90 {x} {y})\""),
            FontTransform::Rotate180 => format!(" transform=\"rotate(180 {x} {y})\""),
            FontTransform::Rotate270 => format!(" transform=\"rotate(270 {x} {y})\""),
        };
        let y = y + (down * FONT) as i32;
        self.write(&format!("<text x=\"{x}\" y=\"{y}\"{class}{turned}>{}</text>\n", escape(text)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_and_short() {
        assert_eq!(path(&[(10, 20), (15, 20), (15, 10), (12, 13), (14, 8)]), "M10 20h5v-10l-3 3l2-5");
    }

    #[test]
    fn series_of_one_color_have_different_symbols() {
        let looks: Vec<_> = (0..56).map(|number| (color(number), symbol(number))).collect();
        let different: std::collections::BTreeSet<_> = looks.iter().collect();
        assert_eq!(different.len(), looks.len());
    }
}
