//! A lab as the page sees it: signals that the worker's news fill, and what can be asked of it.
//!
//! A session belongs to its route; when the route goes, `close` ends the worker. The saved
//! lab is the transcript, nothing else: reload, crash and share link all come back by replay.

mod news;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use essaim_proto_git::GitView;
use essaim_proto_lab::message::{
    Completion, FolderEntry, Problem, Request, Response, StepState, TerminalStatus, Timeline,
};
use essaim_proto_lab::spec::LabSpec;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::lab::host::{self, News};
use crate::lab::screen::Screen;
use crate::state::{self, ToastKind};
use crate::store::{self, Answer, Lock};
use crate::text::{fill, lang_now, t_now};

/// Crashes in a row after which the lab stops trying by itself.
const RESTARTS_MAX: u32 = 3;
/// Bytes of one file that may be brought in.
pub const BRING_IN_BYTES_MAX: f64 = 50.0e6;

/// How far the lab is.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The engine is on its way: 0 to 1.
    Loading(f64),
    /// The transcript is being replayed.
    Opening,
    Ready,
    Failed(String),
}

/// One terminal, live.
#[derive(Clone)]
pub struct TerminalModel {
    pub id: u32,
    pub screen: ArcRwSignal<Screen>,
    pub status: ArcRwSignal<TerminalStatus>,
    pub folder: ArcRwSignal<String>,
    pub history: ArcRwSignal<Vec<String>>,
    /// What the last command printed, for the announcement.
    pub heard: ArcRwSignal<String>,
}

impl TerminalModel {
    fn new(id: u32) -> Self {
        Self {
            id,
            screen: ArcRwSignal::default(),
            status: ArcRwSignal::new(TerminalStatus::Busy),
            folder: ArcRwSignal::new(String::new()),
            history: ArcRwSignal::default(),
            heard: ArcRwSignal::default(),
        }
    }
}

/// An act that would forget the known future, until it is confirmed.
#[derive(Clone)]
pub enum Pending {
    Submit(u32, String),
    Save(String, Vec<u8>),
    Fork,
}

/// The lab's signals.
#[derive(Clone)]
pub struct Session {
    key: u32,
    /// Under which name the transcript is kept.
    pub name: Arc<str>,
    pub spec: Arc<LabSpec>,
    pub phase: ArcRwSignal<Phase>,
    pub terminals: ArcRwSignal<Vec<TerminalModel>>,
    /// The terminal in front.
    pub active: ArcRwSignal<u32>,
    pub timeline: ArcRwSignal<Timeline>,
    pub steps: ArcRwSignal<Vec<StepState>>,
    pub revision: ArcRwSignal<u64>,
    pub now_nanos: ArcRwSignal<i64>,
    pub git: ArcRwSignal<Option<GitView>>,
    pub files: ArcRwSignal<Vec<FolderEntry>>,
    pub transcript: ArcRwSignal<String>,
    /// Whether this tab is the one that saves.
    pub saves: ArcRwSignal<bool>,
    pub asks_fork: ArcRwSignal<Option<Pending>>,
    /// The file the editor is asked to show.
    pub wants_file: ArcRwSignal<Option<String>>,
}

/// What a session needs beside its signals; it stays on the page's thread.
#[derive(Default)]
struct Hidden {
    lock: Option<Lock>,
    restarts: u32,
    in_flight: Option<String>,
    git_revision: u64,
    asking_git: bool,
    asking_files: bool,
    stale: bool,
    /// The transcript that the lab was opened with, as the worker writes it.
    found: String,
}

thread_local! {
    static HIDDEN: RefCell<BTreeMap<u32, Hidden>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT: std::cell::Cell<u32> = const { std::cell::Cell::new(1) };
}

impl Session {
    /// Starts a lab. The stored one of that name comes back; where there is none it begins with
    /// the transcript `start`.
    pub fn open(name: &str, spec: LabSpec, start: String) -> Self {
        let key = NEXT.replace(NEXT.get() + 1);
        HIDDEN.with(|h| h.borrow_mut().insert(key, Hidden::default()));
        let session = Self {
            key,
            name: name.into(),
            spec: Arc::new(spec),
            phase: ArcRwSignal::new(Phase::Loading(0.0)),
            terminals: ArcRwSignal::default(),
            active: ArcRwSignal::new(0),
            timeline: ArcRwSignal::default(),
            steps: ArcRwSignal::default(),
            revision: ArcRwSignal::default(),
            now_nanos: ArcRwSignal::default(),
            git: ArcRwSignal::default(),
            files: ArcRwSignal::default(),
            transcript: ArcRwSignal::new(start),
            saves: ArcRwSignal::new(true),
            asks_fork: ArcRwSignal::new(None),
            wants_file: ArcRwSignal::new(None),
        };
        let starting = session.clone();
        spawn_local(async move {
            starting.claim().await;
            if let Some(found) = store::load_lab(&starting.name).await {
                starting.transcript.set(found);
            }
            starting.launch();
        });
        session
    }

