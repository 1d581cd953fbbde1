//! Which part of a study a process does, among several that do not talk to each other.

use serde::Serialize;
use std::str::FromStr;

/// Part `index`, from 1, of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Shard {
    pub(crate) index: u64,
    pub(crate) count: u64,
}

/// Variables that launchers set: number of the process, first number, number of processes.
const LAUNCHERS: [(&str, u64, &str); 6] = [
    ("SLURM_ARRAY_TASK_ID", 0, "SLURM_ARRAY_TASK_COUNT"),
    ("SLURM_PROCID", 0, "SLURM_NTASKS"),
    ("OMPI_COMM_WORLD_RANK", 0, "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", 0, "PMI_SIZE"),
    ("JOB_COMPLETION_INDEX", 0, "JOB_COMPLETIONS"),
    ("SIMDESCENT_SHARD", 1, "SIMDESCENT_SHARDS"),
];

impl Shard {
    fn new(index: u64, count: u64) -> Result<Self, String> {
        if index == 0 || index > count {
            return Err(format!("shards are numbered from 1 to {count}, got {index}"));
        }
        Ok(Self { index, count })
    }

    /// Whether a key, which begins with 16 hexadecimal digits, is in this shard.
    pub(crate) fn has(self, key: &str) -> bool {
        u64::from_str_radix(&key[..16], 16).is_ok_and(|head| head % self.count == self.index - 1)
    }

    /// As the environment says.
    pub(crate) fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut alone = None;
        for (index, first, count) in LAUNCHERS {
            let (Some(i), Some(n)) = (variable(index), variable(count)) else { continue };
            let number = |name: &str, text: &str| text.parse().map_err(|_| format!("{name}={text} is no number"));
            let (mut i, n): (u64, u64) = (number(index, &i)?, number(count, &n)?);
            let mut first = first;
            if index == "SLURM_ARRAY_TASK_ID" {
                // An array may start anywhere: --array=1-8.
                if let Some(least) = variable("SLURM_ARRAY_TASK_MIN") {
                    first = number("SLURM_ARRAY_TASK_MIN", &least)?;
                }
            }
            i = i.checked_sub(first).ok_or_else(|| format!("{index}={i} is below {first}"))? + 1;
            if n > 1 {
                return Self::new(i, n);
            }
            // A job array of single tasks: another launcher may say more.
            alone = Some(Self::new(i, n)?);
        }
        if let Some(alone) = alone {
            return Ok(alone);
        }
        let names: Vec<_> = LAUNCHERS.iter().map(|(index, _, count)| format!("{index}/{count}")).collect();
        Err(format!("auto: none of {} is set; give I/N", names.join(", ")))
    }
}

impl FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Self::from_environment(|name| std::env::var(name).ok());
        }
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let (index, count) = parts.ok_or_else(|| format!("{text:?}: write I/N, such as 2/5, or auto"))?;
        Self::new(index, count)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_read_and_counted_from_one() {
        assert_eq!("2/5".parse(), Ok(Shard { index: 2, count: 5 }));
        for text in ["0/5", "6/5", "2", "a/5", "", "-1/2", "1/0"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn launchers_say_which_shard_this_is() {
        let of = |variables: &[(&str, &str)]| {
            Shard::from_environment(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()))
        };
        let shard = |index, count| Ok(Shard { index, count });
        let slurm = ("SLURM_ARRAY_TASK_COUNT", "4");
        assert_eq!(of(&[("SLURM_ARRAY_TASK_ID", "0"), slurm]), shard(1, 4));
        assert_eq!(of(&[("SLURM_ARRAY_TASK_ID", "10"), ("SLURM_ARRAY_TASK_MIN", "10"), slurm]), shard(1, 4));
        assert_eq!(of(&[("SLURM_PROCID", "3"), ("SLURM_NTASKS", "4")]), shard(4, 4));
        assert_eq!(of(&[("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "2")]), shard(2, 2));
        assert_eq!(of(&[("PMI_RANK", "1"), ("PMI_SIZE", "2")]), shard(2, 2));
        assert_eq!(of(&[("JOB_COMPLETION_INDEX", "1"), ("JOB_COMPLETIONS", "2")]), shard(2, 2));
        // A job array of single tasks has one process each.
        let array = [("SLURM_ARRAY_TASK_ID", "2"), slurm, ("SLURM_PROCID", "0"), ("SLURM_NTASKS", "1")];
        assert_eq!(of(&array), shard(3, 4));
        assert_eq!(of(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "1")]), shard(1, 1));
        assert!(of(&[]).unwrap_err().contains("SLURM_ARRAY_TASK_ID"));
        assert!(of(&[("SLURM_ARRAY_TASK_ID", "x"), slurm]).unwrap_err().contains("no number"));
    }
}
