use super::super::input::noise;
use super::archive::Archive;
use super::*;
use crate::Targets;
use crate::dataset::Task;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

/// A file as NumPy writes it.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    header += &" ".repeat(64 - (10 + header.len() + 1) % 64);
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn read(x: &[u8], y: &[u8]) -> Result<Dataset, DataError> {
    read_as(x, y, &TargetOptions::Guess)
}

fn read_as(x: &[u8], y: &[u8], options: &TargetOptions) -> Result<Dataset, DataError> {
    table("x.npy", NpyArray::open(Path::new("d/x.npy"), x)?, NpyArray::open(Path::new("d/y.npy"), y)?, options)
}

fn npz(members: &[(&str, &[u8])], compressed: bool) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(vec![]));
    let method = if compressed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn unzip_as(bytes: &[u8], options: &NpzOptions) -> Result<(Dataset, Option<Dataset>), DataError> {
    Archive::open(Path::new("d/a.npz"), Cursor::new(bytes))?.read(options)
}

fn unzip(bytes: &[u8]) -> Result<Dataset, DataError> {
    unzip_as(bytes, &NpzOptions::default()).map(|(data, _)| data)
}

#[test]
fn every_type_order_and_shape_is_the_same_table() {
    macro_rules! bytes {
        ($t:ty, $to:ident) => {
            [1, 2, 3, 4, 5, 6].iter().flat_map(|&x| (x as $t).$to()).collect::<Vec<u8>>()
        };
    }
    let y = npy("<i8", false, "(3,)", &[0i64, 2, 2].map(i64::to_le_bytes).concat());
    let halves = [0x3c00u16, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600];
    let cases = [
        ("<f2", halves.map(u16::to_le_bytes).concat()),
        (">f2", halves.map(u16::to_be_bytes).concat()),
        ("|i1", bytes!(i8, to_le_bytes)),
        ("|u1", bytes!(u8, to_le_bytes)),
        ("<i2", bytes!(i16, to_le_bytes)),
        (">u2", bytes!(u16, to_be_bytes)),
        (">i4", bytes!(i32, to_be_bytes)),
        ("<u4", bytes!(u32, to_le_bytes)),
        ("<i8", bytes!(i64, to_le_bytes)),
        (">u8", bytes!(u64, to_be_bytes)),
        ("<f4", bytes!(f32, to_le_bytes)),
        (">f4", bytes!(f32, to_be_bytes)),
        ("<f8", bytes!(f64, to_le_bytes)),
        (">f8", bytes!(f64, to_be_bytes)),
    ];
    for (descr, data) in cases {
        // The last two as NumPy under Python 2 wrote them.
        for shape in ["(3, 2)", "(3, 1, 2)", "(3,2)", "(3L, 2L)", "(3L,2L,)"] {
            let data = read(&npy(descr, false, shape, &data), &y).unwrap();
            assert_eq!(data.inputs(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "{descr} {shape}");
            assert_eq!((data.name(), data.rows(), data.features()), ("x.npy", 3, 2));
            assert_eq!(data.targets(), &Targets::Labels { labels: vec![0, 1, 1], classes: 2 });
        }
        let data = read(&npy(descr, true, "(3, 2)", &data), &y).unwrap();
        assert_eq!(data.inputs(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], "{descr}");
    }
    let column = npy("<f8", true, "(3, 1)", &[0.1f64, 1e-60, 3.0].map(f64::to_le_bytes).concat());
    let data = read(&column, &column).unwrap();
    assert_eq!((data.inputs(), data.targets()), (&[0.1, 0.0, 3.0][..], &Targets::Values(vec![0.1, 0.0, 3.0])));
    let flags = npy("|b1", false, "(3,)", &[0, 1, 1]);
    assert_eq!(read(&flags, &flags).unwrap().targets(), &Targets::Labels { labels: vec![0, 1, 1], classes: 2 });
    // Format 2 has a longer length.
    let two = [b"\x93NUMPY\x02\x00", &column[8..10], &[0, 0], &column[10..]].concat();
    assert_eq!(read(&two, &two).unwrap(), data);
}

#[test]
fn an_archive_is_its_two_arrays() {
    let x = npy("<f4", false, "(2, 2)", &floats(&[1.0, 2.0, 3.0, 4.0]));
    let y = npy("<f4", false, "(2,)", &floats(&[0.5, 1.5]));
    for compressed in [false, true] {
        let data = unzip(&npz(&[("other.npy", b"?"), ("y.npy", &y), ("X.npy", &x)], compressed)).unwrap();
        assert_eq!((data.name(), data.inputs()), ("a.npz", &[1.0, 2.0, 3.0, 4.0][..]));
        assert_eq!(data.targets(), &Targets::Values(vec![0.5, 1.5]));
    }
    let message = |members: &[(&str, &[u8])]| unzip(&npz(members, true)).unwrap_err().to_string();
    let error = message(&[("X.npy", &x), ("quality.npy", &y)]);
    assert!(error.contains("no array of targets with a usual name (y, Y, targets, "), "{error}");
    assert!(error.ends_with("name it with --targets-array; the archive has \"X\", \"quality\""), "{error}");
    let error = message(&[("X.npy", &x), ("arr_0.npy", &x), ("y.npy", &y)]);
    assert!(
        error.contains("X, arr_0 may all be inputs; name the right one with --inputs-array; the archive"),
        "{error}"
    );
    assert!(message(&[("X.npy", &x), ("y.npy", &x)]).contains("targets of shape [2, 2] for 2 rows"));
    assert!(message(&[("X.npy", b"no"), ("y.npy", &y)]).starts_with("d/a.npz/X.npy, byte 2: the data ends at least 6"));
    // 128 MiB of zeros in 128 KiB.
    let bomb = npy("|u1", false, "(134217728, 1)", &vec![0; 1 << 27]);
    assert!(message(&[("X.npy", &bomb), ("y.npy", &y)]).contains("X.npy unpacks to more than 500 times its size"));
    assert!(unzip(b"PK no").unwrap_err().to_string().contains("not a zip archive"));
}

/// As `np.float16` has them, by bits.
#[test]
fn halves_are_exact() {
    let bits = [0x0000u16, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3555, 0xbc00, 0x7bff, 0x7800, 0x5bff];
    let x = npy("<f2", false, "(10,)", &bits.map(u16::to_le_bytes).concat());
    let data = read_as(&x, &x, &TargetOptions::Task(Task::Regression)).unwrap();
    let unit = 2f32.powi(-24);
    let wanted = [0.0, -0.0, unit, 1023.0 * unit, 1024.0 * unit, 0.333_251_95, -1.0, 65504.0, 32768.0, 255.875f32];
    assert_eq!(data.inputs().iter().map(|x| x.to_bits()).collect::<Vec<_>>(), wanted.map(f32::to_bits));
    assert_eq!(data.targets(), &Targets::Values(wanted.to_vec()));
    for (bits, shown) in [(0x7c00u16, "inf"), (0xfc00, "-inf"), (0x7e01, "NaN")] {
        let y = npy("<f2", false, "(2,)", &[0, bits].map(u16::to_le_bytes).concat());
        let message = read(&y, &npy("|u1", false, "(2,)", &[0, 1])).unwrap_err().to_string();
        assert!(message.contains(&format!("input is {shown}")), "{message}");
    }
}

#[test]
fn archives_of_other_names_and_with_a_validation_part() {
    let x = npy("<f4", false, "(2, 1)", &floats(&[1.0, 2.0]));
    let (y, z) = (npy("|u1", false, "(2,)", &[5, 7]), npy("|u1", false, "(2,)", &[7, 6]));
    let read = |members: &[(&str, &[u8])], options: &NpzOptions| unzip_as(&npz(members, true), options);
    let usual = NpzOptions { targets: TargetOptions::Task(Task::Classification), ..NpzOptions::default() };
    for [inputs, targets] in [["arr_0", "arr_1"], ["x_train", "y_train"], ["data", "target"]] {
        let members = [(&*format!("{inputs}.npy"), &x[..]), (&*format!("{targets}.npy"), &y[..])];
        let (data, validation) = read(&members, &usual).unwrap();
        assert_eq!(
            (data.inputs(), data.class_names().unwrap()),
            (&[1.0, 2.0][..], &["5".to_owned(), "7".to_owned()][..])
        );
        assert!(validation.is_none());
    }
    let keras: [(&str, &[u8]); 4] = [("x_train.npy", &x), ("y_train.npy", &y), ("x_test.npy", &x), ("y_test.npy", &z)];
    let (training, validation) = read(&keras, &usual).unwrap();
    assert_eq!(training.targets(), &Targets::Labels { labels: vec![0, 2], classes: 3 });
    let validation = validation.unwrap();
    assert_eq!(validation.targets(), &Targets::Labels { labels: vec![2, 1], classes: 3 });
    assert_eq!(validation.name(), "a.npz/x_test");
    let named = |inputs: &str, targets: &str| NpzOptions {
        inputs_array: Some(inputs.into()),
        targets_array: Some(targets.into()),
        ..usual.clone()
    };
    let (data, none) = read(&keras, &named("x_test", "y_test")).unwrap();
    assert_eq!((data.targets().classes(), none.is_none()), (Some(2), true));
    let message = read(&keras, &named("x_test", "z")).unwrap_err().to_string();
    assert!(
        message.ends_with("no array \"z\"; the archive has \"x_test\", \"x_train\", \"y_test\", \"y_train\""),
        "{message}"
    );
    let wide = npy("<f4", false, "(2, 2)", &floats(&[1.0; 4]));
    let keras = [keras[0], keras[1], ("x_val.npy", &wide[..]), ("y_val.npy", &z[..])];
    let message = read(&keras, &usual).unwrap_err().to_string();
    assert!(message.contains("a.npz/x_val: 2 features, but a.npz has 1"), "{message}");
}

#[test]
fn hostile_files_are_named_errors() {
    let good = npy("<f4", false, "(2,)", &floats(&[1.0, 2.0]));
    let with = |descr, shape| npy(descr, false, shape, &floats(&[1.0, 2.0]));
    let mut long = good.clone();
    long.push(0);
    let mut deep = b"\x93NUMPY\x01\x00\xe8\x03".to_vec();
    deep.extend([b'('; 1000]);
    let cases = [
        (vec![], "x.npy, byte 0: the data ends at least 8 bytes early"),
        (b"\x93NUMPX\x01\x00..".to_vec(), "byte 0: no .npy file"),
        (b"\x93NUMPY\x09\x00..".to_vec(), "byte 0: no .npy file of format 1 to 3"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "a header of 4294967295 bytes"),
        (deep, "byte 10: the header is not understood: recursion limit"),
        (good[..40].to_vec(), "byte 40: the data ends"),
        (good[..good.len() - 1].to_vec(), "the data ends at least 1 bytes early"),
        (long, "more data than the header promises"),
        (with("<c8", "(2,)"), "elements of type \"<c8\"; numbers are needed: save them with"),
        (with("|O", "(2,)"), "elements of type"),
        (with("<f16", "(2,)"), "elements of type"),
        (with("<U4", "(2,)"), "texts as their place among np.unique"),
        (with("<f4", "(L,)"), "the header is not understood"),
        (with("<f4", "(2LL,)"), "the header is not understood"),
        (with("[f4", "(2,)"), "elements of type"),
        (with("<f4", "()"), "shape []; rows are needed"),
        (with("<f4", "(0, 3)"), "shape [0, 3]; rows are needed, with 1 to 2147483648 elements"),
        (with("<f4", "(2, -1)"), "the header is not understood"),
        (with("<f4", "(4294967296, 4294967296)"), "rows are needed, with 1 to"),
        (with("<f4", "(99999999999999999999999,)"), "the header is not understood"),
        (with("<f4", "(2000000000,)"), "the data ends at least"),
        (with("<f4", "2"), "the header is not understood"),
        (npy("<f4", true, "(1, 1, 2)", &floats(&[1.0, 2.0])), "Fortran order of more than two dimensions"),
        (npy("<f4", false, "(2,)", &floats(&[1.0, f32::NAN])), "row 1, feature 0: input is NaN"),
        (npy("<f8", false, "(2,)", &[1.0, 1e40].map(f64::to_le_bytes).concat()), "input is inf"),
    ];
    for (bytes, expected) in cases {
        let message = read(&bytes, &good).unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
    }
    let message = read(&good, &npy("<f4", false, "(1, 2)", &floats(&[1.0, 2.0]))).unwrap_err().to_string();
    assert!(message.contains("targets of shape [1, 2] for 2 rows"), "{message}");
}

#[test]
fn changed_files_never_panic() {
    let x = npy("<f4", false, "(3, 2)", &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let y = npy(">i2", false, "(3,)", &[0, 1, 0, 2, 0, 3]);
    let files = [x.clone(), npz(&[("X.npy", &x), ("y.npy", &y)], false), npz(&[("X.npy", &x), ("y.npy", &y)], true)];
    let mut state = 5;
    for round in 0..6000 {
        let mut bytes = files[round % 3].clone();
        for _ in 0..1 + round % 4 {
            let at = (usize::from(noise(&mut state)) << 8 | usize::from(noise(&mut state))) % bytes.len();
            bytes[at] ^= 1 << (noise(&mut state) % 8);
        }
        if round % 5 == 0 {
            bytes.truncate(bytes.len() * usize::from(noise(&mut state)) / 256);
        }
        if round % 3 == 0 {
            let _ = read(&bytes, &y);
            let _ = read(&x, &bytes);
        } else {
            let _ = unzip(&bytes);
        }
    }
}

#[test]
fn packed_arrays_are_read_and_others_named() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let packed = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let (x, y) = (
        npy("<f8", false, "(2, 1)", &[0.1f64, 2.0].map(f64::to_le_bytes).concat()),
        npy("|u1", false, "(2,)", &[3, 9]),
    );
    let plain = read(&x, &y).unwrap();
    let (x_gz, y_gz) = (written("x.npy", &packed(&x)), written("y.npy", &packed(&y)));
    let data = read_npy_pair(&x_gz, &y_gz, &TargetOptions::Guess).unwrap();
    assert_eq!((data.inputs(), data.targets()), (plain.inputs(), plain.targets()));
    assert_eq!((npy_memory(&x_gz).unwrap(), data.bytes()), (16, 28));
    let message = read_npz(&x_gz, &NpzOptions::default()).unwrap_err().to_string();
    assert!(message.contains("not a zip archive: it is compressed by gzip"), "{message}");
    let archive = written("a.npy", &npz(&[("X.npy", &x), ("y.npy", &y)], false));
    let message = read_npy_inputs(&archive).unwrap_err().to_string();
    assert!(message.contains("it is a zip archive"), "{message}");
}

#[test]
fn parts_are_for_validation_or_for_tests() {
    let (x, y) = (npy("<f4", false, "(2, 1)", &floats(&[1.0, 2.0])), npy("|u1", false, "(2,)", &[3, 9]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let parts = |names: &[&str], tests| {
        let arrays: Vec<(String, &[u8])> = names
            .iter()
            .map(|name| (format!("{name}.npy"), if name.to_lowercase().starts_with('x') { &x[..] } else { &y[..] }))
            .collect();
        let arrays: Vec<(&str, &[u8])> = arrays.iter().map(|(name, bytes)| (&name[..], *bytes)).collect();
        std::fs::write(&path, npz(&arrays, false)).unwrap();
        let options = NpzOptions { tests, ..NpzOptions::default() };
        let parts = npz_parts(&path, &options).unwrap();
        let other = read_npz(&path, &options).unwrap().1.map(|data| data.name().to_owned());
        assert_eq!(other, parts.other.as_ref().map(|other| format!("a.npz/{other}")));
        (parts.training, parts.other.unwrap_or_default(), [parts.left_out, parts.unknown].concat().join(" "))
    };
    let of = |training: &str, other: &str, left_out: &str| (training.to_owned(), other.to_owned(), left_out.to_owned());
    let all = ["x_train", "y_train", "x_val", "y_val", "x_test", "y_test"];
    assert_eq!(parts(&all, false), of("x_train", "x_val", "x_test"));
    assert_eq!(parts(&all, true), of("x_train", "x_test", "x_val"));
    assert_eq!(parts(&["X", "y", "X_test", "y_test"], false), of("X", "X_test", ""));
    // Without its targets it is none to validate on.
    assert_eq!(parts(&["X", "y", "X_test"], false), of("X", "", "X_test"));
    assert_eq!(parts(&["X", "y", "X_final", "y_final"], false), of("X", "", "X_final y_final"));
}
