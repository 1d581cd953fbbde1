//! Softmax cross-entropy with its gradient by the logits beside other frameworks, as Markdown tables:
//!
//! ```sh
//! RUSTFLAGS=-Ctarget-cpu=native cargo bench --manifest-path bench-harness/frameworks/Cargo.toml --bench loss [-- FILTER]
//! ```
//!
//! Everyone keeps the logits: we copy them and work in place. The limit is such a copy. `plain` and `ndarray` have one
//! thread in both tables.

mod contest;

use burn::tensor::{Int, Tensor, TensorData};
use contest::plain::{ndarray_softmax, softmax_cross_entropy};
use contest::{Aligned, Call, Limit, Table};
use ndarray::ArrayView2;
use simdescent_kernels::loss::softmax_cross_entropy_in_place;
use simdescent_kernels::{Exec, MatMut};
use std::process::ExitCode;

/// Rows and classes from L1 to DRAM.
const SHAPES: [(usize, usize); 4] = [(256, 10), (4096, 10), (4096, 1000), (256, 50_000)];

fn main() -> ExitCode {
    contest::run("softmax cross-entropy", |table| {
        for (rows, classes) in SHAPES {
            let (rows, name) = (table.size(rows, 64), format!("{rows} × {classes}"));
            if table.wants(&name) {
                row(table, &name, (rows, classes));
            }
        }
    })
}

fn row(table: &Table<'_>, name: &str, shape: (usize, usize)) {
    let (rows, classes) = shape;
    let logits = Aligned::<f32>::new(rows * classes);
    let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
    let limit = Limit { copied: size_of_val(&*logits), ..Limit::default() };
    let peers = [plain, ndarray, candle, burn].map(|peer| Some(peer(&logits, shape, &labels)));
    table.row(name, limit, ours(table.exec, &logits, shape, &labels), peers);
}

fn ours<'a>(exec: Exec<'a>, logits: &'a [f32], (rows, classes): (usize, usize), labels: &'a [u32]) -> Call<'a> {
    let mut z = Aligned::<f32>::new(logits.len());
    Box::new(move |wanted| {
        z.copy_from_slice(logits);
        let loss = softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, rows, classes), labels);
        if wanted { vec![vec![loss], z.to_vec()] } else { vec![] }
    })
}

fn plain<'a>(logits: &'a [f32], (_, classes): (usize, usize), labels: &'a [u32]) -> Call<'a> {
    let mut z = vec![0.0; logits.len()];
    Box::new(move |wanted| {
        z.copy_from_slice(logits);
        let loss = softmax_cross_entropy(&mut z, classes, labels);
        if wanted { vec![vec![loss], z.clone()] } else { vec![] }
    })
}

fn ndarray<'a>(logits: &'a [f32], shape: (usize, usize), labels: &'a [u32]) -> Call<'a> {
    let logits = ArrayView2::from_shape(shape, logits).expect("rows × classes");
    Box::new(move |wanted| {
        let (loss, gradient) = ndarray_softmax(logits, labels);
        if wanted { vec![vec![loss], gradient.into_raw_vec_and_offset().0] } else { vec![] }
    })
}

fn candle<'a>(logits: &'a [f32], shape: (usize, usize), labels: &'a [u32]) -> Call<'a> {
    use candle_core::{Device, Result, Tensor, Var};
    let build = || Ok((Var::from_slice(logits, shape, &Device::Cpu)?, Tensor::new(labels, &Device::Cpu)?));
    let (z, labels) = Result::expect(build(), "tensors");
    let call = move || {
        let loss = candle_nn::loss::cross_entropy(&z, &labels)?;
        let gradients = loss.backward()?;
        Result::Ok((loss, gradients.get(&z).expect("a gradient").clone()))
    };
    Box::new(move |wanted| {
        let (loss, gradient) = call().expect("a loss of candle");
        let results = || Result::Ok(vec![vec![loss.to_scalar()?], gradient.flatten_all()?.to_vec1()?]);
        if wanted { results().expect("arrays") } else { vec![] }
    })
}

fn burn<'a>(logits: &'a [f32], (rows, classes): (usize, usize), labels: &'a [u32]) -> Call<'a> {
    let device = burn::tensor::Device::flex().autodiff();
    let z = Tensor::<2>::from_data(TensorData::new(logits.to_vec(), [rows, classes]), &device).require_grad();
    let labels: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [rows]), &device);
    let cross_entropy = burn::nn::loss::CrossEntropyLossConfig::new().init(&device);
    Box::new(move |wanted| {
        let loss = cross_entropy.forward(z.clone(), labels.clone());
        let gradient = z.grad_remove(&mut loss.backward()).expect("a gradient");
        let results = || vec![vec![loss.into_scalar()], gradient.into_data().try_to_vec().expect("floats")];
        if wanted { results() } else { vec![] }
    })
}
