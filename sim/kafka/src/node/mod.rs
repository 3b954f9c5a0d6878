//! What every host of a cluster needs.
//!
//! Reading order: this file (sending, and being woken), [`file`] (a log on the host's disk), [`quorum`] (the host's part in
//! the controllers' quorum).

pub mod file;

pub mod quorum;

use essaim_kernel::Time;
use essaim_kernel::world::{AlarmId, Cx, HostId, Kind};
use std::sync::Arc;

use crate::message::{Body, Message, Packet, Request, Response};

/// The context of one event on a host of a cluster.
pub type KafkaCx<'a> = Cx<'a, Packet>;

/// The cluster as every node's configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// `controller.quorum.voters`: ids and hosts.
    pub voters: Vec<(i32, String)>,
    /// The number that the first of [`KINDS`](crate::message::KINDS) has in this world.
    pub first_kind: Kind,
}

impl Bootstrap {
    /// The host of a controller.
    pub fn controller(&self, id: i32, cx: &KafkaCx<'_>) -> Option<HostId> {
        let (_, host) = self.voters.iter().find(|(voter, _)| *voter == id)?;
        cx.host_named(host)
    }
}

const NANOS_A_MS: i64 = 1_000_000;

/// The time by the host's clock, in Kafka's unit.
pub fn now_ms(cx: &KafkaCx<'_>) -> i64 {
    cx.now().0.div_euclid(NANOS_A_MS)
}

/// Who sends, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The node, or -1 for a client.
    pub id: i32,
    /// As in [`Bootstrap`].
    pub first_kind: Kind,
}

impl Sender {
    fn send(self, cx: &mut KafkaCx<'_>, to: HostId, correlation: u64, body: Body) {
        let message = Message {
            from: self.id,
            correlation,
            body,
        };
        let kind = Kind(self.first_kind.0 + message.kind());
        cx.send(to, kind, message.size_bytes(), Arc::new(message));
    }

    /// Asks.
    pub fn request(self, cx: &mut KafkaCx<'_>, to: HostId, correlation: u64, request: Request) {
        self.send(cx, to, correlation, Body::Request(request));
    }

    /// Answers.
    pub fn respond(self, cx: &mut KafkaCx<'_>, to: HostId, correlation: u64, response: Response) {
        self.send(cx, to, correlation, Body::Response(response));
    }
}

/// One alarm, that goes off when the first of several things is due.
#[derive(Clone, Debug, Default)]
pub struct Timer {
    set: Option<(i64, AlarmId)>,
}

impl Timer {
    /// It went off.
    pub fn rang(&mut self) {
        self.set = None;
    }

    /// Sees to it that it goes off at `at_ms`, by the host's clock as it is now; `i64::MAX` is never.
    pub fn arm(&mut self, cx: &mut KafkaCx<'_>, at_ms: i64, token: u64) {
        if let Some((known, alarm)) = self.set {
            if known == at_ms {
                return;
            }
            cx.cancel(alarm);
            self.set = None;
        }
        if at_ms != i64::MAX {
            let at = Time(at_ms.saturating_mul(NANOS_A_MS));
            self.set = Some((at_ms, cx.set_alarm(at, token)));
        }
    }
}
