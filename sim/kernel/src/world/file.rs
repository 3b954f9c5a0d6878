//! One simulated file: what it holds, and which older version of it is safe.

use super::content::Content;
use crate::time::Time;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

/// Why a disk refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskError {
    /// There is no space left (`ENOSPC`).
    Full,
    /// There are as many files as there can be (`ENFILE`).
    TooManyFiles,
    /// The file was removed, or never was (`ENOENT`).
    NoSuchFile,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "No space left on device",
            Self::TooManyFiles => "Too many open files in system",
            Self::NoSuchFile => "No such file or directory",
        })
    }
}

/// What a file held at some moment.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub taken: Time,
    pub content: Content,
    /// Whether the file has only grown since: then this is its beginning.
    pub is_beginning: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub name: Arc<str>,
    pub content: Content,
    pub changed: Time,
    /// What is safe; `None`: not even that the file is there.
    pub safe: Option<Version>,
    /// What the file held at an earlier moment, to become safe when that is long enough ago.
    pub marked: Option<Version>,
}

impl File {
    pub fn version(&self, taken: Time) -> Version {
        Version {
            taken,
            content: self.content.clone(),
            is_beginning: true,
        }
    }

    /// Called before each change, so that the system's writing back needs no events of its own. What has not changed
    /// for `writeback` is safe; while changes go on, so is what the file held at the last mark, once that is as old.
    pub fn write_back(&mut self, now: Time, writeback: Duration) {
        let newly_safe = if self.changed != Time(i64::MIN) && now - self.changed >= writeback {
            self.marked = None;
            Some(self.version(self.changed))
        } else {
            self.marked.take_if(|mark| now - mark.taken >= writeback)
        };
        if let Some(version) = newly_safe
            && self.safe.as_ref().is_none_or(|safe| safe.taken < version.taken)
        {
            self.safe = Some(version);
        }
        if self.marked.is_none() {
            self.marked = Some(self.version(now));
        }
        self.changed = now;
    }
}
