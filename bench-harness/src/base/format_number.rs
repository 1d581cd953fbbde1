//! How numbers are printed for people.

use std::fmt::Display;

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

/// The factor and the SI prefix with which a number has one to three digits before the point.
fn prefix(x: f64) -> (f64, &'static str) {
    match x.abs() {
        x if x == 0.0 || !x.is_finite() => (1.0, ""),
        x if x < 1e-6 => (1e-9, "n"),
        x if x < 1e-3 => (1e-6, "µ"),
        x if x < 1.0 => (1e-3, "m"),
        x if x < 1e3 => (1.0, ""),
        x if x < 1e6 => (1e3, "k"),
        x if x < 1e9 => (1e6, "M"),
        _ => (1e9, "G"),
    }
}

/// Three digits, but no decimals that are zero and have no prefix: `42`, `1.50`.
fn scaled(x: f64, scale: f64) -> String {
    if !x.is_finite() {
        return "∞".into();
    }
    let (x, whole) = (x / scale, scale == 1.0 && (x - x.round()).abs() < 1e-9);
    let decimals = match x.abs() {
        _ if whole => 0,
        x if x < 9.995 => 2,
        x if x < 99.95 => 1,
        _ => 0,
    };
    format!("{x:.decimals$}")
}

/// Three digits and an SI prefix: `1.23k`.
pub(crate) fn si(x: f64) -> String {
    let (scale, prefix) = prefix(x);
    scaled(x, scale) + prefix
}

/// Three digits with an SI prefix and a unit: `12.3 ms`.
pub(crate) fn si_unit(x: f64, unit: &str) -> String {
    let (scale, prefix) = prefix(x);
    let space = if unit.is_empty() { "" } else { " " };
    format!("{}{space}{prefix}{unit}", scaled(x, scale))
}

/// The ends of an interval with the prefix of `x`: `[11.9, 12.8]`.
pub(crate) fn si_interval(x: f64, (low, high): (f64, f64)) -> String {
    let (scale, _) = prefix(x);
    format!("[{}, {}]", scaled(low, scale), scaled(high, scale))
}

/// A learning rate in seven characters: `0.00952`, `6.64e-5`.
pub(crate) fn format_rate(x: f64) -> String {
    let rounded: f64 = format!("{x:.2e}").parse().expect("formatted");
    if (1e-3..1e4).contains(&rounded) { rounded.to_string() } else { format!("{rounded:e}") }
}

/// An exponent: `0.52`, and no `-0.00`.
pub(crate) fn exponent(x: f64) -> String {
    format!("{:.2}", (100.0 * x).round() / 100.0 + 0.0)
}

/// So many of a thing: `1 step`, `2 steps`.
pub(crate) fn count(amount: impl Display, thing: &str) -> String {
    counted(amount, thing, &format!("{thing}s"))
}

/// What so many things do: `1 cell is`, `2 cells are`.
pub(crate) fn are(amount: impl Display, thing: &str) -> String {
    counted(amount, &format!("{thing} is"), &format!("{thing}s are"))
}

/// `one` where it is 1, else `more`.
pub(crate) fn counted(amount: impl Display, one: &str, more: &str) -> String {
    let amount = amount.to_string();
    let thing = if amount == "1" { one } else { more };
    format!("{amount} {thing}")
}

/// A number with its sign, and no `-0.0`: `+0.3`.
pub(crate) fn signed(x: f64, decimals: usize) -> String {
    let rounded: f64 = format!("{x:.decimals$}").parse().expect("formatted");
    format!("{:+.decimals$}", rounded + 0.0)
}

/// A p-value with three digits: `0.096`, `< 0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("{p:.3}") }
}

/// A share: `0.1 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", format_setting(100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_have_no_negative_zero() {
        assert_eq!([-0.001, 0.518, -0.25].map(exponent), ["0.00", "0.52", "-0.25"]);
        assert_eq!([-0.04, -0.06, 0.0, 0.31].map(|x| signed(x, 1)), ["+0.0", "-0.1", "+0.0", "+0.3"]);
    }

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([0, 1, 2].map(|n| count(n, "step")), ["0 steps", "1 step", "2 steps"]);
        assert_eq!([1, 2].map(|n| are(n, "cell")), ["1 cell is", "2 cells are"]);
        assert_eq!([1.0, 1000.0].map(|x| count(si(x), "sample")), ["1 sample", "1.00k samples"]);
    }

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
        let shown =
            [0.0, 1.23e-8, 0.0000123, 0.00123, 0.5, 7.0, 7.5, 42.0, 999.0, 1234.0, 56_789.0, 2_500_000.0].map(si);
        let wanted = ["0", "12.3n", "12.3µ", "1.23m", "500m", "7", "7.50", "42", "999", "1.23k", "56.8k", "2.50M"];
        assert_eq!(shown, wanted);
        assert_eq!([si_unit(0.0123, "s"), si_unit(1234.0, "")], ["12.3 ms", "1.23k"]);
        assert_eq!(si_interval(0.0123, (0.0119, f64::INFINITY)), "[11.9, ∞]");
        assert_eq!(si_interval(50.0, (48.0, 52.5)), "[48, 52.5]");
        assert_eq!(
            [0.009_517, 6.637e-5, 0.1, 12.0, 20_000.0].map(format_rate),
            ["0.00952", "6.64e-5", "0.1", "12", "2e4"]
        );
        assert_eq!([0.0, 0.000_999, 0.001, 0.0964].map(p_value), ["< 0.001", "< 0.001", "0.001", "0.096"]);
        assert_eq!([0.1, 0.001, 0.055].map(percent), ["10 %", "0.1 %", "5.5 %"]);
        assert_eq!(plus_minus(404.0, 123.26), "404.000 ± 123");
    }
}
