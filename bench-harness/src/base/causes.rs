//! An error with its causes, as text.

/// The error and what caused it, one after the other; a cause that the text before it tells already is left out.
pub(crate) fn causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = cause.trim_end();
        if text.is_empty() {
            text.push_str(cause);
        } else if !text.contains(cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use simdescent::DataError;
    use std::io;

    #[test]
    fn every_cause_is_told_once() {
        let lost = || DataError::Io { path: "x.csv".into(), source: io::Error::other("disk gone") };
        let error = Err::<(), _>(lost()).context("cannot go on").unwrap_err();
        assert_eq!(format!("{error:#}"), "cannot go on: x.csv: cannot read: disk gone: disk gone");
        assert_eq!(causes(&error), "cannot go on: x.csv: cannot read: disk gone");
        assert_eq!(causes(&anyhow::anyhow!("alone")), "alone");
        assert_eq!(causes(&anyhow::anyhow!("inner").context("middle").context("outer")), "outer: middle: inner");
    }
}

/// A fault of this program, not of what it was given: it ends with another exit code.
#[derive(Debug)]
pub(crate) struct Bug;

impl std::fmt::Display for Bug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a run panicked, which is a bug of this program: please report it with the message above")
    }
}
impl std::error::Error for Bug {}

/// Flags that contradict each other, where the parser of the command line does not see it: it ends with the exit code of that parser.
#[derive(Debug)]
pub(crate) struct WrongFlags(pub(crate) String);

impl std::fmt::Display for WrongFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for WrongFlags {}
