//! What a branch follows.

use super::create::Track;
use super::{change_config, current};
use crate::cat;
use crate::cli::options::Parsed;
use crate::config;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::with_resolver;

/// Sets what a branch follows, where it should.
pub(super) fn follow(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    name: &[u8],
    source: &[u8],
    track: Track,
    quiet: bool,
) -> Result<()> {
    let remote = source.starts_with(b"refs/remotes/");
    let setting = repo.config.get("branch.autosetupmerge");
    if track == Track::Inherit || track == Track::Default && setting == Some(b"inherit") {
        return inherit(cx, repo, name, source, quiet);
    }
    let wanted = match (track, setting) {
        (Track::Never, _) => false,
        (Track::Always | Track::Inherit, _) => true,
        (Track::Default, Some(b"always")) => true,
        (Track::Default, Some(b"simple")) => remote && source.ends_with(&cat!["/", name]),
        (Track::Default, setting) => remote && setting.is_none_or(|text| config::parse_bool(Some(text)) != Some(false)),
    };
    if !wanted {
        return Ok(());
    }
    let (remote_name, merge) = match remote_of(repo, source) {
        Some(found) => found,
        None if remote => return Ok(()),
        None => (b".".to_vec(), source.to_vec()),
    };
    write_upstream(cx, repo, name, &remote_name, &merge)?;
    if !quiet {
        announce(cx, name, source);
    }
    Ok(())
}

fn announce(cx: &mut Cx<'_, '_>, name: &[u8], source: &[u8]) {
    cx.print(cat![
        "branch '",
        name,
        "' set up to track '",
        crate::refs::shorten(source),
        "'.\n"
    ]);
}

/// The remote a remote-tracking branch belongs to, and the branch there.
fn remote_of(repo: &Repo, full: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    for remote in repo.config.subsections("remote") {
        for refspec in repo.config.get_all(cat!["remote.", remote, ".fetch"]) {
            let refspec = refspec.strip_prefix(b"+").unwrap_or(refspec);
            let (from, to) = crate::bytes::split_once(refspec, b':')?;
            if let (Some(from), Some(to)) = (from.strip_suffix(b"*"), to.strip_suffix(b"*"))
                && let Some(rest) = full.strip_prefix(to)
            {
                return Some((remote, cat![from, rest]));
            }
        }
    }
    None
}

fn write_upstream(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], remote: &[u8], merge: &[u8]) -> Result<()> {
    change_config(
        cx,
        repo,
        &cat!["branch.", name, ".remote"],
        config::Change::ReplaceAll(remote),
    )?;
    change_config(
        cx,
        repo,
        &cat!["branch.", name, ".merge"],
        config::Change::ReplaceAll(merge),
    )?;
    Ok(())
}

fn current_or(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed, what: &[u8]) -> Result<Vec<u8>> {
    let named = parsed.args.first().cloned().or_else(|| current(cx, repo));
    named.ok_or_else(|| Fault::fatal(cat!["could not ", what, " when it does not point to any branch"]))
}

pub(super) fn not_a_branch(start: &[u8]) -> Fault {
    Fault::fatal(cat![
        "cannot set up tracking information; starting point '",
        start,
        "' is not a branch"
    ])
}

/// The new branch follows what the branch follows that it starts from.
fn inherit(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8], source: &[u8], quiet: bool) -> Result<()> {
    let short = source.strip_prefix(b"refs/heads/").unwrap_or(source);
    let setting = |key: &str| repo.config.get(cat!["branch.", short, ".", key]).map(<[u8]>::to_vec);
    let (remote, merge) = (setting("remote"), setting("merge"));
    let (Some(remote), Some(merge)) = (&remote, &merge) else {
        let missing = if remote.is_none() {
            "no remote is set"
        } else {
            "no merge configuration is set"
        };
        cx.eprint(cat![
            "warning: asked to inherit tracking from '",
            short,
            "', but ",
            missing,
            "\n"
        ]);
        return Ok(());
    };
    write_upstream(cx, repo, name, remote, merge)?;
    if !quiet {
        let there = cat![remote, "/", crate::refs::shorten(merge)];
        cx.print(cat!["branch '", name, "' set up to track '", there, "'.\n"]);
    }
    Ok(())
}

pub(super) fn set(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    if parsed.args.len() > 1 {
        return Err(Fault::fatal("too many arguments to set new upstream"));
    }
    let wanted = parsed.value("set-upstream-to").unwrap_or_default().to_vec();
    let name = current_or(cx, repo, parsed, &cat!["set upstream of HEAD to ", wanted])?;
    if !repo.refs.exists(cx.files(), &cat!["refs/heads/", name]) {
        if current(cx, repo).as_ref() == Some(&name) {
            return Err(Fault::fatal(cat!["no commit on branch '", name, "' yet"]));
        }
        return Err(Fault::fatal(cat!["branch '", name, "' does not exist"]));
    }
    let source = with_resolver(cx, repo, |resolver| resolver.dwim(&wanted))?;
    let Some((full, _)) = source else {
        let mut text = cat!["fatal: the requested upstream branch '", wanted, "' does not exist\n"];
        if repo.config.advice("setUpstreamFailure") {
            text.extend_from_slice(
                concat!(
                    "hint:\n",
                    "hint: If you are planning on basing your work on an upstream\n",
                    "hint: branch that already exists at the remote, you may need to\n",
                    "hint: run \"git fetch\" to retrieve it.\n",
                    "hint:\n",
                    "hint: If you are planning to push out a new local branch that\n",
                    "hint: will track its remote counterpart, you may want to use\n",
                    "hint: \"git push -u\" to set the upstream config as you push.\n",
                    "hint: Disable this message with \"git config advice.setUpstreamFailure false\"\n"
                )
                .as_bytes(),
            );
        }
        return Err(Fault::Plain(text, 128));
    };
    if !full.starts_with(b"refs/heads/") && !full.starts_with(b"refs/remotes/") {
        return Err(not_a_branch(&wanted));
    }
    let (remote, merge) = match remote_of(repo, &full) {
        Some(found) => found,
        None => (b".".to_vec(), full.clone()),
    };
    if remote == b"." && merge == cat!["refs/heads/", name] {
        cx.eprint(cat!["warning: not setting branch '", name, "' as its own upstream\n"]);
        return Ok(Next::Exit(0));
    }
    write_upstream(cx, repo, &name, &remote, &merge)?;
    if !parsed.has("quiet") {
        announce(cx, &name, &full);
    }
    Ok(Next::Exit(0))
}

pub(super) fn unset(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed) -> Result<Next> {
    let name = current_or(cx, repo, parsed, b"unset upstream of HEAD")?;
    if repo.config.get(cat!["branch.", name, ".merge"]).is_none() {
        return Err(Fault::fatal(cat!["branch '", name, "' has no upstream information"]));
    }
    change_config(cx, repo, &cat!["branch.", name, ".remote"], config::Change::UnsetAll)?;
    change_config(cx, repo, &cat!["branch.", name, ".merge"], config::Change::UnsetAll)?;
    Ok(Next::Exit(0))
}
