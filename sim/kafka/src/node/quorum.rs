//! A host's part in the controllers' quorum: its [`Raft`], what that keeps on the disk, and whom it talks to.
//!
//! Nothing that a step brings about is done or told before all that was written until then is safe on the disk: effects
//! wait in order behind the syncs. An observer keeps nothing: it reads the metadata anew when it starts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use essaim_kernel::world::{DiskError, FileId, HostId};

use super::file::LogFile;
use super::{Bootstrap, KafkaCx, Sender, now_ms};
use crate::batch::Batch;
use crate::log::{Log, LogConfig};
use crate::message::{Request, Response};
use crate::raft::{self, Effect, ElectionState, QuorumSettings, Raft};
use crate::wire::{self, Reader};

/// What of the quorum concerns the rest of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// What ends here is committed.
    Committed(i64),
    /// The node is the active controller.
    Elected(i32),
    /// It no longer is.
    Deposed,
}

#[derive(Clone, Debug)]
struct Kept {
    log: LogFile,
    state: FileId,
}

#[derive(Clone, Debug)]
struct Held {
    /// The syncs that have to be done.
    until: u64,
    effects: Vec<Effect>,
}

/// The token of the first sync; those of alarms are below.
pub const FIRST_SYNC: u64 = 1 << 32;

/// A host's part in the quorum.
#[derive(Clone, Debug)]
pub struct Quorum {
    raft: Raft,
    sender: Sender,
    kept: Option<Kept>,
    held: VecDeque<Held>,
    next_sync: u64,
    /// Syncs below are done.
    done: u64,
    early: BTreeSet<u64>,
    /// Hosts of those who have asked something.
    hosts: BTreeMap<i32, HostId>,
    /// The disk no longer takes what it must keep.
    is_broken: bool,
}

const FOLDER: &str = "__cluster_metadata-0";

const STATE: &str = "__cluster_metadata-0/quorum-state";

impl Quorum {
    /// Starts, with what the disk holds.
    pub fn start(
        id: i32,
        bootstrap: &Bootstrap,
        settings: QuorumSettings,
        cx: &mut KafkaCx<'_>,
    ) -> Result<Self, DiskError> {
        let voters: Vec<i32> = bootstrap.voters.iter().map(|(id, _)| *id).collect();
        let (election, log, kept) = if voters.contains(&id) {
            let (file, log) = LogFile::open(FOLDER, FOLDER, LogConfig::default(), cx)?;
            let election = read_state(cx);
            let state = cx.disk().create(STATE)?;
            (election, log, Some(Kept { log: file, state }))
        } else {
            let log = Log::new(FOLDER, LogConfig::default(), now_ms(cx));
            (ElectionState::default(), log, None)
        };
        let now = now_ms(cx);
        let voters = voters.into_iter().collect();
        let raft = Raft::start(id, voters, settings, election, log, now, &mut |bound| {
            cx.random().below(bound)
        });
        let hosts = bootstrap.voters.iter();
        let hosts = hosts
            .filter_map(|(id, host)| Some((*id, cx.host_named(host)?)))
            .collect();
        Ok(Self {
            raft,
            sender: Sender {
                id,
                first_kind: bootstrap.first_kind,
            },
            kept,
            held: VecDeque::new(),
            next_sync: FIRST_SYNC,
            done: FIRST_SYNC,
            early: BTreeSet::new(),
            hosts,
            is_broken: false,
        })
    }

    /// The state machine.
    pub fn raft(&self) -> &Raft {
        &self.raft
    }

    /// When it wants to be stepped next.
    pub fn deadline(&self) -> i64 {
        if self.is_broken { i64::MAX } else { self.raft.deadline() }
    }

    /// The controller that is believed to be active, and its host.
    pub fn active_controller(&self) -> Option<(i32, HostId)> {
        let id = self.raft.election().leader?;
        Some((id, *self.hosts.get(&id)?))
    }

