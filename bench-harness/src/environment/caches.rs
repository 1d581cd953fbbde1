//! The cache levels of the first core, where the system says them (Linux).

use std::fs::read_to_string;
use std::path::Path;

/// The capacities in bytes of the levels that hold data, from the first.
pub(crate) fn capacities() -> Vec<usize> {
    of(Path::new("/sys/devices/system/cpu/cpu0/cache"))
}

fn of(folder: &Path) -> Vec<usize> {
    let mut levels = vec![];
    for index in 0..8 {
        let read = |name: &str| read_to_string(folder.join(format!("index{index}/{name}")));
        let (Ok(kind), Ok(level), Ok(size)) = (read("type"), read("level"), read("size")) else { continue };
        let (Ok(level), Some(size)) = (level.trim().parse::<usize>(), bytes(size.trim())) else { continue };
        if kind.trim() != "Instruction" {
            levels.push((level, size));
        }
    }
    levels.sort_unstable();
    levels.dedup_by_key(|level| level.0);
    levels.into_iter().map(|(_, size)| size).collect()
}

/// `48K` or `16M`.
fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn levels_of_data_are_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let levels =
            [("Unified", "2", "2048K"), ("Instruction", "1", "32K"), ("Data", "1", "48K"), ("Unified", "3", "x")];
        for (i, (kind, level, size)) in levels.into_iter().enumerate() {
            let folder = dir.path().join(format!("index{i}"));
            fs::create_dir(&folder).unwrap();
            for (name, text) in [("type", kind), ("level", level), ("size", size)] {
                fs::write(folder.join(name), format!("{text}\n")).unwrap();
            }
        }
        assert_eq!(of(dir.path()), [48 << 10, 2 << 20]);
        assert_eq!(of(&dir.path().join("none")), [0; 0]);
        assert_eq!([bytes("7"), bytes("3G"), bytes("")], [Some(7), Some(3 << 30), None]);
    }
}
