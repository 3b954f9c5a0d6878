//! Tab after `git`: subcommands, options, references, paths.

use crate::bytes::lossy;
use crate::cli::ALL;
use crate::command::{self, TABLE};
use crate::refs::shorten;
use crate::repo::{Global, Repo};
use crate::status::{self, Options};
use crate::worktree::UntrackedMode;
use essaim_kernel::IntoTree;
use essaim_kernel::{Candidate, CompletionCall, Glance};
use std::collections::BTreeSet;

/// What may stand where the cursor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Branches, tags, remote branches, HEAD.
    Reference,
    /// Local branches.
    Branch,
    /// Files that differ from the index, untracked ones included.
    Changed,
    /// Files in the index.
    Tracked,
    /// A word of a fixed list.
    Word(&'static [&'static str]),
    /// Nothing of Git's: file names.
    File,
}

/// What Tab offers.
pub fn candidates(call: &CompletionCall, glance: &Glance<'_>) -> Vec<Candidate> {
    let prefix = call.prefix.as_slice();
    let words: Vec<&[u8]> = call.words.iter().skip(1).map(Vec::as_slice).collect();
    let Some(at) = subcommand_at(&words) else {
        return if prefix.starts_with(b"-") {
            global_options(prefix)
        } else {
            commands(prefix)
        };
    };
    let (name, rest) = (words[at], &words[at + 1..]);
    let only_paths = rest.contains(&b"--".as_slice());
    if prefix.starts_with(b"-") && !only_paths {
        return options(name, prefix);
    }
    let repo = Repo::open(glance.files, glance.env, glance.cwd, &Global::default()).ok();
    let Some(repo) = repo else { return files(prefix, glance) };
    match if only_paths { Place::Tracked } else { place(name, rest) } {
        Place::Reference => {
            let found = references(
                &repo,
                glance,
                prefix,
                &["refs/heads/", "refs/tags/", "refs/remotes/"],
                true,
            );
            if found.is_empty() { files(prefix, glance) } else { found }
        }
        Place::Branch => references(&repo, glance, prefix, &["refs/heads/"], false),
        Place::Changed => {
            let found = paths(&repo, glance, prefix, true);
            if found.is_empty() { files(prefix, glance) } else { found }
        }
        Place::Tracked => paths(&repo, glance, prefix, false),
        Place::Word(list) => matching(list.iter().map(|word| (*word).to_owned()), prefix),
        Place::File => files(prefix, glance),
    }
}

/// Where the subcommand stands among the words, past the global options.
fn subcommand_at(words: &[&[u8]]) -> Option<usize> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            b"-C" | b"-c" | b"--git-dir" | b"--work-tree" => at += 2,
            word if word.starts_with(b"-") => at += 1,
            _ => return Some(at),
        }
    }
    None
}

fn place(name: &[u8], rest: &[&[u8]]) -> Place {
    let has = |options: &[&str]| {
        rest.iter()
            .any(|word| options.iter().any(|option| option.as_bytes() == *word))
    };
    match name {
        b"add" | b"stage" => Place::Changed,
        b"rm" | b"mv" | b"ls-files" => Place::Tracked,
        b"restore" if has(&["-s", "--source"]) && rest.len() == 1 => Place::Reference,
        b"restore" => Place::Tracked,
        b"switch" if has(&["-c", "-C", "--create", "--force-create"]) && rest.len() < 2 => Place::Word(&[]),
        b"switch" | b"branch" if !has(&["--detach", "-d"]) || name == b"branch" => Place::Branch,
        b"switch" | b"checkout" | b"merge" | b"rebase" | b"log" | b"show" | b"diff" | b"reset" | b"tag"
        | b"rev-parse" | b"cat-file" | b"ls-tree" | b"cherry-pick" | b"revert" | b"merge-base" | b"rev-list" => {
            Place::Reference
        }
        b"stash" if rest.is_empty() => Place::Word(&[
            "push", "list", "show", "drop", "pop", "apply", "branch", "clear", "create", "store",
        ]),
        b"reflog" if rest.is_empty() => Place::Word(&["show", "list", "exists", "delete", "expire"]),
        _ => Place::File,
    }
}

fn matching(words: impl Iterator<Item = String>, prefix: &[u8]) -> Vec<Candidate> {
    let words: BTreeSet<String> = words.filter(|word| word.as_bytes().starts_with(prefix)).into_tree();
    words
        .into_iter()
        .map(|word| Candidate {
            space: !word.ends_with('='),
            word: word.into_bytes(),
        })
        .collect()
}

