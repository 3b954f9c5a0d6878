//! Hosts that tell each other what they know, keep it on disk, and watch over each other, while everything goes wrong.

use core::time::Duration;
use essaim_kernel::world::{
    AlarmId, Chaos, Cx, Delivery, Fault, FileId, HostId, HostOptions, Kind, LinkOptions, Payload, Transport, What,
    World,
};
use essaim_kernel::{Digest, Limits, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of the hosts.
pub const HOSTS: [&str; 5] = ["anna", "bela", "cleo", "dora", "emma"];
const KINDS: [&str; 3] = ["rumour", "ping", "pong"];
const RUMOUR: Kind = Kind(0);
const PING: Kind = Kind(1);
const PONG: Kind = Kind(2);
const TELL: u64 = 1;
const DOUBT: u64 = 2;
const TELL_EVERY: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_millis(25);

/// What is said.
#[derive(Debug, PartialEq, Eq)]
pub enum Letter {
    /// All the sender knows: for each host, the highest number that it has given out, and when by its clock.
    Rumour(Vec<(u64, Time)>),
    /// Are you there?
    Ping,
    /// I am.
    Pong,
}

impl Payload for Letter {
    fn digest(&self, into: &mut Digest) {
        match self {
            Self::Rumour(known) => {
                into.u64(known.len() as u64);
                for (number, at) in known {
                    into.u64(*number);
                    into.i64(at.0);
                }
            }
            Self::Ping => into.u64(u64::MAX),
            Self::Pong => into.u64(u64::MAX - 1),
        }
    }
}

/// What one host has in memory. It starts empty.
#[derive(Clone, Debug, Default)]
struct Node {
    known: Vec<(u64, Time)>,
    file: Option<FileId>,
    doubts: BTreeMap<HostId, AlarmId>,
    doubted_count: u64,
    refused_count: u64,
}

/// The whole: a world, its hosts' memories, and when the next fault comes.
#[derive(Clone, Debug)]
pub struct Gossip {
    /// The world.
    pub world: World<Arc<Letter>>,
    nodes: Vec<Node>,
    chaos: Option<Chaos>,
    next_fault: Time,
}

impl Gossip {
    /// Five hosts about to start. The seed chooses how they are linked, too.
    pub fn new(seed: u64) -> Self {
        let mut world = World::new(seed, Time::from_secs(1_772_440_200), Limits::default());
        world.add_kinds(&KINDS);
        let transports = [Transport::Stream, Transport::Ordered, Transport::Datagram];
        world.set_network(LinkOptions {
            transport: transports[(seed % 3) as usize],
            ..LinkOptions::default()
        });
        for name in HOSTS {
            let added = world.add_host(name, HostOptions::default());
            assert!(added.is_ok(), "the names are all different");
        }
        let now = world.now();
        Self {
            world,
            nodes: vec![Node::default(); HOSTS.len()],
            chaos: None,
            next_fault: now,
        }
    }

    /// The same, among faults.
    pub fn with_chaos(seed: u64) -> Self {
        let mut gossip = Self::new(seed);
        gossip.chaos = Some(Chaos {
            pause_mean: Duration::from_millis(400),
            ..Chaos::among(&HOSTS)
        });
        gossip
    }

    /// Ends all faults, for good.
    pub fn calm_down(&mut self) {
        self.chaos = None;
        let healed = self.world.apply(&Fault::HealAll);
        assert!(healed.is_ok(), "all can be healed at any time");
    }

    /// Lets the next event happen, if it is due at or before `until`, and gives what it was.
    pub fn next(&mut self, until: Time) -> Option<Delivery<Arc<Letter>>> {
        while let Some(chaos) = &self.chaos
            && self.next_fault <= until
            && self.world.next_due().is_none_or(|due| due > self.next_fault)
        {
            self.world.advance_to(self.next_fault);
            let fault = chaos.next(&mut self.world);
            let applied = self.world.apply(&fault);
            assert!(applied.is_ok(), "chaos draws what can be applied: {fault}");
            self.next_fault = self.next_fault + chaos.pause(&mut self.world);
        }
        let until = match self.chaos {
            Some(_) => until.min(self.next_fault),
            None => until,
        };
        let (delivery, mut cx) = self.world.next(until)?;
        let node = &mut self.nodes[delivery.to.index()];
        node.handle(&delivery, &mut cx);
        Some(delivery)
    }

    /// Handles all that is due up to a time; gives how many events that were.
    pub fn run_until(&mut self, until: Time) -> u64 {
        let mut count = 0;
        loop {
            let before = self.world.now();
            if self.next(until).is_some() {
                count += 1;
            } else if self.chaos.is_none() || self.next_fault > until {
                self.world.advance_to(until);
                return count;
            } else {
                // A fault comes next.
                self.world.advance_to(self.next_fault.max(before));
            }
        }
    }

    /// The numbers of which a host knows, its own included.
    pub fn known(&self, host: HostId) -> Vec<u64> {
        self.nodes[host.index()]
            .known
            .iter()
            .map(|(number, _)| *number)
            .collect()
    }

    /// How often hosts doubted that another was there, and how often they were refused.
    pub fn doubts(&self) -> (u64, u64) {
        let sum = |count: fn(&Node) -> u64| self.nodes.iter().map(count).sum();
        (sum(|node| node.doubted_count), sum(|node| node.refused_count))
    }

    /// The digest of the world and of what its hosts have in memory.
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        self.world.digest(&mut digest);
        for node in &self.nodes {
            Letter::Rumour(node.known.clone()).digest(&mut digest);
            digest.u64(node.doubts.len() as u64);
            digest.u64(node.doubted_count);
            digest.u64(node.refused_count);
        }
        digest.i64(self.next_fault.0);
        digest.finish()
    }
}

