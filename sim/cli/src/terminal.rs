//! The interactive shell: the first terminal of a lab, in a real one.

use crate::arguments::ShellOptions;
use crate::{Fault, house};
use essaim_kernel::TerminalState;
use essaim_lab::complete::complete;
use essaim_lab::transcript::Act;
use essaim_lab::{Lab, Origin};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Steps between two looks at Ctrl-C and the output.
const SLICE_STEPS: u64 = 2_000;

const COMMANDS: &str = "\
:undo         back to before the last command
:redo         forward again
:timeline     what was done
:transcript   the transcript, as a file of the course has it
:help         this list
";

/// `essaim sh` with somebody to talk to.
pub fn shell(options: &ShellOptions) -> Result<u8, Fault> {
    let spec = house::spec(options)?;
    let mut lab = Lab::open_with(spec, "en", house::limits())?;
    if let Some(root) = house::root(options)? {
        println!(
            "{} is mounted: what is done there is done for good, and undo is off.",
            root.display()
        );
        lab.with_machine(|machine| house::mount(machine, root))?;
    }
    println!("`:help` names what this terminal adds to the shell.");
    converse(lab, &mut |_| {})
}

/// Talks until the shell exits; `watch` sees the lab after each command.
pub fn converse(lab: Lab, watch: &mut dyn FnMut(&Lab)) -> Result<u8, Fault> {
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed))?;
    let lab = Rc::new(RefCell::new(lab));
    let mut editor = Editor::<Tab, DefaultHistory>::new()?;
    editor.set_helper(Some(Tab(Rc::clone(&lab))));
    let mut talk = Talk {
        lab,
        editor,
        stop,
        seen: 0,
    };
    loop {
        talk.work()?;
        watch(&talk.lab.borrow());
        let state = talk.lab.borrow().terminal_state(0);
        match state {
            TerminalState::Closed { status } => return Ok(status),
            TerminalState::Editing { path } => talk.edit(&path)?,
            TerminalState::Prompt { .. } => talk.line(true)?,
            TerminalState::Continuation | TerminalState::Reading | TerminalState::Busy => talk.line(false)?,
        }
    }
}

struct Talk {
    lab: Rc<RefCell<Lab>>,
    editor: Editor<Tab, DefaultHistory>,
    stop: Arc<AtomicBool>,
    /// How much of the terminal's output was shown.
    seen: u64,
}

const ORIGIN: Origin = Origin::Request(1);

impl Talk {
    /// Works until everything waits, showing what is printed.
    fn work(&mut self) -> Result<(), Fault> {
        loop {
            let mut lab = self.lab.borrow_mut();
            if self.stop.swap(false, Ordering::Relaxed) {
                lab.interrupt(0, ORIGIN);
            }
            let busy = lab.work(SLICE_STEPS);
            for problem in lab.take_outcomes().into_iter().filter_map(|outcome| outcome.problem) {
                eprintln!("essaim: {}", essaim_lab::lab::describe(&problem));
            }
            let terminal = &lab.state().machine.terminals()[0];
            let end = match lab.terminal_state(0) {
                TerminalState::Prompt { .. } | TerminalState::Continuation => terminal.prompt_start(),
                _ => terminal.output_end(),
            };
            if end > self.seen {
                let mut bytes = terminal.output_since(self.seen);
                bytes.truncate((end - self.seen.max(terminal.output_start())) as usize);
                std::io::stdout().write_all(&bytes)?;
                std::io::stdout().flush()?;
                self.seen = end;
            }
            if !busy {
                return Ok(());
            }
        }
    }

    /// Reads a line and gives it to the lab.
    fn line(&mut self, at_prompt: bool) -> Result<(), Fault> {
        let prompt = self.prompt();
        match self.editor.readline(&prompt) {
            Ok(line) if at_prompt && line.starts_with(':') && line.len() > 1 => self.command(&line),
            Ok(line) => {
                self.editor.add_history_entry(&line)?;
                self.lab.borrow_mut().submit(0, &line, ORIGIN);
                self.begin();
            }
            Err(ReadlineError::Interrupted) => {
                self.lab.borrow_mut().interrupt(0, ORIGIN);
                self.begin();
            }
            Err(ReadlineError::Eof) => {
                self.lab.borrow_mut().ask(Act::EndOfFile { terminal: 0 }, ORIGIN);
                self.begin();
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The line editor has shown what was typed: the terminal's echo of it is not shown again.
    fn begin(&mut self) {
        let mut lab = self.lab.borrow_mut();
        lab.work(0);
        self.seen = lab.state().machine.terminals()[0].output_end();
    }

    fn prompt(&self) -> String {
        let lab = self.lab.borrow();
        let bytes = lab.state().machine.terminals()[0].output_since(self.seen);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn command(&mut self, line: &str) {
        let mut lab = self.lab.borrow_mut();
        let mounted = lab.state().machine.files().has_mount();
        match line.trim() {
            ":undo" | ":redo" if mounted => println!("Undo is off: a real folder is mounted."),
            ":undo" | ":redo" => {
                let moved = if line.trim() == ":undo" { lab.undo() } else { lab.redo() };
                lab.finish();
                lab.take_outcomes();
                println!(
                    "{}",
                    if moved {
                        "Done."
                    } else {
                        "There is nothing more that way."
                    }
                );
            }
            ":timeline" => {
                for (index, entry) in lab.entries().iter().enumerate() {
                    let label = entry.lines.first().map(|line| line.act.label()).unwrap_or_default();
                    println!("{} {}  {label}", if index < lab.done() { "●" } else { "○" }, index + 1);
                }
            }
            ":transcript" => print!("{}", lab.transcript_text(true)),
            _ => print!("{COMMANDS}"),
        }
        self.seen = lab.state().machine.terminals()[0].prompt_start();
    }

    /// The real editor on a copy of the file.
    fn edit(&mut self, path: &[u8]) -> Result<(), Fault> {
        let mut lab = self.lab.borrow_mut();
        let content = lab.state().machine.files().read(path).unwrap_or_default();
        let name = essaim_kernel::files::path::file_name(path);
        let folder = tempfile::tempdir()?;
        let copy = folder.path().join(String::from_utf8_lossy(name).as_ref());
        std::fs::write(&copy, content.as_slice())?;
        let chosen = std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR"));
        let editor = chosen.unwrap_or_else(|_| "vi".to_owned());
        let status = std::process::Command::new("sh")
            .args(["-c", &format!("{editor} \"$1\""), "sh"])
            .arg(&copy)
            .status()?;
        let saved = if status.success() {
            Some(std::fs::read(&copy)?)
        } else {
            None
        };
        lab.finish_editor(0, saved.as_deref(), ORIGIN);
        Ok(())
    }
}

/// Tab asks the lab.
struct Tab(Rc<RefCell<Lab>>);

impl Completer for Tab {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let lab = self.0.borrow();
        let completion = complete(lab.state(), 0, line, at);
        let pair = |display: String, replacement: String| Pair { display, replacement };
        if completion.candidates.len() > 1 && completion.cursor as usize <= at {
            let shown = completion.candidates.into_iter().map(|name| pair(name, String::new()));
            return Ok((at, shown.collect()));
        }
        let end = (completion.cursor as usize).min(completion.line.len());
        let whole = completion.line.get(..end).unwrap_or_default().to_owned();
        Ok((0, vec![pair(whole.clone(), whole)]))
    }
}

impl Helper for Tab {}
impl Highlighter for Tab {}
impl Hinter for Tab {
    type Hint = String;
}
impl Validator for Tab {}
