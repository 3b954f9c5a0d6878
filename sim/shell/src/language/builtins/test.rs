//! `test`, `[` and the primaries of `[[`.

use super::{After, parse_number};
use crate::language::arithmetic;
use crate::language::pattern::Pattern;
use crate::language::regex;
use crate::language::run::Shell;
use crate::language::state::State;
use crate::language::syntax::ast::TestStep;
use essaim_kernel::Io;

/// One primary of `[[`, its words expanded. The error is bash's message.
pub fn extended(step: &TestStep, words: &[Vec<u8>], state: &mut State, io: &Io<'_>) -> Result<bool, Vec<u8>> {
    let word = |at: usize| words.get(at).map(Vec::as_slice).unwrap_or_default();
    match step {
        TestStep::NotEmpty(_) => Ok(!word(0).is_empty()),
        TestStep::Unary(letter, _) => unary(*letter, word(0), Some(state), io).ok_or_else(|| {
            let mut out = b"-".to_vec();
            out.push(*letter);
            out.extend_from_slice(b": unary operator expected");
            out
        }),
        TestStep::Binary(operator, _, _) => {
            let (left, right) = (word(0), word(1));
            match operator.as_slice() {
                b"=" | b"==" => Ok(matches_pattern(left, right, state)),
                b"!=" => Ok(!matches_pattern(left, right, state)),
                b"<" => Ok(left < right),
                b">" => Ok(left > right),
                b"=~" => match_regex(left, right, state),
                b"-nt" | b"-ot" | b"-ef" => Ok(compare_files(operator, left, right, io)),
                operator => {
                    let left = arithmetic::evaluate(left, state)?;
                    let right = arithmetic::evaluate(right, state)?;
                    Ok(compare_numbers(operator, left, right))
                }
            }
        }
        TestStep::Not | TestStep::SkipIfFalse(_) | TestStep::SkipIfTrue(_) => Ok(false),
    }
}

fn matches_pattern(text: &[u8], pattern: &[u8], state: &State) -> bool {
    if state.options.nocasematch {
        return Pattern::new(&pattern.to_ascii_lowercase()).matches(&text.to_ascii_lowercase());
    }
    Pattern::new(pattern).matches(text)
}

fn match_regex(text: &[u8], pattern: &[u8], state: &mut State) -> Result<bool, Vec<u8>> {
    use crate::language::variables::{Value, Variable};
    let Some(compiled) = regex::Regex::new(pattern) else {
        // bash says nothing of it.
        return Err(Vec::new());
    };
    let groups = compiled.find(text);
    let matched = groups.is_some();
    let mut map = std::collections::BTreeMap::new();
    for (at, group) in groups.into_iter().flatten().enumerate() {
        let piece = group.map(|(from, to)| text[from..to].to_vec()).unwrap_or_default();
        map.insert(at as i64, piece);
    }
    state
        .variables
        .restore(b"BASH_REMATCH", Some(Variable::new(Value::Indexed(map))));
    Ok(matched)
}

fn compare_numbers(operator: &[u8], left: i64, right: i64) -> bool {
    match operator {
        b"-eq" => left == right,
        b"-ne" => left != right,
        b"-lt" => left < right,
        b"-le" => left <= right,
        b"-gt" => left > right,
        _ => left >= right,
    }
}

fn compare_files(operator: &[u8], left: &[u8], right: &[u8], io: &Io<'_>) -> bool {
    let metadata = |name: &[u8]| io.files_ref().metadata(&io.path(name)).ok();
    match (operator, metadata(left), metadata(right)) {
        (b"-ef", Some(a), Some(b)) => a.ino == b.ino,
        (b"-nt", Some(a), Some(b)) => a.mtime > b.mtime,
        (b"-nt", Some(_), None) | (b"-ot", None, Some(_)) => true,
        (b"-ot", Some(a), Some(b)) => a.mtime < b.mtime,
        _ => false,
    }
}

/// A unary primary; `None`: there is none of that letter.
/// The number of `/dev/fd/N`.
fn descriptor(word: &[u8]) -> Option<u32> {
    std::str::from_utf8(word.strip_prefix(b"/dev/fd/")?).ok()?.parse().ok()
}

