//! `$(( ))`: C's integer arithmetic on 64 bits, evaluated while it is read.

use super::state::State;
use super::variables::Value;

/// Parentheses, unary operators and variables within variables.
const DEPTH_MAX: usize = 64;

/// Why there is no number: bash's words, without the shell's name.
pub type Failure = Vec<u8>;

/// The value of an expression (whose expansions were done).
pub fn evaluate(expression: &[u8], state: &mut State) -> Result<i64, Failure> {
    Evaluator::new(expression, 0).whole(state)
}

struct Evaluator<'a> {
    text: &'a [u8],
    at: usize,
    /// Where the current token began, for messages.
    token: usize,
    depth: usize,
    /// The side of `&&`, `||` or `?:` that does not count: nothing is assigned, nothing fails.
    skipping: bool,
}

/// Where a value can be stored.
#[derive(Clone, Debug)]
struct Place {
    name: Vec<u8>,
    index: Option<Vec<u8>>,
}

/// Binary operators by precedence, weakest first; assignment, `?:` and `,` are apart.
const BINARY: [&[&[u8]]; 10] = [
    &[b"||"],
    &[b"&&"],
    &[b"|"],
    &[b"^"],
    &[b"&"],
    &[b"==", b"!="],
    &[b"<=", b">=", b"<", b">"],
    &[b"<<", b">>"],
    &[b"+", b"-"],
    &[b"*", b"/", b"%"],
];

const ASSIGNMENTS: [&[u8]; 11] = [
    b"<<=", b">>=", b"*=", b"/=", b"%=", b"+=", b"-=", b"&=", b"^=", b"|=", b"=",
];

impl<'a> Evaluator<'a> {
    fn new(text: &'a [u8], depth: usize) -> Self {
        Self {
            text,
            at: 0,
            token: 0,
            depth,
            skipping: false,
        }
    }

    fn whole(&mut self, state: &mut State) -> Result<i64, Failure> {
        self.blanks();
        if self.at == self.text.len() {
            return Ok(0);
        }
        let value = self.comma(state)?;
        self.blanks();
        if self.at < self.text.len() {
            self.token = self.at;
            let invalid = !self.text[self.at].is_ascii_alphanumeric();
            return Err(
                self.error(if invalid && !b"+-*/%<>=!&|^~?:,()".contains(&self.text[self.at]) {
                    "syntax error: invalid arithmetic operator"
                } else {
                    "syntax error in expression"
                }),
            );
        }
        Ok(value)
    }

