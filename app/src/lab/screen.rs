//! A terminal's output as lines of coloured spans. Bytes arrive in any cut: in the middle
//! of a letter, of an escape sequence, of a line.

use std::sync::Arc;

/// Lines kept; the lab keeps as many.
pub const LINES_MAX: usize = 5_000;
/// Lines of a block: the browser lays out and paints only the blocks in sight.
pub const BLOCK_LINES: u64 = 32;

/// A run of characters of one look. `class` is made of the letters of `terminal.css`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub class: String,
    pub text: String,
}

/// A finished line; `id` only grows, so that a list of them is updated by its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: u64,
    pub spans: Vec<Span>,
}

impl Line {
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// The look that the next characters take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    bold: bool,
    dim: bool,
    reverse: bool,
    underline: bool,
    colour: Option<u8>,
}

impl Look {
    fn class(self) -> String {
        let mut class = String::new();
        let mut add = |name: &str| {
            if !class.is_empty() {
                class.push(' ');
            }
            class.push_str(name);
        };
        if let Some(colour) = self.colour {
            add(["k", "r", "g", "y", "b", "m", "cy", "w"][usize::from(colour & 7)]);
        }
        if self.bold {
            add("bo");
        }
        if self.dim {
            add("d");
        }
        if self.reverse {
            add("rv");
        }
        if self.underline {
            add("un");
        }
        class
    }

    /// Select Graphic Rendition, ECMA-48 8.3.117.
    fn apply(&mut self, parameters: &str) {
        let mut codes = parameters.split(';').map(|p| p.parse::<u16>().unwrap_or(0));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                2 => self.dim = true,
                4 => self.underline = true,
                7 => self.reverse = true,
                22 => (self.bold, self.dim) = (false, false),
                24 => self.underline = false,
                27 => self.reverse = false,
                30..=37 => self.colour = Some((code - 30) as u8),
                38 => {
                    // 256 colours and true colours: the basic eight are kept, the rest is plain.
                    self.colour = match (codes.next(), codes.next()) {
                        (Some(5), Some(n @ 0..=15)) => Some((n & 7) as u8),
                        (Some(2), _) => {
                            codes.nth(1);
                            None
                        }
                        _ => None,
                    };
                }
                39 => self.colour = None,
                90..=97 => self.colour = Some((code - 90) as u8),
                _ => {}
            }
        }
    }
}

/// The screen: finished lines, and the line being written (the prompt, as a rule).
#[derive(Clone, Debug, Default)]
pub struct Screen {
    pub lines: Vec<Arc<Line>>,
    pub tail: Vec<Span>,
    look: Look,
    next_id: u64,
    pending: Vec<u8>,
    /// A carriage return came: the next character overwrites the line.
    returned: bool,
}

impl Screen {
    /// Forgets everything but the numbering, so that no old line is taken for a new one.
    pub fn reset(&mut self) {
        *self = Self {
            next_id: self.next_id,
            ..Self::default()
        };
    }

    /// Hides what was printed, the prompt apart.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    /// The id of the first line kept, or of the next one where there is none.
    pub fn first_id(&self) -> u64 {
        self.lines.first().map_or(self.next_id, |line| line.id)
    }

    /// The lines whose id is at least this. Ids follow each other without a gap.
    pub fn lines_from(&self, id: u64) -> &[Arc<Line>] {
        let skipped = id.saturating_sub(self.first_id()) as usize;
        self.lines.get(skipped..).unwrap_or_default()
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let whole = whole_characters(&pending);
        let text = String::from_utf8_lossy(&pending[..whole]).into_owned();
        let rest = self.write(&text);
        self.pending = rest.as_bytes().to_vec();
        self.pending.extend_from_slice(&pending[whole..]);
        if self.lines.len() > LINES_MAX {
            self.lines.drain(..self.lines.len() - LINES_MAX);
        }
    }

