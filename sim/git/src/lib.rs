//! Git 2.47 over virtual files: the true on-disk format, and the true output byte for byte.
//!
//! Reading order, from the ground up:
//! * [`oid`], [`object`], [`store`]: object ids, objects, loose objects and packs;
//! * [`config`], [`refs`], [`index`], [`repo`]: the rest of a `.git` folder, and finding it;
//! * [`date`], [`ident`], [`revision`], [`walk`], [`regex`]: naming and ordering commits;
//! * [`wildmatch`], [`ignore`], [`pathspec`], [`worktree`]: the working tree;
//! * [`output`], [`fault`], [`process`], [`cli`]: how a command reads its words, runs, prints and fails;
//! * `command`: one file a command;
//! * [`engine`]: Git towards the lab: view and facts.
//!
//! **Invariants.** Everything a repository is lies in the machine's files: the engine itself keeps no state, so a
//! snapshot of the files is a snapshot of Git. What is written is accepted by the real Git, and object ids are equal
//! to its own. No command pretends: what is missing says so and stands in `gaps.toml`.

#![warn(missing_docs)]

pub mod bytes;
pub mod carrying;
mod checkout;
pub mod cli;
mod command;
pub mod complete;
pub mod config;
pub mod date;
pub mod diff;
pub mod engine;
pub mod fault;
pub mod ident;
pub mod ignore;
pub mod index;
pub mod listing;
pub mod log;
pub mod merge;
pub mod message;
pub mod object;
pub mod oid;
pub mod output;
pub mod pathspec;
pub mod print;
pub mod process;
pub mod refs;
pub mod regex;
pub mod renames;
pub mod repo;
mod restoring;
pub mod revision;
pub mod state;
pub mod status;
pub mod store;
mod switching;
pub mod tracking;
pub mod tree;
pub mod walk;
pub mod wildmatch;
pub mod worktree;

pub use engine::Git;
pub use fault::{Fault, Result};
pub use oid::Oid;
pub use process::{Cx, GitProcess, Next, Outcome, Then};
pub use repo::Repo;

use essaim_kernel::Program;

/// The programs Git adds to a machine.
pub const PROGRAMS: &[Program] = &[Program {
    name: "git",
    path: "/usr/bin/git",
    summary: "the stupid content tracker",
    start: GitProcess::start,
    complete: Some(complete::candidates),
}];
