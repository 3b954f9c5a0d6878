//! Plays sessions on both sides and counts.

use crate::engine::{Engine, ROOT};
use crate::real::{Output, Scratch};
use crate::session::{Action, Answer, Session};
use crate::state::hash;
use std::collections::BTreeMap;
use std::io;

/// Counts over many sessions.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Commands played.
    pub commands_count: usize,
    /// Equal in stdout, exit code and state.
    pub identical_count: usize,
    /// Equal in stderr too.
    pub identical_stderr_count: usize,
    /// Exit code 0 in the real Git.
    pub succeeded_count: usize,
    /// Merges of diverged branches.
    pub diverged_merges_count: usize,
    /// Conflicts resolved and committed.
    pub conflicts_committed_count: usize,
    /// Commands that made the engine crash.
    pub crashes_count: usize,
    /// Per subcommand: (played, identical).
    pub by_command: BTreeMap<String, (usize, usize)>,
    /// Per reason: how often.
    pub by_reason: BTreeMap<&'static str, usize>,
    /// The first differences, in words.
    pub samples: Vec<String>,
}

/// What the project holds itself to, over 100 sessions of 40 commands.
pub mod floor {
    /// Percent of commands that must be identical.
    pub const IDENTICAL_PERCENT: f64 = 98.0;
    /// Percent of commands that must succeed in the real Git, so that equal failures do not count as success.
    pub const SUCCEEDED_PERCENT: f64 = 70.0;
    /// Merges of diverged branches, for 4,000 commands.
    pub const DIVERGED_MERGES_COUNT: usize = 300;
    /// Conflicts resolved and committed, for 4,000 commands.
    pub const CONFLICTS_COMMITTED_COUNT: usize = 100;
}

/// Compares sessions on two threads (the machines this runs on have two cores), live or with the recorded answers.
pub fn compare_all(sessions: &[Session], live: bool, samples_max: usize) -> io::Result<Tally> {
    let half = sessions.len().div_ceil(2).max(1);
    let one = |sessions: &[Session]| -> io::Result<Tally> {
        let mut tally = Tally::default();
        for session in sessions {
            if live {
                compare_live(session, &mut tally, samples_max)?;
            } else {
                compare_baseline(session, &mut tally);
            }
        }
        Ok(tally)
    };
    let tallies: Vec<io::Result<Tally>> = std::thread::scope(|scope| {
        let threads: Vec<_> = sessions
            .chunks(half)
            .map(|part| scope.spawn(move || one(part)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a comparison panicked")))
            })
            .collect()
    });
    let mut all = Tally::default();
    for tally in tallies {
        all.add(tally?);
    }
    Ok(all)
}

/// A command's bytes without the scratch folder's name.
pub fn normalized(bytes: &[u8], root: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace(root, ROOT).into_bytes()
}

/// Plays a session in the real Git and keeps its answers.
pub fn record(session: &mut Session) -> io::Result<()> {
    let mut scratch = Scratch::new(&format!("r{}", session.seed))?;
    let root = scratch
        .work()
        .parent()
        .map(|p| p.to_string_lossy().into_owned())
        .unwrap_or_default();
    session.answers.clear();
    for action in &session.actions {
        let Action::Git(args) = action else {
            scratch.edit(action)?;
            continue;
        };
        let output = scratch.git(args)?;
        session.answers.push(Answer {
            code: output.code,
            stdout: hash(&normalized(&output.stdout, &root)),
            stderr: hash(&normalized(&output.stderr, &root)),
            state: scratch.state()?.hash(),
        });
    }
    Ok(())
}

/// Whether the session merges diverged branches, and whether a conflict was committed: read from the real Git's state
/// around one command.
#[derive(Clone, Copy, Debug, Default)]
struct Situation {
    merging: bool,
    conflicted_once: bool,
}

