use super::*;
use crate::model::Linear;
use crate::settings::Settings;
use crate::trainer::Trainer;
use crate::{Rule, synthetic};
use serde_json::Value;
use simdescent_kernels::Exec;

fn good() -> Checkpoint {
    let data = synthetic::linear_example();
    let settings = Settings { rule: Rule::ADAM, ..Settings::default() };
    let mut trainer = Trainer::new(Exec::default(), Linear::new(1, true), &data, settings).unwrap();
    (0..5).for_each(|_| _ = trainer.step());
    trainer.record_validation(f64::NAN);
    let mut checkpoint = trainer.checkpoint().unwrap();
    checkpoint.notes.insert("model".into(), "linear 1-1".into());
    checkpoint
}

/// Reads, and if that works goes on; what is wrong.
fn fault(bytes: &[u8]) -> Option<String> {
    let checkpoint = match Checkpoint::from_bytes(bytes) {
        Ok(checkpoint) => checkpoint,
        Err(message) => return Some(message),
    };
    let data = synthetic::linear_example();
    match Trainer::resume(Exec::default(), Linear::new(1, true), &data, &checkpoint) {
        Ok(mut trainer) => (0..8).for_each(|_| _ = trainer.step()),
        Err(error) => return Some(error.to_string()),
    }
    None
}

/// The file with another JSON header, and tensors as they are.
fn with_header(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let bytes = good().to_bytes();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut outer: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut inner: Value = serde_json::from_str(outer["__metadata__"][KEY].as_str().unwrap()).unwrap();
    change(&mut inner);
    outer["__metadata__"][KEY] = inner.to_string().into();
    let outer = outer.to_string();
    [&(outer.len() as u64).to_le_bytes()[..], outer.as_bytes(), &bytes[8 + length..]].concat()
}

/// The file of a run in a fit whose validations were after these (steps, samples).
fn with_fit(places: &[[u64; 2]], best_weights: Option<Vec<f32>>) -> Vec<u8> {
    let evaluation = Evaluation { loss: f64::INFINITY, accuracy: Some(0.5) };
    let validations = places.iter().map(|&[step, samples]| Validation { step, samples, evaluation }).collect();
    Checkpoint { fit: Some(FitProgress { validations, best_weights }), ..good() }.to_bytes()
}

#[test]
fn everything_survives_to_the_bit() {
    let (a, b) = (good(), Checkpoint::from_bytes(&good().to_bytes()).unwrap());
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    assert_eq!(a.to_bytes(), b.to_bytes());
    assert_eq!(fault(&a.to_bytes()), None);
    assert_eq!(fault(&with_header(|_| ())), None);
    let fit = with_fit(&[[0, 0], [5, 160]], Some(vec![f32::NAN, -0.0]));
    assert_eq!(fault(&fit), None);
    assert_eq!(Checkpoint::from_bytes(&fit).unwrap().to_bytes(), fit);
    // Numbers whose shortest decimal form a careless reader gets wrong.
    let settings = Settings { l2: 1e-45, seed: u64::MAX, trial: (1 << 53) + 1, ..a.settings };
    let odd = Checkpoint { settings, ..a };
    assert_eq!(Checkpoint::from_bytes(&odd.to_bytes()).unwrap().settings, settings);
}

#[test]
fn every_prefix_is_an_error() {
    let bytes = good().to_bytes();
    for end in 0..bytes.len() {
        let message = Checkpoint::from_bytes(&bytes[..end]).unwrap_err();
        assert!(message.starts_with("not a safetensors file, or damaged"), "{message}");
    }
    assert!(Checkpoint::from_bytes(&[bytes, vec![0]].concat()).is_err(), "nor does anything follow");
}

