//! Texts that are dates or times.

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Whether numbers and words are those of a date or a time.
pub(super) fn is_date(text: &str) -> bool {
    if is_part_of_year(text.trim()) {
        return true;
    }
    let word = |c: char| c.is_ascii_alphabetic();
    let (mut numbers, mut between, mut months) = (vec![], vec![], 0);
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = |is: &dyn Fn(char) -> bool| rest.find(|c: char| !is(c)).unwrap_or(rest.len());
        let end = if first.is_ascii_digit() {
            let end = length(&|c| c.is_ascii_digit());
            numbers.push(&rest[..end]);
            end
        } else if word(first) {
            let end = length(&word);
            let lower = rest[..end].to_ascii_lowercase();
            let is_name = |names: &[&str]| lower.len() >= 3 && names.iter().any(|name| lower.starts_with(name));
            match lower.as_str() {
                "t" | "z" | "am" | "pm" | "utc" | "gmt" | "st" | "nd" | "rd" | "th" | "a" | "p" | "m" => {}
                _ if is_name(&MONTHS) && lower.len() <= 9 => months += 1,
                _ if is_name(&WEEKDAYS) && lower.ends_with("day") | (lower.len() == 3) => {}
                _ => return false,
            }
            between.push('a');
            end
        } else if matches!(first, '-' | '/' | '.' | ':' | ',' | '+' | ' ' | '\'') {
            between.push(first);
            1
        } else {
            return false;
        };
        rest = &rest[end..];
    }
    let n = |i: usize| numbers.get(i).and_then(|text: &&str| text.parse::<u32>().ok()).unwrap_or(u32::MAX);
    let digits = |i: usize| numbers.get(i).map_or(0, |text: &&str| text.len());
    if months > 0 {
        return months == 1 && (1..=7).contains(&numbers.len()) && n(0) < 10_000;
    }
    let same = between.len() >= 2 && between[0] == between[1];
    let separator = between.first().is_some_and(|c| matches!(c, '-' | '/' | '.'));
    let (month, day) = (|x: u32| (1..=12).contains(&x), |x: u32| (1..=31).contains(&x));
    if numbers.len() >= 3 && separator && same {
        let year_first = digits(0) == 4 && month(n(1)) && day(n(2));
        let year_last = matches!(digits(2), 2 | 4) && digits(0) <= 2 && digits(1) <= 2;
        return year_first || year_last && day(n(0)) && day(n(1)) && (month(n(0)) || month(n(1)));
    }
    match (numbers.len(), between.as_slice()) {
        (2, ['-' | '/']) => {
            let month_of_year = |m, y| (1000..2200).contains(&n(y)) && digits(y) == 4 && digits(m) == 2 && month(n(m));
            month_of_year(1, 0) || month_of_year(0, 1)
        }
        (2..=4, [':', ..]) => digits(1) == 2 && n(1) < 60 && digits(0) <= 3,
        _ => false,
    }
}

/// Whether it is a year with a week, a quarter or a day of the year: `2020W07`, `2020-W07-1`, `2020Q1`, `Q1 2020`, `2020-123`.
fn is_part_of_year(text: &str) -> bool {
    let is_year = |text: &str| text.len() == 4 && text.parse().is_ok_and(|year: u32| (1000..2200).contains(&year));
    let is_part = |text: &str| {
        let digits = text.get(1..).unwrap_or_default();
        let Ok(n) = digits.replace('-', "").parse::<u32>() else { return false };
        match (text.as_bytes().first(), digits.len()) {
            (Some(b'Q' | b'q'), 1) => (1..=4).contains(&n),
            (Some(b'W' | b'w'), 1 | 2) => (1..=53).contains(&n),
            (Some(b'W' | b'w'), 3 | 4) => (11..=537).contains(&n),
            _ => false,
        }
    };
    let separators = [' ', '-', '/'];
    let after = |rest: &str| {
        let day = rest.strip_prefix('-').filter(|day| day.len() == 3).and_then(|day| day.parse::<u32>().ok());
        is_part(rest.trim_start_matches(separators)) || day.is_some_and(|day| (1..=366).contains(&day))
    };
    let year_first = text.get(..4).is_some_and(is_year) && text.get(4..).is_some_and(after);
    let at = text.len().saturating_sub(4);
    let last = |head: &str| head.ends_with(separators) && is_part(head.trim_end_matches(separators));
    year_first || text.get(at..).is_some_and(is_year) && text.get(..at).is_some_and(last)
}
