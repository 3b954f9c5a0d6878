//! How likely, and how long: probabilities and exponential delays, in whole numbers only.
//!
//! Nothing here is a float, so a draw gives the same result natively and in Wasm by construction.

use core::fmt;
use core::str::FromStr;

/// How often something happens, in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

impl Rate {
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Each time.
    pub const ALWAYS: Self = Self(1_000_000);

    /// `parts` times in a million; more than a million is always.
    pub const fn per_million(parts: u32) -> Self {
        Self(if parts > 1_000_000 { 1_000_000 } else { parts })
    }

    /// `parts` times in a hundred.
    pub const fn percent(parts: u32) -> Self {
        Self::per_million(parts.saturating_mul(10_000))
    }

    /// The parts in a million.
    pub const fn parts_per_million(self) -> u32 {
        self.0
    }

    /// Whether a draw of 64 random bits falls on the side of "it happens".
    pub const fn strikes(self, draw: u64) -> bool {
        ((draw >> 32) * 1_000_000) >> 32 < self.0 as u64
    }
}

impl fmt::Display for Rate {
    /// In percent: `5%`, `0.5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Decimal(u64::from(self.0), 4))
    }
}

impl FromStr for Rate {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let parts = parse_decimal(text.strip_suffix('%').ok_or(())?, 4).ok_or(())?;
        if parts > 1_000_000 {
            return Err(());
        }
        Ok(Self(parts as u32))
    }
}

/// A number of `10^-places`, printed without zeros that say nothing.
pub(crate) struct Decimal(pub u64, pub u32);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.1);
        let (whole, fraction) = (self.0 / unit, self.0 % unit);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:0width$}", width = self.1 as usize);
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// The number of `10^-places` that a text such as `0.5` stands for; `None` when it is not exact.
pub(crate) fn parse_decimal(text: &str, places: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > places as usize {
        return None;
    }
    if text.ends_with('.') {
        return None;
    }
    let fraction: u64 = format!("0{fraction:0<width$}", width = places as usize).parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(10_u64.pow(places))?.checked_add(fraction)
}

/// Bits after the point of the logarithms below.
const POINT: u32 = 32;
/// ln 2.
const LN_2: u64 = 2_977_044_472;
/// Intervals of [1, 2) between which the logarithm is interpolated; the error is below 2^-19.
const INTERVALS: usize = 256;
/// ln(1 + i / 256).
static LOGARITHMS: [u64; INTERVALS + 1] = logarithms();

const fn logarithms() -> [u64; INTERVALS + 1] {
    let mut table = [0; INTERVALS + 1];
    let mut i = 0;
    while i < INTERVALS {
        // log2 bit by bit: squaring doubles a logarithm.
        let mut x = (1_u128 << 62) + ((i as u128) << 62) / INTERVALS as u128;
        let mut log_2 = 0_u64;
        let mut bit = 0;
        while bit < 40 {
            x = (x * x) >> 62;
            log_2 <<= 1;
            if x >= 2 << 62 {
                x >>= 1;
                log_2 |= 1;
            }
            bit += 1;
        }
        table[i] = ((log_2 as u128 * LN_2 as u128) >> 40) as u64;
        i += 1;
    }
    table[INTERVALS] = LN_2;
    table
}

/// -ln(u) for the u in (0, 1) that 64 random bits stand for, with [`POINT`] bits after the point.
fn negative_logarithm(draw: u64) -> u64 {
    let u = draw | 1;
    let zeros = u.leading_zeros();
    // The bits after the leading one: what u's mantissa has above 1.
    let mantissa = (u << zeros) << 1;
    let interval = (mantissa >> 56) as usize;
    let within = (mantissa >> 24) & 0xffff_ffff;
    let (low, high) = (LOGARITHMS[interval], LOGARITHMS[interval + 1]);
    let logarithm = low + (((high - low) * within) >> 32);
    (u64::from(zeros) + 1) * LN_2 - logarithm
}

/// A delay from 64 random bits, exponentially distributed round `mean_nanos`.
pub(crate) fn exponential_nanos(mean_nanos: u64, draw: u64) -> u64 {
    let factor = negative_logarithm(draw);
    if mean_nanos < 1 << 26 {
        // No product of wide numbers where a narrow one does: those are slow in Wasm.
        (mean_nanos * factor) >> POINT
    } else {
        u64::try_from((u128::from(mean_nanos) * u128::from(factor)) >> POINT).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn the_logarithm_is_one() {
        let mut random = Stream::seeded(1, &[b"logarithm"]);
        let two_64 = 18_446_744_073_709_551_616.0_f64;
        for draw in (0..10_000)
            .map(|_| random.next_u64() >> random.below(64))
            .chain([0, 1, u64::MAX])
        {
            let ours = negative_logarithm(draw) as f64 / f64::from(1_u32 << 31) / 2.0;
            let real = -((draw | 1) as f64 / two_64).ln();
            assert!((ours - real).abs() < 4e-6, "{draw:x}: {ours} {real}");
        }
    }

    #[test]
    fn delays_have_their_mean_and_their_tail() {
        let mut random = Stream::seeded(2, &[b"delays"]);
        for mean in [1_000, 1 << 20, 1 << 40] {
            let count = 200_000;
            let delays: Vec<u64> = (0..count).map(|_| exponential_nanos(mean, random.next_u64())).collect();
            let sum: u128 = delays.iter().map(|delay| u128::from(*delay)).sum();
            let average = (sum / count as u128) as f64 / mean as f64;
            assert!((average - 1.0).abs() < 0.01, "{mean}: {average}");
            // P(delay > 3 means) = e^-3.
            let late = delays.iter().filter(|delay| **delay > 3 * mean).count() as f64 / f64::from(count);
            assert!((late - 0.0498).abs() < 0.003, "{mean}: {late}");
        }
    }

    #[test]
    fn a_rate_strikes_as_often_as_it_says() {
        let mut random = Stream::seeded(3, &[b"rate"]);
        for (rate, expected) in [(Rate::NEVER, 0), (Rate::percent(5), 5_000), (Rate::ALWAYS, 100_000)] {
            let struck = (0..100_000).filter(|_| rate.strikes(random.next_u64())).count();
            assert!(struck.abs_diff(expected) < 300, "{rate}: {struck}");
        }
        assert!(Rate::ALWAYS.strikes(u64::MAX));
    }

    #[test]
    fn rates_are_written_in_percent() {
        for (text, parts) in [
            ("5%", 50_000),
            ("0.5%", 5_000),
            ("100%", 1_000_000),
            ("0.0001%", 1),
            ("0%", 0),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.parts_per_million(), rate.to_string()), (parts, text.to_owned()));
        }
        for wrong in [
            "",
            "%",
            "5",
            "-1%",
            "101%",
            "5.%",
            ".5%",
            "1e2%",
            "0.00001%",
            "99999999999999999999%",
        ] {
            assert_eq!(wrong.parse::<Rate>(), Err(()), "{wrong}");
        }
    }
}
