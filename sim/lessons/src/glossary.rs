//! `glossary.toml`: term -> `[word, definition]` in each language.

use crate::problem::Problems;
use crate::sources::{Sources, is_kebab, text, toml};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Word and definition in French.
    pub fr: (String, String),
    /// Word and definition in English.
    pub en: (String, String),
}

impl Entry {
    /// Word and definition in a language.
    pub fn in_language(&self, language: &str) -> &(String, String) {
        if language == "fr" { &self.fr } else { &self.en }
    }
}

/// All entries, by id.
pub type Glossary = BTreeMap<String, Entry>;

/// The path of the glossary.
pub const PATH: &str = "glossary.toml";

/// Reads the glossary; without the file it is empty.
pub fn read(sources: &Sources, problems: &mut Problems) -> Glossary {
    if !sources.contains_key(PATH) {
        return Glossary::new();
    }
    let content = problems.take(text(sources, PATH)).unwrap_or_default();
    let glossary: Glossary = problems.take(toml(PATH, content, 1)).unwrap_or_default();
    for (id, entry) in &glossary {
        let line = content
            .lines()
            .position(|line| line.trim() == format!("[{id}]"))
            .map_or(0, |at| at + 1);
        if !is_kebab(id) {
            problems.add(PATH, line, format!("{id:?}: expected kebab-case"));
        }
        for (word, definition) in [&entry.fr, &entry.en] {
            if word.is_empty() || definition.is_empty() {
                problems.add(PATH, line, format!("{id}: the word or its definition is empty"));
            }
        }
        crate::typography::check_text(PATH, line, &entry.fr.1, problems);
    }
    glossary
}
