use super::*;
use crate::dataset::input::noise;
use crate::dataset::{Targets, Task};
use flate2::{Compression, write::GzEncoder};
use std::io::{Cursor, Write};

mod faults;

fn open<'a>(text: &'a [u8], options: &CsvOptions) -> Result<CsvFile<Cursor<&'a [u8]>>, DataError> {
    CsvFile::new(Path::new("d/t.csv"), Cursor::new(text), options, None)
}

fn read(text: &[u8], options: &CsvOptions) -> Result<Dataset, DataError> {
    let mut file = open(text, options)?;
    let encoding = file.fit(&|_| true)?;
    file.encode(&encoding)
}

fn target(target: CsvColumn) -> CsvOptions {
    CsvOptions { target, ..CsvOptions::default() }
}

fn filled(missing: Missing) -> CsvOptions {
    CsvOptions { missing, ..CsvOptions::default() }
}

#[test]
fn detects_delimiter_and_header() {
    let texts = [
        "a,\"b;;;\",y\n1,2,0\n3,4,1\n",
        "\u{feff}a;b;y\r\n1; 2;0\r\n\r\n3;4;1\r\n",
        "\n1\t2\t0\n3\t4\t1",
        "1,2,0\n\"3\",4,1\n",
    ];
    for text in texts {
        let data = read(text.as_bytes(), &CsvOptions::default()).unwrap();
        assert_eq!((data.name(), data.features(), data.inputs()), ("t.csv", 2, &[1.0, 2.0, 3.0, 4.0][..]));
        assert_eq!(data.targets(), &Targets::Labels { labels: vec![0, 1], classes: 2 });
    }
    let header = |text: &str| open(text.as_bytes(), &CsvOptions::default()).unwrap().names.is_some();
    assert!(header("colour,1990,y\nred,2,0\n") && header("a,b\nred,blue\n"));
    assert!(!header("red,1,0\nblue,2,1\n") && !header("?,a\nb,c\n"));
}

#[test]
fn any_column_can_be_the_target() {
    for column in [CsvColumn::First, CsvColumn::Index(0), CsvColumn::Name("y".into())] {
        let data = read(b"y,a,b\n0.5,1,2\n", &target(column)).unwrap();
        assert_eq!((data.inputs(), data.targets()), (&[1.0, 2.0][..], &Targets::Values(vec![0.5])));
        assert_eq!(data.feature_names().collect::<Vec<_>>(), ["a", "b"]);
    }
    let options = CsvOptions { header: Some(true), delimiter: Some(b' '), ..target(CsvColumn::Name("7".into())) };
    let targets = Targets::Labels { labels: vec![1, 0], classes: 2 };
    assert_eq!(read(b"6 7\n1 2\n1 0\n", &options).unwrap().targets(), &targets);
    let options = CsvOptions { ignored: vec![CsvColumn::Name("id".into())], ..CsvOptions::default() };
    assert_eq!(read(b"id,a,y\nq,1,2\nr,3,4\n", &options).unwrap().inputs(), [1.0, 3.0]);
}

