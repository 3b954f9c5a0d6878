//! POSIX extended regular expressions for `[[ =~ ]]`: a small backtracking matcher with a step limit.

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Regex {
    alternatives: Node,
    groups: usize,
}

#[derive(Clone, Debug)]
enum Node {
    Empty,
    Byte(u8),
    Any,
    Class(Vec<u8>),
    Start,
    End,
    Group(Box<Node>, usize),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat { node: Box<Node>, least: u32, most: u32 },
}

type Span = Option<(usize, usize)>;

/// Steps one match may take.
const STEPS_MAX: usize = 1_000_000;
const DEPTH_MAX: usize = 32;

struct Compiler<'a> {
    text: &'a [u8],
    at: usize,
    groups: usize,
    depth: usize,
}

impl Regex {
    /// Compiles; `None`: not a regular expression.
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut compiler = Compiler {
            text,
            at: 0,
            groups: 0,
            depth: 0,
        };
        let alternatives = compiler.either()?;
        (compiler.at == text.len()).then_some(Self {
            alternatives,
            groups: compiler.groups,
        })
    }

    /// The first match: the whole of it, then each group.
    pub fn find(&self, text: &[u8]) -> Option<Vec<Span>> {
        let mut steps = 0;
        for start in 0..=text.len() {
            let mut matcher = Matcher {
                text,
                spans: vec![None; self.groups + 1],
                steps: &mut steps,
                best: None,
            };
            matcher.run(vec![Task::Match(&self.alternatives)], start);
            if let Some((end, mut spans)) = matcher.best {
                spans[0] = Some((start, end));
                return Some(spans);
            }
        }
        None
    }
}

impl Compiler<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn either(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let mut choices = vec![self.sequence()?];
        while self.peek() == Some(b'|') {
            self.at += 1;
            choices.push(self.sequence()?);
        }
        self.depth -= 1;
        Some(if choices.len() == 1 {
            choices.pop()?
        } else {
            Node::Either(choices)
        })
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(byte) = self.peek() {
            if byte == b'|' || byte == b')' {
                break;
            }
            let node = self.atom(byte)?;
            nodes.push(self.repeated(node)?);
        }
        Some(if nodes.is_empty() {
            Node::Empty
        } else {
            Node::Sequence(nodes)
        })
    }

    fn atom(&mut self, byte: u8) -> Option<Node> {
        self.at += 1;
        Some(match byte {
            b'.' => Node::Any,
            b'^' => Node::Start,
            b'$' => Node::End,
            b'(' => {
                self.groups += 1;
                let number = self.groups;
                let inside = self.either()?;
                if self.peek() != Some(b')') {
                    return None;
                }
                self.at += 1;
                Node::Group(Box::new(inside), number)
            }
            b'[' => Node::Class(self.class()?),
            b'\\' => {
                let escaped = self.peek()?;
                self.at += 1;
                Node::Byte(escaped)
            }
            b'*' | b'+' | b'?' => return None,
            byte => Node::Byte(byte),
        })
    }

    fn repeated(&mut self, mut node: Node) -> Option<Node> {
        loop {
            let (least, most) = match self.peek() {
                Some(b'*') => (0, u32::MAX),
                Some(b'+') => (1, u32::MAX),
                Some(b'?') => (0, 1),
                Some(b'{') if self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit) => {
                    let length = self.text[self.at..].iter().position(|b| *b == b'}')?;
                    let inside = std::str::from_utf8(&self.text[self.at + 1..self.at + length]).ok()?;
                    self.at += length;
                    match inside.split_once(',') {
                        None => {
                            let n = inside.parse().ok()?;
                            (n, n)
                        }
                        Some((least, "")) => (least.parse().ok()?, u32::MAX),
                        Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
                    }
                }
                _ => return Some(node),
            };
            self.at += 1;
            if least > 1_000 {
                return None;
            }
            node = Node::Repeat {
                node: Box::new(node),
                least,
                most,
            };
        }
    }

    /// The bytes a bracket expression takes (ASCII ranges; other bytes by themselves).
    fn class(&mut self) -> Option<Vec<u8>> {
        let negated = self.peek() == Some(b'^');
        self.at += usize::from(negated);
        let mut members = [false; 256];
        let first = self.at;
        loop {
            let byte = self.peek()?;
            if byte == b']' && self.at > first {
                self.at += 1;
                break;
            }
            if self.text[self.at..].starts_with(b"[:") {
                let length = self.text[self.at..].windows(2).position(|w| w == b":]")?;
                let name = &self.text[self.at + 2..self.at + length];
                self.at += length + 2;
                for candidate in 0..=255_u8 {
                    members[usize::from(candidate)] |= in_named_class(name, candidate)?;
                }
                continue;
            }
            self.at += 1;
            let mut from = byte;
            // What the shell quoted comes with a backslash.
            if byte == b'\\'
                && let Some(next) = self.peek()
            {
                from = next;
                self.at += 1;
            }
            let mut to = from;
            if self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|b| *b != b']') {
                to = self.text[self.at + 1];
                self.at += 2;
            }
            for candidate in from..=to {
                members[usize::from(candidate)] = true;
            }
        }
        let wanted = |b: &u8| members[usize::from(*b)] != negated;
        Some((0..=255_u8).filter(wanted).collect())
    }
}

