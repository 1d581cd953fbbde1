//! Texts that people read as numbers or dates.

use super::dates::is_date;

/// As what a text looks like a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// `1,5`, or `1,234` where fields are not separated by commas.
    DecimalComma,
    /// `1,234,567`, `1 234`, `1'234`, `1.234,5`
    Thousands,
    /// `$5`, `5 EUR`
    Currency,
    /// `5 %`
    Percent,
    /// `(5)` and `5-` for −5, or a minus sign that is none of ASCII
    Minus,
    /// `2018-01-28`, `28.1.2018 12:30`, `Jan 28, 2018`, `12:30`
    Date,
    /// `5 kg`, `1.2M`
    Unit,
    /// `0x1f`
    Hexadecimal,
    /// `'5'`
    Quoted,
    /// `1.5` where numbers have a comma
    DecimalPoint,
}

impl Look {
    /// What it is, and what to do about it.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::DecimalComma => {
                "a number with a decimal comma: read the file with --decimal-comma, or take commas between thousands out"
            }
            Self::Thousands => "a number with thousands separators: take them out",
            Self::Currency => "an amount with its currency: take the currency out",
            Self::Percent => "a number with a percent sign: take the sign out",
            Self::Minus => "a negative number: write it with a - in front",
            Self::Date => {
                "a date or time: make numbers of it, such as days since the first, or month and weekday as columns"
            }
            Self::Unit => "a number with its unit: take the unit out",
            Self::Hexadecimal => "a hexadecimal number: write it as a decimal one",
            Self::Quoted => "a number in quotes: take these quotes out",
            Self::DecimalPoint => {
                "a number with a point: read the file without --decimal-comma, or take points between thousands out"
            }
        }
    }
}

/// Letters of currencies; other letters after a number are units.
const CURRENCIES: [&str; 24] = [
    "usd", "eur", "gbp", "chf", "jpy", "inr", "cny", "rmb", "cad", "aud", "brl", "sek", "nok", "dkk", "pln", "czk",
    "huf", "rub", "kr", "zł", "rs", "rp", "r$", "euro",
];
/// As what `text`, which is no number, looks like one; `None` for other texts.
pub(super) fn look(text: &str, decimal_comma: bool, delimiter: u8) -> Option<Look> {
    if text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if is_date(text) {
        return Some(Look::Date);
    }
    if let Some(look) = notation(text.trim()) {
        return Some(look);
    }
    let is_sign = |c: char| matches!(c, '+' | '-' | '\u{2212}' | '\u{2013}');
    let (mut rest, mut look) = (text.trim(), None);
    if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        (rest, look) = (inner.trim(), Some(Look::Minus));
    }
    rest = rest.trim_start_matches(is_sign).trim();
    if let Some(number) = rest.strip_suffix('-') {
        (rest, look) = (number.trim(), Some(Look::Minus));
    }
    if text.contains(['\u{2212}', '\u{2013}']) {
        look = Some(Look::Minus);
    }
    if let Some(number) = rest.strip_suffix(['%', '\u{2030}']) {
        (rest, look) = (number.trim(), Some(Look::Percent));
    }
    // What stands around the digits.
    let digits = |c: char| c.is_ascii_digit();
    let start = rest.find(|c: char| digits(c) || matches!(c, '.' | ',') || is_sign(c))?;
    let end = rest.rfind(|c: char| digits(c) || matches!(c, '.' | ','))? + 1;
    if start >= end {
        return None;
    }
    let (before, after) = (rest[..start].trim().to_lowercase(), rest[end..].trim().to_lowercase());
    let is_currency = |text: &str| {
        let symbol = |c: char| matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}' | '\u{e3f}');
        CURRENCIES.contains(&text.trim_end_matches('.')) || text.chars().any(symbol) && text.chars().count() < 4
    };
    match (before.as_str(), after.as_str()) {
        ("", "") => {}
        (sign, "") | ("", sign) if is_currency(sign) => look = Some(Look::Currency),
        ("", unit)
            if unit.chars().count() < 8
                && unit.chars().all(|c| c.is_alphabetic() || matches!(c, '/' | '\u{b0}' | '\u{b2}' | '\u{b3}')) =>
        {
            look = Some(Look::Unit);
        }
        _ => return None,
    }
    let number = rest[start..end].trim_start_matches(is_sign).trim();
    let plain = |text: &str| text.parse::<f64>().is_ok();
    let shape = if plain(number) {
        // A point that may be one of thousands.
        decimal_comma.then_some(Look::DecimalPoint).filter(|_| number.contains('.'))
    } else {
        Some(separated(number, decimal_comma, delimiter)?)
    };
    // What can be read by a flag is said first.
    if shape == Some(Look::DecimalComma) { shape } else { look.or(shape) }
}

