//! The text after the second `@@` of a hunk header.

use crate::line::trim_end;

/// Git keeps this many bytes of the function line.
const FUNCTION_BYTES_MAX: usize = 80;

/// Which lines name the function (or section) that a hunk stands in: Git's
/// default, or a driver chosen by `diff=<name>` in `.gitattributes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionRule {
    /// Git's default: a line that starts with a letter, `_` or `$`.
    #[default]
    Default,
    /// `diff=python`: `class`, `def`, `async def`.
    Python,
    /// `diff=markdown`: `#` headings.
    Markdown,
    /// `diff=html`: `<h1>` to `<h6>`.
    Html,
    /// `diff=rust`: items.
    Rust,
    /// `diff=css`: selectors.
    Css,
    /// No function line at all (`diff -u`).
    Never,
}

impl FunctionRule {
    /// The rule of Git's built-in driver `name`; `None` if it has none here.
    pub fn from_driver(name: &str) -> Option<Self> {
        Some(match name {
            "python" => Self::Python,
            "markdown" => Self::Markdown,
            "html" => Self::Html,
            "rust" => Self::Rust,
            "css" => Self::Css,
            _ => return None,
        })
    }

    /// The text to show for `line` if it names a function.
    pub(crate) fn text(self, line: &[u8]) -> Option<&[u8]> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let indented = line.trim_start_blanks();
        let text = match self {
            Self::Default => {
                let first = *line.first()?;
                let named = first.is_ascii_alphabetic() || first == b'_' || first == b'$';
                named.then_some(line)
            }
            Self::Python => is_python(indented).then_some(indented),
            Self::Markdown => is_markdown(line).then_some(line),
            Self::Html => is_html(indented).then_some(indented),
            Self::Rust => is_rust(indented).then_some(indented),
            Self::Css => is_css(line).then_some(line),
            Self::Never => None,
        }?;
        Some(trim_end(&text[..text.len().min(FUNCTION_BYTES_MAX)]))
    }
}

/// Small steps through a line, in place of regular expressions.
trait Steps {
    fn trim_start_blanks(&self) -> &[u8];
    /// What follows `word` and at least one blank.
    fn after_word(&self, word: &str) -> Option<&[u8]>;
}

impl Steps for [u8] {
    fn trim_start_blanks(&self) -> &[u8] {
        let blank = self.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
        &self[blank..]
    }

    fn after_word(&self, word: &str) -> Option<&[u8]> {
        let rest = self.strip_prefix(word.as_bytes())?;
        let trimmed = rest.trim_start_blanks();
        (trimmed.len() < rest.len()).then_some(trimmed)
    }
}

fn is_python(text: &[u8]) -> bool {
    let plain = text.after_word("async").unwrap_or(text);
    text.after_word("class").is_some() || plain.after_word("def").is_some()
}

fn is_markdown(line: &[u8]) -> bool {
    let spaces = line.iter().take_while(|&&b| b == b' ').count();
    let signs = line[spaces..].iter().take_while(|&&b| b == b'#').count();
    let after = line.get(spaces + signs);
    spaces <= 3 && (1..=6).contains(&signs) && matches!(after, Some(b' ' | b'\t'))
}

fn is_html(text: &[u8]) -> bool {
    let [b'<', b'H' | b'h', b'1'..=b'6', rest @ ..] = text else {
        return false;
    };
    match rest.first() {
        Some(b'>') => true,
        Some(b' ' | b'\t') => rest.contains(&b'>'),
        _ => false,
    }
}

fn is_rust(text: &[u8]) -> bool {
    let mut rest = text;
    if let Some(after) = after_pub(rest) {
        rest = after;
    }
    if let Some(after) = ["async", "const", "unsafe"]
        .iter()
        .find_map(|word| rest.after_word(word))
        .or_else(|| after_extern(rest))
    {
        rest = after;
    }
    let items = ["struct", "enum", "union", "mod", "trait", "fn", "impl", "macro_rules!"];
    items.iter().any(|item| {
        rest.strip_prefix(item.as_bytes())
            .is_some_and(|after| matches!(after.first(), Some(b'<' | b' ' | b'\t')) && !after.contains(&b';'))
    })
}

fn after_pub(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"pub")?;
    let rest = match rest.strip_prefix(b"(") {
        Some(inside) => {
            let close = inside.iter().position(|&b| b == b')')?;
            (close > 0).then(|| &inside[close + 1..])?
        }
        None => rest,
    };
    rest.after_word("")
}

fn after_extern(text: &[u8]) -> Option<&[u8]> {
    let rest = text.after_word("extern")?.strip_prefix(b"\"")?;
    let close = rest.iter().position(|&b| b == b'"')?;
    (close > 0).then(|| rest[close + 1..].after_word(""))?
}

fn is_css(line: &[u8]) -> bool {
    let visible = line.trim_ascii_end();
    if matches!(visible.last(), Some(b':' | b';')) {
        return false;
    }
    let rest = match line.first() {
        Some(b':' | b'[' | b'@' | b'.' | b'#') => &line[1..],
        _ => line,
    };
    rest.first().is_some_and(|&b| b == b'_' || b.is_ascii_alphanumeric())
}
