//! Facts and past events: what goals read.

use crate::digest::Digest;
use crate::time::Time;
use std::collections::{BTreeMap, VecDeque};

/// A fact's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text; bytes that are not UTF-8 are shown with U+FFFD.
    Text(String),
    /// An ordered list.
    List(Vec<Value>),
    /// Named values.
    Map(BTreeMap<String, Value>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(value as i64)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Text(String::from_utf8_lossy(value).into_owned())
    }
}
impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(value: Vec<T>) -> Self {
        Self::List(value.into_iter().map(Into::into).collect())
    }
}

/// Splits a fact path at its dots; a segment may be quoted: `git.branch."feature/v1.2".tip`.
pub fn fact_segments(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut current = String::new();
    let mut quoted = false;
    for c in path.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => segments.push(std::mem::take(&mut current)),
            c => current.push(c),
        }
    }
    segments.push(current);
    segments
}

/// Something that happened in the simulated world, named in the past tense: `git.merge_completed`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened.
    pub at: Time,
    /// `<engine>.<what_happened>`.
    pub name: &'static str,
    /// What is known of it.
    pub fields: BTreeMap<&'static str, Value>,
}

/// The events of one machine, oldest first, at most `events_max` of them; counts are kept for ever.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    events: VecDeque<Event>,
    counts: BTreeMap<&'static str, u64>,
    total: u64,
}

impl EventLog {
    /// Appends an event; the oldest leaves when the log is full.
    pub fn push(&mut self, event: Event, events_max: usize) {
        *self.counts.entry(event.name).or_default() += 1;
        self.total += 1;
        self.events.push_back(event);
        while self.events.len() > events_max {
            self.events.pop_front();
        }
    }

    /// How many events of this name ever happened.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or(0)
    }

    /// The events still kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter()
    }

    /// Adds the counts to a digest.
    pub fn digest(&self, into: &mut Digest) {
        into.u64(self.total);
        for (name, count) in &self.counts {
            into.bytes(name.as_bytes());
            into.u64(*count);
        }
    }
}
