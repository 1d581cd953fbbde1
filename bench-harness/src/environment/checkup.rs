//! What of this machine and this process makes times worse or less certain, and what mends it. It only looks.

use serde::Serialize;
use simdescent::kernels::isa;
use std::env;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) state: State,
    /// What is there.
    pub(crate) found: String,
    /// What that costs; `null` where it costs nothing.
    pub(crate) cost: Option<String>,
    /// The command that mends it.
    pub(crate) mend: Option<String>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum State {
    /// As it should be for timing.
    Good,
    /// It costs speed, certainty, or something that cannot be run.
    Costs,
    /// The system does not say.
    Unknown,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Good, found: found.into(), cost: None, mend: None }
    }

    fn unknown(name: &'static str, found: impl Into<String>) -> Self {
        Self { state: State::Unknown, ..Self::good(name, found) }
    }

    fn costs(name: &'static str, found: impl Into<String>, cost: &str, mend: &str) -> Self {
        Self { state: State::Costs, cost: Some(cost.into()), mend: Some(mend.into()), ..Self::good(name, found) }
    }
}

/// How long steal time is watched.
const WATCHED: Duration = Duration::from_millis(300);
/// Of `bench-harness/instructions/Cargo.toml`: runner and library have to be of one version.
const RUNNER: &str = "0.20.0";

/// Everything, for the whole system below `/`.
pub(crate) fn all() -> Vec<Check> {
    let root = Path::new("/");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    vec![
        build(env!("SIMDESCENT_PROFILE")),
        instruction_set(env::var("SIMDESCENT_ISA").ok().as_deref()),
        governor(root),
        turbo(root),
        load(root, cores),
        steal(root, WATCHED),
        hyperthreads(root),
        processors(root, cores),
        memory(root),
        huge_pages(root),
        program("valgrind", &["valgrind"], "instruction counts cannot be taken", "sudo apt-get install valgrind"),
        runner(),
        program(
            "browser",
            &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
            "pages cannot be tried in a browser",
            "sudo apt-get install chromium",
        ),
    ]
}

fn read(root: &Path, path: &str) -> Option<String> {
    read_to_string(root.join(path)).ok().map(|text| text.trim().to_owned())
}

fn build(profile: &str) -> Check {
    match profile {
        "release" => Check::good("build", "release"),
        _ => Check::costs("build", profile, "kernels run many times slower", "cargo run --release -- COMMAND"),
    }
}

fn instruction_set(forced: Option<&str>) -> Check {
    let best = isa::available().iter().map(|isa| isa.name()).collect::<Vec<_>>();
    let (name, last) = ("instruction set", best.last().copied().unwrap_or_default());
    match forced {
        None | Some("") => Check::good(name, format!("{last}, the best of {}", best.join(", "))),
        Some(forced) if forced == last => Check::good(name, format!("SIMDESCENT_ISA={forced}, which is the best")),
        Some(forced) if best.contains(&forced) => Check::costs(
            name,
            format!("SIMDESCENT_ISA={forced}, but {last} is there"),
            "narrower registers do less at once; bits are the same",
            "unset SIMDESCENT_ISA",
        ),
        Some(forced) => Check::costs(
            name,
            format!("SIMDESCENT_ISA={forced}, which this CPU does not have or nobody knows"),
            "every command refuses it",
            "unset SIMDESCENT_ISA",
        ),
    }
}

/// The policies that the cores of this machine are under, each once.
fn governor(root: &Path) -> Check {
    let name = "governor";
    let of = |cpu| read(root, &format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"));
    let mut found: Vec<String> = (0..).map_while(of).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Check::unknown(name, "the clock is not this system's to set, as in a virtual machine or container"),
        [one] if one == "performance" => Check::good(name, "performance"),
        found => Check::costs(
            name,
            found.join(", "),
            "the clock follows the load: the first milliseconds of a measurement run slower than the rest",
            "sudo cpupower frequency-set --governor performance",
        ),
    }
}