#[test]
fn hostile_headers_are_named_errors() {
    let set = |key: &'static str, value: Value| with_header(move |header| header[key] = value);
    let cases = [
        (set("version", 2.into()), "version 2, this program reads version 1"),
        (set("version", "x".into()), "metadata \"simdescent\""),
        (set("unknown", 1.into()), "unknown field"),
        (set("settings", Value::Null), "metadata \"simdescent\""),
        (set("layout", serde_json::json!([[1, 3]])), "do not fill arrays"),
        (set("layout", serde_json::json!([[u64::MAX, 2]])), "do not fill arrays"),
        (set("layout", serde_json::json!([[1, 2]])), "the model [(1, 1), (1, 1)]"),
        (set("steps", 6.into()), "5 losses do not go with 6 steps"),
        (set("samples", u64::MAX.into()), "losses do not go with"),
        (set("samples", 1.into()), "losses do not go with"),
        (set("next", 100.into()), "starts at row 100 of 100"),
        (set("data_sha256", "00".into()), "other data"),
        (with_header(|header| header["settings"]["batch_size"] = 0.into()), "a batch of 0 samples"),
        (with_header(|header| header["settings"]["rule"] = "sgd".into()), "sgd needs state of lengths [0, 0, 0]"),
        (with_header(|header| header["settings"]["sampling"] = "fixed_order".into()), "the sampling has none"),
        (with_header(|header| header["settings"]["learning_rate"]["constant"]["rate"] = (-1).into()), "rate"),
    ];
    for (bytes, expected) in cases {
        let message = fault(&bytes).unwrap_or_default();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn tensors_that_do_not_fit_are_named_errors() {
    let base = good();
    let order = |order: Vec<u32>| {
        Checkpoint { position: BatchPosition { order, ..base.position.clone() }, ..base.clone() }.to_bytes()
    };
    let cases = [
        (Checkpoint { state: [vec![0.0], vec![0.0; 2], vec![]], ..base.clone() }.to_bytes(), "state of lengths"),
        (Checkpoint { parameters: vec![0.0; 3], ..base.clone() }.to_bytes(), "3 parameters and 2 weights"),
        (order(vec![0; 100]), "the order of samples is none of 100 rows"),
        (order((1..=100).collect()), "the order of samples is none of 100 rows"),
        (order((0..99).collect()), "the order of samples is none of 100 rows"),
        (with_fit(&[[0, 0], [6, 60]], None), "no validations of this run"),
        (with_fit(&[[3, 30], [3, 30]], None), "no validations of this run"),
        (with_fit(&[[0, 9], [3, 8]], None), "no validations of this run"),
        (with_fit(&[[0, 0]], Some(vec![0.0; 3])), "\"fit.best_weights\" is not as long"),
        (safetensors::serialize([("x", view(Dtype::F32, &[1], &[0; 4]))], None).unwrap(), "no entry \"simdescent\""),
    ];
    for (bytes, expected) in cases {
        let message = fault(&bytes).unwrap_or_default();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
    // The good header over other tensors.
    let bytes = base.to_bytes();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let only = |tensor| safetensors::serialize([("parameters", tensor)], metadata.metadata().clone()).unwrap();
    for (tensor, expected) in [
        (view(Dtype::F64, &[2], &[0; 16]), "tensor \"parameters\" is F64"),
        (view(Dtype::F32, &[1, 2], &[0; 8]), "of shape [1, 2]"),
        (view(Dtype::F32, &[2], &[0; 8]), "tensor \"optimizer.accumulated\" is missing"),
    ] {
        let message = fault(&only(tensor)).unwrap_or_default();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

fn view<'a>(kind: Dtype, shape: &[usize], bytes: &'a [u8]) -> TensorView<'a> {
    TensorView::new(kind, shape.to_vec(), bytes).unwrap()
}

#[test]
fn damage_never_panics() {
    let bytes = good().to_bytes();
    let mut state = 1u64;
    for _ in 0..5000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut damaged = bytes.clone();
        let at = (state >> 32) as usize % bytes.len();
        damaged[at] = (state >> 24) as u8;
        let _ = fault(&damaged);
    }
    let missing = Path::new("/no/such/run.safetensors");
    assert!(Checkpoint::read(missing).unwrap_err().to_string().contains("/no/such"));
    assert!(Checkpoint::read(&std::env::temp_dir()).unwrap_err().to_string().contains("it is a folder"));
}
