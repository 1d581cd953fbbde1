//! Whether there is memory, asked before it is needed: an allocation that fails later ends the process.

use anyhow::{Result, bail};
use std::fs;

/// What a program needs besides: kernels, threads, texts.
const BESIDES: u64 = 48 << 20;
/// Below it nobody asks the system how much there is.
const SMALL: u64 = 64 << 20;

/// An error that begins with `what` if this process cannot have so many more bytes.
pub(crate) fn room_for(bytes: u64, what: impl FnOnce() -> String, advice: &str) -> Result<()> {
    let wanted = bytes.saturating_add(bytes / 32).saturating_add(BESIDES);
    if !can_allocate(wanted) {
        bail!("{} {} of memory, more than this process can have: {advice}", what(), size(bytes));
    }
    if let Some(free) = (bytes > SMALL).then(free).flatten().filter(|&free| free < bytes) {
        bail!("{} {} of memory, {} are free: {advice}", what(), size(bytes), size(free));
    }
    Ok(())
}

/// Whether an allocation of so many bytes succeeds. It is given back at once.
fn can_allocate(bytes: u64) -> bool {
    let mut room = Vec::<u8>::new();
    let enough = usize::try_from(bytes).is_ok_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    // Otherwise a compiler may leave out an allocation that nobody uses, and say that it succeeded.
    drop(std::hint::black_box(room));
    enough
}

/// What the machine, or the container that this process is in, can give; if that is known, as it is on Linux.
fn free() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok()?;
    let available = entry(&machine, "MemAvailable:")?.saturating_add(entry(&machine, "SwapFree:").unwrap_or(0));
    // What a container uses counts files that it has read, which give way: only its limit is sure.
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok()).min();
    Some(available.min(limit.unwrap_or(u64::MAX)))
}

/// The bytes of a line such as `MemAvailable:   19 kB`.
fn entry(machine: &str, name: &str) -> Option<u64> {
    let line = machine.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// For people: `3.6 GB`.
fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes => format!("{:.0} MB", (bytes / 1e6).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_room_for_is_named() {
        room_for(1000, || unreachable!(), "").unwrap();
        for bytes in [u64::MAX, 1 << 60, 1 << 50] {
            let error = room_for(bytes, || "the model takes".into(), "take less").unwrap_err().to_string();
            assert!(error.starts_with("the model takes ") && error.ends_with(": take less"), "{error}");
            assert!(error.contains("GB of memory"), "{error}");
        }
        assert_eq!(entry("MemTotal:  9 kB\nMemAvailable:   19 kB\n", "MemAvailable:"), Some(19 << 10));
        assert_eq!([3_602_640_016, 12_000_001].map(size), ["3.6 GB", "13 MB"]);
    }
}
