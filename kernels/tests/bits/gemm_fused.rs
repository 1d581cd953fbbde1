//! Products with an epilogue against the product followed by the unfused kernel.

use crate::compare::assert_bits;
use crate::execs::{for_each_exec, for_each_isa};
use crate::gemm::Shape;
use crate::inputs::{Effort, Kind, effort, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::activation::{Activation, activation_gradient_in_place, bias_activation_in_place};
use simdescent_kernels::gemm::{ActivationGradient, BiasActivation, Epilogue, Update, gemm_fused, step_by_strips};
use simdescent_kernels::optimizer::{Adam, Momentum, Sgd, UpdateRule, fused_step};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, gemm};

for_f32_and_f64! { bias_and_activation, activation_gradient, sgd, momentum, adam, copied_rows }

/// One tile, several, more than one K block, thin outputs on both sides, no steps, and enough work for threads.
fn shapes() -> Vec<Shape> {
    let mut shapes =
        vec![(3, 5, 7), (13, 20, 70), (30, 530, 21), (64, 530, 70), (70, 9, 10), (10, 40, 70), (4, 0, 9), (1, 33, 40)];
    match effort() {
        Effort::Tiny => shapes.truncate(1),
        Effort::Sample => {}
        Effort::Full => shapes.extend([(300, 64, 200), (200, 530, 40)]),
    }
    shapes
}

/// (A, B) with A by rows and by columns, so that either of C and Cᵀ is computed.
fn operands<T: Real>((m, k, n): Shape) -> (Vec<T>, Vec<T>) {
    (numbers(Kind::Ordinary, m * k, 1), numbers(Kind::Ordinary, k * n, 2))
}

fn forms<'a, T>(a: &'a [T], b: &'a [T], (m, k, n): Shape) -> [(MatRef<'a, T>, MatRef<'a, T>); 3] {
    [
        (MatRef::new(a, m, k), MatRef::new(b, k, n)),
        (MatRef::new(a, k, m).t(), MatRef::new(b, k, n)),
        (MatRef::new(a, m, k), MatRef::new(b, n, k).t()),
    ]
}

fn product<T: Real>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> Vec<T> {
    let mut c = vec![T::NAN; a.rows() * b.cols()];
    gemm(Exec::default(), Accum::Replace, T::ONE, a, b, MatMut::new(&mut c, a.rows(), b.cols()));
    c
}

