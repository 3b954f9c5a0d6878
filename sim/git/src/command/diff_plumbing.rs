//! `git diff-tree`, `git diff-index`, `git diff-files`: differences for scripts.

use super::Command;
use crate::cat;
use crate::diff::combined;
use crate::diff::options::Words;
use crate::diff::{Change, Contents, Options, filter, lists};
use crate::fault::{Fault, Result};
use crate::log::arguments::{self, Arguments};
use crate::log::show::merged_paths;
use crate::object::Kind;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::tree;

const fn command(name: &'static str, main: super::Main, usage: &'static str) -> Command {
    Command {
        name,
        main,
        usage,
        help_on_stderr: true,
        paged: false,
        supported: &["*"],
    }
}

pub(super) const TREE: Command = command("diff-tree", diff_tree, include_str!("../usage/diff-tree.txt"));
pub(super) const INDEX: Command = command("diff-index", diff_index, include_str!("../usage/diff-index.txt"));
pub(super) const FILES: Command = command("diff-files", diff_files, include_str!("../usage/diff-files.txt"));

/// What the three have in common.
struct Call {
    repo: Repo,
    options: Options,
    arguments: Arguments,
    paths: Pathspec,
    /// Their own switches that were given.
    own: Vec<Vec<u8>>,
}

impl Call {
    fn read(cx: &mut Cx<'_, '_>, args: &[Vec<u8>], own_names: &[&str], usage: &str) -> Result<Self> {
        let repo = cx.repo()?;
        let mut options = Options::new(Some(&repo), false, 80);
        let (mut own, mut rest, mut dash_dash) = (Vec::new(), Vec::new(), None);
        let mut words = Words::new(args);
        while let Some(word) = words.take() {
            if word == b"--" {
                dash_dash = Some(rest.len());
                rest.extend_from_slice(words.rest());
                break;
            }
            if own_names.iter().any(|name| name.as_bytes() == word) {
                own.push(word.to_vec());
            } else if word == b"-r" {
                options.recursive = true;
            } else if word.starts_with(b"-") && word.len() > 1 {
                if !options.take(word, &mut words, Some(&repo))? {
                    return Err(Fault::Plain(usage.as_bytes().to_vec(), 129));
                }
            } else {
                rest.push(word.to_vec());
            }
        }
        options.settle_colors(Some(&repo), false);
        let arguments = with_resolver(cx, &repo, |resolver| arguments::read(resolver, &rest, dash_dash))?;
        let paths = Pathspec::parse(&repo, &arguments.paths)?;
        if options.formats.is_unset() {
            options.formats.raw = true;
        }
        Ok(Self {
            repo,
            options,
            arguments,
            paths,
            own,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.own.iter().any(|own| own == name.as_bytes())
    }

    fn tree(&self, cx: &Cx<'_, '_>, oid: Oid) -> Result<Oid> {
        let object = self.repo.store.get(cx.files(), &oid)?;
        match object.kind {
            Kind::Tree => Ok(oid),
            Kind::Commit => Ok(self.repo.store.commit(cx.files(), &oid)?.tree),
            Kind::Tag => self.tree(cx, self.repo.store.tag(cx.files(), &oid)?.object),
            Kind::Blob => Err(Fault::fatal(format!("unable to read tree ({oid})"))),
        }
    }

    /// Prints what was found; the exit code.
    fn finish(&self, cx: &mut Cx<'_, '_>, head: &[u8], found: Vec<Change>) -> Result<Next> {
        let contents = Contents::new(cx.files(), &self.repo);
        let found = filter::run(&contents, found, &self.options, None)?;
        let mut out = Vec::new();
        if !self.options.quiet && !found.is_empty() {
            out.extend_from_slice(head);
            crate::diff::print(&mut out, &contents, &found, &self.options)?;
        }
        cx.print(out);
        let differs = !found.is_empty() && (self.options.exit_code || self.options.quiet);
        Ok(Next::Exit(u8::from(differs)))
    }
}

fn diff_tree(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let own = ["--root", "--no-commit-id", "-c", "--cc", "-m", "-t"];
    let mut call = Call::read(cx, args, &own, TREE.usage)?;
    call.options.recursive |= call.options.formats.patch || !call.options.formats.raw && !names_only(&call.options);
    let oids: Vec<Oid> = call.arguments.pending.iter().map(|pending| pending.oid).collect();
    match oids[..] {
        [] => Err(Fault::Plain(TREE.usage.as_bytes().to_vec(), 129)),
        [one] => one_commit(cx, &call, one),
        [one, two, ..] => {
            let (one, two) = (call.tree(cx, one)?, call.tree(cx, two)?);
            let found = compare(cx, &call, Some(&one), &two)?;
            call.finish(cx, b"", found)
        }
    }
}

fn names_only(options: &Options) -> bool {
    options.formats.name_only || options.formats.name_status
}

fn compare(cx: &Cx<'_, '_>, call: &Call, old: Option<&Oid>, new: &Oid) -> Result<Vec<Change>> {
    let (files, store) = (cx.files(), &call.repo.store);
    match call.options.recursive {
        true => lists::trees(files, store, old, Some(new), &call.paths),
        false => lists::top_level(files, store, old, Some(new), &call.paths),
    }
}

fn one_commit(cx: &mut Cx<'_, '_>, call: &Call, oid: Oid) -> Result<Next> {
    let commit = call.repo.store.commit(cx.files(), &oid)?;
    let head = if call.has("--no-commit-id") {
        Vec::new()
    } else {
        cat![oid.hex(), "\n"]
    };
    match commit.parents.as_slice() {
        [] if !call.has("--root") => Ok(Next::Exit(0)),
        [] => {
            let found = compare(cx, call, None, &commit.tree)?;
            call.finish(cx, &head, found)
        }
        [parent] => {
            let base = call.tree(cx, *parent)?;
            let found = compare(cx, call, Some(&base), &commit.tree)?;
            call.finish(cx, &head, found)
        }
        parents if call.has("-m") => {
            for parent in parents {
                let base = call.tree(cx, *parent)?;
                let found = compare(cx, call, Some(&base), &commit.tree)?;
                call.finish(cx, &head, found)?;
            }
            Ok(Next::Exit(0))
        }
        _ if call.has("--cc") || call.has("-c") => {
            let contents = Contents::new(cx.files(), &call.repo);
            let mut out = Vec::new();
            for merged in merged_paths(&contents, &commit.parents, &commit, &call.paths, &call.options)? {
                combined::write(&mut out, &contents, &merged, call.has("--cc"), &call.options)?;
            }
            cx.print(if out.is_empty() { out } else { cat![head, out] });
            Ok(Next::Exit(0))
        }
        _ => Ok(Next::Exit(0)),
    }
}

fn diff_index(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let call = Call::read(cx, args, &["--cached", "-m"], INDEX.usage)?;
    let [pending] = call.arguments.pending.as_slice() else {
        return Err(Fault::Plain(INDEX.usage.as_bytes().to_vec(), 129));
    };
    let tree = call.tree(cx, pending.oid)?;
    let base = tree::flatten(cx.files(), &call.repo.store, Some(&tree))?;
    let index = call.repo.index(cx.files())?;
    let found = if call.has("--cached") {
        lists::tree_index(&base, &index, &call.paths)
    } else {
        call.repo.work_tree()?;
        lists::tree_work(cx.files(), &call.repo, &base, &index, &call.paths)
    };
    call.finish(cx, b"", found)
}

fn diff_files(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let own = ["-1", "-2", "-3", "--base", "--ours", "--theirs"];
    let call = Call::read(cx, args, &own, FILES.usage)?;
    call.repo.work_tree()?;
    if !call.arguments.pending.is_empty() {
        return Err(Fault::Plain(FILES.usage.as_bytes().to_vec(), 129));
    }
    let index = call.repo.index(cx.files())?;
    let stage = match (
        call.has("-1") || call.has("--base"),
        call.has("-3") || call.has("--theirs"),
    ) {
        (true, _) => 1,
        (_, true) => 3,
        _ => 2,
    };
    let found = lists::index_work(cx.files(), &call.repo, &index, &call.paths, stage);
    call.finish(cx, b"", found)
}
