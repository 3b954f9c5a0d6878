//! `jobs fg bg wait kill`.

use super::control::find_signal;
use super::{After, Blocking, parse_number};
use crate::language::run::{Flow, Frame, Shell, signal_words};
use crate::language::state::Job;
use essaim_kernel::{ExitStatus, Io, Pid, Signal, Wait};

/// What `wait` waits for.
#[derive(Clone, Debug)]
pub struct WaitFor {
    /// Processes; empty: all jobs.
    pids: Vec<Pid>,
    any: bool,
}

/// `%1`, `%%`, `%name`: which job.
pub(super) fn find_job(shell: &Shell, word: &[u8]) -> Option<usize> {
    let name = word.strip_prefix(b"%").unwrap_or(word);
    let jobs = &shell.state.jobs;
    match name {
        b"" | b"%" | b"+" => jobs.len().checked_sub(1),
        b"-" => jobs.len().checked_sub(2).or_else(|| jobs.len().checked_sub(1)),
        name => match parse_number(name) {
            Some(n) => jobs.iter().position(|j| i64::try_from(j.number) == Ok(n)),
            None => match name.strip_prefix(b"?") {
                Some(part) => jobs
                    .iter()
                    .position(|j| j.text.windows(part.len().max(1)).any(|w| w == part)),
                None => jobs.iter().position(|j| j.text.starts_with(name)),
            },
        },
    }
}

fn state_words(job: &Job) -> String {
    match job.status() {
        None => "Running".to_owned(),
        Some(ExitStatus::Code(0)) => "Done".to_owned(),
        Some(ExitStatus::Code(code)) => format!("Exit {code}"),
        Some(ExitStatus::Signal(signal)) => signal_words(signal).to_owned(),
    }
}

