//! What else the machine did while something was timed, where the system says so (Linux).

use serde::{Deserialize, Serialize};
use std::fs::read_to_string;

/// Counters at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    switches: Option<u64>,
    steal: Option<u64>,
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
}

impl Counters {
    pub(crate) fn now() -> Self {
        let status = read_to_string("/proc/thread-self/status").unwrap_or_default();
        let stat = read_to_string("/proc/stat").unwrap_or_default();
        Self { switches: switches(&status), steal: steal(&stat) }
    }

    /// What happened since then.
    pub(crate) fn since(self) -> Disturbance {
        let now = Self::now();
        let more = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        Disturbance {
            load: read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse().ok()),
            involuntary_switches: more(now.switches, self.switches),
            stolen_ticks: more(now.steal, self.steal),
        }
    }
}

fn switches(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    line?.trim().parse().ok()
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
        let then = Counters { switches: Some(0), steal: None };
        assert_eq!(then.since().stolen_ticks, None);
    }
}
