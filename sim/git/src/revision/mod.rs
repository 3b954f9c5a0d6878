//! Revisions: `HEAD~2`, `main@{yesterday}`, `v1^{tree}`, `:/fix`, `HEAD:path`, `a..b`.

mod diagnose;
mod names;
mod search;

pub use names::{shortest_name, upstream};

use crate::bytes::parse_number;
use crate::cat;
use crate::date::Clock;
use crate::fault::{Fault, Result};
use crate::object::{Kind, mode};
use crate::oid::Oid;
use crate::repo::Repo;
use essaim_kernel::Files;
use names::is_upstream;

/// What a revision names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The object.
    pub oid: Oid,
    /// The path after a colon.
    pub path: Option<Vec<u8>>,
    /// The mode, where it came from a tree or the index.
    pub mode: Option<u32>,
}

/// What kind of object an abbreviated id should mean when it could mean several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Anything.
    Any,
    /// A commit, or a tag of one.
    Commit,
    /// A tree, or something with one.
    Tree,
}

/// Resolves revisions in one repository. Warnings for standard error gather in `notes`.
pub struct Resolver<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// Its files.
    pub files: &'a Files,
    /// For `@{yesterday}`.
    pub clock: Clock,
    /// Warnings and hints, for standard error.
    pub notes: Vec<u8>,
}

