//! What a branch follows, and how far the two are apart.

use crate::cat;
use crate::fault::Result;
use crate::oid::Oid;
use crate::repo::Repo;
use crate::revision::upstream;
use crate::walk::History;
use essaim_kernel::Files;

/// A branch beside what it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// The full name of what it follows.
    pub upstream: Vec<u8>,
    /// The short name: `origin/main`.
    pub short: Vec<u8>,
    /// (ahead, behind); `None`: what it follows is gone.
    pub apart: Option<(usize, usize)>,
}

/// How a branch (short name) stands to what it follows; `None`: it follows nothing.
pub fn of_branch(files: &Files, repo: &Repo, branch: &[u8]) -> Result<Option<Tracking>> {
    let Some(full) = upstream(repo, branch) else {
        return Ok(None);
    };
    let ours = repo.refs.oid(files, &cat!["refs/heads/", branch]);
    let theirs = repo.refs.oid(files, &full);
    let apart = match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(distance(files, repo, &ours, &theirs)?),
        _ => None,
    };
    Ok(Some(Tracking {
        short: crate::refs::shorten(&full).to_vec(),
        upstream: full,
        apart,
    }))
}

fn distance(files: &Files, repo: &Repo, ours: &Oid, theirs: &Oid) -> Result<(usize, usize)> {
    History::new(&repo.store, files).ahead_behind(ours, theirs)
}

/// The same where commits are not counted (`--no-ahead-behind`).
pub fn plain_sentence(tracking: &Tracking, hints: bool) -> Vec<u8> {
    if matches!(tracking.apart, None | Some((0, 0))) {
        return sentence(tracking, hints);
    }
    let hint = match hints {
        true => "  (use \"git status --ahead-behind\" for details)\n",
        false => "",
    };
    let name = &tracking.short;
    cat!["Your branch and '", name, "' refer to different commits.\n", hint]
}

/// What `git status`, `git switch` and `git commit`'s template say about it; empty when there is nothing to say.
pub fn sentence(tracking: &Tracking, hints: bool) -> Vec<u8> {
    let name = &tracking.short;
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let hint = |text: &str| if hints { format!("  ({text})\n") } else { String::new() };
    match tracking.apart {
        None => cat![
            "Your branch is based on '",
            name,
            "', but the upstream is gone.\n",
            hint("use \"git branch --unset-upstream\" to fixup")
        ],
        Some((0, 0)) => cat!["Your branch is up to date with '", name, "'.\n"],
        Some((ahead, 0)) => cat![
            "Your branch is ahead of '",
            name,
            format!("' by {ahead} commit{}.\n", plural(ahead)),
            hint("use \"git push\" to publish your local commits")
        ],
        Some((0, behind)) => cat![
            "Your branch is behind '",
            name,
            format!("' by {behind} commit{}, and can be fast-forwarded.\n", plural(behind)),
            hint("use \"git pull\" to update your local branch")
        ],
        Some((ahead, behind)) => cat![
            "Your branch and '",
            name,
            "' have diverged,\n",
            format!(
                "and have {ahead} and {behind} different commit{} each, respectively.\n",
                plural(ahead + behind)
            ),
            hint("use \"git pull\" if you want to integrate the remote branch with yours")
        ],
    }
}
