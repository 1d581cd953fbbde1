//! The training loop.

use crate::dataset::{Dataset, RowStream, Targets};
use crate::error::{ConfigError, DataError};
use crate::gradient_noise::GradientMoments;
use crate::history::{History, hash_values, trajectory_digest};
use crate::loss::{Loss, LossTargets};
use crate::model::Model;
use crate::optimizer::Optimizer;
use crate::probe::{KernelCall, Phase, Probe, show_matrix};
use crate::random::{Purpose, StreamKey};
use crate::sampling::{Batches, Feed, Sampling, Windows};
use crate::schedule::StepPlan;
use crate::settings::Settings;
use sha2::{Digest, Sha256};
use simdescent_kernels::Exec;

/// A model in training on a data set.
///
/// Equal settings, model and data give equal bits on every instruction set and number of threads.
pub struct Trainer<'d, M> {
    exec: Exec<'d>,
    model: M,
    settings: Settings,
    /// What is minimized, on scaled targets.
    loss: Loss,
    pub(crate) optimizer: Optimizer,
    pub(crate) batches: Feed<'d>,
    pub(crate) history: History,
    probe: Option<Box<dyn Probe>>,
}

impl<'d, M: Model> Trainer<'d, M> {
    /// Prepares training of `model` on `data`.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of its range, or loss, model and data do not go together.
    #[inline(never)]
    pub fn new(exec: Exec<'d>, model: M, data: &'d Dataset, settings: Settings) -> Result<Self, ConfigError> {
        settings.validate(data.rows())?;
        let targets = prepare_targets(&settings, &model, data)?;
        let Settings { batch_size, sampling, last_batch, trial, seed, .. } = settings;
        let key = StreamKey { purpose: Purpose::Sampling, batch_size: batch_size as u64, trial, seed };
        Ok(Self {
            exec,
            optimizer: settings.optimizer(&model),
            batches: Feed::Table(Box::new(Batches::new(data.all(), targets, sampling, last_batch, key))),
            history: History::default(),
            model,
            loss: settings.scaled_loss(),
            settings,
            probe: None,
        })
    }

    /// Prepares training on rows that are read as they are needed: memory holds `window` of them and one batch.
    ///
    /// The windows come in the order of the file, [`Sampling::Reshuffled`] is a random order within each, and a batch may
    /// reach over several. In [`Sampling::FixedOrder`] every bit is that of training on [`RowStream::read_all`], whatever the
    /// window.
    ///
    /// # Errors
    /// [`ConfigError`] as [`new`](Self::new), or if the window is empty or samples are to be drawn with replacement.
    #[inline(never)]
    pub fn streaming(
        exec: Exec<'d>,
        model: M,
        rows: RowStream,
        window: usize,
        settings: Settings,
    ) -> Result<Self, ConfigError> {
        settings.validate(rows.rows())?;
        let Settings { loss, batch_size, sampling, last_batch, trial, seed, .. } = settings;
        if window == 0 || sampling == Sampling::WithReplacement {
            return Err(ConfigError::Stream("needs a window of at least one row, and no sampling with replacement"));
        }
        let kind = match rows.classes() {
            Some(classes) => Targets::Labels { labels: vec![], classes },
            None => Targets::Values(vec![]),
        };
        let name = || rows.name().to_owned();
        let targets = loss.prepare_rows(&kind, None, rows.class_weights());
        let targets = targets.map_err(|fault| ConfigError::Targets { name: name(), fault })?;
        check_shape(loss, &model, targets.values(), rows.features(), rows.name())?;
        if rows.is_sparse() && !model.takes_sparse() {
            return Err(ConfigError::Sparse(name()));
        }
        let key = StreamKey { purpose: Purpose::Sampling, batch_size: batch_size as u64, trial, seed };
        let windows = Windows::new(rows, loss, window, sampling, last_batch, key);
        Ok(Self {
            exec,
            optimizer: settings.optimizer(&model),
            batches: Feed::Stream(Box::new(windows.with_target_scaling(settings.target_scaling))),
            history: History::default(),
            model,
            loss: settings.scaled_loss(),
            settings,
            probe: None,
        })
    }

    /// One step: next batch, forward, loss and gradient, backward, update, record. Returns the loss of the batch.
    ///
    /// # Panics
    /// If a stream cannot be read: [`try_step`](Self::try_step) says why instead.
    #[inline(never)]
    pub fn step(&mut self) -> f32 {
        self.try_step().expect("a stream that can be read")
    }

