//! What each key does in a terminal. The names and habits are readline's.

use essaim_proto_lab::message::TerminalStatus;
use leptos::html;
use leptos::prelude::*;
use web_sys::{ClipboardEvent, HtmlTextAreaElement, KeyboardEvent};

use super::line::{Line, from_utf16, to_utf16};
use crate::dom;
use crate::lab::screen::Screen;
use crate::lab::{Phase, Session, TerminalModel};
use crate::state::{self, ToastKind};
use crate::text::{fill, t_now};

/// How long a sent line stands in the field where nothing is printed.
const SENT_MS_MAX: i32 = 100;

/// A search in the history, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    pub query: String,
    /// How many matches were passed over.
    skip: usize,
    /// The line before the search.
    before: String,
}

/// The state of one terminal's line.
#[derive(Clone)]
pub struct Control {
    session: Session,
    model: TerminalModel,
    input: NodeRef<html::Textarea>,
    /// How far back in the history, and the line typed before going there.
    recall: ArcRwSignal<(usize, String)>,
    cut: ArcRwSignal<String>,
    leaving: ArcRwSignal<bool>,
    pub search: ArcRwSignal<Option<Search>>,
    pub choices: ArcRwSignal<Vec<String>>,
    /// The Ctrl of the touch row is held for the next key.
    pub ctrl: ArcRwSignal<bool>,
    /// The line that Enter sent and that still stands in the field.
    sent: ArcRwSignal<String>,
}

/// A click in the log puts the focus on the line, unless it was to select text.
pub fn focus_unless_selecting(input: NodeRef<html::Textarea>) {
    let selecting = window()
        .get_selection()
        .ok()
        .flatten()
        .is_some_and(|s| !s.is_collapsed());
    if let Some(field) = input.get_untracked()
        && !selecting
    {
        let _ = field.focus();
    }
}

impl Control {
    pub fn new(session: Session, model: TerminalModel, input: NodeRef<html::Textarea>) -> Self {
        Self {
            session,
            model,
            input,
            recall: ArcRwSignal::default(),
            cut: ArcRwSignal::default(),
            leaving: ArcRwSignal::default(),
            search: ArcRwSignal::default(),
            choices: ArcRwSignal::default(),
            ctrl: ArcRwSignal::default(),
            sent: ArcRwSignal::default(),
        }
    }

    /// Takes the line that was sent out of the field; what was typed since stays. It happens when the terminal has
    /// printed it, in the same frame: emptied at once, the field would cost a frame of its own, which the answer waits
    /// for, and the line would blink.
    pub fn sweep(&self) {
        let sent = std::mem::take(&mut *self.sent.write_untracked());
        if !sent.is_empty()
            && let Some(field) = self.field()
            && let Some(rest) = field.value().strip_prefix(&sent)
        {
            self.show(&Line::new(rest));
        }
    }

    fn field(&self) -> Option<HtmlTextAreaElement> {
        self.input.get_untracked()
    }

    fn line(&self) -> Line {
        let Some(field) = self.field() else {
            return Line::default();
        };
        let text = field.value();
        let units = field.selection_start().ok().flatten().unwrap_or_default();
        let cursor = from_utf16(&text, units);
        Line { text, cursor }
    }

    fn show(&self, line: &Line) {
        let Some(field) = self.field() else { return };
        field.set_value(&line.text);
        let at = to_utf16(&line.text, line.cursor);
        let _ = field.set_selection_range(at, at);
    }

    fn edit(&self, f: impl FnOnce(&mut Line)) {
        let mut line = self.line();
        f(&mut line);
        self.show(&line);
    }

    fn edit_cut(&self, f: impl FnOnce(&mut Line) -> String) {
        let mut line = self.line();
        let cut = f(&mut line);
        if !cut.is_empty() {
            self.cut.set(cut);
        }
        self.show(&line);
    }

    pub fn keydown(&self, event: &KeyboardEvent) {
        // A key of an input method is not a key of ours.
        if event.is_composing() {
            return;
        }
        self.sweep();
        let key = event.key();
        // Phones do not say which key it was: the letter comes as input.
        let ctrl = event.ctrl_key() || (key != "Unidentified" && self.take_ctrl());
        let handled = if self.search.get_untracked().is_some() {
            self.search_key(&key, ctrl)
        } else if ctrl && !event.alt_key() {
            self.ctrl_key(&key)
        } else if event.alt_key() {
            self.alt_key(&key)
        } else {
            self.plain_key(&key, event.shift_key())
        };
        if key != "Escape" && key != "Tab" {
            self.leaving.set(false);
        }
        if handled {
            event.prevent_default();
        }
    }

