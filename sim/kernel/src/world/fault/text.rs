//! A fault as the rest of a transcript's `!` line, and back.

use super::{Fault, FaultError, Route, Way};
use crate::world::chance::{Rate, parse_decimal};
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

const ARROW: &str = "->";
const FAULTS: &str = "crash, kill, restart, pause, resume, slow, skew, drift, disk, torn, cut, isolate, split, drop, \
                      loss, duplicate, reorder, latency, bandwidth, clog or heal";
/// A clock that runs more wrongly than that is broken.
const DRIFT_PPM_MAX: i32 = 500_000;

/// Units of time, longest first.
const TIMES: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Units of bandwidth, largest first.
const BANDWIDTHS: [(&str, u64); 4] = [
    ("GB/s", 1_000_000_000),
    ("MB/s", 1_000_000),
    ("kB/s", 1_000),
    ("B/s", 1),
];

/// Whether a host may have this name, so that faults can be written.
pub(crate) fn is_host_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    name.bytes().all(plain) && name.bytes().any(|byte| byte.is_ascii_alphanumeric()) && name != "all"
}

/// A number in the largest unit in which it is whole.
fn in_units(number: u64, units: &[(&str, u64)]) -> String {
    let (unit, factor) = match number {
        0 => units.iter().find(|(unit, _)| *unit == "s"),
        _ => units.iter().find(|(_, factor)| number.is_multiple_of(*factor)),
    }
    .copied()
    .unwrap_or(("", 1));
    format!("{}{unit}", number / factor)
}

fn parse_units(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let letters = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(letters);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    let places = factor.ilog10().min(9);
    let exact = parse_decimal(number, places)?;
    // `factor` is a whole number of `10^places`, but for minutes and hours, where the division is the last step.
    let scaled = u128::from(exact) * u128::from(*factor) / 10_u128.pow(places);
    u64::try_from(scaled).ok()
}

fn time(nanos: u64) -> String {
    in_units(nanos, &TIMES)
}

fn parse_time(text: &str) -> Option<Duration> {
    parse_units(text, &TIMES).map(Duration::from_nanos)
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => Ok(()),
            Self::Host(host) => write!(f, " {host}"),
            Self::Between(a, b) => write!(f, " {a} {b}"),
            Self::OneWay(a, b) => write!(f, " {a} {ARROW} {b}"),
        }
    }
}

impl fmt::Display for Fault {
    /// The fault without the `! ` of a transcript's line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |duration: &Duration| time(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        match self {
            Self::Crash(host) => write!(f, "crash {host}"),
            Self::Kill(host) => write!(f, "kill {host}"),
            Self::Restart(host) => write!(f, "restart {host}"),
            Self::Pause(host) => write!(f, "pause {host}"),
            Self::Resume(host) => write!(f, "resume {host}"),
            Self::Slow { host, factor } => write!(f, "slow {host} {factor}"),
            Self::Skew { host, nanos } => {
                let sign = match nanos {
                    0 => "",
                    1.. => "+",
                    _ => "-",
                };
                write!(f, "skew {host} {sign}{}", time(nanos.unsigned_abs()))
            }
            Self::Drift { host, ppm } => write!(f, "drift {host} {ppm:+}ppm"),
            Self::Disk { host, slowed_by } => write!(f, "disk {host} {}", whole(slowed_by)),
            Self::Torn { host, rate } => write!(f, "torn {host} {rate}"),
            Self::Cut(on) => write!(f, "cut{on}"),
            Self::Isolate { host, way: Way::Both } => write!(f, "isolate {host}"),
            Self::Isolate { host, way: Way::In } => write!(f, "isolate {ARROW} {host}"),
            Self::Isolate { host, way: Way::Out } => write!(f, "isolate {host} {ARROW}"),
            Self::Split(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| group.join(" ")).collect();
                write!(f, "split {}", groups.join(" | "))
            }
            Self::SplitOneWay { from, to } => write!(f, "split {} {ARROW} {}", from.join(" "), to.join(" ")),
            Self::Drop { on, kind } => write!(f, "drop{on} {kind}"),
            Self::Loss { on, rate } => write!(f, "loss{on} {rate}"),
            Self::Duplicate { on, rate } => write!(f, "duplicate{on} {rate}"),
            Self::Reorder { on, rate } => write!(f, "reorder{on} {rate}"),
            Self::Latency { on, least, mean } if mean.is_zero() => write!(f, "latency{on} {}", whole(least)),
            Self::Latency { on, least, mean } => write!(f, "latency{on} {}+{}", whole(least), whole(mean)),
            Self::Bandwidth { on, bytes_per_second } => {
                write!(f, "bandwidth{on} {}", in_units(*bytes_per_second, &BANDWIDTHS))
            }
            Self::Clog { on, lasts } => write!(f, "clog{on} {}", whole(lasts)),
            Self::Heal => f.write_str("heal"),
            Self::HealAll => f.write_str("heal all"),
            Self::HealThis(fault) => write!(f, "heal {fault}"),
        }
    }
}

