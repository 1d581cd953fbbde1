//! The same operations by others: other crates with the feature `peers`, any library with the C interface of BLAS at run time. Plain loops are
//! beside the cases.

pub mod cblas;
#[cfg(feature = "peers-avx2")]
mod products;
#[cfg(feature = "peers-avx2")]
mod vectors;

use crate::contest::Entry;
use crate::products::Operands;
use simdescent_kernels::Real;

/// The crates that take part, with their versions.
pub const CRATES: &[(&str, &str)] = if cfg!(feature = "peers-avx2") {
    &[("faer", "0.24.4"), ("gemm", "0.19.0"), ("gemmkit", "0.1.2"), ("matrixmultiply", "0.3.11"), ("ndarray", "0.17.2")]
} else {
    &[]
};

/// `f32` or `f64`, as all who multiply matrices know them.
#[cfg(feature = "peers-avx2")]
pub trait Element: Real + products::Theirs + cblas::Element {}
#[cfg(feature = "peers-avx2")]
impl<T: Real + products::Theirs + cblas::Element> Element for T {}
/// `f32` or `f64`, as all who multiply matrices know them.
#[cfg(not(feature = "peers-avx2"))]
pub trait Element: Real + cblas::Element {}
#[cfg(not(feature = "peers-avx2"))]
impl<T: Real + cblas::Element> Element for T {}

/// The crates' part in a contest; none without the feature.
macro_rules! theirs {
    ($(#[doc = $doc:literal] $name:ident $(<$life:lifetime>)? ($($argument:ident: $of:ty),*) = $module:ident;)*) => {$(
        #[doc = $doc]
        #[must_use]
        pub fn $name<'a>($($argument: $of),*) -> Vec<Entry<'a, f32>> {
            #[cfg(feature = "peers-avx2")]
            return $module::$name($($argument),*);
            #[cfg(not(feature = "peers-avx2"))]
            {
                $(_ = $argument;)*
                vec![]
            }
        }
    )*};
}
theirs! {
    #[doc = "Σ x·y."]
    dot(x: &'a [f32], y: &'a [f32]) = vectors;
    #[doc = "√Σ x²."]
    nrm2(x: &'a [f32]) = vectors;
    #[doc = "Σ |x|."]
    asum(x: &'a [f32]) = vectors;
    #[doc = "max |x|."]
    amax(x: &'a [f32]) = vectors;
    #[doc = "y ← αx + y."]
    axpy(alpha: f32, x: &'a [f32]) = vectors;
    #[doc = "x ← αx."]
    scale(alpha: f32) = vectors;
    #[doc = "A·x, or Aᵀ·x, of an m × n row-major A."]
    gemv(a: &'a [f32], shape: (usize, usize), transposed: bool, x: &'a [f32]) = vectors;
}

/// C ← A·B on so many threads.
#[must_use]
pub fn gemm<T: Element>(operands: &Operands<T>, threads: usize) -> Vec<Entry<'_, T>> {
    #[cfg(feature = "peers-avx2")]
    return products::gemm(operands, threads);
    #[cfg(not(feature = "peers-avx2"))]
    {
        _ = (operands, threads);
        vec![]
    }
}

#[cfg(test)]
mod tests {
    /// What reports say of the crates that took part.
    #[test]
    fn versions_are_those_that_are_compiled() {
        let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
        for (name, version) in super::CRATES {
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&entry), "{name} is not of version {version} in Cargo.lock");
        }
    }
}
