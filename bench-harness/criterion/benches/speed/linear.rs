//! Linear models in one pass, logistic loss: loss and gradient on every shape for the active instruction set, on one shape in L2 for
//! each other one; ten classes; an epoch of SGD; a sparse X. Elements are samples.

use crate::session::{Session, alone, isas, single};
use simdescent_kernels::linear::{CsrRef, Epoch, loss_and_gradient, sgd_epoch, softmax_loss_and_gradient};
use simdescent_kernels::loss::{ClassTargets, Logistic, LossOptions, SoftmaxOptions};
use simdescent_kernels::{MatRef, isa};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const IN_L2: (usize, usize) = (512, 256);
const SHAPES: [(usize, usize); 3] = [(64, 100), IN_L2, (20_000, 784)];
/// Stored elements of a sparse row.
const STORED: usize = 30;

pub(crate) fn group(session: &mut Session) {
    dense(session);
    softmax(session);
    epochs(session);
    sparse(session);
}

fn dense(session: &mut Session) {
    for shape in SHAPES {
        let (m, d) = shape;
        for isa in isas(shape == IN_L2) {
            let work = single(isa, 4 * m * d, [m * d + m + d, d, m * d + m + 2 * d]);
            session.row([&"linear", &format!("loss and gradient, {isa}"), &format!("{m} × {d}")], m, work, || {
                let (x, y, w, mut g) = (Aligned::new(m * d), vec![1.0; m], vec![0.01; d], vec![0.0; d]);
                Box::new(move || {
                    let x = MatRef::new(&x, m, d);
                    let options = LossOptions::default();
                    black_box(loss_and_gradient(alone(isa), Logistic, x, &y, options, &w, black_box(&mut g)));
                })
            });
        }
    }
}

fn softmax(session: &mut Session) {
    let isa = isa::active();
    for (m, d) in [IN_L2, (20_000, 784)] {
        let work = single(isa, 4 * m * d * 10, [m * d + m + 10 * d, 10 * d, m * d + m + 20 * d]);
        session.row([&"linear", &format!("ten classes, {isa}"), &format!("{m} × {d}")], m, work, || {
            let (x, labels) = (Aligned::new(m * d), vec![1; m]);
            let (w, mut g) = (vec![0.01; 10 * d], vec![0.0; 10 * d]);
            Box::new(move || {
                let (x, labels) = (MatRef::new(&x, m, d), ClassTargets::Labels(&labels));
                let options = SoftmaxOptions::default();
                black_box(softmax_loss_and_gradient(alone(isa), x, 10, labels, options, &w, black_box(&mut g)));
            })
        });
    }
}

fn epochs(session: &mut Session) {
    let (isa, (m, d)) = (isa::active(), (20_000, 784));
    for (name, shuffled) in [("as they lie", false), ("shuffled", true)] {
        for batch_size in [1, 32] {
            let work = single(isa, 4 * m * d, [m * d + m, 0, m * d + m]);
            let name = format!("SGD epoch, {name}, batch {batch_size}, {isa}");
            session.row([&"linear", &name, &format!("{m} × {d}")], m, work, || {
                let (x, y, mut w) = (Aligned::new(m * d), vec![1.0; m], vec![0.0; d]);
                let order: Vec<u32> = (0..m).map(|i| (i * 7919 % m) as u32).collect();
                Box::new(move || {
                    let order = shuffled.then_some(&*order);
                    let epoch = Epoch { order, batch_size, learning_rates: &[1e-3], l2: 0.0 };
                    black_box(sgd_epoch(alone(isa), Logistic, MatRef::new(&x, m, d), &y, epoch, black_box(&mut w)));
                })
            });
        }
    }
}

fn sparse(session: &mut Session) {
    let (isa, (m, d)) = (isa::active(), (20_000, 10_000));
    // Of each stored element the value and the column.
    let read = 2 * STORED * m + 3 * m + d;
    let work = single(isa, 4 * STORED * m, [read, d, read + d]);
    let name = format!("sparse, {STORED} stored per row, {isa}");
    session.row([&"linear", &name, &format!("{m} × {d}")], m, work, || {
        let indptr: Vec<usize> = (0..=m).map(|i| STORED * i).collect();
        let indices: Vec<u32> = (0..STORED * m).map(|p| (p * 7919 % d) as u32).collect();
        let (values, y, w, mut g) = (vec![0.5f32; indices.len()], vec![1.0; m], vec![0.01; d], vec![0.0; d]);
        Box::new(move || {
            let x = CsrRef::new(d, &indptr, &indices, &values).expect("a valid matrix");
            black_box(loss_and_gradient(alone(isa), Logistic, x, &y, LossOptions::default(), &w, black_box(&mut g)));
        })
    });
}
