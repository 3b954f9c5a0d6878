//! `git log` and `git show`: which commits, in which order, and how they are written.

pub mod arguments;
pub mod decorate;
mod fields;
pub mod graph;
pub mod options;
pub mod pretty;
pub mod show;
pub mod walk;
