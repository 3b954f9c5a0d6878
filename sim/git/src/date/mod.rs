//! Dates: Git's many input forms, its output forms, and the zone of `$TZ`.

mod approximate;
mod format;
mod parse;
mod zone;

pub use approximate::approximate;
pub use format::{Mode, format, relative};
pub use parse::parse_strict;
pub use zone::Zone;

use essaim_kernel::Time;
use essaim_kernel::process::Environment;

/// What a command knows of time: the machine's clock and zone.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// The zone of `$TZ`.
    pub zone: Zone,
}

impl Clock {
    /// The clock of a process.
    pub fn new(now: Time, env: &Environment) -> Self {
        let zone = env.get(b"TZ".as_slice()).map(|text| Zone::parse(text));
        // `GIT_TEST_DATE_NOW` is how Git's own tests fix "now"; the oracle does too.
        let fixed = env
            .get(b"GIT_TEST_DATE_NOW".as_slice())
            .and_then(|text| crate::bytes::parse_number(text));
        Self {
            seconds: fixed.unwrap_or(now.secs()),
            zone: zone.unwrap_or_default(),
        }
    }

    /// The local zone at an instant, as Git writes it: `+0130` is 130.
    pub fn zone_at(&self, seconds: i64) -> i32 {
        minutes_to_zone(self.zone.offset_minutes(seconds))
    }
}

/// 90 is 130 (`+0130`).
pub fn minutes_to_zone(minutes: i32) -> i32 {
    minutes / 60 * 100 + minutes % 60
}

/// 130 (`+0130`) is 90.
pub fn zone_to_minutes(zone: i32) -> i32 {
    zone / 100 * 60 + zone % 100
}

/// A calendar date and time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    /// For example 2005.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 60.
    pub second: i64,
}

impl Civil {
    /// The date and time of day of an instant, in UTC (add a zone's offset first for another).
    pub fn from_seconds(seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Days to date by eras of 400 years (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self {
            year: yoe + era * 400 + i64::from(month <= 2),
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// Seconds since the Unix epoch, read as UTC. Fields beyond their range carry over.
    pub fn to_seconds(self) -> i64 {
        let months = self.year * 12 + self.month - 1;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        let days = era * 146_097 + doe - 719_468 + self.day - 1;
        days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second
    }

    /// 0 is Sunday.
    pub fn weekday(&self) -> usize {
        let days = Self {
            hour: 0,
            minute: 0,
            second: 0,
            ..*self
        }
        .to_seconds()
        .div_euclid(86_400);
        (days + 4).rem_euclid(7) as usize
    }

    /// 1 is the first of January.
    pub fn day_of_year(&self) -> i64 {
        let first = Self {
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            ..*self
        };
        (self.to_seconds() - first.to_seconds()) / 86_400 + 1
    }
}

pub(crate) const MONTHS: [&str; 12] = [
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

pub(crate) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
