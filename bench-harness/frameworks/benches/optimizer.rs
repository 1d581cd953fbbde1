//! Optimizer steps on one array beside other frameworks, as Markdown tables:
//!
//! ```sh
//! RUSTFLAGS=-Ctarget-cpu=native cargo bench --manifest-path bench-harness/frameworks/Cargo.toml --bench optimizer [-- FILTER]
//! ```
//!
//! The gradient is given. The limit is the larger of Adam's square roots and divisions, and of reading the gradient and
//! updating weights and state in place. candle has no momentum. `plain` and `ndarray` have one thread in both tables.

mod contest;

use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, Optimizer, SgdConfig};
use burn::tensor::{Tensor, TensorData};
use candle_nn::Optimizer as _;
use contest::plain::{BETA1, BETA2, EPSILON, State, Update};
use contest::{Aligned, Call, Limit, Table};
use ndarray::{Array1, ArrayView1, Zip};
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{Adam, Momentum, fused_step};
use std::process::ExitCode;

/// From L1 to DRAM.
const LENGTHS: [usize; 4] = [2_000, 10_000, 1_000_000, 30_000_000];
const RATE: f32 = 1e-2;

fn main() -> ExitCode {
    contest::run("optimizer step", |table| {
        for (name, update) in [("momentum", Update::Momentum), ("Adam", Update::Adam)] {
            for n in LENGTHS {
                let (n, name) = (table.size(n, 1000), format!("{name}, {n}"));
                if table.wants(&name) {
                    row(table, &name, update, n);
                }
            }
        }
    })
}

fn row(table: &Table<'_>, name: &str, update: Update, n: usize) {
    let (start, g) = (Aligned::<f32>::new(n), Aligned::<f32>::new(n));
    let (bytes, adam) = (size_of_val(&*g), update == Update::Adam);
    let (roots, updated) = if adam { (n, 3 * bytes) } else { (0, 2 * bytes) };
    let limit = Limit { roots, read: bytes, updated, ..Limit::default() };
    let candle = adam.then(|| candle(&start, &g));
    let peers =
        [Some(plain(update, &start, &g)), Some(ndarray(update, &start, &g)), candle, Some(burn(update, &start, &g))];
    table.row(name, limit, ours(table.exec, update, &start, &g), peers);
}

fn ours<'a>(exec: Exec<'a>, update: Update, start: &[f32], g: &'a [f32]) -> Call<'a> {
    let [mut w, mut m, mut v] = [(); 3].map(|()| Aligned::<f32>::new(g.len()));
    w.copy_from_slice(start);
    m.fill(0.0);
    v.fill(0.0);
    let mut step = 0;
    Box::new(move |wanted| {
        step += 1;
        if update == Update::Adam {
            let rule = Adam::at_step(step, RATE.into(), 0.9, 0.999, 1e-8);
            fused_step(exec, &rule, &mut w, g, [&mut m, &mut v]);
        } else {
            fused_step(exec, &Momentum { learning_rate: RATE, momentum: BETA1 }, &mut w, g, [&mut m]);
        }
        if wanted { vec![w.to_vec()] } else { vec![] }
    })
}

fn plain<'a>(update: Update, start: &[f32], g: &'a [f32]) -> Call<'a> {
    let (mut w, mut state) = (start.to_vec(), State::new(update, RATE, g.len()));
    Box::new(move |wanted| {
        state.step(&mut w, g);
        if wanted { vec![w.clone()] } else { vec![] }
    })
}

fn ndarray<'a>(update: Update, start: &[f32], g: &'a [f32]) -> Call<'a> {
    let (mut w, g) = (Array1::from(start.to_vec()), ArrayView1::from(g));
    let (mut m, mut v, mut step) = (Array1::<f32>::zeros(g.len()), Array1::<f32>::zeros(g.len()), 0);
    Box::new(move |wanted| {
        step += 1;
        if update == Update::Adam {
            let (rate, unbias) = (RATE / (1.0 - BETA1.powi(step)), 1.0 / (1.0 - BETA2.powi(step)).sqrt());
            Zip::from(&mut w).and(&g).and(&mut m).and(&mut v).for_each(|w, g, m, v| {
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                *w -= rate * *m / (v.sqrt() * unbias + EPSILON);
            });
        } else {
            Zip::from(&mut w).and(&g).and(&mut m).for_each(|w, g, m| {
                *m = BETA1 * *m + g;
                *w -= RATE * *m;
            });
        }
        if wanted { vec![w.to_vec()] } else { vec![] }
    })
}

fn candle<'a>(start: &[f32], g: &[f32]) -> Call<'a> {
    use candle_core::{Device, Result, Tensor, Var};
    use candle_nn::{AdamW, ParamsAdamW};
    let build = || {
        let w = Var::from_slice(start, start.len(), &Device::Cpu)?;
        let g = Tensor::from_slice(g, g.len(), &Device::Cpu)?;
        let gradients = (w.as_tensor() * &g)?.sum_all()?.backward()?; // that of w is g
        let parameters = ParamsAdamW { lr: RATE.into(), eps: EPSILON.into(), weight_decay: 0.0, ..Default::default() };
        Result::Ok((AdamW::new(vec![w.clone()], parameters)?, w, gradients))
    };
    let (mut adam, w, gradients) = build().expect("tensors");
    Box::new(move |wanted| {
        adam.step(&gradients).expect("a step of candle");
        if wanted { vec![w.to_vec1().expect("floats")] } else { vec![] }
    })
}

fn burn<'a>(update: Update, start: &[f32], g: &[f32]) -> Call<'a> {
    if update == Update::Adam {
        burn_step(AdamConfig::new().with_epsilon(EPSILON).build(), start, g)
    } else {
        let momentum = MomentumConfig::new().with_momentum(BETA1.into()).with_dampening(0.0);
        burn_step(SgdConfig::new().with_momentum(Some(momentum)).build(), start, g)
    }
}

fn burn_step<'a, O: Optimizer>(optimizer: O, start: &[f32], g: &[f32]) -> Call<'a> {
    let device = burn::tensor::Device::flex();
    let [w, g] = [start, g].map(|data| Tensor::<1>::from_data(TensorData::new(data.to_vec(), [data.len()]), &device));
    let mut parameters = Some((w, None));
    Box::new(move |wanted| {
        let (w, state) = parameters.take().expect("put back after each step");
        let (w, state) = optimizer.step(RATE.into(), w, g.clone(), state);
        let results = if wanted { vec![w.to_data().try_to_vec().expect("floats")] } else { vec![] };
        parameters = Some((w, state));
        results
    })
}
