//! A small lesson: it compiles and holds; each way of breaking it is told with its file and line.

#![allow(clippy::unwrap_used)]

use essaim_lessons::{Report, Sources, compile, prove, read};
use essaim_proto_lab::lesson::{Block, Inline, Lesson};

const LAB: &str = include_str!("fixture/lab.toml");
const FR: &str = include_str!("fixture/lesson.fr.md");
const EN: &str = include_str!("fixture/lesson.en.md");
const ID: &str = "chapter/module/lesson";

fn sources() -> Sources {
    let mut sources = Sources::new();
    let mut add = |path: &str, text: &str| sources.insert(path.to_owned(), text.as_bytes().to_vec());
    add("course.toml", include_str!("fixture/course.toml"));
    add("glossary.toml", include_str!("fixture/glossary.toml"));
    add(&format!("{ID}/lab.toml"), LAB);
    add(&format!("{ID}/lesson.fr.md"), FR);
    add(&format!("{ID}/solution.case"), include_str!("fixture/solution.case"));
    add(
        &format!("{ID}/wrong-too-much.case"),
        include_str!("fixture/wrong-too-much.case"),
    );
    add(&format!("{ID}/files/data/sales.csv"), "paris;3\nlyon;2\n");
    add(&format!("{ID}/files/run.sh"), "#!/bin/sh\necho ran\n");
    translate(&mut sources, EN);
    sources
}

/// Puts the English text in, with the hash of the French one.
fn translate(sources: &mut Sources, english: &str) {
    let hash = essaim_lessons::sources::hash(&sources[&format!("{ID}/lesson.fr.md")], 16);
    sources.insert(
        format!("{ID}/lesson.en.md"),
        english.replace("SOURCE", &hash).into_bytes(),
    );
}

fn change(sources: &mut Sources, file: &str, from: &str, to: &str) {
    let path = if file.contains('/') || file == "course.toml" || file == "glossary.toml" {
        file.to_owned()
    } else {
        format!("{ID}/{file}")
    };
    let text = String::from_utf8(sources[&path].clone()).unwrap();
    assert!(text.contains(from), "{file} does not contain {from:?}");
    sources.insert(path, text.replacen(from, to, 1).into_bytes());
    if file == "lesson.fr.md" {
        translate(sources, EN);
    }
}

fn line_of(text: &[u8], words: &str) -> usize {
    let text = String::from_utf8_lossy(text);
    text.lines().position(|line| line.contains(words.trim_end())).unwrap() + 1
}

fn proved(sources: &Sources) -> Report {
    let content = read(sources).unwrap_or_else(|problems| panic!("{problems:#?}"));
    prove(sources, ID, &content.lessons[ID])
}

fn compiled(language: &str) -> Lesson {
    let files = compile(&sources()).unwrap();
    let (_, bytes) = files
        .iter()
        .find(|(name, _)| name.contains(&format!(".{language}.")))
        .unwrap();
    postcard::from_bytes(bytes).unwrap()
}

#[test]
fn it_compiles_to_one_hashed_file_per_language() {
    let files = compile(&sources()).unwrap();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert!(
        names[0].starts_with("content/chapter-module-lesson.en.") && names[0].ends_with(".bin"),
        "{names:?}"
    );
    let index = String::from_utf8(files[2].1.clone()).unwrap();
    assert!(
        index.contains(&format!("[\"{ID}.en\",\"{}\"]", &names[0]["content/".len()..])),
        "{index}"
    );
    assert_eq!(files, compile(&sources()).unwrap(), "twice the same");
}

