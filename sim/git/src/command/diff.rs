//! `git diff`.

use super::Command;
use crate::cat;
use crate::cli::options::{usage_error, usage_only};
use crate::diff::combined::{self, Merged};
use crate::diff::options::Words;
use crate::diff::{Change, Contents, Options, filter, lists};
use crate::fault::{Fault, Result};
use crate::index::Index;
use crate::log::arguments::{self, Arguments, Pending};
use crate::object::{Kind, mode};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use crate::revision::with_resolver;
use crate::tree::{self, Flat};
use crate::walk::History;

pub(super) const USAGE: &str = include_str!("../usage/diff.txt");

pub(super) const COMMAND: Command = Command {
    name: "diff",
    main,
    usage: USAGE,
    help_on_stderr: true,
    paged: true,
    supported: &["*"],
};

#[derive(Default)]
struct Own {
    cached: bool,
    no_index: bool,
    merge_base: bool,
    stage: Option<u8>,
    combined: Option<bool>,
    words: Vec<Vec<u8>>,
    dash_dash: Option<usize>,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.repo();
    let width = cx.width();
    let mut options = Options::new(repo.as_ref().ok(), true, width);
    let own = read(&mut options, args, repo.as_ref().ok())?;
    options.settle_colors(repo.as_ref().ok(), cx.is_terminal());
    if options.formats.is_unset() && !options.quiet {
        options.formats.patch = true;
    }
    let repo = match repo {
        Ok(repo) if !own.no_index => repo,
        Ok(repo) => return no_index(cx, Some(&repo), &own, options),
        Err(_) => return no_index(cx, None, &own, options),
    };
    let arguments = with_resolver(cx, &repo, |resolver| {
        arguments::read(resolver, &own.words, own.dash_dash)
    })?;
    let outside = !arguments.dash_dash && arguments.pending.is_empty() && arguments.paths.len() == 2;
    if outside
        && arguments
            .paths
            .iter()
            .any(|path| crate::pathspec::from_top(&repo, &repo.prefix, path, path).is_err())
    {
        return no_index(cx, Some(&repo), &own, options);
    }
    let paths = Pathspec::parse(&repo, &arguments.paths)?;
    let mut out = Vec::new();
    let (found, old) = compare(cx, &repo, &own, &arguments, &paths, &mut options, &mut out)?;
    let (text, code) = finish(&Contents::new(cx.files(), &repo), found, &old, &options, out)?;
    emit(cx, &options, text)?;
    Ok(Next::Exit(code))
}

/// Standard output, or the file of `--output`.
pub(super) fn emit(cx: &mut Cx<'_, '_>, options: &Options, text: Vec<u8>) -> Result<()> {
    let Some(name) = &options.output else {
        cx.print(text);
        return Ok(());
    };
    let full = cx.io.path(name);
    cx.files_mut()
        .write(&full, text)
        .map_err(|errno| Fault::fatal(cat!["could not open '", name, "' for writing: ", errno.to_string()]))
}

fn read(options: &mut Options, args: &[Vec<u8>], repo: Option<&Repo>) -> Result<Own> {
    let mut own = Own::default();
    let mut words = Words::new(args);
    while let Some(word) = words.take() {
        match word {
            b"--" => {
                own.dash_dash = Some(own.words.len());
                own.words.extend_from_slice(words.rest());
                break;
            }
            b"--cached" | b"--staged" => own.cached = true,
            b"--no-index" => own.no_index = true,
            b"--merge-base" => own.merge_base = true,
            b"-0" => return Err(Fault::gap("the option '-0'")),
            b"-1" | b"--base" => own.stage = Some(1),
            b"-2" | b"--ours" => own.stage = Some(2),
            b"-3" | b"--theirs" => own.stage = Some(3),
            b"-c" => own.combined = Some(false),
            b"--cc" => own.combined = Some(true),
            word if word.starts_with(b"-") && word.len() > 1 => {
                if !options.take(word, &mut words, repo)? {
                    return Err(usage_error(cat!["invalid option: ", word], USAGE));
                }
            }
            word => own.words.push(word.to_vec()),
        }
    }
    Ok(own)
}

