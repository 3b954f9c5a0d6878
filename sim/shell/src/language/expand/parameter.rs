//! `$name` and `${name…}`.

use super::Next;
use super::fields::Text;
use crate::language::arithmetic;
use crate::language::pattern::{Pattern, char_count, char_offset, first_char};
use crate::language::quote::shell_quote;
use crate::language::state::State;
use crate::language::syntax::ast::{Index, Operation, Parameter, Replace, Word, is_name};
use crate::language::variables::Value;
use essaim_kernel::Files;

/// The subscript that has to be expanded first.
pub fn index_word(parameter: &Parameter) -> Option<&Word> {
    match &parameter.index {
        Some(Index::At(word)) => Some(word),
        _ => None,
    }
}

/// What a subscript's text stands for: a key, or a number.
pub fn index_value(parameter: &Parameter, text: Vec<u8>, state: &mut State) -> Result<Vec<u8>, Vec<u8>> {
    if matches!(
        state.variables.get(&parameter.name).map(|v| &v.value),
        Some(Value::Keyed(_))
    ) {
        return Ok(text);
    }
    arithmetic::evaluate(&text, state).map(|n| n.to_string().into_bytes())
}

/// What a parameter is worth: one text, a list, or nothing.
enum Worth {
    Nothing,
    One(Vec<u8>),
    /// (elements, whether `*` joins them)
    Many(Vec<Vec<u8>>, bool),
}

impl Worth {
    fn is_set(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::One(_) => true,
            Self::Many(values, _) => !values.is_empty(),
        }
    }

    fn is_null(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::One(text) => text.is_empty(),
            Self::Many(values, _) => values.iter().all(Vec::is_empty) && values.len() < 2,
        }
    }

    fn map(self, change: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::One(text) => Self::One(change(&text)),
            Self::Many(values, joined) => Self::Many(values.iter().map(|v| change(v)).collect(), joined),
        }
    }
}

fn worth(name: &[u8], parameter: &Parameter, index: Option<&[u8]>, state: &State) -> Worth {
    let one = |value: Option<Vec<u8>>| value.map_or(Worth::Nothing, Worth::One);
    match (name, &parameter.index) {
        (b"@", _) => Worth::Many(state.positional.to_vec(), false),
        (b"*", _) => Worth::Many(state.positional.to_vec(), true),
        (name, Some(Index::All)) => Worth::Many(state.elements(name), false),
        (name, Some(Index::Joined)) => Worth::Many(state.elements(name), true),
        (name, Some(Index::At(_))) => one(state.element(name, index.unwrap_or(b"0"))),
        (b"PIPESTATUS" | b"FUNCNAME", None) => one(state.element(name, b"0")),
        (name, None) => one(state.parameter(name)),
    }
}

fn emit(worth: Worth, quoted: bool, state: &State, out: &mut Text) {
    match worth {
        Worth::Nothing => out.push_value(b"", quoted),
        Worth::One(text) => out.push_value(&text, quoted),
        Worth::Many(values, true) if quoted => {
            let separator = match state.variables.scalar(b"IFS") {
                Some(ifs) => ifs.get(..first_char(ifs).1).unwrap_or_default().to_vec(),
                None => b" ".to_vec(),
            };
            out.push_quoted(&values.join(separator.as_slice()));
        }
        Worth::Many(values, _) => out.push_values(&values, quoted),
    }
}

fn unbound(parameter: &Parameter, index: Option<&[u8]>) -> Next {
    let mut message = Vec::new();
    if !is_name(&parameter.name) {
        message.push(b'$');
    }
    message.extend_from_slice(&parameter.name);
    if let Some(index) = index {
        message.extend_from_slice(&[b"[", index, b"]"].concat());
    }
    message.extend_from_slice(b": unbound variable");
    Next::Failed(message, 127)
}

