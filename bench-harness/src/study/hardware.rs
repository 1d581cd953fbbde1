//! The hardware table: what reports of many machines have in common, checked, and what is each machine's own.

use super::result::Report;
use crate::base::format_number::si_unit;
use crate::base::text_file::read_text;
use crate::environment::Environment;
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Raised whenever a reader of the last version could misread the new one.
const SCHEMA_VERSION: u32 = 1;
/// Of a report in the folder of results.
pub(crate) const SUMMARY: &str = "summary.json";
/// The digests that all reports of a study have to have.
pub(crate) const DIGESTS: &str = "digests.json";
/// Between these lines of `README.md` stands the table.
const MARKS: [&str; 2] =
    ["<!-- machines: `simdescent results --write` makes this table -->", "<!-- end of machines -->"];

/// What is kept of a report besides its forms.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Summary {
    pub(crate) schema_version: u32,
    pub(crate) study: String,
    /// When steps were timed, UTC, RFC 3339.
    pub(crate) started: String,
    pub(crate) environment: Environment,
    /// Flops per second of multiply-adds on one thread.
    pub(crate) peak_flops: f64,
    /// Bytes per second that one thread reads from memory.
    pub(crate) read_bandwidth: f64,
    /// Geometric mean over all cells.
    pub(crate) samples_per_second: f64,
    pub(crate) convergence: Convergence,
}

/// What is the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Convergence {
    pub(crate) protocol_version: u32,
    pub(crate) value_version: u32,
    pub(crate) seed: u64,
    pub(crate) data_seed: u64,
    /// The digest of each cell: workload, optimizer, batch size.
    pub(crate) cells: BTreeMap<String, String>,
}

impl Convergence {
    pub(crate) fn of(report: &Report) -> Result<Self> {
        let mut cells = BTreeMap::new();
        for workload in &report.workloads {
            for cell in &workload.cells {
                ensure!(
                    !cell.convergence.is_empty(),
                    "the report was made before reports had digests: make it anew with `simdescent report DIR`"
                );
                let variant = if cell.variant.is_empty() { String::new() } else { format!(" ({})", cell.variant) };
                let name = format!("{}, {}{variant}, batch {}", workload.facts.name, cell.optimizer, cell.batch_size);
                cells.insert(name, cell.convergence.clone());
            }
        }
        ensure!(report.missing.cells == 0, "{} cells are missing: finish the sweep first", report.missing.cells);
        Ok(Self {
            protocol_version: report.protocol_version,
            value_version: report.value_version,
            seed: report.study.seed,
            data_seed: report.study.data_seed,
            cells,
        })
    }

    /// The first thing that differs from what has to be.
    fn difference(&self, golden: &Self) -> Option<String> {
        for (what, own, other) in [
            ("protocol version", u64::from(self.protocol_version), u64::from(golden.protocol_version)),
            ("value version", u64::from(self.value_version), u64::from(golden.value_version)),
            ("seed", self.seed, golden.seed),
            ("data seed", self.data_seed, golden.data_seed),
        ] {
            if own != other {
                return Some(format!("{what} {own} instead of {other}"));
            }
        }
        if let Some((name, _)) = golden.cells.iter().find(|(name, _)| !self.cells.contains_key(*name)) {
            return Some(format!("the cell {name:?} is missing"));
        }
        let wrong = self.cells.iter().find(|(name, digest)| golden.cells.get(*name) != Some(digest));
        wrong.map(|(name, digest)| match golden.cells.get(name) {
            Some(golden) => format!("the cell {name:?} has the digest {digest} instead of {golden}"),
            None => format!("the cell {name:?} is not of this study"),
        })
    }
}