fn unary(letter: u8, word: &[u8], state: Option<&State>, io: &Io<'_>) -> Option<bool> {
    let path = io.path(word);
    let files = io.files_ref();
    let metadata = || {
        if word.is_empty() {
            None
        } else {
            files.metadata(&path).ok()
        }
    };
    let device = matches!(
        word,
        b"/dev/null" | b"/dev/tty" | b"/dev/stdin" | b"/dev/stdout" | b"/dev/stderr"
    ) || descriptor(word).is_some_and(|fd| io.is_open(fd));
    Some(match letter {
        b'z' => word.is_empty(),
        b'n' => !word.is_empty(),
        b'e' | b'a' => device || metadata().is_some(),
        b'f' => metadata().is_some_and(|m| m.is_file()),
        b'd' => metadata().is_some_and(|m| m.is_dir()),
        b'h' | b'L' => !word.is_empty() && files.symlink_metadata(&path).is_ok_and(|m| m.is_symlink()),
        b's' => metadata().is_some_and(|m| m.size > 0),
        b'r' => device || metadata().is_some_and(|m| m.mode & 0o400 != 0),
        b'w' => device || metadata().is_some_and(|m| m.mode & 0o200 != 0),
        b'x' => metadata().is_some_and(|m| m.mode & 0o100 != 0),
        b'O' | b'G' => metadata().is_some(),
        b'c' => device,
        b'b' | b'p' | b'S' => false,
        b'u' => metadata().is_some_and(|m| m.mode & 0o4000 != 0),
        b'g' => metadata().is_some_and(|m| m.mode & 0o2000 != 0),
        b'k' => metadata().is_some_and(|m| m.mode & 0o1000 != 0),
        b't' => parse_number(word)
            .and_then(|n| u32::try_from(n).ok())
            .is_some_and(|fd| io.is_terminal(fd)),
        b'v' => state.is_some_and(|s| match word.iter().position(|b| *b == b'[') {
            Some(at) if word.ends_with(b"]") => match &word[at + 1..word.len() - 1] {
                b"@" | b"*" => !s.elements(&word[..at]).is_empty(),
                index => s.element(&word[..at], index).is_some(),
            },
            _ => s.parameter(word).is_some(),
        }),
        b'o' => state.is_some_and(|s| s.option_by_name(word) == Some(true)),
        b'N' => metadata().is_some(),
        _ => return None,
    })
}

struct Evaluator<'a, 'b> {
    words: &'a [Vec<u8>],
    at: usize,
    depth: usize,
    io: &'a Io<'b>,
    state: Option<&'a State>,
}

const BINARY: [&[u8]; 14] = [
    b"=", b"==", b"!=", b"<", b">", b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge", b"-nt", b"-ot", b"-ef",
];

/// `test` on these words (without its name and `]`). The error is bash's message.
pub fn evaluate(words: &[Vec<u8>], state: Option<&State>, io: &Io<'_>) -> Result<bool, Vec<u8>> {
    let mut evaluator = Evaluator {
        words,
        at: 0,
        depth: 0,
        io,
        state,
    };
    if let Some(result) = evaluator.by_count(words) {
        return result;
    }
    let value = evaluator.or()?;
    if evaluator.at < words.len() {
        return Err(b"too many arguments".to_vec());
    }
    Ok(value)
}

