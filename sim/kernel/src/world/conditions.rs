//! Links under faults: how they behave, and what becomes of what is on its way when that changes.

use super::World;
use super::delivery::{Due, HostId, Kind, Pending, What};
use super::fault::{Fault, Route};
use super::link::{Link, LinkOptions};
use super::trace::Loss;
use crate::queue::EventKey;
use crate::time::Time;
use core::time::Duration;
use std::sync::Arc;

impl<M: Clone> World<M> {
    /// Makes all links behave as the faults in force say, and moves what is on its way accordingly.
    pub(super) fn refresh_links(&mut self) {
        let (now, mut links) = (self.now, std::mem::take(&mut self.links.all));
        let (mut better, mut later, mut released) = (Vec::new(), Vec::new(), Vec::new());
        for (place, link) in links.iter_mut().enumerate() {
            let before = (Arc::clone(&link.options), link.clogged_until);
            self.condition(link);
            if before.0 != link.options || (before.1 > now && before.1 > link.clogged_until) {
                link.begin_anew(now);
                better.push(place);
            }
            if link.clogged_until > now {
                later.push((place, link.clogged_until));
            }
            if !link.cut && !link.held.is_empty() {
                released.push((place, std::mem::take(&mut link.held)));
            }
        }
        self.links.all = links;
        self.hasten(&better);
        let moves = self.delayed(&later);
        self.move_to(moves);
        // What a cut had held comes first, then what was on its way.
        let retries: Vec<_> = released
            .iter()
            .map(|(place, _)| (*place, self.links.all[*place].retry(now)))
            .collect();
        let behind = self.delayed(&retries);
        for ((place, keys), (_, at)) in released.into_iter().zip(retries) {
            self.send_again(keys, at, self.links.all[place].options.patience);
        }
        self.move_to(behind);
    }

    /// A stream tries again what a cut had held, but for what is too old.
    fn send_again(&mut self, keys: Vec<EventKey>, at: Time, patience: Duration) {
        for key in keys {
            // With a new number, so that they keep the order in which they came to be held.
            match self.queue.take(key) {
                Some(pending) if is_late(&pending, at, patience) => {
                    self.lose(&pending, Loss::GaveUp);
                }
                Some(pending) => {
                    self.queue.push(at, pending);
                }
                None => {}
            }
        }
    }

    /// Moves up what is on its way over links that may be better now.
    fn hasten(&mut self, places: &[usize]) {
        let on_their_way = self.on_links(|place| places.binary_search(&place).is_ok());
        let mut moves = Vec::new();
        for (key, place, bytes) in on_their_way {
            let at = self.links.all[place].hasten(self.now, key.at, bytes);
            if at < key.at {
                moves.push((key, at));
            }
        }
        self.move_to(moves);
    }

    /// What is on its way over links on which nothing may arrive before a time, and that time.
    fn delayed(&self, earliest: &[(usize, Time)]) -> Vec<(EventKey, Time)> {
        let of = |place| earliest.iter().find(|(link, _)| *link == place).map(|(_, at)| *at);
        let on_their_way = self.on_links(|place| of(place).is_some());
        let moves = on_their_way
            .into_iter()
            .filter_map(|(key, place, _)| Some((key, of(place)?)));
        // Those due at that very time, too, so that all keep their order.
        moves.filter(|(key, at)| *at >= key.at).collect()
    }

    /// What is on its way over some links, in the order of arrival: its key, its link, its length.
    fn on_links(&self, wanted: impl Fn(usize) -> bool) -> Vec<(EventKey, usize, u32)> {
        if !(0..self.links.all.len()).any(&wanted) {
            return Vec::new();
        }
        let on_link = |(key, pending): (EventKey, &Pending<M>)| match &pending.due {
            Due::What(What::Message { from, bytes, .. }) => {
                let place = self.links.find(*from, pending.to).filter(|place| wanted(*place))?;
                Some((key, place, *bytes))
            }
            _ => None,
        };
        self.queue.sorted().into_iter().filter_map(on_link).collect()
    }

    /// Moves events to other times. Those that are moved to the same time keep their order, behind what is due then.
    pub(super) fn move_to(&mut self, events: Vec<(EventKey, Time)>) {
        for (key, at) in events {
            if let Some(pending) = self.queue.cancel(key) {
                self.queue.push(at, pending);
            }
        }
    }

    /// Makes one link behave as the faults in force say.
    pub(super) fn condition(&self, link: &mut Link) {
        let name = |host: HostId| &*self.hosts[host.index()].name;
        let (from, to) = (name(link.from), name(link.to));
        let base = link.own.as_ref().unwrap_or(&self.network);
        let mut options: Option<LinkOptions> = None;
        link.cut = false;
        link.filter = 0;
        link.clogged_until = Time(i64::MIN);
        for active in &self.active {
            let mut change = |on: &Route, what: &dyn Fn(&mut LinkOptions)| {
                if on.covers(from, to) {
                    what(options.get_or_insert_with(|| LinkOptions::clone(base)));
                }
            };
            match &active.fault {
                Fault::Loss { on, rate } => change(on, &|options| options.loss = *rate),
                Fault::Duplicate { on, rate } => change(on, &|options| options.duplicate = *rate),
                Fault::Reorder { on, rate } => change(on, &|options| options.reorder = *rate),
                Fault::Latency { on, least, mean } => change(on, &|options| {
                    options.latency_min = *least;
                    options.latency_mean = *mean;
                }),
                Fault::Bandwidth { on, bytes_per_second } => {
                    change(on, &|options| options.bytes_per_second = *bytes_per_second);
                }
                Fault::Drop { on, kind } if on.covers(from, to) => {
                    let kind = self.kind_named(kind).unwrap_or(Kind(0));
                    link.filter |= 1 << kind.0;
                }
                Fault::Clog { on, .. } if on.covers(from, to) => {
                    link.clogged_until = link.clogged_until.max(active.until.unwrap_or(self.now));
                }
                fault => link.cut |= fault.cuts(from, to),
            }
        }
        link.set_options(options.map_or_else(|| Arc::clone(base), Arc::new));
        link.stops = link.cut || link.filter != 0;
    }
}

/// Whether a message that would arrive at a time was sent longer ago than a stream tries.
fn is_late<M>(pending: &Pending<M>, at: Time, patience: Duration) -> bool {
    matches!(&pending.due, Due::What(What::Message { sent_at, .. }) if at - *sent_at > patience)
}
