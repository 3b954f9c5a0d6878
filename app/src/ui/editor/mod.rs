//! Files: a tree, tabs of open files, and a text area over its own colours.
//!
//! It is also what `$EDITOR` opens: the program in the terminal waits until the file is
//! saved and closed, or given up.

pub mod doc;
mod tree;

use std::sync::Arc;

use essaim_proto_git::GitView;
use essaim_proto_lab::message::TerminalStatus;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use crate::dom;
use crate::lab::{Phase, Session, carry};
use crate::state::{self, ToastKind};
use crate::text::{fill, t, t_now, tr};
use crate::ui::icon::{icon_sm, icon_xs};
use crate::ui::panel::{self, Maximised};
use crate::ui::tabs;
use crate::ui::terminal::focus_line;

use doc::{Keep, Part};

/// A file in a tab.
#[derive(Clone)]
pub struct Open {
    pub path: Arc<str>,
    pub text: ArcRwSignal<String>,
    pub saved: ArcRwSignal<String>,
    /// The lab has another content than the one it was opened with, and the tab has changes.
    pub stale: ArcRwSignal<bool>,
    pub binary: bool,
    /// The terminal whose program waits for this file.
    pub waits: Option<u32>,
}

impl Open {
    fn dirty(&self) -> bool {
        self.text.with(|now| self.saved.with(|saved| now != saved))
    }
}

/// The editor's own state.
#[derive(Clone)]
pub struct Editor {
    pub session: Session,
    pub open: ArcRwSignal<Vec<Open>>,
    pub current: ArcRwSignal<Option<Arc<str>>>,
    pub tree_shown: ArcRwSignal<bool>,
}

impl Editor {
    pub fn new(session: Session) -> Self {
        let editor = Self {
            session,
            open: ArcRwSignal::default(),
            current: ArcRwSignal::default(),
            tree_shown: ArcRwSignal::new(!dom::media("(max-width: 1279px)")),
        };
        editor.follow_terminals();
        editor.follow_files();
        editor
    }

    fn find(&self, path: &str) -> Option<Open> {
        self.open
            .with_untracked(|all| all.iter().find(|o| &*o.path == path).cloned())
    }

    /// Opens a file of the lab in a tab, or brings its tab to the front.
    pub fn open(&self, path: String) {
        if self.find(&path).is_some() {
            self.current.set(Some(path.as_str().into()));
            return;
        }
        let editor = self.clone();
        self.session.read_file(path.clone(), move |content| match content {
            Some(content) => editor.add(&path, content, None),
            None => state::say(ToastKind::Bad, path),
        });
    }

    fn add(&self, path: &str, content: Vec<u8>, waits: Option<u32>) {
        let binary = content.contains(&0);
        let text = if binary {
            String::new()
        } else {
            String::from_utf8_lossy(&content).into_owned()
        };
        let path: Arc<str> = path.into();
        self.open.update(|all| {
            all.retain(|o| o.path != path);
            all.push(Open {
                path: path.clone(),
                text: ArcRwSignal::new(text.clone()),
                saved: ArcRwSignal::new(text),
                stale: ArcRwSignal::new(false),
                binary,
                waits,
            });
        });
        self.current.set(Some(path));
    }

    fn close(&self, path: &str) {
        let mut next = None;
        self.open.update(|all| {
            let at = all.iter().position(|o| &*o.path == path).unwrap_or_default();
            all.retain(|o| &*o.path != path);
            next = all.get(at.min(all.len().saturating_sub(1))).map(|o| o.path.clone());
        });
        self.current.set(next);
    }

    /// A program that asks for an editor gets a tab; when it no longer waits the tab goes.
    fn follow_terminals(&self) {
        let editor = self.clone();
        let shown = RwSignal::new(false);
        Effect::new(move |_| {
            let mut waiting: Vec<(u32, String, Vec<u8>)> = Vec::new();
            for model in editor.session.terminals.get() {
                if let TerminalStatus::Editing { path, content } = model.status.get() {
                    waiting.push((model.id, path, content));
                }
            }
            let open = editor.open.get_untracked();
            for tab in open.iter().filter(|o| o.waits.is_some()) {
                if !waiting.iter().any(|w| w.1 == *tab.path && Some(w.0) == tab.waits) {
                    editor.close(&tab.path);
                }
            }
            for (terminal, path, content) in waiting {
                if !open.iter().any(|o| *o.path == *path && o.waits == Some(terminal)) {
                    editor.add(&path, content, Some(terminal));
                    state::show_view("lab");
                    shown.set(true);
                    dom::after(60, focus_field);
                }
            }
        });
    }

