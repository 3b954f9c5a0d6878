//! The colours of `ls --color`, as when `LS_COLORS` is not set.

use super::{Entry, Indicators};
use essaim_kernel::Metadata;

/// The colour of a file; `None`: none.
pub fn color(metadata: &Metadata) -> Option<&'static str> {
    let mode = metadata.mode;
    if metadata.is_symlink() {
        return Some("01;36");
    }
    if metadata.is_dir() {
        return Some(match (mode & 0o1000 != 0, mode & 0o002 != 0) {
            (true, true) => "30;42",
            (false, true) => "34;42",
            (true, false) => "37;44",
            (false, false) => "01;34",
        });
    }
    if mode & 0o4000 != 0 {
        Some("37;41")
    } else if mode & 0o2000 != 0 {
        Some("30;43")
    } else if mode & 0o111 != 0 {
        Some("01;32")
    } else {
        None
    }
}

/// The sign behind a name (`-F`, `-p`).
pub fn indicator(metadata: &Metadata, style: Indicators) -> &'static str {
    if style == Indicators::None {
        ""
    } else if metadata.is_dir() {
        "/"
    } else if style == Indicators::Slash {
        ""
    } else if metadata.is_symlink() {
        "@"
    } else if style == Indicators::Classify && metadata.mode & 0o111 != 0 {
        "*"
    } else {
        ""
    }
}

/// A name with its colour around it. The first colour of a listing is preceded by a reset.
pub fn painted(entry: &Metadata, name: &[u8], enabled: bool, first: &mut bool) -> Vec<u8> {
    let Some(color) = color(entry).filter(|_| enabled) else {
        return name.to_vec();
    };
    let mut out = Vec::new();
    if std::mem::take(first) {
        out.extend_from_slice(b"\x1b[0m");
    }
    out.extend_from_slice(format!("\x1b[{color}m").as_bytes());
    out.extend_from_slice(name);
    out.extend_from_slice(b"\x1b[0m");
    out
}

/// What follows a symbolic link in a long listing.
pub fn target_metadata(entry: &Entry) -> Option<&Metadata> {
    entry.target.as_ref().and_then(|(_, metadata)| metadata.as_ref())
}
