use super::*;
use crate::dataset::input::noise;
use crate::dataset::{CsvOptions, Missing, read_idx_pair, read_npy_pair};
use crate::{LastBatch, Linear, Loss, Sampling, Settings, Trainer};
use simdescent_kernels::Exec;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

const ROWS: usize = 203;
const FEATURES: usize = 5;

/// The same table of small whole numbers as CSV, `.npy` and IDX; the targets are the first feature, as labels, and may be 0 or 1.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(rows: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut state = 11;
        let pixels: Vec<u8> = (0..rows * FEATURES).map(|_| noise(&mut state) / 16).collect();
        let labels: Vec<u8> = pixels.chunks(FEATURES).map(|row| u8::from(row[0] > 7)).collect();
        let mut csv = String::from("colour,a,b,c,d,e,y\n");
        for (row, label) in pixels.chunks(FEATURES).zip(&labels) {
            let colour = ["red", "blue"][usize::from(row[1] % 2)];
            let gap = if row[2] == 0 { String::new() } else { row[2].to_string() };
            writeln!(csv, "{colour},{},{},{gap},{},{},{label}", row[0], row[1], row[3], row[4]).unwrap();
        }
        let npy = |shape: &str, data: &[u8]| {
            let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
            [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
        };
        let idx = |sizes: &[u32], data: &[u8]| {
            let dimensions = sizes.len() as u8;
            let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
            [0, 0, 8, dimensions].into_iter().chain(sizes).chain(data.iter().copied()).collect::<Vec<u8>>()
        };
        let files = Self { folder };
        fs::write(files.path("t.csv"), csv).unwrap();
        fs::write(files.path("x.npy"), npy(&format!("({rows}, {FEATURES})"), &pixels)).unwrap();
        fs::write(files.path("y.npy"), npy(&format!("({rows},)"), &labels)).unwrap();
        fs::write(files.path("images"), idx(&[rows as u32, 1, FEATURES as u32], &pixels)).unwrap();
        fs::write(files.path("labels"), idx(&[rows as u32], &labels)).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn csv_file(&self) -> (CsvFile, CsvEncoding) {
        let options = CsvOptions { missing: Missing::Mean, ..CsvOptions::default() };
        let mut file = CsvFile::open(&self.path("t.csv"), &options).unwrap();
        let encoding = file.fit(|row| row % 5 != 4).unwrap();
        (file, encoding)
    }

    /// A stream and the same file in memory.
    fn both(&self, kind: usize) -> (RowStream, Dataset) {
        let [x, y, images, labels] = ["x.npy", "y.npy", "images", "labels"].map(|name| self.path(name));
        match kind {
            0 => {
                let (mut file, encoding) = self.csv_file();
                let data = file.encode(&encoding).unwrap();
                (RowStream::csv(file, encoding).unwrap(), data)
            }
            1 => (RowStream::npy(&x, &y).unwrap(), read_npy_pair(&x, &y).unwrap()),
            _ => (RowStream::idx(&images, &labels).unwrap(), read_idx_pair(&images, &labels).unwrap()),
        }
    }
}

fn trainer<'d>(rows: RowStream, window: usize, settings: Settings) -> Trainer<'d, Linear> {
    let model = Linear::new(rows.features(), true);
    Trainer::streaming(Exec::default(), model, rows, window, settings).unwrap()
}

#[test]
fn a_stream_in_fixed_order_is_the_table_to_the_bit() {
    let files = Files::new(ROWS);
    for kind in 0..3 {
        let settings = Settings { loss: Loss::Logistic, sampling: Sampling::FixedOrder, ..Settings::default() };
        for (window, last_batch) in [(1, LastBatch::Short), (17, LastBatch::Drop), (1000, LastBatch::Short)] {
            let settings = Settings { last_batch, ..settings };
            let (rows, data) = files.both(kind);
            let (mut rows, mut validation) = rows.hold_out(5).unwrap();
            let parts = [|row: &u32| row % 5 != 4, |row: &u32| row % 5 == 4];
            let [mut training, held_out] =
                parts.map(|part| data.select(&(0..ROWS as u32).filter(part).collect::<Vec<_>>()));
            assert_eq!((validation.inputs(), validation.targets()), (held_out.inputs(), held_out.targets()));
            assert!(validation.feature_names().eq(data.feature_names()));
            let standardizer = Standardizer::fit(&training);
            assert_eq!(rows.standardize().unwrap(), &standardizer);
            standardizer.apply(&mut training).unwrap();
            standardizer.apply(&mut validation).unwrap();
            let all = rows.read_all().unwrap();
            assert_eq!((all.inputs(), all.targets()), (training.inputs(), training.targets()));

            let model = Linear::new(data.features(), true);
            let mut table = Trainer::new(Exec::default(), model, &training, settings).unwrap();
            let mut streamed = trainer(rows, window, settings);
            for step in 0..40 {
                assert_eq!(streamed.try_step().unwrap().to_bits(), table.step().to_bits(), "{kind}, {window}, {step}");
            }
            assert_eq!(streamed.digest(), table.digest());
            assert_eq!(streamed.history().samples(), table.history().samples());
        }
    }
}

