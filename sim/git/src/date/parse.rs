//! Dates as `GIT_AUTHOR_DATE` accepts them: raw, ISO 8601, RFC 2822 and their mixtures.

use super::{Civil, Clock, MONTHS, WEEKDAYS, minutes_to_zone};
use crate::bytes::parse_number;

/// What was understood so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub year: Option<i64>,
    pub month: Option<i64>,
    pub day: Option<i64>,
    pub hour: Option<i64>,
    pub minute: Option<i64>,
    pub second: Option<i64>,
    /// Minutes east of Greenwich.
    pub offset: Option<i32>,
    /// The whole instant, given as seconds.
    pub instant: Option<i64>,
}

/// Names of zones Git knows, hours east of Greenwich.
const ZONES: [(&str, i32); 24] = [
    ("IDLW", -12),
    ("NT", -11),
    ("CAT", -10),
    ("HST", -10),
    ("HDT", -9),
    ("YST", -9),
    ("YDT", -8),
    ("PST", -8),
    ("PDT", -7),
    ("MST", -7),
    ("MDT", -6),
    ("CST", -6),
    ("CDT", -5),
    ("EST", -5),
    ("EDT", -4),
    ("AST", -4),
    ("ADT", -3),
    ("WAT", -1),
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("CET", 1),
    ("CEST", 2),
    ("JST", 9),
];

/// Seconds since the epoch and zone (`+0130` is 130); `None`: not a date.
pub fn parse_strict(text: &[u8], clock: &Clock) -> Option<(i64, i32)> {
    if let Some(raw) = text.strip_prefix(b"@")
        && let Some(date) = parse_raw(raw)
    {
        return Some(date);
    }
    let mut fields = Fields::default();
    let mut at = 0;
    while at < text.len() && text[at] != b'\n' {
        let rest = &text[at..];
        let used = match rest[0] {
            byte if byte.is_ascii_alphabetic() => fields.word(rest),
            byte if byte.is_ascii_digit() => fields.number(rest),
            b'-' | b'+' if fields.hour.is_some() && rest.get(1).is_some_and(u8::is_ascii_digit) => fields.zone(rest),
            _ => 1,
        };
        at += used.max(1);
    }
    let local = fields.civil_seconds()?;
    let minutes = match fields.offset {
        Some(minutes) => minutes,
        None if fields.instant.is_some() => clock.zone.offset_minutes(local),
        None => {
            let guess = clock.zone.offset_minutes(local);
            clock.zone.offset_minutes(local - i64::from(guess) * 60)
        }
    };
    let seconds = match fields.instant {
        Some(seconds) => seconds,
        None => local - i64::from(minutes) * 60,
    };
    (seconds >= 0).then(|| (seconds, minutes_to_zone(minutes)))
}

/// `1112911993 -0700`.
fn parse_raw(text: &[u8]) -> Option<(i64, i32)> {
    let (seconds, zone) = crate::bytes::split_once(text, b' ')?;
    let seconds = parse_number(seconds)?;
    if zone.len() != 5 || !matches!(zone[0], b'+' | b'-') {
        return None;
    }
    let value: i32 = parse_number(&zone[1..])?;
    Some((seconds, if zone[0] == b'-' { -value } else { value }))
}

/// How long the word at the start of `text` is, where it is a beginning of `name` (any case); else 0.
pub(super) fn match_word(text: &[u8], name: &str) -> usize {
    let word = text.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let same = text
        .iter()
        .zip(name.bytes())
        .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
        .count();
    if same == word.min(same.max(1)) && same >= word {
        word
    } else {
        0
    }
}

pub(super) fn word_len(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_alphabetic()).count()
}

impl Fields {
    fn civil_seconds(&self) -> Option<i64> {
        if let Some(instant) = self.instant {
            return Some(instant);
        }
        let civil = Civil {
            year: self.year?,
            month: self.month?,
            day: self.day?,
            hour: self.hour?,
            minute: self.minute?,
            second: self.second?,
        };
        (1970..2100).contains(&civil.year).then(|| civil.to_seconds())
    }

    fn word(&mut self, text: &[u8]) -> usize {
        for (at, name) in MONTHS.iter().enumerate() {
            let matched = match_word(text, name);
            if matched >= 3 {
                self.month = Some(at as i64 + 1);
                return matched;
            }
        }
        for name in WEEKDAYS {
            let matched = match_word(text, name);
            if matched >= 3 {
                return matched;
            }
        }
        for (name, hours) in ZONES {
            let matched = match_word(text, name);
            if matched >= 3 || matched == name.len() {
                self.offset.get_or_insert(hours * 60);
                return matched;
            }
        }
        if match_word(text, "PM") == 2 {
            self.hour = Some(self.hour.unwrap_or(0) % 12 + 12);
            return 2;
        }
        if match_word(text, "AM") == 2 {
            self.hour = Some(self.hour.unwrap_or(0) % 12);
            return 2;
        }
        if text[0] == b'T' && text.get(1).is_some_and(u8::is_ascii_digit) && self.hour.is_none() {
            self.minute = Some(0);
            self.second = Some(0);
            return 1;
        }
        word_len(text)
    }

