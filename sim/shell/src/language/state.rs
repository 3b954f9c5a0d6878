//! What a shell knows between two steps, apart from where it is.

use super::syntax::Aliases;
use super::syntax::ast::{Command, is_name};
use super::variables::{Value, Variables};
use essaim_kernel::{Pid, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `set -…` and `shopt`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub errexit: bool,
    pub nounset: bool,
    pub xtrace: bool,
    pub noglob: bool,
    pub noexec: bool,
    pub noclobber: bool,
    pub pipefail: bool,
    pub allexport: bool,
    pub verbose: bool,
    pub nullglob: bool,
    pub dotglob: bool,
    pub globstar: bool,
    pub nocasematch: bool,
    pub extglob: bool,
    pub failglob: bool,
    pub nocaseglob: bool,
    pub lastpipe: bool,
    pub inherit_errexit: bool,
    pub errtrace: bool,
    pub functrace: bool,
    pub expand_aliases: bool,
}

/// A function's body and text.
#[derive(Debug)]
pub struct Function {
    pub body: Arc<Command>,
    pub source: Vec<u8>,
}

/// A job in the background (or one that was).
#[derive(Clone, Debug)]
pub struct Job {
    pub number: usize,
    pub group: Pid,
    pub pids: Vec<Pid>,
    /// Status of each process that has ended.
    pub statuses: Vec<Option<essaim_kernel::ExitStatus>>,
    pub text: Vec<u8>,
}

impl Job {
    /// The last process's status once all have ended.
    pub fn status(&self) -> Option<essaim_kernel::ExitStatus> {
        self.statuses
            .iter()
            .copied()
            .collect::<Option<Vec<_>>>()?
            .last()
            .copied()
    }
}

/// The shell's state. Big parts are shared and copied when they change.
#[derive(Clone, Debug)]
pub struct State {
    pub variables: Variables,
    pub functions: Arc<BTreeMap<Vec<u8>, Arc<Function>>>,
    pub aliases: Arc<Aliases>,
    pub options: Options,
    /// `$0`
    pub name: Vec<u8>,
    /// `$1` …
    pub positional: Arc<Vec<Vec<u8>>>,
    pub status: u8,
    pub pipe_status: Vec<u8>,
    /// `$$`
    pub pid: Pid,
    /// `$BASHPID`: not `$$` in a subshell.
    pub own_pid: Pid,
    pub parent: Pid,
    pub last_background: Option<Pid>,
    pub last_argument: Vec<u8>,
    pub interactive: bool,
    pub from_command: bool,
    pub from_stdin: bool,
    pub subshell: bool,
    pub subshell_depth: u32,
    pub line: u32,
    /// The pipeline at work as it was written.
    pub command_text: Arc<[u8]>,
    pub started: Time,
    pub now: Time,
    pub jobs: Vec<Job>,
    /// `trap`: name -> command; empty: ignored.
    pub traps: Arc<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub history: Arc<Vec<Vec<u8>>>,
    /// `pushd`: the directories under the current one.
    pub directories: Vec<Vec<u8>>,
    /// `complete`: what was asked for, by command.
    pub completions: BTreeMap<Vec<u8>, Vec<u8>>,
    /// `select` has shown its list.
    pub menu_shown: bool,
    pub hashed: BTreeMap<Vec<u8>, u32>,
    /// Functions at work, innermost last.
    pub call_names: Vec<Vec<u8>>,
    /// Descriptors of the shell's own, which no program inherits.
    pub private_fds: BTreeSet<u32>,
    /// The random number the next `$RANDOM` gives.
    pub next_random: u16,
    pub random_used: bool,
    pub getopts_at: usize,
    /// `set` changed the positional parameters (a sourced file then keeps its own).
    pub positional_set: bool,
}

impl State {
    /// A shell that knows nothing yet.
    pub fn new(name: Vec<u8>) -> Self {
        Self {
            variables: Variables::default(),
            functions: Arc::default(),
            aliases: Arc::default(),
            options: Options::default(),
            name,
            positional: Arc::default(),
            status: 0,
            pipe_status: Vec::new(),
            pid: 0,
            own_pid: 0,
            parent: 0,
            command_text: Arc::from([]),
            last_background: None,
            last_argument: Vec::new(),
            interactive: false,
            from_command: false,
            from_stdin: false,
            subshell: false,
            subshell_depth: 0,
            line: 1,
            started: Time::default(),
            now: Time::default(),
            jobs: Vec::new(),
            traps: Arc::default(),
            history: Arc::default(),
            directories: Vec::new(),
            completions: BTreeMap::new(),
            menu_shown: false,
            hashed: BTreeMap::new(),
            call_names: Vec::new(),
            private_fds: BTreeSet::new(),
            next_random: 0,
            random_used: false,
            getopts_at: 0,
            positional_set: false,
        }
    }

