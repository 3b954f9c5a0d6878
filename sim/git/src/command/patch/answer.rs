//! What the answers to a prompt do.

use super::file::{Decision, File, What};
use super::{State, edit, go_on};
use crate::bytes::{lossy, parse_number};
use crate::cat;
use crate::fault::Result;
use crate::output::Colors;
use crate::process::{Cx, Next, Outcome, Then};
use crate::regex::Regex;

/// Hunks that the answer `g` lists at once.
const LISTED_MAX: usize = 20;

const HELP: [(char, &str); 10] = [
    ('j', "j - leave this hunk undecided, see next undecided hunk\n"),
    ('J', "J - leave this hunk undecided, see next hunk\n"),
    ('k', "k - leave this hunk undecided, see previous undecided hunk\n"),
    ('K', "K - leave this hunk undecided, see previous hunk\n"),
    ('g', "g - select a hunk to go to\n"),
    ('/', "/ - search for a hunk matching the given regex\n"),
    ('s', "s - split the current hunk into smaller hunks\n"),
    ('e', "e - manually edit the current hunk\n"),
    ('p', "p - print the current hunk, 'P' to use the pager\n"),
    ('?', "? - print help\n"),
];

/// A line was typed at the prompt.
pub(super) fn answered(mut state: Box<State>, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let (Outcome::Input(input), Some(file)) = (outcome, state.file.as_mut()) else {
        return Ok(Next::Exit(1));
    };
    if input.is_empty() {
        file.left = true;
        return go_on(state, cx);
    }
    let answer = input.strip_suffix(b"\n").unwrap_or(&input);
    let answer = answer.strip_suffix(b"\r").unwrap_or(answer).to_vec();
    let Some(letter) = answer.first().copied() else {
        return go_on(state, cx);
    };
    if answer.len() > 1 && !matches!(letter.to_ascii_lowercase(), b'g' | b'/') {
        state.complain(cx, cat!["Only one letter is expected, got '", answer, "'"]);
        return go_on(state, cx);
    }
    let permitted = file.permitted.clone();
    let may = |letter: char| permitted.contains(&format!(",{letter}"));
    // Of these letters the capital ones mean the same; of the others not.
    let plain = match letter.to_ascii_lowercase() {
        lower @ (b'y' | b'n' | b'a' | b'd' | b'q' | b'p') => lower,
        _ => letter,
    };
    match plain {
        b'y' => decide_one(file, Decision::Use),
        b'n' => decide_one(file, Decision::Skip),
        b'a' => decide_rest(file, Decision::Use),
        b'd' => decide_rest(file, Decision::Skip),
        b'q' => {
            decide_rest(file, Decision::Skip);
            file.left = true;
            state.quit = true;
        }
        b'j' | b'k' | b'J' | b'K' => move_by(&mut state, cx, letter, may(char::from(letter))),
        b'g' if !may('g') => state.complain(cx, "No other hunks to goto"),
        b'g' => {
            let from = file.at.saturating_sub(LISTED_MAX / 2).max(first_listed(file));
            return choose(state, cx, answer[1..].trim_ascii(), from);
        }
        b'/' if !may('/') => state.complain(cx, "No other hunks to search"),
        b'/' if answer.len() == 1 => {
            cx.print("search for regex? ");
            return Ok(Next::Line(Then::new(state, pattern_typed)));
        }
        b'/' => search(&mut state, cx, &answer[1..]),
        b's' if !may('s') => state.complain(cx, "Sorry, cannot split this hunk"),
        b's' => split(&mut state, cx),
        b'e' if !may('e') => state.complain(cx, "Sorry, cannot edit this hunk"),
        b'e' => return edit::open(state, cx),
        b'p' => file.printed = None,
        b'?' => help(&state, cx),
        _ => state.complain(cx, cat!["Unknown command '", answer, "' (use '?' for help)"]),
    }
    go_on(state, cx)
}

fn decide_one(file: &mut File, decision: Decision) {
    file.offers[file.at].decision = decision;
    file.at = file.next_undecided().unwrap_or(file.offers.len());
}

/// This hunk and all undecided ones behind it.
fn decide_rest(file: &mut File, decision: Decision) {
    for offer in &mut file.offers[file.at..] {
        if offer.decision == Decision::Undecided {
            offer.decision = decision;
        }
    }
    file.at = file.offers.len();
}

fn move_by(state: &mut State, cx: &mut Cx<'_, '_>, letter: u8, may: bool) {
    let Some(file) = state.file.as_mut() else { return };
    if !may {
        let which = if letter.eq_ignore_ascii_case(&b'j') {
            "next"
        } else {
            "previous"
        };
        return state.complain(cx, format!("No {which} hunk"));
    }
    let target = match letter {
        b'J' => Some(file.at + 1),
        b'K' => file.at.checked_sub(1),
        b'j' => file.next_undecided(),
        _ => file.previous_undecided(),
    };
    file.at = target.unwrap_or(file.offers.len());
}

