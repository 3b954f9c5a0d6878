//! `git commit`.

mod finish;
mod hooked;
mod options;
mod template;

use super::{Command, input, patch};
use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::ident::{self, Role};
use crate::index::Index;
use crate::message::{self, Cleanup, comment_char};
use crate::object::Signature;
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::print::long::Long;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use crate::state::{Operation, Whence};
use crate::status::{self, Options as StatusOptions, Status};
use crate::tree::Flat;
use crate::worktree;
use options::Options;

pub(super) const COMMAND: Command = Command {
    name: "commit",
    main,
    usage: include_str!("../../usage/commit.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[
        "quiet",
        "verbose",
        "file",
        "author",
        "date",
        "message",
        "reedit-message",
        "reuse-message",
        "fixup",
        "squash",
        "reset-author",
        "trailer",
        "signoff",
        "template",
        "edit",
        "cleanup",
        "status",
        "all",
        "include",
        "only",
        "no-verify",
        "verify",
        "dry-run",
        "short",
        "branch",
        "porcelain",
        "long",
        "null",
        "amend",
        "no-post-rewrite",
        "post-rewrite",
        "untracked-files",
        "allow-empty",
        "allow-empty-message",
        "no-gpg-sign",
        "patch",
        "pathspec-from-file",
        "pathspec-file-nul",
    ],
};

/// What a commit is made from, kept while the user chooses hunks.
#[derive(Clone)]
struct Setup {
    repo: Repo,
    options: Options,
    head: Option<Oid>,
    whence: Whence,
}

/// What is committed, kept while a hook runs or the editor is open.
#[derive(Clone)]
struct Draft {
    repo: Repo,
    options: Options,
    author: Signature,
    committer: Signature,
    parents: Vec<Oid>,
    /// What HEAD is before.
    head: Option<Oid>,
    /// What the changes are counted from: HEAD, or its parent where it is amended.
    base: Option<Oid>,
    whence: Whence,
    tree: Oid,
    cleanup: Cleanup,
    /// The message as prepared: an unchanged template aborts.
    prepared: Vec<u8>,
    edited: bool,
    /// What is committed.
    index: Index,
    /// What the index becomes once the commit is made, where it changes at all.
    saved: Option<Index>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    input::with_paths(cx, COMMAND.parse(args)?, |cx, parsed| {
        input::with_file(cx, parsed, "file", begin)
    })
}

fn begin(cx: &mut Cx<'_, '_>, parsed: Parsed) -> Result<Next> {
    let repo = cx.work_repo()?;
    let whence = Operation::read(cx.files(), &repo).whence();
    let head = repo.refs.head(cx.files());
    if parsed.has("amend") {
        check_amend(head, whence)?;
    }
    let options = Options::new(cx, &repo, &parsed, whence)?;
    let setup = Setup {
        repo,
        options,
        head,
        whence,
    };
    let mut index = setup.repo.index(cx.files())?;
    if !setup.options.patch {
        return with_index(cx, setup, index);
    }
    // Hunks are chosen in an index of their own: a commit that comes to nothing leaves the real one alone.
    let aside = Repo {
        index_path: setup.repo.git_path("index.lock"),
        ..setup.repo.clone()
    };
    worktree::refresh(cx.files(), &aside, &mut index);
    aside.save_index(cx.files_mut(), &mut index)?;
    let pathspec = Pathspec::parse(&aside, &setup.options.paths)?;
    let then = Then::new((setup, aside.index_path.clone()), chosen);
    patch::start(cx, &aside, patch::Direction::Stage, &Flat::new(), &pathspec, then)
}

fn chosen((mut setup, path): (Setup, Vec<u8>), cx: &mut Cx<'_, '_>, _: Outcome) -> Result<Next> {
    let index = Index::load(cx.files(), &path)?;
    cx.files_mut().remove_file(&path)?;
    setup.options.paths.clear();
    setup.options.only = false;
    with_index(cx, setup, index)
}