/// Compares a session live.
pub fn compare_live(session: &Session, tally: &mut Tally, samples_max: usize) -> io::Result<()> {
    let mut scratch = Scratch::new(&format!("c{}", session.seed))?;
    let root = scratch
        .work()
        .parent()
        .map(|p| p.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut engine = Engine::default();
    let mut situation = Situation::default();
    for (number, action) in session.actions.iter().enumerate() {
        let Action::Git(args) = action else {
            scratch.edit(action)?;
            engine.edit(action);
            continue;
        };
        let diverged = args.first().is_some_and(|a| a == "merge") && is_diverged(&scratch, args);
        let mut real = scratch.git(args)?;
        let mut ours = engine.git(args);
        for stream in [&mut real.stdout, &mut real.stderr] {
            *stream = normalized(stream, &root);
        }
        ours.stdout = normalized(&ours.stdout, ROOT);
        let (real_state, our_state) = (scratch.state()?, engine.state());
        count_situation(&mut situation, tally, &real_state.refs, &real, args, diverged);
        let differences = real_state.differences(&our_state);
        let reason = reason_of(&real, &ours, !differences.is_empty());
        tally.count(args, real.code == 0, reason, real.stderr == ours.stderr);
        if ours.code == -1 {
            tally.crashes_count += 1;
        }
        if let Some(reason) = reason
            && tally.samples.len() < samples_max
        {
            tally
                .samples
                .push(describe(session.seed, number, args, reason, &real, &ours, &differences));
        }
        if !differences.is_empty() {
            engine.become_like(&scratch.tree()?);
        }
    }
    Ok(())
}

/// Compares a session with its recorded answers. After the first different state the rest cannot be judged and counts
/// as different.
pub fn compare_baseline(session: &Session, tally: &mut Tally) {
    let mut engine = Engine::default();
    let mut answers = session.answers.iter();
    let mut lost = false;
    for action in &session.actions {
        let Action::Git(args) = action else {
            engine.edit(action);
            continue;
        };
        let Some(answer) = answers.next() else { return };
        let ours = engine.git(args);
        let state_differs = engine.state().hash() != answer.state;
        let reason = if lost {
            Some("after a difference")
        } else if ours.code != answer.code {
            Some("exit code")
        } else if hash(&normalized(&ours.stdout, ROOT)) != answer.stdout {
            Some("stdout")
        } else if state_differs {
            Some("state")
        } else {
            None
        };
        lost |= state_differs;
        tally.count(args, answer.code == 0, reason, hash(&ours.stderr) == answer.stderr);
        if ours.code == -1 {
            tally.crashes_count += 1;
        }
    }
}

impl Tally {
    fn count(&mut self, args: &[String], succeeded: bool, reason: Option<&'static str>, same_stderr: bool) {
        self.commands_count += 1;
        self.succeeded_count += usize::from(succeeded);
        let name = args.iter().find(|a| !a.starts_with('-')).cloned().unwrap_or_default();
        let entry = self.by_command.entry(name).or_default();
        entry.0 += 1;
        match reason {
            None => {
                entry.1 += 1;
                self.identical_count += 1;
                self.identical_stderr_count += usize::from(same_stderr);
            }
            Some(reason) => *self.by_reason.entry(reason).or_default() += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.commands_count += other.commands_count;
        self.identical_count += other.identical_count;
        self.identical_stderr_count += other.identical_stderr_count;
        self.succeeded_count += other.succeeded_count;
        self.diverged_merges_count += other.diverged_merges_count;
        self.conflicts_committed_count += other.conflicts_committed_count;
        self.crashes_count += other.crashes_count;
        for (name, (played, identical)) in other.by_command {
            let entry = self.by_command.entry(name).or_default();
            entry.0 += played;
            entry.1 += identical;
        }
        for (reason, count) in other.by_reason {
            *self.by_reason.entry(reason).or_default() += count;
        }
        self.samples.extend(other.samples);
    }

    /// What is below the floor, in words; empty when all holds. Merges and conflicts can only be counted live, and
    /// are asked for in proportion to the commands played.
    pub fn below_floor(&self, live: bool) -> Vec<String> {
        let percent = |part: usize| 100.0 * part as f64 / self.commands_count.max(1) as f64;
        let mut problems = Vec::new();
        if percent(self.identical_count) < floor::IDENTICAL_PERCENT {
            problems.push(format!(
                "{:.2} % of commands are identical, {} % are asked for",
                percent(self.identical_count),
                floor::IDENTICAL_PERCENT
            ));
        }
        if percent(self.succeeded_count) < floor::SUCCEEDED_PERCENT {
            problems.push(format!(
                "only {:.2} % of commands succeed in the real Git",
                percent(self.succeeded_count)
            ));
        }
        if self.crashes_count > 0 {
            problems.push(format!("{} commands crashed", self.crashes_count));
        }
        if live {
            let share = |count: usize| count * self.commands_count / 4_000;
            if self.diverged_merges_count < share(floor::DIVERGED_MERGES_COUNT) {
                problems.push(format!(
                    "only {} merges of diverged branches",
                    self.diverged_merges_count
                ));
            }
            if self.conflicts_committed_count < share(floor::CONFLICTS_COMMITTED_COUNT) {
                problems.push(format!("only {} conflicts committed", self.conflicts_committed_count));
            }
        }
        problems
    }

    /// The table the issue asks for.
    pub fn table(&self) -> String {
        use std::fmt::Write as _;
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        let mut out = String::new();
        _ = writeln!(out, "{:<16} {:>7} {:>10} {:>7}", "command", "played", "identical", "%");
        for (name, (played, identical)) in &self.by_command {
            _ = writeln!(
                out,
                "{name:<16} {played:>7} {identical:>10} {:>7.1}",
                percent(*identical, *played)
            );
        }
        for (reason, count) in &self.by_reason {
            _ = writeln!(out, "different {reason:<20} {count:>6}");
        }
        _ = writeln!(out, "commands                      {:>6}", self.commands_count);
        _ = writeln!(
            out,
            "identical                     {:>6}  {:.2} %",
            self.identical_count,
            percent(self.identical_count, self.commands_count)
        );
        _ = writeln!(
            out,
            "identical in stderr too       {:>6}  {:.2} %",
            self.identical_stderr_count,
            percent(self.identical_stderr_count, self.commands_count)
        );
        _ = writeln!(
            out,
            "succeeded in the real Git     {:>6}  {:.2} %",
            self.succeeded_count,
            percent(self.succeeded_count, self.commands_count)
        );
        _ = writeln!(out, "merges of diverged branches   {:>6}", self.diverged_merges_count);
        _ = writeln!(
            out,
            "conflicts committed           {:>6}",
            self.conflicts_committed_count
        );
        _ = writeln!(out, "crashes                       {:>6}", self.crashes_count);
        out
    }
}

fn reason_of(real: &Output, ours: &Output, state_differs: bool) -> Option<&'static str> {
    if real.code != ours.code {
        Some("exit code")
    } else if real.stdout != ours.stdout {
        Some("stdout")
    } else if state_differs {
        Some("state")
    } else {
        None
    }
}

fn is_diverged(scratch: &Scratch, args: &[String]) -> bool {
    let Some(other) = args.iter().skip(1).rfind(|a| !a.starts_with('-')) else {
        return false;
    };
    let count = |range: String| {
        scratch
            .peek(&["rev-list", "--count", &range])
            .trim()
            .parse::<u32>()
            .unwrap_or(0)
    };
    count(format!("HEAD..{other}")) > 0 && count(format!("{other}..HEAD")) > 0
}

fn count_situation(
    situation: &mut Situation,
    tally: &mut Tally,
    refs: &BTreeMap<String, String>,
    real: &Output,
    args: &[String],
    diverged: bool,
) {
    let merging = refs.contains_key("MERGE_HEAD");
    if diverged && (real.code == 0 || merging) {
        tally.diverged_merges_count += 1;
    }
    if args.first().is_some_and(|a| a == "merge") && real.code == 1 && merging {
        situation.conflicted_once = true;
    }
    let concludes = args
        .first()
        .is_some_and(|a| a == "commit" || (a == "merge" && args.len() > 1));
    if situation.merging && !merging && situation.conflicted_once {
        if concludes && real.code == 0 && !args.iter().any(|a| a == "--abort" || a == "--quit") {
            tally.conflicts_committed_count += 1;
        }
        situation.conflicted_once = false;
    }
    situation.merging = merging;
}

fn describe(
    seed: u64,
    number: usize,
    args: &[String],
    reason: &str,
    real: &Output,
    ours: &Output,
    differences: &[String],
) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut out = format!(
        "=== session {seed}, action {number}: git {} — {reason}\n",
        args.join(" ")
    );
    if real.code != ours.code || real.stdout != ours.stdout {
        out.push_str(&format!(
            "--- real [{}]\n{}{}--- engine [{}]\n{}{}",
            real.code,
            text(&real.stdout),
            text(&real.stderr),
            ours.code,
            text(&ours.stdout),
            text(&ours.stderr)
        ));
    }
    for difference in differences.iter().take(6) {
        out.push_str(difference);
        out.push('\n');
    }
    out
}
