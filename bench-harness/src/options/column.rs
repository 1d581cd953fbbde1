//! Columns and fields in a configuration file: text, or a whole number, which may be written as one there.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged, expecting = "text, such as the name of a column, or a whole number, such as its index from 0")]
enum Column {
    Index(i64),
    Name(String),
}

impl From<Column> for String {
    fn from(column: Column) -> Self {
        match column {
            Column::Index(index) => index.to_string(),
            Column::Name(name) => name,
        }
    }
}

/// One column, as the text that a flag would have.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Column>::deserialize(deserializer)?.map(String::from))
}

/// Several.
pub(super) fn several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let columns = Option::<Vec<Column>>::deserialize(deserializer)?;
    Ok(columns.map(|columns| columns.into_iter().map(String::from).collect()))
}
