//! Shell patterns: `*`, `?`, `[…]`, and the groups of `extglob`.

/// One element of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Element {
    Byte(u8),
    AnyOne,
    AnyMany,
    Class {
        negated: bool,
        items: Vec<ClassItem>,
    },
    /// `@(a|b)`, `?(…)`, `*(…)`, `+(…)`, `!(…)`
    Group {
        kind: u8,
        choices: Vec<Pattern>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ClassItem {
    Range(char, char),
    Named(Named),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Alpha,
    Digit,
    Alnum,
    Upper,
    Lower,
    Space,
    Blank,
    Punct,
    Print,
    Graph,
    Cntrl,
    Xdigit,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    elements: Vec<Element>,
}

/// The character at the start of `text` and its length; a byte that is not UTF-8 stands for itself.
pub fn first_char(text: &[u8]) -> (char, usize) {
    let length = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(byte) => return (*byte as char, 1),
        None => return ('\0', 0),
    };
    match text.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()) {
        Some(text) => (text.chars().next().unwrap_or('\0'), length),
        None => ('\u{fffd}', 1),
    }
}

/// How many characters a text has.
pub fn char_count(text: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at < text.len() {
        at += first_char(&text[at..]).1;
        count += 1;
    }
    count
}

/// The byte offset of character number `n`, or the end.
pub fn char_offset(text: &[u8], n: usize) -> usize {
    let mut at = 0;
    for _ in 0..n {
        if at >= text.len() {
            break;
        }
        at += first_char(&text[at..]).1;
    }
    at
}

impl Pattern {
    /// Compiles a pattern; a backslash quotes the next byte.
    pub fn new(source: &[u8]) -> Self {
        let mut elements = Vec::new();
        let mut at = 0;
        while at < source.len() {
            if let Some((group, length)) = parse_group(&source[at..]) {
                elements.push(group);
                at += length;
                continue;
            }
            match source[at] {
                b'\\' if at + 1 < source.len() => {
                    elements.push(Element::Byte(source[at + 1]));
                    at += 2;
                }
                b'*' => {
                    if elements.last() != Some(&Element::AnyMany) {
                        elements.push(Element::AnyMany);
                    }
                    at += 1;
                }
                b'?' => {
                    elements.push(Element::AnyOne);
                    at += 1;
                }
                b'[' => match parse_class(&source[at..]) {
                    Some((class, length)) => {
                        elements.push(class);
                        at += length;
                    }
                    None => {
                        elements.push(Element::Byte(b'['));
                        at += 1;
                    }
                },
                byte => {
                    elements.push(Element::Byte(byte));
                    at += 1;
                }
            }
        }
        Self { elements }
    }

    /// Whether anything in it is not literal.
    pub fn is_active(&self) -> bool {
        self.elements.iter().any(|e| !matches!(e, Element::Byte(_)))
    }

    /// The text it stands for when nothing is active.
    pub fn literal(&self) -> Vec<u8> {
        let byte = |e: &Element| if let Element::Byte(b) = e { Some(*b) } else { None };
        self.elements.iter().filter_map(byte).collect()
    }

    /// Whether it begins with this literal byte.
    pub fn starts_with(&self, byte: u8) -> bool {
        self.elements.first() == Some(&Element::Byte(byte))
    }

    /// Whether the whole text matches. Time is at most the product of the two lengths, where there are no groups.
    pub fn matches(&self, text: &[u8]) -> bool {
        if self.elements.iter().any(|e| matches!(e, Element::Group { .. })) {
            return matches_groups(&self.elements, text, &mut TRIES_MAX.clone());
        }
        let (mut element, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            if element == self.elements.len() && at == text.len() {
                return true;
            }
            if element < self.elements.len() {
                if self.elements[element] == Element::AnyMany {
                    retry = Some((element, at));
                    element += 1;
                    continue;
                }
                if at < text.len()
                    && let Some(length) = self.elements[element].takes(&text[at..])
                {
                    element += 1;
                    at += length;
                    continue;
                }
            }
            match retry {
                Some((star, from)) if from < text.len() => {
                    let next = from + first_char(&text[from..]).1;
                    retry = Some((star, next));
                    element = star + 1;
                    at = next;
                }
                _ => return false,
            }
        }
    }
}

impl Element {
    fn takes(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Byte(byte) => (text[0] == *byte).then_some(1),
            Self::AnyOne => Some(first_char(text).1),
            Self::AnyMany | Self::Group { .. } => None,
            Self::Class { negated, items } => {
                let (c, length) = first_char(text);
                (items.iter().any(|item| item.contains(c)) != *negated).then_some(length)
            }
        }
    }
}

/// Tries of one match with groups, against patterns that would take for ever.
const TRIES_MAX: usize = 200_000;

/// As [`Pattern::matches`], trying every way in which groups can match.
fn matches_groups(elements: &[Element], text: &[u8], tries: &mut usize) -> bool {
    let Some((first, rest)) = elements.split_first() else {
        return text.is_empty();
    };
    if *tries == 0 {
        return false;
    }
    *tries -= 1;
    match first {
        Element::AnyMany => (0..=text.len()).any(|end| matches_groups(rest, &text[end..], tries)),
        Element::Group { kind, choices } => {
            let some = |part: &[u8]| choices.iter().any(|choice| choice.matches(part));
            match kind {
                b'?' => {
                    matches_groups(rest, text, tries)
                        || (0..=text.len()).any(|end| some(&text[..end]) && matches_groups(rest, &text[end..], tries))
                }
                b'!' => (0..=text.len()).any(|end| !some(&text[..end]) && matches_groups(rest, &text[end..], tries)),
                b'@' => (0..=text.len()).any(|end| some(&text[..end]) && matches_groups(rest, &text[end..], tries)),
                kind => {
                    (*kind == b'*' || some(b"")) && matches_groups(rest, text, tries)
                        || (1..=text.len()).any(|end| {
                            let again = Element::Group {
                                kind: b'*',
                                choices: choices.clone(),
                            };
                            some(&text[..end]) && matches_groups(&[&[again], rest].concat(), &text[end..], tries)
                        })
                }
            }
        }
        element => {
            !text.is_empty()
                && element
                    .takes(text)
                    .is_some_and(|length| matches_groups(rest, &text[length..], tries))
        }
    }
}

