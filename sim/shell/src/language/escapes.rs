//! Backslash escapes of `echo -e`, `printf` and `$'…'`.

/// Whose rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `echo -e` and `printf %b`: octal needs a leading zero, `\c` ends.
    Echo,
    /// The format of `printf`: octal without a leading zero.
    Printf,
    /// `$'…'`
    DollarQuote,
}

/// Text without its escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unescaped {
    pub bytes: Vec<u8>,
    /// `\c` was met: nothing follows, not even a newline.
    pub stop: bool,
}

/// Replaces escapes.
pub fn unescape(text: &[u8], style: Style) -> Unescaped {
    let mut out = Unescaped::default();
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' || at + 1 == text.len() {
            out.bytes.push(text[at]);
            at += 1;
            continue;
        }
        at += 1;
        let simple = match text[at] {
            b'a' => Some(7),
            b'b' => Some(8),
            b'e' | b'E' => Some(27),
            b'f' => Some(12),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'v' => Some(11),
            b'\\' => Some(b'\\'),
            b'\'' | b'"' | b'?' if style != Style::Echo => Some(text[at]),
            _ => None,
        };
        if let Some(byte) = simple {
            out.bytes.push(byte);
            at += 1;
            continue;
        }
        match text[at] {
            b'c' if style == Style::DollarQuote && at + 1 < text.len() => {
                out.bytes.push(text[at + 1] & 0x1f);
                at += 2;
            }
            b'c' if style != Style::DollarQuote => {
                out.stop = true;
                return out;
            }
            b'x' => {
                let digits = count(&text[at + 1..], 2, |b| b.is_ascii_hexdigit());
                if digits == 0 {
                    out.bytes.extend_from_slice(b"\\x");
                } else {
                    out.bytes.push(number(&text[at + 1..at + 1 + digits], 16) as u8);
                }
                at += 1 + digits;
            }
            letter @ (b'u' | b'U') => {
                let most = if letter == b'u' { 4 } else { 8 };
                let digits = count(&text[at + 1..], most, |b| b.is_ascii_hexdigit());
                match char::from_u32(number(&text[at + 1..at + 1 + digits], 16)) {
                    Some(c) if digits > 0 => out.bytes.extend_from_slice(c.to_string().as_bytes()),
                    _ => out.bytes.extend_from_slice(&[b'\\', letter]),
                }
                at += 1 + digits;
            }
            b'0' if style == Style::Echo => {
                let digits = count(&text[at + 1..], 3, |b| (b'0'..=b'7').contains(&b));
                out.bytes.push(number(&text[at + 1..at + 1 + digits], 8) as u8);
                at += 1 + digits;
            }
            b'0'..=b'7' if style != Style::Echo => {
                let digits = count(&text[at..], 3, |b| (b'0'..=b'7').contains(&b));
                out.bytes.push(number(&text[at..at + digits], 8) as u8);
                at += digits;
            }
            other => {
                out.bytes.extend_from_slice(&[b'\\', other]);
                at += 1;
            }
        }
    }
    out
}

fn count(text: &[u8], most: usize, is_digit: fn(u8) -> bool) -> usize {
    text.iter().take(most).take_while(|b| is_digit(**b)).count()
}

fn number(digits: &[u8], base: u32) -> u32 {
    digits
        .iter()
        .filter_map(|b| (*b as char).to_digit(base))
        .fold(0_u32, |n, digit| n.wrapping_mul(base).wrapping_add(digit))
}
