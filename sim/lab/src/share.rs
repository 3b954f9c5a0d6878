//! Share codes: a transcript, deflated, in base64url. The page reads them (`app/src/lab/share.rs`).

/// Characters a link may hold; beyond that a transcript is a file.
pub const SHARE_CHARACTERS_MAX: usize = 8_000;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The code of a transcript; `Err` gives the characters it would need.
pub fn encode(transcript: &str) -> Result<String, usize> {
    let packed = miniz_oxide::deflate::compress_to_vec(transcript.as_bytes(), 10);
    let code = base64url(&packed);
    if code.len() > SHARE_CHARACTERS_MAX {
        return Err(code.len());
    }
    Ok(code)
}

fn base64url(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            let index = (group >> (18 - 6 * at)) & 63;
            out.push(char::from(ALPHABET[index as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// As the page does it, with the browser's own code.
    fn decode(code: &str) -> Option<String> {
        let bytes = miniz_oxide::inflate::decompress_to_vec(&from_base64url(code)?).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn from_base64url(code: &str) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(code.len() / 4 * 3);
        let (mut group, mut bits) = (0u32, 0);
        for c in code.bytes() {
            let value = ALPHABET.iter().position(|a| *a == c)? as u32;
            group = group << 6 | value;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                out.push((group >> bits) as u8);
            }
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn a_code_gives_its_transcript(text in "\\PC{0,300}") {
            prop_assert_eq!(decode(&encode(&text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn a_long_one_is_refused_with_its_length() {
        let mut stream = essaim_kernel::random::Streams::new(1);
        let noise: String = (0..20_000)
            .map(|_| char::from(b'a' + stream.named("t").below(26) as u8))
            .collect();
        assert!(encode(&noise).unwrap_err() > SHARE_CHARACTERS_MAX);
        assert!(encode(&"$ git status\n".repeat(2_000)).unwrap().len() < 200);
    }
}
