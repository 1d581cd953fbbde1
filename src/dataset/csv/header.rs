//! Whether the first record has the names of the columns.

use super::field::Fields;
use super::records::Record;

/// So many records say what a column holds.
const RECORDS: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Gap,
    Text,
    Number,
}

/// What is known of a column besides its first field.
#[derive(Clone, Debug)]
struct Below {
    numbers: usize,
    texts: usize,
    least: f64,
    largest: f64,
    /// Whether all numbers have at least three digits after the point.
    fine: bool,
    /// Whether the first field is there again.
    repeated: bool,
}

/// Looks at all records.
pub(super) struct HeaderDetector<'f> {
    fields: &'f Fields,
    delimiter: u8,
    first: Record,
    below: Vec<Below>,
    seen: usize,
}

/// Whether there is a header; if that is a guess, why.
#[derive(Debug, PartialEq)]
pub(super) struct HeaderVerdict {
    pub(super) has_names: bool,
    pub(super) guess: Option<String>,
}

impl<'f> HeaderDetector<'f> {
    pub(super) fn new(first: Record, fields: &'f Fields, delimiter: u8) -> Self {
        let none =
            Below { numbers: 0, texts: 0, least: f64::INFINITY, largest: -f64::INFINITY, fine: true, repeated: false };
        Self { below: vec![none; first.len()], fields, delimiter, first, seen: 0 }
    }

    fn is_gap(&self, field: &[u8]) -> bool {
        self.fields.is_missing(field) || self.fields.is_number_gap(field)
    }

    /// Looks at a record below the first.
    pub(super) fn see(&mut self, record: &Record) {
        self.seen += 1;
        for (j, field) in record.iter().enumerate().take(self.first.len()) {
            let gap = self.seen <= RECORDS && self.is_gap(field);
            let below = &mut self.below[j];
            below.repeated |= field == self.first.get(j);
            if self.seen > RECORDS || gap {
                continue;
            }
            if let Ok(x) = self.fields.number(field) {
                below.numbers += 1;
                (below.least, below.largest) = (x.min(below.least), x.max(below.largest));
                below.fine &= field.iter().position(|&byte| byte == b'.').is_some_and(|point| field.len() - point > 3);
            } else if self.fields.looks_like(field, self.delimiter).is_some() {
                below.numbers += 1;
                below.fine = false;
            } else {
                below.texts += 1;
            }
        }
    }