    /// The value of a variable, positional or special parameter that is one text.
    pub fn parameter(&self, name: &[u8]) -> Option<Vec<u8>> {
        if name.first().is_some_and(u8::is_ascii_digit) {
            let n: usize = std::str::from_utf8(name).ok()?.parse().ok()?;
            return match n {
                0 => Some(self.name.clone()),
                n => self.positional.get(n - 1).cloned(),
            };
        }
        let number = |n: u64| Some(n.to_string().into_bytes());
        match name {
            b"?" => number(u64::from(self.status)),
            b"#" => number(self.positional.len() as u64),
            b"$" => number(u64::from(self.pid)),
            b"!" => number(u64::from(self.last_background?)),
            b"-" => Some(self.flags()),
            b"LINENO" => number(u64::from(self.line)),
            b"PPID" => number(u64::from(self.parent)),
            b"SECONDS" => number((self.now - self.started).as_secs()),
            b"EPOCHSECONDS" => number(self.now.secs().max(0) as u64),
            b"RANDOM" if self.variables.get(b"RANDOM").is_none() => number(u64::from(self.next_random)),
            b"BASHPID" => number(u64::from(self.own_pid)),
            b"_" => Some(self.last_argument.clone()),
            b"BASH" if self.variables.get(name).is_none() => Some(b"/usr/bin/bash".to_vec()),
            b"BASH_SOURCE" => self.special_array(name)?.first().cloned(),
            b"BASH_SUBSHELL" => number(u64::from(self.subshell_depth)),
            b"EPOCHREALTIME" => Some(format!("{}.{:06}", self.now.secs(), self.now.subsec_nanos() / 1000).into_bytes()),
            b"SHELLOPTS" => Some(self.enabled_options()),
            b"UID" | b"EUID" => number(1000),
            name => self.variables.scalar(name).map(<[u8]>::to_vec),
        }
    }

