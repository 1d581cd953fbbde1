//! What a result was measured on and with.

use serde::Serialize;
use simdescent::kernels::{Exec, isa};
use std::process::Command;
use sysinfo::{CpuRefreshKind, RefreshKind, System};

/// The machine, the program, and how it ran.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// The CPU's own name.
    pub cpu: String,
    /// How many threads can run at once.
    pub logical_cores: usize,
    /// Name and version of the operating system.
    pub os: String,
    /// The instruction set that ran, as the kernels report it.
    pub isa: &'static str,
    /// Those that the CPU has.
    pub isas_available: Vec<&'static str>,
    /// Threads per training step.
    pub threads: usize,
    /// Version of the compiler.
    pub rustc: &'static str,
    /// Target triple.
    pub target: &'static str,
    /// `release` or `debug`.
    pub build_profile: &'static str,
    /// Version of this package.
    pub version: &'static str,
    /// Commit of the source tree, with `-dirty` if it had changes; `unknown` outside a git checkout.
    pub commit: String,
}

impl Environment {
    /// Of a run on this instruction set and these threads.
    #[must_use]
    pub fn detect(exec: Exec<'_>) -> Self {
        let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
        let cpu = system.cpus().first().map_or("", |cpu| cpu.brand().trim());
        Self {
            cpu: if cpu.is_empty() { std::env::consts::ARCH.into() } else { cpu.into() },
            logical_cores: std::thread::available_parallelism().map_or(1, usize::from),
            os: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.into()),
            isa: exec.isa().kernel_name(),
            isas_available: isa::available().iter().map(|isa| isa.name()).collect(),
            threads: exec.par().threads(),
            rustc: env!("SIMDESCENT_RUSTC"),
            target: env!("SIMDESCENT_TARGET"),
            build_profile: env!("SIMDESCENT_PROFILE"),
            version: env!("CARGO_PKG_VERSION"),
            commit: commit(),
        }
    }
}

/// The commit of the tree this program was built from, if that tree is still there.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(["-C", env!("CARGO_MANIFEST_DIR")]).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "--short=10", "HEAD"]) {
        Some(hash) if git(&["status", "--porcelain", "--untracked-files=no"]).is_none_or(|s| !s.is_empty()) => {
            format!("{hash}-dirty")
        }
        Some(hash) => hash,
        None => "unknown".into(),
    }
}
