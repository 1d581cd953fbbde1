//! The profiles: study files that need no file.

use super::definition::Study;
use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

/// How much a sweep measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// Three workloads, seven repeats
    Quick,
    /// Five workloads, fifteen repeats
    Standard,
    /// Five workloads, thirty repeats, more trials
    Full,
}

impl Profile {
    /// The text of its file.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Quick => include_str!("profiles/quick.toml"),
            Self::Standard => include_str!("profiles/standard.toml"),
            Self::Full => include_str!("profiles/full.toml"),
        }
    }

    /// The profile of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// Whether a study is this profile, perhaps with other seeds.
    pub(crate) fn is_but_for_seeds(self, study: &Study) -> bool {
        let own = self.study().map(|own| Study { seed: study.seed, data_seed: study.data_seed, ..own });
        own.is_ok_and(|own| serde_json::to_value(own).ok() == serde_json::to_value(study).ok())
    }

    pub(crate) fn study(self) -> Result<Study> {
        Study::parse(self.text()).with_context(|| format!("the profile {self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_studies_and_differ_in_effort_only() {
        let [quick, standard, full] = [Profile::Quick, Profile::Standard, Profile::Full].map(|p| p.study().unwrap());
        for study in [&quick, &standard, &full] {
            assert_eq!(study.optimizers, full.optimizers);
            assert_eq!(study.batch_sizes, full.batch_sizes);
            assert_eq!(study.targets, [0.1, 0.01, 0.001]);
        }
        assert!(quick.repeats >= 5 && standard.repeats >= 10 && full.repeats >= 20);
        assert!(quick.tuning.seeds >= 2 && standard.tuning.seeds >= 3 && full.tuning.seeds >= 3);
    }
}
