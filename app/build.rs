//! What the page needs before it is compiled: the course map as constants.

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

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    course(&here.join("../content/course.toml"), &out.join("course.rs"));
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
