//! Going back: snapshots of a state, and what was done to it from outside.

use crate::time::Time;
use std::sync::Arc;

/// A state that moves by events of its own and by inputs from outside, always in the same way.
pub trait Replay: Clone {
    /// What is done to it from outside: a fault, a command.
    type Input;

    /// Where in its history it is: a number that grows whenever it changes, by a step or an input.
    fn position(&self) -> u64;

    /// How many events have happened.
    fn event_count(&self) -> u64;

    /// Its time.
    fn now(&self) -> Time;

    /// Lets the next event happen if it is due at or before `until`; gives whether one did.
    fn step(&mut self, until: Time) -> bool;

    /// Lets time pass up to `until` without an event.
    fn advance_to(&mut self, until: Time);

    /// Takes an input.
    fn apply(&mut self, input: &Self::Input);
}

#[derive(Clone, Debug)]
struct Done<I> {
    /// Where the state was …
    position: u64,
    /// … and when it was done.
    at: Time,
    input: Arc<I>,
}

/// A state with its past.
///
/// A snapshot is kept every so many events. Old ones are thinned: of those that are kept, the spacing grows with age, so
/// that going back a little is fast, going back far is possible, and memory is bounded.
#[derive(Clone, Debug)]
pub struct History<S: Replay> {
    present: S,
    /// Oldest first; the first is the beginning.
    snapshots: Vec<S>,
    inputs: Vec<Done<S::Input>>,
    every_events: u64,
    snapshots_max: usize,
}

impl<S: Replay> History<S> {
    /// A history that begins with `state`, keeps a snapshot every `every_events`, and at most `snapshots_max` of them.
    pub fn new(state: S, every_events: u64, snapshots_max: usize) -> Self {
        Self {
            snapshots: vec![state.clone()],
            present: state,
            inputs: Vec::new(),
            every_events: every_events.max(1),
            snapshots_max: snapshots_max.max(2),
        }
    }

    /// The state as it is.
    pub fn present(&self) -> &S {
        &self.present
    }

    /// The inputs so far: at which position, when, and what.
    pub fn inputs(&self) -> impl Iterator<Item = (u64, Time, &S::Input)> {
        self.inputs.iter().map(|done| (done.position, done.at, &*done.input))
    }

    /// How many snapshots are kept.
    pub fn snapshot_count(&self) -> usize {
        self.snapshots.len()
    }

    /// Does something to the state.
    pub fn apply(&mut self, input: S::Input) {
        let done = Done {
            position: self.present.position(),
            at: self.present.now(),
            input: Arc::new(input),
        };
        self.present.apply(&done.input);
        self.inputs.push(done);
        self.keep();
    }

    /// Lets at most `events_max` events happen that are due at or before `until`, then time pass up to there; gives how
    /// many happened. If it is `events_max`, there may be more.
    pub fn run_until(&mut self, until: Time, events_max: u64) -> u64 {
        for count in 0..events_max {
            if !self.present.step(until) {
                self.present.advance_to(until);
                return count;
            }
            self.keep();
        }
        events_max
    }

    fn keep(&mut self) {
        let last = self.snapshots.last().map_or(0, S::event_count);
        if self.present.event_count() >= last + self.every_events {
            self.snapshots.push(self.present.clone());
            if self.snapshots.len() > self.snapshots_max {
                self.thin();
            }
        }
    }

    /// Removes the snapshot whose absence makes the least difference: the one between whose neighbours the distance is
    /// the smallest part of their age.
    fn thin(&mut self) {
        let now = self.present.event_count();
        let position = |place: usize| self.snapshots.get(place).map_or(now, S::event_count);
        let mut least: Option<(u128, u128, usize)> = None;
        for place in 1..self.snapshots.len().saturating_sub(1) {
            let distance = u128::from(position(place + 1) - position(place - 1));
            let age = u128::from(now - position(place - 1)).max(1);
            // distance / age < least distance / least age, without a fraction.
            if least.is_none_or(|(other, other_age, _)| distance * other_age < other * age) {
                least = Some((distance, age, place));
            }
        }
        if let Some((_, _, place)) = least {
            self.snapshots.remove(place);
        }
    }

    /// The state as it was when `event_count` events had happened; the present, if fewer have.
    pub fn at_event(&self, event_count: u64) -> S {
        if event_count >= self.present.event_count() {
            return self.present.clone();
        }
        let state = self.nearest(|snapshot| snapshot.event_count() <= event_count);
        self.replay(state, |state| state.event_count() < event_count, Time(i64::MAX))
    }

    /// The state as it was at a time, when all that was due by then had happened; the present, if that is later.
    pub fn at_time(&self, time: Time) -> S {
        if time >= self.present.now() {
            return self.present.clone();
        }
        let state = self.nearest(|snapshot| snapshot.now() <= time);
        let mut state = self.replay(state, |_| true, time);
        state.advance_to(time);
        state
    }

    fn nearest(&self, is_before: impl Fn(&S) -> bool) -> S {
        let after = self.snapshots.partition_point(is_before);
        self.snapshots[after.saturating_sub(1)].clone()
    }

    fn replay(&self, mut state: S, more: impl Fn(&S) -> bool, until: Time) -> S {
        let done = self.inputs.partition_point(|done| done.position < state.position());
        let mut inputs = self.inputs[done..].iter().filter(|done| done.at <= until).peekable();
        while more(&state) {
            let before = state.position();
            match inputs.peek() {
                Some(next) if next.position == before => {
                    state.advance_to(next.at);
                    state.apply(&next.input);
                    inputs.next();
                }
                // Nothing happens before an input that had not happened before it.
                next => {
                    let until = next.map_or(until, |next| next.at);
                    if !state.step(until) && state.position() == before {
                        break;
                    }
                }
            }
        }
        state
    }

    /// Goes back to a state of the past, and forgets what came after it.
    pub fn go_back_to_event(&mut self, event_count: u64) {
        let state = self.at_event(event_count);
        self.go_back(state);
    }

    /// Goes back to a time, and forgets what came after it.
    pub fn go_back_to_time(&mut self, time: Time) {
        let state = self.at_time(time);
        self.go_back(state);
    }

    fn go_back(&mut self, state: S) {
        let position = state.position();
        self.present = state;
        self.snapshots.retain(|snapshot| snapshot.position() <= position);
        self.inputs.retain(|done| done.position < position);
    }
}