#[test]
fn targets_are_what_the_task_needs() {
    let options = |task| CsvOptions { task, ..CsvOptions::default() };
    let as_task = |text: &str, task| read(text.as_bytes(), &options(task));
    let labels = |labels: &[u32], classes| Targets::Labels { labels: labels.to_vec(), classes };
    let text = "a,y\n1,1\n2,2\n3,2\n";
    let data = as_task(text, None).unwrap();
    assert_eq!((data.targets(), data.class_names().unwrap()), (&labels(&[0, 1, 1], 2), &["1".into(), "2".into()][..]));
    assert_eq!(as_task(text, Some(Task::Regression)).unwrap().targets(), &Targets::Values(vec![1.0, 2.0, 2.0]));
    let counts = "a,y\n1,631\n2,0\n3,77\n";
    assert_eq!(as_task(counts, None).unwrap().targets(), &Targets::Values(vec![631.0, 0.0, 77.0]));
    assert_eq!(as_task(counts, Some(Task::Classification)).unwrap().targets(), &labels(&[2, 0, 1], 3));
    let guess = open(counts.as_bytes(), &options(None)).unwrap().fit(&|_| true).unwrap();
    assert!(guess.target().guess().unwrap().contains("3 different whole numbers, are taken for numbers"));
    for (text, task, wanted) in [
        ("a,y\n1,yes\n2,yes\n", None, "column 2 of 2 (\"y\"): every target is \"yes\": one class only"),
        ("a,y\n1,7\n2,7\n", None, "column 2 of 2 (\"y\"): every target is 7: one class only"),
        ("a,y\n1,yes\n2,no\n", Some(Task::Regression), "text is no target of a regression"),
    ] {
        let message = as_task(text, task).unwrap_err().to_string();
        assert!(message.contains(wanted), "{message}");
    }
    // Another file is read by what the targets were in training.
    let encoding = open(text.as_bytes(), &options(None)).unwrap().fit(&|_| true).unwrap();
    let mut other = open(b"a,y\n1,2\n", &options(None)).unwrap();
    assert_eq!(other.encode(&encoding).unwrap().targets(), &labels(&[1], 2));
    let message = open(b"a,y\n1,2\n5,0\n", &options(None)).unwrap().encode(&encoding).unwrap_err().to_string();
    assert!(message.contains("line 3: column 2 of 2 (\"y\"): 0 is none of the classes 1, 2"), "{message}");
    // Of all rows, whatever is done with them.
    let labels = |text: &str, task| open(text.as_bytes(), &options(task)).unwrap().labels().unwrap();
    assert_eq!(labels(text, None), Some(vec![0, 1, 1]));
    assert_eq!((labels(text, Some(Task::Regression)), labels(counts, None)), (None, None));
    assert_eq!(labels("a,y\n1,no\n,yes\n?,no\n", None), Some(vec![0, 1, 0]));
}

#[test]
fn categories_are_one_hot_by_the_levels_of_the_training_rows() {
    let text = b"size,colour,kind\n1,red,B\n2, blue,A\n3,red,B\n4,green,C\n";
    let mut file = open(text, &CsvOptions::default()).unwrap();
    let encoding = file.fit(&|row| row < 3).unwrap();
    let data = file.encode(&encoding).unwrap();
    assert_eq!(data.feature_names().collect::<Vec<_>>(), ["size", "colour=blue", "colour=red"]);
    assert_eq!(data.inputs(), [1., 0., 1., 2., 1., 0., 3., 0., 1., 4., 0., 0.]);
    // Classes are those of all rows: a row of validation has one, too.
    assert_eq!(data.targets(), &Targets::Labels { labels: vec![1, 0, 1, 2], classes: 3 });
    assert_eq!(data.class_names().unwrap(), ["A", "B", "C"]);

    // Another file: other order, another column, no class C; and its own levels change nothing.
    let kept = serde_json::from_str(&serde_json::to_string(&encoding).unwrap()).unwrap();
    assert_eq!(encoding, kept);
    let mut other = open(b"kind,id,colour,size\nB,7,blue,5\nA,8,violet,6\n", kept.options()).unwrap();
    let data = other.encode(&kept).unwrap();
    assert_eq!(data.inputs(), [5., 1., 0., 6., 0., 0.]);
    assert_eq!(data.targets(), &Targets::Labels { labels: vec![1, 0], classes: 3 });
    let message = |text: &[u8]| open(text, kept.options()).unwrap().encode(&kept).unwrap_err().to_string();
    assert!(message(b"size,kind\n1,A\n").contains("no column \"colour\", which the training file has"));
    assert!(message(b"1,A\n2,B\n").contains("2 columns, but the training file has 3"));
    assert!(
        message(b"1,red,D\n").contains("line 1: column 3 of 3 (\"kind\"): \"D\" is none of the classes \"A\", \"B\"")
    );
    assert!(message(b"1,red,?\n").contains("the target is missing"));
    assert!(message(b"1,red,A\nbig,red,A\n").contains("line 2: column 1 of 3 (\"size\"): \"big\" is not a number"));

    let options = CsvOptions { unseen: Unseen::Refuse, ..CsvOptions::default() };
    let mut file = open(text, &options).unwrap();
    let encoding = file.fit(&|row| row < 3).unwrap();
    assert!(
        file.encode(&encoding)
            .unwrap_err()
            .to_string()
            .contains("line 5: column 2 of 3 (\"colour\"): no training row has \"green\"")
    );

    let options = CsvOptions { categorical: vec![CsvColumn::Index(0)], ..CsvOptions::default() };
    let data = read(b"10,1\n9,2.5\n10,3\n", &options).unwrap();
    assert_eq!(data.feature_names().collect::<Vec<_>>(), ["x0=10", "x0=9"]);
    assert_eq!(data.inputs(), [1., 0., 0., 1., 1., 0.]);
}

