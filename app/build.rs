//! Two things the page needs before it is compiled: the course map as constants,
//! and one stylesheet joined from the tokens, the base and each component's own file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Course {
    chapter: Vec<Chapter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    fr: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chapter {
    id: String,
    fr: String,
    en: String,
    short: Both,
    summary: Both,
    tags: Vec<String>,
    requires: Vec<String>,
    module: Vec<Module>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    id: String,
    fr: String,
    en: String,
    lesson: Vec<Lesson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lesson {
    id: String,
    fr: String,
    en: String,
    #[serde(default)]
    minutes: u16,
    state: State,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum State {
    Ready,
    Planned,
}

/// Stylesheets in the order in which they override each other.
const STYLES: &[&str] = &[
    "style/tokens.css",
    "style/base.css",
    "src/ui/shell/shell.css",
    "src/ui/button/button.css",
    "src/ui/panel/panel.css",
    "src/ui/tabs/tabs.css",
    "src/ui/split/split.css",
    "src/ui/prose/prose.css",
    "src/ui/snippet/snippet.css",
    "src/ui/callout/callout.css",
    "src/ui/goals/goals.css",
    "src/ui/hints/hints.css",
    "src/ui/quiz/quiz.css",
    "src/ui/terminal/terminal.css",
    "src/ui/editor/editor.css",
    "src/ui/timeline/timeline.css",
    "src/ui/dialog/dialog.css",
    "src/ui/toast/toast.css",
    "src/ui/state/state.css",
    "style/layout.css",
    "src/views/git/git.css",
    "src/routes/home.css",
    "src/routes/pages.css",
    "src/routes/embed.css",
    "style/responsive.css",
];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    course(&here.join("../content/course.toml"), &out.join("course.rs"));
    styles(&here);
    println!("cargo:rerun-if-env-changed=ESSAIM_BUILD_ID");
}

fn course(from: &Path, to: &Path) {
    println!("cargo:rerun-if-changed={}", from.display());
    let text = fs::read_to_string(from).expect("content/course.toml is part of the checkout");
    let course: Course = match toml::from_str(&text) {
        Ok(course) => course,
        Err(error) => panic!("content/course.toml: {error}"),
    };
    let mut code = String::from("&[\n");
    for c in &course.chapter {
        for id in &c.requires {
            assert!(
                course.chapter.iter().any(|o| o.id == *id),
                "content/course.toml: chapter {} requires {id}, which does not exist",
                c.id
            );
        }
        let _ = writeln!(
            code,
            "Chapter {{ id: {:?}, name: {}, short: {}, summary: {}, tags: &{:?}, requires: &{:?}, modules: &[",
            c.id,
            both(&c.fr, &c.en),
            both(&c.short.fr, &c.short.en),
            both(&c.summary.fr, &c.summary.en),
            c.tags,
            c.requires
        );
        for m in &c.module {
            let _ = writeln!(
                code,
                "Module {{ id: {:?}, name: {}, lessons: &[",
                m.id,
                both(&m.fr, &m.en)
            );
            for l in &m.lesson {
                let _ = writeln!(
                    code,
                    "Lesson {{ id: {:?}, name: {}, minutes: {}, ready: {} }},",
                    l.id,
                    both(&l.fr, &l.en),
                    l.minutes,
                    l.state == State::Ready
                );
            }
            code.push_str("] },\n");
        }
        code.push_str("] },\n");
    }
    code.push(']');
    fs::write(to, code).expect("the build folder can be written");
}

fn both(fr: &str, en: &str) -> String {
    format!("Both {{ fr: {fr:?}, en: {en:?} }}")
}

/// Joins the stylesheets into `style/main.css`, which is committed so that a page
/// build that copies it before this script has run still has the right one.
fn styles(here: &Path) {
    let mut all =
        String::from("/* Joined by app/build.rs from the stylesheets beside the components; edit those. */\n");
    for name in STYLES {
        let path = here.join(name);
        println!("cargo:rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        all.push_str(&without_comments(&text));
    }
    let to = here.join("style/main.css");
    println!("cargo:rerun-if-changed={}", to.display());
    if fs::read_to_string(&to).ok().as_deref() != Some(all.as_str()) {
        fs::write(&to, all).expect("app/style can be written");
    }
}

/// Comments are for who edits a stylesheet, not for who downloads it. Empty lines go with them.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let lines = out.lines().map(str::trim_end).filter(|line| !line.is_empty());
    lines.flat_map(|line| [line, "\n"]).collect()
}
