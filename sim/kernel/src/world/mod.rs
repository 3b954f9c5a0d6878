//! The distributed world: hosts, the links between them, their disks and clocks, and all that can go wrong.
//!
//! One queue holds everything that will happen, in order of (virtual time, sequence number). A product's server is a
//! state machine that knows nothing but what [`World::next`] hands it: a [`Delivery`] on one host, and a [`Cx`] through
//! which it sends messages, sets alarms and writes to that host's disk. Each of these carries the event that caused it,
//! so the arrows of a space-time diagram are in the [`Trace`] for nothing.
//!
//! ```
//! use essaim_kernel::world::{HostOptions, What, World};
//! use essaim_kernel::{Limits, Time};
//!
//! let mut world: World<u64> = World::new(7, Time::from_secs(0), Limits::default());
//! let ping = world.add_kinds(&["ping"]);
//! let a = world.add_host("a", HostOptions::default()).expect("the name is free");
//! let b = world.add_host("b", HostOptions::default()).expect("the name is free");
//! let mut heard = Vec::new();
//! while let Some((delivery, mut cx)) = world.next(Time::from_secs(1)) {
//!     match delivery.what {
//!         What::Started { .. } if delivery.to == a => cx.send(b, ping, 100, 42),
//!         What::Message { from, message, .. } => heard.push((delivery.to, from, message)),
//!         _ => {}
//!     }
//! }
//! assert_eq!(heard, [(b, a, 42)]);
//! ```
//!
//! A world is a plain value: a clone is a snapshot, and [`History`] keeps enough of them to go back to any moment.
//!
//! Reading order: `delivery`, `trace`, `chance`, `clock`, `content`, `file`, `disk`, `host`, `link`, this file, `network`,
//! `cx`, `state`, `fault`, `inject`, `conditions`, `chaos`, `history`.

mod chance;
mod chaos;
mod clock;
mod conditions;
mod content;
mod cx;
mod delivery;
mod disk;
mod fault;
mod file;
mod history;
mod host;
mod inject;
mod link;
mod network;
mod state;
mod trace;

pub use chance::Rate;
pub use chaos::Chaos;
pub use cx::{Cx, HostDisk};
pub use delivery::{AlarmId, Delivery, EventId, HostId, KINDS_MAX, Kind, Payload, What};
pub use disk::{Disk, DiskOptions, FileId};
pub use fault::{Fault, FaultError, Route, Way};
pub use file::DiskError;
pub use history::{History, Replay};
pub use host::{Factor, HostOptions, HostState};
pub use link::{LinkOptions, Transport};
pub use state::HostError;
pub use trace::{Counts, Happened, Loss, Record, Trace};

use crate::limits::Limits;
use crate::queue::{EventKey, EventQueue};
use crate::random::Stream;
use crate::time::Time;
use core::cmp::Reverse;
use delivery::{Due, Pending};
use host::Host;
use inject::Active;
use link::{Links, later};
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// One simulated world. Cloning it takes a snapshot.
#[derive(Clone, Debug)]
pub struct World<M> {
    now: Time,
    /// How often anything has moved: events, what is no event (a message that begins to wait), and inputs.
    step_count: u64,
    queue: EventQueue<Pending<M>>,
    /// When hosts that are busy, and have more to do, are free. Kept apart, because it is a small heap.
    wakes: BinaryHeap<Reverse<(Time, HostId)>>,
    hosts: Vec<Host>,
    names: BTreeMap<Arc<str>, HostId>,
    links: Links,
    /// How links behave that nobody set otherwise.
    network: Arc<LinkOptions>,
    kinds: Arc<Vec<&'static str>>,
    /// The faults in force, in the order in which they came.
    active: Vec<Active>,
    fault_log: VecDeque<(EventId, Arc<Fault>)>,
    trace: Trace,
    seed: u64,
    fault_stream: Stream,
    workload_stream: Stream,
    limits: Limits,
    limit_reached: Option<&'static str>,
}

/// How far [`World::run_until`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// To the instant that was asked for.
    Reached,
    /// Not so far: this limit was reached.
    Limit(&'static str),
}

