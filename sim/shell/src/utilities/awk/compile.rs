//! From tokens to instructions, in one pass: rules and functions. Statements and expressions stand beside.

use super::code::{Code, Function, Name, Op, Place, SPECIAL, To};
use super::lex::{Lexer, Token};
use crate::utilities::regex::{Flavour, Regex, Syntax};

pub type Compiled<T> = Result<T, String>;

/// What is known of a global variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Unknown,
    Scalar,
    Array,
}

/// A loop under construction: jumps to mend when its ends are known.
#[derive(Default)]
pub(super) struct Loop {
    pub breaks: Vec<usize>,
    pub continues: Vec<usize>,
}

pub struct Compiler<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) token: Token,
    /// Where the token begins and on which line.
    pub(super) start: usize,
    pub(super) line: usize,
    pub(super) code: Code,
    kinds: Vec<Kind>,
    /// Parameters of the function being read.
    locals: Vec<Vec<u8>>,
    pub(super) in_function: bool,
    pub(super) in_rule: bool,
    pub(super) loops: Vec<Loop>,
    /// Calls to look at once all functions are known: function, line.
    pub(super) calls: Vec<(usize, usize)>,
    /// Open constructs, against a text that is nothing but parentheses.
    pub(super) depth: usize,
    pub(super) braces: usize,
    /// `>` ends the expression (`print`).
    pub(super) no_greater: bool,
    pub(super) no_in: bool,
}

const DEPTH_MAX: usize = 100;

/// Compiles a program. The error is mawk's message, from `line N: ` on.
pub fn compile(text: &[u8]) -> Compiled<Code> {
    let mut compiler = Compiler {
        lexer: Lexer { text, at: 0, line: 1 },
        token: Token::End,
        start: 0,
        line: 1,
        code: Code::default(),
        kinds: Vec::new(),
        locals: Vec::new(),
        in_function: false,
        in_rule: false,
        loops: Vec::new(),
        calls: Vec::new(),
        depth: 0,
        braces: 0,
        no_greater: false,
        no_in: false,
    };
    for name in SPECIAL {
        compiler.code.globals.push(name.into());
        let array = matches!(name, "ENVIRON" | "ARGV");
        compiler.kinds.push(if array { Kind::Array } else { Kind::Scalar });
    }
    compiler.advance()?;
    compiler.program()?;
    Ok(compiler.code)
}

