//! The same operations by others, all on one thread: plain iterator code always, other crates with the feature `peers`.

#[cfg(feature = "peers-avx2")]
mod crates;
#[cfg(feature = "peers-avx2")]
pub mod products;

/// A peer: its name and one call of it.
pub type Peer<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Every peer there is, in the order of a table's columns.
pub const NAMES: &[&str] =
    if cfg!(feature = "peers-avx2") { &["plain", "ndarray", "faer", "gemm", "matrixmultiply"] } else { &["plain"] };

/// `plain` and, with the feature, `$crates`.
macro_rules! with_plain {
    ($plain:expr, $crates:expr) => {{
        #[allow(unused_mut, reason = "without other crates there is nothing to add")]
        let mut peers: Vec<Peer<'_>> = vec![("plain", Box::new($plain))];
        #[cfg(feature = "peers-avx2")]
        peers.extend($crates);
        peers
    }};
}

use std::hint::black_box;

/// Σ x·y.
pub fn dot<'a>(x: &'a [f32], y: &'a [f32]) -> Vec<Peer<'a>> {
    with_plain!(
        move || {
            black_box(x.iter().zip(black_box(y)).map(|(x, y)| x * y).sum::<f32>());
        },
        crates::dot(x, y)
    )
}
/// √Σ x².
pub fn nrm2(x: &[f32]) -> Vec<Peer<'_>> {
    with_plain!(
        move || {
            black_box(black_box(x).iter().map(|x| x * x).sum::<f32>().sqrt());
        },
        crates::nrm2(x)
    )
}
/// Σ |x|.
pub fn asum(x: &[f32]) -> Vec<Peer<'_>> {
    with_plain!(
        move || {
            black_box(black_box(x).iter().map(|x| x.abs()).sum::<f32>());
        },
        crates::asum(x)
    )
}
/// max |x|.
pub fn amax(x: &[f32]) -> Vec<Peer<'_>> {
    with_plain!(
        move || {
            black_box(black_box(x).iter().fold(0.0f32, |max, x| max.max(x.abs())));
        },
        crates::amax(x)
    )
}
/// y ← αx + y. Each peer has a destination of its own.
pub fn axpy<'a>(alpha: f32, x: &'a [f32], y: [&'a mut [f32]; 2]) -> Vec<Peer<'a>> {
    let [first, _second] = y;
    with_plain!(
        move || black_box(&mut *first).iter_mut().zip(x).for_each(|(y, x)| *y += alpha * x),
        crates::axpy(alpha, x, _second)
    )
}
/// x ← αx.
pub fn scale<'a>(alpha: f32, x: [&'a mut [f32]; 2]) -> Vec<Peer<'a>> {
    let [first, _second] = x;
    with_plain!(move || black_box(&mut *first).iter_mut().for_each(|x| *x *= alpha), crates::scale(alpha, _second))
}
/// A·x for row-major A; y is scratch.
pub fn gemv<'a>(a: &'a [f32], x: &'a [f32], rows: usize) -> Vec<Peer<'a>> {
    let mut y = vec![0.0; rows];
    with_plain!(
        move || {
            for (y, row) in y.iter_mut().zip(black_box(a).chunks_exact(x.len())) {
                *y = row.iter().zip(x).map(|(a, x)| a * x).sum();
            }
            black_box(&mut y);
        },
        crates::gemv(a, x, rows)
    )
}
/// Aᵀ·x for row-major A; y is scratch.
pub fn gemv_t<'a>(a: &'a [f32], x: &'a [f32], cols: usize) -> Vec<Peer<'a>> {
    let mut y = vec![0.0; cols];
    with_plain!(
        move || {
            y.fill(0.0);
            for (x, row) in x.iter().zip(black_box(a).chunks_exact(cols)) {
                y.iter_mut().zip(row).for_each(|(y, a)| *y += a * x);
            }
            black_box(&mut y);
        },
        crates::gemv_t(a, x, cols)
    )
}
