//! From fields to numbers, the same way for every file.

use super::field::{Fields, describe, level, missing, missing_target};
use super::options::{CsvOptions, Unseen};
use super::records::Record;
use crate::dataset::input::quoted;
use crate::dataset::{Dataset, TargetEncoding};
use crate::error::DataError;
use serde::{Deserialize, Serialize};

/// The place of a column that is not read.
const ABSENT: usize = usize::MAX;

/// Where each column of an encoding is in a file.
pub(super) type Places = Vec<usize>;

/// What the columns of a file mean, from [`CsvFile::fit`](super::CsvFile::fit) on its training rows: which are numbers, which
/// categories with which levels, what fills gaps, which classes the target has. It can be kept, as JSON for example, and
/// read other files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct CsvEncoding {
    options: CsvOptions,
    columns: Vec<Column>,
    /// As the options say.
    #[serde(skip)]
    fields: Fields,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) name: Option<String>,
    pub(super) role: Role,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Role {
    Ignored,
    /// How much a row counts.
    Weight,
    /// One feature.
    Number {
        fill: Option<f64>,
    },
    /// A feature per level; `fill` is the index of one.
    Levels {
        levels: Vec<String>,
        fill: Option<usize>,
    },
    Target(TargetEncoding),
}

/// As it comes from a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    options: CsvOptions,
    columns: Vec<Column>,
}

impl TryFrom<Unchecked> for CsvEncoding {
    type Error = String;
    fn try_from(Unchecked { options, columns }: Unchecked) -> Result<Self, String> {
        Self::new(options, columns)
    }
}

impl CsvEncoding {
    pub(super) fn new(options: CsvOptions, columns: Vec<Column>) -> Result<Self, String> {
        let sorted = |names: &[String]| !names.is_empty() && names.is_sorted_by(|a, b| a < b);
        let good = |column: &Column| match &column.role {
            Role::Ignored | Role::Weight | Role::Target(_) => true,
            Role::Number { fill } => fill.is_none_or(|x| (x as f32).is_finite()),
            Role::Levels { levels, fill } => sorted(levels) && fill.is_none_or(|fill| fill < levels.len()),
        };
        let targets = columns.iter().filter(|column| matches!(column.role, Role::Target(_))).count();
        let weights = columns.iter().filter(|column| column.role == Role::Weight).count();
        if targets != 1 || weights > 1 || !columns.iter().all(good) {
            return Err(
                "the encoding of a CSV file needs one target, at most one weight, sorted levels and finite numbers"
                    .into(),
            );
        }
        let encoding = Self { fields: Fields::new(&options), options, columns };
        if encoding.features() == 0 {
            return Err("no column is left as a feature".into());
        }
        Ok(encoding)
    }

    /// How the file was to be read, and how others are.
    pub fn options(&self) -> &CsvOptions {
        &self.options
    }

    /// Features per row.
    pub fn features(&self) -> usize {
        let features = |column: &Column| match &column.role {
            Role::Ignored | Role::Weight | Role::Target(_) => 0,
            Role::Number { .. } => 1,
            Role::Levels { levels, .. } => levels.len(),
        };
        self.columns.iter().map(features).sum()
    }

    /// Those of its features that are columns of numbers.
    pub(super) fn number_features(&self) -> Vec<u32> {
        let (mut features, mut numbers) = (0, vec![]);
        for column in &self.columns {
            match &column.role {
                Role::Number { .. } => {
                    numbers.push(features);
                    features += 1;
                }
                Role::Levels { levels, .. } => features += levels.len() as u32,
                Role::Ignored | Role::Weight | Role::Target(_) => {}
            }
        }
        numbers
    }

    /// The names of the features: that of a column of numbers, and `colour=red` for a level. The k-th column that is
    /// neither target nor left out is `xk` if it has no name.
    pub fn feature_names(&self) -> Vec<String> {
        let is_feature = |column: &&Column| matches!(column.role, Role::Number { .. } | Role::Levels { .. });
        let mut names = vec![];
        for (k, column) in self.columns.iter().filter(is_feature).enumerate() {
            let name = column.name.clone().unwrap_or_else(|| format!("x{k}"));
            match &column.role {
                Role::Levels { levels, .. } => names.extend(levels.iter().map(|level| format!("{name}={level}"))),
                _ => names.push(name),
            }
        }
        names
    }

    /// The data with the names of features and classes.
    pub(crate) fn give_names(&self, data: Dataset) -> Result<Dataset, DataError> {
        data.with_feature_names(self.feature_names())?.encoded_by(self.target())
    }

    /// What the targets are.
    pub fn target(&self) -> &TargetEncoding {
        let target = |column: &'_ Column| matches!(column.role, Role::Target(_));
        match self.columns.iter().find(|column| target(column)).map(|column| &column.role) {
            Some(Role::Target(target)) => target,
            _ => unreachable!("checked at construction"),
        }
    }

    /// The same with targets that mean something else: what they were in the training of a model on other files.
    pub fn with_target(mut self, target: TargetEncoding) -> Self {
        if let Some(column) = self.columns.iter_mut().find(|column| matches!(column.role, Role::Target(_))) {
            column.role = Role::Target(target);
        }
        self
    }

    /// For files of rows to predict that are so many columns of numbers, and perhaps a target after them.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when there is no column.
    pub fn of_numbers(features: usize) -> Result<Self, DataError> {
        let column = |role| Column { name: None, role };
        let mut columns = vec![column(Role::Number { fill: None }); features];
        columns.push(column(Role::Target(TargetEncoding::ABSENT)));
        Self::new(CsvOptions::default(), columns).map_err(|problem| DataError::invalid("CSV", problem))
    }

