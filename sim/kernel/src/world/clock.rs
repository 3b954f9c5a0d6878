//! A host's clock: what it believes the time to be.

use crate::digest::Digest;
use crate::time::Time;
use core::time::Duration;

const MILLION: i64 = 1_000_000;

/// A clock that is ahead or behind, and runs fast or slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// An instant of the world's time …
    base: Time,
    /// … and what the clock showed then.
    shown: Time,
    /// Microseconds a second by which it is fast; negative: slow.
    drift_ppm: i32,
}

/// `nanos * numerator / denominator`, as far as 64 bits reach.
fn scale(nanos: i64, numerator: i64, denominator: i64) -> i64 {
    let scaled = i128::from(nanos) * i128::from(numerator) / i128::from(denominator.max(1));
    i64::try_from(scaled).unwrap_or(if scaled > 0 { i64::MAX } else { i64::MIN })
}

impl Clock {
    /// What the clock shows at an instant of the world's time.
    pub fn show(&self, now: Time) -> Time {
        let passed = now.0.saturating_sub(self.base.0);
        let passed = match self.drift_ppm {
            0 => passed,
            ppm => scale(passed, MILLION + i64::from(ppm), MILLION),
        };
        Time(self.shown.0.saturating_add(passed))
    }

    /// When, by the world's time, this clock will have moved on by `delay`.
    pub fn after(&self, now: Time, delay: Duration) -> Time {
        if self.drift_ppm == 0 {
            return now + delay;
        }
        let nanos = i64::try_from(delay.as_nanos()).unwrap_or(i64::MAX);
        // Rounded up: an alarm must not be early by the clock of the host that set it.
        let passed = scale(nanos, MILLION, MILLION + i64::from(self.drift_ppm)).saturating_add(1);
        Time(now.0.saturating_add(passed))
    }

    /// Puts the clock `nanos` ahead of the world's time.
    pub fn set_skew(&mut self, now: Time, nanos: i64) {
        self.base = now;
        self.shown = Time(now.0.saturating_add(nanos));
    }

    /// Makes it run fast (or slow) from now on.
    pub fn set_drift(&mut self, now: Time, ppm: i32) {
        self.shown = self.show(now);
        self.base = now;
        self.drift_ppm = ppm;
    }

    pub fn digest(&self, into: &mut Digest) {
        into.i64(self.base.0);
        into.i64(self.shown.0);
        into.i64(i64::from(self.drift_ppm));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_set_and_drifts_from_there() {
        let mut clock = Clock::default();
        assert_eq!(clock.show(Time(5)), Time(5));
        clock.set_skew(Time(5), -2);
        assert_eq!(clock.show(Time(10)), Time(8));
        clock.set_drift(Time(10), 500_000);
        assert_eq!((clock.show(Time(10)), clock.show(Time(20))), (Time(8), Time(23)));
        // Setting it leaves it as fast as it was.
        clock.set_skew(Time(20), 0);
        assert_eq!((clock.show(Time(20)), clock.show(Time(30))), (Time(20), Time(35)));
    }

    #[test]
    fn an_alarm_is_never_early_by_the_host_s_own_clock() {
        for ppm in [-999_999, -300, 0, 1, 200, 1_000_000] {
            let mut clock = Clock::default();
            clock.set_drift(Time(1_000), ppm);
            for delay in [0, 1, 999, 1_000_000_007] {
                let now = Time(1_234_567);
                let due = clock.after(now, Duration::from_nanos(delay));
                let waited = clock.show(due) - clock.show(now);
                // The difference of two rounded readings.
                assert!(waited.as_nanos() + 1 >= u128::from(delay), "{ppm} {delay}: {waited:?}");
            }
        }
    }

    #[test]
    fn nothing_overflows() {
        let mut clock = Clock::default();
        clock.set_drift(Time(i64::MIN), 1_000_000);
        clock.set_skew(Time(i64::MAX), i64::MAX);
        clock.show(Time(i64::MIN));
        clock.after(Time(i64::MAX), Duration::MAX);
    }
}
