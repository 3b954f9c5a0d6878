//! Revisions: `HEAD~2`, `main@{yesterday}`, `v1^{tree}`, `:/fix`, `HEAD:path`, `a..b`.

use crate::bytes::{find, parse_number};
use crate::cat;
use crate::date::{self, Clock};
use crate::fault::{Fault, Result};
use crate::object::{Kind, mode};
use crate::oid::Oid;
use crate::regex::Regex;
use crate::repo::Repo;
use crate::walk::History;
use essaim_kernel::Files;

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
        if !path.starts_with(b"./") && !path.starts_with(b"../") && path != b"." && path != b".." {
            return Ok(path.to_vec());
        }
        let joined = cat!["/", self.repo.prefix, path];
        let normal = essaim_kernel::files::path::normalize(&joined);
        Ok(normal[1..].to_vec())
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

    /// The youngest commit reachable from `tips` whose message matches; `!-` negates, `!!` is a `!`.
    fn search(&self, tips: &[Oid], pattern: &[u8]) -> Result<Option<Oid>> {
        let (pattern, negated) = match pattern {
            [b'!', b'!', ..] => (&pattern[1..], false),
            [b'!', b'-', rest @ ..] => (rest, true),
            [b'!', ..] => return Ok(None),
            pattern => (pattern, false),
        };
        let Some(regex) = Regex::extended(pattern, false) else {
            return Ok(None);
        };
        let mut history = History::new(&self.repo.store, self.files);
        for oid in history.by_date(tips, &[])? {
            let message = history.commit(&oid)?.message.clone();
            if regex.is_match(&message) != negated {
                return Ok(Some(oid));
            }
        }
        Ok(None)
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
            b"commit" | b"tree" | b"blob" | b"tag" => self.peel(base, Kind::from_name(inner)),
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

    /// The full name and object of a short reference name.
    pub fn dwim(&mut self, name: &[u8]) -> Result<Option<(Vec<u8>, Oid)>> {
        let Some(name) = self.interpret(name)? else {
            return Ok(None);
        };
        let name = name.as_slice();
        if let Some(oid) = Oid::from_hex(name) {
            return Ok(Some((b"HEAD".to_vec(), oid)));
        }
        let mut found: Option<(Vec<u8>, Oid)> = None;
        for (before, after) in RULES {
            let full = cat![before, name, after];
            if before.is_empty() && !crate::refs::check_format(&full, true) {
                continue;
            }
            let Some(oid) = self.repo.refs.oid(self.files, &full) else {
                continue;
            };
            if found.is_some() {
                if self.repo.config.bool_or("core.warnambiguousrefs", true) {
                    self.notes
                        .extend_from_slice(&cat!["warning: refname '", name, "' is ambiguous.\n"]);
                }
                break;
            }
            found = Some((full, oid));
        }
        Ok(found)
    }

    /// `@`, `@{-1}`, `@{upstream}`, `main@{u}` become names; others stay as they are.
    pub fn interpret(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        if name == b"@" {
            return Ok(Some(b"HEAD".to_vec()));
        }
        if let Some(inner) = name.strip_prefix(b"@{-") {
            let Some(close) = inner.iter().position(|b| *b == b'}') else {
                return Ok(Some(name.to_vec()));
            };
            let Some(n) = parse_number::<usize>(&inner[..close]).filter(|n| *n > 0) else {
                return Ok(None);
            };
            let Some(branch) = self.prior_branch(n) else {
                return Ok(None);
            };
            let rest = &inner[close + 1..];
            if rest.is_empty() {
                return Ok(Some(branch));
            }
            return self.interpret(&cat![branch, rest]);
        }
        if let Some(open) = name.strip_suffix(b"}").and_then(|_| find(name, b"@{"))
            && is_upstream(&name[open + 2..name.len() - 1])
        {
            return self.upstream_of(&name[..open]).map(Some);
        }
        Ok(Some(name.to_vec()))
    }

    /// The branch (short name), or commit, that was left `n` checkouts ago.
    pub fn prior_branch(&self, n: usize) -> Option<Vec<u8>> {
        let log = self.repo.refs.log(self.files, b"HEAD");
        let moves = log.iter().rev().filter_map(|entry| {
            let rest = entry.message.strip_prefix(b"checkout: moving from ")?;
            let end = find(rest, b" to ")?;
            Some(rest[..end].to_vec())
        });
        moves.into_iter().nth(n - 1)
    }

    /// The full name of what a branch follows, or Git's error. An empty name is the current branch.
    pub fn upstream_of(&self, branch: &[u8]) -> Result<Vec<u8>> {
        let full = match branch {
            b"" | b"@" | b"HEAD" => match self.repo.refs.head_branch(self.files) {
                Some(name) => name,
                None => return Err(Fault::fatal("HEAD does not point to a branch")),
            },
            name => cat!["refs/heads/", name],
        };
        let short = full.strip_prefix(b"refs/heads/").unwrap_or(&full).to_vec();
        if !self.repo.refs.exists(self.files, &full) && !branch.is_empty() {
            return Err(Fault::fatal(cat!["no such branch: '", short, "'"]));
        }
        upstream(self.repo, &short).ok_or_else(|| Fault::fatal(cat!["no upstream configured for branch '", short, "'"]))
    }

    /// `main@{2}`, `HEAD@{yesterday}`.
    fn at_log(&mut self, name: &[u8], inner: &[u8]) -> Result<Option<Oid>> {
        let full = match name {
            b"" => self
                .repo
                .refs
                .head_branch(self.files)
                .unwrap_or_else(|| b"HEAD".to_vec()),
            name => match self.dwim_log(name)? {
                Some(full) => full,
                None => return Ok(None),
            },
        };
        let log = self.repo.refs.log(self.files, &full);
        let shown = if name.is_empty() {
            full.strip_prefix(b"refs/heads/").unwrap_or(&full)
        } else {
            name
        };
        let current = self.repo.refs.oid(self.files, &full);
        if let Some(n) = parse_number::<usize>(inner).filter(|_| inner.len() < 9) {
            if n == 0 && current.is_some() && log.is_empty() {
                return Ok(current);
            }
            if let Some(entry) = log.len().checked_sub(n + 1).and_then(|at| log.get(at)) {
                return Ok(Some(entry.new));
            }
            if n == log.len() && log.first().is_some_and(|entry| !entry.old.is_null()) {
                return Ok(log.first().map(|entry| entry.old));
            }
            if log.is_empty() {
                return Err(Fault::fatal(cat!["log for '", shown, "' is empty"]));
            }
            return Err(Fault::fatal(cat![
                "log for '",
                shown,
                format!("' only has {} entries", log.len())
            ]));
        }
        let (seconds, understood) = date::approximate(inner, &self.clock);
        if !understood {
            return Ok(None);
        }
        if let Some(entry) = log.iter().rev().find(|entry| entry.who.seconds <= seconds) {
            return Ok(Some(entry.new));
        }
        let Some(first) = log.first() else {
            return Err(Fault::fatal(cat!["log for '", shown, "' is empty"]));
        };
        let when = date::format(first.who.seconds, first.who.zone, &date::Mode::Rfc, &self.clock);
        self.notes
            .extend_from_slice(&cat!["warning: log for '", shown, "' only goes back to ", when, "\n"]);
        Ok(Some(if first.old.is_null() { first.new } else { first.old }))
    }

    /// The full name of a reference that has a log.
    pub fn dwim_log(&mut self, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(name) = self.interpret(name)? else {
            return Ok(None);
        };
        let with_log = RULES
            .iter()
            .map(|(before, after)| cat![before, name, after])
            .find(|full| self.repo.refs.exists(self.files, full) && self.repo.refs.has_log(self.files, full));
        match with_log {
            Some(full) => Ok(Some(full)),
            None => Ok(self.dwim(&name)?.map(|(full, _)| full)),
        }
    }

    /// An abbreviated id of at least four digits.
    fn abbreviated(&mut self, text: &[u8], hint: Hint) -> Result<Option<Oid>> {
        if text.len() < 4 || text.len() > 40 || !text.iter().all(u8::is_ascii_hexdigit) {
            return Ok(None);
        }
        let all = self.repo.store.with_prefix(self.files, text);
        let fits = |oid: &&Oid| match hint {
            Hint::Any => true,
            Hint::Commit => self.peel(**oid, Some(Kind::Commit)).is_some(),
            Hint::Tree => self.peel(**oid, Some(Kind::Tree)).is_some(),
        };
        let fitting: Vec<&Oid> = all.iter().filter(fits).collect();
        match (all.as_slice(), fitting.as_slice()) {
            ([], _) => Ok(None),
            ([only], _) => Ok(Some(*only)),
            (_, [only]) => Ok(Some(**only)),
            _ => {
                let candidates: Vec<Oid> = if fitting.is_empty() {
                    all.clone()
                } else {
                    fitting.into_iter().copied().collect()
                };
                self.explain_ambiguous(text, candidates);
                Ok(None)
            }
        }
    }

    fn explain_ambiguous(&mut self, text: &[u8], mut candidates: Vec<Oid>) {
        let order = |oid: &Oid| match self.repo.store.read(self.files, oid).map(|object| object.kind) {
            Some(Kind::Tag) => 0,
            Some(Kind::Commit) => 1,
            Some(Kind::Tree) => 2,
            _ => 3,
        };
        candidates.sort_by_key(|oid| (order(oid), *oid));
        let mut note = cat![
            "error: short object ID ",
            text,
            " is ambiguous\nhint: The candidates are:\n"
        ];
        for oid in &candidates {
            let short = self.repo.short(self.files, oid);
            let object = self.repo.store.read(self.files, oid);
            let description = match object.as_ref().map(|object| (object.kind, &object.content)) {
                Some((Kind::Commit, content)) => crate::object::Commit::parse(content).map(|commit| {
                    let when = date::format(
                        commit.committer.seconds,
                        commit.committer.zone,
                        &date::Mode::Short,
                        &self.clock,
                    );
                    cat!["commit ", when, " - ", commit.subject()]
                }),
                Some((kind, _)) => Some(kind.name().as_bytes().to_vec()),
                None => None,
            };
            note.extend_from_slice(&cat!["hint:   ", short, " ", description.unwrap_or_default(), "\n"]);
        }
        self.notes.extend_from_slice(&note);
    }
}

