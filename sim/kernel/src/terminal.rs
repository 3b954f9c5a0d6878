//! Terminals: what was printed, what was typed and not yet read, and who is in the foreground.

use crate::digest::Digest;
use crate::process::Pid;
use std::collections::VecDeque;
use std::sync::Arc;

/// Which terminal of the machine, counted from 0.
pub type TerminalId = usize;

/// What a terminal is doing, for the page and the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalState {
    /// The shell waits at its primary prompt; the last command ended with this code.
    Prompt {
        /// `$?`
        status: u8,
    },
    /// The shell waits for the rest of an unfinished command (PS2).
    Continuation,
    /// A program in the foreground waits for a line.
    Reading,
    /// A command runs.
    Busy,
    /// A program waits for the editor.
    Editing {
        /// The file to edit, absolute.
        path: Vec<u8>,
    },
    /// The shell has exited.
    Closed {
        /// Its exit code.
        status: u8,
    },
}

/// One terminal.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// Width in columns.
    pub columns: u16,
    /// Height in rows.
    pub rows: u16,
    /// Complete chunks of output, shared with snapshots.
    output: VecDeque<Arc<Vec<u8>>>,
    /// Bytes that left the scrollback: the offset of the first byte still kept.
    output_start: u64,
    output_end: u64,
    lines_kept: usize,
    lines_max: usize,
    pub(crate) input: VecDeque<u8>,
    pub(crate) end_of_input: bool,
    pub(crate) foreground: Pid,
    pub(crate) shell: Option<Pid>,
    pub(crate) prompt: Option<(bool, u8)>,
    /// Where the prompt begins in the output, so that a command's output can be told from it.
    pub(crate) prompt_start: u64,
    pub(crate) editor: Option<(Pid, Vec<u8>)>,
    pub(crate) closed: Option<u8>,
}

impl Terminal {
    pub(crate) fn new(columns: u16, rows: u16, lines_max: usize) -> Self {
        Self {
            columns,
            rows,
            output: VecDeque::new(),
            output_start: 0,
            output_end: 0,
            lines_kept: 0,
            lines_max,
            input: VecDeque::new(),
            end_of_input: false,
            foreground: 0,
            shell: None,
            prompt: None,
            prompt_start: 0,
            editor: None,
            closed: None,
        }
    }

    /// Appends to the output. Chunks end at line ends where they can, so that the scrollback drops whole lines.
    pub fn print(&mut self, bytes: &[u8]) {
        const CHUNK_BYTES: usize = 4096;
        if bytes.is_empty() {
            return;
        }
        self.output_end += bytes.len() as u64;
        self.lines_kept += count_lines(bytes);
        match self.output.back_mut() {
            Some(last) if last.len() + bytes.len() <= CHUNK_BYTES => Arc::make_mut(last).extend_from_slice(bytes),
            _ => self.output.push_back(Arc::new(bytes.to_vec())),
        }
        while self.lines_kept > self.lines_max && self.output.len() > 1 {
            if let Some(first) = self.output.pop_front() {
                self.lines_kept -= count_lines(&first);
                self.output_start += first.len() as u64;
            }
        }
    }

    /// Total bytes ever printed (since the last clear restarted nothing: offsets only grow).
    pub fn output_end(&self) -> u64 {
        self.output_end
    }

    /// Offset of the first byte still in the scrollback.
    pub fn output_start(&self) -> u64 {
        self.output_start
    }

    /// Offset at which the last prompt begins: what stands before it was printed by commands.
    pub fn prompt_start(&self) -> u64 {
        self.prompt_start
    }

    /// The output from offset `from` (or from the start of the scrollback, if that is later).
    pub fn output_since(&self, from: u64) -> Vec<u8> {
        let mut at = self.output_start;
        let mut out = Vec::new();
        for chunk in &self.output {
            let end = at + chunk.len() as u64;
            if end > from {
                let skip = usize::try_from(from.saturating_sub(at)).unwrap_or(0);
                out.extend_from_slice(&chunk[skip..]);
            }
            at = end;
        }
        out
    }

    /// What the terminal is doing. A shell's own prompt wins over "reading".
    pub fn state(&self, reading: bool) -> TerminalState {
        if let Some(status) = self.closed {
            return TerminalState::Closed { status };
        }
        if let Some((_, path)) = &self.editor {
            return TerminalState::Editing { path: path.clone() };
        }
        match self.prompt {
            Some((false, status)) => TerminalState::Prompt { status },
            Some((true, _)) => TerminalState::Continuation,
            None if reading => TerminalState::Reading,
            None => TerminalState::Busy,
        }
    }

    pub(crate) fn digest(&self, into: &mut Digest) {
        into.u64(self.output_start);
        into.bytes(&self.output_since(0));
        into.u64(self.input.len() as u64);
        into.bool(self.end_of_input);
        into.u64(u64::from(self.foreground));
        into.bytes(self.editor.as_ref().map_or(b"".as_slice(), |(_, path)| path));
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.split(|b| *b == b'\n').count() - 1
}
