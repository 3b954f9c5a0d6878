//! `git ls-files`.

use super::Command;
use super::plumbing;
use crate::cat;
use crate::cli::options::{Parsed, usage_fatal};
use crate::fault::{Fault, Result};
use crate::ignore::Ignore;
use crate::index::{Entry, Index};
use crate::object::{Kind, mode};
use crate::output::{quote_high, quote_path};
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::worktree::{self, FileState, UntrackedMode};
use essaim_kernel::Files;
use essaim_kernel::SmallSort;

pub(super) const COMMAND: Command = Command {
    name: "ls-files",
    main,
    usage: include_str!("../usage/ls-files.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[
        "z",
        "t",
        "v",
        "f",
        "eol",
        "exclude",
        "exclude-from",
        "format",
        "cached",
        "deleted",
        "modified",
        "others",
        "ignored",
        "stage",
        "killed",
        "directory",
        "unmerged",
        "exclude-standard",
        "full-name",
        "error-unmatch",
        "abbrev",
        "deduplicate",
        "no-empty-directory",
        "empty-directory",
    ],
};

/// What is listed, and how.
struct Lister<'a> {
    repo: &'a Repo,
    files: &'a Files,
    index: &'a Index,
    parsed: &'a Parsed,
    pathspec: Pathspec,
    abbrev: Option<usize>,
    out: Vec<u8>,
    /// The paths that were looked at, for `--error-unmatch`.
    seen: Vec<Vec<u8>>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let has = |name: &str| parsed.has(name);
    let clash = [
        "stage",
        "unmerged",
        "others",
        "killed",
        "t",
        "v",
        "f",
        "deduplicate",
        "eol",
    ];
    if has("format") && clash.iter().any(|name| has(name)) {
        let message = "--format cannot be used with -s, -o, -k, -t, --resolve-undo, --deduplicate, --eol";
        return Err(usage_fatal(message, COMMAND.usage));
    }
    if has("ignored") && !has("others") && !has("cached") {
        return Err(Fault::fatal("ls-files -i must be used with either -o or -c"));
    }
    let patterns = patterns(cx, &parsed)?;
    if has("ignored") && !has("exclude-standard") && patterns.is_empty() {
        return Err(Fault::fatal("ls-files --ignored needs some exclude pattern"));
    }
    let index = repo.index(cx.files())?;
    let words = match parsed.args.is_empty() && !repo.prefix.is_empty() {
        true => vec![b".".to_vec()],
        false => parsed.args.clone(),
    };
    let mut lister = Lister {
        repo: &repo,
        files: cx.files(),
        index: &index,
        parsed: &parsed,
        pathspec: Pathspec::parse(&repo, &words)?,
        abbrev: match (has("abbrev"), parsed.value("abbrev")) {
            (false, _) => None,
            (true, None) => Some(repo.abbreviation(cx.files())),
            (true, Some(text)) => crate::bytes::parse_number(text),
        },
        out: Vec::new(),
        seen: Vec::new(),
    };
    if has("others") {
        lister.others(&patterns)?;
    }
    lister.tracked(&patterns)?;
    let missing = match has("error-unmatch") {
        true => lister.unmatched(),
        false => Vec::new(),
    };
    let out = lister.out;
    cx.print(out);
    if missing.is_empty() {
        return Ok(Next::Exit(0));
    }
    for item in &missing {
        cx.eprint(cat![
            "error: pathspec '",
            item,
            "' did not match any file(s) known to git\n"
        ]);
    }
    cx.eprint("Did you forget to 'git add'?\n");
    Ok(Next::Exit(1))
}

/// The patterns of `-x` and `-X`.
fn patterns(cx: &Cx<'_, '_>, parsed: &Parsed) -> Result<Vec<Vec<u8>>> {
    let mut patterns = parsed.values("exclude");
    for name in parsed.values("exclude-from") {
        let text = cx
            .files()
            .read(&cx.io.path(&name))
            .map_err(|_| Fault::fatal(cat!["cannot use ", name, " as an exclude file"]))?;
        patterns.extend(crate::bytes::lines(&text).map(<[u8]>::to_vec));
    }
    Ok(patterns)
}

