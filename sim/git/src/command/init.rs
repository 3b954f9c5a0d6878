//! `git init`.

use super::Command;
use crate::cat;
use crate::cli::options::{Parsed, Syntax, parse, usage_only};
use crate::config::{Change, Config};
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::refs::check_format;
use crate::repo::is_git_dir;
use essaim_kernel::files::path;
use essaim_kernel::{Errno, Files};

const USAGE: &str = include_str!("../usage/init.txt");

pub(super) const COMMAND: Command = Command {
    name: "init",
    main,
    usage: USAGE,
    help_on_stderr: false,
    paged: false,
    supported: &[
        "bare",
        "quiet",
        "initial-branch",
        "template",
        "separate-git-dir",
        "object-format",
        "ref-format",
    ],
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
    check_formats(&parsed)?;
    let bare = parsed.has("bare") || cx.global.bare;
    let separate = parsed.value("separate-git-dir").map(|dir| cx.io.path(dir));
    if separate.is_some() && bare {
        return Err(Fault::fatal(
            "options '--separate-git-dir' and '--bare' cannot be used together",
        ));
    }
    let template = template(cx, &parsed)?;
    if let Some(directory) = parsed.args.first() {
        enter(cx, directory)?;
    }
    let cwd = cx.files().canonicalize(cx.io.cwd())?;
    let variable = cx
        .global
        .git_dir
        .clone()
        .or_else(|| cx.io.var("GIT_DIR").map(<[u8]>::to_vec));
    let mut git_dir = match (variable, bare) {
        (Some(dir), _) => path::normalize(&path::join(&cwd, &dir)),
        (None, true) => cwd.clone(),
        (None, false) => path::join(&cwd, b".git"),
    };
    let existed = is_git_dir(cx.files(), &git_dir);
    if let Some(separate) = separate {
        link(cx, &git_dir, &separate, existed)?;
        git_dir = separate;
    }
    let existed = existed || is_git_dir(cx.files(), &git_dir);
    let branch = initial_branch(cx, parsed.value("initial-branch"), existed, parsed.has("quiet"))?;
    create(cx, &git_dir, bare, &branch, existed, &template)?;
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

/// Only Git's usual formats are simulated.
fn check_formats(parsed: &Parsed) -> Result<()> {
    match parsed.value("object-format") {
        None | Some(b"sha1") => {}
        Some(b"sha256") => return Err(Fault::gap("'init --object-format=sha256'")),
        Some(other) => return Err(Fault::fatal(cat!["unknown hash algorithm '", other, "'"])),
    }
    match parsed.value("ref-format") {
        None | Some(b"files") => Ok(()),
        Some(b"reftable") => Err(Fault::gap("'init --ref-format=reftable'")),
        Some(other) => Err(Fault::fatal(cat!["unknown ref storage format '", other, "'"])),
    }
}

/// Makes the folder where it is not there, and goes into it.
fn enter(cx: &mut Cx<'_, '_>, directory: &[u8]) -> Result<()> {
    let full = cx.io.path(directory);
    cx.files_mut().create_dir_all(&full).map_err(|errno| {
        // A file stands in the way.
        let reason = match errno {
            Errno::NotDirectory => Errno::Exists,
            errno => errno,
        };
        Fault::fatal(cat!["cannot mkdir ", directory, ": ", reason.to_string()])
    })?;
    let full = cx.files().canonicalize(&full)?;
    cx.io.set_cwd(full)?;
    Ok(())
}

/// `--separate-git-dir`: `.git` becomes a file that says where the folder is; a folder that is there moves.
fn link(cx: &mut Cx<'_, '_>, git_dir: &[u8], separate: &[u8], existed: bool) -> Result<()> {
    if existed && cx.files().is_dir(git_dir) {
        cx.files_mut().rename(git_dir, separate)?;
    }
    cx.files_mut().write(git_dir, cat!["gitdir: ", separate, "\n"])?;
    Ok(())
}

/// What a new repository begins with.
enum Template {
    /// What Git installs.
    Usual,
    /// Nothing (`--template=`).
    Nothing,
    /// A folder's files.
    Folder(Vec<u8>),
}

fn template(cx: &mut Cx<'_, '_>, parsed: &Parsed) -> Result<Template> {
    let config = Config::load(cx.files(), cx.env(), None, &cx.global.config)?;
    let expand = |text: &[u8]| crate::config::expand_home(text, cx.env());
    let named = match parsed.flag("template") {
        Some(false) => Some(Vec::new()),
        Some(true) => parsed.value("template").map(<[u8]>::to_vec),
        None => cx
            .io
            .var("GIT_TEMPLATE_DIR")
            .map(<[u8]>::to_vec)
            .or_else(|| config.get("init.templatedir").map(expand)),
    };
    let Some(name) = named else { return Ok(Template::Usual) };
    if name.is_empty() {
        return Ok(Template::Nothing);
    }
    let full = cx.io.path(&name);
    if cx.files().is_dir(&full) {
        return Ok(Template::Folder(full));
    }
    cx.eprint(cat!["warning: templates not found in ", full, "\n"]);
    Ok(Template::Nothing)
}

/// Copies a template's files that are not there yet; hidden ones stay behind.
fn copy(files: &mut Files, from: &[u8], to: &[u8]) -> Result<()> {
    files.create_dir_all(to)?;
    for name in files.read_dir(from)? {
        if name.starts_with(b".") {
            continue;
        }
        let (source, target) = (cat![from, "/", name], cat![to, "/", name]);
        let metadata = files.symlink_metadata(&source)?;
        if metadata.is_dir() {
            copy(files, &source, &target)?;
        } else if files.symlink_metadata(&target).is_ok() {
        } else if metadata.is_symlink() {
            let link = files.read_link(&source)?;
            files.symlink(&link, &target)?;
        } else {
            let content = files.read(&source)?;
            files.write(&target, content.as_slice())?;
            if metadata.is_executable() {
                files.set_mode(&target, 0o755)?;
            }
        }
    }
    Ok(())
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

fn create(
    cx: &mut Cx<'_, '_>,
    git_dir: &[u8],
    bare: bool,
    branch: &[u8],
    existed: bool,
    template: &Template,
) -> Result<()> {
    let worktree = cx.io.var("GIT_WORK_TREE").map(|tree| cx.io.path(tree));
    let files = cx.files_mut();
    let failed = |errno: Errno| Fault::fatal(cat!["cannot mkdir ", git_dir, ": ", errno.to_string()]);
    files.create_dir_all(git_dir).map_err(failed)?;
    let below = |name: &str| cat![git_dir, "/", name];
    for directory in ["objects/info", "objects/pack", "refs/heads", "refs/tags"] {
        files.create_dir_all(&below(directory)).map_err(failed)?;
    }
    match template {
        Template::Nothing => {}
        Template::Folder(folder) => copy(files, folder, git_dir)?,
        Template::Usual => {
            for directory in ["branches", "hooks", "info"] {
                files.create_dir_all(&below(directory)).map_err(failed)?;
            }
            for (name, text) in [("description", DESCRIPTION), ("info/exclude", EXCLUDE)] {
                if !files.exists(&below(name)) {
                    files.write(&below(name), text)?;
                }
            }
        }
    }
    if existed {
        return Ok(());
    }
    files.write(&below("HEAD"), cat!["ref: refs/heads/", branch, "\n"])?;
    let mut settings = vec![
        ("core.repositoryformatversion", b"0".to_vec()),
        ("core.filemode", b"true".to_vec()),
        ("core.bare", bare.to_string().into_bytes()),
    ];
    if !bare {
        settings.push(("core.logallrefupdates", b"true".to_vec()));
        settings.extend(worktree.map(|tree| ("core.worktree", tree)));
    }
    // A template may have brought some.
    let mut text = files
        .read(&below("config"))
        .map(|text| text.to_vec())
        .unwrap_or_default();
    for (key, value) in settings {
        let change = Change::ReplaceAll(&value);
        text = crate::config::change(&text, key.as_bytes(), change, &|_| true).unwrap_or(text);
    }
    files.write(&below("config"), text)?;
    Ok(())
}
