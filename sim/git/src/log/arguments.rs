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
    /// The left side of `a...b`.
    pub is_left: bool,
    /// Which parent of what was named, with `a^@` and its kin; 0: the commit itself.
    pub parent: usize,
    /// Which word it came from.
    pub word: usize,
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
        for (at, word) in words[..count].iter().enumerate() {
            if !add_nth(resolver, at, word, &mut all)? {
                return Err(Fault::fatal(cat!["bad revision '", word, "'"]));
            }
        }
        all.paths = words[count..].to_vec();
        return Ok(all);
    }
    for (at, word) in words.iter().enumerate() {
        if add_nth(resolver, at, word, &mut all)? {
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
    // Real Git resolves it once more to explain it, and so says twice what it says.
    resolver.object(path)?;
    resolver.diagnose(path)?;
    Err(unknown_revision(path))
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
        is_left: false,
        parent: 0,
        word: 0,
        dots,
        place: None,
    })
}

fn add_nth(resolver: &mut Resolver<'_>, at: usize, word: &[u8], all: &mut Arguments) -> Result<bool> {
    let before = all.pending.len();
    let found = add(resolver, word, all)?;
    for pending in &mut all.pending[before..] {
        pending.word = at;
    }
    Ok(found)
}

/// Adds one word: `a`, `^a`, `a..b`, `a...b`, `a^@`, `a^!`, `a^-2`. `false`: it names nothing.
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
    if with_parents(resolver, word, all)? {
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

/// Which parents a suffix speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parents {
    /// `^@`: they, without the commit.
    Alone,
    /// `^!`, `^-2`: the commit without all of them (0), or without that one.
    Without(usize),
}

fn suffixed(word: &[u8]) -> Option<(&[u8], Parents)> {
    if let Some(base) = word.strip_suffix(b"^@") {
        return Some((base, Parents::Alone));
    }
    if let Some(base) = word.strip_suffix(b"^!") {
        return Some((base, Parents::Without(0)));
    }
    let at = word.windows(2).rposition(|pair| pair == b"^-")?;
    let nth = match &word[at + 2..] {
        [] => Some(1),
        digits => crate::bytes::parse_number(digits).filter(|nth| *nth > 0),
    };
    Some((&word[..at], Parents::Without(nth?)))
}

/// Adds `a^@`, `a^!`, `a^-2`; `false`: it is none of them.
pub fn with_parents(resolver: &mut Resolver<'_>, word: &[u8], all: &mut Arguments) -> Result<bool> {
    let Some((base, which)) = suffixed(word) else {
        return Ok(false);
    };
    let (flipped, base) = match base.strip_prefix(b"^") {
        Some(base) => (true, base),
        None => (false, base),
    };
    let Some(commit) = resolver.commit(base)? else {
        return Ok(false);
    };
    let parents = resolver.repo.store.commit(resolver.files, &commit)?.parents;
    let wanted = match which {
        Parents::Without(nth) if nth > parents.len() => return Ok(false),
        Parents::Without(nth) => nth,
        Parents::Alone => 0,
    };
    for (at, parent) in parents.into_iter().enumerate() {
        if wanted == 0 || wanted == at + 1 {
            let negated = flipped != (which != Parents::Alone);
            all.pending.push(Pending {
                parent: at + 1,
                ..pending(resolver, base, parent, negated, 0)?
            });
        }
    }
    if which != Parents::Alone {
        all.pending.push(pending(resolver, base, commit, flipped, 0)?);
    }
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
    all.pending.push(Pending {
        is_left: true,
        ..pending(resolver, left.0, a, false, 3)?
    });
    all.pending.push(pending(resolver, right.0, b, false, 3)?);
    Ok(true)
}
