//! The expression of `find`: its tree, and what it says of a file.

use crate::utilities::regex::{Flavour, Regex, Syntax};
use crate::utilities::support::text::{quote, user};
use crate::utilities::support::zone::Zone;
use crate::utilities::support::{date_text, modes};
use essaim_kernel::{Io, Time};
use std::cmp::Ordering;

/// Predicates of the real `find` that are not simulated.
pub const GAPS: &[&str] = &[
    "-ok", "-okdir", "-fls", "-anewer", "-cnewer", "-fstype", "-used", "-context",
];

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct Expression {
    pub node: Node,
    pub min_depth: usize,
    pub max_depth: usize,
    pub depth_first: bool,
    /// How many `-exec … +` there are, and their commands.
    pub batches: usize,
    pub batch_commands: Vec<Vec<Vec<u8>>>,
    /// Files that are written to, emptied first.
    pub outputs: Vec<Vec<u8>>,
}

/// A number with its sign: `+n`, `-n` or `n`.
#[derive(Clone, Copy, Debug)]
pub struct Compared(Ordering, i64);

impl Compared {
    pub fn holds(self, value: i64) -> bool {
        value.cmp(&self.1) == self.0
    }
}

/// One part of an expression.
#[derive(Clone, Debug)]
pub enum Node {
    True,
    False,
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    List(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Name(Vec<u8>, bool),
    Path(Vec<u8>, bool),
    LinkName(Vec<u8>, bool),
    /// Types of what links lead to.
    TargetType(Vec<u8>),
    Regex(Regex),
    Type(Vec<u8>),
    /// Size in units of so many bytes.
    Size(Compared, u64),
    /// Age in units of so many seconds.
    Age(Compared, i64, bool),
    Newer(Time),
    Empty,
    Links(Compared),
    Inode(Compared),
    /// Mode bits: exact, all (`-`), any (`/`).
    Perm(u8, u32),
    Executable,
    Readable,
    Writable,
    Prune,
    Quit,
    Print(u8),
    Format(Vec<u8>),
    /// `-fprint` and the like: into a file.
    Into(Vec<u8>, Box<Node>),
    List2,
    Delete,
    Exec(Vec<Vec<u8>>),
    Batch(usize),
}

struct Parser<'a, 'b, 'c> {
    args: std::slice::Iter<'a, Vec<u8>>,
    io: &'b Io<'c>,
    out: Expression,
    acts: bool,
    flavour: Flavour,
}

/// Parses an expression; the error is what follows `find: `.
pub fn parse(args: &[Vec<u8>], io: &Io<'_>) -> Result<Expression, String> {
    let mut parser = Parser {
        args: args.iter(),
        io,
        out: Expression {
            node: Node::True,
            min_depth: 0,
            max_depth: usize::MAX,
            depth_first: false,
            batches: 0,
            batch_commands: Vec::new(),
            outputs: Vec::new(),
        },
        acts: false,
        flavour: Flavour::Basic,
    };
    let node = if args.is_empty() { Node::True } else { parser.list()? };
    if let Some(extra) = parser.args.next() {
        if extra == b")" {
            return Err("invalid expression; you have used a binary operator ')' with nothing before it.".to_owned());
        }
        return Err(format!(
            "paths must precede expression: `{}'",
            String::from_utf8_lossy(extra)
        ));
    }
    parser.out.node = if parser.acts {
        node
    } else {
        Node::And(Box::new(node), Box::new(Node::Print(b'\n')))
    };
    Ok(parser.out)
}

