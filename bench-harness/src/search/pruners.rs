//! Which trials are ended before they have all their steps.

pub(super) mod halving;
