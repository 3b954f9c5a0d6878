//! `git add -p`: changes chosen hunk by hunk.

use crate::cat;
use crate::diff::{self, Contents};
use crate::fault::{Fault, Result};
use crate::index::Stat;
use crate::object::{Kind, mode};
use crate::oid::Oid;
use crate::output::Colors;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use crate::status::{self, Change};
use crate::worktree::read_blob;
use core::ops::Range;
use essaim_text::{Change as TextChange, diff as diff_lines, hunks, is_binary, lines};
use std::sync::Arc;

/// What was decided of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Undecided,
    Use,
    Skip,
}

/// A hunk on offer: a change of mode, a whole deletion, or lines.
#[derive(Clone, Debug)]
struct Offer {
    /// `None`: the change of mode.
    lines: Option<LineHunk>,
    decision: Decision,
}

#[derive(Clone, Debug)]
struct LineHunk {
    old: Range<usize>,
    new: Range<usize>,
    /// Which of the file's changes lie in it.
    changes: Range<usize>,
    /// The function line of the header.
    function: Vec<u8>,
}

/// One file at work.
#[derive(Clone)]
struct File {
    change: Change,
    head: Vec<u8>,
    old: Arc<Vec<u8>>,
    new: Arc<Vec<u8>>,
    changes: Vec<TextChange>,
    offers: Vec<Offer>,
    at: usize,
    /// The hunk that was printed last.
    printed: Option<usize>,
    /// The letters that some prompt of this file offered.
    permitted: String,
}

#[derive(Clone)]
struct State {
    repo: Repo,
    colors: Colors,
    /// Files still to come, the next one last.
    waiting: Vec<Change>,
    file: Option<File>,
    quit: bool,
}

