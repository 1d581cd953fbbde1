//! Trials that are done already, and who is told of new ones.

use super::trial::TrialRecord;
use crate::base::progress::Progress;
use crate::journal::Journal;
use anyhow::Result;

/// What is done already, and who is told.
pub(super) struct Trials<'p> {
    pub(super) journal: Journal<TrialRecord>,
    pub(super) progress: &'p dyn Progress,
}

impl Trials<'_> {
    /// What the journal says about a trial, after training it if it says nothing.
    pub(super) fn finished(
        &mut self,
        trial: u64,
        rung: u32,
        train: impl FnOnce() -> Result<TrialRecord>,
    ) -> Result<TrialRecord> {
        if let Some(record) = self.journal.records().iter().find(|record| (record.trial, record.rung) == (trial, rung))
        {
            return Ok(record.clone());
        }
        let record = train()?;
        self.journal.add(record.clone())?;
        Ok(record)
    }
}