#[test]
fn a_line_of_tabs_alone_has_empty_fields() {
    let options = CsvOptions { delimiter: Some(b'\t'), ..filled(Missing::Mean) };
    let data = read(b"a\tb\ty\n1\t2\t3\n\t\t4\n3\t4\t5.5\n \n", &options).unwrap();
    assert_eq!((data.rows(), data.row(1)), (3, &[2.0, 3.0][..]));
}

#[test]
fn gaps_are_filled_from_the_training_rows() {
    let text = b"a,b,y\n1,u,1\n1,v,2\n2,v,3\n6,?,4\n,v,5.5\nNA,nan,6\n100,u,7\n";
    let gaps = |missing| {
        let mut file = open(text, &filled(missing)).unwrap();
        let encoding = file.fit(&|row| row < 6).unwrap();
        let data = file.encode(&encoding).unwrap();
        (data.row(4)[0], data.row(3)[1..].to_vec(), encoding.feature_names())
    };
    let v = vec![0.0, 1.0];
    let names = ["a", "b=u", "b=v"].map(String::from).to_vec();
    assert_eq!(gaps(Missing::Mean), (2.5, v.clone(), names.clone()));
    assert_eq!(gaps(Missing::Median), (1.5, v.clone(), names.clone()));
    assert_eq!(gaps(Missing::MostFrequent), (1.0, v, names));
    let names = ["a", "b=missing", "b=u", "b=v"].map(String::from).to_vec();
    assert_eq!(gaps(Missing::Constant(-1.0)), (-1.0, vec![1.0, 0.0, 0.0], names));
    // A file with gaps where the training had none is filled as well, but only if asked for.
    let mut file = open(b"1,2.5\n3,4\n", &filled(Missing::Mean)).unwrap();
    let encoding = file.fit(&|_| true).unwrap();
    assert_eq!(open(b"?,1\n", encoding.options()).unwrap().encode(&encoding).unwrap().inputs(), [2.0]);
    let message = read(b"1,2\n,3", &filled(Missing::Refuse)).unwrap_err().to_string();
    assert!(message.contains("line 2: column 1 of 2: the value is missing"), "{message}");
    let message = read(b"1,2\n2,?", &filled(Missing::Mean)).unwrap_err().to_string();
    assert!(message.contains("line 2: column 2 of 2: the target is missing"), "{message}");
    let message = read(b"?,2\n,3", &filled(Missing::Mean)).unwrap_err().to_string();
    assert!(message.contains("column 1 of 2: no value in the training rows"), "{message}");
    assert_eq!(read(b"?,2\n,3", &filled(Missing::Constant(0.5))).unwrap().inputs(), [0.5, 0.5]);
}

