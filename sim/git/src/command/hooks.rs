//! Hooks: the user's own programs below `.git/hooks` (or `core.hooksPath`) that Git runs at certain moments.

use crate::cat;
use crate::fault::Result;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use essaim_kernel::Spawn;
use essaim_kernel::files::path;

/// One run of a hook.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hook<'a> {
    pub(crate) name: &'a str,
    pub(crate) args: Vec<Vec<u8>>,
    /// The index file it shall look at, absolute.
    pub(crate) index: Option<Vec<u8>>,
    /// No editor will open: one that the hook starts changes nothing.
    pub(crate) without_editor: bool,
    pub(crate) input: Vec<u8>,
}

/// The hook as Git names it, from the top of the working tree.
fn find(cx: &Cx<'_, '_>, repo: &Repo, name: &str) -> Option<Vec<u8>> {
    let folder = match repo.config.get("core.hookspath") {
        Some(folder) => crate::config::expand_home(folder, cx.env()),
        None => below_top(repo, &repo.git_path("hooks")),
    };
    let shown = cat![folder, "/", name];
    let top = repo.work_tree.as_deref().unwrap_or(&repo.git_dir);
    cx.files().is_file(&path::join(top, &shown)).then_some(shown)
}

/// Whether there is a file of that name, fit to run or not.
pub(crate) fn exists(cx: &Cx<'_, '_>, repo: &Repo, name: &str) -> bool {
    find(cx, repo, name).is_some()
}

/// A path as seen from the top of the working tree.
fn below_top(repo: &Repo, full: &[u8]) -> Vec<u8> {
    let top = cat![repo.work_tree.as_deref().unwrap_or_default(), "/"];
    full.strip_prefix(top.as_slice()).unwrap_or(full).to_vec()
}

/// Runs a hook, then goes on with its exit code; with [`Outcome::Nothing`] where there is none.
pub(crate) fn run(cx: &mut Cx<'_, '_>, repo: &Repo, hook: &Hook<'_>, then: Then) -> Result<Next> {
    let Some(program) = find(cx, repo, hook.name) else {
        return then.go(cx, Outcome::Nothing);
    };
    let top = repo.work_tree.clone().unwrap_or_else(|| repo.git_dir.clone());
    let metadata = cx.files().metadata(&path::join(&top, &program));
    if !metadata.is_ok_and(|metadata| metadata.is_executable()) {
        if repo.config.advice("ignoredHook") {
            cx.eprint(cat![
                "hint: The '",
                program,
                "' hook was ignored because it's not set as executable.\n",
                "hint: You can disable this warning with `git config advice.ignoredHook false`.\n"
            ]);
        }
        return then.go(cx, Outcome::Nothing);
    }
    let mut env = cx.env().clone();
    env.insert(b"GIT_PREFIX".to_vec(), repo.prefix.clone());
    if let Some(index) = &hook.index {
        // Only a file of Git's own making is named in full.
        let shown = if *index == repo.index_path {
            below_top(repo, index)
        } else {
            index.clone()
        };
        env.insert(b"GIT_INDEX_FILE".to_vec(), shown);
    }
    if hook.without_editor {
        env.insert(b"GIT_EDITOR".to_vec(), b":".to_vec());
    }
    let mut args = vec![program];
    args.extend(hook.args.iter().cloned());
    let input = cx.io.here_document(hook.input.clone());
    let spawn = Spawn {
        args,
        env: Some(env),
        cwd: Some(top),
        fds: Some(vec![(0, input), (1, 2), (2, 2)]),
        ..Spawn::default()
    };
    Ok(Next::Child(spawn, then))
}

/// Whether a hook refused; one that is not there agrees.
pub(crate) fn refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Code(code) if *code != 0)
}
