//! A record: one head line with version and checksum, then the text itself.

const HEAD: &str = "essaim 1 ";

/// Puts the head before a text.
pub fn seal(body: &str) -> String {
    format!("{HEAD}{:08x}\n{body}", sum(body.as_bytes()))
}

/// The text, if the version is known and the sum is right.
pub fn open(text: &str) -> Option<String> {
    let (head, body) = text.split_once('\n')?;
    let expected = u32::from_str_radix(head.strip_prefix(HEAD)?, 16).ok()?;
    (expected == sum(body.as_bytes())).then(|| body.to_owned())
}

/// FNV-1a: it finds truncation and damage, which is all that is asked of it.
pub fn sum(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0x811c_9dc5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens() {
        assert_eq!(open(&seal("a\nb")).as_deref(), Some("a\nb"));
    }

    #[test]
    fn damage_is_seen() {
        let whole = seal("git commit -m x\n");
        assert_eq!(open(&whole[..whole.len() - 1]), None);
        assert_eq!(open(&whole.replace("essaim 1", "essaim 2")), None);
        assert_eq!(open(&whole.replace("commit", "commot")), None);
        assert_eq!(open(""), None);
    }
}
