//! Faults at work: what they do to hosts and links, and which are in force.

use super::World;
use super::delivery::{Due, EventId, HostId, Pending, What};
use super::fault::{Fault, FaultError};
use super::host::{Factor, HostState};
use super::link::nanos;
use super::trace::{Happened, Loss};
use crate::time::Time;
use core::time::Duration;
use std::sync::Arc;

/// A fault in force.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub fault: Fault,
    /// When it ends by itself.
    pub until: Option<Time>,
}

impl<M: Clone> World<M> {
    /// Does what a fault says. What follows from it has the event that is given as its cause.
    pub fn apply(&mut self, fault: &Fault) -> Result<EventId, FaultError> {
        self.check(fault)?;
        self.step_count += 1;
        let first = fault.hosts().first().and_then(|name| self.host_named(name));
        let id = self.record(EventId::OUTSIDE, first.unwrap_or(HostId(0)), Happened::Fault);
        self.fault_log.push_back((id, Arc::new(fault.clone())));
        while self.fault_log.len() > self.limits.world_faults_max {
            self.fault_log.pop_front();
        }
        let now = self.now;
        self.active
            .retain(|active| active.until.is_none_or(|until| until > now));
        self.inject(fault, id);
        Ok(id)
    }

    /// The faults in force, in the order in which they came.
    pub fn active_faults(&self) -> impl Iterator<Item = &Fault> {
        let lasting = self
            .active
            .iter()
            .filter(|active| active.until.is_none_or(|until| until > self.now));
        lasting.map(|active| &active.fault)
    }

    /// The fault that an event of the trace was.
    pub fn fault_of(&self, id: EventId) -> Option<&Fault> {
        let place = self.fault_log.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.fault_log.get(place).map(|(_, fault)| &**fault)
    }

    fn known(&self, name: &str) -> Result<HostId, FaultError> {
        self.host_named(name)
            .ok_or_else(|| FaultError::NoSuchHost(name.to_owned()))
    }

    fn host_of(&mut self, name: &str) -> Option<(HostId, &mut super::host::Host)> {
        let id = self.host_named(name)?;
        Some((id, &mut self.hosts[id.index()]))
    }

    /// Whether [`World::apply`] would do what a fault says.
    pub fn can_apply(&self, fault: &Fault) -> bool {
        self.check(fault).is_ok()
    }

    fn check(&self, fault: &Fault) -> Result<(), FaultError> {
        for name in fault.hosts() {
            self.known(name)?;
        }
        let state = |name: &str| self.known(name).map(|id| &self.hosts[id.index()]);
        match fault {
            Fault::Crash(name) if state(name)?.state == HostState::Crashed => Err(FaultError::NotUp(name.clone())),
            Fault::Kill(name) | Fault::Pause(name) if state(name)?.state != HostState::Up => {
                Err(FaultError::NotUp(name.clone()))
            }
            Fault::Resume(name) if !state(name)?.paused => Err(FaultError::NotPaused(name.clone())),
            Fault::Drop { kind, .. } if self.kind_named(kind).is_none() => Err(FaultError::NoSuchKind(kind.clone())),
            Fault::HealThis(ended) if !self.active_faults().any(|active| ended.replaces(active)) => {
                Err(FaultError::NotInForce(ended.to_string()))
            }
            Fault::Heal | Fault::HealAll | Fault::HealThis(_) | Fault::Restart(_) => Ok(()),
            _ if self.active.len() >= self.limits.world_faults_max => Err(FaultError::Limit("world_faults_max")),
            _ => Ok(()),
        }
    }

    fn inject(&mut self, fault: &Fault, id: EventId) {
        match fault {
            Fault::Heal => self.end(Fault::is_of_the_network, id),
            Fault::HealAll => {
                self.end(|_| true, id);
                // A clock whose drift ended earlier is still wrong.
                let now = self.now;
                self.hosts.iter_mut().for_each(|host| host.clock.set_skew(now, 0));
            }
            Fault::HealThis(ended) => self.end(|active| ended.replaces(active), id),
            Fault::Restart(name) => self.restart(name, id),
            Fault::Resume(name) => self.end(|active| *active == Fault::Pause(name.clone()), id),
            lasting => {
                self.active.retain(|active| !lasting.replaces(&active.fault));
                let until = match lasting {
                    Fault::Clog { lasts, .. } => Some(self.now + *lasts),
                    _ => None,
                };
                if !is_as_usual(lasting) {
                    let fault = lasting.clone();
                    self.active.push(Active { fault, until });
                }
                self.begin(lasting);
            }
        }
        self.refresh_links();
    }

    /// What a lasting fault does to its host. (What it does to links, [`World::condition`] says.)
    fn begin(&mut self, fault: &Fault) {
        let now = self.now;
        let Some((id, host)) = fault.hosts().first().and_then(|name| self.host_of(name)) else {
            return;
        };
        match fault {
            Fault::Crash(_) => self.stop(id, HostState::Crashed),
            Fault::Kill(_) => self.stop(id, HostState::Killed),
            Fault::Pause(_) => host.paused = true,
            Fault::Slow { factor, .. } => self.set_slow(id, *factor),
            Fault::Skew { nanos, .. } => host.clock.set_skew(now, *nanos),
            Fault::Drift { ppm, .. } => host.clock.set_drift(now, *ppm),
            Fault::Disk { slowed_by, .. } => self.set_disk(id, *slowed_by),
            Fault::Torn { rate, .. } => host.disk.torn = Some(*rate),
            _ => {}
        }
    }