fn is_upstream(inner: &[u8]) -> bool {
    [b"u".as_slice(), b"upstream", b"push"]
        .iter()
        .any(|word| inner.eq_ignore_ascii_case(word))
}

/// The full name of what a branch (short name) follows, by its settings.
pub fn upstream(repo: &Repo, branch: &[u8]) -> Option<Vec<u8>> {
    let remote = repo.config.get(cat!["branch.", branch, ".remote"])?;
    let merge = repo.config.get(cat!["branch.", branch, ".merge"])?;
    if remote == b"." {
        return Some(merge.to_vec());
    }
    for refspec in repo.config.get_all(cat!["remote.", remote, ".fetch"]) {
        let refspec = refspec.strip_prefix(b"+").unwrap_or(refspec);
        let (source, target) = crate::bytes::split_once(refspec, b':')?;
        match (source.strip_suffix(b"*"), target.strip_suffix(b"*")) {
            (Some(source), Some(target)) => {
                if let Some(rest) = merge.strip_prefix(source) {
                    return Some(cat![target, rest]);
                }
            }
            _ if source == merge => return Some(target.to_vec()),
            _ => {}
        }
    }
    None
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

/// Revisions of a command line such as `main..topic ^old --all`: what to show and what to leave out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// Tips to show, in the order they were named.
    pub include: Vec<Oid>,
    /// Tips whose history is left out.
    pub exclude: Vec<Oid>,
    /// The two sides of the last `a...b`, for `--left-right`.
    pub symmetric: Option<(Oid, Oid)>,
}

