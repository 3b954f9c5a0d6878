//! The options that say which commits a walk shows, and where it begins.

use super::options::{LogOptions, Merges, Tips};
use super::walk::{Cherry, Order};
use crate::bytes::{lossy, parse_number, split_once};
use crate::cat;
use crate::date;
use crate::diff::options::Words;
use crate::fault::{Fault, Result};
use crate::process::Cx;
use crate::repo::Repo;
use crate::revision::Resolver;

/// Options of walks that real Git has and this engine has not.
const GAPS: [&[u8]; 20] = [
    b"--bisect",
    b"--show-signature",
    b"--notes",
    b"--show-notes",
    b"-L",
    b"--encoding",
    b"--stdin",
    b"--perl-regexp",
    b"-P",
    b"--remerge-diff",
    b"--combined-all-paths",
    b"--log-size",
    b"--show-linear-break",
    b"--alternate-refs",
    b"--indexed-objects",
    b"--exclude-hidden",
    b"--maximal-only",
    b"--unpacked",
    b"--max-count-oldest",
    b"--standard-notes",
];

/// The value of one of the options: `--name=value`, `--name value`, `-nvalue`, `-n value`.
fn value(word: &[u8], words: &mut Words<'_>, names: &[&str]) -> Option<Result<Vec<u8>>> {
    for name in names {
        let Some(rest) = word.strip_prefix(name.as_bytes()) else {
            continue;
        };
        match rest {
            [b'=', value @ ..] if name.starts_with("--") => return Some(Ok(value.to_vec())),
            [] => {
                let missing = || match name.strip_prefix("--") {
                    Some(_) => Fault::fatal(format!("Option '{name}' requires a value")),
                    None => Fault::Error(format!("{name} requires an argument").into_bytes(), 128),
                };
                return Some(words.take().map(<[u8]>::to_vec).ok_or_else(missing));
            }
            value if !name.starts_with("--") => return Some(Ok(value.to_vec())),
            _ => {}
        }
    }
    None
}

fn number(text: &[u8]) -> Result<i64> {
    parse_number(text).ok_or_else(|| Fault::fatal(cat!["'", text, "': not an integer"]))
}

/// `--max-age`: seconds, and nothing else.
fn seconds(text: &[u8]) -> Result<i64> {
    parse_number(text).ok_or_else(|| Fault::fatal(cat!["'", text, "': not a number of seconds since epoch"]))
}

