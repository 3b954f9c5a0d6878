//! What a link carries: a transcript, deflated, in base64url (`sim/lab` writes it). It is unpacked
//! with the browser's own code, before any worker is there.

use leptos::prelude::window;

use crate::dom;

/// Characters of a code; the worker makes none that is longer, and a short one cannot fill the memory.
const CHARACTERS_MAX: usize = 8_000;

/// The transcript of a code, `None` when it is none.
pub async fn read(code: &str) -> Option<String> {
    if code.len() > CHARACTERS_MAX {
        return None;
    }
    let standard: String = code
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let packed: Vec<u8> = window().atob(&standard).ok()?.chars().map(|c| c as u8).collect();
    let text = String::from_utf8(dom::inflate(&packed).await?).ok()?;
    id(&text).is_some().then_some(text)
}

/// The lab that a transcript belongs to: `chapter/module/lesson`, or `lab` for the free one.
pub fn id(transcript: &str) -> Option<&str> {
    Some(transcript.strip_prefix("--- ")?.split_once(" ---\n")?.0)
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn a_transcript_names_its_lab() {
        assert_eq!(id("--- a/b/c ---\nseed 1\n$ ls\n"), Some("a/b/c"));
        assert_eq!(id("seed 1\n"), None);
    }
}
