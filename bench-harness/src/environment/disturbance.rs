//! What else the machine did while something was timed, where the system says so (Linux).

use serde::{Deserialize, Serialize};
use std::fs::read_to_string;
use std::path::Path;

/// Counters at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    switches: Option<u64>,
    steal: Option<u64>,
    throttled: Option<u64>,
}

/// Between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Disturbance {
    /// Processes that wanted to run, the mean over a minute.
    pub(crate) load: Option<f64>,
    /// How often this thread was taken off its core.
    pub(crate) involuntary_switches: Option<u64>,
    /// Hundredths of a second that the host took from this machine.
    pub(crate) stolen_ticks: Option<u64>,
    /// How often a core was slowed down because it or its package was hot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) throttled: Option<u64>,
}

impl Counters {
    pub(crate) fn now() -> Self {
        let status = read_to_string("/proc/thread-self/status").unwrap_or_default();
        let stat = read_to_string("/proc/stat").unwrap_or_default();
        Self {
            switches: switches(&status),
            steal: steal(&stat),
            throttled: throttled(Path::new("/sys/devices/system/cpu")),
        }
    }

    /// What happened since then.
    pub(crate) fn since(self) -> Disturbance {
        let now = Self::now();
        let more = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Disturbance {
            load: read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok()),
            involuntary_switches: more(now.switches, self.switches),
            stolen_ticks: more(now.steal, self.steal),
            throttled: more(now.throttled, self.throttled),
        }
    }
}

fn switches(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    line?.trim().parse().ok()
}

/// The counters of all cores; a package counts once for each of its cores.
fn throttled(cpus: &Path) -> Option<u64> {
    let counters =
        (0..).map(|cpu| cpus.join(format!("cpu{cpu}/thermal_throttle"))).take_while(|folder| folder.exists());
    let read = |folder: &Path, name: &str| read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let of = |folder: &Path| Some(read(folder, "core_throttle_count")? + read(folder, "package_throttle_count")?);
    counters.map(|folder| of(&folder)).sum::<Option<u64>>().filter(|_| cpus.join("cpu0/thermal_throttle").exists())
}

/// The eighth number behind `cpu`.
fn steal(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("cpu "))?.split_whitespace().nth(7)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read() {
        assert_eq!(switches("Name:\tx\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t17\n"), Some(17));
        assert_eq!(steal("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 0 0 0 0 0 0 0 0 0 0\n"), Some(8));
        assert_eq!((switches(""), steal("intr 5")), (None, None));
        let then = Counters { switches: Some(0), steal: None, throttled: None };
        assert_eq!(then.since().stolen_ticks, None);
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(throttled(dir.path()), None);
        for (cpu, counts) in [(0, ["3", "4"]), (1, ["5", "6"])] {
            let folder = dir.path().join(format!("cpu{cpu}/thermal_throttle"));
            std::fs::create_dir_all(&folder).unwrap();
            for (name, count) in ["core_throttle_count", "package_throttle_count"].into_iter().zip(counts) {
                std::fs::write(folder.join(name), format!("{count}\n")).unwrap();
            }
        }
        assert_eq!(throttled(dir.path()), Some(18));
    }
}