impl Lister<'_> {
    fn has(&self, name: &str) -> bool {
        self.parsed.has(name)
    }

    fn ignore(&self, patterns: &[Vec<u8>]) -> Ignore {
        Ignore::typed(self.repo, self.files, patterns, self.has("exclude-standard"))
    }

    fn tags(&self) -> bool {
        self.has("t") || self.has("v") || self.has("f")
    }

    fn others(&mut self, patterns: &[Vec<u8>]) -> Result<()> {
        let mode = match self.has("directory") {
            true => UntrackedMode::Normal,
            false => UntrackedMode::All,
        };
        let found = worktree::scan_by(self.files, self.repo, self.index, mode, true, self.ignore(patterns));
        let mut paths = if self.has("ignored") {
            found.ignored
        } else {
            found.untracked
        };
        paths.small_sort();
        for path in paths
            .into_iter()
            .filter(|path| self.pathspec.matches(path))
            .collect::<Vec<_>>()
        {
            if self.tags() {
                self.out.extend_from_slice(b"? ");
            }
            if self.has("eol") {
                let text = self.line_ends(None, &path)?;
                self.out.extend_from_slice(text.as_bytes());
            }
            let name = self.name(&path);
            self.out.extend_from_slice(&name);
            self.seen.push(path);
        }
        Ok(())
    }

    fn tracked(&mut self, patterns: &[Vec<u8>]) -> Result<()> {
        let plain = !["others", "deleted", "modified", "killed"]
            .iter()
            .any(|name| self.has(name));
        let unmerged = self.has("unmerged");
        let cached = self.has("cached") || self.has("stage") || unmerged || plain;
        let once = self.has("deduplicate") && !(self.tags() || self.has("stage") || unmerged);
        let mut ignore = self.ignore(patterns);
        let mut last: Option<&[u8]> = None;
        let index = self.index;
        for entry in index.entries() {
            if !self.pathspec.matches(&entry.path) {
                continue;
            }
            self.seen.push(entry.path.clone());
            if self.has("ignored") && !ignore.is_ignored(self.files, &entry.path, false) {
                continue;
            }
            let mut tags = Vec::new();
            if cached && (!unmerged || entry.stage != 0) {
                tags.push(match (entry.stage, entry.skip_worktree) {
                    (0, false) => 'H',
                    (0, true) => 'S',
                    _ => 'M',
                });
            }
            tags.extend(self.changed(entry));
            for tag in tags {
                if !(once && last == Some(&entry.path)) {
                    self.line(tag, entry)?;
                    last = Some(&entry.path);
                }
            }
        }
        Ok(())
    }

    /// `R` and `C` where `-d` and `-m` ask for them.
    fn changed(&self, entry: &Entry) -> Vec<char> {
        let mut tags = Vec::new();
        if !self.has("deleted") && !self.has("modified") {
            return tags;
        }
        let state = worktree::compare(self.files, self.repo, self.index, entry);
        if self.has("deleted") && state == FileState::Deleted {
            tags.push('R');
        }
        if self.has("modified") && state != FileState::Unchanged {
            tags.push('C');
        }
        tags
    }

    /// The path specifications nothing was found for.
    fn unmatched(&self) -> Vec<Vec<u8>> {
        let items = self.pathspec.items.iter();
        let missing = items.filter(|item| !self.seen.iter().any(|path| item.matches(path)));
        missing.map(|item| item.original.clone()).collect()
    }

    fn shown(&self, path: &[u8]) -> Vec<u8> {
        let shown = match self.has("full-name") {
            true => path.to_vec(),
            false => self.repo.relative(path),
        };
        match self.has("z") {
            true => shown,
            false => quote_path(&shown, quote_high(&self.repo.config)),
        }
    }

    fn name(&self, path: &[u8]) -> Vec<u8> {
        cat![self.shown(path), if self.has("z") { "\0" } else { "\n" }]
    }

    fn short(&self, entry: &Entry) -> String {
        match self.abbrev {
            Some(len) => self.repo.store.abbreviate(self.files, &entry.oid, len),
            None => entry.oid.hex(),
        }
    }

    fn line(&mut self, tag: char, entry: &Entry) -> Result<()> {
        if let Some(format) = self.parsed.value("format") {
            let text = self.formatted(format, entry)?;
            self.out.extend_from_slice(&text);
            return Ok(());
        }
        if self.tags() {
            let low = self.has("v") && entry.assume_valid;
            let tag = if low { tag.to_ascii_lowercase() } else { tag };
            self.out.extend_from_slice(format!("{tag} ").as_bytes());
        }
        if self.has("stage") || self.has("unmerged") {
            let oid = self.short(entry);
            let head = format!("{:06o} {oid} {}\t", entry.mode, entry.stage);
            self.out.extend_from_slice(head.as_bytes());
        }
        if self.has("eol") {
            let text = self.line_ends(Some(entry), &entry.path)?;
            self.out.extend_from_slice(text.as_bytes());
        }
        let name = self.name(&entry.path);
        self.out.extend_from_slice(&name);
        Ok(())
    }

    /// `--eol`: which line ends a file has in the index and in the working tree.
    fn line_ends(&self, entry: Option<&Entry>, path: &[u8]) -> Result<String> {
        let (index, work) = (self.index_ends(entry)?, self.work_ends(path));
        Ok(format!("i/{index:<5} w/{work:<5} attr/{:<17}\t", ""))
    }

    fn index_ends(&self, entry: Option<&Entry>) -> Result<&'static str> {
        let regular = entry.filter(|entry| mode::kind(entry.mode) == Kind::Blob && entry.mode != mode::SYMLINK);
        // Of a path in conflict our side counts, whichever side is listed.
        let ours = |entry: &Entry| match entry.stage {
            0 => Some(entry.clone()),
            _ => self.index.get(&entry.path, 2).cloned(),
        };
        match regular.map(ours) {
            Some(None) => Ok("none"),
            Some(Some(entry)) => Ok(ends(&self.repo.store.blob(self.files, &entry.oid)?)),
            None => Ok(""),
        }
    }

    fn work_ends(&self, path: &[u8]) -> &'static str {
        let full = self.repo.work_path(path);
        let regular = self
            .files
            .symlink_metadata(&full)
            .is_ok_and(|metadata| !metadata.is_dir() && !metadata.is_symlink());
        match self.files.read(&full) {
            Ok(content) if regular => ends(&content),
            _ => "",
        }
    }

    fn formatted(&self, format: &[u8], entry: &Entry) -> Result<Vec<u8>> {
        let size = || -> Result<String> {
            match mode::kind(entry.mode) {
                Kind::Blob => Ok(self.repo.store.blob(self.files, &entry.oid)?.len().to_string()),
                _ => Ok("-".to_owned()),
            }
        };
        let mut out = plumbing::fill(format, "ls-files", |field| {
            Ok(Some(match field {
                b"objectmode" => format!("{:06o}", entry.mode).into_bytes(),
                b"objectname" => self.short(entry).into_bytes(),
                b"objecttype" => mode::kind(entry.mode).name().into(),
                b"objectsize" => size()?.into_bytes(),
                b"objectsize:padded" => format!("{:>7}", size()?).into_bytes(),
                b"stage" => entry.stage.to_string().into_bytes(),
                b"eolinfo:index" => self.index_ends(Some(entry))?.into(),
                b"eolinfo:worktree" => self.work_ends(&entry.path).into(),
                b"eolattr" => Vec::new(),
                b"path" => self.shown(&entry.path),
                _ => return Ok(None),
            }))
        })?;
        out.push(if self.has("z") { 0 } else { b'\n' });
        Ok(out)
    }
}

/// `lf`, `crlf`, `mixed`, `none`, or `-text` for what is no text.
fn ends(content: &[u8]) -> &'static str {
    let (mut crlf, mut lf, mut strange, mut printable) = (0, 0, 0, 0);
    let mut bytes = content.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.next_if(|next| **next == b'\n').is_some() => crlf += 1,
            b'\r' | 0 => return "-text",
            b'\n' => lf += 1,
            8 | b'\t' | 27 | 12 => printable += 1,
            26 if bytes.peek().is_none() => {}
            0..32 | 127 => strange += 1,
            _ => printable += 1,
        }
    }
    match (crlf, lf) {
        _ if printable / 128 < strange => "-text",
        (0, 0) => "none",
        (0, _) => "lf",
        (_, 0) => "crlf",
        _ => "mixed",
    }
}
