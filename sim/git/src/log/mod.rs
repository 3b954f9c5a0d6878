//! `git log` and `git show`: which commits, in which order, and how they are written.

pub mod arguments;
mod choose;
pub mod decorate;
pub(crate) mod fields;
pub mod graph;
mod layout;
pub mod limits;
pub mod options;
pub mod pretty;
pub mod show;
mod sides;
mod simplify;
pub mod starts;
pub(crate) mod trailers;
pub mod walk;
