//! What the worker tells, shown.

use essaim_proto_lab::message;
use leptos::prelude::*;

use super::{Phase, Session, TerminalModel};
use crate::lab::screen::Screen;
use crate::state::{self, ToastKind};
use crate::store::{self, Lock};
use crate::text::{fill, t_now};

impl Session {
    /// The terminals first; timeline, goals and the rest once they stand on the screen, so that an answer never waits
    /// for what is drawn around it.
    pub(super) fn update(&self, mut update: message::Update) {
        self.show_terminals(std::mem::take(&mut update.terminals));
        let session = self.clone();
        crate::dom::after(0, move || session.show_rest(update));
    }

    fn show_terminals(&self, all: Vec<message::TerminalUpdate>) {
        // The first terminal begins anew only with all the others: one that is not among them is gone.
        if all.iter().any(|news| news.terminal == 0 && news.reset) {
            let stays = |id: u32| all.iter().any(|news| news.terminal == id);
            self.terminals.update(|known| known.retain(|t| stays(t.id)));
            if !stays(self.active.get_untracked()) {
                self.active.set(0);
            }
        }
        for news in all {
            let model = self.terminal(news.terminal);
            if news.reset {
                model.screen.update(Screen::reset);
                model.history.set(Vec::new());
            }
            if !news.output.is_empty() {
                model.screen.update(|s| s.feed(&news.output));
                if !news.reset {
                    model
                        .heard
                        .update(|h| h.push_str(&String::from_utf8_lossy(&news.output)));
                }
            }
            if !news.history.is_empty() {
                model.history.update(|h| h.extend(news.history));
            }
            if model.folder.get_untracked() != news.folder {
                model.folder.set(news.folder);
            }
            if model.status.get_untracked() != news.state {
                model.status.set(news.state);
            }
        }
    }

    fn show_rest(&self, update: message::Update) {
        if let Some(timeline) = update.timeline {
            self.timeline.set(timeline);
        }
        if let Some(steps) = update.steps {
            self.steps.set(steps);
        }
        if self.now_nanos.get_untracked() != update.now_nanos {
            self.now_nanos.set(update.now_nanos);
        }
        if let Some(limit) = update.limit {
            state::say(ToastKind::Note, fill(t_now().lab_limit, &[&limit]));
        }
        if let Some(transcript) = update.transcript {
            self.keep(transcript);
        }
        if self.revision.get_untracked() != update.revision {
            self.revision.set(update.revision);
            self.refresh();
        }
    }

    fn keep(&self, transcript: String) {
        if self.phase.get_untracked() == Phase::Ready {
            let lost = self.hidden(|h| h.lock.as_ref().is_some_and(Lock::is_lost));
            if lost {
                self.saves.set(false);
            }
            if self.saves.get_untracked() {
                store::save_lab(&self.name, &transcript);
            }
        }
        self.transcript.set(transcript);
    }

    /// The terminal of that number, made when it is first heard of.
    pub fn terminal(&self, id: u32) -> TerminalModel {
        if let Some(found) = self
            .terminals
            .with_untracked(|all| all.iter().find(|t| t.id == id).cloned())
        {
            return found;
        }
        let model = TerminalModel::new(id);
        self.terminals.update(|all| {
            let at = all.iter().take_while(|t| t.id < id).count();
            all.insert(at, model.clone());
        });
        model
    }
}
