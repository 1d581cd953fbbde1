//! Options of a configuration file that are in another table than their own.

use clap::Command;
use std::collections::BTreeMap;
use toml::Table;

/// Of the first option that the table has in a wrong place or spelling: where it belongs. The options are those of the command.
pub(super) fn hint(command: &Command, table: &Table) -> Option<String> {
    search(table, "", &tables(command))
}

/// The table of each option, by the name of its flag; as the headings of the help say.
fn tables(command: &Command) -> BTreeMap<String, String> {
    let table = |heading: &str| Some(heading.split_once('[')?.1.split_once(']')?.0.to_owned());
    let option = |argument: &clap::Arg| {
        let table = argument.get_help_heading().and_then(table).unwrap_or_default();
        Some((argument.get_long()?.to_owned(), table))
    };
    command.get_arguments().filter_map(option).collect()
}

fn search(table: &Table, name: &str, tables: &BTreeMap<String, String>) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let inner = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        if tables.values().any(|table| *table == inner) {
            return value.as_table().and_then(|table| search(table, &inner, tables));
        }
        let spelled = key.replace('_', "-");
        let home = tables.get(&spelled)?;
        if home == name && spelled == *key {
            return None;
        }
        Some(match home.as_str() {
            "" => format!("`{spelled}` belongs above all tables, such as [learning-rate]"),
            home => format!("`{spelled}` belongs below [{home}]"),
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::options::RunOptions;

    #[test]
    fn an_option_in_a_wrong_place_is_sent_to_its_own() {
        for (text, wanted) in [
            ("rate = 0.1", Some("`rate` belongs below [learning-rate]")),
            ("[fit]\nbatch_size = 8", Some("`batch-size` belongs below [batch]")),
            ("[batch]\nbatch_size = 8", Some("`batch-size` belongs below [batch]")),
            ("[rule]\noptimizer = 'adam'", Some("`optimizer` belongs above all tables, such as [learning-rate]")),
            ("[problem]\ntarget = 3", Some("`target` belongs below [problem.csv]")),
            ("beta2 = 0.9", Some("`beta2` belongs below [rule]")),
            ("optimizer = 'adam'\n[problem.csv]\ntarget = 3\n[learning-rate]\nrate = 1", None),
            ("nonsense = 1\n[nowhere]\nrate = 2", None),
        ] {
            assert_eq!(RunOptions::misplaced(&text.parse().unwrap()).as_deref(), wanted, "{text}");
        }
    }
}
