//! Arbitrary sessions: whatever is typed, interrupted, edited and undone, nothing panics, every moment comes back, and
//! the transcript replays to the same lab.

#![allow(clippy::unwrap_used)]

use essaim_kernel::{Limits, TerminalState};
use essaim_lab::transcript::{Act, parse, write_section};
use essaim_lab::{Lab, Origin};
use essaim_proto_lab::spec::LabSpec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Move {
    Submit(u32, String),
    /// Works a little, then Ctrl-C.
    Interrupt(u32, u64),
    EndOfFile(u32),
    Save(String, String),
    Editor(Option<String>),
    OpenTerminal,
    Advance(u64),
    Undo,
    Redo,
    Rewind(usize),
}

fn moves() -> impl Strategy<Value = Move> {
    let terminal = prop_oneof![4 => Just(0u32), 1 => Just(1u32)];
    let line = prop_oneof![
        Just("echo a >> f; cat f".to_owned()),
        Just("cat > g".to_owned()),
        Just("while true; do echo x >> h; done".to_owned()),
        Just("if true".to_owned()),
        Just("then echo yes; fi".to_owned()),
        Just("nano notes".to_owned()),
        Just("git init -q; git status --short | head -3".to_owned()),
        Just("sleep 3 & jobs".to_owned()),
        Just("read x; echo \"$x\"; false".to_owned()),
        Just("cat <<E\nbody\nE".to_owned()),
        Just("exit 3".to_owned()),
        "[ -~]{0,12}",
    ];
    prop_oneof![
        8 => (terminal.clone(), line).prop_map(|(t, line)| Move::Submit(t, line)),
        2 => (terminal.clone(), 0u64..40).prop_map(|(t, work)| Move::Interrupt(t, work)),
        1 => terminal.prop_map(Move::EndOfFile),
        1 => ("[a-c ]{1,3}", "[a\n]{0,4}").prop_map(|(path, text)| Move::Save(path, text)),
        1 => proptest::option::of("[a\n]{0,4}").prop_map(Move::Editor),
        1 => Just(Move::OpenTerminal),
        1 => (1u64..100_000).prop_map(Move::Advance),
        1 => Just(Move::Undo),
        1 => Just(Move::Redo),
        1 => (0usize..12).prop_map(Move::Rewind),
    ]
}

fn open() -> Lab {
    let spec = LabSpec {
        id: "lab".into(),
        engines: vec!["git".into()],
        start_seconds: 1_772_440_200,
        time_zone: "UTC".into(),
        command_seconds: 1,
        user: "camille".into(),
        host: "essaim".into(),
        folder: "/home/camille".into(),
        ..LabSpec::default()
    };
    let limits = Limits {
        command_steps_max: 400,
        ..Limits::default()
    };
    Lab::open_with(spec, "fr", limits).unwrap()
}

fn make(lab: &mut Lab, wanted: Move) {
    let origin = Origin::Request(1);
    match wanted {
        Move::Submit(terminal, line) => lab.submit(terminal, &line, origin),
        Move::Interrupt(terminal, work) => {
            lab.submit(terminal, "while true; do echo x >> h; done", origin);
            lab.work(work);
            lab.work(work);
            lab.interrupt(terminal, origin);
        }
        Move::EndOfFile(terminal) => lab.ask(Act::EndOfFile { terminal }, origin),
        Move::Save(path, text) => lab.save_file(&path, text.as_bytes(), origin),
        Move::Editor(content) => lab.finish_editor(0, content.as_deref().map(str::as_bytes), origin),
        Move::OpenTerminal => lab.open_terminal(origin),
        Move::Advance(milliseconds) => lab.ask(Act::Advance { milliseconds }, origin),
        Move::Undo => drop(lab.undo()),
        Move::Redo => drop(lab.redo()),
        Move::Rewind(entries) => lab.rewind(entries),
    }
    lab.finish();
    lab.take_outcomes();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_session_can_be_travelled_and_replayed(session in proptest::collection::vec(moves(), 1..14)) {
        let mut lab = open();
        for wanted in session {
            make(&mut lab, wanted);
        }
        let done = lab.done();
        let text = write_section(&lab.transcript(), true);
        let end = lab.digest();
        // Every moment, twice: first by doing everything again from the start, then from the snapshots.
        let mut digests = Vec::new();
        for entries in 0..=done {
            lab.rewind(entries);
            lab.finish();
            digests.push(lab.digest());
        }
        prop_assert_eq!(digests.last(), Some(&end), "{}", text);
        for entries in (0..=done).rev() {
            lab.rewind(entries);
            lab.finish();
            prop_assert_eq!(lab.digest(), digests[entries]);
        }
        let mut again = open();
        let parsed = parse(&text).unwrap();
        again.replay(&parsed.sections[0]);
        again.finish();
        let problems: Vec<_> = again.take_outcomes().into_iter().filter_map(|outcome| outcome.problem).collect();
        prop_assert_eq!(&problems, &[], "{}", text);
        prop_assert_eq!(write_section(&again.transcript(), true), text.clone());
        prop_assert_eq!(again.digest(), end, "{}", text);
        let busy = matches!(again.terminal_state(0), TerminalState::Busy);
        prop_assert!(!busy || again.done() > 0);
    }
}