fn turbo(root: &Path) -> Check {
    let name = "turbo";
    let cost = "the clock depends on temperature and on what other cores do: times drift from run to run; ratios within a run hold";
    let intel = "sys/devices/system/cpu/intel_pstate/no_turbo";
    let other = "sys/devices/system/cpu/cpufreq/boost";
    match (read(root, intel).as_deref(), read(root, other).as_deref()) {
        (Some("1"), _) | (None, Some("0")) => Check::good(name, "off"),
        (Some(_), _) => Check::costs(name, "on", cost, &format!("echo 1 | sudo tee /{intel}")),
        (None, Some(_)) => Check::costs(name, "on", cost, &format!("echo 0 | sudo tee /{other}")),
        (None, None) => Check::unknown(name, "the system does not say"),
    }
}

fn load(root: &Path, cores: usize) -> Check {
    let name = "load";
    let load = read(root, "proc/loadavg").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    match load {
        None => Check::unknown(name, "the system does not say"),
        Some(load) if load < 0.3 => Check::good(name, format!("{load:.2} on {cores} cores")),
        Some(load) => Check::costs(
            name,
            format!("{load:.2} on {cores} cores, the mean of the last minute"),
            "others take cores, caches and memory: intervals are wide, and a run may not be quiet",
            "ps -eo pcpu,pid,comm --sort=-pcpu | head",
        ),
    }
}

/// Hundredths of a second: (stolen, all).
fn ticks(root: &Path) -> Option<(u64, u64)> {
    let text = read(root, "proc/stat")?;
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().map(|tick| tick.parse().ok()).collect::<Option<_>>()?;
    // The last two of ten are part of the first two.
    Some((*ticks.get(7)?, ticks.iter().take(8).sum()))
}

fn steal(root: &Path, watched: Duration) -> Check {
    let name = "stolen time";
    let Some((before, _)) = ticks(root) else { return Check::unknown(name, "the system does not say") };
    std::thread::sleep(watched);
    let (now, all) = ticks(root).unwrap_or((before, 1));
    let share = 100.0 * now as f64 / all.max(1) as f64;
    let found = format!("{} ticks just now, {share:.2} % since the system started", now - before);
    if now == before && share < 0.1 {
        Check::good(name, found)
    } else {
        Check::costs(
            name,
            found,
            "the host gives this machine's cores to others: single rounds take many times as long",
            "simdescent bench --processes 10, at another time or on a machine of your own",
        )
    }
}

fn hyperthreads(root: &Path) -> Check {
    let name = "hyperthreads";
    match read(root, "sys/devices/system/cpu/smt/active").as_deref() {
        None => Check::unknown(name, "the system does not say"),
        Some("0") => Check::good(name, "one thread per core, as far as this system knows"),
        Some(_) => Check::costs(
            name,
            "two threads on a core",
            "they share its units and caches: a second thread there adds little, and a neighbor there slows products down",
            "echo off | sudo tee /sys/devices/system/cpu/smt/control; or --threads with the number of cores",
        ),
    }
}

/// What the control groups of this process say of a limit, in version 2 or 1.
fn limit(root: &Path, file: &str, controller: &str, file_of_1: &str) -> Option<String> {
    let groups = read(root, "proc/self/cgroup")?;
    let path = |wanted: &str| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':');
            let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
            controllers.split(',').any(|controller| controller == wanted).then(|| path.trim_matches('/').to_owned())
        })
    };
    // In a container, the path of the host is not there, and the group is the root of what is seen.
    let places = [path("").map(|path| format!("sys/fs/cgroup/{path}/{file}")), Some(format!("sys/fs/cgroup/{file}"))];
    let of_1 = path(controller).map(|path| {
        [format!("sys/fs/cgroup/{controller}/{path}/{file_of_1}"), format!("sys/fs/cgroup/{controller}/{file_of_1}")]
    });
    places.into_iter().flatten().chain(of_1.into_iter().flatten()).find_map(|place| read(root, &place))
}

