//! Small helpers on byte strings: Git's names and paths are bytes, not text.

/// Joins pieces of bytes and text into one `Vec<u8>`: `cat!["pathspec '", path, "'"]`.
#[macro_export]
macro_rules! cat {
    ($($piece:expr),* $(,)?) => {{
        let mut joined: Vec<u8> = Vec::new();
        $( joined.extend_from_slice(AsRef::<[u8]>::as_ref(&$piece)); )*
        joined
    }};
}

/// Bytes as text for messages where only UTF-8 can occur in practice.
pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The position of `needle` in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The lines of a text, without their line feeds; a missing one at the end makes no difference.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let empty = text.is_empty();
    text.split(|b| *b == b'\n').filter(move |_| !empty)
}

/// A decimal number that fills the whole text.
pub fn parse_number<T: core::str::FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// Splits at the first `separator`.
pub fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|b| *b == separator)?;
    Some((&text[..at], &text[at + 1..]))
}
