//! Changes chosen hunk by hunk: `git add -p`, and `-p` of commit, reset, checkout, restore and stash.
//!
//! [`direction`] says what these differ in, [`file`] finds the hunks of a file, [`answer`] does what is typed,
//! [`edit`] lets a hunk be edited, [`apply`] puts what was chosen where it goes.

mod answer;
mod apply;
mod direction;
mod edit;
mod file;

use crate::cat;
use crate::diff::Change;
use crate::fault::Result;
use crate::index::Index;
use crate::oid::Oid;
use crate::output::Colors;
use crate::pathspec::Pathspec;
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::Repo;
use crate::tree::Flat;
use apply::{become_side, in_index, in_work, to_index, to_work};
pub(crate) use direction::Direction;
use direction::Target;
use essaim_text::is_binary;
use file::{Decision, File};

#[derive(Clone)]
struct State {
    repo: Repo,
    direction: Direction,
    colors: Colors,
    /// Files still to come, the next one last.
    waiting: Vec<Change>,
    file: Option<File>,
    quit: bool,
    /// What comes after the last file.
    then: Then,
}

/// Begins the dialogue, on the index file that `repo` names. `base`: the tree that is compared, where one is.
pub(crate) fn start(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    direction: Direction,
    base: &Flat,
    pathspec: &Pathspec,
    then: Then,
) -> Result<Next> {
    let mut index = repo.index(cx.files())?;
    if crate::worktree::refresh(cx.files(), repo, &mut index) {
        repo.save_index(cx.files_mut(), &mut index)?;
    }
    say_unmerged(cx, &index, direction);
    let found = direction.changes(cx.files(), repo, &index, base, pathspec);
    let everything = found.len();
    let mut waiting: Vec<Change> = found.into_iter().flat_map(by_type).collect();
    waiting.retain(|change| !is_only_binary(cx, repo, change));
    let colors = cx.colors(repo, "interactive", None);
    let state = Box::new(State {
        repo: repo.clone(),
        direction,
        colors,
        file: None,
        quit: false,
        then,
        waiting,
    });
    // A path in conflict is a change, though none that could be chosen.
    if state.waiting.is_empty() && !(direction.looks_at_work() && index.has_unmerged()) {
        let only_binary = everything > 0;
        state.complain(
            cx,
            if only_binary {
                "Only binary files changed."
            } else {
                "No changes."
            },
        );
    }
    let mut state = state;
    state.waiting.reverse();
    go_on(state, cx)
}

/// `git add -p` and its like, which end there.
pub(crate) fn alone(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    direction: Direction,
    base: &Flat,
    pathspec: &Pathspec,
) -> Result<Next> {
    let end = Then::new((), |(), _, _| Ok(Next::Exit(0)));
    start(cx, repo, direction, base, pathspec, end)
}

/// Takes changes back in the working tree, all or none of them; `false`: they do not apply.
pub(super) fn undo_in_work(cx: &mut Cx<'_, '_>, repo: &Repo, changes: Vec<Change>) -> Result<bool> {
    let mut sides = Vec::new();
    for change in changes.into_iter().flat_map(by_type) {
        let file = File::open(cx, repo, Direction::Stash, &change, 1)?;
        match become_side(in_work(cx, repo, &file.path)?, &file, true, Target::Work, true) {
            Ok(side) => sides.push((file.path, side)),
            Err(said) => {
                cx.eprint(said);
                return Ok(false);
            }
        }
    }
    for (path, side) in sides {
        to_work(cx, repo, &path, side)?;
    }
    Ok(true)
}

/// Where the working tree counts, Git looks over the index and names what is in conflict.
fn say_unmerged(cx: &mut Cx<'_, '_>, index: &Index, direction: Direction) {
    if direction.looks_at_work() {
        for path in index.unmerged_paths() {
            cx.print(cat![path, ": needs merge\n"]);
        }
    }
}

/// A file that became a link is one deleted and another created.
fn by_type(change: Change) -> Vec<Change> {
    let none = (0, Oid::NULL);
    if change.letter != b'T' {
        return vec![change];
    }
    let gone = Change {
        letter: b'D',
        new: none,
        ..change.clone()
    };
    let come = Change {
        letter: b'A',
        old: none,
        ..change
    };
    vec![gone, come]
}

fn is_only_binary(cx: &Cx<'_, '_>, repo: &Repo, change: &Change) -> bool {
    let contents = crate::diff::Contents::new(cx.files(), repo);
    let side = |side| contents.get(side, &change.path).unwrap_or_default();
    let (old, new) = (side(change.old), side(change.new));
    let mode_changes = change.old.0 != 0 && change.new.0 != 0 && change.old.0 != change.new.0;
    !mode_changes && old != new && (is_binary(&old) || is_binary(&new))
}