fn expected(what: impl Into<String>) -> FaultError {
    FaultError::Syntax(what.into())
}

fn host(name: &str) -> Result<String, FaultError> {
    if is_host_name(name) {
        Ok(name.to_owned())
    } else {
        Err(expected(format!("the name of a host instead of `{name}`")))
    }
}

fn group(names: &[&str]) -> Result<Vec<String>, FaultError> {
    if names.is_empty() {
        return Err(expected("`split A B | C` or `split A B -> C`"));
    }
    names.iter().map(|name| host(name)).collect()
}

fn route(words: &[&str]) -> Result<Route, FaultError> {
    match words {
        [] => Ok(Route::Everywhere),
        [one] => Ok(Route::Host(host(one)?)),
        [a, b] => Ok(Route::Between(host(a)?, host(b)?)),
        [a, ARROW, b] => Ok(Route::OneWay(host(a)?, host(b)?)),
        _ => Err(expected("at most two hosts: `A`, `A B` or `A -> B`")),
    }
}

/// The last word of a fault is how much, and a route may stand before it.
fn measured<'a>(words: &[&'a str], example: &str) -> Result<(Route, &'a str), FaultError> {
    match words.split_last() {
        Some((value, on)) => Ok((route(on)?, value)),
        None => Err(expected(format!("`{example}`"))),
    }
}

fn with_rate(words: &[&str], make: impl Fn(Route, Rate) -> Fault) -> Result<Fault, FaultError> {
    let (on, value) = measured(words, "5%")?;
    match value.parse() {
        Ok(rate) => Ok(make(on, rate)),
        Err(()) => Err(expected(format!("how often, such as `5%`, instead of `{value}`"))),
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    /// Reads a transcript's `!` line, without the `!`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some((verb, rest)) = words.split_first() else {
            return Err(expected(FAULTS));
        };
        match (*verb, rest) {
            ("crash", [name]) => Ok(Self::Crash(host(name)?)),
            ("kill", [name]) => Ok(Self::Kill(host(name)?)),
            ("restart", [name]) => Ok(Self::Restart(host(name)?)),
            ("pause", [name]) => Ok(Self::Pause(host(name)?)),
            ("resume", [name]) => Ok(Self::Resume(host(name)?)),
            ("crash" | "kill" | "restart" | "pause" | "resume", _) => Err(expected(format!("`{verb} HOST`"))),
            ("slow" | "skew" | "drift" | "disk" | "torn", _) => of_a_host(verb, rest),
            ("cut" | "isolate" | "split", _) => partition(verb, rest),
            ("heal", []) => Ok(Self::Heal),
            ("heal", ["all"]) => Ok(Self::HealAll),
            ("heal", ["heal", ..]) => Err(expected("a fault after `heal`")),
            ("heal", _) => Ok(Self::HealThis(Box::new(rest.join(" ").parse()?))),
            _ => of_a_link(verb, rest),
        }
    }
}

fn of_a_host(verb: &str, words: &[&str]) -> Result<Fault, FaultError> {
    let example = match verb {
        "slow" => "slow HOST 4",
        "skew" => "skew HOST +2s",
        "drift" => "drift HOST +200ppm",
        "disk" => "disk HOST 50ms",
        _ => "torn HOST 100%",
    };
    let wrong = || expected(format!("`{example}`"));
    let [name, value] = words else { return Err(wrong()) };
    let host = host(name)?;
    Ok(match verb {
        "slow" => Fault::Slow {
            host,
            factor: value.parse().map_err(|()| wrong())?,
        },
        "skew" => Fault::Skew {
            host,
            nanos: signed_time(value).ok_or_else(wrong)?,
        },
        "drift" => {
            let ppm: i32 = value
                .strip_suffix("ppm")
                .and_then(|number| number.parse().ok())
                .ok_or_else(wrong)?;
            if ppm.abs() > DRIFT_PPM_MAX {
                return Err(expected(format!("a drift of at most {DRIFT_PPM_MAX}ppm")));
            }
            Fault::Drift { host, ppm }
        }
        "disk" => Fault::Disk {
            host,
            slowed_by: parse_time(value).ok_or_else(wrong)?,
        },
        _ => Fault::Torn {
            host,
            rate: value.parse().map_err(|()| wrong())?,
        },
    })
}

