//! Everything a rewind restores.

use crate::goals::StepProgress;
use essaim_kernel::{Digest, Engine, Machine};
use std::sync::Arc;

/// The lab at one moment. Cloning it takes a snapshot.
#[derive(Clone)]
pub struct State {
    /// Files, processes, terminals, time.
    pub machine: Machine,
    /// The engines, in the order of the lab's list.
    pub engines: Vec<Box<dyn Engine>>,
    /// What the shell facts read.
    pub shell: ShellFacts,
    /// Command lines typed, per terminal.
    pub histories: Vec<Vec<Arc<str>>>,
    /// The steps.
    pub steps: Vec<StepProgress>,
    /// After how many entries each step began; as long as the steps that have.
    pub step_starts: Vec<u32>,
}

/// What was typed and what came of it.
#[derive(Clone, Debug, Default)]
pub struct ShellFacts {
    /// Every command line typed, in any terminal.
    pub ran: Vec<Arc<str>>,
    /// The last command line.
    pub command: Option<Arc<str>>,
    /// Its exit code, once it has ended.
    pub status: Option<u8>,
    /// What it printed, without colours.
    pub output: Arc<str>,
}

impl State {
    /// A digest of everything a learner could tell apart.
    pub fn digest(&self) -> u128 {
        let mut digest = Digest::new();
        let machine = self.machine.digest();
        digest.u64(machine as u64);
        digest.u64((machine >> 64) as u64);
        for engine in &self.engines {
            digest.bytes(engine.name().as_bytes());
            engine.digest(&mut digest);
        }
        for history in &self.histories {
            digest.u64(history.len() as u64);
            for line in history {
                digest.bytes(line.as_bytes());
            }
        }
        digest.u64(self.shell.ran.len() as u64);
        digest.u64(self.shell.status.map_or(256, u64::from));
        digest.bytes(self.shell.output.as_bytes());
        for step in &self.steps {
            step.digest(&mut digest);
        }
        for start in &self.step_starts {
            digest.u64(u64::from(*start));
        }
        digest.finish()
    }
}
