//! What the targets of a file mean: decided once, on the file of a training, and kept for every other file.

mod profile;

pub(crate) use profile::TargetProfile;

use super::Targets;
use super::input::quoted;
use super::remainder::split;
use crate::error::DataError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is wrong with targets that are all the same.
const ONE_CLASS: &str = "one class only, and a classification needs two";

/// What is to be learned from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Numbers.
    Regression,
    /// Which class a row is of.
    Classification,
}

/// How the targets of a file are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TargetOptions {
    /// As they look, see [`TargetEncoding::fit`].
    #[default]
    Guess,
    /// As this task needs them.
    Task(Task),
    /// As those of another file, usually that of the training.
    Known(TargetEncoding),
}

/// A task, or a guess if there is none.
impl From<Option<Task>> for TargetOptions {
    fn from(task: Option<Task>) -> Self {
        task.map_or(Self::Guess, Self::Task)
    }
}

impl TargetOptions {
    /// Whether there are none to be read.
    pub(crate) fn are_absent(&self) -> bool {
        matches!(self, Self::Known(encoding) if encoding.is_absent())
    }
}

/// Numbers as they are, or classes: what the targets of a file mean. It can be kept, as JSON for example, and read other files.
///
/// ```
/// use simdescent::dataset::{TargetEncoding, TargetOptions};
/// use simdescent::Targets;
///
/// let encoding = TargetEncoding::fit("train.svm", &[1.0, 2.0, 2.0, 1.0], &TargetOptions::Guess)?;
/// assert_eq!(encoding.class_names().unwrap(), ["1", "2"]);
/// let targets = encoding.encode("test.svm", &[2.0, 2.0])?;
/// assert_eq!(targets, Targets::Labels { labels: vec![1, 1], classes: 2 });
/// let error = encoding.encode("other.svm", &[2.0, -1.0]).unwrap_err();
/// assert_eq!(error.to_string(), "dataset other.svm: row 1: -1 is none of the classes 1, 2");
/// # Ok::<(), simdescent::DataError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Meaning", into = "Meaning")]
pub struct TargetEncoding {
    meaning: Meaning,
    guess: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Meaning {
    /// Regression.
    Numbers,
    /// The numbers of the classes, ascending.
    Labels(Vec<f64>),
    /// The same where a file of text writes them otherwise than usual.
    Spelled { labels: Vec<f64>, names: Vec<String> },
    /// The names of the classes, ascending.
    Names(Vec<String>),
    /// None are read.
    Absent,
}

/// What was guessed does not matter.
impl PartialEq for TargetEncoding {
    fn eq(&self, other: &Self) -> bool {
        self.meaning == other.meaning
    }
}

impl From<TargetEncoding> for Meaning {
    fn from(encoding: TargetEncoding) -> Self {
        encoding.meaning
    }
}

fn are_labels(labels: &[f64]) -> bool {
    labels.len() > 1 && labels.is_sorted_by(|a, b| a < b) && labels.iter().all(|x| x.is_finite())
}

impl TryFrom<Meaning> for TargetEncoding {
    type Error = &'static str;
    fn try_from(meaning: Meaning) -> Result<Self, Self::Error> {
        let good = match &meaning {
            Meaning::Numbers | Meaning::Absent => true,
            Meaning::Labels(labels) => are_labels(labels),
            Meaning::Spelled { labels, names } => {
                let distinct: BTreeSet<&String> = names.iter().collect();
                are_labels(labels) && names.len() == labels.len() && distinct.len() == names.len()
            }
            Meaning::Names(names) => names.len() > 1 && names.is_sorted_by(|a, b| a < b),
        };
        if good { Ok(Self { meaning, guess: None }) } else { Err("classes are at least two, different and ascending") }
    }
}

impl TargetEncoding {
    /// Regression: targets are the numbers of the file.
    pub const NUMBERS: Self = Self { meaning: Meaning::Numbers, guess: None };

    /// Rows to predict: targets are not read, and the file may be without them. Zeros stand for them in the data.
    ///
    /// As [`TargetOptions::Known`] it is for svmlight files, whose rows may then begin with a feature, and archives; as the target of a
    /// [`CsvEncoding`](super::CsvEncoding::with_target) it is for CSV files, whose weights are not read either.
    pub const ABSENT: Self = Self { meaning: Meaning::Absent, guess: None };

    /// Whether it is [`ABSENT`](Self::ABSENT).
    pub fn is_absent(&self) -> bool {
        self.meaning == Meaning::Absent
    }

    /// Classes with these names, ascending; at least two, or what is wrong.
    pub(crate) fn names(names: Vec<String>) -> Result<Self, String> {
        match &names[..] {
            [only] => Err(format!("every target is {}: {}", quoted(only.as_bytes()), ONE_CLASS)),
            _ => Self::try_from(Meaning::Names(names)).map_err(str::to_owned),
        }
    }

