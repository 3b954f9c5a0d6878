//! Dates as `date -d` and `touch -d` read them: `@1700000000`, ISO 8601, `3 Mar 2025 10:00`, `yesterday`,
//! `+2 days`, `next monday` …

use super::clock::{civil_from_days, days_from_civil};
use super::zone::Zone;
use essaim_kernel::Time;

/// Reads a date. `None`: it is none.
pub fn parse(text: &[u8], now: Time, zone: &Zone) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?.trim().to_lowercase();
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds_text(seconds).map(Time);
    }
    let mut reader = Reader::new(now, zone);
    let words = words(&text);
    let mut at = 0;
    while at < words.len() {
        at += reader.item(&words[at..])?;
    }
    reader.finish(zone)
}

/// `12.5` as nanoseconds.
fn seconds_text(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok()?;
    let nanos: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// Splits at spaces and between letters and numbers; a date or a time stays whole.
fn words(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split([' ', '\t', '\n', ',']).filter(|w| !w.is_empty()) {
        // `+ 2 days` is `+2 days`.
        let sign = out.pop_if(|last| matches!(last.as_str(), "+" | "-"));
        let mut current = sign.unwrap_or_default();
        let mut letters = None;
        for c in word.chars() {
            let is_letter = c.is_alphabetic();
            // 2025-03-04t10:00:00z: the letters stand between a date and a time.
            if letters.is_some_and(|l| l != is_letter) {
                out.push(std::mem::take(&mut current));
            }
            letters = Some(is_letter);
            current.push(c);
        }
        out.push(current);
    }
    out
}

struct Reader {
    date: (i64, i64, i64),
    clock: Option<(i64, i64, i64, i64)>,
    now_clock: (i64, i64, i64, i64),
    /// The date was named: without a time it begins at midnight.
    dated: bool,
    offset: Option<i64>,
    months: i64,
    days: i64,
    nanos: i128,
    weekday: Option<(i64, i64)>,
}

impl Reader {
    fn new(now: Time, zone: &Zone) -> Self {
        let local = now.secs() + zone.at(now.secs()).0;
        let second = local.rem_euclid(86_400);
        Self {
            date: civil_from_days(local.div_euclid(86_400)),
            clock: None,
            now_clock: (
                second / 3600,
                second / 60 % 60,
                second % 60,
                i64::from(now.subsec_nanos()),
            ),
            dated: false,
            offset: None,
            months: 0,
            days: 0,
            nanos: 0,
            weekday: None,
        }
    }

    /// Reads one item; gives the words it took.
    fn item(&mut self, words: &[String]) -> Option<usize> {
        let word = words[0].as_str();
        let next = words.get(1).map_or("", String::as_str);
        match word {
            "now" | "today" => return Some(1),
            "t" if self.dated => return Some(1),
            "z" | "utc" | "gmt" => {
                self.offset = Some(0);
                return Some(1);
            }
            "yesterday" => self.days -= 1,
            "tomorrow" => self.days += 1,
            "noon" => self.clock = Some((12, 0, 0, 0)),
            "midnight" => self.clock = Some((0, 0, 0, 0)),
            "ago" => return None,
            "last" | "next" | "this" => {
                let count = [("last", -1), ("this", 0), ("next", 1)]
                    .into_iter()
                    .find(|(w, _)| *w == word)?
                    .1;
                if let Some(day) = weekday(next) {
                    self.weekday = Some((day, count));
                } else {
                    self.relative(count, next)?;
                }
                return Some(2);
            }
            _ if weekday(word).is_some() => self.weekday = Some((weekday(word)?, 0)),
            _ if month(word).is_some() => return self.month_first(month(word)?, words),
            _ if unit(word).is_some() => {
                let ago = next == "ago";
                self.relative(if ago { -1 } else { 1 }, word)?;
                return Some(1 + usize::from(ago));
            }
            _ => return self.numeric(words),
        }
        Some(1)
    }

    fn numeric(&mut self, words: &[String]) -> Option<usize> {
        let word = words[0].as_str();
        let next = words.get(1).map_or("", String::as_str);
        if word.contains(':') && !word.starts_with(['+', '-']) {
            return self.time(word, next);
        }
        if word.starts_with(['+', '-']) && self.clock.is_some() && unit(next).is_none() {
            self.offset = Some(offset(word)?);
            return Some(1);
        }
        if word.matches('-').count() == 2 && !word.starts_with('-') {
            let mut parts = word.split('-').map(|p| p.parse::<i64>().ok());
            return self.set_date(parts.next()??, parts.next()??, parts.next()??);
        }
        if word.contains('/') {
            let parts: Vec<i64> = word.split('/').map(|p| p.parse().ok()).collect::<Option<_>>()?;
            return match parts.as_slice() {
                [year, month, day] if *year > 31 => self.set_date(*year, *month, *day),
                [month, day, year] => self.set_date(full_year(*year), *month, *day),
                [month, day] => self.set_date(self.date.0, *month, *day),
                _ => None,
            };
        }
        let number: i64 = word.parse().ok().filter(|n: &i64| n.abs() < 1 << 40)?;
        if unit(next).is_some() {
            let ago = words.get(2).is_some_and(|w| w == "ago");
            self.relative(if ago { -number } else { number }, next)?;
            return Some(2 + usize::from(ago));
        }
        // "10 am", "3 mar 2025", "20250304".
        if matches!(next, "am" | "pm") {
            return self.time(&format!("{number}:00"), next);
        }
        if let Some(month) = month(next) {
            let year = words
                .get(2)
                .and_then(|w| w.parse::<i64>().ok())
                .filter(|_| words.get(2).is_some_and(|w| w.len() == 4));
            self.set_date(year.unwrap_or(self.date.0), month, number)?;
            return Some(2 + usize::from(year.is_some()));
        }
        match word.len() {
            8 => self.set_date(number / 10_000, number / 100 % 100, number % 100),
            4 if self.dated && self.clock.is_none() => self.time(&format!("{}:{}", &word[..2], &word[2..]), ""),
            1 | 2 if (0..24).contains(&number) && !word.starts_with(['+', '-']) => {
                self.time(&format!("{number}:0"), "")
            }
            _ => None,
        }
    }

    fn month_first(&mut self, month: i64, words: &[String]) -> Option<usize> {
        let day = words.get(1)?.parse().ok()?;
        let year = words
            .get(2)
            .filter(|w| w.len() == 4)
            .and_then(|w| w.parse::<i64>().ok());
        self.set_date(year.unwrap_or(self.date.0), month, day)?;
        Some(2 + usize::from(year.is_some()))
    }

    fn set_date(&mut self, year: i64, month: i64, day: i64) -> Option<usize> {
        let days = days_from_civil(year.clamp(-9999, 9999), month.clamp(1, 12), day.clamp(0, 40));
        if civil_from_days(days) != (year, month, day) {
            return None;
        }
        self.date = (year, month, day);
        self.dated = true;
        Some(1)
    }

    fn time(&mut self, word: &str, next: &str) -> Option<usize> {
        // A zone joined to the time: 10:00:00+02:00.
        let split = word.find(['+', '-']).unwrap_or(word.len());
        let (clock, zone) = word.split_at(split);
        if !zone.is_empty() {
            self.offset = Some(offset(zone)?);
        }
        let mut parts = clock.split(':');
        let mut hour: i64 = parts.next()?.parse().ok()?;
        let minute: i64 = parts.next()?.parse().ok()?;
        let nanos = seconds_text(parts.next().unwrap_or("0"))?;
        let half = matches!(next, "am" | "pm");
        if half {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if next == "pm" { 12 } else { 0 };
        }
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..61_000_000_000).contains(&nanos) {
            return None;
        }
        self.clock = Some((hour, minute, nanos / 1_000_000_000, nanos % 1_000_000_000));
        Some(1 + usize::from(half))
    }

    fn relative(&mut self, count: i64, word: &str) -> Option<()> {
        let (kind, factor) = unit(word)?;
        match kind {
            'm' => self.months += count * factor,
            'd' => self.days += count * factor,
            _ => self.nanos += i128::from(count) * i128::from(factor) * 1_000_000_000,
        }
        Some(())
    }

    fn finish(self, zone: &Zone) -> Option<Time> {
        let (mut year, mut month, day) = self.date;
        let months = year * 12 + month - 1 + self.months;
        (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        if !(-9999..=9999).contains(&year) || self.days.abs() > 4_000_000 {
            return None;
        }
        let mut days = days_from_civil(year, month, day) + self.days;
        if let Some((weekday, count)) = self.weekday {
            let today = (days + 4).rem_euclid(7);
            let ahead = (weekday - today).rem_euclid(7);
            days += ahead + 7 * (count - i64::from(count > 0 && ahead > 0));
        }
        let plain = self.dated || self.weekday.is_some();
        let midnight = (0, 0, 0, 0);
        let clock = self.clock.unwrap_or(if plain { midnight } else { self.now_clock });
        let local = days * 86_400 + clock.0 * 3600 + clock.1 * 60 + clock.2;
        let epoch = match self.offset {
            Some(offset) => local - offset,
            None => zone.instant_of(local),
        };
        let nanos = i128::from(epoch) * 1_000_000_000 + i128::from(clock.3) + self.nanos;
        i64::try_from(nanos).ok().map(Time)
    }
}

fn full_year(year: i64) -> i64 {
    match year {
        0..=68 => year + 2000,
        69..=99 => year + 1900,
        year => year,
    }
}

fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    let number: i64 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 {
        (number, 0)
    } else {
        (number / 100, number % 100)
    };
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn weekday(word: &str) -> Option<i64> {
    let names = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    let at = names.iter().position(|name| *name == word || name[..3] == *word)?;
    Some(at as i64)
}

fn month(word: &str) -> Option<i64> {
    let names = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = names.iter().position(|name| *name == word || name[..3] == *word)?;
    Some(at as i64 + 1)
}

fn unit(word: &str) -> Option<(char, i64)> {
    Some(match word.strip_suffix('s').unwrap_or(word) {
        "year" => ('m', 12),
        "month" => ('m', 1),
        "fortnight" => ('d', 14),
        "week" => ('d', 7),
        "day" => ('d', 1),
        "hour" => ('s', 3600),
        "minute" | "min" => ('s', 60),
        "second" | "sec" => ('s', 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        // 2025-03-05 12:34:56 UTC, a Wednesday.
        parse(text.as_bytes(), Time::from_secs(1_741_178_096), &Zone::utc()).map(Time::secs)
    }

    #[test]
    fn dates() {
        assert_eq!(read("@12"), Some(12));
        assert_eq!(read("2025-03-05T12:34:56Z"), Some(1_741_178_096));
        assert_eq!(read("2025-03-05 12:34:56 +0200"), Some(1_741_178_096 - 7200));
        assert_eq!(read("2025-03-05 12:34:56+02:00"), Some(1_741_178_096 - 7200));
        assert_eq!(read("yesterday"), Some(1_741_178_096 - 86_400));
        assert_eq!(read("+2 days"), Some(1_741_178_096 + 2 * 86_400));
        assert_eq!(read("2 hours ago"), Some(1_741_178_096 - 7200));
        assert_eq!(read("next monday"), Some(1_741_564_800));
        assert_eq!(read("5 Mar 2025"), Some(1_741_132_800));
        assert_eq!(read("foo"), None);
        assert_eq!(read("2025-02-30"), None);
    }
}