    /// Ends the worker and gives the lock back.
    pub fn close(&self) {
        host::stop(self.key);
        HIDDEN.with(|h| h.borrow_mut().remove(&self.key));
    }

    pub fn spec(&self) -> &LabSpec {
        &self.spec
    }

    fn hidden<T: Default>(&self, f: impl FnOnce(&mut Hidden) -> T) -> T {
        HIDDEN.with(|h| h.borrow_mut().get_mut(&self.key).map(f).unwrap_or_default())
    }

    /// Of two tabs on one lab, one saves.
    async fn claim(&self) {
        match store::try_acquire(&format!("essaim-lab-{}", self.name)).await {
            Answer::Held(lock) => self.hidden(|h| h.lock = Some(lock)),
            Answer::Taken => self.saves.set(false),
        }
    }

    /// Takes the saving over from the other tab. What was done there since comes here, unless
    /// something was done here too: then this tab is the one that was chosen.
    pub fn take_over(&self) {
        let session = self.clone();
        spawn_local(async move {
            if let Some(lock) = store::acquire(&format!("essaim-lab-{}", session.name), true).await {
                session.hidden(|h| h.lock = Some(lock));
                session.saves.set(true);
                let here = session.transcript.get_untracked();
                let untouched = session.hidden(|h| h.found == here);
                match store::load_lab(&session.name).await {
                    Some(there) if untouched && there != here => {
                        session.transcript.set(there);
                        session.launch();
                    }
                    _ => store::save_lab(&session.name, &here),
                }
            }
        });
    }

    fn launch(&self) {
        self.phase.set(Phase::Loading(0.0));
        // A new worker owes none of the old one's answers.
        self.hidden(|h| (h.asking_git, h.asking_files, h.stale) = (false, false, false));
        let session = self.clone();
        host::start(self.key, "base", Rc::new(move |news| session.hear(news)));
    }

    fn hear(&self, news: News) {
        match news {
            News::Loading(part) => self.phase.set(Phase::Loading(part)),
            News::Loaded => self.greet(),
            News::Update(update) => self.update(*update),
            News::Blocked => self.phase.set(Phase::Failed(t_now().lab_blocked.to_owned())),
            News::Broken { silent } => self.recover(silent),
        }
    }

    fn greet(&self) {
        let session = self.clone();
        let build = crate::dom::build_id();
        host::ask(
            self.key,
            Request::Hello { build: build.clone() },
            move |answer| match answer {
                Response::Hello { build: theirs } if theirs == build => session.replay(),
                _ => session.phase.set(Phase::Failed(t_now().lab_version.to_owned())),
            },
        );
    }

    /// Hands over the contents that were brought in (the transcript has only their sums), then replays.
    fn replay(&self) {
        self.phase.set(Phase::Opening);
        let session = self.clone();
        spawn_local(async move {
            for content in store::load_contents(&session.name).await {
                host::ask(session.key, Request::Provide { content }, |_| {});
            }
            session.open_lab();
        });
    }

    fn open_lab(&self) {
        self.hidden(|h| h.git_revision = 0);
        let request = Request::Open {
            spec: (*self.spec).clone(),
            transcript: self.transcript.get_untracked(),
            language: lang_now().code().to_owned(),
        };
        let session = self.clone();
        host::ask(self.key, request, move |answer| match answer {
            Response::Failed {
                problem: Problem::Transcript { .. },
            } if !session.transcript.get_untracked().is_empty() => {
                // A transcript of another time: the lab starts afresh rather than not at all.
                state::say(ToastKind::Bad, t_now().lab_transcript_bad);
                session.transcript.set(String::new());
                session.launch();
            }
            Response::Failed { problem } => session.phase.set(Phase::Failed(session.explain(&problem))),
            _ => {
                session.phase.set(Phase::Ready);
                session.hidden(|h| h.found = session.transcript.get_untracked());
                session.refresh();
            }
        });
    }

    /// The worker is gone: another replays up to, not including, what broke it.
    fn recover(&self, silent: bool) {
        let opening = self.phase.get_untracked() == Phase::Opening;
        let (command, restarts) = self.hidden(|h| {
            h.restarts += 1;
            (h.in_flight.take(), h.restarts)
        });
        if restarts > RESTARTS_MAX {
            self.phase.set(Phase::Failed(t_now().lab_failed.to_owned()));
            return;
        }
        if opening {
            self.transcript.update(|t| *t = without_last(t));
        }
        let _ = silent;
        let t = t_now();
        state::say(
            ToastKind::Note,
            match &command {
                Some(command) => fill(t.lab_restarted, &[command.lines().next().unwrap_or_default()]),
                None => t.lab_restarted_plain.to_owned(),
            },
        );
        self.launch();
    }

