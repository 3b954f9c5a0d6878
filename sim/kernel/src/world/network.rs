//! Messages on their way.

use super::World;
use super::delivery::{Due, EventId, HostId, Kind, Pending, What};
use super::link::Link;
use crate::random::Numbered;
use crate::time::Time;
use std::sync::Arc;

/// What a refusal weighs on the wire: a TCP segment without content.
const REFUSAL_BYTES: u32 = 40;

/// A message that is handed over.
pub(super) struct Sent<M> {
    pub from: HostId,
    pub to: HostId,
    pub cause: EventId,
    pub kind: Kind,
    pub bytes: u32,
    pub message: M,
}

impl<M: Clone> World<M> {
    /// The link between two hosts, which is made if it is not there.
    pub(super) fn link(&mut self, from: HostId, to: HostId) -> &mut Link {
        let place = match self.links.find(from, to) {
            Some(place) => place,
            None => self.add_link(from, to),
        };
        &mut self.links.all[place]
    }

    fn add_link(&mut self, from: HostId, to: HostId) -> usize {
        let name = |host: HostId| self.hosts[host.index()].name.as_bytes();
        let draws = Numbered::seeded(self.seed, &[b"link", name(from), name(to)]);
        let mut link = Link::new(from, to, draws, Arc::clone(&self.network));
        self.condition(&mut link);
        self.links.add(link)
    }

    /// Sends a message, which leaves `host` when it is done with what it handles.
    pub(super) fn send(&mut self, sent: Sent<M>) {
        let Sent {
            from,
            to,
            cause,
            kind,
            bytes,
            message,
        } = sent;
        let (now, sender) = (self.now, &self.hosts[from.index()]);
        let (leaves, sender_incarnation) = (sender.busy_until.max(now), sender.incarnation);
        let incarnation = self.hosts[to.index()].addressed_incarnation();
        let (arrival, copy) = if from == to {
            (Ok(self.hosts[to.index()].loop_back(leaves)), None)
        } else {
            let link = self.link(from, to);
            match link.loses(kind.0) {
                Some(why) => (Err(why), None),
                None => link.carry(leaves, bytes),
            }
        };
        let pending = |message| Pending {
            to,
            incarnation,
            sender_incarnation,
            cause,
            due: Due::What(What::Message {
                from,
                kind,
                bytes,
                sent_at: now,
                message,
            }),
        };
        match arrival {
            Ok(at) => {
                let copied = copy.map(|at| (at, pending(message.clone())));
                self.push(at, pending(message));
                if let Some((at, copied)) = copied {
                    self.push(at, copied);
                }
            }
            Err(why) => {
                self.lose(&pending(message), why);
            }
        }
    }

    /// When a refusal is back at the sender; `None` if it is lost.
    pub(super) fn way_back(&mut self, from: HostId, to: HostId) -> Option<Time> {
        if from == to {
            return Some(self.hosts[to.index()].loop_back(self.now));
        }
        let now = self.now;
        let link = self.link(from, to);
        if link.cut {
            return None;
        }
        link.carry(now, REFUSAL_BYTES).0.ok()
    }
}