    fn take_ctrl(&self) -> bool {
        let held = self.ctrl.get_untracked();
        if held {
            self.ctrl.set(false);
        }
        held
    }

    /// A letter that came without its key: after the Ctrl of the touch row it is a command.
    pub fn typed(&self) {
        self.sweep();
        if !self.take_ctrl() {
            return;
        }
        let mut line = self.line();
        if let Some((at, c)) = line.text[..line.cursor].char_indices().next_back() {
            line.text.remove(at);
            line.cursor = at;
            self.show(&line);
            self.ctrl_key(&c.to_string());
        }
    }

    /// A key of the touch row.
    pub fn touch(&self, key: &str) {
        if let Some(field) = self.field() {
            let _ = field.focus();
        }
        self.sweep();
        match key {
            "Control" => self.ctrl.update(|c| *c = !*c),
            "Tab" => drop(self.complete()),
            "Escape" if self.search.get_untracked().is_some() => drop(self.search_key("Escape", false)),
            "Escape" => self.choices.set(Vec::new()),
            _ => drop(self.plain_key(key, false)),
        }
    }

    fn plain_key(&self, key: &str, shift: bool) -> bool {
        match key {
            "Enter" => self.enter(),
            "ArrowUp" => self.recall(1),
            "ArrowDown" => self.recall(-1),
            "Tab" if !shift && !self.leaving.get_untracked() => return self.complete(),
            "Escape" => {
                self.choices.set(Vec::new());
                self.leaving.set(true);
            }
            _ => return false,
        }
        key != "Escape"
    }

    fn ctrl_key(&self, key: &str) -> bool {
        match key.to_ascii_lowercase().as_str() {
            "a" => self.edit(Line::home),
            "e" => self.edit(Line::end),
            "k" => self.edit_cut(Line::cut_end),
            "u" => self.edit_cut(Line::cut_start),
            "w" => self.edit_cut(Line::cut_word),
            "y" => {
                let cut = self.cut.get_untracked();
                self.edit(|l| l.insert(&cut));
            }
            "b" => self.edit(|l| l.cursor = l.text[..l.cursor].char_indices().next_back().map_or(0, |(at, _)| at)),
            "f" => self.edit(|l| l.cursor += l.text[l.cursor..].chars().next().map_or(0, char::len_utf8)),
            "p" => self.recall(1),
            "n" => self.recall(-1),
            "l" => self.model.screen.update(Screen::clear),
            "r" => self.search.set(Some(Search {
                before: self.line().text,
                ..Search::default()
            })),
            "c" => return self.interrupt(),
            "d" => self.end_of_file(),
            _ => return false,
        }
        true
    }

    fn alt_key(&self, key: &str) -> bool {
        match key.to_ascii_lowercase().as_str() {
            "b" => self.edit(Line::back_word),
            "f" => self.edit(Line::forward_word),
            "d" => self.edit_cut(|l| {
                let from = l.cursor;
                l.forward_word();
                l.cut_back_to(from)
            }),
            "backspace" => self.edit_cut(|l| {
                let mut from = l.clone();
                from.back_word();
                l.cut_back_to(from.cursor)
            }),
            "." => {
                let last = self
                    .model
                    .history
                    .with_untracked(|h| Some(h.last()?.split_whitespace().last()?.to_owned()));
                self.edit(|l| l.insert(&last.unwrap_or_default()));
            }
            _ => return false,
        }
        true
    }

    /// Ctrl-C copies when something is selected, and interrupts otherwise.
    fn interrupt(&self) -> bool {
        let selecting = window()
            .get_selection()
            .ok()
            .flatten()
            .is_some_and(|s| !s.is_collapsed());
        let in_field = self
            .field()
            .is_some_and(|f| f.selection_start().ok() != f.selection_end().ok());
        if selecting || in_field {
            return false;
        }
        self.show(&Line::default());
        self.recall.set((0, String::new()));
        self.choices.set(Vec::new());
        self.session.interrupt(self.model.id);
        true
    }

    fn end_of_file(&self) {
        if self.line().text.is_empty() {
            self.session.end_of_file(self.model.id);
        } else {
            self.edit(Line::delete);
        }
    }