impl<M: Clone> World<M> {
    /// Handles everything that is due at or before `until`, then lets time pass up to there.
    pub fn run_until(&mut self, until: Time, mut step: impl FnMut(Delivery<M>, Cx<'_, M>)) -> Ran {
        for _ in 0..self.limits.advance_events_max {
            match self.next(until) {
                Some((delivery, cx)) => step(delivery, cx),
                None => {
                    self.advance_to(until);
                    return self.limit_reached.map_or(Ran::Reached, Ran::Limit);
                }
            }
        }
        Ran::Limit("advance_events_max")
    }

    /// The next thing that happens on a host, if it is due at or before `until`, and what the host may do about it.
    /// Time moves to that moment; without an event it stays.
    pub fn next(&mut self, until: Time) -> Option<(Delivery<M>, Cx<'_, M>)> {
        let delivery = self.next_delivery(until)?;
        let cx = Cx::new(self, delivery.to, delivery.id);
        Some((delivery, cx))
    }

    /// Lets time pass, if nothing is due before.
    pub fn advance_to(&mut self, now: Time) {
        let now = self.next_due().map_or(now, |due| due.min(now));
        self.now = self.now.max(now);
    }

    /// Something from outside acts on a host: a command typed there, a request over the bridge. `None` if it does not run.
    pub fn call(&mut self, host: HostId) -> Option<Cx<'_, M>> {
        let (now, place) = (self.now, &mut self.hosts[host.index()]);
        if place.state != HostState::Up {
            return None;
        }
        place.busy_until = later(place.busy_until.max(now), place.handling_nanos);
        self.step_count += 1;
        let id = self.record(EventId::OUTSIDE, host, Happened::Called);
        Some(Cx::new(self, host, id))
    }

    fn next_delivery(&mut self, until: Time) -> Option<Delivery<M>> {
        if self.limit_reached.is_some() {
            return None;
        }
        loop {
            if let Some(host) = self.take_wake(until) {
                match self.wake(host) {
                    Some(delivery) => return Some(delivery),
                    None => continue,
                }
            }
            let key = self.queue.set_aside_due(until)?;
            self.step_count += 1;
            self.now = self.now.max(key.at);
            let pending = self
                .queue
                .get(key)
                .expect("the first key of a queue is of a living event");
            let to = pending.to;
            match &pending.due {
                Due::Disk { ticket, .. } => self.hosts[to.index()].disk.finish_sync(*ticket),
                Due::What(What::Message { from, kind, .. }) => {
                    let (from, kind) = (*from, *kind);
                    if from != to && !self.arrives(key, from, to, kind) {
                        continue;
                    }
                }
                Due::What(_) => {}
            }
            let host = &self.hosts[to.index()];
            if host.paused || host.busy_until > self.now || !host.waiting.is_empty() {
                self.wait(to, key);
            } else if let Some(delivery) = self.handle(key) {
                return Some(delivery);
            }
        }
    }

    /// What the link says when a message has come to its end: whether it gets through now.
    fn arrives(&mut self, key: EventKey, from: HostId, to: HostId, kind: Kind) -> bool {
        let Some(place) = self.links.find(from, to) else {
            return true;
        };
        let link = &mut self.links.all[place];
        if !link.stops {
            return true;
        }
        if let Some(why) = link.loses(kind.0) {
            if let Some(pending) = self.queue.take(key) {
                self.lose(&pending, why);
            }
            return false;
        }
        if link.cut {
            link.hold(key, self.now);
            return false;
        }
        true
    }

    fn wait(&mut self, to: HostId, key: EventKey) {
        let host = &mut self.hosts[to.index()];
        host.waiting.push_back(key);
        self.wake_later(to);
    }

    /// Sees to it that a host which has something to do will be woken when it can.
    fn wake_later(&mut self, to: HostId) {
        let host = &mut self.hosts[to.index()];
        if host.paused || host.will_wake || host.waiting.is_empty() {
            return;
        }
        host.will_wake = true;
        self.wakes.push(Reverse((host.busy_until.max(self.now), to)));
    }