fn commands(prefix: &[u8]) -> Vec<Candidate> {
    // What is not simulated here is offered once no command of ours begins that way: its answer says so.
    let ours = matching(TABLE.iter().map(|command| command.name.to_owned()), prefix);
    if ours.is_empty() {
        matching(ALL.split_whitespace().map(str::to_owned), prefix)
    } else {
        ours
    }
}

fn global_options(prefix: &[u8]) -> Vec<Candidate> {
    let all = [
        "--version",
        "--help",
        "-C",
        "-c",
        "--no-pager",
        "--paginate",
        "--git-dir=",
        "--work-tree=",
        "--bare",
    ];
    matching(all.into_iter().map(str::to_owned), prefix)
}

fn options(name: &[u8], prefix: &[u8]) -> Vec<Candidate> {
    let Some(command) = command::find(name) else {
        return Vec::new();
    };
    let dashed = command.supported.iter().map(|option| {
        if option.chars().count() == 1 {
            format!("-{option}")
        } else {
            format!("--{option}")
        }
    });
    matching(dashed, prefix)
}

fn references(repo: &Repo, glance: &Glance<'_>, prefix: &[u8], folders: &[&str], head: bool) -> Vec<Candidate> {
    // After `main..` the second half of the range is completed.
    let start = prefix.windows(2).rposition(|pair| pair == b"..").map_or(0, |at| at + 2);
    let start = if prefix.get(start) == Some(&b'.') {
        start + 1
    } else {
        start
    };
    let (before, name) = prefix.split_at(start);
    let mut names: Vec<String> = if head { vec!["HEAD".to_owned()] } else { Vec::new() };
    for folder in folders {
        let refs = repo.refs.list(glance.files, folder.as_bytes());
        names.extend(refs.iter().map(|reference| lossy(shorten(&reference.name))));
    }
    let mut found = matching(names.into_iter(), name);
    for candidate in &mut found {
        candidate.word.splice(0..0, before.iter().copied());
    }
    found
}

fn paths(repo: &Repo, glance: &Glance<'_>, prefix: &[u8], changed: bool) -> Vec<Candidate> {
    let Ok(index) = repo.index(glance.files) else {
        return Vec::new();
    };
    let all: Vec<Vec<u8>> = if changed {
        let options = Options {
            untracked: UntrackedMode::Normal,
            renames: None,
            ..Options::new(None)
        };
        let Ok(status) = status::collect(glance.files, repo, &index, &options) else {
            return Vec::new();
        };
        let unstaged = status.unstaged.into_iter().map(|change| change.path);
        unstaged
            .chain(status.unmerged.into_iter().map(|unmerged| unmerged.path))
            .chain(status.untracked)
            .collect()
    } else {
        index.entries().iter().map(|entry| entry.path.clone()).collect()
    };
    let mut found = BTreeSet::new();
    for path in all {
        let shown = repo.relative(&path);
        if !shown.starts_with(prefix) {
            continue;
        }
        // One folder at a time, as file names are completed.
        let end = shown[prefix.len()..]
            .iter()
            .position(|b| *b == b'/')
            .map_or(shown.len(), |at| prefix.len() + at + 1);
        found.insert(shown[..end].to_vec());
    }
    found
        .into_iter()
        .map(|word| Candidate {
            space: !word.ends_with(b"/"),
            word,
        })
        .collect()
}

/// File names below the current directory.
fn files(prefix: &[u8], glance: &Glance<'_>) -> Vec<Candidate> {
    let cut = prefix.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
    let (folder, start) = prefix.split_at(cut);
    let full = essaim_kernel::files::path::join(glance.cwd, if folder.is_empty() { b"." } else { folder });
    let mut found = Vec::new();
    for name in glance.files.read_dir(&full).unwrap_or_default() {
        if !name.starts_with(start) || (name.starts_with(b".") && !start.starts_with(b".")) {
            continue;
        }
        let is_dir = glance.files.is_dir(&essaim_kernel::files::path::join(&full, &name));
        let mut word = folder.to_vec();
        word.extend_from_slice(&name);
        if is_dir {
            word.push(b'/');
        }
        found.push(Candidate { word, space: !is_dir });
    }
    found
}