#[test]
fn what_is_no_plain_csv_is_read_all_the_same() {
    let plain = "a,b,y\n1,red,0.5\n2,blue,1.5\n3,red,2.5\n";
    let expected = read(plain.as_bytes(), &CsvOptions::default()).unwrap();
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut gzip = GzEncoder::new(vec![], Compression::default());
    gzip.write_all(plain.as_bytes()).unwrap();
    let blanks = plain.replace(',', " \t ").replace('\n', "  \n  ");
    let texts = [
        [b"\xff\xfe", &utf16[..]].concat(),
        gzip.finish().unwrap(),
        format!("{plain}   \n\n \t \n").into_bytes(),
        plain.replace("red", " \"red\" ").into_bytes(),
        plain.replace(',', ";").replace('\n', "\r").into_bytes(),
        format!("sep=|\r\n{}", plain.replace(',', "|")).into_bytes(),
        blanks.into_bytes(),
    ];
    for text in texts {
        let data = read(&text, &CsvOptions::default()).unwrap();
        assert!(data == expected, "{}", String::from_utf8_lossy(&text));
    }
    let comma = CsvOptions { decimal_comma: true, ..CsvOptions::default() };
    let decimal = plain.replace(',', ";").replace('.', ",");
    assert!(read(decimal.as_bytes(), &comma).unwrap() == expected);
}

#[test]
fn gaps_have_many_spellings() {
    for gap in [
        "", "?", "NA", "nan", "N/A", "null", "NULL", "None", "#N/A", "<NA>", "-", "--", ".", "unknown", "-999",
        "-999.0",
    ] {
        let missing_values = ["unknown", "-999"].map(String::from).to_vec();
        let options = CsvOptions { missing_values, ..filled(Missing::Mean) };
        for text in
            [format!("a,b,y\n{gap},u,0.5\n1,{gap},1\n3,u,2\n"), format!("a,b,y\n1,u,0.5\n3,u,1\n{gap},{gap},2\n")]
        {
            let text = if ["-", "--", "."].contains(&gap) {
                text.replace(&format!("1,{gap}"), "1,u").replace(&format!("{gap},{gap}"), &format!("{gap},u"))
            } else {
                text
            };
            let data = read(text.as_bytes(), &options).unwrap();
            assert_eq!(data.feature_names().collect::<Vec<_>>(), ["a", "b=u"], "{gap:?}");
            assert_eq!(data.inputs().iter().filter(|&&x| x == 2.0).count(), 1, "{gap:?}: {:?}", data.inputs());
            let refused = CsvOptions { missing: Missing::Refuse, ..options.clone() };
            let message = read(text.as_bytes(), &refused).unwrap_err().to_string();
            assert!(message.contains("the value is missing"), "{gap:?}: {message}");
        }
    }
    // Among texts a dash is one, and a class may be None.
    let data = read(b"a,y\n1,+\n2,-\n", &CsvOptions::default()).unwrap();
    assert_eq!(data.class_names().unwrap(), ["+", "-"]);
    let text = b"a,y\n1,None\n2,Severe\n";
    assert!(
        read(text, &CsvOptions::default())
            .unwrap_err()
            .to_string()
            .contains("line 2: column 2 of 2 (\"y\"): the target is missing")
    );
    let data = read(text, &CsvOptions { usual_missing_values: Some(false), ..CsvOptions::default() }).unwrap();
    assert_eq!(data.class_names().unwrap(), ["None", "Severe"]);
}