fn tree_of(cx: &Cx<'_, '_>, repo: &Repo, pending: &Pending) -> Result<Option<Oid>> {
    let mut oid = pending.oid;
    loop {
        let object = repo.store.get(cx.files(), &oid)?;
        match object.kind {
            Kind::Tree => return Ok(Some(oid)),
            Kind::Commit => oid = repo.store.commit(cx.files(), &oid)?.tree,
            Kind::Tag => oid = repo.store.tag(cx.files(), &oid)?.object,
            Kind::Blob => return Ok(None),
        }
    }
}

fn compare(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    own: &Own,
    arguments: &Arguments,
    paths: &Pathspec,
    options: &mut Options,
    out: &mut Vec<u8>,
) -> Result<(Vec<Change>, Flat)> {
    let mut pending: Vec<Pending> = arguments.pending.clone();
    if own.merge_base {
        pending = from_merge_base(cx, repo, pending)?;
    }
    if pending.iter().any(|p| p.dots == 3) {
        pending = symmetric(cx, &pending)?;
    }
    let blobs: Vec<&Pending> = pending.iter().filter(|p| p.kind == Kind::Blob).collect();
    if !blobs.is_empty() {
        return Ok((compare_blobs(cx, repo, &blobs, &pending, paths)?, Flat::new()));
    }
    match pending.as_slice() {
        [] => compare_index(cx, repo, own, paths, options, out),
        [only] => {
            let tree = tree_of(cx, repo, only)?;
            let base = tree::flatten(cx.files(), &repo.store, tree.as_ref())?;
            let index = repo.index(cx.files())?;
            if own.cached {
                options.mnemonic(repo, "c/", "i/");
                return Ok((lists::tree_index(&base, &index, paths), base));
            }
            repo.work_tree()?;
            options.mnemonic(repo, "c/", "w/");
            let mut found = lists::tree_work(cx.files(), repo, &base, &index, paths);
            // Against a commit, a path in conflict is shown as it stands in the working tree.
            found.retain(|change| change.letter != b'U');
            Ok((found, base))
        }
        [one, two] if !own.cached => {
            let (one, two) = if two.negated && !one.negated {
                (two, one)
            } else {
                (one, two)
            };
            let (old, new) = (tree_of(cx, repo, one)?, tree_of(cx, repo, two)?);
            let base = match options.copies_harder {
                true => tree::flatten(cx.files(), &repo.store, old.as_ref())?,
                false => Flat::new(),
            };
            Ok((
                lists::trees(cx.files(), &repo.store, old.as_ref(), new.as_ref(), paths)?,
                base,
            ))
        }
        [_, _] => Err(usage_error(b"", USAGE)),
        all => Ok((combined_trees(cx, repo, all, paths, options, out)?, Flat::new())),
    }
}

/// `a...b`: from the (first) merge base to b.
fn symmetric(cx: &mut Cx<'_, '_>, pending: &[Pending]) -> Result<Vec<Pending>> {
    let base = pending.iter().find(|p| p.is_base).cloned();
    let last = pending.iter().rfind(|p| !p.negated).cloned();
    let left = pending.iter().find(|p| p.dots == 3 && !p.negated).cloned();
    let Some((base, last)) = base.zip(last) else {
        let (a, b) = (
            left.map(|p| p.name).unwrap_or_default(),
            pending.last().map(|p| p.name.clone()).unwrap_or_default(),
        );
        return Err(Fault::fatal(cat![a, "...", b, ": no merge base"]));
    };
    if pending.iter().filter(|p| p.is_base).count() > 1 {
        let left = left.map(|p| p.name).unwrap_or_default();
        let range = cat![left, "...", last.name];
        let base = base.oid.hex();
        cx.eprint(cat!["warning: ", range, ": multiple merge bases, using ", base, "\n"]);
    }
    Ok(vec![base, last])
}