#[test]
fn its_text_becomes_typed_blocks() {
    let lesson = compiled("fr");
    assert_eq!(
        (lesson.title.as_str(), lesson.minutes, lesson.steps.len()),
        ("Une petite leçon", 5, 2)
    );
    let Block::Paragraph(first) = &lesson.blocks[0] else {
        panic!("{:?}", lesson.blocks[0])
    };
    let term = Inline::Term {
        id: "fichier".into(),
        text: vec![Inline::Text("fichiers".into())],
    };
    assert!(
        first.contains(&term) && first.contains(&Inline::Code("ls".into())),
        "{first:?}"
    );
    let Block::Run(run) = &lesson.blocks[1] else {
        panic!("{:?}", lesson.blocks[1])
    };
    assert_eq!(run.commands, ["ls -1", "cat none"]);
    let Block::Heading { id, .. } = &lesson.blocks[2] else {
        panic!("{:?}", lesson.blocks[2])
    };
    assert_eq!(id, "a-vous-l-ete");
    let callout = lesson.blocks.iter().find_map(|block| match block {
        Block::Callout { kind, blocks } => Some((kind.as_str(), blocks)),
        _ => None,
    });
    let (kind, inside) = callout.unwrap();
    assert_eq!(kind, "note");
    assert!(
        matches!(&inside[1], Block::Table { rows, .. } if rows.len() == 1),
        "{inside:?}"
    );
    assert!(lesson.blocks.iter().any(|block| matches!(block, Block::Quiz)));
    assert_eq!(lesson.steps[0].success.len(), 2);
    assert_eq!(lesson.terms[0].word, "fichier");
    assert_eq!(compiled("en").terms[0].word, "file");
    assert!(lesson.quiz[0].choices[1].right && !lesson.quiz[0].several);
    let script = lesson
        .lab
        .files
        .iter()
        .find(|file| file.path.ends_with("/run.sh"))
        .unwrap();
    assert_eq!(
        (script.path.as_str(), script.mode),
        ("/home/camille/work/run.sh", 0o755)
    );
}

#[test]
fn it_holds() {
    let report = proved(&sources());
    assert_eq!(report.failed, []);
    assert_eq!(report.passed.len(), 7, "{:#?}", report.passed);
}

#[test]
fn every_way_of_breaking_the_text_is_told() {
    for (file, from, to, place, message) in [
        ("lab.toml", "seed = 1", "sede = 1", "lab.toml:*", "unknown field `sede`"),
        ("lab.toml", "start = \"2026", "start = \"26", "lab.toml", "RFC 3339"),
        ("lab.toml", "\"exists\"]]", "\"is\"]]", "lab.toml:*", "operator \"is\""),
        (
            "lab.toml",
            "id = \"copied\"",
            "id = \"Copied\"",
            "lab.toml",
            "kebab-case",
        ),
        (
            "lab.toml",
            "right = [\"b\"]",
            "right = [\"d\"]",
            "lab.toml",
            "not among its choices",
        ),
        (
            "lesson.fr.md",
            "copied = ",
            "copie = ",
            "lesson.fr.md",
            "\"copied\" of lab.toml has no text",
        ),
        (
            "lesson.fr.md",
            "title = \"Une",
            "titel = \"Une",
            "lesson.fr.md:*",
            "titel",
        ),
        (
            "lesson.fr.md",
            "[[fichier|fichiers]]",
            "[[ficher|fichiers]]",
            "lesson.fr.md:*",
            "no such term",
        ),
        ("lesson.fr.md", "l’été", "l'été", "lesson.fr.md:*", "apostrophe"),
        (
            "lesson.fr.md",
            "Voyez\u{202f}:",
            "Voyez :",
            "lesson.fr.md:*",
            "U+202F is missing before `:`",
        ),
        (
            "lesson.fr.md",
            "::: quiz\n:::",
            "",
            "lesson.fr.md",
            "the quiz has no place",
        ),
        (
            "lesson.fr.md",
            "::: step second",
            "::: step third",
            "lesson.fr.md:*",
            "expected a [[step]]",
        ),
        (
            "lesson.fr.md",
            "https://example",
            "http://example",
            "lesson.fr.md",
            "expected https",
        ),
        ("lesson.fr.md", "Recopiez", "<b>Recopiez</b>", "lesson.fr.md:*", "HTML"),
        (
            "lesson.fr.md",
            "$ ls -1\n",
            "$ ls -a\n",
            "lesson.en.md",
            "`run` block number 1 differs",
        ),
        (
            "lesson.en.md",
            "source = \"",
            "source = \"0",
            "lesson.en.md:*",
            "stale translation",
        ),
        (
            "lesson.en.md",
            "a = [\"`mv`\"",
            "c = [\"`mv`\"",
            "lesson.en.md",
            "quiz.which.choice.c is not in lab.toml",
        ),
        (
            "course.toml",
            "minutes = 5",
            "minutes = 0",
            "course.toml",
            "says no minutes",
        ),
    ] {
        let mut sources = sources();
        let whole = sources.get(&format!("{ID}/{file}")).cloned().unwrap_or_default();
        change(&mut sources, file, from, to);
        let problems = read(&sources).expect_err(from);
        let told = problems
            .iter()
            .map(ToString::to_string)
            .find(|told| told.contains(message));
        let told = told.unwrap_or_else(|| panic!("{file}, {from:?} -> {to:?}: {problems:#?}"));
        let place = match place.strip_suffix('*') {
            Some(file) => format!("{file}{}", line_of(&whole, from)),
            None => place.to_owned(),
        };
        assert!(told.contains(&place), "{told:?} does not name {place}");
    }
}

