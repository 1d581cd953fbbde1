//! Arrays of the crate ndarray, without copies: a training takes them over, and a model looks at views of them.
//!
//! `cargo run --release --example ndarray_views`

use ndarray::{Array1, Array2, ArrayView2, s};
use simdescent::{Dataset, FitOptions, Linear, Model, Rows, Settings, Targets, Trainer};
use simdescent_kernels::{Exec, MatRef};
use std::error::Error;

/// A view of whole rows as the inputs of a model.
fn rows<'a>(view: ArrayView2<'a, f32>) -> Rows<'a> {
    let (rows, features) = view.dim();
    MatRef::new(view.to_slice().expect("rows that lie one after the other"), rows, features).into()
}

fn main() -> Result<(), Box<dyn Error>> {
    let x = Array2::from_shape_fn((1000, 3), |(i, j)| ((i * (7 + 4 * j)) % 101) as f32 / 50.0 - 1.0);
    let y: Array1<f32> = x.rows().into_iter().map(|row| 2.0 * row[0] - row[1] + 0.5).collect();

    // An array gives its memory away …
    let data = Dataset::new("x", x.into_raw_vec_and_offset().0, 3, Targets::Values(y.into_raw_vec_and_offset().0))?;
    // … and is seen again as a view.
    let view = ArrayView2::from_shape((data.rows(), data.features()), data.inputs())?;
    println!("means {:.3}", view.mean_axis(ndarray::Axis(0)).expect("rows"));

    let (exec, settings) = (Exec::default(), Settings::default());
    let mut trainer = Trainer::new(exec, Linear::new(3, true), &data, settings)?;
    trainer.fit(&settings.evaluator(&data)?, FitOptions::default())?;
    let weights = ArrayView2::from_shape((1, 4), trainer.model().parameters())?;
    println!("weights and bias {weights:.3}");

    let first = view.slice(s![..5, ..]);
    let outputs = trainer.model_mut().predict(exec, rows(first));
    println!("outputs of the first rows {:.3}", ArrayView2::from_shape((5, 1), &outputs)?);
    Ok(())
}
