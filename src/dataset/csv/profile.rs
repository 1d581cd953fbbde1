//! What the columns of a file hold, from one look at its training rows.

mod faults;

use super::encoding::{Column, CsvEncoding, Role};
use super::field::{Fields, Look, describe, level, missing, missing_target};
use super::file::CsvFile;
use super::median::Median;
use super::options::{CsvColumn, Missing};
use crate::dataset::input::quoted;
use crate::dataset::{TargetEncoding, TargetProfile, Task};
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
    /// one of numbers must hold numbers only. A column of text most of which people read as numbers or dates (`1,5`, `1,234,567`, `$5`,
    /// `5 %`, `2018-01-28`) is refused unless it was listed. Levels are in the order of their UTF-8 bytes. The target is looked at in
    /// all rows: text means class names, numbers what [`TargetEncoding::fit`] says.
    ///
    /// # Errors
    ///
    /// [`DataError::Format`], with line and column, when a training row has a gap that is not to be filled, a number that
    /// is not finite, or text among numbers; when a column is not there, has no value in the training rows, or more than
    /// 1000 levels. [`DataError::Io`] when the file cannot be read.
    #[inline(never)]
    pub fn fit(&mut self, training: &dyn Fn(usize) -> bool) -> Result<CsvEncoding, DataError> {
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
        let (target, categorical, ignored, weights) = resolve().map_err(|message| whole(self.path(), message))?;

        let (fields, delimiter) = (self.fields.clone(), self.delimiter);
        let new = |column| {
            let profile = Profile::new(categorical.contains(&column), delimiter);
            if column == target { profile.of_target(options.task) } else { profile }
        };
        let mut profiles: Vec<Profile> = (0..width).map(new).collect();
        let seen = |column: usize| !ignored.contains(&column) && weights != Some(column);
        self.each(|row, record| {
            let in_training = training(row);
            for (column, field) in record.iter().enumerate().filter(|(column, _)| seen(*column)) {
                if in_training || column == target {
                    let profile = &mut profiles[column];
                    let seen = match column == target {
                        true => profile.see_target(field, &fields, record.line()),
                        false => profile.see(field, &fields, options.missing, record.line()),
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
                    record.iter().zip(&mut profiles).for_each(|(field, profile)| profile.see_again(field, &fields));
                }
                Ok(())
            })?;
        }

        let (mut columns, mut notes) = (vec![], vec![]);
        for (column, profile) in profiles.into_iter().enumerate() {
            let name = names.as_ref().map(|names| names[column].clone());
            let missing = if column == target { Missing::Refuse } else { options.missing };
            if let Some((line, problem)) = profile.fault(missing) {
                let message = format!("{}: {problem}", describe(column, width, name.as_ref()));
                return Err(DataError::format(self.path(), Place::Line(line), message));
            }
            let place = || describe(column, width, name.as_ref());
            notes.extend(profile.remark(options.task).map(|remark| format!("{}: {remark}", place())));
            let role = if ignored.contains(&column) {
                Ok(Role::Ignored)
            } else if weights == Some(column) {
                Ok(Role::Weight)
            } else if column == target {
                profile.target(options.task).map(Role::Target)
            } else {
                profile.feature(options.missing)
            };
            let role = role.map_err(|problem| whole(self.path(), format!("{}: {problem}", place())))?;
            columns.push(Column { name, role });
        }
        self.remember(notes);
        let encoding = CsvEncoding::new(options, columns);
        encoding.map_err(|message| whole(self.path(), message))
    }
}

/// The column that is meant.
pub(super) fn find(names: Option<&[String]>, width: usize, wanted: &CsvColumn, what: &str) -> Result<usize, String> {
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

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    Number,
    #[default]
    Text,
}

/// What was seen of a column.
#[derive(Default)]
pub(super) struct Profile {
    kind: Option<Kind>,
    /// Whether it was said to be one of categories.
    listed: bool,
    delimiter: u8,
    count: u64,
    sum: f64,
    /// All of them, for the most frequent one.
    numbers: Vec<f64>,
    median: Median,
    /// Of the target only.
    targets: Option<TargetProfile>,
    levels: BTreeMap<String, u64>,
    texts: u64,
    /// How many of them look like numbers; what the first of these is, and its line.
    alike: u64,
    look: Option<(Look, u64, String)>,
    /// The line of the first gap that is only one among numbers.
    gap: Option<u64>,
    /// The first number with zeros in front, as codes have them.
    padded: Option<String>,
    /// The line with more different texts than there may be levels.
    too_many: Option<u64>,
}

impl Profile {
    pub(super) fn new(listed: bool, delimiter: u8) -> Self {
        Self { kind: listed.then_some(Kind::Text), listed, delimiter, ..Self::default() }
    }

    /// The same for the target.
    pub(super) fn of_target(self, task: Option<Task>) -> Self {
        Self { targets: Some(TargetProfile::new(&task.into())), ..self }
    }

    /// [`see`](Self::see) for the target.
    pub(super) fn see_target(&mut self, field: &[u8], fields: &Fields, line: u64) -> Result<(), String> {
        if fields.is_missing(field) {
            Err(missing_target(field))
        } else {
            self.see(field, fields, Missing::Refuse, line)
        }
    }

