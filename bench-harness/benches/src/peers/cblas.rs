//! A BLAS that is found at run time, by its C interface: OpenBLAS, MKL, BLIS and others. Integers are of 32 bits.

use crate::contest::Entry;
use crate::products::{Form, Operands, Shape};
use libloading::Library;
use std::ffi::{CStr, OsStr, c_char, c_int};
use std::hint::black_box;

const ROW_MAJOR: c_int = 101;
const NO_TRANSPOSE: c_int = 111;
const TRANSPOSE: c_int = 112;

/// order, transpose of A and of B, m, n, k, α, A, its leading dimension, B, its leading dimension, β, C, its leading dimension.
type Gemm<T> = unsafe extern "C" fn(
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    T,
    *const T,
    c_int,
    *const T,
    c_int,
    T,
    *mut T,
    c_int,
);
/// order, transpose, m, n, α, A, its leading dimension, x, its step, β, y, its step.
type Gemv =
    unsafe extern "C" fn(c_int, c_int, c_int, c_int, f32, *const f32, c_int, *const f32, c_int, f32, *mut f32, c_int);
/// n, α, x, its step, y, its step.
type Axpy = unsafe extern "C" fn(c_int, f32, *const f32, c_int, *mut f32, c_int);
/// n, x, its step, y, its step.
type Dot = unsafe extern "C" fn(c_int, *const f32, c_int, *const f32, c_int) -> f32;

/// A library and what is called of it.
pub struct Blas {
    /// Such as `OpenBLAS`, or `CBLAS` if it does not say.
    pub name: &'static str,
    /// What it says of itself, or its path.
    pub version: String,
    sgemm: Gemm<f32>,
    dgemm: Gemm<f64>,
    sgemv: Gemv,
    saxpy: Axpy,
    sdot: Dot,
    /// The functions are its: it goes last.
    _library: Library,
}

/// `f32` or `f64`.
pub trait Element: Sized {
    #[doc(hidden)]
    fn gemm(blas: &Blas) -> Gemm<Self>;
}
impl Element for f32 {
    fn gemm(blas: &Blas) -> Gemm<f32> {
        blas.sgemm
    }
}
impl Element for f64 {
    fn gemm(blas: &Blas) -> Gemm<f64> {
        blas.dgemm
    }
}

impl Blas {
    /// Loads the library of this path or file name.
    ///
    /// # Errors
    ///
    /// If there is none, or it lacks a function.
    pub fn load(path: &OsStr) -> Result<Self, String> {
        let shown = path.to_string_lossy();
        // SAFETY: what a library does when it is loaded is up to who names it.
        let library = unsafe { Library::new(path) }.map_err(|error| format!("{shown}: {error}"))?;
        macro_rules! symbol {
            ($name:literal, $type:ty) => {{
                // SAFETY: the C interface of BLAS says that a function of this name has this type.
                let symbol = unsafe { library.get::<$type>($name) };
                *symbol.map_err(|_| {
                    let name = String::from_utf8_lossy($name);
                    format!("{shown}: there is no function {name}: it lacks the C interface of BLAS")
                })?
            }};
        }
        let (name, version) = who(&library).unwrap_or_else(|| ("CBLAS", shown.clone().into_owned()));
        Ok(Self {
            name,
            version,
            sgemm: symbol!(b"cblas_sgemm", Gemm<f32>),
            dgemm: symbol!(b"cblas_dgemm", Gemm<f64>),
            sgemv: symbol!(b"cblas_sgemv", Gemv),
            saxpy: symbol!(b"cblas_saxpy", Axpy),
            sdot: symbol!(b"cblas_sdot", Dot),
            _library: library,
        })
    }

