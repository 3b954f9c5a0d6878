//! What a host may do while it handles an event.

use super::World;
use super::delivery::{AlarmId, Due, EventId, HostId, Kind, Pending, What};
use super::disk::{Disk, FileId, slowed};
use super::file::DiskError;
use super::link::{later, nanos};
use super::network::Sent;
use crate::random::Stream;
use crate::time::Time;
use core::time::Duration;
use std::sync::Arc;

/// The context of one event on one host. All that is done through it has this event as its cause.
#[derive(Debug)]
pub struct Cx<'a, M> {
    world: &'a mut World<M>,
    host: HostId,
    id: EventId,
}

impl<'a, M: Clone> Cx<'a, M> {
    pub(super) fn new(world: &'a mut World<M>, host: HostId, id: EventId) -> Self {
        Self { world, host, id }
    }

    /// The host.
    pub fn host(&self) -> HostId {
        self.host
    }

    /// The event that is being handled.
    pub fn event(&self) -> EventId {
        self.id
    }

    /// How many times the host has started.
    pub fn incarnation(&self) -> u32 {
        self.world.hosts[self.host.index()].incarnation
    }

    /// The host of a name, as the name service would tell.
    pub fn host_named(&self, name: &str) -> Option<HostId> {
        self.world.host_named(name)
    }

    /// The time by this host's clock.
    pub fn now(&self) -> Time {
        self.world.hosts[self.host.index()].clock.show(self.world.now)
    }

    /// The world's own time, which no host knows. It is for what is measured from outside.
    pub fn true_now(&self) -> Time {
        self.world.now
    }

    /// The random stream of this host.
    pub fn random(&mut self) -> &mut Stream {
        &mut self.world.hosts[self.host.index()].random
    }

    /// Sends a message. It leaves when the host is done with this event.
    pub fn send(&mut self, to: HostId, kind: Kind, bytes: u32, message: M) {
        self.world.send(Sent {
            from: self.host,
            to,
            cause: self.id,
            kind,
            bytes,
            message,
        });
    }

    /// Sets an alarm by this host's clock; one in the past is due at once. It counts the time that passes: setting the
    /// clock does not move it.
    pub fn set_alarm(&mut self, at: Time, token: u64) -> AlarmId {
        let delay = at - self.now();
        self.set_alarm_in(delay, token)
    }

    /// Sets an alarm that is due after a delay.
    pub fn set_alarm_in(&mut self, delay: Duration, token: u64) -> AlarmId {
        let host = &self.world.hosts[self.host.index()];
        let due = host.clock.after(self.world.now, delay);
        let pending = Pending {
            to: self.host,
            incarnation: host.incarnation,
            sender_incarnation: 0,
            cause: self.id,
            due: Due::What(What::Alarm { token }),
        };
        AlarmId(self.world.push(due, pending))
    }

    /// Cancels an alarm; gives whether it was still to come.
    pub fn cancel(&mut self, alarm: AlarmId) -> bool {
        self.world.queue.cancel(alarm.0).is_some()
    }

    /// Handling this event takes so much longer. What is sent afterwards leaves later.
    pub fn spend(&mut self, time: Duration) {
        let host = &mut self.world.hosts[self.host.index()];
        host.busy_until = later(host.busy_until, slowed(nanos(time), host.slow.in_permille()));
    }

    /// The disk of this host.
    pub fn disk(&mut self) -> HostDisk<'_, M> {
        HostDisk {
            world: self.world,
            host: self.host,
            cause: self.id,
        }
    }
}

/// A host's disk, to be written to. What only reads is on [`Disk`], to which this gives way.
#[derive(Debug)]
pub struct HostDisk<'a, M> {
    world: &'a mut World<M>,
    host: HostId,
    cause: EventId,
}

impl<M> core::ops::Deref for HostDisk<'_, M> {
    type Target = Disk;
    fn deref(&self) -> &Disk {
        &self.world.hosts[self.host.index()].disk
    }
}

impl<M: Clone> HostDisk<'_, M> {
    fn disk(&mut self) -> (Time, &mut Disk) {
        (self.world.now, &mut self.world.hosts[self.host.index()].disk)
    }

    /// The file of a name, which is created empty if it is not there.
    pub fn create(&mut self, name: &str) -> Result<FileId, DiskError> {
        self.disk().1.create(name)
    }

    /// Writes at the end, keeping these very bytes; gives the offset of the first.
    pub fn append(&mut self, file: FileId, bytes: impl Into<Arc<[u8]>>) -> Result<u64, DiskError> {
        let (now, disk) = self.disk();
        disk.append(now, file, bytes.into())
    }

    /// Writes the whole file anew.
    pub fn replace(&mut self, file: FileId, bytes: impl Into<Arc<[u8]>>) -> Result<(), DiskError> {
        let (now, disk) = self.disk();
        disk.replace(now, file, bytes.into())
    }

    /// Cuts off what lies beyond `len`.
    pub fn truncate(&mut self, file: FileId, len: u64) -> Result<(), DiskError> {
        let (now, disk) = self.disk();
        disk.truncate(now, file, len)
    }

    /// Removes a file, for good and at once: the names of files are journaled.
    pub fn remove(&mut self, file: FileId) -> Result<(), DiskError> {
        self.disk().1.remove(file)
    }

    /// Gives a file another name, at once; a file that had it is removed. As on a real disk, a rename makes no content
    /// safe: sync first.
    pub fn rename(&mut self, file: FileId, name: &str) -> Result<(), DiskError> {
        self.disk().1.rename(file, name)
    }

    /// `fsync(2)`: begins to make safe what the file holds now. [`What::Synced`] tells when it is.
    pub fn sync(&mut self, file: FileId, token: u64) -> Result<(), DiskError> {
        let now = self.world.now;
        let host = &mut self.world.hosts[self.host.index()];
        let slow = host.slow.in_permille();
        let (ticket, at) = host.disk.sync(now, file, slow)?;
        let pending = Pending {
            to: self.host,
            incarnation: host.incarnation,
            sender_incarnation: 0,
            cause: self.cause,
            due: Due::Disk { ticket, token },
        };
        self.world.push(at, pending);
        Ok(())
    }
}
