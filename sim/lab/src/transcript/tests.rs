#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const SAMPLE: &str = "\
--- a-name ---
seed 7
$ cat > notes.txt
> first

  an echo
^D
2$
2$ ls
  a

  b
[2]
= ~/notes.txt
  text
  no newline
\\
+ ~/data.csv 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
@ +10s
2^C 300
? file.\"notes.txt\".exists = true
? git.repository missing
";

#[test]
fn every_line_is_read() {
    let transcript = parse(SAMPLE).unwrap();
    assert_eq!(transcript.sections.len(), 1);
    let section = &transcript.sections[0];
    assert_eq!((section.name.as_str(), section.seed), ("a-name", Some(7)));
    let ls = &section.lines[4];
    assert_eq!(ls.output.as_deref(), Some("a\n\nb\n"));
    assert_eq!((ls.status, ls.number), (2, 9));
    let Act::Save { content, .. } = &section.lines[5].act else {
        panic!()
    };
    assert_eq!(content, "text\nno newline");
    assert_eq!(section.lines[7].act, Act::Advance { milliseconds: 10_000 });
    let stop = Act::Interrupt {
        terminal: 1,
        after_steps: Some(300),
    };
    assert_eq!(section.lines[8].act, stop);
}

#[test]
fn what_is_written_is_read_back() {
    let mut transcript = parse(SAMPLE).unwrap();
    let again = parse(&write_section(&transcript.sections[0], true)).unwrap();
    for line in &mut transcript.sections[0].lines {
        line.number = 0;
    }
    let mut read = again;
    for line in &mut read.sections[0].lines {
        line.number = 0;
    }
    assert_eq!(read, transcript);
}

#[test]
fn errors_name_their_line() {
    for (text, line, reason) in [
        ("$ ls\n  a\nls", 3, "expected `$ command`"),
        ("  text", 1, "indented text must follow"),
        ("$", 1, "a command is missing"),
        ("[0]", 1, "an exit code must follow a command"),
        ("$ ls\n[256]", 2, "expected `[CODE]`"),
        ("seed x", 1, "expected `seed NUMBER`"),
        ("@ 10s", 1, "expected `@ +10s`"),
        ("9$ ls", 1, "numbered from 1 to 8"),
        ("+ a b", 1, "expected `+ path sha256`"),
        ("? a", 1, "expected `? fact = value`"),
        ("! crash kafka-2", 1, "need an engine"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}");
        assert!(error.reason.contains(reason), "{text:?}: {error}");
    }
}

#[test]
fn an_ellipsis_stands_for_any_lines() {
    assert!(output_matches("a\n…\nd\n", "a\nb\nc\nd\n"));
    assert!(output_matches("a\n…\n", "a\n"));
    assert!(!output_matches("a\n…\nd\n", "a\nb\nc\n"));
    assert!(!output_matches("a\n", "a\nb\n"));
    assert!(!output_matches("a\n", "a"));
}

#[test]
fn colours_are_not_text() {
    assert_eq!(plain_text(b"\x1b[31mred\x1b[0m\r\nplain\x1b["), "red\nplain");
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*|([ 0-9$>^CD=+@?!\\[\\]#\\-\\\\sed \n]|.){0,200}") {
        if let Ok(transcript) = parse(&text) {
            for section in &transcript.sections {
                let _ = write_section(section, true);
            }
        }
    }

    #[test]
    fn saved_files_survive(content in "([a-c \r\t\\\\$=]|\n){0,40}") {
        let section = Section {
            lines: vec![Line { number: 1, act: Act::Save { path: "f".into(), content }, output: None, status: 0 }],
            ..Section::default()
        };
        prop_assert_eq!(&parse(&write_section(&section, true)).unwrap().sections[0].lines, &section.lines);
    }
}
