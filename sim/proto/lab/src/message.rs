//! Page to worker: [`ToWorker`]. Worker to page: [`ToPage`].

use crate::spec::LabSpec;
use serde::{Deserialize, Serialize};

/// A request, numbered so that its answer finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    /// The request's number, growing.
    pub id: u32,
    /// What is asked.
    pub request: Request,
}

/// What the page asks.
#[allow(clippy::large_enum_variant)] // one message at a time: none is kept
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// First of all: the page's build id. Answered by [`Response::Hello`].
    Hello {
        /// The page's build id; another one is refused.
        build: String,
    },
    /// Opens the lab and replays a transcript. Answered by `Done` when it is ready (updates arrive before), or by
    /// `Failed`: with [`Problem::Lesson`] there is no lab; with [`Problem::Transcript`] met while it was played (line
    /// above 0) the lab is open, in the state before that line.
    Open {
        /// What it starts with.
        spec: LabSpec,
        /// What was done before (empty: nothing), see the transcript format.
        transcript: String,
        /// `fr` or `en`: language of man pages and notices.
        language: String,
    },
    /// A line for the terminal: a command at the prompt, or input of the program in the foreground. Without newline;
    /// several lines (a paste) are run one by one.
    Submit {
        /// Which terminal.
        terminal: u32,
        /// The line or lines.
        text: String,
    },
    /// Ctrl-C.
    Interrupt {
        /// Which terminal.
        terminal: u32,
    },
    /// Ctrl-D on an empty line.
    EndOfFile {
        /// Which terminal.
        terminal: u32,
    },
    /// A file was saved in the editor pane: one unit of undo.
    SaveFile {
        /// Absolute path.
        path: String,
        /// The whole content.
        content: Vec<u8>,
    },
    /// The editor a program asked for was closed.
    FinishEditor {
        /// Which terminal.
        terminal: u32,
        /// The new content, or `None` when the learner gave up (the file stays as it was).
        content: Option<Vec<u8>>,
    },
    /// Opens one more terminal.
    OpenTerminal,
    /// The terminal's size in characters changed. Programs still see 80 columns: what they print depends on the
    /// transcript alone.
    Resize {
        /// Which terminal.
        terminal: u32,
        /// Columns.
        columns: u16,
        /// Rows.
        rows: u16,
    },
    /// Tab. Answered by [`Response::Completion`].
    Complete {
        /// Which terminal.
        terminal: u32,
        /// The line.
        line: String,
        /// Byte offset of the cursor.
        cursor: u32,
    },
    /// Back to before the last entry of the timeline.
    Undo,
    /// Forward to after the next entry.
    Redo,
    /// To the state after `entries` entries (0: the start). Later entries stay known until something new is done.
    Rewind {
        /// How many entries stay done.
        entries: u32,
    },
    /// The known future is dropped (a fork was confirmed).
    DropFuture,
    /// Starts the step `index` again from where it began.
    RestartStep {
        /// Which step, from 0.
        index: u32,
    },
    /// The state of an engine. Answered by [`Response::View`].
    View {
        /// The engine's name.
        engine: String,
        /// The revision the page has: an unchanged one is answered with no bytes.
        revision: u64,
    },
    /// What a folder holds. Answered by [`Response::Folder`].
    ListFolder {
        /// Absolute path.
        path: String,
        /// Whether folders below are listed too (to a limit).
        recursive: bool,
    },
    /// A file's content. Answered by [`Response::File`].
    ReadFile {
        /// Absolute path.
        path: String,
    },
    /// A file is brought in from the learner's computer.
    BringIn {
        /// Absolute path.
        path: String,
        /// Content.
        content: Vec<u8>,
    },
    /// Everything under a folder, to be zipped by the page. Answered by [`Response::Files`].
    TakeOut {
        /// Absolute path.
        path: String,
    },
    /// The transcript as text. Answered by [`Response::Transcript`].
    Transcript,
    /// The transcript compressed for a link. Answered by [`Response::ShareCode`].
    Share,
    /// Lets virtual time pass.
    Advance {
        /// How long.
        milliseconds: u64,
    },
    /// The content of a file that the transcript about to be opened brings in (a transcript names it by its SHA-256
    /// only). Sent before [`Request::Open`], once for each.
    Provide {
        /// Content.
        content: Vec<u8>,
    },
}

/// An answer or a piece of news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToPage {
    /// The request this answers; `None` for news.
    pub answers: Option<u32>,
    /// What is said.
    pub response: Response,
}

/// What the worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// The worker's own build id.
    Hello {
        /// Build id.
        build: String,
    },
    /// The request was carried out; for a command: it ended, or waits for input or an editor.
    Done,
    /// The request could not be carried out; nothing changed.
    Failed {
        /// Why.
        problem: Problem,
    },
    /// News: sent after each slice of work in which something changed, and at least every second while one works.
    Update(Box<Update>),
    /// What Tab offers.
    Completion(Completion),
    /// An engine's view.
    View {
        /// The engine's name.
        engine: String,
        /// Its revision.
        revision: u64,
        /// Postcard of the type in the engine's proto crate; empty when the revision is the one the page has.
        bytes: Vec<u8>,
    },
    /// A folder.
    Folder {
        /// The folder's path.
        path: String,
        /// What it holds, by path.
        entries: Vec<FolderEntry>,
        /// Whether the listing was cut at its limit.
        cut: bool,
    },
    /// A file.
    File {
        /// Its path.
        path: String,
        /// Its content.
        content: Vec<u8>,
    },
    /// Many files: (path from the folder asked for, permission bits, content).
    Files(Vec<(String, u32, Vec<u8>)>),
    /// The transcript.
    Transcript(String),
    /// Base64url of the compressed transcript.
    ShareCode(String),
}

