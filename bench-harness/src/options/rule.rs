//! The numbers of an optimizer, as options: one flag for each of [`HYPERPARAMETERS`].

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use serde::{Deserialize, Serialize};
use simdescent::{HYPERPARAMETERS, Rule};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// What was given. Those left out have the rule's usual values.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct RuleOptions(BTreeMap<Flag, f64>);

/// Of a hyper-parameter, without the dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")] // of the key, so that an error in a file names its line
struct Flag(String);

impl TryFrom<String> for Flag {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        let flags: Vec<&str> = HYPERPARAMETERS.iter().map(|h| h.flag).collect();
        if flags.contains(&name.as_str()) {
            return Ok(Self(name));
        }
        Err(format!("unknown field `{name}`, expected one of `{}`", flags.join("`, `")))
    }
}
impl Borrow<str> for Flag {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Args for RuleOptions {
    fn augment_args(command: Command) -> Command {
        command.args(HYPERPARAMETERS.iter().map(|h| {
            let arg = Arg::new(h.flag).long(h.flag).value_name(h.value_name).help(h.help);
            arg.allow_negative_numbers(true).value_parser(value_parser!(f64))
        }))
    }
    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RuleOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = Self::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let given = HYPERPARAMETERS.iter().filter_map(|h| Some((Flag(h.flag.to_owned()), *matches.get_one(h.flag)?)));
        self.0.extend(given);
        Ok(())
    }
}

impl RuleOptions {
    /// The rule with these numbers.
    pub(crate) fn of(&self, mut rule: Rule) -> Result<Rule> {
        for h in HYPERPARAMETERS {
            let Some(&value) = self.0.get(h.flag) else { continue };
            let Some(changed) = rule.with(h.field, value) else {
                bail!("--{} does not go with the optimizer {}", h.flag, rule.name());
            };
            if !value.is_finite() {
                bail!("--{} has to be finite, got {value}", h.flag);
            }
            rule = changed;
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_where_they_belong() {
        let options = |text: &str| toml::from_str::<RuleOptions>(text);
        for rule in Rule::ALL {
            assert_eq!(RuleOptions::default().of(rule).unwrap(), rule);
        }
        let changed = options("beta2 = 0.5\nepsilon = 1e-3").unwrap();
        assert_eq!(changed.of(Rule::ADAM).unwrap(), Rule::Adam { beta1: 0.9, beta2: 0.5, epsilon: 1e-3 });
        let changed = options("rho = 0.7").unwrap();
        assert_eq!(changed.of(Rule::RMSPROP).unwrap(), Rule::RmsProp { decay: 0.7, epsilon: 1e-8 });
        let message = changed.of(Rule::Sgd).unwrap_err().to_string();
        assert_eq!(message, "--rho does not go with the optimizer sgd");
        let message = options("epsilon = nan").unwrap().of(Rule::ADAM).unwrap_err().to_string();
        assert_eq!(message, "--epsilon has to be finite, got NaN");
        let message = options("rho = 0.7\ndecay = 0.7").unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains("unknown field `decay`, expected one of `momentum`"));
    }
}
