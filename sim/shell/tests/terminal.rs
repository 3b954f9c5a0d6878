//! The shell at a terminal: prompts, job control, Ctrl-C, history, and snapshots in the middle of things.
#![allow(clippy::unwrap_used)]

#[path = "language/mod.rs"]
mod support;

use essaim_kernel::{Activity, Call, Io, Machine, Process, Program, Progress, TerminalState, Wait};
use support::{FOLDER, environment, machine};

/// An editor: opens the pane on its argument and prints how it ended.
fn edit(call: Call) -> Box<dyn Process> {
    #[derive(Clone)]
    struct Edit(Call, bool);
    impl Process for Edit {
        fn step(&mut self, io: &mut Io<'_>) -> Progress {
            if !self.1 {
                self.1 = true;
                let path = io.path(&self.0.args[1]);
                return match io.open_editor(path) {
                    Ok(()) => Progress::Blocked(Wait::Editor),
                    Err(_) => Progress::Exit(1),
                };
            }
            match io.editor_result() {
                Some(saved) => {
                    io.print(if saved { "saved\n" } else { "aborted\n" });
                    Progress::Exit(0)
                }
                None => Progress::Blocked(Wait::Editor),
            }
        }
        fn clone_box(&self) -> Box<dyn Process> {
            Box::new(self.clone())
        }
    }
    Box::new(Edit(call, false))
}

/// Sleeps for as many seconds as its argument says.
fn nap(call: Call) -> Box<dyn Process> {
    #[derive(Clone)]
    struct Nap(u64, Option<essaim_kernel::Time>);
    impl Process for Nap {
        fn step(&mut self, io: &mut Io<'_>) -> Progress {
            let until = *self.1.get_or_insert(io.now() + std::time::Duration::from_secs(self.0));
            if io.now() >= until {
                return Progress::Exit(0);
            }
            Progress::Blocked(Wait::Alarm(until))
        }
        fn clone_box(&self) -> Box<dyn Process> {
            Box::new(self.clone())
        }
    }
    let seconds = String::from_utf8_lossy(&call.args[1]).parse().unwrap();
    Box::new(Nap(seconds, None))
}

struct Session {
    machine: Machine,
    seen: u64,
}

impl Session {
    fn new() -> Self {
        let mut machine = machine();
        let program = |name, start| Program {
            name,
            path: "/usr/bin/x",
            summary: "",
            start,
            complete: None,
        };
        machine.add_programs(&[program("edit", edit), program("nap", nap)]);
        let mut env = environment(FOLDER);
        env.insert(b"HOME".to_vec(), b"/home/camille".to_vec());
        env.insert(b"PS1".to_vec(), b"\\u@essaim:\\w\\$ ".to_vec());
        machine
            .open_terminal((80, 24), vec![b"bash".to_vec()], env, FOLDER.as_bytes().to_vec())
            .unwrap();
        let mut session = Self { machine, seen: 0 };
        session.run();
        session
    }

    fn run(&mut self) {
        self.machine.begin_command();
        while self.machine.run(1000) != Activity::Idle {}
    }

    /// Types a line; gives what appeared since the last call.
    fn line(&mut self, text: &str) -> String {
        self.machine.type_text(0, format!("{text}\n").as_bytes());
        self.run();
        self.new_output()
    }

    fn new_output(&mut self) -> String {
        let terminal = &self.machine.terminals()[0];
        let text = terminal.output_since(self.seen);
        self.seen = terminal.output_end();
        String::from_utf8(text).unwrap()
    }
}

const PROMPT: &str = "camille@essaim:~/essai$ ";