    fn error(&self, what: &str) -> Failure {
        let mut out = self.text.trim_ascii_start().to_vec();
        out.extend_from_slice(b": ");
        out.extend_from_slice(what.as_bytes());
        out.extend_from_slice(b" (error token is \"");
        out.extend_from_slice(&self.text[self.token.min(self.text.len())..]);
        out.extend_from_slice(b"\")");
        out
    }

    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn rest(&mut self) -> &'a [u8] {
        self.blanks();
        &self.text[self.at..]
    }

    fn deeper(&mut self) -> Result<(), Failure> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("expression recursion level exceeded"));
        }
        Ok(())
    }

    fn comma(&mut self, state: &mut State) -> Result<i64, Failure> {
        let mut value = self.assignment(state)?;
        while self.rest().starts_with(b",") {
            self.at += 1;
            value = self.assignment(state)?;
        }
        Ok(value)
    }

    fn assignment(&mut self, state: &mut State) -> Result<i64, Failure> {
        self.deeper()?;
        let value = self.assignment_inside(state);
        self.depth -= 1;
        value
    }

    fn assignment_inside(&mut self, state: &mut State) -> Result<i64, Failure> {
        let start = self.at;
        if let Some(place) = self.place(state)? {
            let rest = self.rest();
            let operator = ASSIGNMENTS
                .iter()
                .find(|op| rest.starts_with(op) && !rest.starts_with(b"=="))
                .copied();
            if let Some(operator) = operator {
                self.token = self.at;
                self.at += operator.len();
                let right = self.assignment(state)?;
                let value = match operator {
                    b"=" => right,
                    compound => {
                        let left = self.load(&place, state)?;
                        self.apply(&compound[..compound.len() - 1], left, right)?
                    }
                };
                self.store(&place, value, state)?;
                return Ok(value);
            }
        }
        self.at = start;
        self.conditional(state)
    }

    fn conditional(&mut self, state: &mut State) -> Result<i64, Failure> {
        let condition = self.binary(0, state)?;
        if !self.rest().starts_with(b"?") {
            return Ok(condition);
        }
        self.at += 1;
        let skipping = self.skipping;
        self.skipping = skipping || condition == 0;
        let yes = self.assignment(state)?;
        if !self.rest().starts_with(b":") {
            self.token = self.at;
            return Err(self.error("`:' expected for conditional expression"));
        }
        self.at += 1;
        self.skipping = skipping || condition != 0;
        self.deeper()?;
        let no = self.conditional(state)?;
        self.depth -= 1;
        self.skipping = skipping;
        Ok(if condition != 0 { yes } else { no })
    }

    fn binary(&mut self, level: usize, state: &mut State) -> Result<i64, Failure> {
        if level == BINARY.len() {
            return self.power(state);
        }
        let mut left = self.binary(level + 1, state)?;
        loop {
            let rest = self.rest();
            let Some(operator) = BINARY[level].iter().find(|op| rest.starts_with(op)).copied() else {
                return Ok(left);
            };
            // `a |= 1`, `a || b` at the level of `|`, `**` at the level of `*`.
            let next = rest.get(operator.len());
            let longer = match operator {
                b"|" | b"&" => next == Some(&operator[0]) || next == Some(&b'='),
                b"<" | b">" => next == Some(&operator[0]) || next == Some(&b'='),
                b"==" | b"!=" | b"<=" | b">=" | b"||" | b"&&" => false,
                _ => next == Some(&b'='),
            };
            if longer {
                return Ok(left);
            }
            self.token = self.at;
            self.at += operator.len();
            let skipping = self.skipping;
            match operator {
                b"||" => self.skipping |= left != 0,
                b"&&" => self.skipping |= left == 0,
                _ => {}
            }
            let right = self.binary(level + 1, state)?;
            self.skipping = skipping;
            left = self.apply(operator, left, right)?;
        }
    }

    fn power(&mut self, state: &mut State) -> Result<i64, Failure> {
        let base = self.unary(state)?;
        let rest = self.rest();
        if !rest.starts_with(b"**") || rest.starts_with(b"**=") {
            return Ok(base);
        }
        self.token = self.at;
        self.at += 2;
        self.deeper()?;
        let exponent = self.power(state)?;
        self.depth -= 1;
        if exponent < 0 {
            if self.skipping {
                return Ok(0);
            }
            return Err(self.error("exponent less than 0"));
        }
        let (mut result, mut base, mut exponent) = (1_i64, base, exponent);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result.wrapping_mul(base);
            }
            base = base.wrapping_mul(base);
            exponent >>= 1;
        }
        Ok(result)
    }

    fn unary(&mut self, state: &mut State) -> Result<i64, Failure> {
        self.deeper()?;
        let value = self.unary_inside(state);
        self.depth -= 1;
        value
    }

    fn unary_inside(&mut self, state: &mut State) -> Result<i64, Failure> {
        let rest = self.rest();
        if !rest.is_empty() {
            self.token = self.at;
        }
        if rest.starts_with(b"++") || rest.starts_with(b"--") {
            let (start, by) = (self.at, if rest[0] == b'+' { 1 } else { -1 });
            self.at += 2;
            if let Some(place) = self.place(state)? {
                let value = self.load(&place, state)?.wrapping_add(by);
                self.store(&place, value, state)?;
                return Ok(value);
            }
            self.at = start;
        }
        let value = match rest.first() {
            Some(b'+') => {
                self.at += 1;
                self.unary(state)?
            }
            Some(b'-') => {
                self.at += 1;
                self.unary(state)?.wrapping_neg()
            }
            Some(b'!') => {
                self.at += 1;
                i64::from(self.unary(state)? == 0)
            }
            Some(b'~') => {
                self.at += 1;
                !self.unary(state)?
            }
            _ => return self.postfix(state),
        };
        Ok(value)
    }

    fn postfix(&mut self, state: &mut State) -> Result<i64, Failure> {
        if let Some(place) = self.place(state)? {
            let value = self.load(&place, state)?;
            let rest = self.rest();
            if rest.starts_with(b"++") || rest.starts_with(b"--") {
                let by = if rest[0] == b'+' { 1 } else { -1 };
                self.at += 2;
                self.store(&place, value.wrapping_add(by), state)?;
            }
            return Ok(value);
        }
        let rest = self.rest();
        if !rest.is_empty() {
            self.token = self.at;
        }
        match rest.first() {
            Some(b'(') => {
                self.at += 1;
                let value = self.comma(state)?;
                if !self.rest().starts_with(b")") {
                    self.token = self.at;
                    return Err(self.error("missing `)'"));
                }
                self.at += 1;
                Ok(value)
            }
            Some(b) if b.is_ascii_digit() => self.number(),
            _ => Err(self.error("syntax error: operand expected")),
        }
    }

    fn number(&mut self) -> Result<i64, Failure> {
        let rest = self.rest();
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'#' | b'@' | b'_'))
            .count();
        let text = &rest[..length];
        self.token = self.at;
        let value = match text {
            [b'0', b'x' | b'X', digits @ ..] => digits_in(digits, 16),
            _ => match text.iter().position(|b| *b == b'#') {
                Some(at) => match digits_in(&text[..at], 10) {
                    Ok(base) if (2..=64).contains(&base) => digits_in(&text[at + 1..], base),
                    _ => Err("invalid arithmetic base"),
                },
                None if text.len() > 1 && text[0] == b'0' => digits_in(&text[1..], 8),
                None => digits_in(text, 10),
            },
        };
        match value {
            Ok(value) => {
                self.at += length;
                Ok(value)
            }
            Err(what) => Err(self.error(what)),
        }
    }

    /// A variable or an array's element, if one stands here.
    fn place(&mut self, state: &mut State) -> Result<Option<Place>, Failure> {
        let rest = self.rest();
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        if length == 0 || rest[0].is_ascii_digit() {
            return Ok(None);
        }
        self.token = self.at;
        let name = rest[..length].to_vec();
        self.at += length;
        if self.text.get(self.at) != Some(&b'[') {
            return Ok(Some(Place { name, index: None }));
        }
        let start = self.at + 1;
        let mut open = 0_usize;
        let end = self.text[start..].iter().position(|b| {
            match b {
                b'[' => open += 1,
                b']' if open == 0 => return true,
                b']' => open -= 1,
                _ => {}
            }
            false
        });
        let Some(end) = end else {
            return Err(self.error("bad array subscript"));
        };
        let text = &self.text[start..start + end];
        self.at = start + end + 1;
        let index = if matches!(state.variables.get(&name).map(|v| &v.value), Some(Value::Keyed(_))) {
            text.to_vec()
        } else {
            let mut inner = Evaluator::new(text, self.depth);
            inner.deeper()?;
            inner.skipping = self.skipping;
            inner.whole(state)?.to_string().into_bytes()
        };
        Ok(Some(Place {
            name,
            index: Some(index),
        }))
    }

    fn load(&mut self, place: &Place, state: &mut State) -> Result<i64, Failure> {
        if self.skipping {
            return Ok(0);
        }
        let value = match &place.index {
            None => state.parameter(&place.name),
            Some(index) => state.element(&place.name, index),
        };
        let Some(value) = value else {
            if state.options.nounset {
                let mut out = place.name.clone();
                out.extend_from_slice(b": unbound variable");
                return Err(out);
            }
            return Ok(0);
        };
        let text = value.trim_ascii();
        if text.is_empty() {
            return Ok(0);
        }
        let mut inner = Evaluator::new(text, self.depth);
        inner.deeper()?;
        inner.whole(state)
    }

    fn store(&mut self, place: &Place, value: i64, state: &mut State) -> Result<(), Failure> {
        if self.skipping {
            return Ok(());
        }
        let text = value.to_string().into_bytes();
        let stored = match &place.index {
            None => state.variables.set(&place.name, text),
            Some(index) => state.set_element(&place.name, index, text, false).is_ok(),
        };
        if stored {
            return Ok(());
        }
        let mut out = place.name.clone();
        out.extend_from_slice(b": readonly variable");
        Err(out)
    }

    fn apply(&mut self, operator: &[u8], left: i64, right: i64) -> Result<i64, Failure> {
        if right == 0 && matches!(operator, b"/" | b"%") {
            if self.skipping {
                return Ok(0);
            }
            self.token = self.at
                - self.text[..self.at]
                    .iter()
                    .rev()
                    .take_while(|b| !b"/%".contains(b))
                    .count();
            self.token += self.text[self.token..].iter().take_while(|b| **b == b' ').count();
            return Err(self.error("division by 0"));
        }
        Ok(match operator {
            b"||" => i64::from(left != 0 || right != 0),
            b"&&" => i64::from(left != 0 && right != 0),
            b"|" => left | right,
            b"^" => left ^ right,
            b"&" => left & right,
            b"==" => i64::from(left == right),
            b"!=" => i64::from(left != right),
            b"<=" => i64::from(left <= right),
            b">=" => i64::from(left >= right),
            b"<" => i64::from(left < right),
            b">" => i64::from(left > right),
            b"<<" => left.wrapping_shl(right as u32),
            b">>" => left.wrapping_shr(right as u32),
            b"+" => left.wrapping_add(right),
            b"-" => left.wrapping_sub(right),
            b"*" => left.wrapping_mul(right),
            b"/" => left.wrapping_div(right),
            _ => left.wrapping_rem(right),
        })
    }
}

fn digits_in(digits: &[u8], base: i64) -> Result<i64, &'static str> {
    let mut value = 0_i64;
    for byte in digits {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
            b'A'..=b'Z' => byte - b'A' + 36,
            b'@' => 62,
            b'_' => 63,
            _ => return Err("syntax error: invalid arithmetic operator"),
        };
        if i64::from(digit) >= base {
            return Err("value too great for base");
        }
        value = value.wrapping_mul(base).wrapping_add(i64::from(digit));
    }
    Ok(value)
}
