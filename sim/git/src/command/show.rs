//! `git show`.

use super::Command;
use super::log::{no_commits, printer, read_arguments, run};
use crate::cat;
use crate::fault::Result;
use crate::log::options::{LogOptions, Merges};
use crate::log::show::Writer;
use crate::object::Kind;
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
    if options.merges == Merges::Unset {
        options.merges = Merges::Dense;
    }
    if options.diff.formats.is_unset() {
        options.diff.formats.patch = true;
    }
    let arguments = read_arguments(cx, &repo, &options)?;
    let ranges = arguments.pending.iter().any(|pending| pending.negated);
    if ranges || !options.tips.is_empty() {
        options.no_walk = !ranges;
        let text = run(cx, &repo, &mut options)?;
        cx.print(text);
        return Ok(Next::Exit(0));
    }
    let paths = Pathspec::parse(&repo, &arguments.paths)?;
    let mut objects: Vec<(Vec<u8>, Oid)> = arguments.pending.iter().map(|p| (p.name.clone(), p.oid)).collect();
    if objects.is_empty() {
        let Some(head) = repo.refs.head(cx.files()) else {
            return Err(no_commits(cx, &repo));
        };
        objects.push((b"HEAD".to_vec(), head));
    }
    let mut out = Vec::new();
    let mut shower = Shower {
        repo: &repo,
        writer: Writer::new(printer(cx, &repo, &options), &options, paths),
        shown: BTreeSet::new(),
    };
    for (name, oid) in objects {
        shower.object(&mut out, &name, oid)?;
    }
    cx.print(out);
    Ok(Next::Exit(0))
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
                if let Some(tagger) = &tag.tagger {
                    out.extend_from_slice(&cat![
                        "Tagger: ",
                        tagger.who(),
                        "\nDate:   ",
                        self.writer.printer.date(tagger),
                        "\n"
                    ]);
                }
                out.extend_from_slice(&cat!["\n", tag.message]);
                self.object(out, name, tag.object)?;
            }
            Kind::Commit if !self.shown.insert(oid) => {}
            Kind::Commit => {
                let commit = self.repo.store.commit(files, &oid)?;
                self.writer.commit(out, &oid, &commit, &[], None)?;
            }
        }
        Ok(())
    }

    fn gap(&mut self, out: &mut Vec<u8>) {
        if self.writer.has_shown() {
            out.push(b'\n');
        }
        self.writer.set_shown();
    }
}
