use super::*;

#[test]
fn bad_tables_are_refused() {
    let labels = |labels: &[u32], classes| Targets::Labels { labels: labels.to_vec(), classes };
    let probabilities = |values: &[f32], classes| Targets::Probabilities { values: values.to_vec(), classes };
    let cases = [
        (vec![], 1, labels(&[], 2), "0 rows of 1 features"),
        (vec![], 0, labels(&[0], 2), "1 rows of 0 features"),
        (vec![1.0; 5], 2, labels(&[0, 1], 2), "5 inputs do not fill 2 rows of 2 features"),
        (vec![1.0; 4], usize::MAX, labels(&[0, 1], 2), "4 inputs do not fill"),
        (vec![0.0, 1.0, 2.0, f32::NAN], 2, labels(&[0, 1], 2), "row 1, feature 1: input is NaN"),
        (vec![0.0; 2], 1, labels(&[0, 2], 2), "row 1: label 2, but there are 2 classes"),
        (vec![0.0], 1, Targets::Values(vec![f32::INFINITY]), "row 0: target is inf"),
        (vec![0.0], 1, probabilities(&[1.0], 0), "0 rows of 1 features"),
        (vec![0.0], 1, probabilities(&[0.5, 0.5, 1.0], 2), "3 probabilities do not fill rows of 2 classes"),
        (vec![0.0; 2], 1, probabilities(&[0.5, 0.5, 0.5, 0.4], 2), "row 1: the targets are no probabilities"),
        (vec![0.0], 1, probabilities(&[1.5, -0.5], 2), "row 0: the targets are no probabilities"),
        (vec![0.0], 1, probabilities(&[f32::NAN, 1.0], 2), "row 0: the targets are no probabilities"),
    ];
    for (inputs, features, targets, expected) in cases {
        let message = Dataset::new("t", inputs, features, targets).unwrap_err().to_string();
        assert!(message.starts_with("dataset t: ") && message.contains(expected), "{message}");
    }
}

#[test]
fn split_keeps_rows_classes_and_says_so_in_the_names() {
    let data =
        Dataset::new("t", vec![0.0, 1.0, 2.0], 1, Targets::Labels { labels: vec![0, 1, 4], classes: 5 }).unwrap();
    let (training, validation) = data.clone().split_at(2).unwrap();
    assert_eq!((training.name(), validation.name()), ("t[0..2]", "t[2..3]"));
    assert_eq!((training.inputs(), validation.row(0)), (&[0.0, 1.0][..], &[2.0][..]));
    assert_eq!(validation.targets(), &Targets::Labels { labels: vec![4], classes: 5 });
    for rows in [0, 3, 4] {
        let message = data.clone().split_at(rows).unwrap_err().to_string();
        assert!(message.contains(&format!("cannot split 3 rows at {rows}")), "{message}");
    }
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(data.feature_names().collect::<Vec<_>>(), ["x0"]);
    let named = data.clone().with_feature_names(names(&["age"])).unwrap();
    let named = named.with_class_names(names(&["a", "b", "c", "d", "e"])).unwrap();
    for part in [named.select(&[2, 0]), named.clone().split_at(1).unwrap().1] {
        assert_eq!((part.feature_name(0), part.class_names().unwrap().len()), ("age".into(), 5));
    }
    let fewer = Targets::Labels { labels: vec![0, 1, 2], classes: 3 };
    assert_eq!(named.clone().with_targets(fewer).unwrap().class_names(), None);
    assert!(named.clone().with_feature_names(vec![]).unwrap_err().to_string().contains("0 names for 1 features"));
    assert!(named.with_class_names(names(&["a"])).is_err());
    assert!(data.with_targets(Targets::Values(vec![1.0])).unwrap_err().to_string().contains("1 targets for 3 rows"));
}
