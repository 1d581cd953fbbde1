//! Kernels on a thread with a small stack, and at its end, in destructors of thread-locals, when its scratch memory may be gone.

use simdescent_kernels::optimizer::{Lamb, LambOptions, lamb_step, orthogonalize};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, Team, dot, gemm, isa, nrm2};
use std::cell::RefCell;
use std::sync::mpsc::Sender;

/// A product that needs scratch memory, nested in a kernel that needs some, too.
fn work() -> [f32; 6] {
    let (a, mut c) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0f32; 9]);
    // No operand has contiguous rows or columns.
    let a = MatRef::with_strides(&a, (3, 3), (1, 0)).expect("a view");
    gemm(Exec::default(), Accum::Replace, 1.0, a, a.t(), MatMut::new(&mut c, 3, 3).t());
    let mut x = [c[0], c[4], c[8], 1.0, -1.0, 0.5];
    orthogonalize(Exec::default(), &mut x, 2, 3);
    x
}

/// Sends what its last work was.
struct AtTheEnd(Sender<[f32; 6]>);
impl Drop for AtTheEnd {
    fn drop(&mut self) {
        self.0.send(work()).expect("somebody listens");
    }
}

thread_local! {
    static FIRST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    static LAST: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

/// Of two destructors, one runs before and one after that of the scratch memory, whichever order the platform has.
#[test]
fn products_at_the_end_of_a_thread() {
    let (sender, results) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        FIRST.set(Some(AtTheEnd(sender.clone())));
        let result = work();
        LAST.set(Some(AtTheEnd(sender)));
        result
    });
    let want = thread.join().expect("no panic");
    assert_eq!(results.iter().collect::<Vec<_>>(), [want; 2]);
}

/// The size that the documentation of the crate names.
#[test]
#[cfg(not(miri))]
fn kernels_run_on_a_small_stack() {
    const STACK: usize = 64 << 10;
    let work = || {
        let team = Team::new(3).expect("a team");
        let n = 1 << 21; // more chunks than a team has subtrees
        let (x, mut w, mut m, mut v) = (vec![0.5f32; n], vec![1.0; n], vec![0.0; n], vec![0.0; n]);
        for &isa in isa::available() {
            for exec in [Exec::new(isa, Par::Seq), Exec::new(isa, Par::Team(&team))] {
                assert_eq!(dot(exec, &x, &x), 0.25 * n as f32);
                assert!(nrm2(exec, &[f32::MAX; 100]).is_infinite());
                let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
                lamb_step(exec, &Lamb::at_step(1, 0.1, options), &mut w, &x, [&mut m, &mut v]);
                for (rows, steps, cols) in [(3, 500, 40), (70, 300, 90), (200, 1100, 150)] {
                    let (a, mut c) = (MatRef::new(&x[..rows * steps], rows, steps), vec![0.0; rows * cols]);
                    let b = MatRef::new(&x[..steps * cols], cols, steps).t();
                    gemm(exec, Accum::Replace, 1.0, a, b, MatMut::new(&mut c, rows, cols));
                    assert!(c.iter().all(|&c| c == 0.25 * steps as f32), "{rows} x {steps} x {cols}");
                }
                let mut d = x[..64 * 48].to_vec();
                d.iter_mut().enumerate().for_each(|(i, d)| *d = (i % 17) as f32);
                orthogonalize(exec, &mut d, 64, 48);
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    thread.join().expect("no panic");
}