    pub(super) fn no_date(&self) -> bool {
        self.year.is_none() && self.month.is_none() && self.day.is_none() && self.hour.is_none()
    }

    pub(super) fn number(&mut self, text: &[u8]) -> usize {
        let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
        let Some(number) = parse_number::<i64>(&text[..digits]) else {
            return digits;
        };
        if number >= 100_000_000 && self.no_date() && self.instant.is_none() {
            self.instant = Some(number);
            let civil = Civil::from_seconds(number);
            self.hour = Some(civil.hour);
            return digits;
        }
        if let Some(separator @ (b':' | b'.' | b'/' | b'-')) = text.get(digits)
            && text.get(digits + 1).is_some_and(u8::is_ascii_digit)
            && let Some(used) = self.several(number, *separator, text, digits)
        {
            return used;
        }
        self.alone(number, digits, &text[..digits]);
        digits
    }

    /// A number that stands alone.
    fn alone(&mut self, number: i64, digits: usize, text: &[u8]) {
        if digits == 8 && self.no_date() {
            let part = |range: core::ops::Range<usize>| parse_number::<i64>(&text[range]).unwrap_or(0);
            self.set_date(part(0..4), part(4..6), part(6..8));
            return;
        }
        if digits == 6 && self.hour.is_none() && self.year.is_some() {
            self.hour = Some(number / 10_000);
            self.minute = Some(number / 100 % 100);
            self.second = Some(number % 100);
            return;
        }
        if digits == 4 {
            if number <= 1400 && self.offset.is_none() && self.hour.is_some() && self.year.is_some() {
                self.offset = Some((number / 100 * 60 + number % 100) as i32);
            } else if (1901..2100).contains(&number) {
                self.year = Some(number);
            }
            return;
        }
        if digits > 2 {
            return;
        }
        if (1..32).contains(&number) && self.day.is_none() {
            self.day = Some(number);
        } else if digits == 2 && self.year.is_none() && number < 10 && self.day.is_some() {
            self.year = Some(2000 + number);
        } else if digits == 2 && self.year.is_none() && number >= 70 {
            self.year = Some(1900 + number);
        } else if (1..13).contains(&number) && self.month.is_none() {
            self.month = Some(number);
        }
    }

    /// `12:34:56`, `2005-04-07`, `4/7/05`, `7.4.2005`.
    fn several(&mut self, first: i64, separator: u8, text: &[u8], digits: usize) -> Option<usize> {
        let take = |from: usize| {
            let len = text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
            (parse_number::<i64>(&text[from..from + len]).unwrap_or(-1), from + len)
        };
        let (second, mut end) = take(digits + 1);
        let mut third = -1;
        if text.get(end) == Some(&separator) && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
            (third, end) = take(end + 1);
        }
        if separator == b':' {
            let third = third.max(0);
            if first >= 25 || !(0..60).contains(&second) || third > 60 {
                return None;
            }
            (self.hour, self.minute, self.second) = (Some(first), Some(second), Some(third));
            if text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_digit) && self.year.is_some()
            {
                end = take(end + 1).1;
            }
            return Some(end);
        }
        let understood = first > 70 && (self.set_date(first, second, third) || self.set_date(first, third, second))
            || separator != b'.' && self.set_date(third, first, second)
            || self.set_date(third, second, first)
            || separator == b'.' && self.set_date(third, first, second);
        understood.then_some(end)
    }

    fn set_date(&mut self, year: i64, month: i64, day: i64) -> bool {
        if !(1..13).contains(&month) || !(1..32).contains(&day) {
            return false;
        }
        let year = match year {
            -1 => None,
            1970..2100 => Some(year),
            71..100 => Some(1900 + year),
            0..38 => Some(2000 + year),
            _ => return false,
        };
        if year.is_some() {
            self.year = year;
        }
        (self.month, self.day) = (Some(month), Some(day));
        true
    }

    /// `+0130`, `-08:00`.
    pub(super) fn zone(&mut self, text: &[u8]) -> usize {
        let digits = text[1..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = 1 + digits;
        let number: i32 = parse_number(&text[1..end]).unwrap_or(9999);
        let (hours, minutes) = match digits {
            1 | 2 if text.get(end) == Some(&b':') => {
                let more = text[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
                let minutes = parse_number(&text[end + 1..end + 1 + more]).unwrap_or(0);
                end += 1 + more;
                (number, minutes)
            }
            1 | 2 => (number, 0),
            4 => (number / 100, number % 100),
            _ => (99, 99),
        };
        if minutes < 60 && hours < 24 {
            let total = hours * 60 + minutes;
            self.offset = Some(if text[0] == b'-' { -total } else { total });
        }
        end
    }
}
