//! Text as Git and diff(1) see it: lines, line differences, unified hunks,
//! `--stat`, three-way merges and rename similarity, byte for byte as
//! Git 2.47 prints them.
//!
//! Pure functions on bytes. **Invariant**: nothing here reads a file, a
//! clock, a locale or an environment variable, and no input may panic.
//!
//! Sources: E. Myers, "An O(ND) Difference Algorithm and Its Variations"
//! (1986); B. Cohen's patience diff; JGit's histogram diff; M. Haggerty's
//! slider experiments (the indent heuristic and its weights); and Git's own
//! behaviour, compared in `tests/` with the installed Git.

#![warn(missing_docs)]

mod diff;
mod function;
mod gnu;
mod hunk;
mod line;
mod merge;
mod similarity;
mod stat;

pub use diff::{Algorithm, Change, DiffOptions, Whitespace, diff, diff_bytes, diff_without_context};
pub use function::FunctionRule;
pub use gnu::{gnu_diff, gnu_normal, gnu_unified};
pub use hunk::{Hunk, HunkLine, HunkOptions, LineKind, hunks, unified};
pub use line::{is_binary, lines};
pub use merge::{Favor, Labels, MergeLevel, MergeOptions, MergeResult, MergeStyle, merge, merge_file};
pub use similarity::{SIMILARITY_SCORE_MAX, similarity, similarity_score};
pub use stat::{StatEntry, StatKind, StatOptions, count_lines, numstat_line, shortstat, stat};
