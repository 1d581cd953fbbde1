//! Products of few rows, where the choice of path matters most, as Markdown tables: do more rows ever take less time?
//!
//! ```sh
//! cargo run --release -p simdescent-kernels --example few_rows [-- [--all] [K]...]
//! ```
//!
//! A table for each layout of A and B and each K (1000): microseconds of C ← A·B with m rows by n columns, the shortest of interleaved
//! rounds. In bold what takes over 1.1 times as long as the same with more rows. `--all`: all n from 1 to 64, not only some.
//! `SIMDESCENT_ISA` chooses the instruction set.

use simdescent_kernels::{Accum, Exec, MatMut, MatRef, gemm};
use std::time::Instant;

const ROWS: usize = 8;
const ROUNDS: usize = 60;
/// Shortest sample in seconds.
const SAMPLE: f64 = 20e-6;
const ALLOWED: f64 = 1.1;

fn main() {
    let (mut all, mut steps) = (false, vec![]);
    for argument in std::env::args().skip(1) {
        match argument.parse() {
            Ok(k) => steps.push(k),
            Err(_) if argument == "--all" => all = true,
            Err(_) => {
                eprintln!("{argument:?} is neither --all nor a number of steps");
                std::process::exit(2);
            }
        }
    }
    if steps.is_empty() {
        steps.push(1000);
    }
    let some = [1, 2, 3, 4, 6, 8, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48, 56, 63, 64];
    let columns: Vec<usize> = if all { (1..=64).collect() } else { some.to_vec() };
    let mut worst = 0.0f64;
    for k in steps {
        for layout in [(false, false), (false, true), (true, false), (true, true)] {
            worst = worst.max(table(layout, &columns, k));
        }
    }
    println!("At most {worst:.2} times as long as with more rows.");
}

/// Prints a table; returns how many times as long as with more rows a product takes at most.
fn table((a_transposed, b_transposed): (bool, bool), columns: &[usize], k: usize) -> f64 {
    let exec = Exec::default();
    let name = |letter: char, transposed| if transposed { format!("{letter}ᵀ") } else { letter.to_string() };
    print!("| {}·{} {} k = {k}; n |", name('A', a_transposed), name('B', b_transposed), exec.isa());
    (1..=ROWS).for_each(|m| print!(" m = {m} |"));
    println!("\n| ---: |{}", " ---: |".repeat(ROWS));
    let mut worst = 0.0f64;
    for &n in columns {
        let times = row(exec, (a_transposed, b_transposed), n, k);
        print!("| {n} |");
        for (i, &time) in times.iter().enumerate() {
            let ratio = time / times[i..].iter().copied().fold(f64::INFINITY, f64::min);
            worst = worst.max(ratio);
            let bold = if ratio > ALLOWED { "**" } else { "" };
            print!(" {bold}{:.2}{bold} |", 1e6 * time);
        }
        println!();
    }
    println!();
    worst
}

/// Seconds with 1, 2, … rows.
fn row(exec: Exec<'_>, transposed: (bool, bool), n: usize, k: usize) -> [f64; ROWS] {
    let numbers = |len: usize| -> Vec<f32> { (0..len).map(|i| (i * 7 % 13) as f32 - 6.0).collect() };
    let (a, b, mut c) = (numbers(ROWS * k), numbers(n * k), numbers(ROWS * n));
    let mut time = |m: usize, repeats: u32| {
        let a = if transposed.0 { MatRef::new(&a[..m * k], k, m).t() } else { MatRef::new(&a[..m * k], m, k) };
        let b = if transposed.1 { MatRef::new(&b, n, k).t() } else { MatRef::new(&b, k, n) };
        let start = Instant::now();
        for _ in 0..repeats {
            gemm(exec, Accum::Replace, 1.0, a, b, MatMut::new(&mut c[..m * n], m, n));
        }
        start.elapsed().as_secs_f64() / f64::from(repeats)
    };
    let repeats: [u32; ROWS] = std::array::from_fn(|i| {
        time(i + 1, 100);
        (SAMPLE / time(i + 1, 100)).ceil() as u32
    });
    let mut shortest = [f64::INFINITY; ROWS];
    for _ in 0..ROUNDS {
        for (i, shortest) in shortest.iter_mut().enumerate() {
            *shortest = shortest.min(time(i + 1, repeats[i]));
        }
    }
    shortest
}
