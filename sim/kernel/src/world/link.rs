//! Links: what happens to a message on its way from one host to another.

use super::chance::{Rate, exponential_nanos};
use super::delivery::{HostId, KINDS_MAX};
use super::trace::Loss;
use crate::digest::Digest;
use crate::queue::EventKey;
use crate::random::Numbered;
use crate::time::Time;
use core::time::Duration;
use std::sync::Arc;

/// First wait of a stream before it sends again what was lost (Linux: `TCP_RTO_MIN`), doubled each time …
const RETRY_MIN: Duration = Duration::from_millis(200);
/// … up to this. Linux goes on to 120 s, but by then those who wait have opened a new connection.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// What a link promises about order and loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// As TCP: in order and once. What is lost is sent again, later; what a cut stops is held, and arrives after it is
    /// healed, unless that takes longer than [`LinkOptions::patience`].
    #[default]
    Stream,
    /// In order; what is lost or stopped never arrives.
    Ordered,
    /// As UDP: each message finds its own way, may overtake, or never arrive.
    Datagram,
}

/// How a link behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOptions {
    /// The least time a message takes.
    pub latency_min: Duration,
    /// The mean of what comes on top, which is exponentially distributed.
    pub latency_mean: Duration,
    /// How often a message is lost.
    pub loss: Rate,
    /// How often a message arrives twice (a stream discards the second).
    pub duplicate: Rate,
    /// How often a message is held up on the way for about four times as long as others take: those behind it overtake
    /// it if the transport lets them.
    pub reorder: Rate,
    /// Bandwidth; 0 is as fast as light.
    pub bytes_per_second: u64,
    /// What may wait for the bandwidth; a message beyond is lost. (The queue of a stream is bounded by its sender.)
    pub queue_bytes: u64,
    /// What it promises.
    pub transport: Transport,
    /// How long a stream tries.
    pub patience: Duration,
}

impl Default for LinkOptions {
    /// Two racks of one data centre, over TCP.
    fn default() -> Self {
        Self {
            latency_min: Duration::from_micros(200),
            latency_mean: Duration::from_micros(100),
            loss: Rate::NEVER,
            duplicate: Rate::NEVER,
            reorder: Rate::NEVER,
            bytes_per_second: 0,
            queue_bytes: 1 << 20,
            transport: Transport::Stream,
            patience: Duration::from_secs(30),
        }
    }
}

impl LinkOptions {
    fn digest(&self, into: &mut Digest) {
        for duration in [self.latency_min, self.latency_mean, self.patience] {
            into.u64(nanos(duration));
        }
        for rate in [self.loss, self.duplicate, self.reorder] {
            into.u64(u64::from(rate.parts_per_million()));
        }
        into.u64(self.bytes_per_second);
        into.u64(self.queue_bytes);
        into.u64(self.transport as u64);
    }
}

/// Whole nanoseconds, as far as 64 bits reach.
pub(crate) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}

/// The instant `nanos` after another.
pub(crate) const fn later(at: Time, nanos: u64) -> Time {
    Time(at.0.saturating_add_unsigned(nanos))
}

/// What a draw is for. Each message has its own draws: see [`Numbered`].
mod purpose {
    pub const LATENCY: u64 = 0;
    pub const LOSS: u64 = 1;
    pub const DUPLICATE: u64 = 2;
    pub const COPY_LATENCY: u64 = 3;
    pub const REORDER: u64 = 4;
    pub const DETOUR: u64 = 5;
    pub const HASTENED: u64 = 6;
    /// And those after it, one an attempt.
    pub const RETRY: u64 = 16;
}

/// One direction between two hosts.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub from: HostId,
    pub to: HostId,
    /// As the product set it.
    pub own: Option<Arc<LinkOptions>>,
    /// As it is, faults included.
    pub options: Arc<LinkOptions>,
    /// Whether anything at all is stopped: a glance that spares the two below.
    pub stops: bool,
    /// Whether a cut lies across it.
    pub cut: bool,
    /// The kinds of message it drops, a bit each.
    pub filter: u128,
    least_nanos: u64,
    mean_nanos: u64,
    /// It is clogged, and nothing arrives before.
    pub clogged_until: Time,
    /// What a cut holds, in order of arrival.
    pub held: Vec<EventKey>,
    held_since: Time,
    draws: Numbered,
    sent_count: u64,
    hastened_count: u64,
    /// Until when the wire is taken.
    busy_until: Time,
    last_arrival: Time,
}

