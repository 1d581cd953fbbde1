//! Matrix products beside their peers, as a Markdown table:
//!
//! ```sh
//! cargo bench -p simdescent-bench --features peers --bench versus_gemm [-- [--f64] [--threads=N] [FILTER]]
//! ```
//!
//! Medians of interleaved rounds in GFLOP/s. `peak` is a loop of multiply-adds in registers, on one thread, in the same
//! rounds; our rate is also shown as a share of it (for N threads: of N times as much). With `--threads` we use a `Team`,
//! the others rayon, whose threads spin for a while after their turn and so may slow the next contestant down; our rate on
//! one thread stands beside. `SIMDESCENT_ISA` forces our instruction set, not theirs.

mod interleave;
mod peers;

use interleave::{Aligned, medians};
use peers::products::{self, Element};
use simdescent_kernels::threads::Team;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, gemm, isa};
use std::hint::black_box;

const ROUNDS: usize = 9;

/// Whether A and B are given transposed, as in the passes of a dense layer: forward, weight gradient, input gradient.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    TransposedA,
    TransposedB,
}
use Form::{Plain, TransposedA, TransposedB};

/// Squares from one tile to L3, odd sizes among them; an MLP 784-512-256-10 at every batch size; thin shapes.
fn shapes() -> Vec<(usize, usize, usize, Form)> {
    let squares = [8, 16, 32, 33, 48, 64, 65, 96, 100, 127, 128, 192, 256, 384, 512, 768, 1000, 1024, 2048];
    let mut shapes: Vec<_> = squares.map(|n| (n, n, n, Plain)).into();
    for batch in [1, 8, 32, 128, 512, 2048] {
        for (fan_in, fan_out) in [(784, 512), (512, 256), (256, 10)] {
            shapes.push((batch, fan_out, fan_in, Plain));
            shapes.push((fan_in, fan_out, batch, TransposedA));
            shapes.push((batch, fan_in, fan_out, TransposedB));
        }
    }
    shapes.extend([(16, 2048, 2048, Plain), (2048, 16, 2048, Plain), (2048, 2048, 16, Plain)]);
    shapes.extend([(10, 10, 4096, TransposedA), (1024, 1024, 1024, TransposedA), (1024, 1024, 1024, TransposedB)]);
    shapes
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let threads =
        arguments.iter().find_map(|a| a.strip_prefix("--threads=")).map_or(1, |n| n.parse().expect("a number"));
    let filter = arguments.iter().find(|argument| !argument.starts_with("--")).cloned().unwrap_or_default();
    let team = Team::new(threads).expect("threads");
    let exec = Exec::new(isa::active(), if threads > 1 { Par::Team(&team) } else { Par::Seq });
    if arguments.iter().any(|argument| argument == "--f64") {
        table::<f64>(exec, &filter);
    } else {
        table::<f32>(exec, &filter);
    }
}

fn table<T: Element>(exec: Exec<'_>, filter: &str) {
    let header = "1 thread | share of peak | gemm | faer | matrixmultiply | ours / best peer";
    println!("| {} m × n × k | {} thread(s) | {header} |", exec.isa(), exec.par().threads());
    println!("| --- |{}", " ---: |".repeat(7));
    let (mut ratios, mut log_sum) = (0, 0.0);
    for (m, n, k, form) in shapes() {
        let suffix = match form {
            Plain => "",
            TransposedA => " AᵀB",
            TransposedB => " ABᵀ",
        };
        let name = format!("{m} × {n} × {k}{suffix}");
        if name.contains(filter) {
            log_sum += row::<T>(exec, &name, (m, n, k), form).ln();
            ratios += 1;
        }
    }
    println!("\ngeometric mean of ours / best peer: {:.3}", (log_sum / f64::from(ratios.max(1))).exp());
}

/// Prints a row; returns ours / best peer.
fn row<T: Element>(exec: Exec<'_>, name: &str, (m, n, k): (usize, usize, usize), form: Form) -> f64 {
    let (a, b, mut c, mut c_one) =
        (Aligned::<T>::new(m * k), Aligned::<T>::new(k * n), Aligned::<T>::new(m * n), Aligned::<T>::new(m * n));
    let a_strides = if matches!(form, TransposedA) { (1, m) } else { (k, 1) };
    let b_strides = if matches!(form, TransposedB) { (1, k) } else { (n, 1) };
    let (threads, one) = (exec.par().threads(), exec.seq());
    let product = |exec: Exec<'_>, c: &mut [T]| {
        let a = MatRef::with_strides(black_box(&a), (m, k), a_strides).expect("m × k");
        let b = MatRef::with_strides(&b, (k, n), b_strides).expect("k × n");
        gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(c, m, n));
    };
    let mut ours = || product(exec, &mut c);
    let mut ours_one = || product(one, &mut c_one);
    let mut peak = || interleave::fma::<T>(exec.isa());
    let mut peers = products::gemm((&a, (m, k), a_strides), (&b, (k, n), b_strides), threads);
    let mut contestants: Vec<interleave::Contestant<'_>> =
        vec![("ours", &mut ours), ("one", &mut ours_one), ("peak", &mut peak)];
    contestants.extend(peers.iter_mut().map(|(name, call)| (*name, &mut **call as &mut dyn FnMut())));
    let seconds = medians(ROUNDS, &mut contestants);
    let rate = |i: usize| 2e-9 * (m * n * k) as f64 / seconds[i];
    let peak = 2e-9 * interleave::fmas::<T>(exec.isa()) as f64 / seconds[2] * threads as f64;
    let best = (3..6).map(rate).fold(0.0, f64::max);
    println!(
        "| {name} | {:.1} | {:.1} | {:.0} % | {:.1} | {:.1} | {:.1} | {:.2} |",
        rate(0),
        rate(1),
        100.0 * rate(0) / peak,
        rate(3),
        rate(4),
        rate(5),
        rate(0) / best
    );
    rate(0) / best
}
