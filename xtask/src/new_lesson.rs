//! `cargo xtask new-lesson CHAPTER MODULE LESSON`: the folder of a new lesson, with one step of
//! everything that a lesson needs, so that an author fills in and adds instead of copying.
//!
//! What comes out is well formed and can be played; every text to be written says so with the
//! words of [`PLACEHOLDER`], and `essaim lesson check` tells where they remain.

use crate::machine::{Failure, Outcome, read, root, say, write};

/// Stands in every text that the author has to write, in both languages.
pub const PLACEHOLDER: &str = "À ÉCRIRE";

/// `cargo xtask new-lesson`.
pub fn command(arguments: &[String]) -> Outcome {
    let [chapter, module, lesson] = arguments else {
        return Err(Failure::new("new-lesson needs a chapter, a module and a name").hint(
            "cargo xtask new-lesson CHAPTER MODULE LESSON\nFor example: cargo xtask new-lesson fondations git gitflow\n\
             The chapters and modules are those of content/course.toml.",
        ));
    };
    if !is_id(lesson) {
        return Err(Failure::new(format!("`{lesson}` cannot be the id of a lesson")).hint(
            "Ids are kebab-case (a-z, 0-9, -), in no language's order, and stable for ever: they are in links.",
        ));
    }
    let folder = root().join("content").join(chapter).join(module).join(lesson);
    if folder.exists() {
        return Err(Failure::new(format!("{} is already there", folder.display())));
    }
    let map = root().join("content/course.toml");
    let course = with_lesson(&read(&map)?, chapter, module, lesson)?;
    let files = [
        ("lab.toml", LAB.to_owned()),
        ("lesson.en.md", text("en")),
        ("lesson.fr.md", text("fr")),
        ("solution.case", SOLUTION.to_owned()),
        ("wrong-ailleurs.case", WRONG_PLACE.to_owned()),
        ("wrong-vide.case", WRONG_EMPTY.to_owned()),
        ("files/LISEZMOI.md", format!("{PLACEHOLDER}\n")),
    ];
    for (name, content) in &files {
        write(&folder.join(name), content)?;
        eprintln!("    content/{chapter}/{module}/{lesson}/{name}");
    }
    write(&map, course)?;
    say("Next: write what says À ÉCRIRE (the format is in docs/lesson-format.md), then");
    eprintln!("    cargo run -p essaim-cli -- lesson check {chapter}/{module}/{lesson}");
    eprintln!("    and set state = \"ready\" in content/course.toml once it passes.");
    Ok(())
}

