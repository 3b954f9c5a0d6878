//! Compound commands: `if`, `for`, `case`, groups, `(( ))`, `[[ ]]`, functions.

use super::ast::*;
use super::commands::{Parsed, Parser, is_meta};
use std::sync::Arc;

impl Parser<'_> {
    /// The compound command that begins here, if one does.
    pub(super) fn compound(&mut self) -> Parsed<Option<Kind>> {
        if self.rest().starts_with(b"((")
            && let Some(expression) = self.double_parenthesis()?
        {
            return Ok(Some(Kind::Arithmetic(expression)));
        }
        if self.peek() == Some(b'(') {
            self.pos += 1;
            let list = self.some_list()?;
            self.expect_operator(b")")?;
            return Ok(Some(Kind::Subshell(list)));
        }
        let Some(word) = self.peek_reserved() else {
            return Ok(None);
        };
        let start = self.pos;
        let line = self.line;
        self.take_reserved();
        let kind = match word {
            b"{" => {
                let list = self.some_list()?;
                self.expect_reserved(b"}")?;
                Kind::Group(list)
            }
            b"if" => self.if_clause()?,
            b"while" | b"until" => {
                let condition = self.some_list()?;
                let body = self.do_group()?;
                Kind::While {
                    until: word == b"until",
                    condition,
                    body,
                }
            }
            b"for" => self.for_clause()?,
            b"select" => self.select_clause()?,
            b"case" => self.case_clause()?,
            b"[[" => Kind::Test(self.extended_test()?),
            b"function" => {
                self.skip_blanks();
                let name = self.plain_name();
                self.skip_blanks();
                if self.peek() == Some(b'(') {
                    self.pos += 1;
                    self.skip_blanks();
                    self.expect_operator(b")")?;
                }
                let command = self.function_body(name, start, line)?;
                command.kind
            }
            b"coproc" => return Err(self.message(b"essaim: coproc exists in real bash, not simulated here")),
            _ => {
                self.pos = start;
                return Err(self.unexpected());
            }
        };
        Ok(Some(kind))
    }

    fn expect_operator(&mut self, operator: &[u8]) -> Parsed<()> {
        self.skip_blanks();
        if self.operator() != Some(operator) {
            return Err(self.unexpected());
        }
        self.pos += operator.len();
        Ok(())
    }

    fn plain_name(&mut self) -> Vec<u8> {
        let length = self.rest().iter().take_while(|b| !is_meta(**b)).count();
        let name = self.rest()[..length].to_vec();
        self.pos += length;
        name
    }

    fn if_clause(&mut self) -> Parsed<Kind> {
        let mut clauses = Vec::new();
        loop {
            let condition = self.some_list()?;
            self.expect_reserved(b"then")?;
            clauses.push((condition, self.some_list()?));
            match self.peek_reserved() {
                Some(b"elif") => self.take_reserved(),
                Some(b"else") => {
                    self.take_reserved();
                    let otherwise = Some(self.some_list()?);
                    self.expect_reserved(b"fi")?;
                    return Ok(Kind::If { clauses, otherwise });
                }
                _ => {
                    self.expect_reserved(b"fi")?;
                    return Ok(Kind::If {
                        clauses,
                        otherwise: None,
                    });
                }
            }
        }
    }

    fn do_group(&mut self) -> Parsed<Arc<List>> {
        self.skip_newlines()?;
        if self.peek_reserved() == Some(b"{") {
            self.take_reserved();
            let body = self.some_list()?;
            self.expect_reserved(b"}")?;
            return Ok(body);
        }
        self.expect_reserved(b"do")?;
        let body = self.some_list()?;
        self.expect_reserved(b"done")?;
        Ok(body)
    }

    fn for_clause(&mut self) -> Parsed<Kind> {
        let start = self.pos;
        self.skip_blanks();
        if self.rest().starts_with(b"((") {
            return self.counting_for();
        }
        let name = self.plain_name();
        if name.is_empty() {
            return Err(if self.at_end() {
                self.missing_word()
            } else {
                self.unexpected()
            });
        }
        if !is_name(&name) {
            let mut text = b"`".to_vec();
            text.extend_from_slice(&name);
            text.extend_from_slice(b"': not a valid identifier");
            return Err(self.message(&text));
        }
        self.skip_newlines()?;
        let mut words = None;
        if self.peek_reserved() == Some(b"in") {
            self.take_reserved();
            let mut list = Vec::new();
            loop {
                self.skip_blanks();
                if self.at_end() || self.operator().is_some() {
                    break;
                }
                list.push(self.word()?);
            }
            if !matches!(self.operator(), Some(b";" | b"\n")) {
                return Err(self.unexpected());
            }
            words = Some(list);
        }
        let header = [b"for ", self.src[start..self.pos].trim_ascii()].concat();
        if self.operator() == Some(b";") {
            self.pos += 1;
        }
        let body = self.do_group()?;
        Ok(Kind::For {
            name,
            words,
            body,
            header,
        })
    }

    /// `select` is a loop that asks first, as the builtin of that name does.
    fn select_clause(&mut self) -> Parsed<Kind> {
        let line = self.line;
        let Kind::For { name, words, body, .. } = self.for_clause()? else {
            return Err(self.unexpected());
        };
        let ask = |arguments: Vec<Word>| {
            let word = Word(Arc::from([Part::Quoted(b"select".to_vec())]));
            let args = std::iter::once(word).chain(arguments).map(Argument::Word).collect();
            let simple = Simple {
                assignments: Vec::new(),
                args,
            };
            Arc::new(List::of(Command {
                kind: Kind::Simple(Arc::new(simple)),
                redirects: Arc::from([]),
                line,
            }))
        };
        let all = Parameter {
            name: b"@".to_vec(),
            index: None,
            indirect: false,
            quoted: true,
            operation: Operation::Value,
        };
        let words = words.unwrap_or_else(|| vec![Word(Arc::from([Part::Parameter(Arc::new(all))]))]);
        let name = Word(Arc::from([Part::Quoted(name)]));
        let kind = Kind::While {
            until: false,
            condition: ask(std::iter::once(name).chain(words).collect()),
            body,
        };
        let asking = Command {
            kind,
            redirects: Arc::from([]),
            line,
        };
        let mut items = List::of(asking).items;
        items.insert(0, ask(Vec::new()).items[0].clone());
        Ok(Kind::Group(Arc::new(List { items })))
    }

    fn counting_for(&mut self) -> Parsed<Kind> {
        self.pos += 2;
        let start = self.arithmetic_until(b";")?;
        let condition = self.arithmetic_until(b";")?;
        let update = self.arithmetic_until(b"))")?;
        self.skip_blanks();
        if self.operator() == Some(b";") {
            self.pos += 1;
        }
        let body = self.do_group()?;
        Ok(Kind::CountingFor {
            start,
            condition,
            update,
            body,
        })
    }

    fn case_clause(&mut self) -> Parsed<Kind> {
        self.skip_blanks();
        let start = self.pos;
        let word = self.word()?;
        let header = [b"case ", &self.src[start..self.pos], b" in"].concat();
        self.skip_newlines()?;
        self.expect_reserved(b"in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.peek_reserved() == Some(b"esac") {
                self.take_reserved();
                return Ok(Kind::Case { word, arms, header });
            }
            if self.peek() == Some(b'(') {
                self.pos += 1;
            }
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                if self.at_end() || self.operator().is_some() {
                    return Err(self.unexpected());
                }
                patterns.push(self.word()?);
                self.skip_blanks();
                match self.operator() {
                    Some(b"|") => self.pos += 1,
                    _ => break,
                }
            }
            self.expect_operator(b")")?;
            let body = self.list()?;
            self.skip_blanks();
            let after = match self.operator() {
                Some(b";;") => ArmEnd::Leave,
                Some(b";&") => ArmEnd::FallThrough,
                Some(b";;&") => ArmEnd::TestNext,
                _ => {
                    if self.peek_reserved() != Some(b"esac") {
                        return Err(self.unexpected());
                    }
                    arms.push(Arm {
                        patterns,
                        body,
                        after: ArmEnd::Leave,
                    });
                    continue;
                }
            };
            self.pos += if after == ArmEnd::TestNext { 3 } else { 2 };
            arms.push(Arm { patterns, body, after });
        }
    }

    // ---- [[ … ]] ----

    fn extended_test(&mut self) -> Parsed<Vec<TestStep>> {
        let mut steps = Vec::new();
        // Here groups belong to patterns without `extglob` too.
        let groups = std::mem::replace(&mut self.groups, true);
        let parsed = self.test_or(&mut steps);
        self.groups = groups;
        parsed?;
        self.skip_newlines()?;
        self.expect_reserved(b"]]")?;
        Ok(steps)
    }

    fn test_or(&mut self, steps: &mut Vec<TestStep>) -> Parsed<()> {
        self.test_and(steps)?;
        self.skip_newlines()?;
        if self.operator() == Some(b"||") {
            self.pos += 2;
            let jump = steps.len();
            steps.push(TestStep::SkipIfTrue(0));
            self.enter()?;
            self.test_or(steps)?;
            self.leave();
            steps[jump] = TestStep::SkipIfTrue(steps.len());
        }
        Ok(())
    }

    fn test_and(&mut self, steps: &mut Vec<TestStep>) -> Parsed<()> {
        self.test_not(steps)?;
        self.skip_newlines()?;
        if self.operator() == Some(b"&&") {
            self.pos += 2;
            let jump = steps.len();
            steps.push(TestStep::SkipIfFalse(0));
            self.enter()?;
            self.test_and(steps)?;
            self.leave();
            steps[jump] = TestStep::SkipIfFalse(steps.len());
        }
        Ok(())
    }

    fn test_not(&mut self, steps: &mut Vec<TestStep>) -> Parsed<()> {
        self.skip_newlines()?;
        if self.peek_reserved() == Some(b"!") {
            self.take_reserved();
            self.enter()?;
            self.test_not(steps)?;
            self.leave();
            steps.push(TestStep::Not);
            return Ok(());
        }
        if self.peek() == Some(b'(') {
            self.pos += 1;
            self.enter()?;
            self.test_or(steps)?;
            self.leave();
            self.skip_newlines()?;
            return self.expect_operator(b")");
        }
        self.test_primary(steps)
    }

    fn test_primary(&mut self, steps: &mut Vec<TestStep>) -> Parsed<()> {
        if self.peek_reserved() == Some(b"]]") || self.operator().is_some() {
            return Err(self.unexpected());
        }
        let left = self.word()?;
        self.skip_blanks();
        if let Some([b'-', letter]) = left.as_literal()
            && letter.is_ascii_alphabetic()
            && !self.test_operand_ends()
        {
            let letter = *letter;
            let operand = self.word()?;
            steps.push(TestStep::Unary(letter, operand));
            return Ok(());
        }
        if self.test_operand_ends() {
            steps.push(TestStep::NotEmpty(left));
            return Ok(());
        }
        let operator = match self.operator() {
            Some(op @ (b"<" | b">")) => {
                self.pos += 1;
                op.to_vec()
            }
            Some(_) => return Err(self.unexpected()),
            None => self.plain_name(),
        };
        let known: &[&[u8]] = &[
            b"=", b"==", b"!=", b"=~", b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge", b"-nt", b"-ot", b"-ef", b"<",
            b">",
        ];
        if !known.contains(&operator.as_slice()) {
            return Err(super::ParseError::Unexpected {
                token: operator,
                line: self.line,
            });
        }
        self.skip_blanks();
        let right = if operator == b"=~" {
            self.regex_word()?
        } else {
            if self.test_operand_ends() {
                return Err(self.unexpected());
            }
            self.word()?
        };
        steps.push(TestStep::Binary(operator, left, right));
        Ok(())
    }

    fn test_operand_ends(&mut self) -> bool {
        self.at_end()
            || matches!(self.operator(), Some(b"&&" | b"||" | b")" | b"\n"))
            || self.peek_reserved() == Some(b"]]")
    }
}
