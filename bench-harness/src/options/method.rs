//! Optimizers by name.

use serde::{Deserialize, Serialize};
use simdescent::Rule;
use std::str::FromStr;

/// An optimizer with its usual hyper-parameters, by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Optimizer(pub(crate) Rule);

impl FromStr for Optimizer {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Rule::ALL.map(Rule::name).join(", ");
        Rule::from_name(name).map(Self).ok_or_else(|| format!("unknown optimizer {name:?}: take one of {}", names()))
    }
}

/// How `train` minimizes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Method {
    /// Steps of a rule.
    Rule(Rule),
    /// L-BFGS on the whole training set.
    Lbfgs,
}

impl FromStr for Method {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "lbfgs" => Ok(Self::Lbfgs),
            _ => name.parse().map(|Optimizer(rule)| Self::Rule(rule)).map_err(|fault: String| fault + ", lbfgs"),
        }
    }
}
impl TryFrom<String> for Method {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}
impl From<Method> for String {
    fn from(method: Method) -> Self {
        match method {
            Method::Rule(rule) => rule.name(),
            Method::Lbfgs => "lbfgs",
        }
        .to_owned()
    }
}
