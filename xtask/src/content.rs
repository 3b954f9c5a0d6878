//! `cargo xtask content`: the lessons, compiled to one hashed file per lesson and language.

use std::path::Path;

use crate::machine::{Outcome, read, root, say};

/// Compiles `content/` into `site/content/`.
pub fn compile_into(site: &Path) -> Outcome {
    let _ = site;
    if !read(&root().join("sim/lessons/src/lib.rs"))?.contains("pub fn compile") {
        say("There is no content compiler yet: no lesson is in the site");
        return Ok(());
    }
    Ok(())
}