    pub(super) fn decide(&self) -> HeaderVerdict {
        let first: Vec<First> = self.first.iter().map(|field| self.kind(field)).collect();
        let has_numbers = |j: &usize| self.below[*j].numbers >= 9 * self.below[*j].texts && self.below[*j].numbers > 0;
        let count = |wanted: First| first.iter().filter(|&&kind| kind == wanted).count();
        let above_numbers = |wanted| (0..first.len()).filter(|j| first[*j] == wanted).filter(has_numbers).count();
        let verdict = |has_names, why: Option<&str>| {
            let taken = if has_names { "column names" } else { "data" };
            let other = if has_names { "no" } else { "yes" };
            let guess =
                why.map(|why| format!("the first line is taken for {taken}, {why}: --header {other} if it is not"));
            HeaderVerdict { has_names, guess }
        };
        match (above_numbers(First::Text), above_numbers(First::Number)) {
            (0, _) => {}
            (_, 0) => return verdict(true, None),
            (names, numbers) => {
                let why = "which has texts above numbers, and numbers";
                return verdict(names >= numbers, Some(why));
            }
        }
        if count(First::Number) > 0 {
            return match self.counts_up(&first) {
                None => verdict(false, None),
                Some(true) => verdict(true, Some("whose numbers count up and are unlike those below")),
                Some(false) => verdict(false, Some("although its numbers count up as those of columns do")),
            };
        }
        // pandas leaves the name of the index empty.
        let gaps = (0..first.len()).any(|j| first[j] == First::Gap && !(j == 0 && self.first.get(j).is_empty()));
        if gaps || count(First::Text) == 0 {
            return verdict(false, Some("because a name is missing"));
        }
        let mut names: Vec<&[u8]> = self.first.iter().collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return verdict(false, Some("because a text occurs in it twice"));
        }
        if self.below.iter().any(|below| below.repeated) {
            return verdict(false, Some("because a text of it is below, too"));
        }
        verdict(true, Some("because all its texts differ and none is below"))
    }

    fn kind(&self, field: &[u8]) -> First {
        match field {
            _ if self.is_gap(field) => First::Gap,
            _ if self.fields.is_number(field) || self.fields.looks_like(field, self.delimiter).is_some() => {
                First::Number
            }
            _ => First::Text,
        }
    }

    /// Whether the numbers of the first record are a, a + 1, a + 2, …; if so, whether most are unlike those below.
    fn counts_up(&self, first: &[First]) -> Option<bool> {
        let columns: Vec<usize> = (0..first.len()).filter(|&j| first[j] == First::Number).collect();
        let whole = |j: &usize| std::str::from_utf8(self.first.get(*j)).ok()?.parse::<u32>().ok();
        let numbers: Vec<u32> = columns.iter().map(whole).collect::<Option<_>>()?;
        if numbers.len() < 2 || !numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1])) {
            return None;
        }
        let unlike = columns.iter().zip(&numbers).filter(|&(&j, &x)| {
            let Below { numbers, least, largest, fine, .. } = self.below[j];
            let margin = largest - least;
            numbers > 1 && (fine || f64::from(x) < least - margin || f64::from(x) > largest + margin)
        });
        Some(2 * unlike.count() > columns.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::csv::records::Records;
    use crate::dataset::text::Text;
    use std::io::Cursor;

    fn decide(text: &str) -> (bool, bool) {
        let fields = Fields::default();
        let mut records = Records::new(Text::new(Cursor::new(text)).unwrap(), b',', false).unwrap();
        let (mut first, mut record) = (Record::default(), Record::default());
        records.read(&mut first).unwrap();
        let mut detector = HeaderDetector::new(first, &fields, b',');
        while records.read(&mut record).unwrap() {
            detector.see(&record);
        }
        let verdict = detector.decide();
        (verdict.has_names, verdict.guess.is_some())
    }

    #[test]
    fn names_are_told_from_values() {
        const YES: (bool, bool) = (true, false);
        const NO: (bool, bool) = (false, false);
        const PERHAPS: (bool, bool) = (true, true);
        const HARDLY: (bool, bool) = (false, true);
        let cases = [
            ("a,b,y\n1,2,3\n", YES),
            (",b,y\n1,2,3\n", YES),
            ("a,a,y\n1,2,3\n", YES),
            ("when,b\n2018-01-28,\"1,5\"\n", YES),
            ("x,y\nred,1\nblue,2\n", YES),
            ("x,y\n?,1\n-,2\n", YES),
            ("1,2,3\n4,5,7\n", HARDLY),
            ("1,5,3\n4,5,7\n", NO),
            ("red,1,0\nblue,2,1\n", NO),
            ("NA,1.5,2\n1,2,3\n", NO),
            ("2018-01-28,5\n2018-01-29,6\n", NO),
            ("colour,1990,y\nred,2,0\n", PERHAPS),
            ("unknown,5,3\n4,5,7\n3,1,2\n", HARDLY),
            // Text only.
            ("a,b\nred,blue\n", PERHAPS),
            ("p,x,x\ne,b,s\n", HARDLY),
            ("p,x,y\ne,b,s\nr,x,z\n", HARDLY),
            ("?,a\nb,c\n", HARDLY),
            // Numbers as names.
            ("0,1\n1001.288,5002.576\n998.9,4997.8\n", PERHAPS),
            ("0,1,2\n0.4967,1.2346,-0.5634\n-0.1383,0.6477,0.2469\n", PERHAPS),
            (",0,1\n0,1001.288,5002.576\n1,998.9,4997.8\n", PERHAPS),
            ("country,2015,2016\nFrance,5.1,6.2\nSpain,4.2,5\n", PERHAPS),
            ("0,1\n1,0\n1,1\n", HARDLY),
            ("0,1\n1,3\n2,5\n3,7\n", HARDLY),
        ];
        for (text, expected) in cases {
            assert_eq!(decide(text), expected, "{text:?}");
        }
        let late = format!("p,q\n{}p,s\n", "x,y\n".repeat(5000));
        assert_eq!(decide(&late), HARDLY);
    }
}
