//! The functions of `math` in L1, on every instruction set. A call works in place, so each is preceded by a copy of the arguments,
//! whose bytes count too.

use crate::session::{Session, alone, isas, single};
use simdescent_kernels::{Exec, math};
use std::hint::black_box;

const IN_L1: usize = 2_048;

type Function = fn(Exec<'_>, &mut [f32]);
const FUNCTIONS: [(&str, Function); 9] = [
    ("exp", math::exp_in_place),
    ("expm1", math::expm1_in_place),
    ("log", math::log_in_place),
    ("log1p", math::log1p_in_place),
    ("tanh", math::tanh_in_place),
    ("sigmoid", math::sigmoid_in_place),
    ("softplus", math::softplus_in_place),
    ("gelu", math::gelu_in_place),
    ("gelu derivative", math::gelu_derivative_in_place),
];

pub(crate) fn group(session: &mut Session) {
    let n = IN_L1;
    for (name, function) in FUNCTIONS {
        for isa in isas(true) {
            let work = single(isa, 0, [2 * n, 2 * n, 2 * n]);
            session.row([&"math", &format!("{name}, {isa}"), &n], n, work, || {
                let arguments: Vec<f32> = (1..=n).map(|i| 8.0 * i as f32 / n as f32).collect();
                let mut x = arguments.clone();
                Box::new(move || {
                    x.copy_from_slice(black_box(&arguments));
                    function(alone(isa), black_box(&mut x));
                })
            });
        }
    }
}
