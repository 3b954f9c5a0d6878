//! Regular expressions, as `regcomp(3)` understands them: basic and extended, by backtracking over a small tree.

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regex {
    root: Node,
    fold: bool,
}

#[derive(Clone, Debug)]
enum Node {
    Byte(u8),
    Any,
    Set(Box<[bool; 256]>),
    Start,
    End,
    WordStart,
    WordEnd,
    Group(Box<Node>),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    Repeat(Box<Node>, u32, u32),
}

/// Steps a match may take before it is given up (bad patterns must not hang a lab).
const STEPS_MAX: u32 = 2_000_000;

struct Parser<'a> {
    pattern: &'a [u8],
    at: usize,
    extended: bool,
    depth: u32,
}

impl Regex {
    /// An extended expression (`grep -E`). `None`: malformed.
    pub fn extended(pattern: &[u8], fold: bool) -> Option<Self> {
        Self::compile(pattern, true, fold)
    }

    /// A basic expression (`grep`).
    pub fn basic(pattern: &[u8], fold: bool) -> Option<Self> {
        Self::compile(pattern, false, fold)
    }

    /// A literal text (`grep -F`).
    pub fn fixed(text: &[u8], fold: bool) -> Self {
        let root = Node::Sequence(
            text.iter()
                .map(|b| Node::Byte(if fold { b.to_ascii_lowercase() } else { *b }))
                .collect(),
        );
        Self { root, fold }
    }

    fn compile(pattern: &[u8], extended: bool, fold: bool) -> Option<Self> {
        let lowered = if fold {
            pattern.to_ascii_lowercase()
        } else {
            pattern.to_vec()
        };
        let mut parser = Parser {
            pattern: &lowered,
            at: 0,
            extended,
            depth: 0,
        };
        let root = parser.choice()?;
        (parser.at == parser.pattern.len()).then_some(Self { root, fold })
    }

