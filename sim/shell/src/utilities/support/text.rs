//! Quoting, numbers and names as GNU tools write and read them.

use essaim_kernel::{Io, Metadata};

/// Text for a message, with what is no UTF-8 replaced.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// GNU's `quote()` in a UTF-8 locale: ‘text’.
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("‘");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '’' => out.push_str("\\’"),
                '\\' => out.push_str("\\\\"),
                c => push_c_escaped(&mut out, c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\{byte:03o}"));
        }
    }
    out.push('’');
    out
}

fn push_c_escaped(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{b}' => out.push_str("\\v"),
        '\u{c}' => out.push_str("\\f"),
        c if (c as u32) < 32 || c as u32 == 127 => out.push_str(&format!("\\{:03o}", c as u32)),
        c => out.push(c),
    }
}

/// GNU's `quoteaf()`: always in shell quotes, as in "cannot access 'x'".
pub fn quoted(bytes: &[u8]) -> String {
    shell_quote(bytes, true)
}

/// GNU's `quotef()`: in shell quotes only where a shell would need them (or a colon makes it ambiguous).
pub fn named(bytes: &[u8]) -> String {
    shell_quote(bytes, bytes.contains(&b':'))
}

/// The shell-escape quoting style of `ls` on a terminal.
pub fn shell_quote(bytes: &[u8], always: bool) -> String {
    let text = std::str::from_utf8(bytes);
    let unprintable = text.is_err() || bytes.iter().any(|b| *b < 32 || *b == 127);
    if unprintable {
        return shell_escape(bytes);
    }
    let text = text.unwrap_or_default();
    let plain = !text.is_empty()
        && !text.contains(|c: char| " !\"$&'()*;<=>?[\\^`|".contains(c))
        && !text.starts_with(['#', '~'])
        && !matches!(text, "{" | "}");
    if plain && !always {
        return text.to_owned();
    }
    if text.contains('\'') {
        if !text.contains(['"', '$', '`', '\\', '!']) {
            return format!("\"{text}\"");
        }
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    format!("'{text}'")
}

/// `'a'$'\n''b'`.
fn shell_escape(bytes: &[u8]) -> String {
    let mut out = String::from("'");
    let mut escaped = false;
    let mut switch = |out: &mut String, to: bool| {
        if to != escaped {
            out.push_str(if to { "'$'" } else { "''" });
            escaped = to;
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let control = (c as u32) < 32 || c as u32 == 127;
            switch(&mut out, control);
            match c {
                '\'' => out.push_str("'\\''"),
                c => push_c_escaped(&mut out, c),
            }
        }
        for byte in chunk.invalid() {
            switch(&mut out, true);
            out.push_str(&format!("\\{byte:03o}"));
        }
    }
    out.push('\'');
    out
}

/// A whole number without a sign.
pub fn number(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes).ok()?.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

/// A number with one of the usual suffixes: `b` 512, `kB` 1000, `K` 1024, `MB`, `M` …
pub fn size(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (count, suffix) = bytes.split_at(digits);
    let factor: u64 = match suffix {
        b"" => 1,
        b"b" => 512,
        b"kB" | b"KB" => 1000,
        b"k" | b"K" | b"KiB" => 1 << 10,
        b"MB" => 1_000_000,
        b"m" | b"M" | b"MiB" => 1 << 20,
        b"GB" => 1_000_000_000,
        b"g" | b"G" | b"GiB" => 1 << 30,
        b"T" | b"TiB" => 1 << 40,
        _ => return None,
    };
    let count = if count.is_empty() && !suffix.is_empty() {
        1
    } else {
        number(count)?
    };
    Some(count.saturating_mul(factor))
}

/// A size for people (`ls -h`): rounded up, one decimal below ten. `base` is 1024 or 1000.
pub fn human_size(bytes: u64, base: u64) -> String {
    if bytes < base {
        return bytes.to_string();
    }
    let units = if base == 1000 { "kMGTPE" } else { "KMGTPE" };
    let mut unit = u128::from(base);
    for letter in units.chars() {
        let tenths = (u128::from(bytes) * 10).div_ceil(unit);
        if tenths < 100 {
            return format!("{}.{}{letter}", tenths / 10, tenths % 10);
        }
        let whole = u128::from(bytes).div_ceil(unit);
        if whole < u128::from(base) || letter == 'E' {
            return format!("{whole}{letter}");
        }
        unit *= u128::from(base);
    }
    bytes.to_string()
}

/// `drwxr-xr-x`.
pub fn mode_string(metadata: &Metadata) -> String {
    let kind = if metadata.is_dir() {
        'd'
    } else if metadata.is_symlink() {
        'l'
    } else {
        '-'
    };
    let mode = metadata.mode;
    let mut out = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        out.push(if bits & 4 != 0 { 'r' } else { '-' });
        out.push(if bits & 2 != 0 { 'w' } else { '-' });
        out.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    out
}

/// Who the learner is: the machine has one user.
#[derive(Clone, Debug)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User and group number.
    pub id: u32,
}

/// The user, by the environment.
pub fn user(io: &Io<'_>) -> User {
    user_of(io.env())
}

/// The user of an environment.
pub fn user_of(env: &essaim_kernel::process::Environment) -> User {
    let name = ["USER", "LOGNAME"]
        .iter()
        .find_map(|v| env.get(v.as_bytes()))
        .filter(|name| !name.is_empty())
        .map_or_else(|| "learner".to_owned(), |name| lossy(name));
    let id = if name == "root" { 0 } else { 1000 };
    User { name, id }
}

/// Columns a text takes on a terminal: one a character, two for wide ones, none for combining ones.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Columns a character takes.
pub fn char_width(c: char) -> usize {
    match c as u32 {
        0..=31 | 127..=159 | 0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The bytes of the character at the start of `bytes`: one where it is no UTF-8.
pub fn char_len(bytes: &[u8]) -> usize {
    decode(bytes).1
}

/// The character at the start of `bytes` and its length; what is no UTF-8 gives `0x11_0000 + byte`.
pub fn decode(bytes: &[u8]) -> (u32, usize) {
    let first = match bytes.first() {
        None => return (0, 0),
        Some(b) if *b < 0x80 => return (u32::from(*b), 1),
        Some(b) => *b,
    };
    let len = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let text = bytes.get(..len).and_then(|b| std::str::from_utf8(b).ok());
    match text.and_then(|t| t.chars().next()) {
        Some(c) => (c as u32, len),
        None => (0x11_0000 + u32::from(first), 1),
    }
}
