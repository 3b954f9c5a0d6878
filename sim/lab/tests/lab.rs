//! The lab with the real shell: recording, rewinding, replaying, goals.

#![allow(clippy::unwrap_used)]

use essaim_kernel::{Limits, TerminalState};
use essaim_lab::transcript::{Act, parse, write_section};
use essaim_lab::{Lab, Origin};
use essaim_proto_lab::spec::{Clause, Goal, LabSpec, Operand, Operator, StepSpec};

fn spec() -> LabSpec {
    LabSpec {
        id: "lab".into(),
        seed: 7,
        start_seconds: 1_772_440_200,
        time_zone: "Europe/Paris".into(),
        command_seconds: 20,
        user: "camille".into(),
        host: "essaim".into(),
        folder: "/home/camille/work".into(),
        ..LabSpec::default()
    }
}

fn goal(id: &str, fact: &str, operator: Operator, value: Operand) -> Goal {
    Goal {
        id: id.into(),
        any_of: vec![vec![Clause {
            fact: fact.into(),
            operator,
            value,
        }]],
    }
}

fn with_steps() -> LabSpec {
    LabSpec {
        steps: vec![
            StepSpec {
                id: "one".into(),
                goals: vec![goal("made", "file.\"a\".exists", Operator::Equal, Operand::Bool(true))],
                keeps: vec![goal("kept", "file.\"keep\".exists", Operator::Missing, Operand::None)],
                wrong: vec![goal("b-instead", "file.\"b\".exists", Operator::Exists, Operand::None)],
            },
            StepSpec {
                id: "two".into(),
                goals: vec![
                    goal(
                        "said",
                        "file.\"a\".text",
                        Operator::Contains,
                        Operand::Text("hello".into()),
                    ),
                    goal("ran", "shell.ran", Operator::Contains, Operand::Text("cat a".into())),
                ],
                ..StepSpec::default()
            },
        ],
        ..spec()
    }
}

fn lab(spec: LabSpec) -> Lab {
    Lab::open(spec, "fr").unwrap()
}

fn run(lab: &mut Lab, text: &str) {
    lab.submit(0, text, Origin::Request(1));
    lab.finish();
    for outcome in lab.take_outcomes() {
        assert_eq!(outcome.problem, None, "{text}");
    }
}

fn output(lab: &Lab) -> (String, u8) {
    let line = lab.entries()[lab.done() - 1].lines.last().unwrap();
    (line.output.clone().unwrap_or_default(), line.status)
}

#[test]
fn a_command_is_an_entry_with_what_it_printed() {
    let mut lab = lab(spec());
    assert_eq!(lab.terminal_state(0), TerminalState::Prompt { status: 0 });
    run(&mut lab, "echo hello; false");
    assert_eq!(output(&lab), ("hello\n".to_owned(), 1));
    assert_eq!(lab.entries().len(), 1);
    assert_eq!(lab.state().machine.now().secs(), 1_772_440_220);
    run(&mut lab, "pwd");
    assert_eq!(output(&lab), ("/home/camille/work\n".to_owned(), 0));
    run(&mut lab, "   ");
    assert_eq!(lab.entries().len(), 2, "an empty line is nothing to undo");
}

#[test]
fn typed_input_belongs_to_its_command() {
    let mut lab = lab(spec());
    run(&mut lab, "cat > f");
    assert_eq!(lab.terminal_state(0), TerminalState::Reading);
    run(&mut lab, "first");
    lab.ask(Act::EndOfFile { terminal: 0 }, Origin::Request(2));
    lab.finish();
    assert_eq!(lab.terminal_state(0), TerminalState::Prompt { status: 0 });
    run(&mut lab, "if true\nthen cat f\nfi");
    assert_eq!(output(&lab), ("first\n".to_owned(), 0));
    assert_eq!(lab.entries().len(), 2);
    let text = write_section(&lab.transcript(), true);
    assert_eq!(
        text,
        "--- lab ---\nseed 7\n$ cat > f\n> first\n^D\n$ if true\n> then cat f\n> fi\n  first\n"
    );
}

#[test]
fn an_editor_is_part_of_the_command_that_opened_it() {
    let mut lab = lab(spec());
    run(&mut lab, "nano notes.txt");
    assert_eq!(
        lab.terminal_state(0),
        TerminalState::Editing {
            path: b"/home/camille/work/notes.txt".to_vec()
        }
    );
    lab.finish_editor(0, Some(b"text\n"), Origin::Request(2));
    lab.finish();
    run(&mut lab, "cat notes.txt");
    assert_eq!(output(&lab).0, "text\n");
    run(&mut lab, "nano notes.txt");
    lab.finish_editor(0, None, Origin::Request(3));
    lab.finish();
    assert_eq!(lab.entries().len(), 3);
    let text = write_section(&lab.transcript(), false);
    assert!(
        text.ends_with("$ nano notes.txt\n= ~/work/notes.txt\n  text\n$ cat notes.txt\n$ nano notes.txt\n^C\n"),
        "{text}"
    );
    assert!(lab.undo() && lab.undo() && lab.undo());
    lab.finish();
    assert!(!lab.state().machine.files().exists(b"/home/camille/work/notes.txt"));
}

