//! `git rev-list`.

use super::Command;
use super::log::{paths_of, printer, read_arguments};
use crate::cat;
use crate::cli::options::usage_only;
use crate::fault::{Fault, Result};
use crate::log::arguments::Pending;
use crate::log::decorate::Style;
use crate::log::graph::Graph;
use crate::log::options::LogOptions;
use crate::log::pretty::{Format, Printer};
use crate::log::starts;
use crate::log::walk::{Cherry, Shown, Side, Start, Walk};
use crate::object::{Kind, mode};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use essaim_kernel::Files;
use std::collections::BTreeSet;

pub(super) const COMMAND: Command = Command {
    name: "rev-list",
    main,
    usage: include_str!("../usage/rev-list.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[
        "max-count",
        "max-age",
        "min-age",
        "sparse",
        "no-merges",
        "min-parents",
        "no-min-parents",
        "max-parents",
        "no-max-parents",
        "remove-empty",
        "all",
        "branches",
        "tags",
        "remotes",
        "quiet",
        "topo-order",
        "date-order",
        "reverse",
        "parents",
        "children",
        "objects",
        "header",
        "object-names",
        "abbrev",
        "abbrev-commit",
        "left-right",
        "count",
    ],
};

/// What only this command knows.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent option of the command line"
)]
struct Own {
    count: bool,
    objects: bool,
    nameless: bool,
    timestamp: bool,
    header: bool,
    headless: bool,
    quiet: bool,
    pretty: bool,
}

impl Own {
    /// Takes its own words away.
    fn read(args: &[Vec<u8>]) -> Result<(Self, Vec<Vec<u8>>)> {
        let mut own = Self::default();
        let mut rest = Vec::new();
        let mut words = args.iter();
        for word in words.by_ref() {
            match word.as_slice() {
                b"--count" => own.count = true,
                b"--objects" => own.objects = true,
                b"--no-object-names" => own.nameless = true,
                b"--object-names" => own.nameless = false,
                b"--timestamp" => own.timestamp = true,
                b"--header" => own.header = true,
                b"--no-commit-header" => own.headless = true,
                b"--commit-header" => own.headless = false,
                b"--quiet" => own.quiet = true,
                b"--disk-usage"
                | b"--objects-edge"
                | b"--objects-edge-aggressive"
                | b"--use-bitmap-index"
                | b"--bisect-vars"
                | b"--bisect-all"
                | b"--progress"
                | b"--test-bitmap" => {
                    return Err(Fault::gap(cat!["'rev-list ", word, "'"]));
                }
                word if [
                    b"--disk-usage=".as_slice(),
                    b"--filter=",
                    b"--missing=",
                    b"--exclude-promisor",
                ]
                .iter()
                .any(|name| word.starts_with(name)) =>
                {
                    return Err(Fault::gap(cat!["'rev-list ", word, "'"]));
                }
                b"--" => {
                    rest.push(word.clone());
                    break;
                }
                word => {
                    own.pretty |= word == b"--oneline"
                        || [b"--pretty".as_slice(), b"--format"]
                            .iter()
                            .any(|name| word.starts_with(name));
                    rest.push(word.to_vec());
                }
            }
        }
        rest.extend(words.cloned());
        Ok((own, rest))
    }
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let (own, rest) = Own::read(args)?;
    let repo = cx.repo()?;
    let mut options = LogOptions::plain(crate::diff::Options::new(Some(&repo), false, cx.width()));
    options.read_or(cx, &repo, &rest, &|_| usage_only(COMMAND.usage))?;
    options.decorate.get_or_insert(Style::No);
    if own.header && !own.pretty {
        options.format = Format::Raw;
    }
    let formats = &options.diff.formats;
    if !formats.is_unset() {
        return Err(usage_only(COMMAND.usage));
    }
    let arguments = read_arguments(cx, &repo, &options)?;
    let paths = paths_of(cx, &repo, &options, &arguments)?;
    let starts = starts::gather(cx, &repo, &options, &arguments, false)?;
    if arguments.pending.is_empty() && options.tips.is_empty() && !options.conflict {
        return Err(usage_only(COMMAND.usage));
    }
    let mut walk = Walk::new(&repo, cx.files(), &paths, &options.limits);
    let shown = walk.run(&starts)?;
    let mut out = Vec::new();
    let mut objects = Objects {
        files: cx.files(),
        repo: &repo,
        paths: &paths,
        nameless: own.nameless,
        seen: BTreeSet::new(),
        out: Vec::new(),
        count: 0,
    };
    if own.objects && !own.quiet {
        objects.tags(&starts)?;
        objects.named(&arguments.pending)?;
        objects.of(&shown, &walk)?;
    }
    if own.count {
        out = counts(&shown, &options, objects.count).into_bytes();
    } else if !own.quiet {
        let printer = printer(cx, &repo, &options);
        let mut list = List {
            graph: options.graph.then(|| Graph::new(&printer.colors)),
            printer,
            options: &options,
            own: &own,
        };
        for commit in &shown {
            list.commit(&mut out, commit)?;
        }
        out.extend_from_slice(&objects.out);
    }
    cx.print(out);
    Ok(Next::Exit(0))
}

/// `--count`, by side where sides are told apart.
fn counts(shown: &[Shown], options: &LogOptions, objects: usize) -> String {
    let of = |side: Side| shown.iter().filter(|commit| commit.side == side).count();
    let (left, same) = (of(Side::Left), of(Side::Same));
    let right = shown.len() - left - same + objects;
    match (options.left_right, options.limits.cherry == Cherry::Mark) {
        (true, true) => format!("{left}\t{right}\t{same}\n"),
        (true, false) => format!("{left}\t{right}\n"),
        (false, true) => format!("{}\t{same}\n", left + right),
        (false, false) => format!("{}\n", left + right + same),
    }
}