/// `--merge-base`: the first commit is replaced by what it has in common with the second one, or with `HEAD`.
fn from_merge_base(cx: &Cx<'_, '_>, repo: &Repo, mut pending: Vec<Pending>) -> Result<Vec<Pending>> {
    if pending.iter().any(|p| p.dots > 0 || p.negated) {
        return Err(Fault::fatal("--merge-base does not work with ranges"));
    }
    let commit = |p: &Pending| crate::log::walk::peel(cx.files(), repo, p.oid);
    let mut ends = Vec::new();
    for p in &pending {
        ends.push(match (commit(p), p.kind) {
            (Some(oid), _) => oid,
            (None, Kind::Blob) => return Err(usage_only(USAGE)),
            (None, _) => return Err(Fault::fatal("--merge-base only works with commits")),
        });
    }
    let (one, other) = match ends[..] {
        [one] => match repo.refs.head(cx.files()) {
            Some(head) => (head, one),
            None => return Err(Fault::fatal("unable to get HEAD")),
        },
        [one, other] => (one, other),
        _ => return Err(usage_error(b"", USAGE)),
    };
    let bases = History::new(&repo.store, cx.files()).merge_bases(&one, &[other])?;
    match bases[..] {
        [] => Err(Fault::fatal("no merge base found")),
        [base] => {
            pending[0].oid = base;
            pending[0].kind = Kind::Commit;
            Ok(pending)
        }
        _ => Err(Fault::fatal("multiple merge bases found")),
    }
}

/// The patches of what is not staged, for `git status -vv`.
pub(super) fn unstaged_patch(cx: &mut Cx<'_, '_>, repo: &Repo, mut options: Options) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let (found, old) = compare_index(cx, repo, &Own::default(), &Pathspec::default(), &mut options, &mut out)?;
    finish(&Contents::new(cx.files(), repo), found, &old, &options, out).map(|(text, _)| text)
}

fn compare_index(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    own: &Own,
    paths: &Pathspec,
    options: &mut Options,
    out: &mut Vec<u8>,
) -> Result<(Vec<Change>, Flat)> {
    let mut index = repo.index(cx.files())?;
    if own.cached {
        options.mnemonic(repo, "c/", "i/");
        let base = tree::of_commit(cx.files(), &repo.store, repo.refs.head(cx.files()).as_ref())?;
        return Ok((lists::tree_index(&base, &index, paths), base));
    }
    repo.work_tree()?;
    options.mnemonic(repo, "i/", "w/");
    crate::worktree::refresh(cx.files(), repo, &mut index);
    let mut found = lists::index_work(cx.files(), repo, &index, paths, own.stage.unwrap_or(2));
    let dense = own.combined.unwrap_or(true);
    if own.stage.is_none() && (options.formats.patch || own.combined.is_some()) {
        let merged = in_conflict(cx, repo, &index, paths);
        found.retain(|change| !merged.iter().any(|merged| merged.path == change.path));
        let contents = Contents::new(cx.files(), repo);
        let wanted = options
            .filter
            .as_ref()
            .is_none_or(|filter| filter.contains(&b'U') || filter.contains(&b'M'));
        if wanted && options.formats.patch && !options.quiet {
            let mut options = options.clone();
            options.hunks.inter_hunk_context = 0;
            for path in &merged {
                combined::write(out, &contents, path, dense, &options)?;
            }
        }
    }
    let files = index
        .entries()
        .iter()
        .map(|entry| (entry.path.clone(), (entry.mode, entry.oid)));
    Ok((found, files.collect()))
}

