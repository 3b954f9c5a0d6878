//! `SQUASH_MSG`: the commits that became one.

use super::Job;
use crate::cat;
use crate::fault::Result;
use crate::log::decorate::Decorations;
use crate::log::pretty::{Format, Printer};
use crate::log::walk::Shown;
use crate::oid::Oid;
use crate::output::Colors;
use crate::process::Cx;
use crate::walk::History;

pub(super) fn message(cx: &Cx<'_, '_>, job: &Job) -> Result<Vec<u8>> {
    let (repo, files) = (&job.repo, cx.files());
    let printer = Printer {
        repo,
        files,
        format: Format::Medium,
        date: crate::date::Mode::Default,
        clock: cx.clock(),
        colors: Colors::off(),
        decorations: Decorations::default(),
        decorate: false,
        abbrev_commit: false,
        abbrev: None,
        show_parents: false,
        show_source: false,
        tab_columns: None,
    };
    let mut history = History::new(&repo.store, files);
    let tips: Vec<Oid> = job.heads.iter().map(|head| head.oid).collect();
    let mut out = b"Squashed commit of the following:\n".to_vec();
    for oid in history.by_date(&tips, &[job.head])? {
        let commit = history.commit(&oid)?.as_ref().clone();
        out.extend_from_slice(&cat![
            "\ncommit ",
            oid.hex(),
            "\n",
            printer.body(&Shown::alone(oid, commit))?
        ]);
    }
    Ok(out)
}