fn signed_time(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let nanos = i64::try_from(parse_units(digits, &TIMES)?).ok()?;
    Some(if negative { -nanos } else { nanos })
}

fn partition(verb: &str, words: &[&str]) -> Result<Fault, FaultError> {
    match (verb, words) {
        ("cut", [_, _] | [_, ARROW, _]) => Ok(Fault::Cut(route(words)?)),
        ("cut", _) => Err(expected("`cut A B` or `cut A -> B`")),
        ("isolate", [ARROW, name]) => Ok(Fault::Isolate {
            host: host(name)?,
            way: Way::In,
        }),
        ("isolate", [name, ARROW]) => Ok(Fault::Isolate {
            host: host(name)?,
            way: Way::Out,
        }),
        ("isolate", [name]) => Ok(Fault::Isolate {
            host: host(name)?,
            way: Way::Both,
        }),
        ("isolate", _) => Err(expected("`isolate HOST`, `isolate -> HOST` or `isolate HOST ->`")),
        _ => split(words),
    }
}

fn split(words: &[&str]) -> Result<Fault, FaultError> {
    let fault = if let Some(arrow) = words.iter().position(|word| *word == ARROW) {
        Fault::SplitOneWay {
            from: group(&words[..arrow])?,
            to: group(&words[arrow + 1..])?,
        }
    } else {
        let groups = words
            .split(|word| *word == "|")
            .map(group)
            .collect::<Result<Vec<_>, _>>()?;
        if groups.len() < 2 {
            return Err(expected("`split A B | C` or `split A B -> C`"));
        }
        Fault::Split(groups)
    };
    let mut names = fault.hosts();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(expected(format!("each host once: `{}` is in two places", pair[0]))),
        None => Ok(fault),
    }
}