    /// C ← A·B.
    #[must_use]
    pub fn gemm<'a, T: Element + simdescent_kernels::Real>(&self, operands: &'a Operands<T>) -> Entry<'a, T> {
        let Shape { m, n, k, form } = operands.shape;
        let (a, b, call) = (&*operands.a, &*operands.b, T::gemm(self));
        assert!(a.len() == m * k && b.len() == k * n, "operands of their shape");
        let [m_c, n_c, k_c] = [m, n, k].map(int);
        let (transpose_a, step_a) = if form == Form::TransposedA { (TRANSPOSE, m_c) } else { (NO_TRANSPOSE, k_c) };
        let (transpose_b, step_b) = if form == Form::TransposedB { (TRANSPOSE, k_c) } else { (NO_TRANSPOSE, n_c) };
        Entry::new(self.name, move |c| {
            assert_eq!(c.len(), m * n);
            let (a, b, c) = (black_box(a).as_ptr(), b.as_ptr(), c.as_mut_ptr());
            // SAFETY: A, B and C have as many elements as their shapes say.
            unsafe {
                call(ROW_MAJOR, transpose_a, transpose_b, m_c, n_c, k_c, T::ONE, a, step_a, b, step_b, T::ZERO, c, n_c);
            }
        })
    }

    /// A·x, or Aᵀ·x, of a row-major A.
    #[must_use]
    pub fn gemv<'a>(
        &self,
        a: &'a [f32],
        (rows, cols): (usize, usize),
        transposed: bool,
        x: &'a [f32],
    ) -> Entry<'a, f32> {
        let (from, to) = if transposed { (rows, cols) } else { (cols, rows) };
        assert!(a.len() == rows * cols && x.len() == from, "a matrix and a vector that fit");
        let (call, [m, n]) = (self.sgemv, [rows, cols].map(int));
        let transpose = if transposed { TRANSPOSE } else { NO_TRANSPOSE };
        Entry::new(self.name, move |y| {
            assert_eq!(y.len(), to);
            let (a, y) = (black_box(a).as_ptr(), y.as_mut_ptr());
            // SAFETY: A has m × n elements, x and y as many as its columns and rows, or the other way around.
            unsafe { call(ROW_MAJOR, transpose, m, n, 1.0, a, n, x.as_ptr(), 1, 0.0, y, 1) }
        })
    }

    /// y ← αx + y.
    #[must_use]
    pub fn axpy<'a>(&self, alpha: f32, x: &'a [f32]) -> Entry<'a, f32> {
        let call = self.saxpy;
        Entry::new(self.name, move |y| {
            assert_eq!(x.len(), y.len());
            // SAFETY: x and y have n elements.
            unsafe { call(int(x.len()), alpha, black_box(x).as_ptr(), 1, y.as_mut_ptr(), 1) }
        })
    }

    /// Σ x·y.
    #[must_use]
    pub fn dot<'a>(&self, x: &'a [f32], y: &'a [f32]) -> Entry<'a, f32> {
        assert_eq!(x.len(), y.len());
        let call = self.sdot;
        Entry::new(self.name, move |out| {
            // SAFETY: x and y have n elements.
            out[0] = unsafe { call(int(x.len()), black_box(x).as_ptr(), 1, y.as_ptr(), 1) };
        })
    }
}

fn int(n: usize) -> c_int {
    n.try_into().expect("sizes of this bench")
}

/// Which library it is, and its version.
fn who(library: &Library) -> Option<(&'static str, String)> {
    type Text = unsafe extern "C" fn() -> *const c_char;
    let of_text = |name: &[u8]| {
        // SAFETY: functions of these names take nothing and return a text that stays.
        let text = unsafe { library.get::<Text>(name).ok()?() };
        // SAFETY: as above.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().trim().to_owned())
    };
    let into_buffer = |name: &[u8]| {
        type Write = unsafe extern "C" fn(*mut c_char, c_int);
        let mut text = [0 as c_char; 200];
        // SAFETY: a function of this name writes at most so many characters.
        unsafe { library.get::<Write>(name).ok()?(text.as_mut_ptr(), 199) };
        // SAFETY: the last character is 0.
        Some(unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().trim().to_owned())
    };
    of_text(b"openblas_get_config")
        .map(|version| ("OpenBLAS", version))
        .or_else(|| of_text(b"bli_info_get_version_str").map(|version| ("BLIS", version)))
        .or_else(|| into_buffer(b"MKL_Get_Version_String").map(|version| ("MKL", version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_blas_is_refused_by_name() {
        let fault = |path: &str| Blas::load(OsStr::new(path)).err().unwrap();
        assert!(fault("/nowhere/libblas.so").starts_with("/nowhere/libblas.so: "));
        #[cfg(target_os = "linux")]
        assert_eq!(fault("libc.so.6"), "libc.so.6: there is no function cblas_sgemm: it lacks the C interface of BLAS");
    }
}