impl Link {
    pub fn new(from: HostId, to: HostId, draws: Numbered, options: Arc<LinkOptions>) -> Self {
        Self {
            from,
            to,
            own: None,
            least_nanos: nanos(options.latency_min),
            mean_nanos: nanos(options.latency_mean),
            options,
            stops: false,
            cut: false,
            filter: 0,
            clogged_until: Time(i64::MIN),
            held: Vec::new(),
            held_since: Time(i64::MIN),
            draws,
            sent_count: 0,
            hastened_count: 0,
            busy_until: Time(i64::MIN),
            last_arrival: Time(i64::MIN),
        }
    }

    /// Whether the link drops a kind of message, or a cut without a stream's patience stops it.
    pub fn loses(&self, kind: u8) -> Option<Loss> {
        if !self.stops {
            None
        } else if self.filter >> (kind as usize % KINDS_MAX) & 1 == 1 {
            Some(Loss::Filtered)
        } else if self.cut && self.options.transport != Transport::Stream {
            Some(Loss::Cut)
        } else {
            None
        }
    }

    /// Makes the link behave so from now on.
    pub fn set_options(&mut self, options: Arc<LinkOptions>) {
        self.least_nanos = nanos(options.latency_min);
        self.mean_nanos = nanos(options.latency_mean);
        self.options = options;
    }

    /// When a message that leaves now arrives, and when its copy does, if there is one.
    pub fn carry(&mut self, leaves: Time, bytes: u32) -> (Result<Time, Loss>, Option<Time>) {
        let number = self.sent_count;
        self.sent_count += 1;
        let draws = self.draws;
        let draw = |purpose| draws.draw(number, purpose);
        let options = &*self.options;
        let stream = options.transport == Transport::Stream;
        let mut leaves = leaves;
        if options.bytes_per_second > 0 {
            match take_the_wire(options, &mut self.busy_until, leaves, bytes) {
                Some(sent) => leaves = sent,
                None => return (Err(Loss::QueueFull), None),
            }
        }
        if options.loss > Rate::NEVER && options.loss.strikes(draw(purpose::LOSS)) {
            if !stream {
                return (Err(Loss::Chance), None);
            }
            match retried(options, leaves, |attempt| draw(purpose::RETRY + attempt)) {
                Some(at) => leaves = at,
                None => return (Err(Loss::GaveUp), None),
            }
        }
        let (least, mean) = (self.least_nanos, self.mean_nanos);
        let latency = |draw| least.saturating_add(exponential_nanos(mean, draw));
        let mut taken = latency(draw(purpose::LATENCY));
        if options.reorder > Rate::NEVER && options.reorder.strikes(draw(purpose::REORDER)) {
            let usual = least.saturating_add(mean).saturating_mul(4);
            taken = taken.saturating_add(exponential_nanos(usual, draw(purpose::DETOUR)));
        }
        let copied = !stream && options.duplicate > Rate::NEVER && options.duplicate.strikes(draw(purpose::DUPLICATE));
        let arrival = self.arrival(later(leaves, taken));
        let copy = copied.then(|| self.arrival(later(leaves, latency(draw(purpose::COPY_LATENCY)))));
        (Ok(arrival), copy)
    }

    /// The link behaves otherwise from now on. What is on its way is to be [hastened](Link::hasten), in its order.
    pub fn begin_anew(&mut self, now: Time) {
        self.busy_until = self.busy_until.min(now);
        self.last_arrival = Time(i64::MIN);
    }

    /// When a message arrives that is on its way: as it was to, or as if it left now, if that is earlier. So a link that
    /// is healed is as good as new at once, however much waited for it.
    pub fn hasten(&mut self, now: Time, planned: Time, bytes: u32) -> Time {
        let number = self.hastened_count;
        let (busy_until, last_arrival) = (self.busy_until, self.last_arrival);
        let extra = exponential_nanos(self.mean_nanos, self.draws.draw(number, purpose::HASTENED));
        let leaves = match self.options.bytes_per_second {
            0 => now,
            rate => {
                self.busy_until = later(self.busy_until.max(now), transmission_nanos(bytes, rate));
                self.busy_until
            }
        };
        let anew = self.arrival(later(leaves, self.least_nanos.saturating_add(extra)));
        if anew < planned {
            self.hastened_count += 1;
            return anew;
        }
        self.busy_until = busy_until;
        self.last_arrival = last_arrival.max(planned);
        planned
    }