fn in_named_class(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 11,
        b"blank" => byte == b' ' || byte == b'\t',
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"print" => (0x20..0x7f).contains(&byte),
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        _ => return None,
    })
}

#[derive(Clone)]
enum Task<'a> {
    Match(&'a Node),
    Repeat {
        node: &'a Node,
        least: u32,
        most: u32,
        from: usize,
    },
    Close {
        group: usize,
        from: usize,
    },
}

struct Matcher<'t, 's> {
    text: &'t [u8],
    spans: Vec<Span>,
    steps: &'s mut usize,
    best: Option<(usize, Vec<Span>)>,
}

impl Matcher<'_, '_> {
    /// Tries all ways with an explicit stack; keeps the longest end.
    fn run(&mut self, tasks: Vec<Task<'_>>, at: usize) {
        let mut ways = vec![(tasks, at, self.spans.clone())];
        while let Some((mut tasks, at, mut spans)) = ways.pop() {
            *self.steps += 1;
            if *self.steps > STEPS_MAX {
                return;
            }
            let Some(task) = tasks.pop() else {
                if self.best.as_ref().is_none_or(|(end, _)| at > *end) {
                    self.best = Some((at, spans));
                }
                continue;
            };
            match task {
                Task::Close { group, from } => {
                    spans[group] = Some((from, at));
                    ways.push((tasks, at, spans));
                }
                Task::Repeat {
                    node,
                    least,
                    most,
                    from,
                } => {
                    // A turn that took nothing is the last.
                    let stuck = at == from;
                    if least == 0 {
                        ways.push((tasks.clone(), at, spans.clone()));
                    }
                    if most > 0 && !(stuck && least == 0) {
                        tasks.push(Task::Repeat {
                            node,
                            least: least.saturating_sub(1),
                            most: if most == u32::MAX { most } else { most - 1 },
                            from: at,
                        });
                        tasks.push(Task::Match(node));
                        ways.push((tasks, at, spans));
                    }
                }
                Task::Match(node) => self.step(node, tasks, at, spans, &mut ways),
            }
        }
    }

    #[allow(clippy::type_complexity)]
    fn step<'n>(
        &self,
        node: &'n Node,
        mut tasks: Vec<Task<'n>>,
        at: usize,
        spans: Vec<Span>,
        ways: &mut Vec<(Vec<Task<'n>>, usize, Vec<Span>)>,
    ) {
        let byte = self.text.get(at).copied();
        let taken = match node {
            Node::Empty => Some(0),
            Node::Start => (at == 0).then_some(0),
            Node::End => (at == self.text.len()).then_some(0),
            Node::Byte(wanted) => (byte == Some(*wanted)).then_some(1),
            Node::Any => byte.map(|_| super::pattern::first_char(&self.text[at..]).1),
            Node::Class(members) => byte.filter(|b| members.contains(b)).map(|_| 1),
            Node::Group(inside, number) => {
                tasks.push(Task::Close {
                    group: *number,
                    from: at,
                });
                tasks.push(Task::Match(inside));
                Some(0)
            }
            Node::Sequence(nodes) => {
                tasks.extend(nodes.iter().rev().map(Task::Match));
                Some(0)
            }
            Node::Either(choices) => {
                for choice in choices.iter().rev() {
                    let mut tasks = tasks.clone();
                    tasks.push(Task::Match(choice));
                    ways.push((tasks, at, spans.clone()));
                }
                None
            }
            Node::Repeat { node, least, most } => {
                tasks.push(Task::Repeat {
                    node,
                    least: *least,
                    most: *most,
                    from: usize::MAX,
                });
                Some(0)
            }
        };
        if let Some(length) = taken {
            ways.push((tasks, at + length, spans));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_regular_expressions() {
        let find = |pattern: &str, text: &str| Regex::new(pattern.as_bytes()).and_then(|r| r.find(text.as_bytes()));
        assert_eq!(find("^a+b$", "aaab").map(|s| s[0]), Some(Some((0, 4))));
        assert_eq!(
            find("([0-9]+)-([0-9]{2})", "le 2024-05"),
            Some(vec![Some((3, 10)), Some((3, 7)), Some((8, 10))])
        );
        assert_eq!(find("a|b", "c"), None);
        assert_eq!(find("(a*)*b", &"a".repeat(200)), None);
        assert!(Regex::new(b"(").is_none());
    }
}
