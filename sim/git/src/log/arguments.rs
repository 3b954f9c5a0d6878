//! The words of a command line that name revisions and paths.

use crate::bytes::find;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::repo::Repo;
use crate::revision::{Hint, Resolver, unknown_revision};
use crate::walk::History;
use essaim_kernel::Files;

/// One object that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// As it was typed, `^` and dots apart.
    pub name: Vec<u8>,
    /// The object.
    pub oid: Oid,
    /// What it is.
    pub kind: Kind,
    /// Its history is left out.
    pub negated: bool,
    /// A merge base of `a...b`.
    pub is_base: bool,
    /// It came from `a..b` or `a...b`: `2`, `3`; 0: alone.
    pub dots: u8,
    /// The path behind a colon, and the mode.
    pub place: Option<(Vec<u8>, u32)>,
}

/// All of them, with the paths.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The objects.
    pub pending: Vec<Pending>,
    /// The paths, as typed.
    pub paths: Vec<Vec<u8>>,
    /// `--` was given.
    pub dash_dash: bool,
}

/// Sorts words (options are gone) into revisions and paths. `dash_dash`: how many stood before `--`.
pub fn read(resolver: &mut Resolver<'_>, words: &[Vec<u8>], dash_dash: Option<usize>) -> Result<Arguments> {
    let mut all = Arguments {
        dash_dash: dash_dash.is_some(),
        ..Arguments::default()
    };
    if let Some(count) = dash_dash {
        for word in &words[..count] {
            if !add(resolver, word, &mut all)? {
                return Err(Fault::fatal(cat!["bad revision '", word, "'"]));
            }
        }
        all.paths = words[count..].to_vec();
        return Ok(all);
    }
    for (at, word) in words.iter().enumerate() {
        if add(resolver, word, &mut all)? {
            if is_file(resolver.repo, resolver.files, word) && !word.starts_with(b"^") {
                return Err(Fault::fatal(cat![
                    "ambiguous argument '",
                    word,
                    "': both revision and filename\n",
                    "Use '--' to separate paths from revisions, like this:\n",
                    "'git <command> [<revision>...] -- [<file>...]'"
                ]));
            }
            continue;
        }
        for (nth, path) in words[at..].iter().enumerate() {
            check_path(resolver, path, nth == 0)?;
        }
        all.paths = words[at..].to_vec();
        break;
    }
    Ok(all)
}

fn is_file(repo: &Repo, files: &Files, word: &[u8]) -> bool {
    let Ok(path) = crate::pathspec::from_top(repo, &repo.prefix, word, word) else {
        return false;
    };
    repo.work_tree.is_some() && !word.is_empty() && files.symlink_metadata(&repo.work_path(&path)).is_ok()
}

/// An argument that names no revision must be a path that exists (or looks like a pattern).
fn check_path(resolver: &mut Resolver<'_>, path: &[u8], first: bool) -> Result<()> {
    if path.starts_with(b"-") {
        return Err(Fault::fatal(cat![
            "option '",
            path,
            "' must come before non-option arguments"
        ]));
    }
    let (repo, files) = (resolver.repo, resolver.files);
    let magic =
        path.starts_with(b":(") || path.starts_with(b":/") || path.starts_with(b":!") || path.starts_with(b":^");
    if magic || crate::wildmatch::has_glob(path) || is_file(repo, files, path) {
        return Ok(());
    }
    if !first {
        return Err(Fault::fatal(cat![
            path,
            ": no such path in the working tree.\n",
            "Use 'git <command> -- <path>...' to specify paths that do not exist locally."
        ]));
    }
    misspelt(resolver, path)?;
    Err(unknown_revision(path))
}

