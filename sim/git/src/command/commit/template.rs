//! What the editor of `git commit` opens with.

use super::{Draft, collect, long};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::message::{self, Cleanup, SCISSORS, comment_char, commented};
use crate::object::Commit;
use crate::oid::Oid;
use crate::print::long::commented as commented_bytes;
use crate::process::Cx;
use crate::state::Whence;

/// The message before it is edited.
pub(super) struct Prepared {
    pub text: Vec<u8>,
    /// It came from `commit.template`: unchanged, it aborts the commit.
    pub is_template: bool,
    /// Where it comes from, as `prepare-commit-msg` is told.
    pub source: Vec<Vec<u8>>,
}

impl Prepared {
    fn new(text: Vec<u8>, source: &[&[u8]]) -> Self {
        Self {
            text,
            is_template: false,
            source: source.iter().map(|word| word.to_vec()).collect(),
        }
    }
}

/// The message before it is edited: from the options, the commit reused, a merge, a template.
pub(super) fn message(cx: &Cx<'_, '_>, draft: &Draft) -> Result<Prepared> {
    let (repo, options) = (&draft.repo, &draft.options);
    let mut prepared = start(cx, draft)?;
    let text = &mut prepared.text;
    if let Some(squash) = options.squash {
        // The commit whose message is taken over brings its subject itself.
        let reused = options.reuse_name.as_deref().or(options.amend.then_some(b"HEAD"));
        *text = if reused.is_some() && reused == options.squash_name.as_deref() {
            cat!["squash! ", text]
        } else {
            cat![
                "squash! ",
                repo.store.commit(cx.files(), &squash)?.subject(),
                "\n\n",
                text
            ]
        };
        prepared.source = vec![b"message".to_vec()];
    }
    // Cleaned before it is edited, comments kept.
    let cleanup = options
        .cleanup
        .clone()
        .or_else(|| repo.config.get("commit.cleanup").map(<[u8]>::to_vec));
    if cleanup.as_deref() != Some(b"verbatim") && !prepared.is_template {
        *text = message::strip(text, None);
    }
    if options.signoff {
        let committer = cx.identity(repo, crate::ident::Role::Committer)?;
        message::add_trailer(text, &cat!["Signed-off-by: ", committer.who()]);
    }
    message::add_trailers(text, &options.trailers);
    Ok(prepared)
}

/// The message's beginning.
fn start(cx: &Cx<'_, '_>, draft: &Draft) -> Result<Prepared> {
    let (repo, options) = (&draft.repo, &draft.options);
    let git_file = |name: &str| cx.files().read(&repo.git_path(name)).ok().map(|text| text.to_vec());
    let of_commit = |oid: &Oid| repo.store.commit(cx.files(), oid);
    if let Some(fixup) = options.fixup {
        return Ok(Prepared::new(
            fixup_message(&of_commit(&fixup.commit)?, fixup.amends, options.messages.as_deref()),
            &[b"message"],
        ));
    }
    if let Some(text) = options.messages.as_ref().or(options.file.as_ref()) {
        return Ok(Prepared::new(text.clone(), &[b"message"]));
    }
    if let Some(reuse) = options.reuse {
        let name = options.reuse_name.as_deref().unwrap_or_default();
        return Ok(Prepared::new(of_commit(&reuse)?.message, &[b"commit", name]));
    }
    if let Some(head) = draft.head.filter(|_| options.amend) {
        return Ok(Prepared::new(of_commit(&head)?.message, &[b"commit", b"HEAD"]));
    }
    match (git_file("MERGE_MSG"), git_file("SQUASH_MSG")) {
        (Some(merge), Some(squash)) if draft.whence == Whence::Commit => {
            return Ok(Prepared::new(cat![squash, merge], &[b"squash"]));
        }
        (Some(merge), _) => return Ok(Prepared::new(merge, &[b"merge"])),
        (None, Some(squash)) => return Ok(Prepared::new(squash, &[b"squash"])),
        (None, None) => {}
    }
    if let Some(template) = &options.template {
        let name = crate::config::expand_home(template, cx.env());
        let full = cx.io.path(&name);
        let text = cx
            .files()
            .read(&full)
            .map_err(|errno| Fault::fatal(cat!["could not read '", name, "': ", errno.to_string()]))?;
        return Ok(Prepared {
            is_template: true,
            ..Prepared::new(text.to_vec(), &[b"template"])
        });
    }
    let source: &[&[u8]] = match draft.whence {
        Whence::Merge => &[b"merge"],
        Whence::CherryPick => &[b"commit", b"CHERRY_PICK_HEAD"],
        _ => &[],
    };
    Ok(Prepared::new(Vec::new(), source))
}

/// `fixup! subject`, or `amend! subject` and the whole message to be edited.
fn fixup_message(commit: &Commit, amends: bool, extra: Option<&[u8]>) -> Vec<u8> {
    if !amends {
        let extra = extra.map_or(Vec::new(), |text| cat!["\n", text]);
        return cat!["fixup! ", commit.subject(), "\n", extra];
    }
    // What mends a mending commit takes over its message, not its first line.
    let body = match commit.message.starts_with(b"amend! ") {
        true => crate::bytes::find(&commit.message, b"\n\n").map_or(b"".as_slice(), |at| &commit.message[at + 2..]),
        false => &commit.message,
    };
    cat!["amend! ", commit.subject(), "\n\n", body]
}

/// The message with the instructions and the status below it, as comments.
pub(super) fn with_comments(cx: &mut Cx<'_, '_>, draft: &Draft, prepared: &Prepared) -> Result<Vec<u8>> {
    let (repo, base) = (&draft.repo, draft.base);
    let comment = comment_char(&repo.config);
    let mut out = prepared.text.clone();
    if !draft.options.status_in_template {
        return Ok(out);
    }
    if let Some(what) = what_it_concludes(draft) {
        let (name, file) = what;
        if draft.cleanup == Cleanup::Scissors {
            out.extend_from_slice(scissors(&comment).as_bytes());
        }
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
    if draft.options.date.is_some()
        || draft.options.amend && draft.options.fixup.is_none()
        || draft.options.reuse.is_some()
    {
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
    if draft.options.verbose > 0 {
        if draft.cleanup != Cleanup::Scissors {
            out.extend_from_slice(scissors(&comment).as_bytes());
        }
        let level = draft.options.verbose;
        out.extend_from_slice(&super::differences(cx, repo, level, &draft.index, base, true)?);
    }
    Ok(out)
}

/// The line below which everything is cut, with what it means.
fn scissors(comment: &str) -> String {
    format!(
        "{comment} {SCISSORS}\n{comment} Do not modify or remove the line above.\n{comment} Everything below it will be ignored.\n"
    )
}

/// The merge or cherry-pick a commit concludes, and the file that says so.
fn what_it_concludes(draft: &Draft) -> Option<(&'static str, &'static str)> {
    match draft.whence {
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
        Cleanup::Scissors if draft.whence == Whence::Commit => return scissors(comment),
        Cleanup::Scissors => return String::new(),
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