#[test]
fn prompts_and_status() {
    let mut session = Session::new();
    assert_eq!(session.new_output(), PROMPT);
    assert_eq!(session.line("echo a"), format!("echo a\na\n{PROMPT}"));
    assert_eq!(session.machine.terminal_state(0), TerminalState::Prompt { status: 0 });
    session.line("false");
    assert_eq!(session.machine.terminal_state(0), TerminalState::Prompt { status: 1 });
    assert_eq!(
        session.line("nope"),
        format!("nope\nbash: nope: command not found\n{PROMPT}")
    );
    assert_eq!(session.machine.terminal_state(0), TerminalState::Prompt { status: 127 });
    assert_eq!(session.line("if true"), "if true\n> ");
    assert_eq!(session.machine.terminal_state(0), TerminalState::Continuation);
    assert_eq!(session.line("then echo 'x"), "then echo 'x\n> ");
    assert_eq!(session.line("y'; fi"), format!("y'; fi\nx\ny\n{PROMPT}"));
    assert_eq!(session.line("cat <<E"), "cat <<E\n> ");
    assert_eq!(session.line("a"), "a\n> ");
    assert_eq!(session.line("E"), format!("E\na\n{PROMPT}"));
    assert_eq!(
        session.line("echo )"),
        format!("echo )\nbash: syntax error near unexpected token `)'\n{PROMPT}")
    );
    assert_eq!(session.line("cd /"), "cd /\ncamille@essaim:/$ ");
    assert_eq!(session.machine.shell_context(0).unwrap().0, b"/");
    session.line("export V=1");
    assert_eq!(session.machine.shell_context(0).unwrap().1[b"V".as_slice()], b"1");
}

#[test]
fn default_prompt_has_the_colours_and_the_folder() {
    let mut session = Session::new();
    session.line("unset PS1");
    let text = session.line("");
    assert!(text.contains("camille@essaim") && text.contains("\u{1b}["), "{text:?}");
    assert!(text.contains("~/essai") && text.ends_with("$ "), "{text:?}");
}

#[test]
fn control_c_and_control_d() {
    let mut session = Session::new();
    session.new_output();
    // At the prompt.
    session.machine.interrupt(0);
    session.run();
    assert_eq!(session.new_output(), format!("^C\n{PROMPT}"));
    assert_eq!(session.machine.terminal_state(0), TerminalState::Prompt { status: 130 });
    // In an unfinished command.
    session.line("if true");
    session.machine.interrupt(0);
    session.run();
    session.new_output();
    assert_eq!(session.line("echo ok"), format!("echo ok\nok\n{PROMPT}"));
    // A program in the foreground; what follows it is not run.
    session.machine.type_text(0, b"cat; echo no\n");
    session.run();
    assert_eq!(session.machine.terminal_state(0), TerminalState::Reading);
    session.machine.interrupt(0);
    session.run();
    assert_eq!(session.new_output(), format!("cat; echo no\n^C\n{PROMPT}"));
    // A loop of builtins.
    session.machine.type_text(0, b"while true; do :; done; echo no\n");
    session.machine.begin_command();
    session.machine.run(50);
    assert_eq!(session.machine.terminal_state(0), TerminalState::Busy);
    session.machine.interrupt(0);
    session.run();
    let text = session.new_output();
    assert!(text.ends_with(&format!("^C\n{PROMPT}")), "{text:?}");
    // Ctrl-D in a program ends its input only.
    session.machine.type_text(0, b"cat\n");
    session.run();
    session.machine.end_of_file(0);
    session.run();
    assert_eq!(session.machine.terminal_state(0), TerminalState::Prompt { status: 0 });
    session.new_output();
    session.machine.end_of_file(0);
    session.run();
    assert_eq!(session.new_output(), "exit\n");
    assert_eq!(session.machine.terminal_state(0), TerminalState::Closed { status: 0 });
}

#[test]
fn an_endless_loop_meets_its_limit_and_the_shell_lives() {
    let mut session = Session::new();
    session.new_output();
    let text = session.line("x=kept; while true; do :; done");
    assert!(text.contains("limit command_steps_max reached"), "{text:?}");
    assert!(text.ends_with(PROMPT), "{text:?}");
    assert_eq!(session.line("echo $x"), format!("echo $x\nkept\n{PROMPT}"));
}