fn processors(root: &Path, cores: usize) -> Check {
    let name = "processors";
    let online = read(root, "sys/devices/system/cpu/online").and_then(|text| count(&text));
    // `MAX PERIOD` in microseconds, or the first alone.
    let quota = limit(root, "cpu.max", "cpu", "cpu.cfs_quota_us").and_then(|text| {
        let mut numbers = text.split(' ');
        let quota: f64 = numbers.next()?.parse().ok().filter(|&quota| quota > 0.0)?;
        let period: f64 = numbers.next().and_then(|period| period.parse().ok()).unwrap_or(100_000.0);
        Some(quota / period)
    });
    match (quota, online) {
        (Some(quota), _) => Check::costs(
            name,
            format!("a control group allows {quota:.2} of {cores} cores"),
            "threads are halted for the rest of each tenth of a second once the share is used up",
            "start the container with more, as docker run --cpus does, or without a limit",
        ),
        (None, Some(online)) if cores < online => Check::costs(
            name,
            format!("{cores} of {online}: this process is bound to some"),
            "--threads beyond them only take turns",
            "taskset --all-tasks --cpu-list --pid 0-$(($(nproc --all) - 1)) $$",
        ),
        _ => Check::good(name, format!("{cores}, without a limit")),
    }
}

/// How many are in a list such as `0-3,8`.
fn count(list: &str) -> Option<usize> {
    let of = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(last.parse::<usize>().ok()?.checked_sub(first.parse().ok()?)? + 1)
    };
    list.split(',').map(of).sum()
}

fn memory(root: &Path) -> Check {
    let name = "memory";
    // A bench needs about half a gigabyte.
    const NEEDED: f64 = 1e9;
    let available = read(root, "proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(1024.0 * line.trim().trim_end_matches(" kB").parse::<f64>().ok()?)
    });
    let allowed =
        limit(root, "memory.max", "memory", "memory.limit_in_bytes").and_then(|text| text.parse::<f64>().ok());
    match [available, allowed].into_iter().flatten().reduce(f64::min) {
        None => Check::unknown(name, "the system does not say"),
        Some(bytes) if bytes >= NEEDED => Check::good(name, format!("{:.1} GB", 1e-9 * bytes)),
        Some(bytes) => Check::costs(
            name,
            format!("{:.1} GB", 1e-9 * bytes),
            "the largest cases of a bench may be killed",
            "simdescent bench --quick",
        ),
    }
}

fn huge_pages(root: &Path) -> Check {
    let (name, path) = ("huge pages", "sys/kernel/mm/transparent_hugepage/enabled");
    let chosen = read(root, path).and_then(|text| Some(text.split_once('[')?.1.split_once(']')?.0.to_owned()));
    match chosen.as_deref() {
        None => Check::unknown(name, "the system does not say"),
        Some("always") => Check::good(name, "always"),
        Some(chosen) => Check::costs(
            name,
            chosen,
            "arrays of many megabytes need more entries of the TLB than there are: their products and steps wait for it",
            &format!("echo always | sudo tee /{path}"),
        ),
    }
}

/// Where a program of one of these names is.
fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let files = env::split_paths(&path).flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

fn program(name: &'static str, names: &[&str], cost: &str, mend: &str) -> Check {
    match find(names) {
        Some(file) => Check::good(name, file.display().to_string()),
        None => Check::costs(name, "not found", cost, mend),
    }
}

