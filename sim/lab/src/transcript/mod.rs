//! The transcript: one text format for a test case, a lesson's solution, saved progress, a bug report and a link.
//!
//! ```text
//! --- a-name ---
//! seed 7
//! done 3                     how many entries are done, where some were undone and are still known (saved labs only)
//! $ cat > notes.txt          a command line in the first terminal (`2$`: in the second, which opens it)
//! > first note               a line typed to whatever reads: a program, or the shell for the rest of a command
//! ^D                         end of file (`^C`: Ctrl-C; `^C 300`: after 300 steps of the command that ran)
//! $ ls
//!   notes.txt                exact output; `…` alone stands for any lines when outputs are compared
//! $ false
//! [1]                        the exit code where it is not 0
//! = ~/notes.txt              a file saved in the editor, its content indented; `\` alone: no newline at its end
//!   new content
//! + ~/data.csv 9f86d0…       a file brought in, by the SHA-256 of its content
//! @ +10s                     virtual time passes (`ms`, `s`, `m`, `h`)
//! ? file."notes.txt".exists = true
//! # a comment
//! ```
//!
//! Blank lines between entries are ignored; inside indented text they are lines.

mod parse;
mod write;

pub use parse::{ParseError, parse};
pub use write::{write_line, write_lines, write_section};

/// Terminals a transcript may name.
pub const TERMINALS_MAX: u32 = 8;

/// A transcript as it is written: sections of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// What stands under one `--- name ---`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The name; empty when the transcript begins without one.
    pub name: String,
    /// Line of the name, from 1.
    pub number: u32,
    /// The seed, when it is named.
    pub seed: Option<u64>,
    /// How many entries are done, when the others were undone and are only known.
    pub done: Option<usize>,
    /// What is done.
    pub lines: Vec<Line>,
}

/// One thing done, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Line in the text, from 1 (0: written by the lab).
    pub number: u32,
    /// What is done.
    pub act: Act,
    /// What it printed, `None` when the transcript does not say.
    pub output: Option<String>,
    /// The exit code, 0 when the transcript does not say.
    pub status: u8,
}

/// What can be done. Terminals are counted from 0 here, from 1 in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A command line at the prompt.
    Command {
        /// Which terminal.
        terminal: u32,
        /// The line, without its newline.
        text: String,
    },
    /// A terminal is opened.
    OpenTerminal {
        /// Its number.
        terminal: u32,
    },
    /// A line typed to what reads.
    Input {
        /// Which terminal.
        terminal: u32,
        /// The line, without its newline.
        text: String,
    },
    /// Ctrl-C, or an editor closed without saving.
    Interrupt {
        /// Which terminal.
        terminal: u32,
        /// After how many steps of what ran; `None`: once it waits.
        after_steps: Option<u64>,
    },
    /// Ctrl-D on an empty line.
    EndOfFile {
        /// Which terminal.
        terminal: u32,
    },
    /// A file saved in the editor.
    Save {
        /// Path as written: absolute, from `~`, or from the lab's folder.
        path: String,
        /// The whole content.
        content: String,
    },
    /// A file brought in.
    BringIn {
        /// Path as written.
        path: String,
        /// SHA-256 of the content, hex.
        sha256: String,
    },
    /// Virtual time passes.
    Advance {
        /// How long.
        milliseconds: u64,
    },
    /// A fact is compared; nothing is done.
    Fact {
        /// Path of the fact.
        fact: String,
        /// Its value as written, for example `[1, 3]`; `None` says that the fact is missing.
        value: Option<String>,
    },
}

impl Act {
    /// The label in a timeline: the command, or the line as the transcript writes it.
    pub fn label(&self) -> String {
        match self {
            Self::Command { text, .. } => text.clone(),
            act => write_line(act),
        }
    }

    /// The terminal it speaks to.
    pub fn terminal(&self) -> Option<u32> {
        match self {
            Self::Command { terminal, .. }
            | Self::OpenTerminal { terminal }
            | Self::Input { terminal, .. }
            | Self::Interrupt { terminal, .. }
            | Self::EndOfFile { terminal } => Some(*terminal),
            _ => None,
        }
    }
}

/// Whether what was printed is what a transcript shows: equal, or equal around lines that are only `…`.
pub fn output_matches(shown: &str, printed: &str) -> bool {
    let shown: Vec<&str> = shown.split_inclusive('\n').collect();
    let printed: Vec<&str> = printed.split_inclusive('\n').collect();
    lines_match(&shown, &printed)
}

fn lines_match(shown: &[&str], printed: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return printed.is_empty();
    };
    if first.trim_end() == "…" {
        return (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..]));
    }
    printed
        .split_first()
        .is_some_and(|(line, after)| line == first && lines_match(rest, after))
}

/// The text of a terminal without its colours: `ESC [ … letter` sequences are left out, `\r\n` is a newline.
pub fn plain_text(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == 0x1b && bytes.get(at + 1) == Some(&b'[') {
            at += 2;
            while at < bytes.len() && !(0x40..=0x7e).contains(&bytes[at]) {
                at += 1;
            }
            at += 1;
            continue;
        }
        if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
            at += 1;
            continue;
        }
        out.push(bytes[at]);
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