    /// Writes; gives back an escape sequence that is not whole yet.
    fn write<'a>(&mut self, text: &'a str) -> &'a str {
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c < ' ' && c != '\t') {
            self.put(&rest[..at]);
            let after = &rest[at + 1..];
            match rest.as_bytes()[at] {
                b'\n' => self.end_line(),
                b'\r' => self.returned = true,
                8 => self.back(),
                0x1b => match self.escape(after) {
                    Some(next) => {
                        rest = next;
                        continue;
                    }
                    None => return &rest[at..],
                },
                _ => {}
            }
            rest = after;
        }
        self.put(rest);
        ""
    }

    fn put(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if std::mem::take(&mut self.returned) {
            self.tail.clear();
        }
        let class = self.look.class();
        match self.tail.last_mut() {
            Some(last) if last.class == class => last.text.push_str(text),
            _ => self.tail.push(Span {
                class,
                text: text.to_owned(),
            }),
        }
    }

    fn back(&mut self) {
        if let Some(last) = self.tail.last_mut() {
            last.text.pop();
            if last.text.is_empty() {
                self.tail.pop();
            }
        }
    }

    fn end_line(&mut self) {
        self.returned = false;
        let spans = std::mem::take(&mut self.tail);
        self.lines.push(Arc::new(Line {
            id: self.next_id,
            spans,
        }));
        self.next_id += 1;
    }

    /// What follows an escape sequence that begins after `ESC`, or nothing when it is cut.
    fn escape<'a>(&mut self, after: &'a str) -> Option<&'a str> {
        let Some(body) = after.strip_prefix('[') else {
            // A two-character sequence: nothing here uses one.
            return if after.is_empty() {
                None
            } else {
                Some(after.get(1..).unwrap_or(""))
            };
        };
        let end = body.find(|c: char| ('@'..='~').contains(&c))?;
        let (parameters, next) = (&body[..end], &body[end + 1..]);
        match body.as_bytes()[end] {
            b'm' => self.look.apply(parameters),
            b'J' if parameters == "2" || parameters == "3" => {
                self.lines.clear();
                self.tail.clear();
            }
            b'K' if self.returned => {
                self.tail.clear();
                self.returned = false;
            }
            _ => {}
        }
        Some(next)
    }
}

/// How many bytes at the front make whole characters.
fn whole_characters(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let b = bytes[bytes.len() - back];
        if b & 0b1100_0000 == 0b1000_0000 {
            continue;
        }
        let needs = match b {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => 1,
        };
        return if needs > back { bytes.len() - back } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(text: &str) -> Screen {
        let mut s = Screen::default();
        s.feed(text.as_bytes());
        s
    }

    fn lines(s: &Screen) -> Vec<String> {
        s.lines.iter().map(|l| l.text()).collect()
    }

    #[test]
    fn colours_become_classes() {
        let s = screen("\x1b[31mred\x1b[m plain\n\x1b[1;32mbold green");
        assert_eq!(
            s.lines[0].spans[0],
            Span {
                class: "r".into(),
                text: "red".into()
            }
        );
        assert_eq!(
            s.lines[0].spans[1],
            Span {
                class: String::new(),
                text: " plain".into()
            }
        );
        assert_eq!(s.tail[0].class, "g bo");
    }

    #[test]
    fn any_cut_gives_the_same_screen() {
        let text = "é\x1b[33m→ jaune\x1b[0m\nligne\r\nfin ✓";
        let whole = screen(text);
        for cut in 0..text.len() {
            let mut s = Screen::default();
            s.feed(&text.as_bytes()[..cut]);
            s.feed(&text.as_bytes()[cut..]);
            assert_eq!(s.lines, whole.lines, "cut at {cut}");
            assert_eq!(s.tail, whole.tail, "cut at {cut}");
        }
    }

    #[test]
    fn a_return_overwrites_and_a_clear_clears() {
        assert_eq!(lines(&screen("10 %\r20 %\n")), ["20 %"]);
        assert_eq!(lines(&screen("a\r\nb\n")), ["a", "b"]);
        assert!(screen("a\nb\n\x1b[H\x1b[2J").lines.is_empty());
    }

    #[test]
    fn lines_are_found_by_their_ids() {
        let mut s = screen(&"x\n".repeat(LINES_MAX + 45));
        let ids = |s: &Screen, from| -> Vec<u64> { s.lines_from(from).iter().map(|l| l.id).collect() };
        assert_eq!(s.first_id(), 45);
        assert_eq!(ids(&s, 0).len(), LINES_MAX);
        assert_eq!(
            ids(&s, LINES_MAX as u64 + 43),
            [LINES_MAX as u64 + 43, LINES_MAX as u64 + 44]
        );
        assert!(ids(&s, LINES_MAX as u64 + 45).is_empty());
        assert!(ids(&s, LINES_MAX as u64 + 99).is_empty());
        s.clear();
        assert_eq!(s.first_id(), LINES_MAX as u64 + 45);
        s.feed(b"y\n");
        assert_eq!(ids(&s, 0), [LINES_MAX as u64 + 45]);
    }

    #[test]
    fn the_scrollback_is_bounded() {
        let s = screen(&"x\n".repeat(LINES_MAX + 10));
        assert_eq!(s.lines.len(), LINES_MAX);
        assert_eq!(s.lines[0].id, 10);
    }
}
