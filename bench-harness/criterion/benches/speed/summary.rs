//! The table after all rows: each one's median, and its share of what this machine allows.

use serde_json::{Value, json};
use simdescent_measure::roofline::{Bound, Roof, Roofs, Work};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A row that ran.
struct Row<'a> {
    name: &'a str,
    work: &'a Work,
    /// Seconds.
    median: f64,
    roof: Roof,
}

impl Row<'_> {
    fn least(&self) -> (f64, Bound) {
        self.roof.least_seconds(self.work.flops, self.work.read, self.work.written)
    }

    fn share(&self) -> f64 {
        self.least().0 / self.median
    }

    fn limit(&self) -> String {
        match self.least().1 {
            Bound::Arithmetic => format!("{:.0} GFLOP/s", self.roof.peak_flops / 1e9),
            Bound::Reading | Bound::Copying => format!("transfers in {}", bytes(self.work.working_set)),
        }
    }

    fn json(&self) -> Value {
        let Self { name, work, median, roof } = self;
        let (least, bound) = self.least();
        json!({
            "name": name, "median_seconds": median, "flops": work.flops, "bytes_read": work.read,
            "bytes_written": work.written, "working_set_bytes": work.working_set, "isa": work.isa.name(),
            "threads": work.threads, "share_of_limit": self.share(),
            "limit": {
                "seconds": least, "bound": if bound == Bound::Arithmetic { "arithmetic" } else { "memory" },
                "peak_flops": roof.peak_flops, "read_bandwidth": roof.read, "copy_bandwidth": roof.copy,
            },
        })
    }
}

/// Measures the limits of the rows that criterion has measured since `started`, prints the table and writes it beside criterion's files.
pub(crate) fn print(rows: &[(String, Work)], started: SystemTime) {
    let folder = folder();
    let mut roofs = Roofs::default();
    let medians = medians(&folder, started);
    let measured: Vec<_> = rows
        .iter()
        .filter_map(|(name, work)| {
            let median = medians.iter().find(|(other, _)| other == name)?.1;
            Some(Row { name, work, median, roof: roofs.of(work) })
        })
        .collect();
    if measured.is_empty() {
        return explain(rows);
    }
    let width = measured.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    println!("\n{:width$} {:>9} {:>8} {:>7} {:>6}  limit", "benchmark", "median", "GFLOP/s", "GB/s", "share");
    for row in &measured {
        let rate = |amount: f64| if amount > 0.0 { format!("{:.1}", amount / row.median / 1e9) } else { "-".into() };
        let (flops, transfers) = (rate(row.work.flops), rate(row.work.read + row.work.written));
        let (share, limit) = (format!("{:.0} %", 100.0 * row.share()), row.limit());
        println!("{:width$} {:>9} {flops:>8} {transfers:>7} {share:>6}  {limit}", row.name, time(row.median));
    }
    println!(
        "\nshare: the least time that this machine allows, by its multiply-adds and by its transfers where the row's data lies, divided by\n\
         the median. Both limits were measured after the rows. Busy neighbors make shares wrong, also above 100 %."
    );
    let summary = folder.join("summary.json");
    let text = json!({ "rows": measured.iter().map(Row::json).collect::<Vec<_>>() });
    match fs::write(&summary, format!("{text:#}\n")) {
        Ok(()) => println!("JSON: {}; of each row {}/*/*/*/new/estimates.json", summary.display(), folder.display()),
        Err(error) => eprintln!("error: {}: {error}", summary.display()),
    }
}

/// Nothing was measured: that is right where nothing was to be.
fn explain(rows: &[(String, Work)]) {
    let asked =
        |flag: &str| std::env::args().any(|argument| argument == flag || argument.starts_with(&format!("{flag}=")));
    if ["--list", "--test", "--profile-time", "--load-baseline"].into_iter().any(asked) {
        return;
    }
    let mut groups: Vec<_> = rows.iter().filter_map(|(name, _)| name.split('/').next()).collect();
    groups.dedup();
    eprintln!("no benchmark has the filter in its name; `-- --list` names all of {}", groups.join(", "));
}

/// Where criterion writes: as it says, or in cargo's folder, which has this mark.
fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CRITERION_HOME") {
        return folder.into();
    }
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Path::new(&target).join("criterion");
    }
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.unwrap_or(Path::new("target")).join("criterion")
}

/// Name and median in seconds of every row that was written since `started`.
fn medians(folder: &Path, started: SystemTime) -> Vec<(String, f64)> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name == "new") {
                found.extend(median(&path, started));
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

fn median(folder: &Path, started: SystemTime) -> Option<(String, f64)> {
    let file = folder.join("estimates.json");
    if fs::metadata(&file).ok()?.modified().ok()? < started {
        return None;
    }
    let read = |path: &Path| serde_json::from_str::<Value>(&fs::read_to_string(path).ok()?).ok();
    let name = read(&folder.join("benchmark.json"))?["full_id"].as_str()?.to_owned();
    Some((name, read(&file)?["median"]["point_estimate"].as_f64()? / 1e9))
}

fn time(seconds: f64) -> String {
    let (unit, name) = match seconds {
        s if s < 1e-6 => (1e-9, "ns"),
        s if s < 1e-3 => (1e-6, "µs"),
        s if s < 1.0 => (1e-3, "ms"),
        _ => (1.0, "s"),
    };
    let number = seconds / unit;
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    format!("{number:.digits$} {name}")
}

fn bytes(n: usize) -> String {
    match n {
        n if n >= 1 << 20 => format!("{} MiB", n >> 20),
        n => format!("{} KiB", n.div_ceil(1 << 10)),
    }
}