    /// A file that changed in the lab is read again; a tab with changes says so instead.
    fn follow_files(&self) {
        let editor = self.clone();
        Effect::new(move |_| {
            editor.session.revision.track();
            for tab in editor.open.get_untracked() {
                if tab.waits.is_some() || tab.binary {
                    continue;
                }
                let closing = editor.clone();
                editor
                    .session
                    .read_file(tab.path.to_string(), move |content| match content {
                        None => {
                            if !tab
                                .text
                                .with_untracked(|now| tab.saved.with_untracked(|saved| now != saved))
                            {
                                closing.close(&tab.path);
                            }
                        }
                        Some(content) => {
                            let fresh = String::from_utf8_lossy(&content).into_owned();
                            if tab.saved.with_untracked(|s| *s == fresh) {
                                return;
                            }
                            if tab.text.get_untracked() == tab.saved.get_untracked() {
                                tab.saved.set(fresh.clone());
                                tab.text.set(fresh);
                            } else if tab.text.get_untracked() == fresh {
                                tab.saved.set(fresh);
                            } else {
                                tab.stale.set(true);
                            }
                        }
                    });
            }
        });
        let editor = self.clone();
        let wants = self.session.wants_file.clone();
        Effect::new(move |_| {
            if let Some(path) = wants.get() {
                editor.open(path);
            }
        });
    }

    fn save(&self, tab: &Open) {
        let text = tab.text.get_untracked();
        if let Some(terminal) = tab.waits {
            self.session.finish_editor(terminal, Some(text.into_bytes()));
            focus_line();
            return;
        }
        let tab = tab.clone();
        self.session
            .save_file(tab.path.to_string(), text.clone().into_bytes(), move |good| {
                if good {
                    tab.saved.set(text);
                    tab.stale.set(false);
                    state::say(ToastKind::Good, fill(t_now().editor_saved, &[name(&tab.path)]));
                }
            });
    }

    fn abort(&self, tab: &Open) {
        if let Some(terminal) = tab.waits {
            self.session.finish_editor(terminal, None);
            focus_line();
        }
    }
}

fn focus_field() {
    if let Ok(Some(field)) = document().query_selector(".ed__field") {
        use wasm_bindgen::JsCast;
        if let Some(field) = field.dyn_ref::<web_sys::HtmlTextAreaElement>() {
            let _ = field.focus();
            let _ = field.set_selection_range(0, 0);
        }
    }
}

/// The last part of a path.
pub fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The panel: tabs, tree, text.
pub fn editor_panel(session: Session, maximised: Maximised) -> impl IntoView {
    let editor = Editor::new(session);
    let (tabs_of, body_of, end_of, tree_of, shown, toggle) = (
        editor.clone(),
        editor.clone(),
        editor.clone(),
        editor.clone(),
        editor.tree_shown.clone(),
        editor.tree_shown.clone(),
    );
    let pressed = editor.tree_shown.clone();
    let files = editor.session.files.clone();
    // With no file open the list is what there is to do, however narrow the panel.
    let none_open = editor.open.clone();
    view! {
        <section class="panel a-edit" aria-label=tr(|t| t.editor)>
            <div class="panel__head panel__head--tabs">
                <button class="iconbtn" aria-label=tr(|t| t.editor_show_tree) title=tr(|t| t.editor_show_tree)
                    aria-pressed=move || if pressed.get() { "true" } else { "false" }
                    on:click=move |_| toggle.update(|s| *s = !*s)>{icon_sm("folderopen")}</button>
                {move || file_tabs(&tabs_of)}
                <div class="panel__end">{move || status(&end_of)}{panel::expand("a-edit", maximised)}</div>
            </div>
            <div class="panel__body">
                <div class="editor" class:has-tree=move || (shown.get() || none_open.with(Vec::is_empty)) && files.with(|f| !f.is_empty())>
                    {tree::tree(tree_of)}
                    {move || front(&body_of)}
                </div>
            </div>
        </section>
    }
}

fn file_tabs(editor: &Editor) -> AnyView {
    let open = editor.open.get();
    if open.is_empty() {
        return view! { <h2 class="panel__title">{tr(|t| t.editor)}</h2> }.into_any();
    }
    let tabs = open
        .into_iter()
        .map(|tab| {
            let (now, index, choose) = (editor.current.clone(), editor.current.clone(), editor.current.clone());
            let (a, b, c) = (tab.path.clone(), tab.path.clone(), tab.path.clone());
            let dirty = tab.clone();
            view! {
                <button role="tab" aria-controls="ed-body"
                    aria-selected=move || tabs::selected(now.get().as_ref() == Some(&a)).0
                    tabindex=move || tabs::selected(index.get().as_ref() == Some(&b)).1
                    on:click=move |_| choose.set(Some(c.clone()))>
                    {icon_sm("file")}<span translate="no">{name(&tab.path).to_owned()}</span>
                    {move || dirty.dirty().then(|| view! { <span class="unsaved" role="img" aria-label=t().editor_unsaved title=t().editor_unsaved></span> })}
                </button>
            }
        })
        .collect_view();
    view! { <div class="tabs" role="tablist" aria-label=tr(|t| t.editor_files) on:keydown=|e| tabs::arrows(&e)>{tabs}</div> }.into_any()
}

