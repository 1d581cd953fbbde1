//! What a result was measured on and with.

pub(crate) mod caches;
pub(crate) mod checkup;
pub(crate) mod disturbance;
pub(crate) mod limits;

use serde::{Deserialize, Serialize};
use simdescent::kernels::{Exec, isa};
use std::process::Command;

/// The machine, the program, and how it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Environment {
    /// The CPU's own name.
    pub(crate) cpu: String,
    /// How many threads can run at once.
    pub(crate) logical_cores: usize,
    /// Name and version of the operating system.
    pub(crate) os: String,
    /// The instruction set that ran, as the kernels report it.
    pub(crate) isa: String,
    /// Those that the CPU has.
    pub(crate) isas_available: Vec<String>,
    /// Threads per training step.
    pub(crate) threads: usize,
    /// Version of the compiler.
    pub(crate) rustc: String,
    /// Target triple.
    pub(crate) target: String,
    /// `release` or `debug`.
    pub(crate) build_profile: String,
    /// Version of this package.
    pub(crate) version: String,
    /// Commit of the source tree, with `-dirty` if it had changes; `unknown` outside a git checkout.
    pub(crate) commit: String,
}

impl Environment {
    /// Of a run on this instruction set and these threads.
    #[must_use]
    pub(crate) fn detect(exec: Exec<'_>) -> Self {
        Self {
            cpu: cpu().unwrap_or_else(|| std::env::consts::ARCH.into()),
            logical_cores: std::thread::available_parallelism().map_or(1, usize::from),
            os: os().unwrap_or_else(|| std::env::consts::OS.into()),
            isa: exec.isa().kernel_name().into(),
            isas_available: isa::available().iter().map(|isa| isa.name().into()).collect(),
            threads: exec.par().threads(),
            rustc: env!("SIMDESCENT_RUSTC").into(),
            target: env!("SIMDESCENT_TARGET").into(),
            build_profile: env!("SIMDESCENT_PROFILE").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            commit: commit(),
        }
    }
}

/// The CPU's own name.
fn cpu() -> Option<String> {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let name = raw_cpuid::CpuId::new().get_processor_brand_string().map(|brand| brand.as_str().to_owned());
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    let name = if cfg!(target_os = "macos") {
        output("sysctl", &["-n", "machdep.cpu.brand_string"])
    } else {
        output("lscpu", &[]).and_then(|text| value(&text, "Model name:"))
    };
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Name and version of the operating system.
fn os() -> Option<String> {
    if cfg!(target_os = "macos") {
        return output("sw_vers", &["-productVersion"]).map(|version| format!("macOS {version}"));
    }
    let name = value(&std::fs::read_to_string("/etc/os-release").ok()?, "PRETTY_NAME=")?;
    Some(format!("{} ({})", std::env::consts::OS, name.trim_matches('"')))
}

/// What follows the key in the line that begins with it.
fn value(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| line.trim_start().strip_prefix(key)).map(|value| value.trim().to_owned())
}

/// What a program prints.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The commit of the tree this program was built from, if that tree is still there.
fn commit() -> String {
    let git = |arguments: &[&str]| output("git", &[&["-C", env!("CARGO_MANIFEST_DIR")], arguments].concat());
    match git(&["rev-parse", "--short=10", "HEAD"]) {
        Some(hash) if git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|s| !s.is_empty()) => {
            format!("{hash}-dirty")
        }
        Some(hash) => hash,
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_keys() {
        let text = "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n  Model name:   Neoverse-N1\n";
        assert_eq!(value(text, "PRETTY_NAME=").as_deref(), Some("\"Debian GNU/Linux 12 (bookworm)\""));
        assert_eq!(value(text, "Model name:").as_deref(), Some("Neoverse-N1"));
        assert_eq!(value(text, "VERSION="), None);
    }
}