impl State {
    /// An error message among the prompts.
    fn complain(&self, cx: &mut Cx<'_, '_>, text: impl AsRef<[u8]>) {
        let color = self.colors.start("interactive.error", "bold red");
        cx.print(cat![color, text.as_ref(), self.colors.reset(), "\n"]);
    }

    /// A question that is answered by yes or no.
    fn ask(&self, cx: &mut Cx<'_, '_>, question: &str) {
        let color = self.colors.start("interactive.prompt", "bold blue");
        cx.print(cat![color, question, self.colors.reset()]);
    }
}

/// Goes to the next prompt, or to the end.
fn go_on(mut state: Box<State>, cx: &mut Cx<'_, '_>) -> Result<Next> {
    loop {
        let Some(file) = &mut state.file else {
            let Some(change) = state.waiting.pop().filter(|_| !state.quit) else {
                return state.then.go(cx, Outcome::Nothing);
            };
            let file = File::open(cx, &state.repo, state.direction, &change, 3)?;
            cx.print(&file.header);
            state.file = Some(file);
            continue;
        };
        if file.at >= file.offers.len() {
            file.at = 0;
        }
        let decided = file.offers.iter().all(|offer| offer.decision != Decision::Undecided);
        if file.left || decided {
            if let Some(next) = record(&mut state, cx)? {
                return Ok(next);
            }
            continue;
        }
        if file.printed != Some(file.at) {
            let text = file.render(file.at, &state.colors);
            file.printed = Some(file.at);
            cx.print(text);
        }
        let letters = file.letters();
        file.permitted.push_str(&letters);
        let color = state.colors.start("interactive.prompt", "bold blue");
        let question = state.direction.question(file.noun());
        let (at, count) = (file.at + 1, file.offers.len());
        let prompt = format!("{color}({at}/{count}) {question} [y,n,q,a,d{letters},?]?");
        cx.print(cat![prompt, state.colors.reset(), " "]);
        return Ok(Next::Line(Then::new(state, answer::answered)));
    }
}

/// Leaves the file: what was chosen goes where it belongs. `Some`: a question is open.
fn record(state: &mut Box<State>, cx: &mut Cx<'_, '_>) -> Result<Option<Next>> {
    let Some(file) = state.file.take() else { return Ok(None) };
    if file.used().next().is_none() {
        cx.print("\n");
        return Ok(None);
    }
    let (repo, undo, target) = (state.repo.clone(), state.direction.undoes(), state.direction.target());
    let index = repo.index(cx.files())?;
    let into_index = match target {
        Target::Work => None,
        _ => Some(become_side(
            in_index(cx, &repo, &index, &file.path)?,
            &file,
            undo,
            Target::Index,
            false,
        )),
    };
    let into_work = match target {
        Target::Index => None,
        _ => Some(become_side(
            in_work(cx, &repo, &file.path)?,
            &file,
            undo,
            Target::Work,
            false,
        )),
    };
    match (into_index, into_work) {
        // One of two alone must be asked for.
        (Some(Err(said)), Some(work)) => {
            cx.eprint(said);
            if let Err(said) = &work {
                cx.eprint(said);
            }
            state.complain(cx, "The selected hunks do not apply to the index!");
            state.ask(cx, "Apply them to the worktree anyway? ");
            let side = work.ok().flatten();
            let pending = (state.clone(), file.path, side);
            return Ok(Some(Next::Line(Then::new(pending, anyway))));
        }
        (Some(Err(said)), _) | (_, Some(Err(said))) => {
            cx.eprint(cat![said, "error: 'git apply' failed\n"]);
        }
        (index, work) => {
            if let Some(Ok(side)) = work {
                to_work(cx, &repo, &file.path, side)?;
            }
            if let Some(Ok(side)) = index {
                to_index(cx, &repo, &file.path, side)?;
            }
        }
    }
    let index = repo.index(cx.files())?;
    say_unmerged(cx, &index, state.direction);
    cx.print("\n");
    Ok(None)
}

type Pending = (Box<State>, Vec<u8>, apply::Side);

fn anyway((state, path, side): Pending, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(input) = outcome else {
        return Ok(Next::Exit(1));
    };
    match input.first().map(u8::to_ascii_lowercase) {
        Some(b'y') => to_work(cx, &state.repo, &path, side)?,
        Some(b'n') | None => state.complain(cx, "Nothing was applied.\n"),
        Some(_) => {
            state.ask(cx, "Apply them to the worktree anyway? ");
            return Ok(Next::Line(Then::new((state, path, side), anyway)));
        }
    }
    cx.print("\n");
    go_on(state, cx)
}