impl Evaluator<'_, '_> {
    /// POSIX fixes the meaning by the number of words, up to four.
    fn by_count(&mut self, words: &[Vec<u8>]) -> Option<Result<bool, Vec<u8>>> {
        let not = |result: Option<Result<bool, Vec<u8>>>| result.map(|r| r.map(|v| !v));
        match words {
            [] => Some(Ok(false)),
            [one] => Some(Ok(!one.is_empty())),
            [bang, one] if bang == b"!" => Some(Ok(one.is_empty())),
            [operator, word] => match operator.as_slice() {
                [b'-', letter] => Some(
                    unary(*letter, word, self.state, self.io)
                        .ok_or_else(|| [operator, b": unary operator expected".as_slice()].concat()),
                ),
                _ => Some(Err([operator, b": unary operator expected".as_slice()].concat())),
            },
            [left, operator, right] if BINARY.contains(&operator.as_slice()) => {
                Some(self.binary(left, operator, right))
            }
            [left, operator, right] if operator == b"-a" => Some(Ok(!left.is_empty() && !right.is_empty())),
            [left, operator, right] if operator == b"-o" => Some(Ok(!left.is_empty() || !right.is_empty())),
            [bang, rest @ ..] if bang == b"!" && rest.len() < 4 => not(self.by_count(rest)),
            [open, one, close] if open == b"(" && close == b")" => Some(Ok(!one.is_empty())),
            [_, operator, _] => Some(Err([operator, b": binary operator expected".as_slice()].concat())),
            [open, inside @ .., close] if words.len() == 4 && open == b"(" && close == b")" => self.by_count(inside),
            _ => None,
        }
    }

    fn binary(&self, left: &[u8], operator: &[u8], right: &[u8]) -> Result<bool, Vec<u8>> {
        match operator {
            b"=" | b"==" => Ok(left == right),
            b"!=" => Ok(left != right),
            b"<" => Ok(left < right),
            b">" => Ok(left > right),
            b"-nt" | b"-ot" | b"-ef" => Ok(compare_files(operator, left, right, self.io)),
            operator => {
                let number = |word: &[u8]| {
                    parse_number(word).ok_or([word, b": integer expression expected".as_slice()].concat())
                };
                Ok(compare_numbers(operator, number(left)?, number(right)?))
            }
        }
    }

    fn peek(&self) -> Option<&[u8]> {
        self.words.get(self.at).map(Vec::as_slice)
    }

    fn or(&mut self) -> Result<bool, Vec<u8>> {
        let mut value = self.and()?;
        while self.peek() == Some(b"-o") {
            self.at += 1;
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, Vec<u8>> {
        let mut value = self.not()?;
        while self.peek() == Some(b"-a") {
            self.at += 1;
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<bool, Vec<u8>> {
        let mut negate = false;
        while self.peek() == Some(b"!") && self.at + 1 < self.words.len() {
            self.at += 1;
            negate = !negate;
        }
        Ok(self.primary()? != negate)
    }

    fn primary(&mut self) -> Result<bool, Vec<u8>> {
        let Some(word) = self.words.get(self.at).cloned() else {
            return Err(b"argument expected".to_vec());
        };
        let next = self.words.get(self.at + 1).cloned();
        if let (Some(operator), Some(right)) = (&next, self.words.get(self.at + 2).cloned())
            && BINARY.contains(&operator.as_slice())
        {
            self.at += 3;
            return self.binary(&word, operator, &right);
        }
        if word == b"(" {
            self.depth += 1;
            if self.depth > 64 {
                return Err(b"too many arguments".to_vec());
            }
            self.at += 1;
            let value = self.or()?;
            if self.peek() != Some(b")") {
                return Err(b"`)' expected".to_vec());
            }
            self.at += 1;
            self.depth -= 1;
            return Ok(value);
        }
        if let ([b'-', letter], Some(operand)) = (word.as_slice(), &next)
            && let Some(value) = unary(*letter, operand, self.state, self.io)
        {
            self.at += 2;
            return Ok(value);
        }
        self.at += 1;
        Ok(!word.is_empty())
    }
}

pub fn builtin(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let name = String::from_utf8_lossy(&args[0]).into_owned();
    let mut words = &args[1..];
    if name == "[" {
        match words.split_last() {
            Some((last, rest)) if last == b"]" => words = rest,
            _ => {
                shell.complain(io, "[", "missing `]'");
                return After::Status(2);
            }
        }
    }
    match evaluate(words, Some(&shell.state), io) {
        Ok(value) => After::Status(u8::from(!value)),
        Err(message) => {
            shell.complain(io, &name, message);
            After::Status(2)
        }
    }
}