impl Summary {
    pub(crate) fn of(report: &Report) -> Result<Self> {
        let timed =
            report.throughput.as_ref().context("no steps were timed: `simdescent sweep --throughput-only` does")?;
        let limits = &timed.session.limits;
        let largest = |i: usize| limits[i].bandwidths.last().map_or(f64::NAN, |bandwidth| bandwidth.read);
        let cells = report.workloads.iter().flat_map(|workload| &workload.cells);
        let logs: Vec<f64> =
            cells.filter_map(|cell| Some(libm::log(cell.throughput.as_ref()?.samples_per_second))).collect();
        ensure!(!logs.is_empty(), "no cell was timed");
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            study: report.study.name.clone(),
            started: timed.session.started.clone(),
            environment: timed.session.environment.clone(),
            peak_flops: limits[0].peak_flops.max(limits[1].peak_flops),
            read_bandwidth: largest(0).max(largest(1)),
            samples_per_second: libm::exp(logs.iter().sum::<f64>() / logs.len() as f64),
            convergence: Convergence::of(report)?,
        })
    }

    /// Where it is kept: CPU, then date, commit and study.
    pub(crate) fn folder(&self) -> PathBuf {
        let plain = self.environment.cpu.replace("(R)", "").replace("(TM)", "").to_lowercase();
        let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let cpu = words.collect::<Vec<_>>().join("-");
        let date = self.started.split('T').next().unwrap_or_default();
        let commit = self.environment.commit.trim_end_matches("-dirty");
        let threads = match self.environment.threads {
            1 => String::new(),
            n => format!("-{n}-threads"),
        };
        let isa = &self.environment.isa;
        PathBuf::from(cpu).join(format!("{date}-{commit}-{}-{isa}{threads}", self.study))
    }
}

/// Digests by study.
pub(crate) type Golden = BTreeMap<String, Convergence>;

/// A folder of results: their summaries, the digests that they have to have, and the page that lists them.
pub(crate) struct Hardware {
    root: PathBuf,
    pub(crate) golden: Golden,
    /// By folder, relative to the root.
    pub(crate) reports: BTreeMap<PathBuf, Summary>,
}

impl Hardware {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        ensure!(root.is_dir(), "{}: no such folder of results", root.display());
        let digests = root.join(DIGESTS);
        let golden = if digests.is_file() { parse(&digests)? } else { Golden::new() };
        let mut reports = BTreeMap::new();
        for machine in folders(root)? {
            for report in folders(&machine)? {
                let file = report.join(SUMMARY);
                ensure!(
                    file.is_file(),
                    "{}: no {SUMMARY} is there: `simdescent results --add DIR` makes it",
                    report.display()
                );
                let place = report.strip_prefix(root).unwrap_or(&report).to_owned();
                reports.insert(place, parse::<Summary>(&file)?);
            }
        }
        Ok(Self { root: root.to_owned(), golden, reports })
    }

    /// What is wrong, each with the name of its report.
    pub(crate) fn faults(&self) -> Vec<String> {
        let fault = |(place, summary): (&PathBuf, &Summary)| {
            let name = place.display();
            if *place != summary.folder() {
                return Some(format!("{name}: its summary says {}", summary.folder().display()));
            }
            self.fault(summary).map(|fault| format!("{name}: {fault}"))
        };
        self.reports.iter().filter_map(fault).collect()
    }

    /// Why a report does not belong here.
    pub(crate) fn fault(&self, summary: &Summary) -> Option<String> {
        match self.golden.get(&summary.study) {
            None => Some(format!("no digests of a study {:?} are in {DIGESTS}", summary.study)),
            Some(golden) => summary.convergence.difference(golden),
        }
    }

    /// The page with the table as it has to be.
    pub(crate) fn page(&self) -> Result<(PathBuf, String)> {
        let path = self.root.join("README.md");
        let text = read_text(&path)?;
        let [start, end] = MARKS.map(|mark| text.find(mark));
        let (Some(start), Some(end)) = (start, end) else {
            bail!("{}: the lines {:?} and {:?} have to be there", path.display(), MARKS[0], MARKS[1])
        };
        let page = format!("{}\n\n{}\n{}", &text[..start + MARKS[0].len()], self.table(), &text[end..]);
        Ok((path, page))
    }

    /// From the fastest.
    fn table(&self) -> String {
        let mut lines = vec![
            "| CPU | ISA | threads | study | FMA peak | reads memory at | samples/s | report |".to_owned(),
            "| --- | --- | ---: | --- | ---: | ---: | ---: | --- |".to_owned(),
        ];
        let mut reports: Vec<_> = self.reports.iter().collect();
        reports
            .sort_by(|a, b| a.1.study.cmp(&b.1.study).then(b.1.samples_per_second.total_cmp(&a.1.samples_per_second)));
        for (place, summary) in reports {
            let Environment { cpu, isa, threads, .. } = &summary.environment;
            let place = place.display();
            lines.push(format!(
                "| {cpu} | {isa} | {threads} | {} | {} | {} | {} | [tables]({place}/report.md) |",
                summary.study,
                si_unit(summary.peak_flops, "flop/s"),
                si_unit(summary.read_bandwidth, "B/s"),
                si_unit(summary.samples_per_second, "")
            ));
        }
        lines.join("\n") + "\n"
    }
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_str(&read_text(path)?).with_context(|| path.display().to_string())
}

fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::analysis::{Known, analyze};
    use crate::study::fake;

    fn report() -> Report {
        let facts = fake::facts();
        let (records, throughput) = (fake::records(&facts), fake::throughput(&facts));
        analyze(Known { facts: &facts, records: &records, throughput: &throughput, machine: None, self_check: None })
            .unwrap()
    }

    /// The reports of this repository. To list one: `simdescent results --add DIR`.
    #[test]
    fn all_results_have_the_golden_digests_and_the_table_lists_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
        let hardware = Hardware::read(&root).unwrap();
        assert_eq!(hardware.faults(), Vec::<String>::new());
        let (path, page) = hardware.page().unwrap();
        assert!(
            fs::read_to_string(path).unwrap() == page,
            "`simdescent results --write` writes the table anew:\n{page}"
        );
    }

    #[test]
    fn a_report_with_other_bits_is_refused_by_name() {
        let report = report();
        let summary = Summary::of(&report).unwrap();
        assert_eq!(summary.folder(), Path::new("some-cpu/2026-01-02-0123456789-fake-avx2"));
        assert_eq!(summary.convergence.cells.len(), 12);
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join(summary.folder());
        fs::create_dir_all(&place).unwrap();
        let write =
            |summary: &Summary| fs::write(place.join(SUMMARY), serde_json::to_string(summary).unwrap()).unwrap();
        write(&summary);
        let golden: Golden = [("fake".to_owned(), summary.convergence.clone())].into();
        fs::write(dir.path().join(DIGESTS), serde_json::to_string(&golden).unwrap()).unwrap();
        fs::write(dir.path().join("README.md"), format!("# Results\n\n{}\n{}\n", MARKS[0], MARKS[1])).unwrap();
        let hardware = Hardware::read(dir.path()).unwrap();
        assert!(hardware.faults().is_empty(), "{:?}", hardware.faults());
        let page = hardware.page().unwrap().1;
        assert!(page.contains("| Some CPU | avx2 | 1 | fake | 100 Gflop/s |"), "{page}");

        let mut wrong = summary.clone();
        *wrong.convergence.cells.get_mut("valley, adam, batch 64").unwrap() = "0123456789abcdef".into();
        write(&wrong);
        let faults = Hardware::read(dir.path()).unwrap().faults();
        assert!(
            faults[0].starts_with("some-cpu/2026-01-02-0123456789-fake-avx2: the cell \"valley, adam, batch 64\""),
            "{faults:?}"
        );
        let mut seeded = summary.clone();
        seeded.convergence.seed = 9;
        write(&seeded);
        assert!(Hardware::read(dir.path()).unwrap().faults()[0].contains("seed 9 instead of 1"));
        let unknown = Summary { study: "mine".into(), ..summary };
        assert!(hardware.fault(&unknown).unwrap().contains("no digests of a study"));
    }
}
