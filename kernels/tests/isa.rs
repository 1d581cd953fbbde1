//! Which instruction sets are found, and that the one asked for is the one that runs.

use simdescent_kernels::isa::{self, ENV, Isa, IsaError, NAMES};
use std::io::Write;

fn names() -> Vec<&'static str> {
    isa::available().iter().map(|isa| isa.name()).collect()
}

/// Prints past the capture of the test harness, so that a log shows what a run has covered.
#[test]
fn report() {
    let missing: Vec<_> = NAMES.into_iter().filter(|name| !names().contains(name)).collect();
    let line = format!("ISAs exercised: {}; NOT available here: {}", names().join(" "), missing.join(" "));
    writeln!(std::io::stderr(), "{line}").expect("standard error");
}

/// Asks the operating system, which asks the CPU independently of what the crate does.
#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
#[test]
fn available_is_what_the_operating_system_reports() {
    let Ok(cpuinfo) = std::fs::read_to_string("/proc/cpuinfo") else {
        writeln!(std::io::stderr(), "no /proc/cpuinfo: the detection of instruction sets is not checked").unwrap();
        return;
    };
    let flags = cpuinfo.lines().find_map(|line| line.strip_prefix("flags")).expect("flags of the CPU");
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let has = |wanted: &str| wanted.split(' ').all(|flag| flags.contains(&flag));
    let mut want = vec!["scalar"];
    let v3 = has("avx avx2 fma bmi1 bmi2 abm popcnt sse4_2");
    if v3 {
        want.push("avx2");
    }
    if v3 && has("avx512f avx512bw avx512cd avx512dq avx512vl") {
        want.push("avx512");
    }
    assert_eq!(names(), want);
}

#[cfg(target_arch = "aarch64")]
#[test]
fn every_aarch64_has_neon() {
    assert_eq!(names(), ["scalar", "neon"]);
}

#[test]
fn the_code_that_runs_is_the_one_asked_for() {
    for isa in isa::available() {
        assert_eq!(isa.kernel_name(), isa.name());
        assert_eq!(Isa::from_name(isa.name()), Ok(*isa));
        assert_eq!(isa.to_string(), isa.name());
        assert!(NAMES.contains(&isa.name()));
    }
    assert_eq!(Isa::scalar().kernel_name(), "scalar");
}

#[test]
fn each_is_listed_once_and_scalar_first() {
    assert_eq!(names()[0], "scalar");
    for (i, name) in names().iter().enumerate() {
        assert!(!names()[..i].contains(name), "{name} twice");
    }
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_names() {
    for name in ["", "sse9", "AVX2", "avx2 "] {
        let error = Isa::from_name(name).unwrap_err();
        assert_eq!(error, IsaError::Unknown(name.to_owned()));
        let text = error.to_string();
        assert!(text.contains(&format!("{name:?}")) && text.contains(ENV), "{text}");
        assert!(NAMES.iter().all(|known| text.contains(known)), "{text}");
    }
}

/// No CPU has both AVX2 and NEON, so there is always one to refuse.
#[test]
fn a_name_this_cpu_lacks_is_an_error_that_lists_what_it_has() {
    let missing: Vec<_> = NAMES.into_iter().filter(|name| !names().contains(name)).collect();
    assert!(!missing.is_empty());
    for name in missing {
        let error = Isa::from_name(name).unwrap_err();
        assert_eq!(error, IsaError::Unavailable(name));
        let text = error.to_string();
        assert!(text.contains(name) && names().iter().all(|have| text.contains(have)), "{text}");
    }
}

/// Run with `SIMDESCENT_ISA=…`, this fails unless that instruction set is the one in use.
#[test]
fn the_environment_decides() {
    let want = std::env::var(ENV).unwrap_or_else(|_| names().last().expect("scalar").to_string());
    assert_eq!(isa::active().name(), want);
    assert_eq!(isa::active().kernel_name(), want);
    assert_eq!(simdescent_kernels::Exec::default().isa().name(), want);
}
