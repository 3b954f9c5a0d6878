//! Statements.

use super::code::{Op, To};
use super::compile::{Compiled, Compiler, Kind, Loop};
use super::lex::Token;

impl Compiler<'_> {
    pub(super) fn block(&mut self) -> Compiled<()> {
        if !self.is("{") {
            return Err(self.unexpected());
        }
        self.enter()?;
        self.braces += 1;
        self.advance()?;
        loop {
            while self.token == Token::Newline || self.is(";") {
                self.advance()?;
            }
            if self.is("}") {
                break;
            }
            self.statement()?;
        }
        self.depth -= 1;
        self.braces -= 1;
        self.advance()
    }

    /// The end of a simple statement.
    fn terminator(&mut self) -> Compiled<()> {
        if self.token == Token::Newline || self.is(";") {
            return self.advance();
        }
        if self.is("}") || self.token == Token::End {
            return Ok(());
        }
        Err(self.unexpected())
    }

    fn body(&mut self) -> Compiled<()> {
        self.skip_newlines()?;
        if self.accept(";")? {
            return Ok(());
        }
        self.enter()?;
        self.statement()?;
        self.depth -= 1;
        Ok(())
    }

    fn statement(&mut self) -> Compiled<()> {
        let Token::Sign(sign) = self.token else {
            self.simple()?;
            return self.terminator();
        };
        match sign {
            "{" => self.block(),
            "if" => self.branch(),
            "while" => self.while_loop(),
            "do" => self.do_loop(),
            "for" => self.for_loop(),
            _ => {
                self.simple()?;
                self.terminator()
            }
        }
    }

    fn branch(&mut self) -> Compiled<()> {
        self.advance()?;
        self.expect("(")?;
        self.expression()?;
        self.expect(")")?;
        let skip = self.emit(Op::JumpIf(false, 0));
        self.body()?;
        // `else` may stand after a semicolon and newlines.
        let kept = (self.lexer.clone(), self.token.clone(), self.start, self.line);
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        if !self.accept("else")? {
            (self.lexer, self.token, self.start, self.line) = kept;
            self.mend(skip);
            return Ok(());
        }
        let over = self.emit(Op::Jump(0));
        self.mend(skip);
        self.body()?;
        self.mend(over);
        Ok(())
    }

    /// A loop's body; the jumps of `continue` lead to `next`, or to what follows.
    fn loop_body(&mut self, next: Option<usize>) -> Compiled<Loop> {
        self.loops.push(Loop::default());
        self.body()?;
        let inside = self.loops.pop().unwrap_or_default();
        let next = next.unwrap_or_else(|| self.here());
        for at in &inside.continues {
            self.aim(*at, next);
        }
        Ok(inside)
    }

    fn end_loop(&mut self, inside: Loop) {
        for at in inside.breaks {
            self.mend(at);
        }
    }

    fn while_loop(&mut self) -> Compiled<()> {
        self.advance()?;
        let start = self.here();
        self.expect("(")?;
        self.expression()?;
        self.expect(")")?;
        let out = self.emit(Op::JumpIf(false, 0));
        let inside = self.loop_body(Some(start))?;
        self.emit(Op::Jump(start));
        self.mend(out);
        self.end_loop(inside);
        Ok(())
    }

    fn do_loop(&mut self) -> Compiled<()> {
        self.advance()?;
        let start = self.here();
        let inside = self.loop_body(None)?;
        while self.token == Token::Newline || self.is(";") {
            self.advance()?;
        }
        self.expect("while")?;
        self.expect("(")?;
        self.expression()?;
        self.expect(")")?;
        self.emit(Op::JumpIf(true, start));
        self.end_loop(inside);
        self.terminator()
    }

    fn for_loop(&mut self) -> Compiled<()> {
        self.advance()?;
        self.expect("(")?;
        if self.for_in()? {
            return Ok(());
        }
        if !self.is(";") {
            self.simple()?;
        }
        self.newlines_after(";")?;
        let condition = self.here();
        let out = if self.is(";") {
            None
        } else {
            self.expression()?;
            Some(self.emit(Op::JumpIf(false, 0)))
        };
        let over = self.emit(Op::Jump(0));
        self.newlines_after(";")?;
        let update = self.here();
        if !self.is(")") {
            self.simple()?;
        }
        self.emit(Op::Jump(condition));
        self.mend(over);
        self.expect(")")?;
        let inside = self.loop_body(Some(update))?;
        self.emit(Op::Jump(update));
        if let Some(out) = out {
            self.mend(out);
        }
        self.end_loop(inside);
        Ok(())
    }

    /// `for (key in array)`, if that is what stands here.
    fn for_in(&mut self) -> Compiled<bool> {
        let kept = (self.lexer.clone(), self.token.clone(), self.start, self.line);
        let mut words = Vec::new();
        while words.len() < 4 && !matches!(self.token, Token::End | Token::Newline) {
            words.push(self.token.clone());
            if words.len() < 4 {
                self.advance()?;
            }
        }
        let [
            Token::Name { name: key, .. },
            Token::Sign("in"),
            Token::Name { name: array, .. },
            Token::Sign(")"),
        ] = words.as_slice()
        else {
            (self.lexer, self.token, self.start, self.line) = kept;
            return Ok(false);
        };
        let key = self.name(key, Kind::Scalar)?;
        let array = self.name(array, Kind::Array)?;
        self.advance()?;
        self.emit(Op::Keys(array));
        let next = self.emit(Op::NextKey(key, 0));
        let inside = self.loop_body(Some(next))?;
        self.emit(Op::Jump(next));
        self.mend(next);
        self.end_loop(inside);
        self.emit(Op::DropKeys);
        Ok(true)
    }

    /// A statement that may stand in `for (…)`.
    fn simple(&mut self) -> Compiled<()> {
        let Token::Sign(sign) = self.token else {
            self.expression()?;
            self.emit(Op::Pop);
            return Ok(());
        };
        match sign {
            "print" | "printf" => return self.print(sign == "printf"),
            "delete" => return self.delete(),
            "break" | "continue" => {
                let Some(at) = self.loops.len().checked_sub(1) else {
                    return Err(self.error(&format!("{sign} statement outside of loop")));
                };
                let jump = self.emit(Op::Jump(0));
                let inside = &mut self.loops[at];
                if sign == "break" {
                    inside.breaks.push(jump);
                } else {
                    inside.continues.push(jump);
                }
            }
            "next" | "nextfile" => {
                if !self.in_rule && !self.in_function {
                    return Err(self.error(&format!("improper use of {sign}")));
                }
                self.emit(if sign == "next" { Op::Next } else { Op::NextFile });
            }
            "exit" | "return" => {
                if sign == "return" && !self.in_function {
                    return Err(self.error("return outside function body"));
                }
                self.advance()?;
                let given = !(self.is(";") || self.is("}") || matches!(self.token, Token::Newline | Token::End));
                if given {
                    self.expression()?;
                } else if sign == "return" {
                    self.emit(Op::Text([].into()));
                }
                self.emit(if sign == "exit" { Op::Exit(given) } else { Op::Return });
                return Ok(());
            }
            _ => {
                self.expression()?;
                self.emit(Op::Pop);
                return Ok(());
            }
        }
        self.advance()
    }

    fn delete(&mut self) -> Compiled<()> {
        self.advance()?;
        let Token::Name { name, .. } = self.token.clone() else {
            return Err(self.unexpected());
        };
        self.advance()?;
        let array = self.name(&name, Kind::Array)?;
        if self.is("[") {
            self.subscripts()?;
            self.emit(Op::Delete(array));
        } else {
            self.emit(Op::DeleteAll(array));
        }
        Ok(())
    }

    fn print(&mut self, formatted: bool) -> Compiled<()> {
        self.advance()?;
        let arguments = self.printed()?;
        if formatted && arguments == 0 {
            return Err(self.unexpected());
        }
        let to = match self.token {
            Token::Sign(">") => To::File,
            Token::Sign(">>") => To::Append,
            Token::Sign("|") => To::Command,
            _ => To::Standard,
        };
        if to != To::Standard {
            self.advance()?;
            let kept = std::mem::replace(&mut self.no_greater, true);
            self.concatenation()?;
            self.no_greater = kept;
        }
        self.emit(Op::Print {
            arguments,
            formatted,
            to,
        });
        Ok(())
    }

    /// What is printed: a list, perhaps in parentheses, in which `>` stands for a file outside of them.
    fn printed(&mut self) -> Compiled<usize> {
        let ends = |c: &Self| {
            matches!(c.token, Token::Newline | Token::End) || [";", "}", ">", ">>", "|"].iter().any(|sign| c.is(sign))
        };
        if ends(self) {
            return Ok(0);
        }
        if self.is("(") {
            let kept = (self.lexer.clone(), self.token.clone(), self.start, self.line);
            let (ops, calls) = (self.here(), self.calls.len());
            self.advance()?;
            let count = self.expressions(")")?;
            self.expect(")")?;
            if ends(self) {
                return Ok(count);
            }
            self.code.ops.truncate(ops);
            self.calls.truncate(calls);
            (self.lexer, self.token, self.start, self.line) = kept;
        }
        let kept = std::mem::replace(&mut self.no_greater, true);
        let mut count = 1;
        self.expression()?;
        while self.is(",") {
            self.newlines_after(",")?;
            self.expression()?;
            count += 1;
        }
        self.no_greater = kept;
        Ok(count)
    }
}
