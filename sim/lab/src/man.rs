//! The manual pages of `content/man`, packed by the build script: learner-facing text is content, not code.

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Path below `/usr/share/man`: `fr/grep.txt`.
    pub path: String,
    /// Its text.
    pub content: Vec<u8>,
}

/// Per page the path's length, the path, the content's length, the content; lengths of 4 bytes. Not compressed here: what
/// carries the worker to the page compresses it better.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/man.bin"));

/// All pages, by path.
pub fn pages() -> Vec<Page> {
    let mut rest = PACKED;
    let mut pages = Vec::new();
    while let (Some(path), Some(content)) = (take(&mut rest), take(&mut rest)) {
        pages.push(Page {
            path: String::from_utf8_lossy(path).into_owned(),
            content: content.to_vec(),
        });
    }
    pages
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let (field, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = after;
    Some(field)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pack_is_whole() {
        let paths: Vec<_> = super::pages().into_iter().map(|page| page.path).collect();
        assert!(paths.is_sorted());
        let fields: usize = super::pages()
            .iter()
            .map(|page| 8 + page.path.len() + page.content.len())
            .sum();
        assert_eq!(fields, super::PACKED.len());
    }
}
