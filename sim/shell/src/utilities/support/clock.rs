//! Calendar time and `strftime(3)`.

use super::zone::Zone;
use essaim_kernel::Time;

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days from 1970-01-01 to a day of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The (year, month, day) of a day counted from 1970-01-01.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// A moment as a calendar and a wall clock show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Year, month (1-12), day (1-31).
    pub date: (i64, i64, i64),
    /// Hour, minute, second.
    pub clock: (i64, i64, i64),
    /// Nanoseconds.
    pub nanos: u32,
    /// 0 is Sunday.
    pub weekday: i64,
    /// 0 is the first of January.
    pub day_of_year: i64,
    /// Seconds east of Greenwich.
    pub offset: i64,
    /// The zone's abbreviation.
    pub zone: String,
    /// Seconds since the epoch.
    pub epoch: i64,
}

impl Moment {
    /// `time` in `zone`.
    pub fn new(time: Time, zone: &Zone) -> Self {
        let epoch = time.secs();
        let (offset, name) = zone.at(epoch);
        let local = epoch + offset;
        let days = local.div_euclid(86_400);
        let second = local.rem_euclid(86_400);
        let date = civil_from_days(days);
        Self {
            date,
            clock: (second / 3600, second / 60 % 60, second % 60),
            nanos: time.subsec_nanos(),
            weekday: (days + 4).rem_euclid(7),
            day_of_year: days - days_from_civil(date.0, 1, 1),
            offset,
            zone: name,
            epoch,
        }
    }

    /// `strftime(3)` with GNU's flags (`%-d`, `%_H`, `%^a`, `%:z`, `%3N`).
    pub fn format(&self, format: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.iter().position(|b| *b == b'%') {
            out.extend_from_slice(&rest[..at]);
            let used = self.directive(&rest[at..], &mut out);
            rest = &rest[at + used..];
        }
        out.extend_from_slice(rest);
        out
    }

    fn directive(&self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let mut at = 1;
        let mut flag = 0;
        while let Some(b @ (b'-' | b'_' | b'0' | b'^' | b'#' | b'+')) = text.get(at) {
            flag = *b;
            at += 1;
        }
        let mut width = 0usize;
        while let Some(digit) = text.get(at).filter(|b| b.is_ascii_digit()) {
            width = (width * 10 + usize::from(digit - b'0')).min(1000);
            at += 1;
        }
        let mut colons = 0;
        while text.get(at) == Some(&b':') {
            colons += 1;
            at += 1;
        }
        while let Some(b'E' | b'O') = text.get(at) {
            at += 1;
        }
        let Some(letter) = text.get(at) else {
            out.extend_from_slice(text);
            return text.len();
        };
        if let Some((number, digits, pad)) = self.number(*letter) {
            out.extend_from_slice(pad_number(number, if width > 0 { width } else { digits }, pad, flag).as_bytes());
            return at + 1;
        }
        let Some(mut word) = self.word(*letter, colons, width, flag) else {
            out.extend_from_slice(&text[..=at]);
            return at + 1;
        };
        if flag == b'^' || (flag == b'#' && *letter != b'Z' && *letter != b'p') {
            word = word.to_uppercase();
        } else if flag == b'#' {
            word = word.to_lowercase();
        }
        if *letter != b'N' && *letter != b'z' {
            for _ in word.chars().count()..width {
                out.push(if flag == b'0' { b'0' } else { b' ' });
            }
        }
        out.extend_from_slice(word.as_bytes());
        at + 1
    }

    /// Numeric directives: the number, its digits, its padding.
    fn number(&self, letter: u8) -> Option<(i64, usize, u8)> {
        let (year, month, day) = self.date;
        let (hour, minute, second) = self.clock;
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let (iso_year, iso_week) = self.iso_week();
        Some(match letter {
            b'C' => (year.div_euclid(100), 2, b'0'),
            b'd' => (day, 2, b'0'),
            b'e' => (day, 2, b' '),
            b'g' => (iso_year.rem_euclid(100), 2, b'0'),
            b'G' => (iso_year, 4, b'0'),
            b'H' => (hour, 2, b'0'),
            b'I' => (twelve, 2, b'0'),
            b'j' => (self.day_of_year + 1, 3, b'0'),
            b'k' => (hour, 2, b' '),
            b'l' => (twelve, 2, b' '),
            b'm' => (month, 2, b'0'),
            b'M' => (minute, 2, b'0'),
            b'q' => ((month - 1) / 3 + 1, 1, b'0'),
            b's' => (self.epoch, 1, b'0'),
            b'S' => (second, 2, b'0'),
            b'u' => ((self.weekday + 6) % 7 + 1, 1, b'0'),
            b'U' => ((self.day_of_year + 7 - self.weekday) / 7, 2, b'0'),
            b'V' => (iso_week, 2, b'0'),
            b'w' => (self.weekday, 1, b'0'),
            b'W' => ((self.day_of_year + 7 - (self.weekday + 6) % 7) / 7, 2, b'0'),
            b'y' => (year.rem_euclid(100), 2, b'0'),
            b'Y' => (year, 4, b'0'),
            _ => return None,
        })
    }