    /// [`step`](Self::step) for a stream, which may fail; the model is then as it was.
    ///
    /// # Errors
    /// [`DataError`] if the next rows cannot be read.
    #[inline(never)]
    pub fn try_step(&mut self) -> Result<f32, DataError> {
        let StepPlan { batch_size, learning_rate } = self.plan();
        let l2 = self.settings.l2;
        if self.probe.is_some() {
            return self.probed_step();
        }
        let batch = self.batches.next(batch_size)?;
        let outputs = self.model.forward_training(self.exec, batch.inputs, self.history.steps());
        let loss = self.loss.replace_by_weighted_gradient(self.exec, outputs, batch.targets, batch.weights);
        // Where it pays, the optimizer steps while the backward pass computes the gradient.
        if let Some(step) = self.optimizer.in_backward(self.exec, (learning_rate, l2), batch.inputs.rows()) {
            self.model.backward_and_step(self.exec, batch.inputs, step);
        } else {
            self.model.backward(self.exec, batch.inputs);
            let (parameters, gradient) = self.model.parameters_and_gradient();
            self.optimizer.step(self.exec, learning_rate, l2, parameters, gradient);
        }
        self.history.record(loss, batch.inputs.rows());
        Ok(loss)
    }

    /// [`try_step`](Self::try_step), shown to the probe.
    fn probed_step(&mut self) -> Result<f32, DataError> {
        let StepPlan { batch_size, learning_rate } = self.plan();
        let l2 = self.settings.l2;
        let probe: &mut dyn Probe = self.probe.as_deref_mut().expect("a probe, as the caller has seen");
        let batch = self.batches.next(batch_size)?;
        let mut seen = batch.inputs.values();
        probe.called(KernelCall::new(Phase::Batch, "Batches", "inputs"), &mut seen);
        let mut outputs = self.model.forward_probed(self.exec, batch.inputs, self.history.steps(), probe);
        let loss = self.loss.replace_by_weighted_gradient(self.exec, outputs.reborrow(), batch.targets, batch.weights);
        let mut kept = [loss];
        probe.called(KernelCall::new(Phase::Loss, self.loss.kernel(), "loss"), &mut kept);
        let [loss] = kept;
        show_matrix(probe, KernelCall::new(Phase::Loss, self.loss.kernel(), "gradient of the outputs"), outputs);
        if let Some(step) = self.optimizer.in_backward(self.exec, (learning_rate, l2), batch.inputs.rows()) {
            self.model.backward_probed(self.exec, batch.inputs, Some(step), probe);
        } else {
            self.model.backward_probed(self.exec, batch.inputs, None, probe);
            self.optimizer.step_probed(self.exec, (learning_rate, l2), self.model.parameters_and_gradient(), probe);
        }
        self.optimizer.show_state(probe);
        self.history.record(loss, batch.inputs.rows());
        Ok(loss)
    }

    /// From now on the results of all kernels of a step are shown to `probe`; `None`: to nobody any more. Returns the one before.
    pub fn set_probe(&mut self, probe: Option<Box<dyn Probe>>) -> Option<Box<dyn Probe>> {
        std::mem::replace(&mut self.probe, probe)
    }

    /// [`try_step`](Self::try_step), the same bits, which also says how the gradients of the batch's samples differ, with the squares of
    /// every coordinate or without. `None` in place of that if the model does not know them ([`Model::backward_by_sample`]).
    ///
    /// # Errors
    /// As there.
    #[inline(never)]
    pub fn step_and_measure(&mut self, with_squares: bool) -> Result<(f32, Option<GradientMoments>), DataError> {
        let StepPlan { batch_size, learning_rate } = self.plan();
        let batch = self.batches.next(batch_size)?;
        let samples = batch.inputs.rows();
        let outputs = self.model.forward_training(self.exec, batch.inputs, self.history.steps());
        let loss = self.loss.replace_by_weighted_gradient(self.exec, outputs, batch.targets, batch.weights);
        let (mut norms, parameters) = (vec![0.0; samples], self.model.parameters().len());
        let mut squares = vec![0.0; if with_squares { parameters } else { 0 }];
        let known = self.model.backward_by_sample(self.exec, batch.inputs, &mut norms, &mut squares);
        if !known {
            self.model.backward(self.exec, batch.inputs);
        }
        let (parameters, gradient) = self.model.parameters_and_gradient();
        let moments = known.then(|| {
            let mut moments = GradientMoments::new(gradient.len(), with_squares);
            // Parts of a mean, so many of them.
            moments.add(samples as f64, &norms, gradient, &squares);
            moments
        });
        self.optimizer.step(self.exec, learning_rate, self.settings.l2, parameters, gradient);
        self.history.record(loss, samples);
        Ok((loss, moments))
    }

