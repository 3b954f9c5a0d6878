//! From text to tokens, one at a time: whether `/` divides or begins an expression only the parser knows.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    End,
    Newline,
    Number(f64),
    Text(Vec<u8>),
    /// A name; `call`: a parenthesis follows at once.
    Name {
        name: Vec<u8>,
        call: bool,
    },
    /// A reserved word or an operator.
    Sign(&'static str),
    /// A function of the language.
    Function(&'static str),
}

const WORDS: &[&str] = &[
    "BEGIN", "END", "break", "continue", "delete", "do", "else", "exit", "for", "function", "getline", "if", "in",
    "next", "nextfile", "print", "printf", "return", "while",
];

/// Functions, and how many arguments they take (least, most).
pub const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("atan2", 2, 2),
    ("close", 1, 1),
    ("cos", 1, 1),
    ("exp", 1, 1),
    ("fflush", 0, 1),
    ("gsub", 2, 3),
    ("index", 2, 2),
    ("int", 1, 1),
    ("length", 0, 1),
    ("log", 1, 1),
    ("match", 2, 2),
    ("mktime", 1, 1),
    ("rand", 0, 0),
    ("sin", 1, 1),
    ("split", 2, 3),
    ("sprintf", 1, 255),
    ("sqrt", 1, 1),
    ("srand", 0, 1),
    ("strftime", 0, 3),
    ("sub", 2, 3),
    ("substr", 2, 3),
    ("system", 1, 1),
    ("systime", 0, 0),
    ("tolower", 1, 1),
    ("toupper", 1, 1),
];

const SIGNS: &[&str] = &[
    "**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "==", "<=", ">=", "!=", "!~", ">>", "{",
    "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?", ":", "~", "$", "=",
];

/// The text and where it is read.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub line: usize,
}

impl Lexer<'_> {
    fn skip(&mut self) {
        loop {
            match &self.text[self.at..] {
                [b' ' | b'\t' | b'\r', ..] => self.at += 1,
                [b'\\', b'\n', ..] => {
                    self.at += 2;
                    self.line += 1;
                }
                [b'#', rest @ ..] => self.at += 1 + rest.iter().take_while(|b| **b != b'\n').count(),
                _ => return,
            }
        }
    }

    /// The next token. The error is mawk's message, without its place.
    pub fn next(&mut self) -> Result<Token, String> {
        self.skip();
        let rest = &self.text[self.at..];
        let Some(first) = rest.first() else {
            return Ok(Token::End);
        };
        if *first == b'\n' {
            self.at += 1;
            self.line += 1;
            return Ok(Token::Newline);
        }
        if first.is_ascii_alphabetic() || *first == b'_' {
            let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
            let name = &rest[..rest.iter().take_while(word).count()];
            self.at += name.len();
            let text = std::str::from_utf8(name).unwrap_or_default();
            let name = if text == "func" { "function" } else { text };
            if let Some(word) = WORDS.iter().find(|w| **w == name) {
                return Ok(Token::Sign(word));
            }
            if let Some((function, _, _)) = FUNCTIONS.iter().find(|(f, _, _)| *f == name) {
                return Ok(Token::Function(function));
            }
            return Ok(Token::Name {
                name: name.into(),
                call: self.text.get(self.at) == Some(&b'('),
            });
        }
        if first.is_ascii_digit() || (*first == b'.' && rest.get(1).is_some_and(u8::is_ascii_digit)) {
            let (number, length) = super::value::number_at(rest);
            self.at += length;
            return Ok(Token::Number(number));
        }
        if *first == b'"' {
            return self.string();
        }
        match SIGNS.iter().find(|sign| rest.starts_with(sign.as_bytes())) {
            Some(sign) => {
                self.at += sign.len();
                Ok(Token::Sign(match *sign {
                    "**" => "^",
                    "**=" => "^=",
                    sign => sign,
                }))
            }
            None => Err(format!("unexpected character '{}'", char::from(*first))),
        }
    }

    fn string(&mut self) -> Result<Token, String> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                None | Some(b'\n') => {
                    let shown = String::from_utf8_lossy(&self.text[start..at.min(start + 10)]).into_owned();
                    return Err(format!("runaway string constant \"{shown} ..."));
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(Token::Text(unescape(&self.text[start..at])))
    }

    /// What follows a `/` that begins an expression, up to the closing one.
    pub fn regex(&mut self) -> Result<Vec<u8>, String> {
        let start = self.at;
        let mut in_set = false;
        loop {
            match self.text.get(self.at) {
                Some(b'/') if !in_set => break,
                Some(b'\\') => self.at += 1,
                Some(b'[') if !in_set => {
                    in_set = true;
                    // `[]…]` and `[^]…]`
                    self.at += usize::from(self.text.get(self.at + 1) == Some(&b'^'));
                    self.at += usize::from(self.text.get(self.at + 1) == Some(&b']'));
                }
                Some(b'[') if self.text.get(self.at + 1) == Some(&b':') => {
                    let rest = &self.text[self.at..];
                    self.at += rest.windows(2).position(|w| w == b":]").map_or(0, |length| length + 1);
                }
                Some(b']') => in_set = false,
                None | Some(b'\n') => {
                    let end = self.at.min(self.text.len()).min(start + 10);
                    let shown = String::from_utf8_lossy(&self.text[start..end]).into_owned();
                    return Err(format!("runaway regular expression /{shown} ..."));
                }
                Some(_) => {}
            }
            self.at += 1;
        }
        let pattern = self.text[start..self.at].to_vec();
        self.at += 1;
        Ok(pattern)
    }
}