impl Parser<'_, '_, '_> {
    fn peek(&self) -> Option<&[u8]> {
        self.args.as_slice().first().map(Vec::as_slice)
    }

    fn list(&mut self) -> Result<Node, String> {
        let mut node = self.or()?;
        while self.peek() == Some(b",") {
            self.args.next();
            node = Node::List(Box::new(node), Box::new(self.or()?));
        }
        Ok(node)
    }

    fn or(&mut self) -> Result<Node, String> {
        let mut node = self.and()?;
        while matches!(self.peek(), Some(b"-o" | b"-or")) {
            self.args.next();
            node = Node::Or(Box::new(node), Box::new(self.and()?));
        }
        Ok(node)
    }

    fn and(&mut self) -> Result<Node, String> {
        let mut node = self.not()?;
        loop {
            match self.peek() {
                None | Some(b"-o" | b"-or" | b"," | b")") => return Ok(node),
                Some(b"-a" | b"-and") => {
                    self.args.next();
                }
                Some(_) => {}
            }
            node = Node::And(Box::new(node), Box::new(self.not()?));
        }
    }

    fn not(&mut self) -> Result<Node, String> {
        match self.peek() {
            Some(b"!" | b"-not") => {
                self.args.next();
                if self.peek().is_none() {
                    return Err("expected an expression after '!'".to_owned());
                }
                Ok(Node::Not(Box::new(self.not()?)))
            }
            Some(b"(") => {
                self.args.next();
                let node = self.list()?;
                if self.args.next().map(Vec::as_slice) != Some(b")") {
                    return Err(
                        "invalid expression; I was expecting to find a ')' somewhere but did not see one.".to_owned(),
                    );
                }
                Ok(node)
            }
            Some(_) => self.primary(),
            None => Err("invalid expression; you have used a binary operator '-a' with nothing after it.".to_owned()),
        }
    }

    fn argument(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.args
            .next()
            .cloned()
            .ok_or_else(|| format!("missing argument to `{name}'"))
    }

    fn compared(&mut self, name: &str, text: &[u8]) -> Result<Compared, String> {
        let (order, digits) = match text.split_first() {
            Some((b'+', rest)) => (Ordering::Greater, rest),
            Some((b'-', rest)) => (Ordering::Less, rest),
            _ => (Ordering::Equal, text),
        };
        let number = std::str::from_utf8(digits)
            .ok()
            .and_then(|t| t.parse().ok())
            .filter(|n: &i64| *n >= 0);
        match number {
            Some(number) => Ok(Compared(order, number)),
            None => Err(format!(
                "invalid argument `{}' to `{name}'",
                String::from_utf8_lossy(text)
            )),
        }
    }

    fn number(&mut self, name: &str) -> Result<Compared, String> {
        let text = self.argument(name)?;
        self.compared(name, &text)
    }

    fn depth(&mut self, name: &str) -> Result<usize, String> {
        let text = self.argument(name)?;
        std::str::from_utf8(&text)
            .ok()
            .and_then(|t| t.parse().ok())
            .ok_or_else(|| {
                format!(
                    "Expected a positive decimal integer argument to {name}, but got {}",
                    quote(&text)
                )
            })
    }

    fn primary(&mut self) -> Result<Node, String> {
        let Some(word) = self.args.next() else {
            return Ok(Node::True);
        };
        let name = String::from_utf8_lossy(word).into_owned();
        Ok(match name.as_str() {
            "-true" => Node::True,
            "-false" => Node::False,
            "-name" => Node::Name(self.argument(&name)?, false),
            "-iname" => Node::Name(self.argument(&name)?, true),
            "-path" | "-wholename" => Node::Path(self.argument(&name)?, false),
            "-ipath" | "-iwholename" => Node::Path(self.argument(&name)?, true),
            "-lname" | "-ilname" => Node::LinkName(self.argument(&name)?, name == "-ilname"),
            "-regex" | "-iregex" => self.regex(&name)?,
            "-type" => self.kind(&name)?,
            "-size" => self.size(&name)?,
            "-mtime" | "-atime" => Node::Age(self.number(&name)?, 86_400, false),
            "-mmin" | "-amin" => Node::Age(self.number(&name)?, 60, false),
            "-ctime" => Node::Age(self.number(&name)?, 86_400, true),
            "-cmin" => Node::Age(self.number(&name)?, 60, true),
            "-newer" | "-newermm" => {
                let file = self.argument(&name)?;
                let metadata = self.io.files_ref().metadata(&self.io.path(&file));
                let metadata = metadata.map_err(|error| format!("{}: {error}", quote(&file)))?;
                Node::Newer(metadata.mtime)
            }
            "-newermt" => {
                let text = self.argument(&name)?;
                let zone = Zone::of(self.io.env());
                let time = date_text::parse(&text, self.io.now(), &zone);
                let bad = || {
                    format!(
                        "I cannot figure out how to interpret {} as a date or time",
                        quote(&text)
                    )
                };
                Node::Newer(time.ok_or_else(bad)?)
            }
            "-empty" => Node::Empty,
            "-links" => Node::Links(self.number(&name)?),
            "-inum" => Node::Inode(self.number(&name)?),
            "-perm" => self.perm(&name)?,
            "-executable" => Node::Executable,
            "-readable" => Node::Readable,
            "-writable" => Node::Writable,
            "-prune" => Node::Prune,
            "-maxdepth" => {
                self.out.max_depth = self.depth(&name)?;
                Node::True
            }
            "-mindepth" => {
                self.out.min_depth = self.depth(&name)?;
                Node::True
            }
            "-depth" | "-d" => {
                self.out.depth_first = true;
                Node::True
            }
            "-follow" | "-mount" | "-xdev" | "-noleaf" | "-daystart" | "-warn" | "-nowarn" => Node::True,
            _ => return self.rarer(&name),
        })
    }

    fn rarer(&mut self, name: &str) -> Result<Node, String> {
        Ok(match name {
            "-user" | "-group" | "-uid" | "-gid" => self.owner(name)?,
            "-nouser" | "-nogroup" => Node::False,
            "-samefile" => {
                let file = self.argument(name)?;
                let metadata = self.io.files_ref().symlink_metadata(&self.io.path(&file));
                let metadata = metadata.map_err(|error| format!("{}: {error}", quote(&file)))?;
                Node::Inode(Compared(Ordering::Equal, metadata.ino as i64))
            }
            "-xtype" => match self.kind(name)? {
                Node::Type(letters) => Node::TargetType(letters),
                node => node,
            },
            "-regextype" => self.regex_type(name)?,
            _ => return self.action(name),
        })
    }

    fn action(&mut self, name: &str) -> Result<Node, String> {
        let node = match name {
            "-print" => Node::Print(b'\n'),
            "-print0" => Node::Print(0),
            "-printf" => Node::Format(self.argument(name)?),
            "-ls" => Node::List2,
            "-delete" => {
                self.out.depth_first = true;
                Node::Delete
            }
            "-fprint" | "-fprint0" | "-fprintf" => {
                let file = self.argument(name)?;
                let node = match name {
                    "-fprint" => Node::Print(b'\n'),
                    "-fprint0" => Node::Print(0),
                    _ => Node::Format(self.argument(name)?),
                };
                self.out.outputs.push(file.clone());
                Node::Into(file, Box::new(node))
            }
            "-quit" => Node::Quit,
            "-exec" | "-execdir" => self.exec(name)?,
            _ if GAPS.contains(&name) => {
                return Err(format!("option '{name}' exists in GNU findutils, not simulated here"));
            }
            _ if name.starts_with('-') => return Err(format!("unknown predicate `{name}'")),
            _ => return Err(format!("paths must precede expression: `{name}'")),
        };
        self.acts = true;
        Ok(node)
    }

    fn regex(&mut self, name: &str) -> Result<Node, String> {
        let pattern = self.argument(name)?;
        let syntax = Syntax {
            ignore_case: name == "-iregex",
            whole: true,
            // Emacs' syntax has + and ? without a backslash, and \( \| as in a basic expression.
            flavour: self.flavour,
            ..Syntax::default()
        };
        Regex::new(&pattern, syntax).map(Node::Regex).map_err(str::to_owned)
    }

    fn regex_type(&mut self, name: &str) -> Result<Node, String> {
        let text = self.argument(name)?;
        self.flavour = match text.as_slice() {
            b"emacs" | b"posix-minimal-basic" | b"findutils-default" | b"posix-basic" | b"grep" | b"ed" | b"sed" => {
                Flavour::Basic
            }
            b"posix-extended" | b"egrep" | b"posix-egrep" | b"awk" | b"posix-awk" | b"gnu-awk" => Flavour::Extended,
            _ => {
                return Err(format!(
                    "Unknown regular expression type {}; valid types are ‘findutils-default’, ‘ed’, ‘emacs’, ‘gnu-awk’, ‘grep’, ‘posix-awk’, ‘awk’, ‘posix-basic’, ‘posix-egrep’, ‘egrep’, ‘posix-extended’, ‘posix-minimal-basic’, ‘sed’.",
                    quote(&text)
                ));
            }
        };
        Ok(Node::True)
    }

    /// The machine has one user: a file is theirs or nobody's.
    fn owner(&mut self, name: &str) -> Result<Node, String> {
        let text = self.argument(name)?;
        let me = user(self.io);
        let number = std::str::from_utf8(&text).ok().and_then(|t| t.parse::<u32>().ok());
        let known = matches!(name, "-user" | "-group") && text == me.name.as_bytes();
        match (known, number, name) {
            (true, ..) => Ok(Node::True),
            (_, Some(id), _) => Ok(if id == me.id { Node::True } else { Node::False }),
            (_, None, "-user") => Err(format!("{} is not the name of a known user", quote(&text))),
            (_, None, "-group") => Err(format!("{} is not the name of an existing group", quote(&text))),
            _ => self.compared(name, &text).map(|c| {
                if c.holds(i64::from(me.id)) {
                    Node::True
                } else {
                    Node::False
                }
            }),
        }
    }

    fn kind(&mut self, name: &str) -> Result<Node, String> {
        let text = self.argument(name)?;
        for letter in text.split(|b| *b == b',') {
            match letter {
                b"f" | b"d" | b"l" | b"b" | b"c" | b"p" | b"s" => {}
                [letter] => return Err(format!("Unknown argument to {name}: {}", char::from(*letter))),
                _ => return Err(format!("Must separate multiple arguments to {name} using: ','")),
            }
        }
        Ok(Node::Type(text))
    }

    fn size(&mut self, name: &str) -> Result<Node, String> {
        let text = self.argument(name)?;
        let (unit, digits) = match text.split_last() {
            Some((b'c', rest)) => (1, rest),
            Some((b'w', rest)) => (2, rest),
            Some((b'b', rest)) => (512, rest),
            Some((b'k', rest)) => (1 << 10, rest),
            Some((b'M', rest)) => (1 << 20, rest),
            Some((b'G', rest)) => (1 << 30, rest),
            _ => (512, text.as_slice()),
        };
        match self.compared(name, digits) {
            Ok(compared) => Ok(Node::Size(compared, unit)),
            Err(_) => Err(format!(
                "invalid -size type `{}'",
                char::from(text.last().copied().unwrap_or(b' '))
            )),
        }
    }

    fn perm(&mut self, name: &str) -> Result<Node, String> {
        let text = self.argument(name)?;
        let (kind, mode) = match text.split_first() {
            Some((b'-', rest)) => (b'-', rest),
            Some((b'/', rest)) => (b'/', rest),
            _ => (b'=', text.as_slice()),
        };
        modes::apply(mode, 0, false, 0)
            .map(|bits| Node::Perm(kind, bits))
            .ok_or_else(|| format!("invalid mode {}", quote(&text)))
    }

    fn exec(&mut self, name: &str) -> Result<Node, String> {
        let mut command = Vec::new();
        loop {
            let Some(word) = self.args.next() else {
                return Err(format!("missing argument to `{name}'"));
            };
            match word.as_slice() {
                b";" if !command.is_empty() => return Ok(Node::Exec(command)),
                b"+" if command.last().map(Vec::as_slice) == Some(b"{}") => {
                    command.pop();
                    if command.is_empty() {
                        return Err(format!("missing argument to `{name}'"));
                    }
                    self.out.batch_commands.push(command);
                    self.out.batches += 1;
                    return Ok(Node::Batch(self.out.batches - 1));
                }
                _ => command.push(word.clone()),
            }
        }
    }
}
