//! What a model predicts for a sample does not depend on the batch that the sample came in.

use simdescent::kernels::activation::Activation;
use simdescent::kernels::{Exec, MatRef, Par, isa};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Initializer, Linear, Mlp, Model, synthetic};

const ROWS: usize = 61;
const FEATURES: usize = 70; // not whole registers, more than the canonical lanes

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 5))
}

/// The bits of all outputs, of batches of `size` rows one after the other.
fn outputs(model: &mut dyn Model, exec: Exec<'_>, inputs: &[f32], size: usize) -> Vec<u32> {
    let mut bits = vec![];
    for batch in inputs.chunks(size * FEATURES) {
        let rows = batch.len() / FEATURES;
        let outputs = model.forward(exec, MatRef::new(batch, rows, FEATURES).into());
        for i in 0..rows {
            bits.extend((0..outputs.cols()).map(|j| outputs.at(i, j).to_bits()));
        }
    }
    bits
}

#[test]
fn a_prediction_does_not_depend_on_its_batch() {
    let data = synthetic::gaussian_mixture(ROWS, FEATURES, 10, 3.0, &mut stream(Purpose::Data));
    let mut linear = Linear::new(FEATURES, true);
    linear.parameters_mut().iter_mut().zip(data.inputs()).for_each(|(w, x)| *w = 0.1 * x);
    let mlp =
        |widths: &[usize]| Mlp::new(widths, Activation::Tanh, Initializer::HeNormal, &mut stream(Purpose::Weights));
    let models: [Box<dyn Model>; 3] =
        [Box::new(linear), Box::new(mlp(&[FEATURES, 10])), Box::new(mlp(&[FEATURES, 33, 17, 3]))];
    for mut model in models {
        for &isa in isa::available() {
            let exec = Exec::new(isa, Par::Seq);
            let whole = outputs(&mut *model, exec, data.inputs(), ROWS);
            assert!(whole.iter().any(|&bits| bits != whole[0]));
            for size in [1, 2, 8, 13, 40] {
                assert!(outputs(&mut *model, exec, data.inputs(), size) == whole, "{isa:?}, batches of {size}");
            }
        }
    }
}