#[test]
fn jobs() {
    let mut session = Session::new();
    session.new_output();
    let text = session.line("nap 100 &");
    assert!(text.starts_with("nap 100 &\n[1] 10"), "{text:?}");
    assert_eq!(
        session.line("jobs"),
        format!("jobs\n[1]+  Running                 nap 100 &\n{PROMPT}")
    );
    let later = session.machine.now() + std::time::Duration::from_secs(200);
    session.machine.advance_to(later);
    session.run();
    assert_eq!(
        session.line(""),
        format!("\n[1]+  Done                    nap 100\n{PROMPT}")
    );
    session.line("nap 1000 &");
    let text = session.line("kill %1; wait %1; echo $?");
    assert!(text.contains("Terminated              nap 1000\n143\n"), "{text:?}");
    session.line("nap 5 &");
    assert_eq!(session.line("fg"), format!("fg\nnap 5\n{PROMPT}"));
    assert_eq!(
        session.line("fg"),
        format!("fg\nbash: fg: current: no such job\n{PROMPT}")
    );
}

#[test]
fn history() {
    let mut session = Session::new();
    session.line("echo one");
    session.line("echo two");
    session.new_output();
    assert_eq!(session.line("!!"), format!("!!\necho two\ntwo\n{PROMPT}"));
    assert_eq!(session.line("!1"), format!("!1\necho one\none\n{PROMPT}"));
    assert_eq!(
        session.line("echo !$ x"),
        format!("echo !$ x\necho one x\none x\n{PROMPT}")
    );
    assert_eq!(
        session.line("!nope"),
        format!("!nope\nbash: !nope: event not found\n{PROMPT}")
    );
    assert_eq!(session.line("echo '!!' a!"), format!("echo '!!' a!\n!! a!\n{PROMPT}"));
    let text = session.line("history 2");
    assert_eq!(text.lines().nth(1), Some("    5  echo '!!' a!"));
}

#[test]
fn aliases_in_a_terminal() {
    let mut session = Session::new();
    session.line("alias say='echo said ' ll='say -'");
    session.line("alias echo='echo aliased'");
    session.new_output();
    assert_eq!(session.line("ll x"), format!("ll x\naliased said - x\n{PROMPT}"));
    assert_eq!(session.line("\\echo x"), format!("\\echo x\nx\n{PROMPT}"));
    assert_eq!(
        session.line("type ll"),
        format!("type ll\nll is aliased to `say -'\n{PROMPT}")
    );
}

/// An editor inside `$( )` inside `if` inside a loop: suspended, copied, and both copies go on.
#[test]
fn a_snapshot_in_the_middle_of_an_expansion_goes_on() {
    let mut session = Session::new();
    session.new_output();
    session.machine.type_text(
        0,
        b"for i in 1 2; do if x=$(echo $i; edit note); then echo \"<$x>\"; fi; done\n",
    );
    session.run();
    let editing = TerminalState::Editing {
        path: format!("{FOLDER}/note").into_bytes(),
    };
    assert_eq!(session.machine.terminal_state(0), editing);
    let mut other = Session {
        machine: session.machine.clone(),
        seen: session.seen,
    };
    assert_eq!(other.machine.digest(), session.machine.digest());
    for (session, saved) in [(&mut session, true), (&mut other, false)] {
        session.machine.finish_editor(0, saved);
        session.run();
        assert_eq!(session.machine.terminal_state(0), editing);
        session.machine.finish_editor(0, true);
        session.run();
        let word = if saved { "saved" } else { "aborted" };
        let text = session.new_output();
        assert!(
            text.ends_with(&format!("<1\n{word}>\n<2\nsaved>\n{PROMPT}")),
            "{text:?}"
        );
    }
}

#[test]
fn exec_and_exit() {
    let mut session = Session::new();
    session.new_output();
    let text = session.line("exec bash");
    assert!(text.ends_with(PROMPT), "{text:?}");
    assert_eq!(session.line("exit 3"), "exit 3\nexit\n");
    assert_eq!(session.machine.terminal_state(0), TerminalState::Closed { status: 3 });
}

#[test]
fn read_from_the_terminal() {
    let mut session = Session::new();
    session.new_output();
    assert_eq!(
        session.line("read -p 'Name? ' n; echo \"hi $n\""),
        "read -p 'Name? ' n; echo \"hi $n\"\nName? "
    );
    assert_eq!(session.machine.terminal_state(0), TerminalState::Reading);
    assert_eq!(session.line("Ada"), format!("Ada\nhi Ada\n{PROMPT}"));
}
