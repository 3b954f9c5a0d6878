//! Lists, pipelines, simple commands and redirections.

use super::ast::*;
use super::redirects::PendingDocument;
use super::{ParseError, ParseLimits};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Aliases, by name.
pub type Aliases = BTreeMap<Vec<u8>, Vec<u8>>;

pub(super) type Parsed<T> = Result<T, ParseError>;

/// A parser over one text.
pub struct Parser<'a> {
    pub(super) src: Cow<'a, [u8]>,
    pub(super) pos: usize,
    pub(super) line: u32,
    pub(super) depth: usize,
    pub(super) limits: ParseLimits,
    aliases: Option<&'a Aliases>,
    /// Aliases being expanded, and where their text ends.
    alias_ends: Vec<(Vec<u8>, usize)>,
    alias_next: bool,
    pub(super) documents: Vec<PendingDocument>,
    /// What is odd but taken: (line, message).
    pub warnings: Vec<(u32, Vec<u8>)>,
    /// Where `((` was found not to begin arithmetic.
    pub(super) not_arithmetic: BTreeSet<usize>,
    /// `shopt -s extglob`: `@(a|b)` is one word.
    pub groups: bool,
    /// Whether the end of the text ends a here-document (a script) or asks for more (a terminal).
    pub more_may_come: bool,
}

/// Operators, longest first.
const OPERATORS: [&[u8]; 24] = [
    b"&>>", b"<<-", b"<<<", b";;&", b"&&", b"||", b";;", b";&", b"|&", b"&>", b"<<", b"<&", b"<>", b">>", b">&", b">|",
    b"(", b")", b";", b"&", b"|", b"<", b">", b"\n",
];

pub(super) const RESERVED: [&[u8]; 22] = [
    b"if",
    b"then",
    b"else",
    b"elif",
    b"fi",
    b"do",
    b"done",
    b"case",
    b"esac",
    b"while",
    b"until",
    b"for",
    b"{",
    b"}",
    b"!",
    b"in",
    b"function",
    b"time",
    b"[[",
    b"]]",
    b"select",
    b"coproc",
];

impl<'a> Parser<'a> {
    /// A parser at offset `pos` (which is on line `line`) of a text.
    pub fn new(src: &'a [u8], pos: usize, line: u32, limits: ParseLimits, aliases: Option<&'a Aliases>) -> Self {
        Self {
            src: Cow::Borrowed(src),
            pos,
            line,
            depth: 0,
            limits,
            aliases: aliases.filter(|a| !a.is_empty()),
            alias_ends: Vec::new(),
            alias_next: false,
            documents: Vec::new(),
            not_arithmetic: BTreeSet::new(),
            warnings: Vec::new(),
            groups: false,
            more_may_come: false,
        }
    }

    /// Offset and line after what was read.
    pub fn position(&self) -> (usize, u32) {
        (self.pos, self.line)
    }

    /// The text, when aliases were replaced in it.
    pub fn changed_text(&self) -> Option<&[u8]> {
        match &self.src {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        }
    }

    /// The next complete command: everything up to the end of its last line. `None` at the end of the text.
    pub fn next_command(&mut self) -> Parsed<Option<Arc<List>>> {
        self.skip_newlines()?;
        if self.at_end() {
            return Ok(None);
        }
        let mut items = Vec::new();
        loop {
            self.skip_blanks();
            if self.at_end() {
                break;
            }
            if self.operator() == Some(b"\n") {
                self.newline()?;
                break;
            }
            let (item, separated) = self.item()?;
            items.push(item);
            self.skip_blanks();
            if !separated && !self.at_end() && self.operator() != Some(b"\n") {
                return Err(self.unexpected());
            }
        }
        if !self.documents.is_empty() {
            self.read_documents()?;
        }
        Ok(Some(Arc::new(List { items })))
    }