    /// Tries again after giving up.
    pub fn retry(&self) {
        self.hidden(|h| h.restarts = 0);
        self.launch();
    }

    /// Back to an empty lab: the transcript is forgotten.
    pub fn reset(&self) {
        self.transcript.set(String::new());
        store::forget_lab(&self.name);
        self.terminals.set(Vec::new());
        self.active.set(0);
        self.launch();
    }

    /// Asks again for what panels show; one question of each kind is under way at most.
    fn refresh(&self) {
        if self.phase.get_untracked() != Phase::Ready {
            return;
        }
        let busy = self.hidden(|h| {
            let busy = h.asking_git || h.asking_files;
            if busy {
                h.stale = true;
            } else {
                (h.asking_git, h.asking_files) = (true, true);
            }
            busy
        });
        if busy {
            return;
        }
        let revision = self.hidden(|h| h.git_revision);
        let session = self.clone();
        host::ask(
            self.key,
            Request::View {
                engine: essaim_proto_git::ENGINE.to_owned(),
                revision,
            },
            move |answer| {
                if let Response::View { bytes, revision, .. } = answer
                    && !bytes.is_empty()
                    && let Ok(view) = postcard::from_bytes::<GitView>(&bytes)
                {
                    session.hidden(|h| h.git_revision = revision);
                    // `ls` moves the lab on, but not the repository: the graph is not drawn again.
                    let view = Some(view);
                    if session.git.with_untracked(|old| *old != view) {
                        session.git.set(view);
                    }
                }
                session.hidden(|h| h.asking_git = false);
                session.again();
            },
        );
        let session = self.clone();
        let request = Request::ListFolder {
            path: self.spec.folder.clone(),
            recursive: true,
        };
        host::ask(self.key, request, move |answer| {
            if let Response::Folder { entries, .. } = answer
                && session.files.with_untracked(|old| *old != entries)
            {
                session.files.set(entries);
            }
            session.hidden(|h| h.asking_files = false);
            session.again();
        });
    }

    fn again(&self) {
        let stale = self.hidden(|h| !h.asking_git && !h.asking_files && std::mem::take(&mut h.stale));
        if stale {
            self.refresh();
        }
    }

    /// Whether the lab shows a moment that has a known future.
    pub fn in_past(&self) -> bool {
        self.timeline.with(|t| (t.done as usize) < t.entries.len())
    }

    fn in_past_now(&self) -> bool {
        self.timeline.with_untracked(|t| (t.done as usize) < t.entries.len())
    }

    /// Lines for a terminal. From the past, the question comes first.
    pub fn submit(&self, terminal: u32, text: String) {
        if self.phase.get_untracked() != Phase::Ready {
            return;
        }
        if self.in_past_now() {
            self.asks_fork.set(Some(Pending::Submit(terminal, text)));
            return;
        }
        self.hidden(|h| h.in_flight = Some(text.clone()));
        self.terminal(terminal).heard.set(String::new());
        let session = self.clone();
        host::ask(self.key, Request::Submit { terminal, text }, move |answer| {
            session.hidden(|h| {
                h.in_flight = None;
                h.restarts = 0;
            });
            session.complain(answer);
        });
    }

    /// Runs commands in the terminal in front.
    pub fn run(&self, text: String) {
        self.submit(self.active.get_untracked(), text);
    }

    /// The learner said yes: the future goes, then the act is done.
    pub fn confirm_fork(&self) {
        let Some(pending) = self.asks_fork.get_untracked() else {
            return;
        };
        self.asks_fork.set(None);
        let session = self.clone();
        host::ask(self.key, Request::DropFuture, move |_| {
            session.timeline.update(|t| t.entries.truncate(t.done as usize));
            match pending {
                Pending::Submit(terminal, text) => session.submit(terminal, text),
                Pending::Save(path, content) => session.save_file(path, content, |_| {}),
                Pending::Fork => {}
            }
        });
    }

    fn complain(&self, answer: Response) {
        if let Response::Failed { problem } = answer {
            state::say(ToastKind::Bad, self.explain(&problem));
        }
    }

