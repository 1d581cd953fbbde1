//! What makes no sense in a TOML file, and where.

use std::fmt::{Display, Formatter};
use toml::de::{DeTable, DeValue};

/// What makes no sense, and the keys that lead to it.
#[derive(Debug)]
pub(crate) struct Nonsense {
    place: Vec<String>,
    fault: String,
}

impl Nonsense {
    /// At a key, or nowhere in particular.
    pub(crate) fn new(key: &str, fault: impl Display) -> Self {
        let place = if key.is_empty() { vec![] } else { vec![key.to_owned()] };
        Self { place, fault: format!("{fault:#}") }
    }

    /// The same below another key, or the number of a list's entry.
    pub(crate) fn below(mut self, key: impl Display) -> Self {
        self.place.insert(0, key.to_string());
        self
    }

    /// With the line of the file where that is.
    pub(crate) fn in_text(self, text: &str) -> anyhow::Error {
        match line_of(text, &self.place) {
            Some(line) => anyhow::anyhow!("line {line}: {self}"),
            None => self.into(),
        }
    }
}

impl Display for Nonsense {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        for (i, key) in self.place.iter().enumerate() {
            match key.parse::<usize>() {
                Ok(entry) => write!(f, " {}", entry + 1)?,
                Err(_) if i == 0 => f.write_str(key)?,
                Err(_) => write!(f, ".{key}")?,
            }
        }
        let colon = if self.place.is_empty() { "" } else { ": " };
        write!(f, "{colon}{}", self.fault)
    }
}

impl std::error::Error for Nonsense {}

/// The line of the last of these keys that the file has.
fn line_of(text: &str, place: &[String]) -> Option<usize> {
    let table = DeTable::parse(text).ok()?.into_inner();
    let mut found = None;
    let mut value = DeValue::Table(table);
    for key in place {
        (found, value) = match value {
            DeValue::Table(table) => match table.into_iter().find(|(name, _)| name.get_ref() == key) {
                // The entries of a list of tables are looked for below.
                Some((name, value)) => (Some(name.span().start), value.into_inner()),
                None => break,
            },
            DeValue::Array(array) => match key.parse().ok().and_then(|i: usize| array.into_iter().nth(i)) {
                Some(value) => (Some(value.span().start), value.into_inner()),
                None => break,
            },
            _ => break,
        };
    }
    found.map(|byte| text[..byte].lines().count().max(1) + usize::from(text[..byte].ends_with('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_found_in_the_text() {
        let text = "# a study\nname = 'x'\n\n[tuning]\npoints = 1\n[[workloads]]\n\n[[workloads]]\nproblem = { workload = 'linear' }\n";
        let line = |place: &[&str]| line_of(text, &place.iter().map(|key| key.to_string()).collect::<Vec<_>>());
        assert_eq!(line(&["name"]), Some(2));
        assert_eq!(line(&["tuning", "points"]), Some(5));
        assert_eq!(line(&["tuning", "seeds"]), Some(4), "what is not there is in the table");
        assert_eq!(line(&["workloads", "1"]), Some(8));
        assert_eq!(line(&["workloads", "1", "problem"]), Some(9));
        assert_eq!(line(&["optimizers"]), None);
        let fault = Nonsense::new("budget-epochs", "both").below(1).below("workloads");
        assert_eq!(fault.to_string(), "workloads 2.budget-epochs: both");
        assert_eq!(fault.in_text(text).to_string(), "line 8: workloads 2.budget-epochs: both");
        assert_eq!(Nonsense::new("", "nothing").in_text(text).to_string(), "nothing");
    }
}
