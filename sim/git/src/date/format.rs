//! Dates as Git prints them.

use super::{Civil, Clock, MONTHS, WEEKDAYS, minutes_to_zone, zone_to_minutes};
use crate::object::zone_text;

/// `--date=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `Thu Apr 7 15:13:13 2005 -0700`.
    Default,
    /// `2 hours ago`.
    Relative,
    /// `2005-04-07 15:13:13 -0700`.
    Iso,
    /// `2005-04-07T15:13:13-07:00`.
    IsoStrict,
    /// `Thu, 7 Apr 2005 15:13:13 -0700`.
    Rfc,
    /// `2005-04-07`.
    Short,
    /// `1112911993 -0700`.
    Raw,
    /// `1112911993`.
    Unix,
    /// Shorter the nearer it is.
    Human,
    /// `strftime(3)`.
    Format(Vec<u8>),
    /// Any of the above in the reader's zone.
    Local(Box<Mode>),
}

impl Mode {
    /// The mode of a name; `None`: unknown.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if let Some(format) = text.strip_prefix(b"format:") {
            return Some(Self::Format(format.to_vec()));
        }
        if let Some(format) = text.strip_prefix(b"format-local:") {
            return Some(Self::Local(Box::new(Self::Format(format.to_vec()))));
        }
        if text == b"local" {
            return Some(Self::Local(Box::new(Self::Default)));
        }
        let (name, local) = match text.strip_suffix(b"-local") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let mode = match name {
            b"default" => Self::Default,
            b"relative" => Self::Relative,
            b"iso8601" | b"iso" => Self::Iso,
            b"iso8601-strict" | b"iso-strict" => Self::IsoStrict,
            b"rfc2822" | b"rfc" => Self::Rfc,
            b"short" => Self::Short,
            b"raw" => Self::Raw,
            b"unix" => Self::Unix,
            b"human" => Self::Human,
            _ => return None,
        };
        Some(if local { Self::Local(Box::new(mode)) } else { mode })
    }
}

/// A date in a mode. `zone` is Git's (`+0130` is 130).
pub fn format(seconds: i64, zone: i32, mode: &Mode, clock: &Clock) -> Vec<u8> {
    format_in(seconds, zone, mode, clock, false)
}

fn format_in(seconds: i64, zone: i32, mode: &Mode, clock: &Clock, local: bool) -> Vec<u8> {
    let civil = Civil::from_seconds(seconds + i64::from(zone_to_minutes(zone)) * 60);
    let (year, month, day) = (civil.year, civil.month, civil.day);
    let (hour, minute, second) = (civil.hour, civil.minute, civil.second);
    let weekday = &WEEKDAYS[civil.weekday()][..3];
    let month_name = &MONTHS[month as usize - 1][..3];
    let zone_shown = if local {
        String::new()
    } else {
        format!(" {}", zone_text(zone))
    };
    match mode {
        Mode::Local(inner) => {
            let zone = minutes_to_zone(clock.zone.offset_minutes(seconds));
            return format_in(seconds, zone, inner, clock, true);
        }
        Mode::Default => {
            format!("{weekday} {month_name} {day} {hour:02}:{minute:02}:{second:02} {year}{zone_shown}")
        }
        Mode::Relative => relative(seconds, clock.seconds),
        Mode::Iso => {
            format!(
                "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} {}",
                zone_text(zone)
            )
        }
        Mode::IsoStrict => {
            let suffix = match zone {
                0 => "Z".to_owned(),
                zone => {
                    let text = zone_text(zone);
                    format!("{}:{}", &text[..3], &text[3..])
                }
            };
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{suffix}")
        }
        Mode::Rfc => format!(
            "{weekday}, {day} {month_name} {year} {hour:02}:{minute:02}:{second:02} {}",
            zone_text(zone)
        ),
        Mode::Short => format!("{year:04}-{month:02}-{day:02}"),
        Mode::Raw => format!("{seconds} {}", zone_text(zone)),
        Mode::Unix => seconds.to_string(),
        Mode::Human => human(seconds, zone, &civil, clock, local),
        Mode::Format(pattern) => return strftime(pattern, seconds, zone, &civil, clock, local),
    }
    .into_bytes()
}

fn human(seconds: i64, zone: i32, civil: &Civil, clock: &Clock, local: bool) -> String {
    let here = clock.zone.offset_minutes(clock.seconds);
    let now = Civil::from_seconds(clock.seconds + i64::from(here) * 60);
    let mut hide_zone = local || minutes_to_zone(here) == zone;
    let (mut hide_date, mut hide_year, mut hide_weekday, mut hide_time, mut hide_seconds) =
        (false, false, false, false, false);
    let mut relative_date = false;
    hide_year |= civil.year == now.year;
    if hide_year {
        if civil.month == now.month {
            if civil.day > now.day {
                // In the future: think of time zones.
            } else if civil.day == now.day {
                hide_date = true;
                relative_date = true;
            } else if civil.day + 5 > now.day {
                // Less than five days ago: the weekday says enough.
                hide_date = true;
            }
        }
    } else {
        // Another year: no weekday and no time.
        hide_weekday = true;
        hide_time = true;
    }
    if relative_date {
        return relative(seconds, clock.seconds);
    }
    if hide_year || hide_date || hide_weekday || hide_time {
        hide_seconds = true;
        hide_zone |= !hide_date;
    }
    if !hide_year || hide_time {
        hide_weekday = true;
    }
    let mut out = String::new();
    if !hide_weekday {
        out.push_str(&WEEKDAYS[civil.weekday()][..3]);
        out.push(' ');
    }
    if !hide_date {
        out.push_str(&format!("{} {} ", &MONTHS[civil.month as usize - 1][..3], civil.day));
    }
    if !hide_time {
        out.push_str(&format!("{:02}:{:02}", civil.hour, civil.minute));
        if !hide_seconds {
            out.push_str(&format!(":{:02}", civil.second));
        }
    } else {
        out = out.trim_end().to_owned();
    }
    if !hide_year {
        out.push_str(&format!(" {}", civil.year));
    }
    if !hide_zone {
        out.push_str(&format!(" {}", zone_text(zone)));
    }
    out
}

