//! A page: the whole evidence in one file, without network or script needed. The same style for all commands.

pub(crate) mod bench;
mod branches;
pub(crate) mod comparison;
mod figures;
pub(crate) mod learning_curve;
mod losses;
mod noise;
pub(crate) mod parts;
pub(crate) mod search;
mod source;
pub(crate) mod sweep;
mod tables;
pub(crate) mod training;

use super::chart::{STYLE, SYMBOLS};
use anyhow::Result;
use askama::Template;
use parts::{Choice, Key, Section};

/// The page of any command.
#[derive(Default, Template)]
#[template(path = "page.html")]
struct Page {
    title: String,
    subtitle: String,
    /// What is wrong with all that follows.
    alarms: Vec<String>,
    choices: Vec<Choice>,
    /// (workload, target) that are shown first.
    shown: Option<(usize, usize)>,
    keys: Vec<Key>,
    sections: Vec<Section>,
    /// The report.
    json: serde_json::Value,
}

impl Page {
    fn html(&self) -> Result<String> {
        Ok(self.render()?)
    }

    fn is_shown(&self, workload: &usize, target: &usize) -> bool {
        self.shown == Some((*workload, *target))
    }

    fn chart_style(&self) -> &'static str {
        STYLE
    }

    fn symbols(&self) -> &'static str {
        SYMBOLS
    }

    /// For a script element, which ends at the first such tag, wherever it stands.
    fn embedded(&self) -> String {
        self.json.to_string().replace("</", "<\\/")
    }
}

/// Four digits say what a page shows.
fn rounded(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => map.values_mut().for_each(rounded),
        serde_json::Value::Array(values) => values.iter_mut().for_each(rounded),
        serde_json::Value::Number(number) if number.is_f64() => {
            let Some(x) = number.as_f64() else { return };
            let rounded: f64 = format!("{x:.3e}").parse().unwrap_or(x);
            // Whole numbers are shorter without their point.
            let whole = (rounded.fract() == 0.0 && rounded.abs() < 1e6).then(|| (rounded as i64).into());
            if let Some(rounded) = whole.or_else(|| serde_json::Number::from_f64(rounded)) {
                *number = rounded;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::parts::{Figure, Grid, Place, Square, Words};
    use super::*;

    #[test]
    fn a_page_has_its_parts_and_no_tag_of_anybody_else() {
        let text = "</script><b>".to_owned();
        let section = Section {
            id: "one",
            heading: "One",
            text: text.clone(),
            boxes: vec![Words { label: text.clone(), lines: vec![text.clone()], ..Words::default() }],
            charts: vec![Figure {
                svg: "<svg class=\"chart\"></svg>".into(),
                caption: text.clone(),
                ..Figure::default()
            }],
            tables: vec![Grid {
                place: Place::target(0, 1),
                caption: text.clone(),
                head: vec![text.clone()],
                rows: vec![vec![Square { strength: Some(0.5), class: "tie", ..Square::number("7", 7.0) }]],
            }],
            code: Some(text.clone()),
        };
        let page = Page {
            title: text.clone(),
            alarms: vec![text.clone()],
            choices: vec![Choice { name: text.clone(), targets: vec![text.clone(), text.clone()] }],
            shown: Some((0, 1)),
            keys: vec![Key { number: 3, name: text.clone() }],
            sections: vec![section],
            json: serde_json::json!({ "text": text }),
            ..Page::default()
        };
        let html = page.html().unwrap();
        assert!(!html.contains("</script><b>") && html.matches("</script>").count() == 2, "{html}");
        for part in ["data-w=\"0\" data-t=\"1\"", "style=\"--h:0.5\"", "value=\"0,1\" selected", "data-v=\"7\""] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn numbers_of_a_page_are_short() {
        let mut value = serde_json::json!({"a": [0.123_456_789, 12.0, 1e-9, 7, "0.123456789"], "b": 123_456.7});
        rounded(&mut value);
        assert_eq!(value.to_string(), r#"{"a":[0.1235,12,1e-9,7,"0.123456789"],"b":123500}"#);
    }
}
