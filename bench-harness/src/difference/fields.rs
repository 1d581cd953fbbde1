//! Fields of two values that differ, by their path.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

/// A field, its value here and there; null where it is not there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FieldDifference {
    pub(crate) field: String,
    pub(crate) a: Value,
    pub(crate) b: Value,
}

/// All leaves that differ.
pub(crate) fn field_differences(a: &impl Serialize, b: &impl Serialize) -> Result<Vec<FieldDifference>> {
    let mut found = vec![];
    walk(String::new(), serde_json::to_value(a)?, serde_json::to_value(b)?, &mut found);
    Ok(found)
}

fn walk(path: String, a: Value, b: Value, found: &mut Vec<FieldDifference>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (a, b) {
        (Value::Object(a), Value::Object(mut b)) => {
            for (key, a) in a {
                let b = b.remove(&key).unwrap_or(Value::Null);
                walk(below(&key), a, b, found);
            }
            for (key, b) in b {
                walk(below(&key), Value::Null, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.into_iter().zip(b).enumerate() {
                walk(format!("{path}[{i}]"), a, b, found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(FieldDifference { field: path, a, b }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_are_named_by_their_path() {
        let a = json!({"x": 1, "y": {"z": [1, 2], "w": "a"}, "only": true});
        let b = json!({"x": 1, "y": {"z": [1, 3], "w": "b"}});
        let found = field_differences(&a, &b).unwrap();
        let names: Vec<_> = found.iter().map(|d| d.field.as_str()).collect();
        assert_eq!(names, ["only", "y.w", "y.z[1]"]);
        assert_eq!((&found[2].a, &found[2].b), (&json!(2), &json!(3)));
        assert!(field_differences(&a, &a).unwrap().is_empty());
    }
}
