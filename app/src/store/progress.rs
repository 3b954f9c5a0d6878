//! What was done, a lesson a line: it can be read, compared and merged.

use std::collections::{BTreeMap, BTreeSet};

/// What was done in one lesson.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LessonProgress {
    /// Version of the content it was done on.
    pub content: String,
    pub steps: BTreeSet<String>,
    /// Quiz questions answered right.
    pub quiz: BTreeSet<String>,
    /// How many steps the lesson had when it was last open.
    pub steps_count: usize,
    /// The step the learner was at.
    pub at: String,
    /// Milliseconds since 1970.
    pub when: f64,
}

impl LessonProgress {
    pub fn done(&self) -> bool {
        self.steps_count > 0 && self.steps.len() >= self.steps_count
    }

    pub fn share(&self) -> f64 {
        if self.steps_count == 0 {
            0.0
        } else {
            self.steps.len() as f64 / self.steps_count as f64
        }
    }
}

/// What was done in the course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub lessons: BTreeMap<String, LessonProgress>,
}

impl Progress {
    pub fn lesson(&self, path: &str) -> Option<&LessonProgress> {
        self.lessons.get(path)
    }

    /// The lesson worked on last.
    pub fn last(&self) -> Option<(&str, &LessonProgress)> {
        self.lessons
            .iter()
            .max_by(|a, b| a.1.when.total_cmp(&b.1.when))
            .map(|(k, v)| (k.as_str(), v))
    }

    pub fn forget(&mut self, path: &str) {
        self.lessons.remove(path);
    }

    /// Adds what another record knows.
    pub fn merge(&mut self, other: &Self) {
        for (path, theirs) in &other.lessons {
            let ours = self.lessons.entry(path.clone()).or_default();
            ours.steps.extend(theirs.steps.iter().cloned());
            ours.quiz.extend(theirs.quiz.iter().cloned());
            if theirs.when > ours.when {
                ours.content.clone_from(&theirs.content);
                ours.steps_count = theirs.steps_count;
                ours.at.clone_from(&theirs.at);
                ours.when = theirs.when;
            }
        }
    }

    /// `path | content | when | steps count | at | step,step | question,question`
    pub fn write(&self) -> String {
        let mut out = String::new();
        for (path, l) in &self.lessons {
            let join = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(",");
            out.push_str(&format!(
                "{path}|{}|{}|{}|{}|{}|{}\n",
                l.content,
                l.when as u64,
                l.steps_count,
                l.at,
                join(&l.steps),
                join(&l.quiz)
            ));
        }
        out
    }

    pub fn read(text: &str) -> Option<Self> {
        let mut progress = Self::default();
        for line in text.lines() {
            let mut fields = line.split('|');
            let path = fields.next()?.to_owned();
            let split = |text: &str| text.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect();
            let lesson = LessonProgress {
                content: fields.next()?.to_owned(),
                when: fields.next()?.parse::<u64>().ok()? as f64,
                steps_count: fields.next()?.parse().ok()?,
                at: fields.next()?.to_owned(),
                steps: split(fields.next()?),
                quiz: split(fields.next()?),
            };
            progress.lessons.insert(path, lesson);
        }
        Some(progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(step: &str, when: f64) -> Progress {
        let lesson = LessonProgress {
            content: "c1".into(),
            steps: [step.to_owned()].into(),
            quiz: BTreeSet::new(),
            steps_count: 2,
            at: step.into(),
            when,
        };
        Progress {
            lessons: [("a/b/c".to_owned(), lesson)].into(),
        }
    }

    #[test]
    fn it_reads_what_it_writes() {
        let p = sample("one", 5.0);
        assert_eq!(Progress::read(&p.write()), Some(p));
        assert_eq!(Progress::read("a|b"), None);
    }

    #[test]
    fn two_tabs_add_up() {
        let mut a = sample("one", 5.0);
        a.merge(&sample("two", 9.0));
        let l = a.lesson("a/b/c").unwrap();
        assert!(l.done());
        assert_eq!((l.at.as_str(), l.when), ("two", 9.0));
    }
}