/// Of numbers in another notation than the decimal one, or in quotes that are none of CSV.
fn notation(text: &str) -> Option<Look> {
    let inner = ["'", "\"", "`"].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let inner = inner.or_else(|| text.strip_prefix('\u{2018}')?.strip_suffix('\u{2019}'));
    let inner = inner.or_else(|| text.strip_prefix('\u{201c}')?.strip_suffix('\u{201d}'));
    // Excel's texts that look like numbers: ="5"
    let inner = inner.or_else(|| text.strip_prefix("=\"")?.strip_suffix('"'));
    if inner.is_some_and(|inner| inner.trim().parse::<f64>().is_ok()) {
        return Some(Look::Quoted);
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(Look::Hexadecimal)
}

/// Of digits with separators.
fn separated(number: &str, decimal_comma: bool, delimiter: u8) -> Option<Look> {
    let is_separator =
        |c: char| matches!(c, ',' | '.' | ' ' | '\'' | '_' | '\u{2019}' | '\u{a0}' | '\u{2009}' | '\u{202f}');
    let parts: Vec<&str> = number.split(is_separator).collect();
    if !parts.iter().flat_map(|part| part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let separators: Vec<char> = number.chars().filter(|&c| is_separator(c)).collect();
    let grouped =
        |parts: &[&str]| (1..=3).contains(&parts[0].len()) && parts[1..].iter().all(|part| matches!(part.len(), 2 | 3));
    match separators[..] {
        [','] if delimiter == b',' && grouped(&parts) && parts[1].len() == 3 && parts[0] != "0" => {
            Some(Look::Thousands)
        }
        [','] if decimal_comma => None,
        [','] => Some(Look::DecimalComma),
        // The last may be the point of decimals.
        [.., a, b] if a != b && grouped(&parts[..parts.len() - 1]) => Some(Look::Thousands),
        [first, ..] if separators.iter().all(|&c| c == first) && grouped(&parts) => Some(Look::Thousands),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_as_numbers_is_recognized() {
        let cases: [(Look, &[&str]); 9] = [
            (Look::DecimalComma, &["1,5", "-0,765", "1,288", "12,5 %", "0,5 EUR"]),
            (
                Look::Thousands,
                &[
                    "1,234,567",
                    "1 234",
                    "1'234.5",
                    "1.234,56",
                    "1,234.56",
                    "12\u{a0}345",
                    "1_000",
                    "1,23,456",
                    "1.234.567",
                ],
            ),
            (Look::Currency, &["$5", "$1,234.50", "5 EUR", "\u{20ac}5.20", "-$5", "($5)", "R$ 5", "USD 12.5", "12 kr"]),
            (Look::Percent, &["5%", "12.5 %", "-3%", "\u{2212}3 %"]),
            (Look::Minus, &["(5)", "5-", "\u{2212}5", "\u{2013}0.5"]),
            (
                Look::Date,
                &[
                    "2018-01-28",
                    "2018/1/28",
                    "28.01.2018",
                    "1/28/2018",
                    "28/1/18",
                    "2018-01-28 12:30:00",
                    "2018-01-28T12:30:00.5Z",
                    "2018-01-28T12:30:00+02:00",
                    "12:30",
                    "12:30:15",
                    "1:05 PM",
                    "Jan 28, 2018",
                    "28-Jan-2018",
                    "28 January 2018",
                    "Jan-18",
                    "Sun, 28 Jan 2018",
                    "2018-01",
                    "January 1st, 2018",
                    "02/2018",
                    "2020W07",
                    "2020-W07-1",
                    "2020Q1",
                    "Q1 2020",
                    "2020-123",
                ],
            ),
            (Look::Hexadecimal, &["0x1f", "0XAB12"]),
            (Look::Quoted, &["'5'", "\"1.5\"", "\u{2018}-3\u{2019}", "=\"12\""]),
            (Look::Unit, &["5 kg", "12.5cm", "1.2M", "23.4 kmpl", "70\u{b0}F"]),
        ];
        for (expected, texts) in cases {
            for text in texts {
                assert_eq!(look(text, false, b';'), Some(expected), "{text:?}");
            }
        }
        assert_eq!(look("1,234", false, b','), Some(Look::Thousands));
        assert_eq!(look("1.5", true, b';'), Some(Look::DecimalPoint));
        assert_eq!(look("0,234", false, b','), Some(Look::DecimalComma));
        assert_eq!(
            (look("1.234", true, b';'), look("1.234,5", true, b';')),
            (Some(Look::DecimalPoint), Some(Look::Thousands))
        );
    }

    #[test]
    fn categories_are_left_alone() {
        let texts = [
            "red",
            "18-25",
            "65+",
            "<10",
            ">=50",
            "A1",
            "B-52",
            "1st",
            "x1",
            "2018-19",
            "10.0.0.1",
            "1.2.3",
            "3-4",
            "may",
            "march",
            "",
            "-",
            "Room 5",
            "5 of 6",
            "v1.2",
            "12345-6789",
            "555-1234",
            "1/2",
            "C:1",
            "0x",
            "'a'",
            "W12",
            "Q1",
            "1234-567",
        ];
        for text in texts {
            let found = look(text, false, b',');
            assert!(found.is_none() || found == Some(Look::Unit), "{text:?} {found:?}");
        }
    }
}
