//! Quoting, for output that can be read back.

/// As bash prints values in `set`, `export -p`, `alias` and `${v@Q}`: between single quotes.
pub fn shell_quote(text: &[u8]) -> Vec<u8> {
    if text.iter().any(|b| *b < 0x20 || *b == 0x7f) {
        return ansi_quote(text);
    }
    let mut out = vec![b'\''];
    for byte in text {
        if *byte == b'\'' {
            out.extend_from_slice(b"'\\''");
        } else {
            out.push(*byte);
        }
    }
    out.push(b'\'');
    out
}

/// `$'…'`
pub fn ansi_quote(text: &[u8]) -> Vec<u8> {
    let mut out = b"$'".to_vec();
    for byte in text {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x1b => out.extend_from_slice(b"\\E"),
            7 => out.extend_from_slice(b"\\a"),
            8 => out.extend_from_slice(b"\\b"),
            11 => out.extend_from_slice(b"\\v"),
            12 => out.extend_from_slice(b"\\f"),
            b'\'' => out.extend_from_slice(b"\\'"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b if *b < 0x20 || *b == 0x7f => out.extend_from_slice(format!("\\{b:03o}").as_bytes()),
            b => out.push(*b),
        }
    }
    out.push(b'\'');
    out
}

/// Quoted only where it must be, as `set -x` and `printf %q` need it.
pub fn quote_if_needed(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return b"''".to_vec();
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(b) || *b >= 0x80;
    if text.iter().all(plain) && text[0] != b'~' && text[0] != b'#' {
        text.to_vec()
    } else {
        shell_quote(text)
    }
}

/// Between double quotes, as `declare -p` and `export -p` print values.
pub fn double_quote(text: &[u8]) -> Vec<u8> {
    if text.iter().any(|b| *b < 0x20 || *b == 0x7f) {
        return ansi_quote(text);
    }
    let mut out = vec![b'"'];
    for byte in text {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}

/// With backslashes, as `printf %q` prints.
pub fn backslash_quote(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return b"''".to_vec();
    }
    if text.iter().any(|b| *b < 0x20 || *b == 0x7f) {
        return ansi_quote(text);
    }
    let mut out = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        let special = b" !\"$&'()*,;<>?[\\]^`{|}".contains(byte) || (at == 0 && matches!(byte, b'~' | b'#'));
        if special {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}
