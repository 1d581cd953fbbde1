use super::super::input::noise;
use super::*;
use crate::Targets;
use crate::dataset::{RowStream, Task};
use std::fs;
use std::io::Cursor;

fn width(features: Option<usize>) -> SvmlightOptions {
    SvmlightOptions { features, ..SvmlightOptions::default() }
}

/// The three ways in agree on what is in a file, and on what is wrong with it.
fn streamed(text: &[u8], options: &SvmlightOptions) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.svm");
    fs::write(&path, text).unwrap();
    let stream = RowStream::svmlight(&path, options).and_then(|mut rows| rows.read_all());
    match (stream, read_svmlight_sparse(&path, options)) {
        (Ok(stream), Ok(whole)) => assert!(stream == whole),
        (Err(stream), Err(whole)) => assert_eq!(stream.to_string(), whole.to_string()),
        (stream, whole) => panic!("{stream:?} and {whole:?}"),
    }
}

fn read(text: &[u8], options: &SvmlightOptions) -> Result<Dataset, DataError> {
    let path = Path::new("d/t.svm");
    let (dense, sparse) = (parse(path, Cursor::new(text), options), parse(path, Cursor::new(text), options));
    let sparse = sparse.and_then(|rows| rows.into_sparse(path, options));
    let dense = dense.and_then(|rows| rows.into_dense(path, options))?;
    // Written zeros are kept by the sparse form.
    assert!(sparse?.into_dense()? == dense);
    Ok(dense)
}

#[test]
fn fills_in_zeros_and_skips_comments() {
    let text = b"# head\n+1 1:0.5 3:-2e0 # tail 9:9\r\n\n-1\n  \t\n1\t2:7";
    let data = read(text, &width(None)).unwrap();
    assert_eq!((data.name(), data.rows(), data.features()), ("t.svm", 3, 3));
    assert_eq!(data.inputs(), [0.5, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 7.0, 0.0]);
    assert_eq!(data.targets(), &Targets::Labels { labels: vec![1, 0, 1], classes: 2 });
    assert_eq!(read(text, &width(Some(5))).unwrap().row(0), [0.5, 0.0, -2.0, 0.0, 0.0]);
    streamed(text, &width(None));
    streamed(text, &width(Some(5)));
    let marked = ["\u{feff}".as_bytes(), b"1 1:2\r\n0 2:3\r\n"].concat();
    assert_eq!(read(&marked, &width(None)).unwrap().inputs(), [2.0, 0.0, 0.0, 3.0]);
    streamed(&marked, &width(None));
    assert_eq!(read(b"0.5 1:1", &width(None)).unwrap().targets(), &Targets::Values(vec![0.5]));
}