/// C, which holds NaN before, against `want`.
fn check<T: Real, E: Epilogue<T>>(
    (exec, label): (Exec<'_>, &str),
    (a, b): (MatRef<'_, T>, MatRef<'_, T>),
    epilogue: E,
    want: &[T],
) {
    let shape = (a.rows(), b.cols());
    let mut c = Matrix::new(Layout::PaddedRows, shape, &vec![T::NAN; want.len()], 1);
    gemm_fused(exec, a, b, c.view_mut(), epilogue);
    c.assert_bits(want, format_args!("{label}, {shape:?} of {} steps", a.cols()));
}

const ACTIVATIONS: [Activation; 5] =
    [Activation::Identity, Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Gelu];

fn bias_and_activation<T: Real>() {
    for (turn, shape) in shapes().into_iter().enumerate() {
        let (a, b) = operands::<T>(shape);
        let bias = numbers(Kind::Ordinary, shape.2, 4);
        for (a, b) in forms(&a, &b, shape) {
            let activation = ACTIVATIONS[turn % ACTIVATIONS.len()];
            let mut want = product(a, b);
            let matrix = MatMut::new(&mut want, shape.0, shape.2);
            bias_activation_in_place(Exec::default(), activation, matrix, &bias);
            let epilogue = BiasActivation { bias: &bias, activation };
            for_each_exec(|exec, label| check((exec, label), (a, b), epilogue, &want));
        }
    }
}

fn activation_gradient<T: Real>() {
    for (turn, shape) in shapes().into_iter().enumerate() {
        let (a, b) = operands::<T>(shape);
        let (m, n) = (shape.0, shape.2);
        let outputs = Matrix::new(Layout::PaddedRows, (m, n), &numbers::<T>(Kind::Ordinary, m * n, 4), 0);
        for (a, b) in forms(&a, &b, shape) {
            let activation = ACTIVATIONS[(turn + 1) % ACTIVATIONS.len()];
            let mut want = product(a, b);
            let flat: Vec<T> = (0..m * n).map(|i| outputs.view().at(i / n, i % n)).collect();
            activation_gradient_in_place(Exec::default(), activation, &mut want, &flat);
            let epilogue = ActivationGradient { outputs: outputs.view(), activation };
            for_each_exec(|exec, label| check((exec, label), (a, b), epilogue, &want));
        }
    }
}

/// A is copied, in two parts of its steps or in several strips, which know where in C they are.
fn copied_rows<T: Real>() {
    if effort() != Effort::Full {
        return;
    }
    for shape in [(270, 2056, 128), (520, 512, (1 << 10) / size_of::<T>())] {
        let (a, b) = operands::<T>(shape);
        let [_, (a, b), _] = forms(&a, &b, shape);
        let start = numbers::<T>(Kind::Ordinary, shape.0 * shape.2, 5);
        let rule = Sgd { learning_rate: T::from_f64(0.1) };
        let mut want = start.clone();
        fused_step(Exec::default(), &rule, &mut want, &product(a, b), []);
        for_each_isa(|exec, label| {
            let mut w = start.clone();
            let epilogue = Update::new(rule, (shape.0, shape.2), []);
            gemm_fused(exec, a, b, MatMut::new(&mut w, shape.0, shape.2), epilogue);
            assert_bits(&w, &want, format_args!("{label}, {shape:?}"));
        });
    }
}

fn update<T: Real, R: UpdateRule<T, S>, const S: usize>(rule: R) {
    for shape in shapes() {
        let (a, b) = operands::<T>(shape);
        let (m, n) = (shape.0, shape.2);
        let start = numbers::<T>(Kind::Ordinary, m * n, 5);
        let initial: [Vec<T>; S] = core::array::from_fn(|s| {
            numbers::<T>(Kind::Ordinary, m * n, 6 + s as u64).into_iter().map(T::abs).collect()
        });
        for (a, b) in forms(&a, &b, shape) {
            let (mut want, mut want_state) = (start.clone(), initial.clone());
            fused_step(Exec::default(), &rule, &mut want, &product(a, b), want_state.each_mut().map(Vec::as_mut_slice));
            for_each_exec(|exec, label| {
                let (mut w, mut state) = (start.clone(), initial.clone());
                let epilogue = Update::new(rule, (m, n), state.each_mut().map(Vec::as_mut_slice));
                gemm_fused(exec, a, b, MatMut::new(&mut w, m, n), epilogue);
                assert_bits(&w, &want, format_args!("{label}, {shape:?}"));
                for (state, want) in state.iter().zip(&want_state) {
                    assert_bits(state, want, format_args!("{label}, {shape:?}, state"));
                }

                let (mut w, mut state) = (start.clone(), initial.clone());
                step_by_strips(exec, &rule, a, b, &mut w, state.each_mut().map(Vec::as_mut_slice));
                assert_bits(&w, &want, format_args!("by strips, {label}, {shape:?}"));
                for (state, want) in state.iter().zip(&want_state) {
                    assert_bits(state, want, format_args!("by strips, {label}, {shape:?}, state"));
                }
            });
        }
    }
}

fn sgd<T: Real>() {
    update(Sgd { learning_rate: T::from_f64(0.1) });
}
fn momentum<T: Real>() {
    update(Momentum { learning_rate: T::from_f64(0.1), momentum: T::from_f64(0.9) });
}
fn adam<T: Real>() {
    update(Adam::<T>::at_step(3, 0.01, 0.9, 0.999, 1e-8));
}

#[test]
#[should_panic(expected = "gemm: the bias has to be as long as a row of C")]
fn a_bias_of_the_wrong_length_is_refused() {
    let (a, mut c) = ([1.0f32; 4], [0.0; 4]);
    let epilogue = BiasActivation { bias: &[0.0; 3], activation: Activation::Relu };
    let a = MatRef::new(&a, 2, 2);
    gemm_fused(Exec::default(), a, a, MatMut::new(&mut c, 2, 2), epilogue);
}

#[test]
#[should_panic(expected = "gemm: the update has to have the shape of C")]
fn an_update_of_another_shape_is_refused() {
    let (a, mut c) = ([1.0f32; 4], [0.0; 4]);
    let epilogue = Update::new(Sgd { learning_rate: 0.1 }, (4, 1), []);
    let a = MatRef::new(&a, 2, 2);
    gemm_fused(Exec::default(), a, a, MatMut::new(&mut c, 2, 2), epilogue);
}