/// `3 weeks ago`.
pub fn relative(seconds: i64, now: i64) -> String {
    if now < seconds {
        return "in the future".to_owned();
    }
    let ago = |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    let mut diff = now - seconds;
    if diff < 90 {
        return ago(diff, "second");
    }
    diff = (diff + 30) / 60;
    if diff < 90 {
        return ago(diff, "minute");
    }
    diff = (diff + 30) / 60;
    if diff < 36 {
        return ago(diff, "hour");
    }
    diff = (diff + 12) / 24;
    if diff < 14 {
        return ago(diff, "day");
    }
    if diff < 70 {
        return ago((diff + 3) / 7, "week");
    }
    if diff < 365 {
        return ago((diff + 15) / 30, "month");
    }
    if diff < 1825 {
        let total_months = (diff * 12 * 2 + 365) / (365 * 2);
        let (years, months) = (total_months / 12, total_months % 12);
        if months == 0 {
            return ago(years, "year");
        }
        let years = format!("{years} year{}", if years == 1 { "" } else { "s" });
        return format!("{years}, {}", ago(months, "month"));
    }
    ago((diff + 183) / 365, "year")
}

fn strftime(pattern: &[u8], seconds: i64, zone: i32, civil: &Civil, clock: &Clock, local: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = pattern.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let Some(code) = bytes.next() else {
            out.push(b'%');
            break;
        };
        let name = if local {
            String::from_utf8_lossy(clock.zone.name(seconds)).into_owned()
        } else {
            String::new()
        };
        out.extend_from_slice(conversion(code, seconds, zone, civil, &name).as_bytes());
    }
    out
}

fn conversion(code: u8, seconds: i64, zone: i32, t: &Civil, zone_name: &str) -> String {
    let weekday = WEEKDAYS[t.weekday()];
    let month = MONTHS[t.month as usize - 1];
    let twelve = if t.hour % 12 == 0 { 12 } else { t.hour % 12 };
    let week = |first: usize| (t.day_of_year() + 6 - (t.weekday() as i64 - first as i64).rem_euclid(7)) / 7;
    match code {
        b'a' => weekday[..3].to_owned(),
        b'A' => weekday.to_owned(),
        b'b' | b'h' => month[..3].to_owned(),
        b'B' => month.to_owned(),
        b'c' => format!(
            "{} {} {:>2} {:02}:{:02}:{:02} {}",
            &weekday[..3],
            &month[..3],
            t.day,
            t.hour,
            t.minute,
            t.second,
            t.year
        ),
        b'C' => format!("{:02}", t.year / 100),
        b'd' => format!("{:02}", t.day),
        b'D' | b'x' => format!("{:02}/{:02}/{:02}", t.month, t.day, t.year % 100),
        b'e' => format!("{:>2}", t.day),
        b'F' => format!("{:04}-{:02}-{:02}", t.year, t.month, t.day),
        b'H' => format!("{:02}", t.hour),
        b'I' => format!("{twelve:02}"),
        b'j' => format!("{:03}", t.day_of_year()),
        b'k' => format!("{:>2}", t.hour),
        b'l' => format!("{twelve:>2}"),
        b'm' => format!("{:02}", t.month),
        b'M' => format!("{:02}", t.minute),
        b'n' => "\n".to_owned(),
        b'p' => if t.hour < 12 { "AM" } else { "PM" }.to_owned(),
        b'P' => if t.hour < 12 { "am" } else { "pm" }.to_owned(),
        b'r' => format!(
            "{twelve:02}:{:02}:{:02} {}",
            t.minute,
            t.second,
            if t.hour < 12 { "AM" } else { "PM" }
        ),
        b'R' => format!("{:02}:{:02}", t.hour, t.minute),
        b's' => seconds.to_string(),
        b'S' => format!("{:02}", t.second),
        b't' => "\t".to_owned(),
        b'T' | b'X' => format!("{:02}:{:02}:{:02}", t.hour, t.minute, t.second),
        b'u' => if t.weekday() == 0 { 7 } else { t.weekday() }.to_string(),
        b'U' => format!("{:02}", week(0)),
        b'w' => t.weekday().to_string(),
        b'W' => format!("{:02}", week(1)),
        b'y' => format!("{:02}", t.year % 100),
        b'Y' => t.year.to_string(),
        b'z' => zone_text(zone),
        b'Z' => zone_name.to_owned(),
        b'%' => "%".to_owned(),
        code => format!("%{}", char::from(code)),
    }
}
