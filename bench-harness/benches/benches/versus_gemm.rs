//! Matrix products beside their peers, as a Markdown table:
//!
//! ```sh
//! cargo bench -p simdescent-benches --features peers --bench versus_gemm [-- [--f64] [--threads=N] [FILTER]]
//! ```
//!
//! Medians of interleaved rounds in GFLOP/s. `peak` is a loop of multiply-adds in registers, on one thread, in the same
//! rounds; our rate is also shown as a share of it (for N threads: of N times as much). With `--threads` we use a `Team`,
//! the others rayon, whose threads spin for a while after their turn and so may slow the next contestant down; our rate on
//! one thread stands beside. `SIMDESCENT_ISA` forces our instruction set, not theirs: with `SIMDESCENT_ISA=avx2` and the
//! feature `peers-avx2` instead of `peers`, everyone has AVX2 (but for faer, which is left out).

use simdescent_benches::arguments::Arguments;
use simdescent_benches::peers::products::{self as peers, Element};
use simdescent_benches::products::{Operands, Shape, selected};
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Exec, Par, isa};
use simdescent_measure::clock::{Contestant, medians};
use simdescent_measure::limits::{Aligned, fma, fmas};

const ROUNDS: usize = 9;

fn main() {
    let arguments = Arguments::read(&["--f64", "--threads="]);
    let threads = arguments.threads(1);
    let team = Team::new(threads).expect("threads");
    let exec = Exec::new(isa::active(), if threads > 1 { Par::Team(&team) } else { Par::Seq });
    let shapes = selected(&arguments);
    if arguments.has("--f64") {
        table::<f64>(exec, &shapes);
    } else {
        table::<f32>(exec, &shapes);
    }
}

fn table<T: Element>(exec: Exec<'_>, shapes: &[Shape]) {
    let peers = peers::NAMES;
    let header = format!("1 thread | share of peak | {} | ours / best peer", peers.join(" | "));
    println!("| {} m × n × k | {} thread(s) | {header} |", exec.isa(), exec.par().threads());
    println!("| --- |{}", " ---: |".repeat(4 + peers.len()));
    let log_sum: f64 = shapes.iter().map(|&shape| row::<T>(exec, shape).ln()).sum();
    println!("\ngeometric mean of ours / best peer: {:.3}", (log_sum / shapes.len().max(1) as f64).exp());
}

/// Prints a row; returns ours / best peer.
fn row<T: Element>(exec: Exec<'_>, shape: Shape) -> f64 {
    let operands = Operands::<T>::new(shape);
    let [mut c, mut c_one, mut theirs @ ..] = [(); 5].map(|()| Aligned::<T>::new(shape.m * shape.n));
    let threads = exec.par().threads();
    let mut ours = || operands.multiply(exec, &mut c);
    let mut ours_one = || operands.multiply(exec.seq(), &mut c_one);
    let mut peak = || fma::<T>(exec.isa());
    let a = (&*operands.a, (shape.m, shape.k), shape.a_strides());
    let b = (&*operands.b, (shape.k, shape.n), shape.b_strides());
    let mut peers = peers::gemm(a, b, theirs.each_mut().map(|c| &mut **c), threads);
    let mut contestants: Vec<Contestant<'_>> = vec![("ours", &mut ours), ("one", &mut ours_one), ("peak", &mut peak)];
    assert!(peers.iter().map(|peer| peer.0).eq(peers::NAMES.iter().copied()), "the columns of the table");
    contestants.extend(peers.iter_mut().map(|(name, call)| (*name, &mut **call as &mut dyn FnMut())));
    let seconds = medians(ROUNDS, &mut contestants);
    let rate = |i: usize| 1e-9 * shape.flops() / seconds[i];
    let peak = 2e-9 * fmas::<T>(exec.isa()) as f64 / seconds[2] * threads as f64;
    let others: Vec<f64> = (3..seconds.len()).map(rate).collect();
    let ratio = rate(0) / others.iter().copied().fold(0.0, f64::max);
    print!("| {shape} | {:.1} | {:.1} | {:.0} % |", rate(0), rate(1), 100.0 * rate(0) / peak);
    for other in others {
        print!(" {other:.1} |");
    }
    println!(" {ratio:.2} |");
    ratio
}