#[test]
fn ctrl_c_is_replayed_at_the_same_step() {
    let mut first = lab(spec());
    first.submit(
        0,
        "i=0; while true; do i=$((i+1)); echo $i >> log; done",
        Origin::Request(1),
    );
    for _ in 0..50 {
        assert!(first.work(97));
    }
    first.interrupt(0, Origin::Request(2));
    first.finish();
    run(&mut first, "wc -l < log");
    let text = write_section(&first.transcript(), true);
    let mut second = lab(spec());
    second.replay(&parse(&text).unwrap().sections[0]);
    second.finish();
    assert_eq!(write_section(&second.transcript(), true), text);
    assert_eq!(second.digest(), first.digest());
    assert!(text.contains("\n^C "), "{text}");
    first.rewind(0);
    first.rewind(2);
    first.finish();
    assert_eq!(second.digest(), first.digest());
}

#[test]
fn an_endless_loop_ends_by_a_limit_and_nothing_is_lost() {
    let limits = Limits {
        command_steps_max: 5_000,
        ..Limits::default()
    };
    let mut lab = Lab::open_with(spec(), "en", limits).unwrap();
    run(&mut lab, "x=kept; echo $x > f");
    run(&mut lab, "while true; do :; done");
    assert_eq!(lab.take_limit(), Some("command_steps_max"));
    assert!(matches!(lab.terminal_state(0), TerminalState::Prompt { .. }));
    assert!(output(&lab).0.contains("limit command_steps_max reached"));
    run(&mut lab, "cat f; echo $x");
    assert_eq!(output(&lab).0, "kept\nkept\n");
    // A job in the background has no end either.
    run(&mut lab, "while true; do :; done &");
    run(&mut lab, "echo on");
    assert_eq!(output(&lab).0.lines().next(), Some("on"));
}

#[test]
fn a_second_terminal_is_opened_by_its_first_command() {
    let mut lab = lab(spec());
    let transcript = parse("$ echo one > f\n2$ cat f\n  one\n$ echo two\n").unwrap();
    lab.replay(&transcript.sections[0]);
    lab.finish();
    let text = write_section(&lab.transcript(), true);
    assert_eq!(
        text,
        "--- lab ---\nseed 7\n$ echo one > f\n2$\n2$ cat f\n  one\n$ echo two\n  two\n"
    );
    assert_eq!(lab.entries().len(), 4);
}

#[test]
fn a_transcript_that_does_not_fit_names_its_line() {
    let mut lab = lab(spec());
    lab.replay(&parse("$ cat\n$ echo no\n").unwrap().sections[0]);
    lab.finish();
    let problems: Vec<_> = lab
        .take_outcomes()
        .into_iter()
        .filter_map(|outcome| outcome.problem)
        .collect();
    assert!(
        matches!(
            &problems[..],
            [essaim_proto_lab::message::Problem::Transcript { line: 2, .. }]
        ),
        "{problems:?}"
    );
    assert_eq!(
        lab.terminal_state(0),
        TerminalState::Reading,
        "what came before is kept"
    );
}

#[test]
fn goals_keeps_and_mistakes_follow_the_state() {
    let mut lab = lab(with_steps());
    run(&mut lab, "touch b");
    let step = |lab: &Lab, index: usize| lab.state().steps[index].state.clone();
    assert_eq!(step(&lab, 0).wrong.as_deref(), Some("b-instead"));
    run(&mut lab, "touch keep; touch a");
    assert!(
        step(&lab, 0).goals[0].reached && !step(&lab, 0).passed,
        "a keep is broken"
    );
    assert_eq!(step(&lab, 0).broken, ["kept"]);
    run(&mut lab, "rm keep");
    assert!(step(&lab, 0).passed && step(&lab, 0).wrong.is_none());
    assert_eq!(lab.entries()[1].reached, [(0, 0)]);
    run(&mut lab, "rm a");
    assert!(step(&lab, 0).passed && !step(&lab, 0).goals[0].reached && step(&lab, 0).goals[0].reached_once);
    run(&mut lab, "echo hello > a");
    assert_eq!(step(&lab, 1).goals[1].unmet.as_ref().unwrap().0, "shell.ran");
    run(&mut lab, "cat a");
    assert!(step(&lab, 1).passed);
    // The second step began when the first was passed.
    assert!(lab.restart_step(1));
    lab.finish();
    assert_eq!(lab.done(), 3);
    assert!(step(&lab, 0).passed && !step(&lab, 1).passed);
}

#[test]
fn the_known_future_stays_until_something_new_is_done() {
    let mut lab = lab(spec());
    for text in ["touch a", "touch b", "touch c"] {
        run(&mut lab, text);
    }
    let end = lab.digest();
    assert!(lab.undo() && lab.undo());
    lab.finish();
    assert_eq!((lab.done(), lab.entries().len()), (1, 3));
    assert!(lab.redo() && lab.redo() && !lab.redo());
    lab.finish();
    assert_eq!(lab.digest(), end);
    lab.rewind(1);
    run(&mut lab, "touch d");
    assert_eq!((lab.done(), lab.entries().len()), (2, 2));
    run(&mut lab, "ls");
    assert_eq!(output(&lab).0.split_whitespace().collect::<Vec<_>>(), ["a", "d"]);
}

#[test]
fn time_passes_where_it_is_asked_to() {
    let mut lab = lab(spec());
    run(&mut lab, "(sleep 30; date +%s > woke) &");
    lab.ask(Act::Advance { milliseconds: 60_000 }, Origin::Request(1));
    lab.finish();
    assert_eq!(lab.state().machine.now().secs(), 1_772_440_200 + 20 + 60);
    let woke = lab.state().machine.files().read(b"/home/camille/work/woke").unwrap();
    assert_eq!(
        String::from_utf8_lossy(&woke).trim(),
        (1_772_440_200 + 20 + 30).to_string()
    );
    assert!(write_section(&lab.transcript(), false).ends_with("@ +1m\n"));
}