#[test]
fn hostile_files_are_named_errors() {
    let cases: [(&[u8], Option<usize>, &str); 24] = [
        (b"", None, "t.svm: 0 rows of 0 features"),
        (b"# nothing\n\n", Some(3), "0 rows of 3 features"),
        (b"1\n0\n", None, "2 rows of 0 features"),
        (b"1 1:1\n1 0:5", None, "line 2: \"0:5\": indices start at 1"),
        (b"1 2:1 2:1", None, "line 1: index 2 is there twice"),
        (b"1 1:1\n1 3:1 2:1 1:5 3:2", None, "line 2: index 3 is there twice"),
        (b"\n\n1 4:1", Some(3), "line 3: index 4 is above 3, the last of 3 features, as the model"),
        (b"1 qid:7 1:", None, "index 1: the value is missing"),
        (b"1 -1:1", None, "\"-1:1\": the index is not a number from 1 to 4294967295"),
        (b"1 4294967296:1", None, "the index is not a number from 1 to 4294967295"),
        (b"1 1", None, "line 1: \"1\" is not index:value"),
        (b"1 1:", None, "index 1: the value is missing"),
        (b"1 1:2:3", None, "index 1: \"2:3\" is not a number"),
        (b"1 1:nan", None, "index 1: \"nan\" is not a finite f32"),
        (b"1,2 1:1", None, "label: \"1,2\" is not a number"),
        (b"inf 1:1", None, "line 1: label: \"inf\" is not a finite f32"),
        (b"NaN 1:1", None, "label: \"NaN\" is not a finite f32"),
        (b"1 1:1\n1 1:-inf", None, "line 2: index 1: \"-inf\" is not a finite f32"),
        (b"1 1:1e39", None, "index 1: \"1e39\" is not a finite f32"),
        (b"0 1:1\n1 2:", Some(2), "line 2: index 2: the value is missing"),
        (b"1 \xff\xfe:1", None, "the index is not a number"),
        (b"1 2000000000:1", None, "1 rows × 2000000000 features for only 1 values"),
        (b"1 4294967295:1", None, "exceed the limit of 2147483648 values"),
        (b"1 1:1\n1 1:1", Some(usize::MAX), "exceed the limit of 2147483648 values"),
    ];
    for (text, features, expected) in cases {
        streamed(text, &width(features));
        let message = read(text, &width(features)).unwrap_err().to_string();
        assert!(message.starts_with("d/t.svm") && message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn wide_files_are_read_without_their_zeros() {
    let read = |text: &[u8], features| {
        let (path, options) = (Path::new("t.svm"), width(features));
        parse(path, Cursor::new(text), &options).and_then(|rows| rows.into_sparse(path, &options))
    };
    assert_eq!(read(b"1 2:1 1000000:3\n0\n", None).unwrap().csr().unwrap().row(0).0, [1, 999_999]);
    for (text, features, expected) in [
        (
            &b"1 2000000000:1"[..],
            None,
            "2000000000 features for only 1 values; give the number of features (--features 2000000000) if",
        ),
        (b"1 1:1", Some(usize::MAX), "features exceed the limit of 2^32"),
        (b"1 3:1 3:1", None, "index 3 is there twice"),
        (b"1", None, "1 rows of 0 features"),
    ] {
        let message = read(text, features).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
    assert_eq!(read(b"1 2000000000:1\n0", Some(2_000_000_000)).unwrap().features(), 2_000_000_000);
}

/// Of scikit-learn, XGBoost, LightGBM, ranking data, and those who do not sort.
#[test]
fn dialects_are_the_same_table() {
    let plain = read(b"0 1:1 3:3\n1 2:2 3:4\n", &width(None)).unwrap();
    for (text, zero_based) in [
        (&b"0 0:1 2:3\n1 1:2 2:4\n"[..], true),
        (b"0 3:3 1:1\n1 3:4 2:2\n", false),
        (b"0 qid:1 1:1 3:3 # a:b\n+1 qid:2 3:4 2:2#", false),
        (b"0 2:3 0:1\n1 2:4 1:2\n", true),
    ] {
        let options = SvmlightOptions { zero_based, ..width(None) };
        assert!(read(text, &options).unwrap() == plain, "{text:?}");
        streamed(text, &options);
    }
    let zero_based = SvmlightOptions { zero_based: true, ..width(Some(3)) };
    let message = read(b"0 0:1 3:3\n1 1:1", &zero_based).unwrap_err().to_string();
    assert!(message.contains("line 1: index 3 is above 2, the last of 3 features"), "{message}");
    let message = read(b"0 5:1 0:3 5:1", &SvmlightOptions { zero_based: true, ..width(None) }).unwrap_err().to_string();
    assert!(message.contains("line 1: index 5 is there twice"), "{message}");
}

#[test]
fn an_index_zero_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.svm");
    for (text, found) in [
        (&b"0 1:0\n0 2:1 0:5\n"[..], true),
        (b"0 0:5", true),
        (b"0 1:0 # 0:1\n0:1 1:1\n\n0 10:0\n", false),
        (b"\n", false),
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(has_index_zero(&path).unwrap(), found, "{text:?}");
    }
    assert!(has_index_zero(&folder.path().join("none")).is_err());
}

#[test]
fn labels_keep_their_meaning() {
    let train = b"1 1:1\n2 1:2\n2 1:3\n";
    let data = read(train, &width(None)).unwrap();
    assert_eq!(data.targets(), &Targets::Labels { labels: vec![0, 1, 1], classes: 2 });
    assert_eq!(data.class_names().unwrap(), ["1", "2"]);
    let known = TargetOptions::Known(data.target_encoding().unwrap().clone());
    let known = SvmlightOptions { targets: known, ..width(Some(1)) };
    assert_eq!(read(b"2 1:1", &known).unwrap().targets(), &Targets::Labels { labels: vec![1], classes: 2 });
    for unknown in [&b"1 1:1\n-1 1:2"[..], b"1 1:1\n0 1:2"] {
        let message = read(unknown, &known).unwrap_err().to_string();
        assert!(message.contains("row 1: ") && message.contains("is none of the classes 1, 2"), "{message}");
    }
    let message = read(b"1 1:1\n1 1:2\n", &width(None)).unwrap_err().to_string();
    assert!(message.contains("t.svm: every target is 1: one class only"), "{message}");
    streamed(b"1 1:1\n1 1:2\n", &width(None));
    let numbers = SvmlightOptions { targets: TargetOptions::Task(Task::Regression), ..width(None) };
    assert_eq!(read(train, &numbers).unwrap().targets(), &Targets::Values(vec![1.0, 2.0, 2.0]));
    streamed(train, &known);
    streamed(train, &numbers);
}

#[test]
fn random_text_never_panics() {
    let mut state = 2;
    for _ in 0..1000 {
        let length = noise(&mut state);
        let random: Vec<u8> = (0..length).map(|_| noise(&mut state)).collect();
        let _ = read(&random, &width(None));
        // The format's own alphabet reaches deeper than random bytes do.
        let text: Vec<u8> = random.iter().map(|&byte| b"0123:: \n-.e#qidna"[usize::from(byte) % 17]).collect();
        let _ = read(&text, &width(Some(8)));
        let _ = read(&text, &SvmlightOptions { zero_based: true, ..width(None) });
        streamed(&text, &width(None));
    }
}

#[test]
fn packed_files_and_utf16_are_the_same_rows() {
    let text = "1 1:2 4:-1\n-1 2:0.5 # gr\u{fc}n\n";
    let plain = read(text.as_bytes(), &width(None)).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
    let little = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [encoder.finish().unwrap(), little] {
        streamed(&bytes, &width(None));
        assert!(read(&bytes, &width(None)).unwrap() == plain);
    }
    let message = read(b"PK\x03\x04", &width(None)).unwrap_err().to_string();
    assert!(message.contains("a zip archive or an Excel workbook: unpack it"), "{message}");
}