impl Compiler<'_> {
    // ---- tokens ----

    pub(super) fn advance(&mut self) -> Compiled<()> {
        self.token = match self.lexer.next() {
            Ok(token) => token,
            Err(message) if message.starts_with("unexpected") => return Err(format!("{}: {message}", self.lexer.line)),
            Err(message) => return Err(format!("line {}: {message}", self.lexer.line)),
        };
        self.line = self.lexer.line - usize::from(self.token == Token::Newline);
        self.start = self.lexer.at;
        Ok(())
    }

    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(s) if s == sign)
    }

    pub(super) fn accept(&mut self, sign: &str) -> Compiled<bool> {
        let found = self.is(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, sign: &str) -> Compiled<()> {
        if self.accept(sign)? {
            return Ok(());
        }
        Err(self.unexpected())
    }

    pub(super) fn error(&self, message: &str) -> String {
        format!("line {}: {message}", self.line)
    }

    /// mawk's words for a token that does not belong here.
    pub(super) fn unexpected(&self) -> String {
        let near = match &self.token {
            Token::End if self.braces > 0 => {
                return format!("line {}: missing }} near end of file", self.line + 1);
            }
            Token::End => return format!("line {}: syntax error at or near end of file", self.line + 1),
            Token::Newline => "end of line".to_owned(),
            Token::Number(n) => n.to_string(),
            Token::Text(text) | Token::Name { name: text, .. } => String::from_utf8_lossy(text).into_owned(),
            Token::Sign(sign) | Token::Function(sign) => (*sign).to_owned(),
        };
        self.error(&format!("syntax error at or near {near}"))
    }

    pub(super) fn skip_newlines(&mut self) -> Compiled<()> {
        while self.token == Token::Newline {
            self.advance()?;
        }
        Ok(())
    }

    pub(super) fn newlines_after(&mut self, sign: &str) -> Compiled<()> {
        self.expect(sign)?;
        self.skip_newlines()
    }

    pub(super) fn enter(&mut self) -> Compiled<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("essaim: too deeply nested"));
        }
        Ok(())
    }

    // ---- code ----

    pub(super) fn emit(&mut self, op: Op) -> usize {
        self.code.ops.push(op);
        self.code.ops.len() - 1
    }

    pub(super) fn here(&self) -> usize {
        self.code.ops.len()
    }

    /// Points the jump at `at` to the next instruction.
    pub(super) fn mend(&mut self, at: usize) {
        let target = self.here();
        self.aim(at, target);
    }

    pub(super) fn aim(&mut self, at: usize, target: usize) {
        match &mut self.code.ops[at] {
            Op::Jump(to) | Op::JumpIf(_, to) | Op::NextKey(_, to) | Op::JumpInRange(_, to) => *to = target,
            _ => {}
        }
    }

    pub(super) fn regex(&mut self, pattern: &[u8]) -> Compiled<usize> {
        let syntax = Syntax {
            flavour: Flavour::Extended,
            ..Syntax::default()
        };
        let regex = Regex::new(&super::lex::posix(pattern), syntax).map_err(|error| {
            let shown = String::from_utf8_lossy(pattern);
            self.error(&format!("regular expression compile failed ({error})\n{shown}"))
        })?;
        self.code.regexes.push(regex);
        Ok(self.code.regexes.len() - 1)
    }

    /// The variable of that name, used as a `kind`.
    pub(super) fn name(&mut self, name: &[u8], kind: Kind) -> Compiled<Name> {
        if let Some(at) = self.locals.iter().position(|local| local == name) {
            return Ok(Name::Local(at));
        }
        let at = match self.code.globals.iter().position(|global| global == name) {
            Some(at) => at,
            None => {
                self.code.globals.push(name.to_vec());
                self.kinds.push(Kind::Unknown);
                self.kinds.len() - 1
            }
        };
        let shown = String::from_utf8_lossy(name).into_owned();
        match (self.kinds[at], kind) {
            (Kind::Array, Kind::Scalar) => Err(self.error(&format!("illegal reference to array {shown}"))),
            (Kind::Scalar, Kind::Array) => Err(self.error(&format!("illegal reference to variable {shown}"))),
            (Kind::Unknown, kind) => {
                self.kinds[at] = kind;
                Ok(Name::Global(at))
            }
            _ => Ok(Name::Global(at)),
        }
    }

    pub(super) fn function(&mut self, name: &[u8]) -> usize {
        let known = self.code.functions.iter().position(|f| f.name == name);
        known.unwrap_or_else(|| {
            self.code.functions.push(Function {
                name: name.to_vec(),
                ..Function::default()
            });
            self.code.functions.len() - 1
        })
    }

    // ---- rules ----

    fn program(&mut self) -> Compiled<()> {
        loop {
            while self.token == Token::Newline || self.is(";") {
                self.advance()?;
            }
            if self.token == Token::End {
                break;
            }
            if self.accept("function")? {
                self.definition()?;
            } else {
                self.rule()?;
            }
        }
        for (function, line) in std::mem::take(&mut self.calls) {
            let function = &self.code.functions[function];
            if function.start.is_none() {
                let name = String::from_utf8_lossy(&function.name);
                return Err(format!("line {}: function {name} never defined", line + 1));
            }
        }
        Ok(())
    }

    fn definition(&mut self) -> Compiled<()> {
        let Token::Name { name, .. } = self.token.clone() else {
            return Err(self.unexpected());
        };
        let index = self.function(&name);
        if self.code.functions[index].start.is_some() {
            let shown = String::from_utf8_lossy(&name).into_owned();
            return Err(self.error(&format!("redefinition of {shown}")));
        }
        self.advance()?;
        self.expect("(")?;
        let mut locals = Vec::new();
        while let Token::Name { name, .. } = self.token.clone() {
            locals.push(name);
            self.advance()?;
            if !self.is(",") {
                break;
            }
            self.newlines_after(",")?;
        }
        self.expect(")")?;
        self.skip_newlines()?;
        let function = &mut self.code.functions[index];
        function.start = Some(self.code.ops.len());
        function.locals = locals.len();
        self.locals = locals;
        self.in_function = true;
        self.block()?;
        self.emit(Op::Text([].into()));
        self.emit(Op::Return);
        self.in_function = false;
        self.locals.clear();
        Ok(())
    }

    fn rule(&mut self) -> Compiled<()> {
        let start = self.here();
        self.in_rule = false;
        if self.is("BEGIN") || self.is("END") {
            let begins = self.is("BEGIN");
            self.advance()?;
            if begins {
                self.code.begin.push(start);
            } else {
                self.code.end.push(start);
            }
            self.block()?;
            self.emit(Op::Finish);
            return Ok(());
        }
        self.in_rule = true;
        self.code.rules.push(start);
        let mut skip = None;
        if !self.is("{") {
            let range = self.code.range_count;
            let open = self.emit(Op::JumpInRange(range, 0));
            self.expression()?;
            skip = Some(self.emit(Op::JumpIf(false, 0)));
            if self.is(",") {
                self.newlines_after(",")?;
                self.code.range_count += 1;
                self.emit(Op::SetRange(range, true));
                self.mend(open);
                self.expression()?;
                let inside = self.emit(Op::JumpIf(false, 0));
                self.emit(Op::SetRange(range, false));
                self.mend(inside);
            } else {
                // No range after all: nothing to jump over.
                let next = open + 1;
                self.code.ops[open] = Op::Jump(next);
            }
        }
        if self.is("{") {
            self.block()?;
        } else if matches!(self.token, Token::Newline | Token::End) || self.is(";") {
            self.emit(Op::Print {
                arguments: 0,
                formatted: false,
                to: To::Standard,
            });
        } else {
            return Err(self.unexpected());
        }
        if let Some(skip) = skip {
            self.mend(skip);
        }
        self.emit(Op::Finish);
        Ok(())
    }

    /// Expressions with commas between them, up to (not including) `end`.
    pub(super) fn expressions(&mut self, end: &str) -> Compiled<usize> {
        let kept = std::mem::replace(&mut self.no_greater, false);
        let mut count = 0;
        while !self.is(end) {
            if count > 0 {
                self.newlines_after(",")?;
            }
            self.expression()?;
            count += 1;
        }
        self.no_greater = kept;
        Ok(count)
    }

    /// `[i, j]`: one subscript on the stack.
    pub(super) fn subscripts(&mut self) -> Compiled<()> {
        self.expect("[")?;
        self.enter()?;
        let count = self.expressions("]")?;
        self.depth -= 1;
        if count == 0 {
            return Err(self.unexpected());
        }
        self.expect("]")?;
        if count > 1 {
            self.emit(Op::Subscripts(count));
        }
        Ok(())
    }

    /// A place's value.
    pub(super) fn load(&mut self, place: Place) {
        self.emit(Op::Load(place));
    }
}
