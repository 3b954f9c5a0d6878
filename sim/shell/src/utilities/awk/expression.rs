//! Expressions, by the precedence of their operators.

use super::code::{Binary, From, Name, Op, Place};
use super::compile::{Compiled, Compiler, Kind};
use super::lex::{FUNCTIONS, Token};

/// What was read: its value stands on the stack, or it is known how to get it.
pub enum Item {
    Value,
    /// A variable of which nothing was asked yet.
    Bare(Vec<u8>),
    Place(Place),
    Regex(usize),
    /// `(a, b)`: so many values, for `in`.
    Group(usize),
}

const AND: u8 = 2;
const COMPARE: u8 = 5;
const CONCATENATE: u8 = 6;

impl Compiler<'_> {
    /// An expression whose value stands on the stack afterwards.
    pub(super) fn expression(&mut self) -> Compiled<()> {
        let item = self.ternary()?;
        self.value(item)
    }

    /// An expression without comparisons: what follows `>` or `|` in `print`.
    pub(super) fn concatenation(&mut self) -> Compiled<()> {
        let item = self.binary(CONCATENATE)?;
        self.value(item)
    }

    /// Puts the item's value on the stack.
    pub(super) fn value(&mut self, item: Item) -> Compiled<()> {
        match item {
            Item::Value => {}
            Item::Bare(name) => {
                let name = self.name(&name, Kind::Scalar)?;
                self.load(Place::Variable(name));
            }
            Item::Place(place) => self.load(place),
            Item::Regex(regex) => {
                self.emit(Op::MatchRecord(regex));
            }
            Item::Group(_) => return Err(self.unexpected()),
        }
        Ok(())
    }

    /// As `value`, where a regular expression stands for itself.
    fn pattern(&mut self, item: Item) -> Compiled<()> {
        if let Item::Regex(regex) = item {
            self.emit(Op::Regex(regex));
            return Ok(());
        }
        self.value(item)
    }

    fn ternary(&mut self) -> Compiled<Item> {
        self.enter()?;
        let condition = self.binary(0)?;
        if !self.is("?") {
            self.depth -= 1;
            return Ok(condition);
        }
        self.value(condition)?;
        self.newlines_after("?")?;
        let otherwise = self.emit(Op::JumpIf(false, 0));
        self.expression()?;
        self.skip_newlines()?;
        self.newlines_after(":")?;
        let over = self.emit(Op::Jump(0));
        self.mend(otherwise);
        self.expression()?;
        self.mend(over);
        self.depth -= 1;
        Ok(Item::Value)
    }

    /// The operator here: how strongly it binds, and what it does (`None`: something special).
    fn operator(&self) -> Option<(u8, Option<Binary>)> {
        let Token::Sign(sign) = self.token else {
            return self.starts_operand().then_some((CONCATENATE, None));
        };
        Some(match sign {
            "||" => (1, None),
            "&&" => (AND, None),
            "in" if !self.no_in => (3, None),
            "~" => (4, Some(Binary::Match)),
            "!~" => (4, Some(Binary::NoMatch)),
            "<" => (COMPARE, Some(Binary::Less)),
            "<=" => (COMPARE, Some(Binary::LessEqual)),
            "==" => (COMPARE, Some(Binary::Equal)),
            "!=" => (COMPARE, Some(Binary::NotEqual)),
            ">" if !self.no_greater => (COMPARE, Some(Binary::Greater)),
            ">=" => (COMPARE, Some(Binary::GreaterEqual)),
            "|" => (COMPARE, None),
            "+" => (7, Some(Binary::Add)),
            "-" => (7, Some(Binary::Subtract)),
            "*" => (8, Some(Binary::Multiply)),
            "/" => (8, Some(Binary::Divide)),
            "%" => (8, Some(Binary::Remainder)),
            _ if self.starts_operand() => (CONCATENATE, None),
            _ => return None,
        })
    }

    /// Whether a text follows that is joined to the one before.
    fn starts_operand(&self) -> bool {
        match self.token {
            Token::Number(_) | Token::Text(_) | Token::Name { .. } | Token::Function(_) => true,
            Token::Sign(sign) => matches!(sign, "$" | "(" | "!" | "++" | "--"),
            _ => false,
        }
    }

    fn binary(&mut self, least: u8) -> Compiled<Item> {
        self.enter()?;
        let mut left = self.unary()?;
        while let Some((level, operation)) = self.operator().filter(|(level, _)| *level >= least) {
            if let (Item::Group(count), Token::Sign("in")) = (&left, &self.token) {
                self.emit(Op::Subscripts(*count));
                left = Item::Value;
            }
            match operation {
                Some(operation) => {
                    self.value(left)?;
                    self.advance()?;
                    let right = self.binary(level + 1)?;
                    if level == 4 {
                        self.pattern(right)?;
                    } else {
                        self.value(right)?;
                    }
                    self.emit(Op::Binary(operation));
                }
                None if level == CONCATENATE => {
                    self.value(left)?;
                    let right = self.binary(level + 1)?;
                    self.value(right)?;
                    self.emit(Op::Binary(Binary::Concatenate));
                }
                None if level == COMPARE => {
                    let mut ahead = self.lexer.clone();
                    if ahead.next()? != Token::Sign("getline") {
                        self.depth -= 1;
                        return Ok(left);
                    }
                    self.value(left)?;
                    self.advance()?;
                    self.advance()?;
                    let into = self.read_into()?;
                    self.emit(Op::Getline {
                        from: From::Command,
                        into,
                    });
                }
                None if level <= AND => {
                    self.value(left)?;
                    self.logical(level)?;
                }
                None => {
                    self.value(left)?;
                    self.advance()?;
                    let Token::Name { name, .. } = self.token.clone() else {
                        return Err(self.unexpected());
                    };
                    self.advance()?;
                    let array = self.name(&name, Kind::Array)?;
                    self.emit(Op::In(array));
                }
            }
            left = Item::Value;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// `&&` and `||`: the right side only runs where it decides.
    fn logical(&mut self, level: u8) -> Compiled<()> {
        self.advance()?;
        self.skip_newlines()?;
        let or = level < AND;
        let short = self.emit(Op::JumpIf(or, 0));
        let right = self.binary(level + 1)?;
        self.value(right)?;
        self.emit(Op::Truth);
        let over = self.emit(Op::Jump(0));
        self.mend(short);
        self.emit(Op::Number(f64::from(u8::from(or))));
        self.mend(over);
        Ok(())
    }

    fn unary(&mut self) -> Compiled<Item> {
        let op = match self.token {
            Token::Sign("!") => Op::Not,
            Token::Sign("-") => Op::Negate,
            Token::Sign("+") => Op::Plus,
            _ => return self.power(),
        };
        self.advance()?;
        self.enter()?;
        let operand = self.unary()?;
        self.depth -= 1;
        self.value(operand)?;
        self.emit(op);
        Ok(Item::Value)
    }

    fn power(&mut self) -> Compiled<Item> {
        let base = self.postfix()?;
        if !self.is("^") {
            return Ok(base);
        }
        self.value(base)?;
        self.advance()?;
        self.enter()?;
        let exponent = self.unary()?;
        self.depth -= 1;
        self.value(exponent)?;
        self.emit(Op::Binary(Binary::Power));
        Ok(Item::Value)
    }

    /// The place an item names, if it is one.
    fn place(&mut self, item: &Item) -> Compiled<Option<Place>> {
        Ok(match item {
            Item::Bare(name) => Some(Place::Variable(self.name(name, Kind::Scalar)?)),
            Item::Place(place) => Some(*place),
            _ => None,
        })
    }

    /// A primary with `++`, `--` or an assignment after it.
    fn postfix(&mut self) -> Compiled<Item> {
        let item = self.primary()?;
        let Token::Sign(sign) = self.token else { return Ok(item) };
        if !matches!(item, Item::Bare(_) | Item::Place(_)) {
            return Ok(item);
        }
        let operation = match sign {
            "++" | "--" => {
                let by = if sign == "++" { 1.0 } else { -1.0 };
                if let Some(place) = self.place(&item)? {
                    self.emit(Op::Step { place, by, after: true });
                }
                self.advance()?;
                return Ok(Item::Value);
            }
            "=" => None,
            "+=" => Some(Binary::Add),
            "-=" => Some(Binary::Subtract),
            "*=" => Some(Binary::Multiply),
            "/=" => Some(Binary::Divide),
            "%=" => Some(Binary::Remainder),
            "^=" => Some(Binary::Power),
            _ => return Ok(item),
        };
        let Some(place) = self.place(&item)? else {
            return Ok(item);
        };
        if operation.is_some() {
            self.emit(Op::Peek(place));
        }
        self.advance()?;
        self.skip_newlines()?;
        self.expression()?;
        if let Some(operation) = operation {
            self.emit(Op::Binary(operation));
        }
        self.emit(Op::Store(place));
        Ok(Item::Value)
    }

    fn primary(&mut self) -> Compiled<Item> {
        match self.token.clone() {
            Token::Number(n) => {
                self.advance()?;
                self.emit(Op::Number(n));
                Ok(Item::Value)
            }
            Token::Text(text) => {
                self.advance()?;
                self.emit(Op::Text(text.into()));
                Ok(Item::Value)
            }
            Token::Name { name, call } => {
                self.advance()?;
                if call {
                    return self.call(&name);
                }
                if self.is("[") {
                    let array = self.name(&name, Kind::Array)?;
                    self.subscripts()?;
                    return Ok(Item::Place(Place::Element(array)));
                }
                Ok(Item::Bare(name))
            }
            Token::Function(name) => {
                self.advance()?;
                self.builtin(name)
            }
            Token::Sign(sign) => self.signed(sign),
            _ => Err(self.unexpected()),
        }
    }

    fn signed(&mut self, sign: &'static str) -> Compiled<Item> {
        match sign {
            "/" | "/=" => {
                self.lexer.at -= sign.len() - 1;
                let pattern = match self.lexer.regex() {
                    Ok(pattern) => pattern,
                    Err(message) => return Err(self.error(&message)),
                };
                let regex = self.regex(&pattern)?;
                self.advance()?;
                Ok(Item::Regex(regex))
            }
            "$" => {
                self.advance()?;
                self.enter()?;
                let number = match self.token {
                    Token::Sign("-" | "+" | "!") => self.unary()?,
                    _ => self.primary()?,
                };
                self.depth -= 1;
                self.value(number)?;
                Ok(Item::Place(Place::Field))
            }
            "++" | "--" => {
                self.advance()?;
                self.enter()?;
                let item = self.primary()?;
                self.depth -= 1;
                let by = if sign == "++" { 1.0 } else { -1.0 };
                let Some(place) = self.place(&item)? else {
                    return Err(self.unexpected());
                };
                self.emit(Op::Step {
                    place,
                    by,
                    after: false,
                });
                Ok(Item::Value)
            }
            "(" => self.group(),
            "-" | "+" | "!" => self.unary(),
            "getline" => {
                self.advance()?;
                let into = self.read_into()?;
                let from = if self.is("<") {
                    self.advance()?;
                    let file = self.primary()?;
                    self.value(file)?;
                    From::File
                } else {
                    From::Main
                };
                self.emit(Op::Getline { from, into });
                Ok(Item::Value)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn group(&mut self) -> Compiled<Item> {
        self.advance()?;
        self.skip_newlines()?;
        let kept = std::mem::replace(&mut self.no_in, false);
        let count = self.expressions(")")?;
        self.no_in = kept;
        self.expect(")")?;
        match count {
            1 => Ok(Item::Value),
            count if count > 1 && self.is("in") => Ok(Item::Group(count)),
            _ => Err(self.unexpected()),
        }
    }

    /// The variable `getline` reads into, if one follows.
    fn read_into(&mut self) -> Compiled<Option<Place>> {
        if !matches!(self.token, Token::Name { call: false, .. } | Token::Sign("$")) {
            return Ok(None);
        }
        let item = self.primary()?;
        self.place(&item)
    }

    fn call(&mut self, name: &[u8]) -> Compiled<Item> {
        let function = self.function(name);
        self.calls.push((function, self.line));
        self.expect("(")?;
        self.enter()?;
        let mut arguments = 0;
        let kept = std::mem::replace(&mut self.no_greater, false);
        while !self.is(")") {
            if arguments > 0 {
                self.newlines_after(",")?;
            }
            match self.ternary()? {
                Item::Bare(name) => {
                    let name = self.name(&name, Kind::Unknown)?;
                    self.emit(Op::Reference(name));
                }
                item => self.value(item)?,
            }
            arguments += 1;
        }
        self.no_greater = kept;
        self.depth -= 1;
        self.expect(")")?;
        self.emit(Op::Call { function, arguments });
        Ok(Item::Value)
    }

    fn builtin(&mut self, name: &'static str) -> Compiled<Item> {
        let mut items = 0;
        let mut array = None;
        let mut place = None;
        if self.is("(") {
            self.advance()?;
            self.enter()?;
            let kept = std::mem::replace(&mut self.no_greater, false);
            self.skip_newlines()?;
            while !self.is(")") {
                if items > 0 {
                    self.newlines_after(",")?;
                }
                match (name, items) {
                    ("split", 1) => array = Some(self.array()?),
                    ("sub" | "gsub", 2) => {
                        let target = self.ternary()?;
                        place = self.place(&target)?;
                        if place.is_none() {
                            return Err(self.unexpected());
                        }
                    }
                    _ => self.argument(name, items)?,
                }
                items += 1;
            }
            self.no_greater = kept;
            self.depth -= 1;
            self.expect(")")?;
        } else if name != "length" {
            return Err(self.unexpected());
        }
        let known = FUNCTIONS.iter().find(|(function, _, _)| *function == name);
        if known.is_none_or(|(_, least, most)| !(*least..=*most).contains(&items)) {
            return Err(self.error(&format!("wrong number of arguments in call to {name}")));
        }
        match (name, array) {
            ("sub" | "gsub", _) => {
                if place.is_none() {
                    self.emit(Op::Number(0.0));
                }
                let (place, all) = (place.unwrap_or(Place::Field), name == "gsub");
                self.emit(Op::Substitute { place, all });
            }
            (_, Some(array)) => {
                let separated = items > 2;
                self.emit(Op::Split { array, separated });
            }
            _ => {
                let arguments = items;
                self.emit(Op::Function { name, arguments });
            }
        }
        Ok(Item::Value)
    }

    fn argument(&mut self, name: &str, at: usize) -> Compiled<()> {
        match (name, at, self.ternary()?) {
            ("length", _, Item::Bare(variable)) => {
                let variable = self.name(&variable, Kind::Unknown)?;
                self.emit(Op::Reference(variable));
                Ok(())
            }
            ("sub" | "gsub", 0, item) | ("match", 1, item) | ("split", 2, item) => self.pattern(item),
            (_, _, item) => self.value(item),
        }
    }

    fn array(&mut self) -> Compiled<Name> {
        let Token::Name { name, .. } = self.token.clone() else {
            return Err(self.unexpected());
        };
        self.advance()?;
        self.name(&name, Kind::Array)
    }
}
