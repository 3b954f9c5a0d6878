//! `git init`.

use super::Command;
use crate::cat;
use crate::cli::options::{Syntax, parse, usage_only};
use crate::config::Config;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::refs::check_format;
use crate::repo::is_git_dir;
use essaim_kernel::files::path;

const USAGE: &str = include_str!("../usage/init.txt");

pub(super) const COMMAND: Command = Command {
    name: "init",
    main,
    usage: USAGE,
    help_on_stderr: false,
    paged: false,
    supported: &["bare", "quiet", "initial-branch"],
};

const DEFAULT_BRANCH_HINT: &str = "\
hint: Using 'master' as the name for the initial branch. This default branch name
hint: is subject to change. To configure the initial branch name to use in all
hint: of your new repositories, which will suppress this warning, call:
hint:
hint: \tgit config --global init.defaultBranch <name>
hint:
hint: Names commonly chosen instead of 'master' are 'main', 'trunk' and
hint: 'development'. The just-created branch can be renamed via this command:
hint:
hint: \tgit branch -m <name>
";

const EXCLUDE: &str = "\
# git ls-files --others --exclude-from=.git/info/exclude
# Lines that start with '#' are comments.
# For a project mostly in C, the following would be a good set of
# exclude patterns (uncomment them if you want to use them):
# *.[oa]
# *~
";

const DESCRIPTION: &str = "Unnamed repository; edit this file 'description' to name the repository.\n";

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let syntax = Syntax {
        command: "init",
        usage: USAGE,
        supported: COMMAND.supported,
        ..Syntax::default()
    };
    let parsed = parse(&syntax, args)?;
    if parsed.args.len() > 1 {
        // Here Git prints the first paragraph alone, less indented.
        let synopsis = USAGE.split("\n\n").next().unwrap_or_default();
        return Err(usage_only(&format!(
            "{}\n",
            synopsis.replace("\n                ", "\n         ")
        )));
    }
    if let Some(directory) = parsed.args.first() {
        let full = cx.io.path(directory);
        cx.files_mut()
            .create_dir_all(&full)
            .map_err(|errno| Fault::fatal(cat!["cannot mkdir ", directory, ": ", errno.to_string()]))?;
        let full = cx.files().canonicalize(&full)?;
        cx.io.set_cwd(full)?;
    }
    let cwd = cx.files().canonicalize(cx.io.cwd())?;
    let bare = parsed.has("bare") || cx.global.bare;
    let variable = cx
        .global
        .git_dir
        .clone()
        .or_else(|| cx.io.var("GIT_DIR").map(<[u8]>::to_vec));
    let git_dir = match (variable, bare) {
        (Some(dir), _) => path::normalize(&path::join(&cwd, &dir)),
        (None, true) => cwd.clone(),
        (None, false) => path::join(&cwd, b".git"),
    };
    let existed = is_git_dir(cx.files(), &git_dir);
    let branch = initial_branch(cx, parsed.value("initial-branch"), existed, parsed.has("quiet"))?;
    create(cx, &git_dir, bare, &branch, existed)?;
    if existed && parsed.value("initial-branch").is_some() {
        cx.eprint(cat!["warning: re-init: ignored --initial-branch=", branch, "\n"]);
    }
    if !parsed.has("quiet") {
        let what = if existed {
            "Reinitialized existing"
        } else {
            "Initialized empty"
        };
        cx.print(cat![what, " Git repository in ", git_dir, "/\n"]);
    }
    Ok(Next::Exit(0))
}

fn initial_branch(cx: &mut Cx<'_, '_>, option: Option<&[u8]>, existed: bool, quiet: bool) -> Result<Vec<u8>> {
    let config = Config::load(cx.files(), cx.env(), None, &cx.global.config)?;
    let setting = config.get("init.defaultbranch").filter(|name| !name.is_empty());
    let (name, from_option) = match (option, setting) {
        (Some(name), _) => (name.to_vec(), true),
        (None, Some(name)) => (name.to_vec(), false),
        (None, None) => {
            if !existed && !quiet && config.advice("defaultBranchName") {
                cx.eprint(DEFAULT_BRANCH_HINT);
            }
            (b"master".to_vec(), false)
        }
    };
    if !check_format(&cat!["refs/heads/", name], false) {
        let message = match from_option {
            true => cat!["invalid initial branch name: '", name, "'"],
            false => cat!["invalid branch name: init.defaultBranch = ", name],
        };
        return Err(Fault::fatal(message));
    }
    Ok(name)
}

fn create(cx: &mut Cx<'_, '_>, git_dir: &[u8], bare: bool, branch: &[u8], existed: bool) -> Result<()> {
    let files = cx.files_mut();
    let failed = |errno: essaim_kernel::Errno| Fault::fatal(cat!["cannot mkdir ", git_dir, ": ", errno.to_string()]);
    files.create_dir_all(git_dir).map_err(failed)?;
    for directory in [
        "branches",
        "hooks",
        "info",
        "objects/info",
        "objects/pack",
        "refs/heads",
        "refs/tags",
    ] {
        files.create_dir_all(&cat![git_dir, "/", directory]).map_err(failed)?;
    }
    if existed {
        return Ok(());
    }
    let config = if bare {
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
    } else {
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
    };
    files.write(&cat![git_dir, "/HEAD"], cat!["ref: refs/heads/", branch, "\n"])?;
    files.write(&cat![git_dir, "/config"], config)?;
    files.write(&cat![git_dir, "/description"], DESCRIPTION)?;
    files.write(&cat![git_dir, "/info/exclude"], EXCLUDE)?;
    Ok(())
}
