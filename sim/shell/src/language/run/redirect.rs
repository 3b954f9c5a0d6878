//! Redirections: done one by one before a command, undone after it.

use super::{ExpandItem, Flow, Frame, Shell};
use crate::language::expand::Mode;
use crate::language::syntax::ast::{Redirect, RedirectKind};
use essaim_kernel::Io;
use essaim_kernel::files::OpenOptions;
use std::sync::Arc;

/// A descriptor as it was: where its old file is kept, or that it was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedFd {
    pub fd: u32,
    pub kept: Option<u32>,
}

impl Shell {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn turn_redirecting(
        &mut self,
        redirects: Arc<[Redirect]>,
        at: usize,
        mut saved: Vec<SavedFd>,
        then: Box<Frame>,
        keep: bool,
        asked: bool,
        io: &mut Io<'_>,
    ) -> Flow {
        let again = |at, saved, asked| Frame::Redirecting {
            redirects: redirects.clone(),
            at,
            saved,
            then: then.clone(),
            keep,
            asked,
        };
        let Some(redirect) = redirects.get(at) else {
            if keep {
                for old in saved.iter().filter_map(|s| s.kept) {
                    io.close(old);
                    self.state.private_fds.remove(&old);
                }
            } else {
                self.frames.push(Frame::Restore { saved });
            }
            self.frames.push(*then);
            return Flow::Next;
        };
        if !asked {
            self.frames.push(again(at, saved, true));
            let item = match (&redirect.document, redirect.kind) {
                (Some(document), _) => {
                    let word = document.get().cloned().unwrap_or_else(|| redirect.target.clone());
                    ExpandItem::new(&word, Mode::Single)
                }
                (None, RedirectKind::HereString) => ExpandItem::new(&redirect.target, Mode::Single),
                _ => ExpandItem::new(&redirect.target, Mode::Fields),
            };
            self.frames.push(Frame::expand(vec![item]));
            return Flow::Next;
        }
        // What was printed so far belongs to the old files.
        io.flush();
        if io.pending_output_bytes() > 0 {
            self.frames.push(again(at, saved, true));
            return Flow::Yield;
        }
        let mut words = std::mem::take(&mut self.results);
        if words.len() != 1 && redirect.document.is_none() {
            self.error(io, [&redirect.source, b": ambiguous redirect".as_slice()].concat());
            self.state.status = 1;
            return self.turn_restore(saved, io);
        }
        let word = words.pop().unwrap_or_default();
        match self.redirect(redirect, word, &mut saved, io) {
            Ok(()) => self.frames.push(again(at + 1, saved, false)),
            Err(message) => {
                self.error(io, message);
                self.state.status = 1;
                return self.turn_restore(saved, io);
            }
        }
        Flow::Next
    }

    /// Puts the descriptors back, latest first.
    pub(super) fn turn_restore(&mut self, saved: Vec<SavedFd>, io: &mut Io<'_>) -> Flow {
        io.flush();
        if io.pending_output_bytes() > 0 {
            self.frames.push(Frame::Restore { saved });
            return Flow::Yield;
        }
        for entry in saved.iter().rev() {
            match entry.kept {
                Some(kept) => {
                    // The kept descriptor is open until it is closed here.
                    let _ = io.duplicate_to(kept, entry.fd);
                    io.close(kept);
                    self.state.private_fds.remove(&kept);
                }
                None => io.close(entry.fd),
            }
        }
        Flow::Next
    }

    fn keep(&mut self, fd: u32, saved: &mut Vec<SavedFd>, io: &mut Io<'_>) {
        let kept = io.duplicate(fd, 10).ok();
        self.state.private_fds.extend(kept);
        saved.push(SavedFd { fd, kept });
    }

    fn redirect(
        &mut self,
        redirect: &Redirect,
        word: Vec<u8>,
        saved: &mut Vec<SavedFd>,
        io: &mut Io<'_>,
    ) -> Result<(), Vec<u8>> {
        use RedirectKind::{
            BothAppend, BothWrite, DuplicateIn, DuplicateOut, HereDocument, HereString, Read, ReadWrite,
        };
        let default = match redirect.kind {
            Read | ReadWrite | DuplicateIn | HereDocument | HereString => 0,
            _ => 1,
        };
        let fd = redirect.fd.unwrap_or(default);
        let kind = match redirect.kind {
            // `>&file` is `&>file`.
            DuplicateOut if redirect.fd.is_none() && word != b"-" && !word.iter().all(u8::is_ascii_digit) => BothWrite,
            kind => kind,
        };
        match kind {
            HereDocument | HereString => {
                let mut content = word;
                if kind == HereString {
                    content.push(b'\n');
                }
                let from = io.here_document(content);
                self.move_to(from, fd, saved, io)
            }
            DuplicateIn | DuplicateOut => self.duplicate(fd, &word, saved, io),
            _ => {
                if word.is_empty() {
                    return Err(b": No such file or directory".to_vec());
                }
                let from = self.open(kind, &word, io)?;
                self.move_to(from, fd, saved, io)?;
                if matches!(kind, BothWrite | BothAppend) {
                    self.keep(2, saved, io);
                    let _ = io.duplicate_to(fd, 2);
                }
                Ok(())
            }
        }
    }

    fn move_to(&mut self, from: u32, fd: u32, saved: &mut Vec<SavedFd>, io: &mut Io<'_>) -> Result<(), Vec<u8>> {
        if from == fd {
            saved.push(SavedFd { fd, kept: None });
            return Ok(());
        }
        self.keep(fd, saved, io);
        let moved = io.duplicate_to(from, fd);
        io.close(from);
        moved.map_err(|error| error.to_string().into_bytes())
    }

    fn duplicate(&mut self, fd: u32, word: &[u8], saved: &mut Vec<SavedFd>, io: &mut Io<'_>) -> Result<(), Vec<u8>> {
        if word == b"-" {
            self.keep(fd, saved, io);
            io.close(fd);
            return Ok(());
        }
        let (digits, moves) = match word.strip_suffix(b"-") {
            Some(digits) => (digits, true),
            None => (word, false),
        };
        let from: Option<u32> = std::str::from_utf8(digits).ok().and_then(|t| t.parse().ok());
        let Some(from) = from else {
            return Err([word, b": ambiguous redirect"].concat());
        };
        if !io.is_open(from) || self.state.private_fds.contains(&from) {
            return Err([word, b": Bad file descriptor"].concat());
        }
        self.keep(fd, saved, io);
        let done = io.duplicate_to(from, fd);
        if moves && from != fd {
            self.keep(from, saved, io);
            io.close(from);
        }
        done.map_err(|error| [word, b": ", error.to_string().as_bytes()].concat())
    }

    fn open(&mut self, kind: RedirectKind, word: &[u8], io: &mut Io<'_>) -> Result<u32, Vec<u8>> {
        use RedirectKind::{Append, BothAppend, Read, ReadWrite, Write};
        let path = io.path(word);
        if kind == Write && self.state.options.noclobber && io.files_ref().is_file(&path) {
            return Err([word, b": cannot overwrite existing file"].concat());
        }
        let mut options = OpenOptions::default();
        match kind {
            Read => options.read = true,
            ReadWrite => {
                options.read = true;
                options.write = true;
                options.create = true;
            }
            Append | BothAppend => {
                options.write = true;
                options.create = true;
            }
            _ => {
                options.write = true;
                options.create = true;
                options.truncate = true;
            }
        }
        let append = matches!(kind, Append | BothAppend);
        io.open(word, options, append, 10)
            .map_err(|error| [word, b": ", error.to_string().as_bytes()].concat())
    }
}
