//! Which samples make up the next batch.

mod feed;
mod windows;

pub(crate) use feed::Feed;
pub(crate) use windows::Windows;

use crate::dataset::Rows;
use crate::dataset::digest::data_digest;
use crate::loss::{BatchTargets, LossTargets, Weights};
use crate::random::{Stream, StreamKey};
use serde::{Deserialize, Serialize};
use simdescent_kernels::{CsrRef, MatRef};

/// In what order samples are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// A new random order every epoch, which converges faster than drawing with replacement (Gürbüzbalaban, Ozdaglar & Parrilo
    /// 2021): the default of Keras' `fit` and PyTorch's `shuffle=True`.
    #[default]
    Reshuffled,
    /// The order of the data, every epoch the same: PyTorch's `shuffle=False`.
    FixedOrder,
    /// Every sample drawn independently, as theory has it (Robbins & Monro 1951); batches are always full, and there are no
    /// epochs. PyTorch's `RandomSampler(replacement=True)`.
    WithReplacement,
}

/// What becomes of the samples at the end of an epoch that do not fill a batch. With replacement there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastBatch {
    /// They are a short batch, whose gradient is the mean over fewer samples: Keras, and PyTorch by default.
    #[default]
    Short,
    /// They are left out of this epoch: PyTorch's `drop_last`.
    Drop,
}

/// An endless source of batches.
pub(crate) struct Batches<'d> {
    data: Table<'d>,
    sampling: Sampling,
    last_batch: LastBatch,
    key: StreamKey,
    stream: Stream,
    /// The rows of this epoch in order, or the rows just drawn.
    order: Vec<u32>,
    /// Where in `order` the next batch starts.
    next: usize,
    /// The rows of a batch that are not a piece of the data as it lies; of sparse ones what is kept.
    inputs: Vec<f32>,
    /// Where it is, if they are sparse.
    indptr: Vec<usize>,
    indices: Vec<u32>,
    targets: LossTargets,
}

/// Where in its order a source of batches is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BatchPosition {
    /// The rows in the order of this epoch, of a stream those of the window that is in use; empty if they are not reshuffled.
    pub(crate) order: Vec<u32>,
    /// Where in the epoch the next batch starts.
    pub(crate) next: usize,
    /// Words drawn from the stream.
    pub(crate) drawn: u64,
}

/// The data batches are taken from.
struct Table<'d> {
    inputs: Rows<'d>,
    targets: LossTargets,
}

/// One batch.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    /// `[batch, features]`
    pub(crate) inputs: Rows<'a>,
    pub(crate) targets: BatchTargets<'a>,
    pub(crate) weights: Weights<'a>,
}

impl<'d> Batches<'d> {
    /// Batches of rows of `inputs`; at least one row and feature.
    pub(crate) fn new(
        inputs: Rows<'d>,
        targets: LossTargets,
        sampling: Sampling,
        last_batch: LastBatch,
        key: StreamKey,
    ) -> Self {
        let (rows, gathered) = (targets.values().rows(), targets.emptied());
        Self {
            data: Table { inputs, targets },
            sampling,
            last_batch,
            key,
            stream: Stream::new(key),
            order: (0..u32::try_from(rows).expect("fewer than 2^32 rows")).collect(),
            next: 0,
            inputs: vec![],
            indptr: vec![],
            indices: vec![],
            targets: gathered,
        }
    }

