//! `git merge`.

pub(super) mod autostash;
mod finish;
mod message;
mod octopus;
mod options;
mod squash;

use super::Command;
use crate::cat;
use crate::checkout::{self, Doing};
use crate::fault::{Fault, Result};
use crate::ident::Role;
use crate::merge::{self as engine, apply};
use crate::message::{clean, comment_char, commented};
use crate::oid::Oid;
use crate::process::{Cx, Next};
use crate::refs::Update;
use crate::repo::Repo;
use crate::tree;
use crate::walk::History;
use crate::worktree;
use essaim_kernel::Value;
use finish::Done;
use options::{FastForward, Options, Strategy};
use std::collections::BTreeMap;

pub(super) const USAGE: &str = include_str!("../../usage/merge.txt");

pub(super) const COMMAND: Command = Command {
    name: "merge",
    main,
    usage: USAGE,
    help_on_stderr: true,
    paged: false,
    supported: &[
        "n",
        "stat",
        "summary",
        "squash",
        "commit",
        "edit",
        "cleanup",
        "ff",
        "ff-only",
        "rerere-autoupdate",
        "strategy",
        "strategy-option",
        "message",
        "file",
        "into-name",
        "verbose",
        "quiet",
        "abort",
        "quit",
        "continue",
        "allow-unrelated-histories",
        "progress",
        "overwrite-ignore",
        "signoff",
        "no-verify",
        "verify",
        "autostash",
        "log",
    ],
};

/// A commit to merge, as it was named.
#[derive(Clone, Debug)]
struct Head {
    name: Vec<u8>,
    oid: Oid,
}

/// Everything one merge knows.
#[derive(Clone)]
struct Job {
    repo: Repo,
    options: Options,
    head: Oid,
    heads: Vec<Head>,
    message: Vec<u8>,
    /// `merge topic`, for reflogs.
    action: Vec<u8>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.work_repo()?;
    let mut words = own_options(cx, &repo);
    words.extend_from_slice(args);
    let parsed = COMMAND.parse(&words)?;
    let merging = repo.has_git_file(cx.files(), "MERGE_HEAD");
    for name in ["abort", "quit", "continue"] {
        if !parsed.has(name) {
            continue;
        }
        if args.len() != 1 {
            let text = cat!["fatal: --", name, " expects no arguments\n\n", USAGE];
            return Err(Fault::Plain(text, 129));
        }
        return in_progress(cx, &repo, name, merging);
    }
    check_nothing_under_way(cx, &repo)?;
    let options = Options::new(cx, &repo, &parsed)?;
    begin(cx, repo, options, &parsed.args)
}

/// What `branch.NAME.mergeOptions` adds to the command line.
fn own_options(cx: &Cx<'_, '_>, repo: &Repo) -> Vec<Vec<u8>> {
    let branch = crate::state::branch_name(cx.files(), repo).unwrap_or_default();
    let own = repo.config.get(format!("branch.{branch}.mergeoptions"));
    let words = own.unwrap_or_default().split(|b| *b == b' ');
    words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
}

fn check_nothing_under_way(cx: &Cx<'_, '_>, repo: &Repo) -> Result<()> {
    let index = repo.index(cx.files())?;
    if index.has_unmerged() {
        return Err(unmerged(repo));
    }
    for (file, what) in [("MERGE_HEAD", "merge"), ("CHERRY_PICK_HEAD", "cherry-pick")] {
        if repo.has_git_file(cx.files(), file) {
            let advice = if repo.config.advice("resolveConflict") {
                "\nPlease, commit your changes before you merge."
            } else {
                ""
            };
            return Err(Fault::fatal(format!(
                "You have not concluded your {what} ({file} exists).{advice}"
            )));
        }
    }
    Ok(())
}

fn begin(cx: &mut Cx<'_, '_>, repo: Repo, options: Options, typed: &[Vec<u8>]) -> Result<Next> {
    let last = |name: &Vec<u8>| if name == b"-" { b"@{-1}".to_vec() } else { name.clone() };
    let mut names: Vec<Vec<u8>> = typed.iter().map(last).collect();
    if names.is_empty() {
        names = vec![options::upstream(cx, &repo)?];
    }
    let Some(head) = repo.refs.head(cx.files()) else {
        return unborn(cx, &repo, &options, &names);
    };
    let mut heads = Vec::new();
    for name in &names {
        heads.push(Head {
            name: name.clone(),
            oid: options::commit(cx, &repo, name)?,
        });
    }
    let heads = reduce(cx, &repo, head, heads)?;
    let kept: Vec<&[u8]> = heads.iter().map(|head| head.name.as_slice()).collect();
    let action = cat!["merge ", kept.join(b" ".as_slice())];
    let action = cx.io.var("GIT_REFLOG_ACTION").map_or(action, <[u8]>::to_vec);
    let message = message::compose(cx, &repo, &options, &heads)?;
    run(
        cx,
        Job {
            repo,
            options,
            head,
            heads,
            message,
            action,
        },
    )
}

