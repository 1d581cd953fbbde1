//! Hands the compiler's version to the program, which writes it into every report.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok().and_then(|out| String::from_utf8(out.stdout).ok());
    println!("cargo::rustc-env=SIMDESCENT_RUSTC={}", version.as_deref().map_or("unknown", str::trim));
    println!("cargo::rustc-env=SIMDESCENT_TARGET={}", env::var("TARGET").unwrap_or_default());
    println!("cargo::rustc-env=SIMDESCENT_PROFILE={}", env::var("PROFILE").unwrap_or_default());
}