/// The escapes of a string.
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(next) = text.get(at).copied() else {
            out.push(b'\\');
            break;
        };
        at += 1;
        match next {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'"' | b'/' | b'\\' => out.push(next),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(next - b'0');
                while let Some(digit @ b'0'..=b'7') = text.get(at).copied()
                    && code < 32
                {
                    code = code * 8 + u32::from(digit - b'0');
                    at += 1;
                }
                out.push(code as u8);
            }
            other => out.extend([b'\\', other]),
        }
    }
    out
}

/// An awk expression in the words of a POSIX one: there a backslash in brackets is a character.
pub fn posix(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut at = 0;
    while let Some(byte) = pattern.get(at).copied() {
        match (byte, pattern.get(at + 1)) {
            (b'\\', Some(next)) => {
                match unescape(&pattern[at..at + 2]).as_slice() {
                    [single] if !matches!(next, b'\\' | b'b' | b'0'..=b'7') => out.push(*single),
                    _ => out.extend([byte, *next]),
                }
                at += 2;
            }
            (b'[', _) => at = set(pattern, at, &mut out),
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// A bracket expression: what was escaped goes where it has no other meaning.
fn set(pattern: &[u8], start: usize, out: &mut Vec<u8>) -> usize {
    let mut at = start + 1;
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let (mut first, mut inside, mut last) = (Vec::new(), Vec::new(), Vec::new());
    if pattern.get(at) == Some(&b']') {
        first.push(b']');
        at += 1;
    }
    loop {
        match &pattern[at.min(pattern.len())..] {
            [] => {
                out.extend_from_slice(&pattern[start..]);
                return pattern.len();
            }
            [b']', ..] => break,
            [b'\\', b']', ..] => {
                first.push(b']');
                at += 2;
            }
            [b'\\', b'-', ..] => {
                last.push(b'-');
                at += 2;
            }
            [b'\\', b'^', ..] => {
                last.insert(0, b'^');
                at += 2;
            }
            [b'\\', next, ..] => {
                match unescape(&[b'\\', *next]).as_slice() {
                    [single] => inside.push(*single),
                    _ => inside.push(*next),
                }
                at += 2;
            }
            [b'[', b':', rest @ ..] if rest.windows(2).any(|w| w == b":]") => {
                let length = rest.windows(2).position(|w| w == b":]").unwrap_or(0) + 4;
                inside.extend_from_slice(&pattern[at..at + length]);
                at += length;
            }
            [byte, ..] => {
                inside.push(*byte);
                at += 1;
            }
        }
    }
    out.push(b'[');
    out.extend(negated.then_some(b'^'));
    first.dedup();
    out.extend(first);
    if inside.first() == Some(&b'^') && !negated && out.last() == Some(&b'[') {
        inside.rotate_left(1);
    }
    out.extend(inside);
    last.dedup();
    out.extend(last);
    out.push(b']');
    at + 1
}
