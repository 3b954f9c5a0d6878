//! Line by line.

use crate::utilities::regex::Regex;
use crate::utilities::support::stream::Flow;
use crate::utilities::support::text::named;
use essaim_kernel::{Call, Io};
use std::collections::VecDeque;

/// Which names `-l` and `-L` print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    No,
    Matching,
    NotMatching,
}

/// The colours of `--color`.
#[derive(Clone, Debug)]
pub struct Colors {
    matched: &'static str,
    name: &'static str,
    number: &'static str,
    separator: &'static str,
}

impl Default for Colors {
    fn default() -> Self {
        Self {
            matched: "01;31",
            name: "35",
            number: "32",
            separator: "36",
        }
    }
}

/// A search at work.
#[derive(Clone)]
pub struct Grep {
    pub call: Call,
    pub regexes: Vec<Regex>,
    pub invert: bool,
    pub only_matching: bool,
    pub quiet: bool,
    pub counts: bool,
    pub list: Names,
    pub numbers: bool,
    pub offsets: bool,
    pub names: bool,
    pub null: bool,
    pub initial_tab: bool,
    pub zero: bool,
    pub max: Option<u64>,
    pub before: usize,
    pub after: usize,
    pub separator: Option<Vec<u8>>,
    pub has_context: bool,
    pub text: bool,
    pub skips_binary: bool,
    pub label: Vec<u8>,
    pub silent_errors: bool,
    pub skips_directories: bool,
    pub colors: Option<Colors>,
    // Of the current file:
    pub name: Vec<u8>,
    pub line: u64,
    pub offset: u64,
    pub selected: u64,
    pub after_left: usize,
    /// Lines that may become context: number, offset, text.
    pub held: VecDeque<(u64, u64, Vec<u8>)>,
    /// Something was printed, so a gap needs a separator.
    pub printed: bool,
    /// Lines were left out since.
    pub gap: bool,
    pub binary: bool,
    pub skipped: bool,
    // Of all files:
    pub found_any: bool,
    pub errors: bool,
}

impl Grep {
    pub fn begin_file(&mut self, name: &[u8]) -> Flow {
        self.name = if name == b"-" {
            self.label.clone()
        } else {
            name.to_vec()
        };
        self.line = 0;
        self.offset = 0;
        self.selected = 0;
        self.after_left = 0;
        self.held.clear();
        self.gap = true;
        self.binary = false;
        self.skipped = false;
        Flow::Continue
    }

    /// Whether each printed line is wanted, or only a count, a name or the status.
    fn prints_lines(&self) -> bool {
        !self.quiet && !self.counts && self.list == Names::No
    }

    fn matches(&self, line: &[u8]) -> bool {
        self.regexes.iter().any(|regex| regex.is_match(line))
    }

    /// The leftmost longest match of all patterns.
    fn find(&self, line: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = self.regexes.iter().filter_map(|regex| regex.find(line, from));
        found.min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
    }

    pub fn line(&mut self, bytes: &[u8], ended: bool, io: &mut Io<'_>) -> Flow {
        self.line += 1;
        let offset = self.offset;
        self.offset += bytes.len() as u64 + u64::from(ended);
        let unreadable = (bytes.contains(&0) && !self.zero) || std::str::from_utf8(bytes).is_err();
        if !self.binary && !self.text && unreadable {
            self.binary = true;
            if self.skips_binary {
                self.skipped = true;
                return Flow::SkipFile;
            }
        }
        if self.matches(bytes) != self.invert {
            return self.selected_line(offset, bytes, io);
        }
        if self.prints_lines() && !self.binary {
            if self.after_left > 0 {
                self.after_left -= 1;
                self.print_line(self.line, offset, bytes, false, io);
            } else if self.before > 0 {
                self.held.push_back((self.line, offset, bytes.to_vec()));
                if self.held.len() > self.before {
                    self.held.pop_front();
                    self.gap = true;
                }
            } else {
                self.gap = true;
            }
        }
        if self.is_done() && self.after_left == 0 {
            Flow::SkipFile
        } else {
            Flow::Continue
        }
    }

    fn is_done(&self) -> bool {
        self.max.is_some_and(|max| self.selected >= max)
    }

    fn selected_line(&mut self, offset: u64, bytes: &[u8], io: &mut Io<'_>) -> Flow {
        if self.is_done() {
            // Only trailing context is still printed, up to the next match.
            return Flow::SkipFile;
        }
        self.selected += 1;
        if self.list != Names::NotMatching {
            self.found_any = true;
        }
        if self.quiet && self.list == Names::No {
            return Flow::Stop;
        }
        if self.list != Names::No {
            return Flow::SkipFile;
        }
        if self.prints_lines() {
            if self.binary {
                return Flow::SkipFile;
            }
            let gap = self.gap;
            if self.printed
                && gap
                && self.has_context
                && let Some(separator) = self.separator.clone()
            {
                let out = self.painted(self.colors.as_ref().map(|c| c.separator), &separator);
                io.print([out.as_slice(), b"\n"].concat());
            }
            self.gap = false;
            for (number, at, text) in std::mem::take(&mut self.held) {
                self.print_line(number, at, &text, false, io);
            }
            self.print_line(self.line, offset, bytes, true, io);
            self.after_left = self.after;
        }
        if self.is_done() && self.after_left == 0 {
            Flow::SkipFile
        } else {
            Flow::Continue
        }
    }

