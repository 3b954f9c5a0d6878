//! Faults as data: what can be done to a world, and undone.
//!
//! A fault is plain text in a transcript (`! crash kafka-2`), names hosts and kinds of message by name, and can be read
//! without a world. [`World::apply`](super::World::apply) does it.

mod text;

pub(crate) use text::is_host_name;

use super::chance::Rate;
use super::host::Factor;
use core::fmt;
use core::time::Duration;

/// Something that goes wrong, or that is put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `crash HOST`: the machine loses power. Nothing answers; what was not safe on its disk is lost.
    Crash(String),
    /// `kill HOST`: the program dies (`kill -9`), the machine runs on. Messages are refused; the disk keeps all.
    Kill(String),
    /// `restart HOST`: the program starts again, with what the disk holds. One that runs is killed first.
    Restart(String),
    /// `pause HOST`: the program stands still (a long collection of garbage, `SIGSTOP`); what comes waits.
    Pause(String),
    /// `resume HOST`: it goes on, with what has come in the meantime, in order.
    Resume(String),
    /// `slow HOST 4`: all it does takes four times as long. `1` is as usual.
    Slow {
        /// Which host.
        host: String,
        /// How many times slower.
        factor: Factor,
    },
    /// `skew HOST +2s`: its clock is ahead (`-2s`: behind). `0s` sets it right.
    Skew {
        /// Which host.
        host: String,
        /// How far ahead.
        nanos: i64,
    },
    /// `drift HOST +200ppm`: its clock runs fast (`-200ppm`: slow), by microseconds a second.
    Drift {
        /// Which host.
        host: String,
        /// How fast.
        ppm: i32,
    },
    /// `disk HOST 50ms`: each sync of its disk takes so much longer.
    Disk {
        /// Which host.
        host: String,
        /// How much longer.
        slowed_by: Duration,
    },
    /// `torn HOST 100%`: how often a file keeps a torn end when the power goes.
    Torn {
        /// Which host.
        host: String,
        /// How often.
        rate: Rate,
    },
    /// `cut A B`, `cut A -> B`: nothing passes between two hosts, or one way.
    Cut(Route),
    /// `isolate HOST`: nothing passes between it and any other; `isolate -> HOST`: nothing reaches it; `isolate HOST ->`:
    /// nothing leaves it.
    Isolate {
        /// Which host.
        host: String,
        /// Which way.
        way: Way,
    },
    /// `split A B | C`: nothing passes from one group to another. Hosts that are in none reach all.
    Split(Vec<Vec<String>>),
    /// `split A B -> C`: nothing passes from the first group to the second; the other way is open.
    SplitOneWay {
        /// Who is not heard.
        from: Vec<String>,
        /// By whom.
        to: Vec<String>,
    },
    /// `drop [ROUTE] KIND`: messages of one kind are lost.
    Drop {
        /// Where.
        on: Route,
        /// Of which kind.
        kind: String,
    },
    /// `loss [ROUTE] 5%`: how often a message is lost.
    Loss {
        /// Where.
        on: Route,
        /// How often.
        rate: Rate,
    },
    /// `duplicate [ROUTE] 5%`: how often a message comes twice.
    Duplicate {
        /// Where.
        on: Route,
        /// How often.
        rate: Rate,
    },
    /// `reorder [ROUTE] 5%`: how often a message makes a detour.
    Reorder {
        /// Where.
        on: Route,
        /// How often.
        rate: Rate,
    },
    /// `latency [ROUTE] 50ms`, `latency [ROUTE] 50ms+10ms`: the least time a message takes, and the mean of what comes on
    /// top.
    Latency {
        /// Where.
        on: Route,
        /// The least.
        least: Duration,
        /// The mean of what comes on top.
        mean: Duration,
    },
    /// `bandwidth [ROUTE] 1MB/s`.
    Bandwidth {
        /// Where.
        on: Route,
        /// How many bytes pass in a second.
        bytes_per_second: u64,
    },
    /// `clog [ROUTE] 5s`: nothing arrives for so long; then all does, in order.
    Clog {
        /// Where.
        on: Route,
        /// For how long.
        lasts: Duration,
    },
    /// `heal`: every fault of the network ends.
    Heal,
    /// `heal all`: every fault ends: hosts start, go on, and have the right time.
    HealAll,
    /// `heal FAULT`: this one ends.
    HealThis(Box<Fault>),
}

/// Which links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// All.
    Everywhere,
    /// Those from and to one host.
    Host(String),
    /// Those between two hosts, both ways.
    Between(String, String),
    /// The one from the first to the second.
    OneWay(String, String),
}

/// Which way an isolated host is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Both.
    Both,
    /// Nothing reaches it.
    In,
    /// Nothing leaves it.
    Out,
}