#[test]
fn random_text_never_panics() {
    let mut state = 3;
    for round in 0..2000 {
        let length = noise(&mut state);
        let random: Vec<u8> = (0..length).map(|_| noise(&mut state)).collect();
        let delimiter = Some(noise(&mut state));
        let _ = read(&random, &CsvOptions { delimiter, ..CsvOptions::default() });
        // The format's own alphabet reaches deeper than random bytes do.
        let text: Vec<u8> = random.iter().map(|&byte| b"01.,,,;\t\n\r\"-ab?"[usize::from(byte) % 15]).collect();
        let missing = [Missing::Refuse, Missing::Mean, Missing::Median, Missing::MostFrequent, Missing::Constant(0.0)];
        let options = filled(missing[round % 5]);
        let _ = read(&text, &options);
        let _ = read(&text, &CsvOptions { header: Some(true), ..target(CsvColumn::First) });
        // A good file with a few bytes changed, read as the good one.
        let good = b"a,colour,y\n1,red,0.5\n2,blue,1.5\n-3e2,red,2\n";
        let mut file = open(good, &options).unwrap();
        let encoding = file.fit(&|row| row > 0).unwrap();
        let mut bad = good.to_vec();
        for _ in 0..1 + round % 4 {
            let at = usize::from(noise(&mut state)) % bad.len();
            bad[at] ^= 1 << (noise(&mut state) % 8);
        }
        bad.truncate(bad.len() - usize::from(noise(&mut state)) % 8);
        let _ = read(&bad, &options);
        let _ = open(&bad, &options).and_then(|mut file| file.encode(&encoding));
    }
}

#[test]
fn a_declared_delimiter_is_no_record_beside_a_stated_one() {
    for (first, delimiter) in [("sep=;", b';'), ("SEP=;\r", b';'), ("\u{feff}sep=;", b';'), ("\"sep=;\"", b';')] {
        let text = format!("{first}\na;b;y\n1;2;3.5\n");
        let options = CsvOptions { delimiter: Some(delimiter), ..CsvOptions::default() };
        assert_eq!(read(text.as_bytes(), &options).unwrap().inputs(), [1.0, 2.0], "{first:?}");
    }
    let options = CsvOptions { delimiter: Some(b'='), header: Some(true), ..CsvOptions::default() };
    assert_eq!(read(b"sep=;\n1=2.5\n", &options).unwrap().inputs(), [1.0]);
}

#[test]
fn labels_are_spelled_as_in_the_file() {
    let mut file = open(b"1.5,007\n2,01.0\n3,7e0\n2.5,007\n1,01.0\n", &CsvOptions::default()).unwrap();
    let encoding = file.fit(&|_| true).unwrap();
    // 7 is written in two ways.
    assert_eq!(encoding.target().class_names().unwrap(), ["01.0", "7"]);
    assert_eq!(file.encode(&encoding).unwrap().class_names().unwrap(), ["01.0", "7"]);
    let kept = serde_json::to_string(&encoding).unwrap();
    let kept: CsvEncoding = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept, encoding);
    let mut other = open(b"1,1\n2,7\n", &CsvOptions::default()).unwrap();
    assert_eq!(other.encode(&kept).unwrap().targets(), &Targets::Labels { labels: vec![0, 1], classes: 2 });
    let message = open(b"1,2\n", &CsvOptions::default()).unwrap().encode(&kept).unwrap_err().to_string();
    assert!(message.contains("2 is none of the classes 01.0, 7"), "{message}");
}

#[test]
fn remarks_and_ends_of_lines_are_told_from_fields() {
    let message = |text: &str| read(text.as_bytes(), &CsvOptions::default()).unwrap_err().to_string();
    let remark = message("# from a sensor\na,b,y\n1,2,3\n4,5,6\n");
    assert!(
        remark.contains("line 1: 1 field, but the record after it has 3; take it out if it is a remark"),
        "{remark}"
    );
    assert!(message("a\n1\n").contains("1 column; a feature and a target are needed"));
    assert!(message("a,y,\n1,2,\n").contains("name another column (--target)"));
    assert!(message("a,y\n1,None\n").contains("(\"None\" stands for a gap; with --usual-missing no"));
    let mut codes = open(b"zip,y\n01234,1.5\n99999,2\n", &CsvOptions::default()).unwrap();
    codes.fit(&|_| true).unwrap();
    assert!(
        codes.guesses()[0].contains("such as \"01234\", are read as numbers: --categorical"),
        "{:?}",
        codes.guesses()
    );
}