/// Where a short name is looked for, in this order.
pub const RULES: [(&str, &str); 6] = [
    ("", ""),
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

impl<'a> Resolver<'a> {
    /// A resolver for a command.
    pub fn new(repo: &'a Repo, files: &'a Files, clock: Clock) -> Self {
        Self {
            repo,
            files,
            clock,
            notes: Vec::new(),
        }
    }

    /// The object a revision names. `None`: it names none; an error: Git stops at once.
    pub fn object(&mut self, spec: &[u8]) -> Result<Option<Oid>> {
        Ok(self.named(spec, Hint::Any)?.map(|named| named.oid))
    }

    /// The commit a revision names, tags peeled.
    pub fn commit(&mut self, spec: &[u8]) -> Result<Option<Oid>> {
        let Some(named) = self.named(spec, Hint::Commit)? else {
            return Ok(None);
        };
        Ok(self.peel(named.oid, Some(Kind::Commit)))
    }

    /// The tree a revision names: a commit's, or itself.
    pub fn tree(&mut self, spec: &[u8]) -> Result<Option<Oid>> {
        let Some(named) = self.named(spec, Hint::Tree)? else {
            return Ok(None);
        };
        Ok(self.peel(named.oid, Some(Kind::Tree)))
    }

    /// What a revision names, with path and mode.
    pub fn named(&mut self, spec: &[u8], hint: Hint) -> Result<Option<Named>> {
        let plain = |oid: Oid| Named {
            oid,
            path: None,
            mode: None,
        };
        if let Some(oid) = self.without_path(spec, hint)? {
            return Ok(Some(plain(oid)));
        }
        if let Some(rest) = spec.strip_prefix(b":") {
            return self.colon(rest);
        }
        let Some(colon) = colon_outside_braces(spec) else {
            return Ok(None);
        };
        let Some(tree) = self.without_path(&spec[..colon], Hint::Tree)? else {
            return Ok(None);
        };
        let Some(tree) = self.peel(tree, Some(Kind::Tree)) else {
            return Ok(None);
        };
        let path = self.from_prefix(&spec[colon + 1..])?;
        Ok(self.in_tree(tree, &path).map(|(oid, mode)| Named {
            oid,
            path: Some(path),
            mode: Some(mode),
        }))
    }

    /// `./x` and `../x` are seen from the current directory.
    fn from_prefix(&self, path: &[u8]) -> Result<Vec<u8>> {
        if !path.starts_with(b"./") && !path.starts_with(b"../") {
            return Ok(path.to_vec());
        }
        crate::pathspec::from_top(self.repo, &self.repo.prefix, path, path).map_err(|_| {
            let top = self.repo.work_tree.as_deref().unwrap_or_default();
            Fault::fatal(cat!["'", path, "' is outside repository at '", top, "'"])
        })
    }

    /// What lies at a path of a tree.
    pub fn in_tree(&self, tree: Oid, path: &[u8]) -> Option<(Oid, u32)> {
        let mut at = (tree, mode::TREE);
        for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
            let entries = self.repo.store.tree(self.files, &at.0).ok()?;
            let entry = entries.iter().find(|entry| entry.name == part)?;
            at = (entry.oid, entry.mode);
        }
        (at.1 == mode::TREE || !path.ends_with(b"/")).then_some(at)
    }

    /// `:/text`, `:2:path`, `:path`.
    fn colon(&mut self, rest: &[u8]) -> Result<Option<Named>> {
        if let Some(pattern) = rest.strip_prefix(b"/") {
            let mut tips: Vec<Oid> = self
                .repo
                .refs
                .list(self.files, b"refs/")
                .into_iter()
                .map(|r| r.oid)
                .collect();
            tips.extend(self.repo.refs.head(self.files));
            let tips: Vec<Oid> = tips
                .into_iter()
                .filter_map(|oid| self.peel(oid, Some(Kind::Commit)))
                .collect();
            let found = self.search(&tips, pattern)?;
            return Ok(found.map(|oid| Named {
                oid,
                path: None,
                mode: None,
            }));
        }
        let (stage, path) = match rest {
            [digit @ b'0'..=b'3', b':', path @ ..] => (digit - b'0', path),
            path => (0, path),
        };
        let path = self.from_prefix(path)?;
        let index = self.repo.index(self.files)?;
        Ok(index.get(&path, stage).map(|entry| Named {
            oid: entry.oid,
            path: Some(path.clone()),
            mode: Some(entry.mode),
        }))
    }

    fn without_path(&mut self, spec: &[u8], hint: Hint) -> Result<Option<Oid>> {
        let digits = spec.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let at = spec.len() - digits;
        if at > 0 && matches!(spec[at - 1], b'^' | b'~') {
            let count = if digits == 0 {
                Some(1)
            } else {
                parse_number::<usize>(&spec[at..])
            };
            let Some(count) = count else { return Ok(None) };
            let Some(base) = self.without_path(&spec[..at - 1], Hint::Commit)? else {
                return Ok(None);
            };
            let Some(commit) = self.peel(base, Some(Kind::Commit)) else {
                return Ok(None);
            };
            return self.relative(commit, spec[at - 1], count);
        }
        if let Some(found) = self.peeled(spec)? {
            return Ok(found);
        }
        if let Some(oid) = self.basic(spec)? {
            return Ok(Some(oid));
        }
        if let Some(at) = spec.windows(2).rposition(|pair| pair == b"-g")
            && let hex = &spec[at + 2..]
            && hex.len() >= 4
            && hex.iter().all(u8::is_ascii_hexdigit)
            && let Some(oid) = self.abbreviated(hex, Hint::Commit)?
        {
            return Ok(Some(oid));
        }
        self.abbreviated(spec, hint)
    }

    fn relative(&self, commit: Oid, operator: u8, count: usize) -> Result<Option<Oid>> {
        let mut at = commit;
        if operator == b'^' {
            if count == 0 {
                return Ok(Some(at));
            }
            return Ok(self.repo.store.commit(self.files, &at)?.parents.get(count - 1).copied());
        }
        for _ in 0..count {
            match self.repo.store.commit(self.files, &at)?.parents.first() {
                Some(parent) => at = *parent,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// `x^{kind}`, `x^{}`, `x^{/text}`. The outer `None`: not of that form.
    fn peeled(&mut self, spec: &[u8]) -> Result<Option<Option<Oid>>> {
        let Some(open) = spec
            .strip_suffix(b"}")
            .and_then(|_| spec.windows(2).rposition(|pair| pair == b"^{"))
        else {
            return Ok(None);
        };
        let inner = &spec[open + 2..spec.len() - 1];
        let hint = match inner {
            b"commit" => Hint::Commit,
            b"tree" => Hint::Tree,
            inner if inner.starts_with(b"/") => Hint::Commit,
            _ => Hint::Any,
        };
        let Some(base) = self.without_path(&spec[..open], hint)? else {
            return Ok(Some(None));
        };
        Ok(Some(match inner {
            b"" => self.peel(base, None),
            b"object" => Some(base),
            b"commit" | b"tree" | b"blob" | b"tag" => {
                let found = self.peel(base, Kind::from_name(inner));
                if found.is_none() {
                    self.explain_kind(spec, base, inner);
                }
                found
            }
            inner if inner.starts_with(b"/") => {
                let Some(commit) = self.peel(base, Some(Kind::Commit)) else {
                    return Ok(Some(None));
                };
                if inner.len() == 1 {
                    return Ok(Some(Some(commit)));
                }
                self.search(&[commit], &inner[1..])?
            }
            _ => return Ok(None),
        }))
    }

    /// Follows tags (and commits to their trees) to an object of a kind; `None` as kind: to whatever is no tag.
    pub fn peel(&self, mut oid: Oid, wanted: Option<Kind>) -> Option<Oid> {
        loop {
            let object = self.repo.store.read(self.files, &oid)?;
            if wanted == Some(object.kind) || wanted.is_none() && object.kind != Kind::Tag {
                return Some(oid);
            }
            oid = match object.kind {
                Kind::Tag => crate::object::Tag::parse(&object.content)?.object,
                Kind::Commit if wanted == Some(Kind::Tree) => crate::object::Commit::parse(&object.content)?.tree,
                _ => return None,
            };
        }
    }

    /// Says what an object is that is not what `^{kind}` asks for.
    fn explain_kind(&mut self, spec: &[u8], mut oid: Oid, wanted: &[u8]) {
        while let Some(object) = self.repo.store.read(self.files, &oid) {
            let next = match object.kind {
                Kind::Tag => crate::object::Tag::parse(&object.content).map(|tag| tag.object),
                Kind::Commit => crate::object::Commit::parse(&object.content).map(|commit| commit.tree),
                _ => None,
            };
            let Some(next) = next else {
                let kind = object.kind.name();
                self.notes.extend_from_slice(&cat![
                    "error: ",
                    spec,
                    ": expected ",
                    wanted,
                    format!(" type, but the object dereferences to {kind} type\n")
                ]);
                return;
            };
            oid = next;
        }
    }

    /// A full id, a reference, or one with `@{…}`.
    fn basic(&mut self, spec: &[u8]) -> Result<Option<Oid>> {
        if let Some(oid) = Oid::from_hex(spec) {
            return Ok(Some(oid));
        }
        let Some(open) = spec
            .strip_suffix(b"}")
            .and_then(|_| spec.windows(2).rposition(|pair| pair == b"@{"))
        else {
            return Ok(self.dwim(spec)?.map(|(_, oid)| oid));
        };
        let (name, inner) = (&spec[..open], &spec[open + 2..spec.len() - 1]);
        if is_upstream(inner) || inner.starts_with(b"-") {
            return Ok(self.dwim(spec)?.map(|(_, oid)| oid));
        }
        self.at_log(name, inner)
    }
}

fn colon_outside_braces(spec: &[u8]) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in spec.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b':' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// `fatal: ambiguous argument 'x': unknown revision or path …`.
pub fn unknown_revision(spec: &[u8]) -> Fault {
    Fault::fatal(cat![
        "ambiguous argument '",
        spec,
        "': unknown revision or path not in the working tree.\n",
        "Use '--' to separate paths from revisions, like this:\n",
        "'git <command> [<revision>...] -- [<file>...]'"
    ])
}

/// Gives a command a resolver; what it warns of goes to standard error.
pub fn with_resolver<T>(
    cx: &mut crate::process::Cx<'_, '_>,
    repo: &Repo,
    run: impl FnOnce(&mut Resolver<'_>) -> Result<T>,
) -> Result<T> {
    let clock = cx.clock();
    let mut resolver = Resolver::new(repo, cx.files(), clock);
    let result = run(&mut resolver);
    let notes = resolver.notes;
    cx.eprint(notes);
    result
}
