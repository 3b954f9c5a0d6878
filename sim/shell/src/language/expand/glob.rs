//! File names that match a pattern.

use crate::language::pattern::Pattern;
use crate::language::state::Options;
use essaim_kernel::Files;
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;

/// Names a pattern may give at most.
const MATCHES_MAX: usize = 100_000;

/// The existing names that match, in order of their bytes.
pub fn expand(pattern: &[u8], files: &Files, cwd: &[u8], options: &Options) -> Vec<Vec<u8>> {
    let mut found = vec![if pattern.starts_with(b"/") {
        b"/".to_vec()
    } else {
        Vec::new()
    }];
    let parts: Vec<&[u8]> = pattern.split(|b| *b == b'/').collect();
    let last = parts.len() - 1;
    for (at, part) in parts.iter().enumerate() {
        if part.is_empty() {
            if at == last && at > 0 {
                // `*/`: directories only.
                found.retain(|name| files.is_dir(&path::join(cwd, name)));
            }
            continue;
        }
        let mut next = Vec::new();
        for base in &found {
            if next.len() > MATCHES_MAX {
                break;
            }
            if *part == b"**" && options.globstar {
                descend(base, files, cwd, at == last, &mut next);
            } else {
                one_part(base, part, files, cwd, options, &mut next);
            }
        }
        if at < last {
            next.retain(|name| files.is_dir(&path::join(cwd, name)));
            for name in &mut next {
                if !name.is_empty() && !name.ends_with(b"/") {
                    name.push(b'/');
                }
            }
        }
        found = next;
    }
    found.retain(|name| !name.is_empty());
    found.small_sort();
    found
}

fn one_part(base: &[u8], part: &[u8], files: &Files, cwd: &[u8], options: &Options, next: &mut Vec<Vec<u8>>) {
    let lower = options.nocaseglob.then(|| part.to_ascii_lowercase());
    let compiled = Pattern::new(lower.as_deref().unwrap_or(part));
    let named = |name: &[u8]| [base, name].concat();
    if !compiled.is_active() {
        let candidate = named(&compiled.literal());
        if files.symlink_metadata(&path::join(cwd, &candidate)).is_ok() {
            next.push(candidate);
        }
        return;
    }
    let directory = if base.is_empty() {
        cwd.to_vec()
    } else {
        path::join(cwd, base)
    };
    let Ok(names) = files.read_dir(&directory) else { return };
    for name in names {
        let hidden = name.starts_with(b".");
        if hidden && !options.dotglob && !compiled.starts_with(b'.') {
            continue;
        }
        let fits = if options.nocaseglob {
            compiled.matches(&name.to_ascii_lowercase())
        } else {
            compiled.matches(&name)
        };
        if fits {
            next.push(named(&name));
        }
    }
}

/// `**`: this directory and all below it; files too when it is the last part.
fn descend(base: &[u8], files: &Files, cwd: &[u8], with_files: bool, next: &mut Vec<Vec<u8>>) {
    let mut open = vec![base.to_vec()];
    while let Some(directory) = open.pop() {
        if next.len() > MATCHES_MAX {
            return;
        }
        next.push(directory.clone());
        let Ok(names) = files.read_dir(&path::join(cwd, &directory)) else {
            continue;
        };
        for name in names.iter().filter(|name| !name.starts_with(b".")) {
            let child = [directory.as_slice(), name].concat();
            let is_dir = files
                .symlink_metadata(&path::join(cwd, &child))
                .is_ok_and(|m| m.is_dir());
            if is_dir {
                if with_files {
                    next.push(child.clone());
                }
                open.push([child.as_slice(), b"/"].concat());
            } else if with_files {
                next.push(child);
            }
        }
    }
    if with_files {
        next.retain(|name| !name.ends_with(b"/"));
    }
}
