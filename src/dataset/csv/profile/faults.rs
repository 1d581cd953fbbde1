//! What there is to say of a column: what is wrong with it, and what may be meant otherwise.

use super::{Kind, MAX_LEVELS, Profile};
use crate::dataset::Task;
use crate::dataset::csv::field::{self, Fields, Look};
use crate::dataset::csv::options::Missing;
use crate::dataset::input::quoted;

/// Above so many different texts with units the column is one of quantities.
const MAX_UNIT_LEVELS: usize = 20;

/// Fewer different texts are categories, however few rows there are.
const FEW_LEVELS: usize = 10;
/// Above so many, in more than half as many rows, they are worth a line.
const USUAL_LEVELS: usize = 20;

impl Profile {
    /// What to say of a text in a column of numbers.
    pub(super) fn among_numbers(&self, field: &[u8], fields: &Fields, number: bool, problem: String) -> String {
        match fields.looks_like(field, self.delimiter) {
            _ if number => problem,
            Some(look) => format!("{problem}, as those before it are; it looks like {}", look.advice()),
            None => format!(
                "{problem}, as those before it are; name it with --missing if it stands for a gap, or list the column as categorical"
            ),
        }
    }

    /// What to say of a number in a column of texts.
    pub(super) fn among_texts(&self, field: &[u8]) -> String {
        match &self.look {
            Some((look, line, text)) => format!("{text} in line {line} looks like {}", look.advice()),
            None => {
                let first = self.levels.keys().next().map(|text| quoted(text.as_bytes())).unwrap_or_default();
                format!(
                    "{} is a number, those before it are not ({first}); name them with --missing if they stand for gaps, list the column \
                     as categorical, or leave it out (--ignore)",
                    quoted(field)
                )
            }
        }
    }

    /// What can be wrong with a column as a whole, and a line that shows it.
    pub(in crate::dataset::csv) fn fault(&self, missing: Missing) -> Option<(u64, String)> {
        if let (Some(Kind::Number), Some(line), Missing::Refuse) = (self.kind, self.gap, missing) {
            return Some((line, field::missing(b"")));
        }
        if let Some((look, line, text)) = &self.look
            && 2 * self.alike > self.texts
            && (!matches!(look, Look::Unit | Look::Hexadecimal) || self.levels.len() > MAX_UNIT_LEVELS)
        {
            let (alike, texts) = (self.alike, self.texts);
            return Some((
                *line,
                format!(
                    "{text} looks like {}, as {alike} of {texts} texts do; {}",
                    look.advice(),
                    match self.targets {
                        None => "or leave the column out (--ignore), or list it as --categorical",
                        Some(_) => "or list the column as --categorical, if they are classes",
                    }
                ),
            ));
        }
        self.too_many.map(|line| (line, self.too_many()))
    }

    pub(super) fn too_many(&self) -> String {
        let advice = match self.targets {
            None => "leave the column out (--ignore)",
            Some(_) => "they are no classes; name the column to predict with --target",
        };
        format!("more than {MAX_LEVELS} different texts: {advice}")
    }

    /// Whether nearly every row has a text of its own, so that it says nothing of others.
    pub(super) fn is_identifier(&self) -> bool {
        let levels = self.levels.len() as u64;
        self.kind != Some(Kind::Number) && !self.listed && levels > FEW_LEVELS as u64 && 10 * levels >= 9 * self.texts
    }

    /// What there is to say of a column of codes, or of texts that differ in most rows.
    pub(super) fn remark(&self, task: Option<Task>) -> Option<String> {
        let (levels, texts) = (self.levels.len(), self.texts);
        if let (Some(code), None) = (&self.padded, &self.targets) {
            return Some(format!(
                "numbers with zeros in front, such as {code}, are read as numbers: --categorical takes them for codes of categories"
            ));
        }
        if self.kind == Some(Kind::Number) || self.listed || levels <= USUAL_LEVELS || 2 * levels as u64 <= texts {
            return None;
        }
        match &self.targets {
            None if self.is_identifier() => None,
            None => Some(format!(
                "{levels} different texts in {texts} rows become a feature each: --ignore leaves the column out, --categorical says that it is \
                 one of categories"
            )),
            Some(_) if task == Some(Task::Classification) => None,
            Some(_) => Some(format!(
                "{levels} different texts in {texts} rows become a class each: --task classification says that they are classes"
            )),
        }
    }
}
