//! How a `git` command runs as a process of the machine: at once, or with pauses for input, an editor or a child.

use crate::cat;
use crate::config::Config;
use crate::date::Clock;
use crate::fault::{Fault, Result};
use crate::ident::{self, Role};
use crate::object::Signature;
use crate::output::Colors;
use crate::repo::{Global, Repo};
use essaim_kernel::process::Environment;
use essaim_kernel::{Call, Files, Io, Pid, Process, Progress, Read, Signal, Spawn, Wait};

/// What a command works with.
pub struct Cx<'a, 'io> {
    /// The process's door to the machine.
    pub io: &'a mut Io<'io>,
    /// Options before the command's name.
    pub global: Global,
    /// Standard output is a pager that shows on a terminal: colours stay on.
    pub paged: bool,
}

/// What a command does next.
pub enum Next {
    /// It is done.
    Exit(u8),
    /// It wants the whole standard input.
    Input(Then),
    /// It wants one line of standard input (with its line feed; empty at the end).
    Line(Then),
    /// It wants a file edited (absolute path).
    Edit(Vec<u8>, Then),
    /// It wants a program run to its end.
    Child(Spawn, Then),
    /// It wants to run again after its output was taken (long output).
    Again(Then),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The input, whole or one line.
    Input(Vec<u8>),
    /// The editor's or child's exit code.
    Code(u8),
    /// Nothing to tell.
    Nothing,
}

/// The rest of a command: plain data and a function, so that it can be snapshotted while it waits.
pub struct Then(Box<dyn Continue>);

trait Continue: Send + Sync {
    fn resume(self: Box<Self>, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next>;
    fn clone_box(&self) -> Box<dyn Continue>;
}

/// What a [`Then`] calls.
pub type Resume<S> = fn(S, &mut Cx<'_, '_>, Outcome) -> Result<Next>;

#[derive(Clone)]
struct Rest<S>(S, Resume<S>);

impl<S: Clone + Send + Sync + 'static> Continue for Rest<S> {
    fn resume(self: Box<Self>, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
        (self.1)(self.0, cx, outcome)
    }
    fn clone_box(&self) -> Box<dyn Continue> {
        Box::new(self.clone())
    }
}

impl Then {
    /// Goes on with `resume`, which gets `state` back.
    pub fn new<S: Clone + Send + Sync + 'static>(state: S, resume: Resume<S>) -> Self {
        Self(Box::new(Rest(state, resume)))
    }

    /// Goes on.
    pub fn go(self, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
        self.0.resume(cx, outcome)
    }
}

impl Clone for Then {
    fn clone(&self) -> Self {
        Self(self.0.clone_box())
    }
}

impl Cx<'_, '_> {
    /// The files, to read.
    pub fn files(&self) -> &Files {
        self.io.files_ref()
    }

    /// The files, to change.
    pub fn files_mut(&mut self) -> &mut Files {
        self.io.files()
    }

    /// The environment.
    pub fn env(&self) -> &Environment {
        self.io.env()
    }

    /// The clock and zone.
    pub fn clock(&self) -> Clock {
        Clock::new(self.io.now(), self.io.env())
    }

    /// The repository of the current directory.
    pub fn repo(&self) -> Result<Repo> {
        let mut repo = Repo::open(self.files(), self.env(), self.io.cwd(), &self.global)?;
        if self.global.no_advice {
            repo.config.entries.retain(|entry| !entry.key.starts_with(b"advice."));
        }
        Ok(repo)
    }

    /// The repository, which must have a working tree.
    pub fn work_repo(&self) -> Result<Repo> {
        let repo = self.repo()?;
        repo.work_tree()?;
        Ok(repo)
    }

    /// Author or committer; without name or address it is Git's error.
    pub fn identity(&self, repo: &Repo, role: Role) -> Result<Signature> {
        ident::resolve(role, &repo.config, self.env(), &self.clock(), true)
    }

    /// The committer for reflogs, made up where there is none.
    pub fn log_identity(&self, repo: &Repo) -> Result<Signature> {
        ident::resolve(Role::Committer, &repo.config, self.env(), &self.clock(), false)
    }

    /// Prints to standard output.
    pub fn print(&mut self, text: impl AsRef<[u8]>) {
        self.io.print(text);
    }

    /// Prints to standard error.
    pub fn eprint(&mut self, text: impl AsRef<[u8]>) {
        self.io.eprint(text);
    }

    /// Whether output goes to somebody's eyes.
    pub fn is_terminal(&self) -> bool {
        self.paged || self.io.is_terminal(1)
    }

    /// The colours of `color.SECTION`.
    pub fn colors(&self, repo: &Repo, section: &str, option: Option<&[u8]>) -> Colors {
        Colors::new(&repo.config, section, self.is_terminal(), option)
    }

    /// The width of the terminal (`COLUMNS`, or 80).
    pub fn width(&self) -> usize {
        let variable = self.io.var("COLUMNS").and_then(crate::bytes::parse_number);
        variable
            .or(self.io.window_size().map(|(columns, _)| usize::from(columns)))
            .unwrap_or(80)
    }

