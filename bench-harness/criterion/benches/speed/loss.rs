//! Losses with gradient: the active instruction set in L1 and beyond, each other one in L1 and on few and many classes for some losses.
//! A call works in place, so each is preceded by a copy of the outputs, whose bytes count too.

use crate::session::{Session, alone, isas, single};
use simdescent_kernels::loss::{
    Absolute, ClassTargets, Hinge, Huber, Logistic, LossOptions, Pointwise, Poisson, Quantile, Reduction,
    SoftmaxOptions, Squared, SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::{MatMut, MatRef};
use std::hint::black_box;

const IN_L1: usize = 2_048;
const LENGTHS: [usize; 2] = [IN_L1, 1_000_000];

pub(crate) fn group(session: &mut Session) {
    pointwise(session, "squared", Squared, false, true);
    pointwise(session, "squared, weighted", Squared, true, false);
    pointwise(session, "absolute", Absolute, false, false);
    pointwise(session, "Huber", Huber { delta: 1.0 }, false, false);
    pointwise(session, "quantile", Quantile { tau: 0.9 }, false, false);
    pointwise(session, "logistic", Logistic, false, true);
    pointwise(session, "hinge", Hinge, false, false);
    pointwise(session, "squared hinge", SquaredHinge, false, false);
    pointwise(session, "Poisson", Poisson, false, false);
    softmax(session);
}

fn outputs(n: usize) -> Vec<f32> {
    (0..n).map(|i| 4.0 * (i as f32).sin()).collect()
}

fn pointwise<P>(session: &mut Session, name: &str, loss: P, weighted: bool, every_isa: bool)
where
    P: Pointwise<f32> + Copy,
{
    for n in LENGTHS {
        for isa in isas(every_isa && n == IN_L1) {
            // The copy reads and writes, the loss reads outputs, targets and weights, and writes gradients.
            let more = if weighted { n } else { 0 };
            let work = single(isa, 0, [3 * n + more, 2 * n, 3 * n + more]);
            session.row([&"loss", &format!("{name}, {isa}"), &n], n, work, || {
                let (outputs, weights) = (outputs(n), vec![0.5; n]);
                let mut x = outputs.clone();
                let y: Vec<f32> = (0..n).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect();
                Box::new(move || {
                    let weights = weighted.then_some(&*weights);
                    x.copy_from_slice(black_box(&outputs));
                    let options = LossOptions { reduction: Reduction::Mean, weights };
                    black_box(pointwise_in_place(alone(isa), loss, black_box(&mut x), &y, options));
                })
            });
        }
    }
}

fn softmax(session: &mut Session) {
    let plain = SoftmaxOptions::default();
    let smoothed = SoftmaxOptions { label_smoothing: 0.1, ..plain };
    let kinds = [("", false, plain), ("smoothed ", false, smoothed), ("with probabilities ", true, plain)];
    for (rows, classes) in [(4096, 10), (4096, 1000), (256, 50_000)] {
        for (kind, soft, options) in kinds {
            let n = rows * classes;
            if n > 10_000_000 && !kind.is_empty() {
                continue;
            }
            for isa in isas(kind.is_empty() && classes <= 1000) {
                let more = if soft { n } else { rows };
                let work = single(isa, 0, [2 * n + more, 2 * n, 2 * n + more]);
                let name = format!("softmax {kind}cross-entropy, {isa}");
                session.row([&"loss", &name, &format!("{rows} × {classes}")], n, work, || {
                    let logits = outputs(n);
                    let mut x = logits.clone();
                    let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
                    let probabilities = vec![1.0 / classes as f32; if soft { n } else { 0 }];
                    Box::new(move || {
                        x.copy_from_slice(black_box(&logits));
                        let targets = if soft {
                            ClassTargets::Probabilities(MatRef::new(&probabilities, rows, classes))
                        } else {
                            ClassTargets::Labels(&labels)
                        };
                        let x = MatMut::new(black_box(&mut x), rows, classes);
                        black_box(softmax_cross_entropy_with(alone(isa), x, targets, options));
                    })
                });
            }
        }
    }
}