    fn arrival(&mut self, unhindered: Time) -> Time {
        let mut arrival = unhindered.max(self.clogged_until);
        if self.options.transport != Transport::Datagram {
            arrival = arrival.max(self.last_arrival);
            self.last_arrival = arrival;
        }
        arrival
    }

    /// Keeps a message that a cut stops.
    pub fn hold(&mut self, key: EventKey, now: Time) {
        if self.held.is_empty() {
            self.held_since = now;
        }
        self.held.push(key);
    }

    /// The cut is gone: when the stream next tries.
    pub fn retry(&mut self, now: Time) -> Time {
        let mut wait = RETRY_MIN;
        let mut next = self.held_since + wait;
        while next < now && wait < RETRY_MAX {
            wait = (wait * 2).min(RETRY_MAX);
            next = next + wait;
        }
        if next < now {
            // From here on at equal distances, however long it has been.
            let (missed, step) = (nanos(now - next), nanos(RETRY_MAX));
            next = later(next, missed.div_ceil(step).saturating_mul(step));
        }
        let arrival = later(next, self.least_nanos).max(self.clogged_until);
        self.last_arrival = self.last_arrival.max(arrival);
        arrival
    }

    pub fn digest(&self, into: &mut Digest) {
        into.u64(u64::from(self.from.0));
        into.u64(u64::from(self.to.0));
        self.options.digest(into);
        into.bool(self.own.is_some());
        into.bool(self.cut);
        into.u64(self.filter as u64);
        into.u64((self.filter >> 64) as u64);
        into.u64(self.sent_count);
        into.u64(self.hastened_count);
        for time in [self.clogged_until, self.held_since, self.busy_until, self.last_arrival] {
            into.i64(time.0);
        }
        into.u64(self.held.len() as u64);
    }
}

/// Queues a message for the bandwidth: when it has left, or `None` when the queue is full.
fn take_the_wire(options: &LinkOptions, busy_until: &mut Time, leaves: Time, bytes: u32) -> Option<Time> {
    let rate = u128::from(options.bytes_per_second);
    let waiting = (*busy_until - leaves).as_nanos() * rate / 1_000_000_000;
    let too_much = waiting + u128::from(bytes) > u128::from(options.queue_bytes);
    if too_much && options.transport != Transport::Stream {
        return None;
    }
    let transmission = transmission_nanos(bytes, options.bytes_per_second);
    *busy_until = later((*busy_until).max(leaves), transmission);
    Some(*busy_until)
}

fn transmission_nanos(bytes: u32, bytes_per_second: u64) -> u64 {
    u64::from(bytes) * 1_000_000_000 / bytes_per_second.max(1)
}

/// When a stream's message got through at last; `None` when the stream lost patience.
fn retried(options: &LinkOptions, leaves: Time, draw: impl Fn(u64) -> u64) -> Option<Time> {
    let mut wait = RETRY_MIN;
    let mut at = leaves;
    let mut attempt = 0;
    loop {
        at = at + wait;
        if at - leaves > options.patience {
            return None;
        }
        if !options.loss.strikes(draw(attempt)) {
            return Some(at);
        }
        wait = (wait * 2).min(RETRY_MAX);
        attempt += 1;
    }
}

/// The links of a world. A link is made when the first message takes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    pub all: Vec<Link>,
    /// For each pair of hosts, row by row, the place of its link in `all`.
    index: Vec<u32>,
    host_count: usize,
}

const NO_LINK: u32 = u32::MAX;

impl Links {
    /// Makes room for one more host.
    pub fn add_host(&mut self) {
        let (old, new) = (self.host_count, self.host_count + 1);
        let mut index = vec![NO_LINK; new * new];
        for from in 0..old {
            index[from * new..from * new + old].copy_from_slice(&self.index[from * old..][..old]);
        }
        self.index = index;
        self.host_count = new;
    }

    /// The place of a link.
    pub fn find(&self, from: HostId, to: HostId) -> Option<usize> {
        let place = *self.index.get(from.index() * self.host_count + to.index())?;
        (place != NO_LINK).then_some(place as usize)
    }