    /// The editor's command line, or Git's error where there is none.
    pub fn editor(&self, repo: &Repo) -> Result<Vec<u8>> {
        self.editor_of(&repo.config)
    }

    /// The settings in force: the repository's, or outside one the user's own.
    pub fn settings(&self) -> Result<Config> {
        match self.repo() {
            Ok(repo) => Ok(repo.config),
            Err(_) => Config::load(self.files(), self.env(), None, &self.global.config),
        }
    }

    /// The editor that settings and environment name.
    pub fn editor_of(&self, config: &Config) -> Result<Vec<u8>> {
        let var = |name: &str| self.io.var(name).filter(|value| !value.is_empty()).map(<[u8]>::to_vec);
        let dumb = !self.io.is_terminal(1) && !self.io.is_terminal(2)
            || self.io.var("TERM").is_none_or(|term| term == b"dumb");
        let setting = || config.get("core.editor").map(<[u8]>::to_vec);
        let visual = || if dumb { None } else { var("VISUAL") };
        let chosen = var("GIT_EDITOR")
            .or_else(setting)
            .or_else(visual)
            .or_else(|| var("EDITOR"));
        match chosen {
            Some(editor) => Ok(editor),
            None if dumb => Err(Fault::error("Terminal is dumb, but EDITOR unset")),
            None => Ok(b"nano".to_vec()),
        }
    }

    /// The process that edits a file with the user's editor; `None`: the editor `:` changes nothing.
    pub fn editor_spawn(&self, editor: &[u8], path: &[u8]) -> Option<Spawn> {
        if editor == b":" || self.missing_editor(editor).is_some() {
            return None;
        }
        Some(Spawn {
            args: vec![
                b"sh".to_vec(),
                b"-c".to_vec(),
                cat![editor, " \"$@\""],
                editor.to_vec(),
                path.to_vec(),
            ],
            ..Spawn::default()
        })
    }

    /// Edits a message: as [`Cx::edit`], and without an editor Git says which options to use.
    pub fn edit_message(&mut self, repo: &Repo, path: Vec<u8>, then: Then) -> Result<Next> {
        self.edit_saying(
            repo,
            path,
            then,
            "Please supply the message using either -m or -F option.\n",
        )
    }

    /// Edits a file, then goes on; the outcome is `Outcome::Code`. A failing editor is Git's error.
    pub fn edit(&mut self, repo: &Repo, path: Vec<u8>, then: Then) -> Result<Next> {
        self.edit_saying(repo, path, then, "")
    }

    /// What Git says of an editor that is a plain word and names no program.
    fn missing_editor(&self, editor: &[u8]) -> Option<Vec<u8>> {
        if editor == b":" {
            return None;
        }
        if editor.iter().any(|b| b" \t\n|&;<>()$`\\\"'*?[#~=%/".contains(b)) || self.io.find_program(editor).is_some() {
            return None;
        }
        let path = self.io.var("PATH").unwrap_or_default();
        let found = path
            .split(|b| *b == b':')
            .any(|folder| self.files().is_file(&cat![folder, "/", editor]));
        (!found).then(|| {
            cat![
                "error: cannot run ",
                editor,
                ": No such file or directory\nerror: unable to start editor '",
                editor,
                "'\n"
            ]
        })
    }

    /// Says on a terminal that an editor is open.
    pub fn announce_editor(&mut self, repo: &Repo) {
        let terminal_waits = self.io.is_terminal(2)
            && self.io.var("TERM").is_some_and(|term| term != b"dumb")
            && repo.config.advice("waitingForEditor");
        if terminal_waits {
            self.eprint("hint: Waiting for your editor to close the file... ");
            // A terminal that can, erases the hint when the editor is closed.
            self.eprint("\r\u{1b}[K");
        }
    }

    fn edit_saying(&mut self, repo: &Repo, path: Vec<u8>, then: Then, advice: &'static str) -> Result<Next> {
        let editor = self
            .editor(repo)
            .map_err(|fault| Fault::Plain(cat![fault.render().0, advice], 1))?;
        if let Some(said) = self.missing_editor(&editor) {
            return Err(Fault::Plain(cat![said, advice], 1));
        }
        if self.editor_spawn(&editor, &path).is_none() {
            return then.0.resume(self, Outcome::Code(0));
        }
        self.announce_editor(repo);
        Ok(Next::Edit(path, Then::new((editor, then, advice), edited)))
    }
}