    /// A sentence for a problem.
    pub fn explain(&self, problem: &Problem) -> String {
        let t = t_now();
        match problem {
            Problem::WrongBuild { .. } => t.lab_version.to_owned(),
            Problem::TerminalBusy => t.problem_busy.to_owned(),
            Problem::File { path, reason } => format!("{path}\u{202f}: {reason}"),
            Problem::Limit { name } => fill(t.lab_limit, &[name]),
            Problem::ShareTooLong { .. } => t.lab_share_long.to_owned(),
            Problem::Transcript { .. } => t.lab_share_bad.to_owned(),
            Problem::NoLab => t.lab_failed.to_owned(),
            Problem::Lesson { reason } => format!("{} {reason}", t.lab_failed),
        }
    }

    fn act(&self, request: Request) {
        let session = self.clone();
        host::ask(self.key, request, move |answer| session.complain(answer));
    }

    pub fn interrupt(&self, terminal: u32) {
        self.act(Request::Interrupt { terminal });
    }

    pub fn end_of_file(&self, terminal: u32) {
        self.act(Request::EndOfFile { terminal });
    }

    pub fn open_terminal(&self, opened: fn()) {
        let session = self.clone();
        host::ask(self.key, Request::OpenTerminal, move |answer| {
            if let Some(last) = session.terminals.with_untracked(|all| all.last().map(|t| t.id)) {
                session.active.set(last);
            }
            opened();
            session.complain(answer);
        });
    }

    pub fn complete(&self, terminal: u32, line: String, cursor: u32, take: impl FnOnce(Completion) + 'static) {
        host::ask(self.key, Request::Complete { terminal, line, cursor }, move |answer| {
            if let Response::Completion(completion) = answer {
                take(completion);
            }
        });
    }

    pub fn undo(&self) {
        self.act(Request::Undo);
    }

    pub fn redo(&self) {
        self.act(Request::Redo);
    }

    pub fn rewind(&self, entries: u32) {
        self.act(Request::Rewind { entries });
    }

    pub fn restart_step(&self, index: u32) {
        self.act(Request::RestartStep { index });
    }

    pub fn finish_editor(&self, terminal: u32, content: Option<Vec<u8>>) {
        self.act(Request::FinishEditor { terminal, content });
    }

    pub fn save_file(&self, path: String, content: Vec<u8>, done: impl FnOnce(bool) + 'static) {
        if self.in_past_now() {
            self.asks_fork.set(Some(Pending::Save(path, content)));
            return;
        }
        let session = self.clone();
        host::ask(self.key, Request::SaveFile { path, content }, move |answer| {
            done(answer == Response::Done);
            session.complain(answer);
        });
    }

    pub fn read_file(&self, path: String, take: impl FnOnce(Option<Vec<u8>>) + 'static) {
        host::ask(self.key, Request::ReadFile { path }, move |answer| {
            take(match answer {
                Response::File { content, .. } => Some(content),
                _ => None,
            });
        });
    }

    pub fn bring_in(&self, path: String, content: Vec<u8>) {
        if self.saves.get_untracked() {
            store::save_content(&self.name, &content);
        }
        self.act(Request::BringIn { path, content });
    }

    pub fn take_out(&self, take: impl FnOnce(Vec<(String, u32, Vec<u8>)>) + 'static) {
        let session = self.clone();
        host::ask(
            self.key,
            Request::TakeOut {
                path: format!("/home/{}", self.spec.user),
            },
            move |answer| match answer {
                Response::Files(files) => take(files),
                other => session.complain(other),
            },
        );
    }

    /// The code of a share link; when the lab is too long for one, its transcript.
    pub fn share(&self, take: impl FnOnce(Result<String, String>) + 'static) {
        let session = self.clone();
        host::ask(self.key, Request::Share, move |answer| match answer {
            Response::ShareCode(code) => take(Ok(code)),
            Response::Failed {
                problem: Problem::ShareTooLong { .. },
            } => host::ask(session.key, Request::Transcript, move |answer| {
                if let Response::Transcript(text) = answer {
                    take(Err(text));
                }
            }),
            other => session.complain(other),
        });
    }
}

/// A transcript without its last command, input lines and output included.
fn without_last(transcript: &str) -> String {
    let is_entry = |line: &str| {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.starts_with("$ ") || line.starts_with("= ") || line.starts_with("+ ")
    };
    let mut at = 0;
    let mut cut = 0;
    for line in transcript.split_inclusive('\n') {
        if is_entry(line) {
            cut = at;
        }
        at += line.len();
    }
    transcript[..cut].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_command_goes_whole() {
        let t = "seed 7\n$ ls\n  a\n2$ cat\n> x\n  x\n";
        assert_eq!(without_last(t), "seed 7\n$ ls\n  a\n");
        assert_eq!(without_last(&without_last(t)), "seed 7\n");
        assert_eq!(without_last(""), "");
    }
}
