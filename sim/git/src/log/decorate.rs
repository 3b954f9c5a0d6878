//! The names behind a commit's id: `(HEAD -> main, tag: v1, origin/main)`.

use crate::cat;
use crate::oid::Oid;
use crate::output::Colors;
use crate::repo::Repo;
use essaim_kernel::Files;
use std::collections::BTreeMap;

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

/// What stands around the names.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// ` (`.
    pub open: &'a str,
    /// `, `.
    pub separator: &'a str,
    /// `)`.
    pub close: &'a str,
}

/// ` (a, b)`.
pub const PARENTHESES: Frame<'static> = Frame {
    open: " (",
    separator: ", ",
    close: ")",
};

impl Decorations {
    /// Reads all references.
    pub fn load(files: &Files, repo: &Repo, style: Style) -> Self {
        let mut all = Self {
            style,
            ..Self::default()
        };
        for reference in repo.refs.list(files, b"refs/") {
            let shown = [b"refs/heads/".as_slice(), b"refs/remotes/", b"refs/tags/"]
                .iter()
                .any(|prefix| reference.name.starts_with(prefix))
                || reference.name == b"refs/stash";
            if shown {
                all.add(files, repo, reference.oid, &reference.name);
            }
        }
        if let Some(head) = repo.refs.head(files) {
            all.add(files, repo, head, b"HEAD");
            all.head_branch = repo.refs.head_branch(files);
        }
        all
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
            let (color, prefix, short) = self.describe(name, colors);
            if !prefix.is_empty() {
                out.extend_from_slice(&cat![color, prefix, reset]);
            }
            out.extend_from_slice(&cat![color, short, reset]);
            if let Some(target) = head_target.filter(|_| name.as_slice() == b"HEAD") {
                let (color, _, short) = self.describe(target, colors);
                out.extend_from_slice(&cat![commit, " -> ", reset, color, short, reset]);
            }
            separator = frame.separator;
        }
        out.extend_from_slice(&cat![commit, frame.close, reset]);
        out
    }

    fn describe<'n>(&self, name: &'n [u8], colors: &Colors) -> (String, &'static str, &'n [u8]) {
        let (key, default, prefix, short): (_, _, _, &[u8]) = if let Some(short) = name.strip_prefix(b"refs/heads/") {
            ("decorate.branch", "bold green", "", short)
        } else if let Some(short) = name.strip_prefix(b"refs/remotes/") {
            ("decorate.remotebranch", "bold red", "", short)
        } else if let Some(short) = name.strip_prefix(b"refs/tags/") {
            ("decorate.tag", "bold yellow", "tag: ", short)
        } else if name == b"refs/stash" {
            ("decorate.stash", "bold magenta", "", b"refs/stash")
        } else {
            ("decorate.head", "bold cyan", "", name)
        };
        let shown = if self.style == Style::Full { name } else { short };
        (colors.start(key, default), prefix, shown)
    }
}
