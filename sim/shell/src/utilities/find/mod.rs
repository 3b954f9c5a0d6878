//! `find`, as GNU's.

mod expression;
mod format;
mod visit;

use super::support::complain;
use super::support::options::{Opt, flag, value};
use super::support::text::quote;
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::files::path;
use essaim_kernel::machine::SpawnError;
use essaim_kernel::{Call, Io, Metadata, Pid, Process, Progress, Spawn, Wait};
use expression::Expression;
pub use expression::GAPS;
use std::sync::Arc;
use visit::Visit;

pub const UTILITY: Utility = Utility {
    name: "find",
    summary: "search for files in a directory hierarchy",
    usage: "[-H] [-L] [-P] [path...] [expression]",
    package: "GNU findutils",
    options: OPTIONS,
    start: |call| Box::new(Find { call, state: None }),
    ..COREUTILS
};

/// For completion: predicates are read by [`expression`].
const OPTIONS: &[Opt] = &[
    flag("", "name"),
    value("", "iname"),
    flag("", "path"),
    flag("", "type"),
    flag("", "size"),
    flag("", "mtime"),
    flag("", "mmin"),
    flag("", "newer"),
    flag("", "maxdepth"),
    flag("", "mindepth"),
    flag("", "empty"),
    flag("", "perm"),
    flag("", "exec"),
    flag("", "delete"),
    flag("", "print"),
    flag("", "print0"),
    flag("", "printf"),
    flag("", "prune"),
    flag("", "regex"),
];

#[derive(Clone)]
struct Find {
    call: Call,
    state: Option<State>,
}

/// A file to look at.
#[derive(Clone, Debug)]
struct Item {
    name: Vec<u8>,
    root: usize,
    depth: usize,
    /// With `-depth`: its content was looked at.
    entered: bool,
}

#[derive(Clone)]
struct State {
    expression: Arc<Expression>,
    follow: bool,
    follow_roots: bool,
    roots: Vec<Vec<u8>>,
    stack: Vec<Item>,
    /// The file being looked at, and what its actions gave so far.
    current: Option<(Item, Metadata, Vec<bool>)>,
    child: Option<Pid>,
    /// Arguments gathered for each `-exec … +`.
    batches: Vec<Vec<Vec<u8>>>,
    status: u8,
}

fn start(call: &Call, io: &mut Io<'_>) -> Result<State, u8> {
    let mut args: &[Vec<u8>] = &call.args[1.min(call.args.len())..];
    let (mut follow, mut follow_roots) = (false, false);
    while let Some(first) = args.first() {
        match first.as_slice() {
            b"-L" => (follow, follow_roots) = (true, true),
            b"-H" => (follow, follow_roots) = (false, true),
            b"-P" => (follow, follow_roots) = (false, false),
            b"--help" | b"-help" => {
                io.print(UTILITY.help());
                return Err(0);
            }
            b"--version" | b"-version" => {
                io.print(UTILITY.version());
                return Err(0);
            }
            _ => break,
        }
        args = &args[1..];
    }
    let is_expression =
        |a: &Vec<u8>| (a.starts_with(b"-") && a.len() > 1) || a == b"(" || a == b"!" || a == b")" || a == b",";
    let split = args.iter().position(is_expression).unwrap_or(args.len());
    let mut roots = args[..split].to_vec();
    if roots.is_empty() {
        roots.push(b".".to_vec());
    }
    let expression = match expression::parse(&args[split..], io) {
        Ok(expression) => expression,
        Err(message) => {
            complain(io, call, message);
            return Err(1);
        }
    };
    for file in &expression.outputs {
        let path = io.path(file);
        if let Err(error) = io.files().write(&path, Vec::new()) {
            complain(io, call, format!("{}: {error}", quote(file)));
            return Err(1);
        }
    }
    let root = |(index, name): (usize, &Vec<u8>)| Item {
        name: name.clone(),
        root: index,
        depth: 0,
        entered: false,
    };
    Ok(State {
        stack: roots.iter().enumerate().rev().map(root).collect(),
        batches: vec![Vec::new(); expression.batches],
        expression: Arc::new(expression),
        follow,
        follow_roots,
        roots,
        current: None,
        child: None,
        status: 0,
    })
}

/// Items looked at before others get a turn.
const ITEMS_PER_STEP: usize = 500;
/// Arguments `-exec … +` passes at once.
const BATCH_MAX: usize = 5000;

impl Process for Find {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => match start(&self.call, io) {
                Ok(state) => state,
                Err(code) => return Progress::Exit(code),
            },
        };
        let progress = state.advance(&self.call, io);
        self.state = Some(state);
        progress
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}

