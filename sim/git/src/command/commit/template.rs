//! What the editor of `git commit` opens with.

use super::{Draft, Options, collect, long};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::message::{self, Cleanup, SCISSORS, comment_char, commented};
use crate::oid::Oid;
use crate::print::long::commented as commented_bytes;
use crate::process::Cx;
use crate::repo::Repo;
use crate::state::Whence;

/// The message before it is edited.
pub(super) struct Prepared {
    pub text: Vec<u8>,
    /// It came from `commit.template`: unchanged, it aborts the commit.
    pub is_template: bool,
}

/// The message before it is edited: from the options, the commit reused, a merge, a template.
pub(super) fn message(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    options: &Options,
    head: Option<Oid>,
    whence: Whence,
) -> Result<Prepared> {
    let mut is_template = false;
    let git_file = |name: &str| cx.files().read(&repo.git_path(name)).ok().map(|text| text.to_vec());
    let of_commit = |oid: &Oid| repo.store.commit(cx.files(), oid).map(|commit| commit.message);
    let mut text = if let Some(fixup) = options.fixup {
        let subject = repo.store.commit(cx.files(), &fixup)?.subject();
        let extra = options.messages.as_ref().map_or(Vec::new(), |text| cat!["\n", text]);
        cat!["fixup! ", subject, "\n", extra]
    } else if let Some(messages) = &options.messages {
        messages.clone()
    } else if let Some(file) = &options.file {
        file.clone()
    } else if let Some(reuse) = options.reuse {
        of_commit(&reuse)?
    } else if options.amend && head.is_some() {
        of_commit(&head.unwrap_or_default())?
    } else if let Some(merge) = git_file("MERGE_MSG") {
        cat![
            git_file("SQUASH_MSG")
                .filter(|_| whence == Whence::Commit)
                .unwrap_or_default(),
            merge
        ]
    } else if let Some(squash) = git_file("SQUASH_MSG") {
        squash
    } else if let Some(template) = &options.template {
        is_template = true;
        let name = crate::config::expand_home(template, cx.env());
        let full = cx.io.path(&name);
        let text = cx
            .files()
            .read(&full)
            .map_err(|errno| Fault::fatal(cat!["could not read '", name, "': ", errno.to_string()]))?;
        text.to_vec()
    } else {
        Vec::new()
    };
    if let Some(squash) = options.squash {
        let subject = repo.store.commit(cx.files(), &squash)?.subject();
        text = cat!["squash! ", subject, "\n\n", text];
    }
    // Cleaned before it is edited, comments kept.
    let cleanup = options
        .cleanup
        .clone()
        .or_else(|| repo.config.get("commit.cleanup").map(<[u8]>::to_vec));
    if cleanup.as_deref() != Some(b"verbatim") && !is_template {
        text = message::strip(&text, None);
    }
    if options.signoff {
        let committer = cx.identity(repo, crate::ident::Role::Committer)?;
        message::add_trailer(&mut text, &cat!["Signed-off-by: ", committer.who()]);
    }
    for trailer in &options.trailers {
        let (key, value) = crate::bytes::split_once(trailer, b'=')
            .or_else(|| crate::bytes::split_once(trailer, b':'))
            .unwrap_or((trailer, b""));
        message::add_trailer(&mut text, &cat![key.trim_ascii(), ": ", value.trim_ascii()]);
    }
    Ok(Prepared { text, is_template })
}

/// The message with the instructions and the status below it, as comments.
pub(super) fn with_comments(
    cx: &mut Cx<'_, '_>,
    draft: &Draft,
    prepared: &Prepared,
    base: Option<Oid>,
) -> Result<Vec<u8>> {
    let repo = &draft.repo;
    let comment = comment_char(&repo.config);
    let mut out = prepared.text.clone();
    if !draft.options.status_in_template {
        return Ok(out);
    }
    if let Some(what) = what_it_concludes(draft) {
        let (name, file) = what;
        let text = format!(
            "\nIt looks like you may be committing a {name}.\nIf this is not correct, please run\n\tgit update-ref -d {file}\nand try again.\n"
        );
        out.extend_from_slice(cat![commented(&text, &comment), "\n"].as_slice());
    }
    out.push(b'\n');
    out.extend_from_slice(instructions(draft, &comment).as_bytes());
    let author = &draft.author;
    let committer = &draft.committer;
    let mut facts = String::new();
    let lossy = crate::bytes::lossy;
    if (&author.name, &author.email) != (&committer.name, &committer.email) {
        facts.push_str(&commented(&format!("Author:    {}", lossy(&author.who())), &comment));
    }
    if draft.options.date.is_some() || draft.options.amend || draft.options.reuse.is_some() {
        let clock = cx.clock();
        let when = crate::date::format(author.seconds, author.zone, &crate::date::Mode::Default, &clock);
        facts.push_str(&commented(&format!("Date:      {}", lossy(&when)), &comment));
    }
    if !facts.is_empty() {
        out.extend_from_slice(&cat![comment, "\n", facts]);
    }
    out.extend_from_slice(format!("{comment}\n").as_bytes());
    let index = draft.index.clone();
    let status = collect(cx, repo, &draft.options, &index, base)?;
    let text = long(cx, repo, &draft.options, &status, base, true)?;
    out.extend_from_slice(&commented_bytes(&text, &comment));
    if draft.options.verbose {
        return Err(Fault::gap("'commit --verbose'"));
    }
    Ok(out)
}

/// The merge or cherry-pick a commit concludes, and the file that says so.
fn what_it_concludes(draft: &Draft) -> Option<(&'static str, &'static str)> {
    match draft.whence {
        _ if draft.cleanup == Cleanup::Scissors => None,
        Whence::Merge => Some(("merge", "MERGE_HEAD")),
        Whence::CherryPick => Some(("cherry-pick", "CHERRY_PICK_HEAD")),
        _ => None,
    }
}

fn instructions(draft: &Draft, comment: &str) -> String {
    let mut text = String::new();
    let please = "Please enter the commit message for your changes.";
    match draft.cleanup {
        Cleanup::Strip if draft.options.allow_empty_message => {
            text.push_str(&format!("{please} Lines starting\nwith '{comment}' will be ignored.\n"));
        }
        Cleanup::Strip => {
            text.push_str(&format!(
                "{please} Lines starting\nwith '{comment}' will be ignored, and an empty message aborts the commit.\n"
            ));
        }
        Cleanup::Scissors => {
            return format!(
                "{comment} {SCISSORS}\n{comment} Do not modify or remove the line above.\n{comment} Everything below it will be ignored.\n"
            );
        }
        _ if draft.options.allow_empty_message => {
            text.push_str(&format!(
                "{please} Lines starting\nwith '{comment}' will be kept; you may remove them yourself if you want to.\n"
            ));
        }
        _ => {
            text.push_str(&format!(
                "{please} Lines starting\nwith '{comment}' will be kept; you may remove them yourself if you want to.\nAn empty message aborts the commit.\n"
            ));
        }
    }
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        out.push_str(&commented(line, comment));
    }
    out
}