/// Does what can be done with the operands at hand, or asks for the next.
pub fn next(
    parameter: &Parameter,
    index: Option<&[u8]>,
    collected: &[Text],
    state: &mut State,
    _files: &Files,
    out: &mut Text,
) -> Next {
    if let (Some(word), None) = (index_word(parameter), index) {
        return Next::Operand(word.clone());
    }
    if parameter.name == b"RANDOM" {
        state.random_used = true;
    }
    let quoted = parameter.quoted;
    let mut name = parameter.name.clone();
    if parameter.indirect {
        match indirect(parameter, state, out) {
            Ok(target) => name = target,
            Err(next) => return next,
        }
    }
    let value = worth(&name, parameter, index, state);
    match &parameter.operation {
        Operation::Bad(text) => return Next::Failed([&text[..], b": bad substitution"].concat(), 1),
        Operation::Default { null_too, word } => {
            if !value.is_set() || (*null_too && value.is_null()) {
                return Next::Splice(word.clone());
            }
        }
        Operation::Alternate { null_too, word } => {
            if value.is_set() && !(*null_too && value.is_null()) {
                return Next::Splice(word.clone());
            }
            if !matches!(value, Worth::Many(..)) {
                out.push_value(b"", quoted);
            }
            return Next::Emit;
        }
        Operation::Assign { null_too, word } => {
            if !value.is_set() || (*null_too && value.is_null()) {
                return assign_default(&name, parameter, index, word, collected, state, out);
            }
        }
        Operation::Error { null_too, word } => {
            if !value.is_set() || (*null_too && value.is_null()) {
                let Some(text) = collected.first() else {
                    return Next::Operand(word.clone());
                };
                let message = unset_message(&name, text.plain(), *null_too);
                return Next::Failed(message, 127);
            }
        }
        operation => {
            let exempt = matches!(value, Worth::Many(..)) && !matches!(parameter.index, Some(Index::At(_)));
            if state.options.nounset && !value.is_set() && !exempt {
                return unbound(parameter, index);
            }
            return transform(operation, value, parameter, collected, state, out);
        }
    }
    emit(value, quoted, state, out);
    Next::Emit
}

/// bash's words for `${name?text}`.
fn unset_message(name: &[u8], text: Vec<u8>, null_too: bool) -> Vec<u8> {
    let text = match (text.is_empty(), null_too) {
        (false, _) => text,
        (true, true) => b"parameter null or not set".to_vec(),
        (true, false) => b"parameter not set".to_vec(),
    };
    [name, b": ", &text].concat()
}

/// What `${!name}` leads to: another name, or (`Err`) what it gives at once.
fn indirect(parameter: &Parameter, state: &mut State, out: &mut Text) -> Result<Vec<u8>, Next> {
    let (name, quoted) = (&parameter.name, parameter.quoted);
    if matches!(parameter.operation, Operation::Names) {
        let names = state.variables.iter().map(|(name, _)| name);
        let names: Vec<Vec<u8>> = names.filter(|n| n.starts_with(name)).cloned().collect();
        emit(Worth::Many(names, false), quoted, state, out);
        return Err(Next::Emit);
    }
    if let Some(Index::All | Index::Joined) = parameter.index {
        let joined = matches!(parameter.index, Some(Index::Joined));
        emit(Worth::Many(state.keys(name), joined), quoted, state, out);
        return Err(Next::Emit);
    }
    let Some(target) = state.parameter(name) else {
        return Err(Next::Failed([&name[..], b": invalid indirect expansion"].concat(), 1));
    };
    match target
        .iter()
        .position(|b| *b == b'[')
        .filter(|_| target.ends_with(b"]"))
    {
        Some(at) => Err(indirect_element(
            &target[..at],
            &target[at + 1..target.len() - 1],
            quoted,
            state,
            out,
        )),
        None => Ok(target),
    }
}

/// `${!r}` where `r` names an element, or all of them.
fn indirect_element(name: &[u8], index: &[u8], quoted: bool, state: &mut State, out: &mut Text) -> Next {
    if matches!(index, b"@" | b"*") {
        emit(Worth::Many(state.elements(name), index == b"*"), quoted, state, out);
        return Next::Emit;
    }
    let keyed = matches!(state.variables.get(name).map(|v| &v.value), Some(Value::Keyed(_)));
    let index = if keyed {
        index.to_vec()
    } else {
        match arithmetic::evaluate(index, state) {
            Ok(n) => n.to_string().into_bytes(),
            Err(message) => return Next::Failed(message, 1),
        }
    };
    let value = state.element(name, &index).map_or(Worth::Nothing, Worth::One);
    emit(value, quoted, state, out);
    Next::Emit
}