/// Why a request failed. The page has a sentence for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// The page and the worker are of different builds.
    WrongBuild {
        /// The worker's.
        worker: String,
    },
    /// No lab was opened.
    NoLab,
    /// The terminal is not there, or is busy with something else.
    TerminalBusy,
    /// A file operation failed, in POSIX's words.
    File {
        /// Which path.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A transcript could not be read or replayed.
    Transcript {
        /// Line number from 1.
        line: u32,
        /// The reason, in English.
        reason: String,
    },
    /// A limit was met.
    Limit {
        /// Its name.
        name: String,
    },
    /// Too long for a link; it can be saved as a file.
    ShareTooLong {
        /// Characters it would need.
        characters: u32,
    },
    /// The lesson itself is wrong (its setup fails).
    Lesson {
        /// The reason, in English.
        reason: String,
    },
}

/// What changed since the last update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// Terminals with news.
    pub terminals: Vec<TerminalUpdate>,
    /// The timeline, when it changed.
    pub timeline: Option<Timeline>,
    /// Every step's state, when one changed.
    pub steps: Option<Vec<StepState>>,
    /// Grows whenever a file or an engine's state may have changed: views and folders are then asked for again.
    pub revision: u64,
    /// Virtual time, nanoseconds since the Unix epoch.
    pub now_nanos: i64,
    /// A limit a command met, by name.
    pub limit: Option<String>,
    /// What is to be saved, when it changed: the transcript of all that is known, the undone future included.
    pub transcript: Option<String>,
}

/// News of one terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalUpdate {
    /// Which terminal, from 0.
    pub terminal: u32,
    /// Whether the page must forget what it had (after a rewind). One that is reset comes with all the others, so a
    /// terminal that is not among them is gone.
    pub reset: bool,
    /// Output bytes to append: UTF-8 with ANSI SGR colours; `\x1b[H\x1b[2J` clears.
    pub output: Vec<u8>,
    /// What it is doing.
    pub state: TerminalStatus,
    /// The shell's current folder, absolute.
    pub folder: String,
    /// Commands typed so far, oldest first, when the list was reset; else what was added.
    pub history: Vec<String>,
}

/// What a terminal is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TerminalStatus {
    /// At the prompt; the last command's code.
    Prompt {
        /// `$?`
        status: u8,
    },
    /// The command is unfinished: more lines are needed.
    Continuation,
    /// The program in the foreground reads a line.
    Reading,
    /// A command runs.
    Busy,
    /// A program waits for the editor.
    Editing {
        /// The file, absolute.
        path: String,
        /// Its content now.
        content: Vec<u8>,
    },
    /// The shell has exited.
    Closed {
        /// Its code.
        status: u8,
    },
}

/// The timeline: what was done, and what is known of the undone future.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Entries, oldest first, the undone future included.
    pub entries: Vec<TimelineEntry>,
    /// How many of them are done.
    pub done: u32,
    /// Virtual time of the start, nanoseconds since the Unix epoch.
    pub start_nanos: i64,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// The command, or `= path` for a saved file, as in the transcript.
    pub label: String,
    /// What kind of thing.
    pub kind: EntryKind,
    /// Virtual time when it began, nanoseconds since the Unix epoch.
    pub at_nanos: i64,
    /// Exit code of a command.
    pub status: u8,
    /// Goals it reached, as (step index, goal index).
    pub reached: Vec<(u32, u32)>,
}

/// Kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// A command line (with the input it read and the editors it opened).
    Command,
    /// A file saved in the editor pane.
    FileSaved,
    /// A file brought in.
    FileBroughtIn,
    /// Virtual time passed.
    TimePassed,
    /// A terminal was opened.
    TerminalOpened,
}

/// One step, live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepState {
    /// All goals were reached at the same time, at some point. It stays passed.
    pub passed: bool,
    /// Its goals.
    pub goals: Vec<GoalState>,
    /// Keeps that are broken now, by id.
    pub broken: Vec<String>,
    /// The anticipated mistake the state shows, by id.
    pub wrong: Option<String>,
}

/// One goal, live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalState {
    /// It holds now.
    pub reached: bool,
    /// It was reached once (so `!reached && reached_once` is "lost").
    pub reached_once: bool,
    /// Virtual time since the start when it was first reached, milliseconds.
    pub reached_at_ms: u64,
    /// The first clause that does not hold: (fact, what was found).
    pub unmet: Option<(String, String)>,
}

/// What Tab offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The line with the common part inserted.
    pub line: String,
    /// The cursor in it, byte offset.
    pub cursor: u32,
    /// The candidates, when several remain (as displayed).
    pub candidates: Vec<String>,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderEntry {
    /// Path from the folder asked for.
    pub path: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Bytes.
    pub size_bytes: u64,
}
