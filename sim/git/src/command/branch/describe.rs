//! `--edit-description`.

use super::{change_config, current};
use crate::cat;
use crate::cli::options::Parsed;
use crate::config::Change;
use crate::fault::{Fault, Result};
use crate::message::{comment_char, commented, strip};
use crate::process::{Cx, Next, Then};
use crate::repo::Repo;

const FILE: &str = "EDIT_DESCRIPTION";

pub(super) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let name = match parsed.args.as_slice() {
        [] => current(cx, repo).ok_or_else(|| Fault::fatal("cannot give description to detached HEAD"))?,
        [name] => name.clone(),
        _ => return Err(Fault::fatal("cannot edit description of more than one branch")),
    };
    if !repo.refs.exists(cx.files(), &cat!["refs/heads/", name]) {
        return Err(Fault::error(match current(cx, repo).as_ref() == Some(&name) {
            true => cat!["no commit on branch '", name, "' yet"],
            false => cat!["no branch named '", name, "'"],
        }));
    }
    let mut text = repo
        .config
        .get(cat!["branch.", name, ".description"])
        .map(<[u8]>::to_vec)
        .unwrap_or_default();
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let comment = comment_char(&repo.config);
    let shown = crate::bytes::lossy(&name);
    let help = format!(
        "Please edit the description for the branch\n  {shown}\nLines starting with '{comment}' will be stripped.\n"
    );
    let path = repo.git_path(FILE);
    cx.files_mut().write(&path, cat![text, commented(&help, &comment)])?;
    let then = Then::new((repo.clone(), name), |(repo, name), cx, _| {
        let path = repo.git_path(FILE);
        let text = cx.files().read(&path)?;
        let text = strip(&text, Some(comment_char(&repo.config).as_bytes()));
        let change = match text.is_empty() {
            true => Change::UnsetAll,
            false => Change::ReplaceAll(&text),
        };
        change_config(cx, &repo, &cat!["branch.", name, ".description"], change)?;
        Ok(Next::Exit(0))
    });
    cx.edit(repo, path, then)
}
