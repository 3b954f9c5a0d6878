//! Finding a repository and what belongs to it.

use crate::bytes::lossy;
use crate::cat;
use crate::config::Config;
use crate::fault::{Fault, Result};
use crate::index::Index;
use crate::refs::Refs;
use crate::store::Store;
use essaim_kernel::Files;
use essaim_kernel::files::path;
use essaim_kernel::process::Environment;

/// What the command line says about where things are.
#[derive(Clone, Debug, Default)]
pub struct Global {
    /// `-c key=value`, in order.
    pub config: Vec<Vec<u8>>,
    /// `--git-dir`.
    pub git_dir: Option<Vec<u8>>,
    /// `--work-tree`.
    pub work_tree: Option<Vec<u8>>,
    /// `--bare`.
    pub bare: bool,
    /// `-p` (`Some(true)`), `-P` (`Some(false)`).
    pub paginate: Option<bool>,
    /// `--literal-pathspecs` and its kin.
    pub literal_pathspecs: bool,
    /// `--no-advice`.
    pub no_advice: bool,
}

/// One repository as a command sees it. It holds no file contents: those are read from [`Files`].
#[derive(Clone, Debug)]
pub struct Repo {
    /// The `.git` folder, absolute.
    pub git_dir: Vec<u8>,
    /// The `.git` folder as Git prints it: `.git`, or absolute.
    pub git_dir_shown: Vec<u8>,
    /// The top of the working tree, absolute.
    pub work_tree: Option<Vec<u8>>,
    /// The current directory below the top, with a slash at its end; empty at the top.
    pub prefix: Vec<u8>,
    /// `core.bare`, or no working tree found.
    pub bare: bool,
    /// The settings in force.
    pub config: Config,
    /// The objects.
    pub store: Store,
    /// The references.
    pub refs: Refs,
    /// The user's own ignore patterns: `core.excludesFile`, or `git/ignore` below `$XDG_CONFIG_HOME`.
    pub excludes_file: Option<Vec<u8>>,
    /// The index file (`GIT_INDEX_FILE` may name another).
    pub index_path: Vec<u8>,
}

struct Found {
    git_dir: Vec<u8>,
    /// `None`: the git dir is bare or the current directory lies in it.
    work_tree: Option<Vec<u8>>,
    explicit: bool,
    /// As `GIT_DIR` or `--git-dir` says it.
    typed: Option<Vec<u8>>,
}

impl Repo {
    /// Finds the repository of the current directory.
    pub fn open(files: &Files, env: &Environment, cwd: &[u8], global: &Global) -> Result<Self> {
        let found = locate(files, env, cwd, global)?;
        check_version(files, &found.git_dir)?;
        let config = Config::load(files, env, Some(&found.git_dir), &global.config)?;
        let cwd = files.canonicalize(cwd).unwrap_or_else(|_| cwd.to_vec());
        let variable = |name: &str| env.get(name.as_bytes()).filter(|value| !value.is_empty());
        let explicit_tree = global.work_tree.as_ref().or_else(|| variable("GIT_WORK_TREE"));
        let work_tree = match (explicit_tree, config.get("core.worktree")) {
            (Some(tree), _) => Some(canonical(files, &path::join(&cwd, tree))),
            (None, Some(tree)) => Some(canonical(files, &path::join(&found.git_dir, tree))),
            (None, None) if global.bare || config.bool("core.bare")?.unwrap_or(false) => None,
            (None, None) if found.explicit => Some(cwd.clone()),
            (None, None) => found.work_tree.clone(),
        };
        let bare = work_tree.is_none() && (global.bare || config.bool_or("core.bare", false));
        let prefix = work_tree.as_ref().and_then(|top| below(&cwd, top)).unwrap_or_default();
        let shown = git_dir_shown(&found, &cwd, work_tree.as_deref());
        let log_all = match config.get("core.logallrefupdates") {
            None => !bare,
            Some(b"always") => true,
            Some(_) => config.bool_or("core.logallrefupdates", true),
        };
        let objects = variable("GIT_OBJECT_DIRECTORY").map(|dir| path::join(&cwd, dir));
        let index = variable("GIT_INDEX_FILE").map(|file| path::join(&cwd, file));
        let xdg = match (variable("XDG_CONFIG_HOME"), variable("HOME")) {
            (Some(dir), _) => Some(cat![dir, "/git/ignore"]),
            (None, Some(home)) => Some(cat![home, "/.config/git/ignore"]),
            (None, None) => None,
        };
        let excludes = config.get("core.excludesfile").map(|name| {
            let top = work_tree.as_deref().unwrap_or(&cwd);
            path::join(top, &crate::config::expand_home(name, env))
        });
        Ok(Self {
            excludes_file: excludes.or(xdg),
            git_dir_shown: shown,
            work_tree,
            prefix,
            bare,
            store: Store::new(objects.unwrap_or_else(|| cat![found.git_dir, "/objects"])),
            refs: Refs {
                git_dir: found.git_dir.clone(),
                log_all,
            },
            index_path: index.unwrap_or_else(|| cat![found.git_dir, "/index"]),
            config,
            git_dir: found.git_dir,
        })
    }

