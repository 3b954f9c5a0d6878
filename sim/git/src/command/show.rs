//! `git show`.

use super::Command;
use super::diff::emit;
use super::log::{printer, read_arguments, run};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::log::options::{LogOptions, Merges};
use crate::log::pretty::Format;
use crate::log::show::Writer;
use crate::log::starts;
use crate::log::walk::{Start, Walk};
use crate::object::{Kind, Tag};
use crate::oid::Oid;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next};
use crate::repo::Repo;
use std::collections::BTreeSet;

pub(super) const COMMAND: Command = Command {
    name: "show",
    main,
    usage: include_str!("../usage/show.txt"),
    help_on_stderr: false,
    paged: true,
    supported: &["*"],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.repo()?;
    let mut options = LogOptions::new(cx, &repo)?;
    options.read(cx, &repo, args)?;
    options.merges_only = false;
    if options.merges == Merges::Unset {
        options.merges = Merges::Dense;
    }
    if options.diff.formats.is_unset() {
        options.diff.formats.patch = true;
    }
    let arguments = read_arguments(cx, &repo, &options)?;
    let ranges = arguments.pending.iter().any(|pending| pending.negated);
    if ranges {
        let text = run(cx, &repo, &mut options)?;
        emit(cx, &options.diff, text)?;
        return Ok(Next::Exit(if options.complained { 2 } else { 0 }));
    }
    if options.graph {
        return Err(Fault::fatal(
            "options '--no-walk' and '--graph' cannot be used together",
        ));
    }
    let paths = Pathspec::parse(&repo, &arguments.paths)?;
    let mut objects: Vec<(Vec<u8>, Oid)> = arguments.pending.iter().map(|p| (p.name.clone(), p.oid)).collect();
    if objects.is_empty() {
        let starts = starts::gather(cx, &repo, &options, &arguments, true)?;
        objects = starts.into_iter().map(|start| (start.name, start.object)).collect();
    }
    options.limits.no_walk = Some(false);
    let mut out = Vec::new();
    let mut shower = Shower {
        repo: &repo,
        writer: Writer::new(printer(cx, &repo, &options), &options, paths),
        shown: BTreeSet::new(),
    };
    for (name, oid) in objects {
        shower.object(&mut out, &name, oid)?;
    }
    let complained = shower.writer.complained;
    emit(cx, &options.diff, out)?;
    Ok(Next::Exit(if complained { 2 } else { 0 }))
}

struct Shower<'a> {
    repo: &'a Repo,
    writer: Writer<'a>,
    /// Commits are shown once.
    shown: BTreeSet<Oid>,
}

impl Shower<'_> {
    fn object(&mut self, out: &mut Vec<u8>, name: &[u8], oid: Oid) -> Result<()> {
        let files = self.writer.printer.files;
        let object = self.repo.store.get(files, &oid)?;
        let colors = self.writer.printer.colors.clone();
        let (yellow, reset) = (colors.start("diff.commit", "yellow"), colors.reset());
        match object.kind {
            Kind::Blob => out.extend_from_slice(&object.content),
            Kind::Tree => {
                self.gap(out);
                out.extend_from_slice(&cat![yellow, "tree ", name, reset, "\n\n"]);
                for entry in self.repo.store.tree(files, &oid)? {
                    let slash = if entry.is_tree() { "/" } else { "" };
                    out.extend_from_slice(&cat![entry.name, slash, "\n"]);
                }
            }
            Kind::Tag => {
                self.gap(out);
                let tag = self.repo.store.tag(files, &oid)?;
                out.extend_from_slice(&cat![yellow, "tag ", tag.name, reset, "\n"]);
                out.extend_from_slice(&self.tagger(&tag));
                out.extend_from_slice(&cat!["\n", tag.message]);
                self.object(out, name, tag.object)?;
            }
            Kind::Commit if !self.shown.insert(oid) => {}
            Kind::Commit => {
                let paths = self.writer.paths.clone();
                let start = Start {
                    oid,
                    ..Start::default()
                };
                let limits = &self.writer.options.limits;
                for shown in Walk::new(self.repo, files, &paths, limits).run(&[start])? {
                    self.writer.commit(out, &shown)?;
                }
            }
        }
        Ok(())
    }

    /// Who made a tag, as the format of commits says.
    fn tagger(&self, tag: &Tag) -> Vec<u8> {
        let printer = &self.writer.printer;
        let Some(tagger) = &tag.tagger else {
            return Vec::new();
        };
        let (who, date) = (tagger.who(), printer.date(tagger));
        match printer.format {
            Format::Oneline => Vec::new(),
            Format::Medium => cat!["Tagger: ", who, "\nDate:   ", date, "\n"],
            Format::Fuller => cat!["Tagger:     ", who, "\nTaggerDate: ", date, "\n"],
            _ => cat!["Tagger: ", who, "\n"],
        }
    }

    fn gap(&mut self, out: &mut Vec<u8>) {
        if self.writer.has_shown() {
            out.push(b'\n');
        }
        self.writer.set_shown();
    }
}
