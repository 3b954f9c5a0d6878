//! `cargo xtask content`: the lessons, compiled to one hashed file per lesson and language.

use std::path::Path;

use crate::machine::{Outcome, Run, remove_folder, root};

/// Compiles `content/` into `site/content/`.
pub fn compile_into(site: &Path) -> Outcome {
    // Names are hashed: what an earlier content left would stay for ever.
    remove_folder(&site.join("content"))?;
    Run::cargo()
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "xtask",
            "--features",
            "content",
            "--bin",
            "content",
            "--",
        ])
        .args([root().join("content").as_path(), site])
        .hint("Each problem is told above with its file and line; the format is in docs/lesson-format.md.")
        .run()
}
