//! Facts: what goals ask of a repository. The paths are documented in `README.md`.

use super::repository;
use super::view::history_tips;
use crate::bytes::lossy;
use crate::cat;
use crate::config::Config;
use crate::date::Clock;
use crate::ignore::Ignore;
use crate::object::Kind;
use crate::oid::Oid;
use crate::repo::Repo;
use crate::revision::Resolver;
use crate::state;
use crate::status::{self, Options, Status};
use crate::tree;
use crate::walk::History;
use crate::worktree::UntrackedMode;
use essaim_kernel::SmallSort;
use essaim_kernel::{Files, Glance, Value};

/// The fact at a path; `None`: there is no such fact now.
pub(super) fn of(path: &[&str], glance: &Glance<'_>) -> Option<Value> {
    if let ["config", key] = path {
        return config(key, glance);
    }
    let asker = Asker {
        repo: repository(glance)?,
        files: glance.files,
        glance,
    };
    match path {
        ["repository"] => Some(lossy(&asker.repo.git_dir).into()),
        ["root"] => Some(lossy(asker.repo.work_tree.as_deref()?).into()),
        ["head", what] => asker.head(what),
        ["commits", "count"] => Some(asker.ancestors(&[asker.repo.refs.head(asker.files)?])?.len().into()),
        ["log", "subjects"] => asker.subjects(),
        ["branches"] => Some(asker.names(b"refs/heads/").into()),
        ["tags"] => Some(asker.names(b"refs/tags/").into()),
        ["branch", name, what] => asker.branch(name, what),
        ["tag", name, what] => asker.tag(name, what),
        ["commit", revision, what] => asker.commit(revision, what),
        ["blob", revision] => asker.blob(revision),
        ["history", file] => asker.history(file),
        ["ignored", file] => asker.ignored(file),
        ["index", file, what] => asker.index(file, what),
        ["status", file] => asker.status_of(file),
        ["worktree", what] => asker.worktree(what),
        ["merge", "in_progress"] => Some(state::Operation::read(asker.files, &asker.repo).merge.into()),
        ["conflicts", "count"] => Some(asker.repo.index(asker.files).ok()?.unmerged_paths().len().into()),
        ["stash", "count"] => Some(asker.repo.refs.log(asker.files, b"refs/stash").len().into()),
        ["reflog", "count"] => Some(asker.repo.refs.log(asker.files, b"HEAD").len().into()),
        _ => None,
    }
}

fn config(key: &str, glance: &Glance<'_>) -> Option<Value> {
    let value = |config: &Config| config.get(key).map(|value| Value::from(lossy(value)));
    match repository(glance) {
        Some(repo) => value(&repo.config),
        None => value(&Config::load(glance.files, glance.env, None, &[]).ok()?),
    }
}

struct Asker<'a> {
    repo: Repo,
    files: &'a Files,
    glance: &'a Glance<'a>,
}

