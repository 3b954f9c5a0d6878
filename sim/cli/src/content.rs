//! The content folder, read from the disk.

use crate::Fault;
use crate::arguments::ContentFolder;
use essaim_lessons::{Checked, Content, Sources};
use essaim_proto_lab::spec::LabSpec;
use std::path::{Path, PathBuf};

/// The content folder: the one that was named, or `content` here or in a folder above.
pub fn folder(named: &ContentFolder) -> Result<PathBuf, Fault> {
    if let Some(named) = named {
        return Ok(named.clone());
    }
    let here = std::env::current_dir()?;
    let found = here
        .ancestors()
        .map(|folder| folder.join("content"))
        .find(|c| c.join("course.toml").is_file());
    found.ok_or_else(|| Fault("no `content/course.toml` here or in a folder above: name it with --content".to_owned()))
}

/// Its files.
pub fn sources(folder: &Path) -> Result<Sources, Fault> {
    let mut sources = Sources::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(here) = ahead.pop() {
        let entries = std::fs::read_dir(&here).map_err(|error| format!("{}: {error}", here.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                ahead.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            let content = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            sources.insert(name, content);
        }
    }
    Ok(sources)
}

/// Everything, read and checked; problems become one message.
pub fn read(named: &ContentFolder) -> Result<(Sources, Content), Fault> {
    let sources = sources(&folder(named)?)?;
    let content = essaim_lessons::read(&sources).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Fault(format!("the content has problems:\n{}", lines.join("\n")))
    })?;
    Ok((sources, content))
}

/// One lesson, by its id or the last part of it.
pub fn lesson(named: &ContentFolder, id: &str) -> Result<Checked, Fault> {
    let (_, mut content) = read(named)?;
    let full = full_id(&content, id)?;
    Ok(content.lessons.remove(&full).unwrap_or_default())
}

/// The free lab of the course, when it has one.
pub fn free_lab(named: &ContentFolder) -> Result<Option<LabSpec>, Fault> {
    Ok(read(named)?.1.free_lab.map(|structure| structure.lab))
}

/// The whole id of a lesson that is named by it or by its last part.
pub fn full_id(content: &Content, id: &str) -> Result<String, Fault> {
    let fits = |known: &&String| *known == id || known.rsplit('/').next() == Some(id);
    let found: Vec<&String> = content.lessons.keys().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Fault(format!(
            "there is no lesson {id:?}; `essaim lesson list` names them"
        ))),
        _ => Err(Fault(format!("several lessons end in {id:?}: give the whole id"))),
    }
}