    /// Whether a column is read where there may be no targets.
    fn is_optional(&self, role: &Role) -> bool {
        self.target().is_absent() && matches!(role, Role::Weight | Role::Target(_))
    }

    /// Where the columns are in a file of so many columns with these names.
    pub(super) fn place(&self, names: Option<&[String]>, width: usize) -> Result<Places, String> {
        let read = |role: &Role| *role != Role::Ignored && !self.is_optional(role);
        let own: Option<Vec<&String>> = self.columns.iter().map(|column| column.name.as_ref()).collect();
        if let (Some(own), Some(names)) = (own, names)
            && !own.iter().copied().eq(names)
        {
            let used = self.columns.iter().map(|column| match (&column.name, &column.role) {
                (Some(name), role) if read(role) => {
                    let mut matching = (0..width).filter(|&at| names[at] == *name);
                    match (matching.next(), matching.next()) {
                        (Some(at), None) => Ok(at),
                        (None, _) if *role == Role::Weight => Ok(ABSENT),
                        (None, _) => Err(format!("no column {name:?}, which the training file has")),
                        (Some(_), Some(_)) => Err(format!("several columns named {name:?}")),
                    }
                }
                _ => Ok(ABSENT),
            });
            return used.collect();
        }
        // Without names all columns have to be there, or all but those that are not read.
        let is_there = |column: &Column| width == self.columns.len() || !self.is_optional(&column.role);
        if width != self.columns.iter().filter(|column| is_there(column)).count() {
            return Err(format!("{width} columns, but the training file has {}", self.columns.len()));
        }
        let mut left = 0..width;
        let mut place = |column: &Column| {
            let at = if is_there(column) { left.next() } else { None };
            at.filter(|_| read(&column.role)).unwrap_or(ABSENT)
        };
        Ok(self.columns.iter().map(&mut place).collect())
    }

    /// Appends the features of a record, whose columns are at `place`, and its weight if there is one; returns its target: a value
    /// or the number of its class.
    pub(super) fn push(
        &self,
        record: &Record,
        place: &[usize],
        inputs: &mut Vec<f64>,
        weights: &mut Vec<f32>,
    ) -> Result<f64, String> {
        let mut target = 0.0;
        for (column, &at) in self.columns.iter().zip(place) {
            let field = record.get(at);
            let pushed = match &column.role {
                Role::Ignored => Ok(()),
                Role::Weight | Role::Target(_) if at == ABSENT => Ok(()),
                Role::Weight => self.weight(field).map(|x| weights.push(x)),
                Role::Target(role) => target_code(role, &self.fields, field).map(|x| target = x),
                Role::Number { fill } if self.fields.is_missing(field) || self.fields.is_number_gap(field) => {
                    fill.map(|x| inputs.push(x)).ok_or_else(|| missing(field))
                }
                Role::Number { .. } => self.number(field).map(|x| inputs.push(x)),
                Role::Levels { levels, fill } => self.index(levels, *fill, field).map(|index| {
                    let hot = inputs.len() + index.unwrap_or(0);
                    inputs.resize(inputs.len() + levels.len(), 0.0);
                    if index.is_some() {
                        inputs[hot] = 1.0;
                    }
                }),
            };
            pushed.map_err(|problem| format!("{}: {problem}", describe(at, record.len(), column.name.as_ref())))?;
        }
        Ok(target)
    }

    /// Which level a field is, if any.
    fn index(&self, levels: &[String], fill: Option<usize>, field: &[u8]) -> Result<Option<usize>, String> {
        if self.fields.is_missing(field) {
            return if fill.is_some() { Ok(fill) } else { Err(missing(field)) };
        }
        let text = level(field)?;
        match (levels.binary_search_by(|level| level.as_str().cmp(text)), self.options.unseen) {
            (Ok(index), _) => Ok(Some(index)),
            (Err(_), Unseen::Zeros) => Ok(None),
            (Err(_), Unseen::Refuse) => Err(format!("no training row has {}", quoted(text.as_bytes()))),
        }
    }

    /// A number; the message says what a text looks like.
    fn number(&self, field: &[u8]) -> Result<f64, String> {
        let advice = |problem| match self.fields.looks_like(field, b';') {
            Some(look) => format!("{problem}; it looks like {}", look.advice()),
            None => problem,
        };
        self.fields.number(field).map_err(advice)
    }

    fn weight(&self, field: &[u8]) -> Result<f32, String> {
        match self.number(field)? as f32 {
            x if x >= 0.0 => Ok(x),
            x => Err(format!("a row cannot have the weight {x}: it has to be at least 0")),
        }
    }

    /// Whether a record has the names of all columns that are used.
    pub(super) fn names_are_in(&self, record: &Record) -> bool {
        let is_used = |role: &Role| !matches!(role, Role::Ignored | Role::Weight) && !self.is_optional(role);
        let mut used = self.columns.iter().filter(|column| is_used(&column.role));
        used.all(|column| column.name.as_ref().is_some_and(|name| record.iter().any(|field| field == name.as_bytes())))
    }
}

/// The target in this field: a value, or the index of its class.
pub(super) fn target_code(encoding: &TargetEncoding, fields: &Fields, field: &[u8]) -> Result<f64, String> {
    match encoding {
        _ if fields.is_missing(field) => Err(missing_target(field)),
        names if names.has_names() => names.code_of_name(level(field)?),
        numbers => numbers.code(fields.number(field)?),
    }
}