    /// Whether it matches somewhere in the text.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.find(text).is_some()
    }

    /// The leftmost match.
    pub fn find(&self, text: &[u8]) -> Option<core::ops::Range<usize>> {
        let lowered;
        let text = if self.fold {
            lowered = text.to_ascii_lowercase();
            &lowered
        } else {
            text
        };
        let mut steps = STEPS_MAX;
        for start in 0..=text.len() {
            let mut end = None;
            let found = run(&self.root, text, start, &mut steps, &mut |at| {
                end = Some(at);
                true
            });
            if found {
                return end.map(|end| start..end);
            }
        }
        None
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.pattern.get(self.at).copied()
    }

    fn operator(&self, byte: u8) -> bool {
        if self.extended {
            self.peek() == Some(byte)
        } else {
            self.peek() == Some(b'\\') && self.pattern.get(self.at + 1) == Some(&byte)
        }
    }

    fn skip_operator(&mut self) {
        self.at += if self.extended { 1 } else { 2 };
    }

    fn choice(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > 50 {
            return None;
        }
        let mut branches = vec![self.sequence()?];
        while self.operator(b'|') {
            self.skip_operator();
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Some(if branches.len() == 1 {
            branches.remove(0)
        } else {
            Node::Choice(branches)
        })
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut items: Vec<Node> = Vec::new();
        while self.peek().is_some() && !self.operator(b'|') && !(self.operator(b')') && self.depth > 1) {
            let first = items.is_empty();
            let item = self.atom(first)?;
            items.push(self.repeated(item)?);
        }
        Some(Node::Sequence(items))
    }

    fn repeated(&mut self, mut item: Node) -> Option<Node> {
        loop {
            let (low, high) = if self.peek() == Some(b'*') {
                self.at += 1;
                (0, u32::MAX)
            } else if self.operator(b'+') {
                self.skip_operator();
                (1, u32::MAX)
            } else if self.operator(b'?') {
                self.skip_operator();
                (0, 1)
            } else if self.operator(b'{') {
                self.skip_operator();
                self.bounds()?
            } else {
                return Some(item);
            };
            item = Node::Repeat(Box::new(item), low, high);
        }
    }

    fn bounds(&mut self) -> Option<(u32, u32)> {
        let low = self.number().unwrap_or(0);
        let high = if self.peek() == Some(b',') {
            self.at += 1;
            self.number().unwrap_or(u32::MAX)
        } else {
            low
        };
        if !self.operator(b'}') || low > high || low > 1000 {
            return None;
        }
        self.skip_operator();
        Some((low, high))
    }

    fn number(&mut self) -> Option<u32> {
        let len = self.pattern[self.at..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        let number = crate::bytes::parse_number(&self.pattern[self.at..self.at + len]);
        self.at += len;
        number
    }

    fn atom(&mut self, first: bool) -> Option<Node> {
        if self.operator(b'(') {
            self.skip_operator();
            let inner = self.choice()?;
            if !self.operator(b')') {
                return None;
            }
            self.skip_operator();
            return Some(Node::Group(Box::new(inner)));
        }
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'.' => Node::Any,
            b'[' => self.set()?,
            b'^' if self.extended || first => Node::Start,
            b'$' if self.extended || self.peek().is_none() || self.operator(b')') || self.operator(b'|') => Node::End,
            b'*' | b'+' | b'?' if self.extended && first => return None,
            b'\\' => {
                let escaped = self.peek()?;
                self.at += 1;
                match escaped {
                    b'<' => Node::WordStart,
                    b'>' => Node::WordEnd,
                    b'b' => Node::Choice(vec![Node::WordStart, Node::WordEnd]),
                    b'w' => set_of(|b| b.is_ascii_alphanumeric() || b == b'_'),
                    b'W' => set_of(|b| !b.is_ascii_alphanumeric() && b != b'_'),
                    b's' => set_of(|b| b.is_ascii_whitespace()),
                    b'S' => set_of(|b| !b.is_ascii_whitespace()),
                    byte => Node::Byte(byte),
                }
            }
            byte => Node::Byte(byte),
        })
    }

    fn set(&mut self) -> Option<Node> {
        let negated = self.peek()? == b'^';
        if negated {
            self.at += 1;
        }
        let mut set = [false; 256];
        let mut first = true;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            if byte == b']' && !first {
                break;
            }
            first = false;
            if byte == b'[' && self.peek() == Some(b':') {
                let rest = &self.pattern[self.at + 1..];
                let close = crate::bytes::find(rest, b":]")?;
                let class = class(&rest[..close])?;
                for (at, slot) in set.iter_mut().enumerate() {
                    *slot |= class(at as u8);
                }
                self.at += close + 3;
                continue;
            }
            if self.peek() == Some(b'-') && self.pattern.get(self.at + 1).is_some_and(|b| *b != b']') {
                let end = self.pattern[self.at + 1];
                self.at += 2;
                for at in byte..=end {
                    set[usize::from(at)] = true;
                }
            } else {
                set[usize::from(byte)] = true;
            }
        }
        if negated {
            for slot in &mut set {
                *slot = !*slot;
            }
        }
        Some(Node::Set(Box::new(set)))
    }
}

fn set_of(test: impl Fn(u8) -> bool) -> Node {
    let mut set = [false; 256];
    for (at, slot) in set.iter_mut().enumerate() {
        *slot = test(at as u8);
    }
    Node::Set(Box::new(set))
}

