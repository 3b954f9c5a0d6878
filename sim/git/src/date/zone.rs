//! `$TZ`: POSIX rules, and the names of a few zones.

use super::Civil;

/// A time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// Name and minutes east of Greenwich in winter.
    standard: (Vec<u8>, i32),
    /// Name, minutes, and when it begins and ends.
    summer: Option<(Vec<u8>, i32, Rule, Rule)>,
}

/// `Mmonth.week.day/hour` of a POSIX rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    month: i64,
    week: i64,
    weekday: i64,
    seconds: i64,
}

const NAMED: [(&str, &str); 14] = [
    ("UTC", "UTC0"),
    ("GMT", "GMT0"),
    ("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("Europe/Brussels", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("Europe/Madrid", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("Europe/Zurich", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
    ("America/Montreal", "EST5EDT,M3.2.0,M11.1.0"),
    ("America/Los_Angeles", "PST8PDT,M3.2.0,M11.1.0"),
    ("Asia/Tokyo", "JST-9"),
    ("Asia/Kolkata", "IST-5:30"),
    ("Africa/Tunis", "CET-1"),
];

impl Zone {
    /// The zone of a `$TZ` value; UTC where it is not understood, as the C library does.
    pub fn parse(text: &[u8]) -> Self {
        let text = text.strip_prefix(b":").unwrap_or(text);
        let named = NAMED.iter().find(|(name, _)| name.as_bytes() == text);
        let rule = named.map_or(text, |(_, rule)| rule.as_bytes());
        parse_posix(rule).unwrap_or_default()
    }

    /// Minutes east of Greenwich at an instant.
    pub fn offset_minutes(&self, seconds: i64) -> i32 {
        match &self.summer {
            Some((_, minutes, _, _)) if self.is_summer(seconds) => *minutes,
            _ => self.standard.1,
        }
    }

    /// The zone's abbreviation at an instant.
    pub fn name(&self, seconds: i64) -> &[u8] {
        match &self.summer {
            Some((name, _, _, _)) if self.is_summer(seconds) => name,
            _ if self.standard.0.is_empty() => b"UTC",
            _ => &self.standard.0,
        }
    }

    fn is_summer(&self, seconds: i64) -> bool {
        let Some((_, summer, start, end)) = &self.summer else {
            return false;
        };
        let year = Civil::from_seconds(seconds + i64::from(self.standard.1) * 60).year;
        let start = start.instant(year) - i64::from(self.standard.1) * 60;
        let end = end.instant(year) - i64::from(*summer) * 60;
        if start < end {
            (start..end).contains(&seconds)
        } else {
            !(end..start).contains(&seconds)
        }
    }
}

impl Rule {
    /// When it strikes in a year, in local time.
    fn instant(&self, year: i64) -> i64 {
        let first = Civil {
            year,
            month: self.month,
            day: 1,
            ..Civil::default()
        };
        let mut day = 1 + (self.weekday - first.weekday() as i64).rem_euclid(7) + (self.week - 1) * 7;
        let next = Civil {
            month: self.month + 1,
            ..first
        };
        let length = (next.to_seconds() - first.to_seconds()) / 86_400;
        while day > length {
            day -= 7;
        }
        Civil { day, ..first }.to_seconds() + self.seconds
    }
}

fn parse_posix(text: &[u8]) -> Option<Zone> {
    let mut rest = text;
    let name = take_name(&mut rest)?;
    let minutes = -take_offset(&mut rest)?;
    let standard = (name, minutes);
    if rest.is_empty() {
        return Some(Zone { standard, summer: None });
    }
    let name = take_name(&mut rest)?;
    let minutes = match rest.first() {
        Some(b',') | None => minutes + 60,
        Some(_) => -take_offset(&mut rest)?,
    };
    let mut rules = rest.split(|b| *b == b',').skip(1);
    let start = parse_rule(rules.next().unwrap_or(b"M3.2.0"))?;
    let end = parse_rule(rules.next().unwrap_or(b"M11.1.0"))?;
    Some(Zone {
        standard,
        summer: Some((name, minutes, start, end)),
    })
}

fn take_name(rest: &mut &[u8]) -> Option<Vec<u8>> {
    if let Some(quoted) = rest.strip_prefix(b"<") {
        let (name, after) = crate::bytes::split_once(quoted, b'>')?;
        *rest = after;
        return Some(name.to_vec());
    }
    let len = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (name, after) = rest.split_at(len);
    *rest = after;
    (len >= 3).then(|| name.to_vec())
}

/// `[+-]hh[:mm]` in minutes.
fn take_offset(rest: &mut &[u8]) -> Option<i32> {
    let len = rest
        .iter()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b':'))
        .count();
    let (text, after) = rest.split_at(len);
    *rest = after;
    let negative = text.starts_with(b"-");
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let mut parts = digits.split(|b| *b == b':');
    let hours: i32 = crate::bytes::parse_number(parts.next()?)?;
    let minutes: i32 = parts.next().map_or(Some(0), crate::bytes::parse_number)?;
    if !(0..=24).contains(&hours) || !(0..60).contains(&minutes) {
        return None;
    }
    let total = hours * 60 + minutes;
    Some(if negative { -total } else { total })
}

fn parse_rule(text: &[u8]) -> Option<Rule> {
    let (date, time) = crate::bytes::split_once(text, b'/').unwrap_or((text, b"2"));
    let mut fields = date
        .strip_prefix(b"M")?
        .split(|b| *b == b'.')
        .map(crate::bytes::parse_number::<i64>);
    let rule = Rule {
        month: fields.next()??,
        week: fields.next()??,
        weekday: fields.next()??,
        seconds: i64::from(take_offset(&mut &*time)?) * 60,
    };
    ((1..=12).contains(&rule.month) && (1..=5).contains(&rule.week) && (0..7).contains(&rule.weekday)).then_some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paris_has_summers() {
        let paris = Zone::parse(b"Europe/Paris");
        assert_eq!(paris.offset_minutes(1_736_000_000), 60);
        assert_eq!(paris.offset_minutes(1_751_000_000), 120);
        assert_eq!(Zone::parse(b"nonsense").offset_minutes(0), 0);
    }
}