fn current(editor: &Editor) -> Option<Open> {
    let path = editor.current.get()?;
    editor.open.with(|all| all.iter().find(|o| o.path == path).cloned())
}

/// What stands at the end of the head: conflict, save, close.
fn status(editor: &Editor) -> Option<AnyView> {
    let tab = current(editor)?;
    let conflict = {
        let text = tab.text.clone();
        move || {
            text.with(|t| !doc::conflicts(t).is_empty())
                .then(|| view! { <span class="tag tag--bad">{icon_xs("alert")}{t().editor_conflict}</span> })
        }
    };
    let (save, kept, dirty) = (editor.clone(), tab.clone(), tab.clone());
    let path = tab.path.clone();
    let buttons = if tab.waits.is_some() {
        let (abort, dropped) = (editor.clone(), tab.clone());
        view! {
            <button class="btn btn--sm btn--primary" on:click=move |_| save.save(&kept)>{tr(|t| t.editor_save_close)}</button>
            <button class="btn btn--sm" on:click=move |_| abort.abort(&dropped)>{tr(|t| t.editor_abort)}</button>
        }
        .into_any()
    } else {
        let close = editor.clone();
        let (label, out_label, out) = (path.clone(), path.clone(), path.clone());
        let session = editor.session.clone();
        view! {
            <button class="btn btn--sm" disabled=move || !dirty.dirty()
                on:click=move |_| save.save(&kept)>{tr(|t| t.editor_save)}</button>
            <button class="iconbtn" aria-label=move || fill(t().editor_take_out, &[name(&out_label)])
                on:click=move |_| carry::take_file(&session, &out)>{icon_sm("download")}</button>
            <button class="iconbtn" aria-label=move || fill(t().editor_close_file, &[name(&label)])
                on:click=move |_| close.close(&path)>{icon_sm("x")}</button>
        }
        .into_any()
    };
    Some(view! { {conflict}{buttons} }.into_any())
}

fn front(editor: &Editor) -> AnyView {
    match current(editor) {
        Some(tab) if tab.binary => view! { <p class="state">{tr(|t| t.editor_binary)}</p> }.into_any(),
        Some(tab) => text(editor.clone(), tab).into_any(),
        None => {
            let empty = editor.session.files.clone();
            let phase = editor.session.phase.clone();
            view! { <p class="state">{move || {
                if phase.get() != Phase::Ready { t().lab_starting }
                else if empty.with(Vec::is_empty) { t().editor_no_files }
                else { t().editor_empty }
            }}</p> }
            .into_any()
        }
    }
}

/// The text itself: colours below, a transparent text area above, of the same letters.
fn text(editor: Editor, tab: Open) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    let leaving = RwSignal::new(false);
    let (shown, typed, size, stale, keys) = (tab.clone(), tab.clone(), tab.clone(), tab.clone(), tab.clone());
    let label = tab.path.clone();
    let read_again = (editor.clone(), tab.clone());
    let keydown = move |event: KeyboardEvent| {
        let key = event.key();
        if event.ctrl_key() && key.eq_ignore_ascii_case("s") {
            event.prevent_default();
            editor.save(&keys);
        } else if key == "Escape" {
            leaving.set(true);
            return;
        } else if key == "Tab" && !event.shift_key() && !leaving.get_untracked() {
            event.prevent_default();
            insert(field, "    ");
            if let Some(f) = field.get_untracked() {
                keys.text.set(f.value());
            }
        }
        if key != "Tab" {
            leaving.set(false);
        }
    };
    // The area takes the lab's content when that changes; typing changes the signal itself.
    let text = tab.text.clone();
    Effect::new(move |_| {
        let now = text.get();
        if let Some(f) = field.get()
            && f.value() != now
        {
            f.set_value(&now);
        }
    });
    view! {
        <div class="editor__code" id="ed-body" role="tabpanel">
            {move || stale.stale.get().then(|| {
                let (editor, tab) = read_again.clone();
                view! { <p class="ed__stale" role="status">{icon_xs("alert")}{t().editor_changed}
                    <button class="btn btn--sm" on:click=move |_| {
                        let path = tab.path.to_string();
                        editor.close(&path);
                        editor.open(path);
                    }>{t().editor_reload}</button></p> }
            })}
            <div class="ed" translate="no">
                <div class="ed__back" aria-hidden="true">{move || coloured(&shown)}</div>
                <textarea class="ed__field" node_ref=field spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
                    rows=move || size.text.with(|t| t.split('\n').count()).to_string()
                    aria-label=move || fill(t().editor_text, &[name(&label)])
                    aria-describedby="ed-hint"
                    on:input=move |e| typed.text.set(event_target_value(&e))
                    on:keydown=keydown></textarea>
                {conflict_bars(tab)}
            </div>
            <p class="vh" id="ed-hint">{tr(|t| t.editor_leave)}</p>
        </div>
    }
}

