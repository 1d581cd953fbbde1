//! What the tables share: contestants that must agree before they are timed, the limits of the machine, one thread and two.

mod limits;
pub(crate) mod plain;

pub(crate) use limits::Limit;
pub(crate) use simdescent_measure::limits::Aligned;

use limits::Limits;
use simdescent_kernels::{Exec, Par, Team, isa};
use simdescent_measure::clock::{Contestant, samples, smoke_test, spread};
use simdescent_measure::statistics::median;
use std::process::{Command, ExitCode};

/// One call of a contestant. Asked with `true`, it also returns the arrays that it computed; else it may return nothing.
pub(crate) type Call<'a> = Box<dyn FnMut(bool) -> Vec<Vec<f32>> + 'a>;

/// The peers in the order of the columns.
const PEERS: [&str; 4] = ["plain", "ndarray", "candle", "burn"];

const ROUNDS: usize = 9;

/// Elements of an array may differ by so much of its root mean square: everyone rounds and adds in another order.
const TOLERANCE: f64 = 1e-3;

/// What a table needs to know.
pub(crate) struct Table<'a> {
    /// Where our kernels run.
    pub(crate) exec: Exec<'a>,
    filter: String,
}

/// Prints the rows of a table for one thread, then for two.
///
/// The peers take their number of threads from the environment, once; so each table is a process of its own.
pub(crate) fn run(title: &str, rows: impl Fn(&Table<'_>)) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(threads) = std::env::var(THREADS[0]).ok() else {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let program = std::env::current_exe().expect("the path of this program");
        let passed = (1..=cores.min(2)).all(|threads| {
            let variables = THREADS.map(|name| (name, threads.to_string()));
            Command::new(&program).args(&arguments).envs(variables).status().is_ok_and(|status| status.success())
        });
        return if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    };
    let threads: usize = threads.parse().expect("RAYON_NUM_THREADS is a number");
    // The calling thread is one of them: without hand-over from outside, the pool is at its fastest.
    rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global().expect("a first pool");
    let team = Team::new(threads).expect("threads");
    let exec = Exec::new(isa::active(), if threads > 1 { Par::Team(&team) } else { Par::Seq });
    let filter = arguments.into_iter().find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let peers = PEERS.join(" | ");
    println!(
        "\n| {title}, {threads} thread(s), {}; µs | ours | {peers} | best / ours | limit | of limit |",
        exec.isa()
    );
    println!("| --- |{}", " ---: |".repeat(PEERS.len() + 4));
    rows(&Table { exec, filter });
    ExitCode::SUCCESS
}
/// What rayon (burn, candle) and matrixmultiply (ndarray) read.
const THREADS: [&str; 2] = ["RAYON_NUM_THREADS", "MATMUL_NUM_THREADS"];

impl Table<'_> {
    /// Whether the row `name` was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    /// A size, or a small one where it only matters that everything runs.
    pub(crate) fn size(&self, size: usize, small: usize) -> usize {
        if smoke_test() { small } else { size }
    }

    /// Prints a row: medians with their spread, the best peer over ours, what the machine allows and our share of it.
    ///
    /// # Panics
    /// If a peer computes something else than we do in the first three calls.
    pub(crate) fn row(&self, name: &str, limit: Limit, mut ours: Call<'_>, mut peers: [Option<Call<'_>>; 4]) {
        for call in 1..=3 {
            let expected = ours(true);
            for (peer, name_of_peer) in peers.iter_mut().zip(PEERS) {
                if let Some(peer) = peer {
                    compare(&format!("{name}: {name_of_peer}, call {call}"), &peer(true), &expected);
                }
            }
        }
        let threads = self.exec.par().threads();
        let mut limits = Limits::new(limit, self.exec.isa(), threads);
        let mut calls: Vec<Box<dyn FnMut() + '_>> = vec![Box::new(|| drop(ours(false)))];
        for peer in peers.iter_mut().flatten() {
            calls.push(Box::new(|| drop(peer(false))));
        }
        let contestants = calls.len();
        calls.extend(limits.calls());
        let mut turns: Vec<Contestant<'_>> = calls.iter_mut().map(|call| ("", &mut **call as _)).collect();
        let all = samples(ROUNDS, &mut turns);
        drop(calls);
        let cells: Vec<String> = all.iter().map(|samples| cell(samples)).collect();
        let mut seconds: Vec<f64> = all.into_iter().map(median).collect();
        let (limit, by) = limits.seconds(&seconds.split_off(contestants));
        let best = seconds[1..].iter().copied().fold(f64::INFINITY, f64::min);
        let mut others = cells[1..].iter();
        let columns: Vec<&str> =
            peers.iter().map(|peer| peer.as_ref().and_then(|_| others.next()).map_or("", String::as_str)).collect();
        println!(
            "| {name} | {} | {} | {:.2} | {:.1} {by} | {:.0} % |",
            cells[0],
            columns.join(" | "),
            best / seconds[0],
            1e6 * limit,
            100.0 * limit / seconds[0]
        );
    }
}

/// Microseconds and their spread.
fn cell(samples: &[f64]) -> String {
    format!("{:.1} ± {:.0} %", 1e6 * median(samples.to_vec()), 100.0 * spread(samples.to_vec()))
}

fn compare(name: &str, found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len(), "{name}: another number of arrays");
    for (array, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{name}: array {array} has another length");
        let squares: f64 = expected.iter().map(|&x| f64::from(x).powi(2)).sum();
        let allowed = TOLERANCE * (squares / expected.len() as f64).sqrt();
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            let close = f64::from((found - expected).abs()) <= allowed;
            assert!(close, "{name}: element {i} of array {array} is {found}, ours {expected}");
        }
    }
}