    fn word(&self, letter: u8, colons: usize, width: usize, flag: u8) -> Option<String> {
        let month = MONTHS[(self.date.1 - 1) as usize];
        let day = DAYS[self.weekday as usize];
        let sub = |format: &str| String::from_utf8_lossy(&self.format(format.as_bytes())).into_owned();
        Some(match letter {
            b'%' => "%".to_owned(),
            b'n' => "\n".to_owned(),
            b't' => "\t".to_owned(),
            b'a' => day[..3].to_owned(),
            b'A' => day.to_owned(),
            b'b' | b'h' => month[..3].to_owned(),
            b'B' => month.to_owned(),
            b'c' => sub("%a %b %e %H:%M:%S %Y"),
            b'D' | b'x' => sub("%m/%d/%y"),
            b'F' => sub("%Y-%m-%d"),
            b'N' => {
                let digits = format!("{:09}", self.nanos);
                let kept = if width == 0 { 9 } else { width.min(9) };
                if flag == b'-' {
                    digits.trim_end_matches('0').to_owned()
                } else {
                    digits[..kept].to_owned()
                }
            }
            b'p' => (if self.clock.0 < 12 { "AM" } else { "PM" }).to_owned(),
            b'P' => (if self.clock.0 < 12 { "am" } else { "pm" }).to_owned(),
            b'r' => sub("%I:%M:%S %p"),
            b'R' => sub("%H:%M"),
            b'T' | b'X' => sub("%H:%M:%S"),
            b'z' => offset_text(self.offset, colons),
            b'Z' => self.zone.clone(),
            _ => return None,
        })
    }

    /// ISO 8601 (year, week).
    fn iso_week(&self) -> (i64, i64) {
        let year = self.date.0;
        let weekday = (self.weekday + 6) % 7;
        let week = (self.day_of_year - weekday + 10) / 7;
        let weeks_in = |year: i64| {
            let january_first = (days_from_civil(year, 1, 1) + 3).rem_euclid(7);
            let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            if january_first == 3 || (january_first == 2 && leap) {
                53
            } else {
                52
            }
        };
        if week < 1 {
            (year - 1, weeks_in(year - 1))
        } else if week > weeks_in(year) {
            (year + 1, 1)
        } else {
            (year, week)
        }
    }
}

fn pad_number(number: i64, digits: usize, pad: u8, flag: u8) -> String {
    let pad = match flag {
        b'-' => return number.to_string(),
        b'_' => b' ',
        b'0' => b'0',
        _ => pad,
    };
    if pad == b'0' {
        format!("{number:0digits$}")
    } else {
        format!("{number:digits$}")
    }
}

fn offset_text(offset: i64, colons: usize) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let (h, m, s) = (offset.abs() / 3600, offset.abs() / 60 % 60, offset.abs() % 60);
    match colons {
        0 => format!("{sign}{h:02}{m:02}"),
        1 => format!("{sign}{h:02}:{m:02}"),
        2 => format!("{sign}{h:02}:{m:02}:{s:02}"),
        _ if s != 0 => format!("{sign}{h:02}:{m:02}:{s:02}"),
        _ if m != 0 => format!("{sign}{h:02}:{m:02}"),
        _ => format!("{sign}{h:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar() {
        for days in [-719_468, -1, 0, 59, 60, 11_016, 20_000, 60_000] {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
        let moment = Moment::new(Time::from_secs(1_735_603_200), &Zone::utc());
        assert_eq!(
            moment.format(b"%F %T %a %G-W%V %j"),
            b"2024-12-31 00:00:00 Tue 2025-W01 366"
        );
    }
}