/// A group at the start of `source`, and its length.
fn parse_group(source: &[u8]) -> Option<(Element, usize)> {
    let [kind @ (b'?' | b'*' | b'+' | b'@' | b'!'), b'(', ..] = source else {
        return None;
    };
    let mut choices = Vec::new();
    let (mut at, mut from, mut open) = (2, 2, 1);
    loop {
        match *source.get(at)? {
            b'\\' => at += 1,
            b'[' => at += parse_class(&source[at..]).map_or(0, |(_, length)| length - 1),
            b'(' => open += 1,
            b'|' if open == 1 => {
                choices.push(Pattern::new(&source[from..at]));
                from = at + 1;
            }
            b')' => {
                open -= 1;
                if open == 0 {
                    choices.push(Pattern::new(&source[from..at]));
                    return Some((Element::Group { kind: *kind, choices }, at + 1));
                }
            }
            _ => {}
        }
        at += 1;
    }
}

impl ClassItem {
    fn contains(&self, c: char) -> bool {
        match self {
            Self::Range(from, to) => (*from..=*to).contains(&c),
            Self::Named(named) => match named {
                Named::Alpha => c.is_alphabetic(),
                Named::Digit => c.is_ascii_digit(),
                Named::Alnum => c.is_alphanumeric(),
                Named::Upper => c.is_uppercase(),
                Named::Lower => c.is_lowercase(),
                Named::Space => c.is_whitespace(),
                Named::Blank => c == ' ' || c == '\t',
                Named::Punct => c.is_ascii_punctuation(),
                Named::Print => !c.is_control(),
                Named::Graph => !c.is_control() && !c.is_whitespace(),
                Named::Cntrl => c.is_control(),
                Named::Xdigit => c.is_ascii_hexdigit(),
            },
        }
    }
}

fn named_class(name: &[u8]) -> Option<Named> {
    Some(match name {
        b"alpha" => Named::Alpha,
        b"digit" => Named::Digit,
        b"alnum" => Named::Alnum,
        b"upper" => Named::Upper,
        b"lower" => Named::Lower,
        b"space" => Named::Space,
        b"blank" => Named::Blank,
        b"punct" => Named::Punct,
        b"print" => Named::Print,
        b"graph" => Named::Graph,
        b"cntrl" => Named::Cntrl,
        b"xdigit" => Named::Xdigit,
        _ => return None,
    })
}

/// A bracket expression at the start of `source`, and its length.
fn parse_class(source: &[u8]) -> Option<(Element, usize)> {
    let mut at = 1;
    let negated = matches!(source.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let mut items = Vec::new();
    let first = at;
    loop {
        let byte = *source.get(at)?;
        if byte == b']' && at > first {
            return Some((Element::Class { negated, items }, at + 1));
        }
        if source[at..].starts_with(b"[:")
            && let Some(length) = source[at + 2..].windows(2).position(|w| w == b":]")
        {
            items.push(ClassItem::Named(named_class(&source[at + 2..at + 2 + length])?));
            at += length + 4;
            continue;
        }
        let (from, next) = class_char(source, at)?;
        at = next;
        if source.get(at) == Some(&b'-') && !matches!(source.get(at + 1), Some(b']') | None) {
            let (to, next) = class_char(source, at + 1)?;
            at = next;
            items.push(ClassItem::Range(from, to));
        } else {
            items.push(ClassItem::Range(from, from));
        }
    }
}

fn class_char(source: &[u8], mut at: usize) -> Option<(char, usize)> {
    if source.get(at) == Some(&b'\\') && at + 1 < source.len() {
        at += 1;
    }
    if at >= source.len() || source[at] == b'/' {
        return None;
    }
    let (c, length) = first_char(&source[at..]);
    Some((c, at + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_posix() {
        let yes: &[(&[u8], &[u8])] = &[
            (b"*", b""),
            (b"a*c", b"abbc"),
            (b"?", "é".as_bytes()),
            (b"[a-c]x", b"bx"),
            (b"[!a-c]x", b"dx"),
            (b"[]]", b"]"),
            (b"[[:digit:]]*", b"1a"),
            (b"\\*", b"*"),
            (b"[a", b"[a"),
            (b"*.csv", b"ventes.csv"),
            (b"@(a|b*)c", b"bbc"),
            (b"+(ab)", b"abab"),
            (b"*(ab)c", b"c"),
            (b"!(a)", b"b"),
            (b"x?(y)", b"x"),
            (b"a(b", b"a(b"),
        ];
        for (pattern, text) in yes {
            assert!(
                Pattern::new(pattern).matches(text),
                "{}",
                String::from_utf8_lossy(pattern)
            );
        }
        let no: &[(&[u8], &[u8])] = &[
            (b"a", b"ab"),
            (b"\\*", b"a"),
            (b"[!a]", b"a"),
            (b"?", b""),
            (b"*b*c", b"acb"),
            (b"!(a)", b"a"),
            (b"+(ab)", b""),
            (b"@(a|b)", b"ab"),
        ];
        for (pattern, text) in no {
            assert!(
                !Pattern::new(pattern).matches(text),
                "{}",
                String::from_utf8_lossy(pattern)
            );
        }
    }
}