/// Begins the dialogue.
pub(super) fn start(cx: &mut Cx<'_, '_>, repo: &Repo, pathspec: &Pathspec) -> Result<Next> {
    let mut index = repo.index(cx.files())?;
    if crate::worktree::refresh(cx.files(), repo, &mut index) {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    let mut changes = status::unstaged(cx.files(), repo, &index, pathspec);
    let everything = changes.len();
    changes.retain(|change| !is_binary_change(cx, repo, change));
    if changes.is_empty() {
        cx.print(if everything > 0 {
            "Only binary files changed.\n"
        } else {
            "No changes.\n"
        });
        return Ok(Next::Exit(0));
    }
    changes.reverse();
    let state = State {
        repo: repo.clone(),
        colors: cx.colors(repo, "interactive", None),
        waiting: changes,
        file: None,
        quit: false,
    };
    go_on(Box::new(state), cx)
}

fn is_binary_change(cx: &Cx<'_, '_>, repo: &Repo, change: &Change) -> bool {
    let new = read_blob(cx.files(), &repo.work_path(&change.path)).unwrap_or_default();
    let old = repo
        .store
        .read(cx.files(), &change.old.1)
        .map(|object| object.content)
        .unwrap_or_default();
    old != new && (is_binary(&old) || is_binary(&new))
}

fn open(cx: &Cx<'_, '_>, repo: &Repo, change: Change) -> Result<File> {
    let mut options = diff::Options::new(Some(repo), true, 80);
    options.settle_colors(Some(repo), cx.is_terminal());
    let contents = Contents::new(cx.files(), repo);
    let mut patch = Vec::new();
    diff::patch::write(&mut patch, &contents, &change, &options)?;
    let old = if change.old.0 == 0 {
        Arc::default()
    } else {
        repo.store.blob(cx.files(), &change.old.1)?
    };
    let new = match change.new.0 {
        0 => Arc::default(),
        _ => read_blob(cx.files(), &repo.work_path(&change.path))?,
    };
    let mut offers = Vec::new();
    let mode_changes = change.old.0 != 0 && change.new.0 != 0 && change.old.0 != change.new.0;
    if mode_changes {
        offers.push(Offer {
            lines: None,
            decision: Decision::Undecided,
        });
    }
    let (old_lines, new_lines) = (lines(&old), lines(&new));
    let changes = diff_lines(&old_lines, &new_lines, &options.text);
    for hunk in hunks(&old_lines, &new_lines, &changes, &options.hunks) {
        let old_range = hunk.old_start..hunk.old_start + hunk.old_count;
        let first = changes
            .iter()
            .position(|part| part.old.start >= hunk.old_start && part.new.start >= hunk.new_start);
        let first = first.unwrap_or(0);
        let inside =
            |part: &&TextChange| part.old.end <= old_range.end && part.new.end <= hunk.new_start + hunk.new_count;
        let count = changes[first..].iter().take_while(inside).count();
        offers.push(Offer {
            lines: Some(LineHunk {
                old: old_range.clone(),
                new: hunk.new_start..hunk.new_start + hunk.new_count,
                changes: first..first + count,
                function: hunk.function.map(<[u8]>::to_vec).unwrap_or_default(),
            }),
            decision: Decision::Undecided,
        });
    }
    let is_mode_line = |line: &[u8]| {
        crate::bytes::find(line, b"old mode ").is_some() || crate::bytes::find(line, b"new mode ").is_some()
    };
    let mut head = Vec::new();
    for line in lines(&patch) {
        if crate::bytes::find(&line[..line.len().min(12)], b"@@ ").is_some() {
            break;
        }
        if !(mode_changes && is_mode_line(line)) {
            head.extend_from_slice(line);
        }
    }
    Ok(File {
        change,
        head,
        old,
        new,
        changes,
        offers,
        at: 0,
        printed: None,
        permitted: String::new(),
    })
}

/// Goes to the next prompt, or to the end.
fn go_on(mut state: Box<State>, cx: &mut Cx<'_, '_>) -> Result<Next> {
    loop {
        if state.file.is_none() {
            let Some(change) = state.waiting.pop().filter(|_| !state.quit) else {
                return Ok(Next::Exit(0));
            };
            let file = open(cx, &state.repo, change)?;
            cx.print(&file.head);
            state.file = Some(file);
        }
        let Some(file) = &mut state.file else { continue };
        if file.at >= file.offers.len() {
            file.at = 0;
        }
        let open = file.offers.iter().any(|offer| offer.decision == Decision::Undecided);
        if state.quit || !open {
            cx.print("\n");
            let file = file.clone();
            state.file = None;
            apply(cx, &state.repo, &file)?;
            continue;
        }
        if file.printed != Some(file.at) {
            let text = render(file, file.at, &state.colors);
            cx.print(text);
            file.printed = Some(file.at);
        }
        // Git remembers what was possible at earlier prompts of the file.
        let now = letters(file);
        file.permitted.push_str(&now);
        let color = state.colors.start("interactive.prompt", "bold blue");
        cx.print(cat![color, prompt(file), state.colors.reset(), " "]);
        return Ok(Next::Line(Then::new(state, answered)));
    }
}

fn splits(file: &File, at: usize) -> usize {
    file.offers[at].lines.as_ref().map_or(1, |hunk| hunk.changes.len())
}

fn letters(file: &File) -> String {
    let undecided = |offer: &Offer| offer.decision == Decision::Undecided;
    let (at, count) = (file.at, file.offers.len());
    let mut out = String::new();
    let mut add = |yes: bool, letters: &str| {
        if yes {
            out.push_str(letters);
        }
    };
    let deleted = file.change.new.0 == 0;
    add(file.offers[..at].iter().any(undecided), ",k");
    add(at > 0, ",K");
    add(file.offers[at + 1..].iter().any(undecided), ",j");
    add(at + 1 < count, ",J");
    add(count > 1, ",g,/");
    add(splits(file, at) > 1 && !deleted, ",s");
    add(file.offers[at].lines.is_some() && !deleted, ",e");
    out + ",p"
}

fn prompt(file: &File) -> String {
    let what = match (&file.offers[file.at].lines, file.change.old.0, file.change.new.0) {
        (None, ..) => "mode change",
        (_, 0, _) => "addition",
        (_, _, 0) => "deletion",
        _ => "this hunk",
    };
    format!(
        "({}/{}) Stage {what} [y,n,q,a,d{},?]?",
        file.at + 1,
        file.offers.len(),
        letters(file)
    )
}

fn render(file: &File, at: usize, colors: &Colors) -> Vec<u8> {
    let diff_colors = |key: &str, default: &str| colors.start(&format!("diff.{key}"), default);
    let Some(hunk) = &file.offers[at].lines else {
        return format!(
            "old mode {:06o}\nnew mode {:06o}\n",
            file.change.old.0, file.change.new.0
        )
        .into_bytes();
    };
    let (old, new) = (lines(&file.old), lines(&file.new));
    let function = if hunk.function.is_empty() {
        Vec::new()
    } else {
        cat![" ", hunk.function]
    };
    let frag = diff_colors("frag", "cyan");
    let mut out = cat![frag, "@@ ", range_header(hunk), " @@", colors.reset(), function, "\n"];
    let mut line = |sign: u8, text: &[u8], color: &str| {
        let reset = if color.is_empty() { "" } else { colors.reset() };
        let body = text.strip_suffix(b"\n").unwrap_or(text);
        out.extend_from_slice(&cat![color, [sign], body, reset, "\n"]);
        if !text.ends_with(b"\n") {
            out.extend_from_slice(b"\\ No newline at end of file\n");
        }
    };
    let (removed, added) = (diff_colors("old", "red"), diff_colors("new", "green"));
    let mut at = hunk.old.start;
    for part in &file.changes[hunk.changes.clone()] {
        for text in &old[at..part.old.start] {
            line(b' ', text, "");
        }
        for text in &old[part.old.clone()] {
            line(b'-', text, &removed);
        }
        for text in &new[part.new.clone()] {
            line(b'+', text, &added);
        }
        at = part.old.end;
    }
    for text in &old[at..hunk.old.end] {
        line(b' ', text, "");
    }
    out
}

/// `-1,5 +1,6`.
fn range_header(hunk: &LineHunk) -> String {
    let side = |range: &Range<usize>| match range.len() {
        1 => format!("{}", range.start + 1),
        0 => format!("{},0", range.start),
        len => format!("{},{len}", range.start + 1),
    };
    format!("-{} +{}", side(&hunk.old), side(&hunk.new))
}

const HELP: [(&str, &str); 13] = [
    ("y", "y - stage this hunk\n"),
    ("n", "n - do not stage this hunk\n"),
    ("q", "q - quit; do not stage this hunk or any of the remaining ones\n"),
    ("a", "a - stage this hunk and all later hunks in the file\n"),
    (
        "d",
        "d - do not stage this hunk or any of the later hunks in the file\n",
    ),
    ("j", "j - leave this hunk undecided, see next undecided hunk\n"),
    ("J", "J - leave this hunk undecided, see next hunk\n"),
    ("k", "k - leave this hunk undecided, see previous undecided hunk\n"),
    ("K", "K - leave this hunk undecided, see previous hunk\n"),
    ("g", "g - select a hunk to go to\n"),
    ("/", "/ - search for a hunk matching the given regex\n"),
    ("s", "s - split the current hunk into smaller hunks\n"),
    ("e", "e - manually edit the current hunk\n"),
];

fn answered(mut state: Box<State>, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(input) = outcome else {
        return Ok(Next::Exit(1));
    };
    let Some(file) = &mut state.file else {
        return Ok(Next::Exit(0));
    };
    if input.is_empty() {
        state.quit = true;
        return go_on(state, cx);
    }
    let answer = input.trim_ascii_end();
    let Some(letter) = answer.first().copied() else {
        return go_on(state, cx);
    };
    if answer.len() > 1 && !matches!(letter, b'g' | b'/') {
        cx.print(cat!["Only one letter is expected, got '", answer, "'\n"]);
        return go_on(state, cx);
    }
    let allowed = letters(file);
    let permitted = file.permitted.clone();
    let may = |letter: char| permitted.contains(&format!(",{letter}"));
    let (at, count) = (file.at, file.offers.len());
    let undecided = |file: &File, at: &usize| file.offers[*at].decision == Decision::Undecided;
    match letter.to_ascii_lowercase() {
        b'y' | b'n' => {
            file.offers[at].decision = if letter.eq_ignore_ascii_case(&b'y') {
                Decision::Use
            } else {
                Decision::Skip
            };
            file.at = (at + 1..count).find(|at| undecided(file, at)).unwrap_or(count);
        }
        b'a' | b'd' => {
            let decision = if letter.eq_ignore_ascii_case(&b'a') {
                Decision::Use
            } else {
                Decision::Skip
            };
            for offer in &mut file.offers[at..] {
                if offer.decision == Decision::Undecided {
                    offer.decision = decision;
                }
            }
        }
        b'q' => state.quit = true,
        b'j' | b'k' if !may(char::from(letter)) => {
            let which = if letter.eq_ignore_ascii_case(&b'j') {
                "next"
            } else {
                "previous"
            };
            cx.print(format!("No {which} hunk\n"));
        }
        b'j' | b'k' => {
            let target = match letter {
                b'J' => Some(at + 1),
                b'K' => at.checked_sub(1),
                b'j' => (at + 1..count).find(|at| undecided(file, at)),
                _ => (0..at).rev().find(|at| undecided(file, at)),
            };
            file.at = target.unwrap_or(count);
        }
        b's' if !may('s') => cx.print("Sorry, cannot split this hunk\n"),
        b's' => {
            let parts = split(file, at);
            cx.print(format!("Split into {parts} hunks.\n"));
            file.printed = None;
        }
        b'p' => file.printed = None,
        b'?' => {
            for (name, text) in HELP {
                let always = matches!(name, "y" | "n" | "q" | "a" | "d");
                if always || allowed.contains(&format!(",{name}")) {
                    cx.print(text);
                }
            }
            cx.print("p - print the current hunk, 'P' to use the pager\n? - print help\n");
        }
        b'g' | b'/' if count < 2 => {
            cx.print(if letter == b'/' {
                "No other hunks to search\n"
            } else {
                "No other hunks to goto\n"
            });
        }
        b'e' if !may('e') => cx.print("Sorry, cannot edit this hunk\n"),
        b'g' | b'/' | b'e' => {
            let fault = Fault::gap(cat!["'add -p': '", [letter], "'"]);
            cx.eprint(fault.render().0);
        }
        _ => cx.print(cat!["Unknown command '", answer, "' (use '?' for help)\n"]),
    }
    go_on(state, cx)
}

/// Splits a hunk between its changes; how many it is then.
fn split(file: &mut File, at: usize) -> usize {
    let Some(hunk) = file.offers[at].lines.clone() else {
        return 1;
    };
    let parts: Vec<usize> = hunk.changes.clone().collect();
    let mut offers = Vec::new();
    for (position, index) in parts.iter().enumerate() {
        let change = &file.changes[*index];
        let (start, end) = (
            if position == 0 {
                hunk.old.start
            } else {
                file.changes[parts[position - 1]].old.end
            },
            parts
                .get(position + 1)
                .map_or(hunk.old.end, |next| file.changes[*next].old.start),
        );
        let new_start = change.new.start - (change.old.start - start);
        let new_end = change.new.end + (end - change.old.end);
        offers.push(Offer {
            lines: Some(LineHunk {
                old: start..end,
                new: new_start..new_end,
                changes: *index..index + 1,
                function: if position == 0 {
                    hunk.function.clone()
                } else {
                    Vec::new()
                },
            }),
            decision: Decision::Undecided,
        });
    }
    file.offers.splice(at..=at, offers);
    parts.len()
}

/// Records what was chosen of a file.
fn apply(cx: &mut Cx<'_, '_>, repo: &Repo, file: &File) -> Result<()> {
    let used = |offer: &&Offer| offer.decision == Decision::Use;
    if !file.offers.iter().any(|offer| used(&offer)) {
        return Ok(());
    }
    let mut index = repo.index(cx.files())?;
    let path = &file.change.path;
    if file.change.new.0 == 0 {
        index.remove(path);
        return repo.save_index(cx.files_mut(), &mut index);
    }
    let (old, new) = (lines(&file.old), lines(&file.new));
    let mut content = Vec::new();
    let mut at = 0;
    let mut file_mode = if file.change.old.0 == 0 {
        file.change.new.0
    } else {
        file.change.old.0
    };
    for offer in file.offers.iter().filter(used) {
        let Some(hunk) = &offer.lines else {
            file_mode = file.change.new.0;
            continue;
        };
        for part in &file.changes[hunk.changes.clone()] {
            content.extend(old[at..part.old.start].concat());
            content.extend(new[part.new.clone()].concat());
            at = part.old.end;
        }
    }
    content.extend(old[at..].concat());
    let oid: Oid = repo.store.write(cx.files_mut(), Kind::Blob, &content)?;
    if let Some(entry) = index.get_mut(path, 0) {
        entry.oid = oid;
        entry.mode = if file_mode == mode::TREE { entry.mode } else { file_mode };
        entry.intent_to_add = false;
        entry.stat = Stat::default();
    }
    crate::worktree::refresh(cx.files(), repo, &mut index);
    repo.save_index(cx.files_mut(), &mut index)
}
