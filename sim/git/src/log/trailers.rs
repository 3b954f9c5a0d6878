//! `%(trailers)`: the `Key: value` lines that end a message.

use super::layout::literal;
use crate::bytes::split_once;
use crate::cat;

/// Lines Git writes itself: among these, other lines may stand.
const OWN: [&[u8]; 2] = [b"Signed-off-by: ", b"(cherry picked from commit "];

/// A line that begins a trailer: where its colon is.
fn separator(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|b| *b == b':')?;
    let key = line[..colon].trim_ascii_end();
    let plain = !key.is_empty() && key.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    plain.then_some(colon)
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// The last paragraph, where it is made of trailers. The first paragraph never is.
fn block(message: &[u8]) -> Vec<&[u8]> {
    let lines: Vec<&[u8]> = message.split_inclusive(|b| *b == b'\n').collect();
    let Some(title_end) = lines.iter().position(|line| is_blank(line)) else {
        return Vec::new();
    };
    let Some(end) = lines.iter().rposition(|line| !is_blank(line)).map(|at| at + 1) else {
        return Vec::new();
    };
    let start = lines[..end]
        .iter()
        .rposition(|line| is_blank(line))
        .map_or(0, |at| at + 1);
    if start <= title_end && start == 0 || end <= title_end {
        return Vec::new();
    }
    let (mut trailers, mut others, mut own, mut continued) = (0, 0, false, false);
    for line in &lines[start..end] {
        if OWN.iter().any(|prefix| line.starts_with(prefix)) {
            own = true;
            trailers += 1;
            continued = true;
        } else if line[0].is_ascii_whitespace() {
            others += usize::from(!continued);
        } else if separator(line).is_some() {
            trailers += 1;
            continued = true;
        } else {
            others += 1;
            continued = false;
        }
    }
    match own && trailers * 3 >= others || trailers > 0 && others == 0 {
        true => lines[start..end].to_vec(),
        false => Vec::new(),
    }
}

#[derive(Default)]
struct Options {
    keys: Vec<Vec<u8>>,
    only: Option<bool>,
    unfold: bool,
    key_only: bool,
    value_only: bool,
    separator: Option<Vec<u8>>,
    between: Option<Vec<u8>>,
}

impl Options {
    fn parse(text: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        for option in text.split(|b| *b == b',').filter(|option| !option.is_empty()) {
            let (name, value) = match split_once(option, b'=') {
                Some((name, value)) => (name, Some(value)),
                None => (option, None),
            };
            let yes = || match value {
                None => Some(true),
                Some(text) => crate::config::parse_bool(Some(text)),
            };
            match (name, value) {
                (b"key", Some(key)) => options.keys.push(key.strip_suffix(b":").unwrap_or(key).to_vec()),
                (b"separator", Some(value)) => options.separator = Some(literal(value)),
                (b"key_value_separator", Some(value)) => options.between = Some(literal(value)),
                (b"only", _) => options.only = Some(yes()?),
                (b"unfold", _) => options.unfold = yes()?,
                (b"keyonly", _) => options.key_only = yes()?,
                (b"valueonly", _) => options.value_only = yes()?,
                _ => return None,
            }
        }
        Some(options)
    }

    /// The block is printed as it stands.
    fn is_plain(&self, only: bool) -> bool {
        let shaped = only || self.unfold || self.key_only || self.value_only;
        !shaped && self.separator.is_none() && self.between.is_none()
    }
}

/// What the placeholder becomes; `None`: its options are not understood.
pub fn expand(message: &[u8], options: &[u8]) -> Option<Vec<u8>> {
    let options = Options::parse(options)?;
    let only = options.only.unwrap_or(!options.keys.is_empty());
    let lines = block(message);
    if options.is_plain(only) {
        return Some(lines.concat());
    }
    let mut out = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((line, after)) = rest.split_first() {
        let further = after.iter().take_while(|line| line[0].is_ascii_whitespace()).count();
        let Some(colon) = separator(line) else {
            rest = after;
            if !only {
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                put(&mut out, text, &options);
            }
            continue;
        };
        rest = &after[further..];
        let key = line[..colon].trim_ascii_end();
        let value = cat![line[colon + 1..], after[..further].concat()];
        let value = value.trim_ascii();
        let wanted = |name: &Vec<u8>| name.eq_ignore_ascii_case(key);
        if !options.keys.is_empty() && !options.keys.iter().any(wanted) {
            continue;
        }
        let value = if options.unfold { unfold(value) } else { value.to_vec() };
        let between = options.between.as_deref().unwrap_or(b": ");
        let text = match (options.key_only, options.value_only) {
            (true, true) => Vec::new(),
            (true, false) => key.to_vec(),
            (false, true) => value,
            (false, false) => cat![key, between, value],
        };
        put(&mut out, &text, &options);
    }
    Some(out)
}

/// Trailers are lines, or stand between separators.
fn put(out: &mut Vec<u8>, text: &[u8], options: &Options) {
    match &options.separator {
        Some(separator) => {
            if !out.is_empty() {
                out.extend_from_slice(separator);
            }
            out.extend_from_slice(text);
        }
        None => out.extend_from_slice(&cat![text, "\n"]),
    }
}

/// Continuation lines joined by single spaces.
fn unfold(value: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = value.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).collect();
    lines.join(b" ".as_slice())
}
