//! Faults by chance, for tests that look for the order of events nobody thought of.

use super::World;
use super::chance::Rate;
use super::fault::{Fault, Route, Way};
use super::host::{Factor, HostState};
use core::time::Duration;

/// Draws faults for a world, from its stream of faults.
///
/// It heals the more often the more is broken, so that a long run sees health, single faults and combinations of them.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The hosts that may suffer.
    pub hosts: Vec<String>,
    /// How many of them may be without power or program at once.
    pub down_max: usize,
    /// About how many faults are in force after a while.
    pub active_mean: u64,
    /// The mean time between two faults.
    pub pause_mean: Duration,
}

impl Chaos {
    /// Chaos among hosts, of which fewer than half are ever down.
    pub fn among(hosts: &[&str]) -> Self {
        Self {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            down_max: hosts.len().saturating_sub(1) / 2,
            active_mean: 3,
            pause_mean: Duration::from_secs(2),
        }
    }

    /// How long from now the next fault should come.
    pub fn pause<M: Clone>(&self, world: &mut World<M>) -> Duration {
        let draw = world.fault_stream().next_u64();
        Duration::from_nanos(super::chance::exponential_nanos(
            super::link::nanos(self.pause_mean),
            draw,
        ))
    }

    /// A fault that can be applied now, or the end of one.
    pub fn next<M: Clone>(&self, world: &mut World<M>) -> Fault {
        let active: Vec<Fault> = world.active_faults().cloned().collect();
        let breaks = world.fault_stream().below(self.active_mean + active.len() as u64) < self.active_mean;
        if breaks || active.is_empty() {
            // A draw may not fit what is: then another does.
            for _ in 0..16 {
                if let Some(fault) = self.draw(world).filter(|fault| world.can_apply(fault)) {
                    return fault;
                }
            }
        }
        match active.len() {
            0 => Fault::Heal,
            count => {
                let ended = active[world.fault_stream().below(count as u64) as usize].clone();
                match ended {
                    Fault::Crash(host) | Fault::Kill(host) => Fault::Restart(host),
                    Fault::Pause(host) => Fault::Resume(host),
                    fault => Fault::HealThis(Box::new(fault)),
                }
            }
        }
    }

    fn draw<M: Clone>(&self, world: &mut World<M>) -> Option<Fault> {
        let choice = world.fault_stream().below(20);
        let host = self.host(world)?;
        Some(match choice {
            0 | 1 => {
                let is_down = |host: &&String| {
                    world
                        .host_named(host)
                        .is_some_and(|id| world.state_of(id) != HostState::Up)
                };
                if self.hosts.iter().filter(is_down).count() >= self.down_max {
                    return None;
                }
                if choice == 0 {
                    Fault::Crash(host)
                } else {
                    Fault::Kill(host)
                }
            }
            2 => Fault::Restart(host),
            3 => Fault::Pause(host),
            4 => Fault::Slow {
                host,
                factor: Factor::permille(1_500 + self.below(world, 50_000) as u32),
            },
            5 => Fault::Skew {
                host,
                nanos: self.below(world, 20_000_000_000) as i64 - 10_000_000_000,
            },
            6 => Fault::Drift {
                host,
                ppm: self.below(world, 1_000) as i32 - 500,
            },
            7 => Fault::Disk {
                host,
                slowed_by: self.time(world, 500),
            },
            8 => Fault::Torn {
                host,
                rate: Rate::percent(50),
            },
            9 => Fault::Isolate {
                host,
                way: [Way::Both, Way::In, Way::Out][self.below(world, 3) as usize],
            },
            10 => self.split(world)?,
            11 => match self.route(world)? {
                route @ (Route::Between(..) | Route::OneWay(..)) => Fault::Cut(route),
                _ => return None,
            },
            choice => self.draw_for_links(world, choice)?,
        })
    }

    fn draw_for_links<M: Clone>(&self, world: &mut World<M>, choice: u64) -> Option<Fault> {
        let on = self.route(world)?;
        let rate = Rate::per_million(self.below(world, 200_000) as u32);
        Some(match choice {
            12 => {
                let count = world.kinds().len() as u64;
                let place = self.below(world, count) as usize;
                let kind = (*world.kinds().get(place)?).to_owned();
                Fault::Drop { on, kind }
            }
            13 => Fault::Loss { on, rate },
            14 => Fault::Duplicate { on, rate },
            15 => Fault::Reorder { on, rate },
            16 | 17 => Fault::Latency {
                on,
                least: self.time(world, 100),
                mean: self.time(world, 200),
            },
            18 => Fault::Bandwidth {
                on,
                bytes_per_second: 10_000 + self.below(world, 10_000_000),
            },
            _ => Fault::Clog {
                on,
                lasts: self.time(world, 3_000),
            },
        })
    }

    fn below<M: Clone>(&self, world: &mut World<M>, bound: u64) -> u64 {
        world.fault_stream().below(bound)
    }

    fn time<M: Clone>(&self, world: &mut World<M>, milliseconds: u64) -> Duration {
        Duration::from_millis(1 + self.below(world, milliseconds))
    }

    fn host<M: Clone>(&self, world: &mut World<M>) -> Option<String> {
        let place = self.below(world, self.hosts.len() as u64);
        self.hosts.get(place as usize).cloned()
    }

    fn route<M: Clone>(&self, world: &mut World<M>) -> Option<Route> {
        let choice = self.below(world, 8);
        let (a, b) = (self.host(world)?, self.host(world)?);
        Some(match choice {
            0 => Route::Everywhere,
            1 => Route::Host(a),
            _ if a == b => return None,
            2..=4 => Route::OneWay(a, b),
            _ => Route::Between(a, b),
        })
    }

    fn split<M: Clone>(&self, world: &mut World<M>) -> Option<Fault> {
        let mut groups = [Vec::new(), Vec::new(), Vec::new()];
        for host in &self.hosts {
            // The third group is of those who reach all.
            let group = self.below(world, 5).min(4) / 2;
            groups[group as usize].push(host.clone());
        }
        let [from, to, _] = groups;
        if from.is_empty() || to.is_empty() {
            return None;
        }
        Some(match self.below(world, 3) {
            0 => Fault::SplitOneWay { from, to },
            _ => Fault::Split(vec![from, to]),
        })
    }
}