fn assign_default(
    name: &[u8],
    parameter: &Parameter,
    index: Option<&[u8]>,
    word: &Word,
    collected: &[Text],
    state: &mut State,
    out: &mut Text,
) -> Next {
    if !is_name(name) {
        return Next::Failed([b"$", name, b": cannot assign in this way"].concat(), 1);
    }
    let Some(text) = collected.first() else {
        return Next::Operand(word.clone());
    };
    let text = text.plain();
    let stored = match index {
        Some(index) => state.set_element(name, index, text.clone(), false),
        None => state.assign(name, text.clone()),
    };
    match stored {
        Ok(()) => {
            out.push_value(&text, parameter.quoted);
            Next::Emit
        }
        Err(message) => Next::Failed(message, 1),
    }
}

/// The operations that change a value.
fn transform(
    operation: &Operation,
    value: Worth,
    parameter: &Parameter,
    collected: &[Text],
    state: &mut State,
    out: &mut Text,
) -> Next {
    let quoted = parameter.quoted;
    let pattern_of = |at: usize| collected.get(at).map(|text| Pattern::new(&text.pattern()));
    let changed = match operation {
        Operation::Length => {
            let length = match value {
                Worth::Nothing => 0,
                Worth::One(text) => char_count(&text),
                Worth::Many(values, _) => values.len(),
            };
            out.push_value(length.to_string().as_bytes(), quoted);
            return Next::Emit;
        }
        Operation::RemovePrefix { longest, pattern } => match pattern_of(0) {
            None => return Next::Operand(pattern.clone()),
            Some(compiled) => value.map(|text| remove_prefix(text, &compiled, *longest)),
        },
        Operation::RemoveSuffix { longest, pattern } => match pattern_of(0) {
            None => return Next::Operand(pattern.clone()),
            Some(compiled) => value.map(|text| remove_suffix(text, &compiled, *longest)),
        },
        Operation::Replace { how, pattern, with } => match (pattern_of(0), collected.get(1)) {
            (None, _) => return Next::Operand(pattern.clone()),
            (_, None) => return Next::Operand(with.clone()),
            (Some(compiled), Some(with)) => {
                let with = with.clone();
                value.map(|text| replace(text, &compiled, &with, *how))
            }
        },
        Operation::Substring { offset, length } => {
            let Some(from) = collected.first() else {
                return Next::Operand(offset.clone());
            };
            if let (Some(length), 1) = (length, collected.len()) {
                return Next::Operand(length.clone());
            }
            let from = match arithmetic::evaluate(&from.plain(), state) {
                Ok(from) => from,
                Err(message) => return Next::Failed(message, 1),
            };
            let length = collected.get(1).map(|text| arithmetic::evaluate(&text.plain(), state));
            let length = match length.transpose() {
                Ok(length) => length,
                Err(message) => return Next::Failed(message, 1),
            };
            match substring(value, from, length, parameter, state) {
                Ok(value) => value,
                Err(message) => return Next::Failed(message, 1),
            }
        }
        Operation::Case { upper, all } => value.map(|text| change_case(text, *upper, *all)),
        Operation::Transform(how) => at_transform(*how, value, parameter, state),
        _ => value,
    };
    emit(changed, quoted, state, out);
    Next::Emit
}

/// `${v@Q}` and its like.
fn at_transform(how: u8, value: Worth, parameter: &Parameter, state: &State) -> Worth {
    let flags = state
        .variables
        .get(&parameter.name)
        .map(|v| v.flags())
        .unwrap_or_default();
    let declare = if flags.is_empty() {
        Vec::new()
    } else {
        [b"declare -", flags.as_slice(), b" "].concat()
    };
    if how == b'a' {
        return Worth::One(flags);
    }
    value.map(|text| match how {
        b'A' => [&declare, &parameter.name, b"=".as_slice(), &shell_quote(text)].concat(),
        b'Q' => shell_quote(text),
        b'U' => change_case(text, true, true),
        b'u' => change_case(text, true, false),
        b'L' => change_case(text, false, true),
        _ => {
            use crate::language::escapes::{Style, unescape};
            unescape(text, Style::DollarQuote).bytes
        }
    })
}

/// Ends of characters in `text`, with 0.
fn boundaries(text: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    let mut at = 0;
    while at < text.len() {
        at += first_char(&text[at..]).1;
        ends.push(at);
    }
    ends
}

fn remove_prefix(text: &[u8], pattern: &Pattern, longest: bool) -> Vec<u8> {
    let mut ends = boundaries(text);
    if longest {
        ends.reverse();
    }
    match ends.iter().find(|end| pattern.matches(&text[..**end])) {
        Some(end) => text[*end..].to_vec(),
        None => text.to_vec(),
    }
}