    /// A file in the `.git` folder.
    pub fn git_path(&self, name: impl AsRef<[u8]>) -> Vec<u8> {
        cat![self.git_dir, "/", name.as_ref()]
    }

    /// The same, as Git prints it in messages: `.git/MERGE_MSG`.
    pub fn git_path_shown(&self, name: impl AsRef<[u8]>) -> Vec<u8> {
        cat![self.git_dir_shown, "/", name.as_ref()]
    }

    /// The top of the working tree, or Git's error where there is none.
    pub fn work_tree(&self) -> Result<&[u8]> {
        self.work_tree
            .as_deref()
            .ok_or_else(|| Fault::fatal("this operation must be run in a work tree"))
    }

    /// The absolute path of something in the working tree.
    pub fn work_path(&self, path: &[u8]) -> Vec<u8> {
        let top = self.work_tree.as_deref().unwrap_or_default();
        if path.is_empty() {
            top.to_vec()
        } else {
            cat![top, "/", path]
        }
    }

    /// The index.
    pub fn index(&self, files: &Files) -> Result<Index> {
        Index::load(files, &self.index_path)
    }

    /// Writes the index.
    pub fn save_index(&self, files: &mut Files, index: &mut Index) -> Result<()> {
        index.save(files, &self.index_path, self.work_tree.as_deref())
    }

    /// The length of abbreviated ids (`core.abbrev`).
    pub fn abbreviation(&self, files: &Files) -> usize {
        match self.config.get("core.abbrev") {
            Some(b"no" | b"off" | b"false") => 40,
            Some(text) if text != b"auto" => crate::bytes::parse_number::<usize>(text).unwrap_or(7).clamp(4, 40),
            _ => self.store.default_abbreviation(files),
        }
    }

    /// An abbreviated id.
    pub fn short(&self, files: &Files, oid: &crate::oid::Oid) -> String {
        self.store.abbreviate(files, oid, self.abbreviation(files))
    }

    /// Whether a file of this name is in the `.git` folder (`MERGE_HEAD` …).
    pub fn has_git_file(&self, files: &Files, name: &str) -> bool {
        files.exists(&self.git_path(name))
    }

    /// A path of the working tree as seen from the current directory.
    pub fn relative(&self, path: &[u8]) -> Vec<u8> {
        relative_to(path, &self.prefix)
    }
}

/// `path` (from the top) as seen from `prefix` (ends with a slash, or is empty): `../x`, `x`, `./`.
pub fn relative_to(path: &[u8], prefix: &[u8]) -> Vec<u8> {
    if prefix.is_empty() {
        return path.to_vec();
    }
    let mut common = 0;
    for (at, (a, b)) in path.iter().zip(prefix).enumerate() {
        if a != b {
            break;
        }
        if *a == b'/' {
            common = at + 1;
        }
    }
    // `dir` seen from `dir/` is itself.
    if path.len() + 1 == prefix.len() && prefix.starts_with(path) {
        return b"./".to_vec();
    }
    let ups = prefix[common..].iter().filter(|b| **b == b'/').count();
    let mut out = b"../".repeat(ups);
    out.extend_from_slice(&path[common..]);
    if out.is_empty() {
        out.extend_from_slice(b"./");
    }
    out
}

fn canonical(files: &Files, at: &[u8]) -> Vec<u8> {
    files.canonicalize(at).unwrap_or_else(|_| path::normalize(at))
}

/// `cwd` below `top` with a slash at its end; `None` where it is elsewhere.
fn below(cwd: &[u8], top: &[u8]) -> Option<Vec<u8>> {
    if cwd == top {
        return Some(Vec::new());
    }
    let top = if top == b"/" { b"" } else { top };
    let rest = cwd.strip_prefix(top)?.strip_prefix(b"/")?;
    Some(cat![rest, "/"])
}