    fn flags(&self) -> Vec<u8> {
        let mut flags = Vec::new();
        let all = [
            (self.options.allexport, b'a'),
            (self.options.errexit, b'e'),
            (self.options.noglob, b'f'),
            (true, b'h'),
            (self.interactive, b'i'),
            (self.interactive, b'm'),
            (self.options.noexec, b'n'),
            (self.options.nounset, b'u'),
            (self.options.verbose, b'v'),
            (self.options.xtrace, b'x'),
            (true, b'B'),
            (self.options.noclobber, b'C'),
            (self.options.errtrace, b'E'),
            (self.interactive, b'H'),
            (self.options.functrace, b'T'),
            (self.from_command, b'c'),
            (self.from_stdin, b's'),
        ];
        flags.extend(all.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter));
        flags
    }

    /// All elements of `name[@]`.
    pub fn elements(&self, name: &[u8]) -> Vec<Vec<u8>> {
        match self.special_array(name) {
            Some(values) => values,
            None => match self.variables.get(name).map(|v| &v.value) {
                Some(Value::Indexed(map)) => map.values().cloned().collect(),
                Some(Value::Keyed(map)) => map.values().cloned().collect(),
                _ => self.parameter(name).into_iter().collect(),
            },
        }
    }

    /// All keys of `name[@]`.
    pub fn keys(&self, name: &[u8]) -> Vec<Vec<u8>> {
        match self.variables.get(name).map(|v| &v.value) {
            Some(Value::Indexed(map)) => map.keys().map(|k| k.to_string().into_bytes()).collect(),
            Some(Value::Keyed(map)) => map.keys().cloned().collect(),
            Some(Value::Scalar(_)) => vec![b"0".to_vec()],
            _ => Vec::new(),
        }
    }

    fn special_array(&self, name: &[u8]) -> Option<Vec<Vec<u8>>> {
        match name {
            b"PIPESTATUS" => Some(self.pipe_status.iter().map(|s| s.to_string().into_bytes()).collect()),
            // The shell itself is at the bottom, where a script has a name.
            b"FUNCNAME" if self.call_names.is_empty() => Some(Vec::new()),
            b"FUNCNAME" => {
                let main = (!self.from_command).then(|| b"main".to_vec());
                Some(self.call_names.iter().rev().cloned().chain(main).collect())
            }
            b"BASH_SOURCE" => {
                let main = (!self.from_command).then(|| self.name.clone());
                let calls = self.call_names.iter().map(|_| self.source_name());
                Some(calls.chain(main).collect())
            }
            _ => None,
        }
    }

    /// One element; the index is a number in text, or a key.
    pub fn element(&self, name: &[u8], index: &[u8]) -> Option<Vec<u8>> {
        let number = || std::str::from_utf8(index).ok()?.parse::<i64>().ok();
        if let Some(values) = self.special_array(name) {
            return values.get(usize::try_from(number()?).ok()?).cloned();
        }
        match &self.variables.get(name)?.value {
            Value::Unset => None,
            Value::Scalar(text) => (number()? == 0).then(|| text.clone()),
            Value::Indexed(map) => map.get(&absolute_index(map, number()?)).cloned(),
            Value::Keyed(map) => map.get(index).cloned(),
        }
    }

    /// Sets one element. The error is bash's message.
    pub fn set_element(&mut self, name: &[u8], index: &[u8], value: Vec<u8>, append: bool) -> Result<(), Vec<u8>> {
        let variable = self.variables.entry(name);
        if variable.readonly {
            return Err([name, b": readonly variable"].concat());
        }
        let value = match variable.upper {
            Some(upper) => super::expand::change_case(&value, upper, true),
            None => value,
        };
        if let Value::Keyed(map) = &mut variable.value {
            let slot = map.entry(index.to_vec()).or_default();
            if !append {
                slot.clear();
            }
            slot.extend_from_slice(&value);
            return Ok(());
        }
        let number: i64 = std::str::from_utf8(index)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        if !matches!(variable.value, Value::Indexed(_)) {
            let mut map = BTreeMap::new();
            if let Value::Scalar(old) = std::mem::replace(&mut variable.value, Value::Unset) {
                map.insert(0, old);
            }
            variable.value = Value::Indexed(map);
        }
        if let Value::Indexed(map) = &mut variable.value {
            let at = absolute_index(map, number);
            if at < 0 {
                return Err([name, b"[", index, b"]: bad array subscript"].concat());
            }
            let slot = map.entry(at).or_default();
            if !append {
                slot.clear();
            }
            slot.extend_from_slice(&value);
        }
        Ok(())
    }

    /// Sets a variable as an assignment does. The error is bash's message.
    pub fn assign(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), Vec<u8>> {
        debug_assert!(is_name(name));
        let export = self.options.allexport;
        let integer = self.variables.get(name).is_some_and(|v| v.integer);
        let value = if integer {
            super::arithmetic::evaluate(&value, self)?.to_string().into_bytes()
        } else {
            value
        };
        let value = match self.variables.get(name).and_then(|v| v.upper) {
            Some(upper) => super::expand::change_case(&value, upper, true),
            None => value,
        };
        if !self.variables.set(name, value) {
            return Err([name, b": readonly variable"].concat());
        }
        if export {
            self.variables.entry(name).exported = true;
            self.variables.exports_changed = true;
        }
        if name == b"SECONDS" {
            self.variables.remove(name);
        }
        Ok(())
    }

    /// `${BASH_SOURCE[0]}` where no function and no other file is at work.
    pub fn source_name(&self) -> Vec<u8> {
        if self.from_command {
            b"environment".to_vec()
        } else {
            self.name.clone()
        }
    }

    /// `IFS`, or its default.
    pub fn separators(&self) -> &[u8] {
        self.variables.scalar(b"IFS").unwrap_or(b" \t\n")
    }

    /// The number of the next job.
    pub fn next_job_number(&self) -> usize {
        self.jobs.iter().map(|j| j.number).max().unwrap_or(0) + 1
    }

    /// What a shell function or alias is called.
    pub fn function(&self, name: &[u8]) -> Option<Arc<Function>> {
        self.functions.get(name).cloned()
    }
}

fn absolute_index(map: &BTreeMap<i64, Vec<u8>>, index: i64) -> i64 {
    if index >= 0 {
        return index;
    }
    map.last_key_value().map_or(index, |(last, _)| last + 1 + index)
}