fn of_a_link(verb: &str, words: &[&str]) -> Result<Fault, FaultError> {
    match verb {
        "drop" => {
            let (on, kind) = measured(words, "drop A -> B KIND")?;
            let kind = kind.to_owned();
            Ok(Fault::Drop { on, kind })
        }
        "loss" => with_rate(words, |on, rate| Fault::Loss { on, rate }),
        "duplicate" => with_rate(words, |on, rate| Fault::Duplicate { on, rate }),
        "reorder" => with_rate(words, |on, rate| Fault::Reorder { on, rate }),
        "latency" => {
            let (on, value) = measured(words, "latency A B 50ms+10ms")?;
            let (least, mean) = value.split_once('+').unwrap_or((value, "0s"));
            match (parse_time(least), parse_time(mean)) {
                (Some(least), Some(mean)) => Ok(Fault::Latency { on, least, mean }),
                _ => Err(expected(format!(
                    "a time, such as `50ms` or `50ms+10ms`, instead of `{value}`"
                ))),
            }
        }
        "bandwidth" => {
            let (on, value) = measured(words, "bandwidth A B 1MB/s")?;
            match parse_units(value, &BANDWIDTHS) {
                Some(bytes_per_second) if bytes_per_second > 0 => Ok(Fault::Bandwidth { on, bytes_per_second }),
                _ => Err(expected(format!("a bandwidth, such as `1MB/s`, instead of `{value}`"))),
            }
        }
        "clog" => {
            let (on, value) = measured(words, "clog A B 5s")?;
            match parse_time(value) {
                Some(lasts) => Ok(Fault::Clog { on, lasts }),
                None => Err(expected(format!("a time, such as `5s`, instead of `{value}`"))),
            }
        }
        _ => Err(expected(FAULTS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_they_are_read() {
        for text in [
            "crash kafka-2",
            "kill kafka-2",
            "restart kafka-2",
            "pause kafka-1",
            "resume kafka-1",
            "slow kafka-1 4",
            "slow kafka-1 2.5",
            "skew kafka-3 +2s",
            "skew kafka-3 -1500ms",
            "skew kafka-3 0s",
            "drift kafka-3 -200ppm",
            "disk kafka-1 50ms",
            "torn kafka-1 100%",
            "cut kafka-1 kafka-2",
            "cut kafka-1 -> kafka-2",
            "isolate kafka-3",
            "isolate -> kafka-3",
            "isolate kafka-3 ->",
            "split a b | c",
            "split a | b | c d",
            "split a b -> c d",
            "drop fetch",
            "drop kafka-1 fetch",
            "drop kafka-1 kafka-2 fetch",
            "drop kafka-1 -> kafka-2 fetch",
            "loss 5%",
            "loss kafka-1 0.5%",
            "duplicate kafka-1 kafka-2 10%",
            "reorder kafka-1 -> kafka-2 1%",
            "latency 50ms",
            "latency kafka-1 kafka-2 50ms+10ms",
            "bandwidth kafka-1 1MB/s",
            "bandwidth 1500B/s",
            "clog kafka-1 -> kafka-2 5s",
            "heal",
            "heal all",
            "heal cut kafka-1 -> kafka-2",
            "heal crash kafka-2",
        ] {
            let fault: Fault = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(fault.to_string(), text);
        }
    }

    #[test]
    fn units_are_read_exactly_and_written_at_their_shortest() {
        for (text, printed) in [
            ("skew a 90s", "skew a +90s"),
            ("skew a +2m", "skew a +2m"),
            ("skew a 120s", "skew a +2m"),
            ("skew a 1.5s", "skew a +1500ms"),
            ("skew a 0.5h", "skew a +30m"),
            ("disk a 0.25us", "disk a 250ns"),
            ("bandwidth 1.5MB/s", "bandwidth 1500kB/s"),
            ("  slow   a  1.50 ", "slow a 1.5"),
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_fault_says_what_was_expected() {
        for (text, expected) in [
            ("", "crash, kill"),
            ("explode kafka-1", "crash, kill"),
            ("crash", "`crash HOST`"),
            ("crash a b", "`crash HOST`"),
            ("crash all", "name of a host"),
            ("crash a/b", "name of a host"),
            ("crash -", "name of a host"),
            ("slow a", "`slow HOST 4`"),
            ("slow a 0", "`slow HOST 4`"),
            ("slow a fast", "`slow HOST 4`"),
            ("skew a 2", "`skew HOST +2s`"),
            ("drift a 900000ppm", "at most 500000ppm"),
            ("cut a", "`cut A B`"),
            ("cut a -> b c", "`cut A B`"),
            ("cut a | b", "`cut A B`"),
            ("split a b", "`split A B | C`"),
            ("split a |", "`split A B | C`"),
            ("split a | a", "each host once"),
            ("drop", "`drop A -> B KIND`"),
            ("loss 101%", "how often"),
            ("loss a b c 5%", "at most two hosts"),
            ("latency fast", "`50ms`"),
            ("bandwidth 0MB/s", "`1MB/s`"),
            ("clog 1fortnight", "`5s`"),
            ("heal heal", "after `heal`"),
            ("heal explode", "crash, kill"),
        ] {
            let error = text.parse::<Fault>().expect_err(text).to_string();
            assert!(
                error.starts_with("expected ") && error.contains(expected),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn cuts_stop_exactly_what_they_should() {
        let hosts = ["a", "b", "c", "d"];
        for (text, stopped) in [
            ("cut a b", "ab ba"),
            ("cut a -> b", "ab"),
            ("isolate c", "ac bc ca cb cd dc"),
            ("isolate -> c", "ac bc dc"),
            ("isolate c ->", "ca cb cd"),
            ("split a b | c", "ac bc ca cb"),
            ("split a | b | c", "ab ac ba bc ca cb"),
            ("split a b -> c d", "ac ad bc bd"),
            ("loss 100%", ""),
        ] {
            let fault: Fault = text.parse().unwrap();
            let mut found = Vec::new();
            for from in hosts {
                for to in hosts.into_iter().filter(|to| *to != from) {
                    if fault.cuts(from, to) {
                        found.push(format!("{from}{to}"));
                    }
                }
            }
            assert_eq!(found.join(" "), stopped, "{text}");
        }
    }
}