    fn see(&mut self, field: &[u8], fields: &Fields, how: Missing, line: u64) -> Result<(), String> {
        if fields.is_missing(field) {
            return if how == Missing::Refuse { Err(missing(field)) } else { Ok(()) };
        }
        if !self.listed && self.kind != Some(Kind::Text) && fields.is_number_gap(field) {
            // Of which kind the column is may not be known yet.
            self.gap.get_or_insert(line);
            if let Some(Kind::Number) = self.kind {
                return if how == Missing::Refuse { Err(missing(field)) } else { Ok(()) };
            }
            *self.levels.entry(level(field)?.to_owned()).or_default() += 1;
            return Ok(());
        }
        let number = fields.is_number(field);
        match self.kind.get_or_insert(if number { Kind::Number } else { Kind::Text }) {
            Kind::Number => {
                let x = fields.number(field).map_err(|problem| self.among_numbers(field, fields, number, problem))?;
                self.count += 1;
                self.sum += x;
                if self.padded.is_none() && field.len() > 1 && field[0] == b'0' && field.iter().all(u8::is_ascii_digit)
                {
                    self.padded = Some(quoted(field));
                }
                if let Some(targets) = &mut self.targets {
                    targets.see_spelled(x, std::str::from_utf8(field).unwrap_or_default());
                }
                match how {
                    Missing::MostFrequent => self.numbers.push(x),
                    Missing::Median => self.median.see(x as f32),
                    Missing::Refuse | Missing::Mean | Missing::Constant(_) => {}
                }
            }
            Kind::Text if number && !self.listed => return Err(self.among_texts(field)),
            Kind::Text => {
                self.texts += 1;
                if !self.listed
                    && let Some(look) = fields.looks_like(field, self.delimiter)
                {
                    self.alike += 1;
                    let is_better = |(old, ..): &(Look, u64, String)| look == Look::DecimalComma && *old != look;
                    if self.look.as_ref().is_none_or(is_better) {
                        self.look = Some((look, line, quoted(field)));
                    }
                }
                let text = level(field)?;
                if let Some(count) = self.levels.get_mut(text) {
                    *count += 1;
                } else if self.levels.len() < MAX_LEVELS {
                    self.levels.insert(text.to_owned(), 1);
                } else if self.too_many.replace(line).is_none() && self.alike == 0 {
                    return Err(self.too_many());
                }
            }
        }
        Ok(())
    }

    /// The second time, for the median.
    fn see_again(&mut self, field: &[u8], fields: &Fields) {
        if self.kind == Some(Kind::Number)
            && !fields.is_missing(field)
            && let Ok(x) = fields.number(field)
        {
            self.median.see_again(x as f32);
        }
    }

    pub(super) fn target(self, task: Option<Task>) -> Result<TargetEncoding, String> {
        let is_identifier = self.is_identifier();
        match (self.kind, self.targets) {
            (Some(Kind::Text) | None, _) if !self.levels.is_empty() => match task {
                Some(Task::Regression) => Err("text is no target of a regression: it needs numbers".into()),
                None if is_identifier => Err(format!(
                    "{} different texts in {} rows are hardly classes: name the column to predict with --target, or say that they are \
                     classes with --task classification",
                    self.levels.len(),
                    self.texts
                )),
                _ => TargetEncoding::names(self.levels.into_keys().collect()),
            },
            (_, Some(targets)) => targets.encoding(),
            (_, None) => unreachable!("made for the target"),
        }
    }

    fn feature(mut self, missing: Missing) -> Result<Role, String> {
        if self.is_identifier() {
            return Err(format!(
                "{} different texts in {} training rows, an identifier rather than categories: leave the column out (--ignore), or list it as \
                 --categorical",
                self.levels.len(),
                self.texts
            ));
        }
        let fills = missing != Missing::Refuse;
        // Nothing but what would be a gap among numbers.
        let kind = self.kind.or((!self.levels.is_empty()).then_some(Kind::Text));
        match (kind, missing) {
            (None, Missing::Constant(x)) => Ok(Role::Number { fill: Some(x.into()) }),
            (None, _) => Err("no value in the training rows; leave the column out (--ignore)".into()),
            (Some(Kind::Number), _) => Ok(Role::Number { fill: if fills { Some(self.fill(missing)?) } else { None } }),
            (Some(Kind::Text), Missing::Constant(_)) => {
                self.levels.entry(MISSING_LEVEL.into()).or_insert(0);
                let levels: Vec<String> = self.levels.into_keys().collect();
                let fill = levels.iter().position(|level| level == MISSING_LEVEL);
                Ok(Role::Levels { levels, fill })
            }
            (Some(Kind::Text), _) if self.levels.is_empty() => {
                Err("no value in the training rows; leave the column out (--ignore)".into())
            }
            (Some(Kind::Text), _) => {
                // The last of equals in reverse is the first in order.
                let most = self.levels.values().enumerate().rev().max_by_key(|(_, count)| **count).map(|(at, _)| at);
                Ok(Role::Levels { fill: most.filter(|_| fills), levels: self.levels.into_keys().collect() })
            }
        }
    }

    /// The number for a gap; at least one was seen.
    fn fill(&mut self, missing: Missing) -> Result<f64, String> {
        Ok(match missing {
            Missing::Refuse | Missing::Mean => self.sum / self.count as f64,
            Missing::Median => f64::from(self.median.value().ok_or("the file has changed since it was opened")?),
            Missing::MostFrequent => {
                self.numbers.sort_unstable_by(f64::total_cmp);
                let runs = self.numbers.chunk_by(|a, b| a == b).rev();
                runs.max_by_key(|run| run.len()).map_or(0.0, |run| run[0])
            }
            Missing::Constant(x) => x.into(),
        })
    }
}
