//! A world's making, its parts to look at, and its digest.

use super::World;
use super::delivery::{Due, EventId, HostId, KINDS_MAX, Kind, Payload, Pending, What};
use super::disk::Disk;
use super::fault::is_host_name;
use super::host::{Host, HostOptions, HostState};
use super::link::{LinkOptions, Links};
use super::trace::Trace;
use crate::digest::Digest;
use crate::limits::Limits;
use crate::queue::EventQueue;
use crate::random::Stream;
use crate::time::Time;
use core::fmt;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// Why a host cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// The name is not one of letters, digits, `-`, `_` and `.`, or is `all`.
    BadName,
    /// Another host has the name.
    Taken,
    /// The limit `world_hosts_max` is reached.
    TooMany,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadName => "a host's name is made of letters, digits, `-`, `_` and `.`",
            Self::Taken => "another host has this name",
            Self::TooMany => "the limit world_hosts_max is reached",
        })
    }
}

impl<M: Clone> World<M> {
    /// A world without hosts, at `start`, whose chance derives from `seed`.
    pub fn new(seed: u64, start: Time, limits: Limits) -> Self {
        Self {
            now: start,
            step_count: 0,
            queue: EventQueue::default(),
            wakes: BinaryHeap::new(),
            hosts: Vec::new(),
            names: BTreeMap::new(),
            links: Links::default(),
            network: Arc::default(),
            kinds: Arc::default(),
            active: Vec::new(),
            fault_log: VecDeque::new(),
            trace: Trace::new(limits.world_trace_max),
            seed,
            fault_stream: Stream::seeded(seed, &[b"faults"]),
            workload_stream: Stream::seeded(seed, &[b"workload"]),
            limits,
            limit_reached: None,
        }
    }

    /// Adds a host. It starts at once: [`What::Started`] is the first it hears.
    pub fn add_host(&mut self, name: &str, options: HostOptions) -> Result<HostId, HostError> {
        if !is_host_name(name) {
            return Err(HostError::BadName);
        }
        if self.names.contains_key(name) {
            return Err(HostError::Taken);
        }
        if self.hosts.len() >= self.limits.world_hosts_max.min(usize::from(u16::MAX)) {
            return Err(HostError::TooMany);
        }
        let id = HostId(self.hosts.len() as u16);
        let host = Host::new(name, self.seed, options);
        self.names.insert(Arc::clone(&host.name), id);
        self.hosts.push(host);
        self.links.add_host();
        let started = Pending {
            to: id,
            incarnation: 1,
            sender_incarnation: 0,
            cause: EventId::OUTSIDE,
            due: Due::What(What::Started { incarnation: 1 }),
        };
        self.push(self.now, started);
        Ok(id)
    }

