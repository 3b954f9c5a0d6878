//! Hosts: what can fail as a whole.

use super::chance::Decimal;
use super::clock::Clock;
use super::disk::{Disk, DiskOptions, slowed};
use super::link::{later, nanos};
use crate::digest::Digest;
use crate::queue::EventKey;
use crate::random::{Numbered, Stream};
use crate::time::Time;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

/// How a host behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// What handling one event takes. The host does one thing at a time: the next event waits, and what is sent leaves
    /// afterwards. [`Cx::spend`](super::Cx::spend) adds to it.
    pub handling: Duration,
    /// Its disk.
    pub disk: DiskOptions,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            handling: Duration::from_micros(20),
            disk: DiskOptions::default(),
        }
    }
}

/// Whether a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostState {
    /// It runs.
    Up,
    /// Its machine runs, but not its program: messages are refused.
    Killed,
    /// It has no power: nothing answers.
    Crashed,
}

/// How many times slower than usual, to a thousandth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(u32);

impl Factor {
    /// As usual.
    pub const ONE: Self = Self(1_000);

    /// `permille` thousandths of the usual time.
    pub const fn permille(permille: u32) -> Self {
        Self(permille)
    }

    /// In thousandths.
    pub const fn in_permille(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal(u64::from(self.0), 3).fmt(f)
    }
}

impl FromStr for Factor {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let permille = super::chance::parse_decimal(text, 3).ok_or(())?;
        match u32::try_from(permille) {
            Ok(permille) if permille > 0 => Ok(Self(permille)),
            _ => Err(()),
        }
    }
}

/// What a message of a host to itself takes.
const LOOPBACK_NANOS: u64 = 10_000;

/// One host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub name: Arc<str>,
    /// Nanoseconds that handling an event takes, slowness included.
    pub handling_nanos: u64,
    usual_handling_nanos: u64,
    pub state: HostState,
    /// How many times it has started.
    pub incarnation: u32,
    pub paused: bool,
    pub slow: Factor,
    /// Until when it handles what it last took.
    pub busy_until: Time,
    /// When the last message to itself arrives: they keep their order, even if the host gets faster.
    pub last_loopback: Time,
    /// What came while it was busy or paused, in order.
    pub waiting: VecDeque<EventKey>,
    /// Whether a wake-up is queued.
    pub will_wake: bool,
    pub clock: Clock,
    pub random: Stream,
    pub disk: Disk,
}

impl Host {
    pub fn new(name: &str, seed: u64, options: HostOptions) -> Self {
        let usual = nanos(options.handling);
        Self {
            name: Arc::from(name),
            handling_nanos: usual,
            usual_handling_nanos: usual,
            state: HostState::Up,
            incarnation: 1,
            paused: false,
            slow: Factor::ONE,
            busy_until: Time(i64::MIN),
            last_loopback: Time(i64::MIN),
            waiting: VecDeque::new(),
            will_wake: false,
            clock: Clock::default(),
            random: Stream::seeded(seed, &[b"host", name.as_bytes()]),
            disk: Disk::new(options.disk, Numbered::seeded(seed, &[b"disk", name.as_bytes()])),
        }
    }

    /// Makes it slow; what it is at takes so much longer, or less long, from now on.
    pub fn set_slow(&mut self, now: Time, factor: Factor) {
        let left = u64::try_from((self.busy_until - now).as_nanos()).unwrap_or(u64::MAX);
        let usual = u128::from(left) * 1_000 / u128::from(self.slow.in_permille().max(1));
        let left = slowed(u64::try_from(usual).unwrap_or(u64::MAX), factor.in_permille());
        self.busy_until = later(now, left);
        self.slow = factor;
        self.handling_nanos = slowed(self.usual_handling_nanos, factor.in_permille());
    }

    /// When a message to itself arrives.
    pub fn loop_back(&mut self, leaves: Time) -> Time {
        self.last_loopback = self.last_loopback.max(later(leaves, LOOPBACK_NANOS));
        self.last_loopback
    }

    /// The incarnation for which what is sent now is meant: the running one, or the one that will be next.
    pub fn addressed_incarnation(&self) -> u32 {
        match self.state {
            HostState::Up => self.incarnation,
            HostState::Killed | HostState::Crashed => self.incarnation.saturating_add(1),
        }
    }

    pub fn digest(&self, into: &mut Digest) {
        into.bytes(self.name.as_bytes());
        into.u64(self.usual_handling_nanos);
        into.u64(self.state as u64);
        into.u64(u64::from(self.incarnation));
        into.bool(self.paused);
        into.u64(u64::from(self.slow.in_permille()));
        into.i64(self.busy_until.0);
        into.i64(self.last_loopback.0);
        into.bool(self.will_wake);
        self.clock.digest(into);
        into.u64(self.random.state());
        self.disk.digest(into);
    }
}