    /// Adds a link that is not there yet.
    pub fn add(&mut self, link: Link) -> usize {
        let place = self.all.len();
        self.index[link.from.index() * self.host_count + link.to.index()] = place as u32;
        self.all.push(link);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(options: LinkOptions) -> Link {
        let draws = Numbered::seeded(5, &[b"test"]);
        Link::new(HostId(0), HostId(1), draws, Arc::new(options))
    }

    fn arrivals(link: &mut Link, count: i64) -> Vec<Result<Time, Loss>> {
        (0..count).map(|n| link.carry(Time(n * 1_000), 100).0).collect()
    }

    #[test]
    fn streams_and_ordered_links_keep_order_and_datagrams_do_not() {
        for (transport, sorted) in [
            (Transport::Stream, true),
            (Transport::Ordered, true),
            (Transport::Datagram, false),
        ] {
            let mut link = link(LinkOptions {
                transport,
                reorder: Rate::percent(10),
                ..LinkOptions::default()
            });
            let times: Vec<Time> = arrivals(&mut link, 2_000).into_iter().map(Result::unwrap).collect();
            assert_eq!(times.is_sorted(), sorted, "{transport:?}");
            assert!(
                times
                    .iter()
                    .enumerate()
                    .all(|(n, at)| at.0 >= n as i64 * 1_000 + 200_000)
            );
        }
    }

    #[test]
    fn a_condition_moves_only_the_messages_it_strikes() {
        let plain = arrivals(&mut link(datagrams(Rate::NEVER)), 1_000);
        let lossy = arrivals(&mut link(datagrams(Rate::percent(20))), 1_000);
        let lost = lossy.iter().filter(|arrival| **arrival == Err(Loss::Chance)).count();
        assert!((150..250).contains(&lost), "{lost}");
        for (plain, lossy) in plain.iter().zip(&lossy) {
            assert!(lossy.is_err() || plain == lossy);
        }
    }

    fn datagrams(loss: Rate) -> LinkOptions {
        LinkOptions {
            transport: Transport::Datagram,
            loss,
            ..LinkOptions::default()
        }
    }

    #[test]
    fn a_stream_pays_for_loss_with_time() {
        let mut lossy = link(LinkOptions {
            loss: Rate::percent(50),
            ..LinkOptions::default()
        });
        let times: Vec<Time> = (0..100)
            .map(|n| lossy.carry(Time::from_secs(n * 100), 100).0.unwrap())
            .collect();
        let late = times
            .iter()
            .enumerate()
            .filter(|(n, at)| **at - Time::from_secs(*n as i64 * 100) > RETRY_MIN)
            .count();
        assert!((35..65).contains(&late), "{late}");
        let mut dead = link(LinkOptions {
            loss: Rate::ALWAYS,
            ..LinkOptions::default()
        });
        assert_eq!(dead.carry(Time(0), 100), (Err(Loss::GaveUp), None));
    }

    #[test]
    fn bandwidth_makes_messages_wait_and_a_full_queue_drops_them() {
        let mut link = link(LinkOptions {
            transport: Transport::Ordered,
            latency_min: Duration::ZERO,
            latency_mean: Duration::ZERO,
            bytes_per_second: 1_000_000,
            queue_bytes: 2_500,
            ..LinkOptions::default()
        });
        let carried: Vec<_> = (0..4).map(|_| link.carry(Time(0), 1_000).0).collect();
        assert_eq!(
            carried,
            [
                Ok(Time(1_000_000)),
                Ok(Time(2_000_000)),
                Err(Loss::QueueFull),
                Err(Loss::QueueFull)
            ]
        );
        assert_eq!(link.carry(Time(2_000_000), 1_000).0, Ok(Time(3_000_000)));
    }

    #[test]
    fn a_stream_tries_again_when_the_cut_is_gone() {
        let mut link = link(LinkOptions::default());
        let mut queue = crate::queue::EventQueue::default();
        link.hold(queue.push(Time(0), ()), Time(0));
        // 200 ms, then 400 ms, then 800 ms later.
        assert_eq!(link.retry(Time(700_000_000)), Time(1_400_200_000));
        // 3 s, and every 2 s from there.
        assert_eq!(link.retry(Time(2_900_000_000)), Time(3_000_200_000));
        assert_eq!(link.retry(Time(5_000_000_000)), Time(5_000_200_000));
        assert_eq!(
            link.retry(Time::from_secs(1_000_000_000)),
            Time(1_000_000_001_000_200_000)
        );
    }
}
