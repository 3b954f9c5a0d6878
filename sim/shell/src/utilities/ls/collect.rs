//! What is listed, and in which order.

use super::{Format, Settings, is_ignored, text_width};
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;
use essaim_kernel::{Errno, Io, Metadata};
use std::cmp::Ordering;

/// The order of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorting {
    None,
    Name,
    Time,
    Size,
    Extension,
    Version,
    Width,
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Vec<u8>,
    pub metadata: Metadata,
    /// Of a symbolic link: where it leads, and what is there.
    pub target: Option<(Vec<u8>, Option<Metadata>)>,
}

impl Entry {
    /// The space it takes on a disk with blocks of 4 KiB.
    pub fn kibibytes(&self) -> u64 {
        if self.metadata.is_symlink() {
            return 0;
        }
        self.metadata.size.div_ceil(4096) * 4
    }
}

/// `name` inside `folder`, as `ls -R` writes it.
pub fn under(folder: &[u8], name: &[u8]) -> Vec<u8> {
    path::join(folder, name)
}

fn entry(name: &[u8], path: &[u8], follow: bool, io: &Io<'_>) -> Result<Entry, Errno> {
    let files = io.files_ref();
    let own = files.symlink_metadata(path)?;
    let behind = if own.is_symlink() {
        files.metadata(path).ok()
    } else {
        None
    };
    if follow && let Some(metadata) = behind {
        return Ok(Entry {
            name: name.to_vec(),
            metadata,
            target: None,
        });
    }
    let target = if own.is_symlink() {
        Some((files.read_link(path)?, behind))
    } else {
        None
    };
    Ok(Entry {
        name: name.to_vec(),
        metadata: own,
        target,
    })
}

/// An operand, and whether it is a directory to list.
pub fn operand(settings: &Settings, name: &[u8], io: &Io<'_>) -> Result<(Entry, bool), Errno> {
    let path = io.path(name);
    if name.is_empty() {
        return Err(Errno::NoEntry);
    }
    let found = entry(name, &path, settings.follow, io)?;
    if settings.directory {
        return Ok((found, false));
    }
    let leads_to_folder = matches!(&found.target, Some((_, Some(metadata))) if metadata.is_dir());
    if leads_to_folder && settings.follow_operands {
        return Ok((entry(name, &path, true, io)?, true));
    }
    let is_folder = found.metadata.is_dir();
    Ok((found, is_folder))
}

/// The entries of a directory.
pub fn folder(settings: &Settings, name: &[u8], io: &Io<'_>) -> Result<Vec<Entry>, Errno> {
    let at = io.path(name);
    let mut names = io.files_ref().read_dir(&at)?;
    if settings.all {
        names.splice(0..0, [b".".to_vec(), b"..".to_vec()]);
    }
    let mut entries = Vec::new();
    for name in names {
        if is_ignored(settings, &name) {
            continue;
        }
        entries.push(entry(&name, &path::join(&at, &name), settings.follow, io)?);
    }
    sort(settings, &mut entries);
    Ok(entries)
}

/// Sorts a listing.
pub fn sort(settings: &Settings, entries: &mut [Entry]) {
    if settings.sorting == Sorting::None {
        return;
    }
    let time = |e: &Entry| {
        if settings.ctime {
            e.metadata.ctime
        } else {
            e.metadata.mtime
        }
    };
    entries.small_sort_by(|a, b| {
        if settings.directories_first {
            let is_folder =
                |e: &Entry| e.metadata.is_dir() || matches!(&e.target, Some((_, Some(metadata))) if metadata.is_dir());
            let order = is_folder(b).cmp(&is_folder(a));
            if order != Ordering::Equal {
                return order;
            }
        }
        let order = match settings.sorting {
            Sorting::Time => time(b).cmp(&time(a)),
            Sorting::Size => b.metadata.size.cmp(&a.metadata.size),
            Sorting::Extension => extension(&a.name).cmp(extension(&b.name)),
            Sorting::Version => version_cmp(&a.name, &b.name),
            Sorting::Width => text_width(&a.name).cmp(&text_width(&b.name)),
            Sorting::Name | Sorting::None => Ordering::Equal,
        };
        let order = order.then_with(|| a.name.cmp(&b.name));
        if settings.reverse { order.reverse() } else { order }
    });
    let _ = Format::Long;
}

fn extension(name: &[u8]) -> &[u8] {
    name.iter().rposition(|b| *b == b'.').map_or(b"", |at| &name[at..])
}

/// Compares names with numbers inside: `a2` before `a10`.
pub fn version_cmp(a: &[u8], b: &[u8]) -> Ordering {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        // What is no digit: a tilde first, then the end, then letters, then the rest.
        while a.get(i).is_some_and(|c| !c.is_ascii_digit()) || b.get(j).is_some_and(|c| !c.is_ascii_digit()) {
            let rank = |c: Option<&u8>| match c {
                Some(b'~') => -1,
                Some(c) if c.is_ascii_digit() => 0,
                None => 0,
                Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
                Some(c) => i32::from(*c) + 256,
            };
            let order = rank(a.get(i)).cmp(&rank(b.get(j)));
            if order != Ordering::Equal {
                return order;
            }
            i += 1;
            j += 1;
        }
        let digits = |text: &[u8], from: usize| {
            let from = from.min(text.len());
            let len = text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
            let zeros = text[from..from + len].iter().take_while(|c| **c == b'0').count();
            (from + zeros, from + len)
        };
        let ((a_from, a_to), (b_from, b_to)) = (digits(a, i), digits(b, j));
        let order = (a_to - a_from)
            .cmp(&(b_to - b_from))
            .then_with(|| a[a_from..a_to].cmp(&b[b_from..b_to]));
        if order != Ordering::Equal {
            return order;
        }
        (i, j) = (a_to.max(i), b_to.max(j));
        if i >= a.len() && j >= b.len() {
            break;
        }
    }
    Ordering::Equal
}