fn git_dir_shown(found: &Found, cwd: &[u8], work_tree: Option<&[u8]>) -> Vec<u8> {
    let default = work_tree.map(|top| path::normalize(&cat![top, "/.git"]));
    if !found.explicit && default.as_deref() == Some(&found.git_dir) {
        return b".git".to_vec();
    }
    if let Some(typed) = found.typed.as_ref().filter(|_| work_tree == Some(cwd)) {
        return typed.clone();
    }
    if found.git_dir == cwd {
        return b".".to_vec();
    }
    found.git_dir.clone()
}

/// Whether a folder is a repository: `HEAD`, `objects` and `refs`.
pub fn is_git_dir(files: &Files, at: &[u8]) -> bool {
    let head = files.read(&cat![at, "/HEAD"]).is_ok_and(|text| {
        let reference = text
            .strip_prefix(b"ref:")
            .is_some_and(|target| target.trim_ascii_start().starts_with(b"refs/"));
        reference
            || text
                .get(..40)
                .is_some_and(|hex| crate::oid::Oid::from_hex(hex).is_some())
    });
    head && files.is_dir(&cat![at, "/objects"]) && files.is_dir(&cat![at, "/refs"])
}

fn locate(files: &Files, env: &Environment, cwd: &[u8], global: &Global) -> Result<Found> {
    let variable = env.get(b"GIT_DIR".as_slice()).filter(|value| !value.is_empty());
    if let Some(dir) = global.git_dir.as_ref().or(variable) {
        let at = path::join(cwd, dir);
        let at = gitfile(files, &at)?.unwrap_or(at);
        if !is_git_dir(files, &at) {
            return Err(Fault::fatal(cat!["not a git repository: '", dir, "'"]));
        }
        return Ok(Found {
            git_dir: canonical(files, &at),
            work_tree: None,
            explicit: true,
            typed: Some(dir.clone()),
        });
    }
    let mut at = files.canonicalize(cwd).unwrap_or_else(|_| cwd.to_vec());
    loop {
        let dot_git = path::join(&at, b".git");
        let inner = gitfile(files, &dot_git)?.unwrap_or(dot_git);
        if is_git_dir(files, &inner) {
            return Ok(Found {
                git_dir: canonical(files, &inner),
                work_tree: Some(at),
                explicit: false,
                typed: None,
            });
        }
        if is_git_dir(files, &at) {
            return Ok(Found {
                git_dir: at,
                work_tree: None,
                explicit: false,
                typed: None,
            });
        }
        if at == b"/" {
            let message = "not a git repository (or any of the parent directories): .git";
            return Err(Fault::fatal(message));
        }
        at = path::parent(&at).to_vec();
    }
}

/// A `.git` file that names the real folder.
fn gitfile(files: &Files, at: &[u8]) -> Result<Option<Vec<u8>>> {
    if !files.is_file(at) {
        return Ok(None);
    }
    let content = files.read(at)?;
    let Some(target) = content.strip_prefix(b"gitdir: ") else {
        return Err(Fault::fatal(cat!["invalid gitfile format: ", at]));
    };
    let target = path::join(path::parent(at), target.trim_ascii_end());
    if !is_git_dir(files, &target) {
        return Err(Fault::fatal(cat!["not a git repository: ", target]));
    }
    Ok(Some(target))
}

fn check_version(files: &Files, git_dir: &[u8]) -> Result<()> {
    let path = cat![git_dir, "/config"];
    let Ok(text) = files.read(&path) else { return Ok(()) };
    let config = Config {
        entries: crate::config::parse(&text, b".git/config").unwrap_or_default(),
    };
    let version = config.int("core.repositoryformatversion").ok().flatten().unwrap_or(0);
    let format = config.get("extensions.objectformat").unwrap_or(b"sha1");
    if version > 1 {
        return Err(Fault::fatal(format!("Expected git repo version <= 1, found {version}")));
    }
    if format != b"sha1" {
        return Err(Fault::gap(format!("a repository with {} object ids", lossy(format))));
    }
    if let Some(storage) = config
        .get("extensions.refstorage")
        .filter(|storage| *storage != b"files")
    {
        return Err(Fault::gap(format!("a repository with {} references", lossy(storage))));
    }
    Ok(())
}
