//! Values: numbers, texts, and texts from outside that count as numbers when they look like one.

use crate::format::Spec;
use std::cmp::Ordering;
use std::sync::Arc;

/// Bytes that are shared.
pub type Text = Arc<[u8]>;

/// Where a variable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    Global(usize),
    /// In the stack of calls, from its bottom.
    Stack(usize),
}

/// What a variable, a field or an expression holds.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Unset,
    Number(f64),
    Text(Text),
    /// From a field, a file or the command line.
    Input(Text),
    /// A literal regular expression, by its number.
    Regex(usize),
    /// An array; the one who `owns` it frees it.
    Array {
        id: usize,
        owns: bool,
    },
    /// A parameter that was given a variable of which nothing is known yet.
    Lazy(Slot),
}

impl Value {
    pub fn text(bytes: impl Into<Text>) -> Self {
        Self::Text(bytes.into())
    }

    pub fn truth(&self) -> bool {
        match self {
            Self::Number(n) => *n != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Input(text) => looks_numeric(text).map_or(!text.is_empty(), |n| n != 0.0),
            _ => false,
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Self::Number(n) => *n,
            Self::Text(text) | Self::Input(text) => number_at(text).0,
            _ => 0.0,
        }
    }

    /// As a text; `format` is `CONVFMT` or `OFMT`.
    pub fn bytes(&self, format: &[u8]) -> Text {
        match self {
            Self::Number(n) => number_text(*n, format).into(),
            Self::Text(text) | Self::Input(text) => text.clone(),
            _ => Arc::from([]),
        }
    }

    fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(n) => Some(*n),
            Self::Unset | Self::Lazy(_) => Some(0.0),
            Self::Input(text) => looks_numeric(text),
            _ => None,
        }
    }

    /// Numbers when both are or look so, else texts. `None`: one is not a number at all.
    pub fn compare(&self, other: &Self, format: &[u8]) -> Option<Ordering> {
        match (self.as_number(), other.as_number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => Some(self.bytes(format).cmp(&other.bytes(format))),
        }
    }
}

/// Whole numbers as such, others by the format.
pub fn number_text(n: f64, format: &[u8]) -> Vec<u8> {
    if n.fract() == 0.0 && n.abs() < 1e16 {
        return format!("{}", n as i64).into_bytes();
    }
    let mut at = 0;
    let mut out = Vec::new();
    while at < format.len() {
        if format[at] != b'%' {
            out.push(format[at]);
            at += 1;
            continue;
        }
        match Spec::read(format, &mut at, || 0) {
            (spec, Some(letter @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G'))) => spec.put_float(n, letter, &mut out),
            (spec, Some(b'd' | b'i')) => spec.put_signed(n as i64, &mut out),
            (_, letter) => out.extend(letter),
        }
    }
    out
}

/// The number at the start of a text, and where it ends (0: there is none).
pub fn number_at(text: &[u8]) -> (f64, usize) {
    let digits = |at: usize| text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let start = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = start + usize::from(matches!(text.get(start), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        at += usize::from(whole + fraction > 0) + fraction;
    }
    if whole + fraction == 0 {
        return (0.0, 0);
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let power = if at + 1 + sign <= text.len() {
            digits(at + 1 + sign)
        } else {
            0
        };
        if power > 0 {
            at += 1 + sign + power;
        }
    }
    let number = std::str::from_utf8(&text[start..at]).ok().and_then(|t| t.parse().ok());
    (number.unwrap_or(0.0), at)
}

fn looks_numeric(text: &[u8]) -> Option<f64> {
    let (number, end) = number_at(text);
    (end > 0 && text[end..].iter().all(u8::is_ascii_whitespace)).then_some(number)
}