fn class(name: &[u8]) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"alpha" => |b| b.is_ascii_alphabetic(),
        b"digit" => |b| b.is_ascii_digit(),
        b"alnum" => |b| b.is_ascii_alphanumeric(),
        b"upper" => |b| b.is_ascii_uppercase(),
        b"lower" => |b| b.is_ascii_lowercase(),
        b"space" => |b| b.is_ascii_whitespace() || b == 0x0b,
        b"blank" => |b| b == b' ' || b == b'\t',
        b"punct" => |b| b.is_ascii_punctuation(),
        b"xdigit" => |b| b.is_ascii_hexdigit(),
        b"print" => |b| b.is_ascii_graphic() || b == b' ',
        b"graph" => |b| b.is_ascii_graphic(),
        b"cntrl" => |b| b.is_ascii_control(),
        _ => return None,
    })
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Matches `node` at `at` and calls `then` with each end, longest first, until it says yes.
fn run(node: &Node, text: &[u8], at: usize, steps: &mut u32, then: &mut dyn FnMut(usize) -> bool) -> bool {
    if *steps == 0 {
        return false;
    }
    *steps -= 1;
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    match node {
        Node::Byte(byte) => text.get(at) == Some(byte) && then(at + 1),
        Node::Any => at < text.len() && text[at] != b'\n' && then(at + 1),
        Node::Set(set) => text.get(at).is_some_and(|b| set[usize::from(*b)]) && then(at + 1),
        Node::Start => (at == 0 || text[at - 1] == b'\n') && then(at),
        Node::End => (at == text.len() || text[at] == b'\n') && then(at),
        Node::WordStart => !is_word(before) && is_word(text.get(at)) && then(at),
        Node::WordEnd => is_word(before) && !is_word(text.get(at)) && then(at),
        Node::Group(inner) => run(inner, text, at, steps, then),
        Node::Choice(branches) => branches.iter().any(|branch| run(branch, text, at, steps, then)),
        Node::Sequence(items) => sequence(items, text, at, steps, then),
        Node::Repeat(item, low, high) => repeat(item, *low, *high, text, at, steps, then),
    }
}

fn sequence(items: &[Node], text: &[u8], at: usize, steps: &mut u32, then: &mut dyn FnMut(usize) -> bool) -> bool {
    let Some((first, rest)) = items.split_first() else {
        return then(at);
    };
    // The counter is shared through a cell so that the closure may use it too.
    let cell = core::cell::Cell::new(*steps);
    let mut mine = *steps;
    let found = run(first, text, at, &mut mine, &mut |next| {
        let mut left = cell.get();
        let found = sequence(rest, text, next, &mut left, then);
        cell.set(left.saturating_sub(1));
        found
    });
    *steps = mine.min(cell.get());
    found
}

fn repeat(
    item: &Node,
    low: u32,
    high: u32,
    text: &[u8],
    at: usize,
    steps: &mut u32,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    // One-byte items need no recursion: count, then give back.
    if matches!(item, Node::Byte(_) | Node::Any | Node::Set(_)) {
        let mut count: u32 = 0;
        let mut end = at;
        while count < high && run(item, text, end, steps, &mut |_| true) {
            end += 1;
            count += 1;
        }
        loop {
            if count < low {
                return false;
            }
            if then(end) {
                return true;
            }
            if count == 0 {
                return false;
            }
            count -= 1;
            end -= 1;
        }
    }
    if high > 0 {
        let cell = core::cell::Cell::new(*steps);
        let mut mine = *steps;
        let more = run(item, text, at, &mut mine, &mut |next| {
            let mut left = cell.get();
            let found = next > at && repeat(item, low.saturating_sub(1), high - 1, text, next, &mut left, then);
            cell.set(left.saturating_sub(1));
            found
        });
        *steps = mine.min(cell.get());
        if more {
            return true;
        }
    }
    low == 0 && then(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn expressions() {
        for (pattern, text, expected) in [
            ("fix", "a fix", Some(2..5)),
            ("^a.*c$", "abc", Some(0..3)),
            ("(ab)+c", "xababc", Some(1..6)),
            ("a|b", "cb", Some(1..2)),
            ("[0-9]{2,3}", "a1234", Some(1..4)),
            ("x?y", "y", Some(0..1)),
            ("a+b", "b", None),
            ("[[:upper:]]", "aB", Some(1..2)),
        ] {
            assert_eq!(
                Regex::extended(pattern.as_bytes(), false)
                    .unwrap()
                    .find(text.as_bytes()),
                expected,
                "{pattern}"
            );
        }
        assert!(Regex::basic(b"a+b", false).unwrap().is_match(b"a+b"));
        assert!(Regex::basic(b"\\(a\\)\\+b", false).unwrap().is_match(b"aab"));
        assert!(Regex::extended(b"FIX", true).unwrap().is_match(b"a Fix"));
        assert!(Regex::extended(b"(", false).is_none());
    }
}
