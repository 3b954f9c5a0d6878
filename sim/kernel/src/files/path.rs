//! Paths are bytes, separated by `/`.

/// `path` seen from `cwd`: absolute paths stay, others are appended. Nothing is resolved or normalised.
pub fn join(cwd: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut joined = cwd.to_vec();
    if !joined.ends_with(b"/") {
        joined.push(b'/');
    }
    joined.extend_from_slice(path);
    joined
}

/// The non-empty components of a path.
pub fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|part| !part.is_empty())
}

/// Resolves `.`, `..` and doubled slashes in the text alone, as the shell's `cd -L` does. The result is absolute.
pub fn normalize(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in components(path) {
        match part {
            b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for part in parts {
        out.push(b'/');
        out.extend_from_slice(part);
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

/// The last component, empty for `/`.
pub fn file_name(path: &[u8]) -> &[u8] {
    components(path).last().unwrap_or(b"")
}

/// Everything before the last component: `/a/b/` gives `/a`; `a` gives the empty path.
pub fn parent(path: &[u8]) -> &[u8] {
    let trimmed = trim_trailing(path);
    match trimmed.iter().rposition(|b| *b == b'/') {
        Some(0) => b"/",
        Some(at) => trim_trailing(&trimmed[..at]),
        None => b"",
    }
}

fn trim_trailing(path: &[u8]) -> &[u8] {
    let mut end = path.len();
    while end > 1 && path[end - 1] == b'/' {
        end -= 1;
    }
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(join(b"/home", b"a/b"), b"/home/a/b");
        assert_eq!(join(b"/home", b"/a"), b"/a");
        assert_eq!(normalize(b"/a/./b//../c/"), b"/a/c");
        assert_eq!(normalize(b"/../.."), b"/");
        assert_eq!(parent(b"/a/b/"), b"/a");
        assert_eq!(parent(b"/a"), b"/");
        assert_eq!(parent(b"a"), b"");
        assert_eq!(file_name(b"/a/b/"), b"b");
    }
}
