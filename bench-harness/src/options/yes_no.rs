//! Yes or no, with one spelling on the command line; `true` and `false` are understood, too, and are what TOML has for them.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Deserializer};

/// Reads a flag's `yes` or `no`.
pub(crate) fn yes_no() -> impl TypedValueParser<Value = bool> {
    let value = |name, others: [&'static str; 4]| PossibleValue::new(name).aliases(others);
    let values = [value("yes", ["true", "y", "on", "1"]), value("no", ["false", "n", "off", "0"])];
    PossibleValuesParser::new(values.clone()).map(move |text| values[0].matches(&text, false))
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "true, false, \"yes\" or \"no\"")]
enum Written {
    Bool(bool),
    Text(Text),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Text {
    Yes,
    No,
}

/// The same in a configuration file.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(Option::<Written>::deserialize(deserializer)?.map(|written| match written {
        Written::Bool(is_so) => is_so,
        Written::Text(text) => matches!(text, Text::Yes),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Options {
        #[serde(deserialize_with = "read")]
        flag: Option<bool>,
    }

    #[test]
    fn flags_and_files_have_the_same_spellings() {
        let flag = |text: &str| {
            let command = Command::new("x").arg(Arg::new("flag").long("flag").value_parser(yes_no()));
            command.try_get_matches_from(["x", "--flag", text]).map(|found| *found.get_one::<bool>("flag").unwrap())
        };
        let file = |text: &str| toml::from_str::<Options>(text).map(|options| options.flag);
        for (text, is_so) in [("yes", true), ("true", true), ("no", false), ("false", false)] {
            assert_eq!(flag(text).unwrap(), is_so, "{text}");
        }
        let message = flag("maybe").unwrap_err().to_string();
        assert!(message.contains("[possible values: yes, no]"), "{message}");
        for (text, is_so) in [("true", true), ("\"yes\"", true), ("false", false), ("\"no\"", false)] {
            assert_eq!(file(&format!("flag = {text}")).unwrap(), Some(is_so), "{text}");
        }
        assert_eq!(file("").unwrap(), None);
        assert!(file("flag = \"maybe\"").unwrap_err().to_string().contains("\"yes\" or \"no\""));
    }
}