fn is_id(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split('-').all(part) && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// The map of the course with the lesson in it: unchanged where it stands there as planned, else
/// with an entry at the end of its module. The file is edited as text, which keeps its comments.
fn with_lesson(course: &str, chapter: &str, module: &str, lesson: &str) -> Outcome<String> {
    let lines: Vec<&str> = course.lines().collect();
    let is_table = |line: &str| line.starts_with('[');
    let id = |start: usize| -> Option<&str> {
        let body = lines[start + 1..].iter().take_while(|line| !is_table(line));
        body.filter_map(|line| line.strip_prefix("id = "))
            .map(|value| value.trim().trim_matches('"'))
            .next()
    };
    let (mut in_chapter, mut in_module) = (false, false);
    let (mut chapters, mut modules) = (Vec::new(), Vec::new());
    let mut insert_at = None;
    for (number, line) in lines.iter().enumerate() {
        match *line {
            "[[chapter]]" => {
                in_module = false;
                in_chapter = id(number) == Some(chapter);
                chapters.extend(id(number));
            }
            "[[chapter.module]]" if in_chapter => {
                in_module = id(number) == Some(module);
                modules.extend(id(number));
            }
            "[[chapter.module.lesson]]" if in_module && id(number) == Some(lesson) => return Ok(course.to_owned()),
            _ => {}
        }
        if in_module && !line.trim().is_empty() && !line.starts_with('#') {
            insert_at = Some(number + 1);
        }
    }
    let Some(at) = insert_at else {
        return Err(if chapters.contains(&chapter) {
            Failure::new(format!("the chapter {chapter} has no module `{module}`"))
                .hint(format!("Its modules: {}", modules.join(", ")))
        } else {
            Failure::new(format!("there is no chapter `{chapter}`")).hint(format!("Chapters: {}", chapters.join(", ")))
        });
    };
    let entry = format!(
        "[[chapter.module.lesson]]\nid = \"{lesson}\"\nfr = \"{PLACEHOLDER}\"\nen = \"{PLACEHOLDER}\"\nminutes = 45\nstate = \"planned\""
    );
    let mut all = lines[..at].to_vec();
    all.extend(entry.lines());
    all.extend(&lines[at..]);
    Ok(all.join("\n") + "\n")
}

const LAB: &str = r#"engines = ["git"]
seed = 1
start = "2026-03-02T08:30:00Z"
time_zone = "Europe/Paris"
user = "camille"
host = "essaim"
folder = "~/projet"
command_seconds = 20
setup = ["git config --global user.name 'Camille Roy'", "git config --global user.email camille@example.org"]

[[step]]
id = "premier-pas"
[[step.goal]]
id = "rapport"
all = [["file.\"~/projet/rapport.txt\".text", "contains", "total"]]
[[step.keep]]
id = "notice"
all = [["file.\"~/projet/LISEZMOI.md\".exists", "=", true]]
[[step.wrong]]
id = "vide"
all = [["file.\"~/projet/rapport.txt\".exists", "=", true], ["file.\"~/projet/rapport.txt\".text", "lacks", "total"]]
[[step.wrong]]
id = "ailleurs"
all = [["file.\"~/rapport.txt\".exists", "=", true]]

[[quiz]]
id = "premiere-question"
choices = ["a", "b", "c"]
right = ["b"]
"#;

const SOLUTION: &str = "--- premier-pas ---\n$ echo total 3 > rapport.txt\n";
const WRONG_EMPTY: &str = "--- premier-pas ---\n$ touch rapport.txt\n";
const WRONG_PLACE: &str = "--- premier-pas ---\n$ echo total 3 > ~/rapport.txt\n";

/// The text of one language. A translation names the hash of the French text it follows: the check
/// tells which, once that is written.
fn text(language: &str) -> String {
    let to_write = PLACEHOLDER;
    let source = if language == "fr" {
        String::new()
    } else {
        format!("source = \"{to_write}\"\n")
    };
    let command = match language {
        "fr" => "`echo total 3 > rapport.txt`",
        _ => "run `echo total 3 > rapport.txt`",
    };
    format!(
        r#"+++
{source}title = "{to_write}"
summary = "{to_write}"
objectives = ["{to_write}"]
key_points = ["{to_write}"]

[step.premier-pas]
title = "{to_write}"
[step.premier-pas.goal]
rapport = "{to_write}"
[step.premier-pas.keep]
notice = "{to_write}"
[step.premier-pas.hint]
lead = "{to_write}"
method = "{to_write}"
command = "{to_write} {command}"
[step.premier-pas.wrong]
vide = "{to_write}"
ailleurs = "{to_write}"

[quiz.premiere-question]
text = "{to_write}"
[quiz.premiere-question.choice]
a = ["{to_write}", "{to_write}"]
b = ["{to_write}", "{to_write}"]
c = ["{to_write}", "{to_write}"]
+++
{to_write}

```run
$ ls
  LISEZMOI.md
```

::: step premier-pas
{to_write}
::: success
{to_write}
:::
:::

::: real-life
{to_write}
:::

::: quiz
:::
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = "# map\n[[chapter]]\nid = \"a\"\n\n[[chapter.module]]\nid = \"m\"\n[[chapter.module.lesson]]\nid = \"one\"\n\n\
                          # next\n[[chapter.module]]\nid = \"n\"\n\n[[chapter]]\nid = \"b\"\n[[chapter.module]]\nid = \"m\"\n";

    #[test]
    fn a_new_lesson_ends_its_own_module() {
        let changed = with_lesson(COURSE, "a", "m", "two").expect("the module is there");
        let expected = "id = \"one\"\n[[chapter.module.lesson]]\nid = \"two\"\n";
        assert!(changed.contains(expected), "{changed}");
        assert!(
            changed.contains("state = \"planned\"\n\n# next\n[[chapter.module]]\nid = \"n\"\n"),
            "{changed}"
        );
        assert_eq!(changed.matches("\"two\"").count(), 1);
        let last = with_lesson(COURSE, "b", "m", "two").expect("the module is there");
        assert!(last.starts_with(COURSE.trim_end()), "{last}");
    }

    #[test]
    fn a_planned_lesson_keeps_its_entry() {
        assert_eq!(
            with_lesson(COURSE, "a", "m", "one").expect("the module is there"),
            COURSE
        );
    }

    #[test]
    fn what_is_not_in_the_map_is_refused() {
        assert!(with_lesson(COURSE, "c", "m", "x").is_err());
        assert!(with_lesson(COURSE, "b", "n", "x").is_err());
    }

    #[test]
    fn ids_are_kebab_case() {
        for good in ["a", "rebase-2", "gitflow"] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "1-a", "A", "a--b", "a_b", "é", "-a", "a-"] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