/// `--abort`, `--quit`, `--continue`.
fn in_progress(cx: &mut Cx<'_, '_>, repo: &Repo, what: &str, merging: bool) -> Result<Next> {
    match what {
        "abort" if !merging => Err(Fault::fatal("There is no merge to abort (MERGE_HEAD missing).")),
        "abort" => {
            let next = (super::reset::COMMAND.main)(cx, &[b"--merge".to_vec()])?;
            autostash::apply(cx, repo)?;
            finish::remove_state(cx, repo)?;
            cx.io.record("git.merge_aborted", BTreeMap::new());
            Ok(next)
        }
        "quit" => {
            autostash::save(cx, repo)?;
            finish::remove_state(cx, repo)?;
            Ok(Next::Exit(0))
        }
        _ if !merging => Err(Fault::fatal("There is no merge in progress (MERGE_HEAD missing).")),
        _ => (super::commit::COMMAND.main)(cx, &[]),
    }
}

fn unmerged(repo: &Repo) -> Fault {
    let mut text = b"error: Merging is not possible because you have unmerged files.\n".to_vec();
    if repo.config.advice("resolveConflict") {
        text.extend_from_slice(b"hint: Fix them up in the work tree, and then use 'git add/rm <file>'\n");
        text.extend_from_slice(b"hint: as appropriate to mark resolution and make a commit.\n");
    }
    text.extend_from_slice(b"fatal: Exiting because of an unresolved conflict.\n");
    Fault::Plain(text, 128)
}

/// A branch without a commit takes the other's.
fn unborn(cx: &mut Cx<'_, '_>, repo: &Repo, options: &Options, names: &[Vec<u8>]) -> Result<Next> {
    if options.squash {
        return Err(Fault::fatal("Squash commit into empty head not supported yet"));
    }
    if options.fast_forward == FastForward::Never {
        return Err(Fault::fatal(
            "Non-fast-forward commit does not make sense into an empty head",
        ));
    }
    let commit = options::commit(cx, repo, &names[0])?;
    if names.len() > 1 {
        return Err(Fault::fatal("Can merge only exactly one commit into empty head"));
    }
    let mut index = repo.index(cx.files())?;
    let to = tree::of_commit(cx.files(), &repo.store, Some(&commit))?;
    let plan = checkout::plan(cx.files(), repo, &index, &tree::Flat::new(), &to);
    let plan = plan.map_err(|refusal| refusal.fault(Doing::Merge, repo, 128))?;
    plan.apply(cx.files_mut(), repo, &mut index)?;
    repo.save_index(cx.files_mut(), &mut index)?;
    finish::move_head(cx, repo, commit, None, b"initial pull")?;
    Ok(Next::Exit(0))
}

/// Leaves out what is merged already, or stands below another of the commits.
fn reduce(cx: &Cx<'_, '_>, repo: &Repo, head: Oid, heads: Vec<Head>) -> Result<Vec<Head>> {
    let mut history = History::new(&repo.store, cx.files());
    let mut oids: Vec<Oid> = heads.iter().map(|head| head.oid).collect();
    oids.push(head);
    let best = history.independent(&oids)?;
    let mut kept: Vec<Head> = Vec::new();
    for one in heads {
        if one.oid != head && best.contains(&one.oid) && kept.iter().all(|other| other.oid != one.oid) {
            kept.push(one);
        }
    }
    Ok(kept)
}

fn run(cx: &mut Cx<'_, '_>, job: Job) -> Result<Next> {
    let repo = job.repo.clone();
    let bases = match job.heads.as_slice() {
        [] => Vec::new(),
        heads => {
            let others: Vec<Oid> = heads.iter().map(|head| head.oid).collect();
            let mut history = History::new(&repo.store, cx.files());
            match heads {
                [only] => history.merge_bases(&job.head, &[only.oid])?,
                _ => octopus::common(&mut history, job.head, &others)?,
            }
        }
    };
    let orig = cat![job.head.hex(), "\n"];
    cx.files_mut().write(&repo.git_path("ORIG_HEAD"), orig)?;
    if !job.heads.is_empty() && bases.is_empty() && !job.options.unrelated {
        return Err(Fault::fatal("refusing to merge unrelated histories"));
    }
    let single = job.heads.len() == 1 && bases.len() == 1;
    if job.heads.is_empty() || single && bases[0] == job.heads[0].oid {
        if !job.options.quiet {
            let squash = if job.options.squash { " (nothing to squash)" } else { "" };
            cx.print(cat!["Already up to date.", squash, "\n"]);
        }
        finish::remove_state(cx, &repo)?;
        return Ok(Next::Exit(0));
    }
    if single && bases[0] == job.head && job.options.fast_forward != FastForward::Never {
        return fast_forward(cx, &job);
    }
    if job.options.fast_forward == FastForward::Only {
        return Err(cannot_fast_forward(&repo));
    }
    cx.identity(&repo, Role::Committer)?;
    true_merge(cx, job, &bases)
}

