//! Git's wildmatch: globs with `**`, character classes and case folding.

/// `*` and `?` do not match a slash; `**` does.
pub const PATHNAME: u32 = 1;
/// Upper and lower case are the same.
pub const CASEFOLD: u32 = 2;

#[derive(PartialEq, Eq)]
enum Outcome {
    Match,
    NoMatch,
    AbortAll,
    AbortToStarStar,
}

/// Whether the pattern matches the whole text.
pub fn wildmatch(pattern: &[u8], text: &[u8], flags: u32) -> bool {
    run(pattern, 0, text, flags) == Outcome::Match
}

/// Whether a text holds a glob's special characters.
pub fn has_glob(text: &[u8]) -> bool {
    text.iter().any(|b| matches!(b, b'*' | b'?' | b'[' | b'\\'))
}

fn fold(byte: u8, flags: u32) -> u8 {
    if flags & CASEFOLD != 0 {
        byte.to_ascii_lowercase()
    } else {
        byte
    }
}

fn run(pattern: &[u8], from: usize, mut text: &[u8], flags: u32) -> Outcome {
    let mut p = from;
    while let Some(byte) = pattern.get(p).copied() {
        let t = text.first().copied();
        if t.is_none() && byte != b'*' {
            return Outcome::AbortAll;
        }
        let t = t.unwrap_or(0);
        match byte {
            b'\\' => {
                p += 1;
                match pattern.get(p) {
                    Some(literal) if fold(*literal, flags) == fold(t, flags) => {}
                    _ => return Outcome::NoMatch,
                }
            }
            b'?' => {
                if flags & PATHNAME != 0 && t == b'/' {
                    return Outcome::NoMatch;
                }
            }
            b'*' => return star(pattern, p, text, flags),
            b'[' => match class(pattern, p, t, flags) {
                Some((next, true)) if flags & PATHNAME == 0 || t != b'/' => p = next,
                Some(_) => return Outcome::NoMatch,
                None => return Outcome::AbortAll,
            },
            literal => {
                if fold(literal, flags) != fold(t, flags) {
                    return Outcome::NoMatch;
                }
            }
        }
        p += 1;
        text = &text[1..];
    }
    if text.is_empty() {
        Outcome::Match
    } else {
        Outcome::NoMatch
    }
}

fn star(pattern: &[u8], at: usize, text: &[u8], flags: u32) -> Outcome {
    let mut p = at + 1;
    let crosses_slashes;
    if pattern.get(p) == Some(&b'*') {
        while pattern.get(p) == Some(&b'*') {
            p += 1;
        }
        let before = at == 0 || pattern[at - 1] == b'/';
        let after = matches!(pattern.get(p), None | Some(b'/'))
            || pattern.get(p) == Some(&b'\\') && pattern.get(p + 1) == Some(&b'/');
        if flags & PATHNAME == 0 {
            crosses_slashes = true;
        } else if before && after {
            if pattern.get(p) == Some(&b'/') && run(pattern, p + 1, text, flags) == Outcome::Match {
                return Outcome::Match;
            }
            crosses_slashes = true;
        } else {
            crosses_slashes = false;
        }
    } else {
        crosses_slashes = flags & PATHNAME == 0;
    }
    if p == pattern.len() {
        return if crosses_slashes || !text.contains(&b'/') {
            Outcome::Match
        } else {
            Outcome::AbortToStarStar
        };
    }
    for start in 0..=text.len() {
        let outcome = run(pattern, p, &text[start..], flags);
        if outcome != Outcome::NoMatch && (!crosses_slashes || outcome != Outcome::AbortToStarStar) {
            return outcome;
        }
        if !crosses_slashes && text.get(start) == Some(&b'/') {
            return Outcome::AbortToStarStar;
        }
    }
    Outcome::AbortAll
}

/// A bracket expression at `at`: (position of its `]`, whether it matches). `None`: it never ends.
fn class(pattern: &[u8], at: usize, t: u8, flags: u32) -> Option<(usize, bool)> {
    let mut p = at + 1;
    let negated = matches!(pattern.get(p)?, b'!' | b'^');
    if negated {
        p += 1;
    }
    let mut matched = false;
    let mut previous: Option<u8> = None;
    let mut first = true;
    let t = fold(t, flags);
    loop {
        let mut byte = *pattern.get(p)?;
        if byte == b']' && !first {
            return Some((p, matched != negated));
        }
        first = false;
        if byte == b'\\' {
            p += 1;
            byte = *pattern.get(p)?;
            matched |= fold(byte, flags) == t;
            previous = Some(byte);
        } else if byte == b'-' && previous.is_some() && !matches!(pattern.get(p + 1)?, b']') {
            p += 1;
            let mut end = *pattern.get(p)?;
            if end == b'\\' {
                p += 1;
                end = *pattern.get(p)?;
            }
            let start = previous.unwrap_or(0);
            matched |= (start..=end).contains(&t);
            if flags & CASEFOLD != 0 {
                matched |= (start..=end).contains(&t.to_ascii_uppercase());
            }
            previous = None;
        } else if byte == b'[' && pattern.get(p + 1) == Some(&b':') {
            let rest = pattern.get(p + 2..)?;
            let close = crate::bytes::find(rest, b":]")?;
            matched |= in_class(&rest[..close], t, flags)?;
            p += 2 + close + 1;
            previous = None;
        } else {
            matched |= fold(byte, flags) == t;
            previous = Some(byte);
        }
        p += 1;
    }
}

fn in_class(name: &[u8], t: u8, flags: u32) -> Option<bool> {
    Some(match name {
        b"alnum" => t.is_ascii_alphanumeric(),
        b"alpha" => t.is_ascii_alphabetic(),
        b"blank" => matches!(t, b' ' | b'\t'),
        b"cntrl" => t.is_ascii_control(),
        b"digit" => t.is_ascii_digit(),
        b"graph" => t.is_ascii_graphic(),
        b"lower" => t.is_ascii_lowercase(),
        b"print" => t.is_ascii_graphic() || t == b' ',
        b"punct" => t.is_ascii_punctuation(),
        b"space" => t.is_ascii_whitespace() || t == 0x0b,
        b"upper" => t.is_ascii_uppercase() || flags & CASEFOLD != 0 && t.is_ascii_lowercase(),
        b"xdigit" => t.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, flags, expected) in [
            ("foo", "foo", 0, true),
            ("*", "a/b", PATHNAME, false),
            ("*", "a/b", 0, true),
            ("**/b", "a/b", PATHNAME, true),
            ("**/b", "b", PATHNAME, true),
            ("a/**/b", "a/b", PATHNAME, true),
            ("a/**/b", "a/x/y/b", PATHNAME, true),
            ("a/**", "a", PATHNAME, false),
            ("*.[ch]", "x.c", PATHNAME, true),
            ("*.[!ch]", "x.c", PATHNAME, false),
            ("[a-c]x", "bx", 0, true),
            ("[[:digit:]]*", "1a", 0, true),
            ("FOO", "foo", CASEFOLD, true),
            ("a\\*", "a*", 0, true),
            ("a\\*", "ab", 0, false),
            ("a*b*c", "aXbYbZc", 0, true),
        ] {
            assert_eq!(
                wildmatch(pattern.as_bytes(), text.as_bytes(), flags),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
