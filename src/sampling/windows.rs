//! Batches of rows that are read as they are needed.

use super::{Batch, BatchPosition, LastBatch, Sampling, check_order};
use crate::dataset::{Buffer, RowStream};
use crate::error::{CheckpointError, DataError};
use crate::loss::{Loss, LossTargets};
use crate::random::{Stream, StreamKey};
use crate::target_scaling::TargetScaling;

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
    key: StreamKey,
    stream: Stream,
    /// The window as read, and the order of its rows.
    held: Buffer,
    order: Vec<u32>,
    /// Rows of `order` that were in a batch.
    used: usize,
    /// Rows of this epoch that were read, and that were in a batch.
    read: usize,
    next: usize,
    batch: Buffer,
    /// The batch as the loss takes it.
    targets: Option<LossTargets>,
    target_scaling: Option<TargetScaling>,
    /// [`data_digest`](Self::data_digest), once it was asked for.
    digest: Option<String>,
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
            loss,
            window,
            shuffled: sampling == Sampling::Reshuffled,
            last_batch,
            key,
            stream: Stream::new(key),
            held: rows.buffer(),
            order: vec![],
            used: 0,
            read: 0,
            next: 0,
            batch: rows.buffer(),
            targets: None,
            target_scaling: None,
            digest: None,
            rows,
        }
    }

    pub(crate) fn with_target_scaling(self, target_scaling: Option<TargetScaling>) -> Self {
        Self { target_scaling, ..self }
    }

    /// The next batch, of `batch_size` rows, from 1 to all.
    pub(crate) fn next(&mut self, batch_size: usize) -> Result<Batch<'_>, DataError> {
        let rows = self.rows.rows();
        if self.next == rows || (self.last_batch == LastBatch::Drop && self.next + batch_size > rows) {
            (self.read, self.next, self.used) = (0, 0, 0);
            self.order.clear();
        }
        let wanted = batch_size.min(rows - self.next);
        self.batch.clear();
        while self.batch.targets.len() < wanted {
            if self.used == self.order.len() {
                self.fill()?;
                if self.shuffled {
                    self.stream.shuffle(&mut self.order);
                }
            }
            let end = self.order.len().min(self.used + wanted - self.batch.targets.len());
            for &row in &self.order[self.used..end] {
                self.batch.push(&self.held, row as usize);
            }
            self.used = end;
        }
        self.next += wanted;
        let Buffer { targets, weights, .. } = &self.batch;
        let weights = Some(&weights[..]).filter(|weights| !weights.is_empty());
        let targets = self.loss.prepare_rows(&self.rows.targets(targets)?, weights, self.rows.class_weights());
        let mut targets = targets.map_err(|fault| DataError::invalid(self.rows.name(), fault))?;
        if let Some(scaling) = self.target_scaling {
            scaling.apply(targets.values_mut(), Some(&self.batch.target_remainders));
        }
        let (targets, weights) = self.targets.insert(targets).rows(0, wanted);
        Ok(Batch { inputs: self.batch.inputs(), targets, weights })
    }

    /// Reads the window that comes after the rows read, in the order of the file.
    fn fill(&mut self) -> Result<(), DataError> {
        if self.read == 0 {
            self.rows.rewind()?;
        }
        self.held.clear();
        let count = self.window.min(self.rows.rows() - self.read);
        for _ in 0..count {
            if let Err(error) = self.rows.next(&mut self.held) {
                self.start_over();
                return Err(error);
            }
        }
        self.order.clear();
        self.order.extend(0..count as u32);
        (self.read, self.used) = (self.read + count, 0);
        Ok(())
    }

    /// Goes to after the first `read` rows, of which none is held.
    fn seek(&mut self, read: usize) -> Result<(), DataError> {
        let mut skipped = self.rows.buffer();
        self.rows.rewind()?;
        for _ in 0..read {
            skipped.clear();
            self.rows.next(&mut skipped)?;
        }
        self.read = read;
        Ok(())
    }

    /// After an error: should someone go on, the next batch starts an epoch.
    fn start_over(&mut self) {
        self.next = self.rows.rows();
        self.order.clear();
        self.used = 0;
    }

    /// Where the source is now: the order is that of the window, unless all of it was in a batch.
    pub(crate) fn position(&self) -> BatchPosition {
        let within = self.shuffled && self.used < self.order.len();
        let order = if within { self.order.clone() } else { vec![] };
        BatchPosition { order, next: self.next % self.rows.rows(), drawn: self.stream.position() }
    }

    /// Goes to a position.
    pub(crate) fn go_to(&mut self, position: &BatchPosition) -> Result<(), CheckpointError> {
        let rows = self.rows.rows();
        let mismatch = |message| Err(CheckpointError::Mismatch(message));
        if position.next >= rows {
            return mismatch(format!("the next batch starts at row {} of {rows}", position.next));
        }
        let used = position.next % self.window;
        let start = position.next - used;
        let held = if used == 0 { 0 } else { self.window.min(rows - start) };
        if let Err(message) = check_order(&position.order, if self.shuffled { held } else { 0 }) {
            return mismatch(message);
        }
        self.seek(start)?;
        self.order.clear();
        if used > 0 {
            self.fill()?;
            if self.shuffled {
                self.order.copy_from_slice(&position.order);
            }
        }
        (self.used, self.next) = (used, position.next);
        self.stream = Stream::at(self.key, 0, position.drawn);
        Ok(())
    }

    /// SHA-256 of the data and, if they decide the order, of the rows of a window. The first time it reads the file once, and again up to
    /// where it is.
    pub(crate) fn data_digest(&mut self) -> Result<String, DataError> {
        if let Some(digest) = &self.digest {
            return Ok(digest.clone());
        }
        let digest = self.rows.digest(if self.shuffled { self.window } else { 0 }).and_then(|digest| {
            // At either end the file is read from its start.
            if self.read < self.rows.rows() {
                self.seek(self.read)?;
            }
            Ok(digest)
        });
        match digest {
            Ok(digest) => Ok(self.digest.insert(digest).clone()),
            Err(error) => {
                self.start_over();
                Err(error)
            }
        }
    }
}