    /// The next batch, of `batch_size` rows, from 1 to all; it may be another one each time.
    pub(crate) fn next(&mut self, batch_size: usize) -> Batch<'_> {
        let rows = self.data.targets.values().rows();
        let mut from = self.next;
        if self.last_batch == LastBatch::Drop && from + batch_size > rows {
            from = 0;
        }
        let to = (from + batch_size).min(rows);
        self.next = if to == rows { 0 } else { to };
        match self.sampling {
            Sampling::FixedOrder => self.data.rows(from, to),
            Sampling::Reshuffled => {
                if from == 0 {
                    self.stream.shuffle(&mut self.order);
                }
                self.gather(from, to)
            }
            Sampling::WithReplacement => {
                self.order.clear();
                self.order.extend((0..batch_size).map(|_| self.stream.below(rows as u32)));
                self.gather(0, batch_size)
            }
        }
    }

    /// Where in the epoch the next batch starts, and the words drawn: with the key they say the order, too.
    pub(crate) fn place(&self) -> (usize, u64) {
        (self.next, self.stream.position())
    }

    /// Where the source is now.
    pub(crate) fn position(&self) -> BatchPosition {
        let order = if self.sampling == Sampling::Reshuffled { self.order.clone() } else { vec![] };
        BatchPosition { order, next: self.next, drawn: self.stream.position() }
    }

    /// Goes to a position; the message says why it is none of this source.
    pub(crate) fn go_to(&mut self, position: &BatchPosition) -> Result<(), String> {
        let rows = self.data.targets.values().rows();
        if position.next >= rows {
            return Err(format!("the next batch starts at row {} of {rows}", position.next));
        }
        let reshuffled = self.sampling == Sampling::Reshuffled;
        check_order(&position.order, if reshuffled { rows } else { 0 })?;
        if reshuffled {
            self.order.copy_from_slice(&position.order);
        }
        self.next = position.next;
        self.stream = Stream::at(self.key, 0, position.drawn);
        Ok(())
    }

    /// [`Dataset::digest`](crate::Dataset::digest) of the data as the loss takes it.
    pub(crate) fn data_digest(&self) -> String {
        let (weights, class_weights) = self.data.targets.weights();
        data_digest(self.data.inputs, self.data.targets.values(), weights, class_weights)
    }

    /// Copies the rows `order[from..to]` together.
    fn gather(&mut self, from: usize, to: usize) -> Batch<'_> {
        let (order, data) = (&self.order[from..to], &self.data);
        self.inputs.clear();
        let inputs = match data.inputs {
            Rows::Dense(x) => {
                for &row in order {
                    self.inputs.extend_from_slice(x.row(row as usize).expect("data sets are row-major"));
                }
                Rows::Dense(MatRef::new(&self.inputs, order.len(), x.cols()))
            }
            Rows::Sparse(x) => {
                self.indptr.clear();
                self.indices.clear();
                self.indptr.push(0);
                for &row in order {
                    let (columns, values) = x.row(row as usize);
                    self.indices.extend_from_slice(columns);
                    self.inputs.extend_from_slice(values);
                    self.indptr.push(self.indices.len());
                }
                let batch = CsrRef::new(x.cols(), &self.indptr, &self.indices, &self.inputs);
                Rows::Sparse(batch.expect("rows of a sparse matrix are one"))
            }
        };
        self.targets.gather(&data.targets, order);
        let (targets, weights) = self.targets.rows(0, order.len());
        Batch { inputs, targets, weights }
    }
}

/// Whether an order is one of so many rows, each once.
fn check_order(order: &[u32], rows: usize) -> Result<(), String> {
    let mut seen = vec![false; rows];
    let mut new = |&row: &u32| seen.get_mut(row as usize).is_some_and(|seen| !std::mem::replace(seen, true));
    match order.len() == rows && order.iter().all(&mut new) {
        true => Ok(()),
        false if rows == 0 => Err("there is an order of samples, but the sampling has none".into()),
        false => Err(format!("the order of samples is none of {rows} rows")),
    }
}

