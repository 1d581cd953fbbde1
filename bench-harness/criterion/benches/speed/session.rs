//! Rows that criterion measures, and what each does.

use crate::summary;
use criterion::{BenchmarkId, Criterion, Throughput};
use simdescent_kernels::{Exec, Isa, Par, isa};
use simdescent_measure::limits::Aligned;
use simdescent_measure::roofline::{Precision, Work};
use std::fmt::Display;
use std::time::{Duration, SystemTime};

/// One call of what a row measures.
pub(crate) type Call<'a> = Box<dyn FnMut() + 'a>;

/// All rows of a run.
pub(crate) struct Session {
    criterion: Criterion,
    started: SystemTime,
    rows: Vec<(String, Work)>,
}

impl Session {
    /// Samples so short that all rows take minutes, not hours; the command line may say otherwise.
    pub(crate) fn from_args() -> Self {
        let criterion = Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(500))
            .nresamples(10_000)
            .configure_from_args();
        Self { criterion, started: SystemTime::now(), rows: vec![] }
    }

    /// Measures a row unless the filter leaves it out. Only then is `prepare` called, once, so that data of rows that do not run is
    /// not made.
    pub(crate) fn row<'a>(
        &mut self,
        [group, function, size]: [&dyn Display; 3],
        elements: usize,
        work: Work,
        prepare: impl FnOnce() -> Call<'a>,
    ) {
        let mut prepare = Some(prepare);
        self.measure([group, function, size], elements, work, &mut || prepare.take().expect("called once")());
    }

    fn measure<'a>(
        &mut self,
        [group, function, size]: [&dyn Display; 3],
        elements: usize,
        work: Work,
        prepare: &mut dyn FnMut() -> Call<'a>,
    ) {
        let mut measured = self.criterion.benchmark_group(group.to_string());
        measured.throughput(Throughput::ElementsAndBytes {
            elements: elements as u64,
            bytes: (work.read + work.written) as u64,
        });
        let mut call = None; // Criterion enters the closure several times.
        measured.bench_function(BenchmarkId::new(function.to_string(), size), |bencher| {
            bencher.iter(call.get_or_insert_with(&mut *prepare));
        });
        measured.finish();
        self.rows.push((format!("{group}/{function}/{size}"), work));
    }

    /// Ends criterion's output and prints the table.
    pub(crate) fn finish(self) {
        self.criterion.final_summary();
        summary::print(&self.rows, self.started);
    }
}

/// Every instruction set that this CPU has and that may run where one is forced: the active one, and the others where `all`.
pub(crate) fn isas(all: bool) -> impl Iterator<Item = Isa> {
    isa::available().iter().copied().filter(move |&isa| all || isa == isa::active())
}

/// One thread.
pub(crate) fn alone(isa: Isa) -> Exec<'static> {
    Exec::new(isa, Par::Seq)
}

/// Work of one thread on `f32`: flops, numbers read, numbers written, numbers touched.
pub(crate) fn single(isa: Isa, flops: usize, [read, written, touched]: [usize; 3]) -> Work {
    Work {
        isa,
        threads: 1,
        precision: Precision::Single,
        flops: flops as f64,
        read: 4.0 * read as f64,
        written: 4.0 * written as f64,
        working_set: 4 * touched,
    }
}

/// `n` times the same number, from the beginning of a cache line.
pub(crate) fn filled(n: usize, value: f32) -> Aligned<f32> {
    let mut data = Aligned::new(n);
    data.fill(value);
    data
}
