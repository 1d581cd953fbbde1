//! Matrix products: squares, the layers of an MLP 784-512-256-10 in all three passes, thin ones.

use super::{Case, Setting, Work, contest, of_sum};
use crate::contest::{CONTROL, Contest, Entry, OURS_ON_ONE_THREAD, Times, Timing};
use crate::peers::{self, Element};
use crate::products::{Form, Operands, Shape};
use simdescent_kernels::Real;
use simdescent_measure::limits::Aligned;

use Form::{Plain, TransposedA, TransposedB};

/// m, n, k, form; whether in a quick run, whether on several threads.
const SHAPES: [(usize, usize, usize, Form, bool, bool); 19] = [
    (8, 8, 8, Plain, true, false),
    (16, 16, 16, Plain, false, false),
    (32, 32, 32, Plain, false, false),
    (64, 64, 64, Plain, true, true),
    (128, 128, 128, Plain, true, true),
    (256, 256, 256, Plain, true, true),
    (512, 512, 512, Plain, false, true),
    (1024, 1024, 1024, Plain, false, true),
    (2048, 2048, 2048, Plain, false, true),
    (1, 512, 784, Plain, false, false),
    (8, 512, 784, Plain, true, true),
    (128, 512, 784, Plain, false, true),
    (784, 512, 128, TransposedA, false, true),
    (32, 784, 512, TransposedB, false, true),
    (512, 10, 256, Plain, false, true),
    (256, 10, 512, TransposedA, false, true),
    (16, 2048, 2048, Plain, false, true),
    (2048, 16, 2048, Plain, false, true),
    (2048, 2048, 16, Plain, false, true),
];
const SHAPES_OF_F64: [(usize, usize, usize, Form, bool, bool); 4] = [
    (64, 64, 64, Plain, false, false),
    (256, 256, 256, Plain, true, true),
    (1024, 1024, 1024, Plain, false, true),
    (128, 512, 784, Plain, false, true),
];
/// Plain loops on more take seconds.
const LARGEST_PLAIN: f64 = 3e8;

pub(super) fn cases() -> Vec<Case> {
    let single = SHAPES.into_iter().map(|shape| case::<f32>("f32", shape));
    single.chain(SHAPES_OF_F64.into_iter().map(|shape| case::<f64>("f64", shape))).collect()
}

fn case<T: Element>(element: &str, (m, n, k, form, quick, threads): (usize, usize, usize, Form, bool, bool)) -> Case {
    let shape = Shape { m, n, k, form };
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| hold::<T>(shape, setting, timing);
    Case::new::<T>(format!("gemm/{element}/{shape}"), work::<T>(shape), hold).quick(quick).on_threads(threads)
}

fn work<T>(shape: Shape) -> Work {
    let bytes = |elements: usize| (size_of::<T>() * elements) as f64;
    Work::products(shape.flops(), [bytes(shape.m * shape.k + shape.k * shape.n), bytes(shape.m * shape.n)])
}

fn hold<T: Element>(shape: Shape, setting: Setting<'_>, timing: Timing<'_>) -> Result<Times, String> {
    let operands = Operands::<T>::new(shape);
    let start = vec![<T as Real>::ZERO; shape.m * shape.n];
    let mut others: Vec<Entry<'_, T>> = vec![];
    if setting.threads() > 1 {
        others.push(Entry::new(OURS_ON_ONE_THREAD, |c| operands.multiply(setting.exec.seq(), c)));
    }
    if shape.flops() <= LARGEST_PLAIN && setting.threads() == 1 {
        others.push(Entry::new("plain", |c| plain(&operands, c)));
    }
    others.extend(peers::gemm(&operands, setting.threads()));
    if let Some(blas) = setting.blas {
        others.push(blas.gemm(&operands));
    }
    let ours = |c: &mut [T]| operands.multiply(setting.exec, c);
    contest(&start, 4.0 * of_sum::<T>(shape.k), ours, others).hold(timing)
}

/// The sum: only with some features has an element the operator `+=`, which lints then ask for.
fn plus<T: Element>(a: T, b: T) -> T {
    a + b
}

/// Three loops, the one along rows inside, as anybody would write them.
fn plain<T: Element>(operands: &Operands<T>, c: &mut [T]) {
    let Shape { m, n, k, form } = operands.shape;
    let (a, b) = (&*operands.a, &*operands.b);
    c.fill(<T as Real>::ZERO);
    match form {
        Plain => {
            for (c, a) in c.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
                for (&a, b) in a.iter().zip(b.chunks_exact(n)) {
                    c.iter_mut().zip(b).for_each(|(c, &b)| *c = plus(*c, a * b));
                }
            }
        }
        TransposedA => {
            for (a, b) in a.chunks_exact(m).zip(b.chunks_exact(n)) {
                for (c, &a) in c.chunks_exact_mut(n).zip(a) {
                    c.iter_mut().zip(b).for_each(|(c, &b)| *c = plus(*c, a * b));
                }
            }
        }
        TransposedB => {
            for (c, a) in c.chunks_exact_mut(n).zip(a.chunks_exact(k)) {
                for (c, b) in c.iter_mut().zip(b.chunks_exact(k)) {
                    *c = a.iter().zip(b).fold(<T as Real>::ZERO, |sum, (&a, &b)| sum + a * b);
                }
            }
        }
    }
}

/// A product that is entered twice: whatever tells the two apart tells others apart without a reason.
pub(super) fn control() -> Case {
    let shape = Shape { m: 128, n: 128, k: 128, form: Plain };
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let operands = Operands::<f32>::new(shape);
        let start = Aligned::copy_of(&[0.0; 128 * 128]);
        let ours = |c: &mut [f32]| operands.multiply(setting.exec, c);
        let again = |c: &mut [f32]| operands.multiply(setting.exec, c);
        let contest: Contest<'_, f32> = contest(&start, 0.0, ours, vec![Entry::new(CONTROL, again)]);
        contest.hold(timing)
    };
    Case::new::<f32>(format!("{}/gemm/f32/{shape}", super::CONTROL_GROUP), work::<f32>(shape), hold)
        .quick(true)
        .on_threads(true)
}
