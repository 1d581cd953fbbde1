//! A training run on disk.

#[cfg(feature = "checkpoints")]
mod file;

use crate::dataset::{Dataset, RowStream};
use crate::error::CheckpointError;
use crate::fit::FitProgress;
use crate::history::History;
use crate::model::Model;
use crate::sampling::BatchPosition;
use crate::settings::Settings;
use crate::trainer::Trainer;
use simdescent_kernels::Exec;
use std::collections::BTreeMap;

/// Everything a [`Trainer`] needs to go on as if it had never stopped, to the bit: parameters, optimizer state, settings,
/// history, and where in which order of samples it is. Dropout needs nothing, its masks are functions of the step.
///
/// Without the feature `checkpoints` of this crate there is no `write` and no `read`: it stays in memory then.
///
/// The model's architecture and the data are not in it; their shape and the data's SHA-256 are, and are compared.
///
/// ```
/// # #[cfg(feature = "checkpoints")] {
/// use simdescent::{Checkpoint, Linear, Settings, Trainer, synthetic};
/// use simdescent_kernels::Exec;
///
/// let data = synthetic::linear_example();
/// let mut trainer = Trainer::new(Exec::default(), Linear::new(1, true), &data, Settings::default())?;
/// (0..10).for_each(|_| _ = trainer.step());
/// # let folder = std::env::temp_dir().join(format!("simdescent-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("run.safetensors");
/// trainer.checkpoint()?.write(&path)?;
///
/// let checkpoint = Checkpoint::read(&path)?;
/// let mut resumed = Trainer::resume(Exec::default(), Linear::new(1, true), &data, &checkpoint)?;
/// (0..10).for_each(|_| assert_eq!(resumed.step(), trainer.step()));
/// assert_eq!(resumed.digest(), trainer.digest());
/// # std::fs::remove_dir_all(&folder)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The parameters that training is after, to evaluate: the average for a rule that averages
    /// ([`Trainer::at_average`]), otherwise those that training goes on with.
    pub weights: Vec<f32>,
    /// Text for whoever reads the file, such as what model it is.
    pub notes: BTreeMap<String, String>,
    /// The fit under way, for [`Trainer::fit_until`].
    pub fit: Option<FitProgress>,
    settings: Settings,
    parameters: Vec<f32>,
    layout: Vec<(usize, usize)>,
    state: [Vec<f32>; 3],
    accumulated: f64,
    history: History,
    position: BatchPosition,
    data: String,
}

impl Checkpoint {
    /// The settings of the run.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
    /// What happened before.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// SHA-256 of the rows that the run trains on, and of what else makes an order of samples one of them.
    pub fn data_digest(&self) -> &str {
        &self.data
    }
    /// Rows and columns of the parameter arrays, in order.
    pub fn layout(&self) -> &[(usize, usize)] {
        &self.layout
    }
    /// The numbers that a run goes on with, by name: parameters and the vectors of the optimizer's state.
    pub fn vectors(&self) -> [(&'static str, &[f32]); 4] {
        let [first, second, third] = &self.state;
        [("parameters", &self.parameters), ("first state", first), ("second state", second), ("third state", third)]
    }

    /// Gives `model` the [`weights`](Self::weights).
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] if its parameter arrays are not those of the checkpoint.
    pub fn load_weights(&self, model: &mut dyn Model) -> Result<(), CheckpointError> {
        self.check_layout(model)?;
        model.parameters_mut().copy_from_slice(&self.weights);
        Ok(())
    }

    fn check_layout(&self, model: &dyn Model) -> Result<(), CheckpointError> {
        let (layout, n) = (model.layout(), model.parameters().len());
        // The file's arrays are of one total; a layout that is equal has it too, unless the model contradicts itself.
        if layout != self.layout || n != self.parameters.len() || n != self.weights.len() {
            let message = format!("has parameter arrays of shapes {:?}, the model {layout:?}", self.layout);
            return Err(CheckpointError::Mismatch(message));
        }
        Ok(())
    }
}

