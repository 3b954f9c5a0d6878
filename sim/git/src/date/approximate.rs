//! `yesterday`, `2 days ago`, `last friday`, `noon`: Git's approximate dates.

use super::parse::{Fields, match_word, word_len};
use super::{Civil, Clock, MONTHS, WEEKDAYS, parse_strict};

const NUMBERS: [&str; 11] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];

const UNITS: [(&str, i64); 5] = [
    ("seconds", 1),
    ("minutes", 60),
    ("hours", 3600),
    ("days", 86_400),
    ("weeks", 7 * 86_400),
];

struct State {
    /// What is being built, in local time.
    time: Civil,
    /// The date was named (fields `parse` understood).
    fields: Fields,
    number: i64,
    touched: bool,
}

/// The instant a text means, seen from the clock's now, and whether anything was understood.
pub fn approximate(text: &[u8], clock: &Clock) -> (i64, bool) {
    if let Some((seconds, _)) = parse_strict(text, clock) {
        return (seconds, true);
    }
    let offset = i64::from(clock.zone.offset_minutes(clock.seconds)) * 60;
    let mut state = State {
        time: Civil::from_seconds(clock.seconds + offset),
        fields: Fields::default(),
        number: 0,
        touched: false,
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        at += match rest[0] {
            byte if byte.is_ascii_digit() => state.digits(rest),
            byte if byte.is_ascii_alphabetic() => state.word(rest),
            _ => 1,
        };
    }
    state.pending();
    state.settle();
    let local = state.time.to_seconds();
    let guess = i64::from(clock.zone.offset_minutes(local - offset)) * 60;
    (local - guess, state.touched)
}

impl State {
    fn digits(&mut self, text: &[u8]) -> usize {
        self.touched = true;
        let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
        let next = text.get(len);
        let joined =
            matches!(next, Some(b':' | b'.' | b'/' | b'-')) && text.get(len + 1).is_some_and(u8::is_ascii_digit);
        if joined {
            return self.fields.number(text);
        }
        self.pending();
        let number = crate::bytes::parse_number(&text[..len]).unwrap_or(0);
        // A leading zero means a date's number, not a count.
        if text[0] != b'0' || len <= 2 {
            self.number = number;
        }
        len
    }

    /// A number nothing followed: a day, a month or a year.
    fn pending(&mut self) {
        let number = std::mem::take(&mut self.number);
        if number == 0 {
            return;
        }
        if self.fields.day.is_none() && number < 32 {
            self.fields.day = Some(number);
        } else if self.fields.month.is_none() && number < 13 {
            self.fields.month = Some(number);
        } else if self.fields.year.is_none() {
            match number {
                1970..2100 => self.fields.year = Some(number),
                70..100 => self.fields.year = Some(1900 + number),
                1..38 => self.fields.year = Some(2000 + number),
                _ => {}
            }
        }
    }

    fn settle(&mut self) {
        if let Some(hour) = self.fields.hour {
            self.time.hour = hour;
            self.time.minute = self.fields.minute.unwrap_or(0);
            self.time.second = self.fields.second.unwrap_or(0);
        }
        let named = self.fields.year.is_some() || self.fields.month.is_some() || self.fields.day.is_some();
        if !named {
            return;
        }
        let now = self.time;
        if let Some(month) = self.fields.month {
            self.time.month = month;
        }
        if let Some(day) = self.fields.day {
            self.time.day = day;
        }
        match self.fields.year {
            Some(year) => self.time.year = year,
            // A month that is yet to come is last year's.
            None if self.time.month > now.month => self.time.year -= 1,
            None if self.fields.month.is_none() && self.time.day > now.day => self.time.month -= 1,
            None => {}
        }
    }

    fn back(&mut self, seconds: i64) {
        self.settle();
        self.fields = Fields::default();
        self.time = Civil::from_seconds(self.time.to_seconds() - seconds);
    }

    fn at_hour(&mut self, hour: i64) {
        if self.time.hour < hour {
            self.back(86_400);
        }
        (self.time.hour, self.time.minute, self.time.second) = (hour, 0, 0);
        self.fields.hour = None;
    }

    fn word(&mut self, text: &[u8]) -> usize {
        let len = word_len(text);
        let word = &text[..len];
        let is_unit = UNITS.iter().any(|(name, _)| match_word(text, name) >= name.len() - 1)
            || WEEKDAYS.iter().any(|name| match_word(text, name) >= 3)
            || match_word(text, "months") >= 5
            || match_word(text, "years") >= 4;
        if !is_unit && !matches!(word.to_ascii_lowercase().as_slice(), b"am" | b"pm") {
            self.pending();
        }
        for (at, name) in MONTHS.iter().enumerate() {
            if match_word(text, name) >= 3 {
                self.fields.month = Some(at as i64 + 1);
                self.touched = true;
                return len;
            }
        }
        if self.special(word) || self.count(word) {
            self.touched = true;
            return len;
        }
        if let Some((_, seconds)) = UNITS.iter().find(|(name, _)| match_word(text, name) >= name.len() - 1) {
            let count = self.take_count();
            self.back(seconds * count);
            self.touched = true;
        } else if let Some(weekday) = WEEKDAYS.iter().position(|name| match_word(text, name) >= 3) {
            let mut days = self.time.weekday() as i64 - weekday as i64;
            if days <= 0 {
                days += 7;
            }
            let weeks = self.take_count() - 1;
            self.back((days + weeks.max(0) * 7) * 86_400);
            // A weekday alone is not taken for a date.
        } else if match_word(text, "months") >= 5 {
            let count = self.take_count();
            self.settle();
            self.time.month -= count;
            self.renormalise();
        } else if match_word(text, "years") >= 4 {
            let count = self.take_count();
            self.settle();
            self.time.year -= count;
            self.renormalise();
        }
        len
    }

    fn renormalise(&mut self) {
        self.fields = Fields::default();
        self.time = Civil::from_seconds(self.time.to_seconds());
        self.touched = true;
    }

    /// The count before a unit.
    fn take_count(&mut self) -> i64 {
        match std::mem::take(&mut self.number) {
            0 => 1,
            number => number,
        }
    }

    fn count(&mut self, word: &[u8]) -> bool {
        let lower = word.to_ascii_lowercase();
        let number = NUMBERS.iter().position(|name| name.as_bytes() == lower);
        let number = number.or((lower == b"last").then_some(1));
        if let Some(number) = number {
            self.number = number as i64;
            self.touched = true;
        }
        number.is_some()
    }

    fn special(&mut self, word: &[u8]) -> bool {
        match word.to_ascii_lowercase().as_slice() {
            b"yesterday" => self.back(86_400),
            b"noon" => self.at_hour(12),
            b"midnight" => self.at_hour(0),
            b"tea" => self.at_hour(17),
            b"today" | b"now" => {}
            b"never" => self.time = Civil::from_seconds(0),
            b"pm" | b"am" => {
                let afternoon = word.eq_ignore_ascii_case(b"pm");
                let number = std::mem::take(&mut self.number);
                let given = if number == 0 { None } else { Some(number) };
                let hour = self.fields.hour.or(given).unwrap_or(self.time.hour) % 12;
                self.fields.hour = Some(hour + if afternoon { 12 } else { 0 });
            }
            _ => return false,
        }
        true
    }
}
