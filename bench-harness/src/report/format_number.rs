//! How numbers are printed for people.

/// Six significant digits: `0.000123457`, `476.451`, `67234.0`; outside of 0.0001 to a million with an exponent, as C's `%#.6g`.
pub(crate) fn format_number(x: f64) -> String {
    digits(x, 6)
}

/// So many significant digits, up to 6, and all before the point; 0 is `0`.
pub(crate) fn digits(x: f64, n: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".into() } else { x.to_string() };
    }
    let scientific = format!("{x:.*e}", n - 1);
    let exponent: i32 = scientific.split_once('e').map_or(0, |(_, e)| e.parse().expect("formatted"));
    if !(-4..6).contains(&exponent) {
        return scientific;
    }
    format!("{x:.*}", (n as i32 - 1 - exponent).max(0) as usize)
}

/// A number that somebody chose, such as a learning rate: six significant digits without zeros at the end, `0.000316`.
pub(crate) fn format_setting(x: f64) -> String {
    let rounded: f64 = format!("{x:.5e}").parse().expect("formatted");
    if (1e-5..1e6).contains(&rounded.abs()) || rounded == 0.0 { rounded.to_string() } else { format!("{rounded:e}") }
}

/// A mean and how far single numbers are from it.
pub(crate) fn plus_minus(mean: f64, deviation: f64) -> String {
    format!("{} ± {}", format_number(mean), digits(deviation, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_digits_and_an_exponent_only_where_it_is_shorter() {
        let texts = [0.0, 1.5, -67_233.976_562, 999_999.6, 1e6, 0.000_123_456_7, 0.000_012_345_67, 20.1, f64::NAN]
            .map(format_number);
        let wanted =
            ["0", "1.50000", "-67234.0", "1.00000e6", "1.00000e6", "0.000123457", "1.23457e-5", "20.1000", "NaN"];
        assert_eq!(texts, wanted);
        assert_eq!([f64::INFINITY, -f64::INFINITY].map(format_number), ["inf", "-inf"]);
        assert_eq!(digits(0.017_48, 4), "0.01748");
        assert_eq!(digits(73.2, 2), "73");
        let settings = [0.000_316_000_000_000_000_04, 0.1, 1.0, 1000.0, 3.16e-6, 2e6, 0.0, 0.123_456_789, f64::NAN];
        let wanted = ["0.000316", "0.1", "1", "1000", "3.16e-6", "2e6", "0", "0.123457", "NaN"];
        assert_eq!(settings.map(format_setting), wanted);
        assert_eq!(plus_minus(404.0, 123.26), "404.000 ± 123");
    }
}