fn insert(field: NodeRef<html::Textarea>, text: &str) {
    let Some(f) = field.get_untracked() else { return };
    let (Ok(Some(from)), Ok(Some(to))) = (f.selection_start(), f.selection_end()) else {
        return;
    };
    let _ = f.set_range_text_with_start_and_end(text, from, to);
    let at = from + text.len() as u32;
    let _ = f.set_selection_range(at, at);
}

fn coloured(tab: &Open) -> AnyView {
    let text = tab.text.get();
    let lines: Vec<&str> = text.split('\n').collect();
    let parts = doc::parts(lines.len(), &doc::conflicts(&text));
    lines
        .iter()
        .zip(parts)
        .enumerate()
        .map(|(n, (line, part))| {
            let class = match part {
                Part::Plain => "ln",
                Part::Ours => "ln ours",
                Part::OursMark => "ln ours mark",
                Part::Middle | Part::Base => "ln mark",
                Part::Theirs => "ln theirs",
                Part::TheirsMark => "ln theirs mark",
            };
            let pieces: Vec<_> = match part {
                Part::OursMark | Part::Middle | Part::TheirsMark => vec![("", (*line).to_owned())],
                _ => doc::colour(&tab.path, line),
            };
            let pieces = pieces
                .into_iter()
                .map(|(class, text)| {
                    if class.is_empty() {
                        text.into_any()
                    } else {
                        view! { <span class=class>{text}</span> }.into_any()
                    }
                })
                .collect_view();
            view! { <div class=class><i>{n + 1}</i><span>{pieces}"\u{200b}"</span></div> }
        })
        .collect_view()
        .into_any()
}

/// "Keep main, topic, both", on the line of each opening marker.
fn conflict_bars(tab: Open) -> impl IntoView {
    move || {
        let all = tab.text.with(|t| doc::conflicts(t));
        all.into_iter()
            .map(|conflict| {
                let top = format!("{}rem", dom::number(conflict.start as f64 * 1.25));
                let button = |keep: Keep, label: String| {
                    let (conflict, text) = (conflict.clone(), tab.text.clone());
                    view! {
                        <button on:click=move |_| {
                            let settled = doc::settle(&text.get_untracked(), &conflict, keep);
                            text.set(settled);
                            focus_field();
                        }>{label}</button>
                    }
                };
                view! {
                    <div class="conflict-actions" style:top=top role="group" aria-label=t().editor_conflict>
                        <span class="muted">{t().editor_keep}</span>
                        {button(Keep::Ours, conflict.ours.clone())}
                        {button(Keep::Theirs, conflict.theirs.clone())}
                        {button(Keep::Both, t().editor_keep_both.to_owned())}
                    </div>
                }
            })
            .collect_view()
    }
}

/// The letter beside a file: what `git status` says of it.
pub fn file_mark(view: Option<&GitView>, path: &str) -> Option<(&'static str, char, &'static str)> {
    let repository = view?.repository.as_ref()?;
    let relative = path.strip_prefix(&repository.root)?.trim_start_matches('/');
    let file = repository.files.iter().find(|f| f.path == relative)?;
    let t = t();
    Some(match (file.conflicted, file.index, file.worktree) {
        (true, _, _) => ("st st--bad", '!', t.git_conflicted),
        (_, _, '?') | (_, '?', _) => ("st st--new", '?', t.git_untracked),
        (_, _, 'M') => ("st st--warn", 'M', t.git_modified),
        (_, _, 'D') => ("st st--warn", 'D', t.git_deleted),
        (_, 'A', _) => ("st st--ok", 'A', t.git_staged),
        (_, 'M' | 'R' | 'D', _) => ("st st--ok", 'M', t.git_staged),
        _ => return None,
    })
}
