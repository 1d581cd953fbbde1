use super::*;
use crate::dataset::Dataset;

fn fit(numbers: &[f64], options: impl Into<TargetOptions>) -> Result<TargetEncoding, DataError> {
    TargetEncoding::fit("t", numbers, &options.into())
}

fn labels(labels: &[f64]) -> TargetEncoding {
    TargetEncoding::try_from(Meaning::Labels(labels.to_vec())).unwrap()
}

/// 0, 1, … `n` − 1, each so many times.
fn counted(n: usize, times: usize) -> Vec<f64> {
    (0..n * times).map(|i| (i % n) as f64).collect()
}

#[test]
fn targets_follow_the_documented_rules() {
    let guess = |numbers: &[f64]| fit(numbers, None).unwrap();
    for (numbers, classes) in [
        (&[1.0, -0.0][..], &[0.0, 1.0][..]),
        (&[1.0, -1.0], &[-1.0, 1.0]),
        (&[2.0, 1.0, 2.0], &[1.0, 2.0]),
        (&[0.0, 999.0], &[0.0, 999.0]),
        (&[5.0, 3.0, 7.0, 3.0, 7.0, 5.0], &[3.0, 5.0, 7.0]),
    ] {
        assert_eq!((guess(numbers), guess(numbers).guess()), (labels(classes), None), "{numbers:?}");
    }
    for numbers in [&[0.5, 1.0][..], &[-2.0, 2.0], &[-1.0, 0.0, 1.0, -1.0, 0.0, 1.0], &[0.0, 1000.0], &[1.0, 2.0, 3.0]]
    {
        assert_eq!(guess(numbers), TargetEncoding::NUMBERS, "{numbers:?}");
    }
    // How many, for how many rows.
    for (n, times, classes, doubtful) in [
        (10, 2, true, false),
        (11, 2, true, true),
        (20, 2, true, true),
        (20, 1, false, true),
        (21, 9, false, true),
        (21, 10, true, true),
        (100, 10, true, true),
        (101, 1000, false, true),
    ] {
        let found = guess(&counted(n, times));
        assert_eq!((found.classes(), found.guess().is_some()), (classes.then_some(n), doubtful), "{n} × {times}");
    }
    assert!(
        guess(&counted(11, 2))
            .guess()
            .unwrap()
            .contains("11 different whole numbers of the targets are taken for classes; --task r")
    );
    assert!(
        guess(&counted(20, 1)).guess().unwrap().contains("20 different whole numbers, are taken for numbers; --task c")
    );
    assert_eq!(guess(&[0.5, 7.0]).guess(), None);
}

#[test]
fn a_task_is_no_guess() {
    let counts = counted(300, 1);
    let encoding = fit(&counts, Some(Task::Classification)).unwrap();
    assert_eq!((encoding.classes(), encoding.guess()), (Some(300), None));
    let encoding = fit(&[1.0, -1.0], Some(Task::Regression)).unwrap();
    assert_eq!(
        (encoding.guess(), encoding.encode("t", &[1.0, -1.0]).unwrap()),
        (None, Targets::Values(vec![1.0, -1.0]))
    );
    assert_eq!(fit(&[0.25, -7.5, 0.25], Some(Task::Classification)).unwrap(), labels(&[-7.5, 0.25]));
    // Numbers that f32 does not tell apart.
    let large = fit(&[16_777_217.0, 16_777_216.0], Some(Task::Classification)).unwrap();
    assert_eq!(large.encode("t", &[16_777_217.0]).unwrap(), Targets::Labels { labels: vec![1], classes: 2 });
}

#[test]
fn what_is_no_classification_is_said() {
    let message = |numbers: &[f64], task| fit(numbers, task).unwrap_err().to_string();
    let one = message(&[1.0; 3], None);
    assert!(one.contains("every target is 1: one class only") && one.contains("--task regression"), "{one}");
    assert!(message(&[0.5; 3], Some(Task::Classification)).ends_with("one class only, and a classification needs two"));
    assert_eq!(fit(&[1.0; 3], Some(Task::Regression)).unwrap(), TargetEncoding::NUMBERS);
    assert!(message(&counted(65_537, 1), Some(Task::Classification)).contains("more than 65536 different targets"));
    assert!(TargetEncoding::names(vec!["yes".into()]).unwrap_err().contains("every target is \"yes\": one class"));
}

#[test]
fn other_files_have_the_same_classes_or_are_refused() {
    let known = labels(&[-1.0, 0.0, 1.0]);
    let again = fit(&[1.0, 1.0], TargetOptions::Known(known.clone())).unwrap();
    assert_eq!(again, known);
    let encoded = again.encode("t", &[-0.0, 1.0, -1.0]).unwrap();
    assert_eq!(encoded, Targets::Labels { labels: vec![1, 2, 0], classes: 3 });
    let message = |number| again.encode("t", &[0.0, number]).unwrap_err().to_string();
    assert_eq!(message(2.5), "dataset t: row 1: 2.5 is none of the classes -1, 0, 1");
    assert_eq!(message(f64::NAN), "dataset t: row 1: target is NaN");
    let many = fit(&counted(12, 1), Some(Task::Classification)).unwrap();
    assert!(many.encode("t", &[12.0]).unwrap_err().to_string().ends_with("classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"));
    let named = TargetEncoding::names(vec!["1".into(), "a".into()]).unwrap();
    assert_eq!(named.encode("t", &[1.0]).unwrap(), Targets::Labels { labels: vec![0], classes: 2 });
    assert!(named.code(2.0).unwrap_err().contains("\"2\" is none of the classes \"1\", \"a\""));
}

#[test]
fn an_encoding_survives_json_and_a_bad_one_does_not() {
    for encoding in [
        TargetEncoding::NUMBERS,
        labels(&[1.0, 16_777_217.0, 1e300]),
        TargetEncoding::names(vec!["a".into(), "b".into()]).unwrap(),
    ] {
        let text = serde_json::to_string(&encoding).unwrap();
        assert_eq!(serde_json::from_str::<TargetEncoding>(&text).unwrap(), encoding, "{text}");
    }
    for bad in [
        "{\"labels\":[]}",
        "{\"labels\":[1]}",
        "{\"labels\":[1,1]}",
        "{\"labels\":[2,1]}",
        "{\"names\":[\"b\",\"a\"]}",
        "{\"names\":[]}",
    ] {
        assert!(serde_json::from_str::<TargetEncoding>(bad).unwrap_err().to_string().contains("at least two"), "{bad}");
    }
}

#[test]
fn classes_are_called_what_the_file_calls_them() {
    let named = |classes: &[f64]| {
        let data = Dataset::new("t", vec![0.0; 2], 1, Targets::Labels { labels: vec![0, 1], classes: 2 }).unwrap();
        data.encoded_by(&labels(classes)).unwrap().class_names().map(<[String]>::to_vec)
    };
    assert_eq!(named(&[0.0, 1.0]), None);
    assert_eq!(named(&[-1.0, 1.0]).unwrap(), ["-1", "1"]);
}