    /// Batch size and learning rate of the next step.
    pub fn plan(&self) -> StepPlan {
        self.settings.plan(self.history.steps(), self.history.samples(), self.history.validation())
    }

    /// Tells a validation loss to the schedules that adapt to it.
    pub fn record_validation(&mut self, loss: f64) {
        self.history.record_validation(loss);
    }

    pub(crate) fn exec(&self) -> Exec<'d> {
        self.exec
    }
    /// The model as it is now.
    pub fn model(&self) -> &M {
        &self.model
    }
    /// The model, to evaluate it.
    pub fn model_mut(&mut self) -> &mut M {
        &mut self.model
    }
    /// Calls `f` with the model that training is after: its parameters are those of [`model`](Trainer::model), except for a
    /// rule that averages ([`Rule::ScheduleFree`](crate::Rule::ScheduleFree)), where they are the average.
    pub fn at_average<R>(&mut self, f: impl FnOnce(&mut M) -> R) -> R {
        if !self.optimizer.averages() {
            return f(&mut self.model);
        }
        let training = self.model.parameters().to_vec();
        self.optimizer.average(self.exec, self.model.parameters_mut());
        let result = f(&mut self.model);
        self.model.parameters_mut().copy_from_slice(&training);
        result
    }
    /// What happened so far.
    pub fn history(&self) -> &History {
        &self.history
    }
    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
    /// A link of a chain: SHA-256 over the link before it, and everything that decides the rest of the run, which is parameters,
    /// optimizer state and the position of the random streams. A chain that is equal at one link is equal at all before it.
    ///
    /// # Panics
    /// If the rows are a [stream](Self::streaming): its window is no part of the state.
    #[inline(never)]
    pub fn link_digest(&self, previous: [u8; 32]) -> [u8; 32] {
        let (state, accumulated) = self.optimizer.state();
        let mut hash = Sha256::new_with_prefix(previous);
        for values in std::iter::once(self.model.parameters()).chain(state.iter().map(Vec::as_slice)) {
            hash_values(&mut hash, values);
        }
        hash.update(accumulated.to_bits().to_le_bytes());
        hash.update(self.history.steps().to_le_bytes());
        let Feed::Table(batches) = &self.batches else { panic!("a digest of rows that are all in memory") };
        let (next, drawn) = batches.place();
        hash.update(drawn.to_le_bytes());
        hash.update((next as u64).to_le_bytes());
        hash.finalize().into()
    }
    /// [`trajectory_digest`] of the run so far.
    pub fn digest(&self) -> String {
        trajectory_digest(self.history.losses(), self.model.parameters())
    }
}

/// The targets as the loss takes them, scaled, if loss, model and data go together.
pub(crate) fn prepare_targets(
    settings: &Settings,
    model: &dyn Model,
    data: &Dataset,
) -> Result<LossTargets, ConfigError> {
    let mut targets = settings.loss.prepare(data)?;
    check_shape(settings.loss, model, targets.values(), data.features(), data.name())?;
    if data.is_sparse() && !model.takes_sparse() {
        return Err(ConfigError::Sparse(data.name().to_owned()));
    }
    if let Some(scaling) = settings.target_scaling {
        scaling.apply(targets.values_mut(), data.target_remainders());
    }
    Ok(targets)
}

/// Whether a model has the inputs and outputs that data and loss need.
fn check_shape(
    loss: Loss,
    model: &dyn Model,
    targets: &Targets,
    features: usize,
    name: &str,
) -> Result<(), ConfigError> {
    let (needed, has) = ((features, loss.outputs(targets)), (model.inputs(), model.outputs()));
    if needed != has {
        return Err(ConfigError::Model { name: name.to_owned(), needed, has });
    }
    Ok(())
}
