//! How a long command ends: what its exit code says, and signals.

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What scripts and schedulers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All that was asked for is there.
    Success,
    /// Something computed is not what it has to be, or slower than it was.
    Mismatch,
    /// What was asked cannot be decided from what was measured.
    Inconclusive,
    /// Flags that contradict each other.
    WrongFlags,
    /// Bad input: arguments, files, a study that makes no sense.
    BadInput,
    /// A bug of this program.
    Bug,
    /// Stopped by the scheduler (SIGTERM): what is finished is kept, the same command goes on.
    Partial,
    /// Stopped by a person (Ctrl-C): likewise.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Mismatch => 1,
            Self::Inconclusive | Self::WrongFlags => 2,
            Self::BadInput => 65,
            Self::Bug => 70,
            Self::Partial => 75,
            Self::Interrupted => 130,
        }
    }

    /// After a stop: what the signal was.
    pub(super) fn of_signal() -> Self {
        if SIGNAL.get().is_some_and(|signal| signal.load(Ordering::Relaxed) == SIGTERM as usize) {
            Self::Partial
        } else {
            Self::Interrupted
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The signal that came.
static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// A flag that is set when the program is asked to end by Ctrl-C or SIGTERM; asked twice, it ends at once.
pub(super) fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let context = "cannot listen to signals";
    let signal = SIGNAL.get_or_init(Arc::default);
    for number in [SIGINT, SIGTERM] {
        // In this order: the first ends the program if the flag is set already.
        signal_hook::flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&stop)).context(context)?;
        signal_hook::flag::register_usize(number, Arc::clone(signal), number as usize).context(context)?;
        signal_hook::flag::register(number, Arc::clone(&stop)).context(context)?;
    }
    Ok(stop)
}
