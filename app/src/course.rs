//! The course map: what `content/course.toml` says, linked into the page.

use crate::text::{Both, Lang};

/// One chapter, with the chapters it builds on.
#[derive(Debug)]
pub struct Chapter {
    pub id: &'static str,
    pub name: Both,
    /// Name on the map, where room is short.
    pub short: Both,
    pub summary: Both,
    pub tags: &'static [&'static str],
    pub requires: &'static [&'static str],
    pub modules: &'static [Module],
}

/// One module of a chapter.
#[derive(Debug)]
pub struct Module {
    pub id: &'static str,
    pub name: Both,
    pub lessons: &'static [Lesson],
}

/// One point of the outline: a lesson, built or yet to come.
#[derive(Debug)]
pub struct Lesson {
    pub id: &'static str,
    pub name: Both,
    /// Teaching and exercise together; 0 where the lesson is not written yet.
    pub minutes: u16,
    pub ready: bool,
}

/// The whole outline, in order.
pub static COURSE: &[Chapter] = include!(concat!(env!("OUT_DIR"), "/course.rs"));

/// A lesson with the place it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub chapter_index: usize,
    pub chapter: &'static Chapter,
    pub module: &'static Module,
    pub lesson: &'static Lesson,
}

impl Place {
    /// `chapter/module/lesson`: the name under which progress and content are kept.
    pub fn path(&self) -> String {
        format!("{}/{}/{}", self.chapter.id, self.module.id, self.lesson.id)
    }

    /// The address of the lesson inside the page.
    pub fn href(&self) -> String {
        format!("#/l/{}", self.path())
    }
}

/// Every lesson in the order of the outline.
pub fn places() -> impl Iterator<Item = Place> {
    COURSE.iter().enumerate().flat_map(|(chapter_index, chapter)| {
        chapter.modules.iter().flat_map(move |module| {
            module.lessons.iter().map(move |lesson| Place {
                chapter_index,
                chapter,
                module,
                lesson,
            })
        })
    })
}

/// The lesson that `chapter/module/lesson` names.
pub fn find(chapter: &str, module: &str, lesson: &str) -> Option<Place> {
    places().find(|p| p.chapter.id == chapter && p.module.id == module && p.lesson.id == lesson)
}

/// The lesson of that path.
pub fn at(path: &str) -> Option<Place> {
    places().find(|p| p.path() == path)
}

/// The chapter of that id, with its place in the order.
pub fn chapter(id: &str) -> Option<(usize, &'static Chapter)> {
    COURSE.iter().enumerate().find(|(_, c)| c.id == id)
}

impl Chapter {
    /// All points of the chapter.
    pub fn lessons(&self) -> impl Iterator<Item = &'static Lesson> {
        self.modules.iter().flat_map(|m| m.lessons.iter())
    }

    /// The chapter's name in that language.
    pub fn title(&self, lang: Lang) -> &'static str {
        self.name.get(lang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_is_whole() {
        assert_eq!(COURSE.len(), 9);
        assert_eq!(COURSE.iter().map(|c| c.modules.len()).sum::<usize>(), 15);
        assert_eq!(places().count(), 44);
        assert!(find("fondations", "git", "commits-branches-merges").is_some_and(|p| p.lesson.ready));
    }

    #[test]
    fn prerequisites_come_before() {
        for (at, c) in COURSE.iter().enumerate() {
            for id in c.requires {
                assert!(
                    chapter(id).is_some_and(|(before, _)| before < at),
                    "{id} before {}",
                    c.id
                );
            }
        }
    }
}
