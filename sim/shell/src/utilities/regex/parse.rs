//! From the text of a pattern to its tree.

use super::super::support::text::decode;

/// Which language a pattern is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// `grep`, `sed`.
    #[default]
    Basic,
    /// `grep -E`, `sed -E`.
    Extended,
    /// `grep -F`: every character is itself.
    Literal,
}

/// How a pattern is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Syntax {
    /// The language.
    pub flavour: Flavour,
    /// Letters match in either case.
    pub ignore_case: bool,
    /// `^` and `$` match at inner newlines too (`sed`'s `M`).
    pub multiline: bool,
    /// The match must be the whole text (`grep -x`).
    pub whole: bool,
    /// The match must be a whole word (`grep -w`).
    pub word: bool,
}

/// What must hold at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assertion {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    WordStart,
    WordEnd,
    WordEdge,
    NotWordEdge,
    /// No word character before.
    NoWordBefore,
    /// No word character after.
    NoWordAfter,
}

/// A bracket expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    pub negated: bool,
    pub ranges: Vec<(u32, u32)>,
    pub classes: Vec<(String, bool)>,
}

impl Set {
    pub fn holds(&self, c: u32, ignore_case: bool) -> bool {
        // What is no UTF-8 matches nothing, as in glibc.
        if c >= 0x11_0000 {
            return false;
        }
        let member = |c: u32| {
            self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
                || self
                    .classes
                    .iter()
                    .any(|(name, wanted)| class_holds(name, c) == Some(*wanted))
        };
        let found = member(c) || (ignore_case && (member(lower(c)) || member(upper(c))));
        found != self.negated
    }
}

/// The lower-case form of a character code.
pub fn lower(c: u32) -> u32 {
    char::from_u32(c)
        .and_then(|c| c.to_lowercase().next())
        .map_or(c, u32::from)
}

fn upper(c: u32) -> u32 {
    char::from_u32(c)
        .and_then(|c| c.to_uppercase().next())
        .map_or(c, u32::from)
}

/// Whether a character is in a class such as `alpha`; `None`: there is no such class.
pub fn class_holds(name: &str, c: u32) -> Option<bool> {
    let c = char::from_u32(c).unwrap_or('\u{fffd}');
    let ascii = c.is_ascii();
    let graphic = if ascii {
        c.is_ascii_graphic()
    } else {
        !c.is_control() && !c.is_whitespace()
    };
    Some(match name {
        "alpha" => c.is_alphabetic(),
        "digit" => c.is_ascii_digit(),
        "alnum" => c.is_alphanumeric(),
        "upper" => c.is_uppercase(),
        "lower" => c.is_lowercase(),
        "space" => c.is_whitespace() && c != '\u{a0}',
        "blank" => matches!(c, ' ' | '\t'),
        "punct" => {
            if ascii {
                c.is_ascii_punctuation()
            } else {
                graphic && !c.is_alphanumeric()
            }
        }
        "cntrl" => c.is_control(),
        "xdigit" => c.is_ascii_hexdigit(),
        "print" => graphic || c == ' ',
        "graph" => graphic,
        "word" => c.is_alphanumeric() || c == '_',
        _ => return None,
    })
}

/// A pattern as a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Empty,
    Char(u32),
    Any,
    Set(Set),
    Group(Box<Node>, usize),
    Concat(Vec<Node>),
    Alternation(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
    Assert(Assertion),
    BackReference(usize),
}

/// Largest count in an interval (glibc's `RE_DUP_MAX`).
const REPEAT_MAX: u32 = 32_767;
/// Nesting of groups.
const DEPTH_MAX: usize = 200;

/// Parses a pattern; gives its tree and its number of groups.
pub fn parse(pattern: &[u8], syntax: Syntax) -> Result<(Node, usize), &'static str> {
    let mut parser = Parser {
        text: pattern,
        at: 0,
        extended: syntax.flavour == Flavour::Extended,
        groups: 0,
        closed: Vec::new(),
        depth: 0,
    };
    let node = if syntax.flavour == Flavour::Literal {
        let mut chars = Vec::new();
        while parser.at < pattern.len() {
            chars.push(Node::Char(parser.next_char()));
        }
        Node::Concat(chars)
    } else {
        parser.alternation()?
    };
    if parser.at < pattern.len() {
        return Err("Unmatched ) or \\)");
    }
    let wrapped = if syntax.whole {
        Node::Concat(vec![
            Node::Assert(Assertion::TextStart),
            node,
            Node::Assert(Assertion::TextEnd),
        ])
    } else if syntax.word {
        Node::Concat(vec![
            Node::Assert(Assertion::NoWordBefore),
            node,
            Node::Assert(Assertion::NoWordAfter),
        ])
    } else {
        node
    };
    Ok((wrapped, parser.groups))
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    groups: usize,
    closed: Vec<usize>,
    depth: usize,
}

