//! The first step in which runs part, and its first kernel, by running again.

use super::replay::{Repeatable, Replay};
use super::trace::{CallDifference, Trace, first_difference};
use anyhow::Result;
use serde::Serialize;
use simdescent::kernels::Exec;
use std::sync::atomic::{AtomicBool, Ordering};

/// An instruction set and a number of threads that a run is repeated on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Side {
    pub(crate) isa: &'static str,
    pub(crate) threads: usize,
}

impl Side {
    pub(crate) fn of(exec: Exec<'_>) -> Self {
        Self { isa: exec.isa().name(), threads: exec.par().threads() }
    }
}

/// What was repeated, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Search {
    /// Of the record; none of a checkpoint.
    pub(crate) key: Option<String>,
    pub(crate) sides: Vec<Repeated>,
    /// Runs that it took, whole or in part.
    pub(crate) runs: usize,
    /// Steps of the run.
    pub(crate) steps: u64,
    /// Where two sides part.
    pub(crate) found: Option<Found>,
}

/// A side, and whose bits it gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Repeated {
    pub(crate) side: Side,
    /// For A and B: whether this side gives the bits that the file has.
    pub(crate) gives: Vec<bool>,
}

/// Where two sides part.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Found {
    pub(crate) sides: [Side; 2],
    /// The first step that differs, from 1.
    pub(crate) step: u64,
    /// The first kernel in it whose result differs; none if all agree and only the look at the loss after it does.
    pub(crate) call: Option<CallDifference>,
}

/// What a file says of a run after so many steps; none: at its end.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) steps: Option<u64>,
    pub(crate) text: String,
}

/// A run from its start, with the digests of its steps.
struct Pass {
    first: u64,
    digests: Vec<[u8; 32]>,
    gives: Vec<bool>,
    steps: u64,
}

/// Repeats a run on all `sides`, and of two that part up to their first step, step and kernel. Up to the step `agree` they are not
/// compared. `None` if it was stopped.
pub(crate) fn search(
    run: &dyn Repeatable,
    sides: &[Exec<'_>],
    agree: u64,
    claims: &[Claim],
    stop: &AtomicBool,
) -> Result<Option<Search>> {
    let mut passes: Vec<Pass> = vec![];
    let mut found = Search { key: None, sides: vec![], runs: 0, steps: 0, found: None };
    for &exec in sides {
        let Some(pass) = pass(&mut *run.start(exec)?, agree, claims, stop)? else { return Ok(None) };
        found.runs += 1;
        found.steps = found.steps.max(pass.steps);
        found.sides.push(Repeated { side: Side::of(exec), gives: pass.gives.clone() });
        passes.push(pass);
    }
    let Some((a, b)) = pair(&passes) else { return Ok(Some(found)) };
    let step = parting(&passes[a], &passes[b]).expect("this pair parts");
    let traces = [Trace::default(), Trace::default()];
    for (side, trace) in [a, b].into_iter().zip(&traces) {
        let mut replay = run.start(sides[side])?;
        found.runs += 1;
        while replay.steps() + 1 < step {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if !replay.step()? {
                break;
            }
        }
        replay.trace(trace.clone());
        replay.step()?;
    }
    found.found = Some(Found {
        sides: [Side::of(sides[a]), Side::of(sides[b])],
        step,
        call: first_difference(&traces[0], &traces[1]),
    });
    Ok(Some(found))
}

fn pass(replay: &mut dyn Replay, agree: u64, claims: &[Claim], stop: &AtomicBool) -> Result<Option<Pass>> {
    let last = claims.iter().map(|claim| claim.steps.unwrap_or(u64::MAX)).max().unwrap_or(u64::MAX);
    let mut pass = Pass { first: agree + 1, digests: vec![], gives: vec![false; claims.len()], steps: 0 };
    let mut more = true;
    while more && replay.steps() < last {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        more = replay.step()?;
        let steps = replay.steps();
        if steps > agree {
            pass.digests.push(replay.digest());
        }
        for (gives, claim) in pass.gives.iter_mut().zip(claims) {
            if claim.steps == Some(steps) || claim.steps.is_none() && !more {
                *gives = replay.claim()? == claim.text;
            }
        }
    }
    pass.steps = replay.steps();
    Ok(Some(pass))
}

/// Two sides that part: if there are such, one that gives the bits of A and one that gives those of B.
fn pair(passes: &[Pass]) -> Option<(usize, usize)> {
    let all = (0..passes.len()).flat_map(|a| (0..passes.len()).map(move |b| (a, b)));
    let part = |&(a, b): &(usize, usize)| parting(&passes[a], &passes[b]).is_some();
    let gives = |side: usize, claim: usize| passes[side].gives.get(claim) == Some(&true);
    let parting: Vec<_> = all.filter(part).collect();
    let rank = |&(a, b): &(usize, usize)| (!(gives(a, 0) && gives(b, 1)), !gives(a, 0), !gives(b, 1));
    parting.into_iter().min_by_key(rank)
}

/// The first step in which two passes differ.
fn parting(a: &Pass, b: &Pass) -> Option<u64> {
    let common = a.digests.len().min(b.digests.len());
    let first = a.digests.iter().zip(&b.digests).position(|(a, b)| a != b);
    first.or((a.digests.len() != b.digests.len()).then_some(common)).map(|i| a.first + i as u64)
}

/// The most runs that a search by bisection would take: 2·log₂ of the steps.
pub(crate) fn most_runs(steps: u64) -> usize {
    2 * steps.max(2).ilog2() as usize
}