    pub fn end_file(&mut self, io: &mut Io<'_>) {
        if self.quiet {
            return;
        }
        if self.counts && !(self.skipped && self.selected == 0 && !self.binary) && self.list == Names::No {
            let mut out = Vec::new();
            if self.names {
                self.push_name(&mut out, b':');
            }
            out.extend_from_slice(format!("{}\n", self.selected).as_bytes());
            io.print(out);
        }
        let listed = match self.list {
            Names::No => false,
            Names::Matching => self.selected > 0,
            Names::NotMatching => self.selected == 0 && !self.skipped,
        };
        if listed {
            if self.list == Names::NotMatching {
                self.found_any = true;
            }
            let mut out = self.painted(self.colors.as_ref().map(|c| c.name), &self.name);
            out.push(if self.null { 0 } else { b'\n' });
            io.print(out);
        }
        if self.binary && self.selected > 0 && self.prints_lines() {
            io.eprint(format!("grep: {}: binary file matches\n", named(&self.name)));
        }
    }

    fn painted(&self, color: Option<&str>, text: &[u8]) -> Vec<u8> {
        match color {
            None => text.to_vec(),
            Some(color) => [format!("\x1b[{color}m\x1b[K").as_bytes(), text, b"\x1b[m\x1b[K"].concat(),
        }
    }

    fn push_separator(&self, out: &mut Vec<u8>, sign: u8) {
        out.extend(self.painted(self.colors.as_ref().map(|c| c.separator), &[sign]));
    }

    fn push_name(&self, out: &mut Vec<u8>, sign: u8) {
        out.extend(self.painted(self.colors.as_ref().map(|c| c.name), &self.name));
        if self.null {
            out.push(0);
        } else {
            self.push_separator(out, sign);
        }
    }

    fn prefix(&self, number: u64, offset: u64, sign: u8) -> Vec<u8> {
        let mut out = Vec::new();
        if self.names {
            self.push_name(&mut out, sign);
        }
        let width = if self.initial_tab && self.names { 4 } else { 0 };
        let color = self.colors.as_ref().map(|c| c.number);
        if self.numbers {
            out.extend(self.painted(color, format!("{number:>width$}").as_bytes()));
            self.push_separator(&mut out, sign);
        }
        if self.offsets {
            out.extend(self.painted(color, format!("{offset:>width$}").as_bytes()));
            self.push_separator(&mut out, sign);
        }
        if self.initial_tab && (self.names || self.numbers || self.offsets) {
            out.push(b'\t');
        }
        out
    }

    fn print_line(&mut self, number: u64, offset: u64, bytes: &[u8], selected: bool, io: &mut Io<'_>) {
        let sign = if selected { b':' } else { b'-' };
        let end = if self.zero { 0 } else { b'\n' };
        self.printed = true;
        if self.only_matching {
            if selected && !self.invert {
                self.print_matches(number, offset, bytes, end, io);
            }
            return;
        }
        let mut out = self.prefix(number, offset, sign);
        match &self.colors {
            Some(colors) if selected != self.invert => {
                let color = colors.matched;
                let mut at = 0;
                while let Some((start, stop)) = self.find(bytes, at) {
                    if stop == start {
                        if start >= bytes.len() {
                            break;
                        }
                        out.extend_from_slice(&bytes[at..=start]);
                        at = start + 1;
                        continue;
                    }
                    out.extend_from_slice(&bytes[at..start]);
                    out.extend(self.painted(Some(color), &bytes[start..stop]));
                    at = stop;
                }
                out.extend_from_slice(&bytes[at.min(bytes.len())..]);
            }
            _ => out.extend_from_slice(bytes),
        }
        out.push(end);
        io.print(out);
    }

    fn print_matches(&self, number: u64, offset: u64, bytes: &[u8], end: u8, io: &mut Io<'_>) {
        let mut at = 0;
        while let Some((start, stop)) = self.find(bytes, at) {
            if start == stop {
                at = stop + 1;
                if at > bytes.len() {
                    break;
                }
                continue;
            }
            let mut out = self.prefix(number, offset + start as u64, b':');
            out.extend(self.painted(self.colors.as_ref().map(|c| c.matched), &bytes[start..stop]));
            out.push(end);
            io.print(out);
            at = stop;
        }
    }
}
