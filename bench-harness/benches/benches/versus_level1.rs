//! Vectors and matrix–vector products beside their peers, as a Markdown table:
//!
//! ```sh
//! cargo bench -p simdescent-benches --features peers --bench versus_level1 [-- FILTER]
//! ```
//!
//! Medians of interleaved rounds, one thread, `f32`. Bytes are those an operation must read and write. `read` is
//! what a loop that only loads reaches on the same operand (x or A), in the same rounds; the last column is our rate
//! as a share of it. (Stores and a second operand may take it beyond 1 where the operand leaves room in its level.)

use simdescent_benches::arguments::Arguments;
use simdescent_benches::peers::{self, Peer};
use simdescent_kernels::{Accum, Exec, MatRef, Par, amax, asum, axpy, dot, gemv, gemv_t, isa, nrm2, scale};
use simdescent_measure::clock::{Contestant, medians};
use simdescent_measure::limits::{Aligned, read};
use std::hint::black_box;

const ROUNDS: usize = 11;
/// Lengths: two short ones, then L1, L2, L3 and DRAM.
const LENGTHS: [usize; 6] = [16, 100, 2_000, 50_000, 1_000_000, 30_000_000];
/// Rows and columns from L1 to DRAM; the odd ones are those of small models.
const SHAPES: [(usize, usize); 8] =
    [(10, 256), (64, 100), (64, 128), (512, 256), (256, 784), (10_000, 32), (2048, 2048), (100_000, 784)];

fn main() {
    let arguments = Arguments::read(&[]);
    let exec = Exec::new(isa::active(), Par::Seq);
    println!("| {} | ours GB/s | {} | ours / best peer | read | ours / read |", exec.isa(), peers::NAMES.join(" | "));
    println!("| --- |{}", " ---: |".repeat(peers::NAMES.len() + 4));
    for n in LENGTHS {
        vectors(exec, n, &arguments);
    }
    for shape in SHAPES {
        matrices(exec, shape, &arguments);
    }
    arguments.check();
}

fn vectors(exec: Exec<'_>, n: usize, arguments: &Arguments) {
    let (x, mut y) = (Aligned::<f32>::new(n), [(); 3].map(|()| Aligned::<f32>::new(n)));
    let row = |name: &str, passes: usize, ours: &mut dyn FnMut(), peers: Vec<Peer<'_>>| {
        let name = format!("{name} {n}");
        if arguments.shows(&name) {
            print_row(exec, &name, (passes * n, &x), ours, peers);
        }
    };
    row("dot", 2, &mut || _ = black_box(dot(exec, black_box(&x), &y[0])), peers::dot(&x, &y[0]));
    row("nrm2", 1, &mut || _ = black_box(nrm2(exec, black_box(&x))), peers::nrm2(&x));
    row("asum", 1, &mut || _ = black_box(asum(exec, black_box(&x))), peers::asum(&x));
    row("amax", 1, &mut || _ = black_box(amax(exec, black_box(&x))), peers::amax(&x));
    let [ours, others @ ..] = &mut y;
    let [a, b] = others;
    row("axpy", 3, &mut || axpy(exec, 1e-9, &x, black_box(ours)), peers::axpy(1e-9, &x, [a, b]));
    row("scale", 2, &mut || scale(exec, -1.0, black_box(ours)), peers::scale(-1.0, [a, b]));
}

fn matrices(exec: Exec<'_>, (m, n): (usize, usize), arguments: &Arguments) {
    let (a, along, down) = (Aligned::<f32>::new(m * n), Aligned::<f32>::new(n), Aligned::<f32>::new(m));
    let (mut y, mut y_t) = (Aligned::<f32>::new(m), Aligned::<f32>::new(n));
    let row = |name: &str, ours: &mut dyn FnMut(), peers: Vec<Peer<'_>>| {
        let name = format!("{name} {m}x{n}");
        if arguments.shows(&name) {
            print_row(exec, &name, (m * n + m + n, &a), ours, peers);
        }
    };
    let view = MatRef::new(&a, m, n);
    row("gemv", &mut || gemv(exec, Accum::Replace, 1.0, view, &along, black_box(&mut y)), peers::gemv(&a, &along, m));
    let ours = &mut || gemv_t(exec, Accum::Replace, 1.0, view, &down, black_box(&mut y_t));
    row("gemv_t", ours, peers::gemv_t(&a, &down, n));
}

/// `elements` are read or written by a call; `data` is what the read loop takes.
fn print_row(
    exec: Exec<'_>,
    name: &str,
    (elements, data): (usize, &[f32]),
    ours: &mut dyn FnMut(),
    mut peers: Vec<Peer<'_>>,
) {
    let mut read = || read(exec.isa(), data);
    let mut contestants: Vec<Contestant<'_>> = vec![("ours", ours), ("read", &mut read)];
    contestants.extend(peers.iter_mut().map(|(name, call)| (*name, &mut **call as &mut dyn FnMut())));
    let names: Vec<String> = contestants.iter().map(|(name, _)| (*name).to_owned()).collect();
    let seconds = medians(ROUNDS, &mut contestants);
    let rate = |i: usize| 4e-9 * if i == 1 { data.len() } else { elements } as f64 / seconds[i];
    let best = (2..seconds.len()).map(rate).fold(0.0, f64::max);
    let columns: String = peers::NAMES
        .iter()
        .map(|peer| match names.iter().position(|name| name == peer) {
            Some(i) => format!(" {:.1} |", rate(i)),
            None => " |".to_owned(),
        })
        .collect();
    println!(
        "| {name} | {:.1} |{columns} {:.2} | {:.1} | {:.2} |",
        rate(0),
        rate(0) / best,
        rate(1),
        rate(0) / rate(1)
    );
}