fn check_amend(head: Option<Oid>, whence: Whence) -> Result<()> {
    let what = match whence {
        _ if head.is_none() => return Err(Fault::fatal("You have nothing to amend.")),
        Whence::Merge => "merge",
        Whence::CherryPick => "cherry-pick",
        _ => return Ok(()),
    };
    Err(Fault::fatal(format!(
        "You are in the middle of a {what} -- cannot amend."
    )))
}

/// Takes what `-a` and paths name, and runs the hook that may refuse it.
fn with_index(cx: &mut Cx<'_, '_>, setup: Setup, mut index: Index) -> Result<Next> {
    let Setup {
        repo,
        options,
        head,
        whence,
    } = setup;
    if options.dry_run || options.format_given {
        return dry_run(cx, &repo, &options, &mut index, head);
    }
    let commit_index = prepare_index(cx, &repo, &options, &mut index, head, whence)?;
    if commit_index.has_unmerged() {
        return Err(unmerged(cx, &repo, &commit_index));
    }
    if whence == Whence::Merge && options.only {
        return Err(Fault::fatal("cannot do a partial commit during a merge."));
    }
    let changes_index = options.all || options.patch || !options.paths.is_empty();
    if !changes_index {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    let author = author(cx, &repo, &options, head)?;
    let committer = ident::resolve(Role::Committer, &repo.config, cx.env(), &cx.clock(), true)?;
    let parents = parents(cx, &repo, &options, head, whence)?;
    let edited = options.edits;
    let cleanup_name = options
        .cleanup
        .clone()
        .or_else(|| repo.config.get("commit.cleanup").map(<[u8]>::to_vec));
    let draft = Draft {
        author,
        committer,
        base: if options.amend { parents.first().copied() } else { head },
        parents,
        head,
        whence,
        tree: Oid::NULL,
        cleanup: Cleanup::parse(cleanup_name.as_deref(), edited)?,
        prepared: Vec::new(),
        edited,
        index: commit_index,
        saved: changes_index.then_some(index),
        options,
        repo,
    };
    hooked::pre_commit(cx, Box::new(draft))
}

/// The message, and the editor where it is wanted.
fn compose(cx: &mut Cx<'_, '_>, mut draft: Box<Draft>) -> Result<Next> {
    let repo = draft.repo.clone();
    draft.tree = draft.index.write_tree(cx.files_mut(), &repo.store)?;
    let committable = match draft.base {
        Some(base) => repo.store.commit(cx.files(), &base)?.tree != draft.tree || draft.parents.len() > 1,
        None => draft.index.entries().iter().any(|entry| !entry.intent_to_add),
    };
    let prepared = template::message(cx, &draft)?;
    let path = repo.git_path("COMMIT_EDITMSG");
    let may_be_empty = draft.options.allow_empty || draft.options.amend && draft.parents.len() > 1;
    if !committable && draft.whence == Whence::Commit && !may_be_empty {
        if draft.edited {
            let text = template::with_comments(cx, &draft, &prepared)?;
            cx.files_mut().write(&path, text)?;
        } else {
            cx.files_mut().write(&path, prepared.text)?;
        }
        return nothing(cx, &draft);
    }
    if prepared.is_template {
        draft.prepared.clone_from(&prepared.text);
    }
    let text = if draft.edited {
        template::with_comments(cx, &draft, &prepared)?
    } else {
        prepared.text.clone()
    };
    cx.files_mut().write(&path, text)?;
    hooked::prepare_message(cx, draft, prepared.source)
}

/// The message is prepared: now the user may edit it.
fn edit(cx: &mut Cx<'_, '_>, draft: Box<Draft>) -> Result<Next> {
    if !draft.edited {
        return hooked::commit_message(cx, draft);
    }
    let repo = draft.repo.clone();
    let path = repo.git_path("COMMIT_EDITMSG");
    let then = Then::new(draft, |draft, cx, _| hooked::commit_message(cx, draft));
    cx.edit_message(&repo, path, then)
}

/// Applies `-a`, `-i` and paths. Returns the index to commit; `index` becomes what is written to the index file.
fn prepare_index(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    options: &Options,
    index: &mut Index,
    head: Option<Oid>,
    whence: Whence,
) -> Result<Index> {
    worktree::refresh(cx.files(), repo, index);
    if options.all {
        update(cx, repo, index, &Pathspec::default())?;
        return Ok(index.clone());
    }
    if options.paths.is_empty() && !options.only {
        return Ok(index.clone());
    }
    if whence == Whence::Merge && !options.include {
        return Err(Fault::fatal("cannot do a partial commit during a merge."));
    }
    let base = crate::tree::of_commit(cx.files(), &repo.store, head.as_ref())?;
    if options.paths.is_empty() {
        // `--amend --only`: the files stay as they are committed.
        return Ok(Index::of_tree(&base));
    }
    let pathspec = Pathspec::parse(repo, &options.paths)?;
    check_known(index, &base, &pathspec)?;
    update(cx, repo, index, &pathspec)?;
    if options.include {
        return Ok(index.clone());
    }
    // Only these paths: HEAD's tree with them replaced.
    let mut partial = Index::default();
    let mut entries: Vec<crate::index::Entry> = base
        .iter()
        .filter(|(path, _)| !pathspec.matches(path))
        .map(|(path, (mode, oid))| crate::index::Entry {
            path: path.clone(),
            mode: *mode,
            oid: *oid,
            ..crate::index::Entry::default()
        })
        .collect();
    entries.extend(
        index
            .entries()
            .iter()
            .filter(|entry| pathspec.matches(&entry.path))
            .cloned(),
    );
    partial.replace(entries);
    partial.timestamp = index.timestamp;
    Ok(partial)
}

/// Each path must be in the index or in HEAD.
fn check_known(index: &Index, base: &Flat, pathspec: &Pathspec) -> Result<()> {
    let known: Vec<&[u8]> = index
        .entries()
        .iter()
        .map(|entry| entry.path.as_slice())
        .chain(base.keys().map(Vec::as_slice))
        .collect();
    let mut unmatched = Vec::new();
    for item in pathspec.items.iter().filter(|item| !item.is_exclude()) {
        if !known.iter().any(|path| item.matches(path)) {
            unmatched.extend_from_slice(&cat![
                "error: pathspec '",
                item.original,
                "' did not match any file(s) known to git\n"
            ]);
        }
    }
    if !unmatched.is_empty() {
        return Err(Fault::Plain(unmatched, 1));
    }
    Ok(())
}

/// Records what the working tree holds of tracked files.
fn update(cx: &mut Cx<'_, '_>, repo: &Repo, index: &mut Index, pathspec: &Pathspec) -> Result<()> {
    let mut paths: Vec<Vec<u8>> = index.entries().iter().map(|entry| entry.path.clone()).collect();
    paths.dedup();
    for path in paths.into_iter().filter(|path| pathspec.matches(path)) {
        let there = worktree::lstat_no_links(cx.files(), repo, &path).is_ok_and(|metadata| !metadata.is_dir());
        let state = index
            .get(&path, 0)
            .map(|entry| worktree::compare(cx.files(), repo, index, entry));
        match (state, there) {
            (Some(worktree::FileState::Unchanged), _) => {}
            (Some(worktree::FileState::Deleted), _) | (None, false) => {
                index.remove(&path);
            }
            _ => {
                let entry = worktree::entry_of(cx.files_mut(), repo, &path)?;
                index.insert(entry);
            }
        }
    }
    Ok(())
}

fn unmerged(cx: &mut Cx<'_, '_>, repo: &Repo, index: &Index) -> Fault {
    for path in index.unmerged_paths() {
        cx.print(cat!["U\t", path, "\n"]);
    }
    let mut text = b"error: Committing is not possible because you have unmerged files.\n".to_vec();
    if repo.config.advice("resolveConflict") {
        text.extend_from_slice(b"hint: Fix them up in the work tree, and then use 'git add/rm <file>'\n");
        text.extend_from_slice(b"hint: as appropriate to mark resolution and make a commit.\n");
    }
    text.extend_from_slice(b"fatal: Exiting because of an unresolved conflict.\n");
    Fault::Plain(text, 128)
}

fn author(cx: &Cx<'_, '_>, repo: &Repo, options: &Options, head: Option<Oid>) -> Result<Signature> {
    let clock = cx.clock();
    let amends = options.amend && options.fixup.is_none() && !options.reset_author;
    let reused = match (&options.reuse, amends) {
        (Some(commit), _) if !options.reset_author => Some(*commit),
        (_, true) => head,
        _ => None,
    };
    let mut author = match reused {
        Some(commit) => repo.store.commit(cx.files(), &commit)?.author,
        None if options.author.is_some() => {
            // A given author needs no configured one.
            let now = (clock.seconds, clock.zone_at(clock.seconds));
            let dated = cx.io.var("GIT_AUTHOR_DATE").filter(|date| !date.is_empty());
            let (seconds, zone) = match dated {
                Some(text) => crate::date::parse_strict(text, &clock)
                    .ok_or_else(|| Fault::fatal(cat!["invalid date format: ", text]))?,
                None => now,
            };
            Signature {
                seconds,
                zone,
                ..Signature::default()
            }
        }
        None => cx.identity(repo, Role::Author)?,
    };
    if let Some(text) = &options.author {
        let (name, email) = options::named_author(cx, repo, text)?;
        (author.name, author.email) = (name, email);
    }
    if let Some(text) = &options.date {
        let strict = crate::date::parse_strict(text, &clock);
        (author.seconds, author.zone) = match (strict, crate::date::approximate(text, &clock)) {
            (Some(date), _) => date,
            (None, (seconds, true)) => (seconds, clock.zone_at(seconds)),
            (None, _) => return Err(Fault::fatal(cat!["invalid date format: ", text])),
        };
    }
    Ok(author)
}

fn parents(cx: &Cx<'_, '_>, repo: &Repo, options: &Options, head: Option<Oid>, whence: Whence) -> Result<Vec<Oid>> {
    let Some(head) = head else { return Ok(Vec::new()) };
    if options.amend {
        return Ok(repo.store.commit(cx.files(), &head)?.parents);
    }
    let mut parents = vec![head];
    if whence == Whence::Merge {
        let text = cx.files().read(&repo.git_path("MERGE_HEAD"))?;
        for line in crate::bytes::lines(&text) {
            match Oid::from_hex(line) {
                Some(oid) if !parents.contains(&oid) => parents.push(oid),
                Some(_) => {}
                None => return Err(Fault::fatal(cat!["Corrupt MERGE_HEAD file (", line, ")"])),
            }
        }
    }
    Ok(parents)
}

/// What would be committed, as `git status` says it.
fn dry_run(cx: &mut Cx<'_, '_>, repo: &Repo, options: &Options, index: &mut Index, head: Option<Oid>) -> Result<Next> {
    let base = match (options.amend, head) {
        (true, Some(head)) => repo.store.commit(cx.files(), &head)?.parents.first().copied(),
        (_, head) => head,
    };
    let commit_index = prepare_index(cx, repo, options, index, head, Whence::Commit)?;
    let status = collect(cx, repo, options, &commit_index, base)?;
    let committable = !status.staged.is_empty();
    let text = match options.format_given && !options.long {
        true => crate::print::short::Short {
            repo,
            files: cx.files(),
            status: &status,
            colors: crate::output::Colors::off(),
            null: options.null,
            porcelain: options.porcelain,
            branch: options.branch,
        }
        .text()?,
        false => long(cx, repo, options, &status, base, false)?,
    };
    cx.print(text);
    if options.verbose > 0 && (options.long || !options.format_given) {
        let text = differences(cx, repo, options.verbose, &commit_index, base, false)?;
        cx.print(text);
    }
    Ok(Next::Exit(u8::from(!committable)))
}

/// `-v`: what is committed as a patch, and with two of them what is not.
fn differences(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    level: usize,
    index: &Index,
    base: Option<Oid>,
    template: bool,
) -> Result<Vec<u8>> {
    let files = cx.files();
    let mut options = crate::diff::Options::new(Some(repo), true, cx.width());
    options.formats.patch = true;
    if !template {
        options.settle_colors(Some(repo), cx.is_terminal());
    }
    let contents = crate::diff::Contents::new(files, repo);
    let none = Pathspec::default();
    let base = crate::tree::of_commit(files, &repo.store, base.as_ref())?;
    let patch = |found, prefixes: Option<[&str; 2]>| -> Result<Vec<u8>> {
        let mut options = options.clone();
        if let Some([old, new]) = prefixes {
            (options.old_prefix, options.new_prefix) = (old.into(), new.into());
        }
        let found = crate::diff::filter::run(&contents, found, &options, None)?;
        let mut out = Vec::new();
        crate::diff::print(&mut out, &contents, &found, &options)?;
        Ok(out)
    };
    let staged = crate::diff::lists::tree_index(&base, index, &none);
    if level < 2 {
        return patch(staged, None);
    }
    let (trailer, comment) = match template {
        true => (comment_char(&repo.config) + "\n", comment_char(&repo.config) + " "),
        false => (String::new(), String::new()),
    };
    let mut out = Vec::new();
    if !staged.is_empty() {
        out = cat![
            trailer,
            comment,
            "Changes to be committed:\n",
            patch(staged, Some(["c/", "i/"]))?
        ];
    }
    let unstaged = status::unstaged(files, repo, index, &none);
    if !unstaged.is_empty() {
        let line = "-".repeat(50);
        let heading = cat![comment, line, "\n", comment, "Changes not staged for commit:\n"];
        out.extend_from_slice(&cat![heading, patch(unstaged, Some(["i/", "w/"]))?]);
    }
    Ok(out)
}

fn collect(cx: &Cx<'_, '_>, repo: &Repo, options: &Options, index: &Index, base: Option<Oid>) -> Result<Status> {
    let mut wanted = StatusOptions::new(base);
    wanted.untracked = options.untracked;
    status::collect(cx.files(), repo, index, &wanted)
}

fn long(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    options: &Options,
    status: &Status,
    base: Option<Oid>,
    template: bool,
) -> Result<Vec<u8>> {
    Long {
        repo,
        files: cx.files(),
        status,
        colors: if template {
            crate::output::Colors::off()
        } else {
            cx.colors(repo, "status", None)
        },
        hints: !template && repo.config.advice("statusHints"),
        initial: repo.refs.head(cx.files()).is_none() || base.is_none(),
        untracked: options.untracked,
        ignored: false,
        commit: true,
        template,
        amend: options.amend,
        committable: !status.staged.is_empty(),
        ahead_behind: true,
        column_width: None,
    }
    .text()
}

/// "nothing to commit".
fn nothing(cx: &mut Cx<'_, '_>, draft: &Draft) -> Result<Next> {
    let (repo, options) = (&draft.repo, &draft.options);
    let status = collect(cx, repo, options, &draft.index, draft.base)?;
    let text = long(cx, repo, options, &status, draft.base, false)?;
    cx.print(text);
    if options.amend {
        cx.eprint(concat!(
            "You asked to amend the most recent commit, but doing so would make\n",
            "it empty. You can repeat your command with --allow-empty, or you can\n",
            "remove the commit entirely with \"git reset HEAD^\".\n"
        ));
    }
    Ok(Next::Exit(1))
}

/// Cleans the message as the draft asks for.
fn cleaned(draft: &Draft, text: &[u8]) -> Vec<u8> {
    let comment = comment_char(&draft.repo.config);
    let text = match draft.options.verbose {
        0 => text,
        // The differences stand below the scissors.
        _ => message::above_scissors(text, &comment),
    };
    message::clean(text, draft.cleanup, &comment)
}
