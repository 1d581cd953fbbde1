//! `simdescent doctor`: what of this machine makes times worse or less certain.

use super::exit::Exit;
use super::print::{print, print_json};
use crate::environment::Environment;
use crate::report::doctor::{DoctorReport, text};
use anyhow::{Context, Result};
use clap::Args;
use simdescent::kernels::{Exec, Par, isa};

#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &DoctorOptions) -> Result<Exit> {
    let checks = crate::environment::checkup::all();
    // One that is forced but not there is among the findings.
    let isa = isa::try_active().ok().or_else(|| isa::available().last().copied()).context("no instruction set")?;
    let exec = Exec::new(isa, Par::Seq);
    let report = DoctorReport { environment: Environment::detect(exec), checks };
    if options.json {
        print_json(&report)?
    } else {
        print(&text(&report))?
    }
    Ok(Exit::Success)
}