/// The paths in conflict that both sides have.
fn in_conflict(cx: &Cx<'_, '_>, repo: &Repo, index: &Index, paths: &Pathspec) -> Vec<Merged> {
    let mut merged = Vec::new();
    for path in index.unmerged_paths().into_iter().filter(|path| paths.matches(path)) {
        let side = |stage: u8| index.get(&path, stage).map(|entry| (entry.mode, entry.oid));
        let (Some(ours), Some(theirs)) = (side(2), side(3)) else {
            continue;
        };
        let mode = match crate::worktree::lstat_no_links(cx.files(), repo, &path) {
            Ok(metadata) if !metadata.is_dir() => crate::worktree::mode_of(&metadata),
            _ => 0,
        };
        merged.push(Merged {
            parents: vec![ours, theirs],
            result: (mode, Oid::NULL),
            path,
        });
    }
    merged
}

fn combined_trees(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    all: &[Pending],
    paths: &Pathspec,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<Vec<Change>> {
    // The first is the result, the others its parents.
    let mut trees = Vec::new();
    for pending in all {
        let Some(tree) = tree_of(cx, repo, pending)? else {
            continue;
        };
        trees.push(tree);
    }
    let Some((result, parents)) = trees.split_first() else {
        return Ok(Vec::new());
    };
    let mut lists_of: Vec<Vec<Change>> = Vec::new();
    for parent in parents {
        lists_of.push(lists::trees(
            cx.files(),
            &repo.store,
            Some(parent),
            Some(result),
            paths,
        )?);
    }
    let contents = Contents::new(cx.files(), repo);
    for change in &lists_of[0] {
        let olds: Vec<Option<(u32, Oid)>> = lists_of
            .iter()
            .map(|list| {
                list.iter()
                    .find(|other| other.path == change.path)
                    .map(|other| other.old)
            })
            .collect();
        if let Some(parents) = olds.into_iter().collect::<Option<Vec<_>>>() {
            let merged = Merged {
                path: change.path.clone(),
                parents,
                result: change.new,
            };
            combined::write(out, &contents, &merged, true, options)?;
        }
    }
    Ok(Vec::new())
}

fn compare_blobs(
    cx: &Cx<'_, '_>,
    repo: &Repo,
    blobs: &[&Pending],
    all: &[Pending],
    paths: &Pathspec,
) -> Result<Vec<Change>> {
    let side = |pending: &Pending| {
        let mode = pending.place.as_ref().map_or(mode::FILE, |(_, mode)| *mode);
        let path = pending
            .place
            .as_ref()
            .map_or_else(|| pending.name.clone(), |(path, _)| path.clone());
        ((mode, pending.oid), path)
    };
    let change = |old: ((u32, Oid), Vec<u8>), new: ((u32, Oid), Vec<u8>)| Change {
        letter: b'M',
        from: (old.1 != new.1).then_some(old.1),
        path: new.1,
        score: 0,
        old: old.0,
        new: new.0,
    };
    match (blobs, paths.items.as_slice()) {
        ([one, two], []) if all.len() == 2 => {
            if one.oid == two.oid {
                return Ok(Vec::new());
            }
            let (one, two) = if two.negated && !one.negated {
                (two, one)
            } else {
                (one, two)
            };
            Ok(vec![change(side(one), side(two))])
        }
        ([one], [item]) if all.len() == 1 => {
            let metadata = cx
                .files()
                .symlink_metadata(&repo.work_path(&item.matched))
                .map_err(|errno| Fault::fatal(cat!["failed to stat '", item.original, "': ", errno.to_string()]))?;
            let mode = crate::worktree::mode_of(&metadata);
            let mut old = side(one);
            if one.place.is_none() {
                old = ((mode, one.oid), item.matched.clone());
            }
            Ok(vec![change(old, ((mode, Oid::NULL), item.matched.clone()))])
        }
        _ => Err(usage_error(b"", USAGE)),
    }
}

/// Joins renames, prints, and says the exit code.
fn finish(
    contents: &Contents<'_>,
    found: Vec<Change>,
    old: &Flat,
    options: &Options,
    mut out: Vec<u8>,
) -> Result<(Vec<u8>, u8)> {
    let found = filter::run(contents, found, options, Some(old))?;
    let conflict_shown = !out.is_empty();
    let visible: Vec<Change> = match options.ignores_whitespace() && (options.exit_code || options.quiet) {
        true => without_invisible(contents, found, options)?,
        false => found,
    };
    let mut checked = false;
    if !options.quiet {
        let before = out.len();
        crate::diff::print(&mut out, contents, &visible, options)?;
        checked = options.formats.check && out.len() > before;
    }
    let differs = !visible.is_empty() || conflict_shown;
    let code = if checked {
        2 + u8::from(options.exit_code && differs)
    } else {
        u8::from((options.exit_code || options.quiet) && differs)
    };
    Ok((out, code))
}

/// Leaves out what differs only in white space that does not count.
fn without_invisible(contents: &Contents<'_>, found: Vec<Change>, options: &Options) -> Result<Vec<Change>> {
    let mut kept = Vec::new();
    for change in found {
        let mut patch = Vec::new();
        crate::diff::patch::write(&mut patch, contents, &change, options)?;
        if !patch.is_empty() {
            kept.push(change);
        }
    }
    Ok(kept)
}

/// `--no-index`: two files, wherever they are.
fn no_index(cx: &mut Cx<'_, '_>, repo: Option<&Repo>, own: &Own, mut options: Options) -> Result<Next> {
    let words: Vec<Vec<u8>> = own.words.clone();
    let [old, new] = words.as_slice() else {
        if repo.is_none() && !own.no_index {
            let warning = "warning: Not a git repository. Use --no-index to compare two paths outside a working tree\n";
            return Err(Fault::Plain(cat![warning, USAGE], 129));
        }
        return Err(Fault::Plain(
            include_str!("../usage/diff-no-index.txt").as_bytes().to_vec(),
            129,
        ));
    };
    options.exit_code = true;
    let mut contents = Contents {
        files: cx.files(),
        repo,
        overlay: std::collections::BTreeMap::new(),
    };
    let mut side = |name: &[u8]| -> Result<(u32, Oid)> {
        if name == b"/dev/null" {
            return Ok((0, Oid::NULL));
        }
        let full = cx.io.path(name);
        let metadata = cx
            .files()
            .symlink_metadata(&full)
            .map_err(|_| Fault::error(cat!["Could not access '", name, "'"]))?;
        if metadata.is_dir() {
            return Err(Fault::gap("'diff --no-index' of directories"));
        }
        let content = crate::worktree::read_blob(cx.files(), &full)?;
        let oid = crate::object::object_id(Kind::Blob, &content);
        contents.overlay.insert(oid, content);
        Ok((crate::worktree::mode_of(&metadata), oid))
    };
    let (one, two) = (side(old)?, side(new)?);
    let mut found = Vec::new();
    if one != two {
        let letter = if one.0 == 0 {
            b'A'
        } else if two.0 == 0 {
            b'D'
        } else {
            b'M'
        };
        let path = if two.0 == 0 { old } else { new };
        found.push(Change {
            letter,
            path: path.clone(),
            from: (old != new && one.0 != 0 && two.0 != 0).then(|| old.clone()),
            score: 0,
            old: one,
            new: two,
        });
    }
    options.renames = None;
    let (text, code) = finish(&contents, found, &Flat::new(), &options, Vec::new())?;
    emit(cx, &options, text)?;
    Ok(Next::Exit(code))
}

/// The paths in which a tree and the working tree differ.
pub(super) fn tree_changes(cx: &Cx<'_, '_>, repo: &Repo, base: &Flat, index: &Index, paths: &Pathspec) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = lists::tree_work(cx.files(), repo, base, index, paths)
        .into_iter()
        .map(|change| change.path)
        .collect();
    found.dedup();
    found
}
