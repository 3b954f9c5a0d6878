//! Ten hosts that pass messages on and have alarms: what is measured is the kernel alone.

use core::time::Duration;
use essaim_kernel::world::{AlarmId, HostOptions, Kind, What, World};
use essaim_kernel::{Digest, Limits, Time};

/// Hosts in the world.
pub const HOSTS: usize = 10;
/// Messages under way at a time, for each host.
const MESSAGES_EACH: u64 = 10;
const PING: Kind = Kind(0);
/// A timeout that each message sets again: nearly all are cancelled.
const TIMEOUT: Duration = Duration::from_millis(50);
/// Each host wakes up by itself now and then.
const TICK: Duration = Duration::from_millis(1);
const TICK_TOKEN: u64 = 1;
const TIMEOUT_TOKEN: u64 = 2;

/// How much there is to do for each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A message is passed on, an alarm is set again. Hosts take no time.
    Bare,
    /// As protocols do: each message also cancels a timeout and sets another, and hosts are busy more than half of the
    /// time, so that most messages wait.
    Busy,
}

/// A ping-pong under way.
#[derive(Clone)]
pub struct PingPong {
    world: World<u64>,
    style: Style,
    timeouts: Vec<Option<AlarmId>>,
    /// Events handled so far.
    pub event_count: u64,
}

impl PingPong {
    /// Ten hosts, about to start.
    pub fn new(seed: u64, style: Style) -> Self {
        let mut world = World::new(seed, Time(0), Limits::default());
        world.add_kinds(&["ping"]);
        let usual = HostOptions::default();
        let handling = match style {
            Style::Bare => Duration::ZERO,
            Style::Busy => usual.handling,
        };
        for host in 0..HOSTS {
            let added = world.add_host(&format!("host-{host}"), HostOptions { handling, ..usual });
            assert!(added.is_ok(), "the names are all different");
        }
        Self {
            world,
            style,
            timeouts: vec![None; HOSTS],
            event_count: 0,
        }
    }

    /// Handles so many events.
    pub fn run(&mut self, events: u64) {
        let hosts: Vec<_> = self.world.hosts().collect();
        for _ in 0..events {
            let Some((delivery, mut cx)) = self.world.next(Time(i64::MAX)) else {
                break;
            };
            self.event_count += 1;
            let me = delivery.to.index();
            match delivery.what {
                What::Started { .. } => {
                    for message in 0..MESSAGES_EACH {
                        cx.send(hosts[(me + 1) % HOSTS], PING, 100, message);
                    }
                    cx.set_alarm_in(TICK, TICK_TOKEN);
                }
                What::Message { message, .. } => {
                    if self.style == Style::Busy {
                        if let Some(timeout) = self.timeouts[me].take() {
                            cx.cancel(timeout);
                        }
                        self.timeouts[me] = Some(cx.set_alarm_in(TIMEOUT, TIMEOUT_TOKEN));
                    }
                    let next = (me + 1 + (message % 8) as usize) % HOSTS;
                    cx.send(hosts[next], PING, 100, message.wrapping_mul(5).wrapping_add(1));
                }
                What::Alarm { token: TICK_TOKEN } => {
                    cx.set_alarm_in(TICK, TICK_TOKEN);
                }
                _ => {}
            }
        }
    }

    /// The digest of the world.
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        self.world.digest(&mut digest);
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{PingPong, Style};

    #[test]
    fn it_never_ends_and_always_goes_the_same_way() {
        for style in [Style::Bare, Style::Busy] {
            let mut one = PingPong::new(1, style);
            one.run(10_000);
            let mut other = one.clone();
            for half in [&mut one, &mut other] {
                half.run(10_000);
                assert_eq!(half.event_count, 20_000);
            }
            assert_eq!(one.digest(), other.digest());
            let counts = one.world.trace().counts();
            assert!(counts.received_count() > 15_000 && counts.alarm > 100, "{counts:?}");
        }
    }
}
