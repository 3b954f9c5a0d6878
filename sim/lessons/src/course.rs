//! What `course.toml` says of a lesson: its place, its minutes, what to have done before.

use crate::problem::Problems;
use crate::sources::{Sources, text, toml};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The path of the course map.
pub const PATH: &str = "course.toml";

/// What the map says of one lesson. The map itself is the page's: what else it says is not read here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Minutes it takes.
    pub minutes: u32,
    /// Lessons to have done before, by id.
    pub prerequisites: Vec<String>,
    /// Whether it can be opened.
    pub ready: bool,
}

#[derive(Deserialize)]
struct Course {
    #[serde(default)]
    chapter: Vec<Chapter>,
}

#[derive(Deserialize)]
struct Chapter {
    id: String,
    #[serde(default)]
    module: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    id: String,
    #[serde(default)]
    lesson: Vec<Lesson>,
}

#[derive(Deserialize)]
struct Lesson {
    id: String,
    #[serde(default)]
    minutes: u32,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    state: String,
}

/// The lessons of the map, by `chapter/module/lesson`.
pub fn read(sources: &Sources, problems: &mut Problems) -> BTreeMap<String, Place> {
    let Some(content) = problems.take(text(sources, PATH)) else {
        return BTreeMap::new();
    };
    let Some(course) = problems.take(toml::<Course>(PATH, content, 1)) else {
        return BTreeMap::new();
    };
    let mut places = BTreeMap::new();
    for chapter in course.chapter {
        for module in chapter.module {
            for lesson in module.lesson {
                let id = format!("{}/{}/{}", chapter.id, module.id, lesson.id);
                let place = Place {
                    minutes: lesson.minutes,
                    prerequisites: lesson.requires,
                    ready: lesson.state == "ready",
                };
                places.insert(id, place);
            }
        }
    }
    places
}