impl Shell {
    fn job_line(&self, at: usize, with_pid: bool) -> Vec<u8> {
        let job = &self.state.jobs[at];
        let mark = match self.state.jobs.len() - at {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let pid = if with_pid {
            format!("{} ", job.pids[0])
        } else {
            String::new()
        };
        let mut line = format!("[{}]{mark}  {pid}{:<24}", job.number, state_words(job)).into_bytes();
        line.extend_from_slice(&job.text);
        if job.status().is_none() {
            line.extend_from_slice(b" &");
        }
        line.push(b'\n');
        line
    }

    /// Before a prompt: says which jobs have ended, and forgets them.
    pub(in crate::language) fn report_jobs(&mut self, io: &mut Io<'_>) {
        self.collect_jobs(io);
        for at in 0..self.state.jobs.len() {
            if self.state.jobs[at].status().is_some() {
                let line = self.job_line(at, false);
                io.eprint(line);
            }
        }
        self.state.jobs.retain(|job| job.status().is_none());
    }

    pub(super) fn turn_wait(&mut self, wait: WaitFor, io: &mut Io<'_>) -> Flow {
        if self.interrupted_by_trap() {
            return Flow::Next;
        }
        self.collect_jobs(io);
        let ended = |pid: &Pid| {
            let mut all = self.state.jobs.iter().flat_map(|j| j.pids.iter().zip(&j.statuses));
            match all.find(|(p, _)| *p == pid) {
                Some((_, status)) => status.map(ExitStatus::code),
                None => Some(127),
            }
        };
        let codes: Vec<Option<u8>> = wait.pids.iter().map(ended).collect();
        let done = if wait.any {
            codes
                .iter()
                .flatten()
                .next()
                .copied()
                .or(if codes.is_empty() { Some(127) } else { None })
        } else {
            codes
                .iter()
                .copied()
                .collect::<Option<Vec<u8>>>()
                .map(|codes| codes.last().copied().unwrap_or(0))
        };
        let Some(status) = done else {
            self.frames.push(Frame::Blocking(Blocking::Wait(wait)));
            return Flow::Block(Wait::Child);
        };
        self.state.status = status;
        if self.state.interactive {
            self.report_jobs(io);
        } else {
            self.state
                .jobs
                .retain(|j| j.status().is_none() || !j.pids.iter().all(|p| wait.pids.contains(p)));
        }
        Flow::Next
    }

    /// A signal with a trap ends `wait` at once.
    fn interrupted_by_trap(&mut self) -> bool {
        let Some(name) = self.pending_traps.front() else {
            return false;
        };
        let signal = Signal::ALL.into_iter().find(|s| s.name() == *name);
        self.state.status = signal.map_or(1, |s| 128 + s.number());
        true
    }
}

pub fn jobs(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    shell.collect_jobs(io);
    let pids_only = args.iter().any(|a| a == b"-p");
    let long = args.iter().any(|a| a == b"-l");
    let mut out = Vec::new();
    for at in 0..shell.state.jobs.len() {
        if pids_only {
            out.extend_from_slice(format!("{}\n", shell.state.jobs[at].pids[0]).as_bytes());
        } else {
            out.extend_from_slice(&shell.job_line(at, long));
        }
    }
    io.print(out);
    shell.state.jobs.retain(|job| job.status().is_none());
    After::Status(0)
}

pub fn wait(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    shell.collect_jobs(io);
    let mut pids = Vec::new();
    let mut any = false;
    for word in &args[1..] {
        if word == b"-n" {
            any = true;
            continue;
        }
        if word.starts_with(b"%") {
            match find_job(shell, word) {
                Some(at) => pids.extend_from_slice(&shell.state.jobs[at].pids),
                None => {
                    shell.complain(io, "wait", [word, b": no such job".as_slice()].concat());
                    return After::Status(127);
                }
            }
            continue;
        }
        let pid = parse_number(word).and_then(|n| Pid::try_from(n).ok());
        match pid {
            Some(pid) if shell.state.jobs.iter().any(|j| j.pids.contains(&pid)) => pids.push(pid),
            Some(pid) => {
                shell.complain(io, "wait", format!("pid {pid} is not a child of this shell"));
                return After::Status(127);
            }
            None => {
                shell.complain(
                    io,
                    "wait",
                    [b"`", word.as_slice(), b"': not a pid or valid job spec"].concat(),
                );
                return After::Status(1);
            }
        }
    }
    if pids.is_empty() {
        pids = shell.state.jobs.iter().flat_map(|j| j.pids.clone()).collect();
        if pids.is_empty() {
            return After::Status(if any { 127 } else { 0 });
        }
        if !any {
            // `wait` alone says nothing of how they ended.
            shell.frames.push(Frame::TrapEnd { status: 0 });
        }
    }
    After::Blocking(Blocking::Wait(WaitFor { pids, any }))
}

pub fn fg(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if !shell.state.interactive {
        shell.complain(io, "fg", "no job control");
        return After::Status(1);
    }
    shell.collect_jobs(io);
    let word = args.get(1).map_or(b"%+".as_slice(), Vec::as_slice);
    let Some(at) = find_job(shell, word) else {
        let shown = if args.len() > 1 { word } else { b"current" };
        shell.complain(io, "fg", [shown, b": no such job"].concat());
        return After::Status(1);
    };
    let job = shell.state.jobs.remove(at);
    io.print([job.text.as_slice(), b"\n"].concat());
    if let Some(status) = job.status() {
        return After::Status(status.code());
    }
    io.set_foreground(job.group);
    shell.frames.push(Frame::Waiting {
        pids: job.pids,
        statuses: job.statuses,
        group: Some(job.group),
        text: job.text,
    });
    After::Pushed
}

pub fn bg(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    if !shell.state.interactive {
        shell.complain(io, "bg", "no job control");
        return After::Status(1);
    }
    let word = args.get(1).map_or(b"%+".as_slice(), Vec::as_slice);
    match find_job(shell, word) {
        Some(at) => {
            let number = shell.state.jobs[at].number;
            shell.complain(io, "bg", format!("job {number} already in background"));
            After::Status(0)
        }
        None => {
            let shown = if args.len() > 1 { word } else { b"current" };
            shell.complain(io, "bg", [shown, b": no such job"].concat());
            After::Status(1)
        }
    }
}

/// All signals of Linux by number, for `kill -l` and `trap -l`.
pub fn signal_table() -> String {
    const NAMES: &str = "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP \
                         TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";
    let real_time = (34..=64).map(|n| match n {
        34 => (n, "RTMIN".to_owned()),
        35..=49 => (n, format!("RTMIN+{}", n - 34)),
        64 => (n, "RTMAX".to_owned()),
        n => (n, format!("RTMAX-{}", 64 - n)),
    });
    let named = NAMES
        .split_whitespace()
        .enumerate()
        .map(|(at, name)| (at + 1, name.to_owned()));
    let cells: Vec<String> = named
        .chain(real_time)
        .map(|(n, name)| format!("{n:>2}) SIG{name}"))
        .collect();
    let mut out = String::new();
    for row in cells.chunks(5) {
        out.push_str(&row.join("\t"));
        out.push_str(if row.len() == 5 { "\n" } else { "\t\n" });
    }
    out
}

/// The signal `kill` is told to send, and how many words say so.
fn kill_signal(shell: &Shell, io: &mut Io<'_>, words: &[Vec<u8>]) -> Result<(Option<Signal>, usize), After> {
    Ok(match words.first().map(Vec::as_slice) {
        Some(b"--") => (Some(Signal::Terminate), 1),
        Some(b"-s" | b"-n") => {
            let name = words.get(1).cloned().unwrap_or_default();
            (signal_or_probe(shell, io, &name)?, words.len().min(2))
        }
        Some([b'-', name @ ..]) if !name.is_empty() => (signal_or_probe(shell, io, name)?, 1),
        _ => (Some(Signal::Terminate), 0),
    })
}

pub fn kill(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let words = &args[1..];
    if words.first().is_some_and(|w| matches!(w.as_slice(), b"-l" | b"-L")) {
        if words.len() > 1 {
            return signal_numbers(shell, io, &words[1..]);
        }
        io.print(signal_table());
        return After::Status(0);
    }
    let (signal, used) = match kill_signal(shell, io, words) {
        Ok(found) => found,
        Err(after) => return after,
    };
    let words = &words[used..];
    if words.is_empty() {
        io.eprint("kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n");
        return After::Status(2);
    }
    let mut status = 0;
    for word in words {
        if let Err(what) = send(shell, io, word, signal) {
            shell.complain(io, "kill", what);
            status = 1;
        }
    }
    After::Yield(status)
}

/// Sends a signal to a process, a group or a job. The error is bash's message.
fn send(shell: &Shell, io: &mut Io<'_>, word: &[u8], signal: Option<Signal>) -> Result<(), Vec<u8>> {
    let done = if word.starts_with(b"%") {
        let at = find_job(shell, word).ok_or_else(|| [word, b": no such job"].concat())?;
        let job = &shell.state.jobs[at];
        match signal {
            Some(signal) if job.group != 0 => io.kill_group(job.group, signal),
            Some(signal) => job.pids.iter().any(|p| io.kill(*p, signal)),
            None => true,
        }
    } else {
        let n = parse_number(word).ok_or_else(|| [word, b": arguments must be process or job IDs"].concat())?;
        let pid = n.unsigned_abs() as Pid;
        match signal {
            Some(signal) if n < 0 => io.kill_group(pid, signal),
            Some(signal) => io.kill(pid, signal),
            None => io.group_of(pid).is_some(),
        }
    };
    if done {
        Ok(())
    } else {
        Err([b"(", word, b") - No such process"].concat())
    }
}

/// A signal, or `None` for 0, which only asks whether the process is there.
fn signal_or_probe(shell: &Shell, io: &mut Io<'_>, name: &[u8]) -> Result<Option<Signal>, After> {
    if name == b"0" {
        return Ok(None);
    }
    match find_signal(name) {
        Some(signal) => Ok(Some(signal)),
        None => {
            shell.complain(io, "kill", [name, b": invalid signal specification"].concat());
            Err(After::Status(1))
        }
    }
}

/// `kill -l NAME` gives the number, `kill -l NUMBER` (or a status above 128) the name.
fn signal_numbers(shell: &Shell, io: &mut Io<'_>, words: &[Vec<u8>]) -> After {
    let mut status = 0;
    for word in words {
        let number = parse_number(word).map(|n| if n > 128 { n - 128 } else { n });
        let signal = match number {
            Some(n) => Signal::ALL.into_iter().find(|s| i64::from(s.number()) == n),
            None => find_signal(word),
        };
        match (signal, number) {
            (Some(signal), Some(_)) => io.print(format!("{}\n", signal.name())),
            (Some(signal), None) => io.print(format!("{}\n", signal.number())),
            (None, _) => {
                let text = [word, b": invalid signal specification".as_slice()].concat();
                shell.complain(io, "kill", text);
                status = 1;
            }
        }
    }
    After::Status(status)
}
