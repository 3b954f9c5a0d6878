//! `.gitignore`, `.git/info/exclude` and `core.excludesFile`.

use crate::cat;
use crate::repo::Repo;
use crate::wildmatch::{CASEFOLD, PATHNAME, has_glob, wildmatch};
use essaim_kernel::Files;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it stands in the file.
    pub text: Vec<u8>,
    /// The file as Git names it: `.gitignore`, `sub/.gitignore`, `.git/info/exclude`.
    pub source: Vec<u8>,
    /// Counted from 1.
    pub line: usize,
    /// `!pattern`.
    pub negated: bool,
    only_directories: bool,
    /// Matched against the whole path below `base`, not only the name.
    anchored: bool,
    glob: Vec<u8>,
    /// The directory it applies to, with a slash at its end; empty at the top.
    base: Vec<u8>,
}

/// The patterns in force in one repository, read when they are needed.
pub struct Ignore {
    work_tree: Vec<u8>,
    fold: bool,
    /// Those of the command line, which win over all others.
    first: Vec<Pattern>,
    /// `.gitignore` files count.
    standard: bool,
    /// Those of no directory, the later ones winning.
    global: Arc<Vec<Pattern>>,
    by_directory: BTreeMap<Vec<u8>, Arc<Vec<Pattern>>>,
    directories: BTreeMap<Vec<u8>, Option<Pattern>>,
}

impl Ignore {
    /// The patterns of a repository.
    pub fn new(repo: &Repo, files: &Files) -> Self {
        let mut global = Vec::new();
        if let Some(path) = &repo.excludes_file {
            let shown = repo.config.get("core.excludesfile").unwrap_or(path);
            read(files, path, shown, b"", &mut global);
        }
        let exclude = repo.git_path("info/exclude");
        read(files, &exclude, &repo.git_path_shown("info/exclude"), b"", &mut global);
        Self {
            work_tree: repo.work_tree.clone().unwrap_or_default(),
            fold: repo.config.bool_or("core.ignorecase", false),
            first: Vec::new(),
            standard: true,
            global: Arc::new(global),
            by_directory: BTreeMap::new(),
            directories: BTreeMap::new(),
        }
    }

    /// The patterns of a command line; `standard`: those of the repository too.
    pub fn typed(repo: &Repo, files: &Files, patterns: &[Vec<u8>], standard: bool) -> Self {
        let mut all = Self::new(repo, files);
        all.first = patterns.iter().filter_map(|text| parse(text, b"", 0, b"")).collect();
        all.standard = standard;
        if !standard {
            all.global = Arc::default();
        }
        all
    }

    /// Whether an untracked path is ignored, by itself or by a directory above it.
    pub fn is_ignored(&mut self, files: &Files, path: &[u8], is_directory: bool) -> bool {
        self.deciding(files, path, is_directory)
            .is_some_and(|pattern| !pattern.negated)
    }

    /// The pattern that decides on a path, negated ones included.
    pub fn deciding(&mut self, files: &Files, path: &[u8], is_directory: bool) -> Option<Pattern> {
        // What lies in an ignored directory cannot be taken back.
        if let Some(slash) = path.iter().rposition(|b| *b == b'/') {
            let directory = &path[..slash];
            let above = match self.directories.get(directory) {
                Some(known) => known.clone(),
                None => {
                    let decided = self.deciding(files, directory, true);
                    self.directories.insert(directory.to_vec(), decided.clone());
                    decided
                }
            };
            if let Some(pattern) = above.filter(|pattern| !pattern.negated) {
                return Some(pattern);
            }
        }
        if let Some(pattern) = self.last_match(&self.first, path, is_directory) {
            return Some(pattern);
        }
        let mut end = path.len();
        while self.standard {
            let slash = path[..end].iter().rposition(|b| *b == b'/');
            let directory = slash.map_or(b"".as_slice(), |at| &path[..at]);
            let patterns = self.patterns_of(files, directory);
            if let Some(pattern) = self.last_match(&patterns, path, is_directory) {
                return Some(pattern);
            }
            match slash {
                Some(at) => end = at,
                None => break,
            }
        }
        let global = Arc::clone(&self.global);
        self.last_match(&global, path, is_directory)
    }

    fn patterns_of(&mut self, files: &Files, directory: &[u8]) -> Arc<Vec<Pattern>> {
        if let Some(patterns) = self.by_directory.get(directory) {
            return Arc::clone(patterns);
        }
        let base = if directory.is_empty() {
            Vec::new()
        } else {
            cat![directory, "/"]
        };
        let shown = cat![base, ".gitignore"];
        let mut patterns = Vec::new();
        read(files, &cat![self.work_tree, "/", shown], &shown, &base, &mut patterns);
        let patterns = Arc::new(patterns);
        self.by_directory.insert(directory.to_vec(), Arc::clone(&patterns));
        patterns
    }

    fn last_match(&self, patterns: &[Pattern], path: &[u8], is_directory: bool) -> Option<Pattern> {
        let fold = if self.fold { CASEFOLD } else { 0 };
        patterns
            .iter()
            .rev()
            .find(|pattern| matches(pattern, path, is_directory, fold))
            .cloned()
    }
}

fn matches(pattern: &Pattern, path: &[u8], is_directory: bool, fold: u32) -> bool {
    if pattern.only_directories && !is_directory {
        return false;
    }
    let Some(rest) = path.strip_prefix(pattern.base.as_slice()) else {
        return false;
    };
    let subject = if pattern.anchored {
        rest
    } else {
        rest.rsplit(|b| *b == b'/').next().unwrap_or(rest)
    };
    if !has_glob(&pattern.glob) && fold == 0 {
        return pattern.glob == subject;
    }
    wildmatch(&pattern.glob, subject, PATHNAME | fold)
}

fn read(files: &Files, path: &[u8], shown: &[u8], base: &[u8], into: &mut Vec<Pattern>) {
    // A symbolic link is not followed for `.gitignore` inside the tree.
    if files.symlink_metadata(path).is_ok_and(|m| m.is_symlink()) && path.ends_with(b"/.gitignore") {
        return;
    }
    let Ok(text) = files.read(path) else { return };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    for (at, line) in text.split(|b| *b == b'\n').enumerate() {
        if let Some(pattern) = parse(line, shown, at + 1, base) {
            into.push(pattern);
        }
    }
}

fn parse(line: &[u8], source: &[u8], number: usize, base: &[u8]) -> Option<Pattern> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = trim_spaces(line);
    if text.is_empty() || text.starts_with(b"#") {
        return None;
    }
    let (negated, mut glob) = match text.strip_prefix(b"!") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let only_directories = glob.len() > 1 && glob.ends_with(b"/") || glob == b"/";
    if only_directories {
        glob = &glob[..glob.len() - 1];
    }
    let anchored = glob.contains(&b'/');
    let glob = glob.strip_prefix(b"/").unwrap_or(glob);
    Some(Pattern {
        text: text.to_vec(),
        source: source.to_vec(),
        line: number,
        negated,
        only_directories,
        anchored,
        glob: glob.to_vec(),
        base: base.to_vec(),
    })
}

/// Spaces at the end do not count, unless a backslash protects them.
fn trim_spaces(line: &[u8]) -> &[u8] {
    let mut end = line.len();
    while end > 0 && line[end - 1] == b' ' {
        if end >= 2 && line[end - 2] == b'\\' {
            break;
        }
        end -= 1;
    }
    &line[..end]
}
