//! What output has in common: colours, quoted paths, columns.

use crate::cat;
use crate::config::Config;
use essaim_kernel::SmallSort;

/// Whether `core.quotePath` asks for bytes above 0x7f to be quoted (Git's default).
pub fn quote_high(config: &Config) -> bool {
    config.bool_or("core.quotepath", true)
}

/// A path as Git prints it: in C quotes where it holds special bytes.
pub fn quote_path(path: &[u8], high: bool) -> Vec<u8> {
    match quote_inner(path, high) {
        Some(inner) => cat!["\"", inner, "\""],
        None => path.to_vec(),
    }
}

/// As `git status` prints it: a path with a space is quoted too.
pub fn quote_path_short(path: &[u8], high: bool) -> Vec<u8> {
    match quote_inner(path, high) {
        Some(inner) => cat!["\"", inner, "\""],
        None if path.contains(&b' ') => cat!["\"", path, "\""],
        None => path.to_vec(),
    }
}

/// Two paths joined (`a/` + name), quoted as one.
pub fn quote_two(first: &[u8], second: &[u8], high: bool) -> Vec<u8> {
    quote_path(&cat![first, second], high)
}

fn quote_inner(path: &[u8], high: bool) -> Option<Vec<u8>> {
    let special = |b: &u8| *b < 0x20 || *b == 0x7f || matches!(b, b'"' | b'\\') || high && *b >= 0x80;
    if !path.iter().any(special) {
        return None;
    }
    let mut out = Vec::new();
    for byte in path {
        let letter = match byte {
            7 => b'a',
            8 => b'b',
            9 => b't',
            10 => b'n',
            11 => b'v',
            12 => b'f',
            13 => b'r',
            b'"' => b'"',
            b'\\' => b'\\',
            byte if special(byte) => {
                out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
                continue;
            }
            byte => {
                out.push(*byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
    Some(out)
}

/// Colours of one command: empty texts where they are off.
#[derive(Clone, Debug, Default)]
pub struct Colors {
    /// Whether colours are on.
    pub on: bool,
    config: Config,
}

impl Colors {
    /// Colours by `color.SECTION`, then `color.ui`; `option` is `--color`'s `always`, `never` or `auto`.
    pub fn new(config: &Config, section: &str, terminal: bool, option: Option<&[u8]>) -> Self {
        let setting = config
            .get(format!("color.{section}"))
            .or_else(|| config.get("color.ui"));
        let on = match option.or(setting) {
            Some(b"always") => true,
            Some(b"never") => false,
            Some(b"auto" | b"") | None => terminal,
            Some(text) => crate::config::parse_bool(Some(text)).unwrap_or(false) && terminal,
        };
        Self {
            on,
            config: if on { config.clone() } else { Config::default() },
        }
    }

    /// No colours.
    pub fn off() -> Self {
        Self::default()
    }

    /// The sequence that begins a colour: the setting `color.KEY`, else `default` (`"bold red"`).
    pub fn start(&self, key: &str, default: &str) -> String {
        if !self.on {
            return String::new();
        }
        let setting = self.config.get(format!("color.{key}"));
        let text = setting.map_or(default.to_owned(), crate::bytes::lossy);
        sequence(&text).unwrap_or_else(|| sequence(default).unwrap_or_default())
    }

    /// The sequence that ends colours.
    pub fn reset(&self) -> &'static str {
        if self.on { "\u{1b}[m" } else { "" }
    }
}

const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

const ATTRIBUTES: [(&str, u8); 7] = [
    ("bold", 1),
    ("dim", 2),
    ("italic", 3),
    ("ul", 4),
    ("blink", 5),
    ("reverse", 7),
    ("strike", 9),
];

/// The escape sequence of a colour description such as `bold red blue`. `None`: not understood.
pub fn sequence(text: &str) -> Option<String> {
    let mut attributes: Vec<u8> = Vec::new();
    let mut colors: Vec<Option<String>> = Vec::new();
    let mut reset = false;
    for word in text.split_ascii_whitespace() {
        if word.eq_ignore_ascii_case("reset") {
            reset = true;
            continue;
        }
        if let Some((_, code)) = ATTRIBUTES.iter().find(|(name, _)| *name == word) {
            attributes.push(*code);
            continue;
        }
        let negated = word.strip_prefix("no-").or(word.strip_prefix("no"));
        if let Some((_, code)) = ATTRIBUTES.iter().find(|(name, _)| Some(*name) == negated) {
            attributes.push(if *code <= 2 { 22 } else { 20 + code });
            continue;
        }
        if colors.len() == 2 {
            return None;
        }
        colors.push(color(word, if colors.is_empty() { 30 } else { 40 })?);
    }
    let mut parts: Vec<String> = Vec::new();
    if reset {
        parts.push(String::new());
    }
    attributes.small_sort();
    parts.extend(attributes.iter().map(u8::to_string));
    parts.extend(colors.into_iter().flatten());
    if parts.is_empty() {
        return Some(String::new());
    }
    Some(format!("\u{1b}[{}m", parts.join(";")))
}

fn color(word: &str, base: u8) -> Option<Option<String>> {
    if word == "normal" || word == "-1" {
        return Some(None);
    }
    if word == "default" {
        return Some(Some((base + 9).to_string()));
    }
    if let Some(at) = NAMES.iter().position(|name| *name == word) {
        return Some(Some((base + at as u8).to_string()));
    }
    if let Some(at) = NAMES.iter().position(|name| Some(*name) == word.strip_prefix("bright")) {
        return Some(Some((base + 60 + at as u8).to_string()));
    }
    if let Some(hex) = word.strip_prefix('#')
        && hex.len() == 6
    {
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        return Some(Some(format!("{};2;{};{};{}", base + 8, part(0)?, part(2)?, part(4)?)));
    }
    match word.parse::<u16>().ok()? {
        number @ 0..8 => Some(Some((u16::from(base) + number).to_string())),
        number @ 8..16 => Some(Some((u16::from(base) + 52 + number).to_string())),
        number @ 16..256 => Some(Some(format!("{};5;{number}", base + 8))),
        _ => None,
    }
}

/// Lays names out in columns, as `--column` does: filled column by column, two spaces apart.
pub fn columns(items: &[Vec<u8>], width: usize, indent: &str) -> Vec<u8> {
    let lengths: Vec<usize> = items.iter().map(|item| display_width(item)).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0) + 1;
    let available = width.saturating_sub(1).saturating_sub(indent.len());
    let column_count = (available / longest).max(1);
    let rows = items.len().div_ceil(column_count);
    let mut out = Vec::new();
    for row in 0..rows {
        out.extend_from_slice(indent.as_bytes());
        let mut at = row;
        while at < items.len() {
            out.extend_from_slice(&items[at]);
            let last = at + rows >= items.len();
            if !last {
                out.resize(out.len() + longest - lengths[at], b' ');
            }
            at += rows;
        }
        out.push(b'\n');
    }
    out
}

/// How many columns a text takes on a terminal (colour sequences take none).
pub fn display_width(text: &[u8]) -> usize {
    let mut width = 0;
    let mut escaped = false;
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '\u{1b}' => escaped = true,
            'm' if escaped => escaped = false,
            _ if escaped => {}
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {}
            // Wide East Asian characters and emoji take two columns, combining marks none.
            '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' => {}
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{1f300}'..='\u{1faff}' => width += 2,
            _ => width += 1,
        }
    }
    width
}

/// Takes the quotes of C away that [`quote_path`] puts: the text, and what follows the closing quote.
pub fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut out = Vec::new();
    loop {
        let (first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (escape, after) = rest.split_first()?;
                rest = after;
                out.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'\\' | b'"' => *escape,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let octal = |digit: &u8| (b'0'..=b'7').contains(digit).then(|| digit - b'0');
                        (octal(escape)? << 6) | (octal(&digits[0])? << 3) | octal(&digits[1])?
                    }
                    _ => return None,
                });
            }
            byte => out.push(*byte),
        }
    }
}
