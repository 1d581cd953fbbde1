//! What the targets of a file look like, one number after the other.

use super::{Meaning, ONE_CLASS, TargetEncoding, TargetOptions, Task};
use crate::error::DataError;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The most classes.
const MAX_CLASSES: usize = 1 << 16;

/// Whole numbers up to it are taken for classes.
const LARGEST_LABEL: f64 = 999.0;

/// So many different numbers may be classes if at least so many rows share one, on average.
const FEW: (usize, usize) = (20, 2);
const MANY: (usize, usize) = (100, 10);

/// More classes than that are worth a line.
const USUAL_CLASSES: usize = 10;

/// What was seen.
#[derive(Debug)]
pub(crate) struct TargetProfile {
    options: TargetOptions,
    rows: usize,
    /// All are whole.
    whole: bool,
    /// By their [`rank`], up to one more than there may be classes.
    distinct: BTreeMap<i64, Distinct>,
}

/// A number that occurs.
#[derive(Debug)]
struct Distinct {
    number: f64,
    /// How a file of text always writes it; `None` if that differs.
    spelling: Option<String>,
}

/// An integer in the order of [`f64::total_cmp`].
fn rank(number: f64) -> i64 {
    let bits = number.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

impl TargetProfile {
    pub(crate) fn new(options: &TargetOptions) -> Self {
        Self { options: options.clone(), rows: 0, whole: true, distinct: BTreeMap::new() }
    }

    pub(crate) fn see(&mut self, number: f64) {
        self.look_at(number, None);
    }

    /// [`see`](Self::see) where a file of text has the number, which may be the name of a class: `007` stays `007`.
    pub(crate) fn see_spelled(&mut self, number: f64, text: &str) {
        self.look_at(number, Some(text));
    }

    fn look_at(&mut self, number: f64, spelling: Option<&str>) {
        self.rows += 1;
        self.whole &= number.fract() == 0.0;
        let of_use = match self.options {
            TargetOptions::Guess => self.whole,
            TargetOptions::Task(task) => task == Task::Classification,
            TargetOptions::Known(_) => false,
        };
        if of_use && number.is_finite() && self.distinct.len() <= MAX_CLASSES {
            // Adding 0 makes −0 to 0.
            let number = number + 0.0;
            match self.distinct.entry(rank(number)) {
                Entry::Vacant(new) => drop(new.insert(Distinct { number, spelling: spelling.map(str::to_owned) })),
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    if known.spelling.as_deref() != spelling {
                        known.spelling = None;
                    }
                }
            }
        }
    }

    /// What they are, or why they are not what they have to be.
    pub(crate) fn encoding(self) -> Result<TargetEncoding, String> {
        match &self.options {
            TargetOptions::Known(encoding) => Ok(encoding.clone()),
            TargetOptions::Task(Task::Regression) => Ok(TargetEncoding::NUMBERS),
            TargetOptions::Task(Task::Classification) => self.labels(),
            TargetOptions::Guess if !self.whole => Ok(TargetEncoding::NUMBERS),
            TargetOptions::Guess => {
                let n = self.distinct.len();
                let doubtful = match self.look_like_classes() {
                    true => (n > USUAL_CLASSES)
                        .then(|| format!("the {n} different whole numbers of the targets are taken for classes; --task regression takes them for numbers")),
                    false => (n <= MAX_CLASSES)
                        .then(|| format!("the targets, {n} different whole numbers, are taken for numbers; --task classification takes them for classes")),
                };
                let encoding = if self.look_like_classes() { self.labels() } else { Ok(TargetEncoding::NUMBERS) };
                encoding.map(|encoding| TargetEncoding { guess: doubtful, ..encoding })
            }
        }
    }

    fn look_like_classes(&self) -> bool {
        let n = self.distinct.len();
        let (Some(first), Some(last)) = (self.distinct.first_key_value(), self.distinct.last_key_value()) else {
            return false;
        };
        let shared = |(most, rows): (usize, usize)| n <= most && self.rows / rows >= n;
        match (first.1.number, last.1.number) {
            (-1.0, 1.0) => n == 2,
            (first, last) if first >= 0.0 && last <= LARGEST_LABEL => n <= 2 || shared(FEW) || shared(MANY),
            _ => false,
        }
    }

    fn labels(self) -> Result<TargetEncoding, String> {
        let guessed = self.options == TargetOptions::Guess;
        let labels: Vec<f64> = self.distinct.values().map(|distinct| distinct.number).collect();
        match &labels[..] {
            [only] if guessed => {
                Err(format!("every target is {only}: {ONE_CLASS}; --task regression takes them for numbers"))
            }
            [only] => Err(format!("every target is {only}: {ONE_CLASS}")),
            [] => Err("no target is a finite number".into()),
            _ if labels.len() > MAX_CLASSES => Err(format!(
                "more than {MAX_CLASSES} different targets: they are numbers (--task regression), no classes"
            )),
            _ => {
                let spelled = self.distinct.into_values().map(|Distinct { number, spelling }| {
                    let number = number.to_string();
                    spelling.filter(|text| *text != number).ok_or(number)
                });
                let spelled: Vec<Result<String, String>> = spelled.collect();
                let meaning = if spelled.iter().any(Result::is_ok) {
                    Meaning::Spelled {
                        labels,
                        names: spelled.into_iter().map(|name| name.unwrap_or_else(|name| name)).collect(),
                    }
                } else {
                    Meaning::Labels(labels)
                };
                TargetEncoding::try_from(meaning).map_err(str::to_owned)
            }
        }
    }
}

impl TargetEncoding {
    /// Decides what these targets mean. Classes are the distinct numbers, in ascending order. Without a task, the targets are classes
    /// if they are
    ///
    /// * −1 and 1, or
    /// * two different whole numbers 0 ≤ v < 1000, or
    /// * up to 20 such numbers for at least twice as many rows, or up to 100 for at least ten times as many
    ///
    /// and numbers otherwise. What is doubtful about that is said by [`guess`](Self::guess).
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when classes are asked for (or are what it looks like) and there is one only, or more than 65 536.
    pub fn fit(name: &str, numbers: &[f64], options: &TargetOptions) -> Result<Self, DataError> {
        let mut profile = TargetProfile::new(options);
        numbers.iter().for_each(|&number| profile.see(number));
        profile.encoding().map_err(|problem| DataError::invalid(name, problem))
    }
}
