//! Which hyper-parameters are searched, and in what ranges.

use crate::base::range::Range;
use crate::base::text_file::read_text;
use crate::options::RunOptions;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::path::Path;
use toml::{Table, Value};

/// Options that say what is trained on, or how far, not how.
const FIXED: [&str; 12] = [
    "seed",
    "trial",
    "threads",
    "problem.workload",
    "problem.example",
    "problem.data",
    "problem.stream",
    "problem.inputs",
    "problem.class-weights",
    "fit.patience",
    "fit.min-delta",
    "fit.validate-every",
];

/// The space, in the order of the names: a point of the unit cube has a coordinate for each.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    pub(crate) parameters: Vec<Parameter>,
}

/// One option of a run and its range.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Parameter {
    /// As in the configuration file, with its table: `learning-rate.rate`, or only `optimizer`.
    pub(crate) name: String,
    pub(crate) range: Range,
}

impl Space {
    /// Reads the file, and tries the ends of every range on these options.
    pub(crate) fn read(path: &Path, base: &RunOptions) -> Result<Self> {
        Self::parse(&read_text(path)?, base).with_context(|| path.display().to_string())
    }

    pub(super) fn parse(text: &str, base: &RunOptions) -> Result<Self> {
        let mut parameters = vec![];
        for (name, value) in text.parse::<Table>()? {
            match value {
                Value::Table(table) if !is_range(&table) => {
                    for (key, value) in table {
                        parameters.push(Parameter::new(format!("{name}.{key}"), value)?);
                    }
                }
                value => parameters.push(Parameter::new(name, value)?),
            }
        }
        if parameters.is_empty() {
            bail!(
                "the file has no hyper-parameter to search: write e.g. [learning-rate] and below it rate = {{ log = [1e-4, 1] }}"
            );
        }
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        let space = Self { parameters };
        for parameter in &space.parameters {
            let values = match &parameter.range {
                Range::Choice(values) => values.clone(),
                range => vec![range.at(0.0), range.at(1.0)],
            };
            for value in values {
                let shown = value.clone();
                let table = nest([(parameter.name.as_str(), value)]);
                let hint = RunOptions::misplaced(&table).map(|hint| format!(": {hint}")).unwrap_or_default();
                base.under(table).with_context(|| format!("{} = {shown}{hint}", parameter.name))?;
            }
        }
        Ok(space)
    }

    /// The values at a point of the unit cube.
    pub(crate) fn at(&self, point: &[f64]) -> Vec<(&str, Value)> {
        self.parameters.iter().zip(point).map(|(p, &u)| (p.name.as_str(), p.range.at(u))).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|p| p.name == name)
    }
}

impl Parameter {
    fn new(name: String, value: Value) -> Result<Self> {
        if FIXED.contains(&name.as_str()) {
            bail!("{name} is no hyper-parameter: it goes into the configuration");
        }
        let forms = "a range is { linear = [a, b] }, { log = [a, b] }, { one-minus-log = [a, b] }, { integer = [a, b] }, \
            { log-integer = [a, b] } or { choice = [a, b, …] }; fixed values go into the configuration";
        let range: Range = value.try_into().with_context(|| format!("{name}: {forms}"))?;
        match range.validate() {
            Err(fault) => bail!("{name}: {fault}"),
            Ok(()) => Ok(Self { name, range }),
        }
    }
}

/// Whether this is a range, or a table of them.
fn is_range(table: &Table) -> bool {
    let kinds = ["linear", "log", "one-minus-log", "integer", "log-integer", "choice"];
    table.len() == 1 && table.keys().all(|key| kinds.contains(&key.as_str()))
}

/// A table like the configuration file, of values by name.
pub(crate) fn nest<'a>(values: impl IntoIterator<Item = (&'a str, Value)>) -> Table {
    let mut table = Table::new();
    for (name, value) in values {
        match name.split_once('.') {
            None => _ = table.insert(name.into(), value),
            Some((outer, key)) => {
                let inner = table.entry(outer).or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(inner) = inner {
                    inner.insert(key.into(), value);
                }
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_names_options_of_the_configuration_and_faults_are_clear() {
        let parse = |text: &str| Space::parse(text, &RunOptions::default());
        let text = "optimizer = { choice = ['sgd', 'adam'] }\n[rule]\nbeta2 = { one-minus-log = [0.9, 0.9999] }\n\
            [problem]\nhidden = { choice = [[8], [16, 8]] }";
        let names: Vec<_> = parse(text).unwrap().parameters.into_iter().map(|p| p.name).collect();
        assert_eq!(names, ["optimizer", "problem.hidden", "rule.beta2"]);
        for (text, wanted) in [
            ("", "no hyper-parameter"),
            ("[learning-rate]\nrate = 0.1", "fixed values go into the configuration"),
            ("[learning-rate]\nrate = { log = [1, 0.1] }", "the first below the second"),
            ("[learning-rate]\nrate = { log = [0, 1] }", "learning-rate.rate: a log range has to be positive"),
            ("rate = { log = [1e-3, 1] }", "`rate` belongs below [learning-rate]"),
            ("[learning-rate]\nrat = { log = [1e-3, 1] }", "unknown field `rat`"),
            ("optimizer = { choice = ['sgd', 'adm'] }", "take one of sgd"),
            ("[batch]\nbatch-size = { linear = [1, 8] }", "batch.batch-size = 1.0"),
            ("[rule]\nbeta2 = { one-minus-log = [0.9, 1] }", "below 1"),
            ("[rule]\nbeta2 = { choice = [0.9] }", "at least two"),
            ("[rule]\nbeta2 = { log = [0.9, 0.99], linear = [0, 1] }", "a range is"),
            ("seed = { integer = [1, 9] }", "seed is no hyper-parameter"),
        ] {
            let message = format!("{:#}", parse(text).unwrap_err());
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