fn cannot_fast_forward(repo: &Repo) -> Fault {
    let mut text = Vec::new();
    if repo.config.advice("diverging") {
        text.extend_from_slice(
            concat!(
                "hint: Diverging branches can't be fast-forwarded, you need to either:\n",
                "hint:\nhint: \tgit merge --no-ff\nhint:\nhint: or:\nhint:\nhint: \tgit rebase\nhint:\n",
                "hint: Disable this message with \"git config advice.diverging false\"\n"
            )
            .as_bytes(),
        );
    }
    text.extend_from_slice(b"fatal: Not possible to fast-forward, aborting.\n");
    Fault::Plain(text, 128)
}

fn fast_forward(cx: &mut Cx<'_, '_>, job: &Job) -> Result<Next> {
    let (repo, to) = (&job.repo, job.heads[0].oid);
    if !job.options.quiet {
        let line = cat![
            "Updating ",
            repo.short(cx.files(), &job.head),
            "..",
            repo.short(cx.files(), &to),
            "\n"
        ];
        cx.print(line);
    }
    if job.options.autostash {
        autostash::create(cx, repo)?;
    }
    let mut index = repo.index(cx.files())?;
    worktree::refresh(cx.files(), repo, &mut index);
    let from = tree::of_commit(cx.files(), &repo.store, Some(&job.head))?;
    let target = tree::of_commit(cx.files(), &repo.store, Some(&to))?;
    let plan = checkout::plan(cx.files(), repo, &index, &from, &target);
    let plan = plan.map_err(|refusal| refusal.fault(Doing::Merge, repo, 1))?;
    plan.apply(cx.files_mut(), repo, &mut index)?;
    repo.save_index(cx.files_mut(), &mut index)?;
    let ignored = if job.options.has_message {
        " (no commit created; -m option ignored)"
    } else {
        ""
    };
    let said = cat!["Fast-forward", ignored];
    finish::finish(cx, job, Some(to), Some(&said))?;
    autostash::apply(cx, repo)?;
    finish::remove_state(cx, repo)?;
    let branch = crate::state::branch_name(cx.files(), repo).unwrap_or_default();
    let mut fields = BTreeMap::new();
    fields.insert("oid", Value::from(to.hex()));
    fields.insert("branch", Value::from(branch));
    fields.insert("source", Value::from(job.heads[0].name.as_slice()));
    cx.io.record("git.fast_forwarded", fields);
    finish::afterwards(cx, job, 0)
}

fn true_merge(cx: &mut Cx<'_, '_>, job: Job, bases: &[Oid]) -> Result<Next> {
    let repo = &job.repo;
    if job.options.autostash {
        autostash::create(cx, repo)?;
    }
    let mut index = repo.index(cx.files())?;
    worktree::refresh(cx.files(), repo, &mut index);
    repo.save_index(cx.files_mut(), &mut index)?;
    let strategy = job.options.strategy.unwrap_or(if job.heads.len() > 1 {
        Strategy::Octopus
    } else {
        Strategy::Ort
    });
    let head = tree::of_commit(cx.files(), &repo.store, Some(&job.head))?;
    let failed = |said: Vec<u8>| Fault::Plain(cat![said, "Merge with strategy ", strategy.name(), " failed.\n"], 2);
    if strategy == Strategy::Ours {
        let tree = index.write_tree(cx.files_mut(), &repo.store)?;
        return conclude(cx, job, tree, strategy);
    }
    let staged = apply::staged_paths(&index, &head);
    if !staged.is_empty() {
        let names = staged.join(b" ".as_slice());
        let said = cat![
            "error: Your local changes to the following files would be overwritten by merge:\n  ",
            names,
            "\n"
        ];
        // Git puts the staged changes away and brings them back; HEAD's log shows it.
        let entry = crate::refs::LogEntry {
            old: job.head,
            new: job.head,
            who: cx.log_identity(repo)?,
            message: cat![job.action, ": updating HEAD"],
        };
        repo.refs.append_log(cx.files_mut(), b"HEAD", &entry, false)?;
        return Err(failed(said));
    }
    let merged = match strategy {
        Strategy::Octopus => octopus::merge(cx, &job)?,
        _ => {
            if job.heads.len() > 1 {
                return Err(failed(
                    b"error: Not handling anything other than two heads merge.\n".to_vec(),
                ));
            }
            let how = job.options.engine(repo, &job.heads[0].name);
            engine::commits(cx.files_mut(), repo, [&job.head, &job.heads[0].oid], bases, &how)?
        }
    };
    if let Err(refusal) = apply::apply(cx.files_mut(), repo, &mut index, &head, &merged)? {
        return Err(failed(
            refusal.text(Doing::Merge, repo.config.advice("commitBeforeMerge")),
        ));
    }
    repo.save_index(cx.files_mut(), &mut index)?;
    if strategy == Strategy::Octopus {
        let path = repo.git_path("AUTO_MERGE");
        cx.files_mut().remove_file(&path)?;
    }
    cx.print(&merged.messages);
    if merged.is_clean() && job.options.commit && !job.options.squash {
        return conclude(cx, job, merged.tree, strategy);
    }
    stop(cx, &job, &merged)
}