    /// The commands inside a compound one, up to something that ends it.
    pub(super) fn list(&mut self) -> Parsed<Arc<List>> {
        let mut items = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.at_end() || self.at_list_end() {
                break;
            }
            let (item, separated) = self.item()?;
            items.push(item);
            self.skip_blanks();
            if !separated && self.operator() != Some(b"\n") {
                break;
            }
        }
        Ok(Arc::new(List { items }))
    }

    /// As [`Parser::list`], where an empty list is an error.
    pub(super) fn some_list(&mut self) -> Parsed<Arc<List>> {
        let list = self.list()?;
        if list.items.is_empty() {
            return Err(self.unexpected());
        }
        Ok(list)
    }

    fn at_list_end(&mut self) -> bool {
        match self.operator() {
            Some(b")" | b";;" | b";&" | b";;&") => true,
            Some(_) => false,
            None => matches!(
                self.peek_reserved(),
                Some(b"then" | b"else" | b"elif" | b"fi" | b"do" | b"done" | b"esac" | b"}")
            ),
        }
    }

    fn item(&mut self) -> Parsed<(Item, bool)> {
        let start = self.pos;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        let mut end = self.pos;
        loop {
            self.skip_blanks();
            let and = match self.operator() {
                Some(b"&&") => true,
                Some(b"||") => false,
                _ => break,
            };
            self.pos += 2;
            self.skip_newlines()?;
            rest.push((and, self.pipeline()?));
            end = self.pos;
        }
        let source = self.src.get(start..end).unwrap_or_default().trim_ascii().to_vec();
        let and_or = Arc::new(AndOr { first, rest, source });
        let (background, separated) = match self.operator() {
            Some(b"&") => (true, true),
            Some(b";") => (false, true),
            _ => (false, false),
        };
        if separated {
            self.pos += 1;
        }
        Ok((Item { and_or, background }, separated))
    }

    fn pipeline(&mut self) -> Parsed<Arc<Pipeline>> {
        let mut pipeline = Pipeline {
            negate: false,
            timed: Timed::No,
            commands: Vec::new(),
            stderr_too: Vec::new(),
            source: Arc::from([]),
        };
        self.skip_blanks();
        let start = self.pos;
        loop {
            match self.peek_reserved() {
                Some(b"!") => pipeline.negate = !pipeline.negate,
                Some(b"time") => pipeline.timed = Timed::Yes,
                _ => break,
            }
            self.take_reserved();
            if self.src[..self.pos].ends_with(b"time") {
                self.skip_blanks();
                if matches!(self.rest(), [b'-', b'p', next, ..] if is_meta(*next)) {
                    self.pos += 2;
                    pipeline.timed = Timed::Posix;
                }
            }
            self.skip_blanks();
            if (pipeline.negate || pipeline.timed != Timed::No)
                && (self.at_end() || matches!(self.operator(), Some(b"\n" | b";")))
            {
                return Ok(Arc::new(pipeline));
            }
        }
        loop {
            pipeline.commands.push(Arc::new(self.command()?));
            self.skip_blanks();
            let stderr_too = match self.operator() {
                Some(b"|") => false,
                Some(b"|&") => true,
                _ => break,
            };
            pipeline.stderr_too.push(stderr_too);
            self.pos += 1 + usize::from(stderr_too);
            self.skip_newlines()?;
        }
        pipeline.source = self.src.get(start..self.pos).unwrap_or_default().trim_ascii().into();
        Ok(Arc::new(pipeline))
    }

    fn command(&mut self) -> Parsed<Command> {
        self.enter()?;
        let command = self.command_inside();
        self.leave();
        command
    }

    fn command_inside(&mut self) -> Parsed<Command> {
        self.skip_blanks();
        let line = self.line;
        if let Some(kind) = self.compound()? {
            let mut redirects = Vec::new();
            loop {
                self.skip_blanks();
                match self.redirect()? {
                    Some(redirect) => redirects.push(redirect),
                    None => break,
                }
            }
            return Ok(Command {
                kind,
                redirects: redirects.into(),
                line,
            });
        }
        self.simple(line)
    }

    fn simple(&mut self, line: u32) -> Parsed<Command> {
        let start = self.pos;
        let mut simple = Simple::default();
        let mut redirects = Vec::new();
        let mut declares = false;
        let mut may_alias = true;
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if self.at_end() || (self.operator().is_some() && !self.at_process()) {
                break;
            }
            if may_alias && self.expand_alias() {
                continue;
            }
            if (simple.args.is_empty() || declares)
                && let Some(assignment) = self.assignment()?
            {
                if simple.args.is_empty() {
                    simple.assignments.push(assignment);
                } else {
                    simple.args.push(Argument::Assignment(assignment));
                }
                continue;
            }
            let word = self.word()?;
            if simple.args.is_empty() {
                if self.function_follows(&word, &simple) {
                    return self.function(word.as_literal().unwrap_or_default().to_vec(), start, line);
                }
                declares = matches!(
                    word.as_literal(),
                    Some(b"export" | b"readonly" | b"local" | b"declare" | b"typeset")
                );
            }
            may_alias = self.alias_next && self.alias_ends.iter().all(|(_, end)| *end <= self.pos);
            if may_alias {
                self.alias_next = false;
            }
            simple.args.push(Argument::Word(word));
        }
        if simple.args.is_empty() && simple.assignments.is_empty() && redirects.is_empty() {
            return Err(self.unexpected());
        }
        Ok(Command {
            kind: Kind::Simple(Arc::new(simple)),
            redirects: redirects.into(),
            line,
        })
    }

    fn function_follows(&mut self, word: &Word, simple: &Simple) -> bool {
        if word.as_literal().is_none() || !simple.assignments.is_empty() {
            return false;
        }
        self.skip_blanks();
        self.peek() == Some(b'(')
    }

    fn function(&mut self, name: Vec<u8>, start: usize, line: u32) -> Parsed<Command> {
        self.pos += 1;
        self.skip_blanks();
        if self.peek() != Some(b')') {
            return Err(self.unexpected());
        }
        self.pos += 1;
        self.function_body(name, start, line)
    }

    pub(super) fn function_body(&mut self, name: Vec<u8>, start: usize, line: u32) -> Parsed<Command> {
        self.skip_newlines()?;
        let compound: [&[u8]; 9] = [
            b"{",
            b"if",
            b"while",
            b"until",
            b"for",
            b"case",
            b"[[",
            b"select",
            b"function",
        ];
        let begins = self.peek() == Some(b'(') || self.peek_reserved().is_some_and(|word| compound.contains(&word));
        if !begins && !self.at_end() {
            return Err(self.unexpected());
        }
        let body = self.command()?;
        if matches!(body.kind, Kind::Simple(_) | Kind::Function { .. }) {
            return Err(self.unexpected());
        }
        let source = self.src.get(start..self.pos).unwrap_or_default().to_vec();
        Ok(Command {
            kind: Kind::Function {
                name,
                body: Arc::new(body),
                source,
            },
            redirects: Arc::from([]),
            line,
        })
    }

    /// Replaces the word here by the alias it names, once.
    fn expand_alias(&mut self) -> bool {
        let Some(aliases) = self.aliases else { return false };
        let length = self.rest().iter().take_while(|b| !is_meta(**b)).count();
        let name = &self.src[self.pos..self.pos + length];
        let pos = self.pos;
        self.alias_ends.retain(|(_, end)| *end > pos);
        let Some(value) = aliases.get(name) else { return false };
        if self.alias_ends.iter().any(|(active, _)| active == name) {
            return false;
        }
        let grown = value.len() as isize - length as isize;
        for (_, end) in &mut self.alias_ends {
            *end = end.saturating_add_signed(grown);
        }
        self.alias_ends.push((name.to_vec(), self.pos + value.len()));
        self.alias_next = value.ends_with(b" ");
        let range = self.pos..self.pos + length;
        let value = value.clone();
        self.src.to_mut().splice(range, value);
        true
    }

    // ---- the smallest steps ----

    pub(super) fn rest(&self) -> &[u8] {
        &self.src[self.pos.min(self.src.len())..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.src.get(self.pos).copied()
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.src.len()
    }

    /// Spaces, line continuations and comments.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t', ..] => self.pos += 1,
                [b'\\', b'\n', ..] => {
                    self.pos += 2;
                    self.line += 1;
                }
                [b'#', ..] if self.pos == 0 || is_meta(self.src[self.pos - 1]) => {
                    let length = self.rest().iter().take_while(|b| **b != b'\n').count();
                    self.pos += length;
                }
                _ => return,
            }
        }
    }

    pub(super) fn skip_newlines(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    fn newline(&mut self) -> Parsed<()> {
        self.pos += 1;
        self.line += 1;
        self.read_documents()
    }

    /// The operator here, not taken.
    pub(super) fn operator(&self) -> Option<&'static [u8]> {
        let rest = self.rest();
        OPERATORS.iter().find(|op| rest.starts_with(op)).copied()
    }

    /// The reserved word here, not taken.
    pub(super) fn peek_reserved(&mut self) -> Option<&'static [u8]> {
        self.skip_blanks();
        let rest = self.rest();
        let length = rest.iter().take_while(|b| !is_meta(**b)).count();
        RESERVED.iter().find(|word| **word == &rest[..length]).copied()
    }

    pub(super) fn take_reserved(&mut self) {
        if let Some(word) = self.peek_reserved() {
            self.pos += word.len();
        }
    }

    /// Takes this reserved word or fails.
    pub(super) fn expect_reserved(&mut self, word: &[u8]) -> Parsed<()> {
        if self.peek_reserved() == Some(word) {
            self.pos += word.len();
            return Ok(());
        }
        Err(self.unexpected())
    }

    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > self.limits.nesting_max {
            return Err(self.message(b"essaim: command too deeply nested: limit nesting_max reached"));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A parser for another text, as deep as this one is.
    pub(super) fn nested(&self, text: &[u8]) -> Parser<'static> {
        let mut inner = Parser::new(text, 0, self.line, self.limits, None).into_static();
        inner.depth = self.depth;
        inner.groups = self.groups;
        inner
    }

    fn into_static(self) -> Parser<'static> {
        Parser {
            src: Cow::Owned(self.src.into_owned()),
            pos: self.pos,
            line: self.line,
            depth: self.depth,
            limits: self.limits,
            aliases: None,
            alias_ends: Vec::new(),
            alias_next: false,
            documents: Vec::new(),
            not_arithmetic: BTreeSet::new(),
            warnings: Vec::new(),
            groups: self.groups,
            more_may_come: false,
        }
    }

    pub(super) fn message(&self, text: &[u8]) -> ParseError {
        ParseError::Message {
            text: text.to_vec(),
            line: self.line,
        }
    }

    pub(super) fn incomplete(&self, quote: Option<u8>) -> ParseError {
        ParseError::Incomplete { quote, line: self.line }
    }

    /// The text ends where a word must be on the same line.
    pub(super) fn missing_word(&self) -> ParseError {
        ParseError::Unexpected {
            token: b"newline".to_vec(),
            line: self.line,
        }
    }

    /// The token here does not belong here.
    pub(super) fn unexpected(&mut self) -> ParseError {
        self.skip_blanks();
        if self.at_end() {
            return self.incomplete(None);
        }
        let token = match self.operator() {
            Some(b"\n") => b"newline".to_vec(),
            Some(op) => op.to_vec(),
            None => {
                let length = self.rest().iter().take_while(|b| !is_meta(**b)).count().max(1);
                self.rest()[..length].to_vec()
            }
        };
        ParseError::Unexpected { token, line: self.line }
    }
}

/// Characters that end a word when they are not quoted.
pub(super) fn is_meta(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}
