//! Ranges of hyper-parameters, and how a coordinate in [0, 1) becomes a value.

use serde::{Deserialize, Serialize};
use toml::Value;

/// How u in [0, 1) becomes a value. Numbers have four significant digits, so that no libm decides them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Range {
    /// a + (b − a)·u
    Linear(f64, f64),
    /// a·(b/a)ᵘ
    Log(f64, f64),
    /// 1 − (1 − a)·((1 − b)/(1 − a))ᵘ, for momenta and betas
    OneMinusLog(f64, f64),
    /// a, …, b
    Integer(i64, i64),
    /// a, …, b, evenly on a log scale
    LogInteger(i64, i64),
    /// One of these
    Choice(#[cfg_attr(test, schemars(with = "Vec<serde_json::Value>"))] Vec<Value>),
}

impl Range {
    /// The value at u.
    pub(crate) fn at(&self, u: f64) -> Value {
        match self {
            Self::Linear(a, b) => Value::Float(four_digits(a + (b - a) * u).clamp(*a, *b)),
            Self::Log(a, b) => Value::Float(four_digits(a * libm::pow(b / a, u)).clamp(*a, *b)),
            Self::OneMinusLog(a, b) => {
                let rest = four_digits((1.0 - a) * libm::pow((1.0 - b) / (1.0 - a), u));
                // The difference of two decimals, without the rounding that it has in binary.
                Value::Float(parse(&format!("{:.12}", 1.0 - rest)).clamp(*a, *b))
            }
            Self::Integer(a, b) => Value::Integer((*a).saturating_add((u * (b - a + 1) as f64) as i64).min(*b)),
            Self::LogInteger(a, b) => {
                let (low, above) = (*a as f64, (b + 1) as f64);
                Value::Integer(((low * libm::pow(above / low, u)) as i64).clamp(*a, *b))
            }
            Self::Choice(values) => values[((u * values.len() as f64) as usize).min(values.len() - 1)].clone(),
        }
    }

    /// Where the value at u lies from the low end of the range to the high one, from 0 to 1: the same for equal values, which are those of
    /// many u where the range is of integers or choices.
    pub(crate) fn place(&self, u: f64) -> f64 {
        match (self, self.at(u)) {
            (Self::Integer(a, b), Value::Integer(value)) => (value - a) as f64 / (b - a) as f64,
            (Self::LogInteger(a, b), Value::Integer(value)) => {
                let low = *a as f64;
                libm::log(value as f64 / low) / libm::log(*b as f64 / low)
            }
            (Self::Choice(values), value) => {
                let before = values.iter().take_while(|other| **other != value).count();
                before as f64 / (values.len() - 1) as f64
            }
            _ => u,
        }
    }

    /// How many values there are, if they have no order.
    pub(crate) fn choices(&self) -> Option<usize> {
        if let Self::Choice(values) = self { Some(values.len()) } else { None }
    }

    /// Whether its values are numbers with an order.
    pub(crate) fn is_of_numbers(&self) -> bool {
        matches!(self, Self::Linear(..) | Self::Log(..) | Self::OneMinusLog(..))
    }

    /// The fault, if it is no range.
    pub(crate) fn validate(&self) -> Result<(), &'static str> {
        let fault = match self {
            Self::Linear(a, b) | Self::Log(a, b) | Self::OneMinusLog(a, b) if !(a < b && (b - a).is_finite()) => {
                "the range needs two finite numbers, the first below the second"
            }
            Self::Integer(a, b) | Self::LogInteger(a, b) if a >= b => {
                "the range needs two integers, the first below the second"
            }
            Self::Integer(a, b) if b.checked_sub(*a).is_none_or(|width| width >= 1 << 53) => "the range is too wide",
            Self::Log(a, _) if *a <= 0.0 => "a log range has to be positive",
            Self::LogInteger(a, b) if *a <= 0 || *b >= 1 << 53 => "a log range has to be positive and below 2^53",
            Self::OneMinusLog(_, b) if *b >= 1.0 => "a one-minus-log range has to be below 1",
            Self::Choice(values) if values.len() < 2 => "a choice needs at least two values",
            _ => return Ok(()),
        };
        Err(fault)
    }
}

/// The nearest number of four significant digits.
pub(crate) fn four_digits(x: f64) -> f64 {
    parse(&format!("{x:.3e}"))
}

fn parse(text: &str) -> f64 {
    text.parse().expect("a formatted number is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_reach_their_ends_and_their_middles() {
        for (range, low, middle, high) in [
            (Range::Linear(-1.0, 3.0), -1.0, 1.0, 3.0),
            (Range::Log(1e-4, 1.0), 1e-4, 1e-2, 1.0),
            (Range::OneMinusLog(0.9, 0.999), 0.9, 0.99, 0.999),
        ] {
            assert_eq!([0.0, 0.5, 1.0].map(|u| range.at(u).as_float().unwrap()), [low, middle, high]);
        }
        assert_eq!(Range::Linear(0.0, 1.0).at(0.123456).as_float(), Some(0.1235));
        let integers = |range: Range| [0.0, 0.5, 0.999].map(|u| range.at(u).as_integer().unwrap());
        assert_eq!(integers(Range::Integer(1, 4)), [1, 3, 4]);
        assert_eq!(integers(Range::LogInteger(1, 99)), [1, 10, 99]);
        let choice = Range::Choice(vec!["a".into(), "b".into()]);
        assert_eq!([0.0, 0.49, 0.5, 1.0].map(|u| choice.at(u).as_str().unwrap().to_owned()), ["a", "a", "b", "b"]);
    }

    #[test]
    fn equal_values_have_one_place() {
        let choice = Range::Choice(vec![8.into(), 16.into(), 32.into()]);
        assert_eq!([0.0, 0.3, 0.4, 0.6, 0.7, 0.99].map(|u| choice.place(u)), [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]);
        let integer = Range::Integer(1, 3);
        assert_eq!([0.0, 0.3, 0.4, 0.6, 0.7, 0.99].map(|u| integer.place(u)), [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]);
        let log = Range::LogInteger(1, 100);
        assert_eq!([0.0, 0.1, 0.999].map(|u| log.place(u)), [0.0, 0.0, 1.0]);
        assert!((log.place(0.5) - 0.5).abs() < 1e-9, "ten is in the middle");
        assert_eq!(Range::Log(0.1, 1.0).place(0.3), 0.3);
    }
}
