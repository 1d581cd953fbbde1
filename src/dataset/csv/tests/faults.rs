//! What is refused, by name, and what is told.

use super::*;

#[test]
fn hostile_files_are_named_errors() {
    let last = CsvOptions::default();
    let named = target(CsvColumn::Name("z".into()));
    let header = |header| CsvOptions { header: Some(header), ..CsvOptions::default() };
    let many: String = (0..1001).map(|i| format!("t{i},{i}\n")).collect();
    let cases: [(&[u8], CsvOptions, &str); 23] = [
        (b"", last.clone(), "t.csv: the file is empty"),
        (b"\r\n \n", last.clone(), "the file is empty"),
        (b"a\n1\n", last.clone(), "1 column; a feature and a target are needed"),
        (b"a,b\n", last.clone(), "column names, but no data record"),
        (b"a,b\n1,2\n3\n", last.clone(), "line 3: 1 fields, but the first record has 2"),
        (b"1,2\n3,4,5\n", last.clone(), "line 2: 3 fields, but the first record has 2"),
        (
            b"a,b\r\n\r\n1,2\r\n\r\nx,3\r\n",
            last.clone(),
            "line 5: column 1 of 2 (\"a\"): \"x\" is not a number, as those before",
        ),
        (b"x,1\ny,2\n3,2\n", last.clone(), "line 3: column 1 of 2: \"3\" is a number, those before it are not"),
        (b"1,2\n3,nan", last.clone(), "line 2: column 2 of 2: the target is missing"),
        (b"1,inf\n", last.clone(), "line 1: column 2 of 2: \"inf\" is not a finite"),
        (b",2\n3,4", last.clone(), "line 1: column 1 of 2: the value is missing"),
        (b"1,2\n3,\"\"", last.clone(), "line 2: column 2 of 2: the target is missing"),
        (b"1,2\n3,\"4\n5,6\n", last.clone(), "line 2: a quote that is opened here is never closed"),
        (b"1,2\n3,\"4\n5\"\n", last.clone(), "line 2: column 2 of 2: \"4\\n5\" is not a number"),
        (b"\"a\nb\",c\n1,2\n3,x", last.clone(), "line 4: column 2 of 2 (\"c\"): \"x\""),
        (b"x\xff,1\n", last.clone(), "\"x\u{fffd}\" is not UTF-8 text"),
        (b"a,b\n1,2", header(false), "line 2: column 1 of 2: \"1\" is a number, those before it are not"),
        (b"1,2\n3,4", named.clone(), "the first record has no names"),
        (b"a,b\n3,4", named.clone(), "no column \"z\" among the 2: \"a\", \"b\""),
        (b"z,z\n3,4", named, "several columns named \"z\""),
        (b"1,2", target(CsvColumn::Index(2)), "target column 2 (counted from 0), but there are 2 columns"),
        (b"1,2\n3,4", CsvOptions { ignored: vec![CsvColumn::First], ..last.clone() }, "no column is left as a feature"),
        (many.as_bytes(), last, "line 1001: column 1 of 2: more than 1000 different texts"),
    ];
    for (text, options, expected) in cases {
        let message = read(text, &options).unwrap_err().to_string();
        assert!(message.starts_with("d/t.csv") && message.contains(expected), "{message:?} lacks {expected:?}");
    }
}

#[test]
fn texts_that_are_nearly_numbers_are_refused_by_name() {
    let column = |values: &[&str], delimiter: char| -> String {
        let rows = values.iter().enumerate().map(|(i, value)| format!("\"{value}\"{delimiter}{i}.5\n"));
        format!("price{delimiter}y\n{}", rows.collect::<String>())
    };
    let cases: [(&[&str], char, &str); 10] = [
        (
            &["1,288", "0,066", "-1,092"],
            ';',
            "line 2: column 1 of 2 (\"price\"): \"1,288\" looks like a number with a decimal comma: read",
        ),
        (
            &["3", "1,5", "2"],
            ';',
            "\"1,5\" is not a number, as those before it are; it looks like a number with a decimal comma",
        ),
        (&["1,5", "3"], ';', "\"1,5\" in line 2 looks like a number with a decimal comma"),
        (&["1,234", "999", "2,345"], ',', "\"1,234\" in line 2 looks like a number with thousands separators"),
        (&["1,234", "1,999"], ',', "looks like a number with thousands separators: take them out, as 2 of 2 texts do"),
        (&["$5", "$7.50", "free"], ',', "looks like an amount with its currency"),
        (&["5%", "7.5 %"], ',', "with a percent sign"),
        (&["2018-01-28", "2018-01-29"], ',', "looks like a date or time"),
        (&["1/28/2018", "1/29/2018", "unknown"], ',', "looks like a date or time"),
        (&["(5)", "-", "(7)"], ',', "looks like a negative number"),
    ];
    for (values, delimiter, expected) in cases {
        let text = column(values, delimiter);
        let message = read(text.as_bytes(), &CsvOptions::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?}: {message}");
        // As it does of a target.
        let message = read(text.as_bytes(), &target(CsvColumn::First)).unwrap_err().to_string();
        assert!(message.contains("column 1 of 2"), "{text:?}: {message}");
    }
    let listed = CsvOptions { categorical: vec![CsvColumn::First], ..CsvOptions::default() };
    assert_eq!(read(column(&["5%", "7.5 %"], ',').as_bytes(), &listed).unwrap().features(), 2);
    let dates: String =
        (0..2000).map(|i| format!("{}-{:02}-{:02},{i}.5\n", 2000 + i / 336, 1 + i / 28 % 12, 1 + i % 28)).collect();
    assert!(read(dates.as_bytes(), &CsvOptions::default()).unwrap_err().to_string().contains("looks like a date"));
    let units: String = (0..30).map(|i| format!("{i} kg,{i}.5\n")).collect();
    assert!(read(units.as_bytes(), &CsvOptions::default()).unwrap_err().to_string().contains("its unit"));
    assert_eq!(read(b"2WD,1.5\n4WD,2\n2WD,3\n", &CsvOptions::default()).unwrap().features(), 2);
}

