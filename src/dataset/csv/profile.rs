//! What the columns of a file hold, from one look at its training rows.

use super::detect::{is_missing, is_number};
use super::encoding::{Column, CsvEncoding, CsvTarget, Role};
use super::median::Median;
use super::{CsvColumn, CsvFile, Missing, describe};
use crate::dataset::Inference;
use crate::dataset::input::{parse_number, quoted};
use crate::error::{DataError, Place};
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::path::Path;

/// The most levels of a column: each becomes a feature, and a column with more is text or an identifier.
const MAX_LEVELS: usize = 1000;

/// The level of a gap that is filled with a constant.
const MISSING_LEVEL: &str = "missing";

impl<R: Read + Seek> CsvFile<R> {
    /// Decides what the columns mean, and measures what gaps are filled with, on the rows for which `training` says yes.
    ///
    /// A column is one of categories if it was listed as such or its first value is text; it must then hold text only, as
    /// one of numbers must hold numbers only. Levels are in the order of their UTF-8 bytes. The target is looked at in
    /// all rows: text means class names, numbers what [`Targets::infer`](crate::Targets::infer) says.
    ///
    /// # Errors
    ///
    /// [`DataError::Format`], with line and column, when a training row has a gap that is not to be filled, a number that
    /// is not finite, or text among numbers; when a column is not there, has no value in the training rows, or more than
    /// 1000 levels. [`DataError::Io`] when the file cannot be read.
    pub fn fit(&mut self, training: impl Fn(usize) -> bool) -> Result<CsvEncoding, DataError> {
        let options = self.options.clone();
        let (width, names) = (self.width, self.names.clone());
        let whole = |path: &Path, message: String| DataError::format(path, Place::File, message);
        let find = |wanted: &CsvColumn, what: &str| find(names.as_deref(), width, wanted, what);
        let resolve = || {
            let target = find(&options.target, "target column")?;
            let list = |columns: &[CsvColumn], what| {
                columns.iter().map(|column| find(column, what)).collect::<Result<Vec<_>, String>>()
            };
            let categorical = list(&options.categorical, "categorical column")?;
            let ignored = list(&options.ignored, "ignored column")?;
            let weights = options.weights.as_ref().map(|column| find(column, "weight column")).transpose()?;
            if ignored.contains(&target) {
                return Err("the target column cannot be ignored".to_owned());
            }
            if weights.is_some_and(|w| w == target || ignored.contains(&w) || categorical.contains(&w)) {
                return Err("the weight column cannot be the target, ignored or categorical".to_owned());
            }
            Ok((target, categorical, ignored, weights))
        };
        let (target, categorical, ignored, weights) = resolve().map_err(|message| whole(&self.path, message))?;

        let new = |column| Profile { kind: categorical.contains(&column).then_some(Kind::Text), ..Profile::default() };
        let mut profiles: Vec<Profile> = (0..width).map(new).collect();
        let seen = |column: usize| !ignored.contains(&column) && weights != Some(column);
        self.each(|row, record| {
            let in_training = training(row);
            for (column, field) in record.iter().enumerate().filter(|(column, _)| seen(*column)) {
                if in_training || column == target {
                    let missing = if column == target { Missing::Refuse } else { options.missing };
                    let seen = match column == target && is_missing(field) {
                        true => Err(missing_target()),
                        false => profiles[column].see(field, missing, categorical.contains(&column)),
                    };
                    let name = || describe(column, width, names.as_ref().map(|names| &names[column]));
                    seen.map_err(|problem| format!("{}: {problem}", name()))?;
                }
            }
            Ok(())
        })?;

        if options.missing == Missing::Median {
            self.each(|row, record| {
                if training(row) {
                    record.iter().zip(&mut profiles).for_each(|(field, profile)| profile.see_again(field));
                }
                Ok(())
            })?;
        }

        let mut columns = vec![];
        for (column, profile) in profiles.into_iter().enumerate() {
            let name = names.as_ref().map(|names| names[column].clone());
            let role = if ignored.contains(&column) {
                Ok(Role::Ignored)
            } else if weights == Some(column) {
                Ok(Role::Weight)
            } else if column == target {
                Ok(Role::Target(profile.target()))
            } else {
                profile.feature(options.missing)
            };
            let place = || describe(column, width, name.as_ref());
            let role = role.map_err(|problem| whole(&self.path, format!("{}: {problem}", place())))?;
            columns.push(Column { name, role });
        }
        let encoding = CsvEncoding::new(options, columns);
        encoding.map_err(|message| whole(&self.path, message))
    }
}

