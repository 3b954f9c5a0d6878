//! Compiles the lessons: `content SOURCES SITE`. Called by `cargo xtask content` and `build`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use essaim_lessons::Sources;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(sources), Some(site)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: content SOURCES SITE");
        return ExitCode::from(2);
    };
    match compile(&sources, &site) {
        Ok(count) => {
            eprintln!("    {count} files of content");
            ExitCode::SUCCESS
        }
        Err(told) => {
            eprintln!("{told}");
            ExitCode::FAILURE
        }
    }
}

fn compile(folder: &Path, site: &Path) -> Result<usize, String> {
    let mut sources = Sources::new();
    read(folder, folder, &mut sources).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let files = essaim_lessons::compile(&sources).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| format!("content/{problem}")).collect();
        format!("{}\n{} problems in the content", lines.join("\n"), lines.len())
    })?;
    for (name, bytes) in &files {
        let path = site.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(files.len())
}

fn read(folder: &Path, top: &Path, sources: &mut Sources) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, top, sources)?;
        } else {
            let inner = path.strip_prefix(top).unwrap_or(&path);
            let parts: Vec<_> = inner
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            sources.insert(parts.join("/"), std::fs::read(&path)?);
        }
    }
    Ok(())
}
