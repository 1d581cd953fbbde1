//! Batches of rows that are read as they are needed.

use super::{Batch, LastBatch, Place, Sampling};
use crate::dataset::{RowStream, Rows, Targets};
use crate::error::DataError;
use crate::loss::{Loss, Prepared};
use crate::random::{Stream, StreamKey};
use crate::target_scaling::TargetScaling;
use simdescent_kernels::MatRef;

/// An endless source of batches that has one window of rows in memory, and one batch.
///
/// The file is cut into windows of so many rows, which come in its order; rows of a window come in its order or, if they
/// are reshuffled, in a random order drawn when the window is read. A batch may reach over several windows.
pub(crate) struct Windows {
    rows: RowStream,
    loss: Loss,
    /// Rows of a window.
    window: usize,
    shuffled: bool,
    last_batch: LastBatch,
    stream: Stream,
    /// The window as read, and the order of its rows.
    inputs: Vec<f32>,
    targets: Vec<f32>,
    order: Vec<u32>,
    /// Rows of `order` that were in a batch.
    used: usize,
    /// Rows of this epoch that were read, and that were in a batch.
    read: usize,
    next: usize,
    /// The batch.
    batch: (Vec<f32>, Vec<f32>),
    prepared: Prepared,
    target_scaling: Option<TargetScaling>,
}

impl Windows {
    /// `window` is at least 1; the targets go with the loss.
    pub(crate) fn new(
        rows: RowStream,
        loss: Loss,
        window: usize,
        sampling: Sampling,
        last_batch: LastBatch,
        key: StreamKey,
    ) -> Self {
        Self {
            rows,
            loss,
            window,
            shuffled: sampling == Sampling::Reshuffled,
            last_batch,
            stream: Stream::new(key),
            inputs: vec![],
            targets: vec![],
            order: vec![],
            used: 0,
            read: 0,
            next: 0,
            batch: (vec![], vec![]),
            prepared: Prepared::unweighted(Targets::Values(vec![])),
            target_scaling: None,
        }
    }

    pub(crate) fn with_target_scaling(self, target_scaling: Option<TargetScaling>) -> Self {
        Self { target_scaling, ..self }
    }

    /// The next batch, of `batch_size` rows, from 1 to all.
    pub(crate) fn next(&mut self, batch_size: usize) -> Result<Batch<'_>, DataError> {
        let (rows, features) = (self.rows.rows(), self.rows.features());
        if self.next == rows || (self.last_batch == LastBatch::Drop && self.next + batch_size > rows) {
            (self.read, self.next, self.used) = (0, 0, 0);
            self.order.clear();
        }
        let wanted = batch_size.min(rows - self.next);
        let (inputs, targets) = &mut self.batch;
        inputs.clear();
        targets.clear();
        while targets.len() < wanted {
            if self.used == self.order.len() {
                let filled = fill(&mut self.rows, self.read, self.window, &mut self.inputs, &mut self.targets);
                if let Err(error) = filled {
                    // Should someone go on, the next batch starts an epoch.
                    self.next = rows;
                    return Err(error);
                }
                self.order.clear();
                self.order.extend(0..self.targets.len() as u32);
                if self.shuffled {
                    self.stream.shuffle(&mut self.order);
                }
                (self.read, self.used) = (self.read + self.order.len(), 0);
            }
            let end = self.order.len().min(self.used + wanted - targets.len());
            for &row in &self.order[self.used..end] {
                inputs.extend_from_slice(&self.inputs[row as usize * features..][..features]);
                targets.push(self.targets[row as usize]);
            }
            self.used = end;
        }
        self.next += wanted;
        let fitted = self.loss.prepare_targets(&self.rows.targets(targets)?);
        let mut targets = fitted.map_err(|fault| DataError::invalid(self.rows.name(), fault))?;
        if let Some(scaling) = self.target_scaling {
            scaling.apply(&mut targets);
        }
        self.prepared = Prepared::unweighted(targets);
        let (targets, weights) = self.prepared.rows(0, wanted);
        Ok(Batch { inputs: Rows::Dense(MatRef::new(inputs, wanted, features)), targets, weights })
    }

    pub(crate) fn place(&self) -> Place {
        Place { order: vec![], next: self.next % self.rows.rows(), drawn: self.stream.position() }
    }

    /// Not a digest: the data would have to be read for it.
    pub(crate) fn describe(&self) -> String {
        format!("stream of {} rows of {}", self.rows.rows(), self.rows.name())
    }
}

/// Reads the window that starts after the first `read` rows.
fn fill(
    rows: &mut RowStream,
    read: usize,
    window: usize,
    inputs: &mut Vec<f32>,
    targets: &mut Vec<f32>,
) -> Result<(), DataError> {
    if read == 0 {
        rows.rewind()?;
    }
    inputs.clear();
    targets.clear();
    for _ in 0..window.min(rows.rows() - read) {
        targets.push(rows.next(inputs)?);
    }
    Ok(())
}