impl Node {
    fn handle(&mut self, delivery: &Delivery<Arc<Letter>>, cx: &mut Cx<'_, Arc<Letter>>) {
        match &delivery.what {
            What::Started { .. } => {
                let (doubted_count, refused_count) = (self.doubted_count, self.refused_count);
                *self = Self {
                    doubted_count,
                    refused_count,
                    ..Self::default()
                };
                self.remember(cx);
                cx.set_alarm_in(TELL_EVERY, TELL);
            }
            What::Alarm { token: TELL } => self.tell(cx),
            What::Alarm { .. } => {
                self.doubted_count += 1;
                self.doubts.clear();
            }
            What::Message { from, message, .. } => self.hear(*from, message, cx),
            What::Refused { by, .. } => {
                self.refused_count += 1;
                self.trust(*by, cx);
            }
            What::Synced { .. } => {}
        }
    }

    /// What the disk still has: pairs of numbers, of which the last may be torn.
    fn remember(&mut self, cx: &mut Cx<'_, Arc<Letter>>) {
        self.known = vec![(0, Time(0)); HOSTS.len()];
        let mut disk = cx.disk();
        let Ok(file) = disk.create("known") else { return };
        self.file = Some(file);
        let bytes = disk.read(file, 0, usize::MAX).unwrap_or_default();
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).unwrap_or_default();
        for pair in bytes.chunks_exact(16) {
            if let Some(known) = self.known.get_mut(number(&pair[..8]) as usize) {
                known.0 = known.0.max(number(&pair[8..]));
            }
        }
        let whole = bytes.len() - bytes.len() % 16;
        let _ = disk.truncate(file, whole as u64);
    }

    fn learn(&mut self, host: usize, number: u64, at: Time, cx: &mut Cx<'_, Arc<Letter>>) {
        if self.known[host].0 >= number {
            return;
        }
        self.known[host] = (number, at);
        let Some(file) = self.file else { return };
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&(host as u64).to_le_bytes());
        bytes[8..].copy_from_slice(&number.to_le_bytes());
        let mut disk = cx.disk();
        // A full disk forgets; nothing is promised.
        let _ = disk.append(file, bytes);
        if number.is_multiple_of(4) {
            let _ = disk.sync(file, number);
        }
    }

    fn tell(&mut self, cx: &mut Cx<'_, Arc<Letter>>) {
        let (me, now) = (cx.host().index(), cx.now());
        self.learn(me, self.known[me].0 + 1, now, cx);
        let draw = cx.random().next_u64() as usize;
        let other = (me + 1 + draw % (HOSTS.len() - 1)) % HOSTS.len();
        if let Some(other) = cx.host_named(HOSTS[other]) {
            let rumour = Letter::Rumour(self.known.clone());
            cx.send(other, RUMOUR, 16 * HOSTS.len() as u32, Arc::new(rumour));
            cx.send(other, PING, 20, Arc::new(Letter::Ping));
            let doubt = cx.set_alarm(now + PATIENCE, DOUBT);
            if let Some(earlier) = self.doubts.insert(other, doubt) {
                cx.cancel(earlier);
            }
        }
        cx.set_alarm(now + TELL_EVERY, TELL);
    }

    fn hear(&mut self, from: HostId, letter: &Letter, cx: &mut Cx<'_, Arc<Letter>>) {
        match letter {
            Letter::Rumour(known) => {
                for (host, (number, at)) in known.iter().enumerate() {
                    self.learn(host, *number, *at, cx);
                }
                cx.spend(Duration::from_micros(50));
            }
            Letter::Ping => cx.send(from, PONG, 20, Arc::new(Letter::Pong)),
            Letter::Pong => self.trust(from, cx),
        }
    }

    fn trust(&mut self, other: HostId, cx: &mut Cx<'_, Arc<Letter>>) {
        if let Some(doubt) = self.doubts.remove(&other) {
            cx.cancel(doubt);
        }
    }
}

/// For each of `seeds` worlds, what became of it after some seconds of faults and one of calm: a line each.
pub fn report(seeds: u64) -> String {
    let line = |seed| {
        let mut gossip = Gossip::with_chaos(seed);
        let start = gossip.world.now();
        let count = gossip.run_until(start + Duration::from_secs(6));
        let digest = gossip.digest();
        gossip.calm_down();
        gossip.run_until(start + Duration::from_secs(7));
        format!(
            "world {seed}: {count} events {digest:032x}, calm {:032x}\n",
            gossip.digest()
        )
    };
    (0..seeds).map(line).collect()
}
