//! Shell patterns for the `matches` operator: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`; `\` takes the next as it is.

/// Whether the whole text matches the pattern.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // Where to go on when what follows the last `*` did not match: that star takes one character more.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p + 1, t));
            p += 1;
            continue;
        }
        let matched = if t < text.len() {
            one(&pattern[p..], text[t])
        } else {
            None
        };
        if let Some(width) = matched {
            p += width;
            t += 1;
        } else if p == pattern.len() && t == text.len() {
            return true;
        } else if let Some((after, taken)) = star.filter(|(_, taken)| *taken < text.len()) {
            star = Some((after, taken + 1));
            (p, t) = (after, taken + 1);
        } else {
            return false;
        }
    }
}

/// How many characters of the pattern match `c`.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['\\', escaped, ..] => (*escaped == c).then_some(2),
        ['[', rest @ ..] => match set(rest, c) {
            Some((true, width)) => Some(width + 1),
            Some((false, _)) => None,
            None => (c == '[').then_some(1),
        },
        [plain, ..] => (*plain == c).then_some(1),
        [] => None,
    }
}

/// Whether `c` is in the set, and the set's width with its `]`; `None` when it is never closed.
fn set(rest: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let end = (start + 1..rest.len()).find(|at| rest[*at] == ']')?;
    let mut found = false;
    let mut at = start;
    while at < end {
        if at + 2 < end && rest[at + 1] == '-' {
            found |= (rest[at]..=rest[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= rest[at] == c;
            at += 1;
        }
    }
    Some((found != negated, end + 1))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("a*c", "abbc"),
            ("*.csv", "data/x.csv"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[!a]x", "bx"),
            ("[]]", "]"),
            ("\\*", "*"),
            ("*a*b*", "xxaxxbxx"),
            ("[", "["),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", ""),
            ("", "a"),
            ("a*c", "ab"),
            ("[!a]", "a"),
            ("?", ""),
            ("*a", "ab"),
            ("\\*", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
