//! The command line of a table: `[FLAG...] [FILTER]`.

use std::cell::RefCell;
use std::process::exit;

/// What was given. What no table knows is refused, so that a flag's value is never taken for a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    flags: Vec<String>,
    filter: Option<String>,
    /// Names that the filter did not let pass, until one passes.
    left_out: RefCell<Option<Vec<String>>>,
}

impl Arguments {
    /// Reads the command line of this program, which knows these flags, e.g. `--f64` or `--threads=`; ends it with an error where it
    /// says something else.
    #[must_use]
    pub fn read(known: &[&str]) -> Self {
        Self::parse(std::env::args().skip(1), known).unwrap_or_else(|fault| fail(&fault))
    }

    fn parse(given: impl IntoIterator<Item = String>, known: &[&str]) -> Result<Self, String> {
        let mut arguments = Self { flags: vec![], filter: None, left_out: RefCell::new(Some(vec![])) };
        // `--bench` comes from cargo, `--test` asks whether everything runs.
        let is_known = |flag: &str| {
            let with_value = |known: &str| known.ends_with('=') && flag.starts_with(known);
            ["--bench", "--test"].contains(&flag) || known.iter().any(|&known| known == flag || with_value(known))
        };
        for argument in given {
            if argument.starts_with('-') {
                if !is_known(&argument) {
                    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                    return Err(format!("unknown flag {argument}: this table knows {known}, and a filter"));
                }
                arguments.flags.push(argument);
            } else if let Some(other) = arguments.filter.replace(argument.clone()) {
                return Err(format!("two filters, {other:?} and {argument:?}: give one"));
            }
        }
        Ok(arguments)
    }

    /// Whether a flag is given.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The number of `--threads=N`.
    #[must_use]
    pub fn threads(&self, default: usize) -> usize {
        let given = self.flags.iter().find_map(|flag| flag.strip_prefix("--threads="));
        given.map_or(default, |n| n.parse().unwrap_or_else(|_| fail(&format!("--threads={n}: a number is needed"))))
    }

    /// Whether the filter lets a row of this name pass.
    #[must_use]
    pub fn shows(&self, name: &str) -> bool {
        let shows = self.filter.as_ref().is_none_or(|filter| name.contains(filter));
        let mut left_out = self.left_out.borrow_mut();
        if shows {
            *left_out = None;
        } else if let Some(names) = &mut *left_out {
            names.push(name.to_owned());
        }
        shows
    }

    /// Ends the program with an error if the filter let nothing pass: a table of nothing would say that nothing is slow.
    pub fn check(&self) {
        if let (Some(filter), Some(names)) = (&self.filter, &*self.left_out.borrow()) {
            let rows = if names.is_empty() { "rows cannot be selected here".into() } else { names.join("; ") };
            fail(&format!("no row has {filter:?} in its name: {rows}"));
        }
    }
}

fn fail(fault: &str) -> ! {
    eprintln!("error: {fault}");
    exit(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &str) -> Result<Arguments, String> {
        Arguments::parse(given.split_whitespace().map(str::to_owned), &["--f64", "--threads="])
    }

    #[test]
    fn flags_of_others_are_no_filters() {
        let arguments = parse("--bench --threads=4 64 --f64").unwrap();
        assert_eq!((arguments.has("--f64"), arguments.threads(1)), (true, 4));
        assert_eq!(["64 × 64", "100 × 64", "8 × 8"].map(|name| arguments.shows(name)), [true, true, false]);
        assert_eq!(*arguments.left_out.borrow(), None);
        let nothing = parse("7").unwrap();
        assert!(!nothing.shows("8 × 8") && nothing.left_out.borrow().as_deref() == Some(&["8 × 8".to_owned()]));
        assert!(parse("--save-baseline a").unwrap_err().contains("unknown flag --save-baseline"));
        assert!(parse("--quick").unwrap_err().contains("this table knows --f64, --threads="));
        assert!(parse("a b").unwrap_err().contains("two filters"));
    }
}
