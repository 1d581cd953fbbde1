//! What the kernels of one step computed, kept to be compared.

use super::vectors::vector_difference;
use crate::base::number::Number;
use serde::Serialize;
use simdescent::{KernelCall, Phase, Probe};
use std::sync::{Arc, Mutex};

/// A call, and what it computed.
type Called = (KernelCall, Vec<f32>);

/// The calls of a step, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<Called>>>);

impl Trace {
    /// What was called so far.
    pub(crate) fn calls(&self) -> Vec<Called> {
        self.0.lock().expect("a probe does not panic").clone()
    }
}

impl Probe for Trace {
    fn called(&mut self, call: KernelCall, result: &mut [f32]) {
        self.0.lock().expect("a probe does not panic").push((call, result.to_vec()));
    }
}

/// A call whose result differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CallDifference {
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) phase: Phase,
    /// From 0; of the optimizer the parameter array.
    pub(crate) layer: Option<usize>,
    /// The function or functions that computed it.
    pub(crate) kernel: String,
    /// What it computed.
    pub(crate) result: String,
    /// How many elements differ.
    pub(crate) differ: usize,
    pub(crate) of: usize,
    /// The first of them, and its value on each side.
    pub(crate) first: usize,
    pub(crate) a: Number,
    pub(crate) b: Number,
}

/// The first call whose result differs.
pub(crate) fn first_difference(a: &Trace, b: &Trace) -> Option<CallDifference> {
    let (a, b) = (a.calls(), b.calls());
    a.iter().zip(&b).find_map(|((call, a), (_, b))| {
        let found = vector_difference(String::new(), a, b)?;
        Some(CallDifference {
            phase: call.phase,
            layer: call.layer,
            kernel: call.kernel.into(),
            result: call.result.into(),
            differ: found.differ,
            of: found.of,
            first: found.first,
            a: found.a,
            b: found.b,
        })
    })
}
