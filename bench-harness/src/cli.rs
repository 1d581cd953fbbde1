//! The command line.

use crate::protocol::Profile;
use crate::workload::DataSource;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use simdescent::Rule;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Train small models on the CPU, and measure how batch size and optimizer affect throughput and convergence.
///
/// Results are bit-identical on every instruction set and every number of threads. The environment variable
/// SIMDESCENT_ISA (scalar, avx2, avx512, neon) forces an instruction set.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train one model and print how it ends.
    Train(TrainOptions),
    /// Measure every (optimizer, batch size) on every workload; write a JSON report and print a table.
    Sweep(SweepOptions),
}

#[derive(Debug, Args)]
pub(crate) struct TrainOptions {
    /// What to train.
    #[arg(long, value_enum)]
    pub(crate) example: Example,
    /// The optimizer, with its usual hyper-parameters.
    #[arg(long, value_name = "NAME", default_value = Rule::Sgd.name(), value_parser = methods())]
    pub(crate) optimizer: Method,
    /// The learning rate; lbfgs has none.
    #[arg(long, value_name = "RATE", default_value_t = 0.01, allow_negative_numbers = true)]
    pub(crate) rate: f64,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Method {
    /// Steps of a rule.
    Rule(Rule),
    Lbfgs,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.name(),
            Self::Lbfgs => "lbfgs",
        }
    }
}

/// Every method by its name.
fn methods() -> impl TypedValueParser<Value = Method> {
    let names = Rule::ALL.into_iter().map(Rule::name).chain([Method::Lbfgs.name()]);
    PossibleValuesParser::new(names).map(|name| Rule::from_name(&name).map_or(Method::Lbfgs, Method::Rule))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Example {
    /// y = 3x + 2 + noise, one weight, no bias, 1000 steps on all samples, against the closed form.
    Linear,
}

#[derive(Debug, Args)]
pub(crate) struct SweepOptions {
    /// How much to measure.
    #[arg(long, value_enum, default_value_t = Profile::Quick)]
    pub(crate) profile: Profile,
    /// Where reports go: DIR/<cpu>/<date>-<commit>.json.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) out: PathBuf,
    /// Threads per training step; results do not depend on it, and models this small seldom gain.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Measure on files instead of the embedded workloads: mnist:DIR (IDX files), svmlight:FILE, or csv:FILE (target
    /// in the last column; features are standardised). Files without a validation part of their own are shuffled and
    /// split 80:20.
    #[arg(long, value_name = "KIND:PATH")]
    pub(crate) data: Option<DataSource>,
    /// Seed of data, weights and sample order.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
