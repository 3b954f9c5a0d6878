//! Shell patterns as `fnmatch(3)` matches them.

use super::text::decode;

/// How [`matches`] compares.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Letters match in either case.
    pub ignore_case: bool,
    /// Wildcards do not match a slash.
    pub slash_apart: bool,
}

/// Whether the whole of `text` matches `pattern` (`*`, `?`, `[…]`, `\x`).
pub fn matches(pattern: &[u8], text: &[u8], rules: Rules) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the last star does not match.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let ok = match pattern.get(p) {
            None if t == text.len() => return true,
            None => None,
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(_) if t >= text.len() => None,
            Some(_) => one(pattern, p, text, t, rules),
        };
        if let Some((next_p, next_t)) = ok {
            (p, t) = (next_p, next_t);
            continue;
        }
        let Some((star, from)) = retry else { return false };
        if from >= text.len() || (rules.slash_apart && text[from] == b'/') {
            return false;
        }
        let from = from + decode(&text[from..]).1;
        retry = Some((star, from));
        (p, t) = (star, from);
    }
}

fn one(pattern: &[u8], p: usize, text: &[u8], t: usize, rules: Rules) -> Option<(usize, usize)> {
    let (c, len) = decode(&text[t..]);
    if pattern[p] == b'?' {
        return (!(rules.slash_apart && c == u32::from(b'/'))).then_some((p + 1, t + len));
    }
    if pattern[p] == b'['
        && let Some((found, next)) = bracket(pattern, p, c, rules)
    {
        return found.then_some((next, t + len));
    }
    let p = if pattern[p] == b'\\' && p + 1 < pattern.len() {
        p + 1
    } else {
        p
    };
    let (wanted, wanted_len) = decode(&pattern[p..]);
    let same = wanted == c || (rules.ignore_case && fold(wanted) == fold(c));
    same.then_some((p + wanted_len, t + len))
}

fn fold(c: u32) -> u32 {
    char::from_u32(c)
        .and_then(|c| c.to_lowercase().next())
        .map_or(c, |c| c as u32)
}

/// A bracket expression at `p`: whether it holds `c`, and where it ends. `None`: it is no bracket expression.
fn bracket(pattern: &[u8], p: usize, c: u32, rules: Rules) -> Option<(bool, usize)> {
    let mut at = p + 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut found = false;
    loop {
        let byte = *pattern.get(at)?;
        if byte == b']' && at > first {
            return Some((found != negated, at + 1));
        }
        if byte == b'[' && pattern.get(at + 1) == Some(&b':') {
            let end = at + 2 + pattern[at + 2..].windows(2).position(|w| w == b":]")?;
            let name = std::str::from_utf8(&pattern[at + 2..end]).ok()?;
            found |= super::super::regex::class_holds(name, c)?;
            at = end + 2;
            continue;
        }
        let (low, len) = escaped(pattern, at)?;
        at += len;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|b| *b != b']') {
            let (end, len) = escaped(pattern, at + 1)?;
            high = end;
            at += 1 + len;
        }
        found |= (low..=high).contains(&c) || (rules.ignore_case && (fold(low)..=fold(high)).contains(&fold(c)));
    }
}

fn escaped(pattern: &[u8], at: usize) -> Option<(u32, usize)> {
    if pattern.get(at) == Some(&b'\\') && at + 1 < pattern.len() {
        let (c, len) = decode(&pattern[at + 1..]);
        return Some((c, len + 1));
    }
    let (c, len) = decode(pattern.get(at..)?);
    (len > 0).then_some((c, len))
}
