//! Time zones: the POSIX form of `TZ` (`CET-1CEST,M3.5.0,M10.5.0/3`), and the names of common zones.
//!
//! A named zone follows today's rules at all times; no history.

use super::clock::{civil_from_days, days_from_civil};
use essaim_kernel::process::Environment;

/// Day and second of a change of the clocks: month, week (5: the last), weekday, second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    month: i64,
    week: i64,
    weekday: i64,
    second: i64,
}

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    offset: i64,
    /// Summer time: name, offset, its start and end.
    summer: Option<(String, i64, Change, Change)>,
}

/// Names of the tz database and their rules in POSIX form.
const NAMED: &[(&str, &str)] = &[
    ("UTC", "UTC0"),
    ("Etc/UTC", "UTC0"),
    ("Universal", "UTC0"),
    ("Zulu", "UTC0"),
    ("GMT", "GMT0"),
    ("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("Europe/Lisbon", "WET0WEST,M3.5.0/1,M10.5.0"),
    ("Europe/Athens", "EET-2EEST,M3.5.0/3,M10.5.0/4"),
    ("Africa/Tunis", "CET-1"),
    ("Africa/Algiers", "CET-1"),
    ("Africa/Dakar", "GMT0"),
    ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
    ("America/Chicago", "CST6CDT,M3.2.0,M11.1.0"),
    ("America/Denver", "MST7MDT,M3.2.0,M11.1.0"),
    ("America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0"),
    ("America/Montreal", "EST5EDT,M3.2.0,M11.1.0"),
    ("America/Toronto", "EST5EDT,M3.2.0,M11.1.0"),
    ("Asia/Tokyo", "JST-9"),
    ("Asia/Shanghai", "CST-8"),
    ("Asia/Kolkata", "IST-5:30"),
];

/// Zones with the clocks of Paris.
const CENTRAL_EUROPE: &[&str] = &[
    "CET",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Amsterdam",
    "Europe/Zurich",
    "Europe/Vienna",
    "Europe/Luxembourg",
    "Europe/Prague",
    "Europe/Stockholm",
    "Europe/Oslo",
    "Europe/Copenhagen",
    "Europe/Warsaw",
    "Europe/Budapest",
];

impl Zone {
    /// Universal time.
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            offset: 0,
            summer: None,
        }
    }

    /// The zone of `$TZ`, universal time where it is not set or not known.
    pub fn of(env: &Environment) -> Self {
        let Some(text) = env.get(b"TZ".as_slice()).and_then(|tz| std::str::from_utf8(tz).ok()) else {
            return Self::utc();
        };
        Self::parse(text.trim_start_matches(':'))
    }

    /// A zone by name or by POSIX rule.
    pub fn parse(text: &str) -> Self {
        if CENTRAL_EUROPE.contains(&text) {
            return posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or_else(Self::utc);
        }
        let rule = NAMED
            .iter()
            .find(|(name, _)| *name == text)
            .map_or(text, |(_, rule)| rule);
        posix(rule).unwrap_or_else(Self::utc)
    }

    /// Seconds east of Greenwich and the abbreviation at an instant.
    pub fn at(&self, epoch: i64) -> (i64, String) {
        if let Some((name, offset, start, end)) = &self.summer {
            let year = civil_from_days((epoch + self.offset).div_euclid(86_400)).0;
            let from = instant(year, *start) - self.offset;
            let to = instant(year, *end) - offset;
            let is_summer = if from < to {
                (from..to).contains(&epoch)
            } else {
                !(to..from).contains(&epoch)
            };
            if is_summer {
                return (*offset, name.clone());
            }
        }
        (self.offset, self.name.clone())
    }

    /// The instant at which clocks show `local` (seconds since 1970-01-01 00:00 there).
    pub fn instant_of(&self, local: i64) -> i64 {
        let (guess, _) = self.at(local - self.offset);
        let (offset, _) = self.at(local - guess);
        local - offset
    }
}

fn instant(year: i64, change: Change) -> i64 {
    let first = days_from_civil(year, change.month, 1);
    let first_weekday = (first + 4).rem_euclid(7);
    let mut day = first + (change.weekday - first_weekday).rem_euclid(7) + (change.week - 1) * 7;
    let next_month = if change.month == 12 {
        days_from_civil(year + 1, 1, 1)
    } else {
        days_from_civil(year, change.month + 1, 1)
    };
    while day >= next_month {
        day -= 7;
    }
    day * 86_400 + change.second
}

fn posix(text: &str) -> Option<Zone> {
    let mut rest = text;
    let name = take_name(&mut rest)?;
    let offset = -take_offset(&mut rest)?;
    if rest.is_empty() {
        return Some(Zone {
            name,
            offset,
            summer: None,
        });
    }
    let summer_name = take_name(&mut rest)?;
    let summer_offset = match take_offset(&mut rest) {
        Some(offset) => -offset,
        None => offset + 3600,
    };
    let mut changes = rest.strip_prefix(',').unwrap_or("M3.2.0,M11.1.0").split(',');
    let start = change(changes.next()?)?;
    let end = change(changes.next()?)?;
    Some(Zone {
        name,
        offset,
        summer: Some((summer_name, summer_offset, start, end)),
    })
}

fn take_name(rest: &mut &str) -> Option<String> {
    if let Some(inner) = rest.strip_prefix('<') {
        let (name, after) = inner.split_once('>')?;
        *rest = after;
        return Some(name.to_owned());
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    (name.len() >= 3).then(|| name.to_owned())
}

fn take_offset(rest: &mut &str) -> Option<i64> {
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && !"+-:".contains(c))
        .unwrap_or(rest.len());
    let (text, after) = rest.split_at(end);
    let seconds = clock_seconds(text)?;
    *rest = after;
    Some(seconds)
}

fn clock_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok().filter(|n| *n < 1000)? * unit;
    }
    Some(sign * seconds)
}

fn change(text: &str) -> Option<Change> {
    let (day, time) = text.split_once('/').unwrap_or((text, "2"));
    let mut parts = day.strip_prefix('M')?.split('.').map(|p| p.parse::<i64>().ok());
    let (month, week, weekday) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=12).contains(&month) || !(1..=5).contains(&week) || !(0..=6).contains(&weekday) {
        return None;
    }
    Some(Change {
        month,
        week,
        weekday,
        second: clock_seconds(time)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paris_changes_its_clocks() {
        let paris = Zone::parse("Europe/Paris");
        // 2025-03-30 01:00 UTC and 2025-10-26 01:00 UTC.
        assert_eq!(paris.at(1_743_296_399), (3600, "CET".to_owned()));
        assert_eq!(paris.at(1_743_296_400), (7200, "CEST".to_owned()));
        assert_eq!(paris.at(1_761_440_399), (7200, "CEST".to_owned()));
        assert_eq!(paris.at(1_761_440_400), (3600, "CET".to_owned()));
        assert_eq!(paris.instant_of(1_751_328_000), 1_751_328_000 - 7200);
        assert_eq!(Zone::parse("<+0530>-5:30").at(0), (19_800, "+0530".to_owned()));
        assert_eq!(Zone::parse("nowhere/else").at(0), (0, "UTC".to_owned()));
    }
}
