use super::*;
use crate::dataset::input::noise;
use crate::dataset::{
    CsvColumn, CsvEncoding, CsvFile, CsvOptions, Missing, SvmlightOptions, TargetOptions, read_idx_pair, read_npy_pair,
    read_svmlight_sparse,
};
use crate::{Checkpoint, LastBatch, Linear, Loss, Rule, Sampling, Settings, Trainer};
use simdescent_kernels::Exec;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

const ROWS: usize = 203;
const FEATURES: usize = 5;

/// Kinds of files.
const KINDS: usize = 5;

/// The same table of small whole numbers as CSV, `.npy`, IDX and svmlight, and as CSV with weights; the targets are whether the first
/// feature is large.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(rows: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut state = 11;
        let pixels: Vec<u8> = (0..rows * FEATURES).map(|_| noise(&mut state) / 16).collect();
        let labels: Vec<u8> = pixels.chunks(FEATURES).map(|row| u8::from(row[0] > 7)).collect();
        let mut csv = String::from("color,a,b,c,d,e,y\n");
        let mut weighted = String::from("a,b,w,y\n");
        let mut svmlight = String::new();
        for (row, label) in pixels.chunks(FEATURES).zip(&labels) {
            let stored: String = (0..FEATURES)
                .filter(|&j| row[j] % 3 == 0 && row[j] != 0)
                .map(|j| format!(" {}:{}", j + 1, row[j]))
                .collect();
            writeln!(svmlight, "{label}{stored} # {}", row[1]).unwrap();
            writeln!(weighted, "{},{},{},{label}", row[0], row[1], row[2] % 4).unwrap();
            let color = ["red", "blue"][usize::from(row[1] % 2)];
            let gap = if row[2] == 0 { String::new() } else { row[2].to_string() };
            writeln!(csv, "{color},{},{},{gap},{},{},{label}", row[0], row[1], row[3], row[4]).unwrap();
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
        fs::write(files.path("w.csv"), weighted).unwrap();
        fs::write(files.path("t.svm"), svmlight).unwrap();
        fs::write(files.path("x.npy"), npy(&format!("({rows}, {FEATURES})"), &pixels)).unwrap();
        fs::write(files.path("y.npy"), npy(&format!("({rows},)"), &labels)).unwrap();
        fs::write(files.path("images"), idx(&[rows as u32, 1, FEATURES as u32], &pixels)).unwrap();
        fs::write(files.path("labels"), idx(&[rows as u32], &labels)).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn csv_file(&self, weighted: bool) -> (CsvFile, CsvEncoding) {
        let (name, weights) = if weighted { ("w.csv", Some(CsvColumn::Name("w".into()))) } else { ("t.csv", None) };
        let options = CsvOptions { missing: Missing::Mean, weights, ..CsvOptions::default() };
        let mut file = CsvFile::open(&self.path(name), &options).unwrap();
        let encoding = file.fit(&|row| row % 5 != 4).unwrap();
        (file, encoding)
    }

    /// A stream and the same file in memory.
    fn both(&self, kind: usize) -> (RowStream, Dataset) {
        let [x, y, images, labels, svm] = ["x.npy", "y.npy", "images", "labels", "t.svm"].map(|name| self.path(name));
        let (guess, svmlight) = (TargetOptions::Guess, SvmlightOptions::default());
        match kind {
            0 | 4 => {
                let (mut file, encoding) = self.csv_file(kind == 4);
                let data = file.encode(&encoding).unwrap();
                (RowStream::csv(file, encoding).unwrap(), data)
            }
            1 => (RowStream::npy(&x, &y, &guess).unwrap(), read_npy_pair(&x, &y, &guess).unwrap()),
            2 => (RowStream::idx(&images, &labels, &guess).unwrap(), read_idx_pair(&images, &labels, &guess).unwrap()),
            _ => (RowStream::svmlight(&svm, &svmlight).unwrap(), read_svmlight_sparse(&svm, &svmlight).unwrap()),
        }
    }
}

/// What is in a data set, but for names.
fn contents(data: &Dataset) -> (Vec<f32>, &Targets, [Option<&[f32]>; 2]) {
    (data.dense_inputs().unwrap(), data.targets(), [data.weights(), data.class_weights()])
}

fn trainer<'d>(rows: RowStream, window: usize, settings: Settings) -> Trainer<'d, Linear> {
    let model = Linear::new(rows.features(), true);
    Trainer::streaming(Exec::default(), model, rows, window, settings).unwrap()
}

