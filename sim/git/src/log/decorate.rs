//! The names behind a commit's id: `(HEAD -> main, tag: v1, origin/main)`.

use crate::cat;
use crate::oid::Oid;
use crate::output::Colors;
use crate::repo::Repo;
use crate::wildmatch::{has_glob, wildmatch};
use essaim_kernel::Files;
use std::collections::{BTreeMap, BTreeSet};

/// `--decorate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// None.
    #[default]
    No,
    /// `main`.
    Short,
    /// `refs/heads/main`.
    Full,
}

/// The names of all commits.
#[derive(Clone, Debug, Default)]
pub struct Decorations {
    names: BTreeMap<Oid, Vec<Vec<u8>>>,
    head_branch: Option<Vec<u8>>,
    style: Style,
}

/// Which names are shown: `--decorate-refs` and `log.excludeDecoration`.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `--decorate-refs`.
    pub include: Vec<Vec<u8>>,
    /// `--decorate-refs-exclude`.
    pub exclude: Vec<Vec<u8>>,
    /// `--clear-decorations`: all references.
    pub all: bool,
}

/// What is shown when nothing is said.
const USUAL: [&[u8]; 5] = [b"HEAD", b"refs/heads", b"refs/remotes", b"refs/stash", b"refs/tags"];

impl Filter {
    fn shows(&self, repo: &Repo, name: &[u8]) -> bool {
        let matches = |pattern: &[u8]| {
            let full = match pattern.starts_with(b"refs/") || pattern == b"HEAD" {
                true => pattern.to_vec(),
                false => cat!["refs/", pattern],
            };
            let full = full.strip_suffix(b"/").unwrap_or(&full);
            match has_glob(full) {
                true => wildmatch(full, name, 0),
                false => name
                    .strip_prefix(full)
                    .is_some_and(|rest| rest.is_empty() || rest[0] == b'/'),
            }
        };
        if self.exclude.iter().any(|pattern| matches(pattern)) {
            return false;
        }
        if !self.include.is_empty() {
            return self.include.iter().any(|pattern| matches(pattern));
        }
        let settings = repo.config.get_all("log.excludedecoration");
        if settings.iter().any(|pattern| matches(pattern)) {
            return false;
        }
        let all = self.all || repo.config.get("log.initialdecorationset") == Some(b"all");
        all || !self.exclude.is_empty() || !settings.is_empty() || USUAL.iter().any(|pattern| matches(pattern))
    }
}

/// What stands around the names.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// ` (`.
    pub open: &'a [u8],
    /// `, `.
    pub separator: &'a [u8],
    /// `)`.
    pub close: &'a [u8],
    /// ` -> `.
    pub pointer: &'a [u8],
    /// `tag: `.
    pub tag: &'a [u8],
}

/// ` (a, b)`.
pub const PARENTHESES: Frame<'static> = Frame {
    open: b" (",
    separator: b", ",
    close: b")",
    pointer: b" -> ",
    tag: b"tag: ",
};

impl Decorations {
    /// Reads all references.
    pub fn load(files: &Files, repo: &Repo, style: Style, filter: &Filter) -> Self {
        let mut all = Self {
            style,
            ..Self::default()
        };
        for reference in repo.refs.list(files, b"refs/") {
            if filter.shows(repo, &reference.name) {
                all.add(files, repo, reference.oid, &reference.name);
            }
        }
        if let Some(head) = repo.refs.head(files).filter(|_| filter.shows(repo, b"HEAD")) {
            all.add(files, repo, head, b"HEAD");
            all.head_branch = repo.refs.head_branch(files);
        }
        all
    }

    /// The objects that have a name.
    pub fn named(&self) -> BTreeSet<Oid> {
        self.names.keys().copied().collect()
    }

    /// A name goes to the object, and through tags to what they name; the one added last is shown first.
    fn add(&mut self, files: &Files, repo: &Repo, oid: Oid, name: &[u8]) {
        let mut oid = oid;
        loop {
            self.names.entry(oid).or_default().insert(0, name.to_vec());
            match repo.store.tag(files, &oid) {
                Ok(tag) => oid = tag.object,
                Err(_) => return,
            }
        }
    }

    /// The names of a commit in a frame; empty where it has none.
    pub fn text(&self, oid: &Oid, colors: &Colors, frame: Frame<'_>) -> Vec<u8> {
        let Some(names) = self.names.get(oid) else {
            return Vec::new();
        };
        let commit = colors.start("diff.commit", "yellow");
        let reset = colors.reset();
        let head_target = self
            .head_branch
            .as_ref()
            .filter(|branch| names.contains(branch) && names[0] == b"HEAD");
        let mut out = Vec::new();
        let mut separator = frame.open;
        for name in names.iter().filter(|name| Some(*name) != head_target) {
            out.extend_from_slice(&cat![commit, separator, reset]);
            let (color, is_tag, short) = self.describe(name, colors);
            if is_tag && !frame.tag.is_empty() {
                out.extend_from_slice(&cat![color, frame.tag, reset]);
            }
            out.extend_from_slice(&cat![color, short, reset]);
            if let Some(target) = head_target.filter(|_| name.as_slice() == b"HEAD") {
                let (color, _, short) = self.describe(target, colors);
                out.extend_from_slice(&cat![commit, frame.pointer, reset, color, short, reset]);
            }
            separator = frame.separator;
        }
        out.extend_from_slice(&cat![commit, frame.close, reset]);
        out
    }

    /// A name's colour, whether it is a tag, and how it is shown.
    fn describe<'n>(&self, name: &'n [u8], colors: &Colors) -> (String, bool, &'n [u8]) {
        const KINDS: [(&[u8], &str, &str); 3] = [
            (b"refs/heads/", "decorate.branch", "bold green"),
            (b"refs/remotes/", "decorate.remotebranch", "bold red"),
            (b"refs/tags/", "decorate.tag", "bold yellow"),
        ];
        let known = KINDS
            .iter()
            .find_map(|(prefix, key, default)| Some((*key, *default, name.strip_prefix(*prefix)?)));
        let (key, default, short) = match (known, name) {
            (Some(known), _) => known,
            (None, b"refs/stash") => ("decorate.stash", "bold magenta", name),
            (None, b"HEAD") => ("decorate.head", "bold cyan", name),
            (None, _) => ("", "", name),
        };
        let shown = if self.style == Style::Full { name } else { short };
        (colors.start(key, default), key == "decorate.tag", shown)
    }
}