/// `HEAD:missing`: the revision is good, the path is not.
pub fn misspelt(resolver: &mut Resolver<'_>, spec: &[u8]) -> Result<()> {
    let Some(colon) = spec.iter().position(|b| *b == b':').filter(|at| *at > 0) else {
        return Ok(());
    };
    let (revision, path) = (&spec[..colon], &spec[colon + 1..]);
    if find(revision, b"{").is_some() {
        return Ok(());
    }
    let Some(_) = resolver.tree(revision)? else {
        return Err(Fault::fatal(cat!["invalid object name '", revision, "'."]));
    };
    let full =
        crate::pathspec::from_top(resolver.repo, &resolver.repo.prefix, path, path).unwrap_or_else(|_| path.to_vec());
    if resolver.files.symlink_metadata(&resolver.repo.work_path(&full)).is_ok() {
        return Err(Fault::fatal(cat![
            "path '",
            path,
            "' exists on disk, but not in '",
            revision,
            "'"
        ]));
    }
    Err(Fault::fatal(cat![
        "path '",
        path,
        "' does not exist in '",
        revision,
        "'"
    ]))
}

fn pending(resolver: &Resolver<'_>, name: &[u8], oid: Oid, negated: bool, dots: u8) -> Result<Pending> {
    let object = resolver.repo.store.read(resolver.files, &oid);
    let Some(object) = object else {
        return Err(Fault::fatal(cat!["bad object ", name]));
    };
    Ok(Pending {
        name: name.to_vec(),
        oid,
        kind: object.kind,
        negated,
        is_base: false,
        dots,
        place: None,
    })
}

/// Adds one word; `false`: it names nothing.
pub fn add(resolver: &mut Resolver<'_>, word: &[u8], all: &mut Arguments) -> Result<bool> {
    if let Some(at) = find(word, b"..").filter(|_| word != b"..") {
        let three = word[at..].starts_with(b"...");
        let or_head = |side: &[u8]| {
            if side.is_empty() {
                b"HEAD".to_vec()
            } else {
                side.to_vec()
            }
        };
        let (left, right) = (or_head(&word[..at]), or_head(&word[at + if three { 3 } else { 2 }..]));
        if let (Some(a), Some(b)) = (resolver.object(&left)?, resolver.object(&right)?) {
            return both(resolver, (&left, a), (&right, b), three, all);
        }
        return Ok(false);
    }
    if let Some(base) = word.strip_suffix(b"^@") {
        let Some(commit) = resolver.commit(base)? else {
            return Ok(false);
        };
        for parent in resolver.repo.store.commit(resolver.files, &commit)?.parents {
            all.pending.push(pending(resolver, base, parent, false, 0)?);
        }
        return Ok(true);
    }
    if let Some(base) = word.strip_suffix(b"^!") {
        let Some(commit) = resolver.commit(base)? else {
            return Ok(false);
        };
        for parent in resolver.repo.store.commit(resolver.files, &commit)?.parents {
            all.pending.push(pending(resolver, base, parent, true, 0)?);
        }
        all.pending.push(pending(resolver, base, commit, false, 0)?);
        return Ok(true);
    }
    let (negated, name) = match word.strip_prefix(b"^") {
        Some(name) => (true, name),
        None => (false, word),
    };
    let Some(named) = resolver.named(name, Hint::Commit)? else {
        return Ok(false);
    };
    let mut found = pending(resolver, name, named.oid, negated, 0)?;
    found.place = named.path.zip(named.mode);
    all.pending.push(found);
    Ok(true)
}

fn both(
    resolver: &mut Resolver<'_>,
    left: (&[u8], Oid),
    right: (&[u8], Oid),
    three: bool,
    all: &mut Arguments,
) -> Result<bool> {
    if !three {
        all.pending.push(pending(resolver, left.0, left.1, true, 2)?);
        all.pending.push(pending(resolver, right.0, right.1, false, 2)?);
        return Ok(true);
    }
    let peel = |oid: Oid| resolver.peel(oid, Some(Kind::Commit));
    let (Some(a), Some(b)) = (peel(left.1), peel(right.1)) else {
        return Err(Fault::fatal(cat![
            "invalid symmetric difference expression ",
            left.0,
            "...",
            right.0
        ]));
    };
    for base in History::new(&resolver.repo.store, resolver.files).merge_bases(&a, &[b])? {
        let mut base = pending(resolver, base.hex().as_bytes(), base, true, 3)?;
        base.is_base = true;
        all.pending.push(base);
    }
    all.pending.push(pending(resolver, left.0, a, false, 3)?);
    all.pending.push(pending(resolver, right.0, b, false, 3)?);
    Ok(true)
}
