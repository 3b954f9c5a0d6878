//! Virtual time.

use core::ops::{Add, Sub};
use core::time::Duration;

/// An instant of the simulated world: nanoseconds since the Unix epoch (UTC).
///
/// Signed 64 bits reach from 1677 to 2262, which is what POSIX nanosecond timestamps need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The instant `seconds` after the Unix epoch.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds past [`Time::secs`].
    pub const fn subsec_nanos(self) -> u32 {
        self.0.rem_euclid(1_000_000_000) as u32
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        // In 64 bits: numbers twice as wide are slow in Wasm.
        let seconds = i64::try_from(rhs.as_secs()).unwrap_or(i64::MAX);
        let nanos = seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(i64::from(rhs.subsec_nanos()));
        Self(self.0.saturating_add(nanos))
    }
}

impl Sub for Time {
    type Output = Duration;
    /// The time from `rhs` to `self`, zero when `rhs` is later.
    fn sub(self, rhs: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(rhs.0)).unwrap_or(0))
    }
}