impl Parser<'_> {
    fn next_char(&mut self) -> u32 {
        let (c, len) = decode(&self.text[self.at..]);
        self.at += len.max(1);
        c
    }

    fn looking_at(&self, token: &str) -> bool {
        self.text[self.at..].starts_with(token.as_bytes())
    }

    fn at_alternation_end(&self) -> bool {
        if self.at >= self.text.len() {
            return true;
        }
        if self.extended {
            self.looking_at("|") || (self.looking_at(")") && self.depth > 0)
        } else {
            self.looking_at("\\|") || self.looking_at("\\)")
        }
    }

    fn alternation(&mut self) -> Result<Node, &'static str> {
        let mut branches = vec![self.branch()?];
        let bar = if self.extended { "|" } else { "\\|" };
        while self.looking_at(bar) {
            self.at += bar.len();
            branches.push(self.branch()?);
        }
        if branches.len() == 1 {
            return Ok(branches.remove(0));
        }
        Ok(Node::Alternation(branches))
    }

    fn branch(&mut self) -> Result<Node, &'static str> {
        let mut parts: Vec<Node> = Vec::new();
        while !self.at_alternation_end() {
            // In a basic expression a star at the start, or after an anchor, is itself.
            let start = parts.iter().all(|p| *p == Node::Assert(Assertion::LineStart));
            let atom = self.atom(start)?;
            let anchor = matches!(atom, Node::Assert(Assertion::LineStart)) && !self.extended;
            let atom = if anchor { atom } else { self.repeats(atom)? };
            parts.push(atom);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Concat(parts),
        })
    }

    fn atom(&mut self, start: bool) -> Result<Node, &'static str> {
        match self.text[self.at] {
            b'.' => {
                self.at += 1;
                Ok(Node::Any)
            }
            b'[' => self.bracket(),
            b'^' if self.extended || start => {
                self.at += 1;
                Ok(Node::Assert(Assertion::LineStart))
            }
            b'$' if self.extended || self.dollar_is_anchor() => {
                self.at += 1;
                Ok(Node::Assert(Assertion::LineEnd))
            }
            b'\\' => self.escape(),
            b'(' if self.extended => self.group(1, ")"),
            // GNU: a repeat with nothing before it repeats nothing.
            b'*' | b'+' | b'?' if self.extended && start => Ok(Node::Empty),
            b'{' if self.extended && start && self.interval_ahead() => Err("Invalid preceding regular expression"),
            _ => Ok(Node::Char(self.next_char())),
        }
    }

    fn dollar_is_anchor(&self) -> bool {
        let after = &self.text[self.at + 1..];
        after.is_empty() || after.starts_with(b"\\)") || after.starts_with(b"\\|")
    }

    fn interval_ahead(&self) -> bool {
        matches!(self.text.get(self.at + 1), Some(b) if b.is_ascii_digit() || *b == b',')
    }

    fn group(&mut self, open: usize, close: &str) -> Result<Node, &'static str> {
        self.at += open;
        self.groups += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("Regular expression too big");
        }
        let number = self.groups;
        let inner = self.alternation()?;
        if !self.looking_at(close) {
            return Err("Unmatched ( or \\(");
        }
        self.at += close.len();
        self.depth -= 1;
        self.closed.push(number);
        Ok(Node::Group(Box::new(inner), number))
    }

    fn escape(&mut self) -> Result<Node, &'static str> {
        let Some(next) = self.text.get(self.at + 1).copied() else {
            return Err("Trailing backslash");
        };
        let class = |name: &str, wanted: bool| {
            Node::Set(Set {
                classes: vec![(name.to_owned(), wanted)],
                ..Set::default()
            })
        };
        if !self.extended && next == b'(' {
            return self.group(2, "\\)");
        }
        self.at += 1;
        let node = match next {
            b'1'..=b'9' => {
                let number = usize::from(next - b'0');
                if !self.closed.contains(&number) {
                    return Err("Invalid back reference");
                }
                Node::BackReference(number)
            }
            b'w' => class("word", true),
            b'W' => class("word", false),
            b's' => class("space", true),
            b'S' => class("space", false),
            b'<' => Node::Assert(Assertion::WordStart),
            b'>' => Node::Assert(Assertion::WordEnd),
            b'b' => Node::Assert(Assertion::WordEdge),
            b'B' => Node::Assert(Assertion::NotWordEdge),
            b'`' => Node::Assert(Assertion::TextStart),
            b'\'' => Node::Assert(Assertion::TextEnd),
            b'{' if !self.extended => return Err("Invalid preceding regular expression"),
            _ => return Ok(Node::Char(self.next_char())),
        };
        self.at += 1;
        Ok(node)
    }

    fn repeats(&mut self, mut node: Node) -> Result<Node, &'static str> {
        loop {
            let rest = &self.text[self.at..];
            let (min, max) = match (rest, self.extended) {
                ([b'*', ..], _) => {
                    self.at += 1;
                    (0, None)
                }
                ([b'+', ..], true) | ([b'\\', b'+', ..], false) => {
                    self.at += if self.extended { 1 } else { 2 };
                    (1, None)
                }
                ([b'?', ..], true) | ([b'\\', b'?', ..], false) => {
                    self.at += if self.extended { 1 } else { 2 };
                    (0, Some(1))
                }
                ([b'{', ..], true) if self.interval_ahead() => match self.interval(1, "}")? {
                    Some(bounds) => bounds,
                    None => return Ok(node),
                },
                ([b'\\', b'{', ..], false) => match self.interval(2, "\\}")? {
                    Some(bounds) => bounds,
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            node = Node::Repeat(Box::new(node), min, max);
        }
    }

    /// `{2,3}`. `None`: an extended expression where the brace is itself.
    fn interval(&mut self, open: usize, close: &str) -> Result<Option<(u32, Option<u32>)>, &'static str> {
        let start = self.at + open;
        let Some(len) = self.text[start..]
            .windows(close.len())
            .position(|w| w == close.as_bytes())
        else {
            return if self.extended { Ok(None) } else { Err("Unmatched \\{") };
        };
        let inner = String::from_utf8_lossy(&self.text[start..start + len]).into_owned();
        let (low, high) = match inner.split_once(',') {
            Some((low, high)) => (low, Some(high)),
            None => (inner.as_str(), None),
        };
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| !text.starts_with('+'));
        let min = if low.is_empty() && high.is_some() {
            Some(0)
        } else {
            number(low)
        };
        let max = match high {
            None => min.map(Some),
            Some("") => Some(None),
            Some(high) => number(high).map(Some),
        };
        let (Some(min), Some(max)) = (min, max) else {
            return if self.extended {
                Ok(None)
            } else {
                Err("Invalid content of \\{\\}")
            };
        };
        if max.is_some_and(|max| max < min) {
            return Err("Invalid content of \\{\\}");
        }
        if min > REPEAT_MAX || max.is_some_and(|max| max > REPEAT_MAX) {
            return Err("Regular expression too big");
        }
        self.at = start + len + close.len();
        Ok(Some((min, max)))
    }

    fn bracket(&mut self) -> Result<Node, &'static str> {
        const UNMATCHED: &str = "Unmatched [, [^, [:, [., or [=";
        self.at += 1;
        let mut set = Set {
            negated: self.looking_at("^"),
            ..Set::default()
        };
        if set.negated {
            self.at += 1;
        }
        let mut first = true;
        loop {
            if self.at >= self.text.len() {
                // As glibc: a lone bracket at the end is not even an expression.
                return Err(if first { "Invalid regular expression" } else { UNMATCHED });
            }
            if self.looking_at("]") && !first {
                self.at += 1;
                return Ok(Node::Set(set));
            }
            first = false;
            if self.looking_at("[:") {
                let name = self.named(":]").ok_or(UNMATCHED)?;
                if class_holds(&name, 0).is_none() || name == "word" {
                    return Err("Invalid character class name");
                }
                set.classes.push((name, true));
                continue;
            }
            let low = self.bracket_char().ok_or(UNMATCHED)?;
            let is_range = self.looking_at("-") && !self.looking_at("-]") && self.at + 1 < self.text.len();
            let high = if is_range {
                self.at += 1;
                self.bracket_char().ok_or(UNMATCHED)?
            } else {
                low
            };
            if high < low {
                return Err("Invalid range end");
            }
            set.ranges.push((low, high));
        }
    }

    /// A character, `[.x.]` or `[=x=]`.
    fn bracket_char(&mut self) -> Option<u32> {
        for (open, close) in [("[.", ".]"), ("[=", "=]")] {
            if self.looking_at(open) {
                let name = self.named(close)?;
                let mut chars = name.chars();
                return chars.next().filter(|_| chars.next().is_none()).map(u32::from);
            }
        }
        (self.at < self.text.len()).then(|| self.next_char())
    }

    fn named(&mut self, close: &str) -> Option<String> {
        let start = self.at + 2;
        let len = self.text.get(start..)?.windows(2).position(|w| w == close.as_bytes())?;
        self.at = start + len + 2;
        String::from_utf8(self.text[start..start + len].to_vec()).ok()
    }
}