impl LogOptions {
    pub(super) fn take_limit(&mut self, cx: &Cx<'_, '_>, word: &[u8], words: &mut Words<'_>) -> Result<bool> {
        let limits = &mut self.limits;
        let digits = word.strip_prefix(b"-").unwrap_or_default();
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            limits.count = parse_number(digits);
            return Ok(true);
        }
        let when = |text: &[u8]| Some(date::approximate(text, &cx.clock()).0);
        let count = |text: &[u8]| -> Result<Option<usize>> { Ok(usize::try_from(number(text)?).ok()) };
        let mut value = |names: &[&str]| value(word, words, names);
        if let Some(found) = value(&["-n", "--max-count"]) {
            limits.count = count(&found?)?;
        } else if let Some(found) = value(&["--skip"]) {
            limits.skip = count(&found?)?.unwrap_or(0);
        } else if let Some(found) = value(&["--since-as-filter"]) {
            limits.since_as_filter = when(&found?);
        } else if let Some(found) = value(&["--since", "--after"]) {
            limits.since = when(&found?);
        } else if let Some(found) = value(&["--until", "--before"]) {
            limits.until = when(&found?);
        } else if let Some(found) = value(&["--max-age"]) {
            limits.since = Some(seconds(&found?)?);
        } else if let Some(found) = value(&["--min-age"]) {
            limits.until = Some(seconds(&found?)?);
        } else if let Some(found) = value(&["--author"]) {
            self.authors.push(found?);
        } else if let Some(found) = value(&["--committer"]) {
            self.committers.push(found?);
        } else if let Some(found) = value(&["--grep-reflog"]) {
            self.grep_reflogs.push(found?);
        } else if let Some(found) = value(&["--grep"]) {
            self.greps.push(found?);
        } else if let Some(found) = word.strip_prefix(b"--min-parents=") {
            limits.parents_min = count(found)?.unwrap_or(0);
        } else if let Some(found) = word.strip_prefix(b"--max-parents=") {
            limits.parents_max = count(found)?;
        } else {
            return Ok(self.take_switch(&lossy(word)));
        }
        Ok(true)
    }

    fn take_switch(&mut self, word: &str) -> bool {
        let limits = &mut self.limits;
        match word {
            "--all-match" => limits.all_match = true,
            "--invert-grep" => limits.invert_grep = true,
            "--merges" => limits.parents_min = 2,
            "--no-merges" => limits.parents_max = Some(1),
            "--no-min-parents" => limits.parents_min = 0,
            "--no-max-parents" => limits.parents_max = None,
            "--first-parent" => {
                limits.first_parent = true;
                if self.merges == Merges::Unset {
                    self.merges = Merges::First;
                }
            }
            "--exclude-first-parent-only" => limits.exclude_first_parent = true,
            "--full-history" => limits.full_history = true,
            "--dense" => limits.sparse = false,
            "--sparse" => limits.sparse = true,
            "--remove-empty" => limits.remove_empty = true,
            "--show-pulls" => limits.show_pulls = true,
            "--simplify-merges" | "--simplify-by-decoration" => {
                limits.by_decoration |= word == "--simplify-by-decoration";
                limits.simplify_merges = true;
                limits.full_history = true;
                if limits.order == Order::Date {
                    limits.order = Order::Topological;
                }
            }
            "--children" => limits.children = true,
            "--reverse" => limits.reverse = !limits.reverse,
            "--topo-order" => limits.order = Order::Topological,
            "--date-order" => limits.order = Order::TopologicalByDate,
            "--author-date-order" => limits.order = Order::TopologicalByAuthor,
            "--no-walk" | "--no-walk=sorted" => limits.no_walk = Some(true),
            "--no-walk=unsorted" => limits.no_walk = Some(false),
            "--do-walk" => limits.no_walk = None,
            "-i" | "--regexp-ignore-case" => self.fold = true,
            "-F" | "--fixed-strings" => self.fixed = true,
            "-E" | "--extended-regexp" => self.extended = true,
            "--basic-regexp" => self.extended = false,
            "--full-diff" => self.full_diff = true,
            "--no-notes"
            | "--no-mailmap"
            | "--use-mailmap"
            | "--mailmap"
            | "--no-show-signature"
            | "--encoding=UTF-8"
            | "--single-worktree"
            | "--in-commit-order"
            | "--ignore-missing" => {}
            _ => return false,
        }
        true
    }

    /// The options that tell sides and boundaries apart.
    pub(super) fn take_sides(&mut self, cx: &Cx<'_, '_>, repo: &Repo, word: &str) -> Result<bool> {
        let limits = &mut self.limits;
        let together = |one: &str, other: &str| {
            Err(Fault::fatal(format!(
                "options '{one}' and '{other}' cannot be used together"
            )))
        };
        match word {
            "--left-right" => self.left_right = true,
            "--boundary" => limits.boundary = true,
            "--left-only" if limits.right_only => return together("--left-only", "--right-only/--cherry"),
            "--left-only" => limits.left_only = true,
            "--right-only" | "--cherry" if limits.left_only => return together(word, "--left-only"),
            "--right-only" => limits.right_only = true,
            "--cherry" => {
                limits.cherry = Cherry::Mark;
                limits.right_only = true;
                limits.parents_max = Some(1);
            }
            "--cherry-pick" if limits.cherry == Cherry::Mark => return together(word, "--cherry-mark"),
            "--cherry-pick" => limits.cherry = Cherry::Pick,
            "--cherry-mark" if limits.cherry == Cherry::Pick => return together(word, "--cherry-pick"),
            "--cherry-mark" => limits.cherry = Cherry::Mark,
            "--merge" => self.conflict = true,
            "--ancestry-path" => {
                limits.ancestry_path = true;
                limits.full_history = true;
            }
            _ => {
                let Some(name) = word.strip_prefix("--ancestry-path=") else {
                    return Ok(false);
                };
                let mut resolver = Resolver::new(repo, cx.files(), cx.clock());
                let Some(oid) = resolver.commit(name.as_bytes())? else {
                    let message = format!("could not get commit for --ancestry-path argument {name}");
                    return Err(Fault::Error(message.into_bytes(), 128));
                };
                limits.ancestry_of.push(oid);
                limits.ancestry_path = true;
                limits.full_history = true;
            }
        }
        Ok(true)
    }

    pub(super) fn take_tips(&mut self, word: &[u8], words: &mut Words<'_>, negated: bool) -> Result<bool> {
        if let Some(pattern) = value(word, words, &["--exclude"]) {
            self.excluded.push(pattern?);
            return Ok(true);
        }
        let (name, mut pattern) = match split_once(word, b'=') {
            Some((name, pattern)) => (name, Some(pattern.to_vec())),
            None => (word, None),
        };
        let (prefix, head) = match name {
            b"--all" => ("refs/", true),
            b"--branches" => ("refs/heads/", false),
            b"--tags" => ("refs/tags/", false),
            b"--remotes" => ("refs/remotes/", false),
            b"--glob" => {
                pattern = match pattern.or_else(|| words.take().map(<[u8]>::to_vec)) {
                    Some(pattern) => Some(pattern.strip_prefix(b"refs/").unwrap_or(&pattern).to_vec()),
                    None => return Err(Fault::fatal("Option '--glob' requires a value")),
                };
                ("refs/", false)
            }
            b"--reflog" => ("", false),
            _ if GAPS.contains(&name) || word.starts_with(b"-L") => {
                let name = if word.starts_with(b"-L") { b"-L" } else { name };
                return Err(Fault::gap(cat!["the option '", name, "'"]));
            }
            _ => return Ok(false),
        };
        self.tips.push(Tips {
            prefix,
            pattern,
            excluded: std::mem::take(&mut self.excluded),
            head,
            logs: name == b"--reflog",
            negated,
            at: self.words.len(),
        });
        Ok(true)
    }
}