type Edited = (Vec<u8>, Then, &'static str);

fn edited((editor, then, advice): Edited, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    if outcome != Outcome::Code(0) {
        return Err(Fault::Plain(
            cat!["error: there was a problem with the editor '", editor, "'\n", advice],
            1,
        ));
    }
    then.0.resume(cx, outcome)
}

/// How a `git` process stands.
#[derive(Clone)]
enum State {
    Start,
    Input {
        bytes: Vec<u8>,
        line: bool,
        then: Then,
    },
    Child {
        pid: Pid,
        then: Then,
    },
    Again {
        then: Then,
    },
    /// Done; the pager still shows.
    Pager {
        pid: Pid,
        code: u8,
    },
}

/// The `git` process.
#[derive(Clone)]
pub struct GitProcess {
    call: Call,
    state: State,
    global: Global,
    pager: Option<Pid>,
}

impl GitProcess {
    /// Begins `git …`.
    pub fn start(call: Call) -> Box<dyn Process> {
        Box::new(Self {
            call,
            state: State::Start,
            global: Global::default(),
            pager: None,
        })
    }

    fn advance(&mut self, io: &mut Io<'_>, outcome: Option<(Then, Outcome)>) -> Progress {
        let mut cx = Cx {
            io,
            global: self.global.clone(),
            paged: self.pager.is_some(),
        };
        let result = match outcome {
            None => crate::cli::main(&mut cx, &self.call.args, &mut self.pager),
            Some((then, outcome)) => then.0.resume(&mut cx, outcome),
        };
        self.global = cx.global.clone();
        match result {
            Ok(next) => self.follow(io, next),
            Err(fault) => {
                let (text, code) = fault.render();
                io.eprint(text);
                self.finish(io, code)
            }
        }
    }

    fn follow(&mut self, io: &mut Io<'_>, next: Next) -> Progress {
        match next {
            Next::Exit(code) => self.finish(io, code),
            Next::Input(then) => self.wait_input(io, false, then),
            Next::Line(then) => self.wait_input(io, true, then),
            Next::Again(then) => {
                self.state = State::Again { then };
                Progress::Ready
            }
            Next::Edit(path, then) => {
                let cx = Cx {
                    io,
                    global: self.global.clone(),
                    paged: false,
                };
                let spawn = cx
                    .settings()
                    .and_then(|config| cx.editor_of(&config))
                    .ok()
                    .and_then(|editor| cx.editor_spawn(&editor, &path));
                match spawn {
                    Some(spawn) => self.wait_child(io, spawn, then),
                    None => self.advance(io, Some((then, Outcome::Code(0)))),
                }
            }
            Next::Child(spawn, then) => self.wait_child(io, spawn, then),
        }
    }

    fn wait_child(&mut self, io: &mut Io<'_>, spawn: Spawn, then: Then) -> Progress {
        io.flush();
        match io.spawn(spawn) {
            Ok(pid) => {
                self.state = State::Child { pid, then };
                Progress::Blocked(Wait::Child)
            }
            Err(_) => self.advance(io, Some((then, Outcome::Code(127)))),
        }
    }

    fn wait_input(&mut self, io: &mut Io<'_>, line: bool, then: Then) -> Progress {
        let bytes = Vec::new();
        self.state = State::Input { bytes, line, then };
        self.read_input(io)
    }

    fn read_input(&mut self, io: &mut Io<'_>) -> Progress {
        let State::Input { bytes, line, then } = &mut self.state else {
            return Progress::Ready;
        };
        loop {
            // A line is read byte by byte: what follows it belongs to the next reader.
            match io.read(0, if *line { 1 } else { 1 << 16 }) {
                Read::Data(more) => {
                    let ended = *line && more.ends_with(b"\n");
                    bytes.extend_from_slice(&more);
                    if !ended {
                        continue;
                    }
                }
                Read::Wait => return Progress::Blocked(Wait::Readable(0)),
                Read::End | Read::Failed(_) => {}
            }
            let (bytes, then) = (std::mem::take(bytes), then.clone());
            return self.advance(io, Some((then, Outcome::Input(bytes))));
        }
    }

    fn finish(&mut self, io: &mut Io<'_>, code: u8) -> Progress {
        match self.pager.take() {
            Some(pid) => {
                io.close(1);
                self.state = State::Pager { pid, code };
                Progress::Blocked(Wait::Child)
            }
            None => Progress::Exit(code),
        }
    }
}

impl Process for GitProcess {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        match &mut self.state {
            State::Start => self.advance(io, None),
            State::Input { .. } => self.read_input(io),
            State::Again { then } => {
                let then = then.clone();
                self.advance(io, Some((then, Outcome::Nothing)))
            }
            State::Child { pid, then } => match io.reap(*pid) {
                Some(status) => {
                    let then = then.clone();
                    self.advance(io, Some((then, Outcome::Code(status.code()))))
                }
                None => Progress::Blocked(Wait::Child),
            },
            State::Pager { pid, code } => match io.reap(*pid) {
                Some(_) => Progress::Exit(*code),
                None => Progress::Blocked(Wait::Child),
            },
        }
    }

    fn signal(&mut self, signal: Signal, _: &mut Io<'_>) -> bool {
        // While an editor or a pager is in the foreground, Ctrl-C is for it.
        signal == Signal::Interrupt && matches!(self.state, State::Child { .. } | State::Pager { .. })
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
