//! What the criterion benches share: samples short enough that all of them take minutes, not hours.

use criterion::Criterion;
use std::time::Duration;

pub(crate) fn samples() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
}