#[test]
fn guesses_are_told_and_the_training_file_decides_for_others() {
    let letters = b"p,x,x\ne,b,s\np,x,s\n";
    let mut file = open(letters, &target(CsvColumn::First)).unwrap();
    assert_eq!((file.rows(), file.guesses().len()), (3, 1));
    assert!(
        file.guesses()[0].contains("taken for data") && file.guesses()[0].contains("--header yes"),
        "{:?}",
        file.guesses()
    );
    let encoding = file.fit(&|_| true).unwrap();
    // Of its own this would be a header.
    let like = |text: &'static [u8], encoding| {
        CsvFile::new(Path::new("t"), Cursor::new(text), CsvEncoding::options(encoding), Some(encoding))
    };
    let few = like(b"e,x,s\np,b,x\n", &encoding).unwrap();
    assert_eq!((few.rows(), few.guesses().len()), (2, 0));
    let mut named = open(b"kind,a,b\np,x,x\ne,b,s\n", &target(CsvColumn::First)).unwrap();
    assert!(named.guesses()[0].contains("taken for column names"));
    let encoding = named.fit(&|_| true).unwrap();
    assert_eq!(like(b"kind,a,b\nb,kind,a\n", &encoding).unwrap().rows(), 1);
    assert_eq!(like(b"e,x,s\np,b,x\n", &encoding).unwrap().rows(), 2);
    assert!(open(b"a,b\n1,2.5\n", &CsvOptions::default()).unwrap().guesses().is_empty());
    let stated = CsvOptions { header: Some(false), ..target(CsvColumn::First) };
    assert!(open(letters, &stated).unwrap().guesses().is_empty());
}

#[test]
fn an_encoding_that_contradicts_itself_is_refused() {
    let mut file = open(b"a,y\nu,1\nv,2\n", &CsvOptions::default()).unwrap();
    let json = serde_json::to_string(&file.fit(&|_| true).unwrap()).unwrap();
    for (good, bad) in [(r#"["u","v"]"#, r#"["v","u"]"#), (r#""fill":null"#, r#""fill":2"#), (r#"["u","v"]"#, "[]")] {
        assert!(json.contains(good), "{json}");
        let error = serde_json::from_str::<CsvEncoding>(&json.replace(good, bad)).unwrap_err();
        assert!(error.to_string().contains("sorted levels"), "{error}");
    }
}

#[test]
fn identifiers_are_refused_and_many_levels_told() {
    let rows = |n: usize, levels: usize| -> String { (0..n).map(|i| format!("id{},{i}.5\n", i % levels)).collect() };
    let told = |text: &str, categorical: Vec<CsvColumn>| {
        let mut file = open(text.as_bytes(), &CsvOptions { categorical, ..CsvOptions::default() })?;
        file.fit(&|_| true)?;
        file.fit(&|_| true)?;
        Ok::<_, DataError>(file.guesses().to_vec())
    };
    let message = told(&rows(40, 37), vec![]).unwrap_err().to_string();
    assert!(message.contains("column 1 of 2: 37 different texts in 40 training rows, an identifier"), "{message}");
    assert!(message.contains("(--ignore)") && message.contains("--categorical"), "{message}");
    assert!(told(&rows(40, 40), vec![CsvColumn::First]).unwrap().is_empty());
    let guesses = told(&rows(40, 30), vec![]).unwrap();
    assert!(
        guesses.len() == 1 && guesses[0].contains("30 different texts in 40 rows become a feature each"),
        "{guesses:?}"
    );
    // Few, however few rows there are.
    for (n, levels) in [(10, 10), (40, 20), (60, 29)] {
        assert_eq!(told(&rows(n, levels), vec![]).unwrap(), [""; 0], "{n} {levels}");
    }
    let names = |task| read(rows(40, 40).as_bytes(), &CsvOptions { task, ..target(CsvColumn::First) });
    assert!(names(None).unwrap_err().to_string().contains("hardly classes"));
    assert_eq!(names(Some(Task::Classification)).unwrap().targets().classes(), Some(40));
}

#[test]
fn names_that_are_no_utf8_and_zero_bytes_are_told() {
    let options = CsvOptions::default();
    let file = open(b"gr\xf6\xdfe,b,y\n1,2,3\n", &options).unwrap();
    assert!(
        file.guesses()[0].contains("no UTF-8") && file.guesses()[0].contains("of column 1"),
        "{:?}",
        file.guesses()
    );
    let message = read(b"a,y\n1,2\n1\x00,3\n", &options).unwrap_err().to_string();
    assert!(message.contains("line 3: a zero byte"), "{message}");
}