fn split(state: &mut State, cx: &mut Cx<'_, '_>) {
    let Some(file) = state.file.as_mut() else { return };
    let at = file.at;
    let Some(hunk) = file.offers[at].hunk().filter(|hunk| hunk.parts() > 1) else {
        return;
    };
    let parts = hunk.split();
    let (count, decision) = (parts.len(), file.offers[at].decision);
    let offers = parts.into_iter().map(|hunk| super::file::Offer {
        what: What::Lines(hunk),
        decision,
    });
    file.offers.splice(at..=at, offers);
    file.printed = None;
    let color = state.colors.start("interactive.header", "bold");
    cx.print(format!("{color}Split into {count} hunks.{}\n", state.colors.reset()));
}

fn help(state: &State, cx: &mut Cx<'_, '_>) {
    let Some(file) = &state.file else { return };
    let (color, reset) = (state.colors.start("interactive.help", "bold red"), state.colors.reset());
    cx.print(cat![color, state.direction.help(), reset]);
    let letters = file.letters();
    for (letter, text) in HELP {
        if letter == '?' || letters.contains(letter) {
            let line = text.trim_end();
            cx.print(cat![color, line, reset, "\n"]);
        }
    }
}

// ---- `g` ----

/// The change of mode is not listed.
fn first_listed(file: &File) -> usize {
    usize::from(matches!(file.offers[0].what, What::Mode))
}

/// Goes to the hunk of that number; without one the hunks are listed, some at a time.
fn choose(mut state: Box<State>, cx: &mut Cx<'_, '_>, typed: &[u8], from: usize) -> Result<Next> {
    let Some(file) = state.file.as_mut() else {
        return go_on(state, cx);
    };
    let count = file.offers.len();
    if typed.is_empty() {
        let end = (from + LISTED_MAX).min(count);
        let mut out = Vec::new();
        for at in from..end {
            out.extend_from_slice(&summary(file, at));
        }
        let more = if end < count { " (<ret> to see more)" } else { "" };
        out.extend_from_slice(format!("go to which hunk{more}? ").as_bytes());
        cx.print(out);
        return Ok(Next::Line(Then::new((state, end), number_typed)));
    }
    match parse_number::<usize>(typed) {
        None => state.complain(cx, cat!["Invalid number: '", typed, "'"]),
        Some(number) if (1..=count).contains(&number) => file.at = number - 1,
        Some(_) => {
            let hunks = if count == 1 { "hunk" } else { "hunks" };
            state.complain(cx, format!("Sorry, only {count} {hunks} available."));
        }
    }
    go_on(state, cx)
}

fn number_typed((state, from): (Box<State>, usize), cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    match outcome {
        Outcome::Input(input) if !input.is_empty() => choose(state, cx, input.trim_ascii(), from),
        _ => {
            state.complain(cx, "Invalid number: ''");
            go_on(state, cx)
        }
    }
}

/// `+ 2:  -5,3 +5,4      +first changed line`.
fn summary(file: &File, at: usize) -> Vec<u8> {
    let offer = &file.offers[at];
    let mark = match offer.decision {
        Decision::Use => '+',
        Decision::Skip => '-',
        Decision::Undecided => ' ',
    };
    let mut out = format!("{mark}{:2}: ", at + 1).into_bytes();
    let Some(hunk) = offer.hunk() else {
        return cat![out, "\n"];
    };
    let place = |start: usize, count: usize| start + usize::from(count > 0);
    let (old, new) = (hunk.count_without(b'+'), hunk.count_without(b'-'));
    let range = format!(
        " -{},{old} +{},{new} ",
        place(hunk.old_start, old),
        place(hunk.new_start, new)
    );
    let mut line = format!("{range:20}").into_bytes();
    if let Some(first) = hunk.lines.iter().find(|line| line.sign != b' ') {
        line.extend_from_slice(&cat![[first.sign], first.text]);
    }
    line.truncate(80);
    if !line.ends_with(b"\n") {
        line.push(b'\n');
    }
    out.extend_from_slice(&line);
    out
}

// ---- `/` ----

fn pattern_typed(mut state: Box<State>, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(input) = outcome else {
        return Ok(Next::Exit(1));
    };
    if input.is_empty() {
        if let Some(file) = state.file.as_mut() {
            file.left = true;
        }
        return go_on(state, cx);
    }
    let pattern = input.strip_suffix(b"\n").unwrap_or(&input);
    if !pattern.is_empty() {
        search(&mut state, cx, pattern);
    }
    go_on(state, cx)
}

/// Goes to the next hunk, this one included, that holds a line the pattern matches.
fn search(state: &mut State, cx: &mut Cx<'_, '_>, pattern: &[u8]) {
    let Some(file) = state.file.as_mut() else { return };
    let Some(regex) = Regex::extended(pattern, false) else {
        let why = match lossy(pattern).find(['[', '(', '{']).map(|at| pattern[at]) {
            Some(b'[') => "Invalid regular expression",
            Some(b'(') => "Unmatched ( or \\(",
            Some(b'{') => "Unmatched \\{",
            _ => "Invalid preceding regular expression",
        };
        return state.complain(cx, cat!["Malformed search regexp ", pattern, ": ", why]);
    };
    let count = file.offers.len();
    let found = (0..count).map(|step| (file.at + step) % count).find(|at| {
        let text = file.render(*at, &Colors::off());
        crate::bytes::lines(&text).any(|line| regex.is_match(line))
    });
    match found {
        Some(at) => file.at = at,
        None => state.complain(cx, "No hunk matches the given pattern"),
    }
}
