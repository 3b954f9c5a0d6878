//! `expr`: an expression of arguments.

use super::regex::{Flavour, Regex, Syntax};
use super::support::text::{lossy, quote};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io};

pub const UTILITY: Utility = Utility {
    name: "expr",
    summary: "evaluate expressions",
    usage: "EXPRESSION",
    usage_status: 2,
    start: |call| RunToEnd::boxed(call, run),
    ..COREUTILS
};

/// Expressions within one another.
const DEPTH_MAX: usize = 200;

struct Evaluator<'a> {
    words: &'a [Vec<u8>],
    at: usize,
    depth: usize,
}

type Evaluated = Result<Vec<u8>, String>;

fn run(call: &Call, io: &mut Io<'_>) -> u8 {
    let words = match call.args.get(1).map(Vec::as_slice) {
        None => return UTILITY.usage_error(call, io, "missing operand"),
        Some(b"--") => &call.args[2..],
        Some(b"--help") if call.args.len() == 2 => {
            io.print(UTILITY.help());
            return 0;
        }
        Some(_) => &call.args[1..],
    };
    let mut evaluator = Evaluator { words, at: 0, depth: 0 };
    let value = evaluator.level(0).and_then(|value| match evaluator.peek() {
        None => Ok(value),
        Some(word) => Err(format!("syntax error: unexpected argument {}", quote(word))),
    });
    match value {
        Ok(value) => {
            io.print([value.as_slice(), b"\n"].concat());
            u8::from(is_null(&value))
        }
        Err(message) => {
            super::support::complain(io, call, message.as_str());
            2
        }
    }
}

fn is_null(value: &[u8]) -> bool {
    value.is_empty() || integer(value) == Some(0)
}

fn integer(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Operators, the weakest first.
const LEVELS: [&[&[u8]]; 6] = [
    &[b"|"],
    &[b"&"],
    &[b"<", b"<=", b"=", b"==", b"!=", b">=", b">"],
    &[b"+", b"-"],
    &[b"*", b"/", b"%"],
    &[b":"],
];

impl<'a> Evaluator<'a> {
    fn peek(&self) -> Option<&'a [u8]> {
        self.words.get(self.at).map(Vec::as_slice)
    }

    fn take(&mut self) -> Result<&'a [u8], String> {
        let word = self.peek().ok_or_else(|| match self.at.checked_sub(1) {
            Some(last) => format!("syntax error: missing argument after {}", quote(&self.words[last])),
            None => "syntax error".to_owned(),
        })?;
        self.at += 1;
        Ok(word)
    }

    fn level(&mut self, level: usize) -> Evaluated {
        let Some(operators) = LEVELS.get(level) else {
            return self.primary();
        };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.peek().filter(|word| operators.contains(word)) {
            self.at += 1;
            let right = self.level(level + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Evaluated {
        let word = self.take()?;
        match word {
            b"(" => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err("essaim: too deeply nested".to_owned());
                }
                let value = self.level(0)?;
                self.depth -= 1;
                match self.peek() {
                    Some(b")") => {
                        self.at += 1;
                        Ok(value)
                    }
                    Some(word) => Err(format!("syntax error: expecting ')' instead of {}", quote(word))),
                    None => Err(format!(
                        "syntax error: expecting ')' after {}",
                        quote(&self.words[self.at - 1])
                    )),
                }
            }
            b")" => Err("syntax error: unexpected ')'".to_owned()),
            b"+" => self.take().map(<[u8]>::to_vec),
            b"length" => {
                let text = self.primary()?;
                Ok(lossy(&text).chars().count().to_string().into_bytes())
            }
            b"match" => {
                let text = self.primary()?;
                let pattern = self.primary()?;
                matched(&text, &pattern)
            }
            b"index" => {
                let text = lossy(&self.primary()?);
                let set = lossy(&self.primary()?);
                let found = text.chars().position(|c| set.contains(c)).map_or(0, |at| at + 1);
                Ok(found.to_string().into_bytes())
            }
            b"substr" => {
                let text = lossy(&self.primary()?);
                let from = integer(&self.primary()?).unwrap_or(0);
                let length = integer(&self.primary()?).unwrap_or(0);
                let (Ok(from), Ok(length)) = (usize::try_from(from - 1), usize::try_from(length)) else {
                    return Ok(Vec::new());
                };
                let part: String = text.chars().skip(from).take(length).collect();
                Ok(part.into_bytes())
            }
            word => Ok(word.to_vec()),
        }
    }
}

fn apply(operator: &[u8], left: Vec<u8>, right: Vec<u8>) -> Evaluated {
    let truth = |value: bool| Ok(vec![if value { b'1' } else { b'0' }]);
    match operator {
        b"|" => Ok(if !is_null(&left) {
            left
        } else if is_null(&right) {
            b"0".to_vec()
        } else {
            right
        }),
        b"&" => Ok(if is_null(&left) || is_null(&right) {
            b"0".to_vec()
        } else {
            left
        }),
        b":" => matched(&left, &right),
        b"+" | b"-" | b"*" | b"/" | b"%" => {
            let (Some(a), Some(b)) = (integer(&left), integer(&right)) else {
                return Err("non-integer argument".to_owned());
            };
            if b == 0 && matches!(operator, b"/" | b"%") {
                return Err("division by zero".to_owned());
            }
            let value = match operator {
                b"+" => a.checked_add(b),
                b"-" => a.checked_sub(b),
                b"*" => a.checked_mul(b),
                b"/" => a.checked_div(b),
                _ => a.checked_rem(b),
            };
            match value {
                Some(value) => Ok(value.to_string().into_bytes()),
                None => Err("essaim: the result is too large".to_owned()),
            }
        }
        comparison => {
            let order = match (integer(&left), integer(&right)) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => left.cmp(&right),
            };
            truth(match comparison {
                b"<" => order.is_lt(),
                b"<=" => order.is_le(),
                b"=" | b"==" => order.is_eq(),
                b"!=" => order.is_ne(),
                b">=" => order.is_ge(),
                _ => order.is_gt(),
            })
        }
    }
}

/// `text : pattern`, anchored at the start: the first group, or how many characters match.
fn matched(text: &[u8], pattern: &[u8]) -> Evaluated {
    let syntax = Syntax {
        flavour: Flavour::Basic,
        ..Syntax::default()
    };
    let regex = Regex::new(pattern, syntax)?;
    let groups = regex
        .captures(text, 0)
        .filter(|groups| matches!(groups[0], Some((0, _))));
    Ok(match (groups, regex.groups()) {
        (Some(groups), 1..) => groups[1].map_or_else(Vec::new, |(a, b)| text[a..b].to_vec()),
        (None, 1..) => Vec::new(),
        (Some(groups), _) => {
            let end = groups[0].map_or(0, |(_, end)| end);
            lossy(&text[..end]).chars().count().to_string().into_bytes()
        }
        (None, _) => b"0".to_vec(),
    })
}