impl<'d, M: Model> Trainer<'d, M> {
    /// The run as it is now. Looks at all data, for its digest; a [stream](Trainer::streaming) is read only the first time, once
    /// to its end and again up to where the training is.
    ///
    /// # Errors
    /// [`CheckpointError::Read`] if a stream cannot be read.
    #[inline(never)]
    pub fn checkpoint(&mut self) -> Result<Checkpoint, CheckpointError> {
        let data = self.batches.data_digest()?;
        let weights = self.at_average(|model| model.parameters().to_vec());
        let (state, accumulated) = self.optimizer.state();
        Ok(Checkpoint {
            weights,
            notes: BTreeMap::new(),
            fit: None,
            settings: *self.settings(),
            parameters: self.model().parameters().to_vec(),
            layout: self.model().layout(),
            state: state.clone(),
            accumulated,
            history: self.history.clone(),
            position: self.batches.position(),
            data,
        })
    }

    /// The run in the middle of a [fit](Trainer::fit_until), or at its end before [`end_fit`](Trainer::end_fit); with early stopping the
    /// [`weights`](Checkpoint::weights) are the best so far.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint).
    #[inline(never)]
    pub fn fit_checkpoint(&mut self, progress: &FitProgress) -> Result<Checkpoint, CheckpointError> {
        let weights = self.at_best(progress, |model| model.parameters().to_vec());
        Ok(Checkpoint { weights, fit: Some(progress.clone()), ..self.checkpoint()? })
    }

    /// Goes on from a checkpoint, on the same data and with a model made as the first one was (dropout included).
    ///
    /// # Errors
    /// [`CheckpointError`] if model or data are others, or the checkpoint contradicts itself.
    #[inline(never)]
    pub fn resume(
        exec: Exec<'d>,
        mut model: M,
        data: &'d Dataset,
        checkpoint: &Checkpoint,
    ) -> Result<Self, CheckpointError> {
        checkpoint.check_layout(&model)?;
        model.parameters_mut().copy_from_slice(&checkpoint.parameters);
        Self::new(exec, model, data, checkpoint.settings)?.go_on(checkpoint, data.name())
    }

    /// [`resume`](Self::resume) for a run on a [stream](Self::streaming): of the same rows, and the same window if they are reshuffled.
    /// Reads the file once, and again up to where the training was.
    ///
    /// # Errors
    /// As there, and [`CheckpointError::Read`] if the stream cannot be read.
    #[inline(never)]
    pub fn resume_streaming(
        exec: Exec<'d>,
        mut model: M,
        rows: RowStream,
        window: usize,
        checkpoint: &Checkpoint,
    ) -> Result<Self, CheckpointError> {
        checkpoint.check_layout(&model)?;
        model.parameters_mut().copy_from_slice(&checkpoint.parameters);
        let name = format!("{}, {window} rows at a time", rows.name());
        Self::streaming(exec, model, rows, window, checkpoint.settings)?.go_on(checkpoint, &name)
    }

    /// The trainer, new with the parameters and settings of the checkpoint, where the run was.
    fn go_on(mut self, checkpoint: &Checkpoint, data: &str) -> Result<Self, CheckpointError> {
        let found = self.batches.data_digest()?;
        if found != checkpoint.data {
            let message = format!("was made on other data than {data}");
            return Err(CheckpointError::Mismatch(message));
        }
        let lengths = |state: &[Vec<f32>; 3]| state.each_ref().map(Vec::len);
        let (wanted, found) = (lengths(self.optimizer.state().0), lengths(&checkpoint.state));
        if wanted != found {
            let rule = checkpoint.settings.rule.name();
            let message = format!("{rule} needs state of lengths {wanted:?}, it has {found:?}");
            return Err(CheckpointError::Mismatch(message));
        }
        self.batches.go_to(&checkpoint.position)?;
        self.optimizer.restore(checkpoint.state.clone(), checkpoint.accumulated, checkpoint.history.steps());
        self.history = checkpoint.history.clone();
        Ok(self)
    }
}