#[test]
fn a_stream_in_fixed_order_is_the_table_to_the_bit() {
    let files = Files::new(ROWS);
    for kind in 0..KINDS {
        let settings = Settings { loss: Loss::Logistic, sampling: Sampling::FixedOrder, ..Settings::default() };
        for (window, last_batch) in [(1, LastBatch::Short), (17, LastBatch::Drop), (1000, LastBatch::Short)] {
            let settings = Settings { last_batch, ..settings };
            let (rows, data) = files.both(kind);
            let (mut rows, mut validation) = rows.hold_out(5).unwrap();
            let parts = [|row: &u32| row % 5 != 4, |row: &u32| row % 5 == 4];
            let [mut training, held_out] =
                parts.map(|part| data.select(&(0..ROWS as u32).filter(part).collect::<Vec<_>>()));
            assert_eq!(contents(&validation), contents(&held_out));
            assert!(validation.feature_names().eq(data.feature_names()));
            if !rows.is_sparse() {
                let standardizer = Standardizer::fit(&training);
                assert_eq!(rows.standardize().unwrap(), &standardizer);
                standardizer.apply(&mut training).unwrap();
                standardizer.apply(&mut validation).unwrap();
            }
            if window == 17 {
                let balanced = training.balanced_class_weights().unwrap();
                assert_eq!(rows.balanced_class_weights().unwrap(), balanced);
                rows = rows.with_class_weights(balanced.clone()).unwrap();
                training = training.with_class_weights(balanced).unwrap();
            }
            let all = rows.read_all().unwrap();
            assert_eq!((contents(&all), all.is_sparse()), (contents(&training), training.is_sparse()));

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

/// Before the first window, within one, at its end, at the end of an epoch, in the next.
#[test]
fn a_resumed_stream_is_one_that_never_stopped() {
    let files = Files::new(ROWS);
    let path = files.path("run.safetensors");
    for (case, kind) in (0..KINDS).flat_map(|kind| (0..4).map(move |case| (case, kind))) {
        let last_batch = [LastBatch::Short, LastBatch::Drop][case / 2];
        let sampling = [Sampling::Reshuffled, Sampling::FixedOrder][case % 2];
        let rule = Rule::from_name("adam").unwrap();
        let settings =
            Settings { loss: Loss::Logistic, rule, batch_size: 8, sampling, last_batch, ..Settings::default() };
        let window = [24, 1000, 1, 50][kind % 4];
        let rows = || {
            if kind != 0 {
                return files.both(kind).0;
            }
            let mut rows = files.both(kind).0.hold_out(5).unwrap().0;
            rows.standardize().unwrap();
            rows
        };
        let mut whole = trainer(rows(), window, settings);
        for stop in 0..60 {
            if [0, 1, 3, 4, 20, 25, 26, 27, 51, 55].contains(&stop) {
                let checkpoint = whole.checkpoint().unwrap();
                checkpoint.write(&path).unwrap();
                let (rows, checkpoint, mut unstopped) =
                    (rows(), Checkpoint::read(&path).unwrap(), trainer(rows(), window, settings));
                let model = Linear::new(rows.features(), true);
                let mut resumed = Trainer::resume_streaming(Exec::default(), model, rows, window, &checkpoint).unwrap();
                (0..stop + 12).for_each(|_| _ = unstopped.try_step().unwrap());
                (0..12).for_each(|_| _ = resumed.try_step().unwrap());
                assert_eq!(resumed.digest(), unstopped.digest(), "{kind}, {settings:?}, after {stop} steps");
                resumed.checkpoint().unwrap().write(&path).unwrap();
                let of_resumed = fs::read(&path).unwrap();
                unstopped.checkpoint().unwrap().write(&path).unwrap();
                assert!(of_resumed == fs::read(&path).unwrap(), "{kind}, {settings:?}, after {stop} steps");
            }
            whole.try_step().unwrap();
        }
    }
}

#[test]
fn a_stream_resumes_on_its_own_rows_only() {
    let files = Files::new(ROWS);
    let settings = Settings { loss: Loss::Logistic, ..Settings::default() };
    let mut run = trainer(files.both(1).0, 24, settings);
    (0..4).for_each(|_| _ = run.try_step().unwrap());
    let checkpoint = run.checkpoint().unwrap();
    let refused = |rows: RowStream, window, checkpoint: &Checkpoint, wanted: &str| {
        let model = Linear::new(rows.features(), true);
        let Err(error) = Trainer::resume_streaming(Exec::default(), model, rows, window, checkpoint) else {
            panic!("{wanted}")
        };
        assert!(error.to_string().contains(wanted), "{error}");
    };
    refused(files.both(1).0, 25, &checkpoint, "other data than x.npy, 25 rows at a time");
    refused(files.both(2).0, 24, &checkpoint, "other data than images");
    refused(files.both(1).0.hold_out(5).unwrap().0, 24, &checkpoint, "other data than x.npy");
    let weighted = files.both(1).0.with_class_weights(vec![1.0, 2.0]).unwrap();
    refused(weighted, 24, &checkpoint, "other data than x.npy");
    let data = files.both(1).1;
    let Err(error) = Trainer::resume(Exec::default(), Linear::new(FEATURES, true), &data, &checkpoint) else {
        panic!("a table is no stream")
    };
    assert!(error.to_string().contains("other data than x.npy"), "{error}");
    // A window does not matter to rows in their own order.
    let settings = Settings { sampling: Sampling::FixedOrder, ..settings };
    let mut fixed = trainer(files.both(1).0, 24, settings);
    (0..4).for_each(|_| _ = fixed.try_step().unwrap());
    let (rows, checkpoint) = (files.both(1).0, fixed.checkpoint().unwrap());
    let model = Linear::new(FEATURES, true);
    let mut resumed = Trainer::resume_streaming(Exec::default(), model, rows, 7, &checkpoint).unwrap();
    for _ in 0..30 {
        assert_eq!(resumed.try_step().unwrap().to_bits(), fixed.try_step().unwrap().to_bits());
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
    for kind in 0..KINDS {
        let settings = Settings { loss: Loss::Logistic, ..Settings::default() };
        let (rows, _) = files.both(kind);
        let usage = allocation_counter::measure(|| {
            let mut rows = rows;
            if !rows.is_sparse() {
                rows.standardize().unwrap();
            }
            let mut trainer = trainer(rows, 128, settings);
            (0..700).for_each(|_| _ = trainer.try_step().unwrap());
        });
        assert!(usage.bytes_max < 100_000, "{kind}: {} bytes", usage.bytes_max);
    }
}

#[test]
fn what_a_stream_cannot_do_is_said() {
    let files = Files::new(ROWS);
    let refused = |rows, window, settings: Settings, wanted: &str| {
        let model = Linear::new(FEATURES, true);
        let Err(error) = Trainer::streaming(Exec::default(), model, rows, window, settings) else { panic!("{wanted}") };
        assert!(error.to_string().contains(wanted), "{error}");
    };
    let settings = Settings { loss: Loss::Logistic, ..Settings::default() };
    let stream = || files.both(1).0;
    refused(stream(), 0, settings, "a window of at least one row");
    refused(stream(), 8, Settings { sampling: Sampling::WithReplacement, ..settings }, "no sampling with replacement");
    refused(stream(), 8, Settings { loss: Loss::SoftmaxCrossEntropy, ..settings }, "a model of 5 inputs and 2 outputs");
    refused(stream(), 8, Settings { batch_size: ROWS + 1, ..settings }, "does not fit the 203 rows");
    for every in [0, 1, ROWS + 1] {
        assert!(stream().hold_out(every).unwrap_err().to_string().contains("cannot hold out"));
    }
    let message = files.both(3).0.standardize().unwrap_err().to_string();
    assert!(message.contains("would fill in the zeros of sparse rows"), "{message}");
    fs::write(files.path("w.csv"), "a,w,y\n1,0,0\n2,1,1\n3,0,0\n4,1,1\n5,0,0\n").unwrap();
    let options = CsvOptions { weights: Some(CsvColumn::Name("w".into())), ..CsvOptions::default() };
    let mut file = CsvFile::open(&files.path("w.csv"), &options).unwrap();
    let encoding = file.fit(&|_| true).unwrap();
    let message = RowStream::csv(file, encoding).unwrap().hold_out(2).unwrap_err().to_string();
    assert!(message.contains("w.csv: the weights of its rows add up to 0: nothing counts"), "{message}");
    let mut streamed = trainer(stream(), 8, settings);

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
    let error =
        RowStream::npy(&files.path("x.npy"), &files.path("y.npy"), &TargetOptions::Guess).unwrap_err().to_string();
    assert!(error.contains("save it with np.ascontiguousarray"), "{error}");
}

/// Files that are cut or damaged after they were opened: an error with the file's name, no panic, and the stream can go on.
#[test]
fn files_that_change_while_they_are_read_are_named_errors() {
    let files = Files::new(40);
    let mut state = 7;
    for (kind, name) in [(0, "t.csv"), (1, "x.npy"), (2, "images"), (3, "t.svm"), (4, "w.csv")] {
        let good = fs::read(files.path(name)).unwrap();
        for round in 0..60 {
            let mut rows = files.both(kind).0;
            let want = rows.digest(0).unwrap();
            let mut bad = good.clone();
            if round % 2 == 0 {
                bad.truncate(usize::from(noise(&mut state)) * bad.len() / 256);
            } else {
                let at = usize::from(noise(&mut state)) * bad.len() / 256;
                bad[at] ^= 1 << (noise(&mut state) % 8);
            }
            fs::write(files.path(name), &bad).unwrap();
            if let Err(error) = rows.digest(0) {
                assert!(error.to_string().contains(name), "{error}");
            }
            fs::write(files.path(name), &good).unwrap();
            assert_eq!(rows.digest(0).unwrap(), want, "{name}");
        }
    }
}