fn runner() -> Check {
    let name = "gungraun-runner";
    let mend = ".ci/instruction-gate --install";
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let own = Some(target.join("tools/bin").join(name)).filter(|file| file.is_file());
    let version = own.or_else(|| find(&[name])).map(|file| {
        let output = Command::new(file).arg("--version").output();
        output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    });
    match version {
        Some(version) if version.ends_with(RUNNER) => Check::good(name, version),
        Some(version) => {
            Check::costs(name, format!("{version}, not {RUNNER}"), "it refuses benches of another version", mend)
        }
        None => Check::costs(name, "not found", "instruction counts cannot be taken", mend),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A system of these files.
    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        root
    }

    #[track_caller]
    fn is(check: &Check, state: State, found: &str) {
        assert_eq!(check.state, state, "{check:?}");
        assert!(check.found.contains(found), "{check:?}");
        assert_eq!(check.cost.is_some() && check.mend.is_some(), state == State::Costs, "{check:?}");
    }

    #[test]
    fn a_machine_for_timing_costs_nothing() {
        let root = system(&[
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "1"),
            ("proc/loadavg", "0.05 0.1 0.2 1/300 77"),
            ("proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0"),
            ("sys/devices/system/cpu/smt/active", "0"),
            ("sys/devices/system/cpu/online", "0-3"),
            ("proc/self/cgroup", "0::/user.slice"),
            ("sys/fs/cgroup/user.slice/cpu.max", "max 100000"),
            ("sys/fs/cgroup/user.slice/memory.max", "max"),
            ("proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable:   8000000 kB"),
            ("sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never"),
        ]);
        let root = root.path();
        is(&governor(root), State::Good, "performance");
        is(&turbo(root), State::Good, "off");
        is(&load(root, 4), State::Good, "0.05");
        is(&steal(root, Duration::ZERO), State::Good, "0 ticks");
        is(&hyperthreads(root), State::Good, "one thread");
        is(&processors(root, 4), State::Good, "4");
        is(&memory(root), State::Good, "8.2 GB");
        is(&huge_pages(root), State::Good, "always");
        is(&build("release"), State::Good, "release");
        is(&instruction_set(None), State::Good, "the best");
    }

    #[test]
    fn what_costs_is_told_with_its_remedy() {
        let root = system(&[
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave"),
            ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance"),
            ("sys/devices/system/cpu/cpufreq/boost", "1"),
            ("proc/loadavg", "3.50 0.1 0.2 1/300 77"),
            ("proc/stat", "cpu  100 0 100 700 0 0 0 100 0 0"),
            ("sys/devices/system/cpu/smt/active", "1"),
            ("sys/devices/system/cpu/online", "0-3,8"),
            ("proc/self/cgroup", "4:memory:/box\n1:cpu,cpuacct:/box\n0::/"),
            ("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "150000"),
            ("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "500000000"),
            ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never"),
        ]);
        let root = root.path();
        is(&governor(root), State::Costs, "performance, powersave");
        is(&turbo(root), State::Costs, "on");
        is(&load(root, 4), State::Costs, "3.50");
        is(&steal(root, Duration::ZERO), State::Costs, "10.00 %");
        is(&hyperthreads(root), State::Costs, "two threads");
        is(&processors(root, 4), State::Costs, "1.50 of 4");
        is(&memory(root), State::Costs, "0.5 GB");
        is(&huge_pages(root), State::Costs, "madvise");
        is(&build("debug"), State::Costs, "debug");
        is(&instruction_set(Some("nonsense")), State::Costs, "nonsense");
        fs::remove_file(root.join("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us")).unwrap();
        is(&processors(root, 4), State::Costs, "4 of 5");
    }

    #[test]
    fn where_nothing_is_known_nothing_is_claimed() {
        let root = system(&[]);
        let root = root.path();
        for check in [governor(root), turbo(root), load(root, 1), steal(root, Duration::ZERO), huge_pages(root)] {
            is(&check, State::Unknown, "");
        }
        is(&hyperthreads(root), State::Unknown, "");
        is(&memory(root), State::Unknown, "");
        assert_eq!([count("0"), count("0-3,8"), count("x"), count("3-1")], [Some(1), Some(5), None, None]);
    }

    /// The lowest one costs, where there is a better one.
    #[test]
    fn a_forced_instruction_set_costs_unless_it_is_the_best() {
        let lowest = isa::available()[0].name();
        let best = isa::available().last().unwrap().name();
        is(&instruction_set(Some(best)), State::Good, best);
        if lowest != best {
            is(&instruction_set(Some(lowest)), State::Costs, lowest);
        }
    }
}
