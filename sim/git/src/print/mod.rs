//! The exact bytes of `git status` in its formats, and of what `git commit` says.

pub mod long;
pub mod porcelain;
pub mod short;
pub mod summary;
