#![allow(clippy::unwrap_used)]
use super::*;
use crate::io::Read;
use crate::process::{Call, RunToEnd};
use crate::process::{Process, Wait};
use std::time::Duration;

fn yes(_: Call) -> Box<dyn Process> {
    #[derive(Clone)]
    struct Yes;
    impl Process for Yes {
        fn step(&mut self, io: &mut Io<'_>) -> Progress {
            io.print(b"y\n".repeat(1000));
            Progress::Ready
        }
        fn clone_box(&self) -> Box<dyn Process> {
            Box::new(self.clone())
        }
    }
    Box::new(Yes)
}

/// Starts `yes`, reads one block of it, and exits.
fn head(_: Call) -> Box<dyn Process> {
    #[derive(Clone, Default)]
    struct Head {
        child: Option<(Pid, u32)>,
    }
    impl Process for Head {
        fn step(&mut self, io: &mut Io<'_>) -> Progress {
            let (child, read) = *self.child.get_or_insert_with(|| {
                let (read, write) = io.pipe();
                let spawn = Spawn {
                    args: vec![b"yes".to_vec()],
                    fds: Some(vec![(1, write)]),
                    ..Spawn::default()
                };
                let child = io.spawn(spawn).unwrap();
                io.close(write);
                (child, read)
            });
            if !io.is_open(read) {
                return match io.reap(child) {
                    Some(status) => {
                        io.print(format!("{}\n", status.code()));
                        Progress::Exit(0)
                    }
                    None => Progress::Blocked(Wait::Child),
                };
            }
            match io.read(read, 2) {
                Read::Data(bytes) => {
                    io.print(bytes);
                    io.close(read);
                    Progress::Blocked(Wait::Child)
                }
                _ => Progress::Blocked(Wait::Readable(read)),
            }
        }
        fn clone_box(&self) -> Box<dyn Process> {
            Box::new(self.clone())
        }
    }
    Box::new(Head::default())
}

fn nap(_: Call) -> Box<dyn Process> {
    #[derive(Clone)]
    struct Nap(Option<Time>);
    impl Process for Nap {
        fn step(&mut self, io: &mut Io<'_>) -> Progress {
            match self.0 {
                Some(until) if io.now() >= until => Progress::Exit(0),
                Some(until) => Progress::Blocked(Wait::Alarm(until)),
                None => {
                    let until = io.now() + Duration::from_mins(1);
                    self.0 = Some(until);
                    Progress::Blocked(Wait::Alarm(until))
                }
            }
        }
        fn clone_box(&self) -> Box<dyn Process> {
            Box::new(self.clone())
        }
    }
    Box::new(Nap(None))
}

fn hello(call: Call) -> Box<dyn Process> {
    RunToEnd::boxed(call, |call, io| {
        io.print(format!("hello {}\n", call.args.len()));
        io.eprint("oops\n");
        3
    })
}

const fn program(name: &'static str, path: &'static str, start: fn(Call) -> Box<dyn Process>) -> Program {
    Program {
        name,
        path,
        summary: "",
        start,
        complete: None,
    }
}

fn machine() -> Machine {
    let mut machine = Machine::new(
        1,
        Time::from_secs(0),
        Limits {
            command_steps_max: 10_000,
            ..Limits::default()
        },
    );
    machine.add_programs(&[
        program("yes", "/usr/bin/yes", yes),
        program("head", "/usr/bin/head", head),
        program("nap", "/usr/bin/nap", nap),
        program("sh", "/usr/bin/sh", hello),
    ]);
    machine
}

fn run(machine: &mut Machine, name: &str) -> (Vec<(u32, Vec<u8>)>, Option<ExitStatus>) {
    let process = machine
        .spawn_host(vec![name.into()], Environment::new(), b"/".to_vec())
        .unwrap();
    machine.begin_command();
    while machine.run(100) == Activity::Running {}
    (machine.take_output(process), machine.host_status(process))
}

#[test]
fn output_and_status() {
    let (output, status) = run(&mut machine(), "sh");
    assert_eq!(output, [(1, b"hello 1\n".to_vec()), (2, b"oops\n".to_vec())]);
    assert_eq!(status, Some(ExitStatus::Code(3)));
}

#[test]
fn a_closed_reader_ends_the_writer() {
    let (output, status) = run(&mut machine(), "head");
    assert_eq!(output, [(1, b"y\n141\n".to_vec())]);
    assert_eq!(status, Some(ExitStatus::Code(0)));
}

#[test]
fn a_command_that_waits_lets_time_pass() {
    let mut machine = machine();
    let (_, status) = run(&mut machine, "nap");
    assert_eq!(status, Some(ExitStatus::Code(0)));
    assert_eq!(machine.now(), Time::from_secs(60));
}

#[test]
fn an_endless_command_meets_a_limit_by_name() {
    let mut machine = machine();
    let (output, status) = run(&mut machine, "yes");
    let notice = b"essaim: command stopped: limit command_output_bytes_max reached\n";
    assert!(
        output.iter().any(|(fd, bytes)| *fd == 2 && bytes.ends_with(notice)),
        "{status:?}"
    );
    machine.run(10);
    assert!(machine.core.procs.is_empty());
}

#[test]
fn scripts_run_by_their_interpreter() {
    let mut machine = machine();
    machine.files_mut().write(b"/run", "#!/bin/sh -e\n").unwrap();
    assert!(matches!(
        machine.spawn_host(vec![b"/run".to_vec()], Environment::new(), b"/".to_vec()),
        Err(SpawnError::NotExecutable)
    ));
    machine.files_mut().set_mode(b"/run", 0o755).unwrap();
    let (output, _) = run(&mut machine, "/run");
    assert_eq!(output[0].1, b"hello 3\n");
}

#[test]
fn a_snapshot_runs_to_the_same_digest() {
    let mut machine = machine();
    machine
        .spawn_host(vec![b"head".to_vec()], Environment::new(), b"/".to_vec())
        .unwrap();
    machine.run(2);
    let mut snapshot = machine.clone();
    while machine.run(10) == Activity::Running {}
    assert_ne!(machine.digest(), snapshot.digest());
    while snapshot.run(10) == Activity::Running {}
    assert_eq!(machine.digest(), snapshot.digest());
}