impl State {
    fn advance(&mut self, call: &Call, io: &mut Io<'_>) -> Progress {
        if let Some(child) = self.child {
            let Some(status) = io.reap(child) else {
                return Progress::Blocked(Wait::Child);
            };
            self.child = None;
            match &mut self.current {
                Some((_, _, done)) => done.push(status.code() == 0),
                None if status.code() != 0 => self.status = 1,
                None => {}
            }
        }
        for _ in 0..ITEMS_PER_STEP {
            if self.current.is_none() && !self.next_item(call, io) {
                return self.last_batches(call, io);
            }
            if let Some(progress) = self.evaluate(call, io) {
                return progress;
            }
            if io.pending_output_bytes() > 32 << 10 {
                break;
            }
        }
        Progress::Ready
    }

    /// Takes the next file; `false`: there is none.
    fn next_item(&mut self, call: &Call, io: &mut Io<'_>) -> bool {
        while let Some(item) = self.stack.pop() {
            let at = io.path(&item.name);
            let own = io.files_ref().symlink_metadata(&at);
            let follows = self.follow || (self.follow_roots && item.depth == 0);
            let metadata = match own {
                Ok(metadata) if metadata.is_symlink() && follows => io.files_ref().metadata(&at).or(Ok(metadata)),
                own => own,
            };
            let metadata = match metadata {
                Ok(metadata) => metadata,
                Err(error) => {
                    complain(io, call, format!("{}: {error}", quote(&item.name)));
                    self.status = 1;
                    continue;
                }
            };
            if self.expression.depth_first && metadata.is_dir() && !item.entered {
                self.stack.push(Item {
                    entered: true,
                    ..item.clone()
                });
                self.descend(&item, call, io);
                continue;
            }
            if item.depth < self.expression.min_depth {
                if !self.expression.depth_first && metadata.is_dir() {
                    self.descend(&item, call, io);
                }
                continue;
            }
            self.current = Some((item, metadata, Vec::new()));
            return true;
        }
        false
    }

    fn descend(&mut self, item: &Item, call: &Call, io: &mut Io<'_>) {
        if item.depth >= self.expression.max_depth || item.depth > 200 {
            return;
        }
        match io.files_ref().read_dir(&io.path(&item.name)) {
            Ok(names) => {
                let below = |name: &Vec<u8>| Item {
                    name: path::join(&item.name, name),
                    root: item.root,
                    depth: item.depth + 1,
                    entered: false,
                };
                self.stack.extend(names.iter().rev().map(below));
            }
            Err(error) => {
                complain(io, call, format!("{}: {error}", quote(&item.name)));
                self.status = 1;
            }
        }
    }

    fn evaluate(&mut self, call: &Call, io: &mut Io<'_>) -> Option<Progress> {
        let (item, metadata, done) = self.current.take()?;
        let expression = Arc::clone(&self.expression);
        let mut visit = Visit {
            name: &item.name,
            root: &self.roots[item.root],
            depth: item.depth,
            metadata,
            done,
            at: 0,
            pruned: false,
            quit: false,
            failed: false,
            batches: &mut self.batches,
            need: None,
        };
        visit.run(&expression.node, call, io);
        let (need, pruned, quit, done) = (
            visit.need.take(),
            visit.pruned,
            visit.quit,
            std::mem::take(&mut visit.done),
        );
        if visit.failed {
            self.status = 1;
        }
        if let Some(args) = need {
            self.current = Some((item, metadata, done));
            return Some(self.spawn(args, call, io));
        }
        if metadata.is_dir() && !pruned && !expression.depth_first {
            self.descend(&item, call, io);
        }
        if quit {
            self.stack.clear();
        }
        if let Some(full) = self.batches.iter().position(|batch| batch.len() > BATCH_MAX) {
            return Some(self.run_batch(full, call, io));
        }
        None
    }

    fn spawn(&mut self, args: Vec<Vec<u8>>, call: &Call, io: &mut Io<'_>) -> Progress {
        // What was printed before must come before what the child prints.
        io.flush();
        let name = args.first().cloned().unwrap_or_default();
        let spawn = Spawn {
            args,
            ..Spawn::default()
        };
        match io.spawn(spawn) {
            Ok(pid) => {
                self.child = Some(pid);
                Progress::Blocked(Wait::Child)
            }
            Err(error) => {
                let text = match error {
                    SpawnError::NotFound => "No such file or directory",
                    _ => "Permission denied",
                };
                complain(io, call, format!("{}: {text}", quote(&name)));
                match &mut self.current {
                    Some((_, _, done)) => done.push(false),
                    None => self.status = 1,
                }
                Progress::Ready
            }
        }
    }

    fn run_batch(&mut self, index: usize, call: &Call, io: &mut Io<'_>) -> Progress {
        let files = std::mem::take(&mut self.batches[index]);
        let mut args = self.expression.batch_commands[index].clone();
        args.extend(files);
        self.spawn(args, call, io)
    }

    fn last_batches(&mut self, call: &Call, io: &mut Io<'_>) -> Progress {
        match self.batches.iter().position(|batch| !batch.is_empty()) {
            Some(index) => self.run_batch(index, call, io),
            None => Progress::Exit(self.status),
        }
    }
}