impl Table<'_> {
    /// The rows `from..to` as they lie.
    fn rows(&self, from: usize, to: usize) -> Batch<'_> {
        let (targets, weights) = self.targets.rows(from, to);
        Batch { inputs: self.inputs.slice(from..to), targets, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dataset;
    use crate::dataset::Targets;
    use crate::loss::Loss;
    use crate::random::Purpose;

    /// The rows of the first `batches` batches over ten rows, each row holding its own number.
    fn visit(sampling: Sampling, batch_size: usize, batches: usize, seed: u64) -> Vec<Vec<f32>> {
        visit_sizes(sampling, LastBatch::Short, &vec![batch_size; batches], seed)
    }

    fn visit_sizes(sampling: Sampling, last_batch: LastBatch, sizes: &[usize], seed: u64) -> Vec<Vec<f32>> {
        let inputs: Vec<f32> = (0..10).map(|i| i as f32).collect();
        let key = StreamKey::new(Purpose::Sampling, seed);
        let data = Dataset::new("t", inputs.clone(), 1, Targets::Values(inputs.clone())).unwrap();
        let targets = Loss::Squared.prepare(&data).unwrap();
        let mut source = Batches::new(data.all(), targets, sampling, last_batch, key);
        sizes
            .iter()
            .map(|&size| {
                let batch = source.next(size);
                let BatchTargets::Values(values) = batch.targets else { panic!("values in, values out") };
                let Rows::Dense(x) = batch.inputs else { panic!("dense in, dense out") };
                assert_eq!((0..x.rows()).map(|i| x.at(i, 0)).collect::<Vec<_>>(), values);
                values.to_vec()
            })
            .collect()
    }

    #[test]
    fn reshuffled_batches_visit_every_row_once_per_epoch_in_new_orders() {
        let batches = visit(Sampling::Reshuffled, 4, 6, 1);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2, 4, 4, 2]);
        let (first, second) = (batches[..3].concat(), batches[3..].concat());
        assert_ne!(first, second);
        for mut epoch in [first, second] {
            epoch.sort_by(f32::total_cmp);
            assert_eq!(epoch, (0..10).map(|i| i as f32).collect::<Vec<_>>());
        }
        assert_eq!(visit(Sampling::Reshuffled, 4, 6, 1), batches);
        assert_ne!(visit(Sampling::Reshuffled, 4, 6, 2), batches);
    }

    #[test]
    fn fixed_order_repeats_the_data() {
        let batches = visit(Sampling::FixedOrder, 6, 3, 1);
        assert_eq!(batches, [vec![0., 1., 2., 3., 4., 5.], vec![6., 7., 8., 9.], vec![0., 1., 2., 3., 4., 5.]]);
    }

    #[test]
    fn dropped_samples_get_their_turn_in_other_epochs() {
        let batches = visit_sizes(Sampling::FixedOrder, LastBatch::Drop, &[4; 3], 1);
        assert_eq!(batches, [vec![0., 1., 2., 3.], vec![4., 5., 6., 7.], vec![0., 1., 2., 3.]]);
        let batches = visit_sizes(Sampling::Reshuffled, LastBatch::Drop, &[4; 40], 1);
        assert!(batches.iter().all(|batch| batch.len() == 4));
        let mut seen = batches.concat();
        for epoch in seen.chunks_mut(8) {
            epoch.sort_by(f32::total_cmp);
            assert!(epoch.windows(2).all(|w| w[0] < w[1]), "no row twice in an epoch: {epoch:?}");
        }
        assert!((0..10).all(|row| seen.contains(&(row as f32))));
        // Batches that fill the epoch leave nothing to drop.
        let full = |last| visit_sizes(Sampling::Reshuffled, last, &[5; 6], 1);
        assert_eq!(full(LastBatch::Drop), full(LastBatch::Short));
    }

    #[test]
    fn the_batch_size_may_change_within_an_epoch() {
        let batches = visit_sizes(Sampling::FixedOrder, LastBatch::Short, &[1, 2, 4, 8, 3, 10], 1);
        let lengths: Vec<_> = batches.iter().map(Vec::len).collect();
        assert_eq!((lengths, batches[4][0]), (vec![1, 2, 4, 3, 3, 7], 0.0));
        let dropped = visit_sizes(Sampling::Reshuffled, LastBatch::Drop, &[1, 2, 4, 8, 3, 10], 1);
        assert_eq!(dropped.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 4, 8, 3, 10]);
    }

    #[test]
    fn with_replacement_draws_full_batches_that_repeat_rows() {
        let batches = visit(Sampling::WithReplacement, 10, 100, 1);
        assert!(batches.iter().all(|b| b.len() == 10));
        let mut counts = [0i32; 10];
        batches.concat().iter().for_each(|&row| counts[row as usize] += 1);
        assert!(counts.iter().all(|&c| (c - 100).abs() < 50), "{counts:?}"); // 5 standard deviations
        assert!(batches.iter().any(|b| b.iter().any(|x| b.iter().filter(|y| x == *y).count() > 1)));
    }
}
