//! The answer `e`: a hunk goes through the editor.

use super::apply::{become_side, in_index, in_work};
use super::direction::Target;
use super::file::{Decision, File, Hunk, Line, What};
use super::{State, go_on};
use crate::bytes::parse_number;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::message::{comment_char, commented};
use crate::output::Colors;
use crate::process::{Cx, Next, Outcome, Then};
use essaim_text::lines;

const FILE: &str = "addp-hunk-edit.diff";

/// Opens the editor on the hunk at hand.
pub(super) fn open(state: Box<State>, cx: &mut Cx<'_, '_>) -> Result<Next> {
    let Some(file) = &state.file else {
        return go_on(state, cx);
    };
    let comment = comment_char(&state.repo.config);
    let (keep, drop) = if state.direction.undoes() {
        ('+', '-')
    } else {
        ('-', '+')
    };
    let guide = format!(
        "---\nTo remove '{keep}' lines, make them ' ' lines (context).\nTo remove '{drop}' lines, delete them.\nLines starting with {comment} will be removed.\n{}If it does not apply cleanly, you will be given an opportunity to\nedit again.  If all lines of the hunk are removed, then the edit is\naborted and the hunk is left unchanged.\n",
        state.direction.hint()
    );
    let text = cat![
        commented("Manual hunk edit mode -- see bottom for a quick guide.", &comment),
        file.render(file.at, &Colors::off()),
        commented(&guide, &comment)
    ];
    let path = state.repo.git_path(FILE);
    cx.files_mut().write(&path, text)?;
    let editor = match cx.editor(&state.repo) {
        Ok(editor) => editor,
        Err(fault) => {
            cx.eprint(fault.render().0);
            return ask_again(state, cx);
        }
    };
    cx.announce_editor(&state.repo);
    Ok(Next::Edit(path, Then::new((state, editor), edited)))
}

fn edited((mut state, editor): (Box<State>, Vec<u8>), cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let path = state.repo.git_path(FILE);
    let text = cx.files().read(&path).unwrap_or_default();
    if cx.files().exists(&path) {
        cx.files_mut().remove_file(&path)?;
    }
    if outcome != Outcome::Code(0) {
        let shown = state.repo.git_path_shown(FILE);
        cx.eprint(cat![
            "error: there was a problem with the editor '",
            editor,
            "'\nerror: could not edit '",
            shown,
            "': Success\n"
        ]);
        return ask_again(state, cx);
    }
    let comment = comment_char(&state.repo.config);
    let kept: Vec<&[u8]> = lines(&text)
        .into_iter()
        .filter(|line| !line.starts_with(comment.as_bytes()))
        .collect();
    let Some(file) = state.file.as_mut() else {
        return go_on(state, cx);
    };
    let at = file.at;
    let Some(before) = file.offers[at].hunk().cloned() else {
        return go_on(state, cx);
    };
    if kept.is_empty() {
        return go_on(state, cx);
    }
    let Some(hunk) = read(&kept, &before) else {
        cx.eprint("error: could not parse hunk header\n");
        return ask_again(state, cx);
    };
    file.offers[at].what = What::Lines(hunk);
    if let Err(said) = check(cx, &state, &kept)? {
        if let Some(file) = state.file.as_mut() {
            file.offers[at].what = What::Lines(before);
        }
        cx.eprint(said);
        cx.eprint("error: 'git apply --cached' failed\n");
        return ask_again(state, cx);
    }
    if let Some(file) = state.file.as_mut() {
        file.offers[at].decision = Decision::Use;
        file.at = file.next_undecided().unwrap_or(file.offers.len());
    }
    go_on(state, cx)
}

/// The hunk as it was written, its lines counted anew.
fn read(kept: &[&[u8]], before: &Hunk) -> Option<Hunk> {
    let mut hunk = Hunk {
        lines: Vec::new(),
        ..before.clone()
    };
    let mut body = kept;
    if kept[0].starts_with(b"@") {
        let text = crate::bytes::lossy(kept[0]);
        let mut words = text.strip_prefix("@@ ")?.split(' ');
        let mut start = |sign: char| -> Option<usize> {
            let (start, count) = words
                .next()?
                .strip_prefix(sign)
                .map(|side| side.split_once(',').unwrap_or((side, "1")))?;
            let start: usize = parse_number(start.as_bytes())?;
            Some(if count == "0" { start } else { start.saturating_sub(1) })
        };
        (hunk.old_start, hunk.new_start) = (start('-')?, start('+')?);
        body = &kept[1..];
    }
    for line in body {
        match line.first() {
            Some(b'\\') => {
                if let Some(last) = hunk.lines.last_mut() {
                    last.text.pop();
                }
            }
            // An editor may have taken the space of an empty line away.
            Some(b'\n') => hunk.lines.push(Line {
                sign: b' ',
                text: line.to_vec(),
            }),
            Some(sign @ (b' ' | b'+' | b'-')) => hunk.lines.push(Line {
                sign: *sign,
                text: line[1..].to_vec(),
            }),
            _ => {}
        }
    }
    Some(hunk)
}

/// Whether the file's hunks apply with this one among them; else what `git apply` says.
fn check(cx: &Cx<'_, '_>, state: &State, kept: &[&[u8]]) -> Result<core::result::Result<(), Vec<u8>>> {
    let Some(file) = &state.file else { return Ok(Ok(())) };
    let known = |line: &&[u8]| line.first().is_some_and(|sign| b" +-\\\n@".contains(sign));
    if let Some(bad) = kept.iter().position(|line| !known(line)) {
        let heading = usize::from(!kept[0].starts_with(b"@"));
        let above = lines_above(file) + heading + bad;
        return Ok(Err(format!("error: corrupt patch at line {}\n", above + 1).into_bytes()));
    }
    if file.offers[file.at].hunk().is_some_and(|hunk| hunk.parts() == 0) {
        // A patch that changes nothing is none.
        let heading = usize::from(!kept[0].starts_with(b"@"));
        let end = lines_above(file) + heading + kept.len();
        return Ok(Err(format!("error: corrupt patch at line {}\n", end + 1).into_bytes()));
    }
    let undo = state.direction.undoes();
    let target = match state.direction.target() {
        Target::Index => Target::Index,
        _ => Target::Work,
    };
    let start = match target {
        Target::Index => in_index(cx, &state.repo, &state.repo.index(cx.files())?, &file.path)?,
        _ => in_work(cx, &state.repo, &file.path)?,
    };
    Ok(become_side(start, file, undo, target, true).map(|_| ()))
}

/// How many lines of the patch stand above the hunk at hand.
fn lines_above(file: &File) -> usize {
    let hunks = file.offers[..file.at].iter().filter_map(|offer| offer.hunk());
    let modes = file
        .offers
        .iter()
        .filter(|offer| matches!(offer.what, What::Mode))
        .count();
    lines(&file.header).len() + 2 * modes + hunks.map(|hunk| 1 + hunk.lines.len()).sum::<usize>()
}

fn ask_again(state: Box<State>, cx: &mut Cx<'_, '_>) -> Result<Next> {
    let question = "Your edited hunk does not apply. Edit again (saying \"no\" discards!) [y/n]? ";
    state.ask(cx, question);
    Ok(Next::Line(Then::new(state, again)))
}

fn again(state: Box<State>, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(input) = outcome else {
        return Err(Fault::Exit(1));
    };
    match input.first().map(u8::to_ascii_lowercase) {
        Some(b'y') => open(state, cx),
        Some(b'n') | None => go_on(state, cx),
        Some(_) => ask_again(state, cx),
    }
}
