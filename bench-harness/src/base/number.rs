//! Numbers in JSON: those that are not finite, and single-precision ones as the decimal that was written.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A finite number as itself, others as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`, because JSON has no such numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Number(
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "NumberForm"))]
    pub(crate) f64,
);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Finite(f64),
            Other(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Finite(x) => Ok(Self(x)),
            Form::Other(name) => match &*name {
                "NaN" => Ok(Self(f64::NAN)),
                "Infinity" => Ok(Self(f64::INFINITY)),
                "-Infinity" => Ok(Self(f64::NEG_INFINITY)),
                _ => Err(D::Error::custom(format!("{name:?} is no number"))),
            },
        }
    }
}

/// What a [`Number`] looks like.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "only its schema is asked for")]
enum NumberForm {
    Finite(f64),
    Other(NotFinite),
}

#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[allow(dead_code, reason = "only its schema is asked for")]
enum NotFinite {
    NaN,
    Infinity,
    #[schemars(rename = "-Infinity")]
    MinusInfinity,
}

/// [`Number`] of a field.
pub(crate) fn number<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if x.is_finite() {
        serializer.serialize_f64(*x)
    } else if x.is_nan() {
        serializer.serialize_str("NaN")
    } else {
        serializer.serialize_str(if *x > 0.0 { "Infinity" } else { "-Infinity" })
    }
}

/// A single-precision option as the decimal that was written: 0.0001, not 0.00009999999747.
pub(crate) fn short<S: Serializer>(x: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    match x {
        Some(x) => serializer.serialize_f64(x.to_string().parse().expect("a formatted number is one")),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_finite_become_strings() {
        #[derive(Serialize)]
        struct N(#[serde(serialize_with = "number")] f64);
        let json = |x| serde_json::to_string(&N(x)).unwrap();
        assert_eq!(
            [1.5, f64::NAN, f64::INFINITY, -f64::INFINITY].map(json),
            ["1.5", "\"NaN\"", "\"Infinity\"", "\"-Infinity\""]
        );
        let back = |text: String| serde_json::from_str::<Number>(&text).map(|number| number.0);
        for x in [1.5, 0.0, f64::INFINITY, -f64::INFINITY] {
            assert_eq!(back(json(x)).unwrap(), x);
        }
        assert!(back(json(f64::NAN)).unwrap().is_nan() && back("\"much\"".into()).is_err());
    }
}