    /// Ends the faults in force that are asked for.
    fn end(&mut self, ends: impl Fn(&Fault) -> bool, id: EventId) {
        let (ended, lasting) = std::mem::take(&mut self.active)
            .into_iter()
            .partition(|active: &Active| ends(&active.fault));
        self.active = lasting;
        let now = self.now;
        for Active { fault, .. } in ended {
            if let Fault::Crash(name) | Fault::Kill(name) = &fault {
                self.start(name, id);
                continue;
            }
            let Some((place, host)) = fault.hosts().first().and_then(|name| self.host_of(name)) else {
                continue;
            };
            match fault {
                Fault::Pause(_) => {
                    host.paused = false;
                    self.wake_later(place);
                }
                Fault::Slow { .. } => self.set_slow(place, Factor::ONE),
                Fault::Skew { .. } => host.clock.set_skew(now, 0),
                Fault::Drift { .. } => host.clock.set_drift(now, 0),
                Fault::Disk { .. } => self.set_disk(place, Duration::ZERO),
                Fault::Torn { .. } => host.disk.torn = None,
                _ => {}
            }
        }
    }

    /// A host's program ends, and all it had in memory is gone.
    fn stop(&mut self, id: HostId, state: HostState) {
        let now = self.now;
        let host = &mut self.hosts[id.index()];
        host.state = state;
        host.paused = false;
        host.busy_until = Time(i64::MIN);
        match state {
            HostState::Crashed => host.disk.power_lost(now),
            _ => host.disk.program_lost(),
        }
        let name = Arc::clone(&host.name);
        for key in std::mem::take(&mut host.waiting) {
            if let Some(pending) = self.queue.take(key) {
                self.turn_away(pending);
            }
        }
        self.active
            .retain(|active| active.fault != Fault::Pause((*name).to_owned()));
        // Its own alarms and syncs go with it. Messages on their way to it find out when they arrive.
        let own = |pending: &Pending<M>| pending.to == id && !matches!(pending.due, Due::What(What::Message { .. }));
        let keys: Vec<_> = self
            .queue
            .sorted()
            .into_iter()
            .filter(|(_, pending)| own(pending))
            .collect();
        let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
        for key in keys {
            self.queue.cancel(key);
        }
        if state == HostState::Crashed {
            self.lose_unsent(id);
        }
    }

    /// What a host had handed to its system, and a cut had held there, goes with the power.
    fn lose_unsent(&mut self, from: HostId) {
        for place in 0..self.links.all.len() {
            if self.links.all[place].from != from {
                continue;
            }
            for key in std::mem::take(&mut self.links.all[place].held) {
                if let Some(pending) = self.queue.take(key) {
                    self.lose(&pending, Loss::SenderDown);
                }
            }
        }
    }

    fn restart(&mut self, name: &str, id: EventId) {
        let down = |active: &Active| matches!(&active.fault, Fault::Crash(host) | Fault::Kill(host) if host == name);
        self.active.retain(|active| !down(active));
        let Some((place, host)) = self.host_of(name) else {
            return;
        };
        if host.state == HostState::Up {
            self.stop(place, HostState::Killed);
        }
        self.start(name, id);
    }

    fn start(&mut self, name: &str, cause: EventId) {
        let now = self.now;
        let Some((id, host)) = self.host_of(name) else { return };
        host.state = HostState::Up;
        host.incarnation = host.incarnation.saturating_add(1);
        let incarnation = host.incarnation;
        let started = Pending {
            to: id,
            incarnation,
            sender_incarnation: 0,
            cause,
            due: Due::What(What::Started { incarnation }),
        };
        self.push(now, started);
    }

    /// A disk is less slow than it was: what it has to do is done earlier.
    fn hasten_disk(&mut self, id: HostId, by: Duration) {
        let sooner = |at: Time| Time(at.0.saturating_sub_unsigned(nanos(by))).max(self.now);
        let of_the_disk = |pending: &Pending<M>| pending.to == id && matches!(pending.due, Due::Disk { .. });
        let queued = self
            .queue
            .sorted()
            .into_iter()
            .filter(|(_, pending)| of_the_disk(pending));
        let earlier = queued
            .map(|(key, _)| (key, sooner(key.at)))
            .filter(|(key, at)| *at < key.at)
            .collect();
        let disk = &self.hosts[id.index()].disk;
        let last_sync = sooner(disk.last_sync).min(disk.last_sync);
        self.hosts[id.index()].disk.last_sync = last_sync;
        self.move_to(earlier);
    }

    fn set_slow(&mut self, id: HostId, factor: Factor) {
        self.hosts[id.index()].set_slow(self.now, factor);
        self.hosts[id.index()].will_wake = false;
        self.wake_later(id);
    }

    fn set_disk(&mut self, id: HostId, slowed_by: Duration) {
        let disk = &mut self.hosts[id.index()].disk;
        let before = std::mem::replace(&mut disk.slowed_by, slowed_by);
        if let Some(by) = before.checked_sub(slowed_by) {
            self.hasten_disk(id, by);
        }
    }
}

/// Whether a fault says that something is as it always was.
fn is_as_usual(fault: &Fault) -> bool {
    match fault {
        Fault::Slow { factor, .. } => *factor == Factor::ONE,
        Fault::Skew { nanos, .. } => *nanos == 0,
        Fault::Drift { ppm, .. } => *ppm == 0,
        Fault::Disk { slowed_by, .. } => slowed_by.is_zero(),
        Fault::Clog { lasts, .. } => lasts.is_zero(),
        _ => false,
    }
}
