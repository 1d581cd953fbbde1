//! What a page is made of.

/// A part of the page: words, then charts, then tables.
#[derive(Default)]
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) heading: &'static str,
    /// How to read it.
    pub(crate) text: String,
    pub(crate) boxes: Vec<Words>,
    pub(crate) charts: Vec<Figure>,
    pub(crate) tables: Vec<Grid>,
    /// A command or a file.
    pub(crate) code: Option<String>,
}

/// Of which of the page's choices something is: of all without one.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) workload: Option<usize>,
    pub(crate) target: Option<usize>,
}

impl Place {
    pub(crate) fn workload(workload: usize) -> Self {
        Self { workload: Some(workload), target: None }
    }

    pub(crate) fn target(workload: usize, target: usize) -> Self {
        Self { workload: Some(workload), target: Some(target) }
    }

    /// The attributes by which the selector finds it.
    pub(crate) fn attributes(&self) -> String {
        let attribute = |name: &str, number: Option<usize>| number.map(|n| format!(" data-{name}=\"{n}\""));
        [attribute("w", self.workload), attribute("t", self.target)].into_iter().flatten().collect()
    }
}

/// Sentences in a box.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) place: Place,
    pub(crate) label: String,
    /// Beside the label, less loud.
    pub(crate) remark: String,
    pub(crate) lines: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Figure {
    pub(crate) place: Place,
    pub(crate) svg: String,
    pub(crate) caption: String,
}

#[derive(Default)]
pub(crate) struct Grid {
    pub(crate) place: Place,
    pub(crate) caption: String,
    /// Without it, the first column is.
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<Square>>,
}

/// A square of a table.
#[derive(Clone, Default)]
pub(crate) struct Square {
    pub(crate) text: String,
    /// What it is sorted by, if not by its text.
    pub(crate) value: Option<f64>,
    /// How strong its color is, from 0 to 1.
    pub(crate) strength: Option<f64>,
    /// A class of the style sheet: `tie`, `good`, `bad`, `soft`, `bar`.
    pub(crate) class: &'static str,
}

impl Square {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn number(text: impl Into<String>, value: f64) -> Self {
        Self { text: text.into(), value: Some(value).filter(|value| value.is_finite()), ..Self::default() }
    }

    /// The attributes of its tag.
    pub(crate) fn attributes(&self) -> String {
        let mut text = String::new();
        if !self.class.is_empty() {
            text += &format!(" class=\"{}\"", self.class);
        }
        if let Some(strength) = self.strength {
            text += &format!(" style=\"--h:{}\"", (100.0 * strength).round() / 100.0);
        }
        if let Some(value) = self.value {
            let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
            text += &format!(" data-v=\"{rounded}\"");
        }
        text
    }
}

/// What can be shown alone: a workload with its targets.
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) targets: Vec<String>,
}

/// What can be switched off.
pub(crate) struct Key {
    pub(crate) number: usize,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn look(&self) -> String {
        crate::report::chart::look(self.number)
    }
}
