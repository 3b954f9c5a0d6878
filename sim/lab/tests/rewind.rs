//! Time travel: any moment comes back as it was.

#![allow(clippy::unwrap_used)]

use essaim_kernel::random::Streams;
use essaim_lab::transcript::{Act, parse, write_section};
use essaim_lab::{Lab, Origin};
use essaim_proto_lab::message::{GoalState, StepState};
use essaim_proto_lab::spec::{Clause, Goal, LabSpec, Operand, Operator, StepSpec};

fn spec() -> LabSpec {
    let goal = |n: usize| Goal {
        id: format!("goal-{n}"),
        any_of: vec![vec![Clause {
            fact: "file.\"~/work/log\".lines".into(),
            operator: Operator::Contains,
            value: Operand::Text(format!("line {n}")),
        }]],
    };
    LabSpec {
        id: "lab".into(),
        seed: 11,
        start_seconds: 1_772_440_200,
        time_zone: "Europe/Paris".into(),
        command_seconds: 5,
        user: "camille".into(),
        host: "essaim".into(),
        folder: "/home/camille/work".into(),
        steps: (0..6)
            .map(|step| StepSpec {
                id: format!("step-{step}"),
                goals: vec![goal(step * 8), goal(step * 8 + 4)],
                ..StepSpec::default()
            })
            .collect(),
        ..LabSpec::default()
    }
}

/// Everything a learner could tell apart.
#[derive(Debug, PartialEq)]
struct Moment {
    digest: u128,
    terminals: Vec<Vec<u8>>,
    steps: Vec<StepState>,
    now: i64,
    transcript: String,
}

fn moment(lab: &Lab) -> Moment {
    Moment {
        digest: lab.digest(),
        terminals: lab
            .state()
            .machine
            .terminals()
            .iter()
            .map(|t| t.output_since(0))
            .collect(),
        steps: lab.state().steps.iter().map(|step| step.state.clone()).collect(),
        now: lab.state().machine.now().0,
        transcript: write_section(&lab.transcript(), true),
    }
}

/// The command number `n` of a session: every one changes something.
fn act(n: usize) -> Act {
    let terminal = u32::from(n % 10 == 9);
    let text = match n % 8 {
        0 => format!("echo line {n} >> log; tail -2 log"),
        1 => format!("mkdir -p d{n} && cd d{n} && pwd && cd .."),
        2 => format!("for f in 1 2 3; do echo $f-{n} > f$f; done; cat f1 f2 f3 | sort -r"),
        3 => "X=$(wc -l < log); export X; echo $X".to_owned(),
        4 => format!("echo line {n} >> log; grep -c line log"),
        5 => "false".to_owned(),
        6 => {
            return Act::Save {
                path: "~/work/saved".into(),
                content: format!("saved {n}\n"),
            };
        }
        _ => format!("if [ -f f1 ]; then rm f1; else echo none; fi; echo line {n} | tee -a log"),
    };
    Act::Command { terminal, text }
}

#[test]
fn a_snapshot_survives_a_hundred_commands() {
    let mut lab = Lab::open(spec(), "fr").unwrap();
    for n in 0..10 {
        lab.ask(act(n), Origin::Request(0));
    }
    lab.finish();
    let taken = lab.clone();
    let before = moment(&lab);
    for n in 10..110 {
        lab.ask(act(n), Origin::Request(0));
    }
    lab.finish();
    assert_ne!(moment(&lab).digest, before.digest);
    assert_eq!(moment(&taken), before, "the snapshot itself did not change");
    lab.rewind(taken.done());
    lab.finish();
    assert_eq!(moment(&lab), before);
}

#[test]
fn any_moment_comes_back_as_it_was() {
    let mut lab = Lab::open(spec(), "fr").unwrap();
    let mut moments = vec![moment(&lab)];
    for n in 0..90 {
        lab.ask(act(n), Origin::Request(0));
        lab.finish();
        assert!(
            lab.take_outcomes().iter().all(|outcome| outcome.problem.is_none()),
            "{n}"
        );
        if lab.done() > moments.len() {
            // A second terminal was opened on the way.
            let here = moment(&lab);
            lab.rewind(moments.len());
            lab.finish();
            moments.push(moment(&lab));
            lab.rewind(moments.len());
            lab.finish();
            assert_eq!(moment(&lab), here);
        }
        moments.push(moment(&lab));
        assert_eq!(moments.len(), lab.done() + 1);
    }
    assert!(
        lab.state().steps.iter().filter(|step| step.state.passed).count() >= 3,
        "the goals move too"
    );
    assert!(
        moments[30]
            .steps
            .iter()
            .flat_map(|s| &s.goals)
            .any(|goal| *goal != GoalState::default())
    );
    let mut streams = Streams::new(3);
    for _ in 0..60 {
        let to = streams.named("rewind").below(moments.len() as u64) as usize;
        lab.rewind(to);
        lab.finish();
        assert_eq!(moment(&lab), moments[to], "after {to} entries");
    }
}

#[test]
fn a_replayed_transcript_gives_the_same_lab() {
    let mut first = Lab::open(spec(), "fr").unwrap();
    for n in 0..40 {
        first.ask(act(n), Origin::Request(0));
    }
    first.finish();
    let text = write_section(&first.transcript(), false);
    let mut second = Lab::open(spec(), "fr").unwrap();
    second.replay(&parse(&text).unwrap().sections[0]);
    second.finish();
    assert_eq!(moment(&second), moment(&first));
}

#[test]
fn an_undo_in_the_midst_of_a_command_leads_to_where_it_began() {
    let mut lab = Lab::open(spec(), "fr").unwrap();
    lab.ask(act(0), Origin::Request(0));
    lab.finish();
    let before = moment(&lab);
    lab.submit(0, "while true; do :; done", Origin::Request(1));
    for _ in 0..5 {
        assert!(lab.work(50));
    }
    assert!(lab.undo());
    lab.finish();
    assert_eq!(moment(&lab), before);
    assert_eq!(lab.entries().len(), 1);
}
