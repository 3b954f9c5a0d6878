//! Lessons: content as data, read, checked, compiled for the page, and proved.
//!
//! The format is described in `docs/lesson-format.md`. Sources come as a map from path to bytes ([`Sources`]); nothing
//! here touches a disk.
//!
//! Reading order: [`sources`], [`problem`], [`structure`] (`lab.toml`), [`text`] (`lesson.<lang>.md`), [`directive`],
//! [`markdown`], [`typography`], [`glossary`], [`course`], [`lesson`] (all put together), [`prove`].

#![warn(missing_docs)]

pub mod sources;

pub mod problem;

pub mod structure;

pub mod text;

pub mod directive;

pub mod markdown;

pub mod typography;

pub mod glossary;

pub mod course;

pub mod lesson;

pub mod prove;

pub use problem::Problem;
pub use prove::{Failure, Report, prove};
pub use sources::{Sources, lesson_ids};

use lesson::Assembled;
use problem::Problems;
use std::collections::BTreeMap;
use structure::Structure;

/// The languages, the source first.
pub const LANGUAGES: [&str; 2] = ["fr", "en"];

/// Folder and id of the free lab.
pub const FREE_LAB: &str = "lab";

/// Everything read and checked, but not played.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Lessons, by `chapter/module/lesson`.
    pub lessons: BTreeMap<String, Checked>,
    /// The free lab, when `lab/lab.toml` is there.
    pub free_lab: Option<Structure>,
}

/// One lesson in all its languages.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What `lab.toml` says.
    pub structure: Structure,
    /// By language.
    pub languages: BTreeMap<&'static str, Assembled>,
}

/// Reads and checks all content.
pub fn read(sources: &Sources) -> Result<Content, Vec<Problem>> {
    let mut problems = Problems::default();
    let glossary = glossary::read(sources, &mut problems);
    let places = course::read(sources, &mut problems);
    let mut content = Content::default();
    if sources.contains_key(&format!("{FREE_LAB}/lab.toml")) {
        content.free_lab = structure::read(sources, FREE_LAB, &mut problems);
    }
    for (id, place) in places.iter().filter(|(_, place)| place.ready) {
        if !sources.contains_key(&format!("{id}/lab.toml")) {
            problems.add(course::PATH, 0, format!("{id} is ready, but {id}/lab.toml is missing"));
        }
        if place.minutes == 0 {
            problems.add(course::PATH, 0, format!("{id} is ready, but says no minutes"));
        }
        for before in place
            .prerequisites
            .iter()
            .filter(|before| !places.contains_key(*before))
        {
            problems.add(
                course::PATH,
                0,
                format!("{id} requires {before}, which is not in the map"),
            );
        }
    }
    for id in lesson_ids(sources) {
        let Some(place) = places.get(&id) else {
            problems.add(&format!("{id}/lab.toml"), 0, "the lesson is not in course.toml");
            continue;
        };
        let Some(structure) = structure::read(sources, &id, &mut problems) else {
            continue;
        };
        let mut checked = Checked {
            structure,
            ..Checked::default()
        };
        for language in LANGUAGES {
            let Some(text) = text::read(sources, &id, language, &mut problems) else {
                continue;
            };
            translation(sources, &id, language, &text, &mut problems);
            let assembled = lesson::assemble(&checked.structure, &text, language, place, &glossary, &mut problems);
            checked.languages.insert(language, assembled);
        }
        same_runs(&id, &checked, &mut problems);
        content.lessons.insert(id, checked);
    }
    problems.list.sort();
    problems.list.dedup();
    if problems.list.is_empty() {
        Ok(content)
    } else {
        Err(problems.list)
    }
}

/// A translation names the hash of the French file it was made from.
fn translation(sources: &Sources, id: &str, language: &str, text: &text::Text, problems: &mut Problems) {
    let source = sources.get(&format!("{id}/lesson.fr.md"));
    let now = source.map(|source| sources::hash(source, 16));
    let named = &text.front.source;
    let line = text.front_line_of("source");
    match language {
        "fr" if named.is_some() => problems.add(&text.path, line, "the French text is the source: it names none"),
        "fr" => {}
        _ if *named == now => {}
        _ => {
            let now = now.unwrap_or_default();
            problems.add(
                &text.path,
                line,
                format!("stale translation: once it follows the French text, source = \"{now}\""),
            );
        }
    }
}

/// What is run is the same in every language.
fn same_runs(id: &str, checked: &Checked, problems: &mut Problems) {
    let commands = |assembled: &Assembled| {
        let text = |play: &lesson::Play| match play {
            lesson::Play::Run(run) => Some(run.text.clone()),
            lesson::Play::Step(_) => None,
        };
        assembled.plays.iter().filter_map(text).collect::<Vec<_>>()
    };
    let Some(source) = checked.languages.get(LANGUAGES[0]).map(commands) else {
        return;
    };
    for (language, assembled) in &checked.languages {
        let here = commands(assembled);
        if let Some(at) = (0..source.len().max(here.len())).find(|at| source.get(*at) != here.get(*at)) {
            let message = format!("`run` block number {} differs from the French one", at + 1);
            problems.add(&format!("{id}/lesson.{language}.md"), 0, message);
        }
    }
}

/// Compiles all content for the page: `content/<id>.<language>.<hash>.bin` (postcard of a lesson, slashes of the id as
/// dashes), `content/lab.<hash>.bin` (postcard of the free lab's `LabSpec`; `lab` in the index) and
/// `content/index.json`.
pub fn compile(sources: &Sources) -> Result<Vec<(String, Vec<u8>)>, Vec<Problem>> {
    let content = read(sources)?;
    let mut files = Vec::new();
    let mut index = Vec::new();
    for (id, checked) in &content.lessons {
        for (language, assembled) in &checked.languages {
            let bytes = postcard::to_allocvec(&assembled.lesson).map_err(|error| {
                vec![Problem::new(
                    &format!("{id}/lesson.{language}.md"),
                    0,
                    format!("cannot be compiled: {error}"),
                )]
            })?;
            let name = format!("{}.{language}.{}.bin", id.replace('/', "-"), sources::hash(&bytes, 12));
            index.push(format!("[\"{id}.{language}\",\"{name}\"]"));
            files.push((format!("content/{name}"), bytes));
        }
    }
    if let Some(free) = &content.free_lab {
        let bytes = postcard::to_allocvec(&free.lab)
            .map_err(|error| vec![Problem::new(FREE_LAB, 0, format!("cannot be compiled: {error}"))])?;
        let name = format!("{FREE_LAB}.{}.bin", sources::hash(&bytes, 12));
        index.push(format!("[\"{FREE_LAB}\",\"{name}\"]"));
        files.push((format!("content/{name}"), bytes));
    }
    let index = format!("{{\"files\":[{}]}}\n", index.join(","));
    files.push(("content/index.json".to_owned(), index.into_bytes()));
    Ok(files)
}