    fn enter(&self) {
        // A lab that is being restored takes nothing: what was typed waits in its line.
        if self.session.phase.get_untracked() != Phase::Ready {
            return;
        }
        // A command that waits for the editor reads no line: it stays where it was typed.
        if let TerminalStatus::Editing { path, .. } = self.model.status.get_untracked() {
            state::say(ToastKind::Note, fill(t_now().editor_waits, &[&path]));
            return;
        }
        let line = self.line();
        self.sent.set(line.text.clone());
        self.recall.set((0, String::new()));
        if !self.choices.with_untracked(Vec::is_empty) {
            self.choices.set(Vec::new());
        }
        self.session.submit(self.model.id, line.text);
        let control = self.clone();
        dom::after(SENT_MS_MAX, move || control.sweep());
    }

    /// Goes through the history: 1 back, -1 forward.
    fn recall(&self, by: isize) {
        let history = self.model.history.get_untracked();
        let (at, draft) = self.recall.get_untracked();
        let draft = if at == 0 { self.line().text } else { draft };
        let Some(to) = at.checked_add_signed(by).filter(|to| *to <= history.len()) else {
            return;
        };
        let text = if to == 0 {
            draft.clone()
        } else {
            history[history.len() - to].clone()
        };
        self.recall.set((to, draft));
        self.show(&Line::new(&text));
    }

    fn search_key(&self, key: &str, ctrl: bool) -> bool {
        let Some(mut search) = self.search.get_untracked() else {
            return false;
        };
        match key {
            "r" | "R" if ctrl => search.skip += 1,
            "Enter" => {
                self.search.set(None);
                self.enter();
                return true;
            }
            "Escape" | "Tab" | "ArrowRight" | "ArrowLeft" => {
                self.search.set(None);
                return true;
            }
            "g" | "c" if ctrl => {
                self.show(&Line::new(&search.before));
                self.search.set(None);
                return true;
            }
            "Backspace" => {
                search.query.pop();
                search.skip = 0;
            }
            _ if ctrl || key.chars().count() != 1 => return false,
            _ => {
                search.query.push_str(key);
                search.skip = 0;
            }
        }
        let history = self.model.history.get_untracked();
        let mut found = history.iter().rev().filter(|h| h.contains(&search.query));
        if let Some(hit) = found.nth(search.skip) {
            let at = hit.find(&search.query).unwrap_or_default();
            self.show(&Line {
                text: hit.clone(),
                cursor: at,
            });
        } else {
            search.skip = search.skip.saturating_sub(1);
        }
        self.search.set(Some(search));
        true
    }

    /// Tab: completes a line that has something, moves on from an empty one.
    fn complete(&self) -> bool {
        let line = self.line();
        if line.text.trim().is_empty()
            || !matches!(
                self.model.status.get_untracked(),
                TerminalStatus::Prompt { .. } | TerminalStatus::Continuation
            )
        {
            return false;
        }
        let control = self.clone();
        let asked = line.clone();
        self.session
            .complete(self.model.id, line.text, line.cursor as u32, move |answer| {
                // What was typed meanwhile wins.
                if control.line() != asked {
                    return;
                }
                control.choices.set(if answer.candidates.len() > 1 {
                    answer.candidates
                } else {
                    Vec::new()
                });
                let cursor = (answer.cursor as usize).min(answer.line.len());
                control.show(&Line {
                    text: answer.line,
                    cursor,
                });
            });
        true
    }

    /// One line is inserted as it is; several run one by one, the last stays to be confirmed if it has no end.
    pub fn paste(&self, event: &ClipboardEvent) {
        let Some(text) = event.clipboard_data().and_then(|d| d.get_data("text").ok()) else {
            return;
        };
        let text = text.replace("\r\n", "\n");
        if !text.contains('\n') {
            return;
        }
        event.prevent_default();
        self.sweep();
        let mut line = self.line();
        line.insert(&text);
        let (run, rest) = line.text.rsplit_once('\n').unwrap_or(("", &line.text));
        let count = run.lines().filter(|l| !l.trim().is_empty()).count();
        if count > 1 {
            state::say(ToastKind::Note, fill(t_now().terminal_paste, &[&count.to_string()]));
        }
        self.show(&Line::new(rest));
        if !run.trim().is_empty() {
            self.session.submit(self.model.id, run.to_owned());
        }
    }
}