/// The column that is meant.
fn find(names: Option<&[String]>, width: usize, wanted: &CsvColumn, what: &str) -> Result<usize, String> {
    match wanted {
        CsvColumn::First => Ok(0),
        CsvColumn::Last => Ok(width - 1),
        CsvColumn::Index(index) if *index < width => Ok(*index),
        CsvColumn::Index(index) => Err(format!("{what} {index} (counted from 0), but there are {width} columns")),
        CsvColumn::Name(wanted) => {
            let names = names.ok_or_else(|| {
                format!("{what} {wanted:?}, but the first record has no names; give the index instead")
            })?;
            let mut matching = (0..width).filter(|&column| names[column] == *wanted);
            match (matching.next(), matching.next()) {
                (Some(column), None) => Ok(column),
                (Some(_), Some(_)) => Err(format!("several columns named {wanted:?}; give the index instead")),
                (None, _) => {
                    let shown: Vec<_> = names.iter().take(10).map(|name| quoted(name.as_bytes())).collect();
                    let more = if width > 10 { ", …" } else { "" };
                    Err(format!("no column {wanted:?} among the {width}: {}{more}", shown.join(", ")))
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Text,
}

/// What was seen of a column.
#[derive(Default)]
struct Profile {
    kind: Option<Kind>,
    count: u64,
    sum: f64,
    /// All of them, for the most frequent one.
    numbers: Vec<f32>,
    median: Median,
    inference: Inference,
    levels: BTreeMap<String, u64>,
}

impl Profile {
    fn see(&mut self, field: &[u8], how: Missing, listed: bool) -> Result<(), String> {
        if is_missing(field) {
            return if how == Missing::Refuse { Err(missing()) } else { Ok(()) };
        }
        let number = is_number(field);
        match self.kind.get_or_insert(if number { Kind::Number } else { Kind::Text }) {
            Kind::Number => {
                let among = |problem| {
                    if number {
                        problem
                    } else {
                        format!("{problem}, as those before it are; or list it as categorical")
                    }
                };
                let x = parse_number(field).map_err(among)?;
                self.count += 1;
                self.sum += f64::from(x);
                self.inference.see(x);
                match how {
                    Missing::MostFrequent => self.numbers.push(x),
                    Missing::Median => self.median.see(x),
                    Missing::Refuse | Missing::Mean | Missing::Constant(_) => {}
                }
            }
            Kind::Text if number && !listed => {
                return Err(format!(
                    "{} is a number, those before it are not; or list it as categorical",
                    quoted(field)
                ));
            }
            Kind::Text => {
                let text = level(field)?;
                if let Some(count) = self.levels.get_mut(text) {
                    *count += 1;
                } else if self.levels.len() == MAX_LEVELS {
                    return Err(format!("more than {MAX_LEVELS} different texts; ignore the column"));
                } else {
                    self.levels.insert(text.to_owned(), 1);
                }
            }
        }
        Ok(())
    }

    /// The second time, for the median.
    fn see_again(&mut self, field: &[u8]) {
        if let (Some(Kind::Number), Ok(x)) = (self.kind, parse_number(field)) {
            self.median.see_again(x);
        }
    }

    fn target(self) -> CsvTarget {
        match self.kind {
            Some(Kind::Text) => CsvTarget::Names { classes: self.levels.into_keys().collect() },
            _ => CsvTarget::Numbers { classes: self.inference.classes() },
        }
    }

    fn feature(mut self, missing: Missing) -> Result<Role, String> {
        let fills = missing != Missing::Refuse;
        match (self.kind, missing) {
            (None, Missing::Constant(x)) => Ok(Role::Number { fill: Some(x) }),
            (None, _) => Err("no value in the training rows; ignore the column".into()),
            (Some(Kind::Number), _) => Ok(Role::Number { fill: if fills { Some(self.fill(missing)?) } else { None } }),
            (Some(Kind::Text), Missing::Constant(_)) => {
                self.levels.entry(MISSING_LEVEL.into()).or_insert(0);
                let levels: Vec<String> = self.levels.into_keys().collect();
                let fill = levels.iter().position(|level| level == MISSING_LEVEL);
                Ok(Role::Levels { levels, fill })
            }
            (Some(Kind::Text), _) if self.levels.is_empty() => {
                Err("no value in the training rows; ignore the column".into())
            }
            (Some(Kind::Text), _) => {
                // The last of equals in reverse is the first in order.
                let most = self.levels.values().enumerate().rev().max_by_key(|(_, count)| **count).map(|(at, _)| at);
                Ok(Role::Levels { fill: most.filter(|_| fills), levels: self.levels.into_keys().collect() })
            }
        }
    }

    /// The number for a gap; at least one was seen.
    fn fill(&mut self, missing: Missing) -> Result<f32, String> {
        Ok(match missing {
            Missing::Refuse | Missing::Mean => (self.sum / self.count as f64) as f32,
            Missing::Median => self.median.value().ok_or("the file has changed since it was opened")?,
            Missing::MostFrequent => {
                self.numbers.sort_unstable_by(f32::total_cmp);
                let runs = self.numbers.chunk_by(|a, b| a == b).rev();
                runs.max_by_key(|run| run.len()).map_or(0.0, |run| run[0])
            }
            Missing::Constant(x) => x,
        })
    }
}

pub(super) fn missing() -> String {
    "the value is missing; fill it in, drop the row, or have it imputed".to_owned()
}

pub(super) fn missing_target() -> String {
    "the target is missing; fill it in or drop the row".to_owned()
}

/// The text of a field, as a level.
pub(super) fn level(field: &[u8]) -> Result<&str, String> {
    let field = field.trim_ascii();
    std::str::from_utf8(field).map_err(|_| format!("{} is not UTF-8 text; save the file as UTF-8", quoted(field)))
}