fn conclude(cx: &mut Cx<'_, '_>, job: Job, tree: Oid, strategy: Strategy) -> Result<Next> {
    if !job.options.commit || job.options.squash {
        return stop(cx, &job, &engine::Merged::default());
    }
    finish::commit(cx, Done { job, tree, strategy })
}

/// Leaves the merge for a commit to conclude.
fn stop(cx: &mut Cx<'_, '_>, job: &Job, merged: &engine::Merged) -> Result<Next> {
    let repo = &job.repo;
    if job.options.squash {
        finish::finish(cx, job, None, None)?;
    } else {
        finish::write_state(cx, job, &job.message)?;
    }
    if merged.is_clean() {
        autostash::say_waiting(cx, repo);
        cx.eprint("Automatic merge went well; stopped before committing as requested\n");
        return if job.options.squash {
            finish::afterwards(cx, job, 0)
        } else {
            Ok(Next::Exit(0))
        };
    }
    let comment = comment_char(&repo.config);
    let mut text = cx
        .files()
        .read(&repo.git_path("MERGE_MSG"))
        .map(|text| text.to_vec())
        .unwrap_or_default();
    if job.options.cleanup_name.as_deref() == Some(b"scissors") {
        let cut = crate::message::SCISSORS;
        let lines = [
            "Do not modify or remove the line above.",
            "Everything below it will be ignored.",
        ];
        text.extend_from_slice(
            format!(
                "\n{comment} {cut}\n{comment} {}\n{comment} {}\n{comment}",
                lines[0], lines[1]
            )
            .as_bytes(),
        );
    }
    text.extend_from_slice(&cat!["\n", commented("Conflicts:", &comment)]);
    for path in merged.conflicts.keys() {
        text.extend_from_slice(&cat![comment, "\t", path, "\n"]);
    }
    cx.files_mut().write(&repo.git_path("MERGE_MSG"), text)?;
    cx.print("Automatic merge failed; fix conflicts and then commit the result.\n");
    autostash::say_waiting(cx, repo);
    let branch = crate::state::branch_name(cx.files(), repo).unwrap_or_default();
    let mut fields = BTreeMap::new();
    fields.insert("branch", Value::from(branch));
    fields.insert("source", Value::from(job.heads[0].name.as_slice()));
    fields.insert(
        "paths",
        Value::from(
            merged
                .conflicts
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(b" ".as_slice())
                .as_slice(),
        ),
    );
    fields.insert("count", Value::from(merged.conflicts.len()));
    cx.io.record("git.conflict_met", fields);
    Ok(Next::Exit(1))
}

/// The message as it is recorded.
fn cleaned(job: &Job, text: &[u8], edited: bool) -> Result<Vec<u8>> {
    let cleanup = crate::message::Cleanup::parse(job.options.cleanup_name.as_deref(), edited)?;
    Ok(clean(text, cleanup, &comment_char(&job.repo.config)))
}

/// An update of `HEAD` and its branch.
fn head_update<'a>(new: Oid, old: Option<Oid>, message: &'a [u8], who: &'a crate::object::Signature) -> Update<'a> {
    Update {
        name: b"HEAD",
        new,
        old: Some(old.unwrap_or(Oid::NULL)),
        message,
        who,
        no_deref: false,
        create_log: false,
    }
}