impl Resolver<'_> {
    /// Adds `a`, `^a`, `a..b`, `a...b`, `a^@`, `a^!`, `a^-n`. `Ok(false)`: it names nothing.
    pub fn range(&mut self, spec: &[u8], into: &mut Ranges) -> Result<bool> {
        if let Some(dots) = find(spec, b"..") {
            let three = spec[dots..].starts_with(b"...");
            let or_head = |side: &[u8]| {
                if side.is_empty() {
                    b"HEAD".to_vec()
                } else {
                    side.to_vec()
                }
            };
            let left = or_head(&spec[..dots]);
            let right = or_head(&spec[dots + if three { 3 } else { 2 }..]);
            // `..` alone is the parent directory.
            if spec != b".."
                && let (Some(a), Some(b)) = (self.commit(&left)?, self.commit(&right)?)
            {
                if three {
                    let bases = History::new(&self.repo.store, self.files).merge_bases(&a, &[b])?;
                    into.exclude.extend(bases);
                    into.include.extend([a, b]);
                    into.symmetric = Some((a, b));
                } else {
                    into.exclude.push(a);
                    into.include.push(b);
                }
                return Ok(true);
            }
        }
        if let Some(base) = spec.strip_suffix(b"^@") {
            let Some(commit) = self.commit(base)? else {
                return Ok(false);
            };
            into.include
                .extend(self.repo.store.commit(self.files, &commit)?.parents);
            return Ok(true);
        }
        if let Some(base) = spec.strip_suffix(b"^!") {
            let Some(commit) = self.commit(base)? else {
                return Ok(false);
            };
            into.include.push(commit);
            into.exclude
                .extend(self.repo.store.commit(self.files, &commit)?.parents);
            return Ok(true);
        }
        let (negated, name) = match spec.strip_prefix(b"^") {
            Some(name) => (true, name),
            None => (false, spec),
        };
        let Some(object) = self.object(name)? else {
            return Ok(false);
        };
        let oid = self.peel(object, Some(Kind::Commit)).unwrap_or(object);
        if negated {
            into.exclude.push(oid);
        } else {
            into.include.push(oid);
        }
        Ok(true)
    }
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