/// Why a fault cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultError {
    /// The text is none of a fault; what was expected.
    Syntax(String),
    /// There is no such host.
    NoSuchHost(String),
    /// There is no such kind of message.
    NoSuchKind(String),
    /// The host does not run.
    NotUp(String),
    /// The host is not paused.
    NotPaused(String),
    /// Nothing like it is in force, so that it cannot end.
    NotInForce(String),
    /// A limit was reached.
    Limit(&'static str),
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(expected) => write!(f, "expected {expected}"),
            Self::NoSuchHost(name) => write!(f, "no host is named `{name}`"),
            Self::NoSuchKind(name) => write!(f, "no kind of message is named `{name}`"),
            Self::NotUp(name) => write!(f, "`{name}` does not run"),
            Self::NotPaused(name) => write!(f, "`{name}` is not paused"),
            Self::NotInForce(fault) => write!(f, "`{fault}` is not in force"),
            Self::Limit(name) => write!(f, "the limit {name} is reached"),
        }
    }
}

impl Route {
    /// Whether it holds the link from one host to another.
    pub fn covers(&self, from: &str, to: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Host(host) => from == host || to == host,
            Self::Between(a, b) => (from == a && to == b) || (from == b && to == a),
            Self::OneWay(a, b) => from == a && to == b,
        }
    }

    fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Everywhere => Vec::new(),
            Self::Host(host) => vec![host],
            Self::Between(a, b) | Self::OneWay(a, b) => vec![a, b],
        }
    }
}

impl Fault {
    /// Whether it stops all that goes from one host to another.
    pub fn cuts(&self, from: &str, to: &str) -> bool {
        let has = |group: &[String], host: &str| group.iter().any(|name| name == host);
        match self {
            Self::Cut(route) => route.covers(from, to),
            Self::Isolate { host, way } => match way {
                Way::Both => from == host || to == host,
                Way::In => to == host,
                Way::Out => from == host,
            },
            Self::Split(groups) => {
                let group_of = |host: &str| groups.iter().position(|group| has(group, host));
                matches!((group_of(from), group_of(to)), (Some(one), Some(other)) if one != other)
            }
            Self::SplitOneWay { from: mute, to: deaf } => has(mute, from) && has(deaf, to),
            _ => false,
        }
    }

    /// Whether it is one of the network, which `heal` ends.
    pub fn is_of_the_network(&self) -> bool {
        matches!(
            self,
            Self::Cut(_)
                | Self::Isolate { .. }
                | Self::Split(_)
                | Self::SplitOneWay { .. }
                | Self::Drop { .. }
                | Self::Loss { .. }
                | Self::Duplicate { .. }
                | Self::Reorder { .. }
                | Self::Latency { .. }
                | Self::Bandwidth { .. }
                | Self::Clog { .. }
        )
    }

    /// The hosts it names.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Crash(host) | Self::Kill(host) | Self::Restart(host) | Self::Pause(host) | Self::Resume(host) => {
                vec![host]
            }
            Self::Slow { host, .. }
            | Self::Skew { host, .. }
            | Self::Drift { host, .. }
            | Self::Disk { host, .. }
            | Self::Torn { host, .. }
            | Self::Isolate { host, .. } => vec![host],
            Self::Split(groups) => groups.iter().flatten().map(String::as_str).collect(),
            Self::SplitOneWay { from, to } => from.iter().chain(to).map(String::as_str).collect(),
            Self::Cut(on)
            | Self::Drop { on, .. }
            | Self::Loss { on, .. }
            | Self::Duplicate { on, .. }
            | Self::Reorder { on, .. }
            | Self::Latency { on, .. }
            | Self::Bandwidth { on, .. }
            | Self::Clog { on, .. } => on.hosts(),
            Self::Heal | Self::HealAll => Vec::new(),
            Self::HealThis(fault) => fault.hosts(),
        }
    }

    /// Whether two faults set the same thing, so that the later replaces the earlier.
    pub(crate) fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Crash(a) | Self::Kill(a), Self::Crash(b) | Self::Kill(b)) | (Self::Pause(a), Self::Pause(b)) => {
                a == b
            }
            (Self::Slow { host: a, .. }, Self::Slow { host: b, .. })
            | (Self::Skew { host: a, .. }, Self::Skew { host: b, .. })
            | (Self::Drift { host: a, .. }, Self::Drift { host: b, .. })
            | (Self::Disk { host: a, .. }, Self::Disk { host: b, .. })
            | (Self::Torn { host: a, .. }, Self::Torn { host: b, .. }) => a == b,
            (Self::Loss { on: a, .. }, Self::Loss { on: b, .. })
            | (Self::Duplicate { on: a, .. }, Self::Duplicate { on: b, .. })
            | (Self::Reorder { on: a, .. }, Self::Reorder { on: b, .. })
            | (Self::Latency { on: a, .. }, Self::Latency { on: b, .. })
            | (Self::Bandwidth { on: a, .. }, Self::Bandwidth { on: b, .. })
            | (Self::Clog { on: a, .. }, Self::Clog { on: b, .. }) => a == b,
            (one, other) => one == other,
        }
    }
}