    /// Names kinds of message; the first gets the number that is given, the others those after it.
    pub fn add_kinds(&mut self, names: &[&'static str]) -> Kind {
        let first = self.kinds.len();
        assert!(
            first + names.len() <= KINDS_MAX,
            "a world has at most {KINDS_MAX} kinds of message"
        );
        Arc::make_mut(&mut self.kinds).extend(names);
        Kind(first as u8)
    }

    /// Sets how links behave that are not set one by one.
    pub fn set_network(&mut self, options: LinkOptions) {
        self.network = Arc::new(options);
        self.refresh_links();
    }

    /// Sets how the link from one host to another behaves.
    pub fn set_link(&mut self, from: HostId, to: HostId, options: LinkOptions) {
        self.link(from, to).own = Some(Arc::new(options));
        self.refresh_links();
    }

    /// The world's own time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// When the next thing is due.
    pub fn next_due(&self) -> Option<Time> {
        let wake = self.wakes.peek().map(|wake| wake.0.0);
        self.queue.next_due().into_iter().chain(wake).min()
    }

    /// How many events have happened: the number of the last.
    pub fn event_count(&self) -> u64 {
        self.trace.next().0 - 1
    }

    /// How often anything has moved: events, what is no event yet (a message that begins to wait for a busy host), and
    /// what comes from outside. Where in its history a world is: see [`Replay::position`](super::Replay::position).
    pub fn step_count(&self) -> u64 {
        self.step_count
    }

    /// How many events are to come.
    pub fn pending_count(&self) -> usize {
        self.queue.len()
    }

    /// What happened lately.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The host of a name.
    pub fn host_named(&self, name: &str) -> Option<HostId> {
        self.names.get(name).copied()
    }

    /// The hosts, in the order in which they were added.
    pub fn hosts(&self) -> impl Iterator<Item = HostId> {
        (0..self.hosts.len() as u16).map(HostId)
    }

    /// A host's name.
    pub fn name_of(&self, host: HostId) -> &str {
        &self.hosts[host.index()].name
    }

    /// Whether a host runs.
    pub fn state_of(&self, host: HostId) -> HostState {
        self.hosts[host.index()].state
    }

    /// Whether a host is paused.
    pub fn is_paused(&self, host: HostId) -> bool {
        self.hosts[host.index()].paused
    }

    /// How many times a host has started.
    pub fn incarnation_of(&self, host: HostId) -> u32 {
        self.hosts[host.index()].incarnation
    }

    /// What a host's clock shows.
    pub fn clock_of(&self, host: HostId) -> Time {
        self.hosts[host.index()].clock.show(self.now)
    }

    /// A host's disk.
    pub fn disk_of(&self, host: HostId) -> &Disk {
        &self.hosts[host.index()].disk
    }

    /// Whether anything passes from one host to another, as far as the network is concerned.
    pub fn reaches(&self, from: HostId, to: HostId) -> bool {
        let (from_name, to_name) = (self.name_of(from), self.name_of(to));
        from == to || !self.active_faults().any(|fault| fault.cuts(from_name, to_name))
    }

    /// The kinds of message, by number.
    pub fn kinds(&self) -> &[&'static str] {
        &self.kinds
    }

    /// The kind of a name.
    pub fn kind_named(&self, name: &str) -> Option<Kind> {
        let place = self.kinds.iter().position(|kind| *kind == name)?;
        Some(Kind(place as u8))
    }

    /// The stream that faults are drawn from.
    pub fn fault_stream(&mut self) -> &mut Stream {
        &mut self.fault_stream
    }

    /// The stream that the workload is drawn from.
    pub fn workload_stream(&mut self) -> &mut Stream {
        &mut self.workload_stream
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The limit that stopped the world, if one did. Nothing happens any more: go back to an earlier snapshot.
    pub fn limit_reached(&self) -> Option<&'static str> {
        self.limit_reached
    }
}

impl<M: Clone + Payload> World<M> {
    /// Adds the whole state to a digest.
    pub fn digest(&self, into: &mut Digest) {
        into.i64(self.now.0);
        into.u64(self.step_count);
        into.u64(self.seed);
        into.u64(self.fault_stream.state());
        into.u64(self.workload_stream.state());
        into.u64(self.hosts.len() as u64);
        for host in &self.hosts {
            host.digest(into);
            into.u64(host.waiting.len() as u64);
            for (key, pending) in host.waiting.iter().filter_map(|key| Some((key, self.queue.get(*key)?))) {
                into.u64(key.sequence());
                digest_pending(pending, into);
            }
        }
        into.u64(self.links.all.len() as u64);
        for link in &self.links.all {
            link.digest(into);
            for (key, pending) in link.held.iter().filter_map(|key| Some((key, self.queue.get(*key)?))) {
                into.u64(key.sequence());
                digest_pending(pending, into);
            }
        }
        into.u64(self.active.len() as u64);
        for active in &self.active {
            into.bytes(active.fault.to_string().as_bytes());
            into.i64(active.until.map_or(i64::MIN, |until| until.0));
        }
        let mut wakes: Vec<(Time, HostId)> = self.wakes.iter().map(|wake| wake.0).collect();
        wakes.sort_unstable();
        into.u64(wakes.len() as u64);
        for (at, host) in wakes {
            into.i64(at.0);
            into.u64(u64::from(host.0));
        }
        let queued = self.queue.sorted();
        into.u64(self.queue.pushed_count());
        into.u64(queued.len() as u64);
        for (key, pending) in queued {
            into.i64(key.at.0);
            into.u64(key.sequence());
            digest_pending(pending, into);
        }
        self.trace.digest(into);
        into.bool(self.limit_reached.is_some());
    }
}

fn digest_pending<M: Payload>(pending: &Pending<M>, into: &mut Digest) {
    into.u64(u64::from(pending.to.0));
    into.u64(u64::from(pending.incarnation));
    into.u64(u64::from(pending.sender_incarnation));
    into.u64(pending.cause.0);
    match &pending.due {
        Due::Disk { ticket, token } => {
            into.u64(1);
            into.u64(*ticket);
            into.u64(*token);
        }
        Due::What(What::Started { incarnation }) => {
            into.u64(2);
            into.u64(u64::from(*incarnation));
        }
        Due::What(What::Message {
            from,
            kind,
            bytes,
            sent_at,
            message,
        }) => {
            into.u64(3);
            into.u64(u64::from(from.0));
            into.u64(u64::from(kind.0));
            into.u64(u64::from(*bytes));
            into.i64(sent_at.0);
            message.digest(into);
        }
        Due::What(What::Refused { by, kind, message }) => {
            into.u64(4);
            into.u64(u64::from(by.0));
            into.u64(u64::from(kind.0));
            message.digest(into);
        }
        Due::What(What::Alarm { token }) => {
            into.u64(5);
            into.u64(*token);
        }
        Due::What(What::Synced { token }) => {
            into.u64(6);
            into.u64(*token);
        }
    }
}
