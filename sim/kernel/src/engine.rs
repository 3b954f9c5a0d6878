//! The shape every engine has towards the lab.

use crate::digest::Digest;
use crate::files::Files;
use crate::process::{Environment, Program};
use crate::time::Time;
use crate::value::{EventLog, Value};

/// A read-only look at a machine, for views, facts and completion.
#[derive(Clone, Copy, Debug)]
pub struct Glance<'a> {
    /// The files.
    pub files: &'a Files,
    /// The virtual time.
    pub now: Time,
    /// What has happened so far.
    pub events: &'a EventLog,
    /// The current directory of whoever asks (the terminal's shell, or the lab's main folder).
    pub cwd: &'a [u8],
    /// The environment of whoever asks.
    pub env: &'a Environment,
}

/// A command line to complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionCall {
    /// The words before the one being typed, unquoted; the first is the command.
    pub words: Vec<Vec<u8>>,
    /// The word being typed, up to the cursor, unquoted.
    pub prefix: Vec<u8>,
}

/// One thing Tab offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word that replaces the prefix.
    pub word: Vec<u8>,
    /// Whether a space follows (not after a directory or `--option=`).
    pub space: bool,
}

/// What an engine's state looks like: postcard bytes of a type of its `proto` crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The engine's name.
    pub engine: &'static str,
    /// The encoded view.
    pub bytes: Vec<u8>,
}

/// A product imitated: Git, Kafka, MongoDB …
///
/// An engine is a value: what it knows is in the machine's files or in itself, and cloning it is a snapshot.
pub trait Engine: Send + Sync {
    /// Its name, which is the first segment of its fact paths.
    fn name(&self) -> &'static str;

    /// The commands it adds to the machine.
    fn programs(&self) -> &'static [Program];

    /// Its state, for the page.
    fn view(&self, glance: &Glance<'_>) -> View;

    /// What a goal asks for; `path` comes without the engine's name. `None`: no such fact.
    fn fact(&self, path: &[String], glance: &Glance<'_>) -> Option<Value>;

    /// Adds its own state to a digest (files are the machine's).
    fn digest(&self, into: &mut Digest);

    /// A copy, for a snapshot.
    fn snapshot(&self) -> Box<dyn Engine>;
}

impl Clone for Box<dyn Engine> {
    fn clone(&self) -> Self {
        self.as_ref().snapshot()
    }
}