struct List<'a> {
    printer: Printer<'a>,
    graph: Option<Graph>,
    options: &'a LogOptions,
    own: &'a Own,
}

impl List<'_> {
    fn commit(&mut self, out: &mut Vec<u8>, shown: &Shown) -> Result<()> {
        if let Some(graph) = &mut self.graph {
            let sign = match (shown.side, mark(shown.side, self.options)) {
                (Side::Boundary, _) => 'o',
                (_, mark) => mark.chars().next().unwrap_or('*'),
            };
            graph.update(shown.oid, shown.drawn.clone(), sign);
            graph.begin(out);
        }
        let oneline = self.printer.format == Format::Oneline;
        let verbose = self.own.pretty || self.own.header;
        let mut text = Vec::new();
        if self.own.timestamp {
            text.extend_from_slice(format!("{} ", shown.commit.committer.seconds).as_bytes());
        }
        if !self.own.headless {
            let word = if self.own.pretty && !oneline { "commit " } else { "" };
            let mark = match self.graph {
                Some(_) => "",
                None => mark(shown.side, self.options),
            };
            text.extend_from_slice(&cat![word, mark, self.printer.id(&shown.oid)]);
        }
        let parents = shown.commit.parents.iter().filter(|_| self.options.parents);
        for relative in parents.chain(&shown.children) {
            text.extend_from_slice(&cat![" ", relative.hex()]);
        }
        text.extend_from_slice(&self.printer.labels(shown));
        if oneline {
            text.push(b' ');
        } else if verbose && !self.own.headless {
            text.push(b'\n');
        }
        let body = if verbose { self.printer.body(shown)? } else { Vec::new() };
        text.extend_from_slice(&body);
        match &mut self.graph {
            Some(graph) => {
                graph.message(out, &text);
                if body.ends_with(b"\n") {
                    out.extend_from_slice(graph.prefix().as_bytes());
                }
            }
            None => out.extend_from_slice(&text),
        }
        if !body.is_empty() || !verbose && !self.own.headless || oneline {
            out.push(if self.own.pretty || !verbose { b'\n' } else { 0 });
        }
        Ok(())
    }
}

fn mark(side: Side, options: &LogOptions) -> &'static str {
    match side {
        Side::Boundary => "-",
        Side::Same => "=",
        Side::Left if options.left_right => "<",
        Side::Right if options.left_right => ">",
        _ if options.graph => "*",
        _ if options.limits.cherry == Cherry::Mark => "+",
        _ => "",
    }
}

/// `--objects`: trees and blobs behind the commits, each once, with the first path it was found at.
struct Objects<'a> {
    files: &'a Files,
    repo: &'a Repo,
    paths: &'a Pathspec,
    nameless: bool,
    seen: BTreeSet<Oid>,
    out: Vec<u8>,
    count: usize,
}

impl Objects<'_> {
    /// What the shown commits have and the edge of what is left out has not.
    fn of(&mut self, shown: &[Shown], walk: &Walk<'_>) -> Result<()> {
        for parent in shown.iter().flat_map(|commit| &commit.parents) {
            if walk.is_hidden(parent) {
                let tree = self.repo.store.commit(self.files, parent)?.tree;
                self.visit(tree, b"", false)?;
            }
        }
        for commit in shown {
            self.visit(commit.commit.tree, b"", true)?;
        }
        Ok(())
    }

    /// The tags that lead to where the walk begins.
    fn tags(&mut self, starts: &[Start]) -> Result<()> {
        for start in starts.iter().filter(|start| !start.negated) {
            let mut oid = start.object;
            while oid != start.oid {
                let tag = self.repo.store.tag(self.files, &oid)?;
                if self.seen.insert(oid) {
                    self.line(&oid, &tag.name);
                }
                oid = tag.object;
            }
        }
        Ok(())
    }

    /// Trees and blobs that were named themselves.
    fn named(&mut self, pending: &[Pending]) -> Result<()> {
        for pending in pending {
            let path = pending.place.as_ref().map_or(b"".as_slice(), |(path, _)| path);
            match pending.kind {
                Kind::Tree => self.visit(pending.oid, path, !pending.negated)?,
                Kind::Blob if self.seen.insert(pending.oid) && !pending.negated => self.line(&pending.oid, path),
                _ => {}
            }
        }
        Ok(())
    }

    fn visit(&mut self, tree: Oid, path: &[u8], shown: bool) -> Result<()> {
        if !self.seen.insert(tree) {
            return Ok(());
        }
        if shown {
            self.line(&tree, path);
        }
        let slash = if path.is_empty() { "" } else { "/" };
        for entry in self.repo.store.tree(self.files, &tree)? {
            let below = cat![path, slash, entry.name];
            if !(self.paths.matches(&below) || entry.is_tree() && self.paths.may_match_below(&below)) {
                continue;
            }
            if entry.is_tree() {
                self.visit(entry.oid, &below, shown)?;
            } else if entry.mode != mode::GITLINK && self.seen.insert(entry.oid) && shown {
                self.line(&entry.oid, &below);
            }
        }
        Ok(())
    }

    fn line(&mut self, oid: &Oid, path: &[u8]) {
        let name = if self.nameless { Vec::new() } else { cat![" ", path] };
        self.out.extend_from_slice(&cat![oid.hex(), name, "\n"]);
        self.count += 1;
    }
}
