//! `{a,b}` and `{1..5}`.

use crate::language::syntax::ast::{Part, Word};

/// Words one word may become.
const WORDS_MAX: usize = 100_000;

/// One element of a word: a byte that can be part of a brace expression, or a whole part.
#[derive(Clone)]
enum Piece {
    Byte(u8),
    Part(Part),
}

/// The words a word stands for; `None` when there are too many.
pub fn expand_braces(word: &Word) -> Option<Vec<Word>> {
    let candidate = |part: &Part| matches!(part, Part::Literal(bytes) if bytes.contains(&b'{'));
    if !word.0.iter().any(candidate) {
        return Some(vec![word.clone()]);
    }
    let mut pieces = Vec::new();
    for part in &*word.0 {
        match part {
            Part::Literal(bytes) => pieces.extend(bytes.iter().map(|b| Piece::Byte(*b))),
            part => pieces.push(Piece::Part(part.clone())),
        }
    }
    let mut words = Vec::new();
    expand(&pieces, 0, &mut words)?;
    Some(words.into_iter().map(to_word).collect())
}

fn to_word(pieces: Vec<Piece>) -> Word {
    let mut parts: Vec<Part> = Vec::new();
    for piece in pieces {
        match (piece, parts.last_mut()) {
            (Piece::Byte(b), Some(Part::Literal(last))) => last.push(b),
            (Piece::Byte(b), _) => parts.push(Part::Literal(vec![b])),
            (Piece::Part(part), _) => parts.push(part),
        }
    }
    Word(parts.into())
}

fn expand(pieces: &[Piece], depth: usize, out: &mut Vec<Vec<Piece>>) -> Option<()> {
    if depth > 32 {
        out.push(pieces.to_vec());
        return Some(());
    }
    let byte = |at: usize| match pieces.get(at) {
        Some(Piece::Byte(b)) => Some(*b),
        _ => None,
    };
    for open in 0..pieces.len() {
        if byte(open) != Some(b'{') {
            continue;
        }
        let Some((close, commas)) = matching(pieces, open) else {
            continue;
        };
        let inside = &pieces[open + 1..close];
        let choices: Vec<Vec<Piece>> = if commas.is_empty() {
            match sequence(inside)? {
                Some(values) => values
                    .into_iter()
                    .map(|v| v.into_iter().map(Piece::Byte).collect())
                    .collect(),
                None => continue,
            }
        } else {
            let mut choices = Vec::new();
            let mut from = open + 1;
            for comma in commas.iter().copied().chain([close]) {
                expand(&pieces[from..comma], depth + 1, &mut choices)?;
                from = comma + 1;
            }
            choices
        };
        let mut tails = Vec::new();
        expand(&pieces[close + 1..], depth + 1, &mut tails)?;
        if out.len() + choices.len().checked_mul(tails.len())? > WORDS_MAX {
            return None;
        }
        for choice in &choices {
            for tail in &tails {
                out.push([&pieces[..open], choice, tail].concat());
            }
        }
        return Some(());
    }
    out.push(pieces.to_vec());
    Some(())
}

/// The closing brace of the one at `open`, and the commas between them that are its own.
fn matching(pieces: &[Piece], open: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0;
    let mut commas = Vec::new();
    for (at, piece) in pieces.iter().enumerate().skip(open) {
        match piece {
            Piece::Byte(b'{') => depth += 1,
            Piece::Byte(b'}') => {
                depth -= 1;
                if depth == 0 {
                    return Some((at, commas));
                }
            }
            Piece::Byte(b',') if depth == 1 => commas.push(at),
            _ => {}
        }
    }
    None
}

/// `1..5`, `a..e`, `1..10..2`. The outer `None`: too many.
#[allow(clippy::option_option)]
fn sequence(pieces: &[Piece]) -> Option<Option<Vec<Vec<u8>>>> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Byte(b) => text.push(*b as char),
            Piece::Part(_) => return Some(None),
        }
    }
    let parts: Vec<&str> = text.split("..").collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, 1),
        [from, to, step] => match step.parse::<i64>() {
            Ok(step) => (*from, *to, step.saturating_abs().max(1)),
            Err(_) => return Some(None),
        },
        _ => return Some(None),
    };
    let letter = |text: &str| match text.as_bytes() {
        [b] if b.is_ascii_alphabetic() => Some(i64::from(*b)),
        _ => None,
    };
    let (first, last, letters) = match (from.parse::<i64>(), to.parse::<i64>(), letter(from), letter(to)) {
        (Ok(first), Ok(last), _, _) => (first, last, false),
        (_, _, Some(first), Some(last)) => (first, last, true),
        _ => return Some(None),
    };
    let padded = |t: &str| t.trim_start_matches('-').starts_with('0') && t.trim_start_matches('-').len() > 1;
    let width = if !letters && (padded(from) || padded(to)) {
        from.len().max(to.len())
    } else {
        0
    };
    let count = first.abs_diff(last) / step.unsigned_abs() + 1;
    if count > WORDS_MAX as u64 {
        return None;
    }
    let value = |n: u64| {
        let offset = (n as i64).saturating_mul(step);
        let at = if first <= last { first + offset } else { first - offset };
        if letters {
            vec![at as u8]
        } else {
            format!("{at:0width$}").into_bytes()
        }
    };
    Some(Some((0..count).map(value).collect()))
}