    /// The host that is free next, if that is before anything else is due.
    fn take_wake(&mut self, until: Time) -> Option<HostId> {
        let Reverse((at, host)) = *self.wakes.peek()?;
        if at > until || self.queue.next_due().is_some_and(|due| due < at) {
            return None;
        }
        self.wakes.pop();
        self.step_count += 1;
        self.now = self.now.max(at);
        Some(host)
    }

    fn wake(&mut self, to: HostId) -> Option<Delivery<M>> {
        self.hosts[to.index()].will_wake = false;
        loop {
            let host = &mut self.hosts[to.index()];
            // It may have been given more to do since, or been paused.
            if host.paused || host.busy_until > self.now {
                self.wake_later(to);
                return None;
            }
            let key = host.waiting.pop_front()?;
            if let Some(delivery) = self.handle(key) {
                self.wake_later(to);
                return Some(delivery);
            }
        }
    }

    /// Makes of what was set aside what happens now; `None` when it is not, or no longer, for this host.
    fn handle(&mut self, key: EventKey) -> Option<Delivery<M>> {
        let pending = self.queue.take(key)?;
        let host = &mut self.hosts[pending.to.index()];
        if host.state != HostState::Up || host.incarnation != pending.incarnation {
            self.turn_away(pending);
            return None;
        }
        host.busy_until = later(self.now, host.handling_nanos);
        let (cause, to) = (pending.cause, pending.to);
        let what = match pending.due {
            Due::What(what) => what,
            Due::Disk { token, .. } => What::Synced { token },
        };
        let happened = match &what {
            What::Started { incarnation } => Happened::Started {
                incarnation: *incarnation,
            },
            What::Message {
                from,
                kind,
                bytes,
                sent_at,
                ..
            } => Happened::Received {
                from: *from,
                kind: *kind,
                bytes: *bytes,
                sent_at: *sent_at,
            },
            What::Refused { by, kind, .. } => Happened::Refused { by: *by, kind: *kind },
            What::Alarm { token } => Happened::Alarm { token: *token },
            What::Synced { token } => Happened::Synced { token: *token },
        };
        let id = self.record(cause, to, happened);
        let at = self.now;
        Some(Delivery {
            id,
            cause,
            at,
            to,
            what,
        })
    }

    /// A message finds nobody. Without power nothing answers; else the sender is told, if a connection would tell it.
    fn turn_away(&mut self, pending: Pending<M>) {
        let to = pending.to;
        let Due::What(What::Message { from, .. }) = &pending.due else {
            return;
        };
        let from = *from;
        let connected = match self.links.find(from, to) {
            Some(place) => self.links.all[place].options.transport == Transport::Stream,
            None => from == to,
        };
        if self.hosts[to.index()].state == HostState::Crashed || !connected {
            self.lose(&pending, Loss::HostDown);
            return;
        }
        let cause = self.lose(&pending, Loss::Refused);
        let Due::What(What::Message { kind, message, .. }) = pending.due else {
            return;
        };
        let Some(at) = self.way_back(to, from) else { return };
        let refused = What::Refused { by: to, kind, message };
        let refusal = Pending {
            to: from,
            incarnation: pending.sender_incarnation,
            sender_incarnation: 0,
            cause,
            due: Due::What(refused),
        };
        self.push(at, refusal);
    }

    /// Records that a message is lost.
    fn lose(&mut self, pending: &Pending<M>, why: Loss) -> EventId {
        match &pending.due {
            Due::What(What::Message {
                from, kind, sent_at, ..
            }) => {
                let (from, kind, sent_at) = (*from, *kind, *sent_at);
                let happened = Happened::Lost {
                    from,
                    kind,
                    why,
                    sent_at,
                };
                self.record(pending.cause, pending.to, happened)
            }
            _ => pending.cause,
        }
    }

    fn record(&mut self, cause: EventId, host: HostId, happened: Happened) -> EventId {
        self.trace.push(Record {
            cause,
            at: self.now,
            host,
            happened,
        })
    }

    /// Queues an event. One too many stops the world: it is a runaway, and a lab can go back.
    fn push(&mut self, at: Time, pending: Pending<M>) -> EventKey {
        if self.queue.len() >= self.limits.world_pending_max {
            self.limit_reached = Some("world_pending_max");
        }
        self.queue.push(at, pending)
    }
}