impl Asker<'_> {
    fn head(&self, what: &str) -> Option<Value> {
        match what {
            "branch" => state::branch_name(self.files, &self.repo).map(Value::from),
            "oid" => Some(self.repo.refs.head(self.files)?.hex().into()),
            "detached" => Some(state::branch_name(self.files, &self.repo).is_none().into()),
            _ => None,
        }
    }

    fn names(&self, prefix: &[u8]) -> Vec<String> {
        let refs = self.repo.refs.list(self.files, prefix);
        refs.iter()
            .map(|reference| lossy(&reference.name[prefix.len()..]))
            .collect()
    }

    fn ancestors(&self, tips: &[Oid]) -> Option<std::collections::BTreeSet<Oid>> {
        History::new(&self.repo.store, self.files).ancestors(tips).ok()
    }

    fn subjects(&self) -> Option<Value> {
        let head = self.repo.refs.head(self.files)?;
        let mut history = History::new(&self.repo.store, self.files);
        let order = history.by_date(&[head], &[]).ok()?;
        let subject = |oid: &Oid| history.commit(oid).ok().map(|commit| lossy(&commit.subject()));
        Some(order.iter().filter_map(subject).collect::<Vec<String>>().into())
    }

    fn branch(&self, name: &str, what: &str) -> Option<Value> {
        let oid = self.repo.refs.oid(self.files, &cat!["refs/heads/", name]);
        if what == "exists" {
            return Some(oid.is_some().into());
        }
        let oid = oid?;
        let main = self.repo.refs.oid(self.files, b"refs/heads/main");
        let mut history = History::new(&self.repo.store, self.files);
        match what {
            "commits" => Some(self.ancestors(&[oid])?.len().into()),
            "ahead" => Some(history.ahead_behind(&oid, &main?).ok()?.0.into()),
            "behind" => Some(history.ahead_behind(&oid, &main?).ok()?.1.into()),
            "merged" => Some(history.is_ancestor(&oid, &main?).ok()?.into()),
            what => self.of_commit(oid, what),
        }
    }

    fn tag(&self, name: &str, what: &str) -> Option<Value> {
        let oid = self.repo.refs.oid(self.files, &cat!["refs/tags/", name]);
        match (what, oid) {
            ("exists", oid) => Some(oid.is_some().into()),
            ("annotated", oid) => {
                let kind = oid
                    .and_then(|oid| self.repo.store.read(self.files, &oid))
                    .map(|object| object.kind);
                Some((kind == Some(Kind::Tag)).into())
            }
            ("message", Some(oid)) => Some(lossy(&self.repo.store.tag(self.files, &oid).ok()?.message).into()),
            ("commit", Some(_)) => Some(self.resolve(&format!("refs/tags/{name}^{{commit}}"))?.hex().into()),
            _ => None,
        }
    }

    fn resolver(&self) -> Resolver<'_> {
        Resolver::new(&self.repo, self.files, Clock::new(self.glance.now, self.glance.env))
    }

    fn resolve(&self, revision: &str) -> Option<Oid> {
        self.resolver().object(revision.as_bytes()).ok()?
    }

    fn commit(&self, revision: &str, what: &str) -> Option<Value> {
        let oid = self.resolver().commit(revision.as_bytes()).ok()?;
        if what == "exists" {
            return Some(oid.is_some().into());
        }
        self.of_commit(oid?, what)
    }

    fn of_commit(&self, oid: Oid, what: &str) -> Option<Value> {
        let commit = self.repo.store.commit(self.files, &oid).ok()?;
        match what {
            "oid" => Some(oid.hex().into()),
            "parents" => Some(commit.parents.len().into()),
            "subject" => Some(lossy(&commit.subject()).into()),
            "message" => Some(lossy(&commit.message).into()),
            "author" => Some(lossy(&commit.author.name).into()),
            "files" => self.changed_files(&oid, commit.parents.first()),
            _ => None,
        }
    }

    fn changed_files(&self, oid: &Oid, parent: Option<&Oid>) -> Option<Value> {
        let new = tree::of_commit(self.files, &self.repo.store, Some(oid)).ok()?;
        let old = tree::of_commit(self.files, &self.repo.store, parent).ok()?;
        let mut paths: Vec<String> = new
            .iter()
            .filter(|(path, entry)| old.get(*path) != Some(entry))
            .map(|(path, _)| lossy(path))
            .chain(
                old.keys()
                    .filter(|path| !new.contains_key(*path))
                    .map(|path| lossy(path)),
            )
            .collect();
        paths.small_sort();
        Some(paths.into())
    }

    fn blob(&self, revision: &str) -> Option<Value> {
        let oid = self.resolve(revision)?;
        Some(self.repo.store.blob(self.files, &oid).ok()?.as_slice().into())
    }

    fn history(&self, file: &str) -> Option<Value> {
        let tips = history_tips(self.files, &self.repo);
        let holds = |oid: &Oid| {
            tree::of_commit(self.files, &self.repo.store, Some(oid))
                .is_ok_and(|flat| flat.contains_key(file.as_bytes()))
        };
        Some(self.ancestors(&tips)?.iter().filter(|oid| holds(oid)).count().into())
    }

    fn ignored(&self, file: &str) -> Option<Value> {
        if self
            .repo
            .index(self.files)
            .ok()?
            .entries()
            .iter()
            .any(|entry| entry.path == file.as_bytes())
        {
            return Some(false.into());
        }
        let is_directory = self.files.is_dir(&self.repo.work_path(file.as_bytes()));
        let mut ignore = Ignore::new(&self.repo, self.files);
        Some(ignore.is_ignored(self.files, file.as_bytes(), is_directory).into())
    }

    fn index(&self, file: &str, what: &str) -> Option<Value> {
        let index = self.repo.index(self.files).ok()?;
        let stages = index.stages(file.as_bytes());
        match what {
            "exists" => Some((!stages.is_empty()).into()),
            "conflicted" => Some(stages.iter().any(|entry| entry.stage > 0).into()),
            "text" => {
                let entry = stages.iter().find(|entry| entry.stage == 0)?;
                Some(self.repo.store.blob(self.files, &entry.oid).ok()?.as_slice().into())
            }
            "state" => {
                let text = self.letters(file)?;
                Some(text[..1].into())
            }
            _ => None,
        }
    }

    fn collect(&self) -> Option<Status> {
        let index = self.repo.index(self.files).ok()?;
        let head = self.repo.refs.head(self.files);
        let options = Options {
            untracked: UntrackedMode::All,
            ..Options::new(head)
        };
        status::collect(self.files, &self.repo, &index, &options).ok()
    }

    fn status_of(&self, file: &str) -> Option<Value> {
        self.letters(file).map(Value::from)
    }

    fn letters(&self, file: &str) -> Option<String> {
        let status = self.collect()?;
        let path = file.as_bytes();
        if let Some(unmerged) = status.unmerged.iter().find(|unmerged| unmerged.path == path) {
            return Some(unmerged.letters().to_owned());
        }
        if status.untracked.iter().any(|untracked| untracked == path) {
            return Some("??".to_owned());
        }
        let letter = |changes: &[status::Change]| {
            changes
                .iter()
                .find(|change| change.path == path)
                .map_or(' ', |change| char::from(change.letter))
        };
        let pair = (letter(&status.staged), letter(&status.unstaged));
        (pair != (' ', ' ')).then(|| format!("{}{}", pair.0, pair.1))
    }

    fn worktree(&self, what: &str) -> Option<Value> {
        let status = self.collect()?;
        let changes = status
            .staged
            .iter()
            .chain(&status.unstaged)
            .map(|change| lossy(&change.path));
        let unmerged = status.unmerged.iter().map(|unmerged| lossy(&unmerged.path));
        let untracked = status.untracked.iter().map(|path| lossy(path));
        let mut paths: Vec<String> = changes.chain(unmerged).chain(untracked).collect();
        paths.small_sort();
        paths.dedup();
        match what {
            "clean" => Some(paths.is_empty().into()),
            "changed" => Some(paths.into()),
            "untracked" => Some(
                status
                    .untracked
                    .iter()
                    .map(|path| lossy(path))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            _ => None,
        }
    }
}