    /// A message of the quorum has come, or time has passed.
    pub fn step(&mut self, message: Option<(HostId, raft::Message)>, cx: &mut KafkaCx<'_>) -> Vec<Event> {
        let mut effects = Vec::new();
        let message = message.map(|(host, message)| {
            self.hosts.insert(message.from, host);
            message
        });
        let now = now_ms(cx);
        let draw = &mut |bound| cx.random().below(bound);
        self.raft.step(now, message, draw, &mut effects);
        self.keep(effects, cx)
    }

    /// Appends to the log, as the active controller. Gives the end of the log.
    pub fn append(&mut self, batch: &Batch, cx: &mut KafkaCx<'_>) -> (Option<i64>, Vec<Event>) {
        let mut effects = Vec::new();
        let end = self.raft.append(now_ms(cx), batch, &mut effects).ok();
        (end, self.keep(effects, cx))
    }

    /// A sync is done.
    pub fn synced(&mut self, token: u64, cx: &mut KafkaCx<'_>) -> Vec<Event> {
        self.early.insert(token);
        while self.early.remove(&self.done) {
            self.done += 1;
        }
        self.release(cx)
    }

    fn keep(&mut self, effects: Vec<Effect>, cx: &mut KafkaCx<'_>) -> Vec<Event> {
        if self.write(&effects, cx).is_err() {
            // A controller that cannot keep what it promises stops taking part.
            self.is_broken = true;
        }
        self.held.push_back(Held {
            until: self.next_sync,
            effects,
        });
        self.release(cx)
    }

    fn write(&mut self, effects: &[Effect], cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        let persist = effects.iter().rev().find_map(|effect| match effect {
            Effect::Persist(election) => Some(election),
            _ => None,
        });
        let mut files = Vec::new();
        if let Some(election) = persist {
            cx.disk().replace(kept.state, state_bytes(election))?;
            files.push(kept.state);
        }
        if kept.log.follow(self.raft.log(), cx)? {
            files.push(kept.log.file());
        }
        for file in files {
            cx.disk().sync(file, self.next_sync)?;
            self.next_sync += 1;
        }
        Ok(())
    }

    fn release(&mut self, cx: &mut KafkaCx<'_>) -> Vec<Event> {
        let mut events = Vec::new();
        while !self.is_broken && self.held.front().is_some_and(|held| held.until <= self.done) {
            let held = self.held.pop_front();
            for effect in held.into_iter().flat_map(|held| held.effects) {
                match effect {
                    Effect::Persist(_) => {}
                    Effect::Send(message) => self.send(message, cx),
                    Effect::Committed(offset) => events.push(Event::Committed(offset)),
                    Effect::Elected { epoch } => events.push(Event::Elected(epoch)),
                    Effect::Deposed { .. } => events.push(Event::Deposed),
                }
            }
        }
        events
    }

    fn send(&self, message: raft::Message, cx: &mut KafkaCx<'_>) {
        let Some(host) = self.hosts.get(&message.to).copied() else {
            return;
        };
        match message.body {
            raft::Body::Request(request) => {
                self.sender
                    .request(cx, host, message.correlation, Request::Quorum(request));
            }
            raft::Body::Response(response) => {
                let response = Response::Quorum(response);
                self.sender.respond(cx, host, message.correlation, response);
            }
        }
    }
}

fn state_bytes(election: &ElectionState) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::put_i32(&mut bytes, election.epoch);
    wire::put_i32(&mut bytes, election.leader.unwrap_or(-1));
    wire::put_i32(&mut bytes, election.voted.unwrap_or(-1));
    bytes
}

fn read_state(cx: &mut KafkaCx<'_>) -> ElectionState {
    let disk = cx.disk();
    let bytes = disk
        .find(STATE)
        .and_then(|file| disk.read(file, 0, 12))
        .unwrap_or_default();
    let mut reader = Reader::new(&bytes);
    let mut next = || reader.i32().ok();
    let (epoch, leader, voted) = (next(), next(), next());
    let known = |id: Option<i32>| id.filter(|id| *id >= 0);
    ElectionState {
        epoch: epoch.unwrap_or(0),
        leader: known(leader),
        voted: known(voted),
    }
}