    /// How many classes there are; `None` for numbers.
    pub fn classes(&self) -> Option<usize> {
        match &self.meaning {
            Meaning::Numbers | Meaning::Absent => None,
            Meaning::Labels(labels) | Meaning::Spelled { labels, .. } => Some(labels.len()),
            Meaning::Names(names) => Some(names.len()),
        }
    }

    /// What the classes are called in the file, in the order of their labels; `None` for numbers.
    pub fn class_names(&self) -> Option<Vec<String>> {
        match &self.meaning {
            Meaning::Numbers | Meaning::Absent => None,
            Meaning::Labels(labels) => Some(labels.iter().map(f64::to_string).collect()),
            Meaning::Names(names) | Meaning::Spelled { names, .. } => Some(names.clone()),
        }
    }

    /// A line for people: what was guessed about targets that could be meant otherwise, if anything was.
    pub fn guess(&self) -> Option<&str> {
        self.guess.as_deref()
    }

    /// The targets that these numbers of a file are.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`], with the row, when one is none of the classes, or not finite as `f32`.
    pub fn encode(&self, name: &str, numbers: &[f64]) -> Result<Targets, DataError> {
        self.encode_exactly(name, numbers).map(|(targets, _)| targets)
    }

    /// [`encode`](Self::encode), and what single precision leaves of numbers.
    pub(crate) fn encode_exactly(&self, name: &str, numbers: &[f64]) -> Result<(Targets, Vec<f32>), DataError> {
        let refuse = |(row, problem)| DataError::invalid(name, format!("row {row}: {problem}"));
        let codes =
            numbers.iter().enumerate().map(|(row, &number)| self.code(number).map_err(|problem| (row, problem)));
        let codes = codes.collect::<Result<Vec<f64>, _>>().map_err(refuse)?;
        let (nearest, remainders): (Vec<f32>, Vec<f32>) = codes.into_iter().map(|code| split(code).into()).unzip();
        Ok((self.targets(nearest), remainders))
    }

    /// A number of a file as [`targets`](Self::targets) takes it: a value, or the index of its class.
    pub(crate) fn code(&self, number: f64) -> Result<f64, String> {
        match &self.meaning {
            Meaning::Absent => Ok(0.0),
            _ if !(number as f32).is_finite() => Err(format!("target is {number}")),
            Meaning::Numbers => Ok(number),
            Meaning::Labels(labels) | Meaning::Spelled { labels, .. } => {
                match labels.binary_search_by(|label| label.total_cmp(&(number + 0.0))) {
                    Ok(class) => Ok(class as f64),
                    Err(_) => Err(self.unknown(&number.to_string())),
                }
            }
            Meaning::Names(_) => self.code_of_name(&number.to_string()),
        }
    }

    /// The same for a text.
    pub(crate) fn code_of_name(&self, text: &str) -> Result<f64, String> {
        match &self.meaning {
            Meaning::Names(names) => match names.binary_search_by(|name| name.as_str().cmp(text)) {
                Ok(class) => Ok(class as f64),
                Err(_) => Err(self.unknown(&quoted(text.as_bytes()))),
            },
            Meaning::Absent => Ok(0.0),
            Meaning::Numbers | Meaning::Labels(_) | Meaning::Spelled { .. } => {
                Err(format!("{} is not a number", quoted(text.as_bytes())))
            }
        }
    }

    /// Whether targets are read as text.
    pub(crate) fn has_names(&self) -> bool {
        matches!(self.meaning, Meaning::Names(_))
    }

    /// Whether the classes are called 0, 1, 2, ….
    pub(crate) fn is_counted(&self) -> bool {
        match &self.meaning {
            Meaning::Labels(labels) => labels.iter().enumerate().all(|(i, &label)| label == i as f64),
            Meaning::Numbers | Meaning::Names(_) | Meaning::Spelled { .. } | Meaning::Absent => false,
        }
    }

    fn unknown(&self, what: &str) -> String {
        const SHOWN: usize = 10;
        let classes: Vec<String> = match &self.meaning {
            Meaning::Numbers | Meaning::Absent => vec![],
            Meaning::Labels(labels) => labels.iter().take(SHOWN).map(f64::to_string).collect(),
            Meaning::Spelled { names, .. } => names.iter().take(SHOWN).cloned().collect(),
            Meaning::Names(names) => names.iter().take(SHOWN).map(|name| quoted(name.as_bytes())).collect(),
        };
        let more = if self.classes() > Some(SHOWN) { ", …" } else { "" };
        format!("{what} is none of the classes {}{more}", classes.join(", "))
    }

    /// Targets from what [`code`](Self::code) returned.
    pub(crate) fn targets(&self, codes: Vec<f32>) -> Targets {
        match self.classes() {
            None => Targets::Values(codes),
            Some(classes) => Targets::Labels { labels: codes.iter().map(|&code| code as u32).collect(), classes },
        }
    }
}

#[cfg(test)]
mod tests;
