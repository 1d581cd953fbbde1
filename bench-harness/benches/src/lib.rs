//! What is timed, by `simdescent bench` and by the benches: kernels and training steps, and the same by others.

pub mod arguments;
pub mod cases;
pub mod contest;
pub mod peers;
pub mod products;

/// A configuration of criterion with samples so short that all benches take minutes, not hours. (A macro, because only the benches
/// depend on criterion.)
#[macro_export]
macro_rules! short_samples {
    () => {
        criterion::Criterion::default()
            .sample_size(10)
            .warm_up_time(std::time::Duration::from_millis(200))
            .measurement_time(std::time::Duration::from_millis(500))
    };
}
