//! What happens on hosts, and the numbers that name it.

use crate::digest::Digest;
use crate::queue::EventKey;
use crate::time::Time;
use std::sync::Arc;

/// A host of one world, numbered in the order in which hosts were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(pub(crate) u16);

impl HostId {
    /// Its number, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something that happened, numbered from 1 in the order of happening. A cause always has a lower number than what it
/// led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId(pub u64);

impl EventId {
    /// The cause of what comes from outside the world: the first event, a fault, a call.
    pub const OUTSIDE: Self = Self(0);
}

/// The kind of a message, numbered in the order of [`World::add_kinds`](super::World::add_kinds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind(pub u8);

/// Kinds of message one world may have: the filters of a link are bits of one word.
pub const KINDS_MAX: usize = 128;

/// An alarm that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlarmId(pub(crate) EventKey);

/// What a message is made of, as far as the world needs to know. It is cloned when a link duplicates it and with every
/// snapshot, so it should be a number or an [`Arc`].
pub trait Payload {
    /// Adds the content to a digest, field by field.
    fn digest(&self, into: &mut Digest);
}

impl Payload for u64 {
    fn digest(&self, into: &mut Digest) {
        into.u64(*self);
    }
}

impl<T: Payload + ?Sized> Payload for Arc<T> {
    fn digest(&self, into: &mut Digest) {
        self.as_ref().digest(into);
    }
}

/// Something that happens on one host, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<M> {
    /// Its number.
    pub id: EventId,
    /// The event during which it was sent, set or asked for.
    pub cause: EventId,
    /// When: the world's own time, not the host's clock.
    pub at: Time,
    /// Where.
    pub to: HostId,
    /// What.
    pub what: What<M>,
}

/// What can happen on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<M> {
    /// The host has started: its program begins with nothing but what its disk holds.
    Started {
        /// How many times the host has started, this one included.
        incarnation: u32,
    },
    /// A message has come.
    Message {
        /// From which host.
        from: HostId,
        /// Of which kind.
        kind: Kind,
        /// Its length on the wire.
        bytes: u32,
        /// When it was sent, by the world's own time.
        sent_at: Time,
        /// The message.
        message: M,
    },
    /// A message that this host had sent was refused: the machine at the other end runs, but not, or no longer, the
    /// program it was meant for. (A machine that is cut off or without power answers nothing.)
    Refused {
        /// By which host.
        by: HostId,
        /// The kind of the message.
        kind: Kind,
        /// The message.
        message: M,
    },
    /// An alarm is due.
    Alarm {
        /// What [`Cx::set_alarm`](super::Cx::set_alarm) was given.
        token: u64,
    },
    /// What a file held when it was synced is now safe on the disk.
    Synced {
        /// What [`Disk::sync`](super::HostDisk::sync) was given.
        token: u64,
    },
}

/// An event that waits in the world's queue.
#[derive(Clone, Debug)]
pub(crate) struct Pending<M> {
    pub to: HostId,
    /// The incarnation of `to` that it is meant for.
    pub incarnation: u32,
    /// For a message: the incarnation of its sender, who alone is told if it is refused.
    pub sender_incarnation: u32,
    pub cause: EventId,
    pub due: Due<M>,
}

#[derive(Clone, Debug)]
pub(crate) enum Due<M> {
    What(What<M>),
    /// The disk is done with a sync.
    Disk {
        ticket: u64,
        token: u64,
    },
}