#[test]
fn a_window_is_shuffled_and_every_row_comes_once_per_epoch() {
    let files = Files::new(ROWS);
    let run = |seed, window| {
        let settings = Settings { loss: Loss::Squared, batch_size: 1, seed, ..Settings::default() };
        // A step too small to change anything: the loss of a row is its own, whatever came before.
        let learning_rate = crate::LearningRate::Constant { rate: 1e-30 };
        let mut trainer = trainer(files.both(1).0, window, Settings { learning_rate, ..settings });
        (0..2 * ROWS).for_each(|_| _ = trainer.try_step().unwrap());
        trainer.history().losses().to_vec()
    };
    let (losses, fixed) = (run(1, 64), run(1, 1));
    assert_eq!(losses, run(1, 64));
    assert_ne!(losses, run(2, 64));
    assert_ne!(losses[..64], losses[ROWS..ROWS + 64], "another order in the next epoch");
    assert_ne!(losses[..64], fixed[..64]);
    let sorted = |losses: &[f32]| {
        let mut losses = losses.to_vec();
        losses.sort_by(f32::total_cmp);
        losses
    };
    for from in [0, 64, 128, ROWS] {
        let window = from..from + 64;
        assert_eq!(sorted(&losses[window.clone()]), sorted(&fixed[window]), "rows of a window stay in it");
    }
    assert_eq!(sorted(&losses[..ROWS]), sorted(&losses[ROWS..]));
}

#[test]
fn memory_is_that_of_the_window() {
    let files = Files::new(20_000); // 400 kB as f32
    for kind in 0..3 {
        let settings = Settings { loss: Loss::Logistic, ..Settings::default() };
        let (rows, _) = files.both(kind);
        let usage = allocation_counter::measure(|| {
            let mut rows = rows;
            rows.standardize().unwrap();
            let mut trainer = trainer(rows, 128, settings);
            (0..700).for_each(|_| _ = trainer.try_step().unwrap());
        });
        assert!(usage.bytes_max < 100_000, "{kind}: {} bytes", usage.bytes_max);
    }
}

#[test]
fn what_a_stream_cannot_do_is_said() {
    let files = Files::new(ROWS);
    let (rows, data) = files.both(1);
    let refused = |rows, window, settings: Settings, wanted: &str| {
        let model = Linear::new(FEATURES, true);
        let Err(error) = Trainer::streaming(Exec::default(), model, rows, window, settings) else { panic!("{wanted}") };
        assert!(error.to_string().contains(wanted), "{error}");
    };
    let settings = Settings { loss: Loss::Logistic, ..Settings::default() };
    refused(rows, 0, settings, "a window of at least one row");
    let stream = || files.both(1).0;
    refused(stream(), 8, Settings { sampling: Sampling::WithReplacement, ..settings }, "no sampling with replacement");
    refused(stream(), 8, Settings { loss: Loss::SoftmaxCrossEntropy, ..settings }, "a model of 5 inputs and 2 outputs");
    refused(stream(), 8, Settings { batch_size: ROWS + 1, ..settings }, "does not fit the 203 rows");
    for every in [0, 1, ROWS + 1] {
        assert!(stream().hold_out(every).unwrap_err().to_string().contains("cannot hold out"));
    }
    let mut streamed = trainer(stream(), 8, settings);
    let checkpoint = streamed.checkpoint();
    let Err(error) = Trainer::resume(Exec::default(), Linear::new(FEATURES, true), &data, &checkpoint) else {
        panic!("a stream has no digest")
    };
    assert!(error.to_string().contains("other data"), "{error}");

    // The file is cut while it is read: an error, at which row, and no other model.
    let bytes = fs::read(files.path("x.npy")).unwrap();
    let before = streamed.digest();
    fs::write(files.path("x.npy"), &bytes[..bytes.len() - 30]).unwrap();
    let error = (0..100).find_map(|_| streamed.try_step().err()).unwrap().to_string();
    assert!(error.contains("x.npy, byte") && error.contains("the data ends"), "{error}");
    assert_ne!(streamed.digest(), before);
    let steps = streamed.history().steps();
    fs::write(files.path("x.npy"), &bytes).unwrap();
    streamed.try_step().unwrap();
    assert_eq!(streamed.history().steps(), steps + 1);
    let fortran = String::from_utf8_lossy(&bytes).contains("False").then(|| {
        let at = bytes.windows(5).position(|w| w == b"False").unwrap();
        [&bytes[..at], b"True ", &bytes[at + 5..]].concat()
    });
    fs::write(files.path("x.npy"), fortran.unwrap()).unwrap();
    let error = RowStream::npy(&files.path("x.npy"), &files.path("y.npy")).unwrap_err().to_string();
    assert!(error.contains("save it with np.ascontiguousarray"), "{error}");
}
