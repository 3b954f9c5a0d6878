//! Messages of commits and tags: how they are cleaned up, and the comments of templates.

use crate::cat;
use crate::config::Config;
use crate::fault::{Fault, Result};

/// `--cleanup=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Nothing is touched.
    Verbatim,
    /// Spaces at line ends and surplus empty lines go.
    Whitespace,
    /// Comment lines go too.
    Strip,
    /// What follows the scissors goes, then as `Whitespace`.
    Scissors,
}

impl Cleanup {
    /// The mode of a name; `None` or `default`: `Strip` where the message was edited, else `Whitespace`.
    pub fn parse(name: Option<&[u8]>, edited: bool) -> Result<Self> {
        match name {
            None | Some(b"default") => Ok(if edited { Self::Strip } else { Self::Whitespace }),
            Some(b"verbatim") => Ok(Self::Verbatim),
            Some(b"whitespace") => Ok(Self::Whitespace),
            Some(b"strip") => Ok(Self::Strip),
            Some(b"scissors") => Ok(if edited { Self::Scissors } else { Self::Whitespace }),
            Some(other) => Err(Fault::fatal(cat!["Invalid cleanup mode ", other])),
        }
    }
}

/// The line below which everything is cut.
pub const SCISSORS: &str = "------------------------ >8 ------------------------";

/// What begins a comment (`core.commentChar`).
pub fn comment_char(config: &Config) -> String {
    match config
        .get("core.commentchar")
        .or_else(|| config.get("core.commentstring"))
    {
        Some(b"auto" | b"") | None => "#".to_owned(),
        Some(text) => crate::bytes::lossy(text),
    }
}

/// Cleans a message.
pub fn clean(message: &[u8], cleanup: Cleanup, comment: &str) -> Vec<u8> {
    match cleanup {
        Cleanup::Verbatim => message.to_vec(),
        Cleanup::Whitespace => strip(message, None),
        Cleanup::Strip => strip(message, Some(comment.as_bytes())),
        Cleanup::Scissors => strip(above_scissors(message, comment), None),
    }
}

/// What stands above the scissors.
pub fn above_scissors<'a>(message: &'a [u8], comment: &str) -> &'a [u8] {
    let line = format!("{comment} {SCISSORS}\n");
    if message.starts_with(line.as_bytes()) {
        return b"";
    }
    match crate::bytes::find(message, format!("\n{line}").as_bytes()) {
        Some(at) => &message[..=at],
        None => message,
    }
}

/// `git stripspace`: no spaces at line ends, no empty lines at the ends, no two in a row; one line feed at the end.
pub fn strip(message: &[u8], comment: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut empty = 0;
    for line in message.split(|b| *b == b'\n') {
        if comment.is_some_and(|comment| line.starts_with(comment)) {
            continue;
        }
        let line = line.trim_ascii_end();
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if empty > 0 && !out.is_empty() {
            out.push(b'\n');
        }
        empty = 0;
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// The text as comment lines.
pub fn commented(text: &str, comment: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let space = if line.is_empty() || line.starts_with('\t') {
            ""
        } else {
            " "
        };
        out.push_str(&format!("{comment}{space}{line}\n"));
    }
    out
}

/// Adds the trailers of `--trailer`: `key=value` or `key: value`.
pub fn add_trailers(message: &mut Vec<u8>, trailers: &[Vec<u8>]) {
    for trailer in trailers {
        let (key, value) = crate::bytes::split_once(trailer, b'=')
            .or_else(|| crate::bytes::split_once(trailer, b':'))
            .unwrap_or((trailer, b""));
        add_trailer(message, &cat![key.trim_ascii(), ": ", value.trim_ascii()]);
    }
}

/// Adds a trailer such as `Signed-off-by: A <a@b>`, after an empty line unless the last paragraph holds trailers.
pub fn add_trailer(message: &mut Vec<u8>, trailer: &[u8]) {
    let body_end = message
        .iter()
        .rposition(|b| !b.is_ascii_whitespace())
        .map_or(0, |at| at + 1);
    let comment_start = message.len();
    let mut body = message[..body_end.min(comment_start)].to_vec();
    let tail = message[body_end..].to_vec();
    let last_paragraph = body
        .rsplit(|b| *b == b'\n')
        .take_while(|line| !line.is_empty())
        .collect::<Vec<_>>();
    if last_paragraph.first().is_some_and(|line| *line == trailer) {
        return;
    }
    let paragraphs = crate::bytes::find(&body, b"\n\n").is_some();
    let is_trailer = |line: &&[u8]| {
        let colon = crate::bytes::find(line, b": ");
        colon.is_some_and(|at| at > 0 && line[..at].iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-'))
    };
    let in_trailers = paragraphs && !last_paragraph.is_empty() && last_paragraph.iter().all(is_trailer);
    if body.is_empty() {
        body.extend_from_slice(b"\n\n");
    } else if in_trailers {
        body.push(b'\n');
    } else {
        body.extend_from_slice(b"\n\n");
    }
    body.extend_from_slice(trailer);
    body.push(b'\n');
    if tail.len() > 1 {
        body.extend_from_slice(&tail[1..]);
    }
    *message = body;
}
