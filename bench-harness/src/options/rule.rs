//! The numbers of an optimizer, as options: one flag for each of [`HYPERPARAMETERS`].

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};
use serde::{Deserialize, Serialize};
use simdescent::{HYPERPARAMETERS, Rule};
use std::collections::BTreeMap;

/// What was given, by flag. Those left out have the rule's usual values.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, f64>")]
pub(crate) struct RuleOptions(BTreeMap<String, f64>);

impl TryFrom<BTreeMap<String, f64>> for RuleOptions {
    type Error = String;
    fn try_from(numbers: BTreeMap<String, f64>) -> Result<Self, String> {
        let flags: Vec<&str> = HYPERPARAMETERS.iter().map(|h| h.flag).collect();
        match numbers.keys().find(|name| !flags.contains(&name.as_str())) {
            Some(name) => Err(format!("unknown field `{name}`, expected one of `{}`", flags.join("`, `"))),
            None => Ok(Self(numbers)),
        }
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
        let given = HYPERPARAMETERS.iter().filter_map(|h| Some((h.flag.to_owned(), *matches.get_one(h.flag)?)));
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
        let options = |numbers: &[(&str, f64)]| {
            RuleOptions::try_from(numbers.iter().map(|&(flag, x)| (flag.to_owned(), x)).collect::<BTreeMap<_, _>>())
        };
        for rule in Rule::ALL {
            assert_eq!(RuleOptions::default().of(rule).unwrap(), rule);
        }
        let changed = options(&[("beta2", 0.5), ("epsilon", 1e-3)]).unwrap();
        assert_eq!(changed.of(Rule::ADAM).unwrap(), Rule::Adam { beta1: 0.9, beta2: 0.5, epsilon: 1e-3 });
        let changed = options(&[("rho", 0.7)]).unwrap();
        assert_eq!(changed.of(Rule::RMSPROP).unwrap(), Rule::RmsProp { decay: 0.7, epsilon: 1e-8 });
        let message = changed.of(Rule::Sgd).unwrap_err().to_string();
        assert_eq!(message, "--rho does not go with the optimizer sgd");
        let message = options(&[("epsilon", f64::NAN)]).unwrap().of(Rule::ADAM).unwrap_err().to_string();
        assert_eq!(message, "--epsilon has to be finite, got NaN");
        assert!(
            options(&[("decay", 0.7)]).unwrap_err().starts_with("unknown field `decay`, expected one of `momentum`")
        );
    }
}