fn remove_suffix(text: &[u8], pattern: &Pattern, longest: bool) -> Vec<u8> {
    let mut starts = boundaries(text);
    if !longest {
        starts.reverse();
    }
    match starts.iter().find(|start| pattern.matches(&text[**start..])) {
        Some(start) => text[..*start].to_vec(),
        None => text.to_vec(),
    }
}

fn replace(text: &[u8], pattern: &Pattern, with: &Text, how: Replace) -> Vec<u8> {
    let ends = boundaries(text);
    let mut out = Vec::new();
    let with = with.plain();
    let (mut at, mut done) = (0, false);
    while at < ends.len() {
        let start = ends[at];
        let found = if done || (how == Replace::Prefix && at > 0) {
            None
        } else {
            let mut candidates = ends[at..].iter().rev();
            candidates.find(|end| {
                (how != Replace::Suffix || **end == text.len())
                    && (**end > start || how == Replace::Prefix || how == Replace::Suffix || text.is_empty())
                    && pattern.matches(&text[start..**end])
            })
        };
        match found {
            Some(end) => {
                out.extend_from_slice(&with);
                done = how != Replace::All;
                if *end == start {
                    if start < text.len() {
                        out.extend_from_slice(&text[start..ends[at + 1]]);
                    }
                    at += 1;
                } else {
                    at = ends.iter().position(|e| e == end).unwrap_or(ends.len());
                }
                if *end == text.len() {
                    return out;
                }
            }
            None => {
                if at + 1 < ends.len() {
                    out.extend_from_slice(&text[start..ends[at + 1]]);
                }
                at += 1;
            }
        }
    }
    out
}

fn substring(
    value: Worth,
    from: i64,
    length: Option<i64>,
    parameter: &Parameter,
    state: &State,
) -> Result<Worth, Vec<u8>> {
    let negative = |length: i64| {
        let mut message = length.to_string().into_bytes();
        message.extend_from_slice(b": substring expression < 0");
        message
    };
    let range = |count: i64| -> Result<(usize, usize), Vec<u8>> {
        let start = if from < 0 { count + from } else { from };
        if start < 0 || start > count {
            return Ok((0, 0));
        }
        let end = match length {
            None => count,
            Some(length) if length < 0 => {
                if count + length < start {
                    return Err(negative(length));
                }
                count + length
            }
            Some(length) => start.saturating_add(length).min(count),
        };
        Ok((start as usize, end as usize))
    };
    Ok(match value {
        Worth::Nothing => Worth::Nothing,
        Worth::One(text) => {
            let (start, end) = range(char_count(&text) as i64)?;
            Worth::One(text[char_offset(&text, start)..char_offset(&text, end)].to_vec())
        }
        Worth::Many(_, joined)
            if matches!(
                state.variables.get(&parameter.name).map(|v| &v.value),
                Some(Value::Indexed(_))
            ) =>
        {
            let Some(Value::Indexed(map)) = state.variables.get(&parameter.name).map(|v| &v.value) else {
                return Ok(Worth::Nothing);
            };
            let after_last = map.last_key_value().map_or(0, |(last, _)| last + 1);
            let from = if from < 0 { after_last + from } else { from };
            let length = match length {
                Some(length) if length < 0 => return Err(negative(length)),
                Some(length) => length as usize,
                None => usize::MAX,
            };
            if from < 0 {
                return Ok(Worth::Many(Vec::new(), joined));
            }
            let found = map.range(from..).take(length);
            Worth::Many(found.map(|(_, value)| value.clone()).collect(), joined)
        }
        Worth::Many(mut values, joined) => {
            // `$@` counts from `$0`.
            if matches!(parameter.name.as_slice(), b"@" | b"*") {
                values.insert(0, state.name.clone());
            }
            let (start, end) = range(values.len() as i64)?;
            Worth::Many(values[start..end].to_vec(), joined)
        }
    })
}

/// Upper or lower case: of the first character, or of all.
pub fn change_case(text: &[u8], upper: bool, all: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (c, length) = first_char(&text[at..]);
        let bytes = &text[at..at + length];
        if (at == 0 || all) && std::str::from_utf8(bytes).is_ok() {
            let changed: String = if upper {
                c.to_uppercase().collect()
            } else {
                c.to_lowercase().collect()
            };
            out.extend_from_slice(changed.as_bytes());
        } else {
            out.extend_from_slice(bytes);
        }
        at += length;
    }
    out
}
