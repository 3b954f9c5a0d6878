//! What was done, in units of undo.

use crate::transcript::{Act, Line};
use essaim_proto_lab::message::EntryKind;

/// One unit of undo: a command line with what it read and the editors it opened, a saved file, time that passed …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What kind.
    pub kind: EntryKind,
    /// The acts, in order; never empty. A command comes first, what was typed to it follows.
    pub lines: Vec<Line>,
    /// Virtual time when it began, nanoseconds since the Unix epoch.
    pub at_nanos: i64,
    /// Exit code of the command, once it has ended.
    pub status: u8,
    /// Goals it reached, as (step, goal).
    pub reached: Vec<(u32, u32)>,
}

impl Entry {
    /// The terminal whose further input belongs to this entry.
    pub fn terminal(&self) -> Option<u32> {
        match self.kind {
            EntryKind::Command => self.lines.first().and_then(|line| line.act.terminal()),
            _ => None,
        }
    }
}

/// The kind of entry an act begins.
pub fn kind(act: &Act) -> EntryKind {
    match act {
        Act::Save { .. } => EntryKind::FileSaved,
        Act::BringIn { .. } => EntryKind::FileBroughtIn,
        Act::Advance { .. } => EntryKind::TimePassed,
        Act::OpenTerminal { .. } => EntryKind::TerminalOpened,
        _ => EntryKind::Command,
    }
}