#[test]
fn every_way_of_breaking_the_proof_is_told() {
    for (file, from, to, what, message) in [
        (
            "solution.case",
            "$ cp data/sales.csv copy",
            "$ cp data/none copy",
            "step first: the solution",
            "exit code 1",
        ),
        (
            "solution.case",
            "$ cp data/sales.csv copy",
            "$ touch copy",
            "step first: the solution",
            "it is []",
        ),
        (
            "solution.case",
            "$ cp data",
            "$ mv run.sh away\n$ mv away run.sh\n$ cp data",
            "step first: the solution",
            "keep \"kept\" is broken",
        ),
        (
            "solution.case",
            "--- second ---",
            "--- third ---",
            "the cases fit lab.toml",
            "no such step",
        ),
        (
            "solution.case",
            "$ cp",
            "cp",
            "the cases are read",
            "expected `$ command`",
        ),
        (
            "wrong-too-much.case",
            "$ cp -r data copy",
            "$ true",
            "step first: wrong attempt too-much",
            "no wrong attempt",
        ),
        (
            "wrong-too-much.case",
            "$ cp -r data copy",
            "$ cp data/sales.csv copy",
            "step first: wrong attempt too-much",
            "passes",
        ),
        (
            "wrong-too-much.case",
            "--- first ---",
            "--- second ---",
            "the cases fit lab.toml",
            "has no wrong attempt",
        ),
        (
            "lab.toml",
            "any = [[[",
            "any = [[[\"time.seconds\", \">=\", 0]], [[",
            "step first: no goal",
            "copied",
        ),
    ] {
        let mut sources = sources();
        change(&mut sources, file, from, to);
        let report = proved(&sources);
        let failure = report.failed.iter().find(|failure| failure.what.starts_with(what));
        let failure = failure.unwrap_or_else(|| panic!("{from:?} -> {to:?}: {:#?}", report.failed));
        assert!(failure.message.contains(message), "{failure:#?}");
    }
}

#[test]
fn a_run_block_must_print_what_it_shows() {
    let mut sources = sources();
    change(&mut sources, "lesson.fr.md", "  data\n", "  date\n");
    let english = EN.replacen("  data\n", "  date\n", 1);
    translate(&mut sources, &english);
    let report = proved(&sources);
    let place = format!("{ID}/lesson.fr.md:{}", line_of(FR.as_bytes(), "$ ls -1"));
    assert_eq!(
        report.failed.iter().map(|failure| &failure.place).collect::<Vec<_>>(),
        [&place]
    );
}
