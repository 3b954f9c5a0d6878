//! Terminals: a log of coloured lines and, after the prompt, a real text area to type in.
//!
//! The page never writes in the log itself: echo and prompt come from the lab, so that a
//! rewind finds them as they were.

mod keys;
mod line;
mod log;

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use essaim_proto_lab::message::TerminalStatus;
use wasm_bindgen::JsCast;

use crate::dom;
use crate::lab::screen::Screen;
use crate::lab::{Phase, Session, TerminalModel};
use crate::text::{fill, t, tr};
use crate::ui::icon::icon_sm;
use crate::ui::panel::{self, Maximised};
use crate::ui::tabs;

use keys::Control;

/// Lines read aloud after a command; the rest is counted.
const ANNOUNCED_LINES_MAX: usize = 20;

/// Terminals of one lab; a transcript names no more.
const TERMINALS_MAX: usize = 8;

/// The panel of terminals.
pub fn terminal_panel(session: Session, maximised: Maximised) -> impl IntoView {
    let (tabs_of, folder_of, adds, clears, waits, bodies) = (
        session.clone(),
        session.clone(),
        session.clone(),
        session.clone(),
        session.clone(),
        session.clone(),
    );
    let front = Memo::new(move |_| {
        let id = session.active.get();
        session
            .terminals
            .with(|all| all.iter().any(|m| m.id == id))
            .then_some(id)
    });
    let full = {
        let (phase, terminals) = (adds.phase.clone(), adds.terminals.clone());
        move || phase.get() != Phase::Ready || terminals.with(Vec::len) >= TERMINALS_MAX
    };
    view! {
        <section class="panel term a-term" aria-label=tr(|t| t.terminal)>
            <div class="panel__head panel__head--tabs">
                {move || tab_list(&tabs_of)}
                <span class="panel__meta" translate="no">{move || folder(&folder_of)}</span>
                <div class="panel__end">
                    <button class="iconbtn" aria-label=tr(|t| t.terminal_new) title=tr(|t| t.terminal_new)
                        disabled=full on:click=move |_| adds.open_terminal(focus_line)>{icon_sm("plus")}</button>
                    <button class="iconbtn" aria-label=tr(|t| t.terminal_clear) title=tr(|t| t.terminal_clear)
                        on:click=move |_| {
                            let model = clears.terminal(clears.active.get_untracked());
                            model.screen.update(Screen::clear);
                        }>{icon_sm("x")}</button>
                    {panel::expand("a-term", maximised)}
                </div>
            </div>
            {move || starting(&waits.phase, &waits)}
            {move || front.get().map(|id| body(bodies.clone(), bodies.terminal(id)))}
        </section>
    }
}

/// A tab for each terminal; before there is one, the panel's name.
fn tab_list(session: &Session) -> AnyView {
    let all = session.terminals.get();
    if all.is_empty() {
        return view! { <h2 class="panel__title panel__title--term">{t().terminal}</h2> }.into_any();
    }
    let tabs = all
        .into_iter()
        .map(|model| {
            let (now, choose, index) = (session.active.clone(), session.active.clone(), session.active.clone());
            let id = model.id;
            view! {
                <button role="tab" id=format!("term-tab-{id}") aria-controls="term-body"
                    aria-selected=move || tabs::selected(now.get() == id).0
                    tabindex=move || tabs::selected(index.get() == id).1
                    on:click=move |_| choose.set(id)>
                    {icon_sm("term")}
                    {if id == 0 { "bash".to_owned() } else { format!("bash {}", id + 1) }}
                </button>
            }
        })
        .collect_view();
    view! { <div class="tabs" role="tablist" aria-label=tr(|t| t.terminals) on:keydown=|e| tabs::arrows(&e)>{tabs}</div> }
        .into_any()
}

/// Where the shell in front is, from the home folder.
fn folder(session: &Session) -> Option<String> {
    let id = session.active.get();
    let folder = session
        .terminals
        .with(|all| all.iter().find(|m| m.id == id).map(|m| m.folder.clone()))?
        .get();
    let home = format!("/home/{}", session.spec().user);
    Some(match folder.strip_prefix(&home) {
        Some(rest) => format!("~{rest}"),
        None => folder,
    })
}

/// Puts the focus on the line of the terminal in front, once it is there.
pub fn focus_line() {
    dom::after(60, || {
        if let Ok(Some(field)) = document().query_selector(".term__field") {
            dom::focus(field.unchecked_ref());
        }
    });
}

/// What the terminal shows before it is ready.
fn starting(phase: &ArcRwSignal<Phase>, session: &Session) -> Option<AnyView> {
    let say = |text: String| {
        view! { <p class="term__wait" role="status"><i class="spinner" aria-hidden="true"></i>{text}</p> }.into_any()
    };
    match phase.get() {
        Phase::Ready => None,
        Phase::Opening => Some(say(t().lab_starting.to_owned())),
        Phase::Loading(part) => {
            let percent = format!("{}\u{202f}%", crate::dom::number((part * 100.0).round()));
            let text = if part > 0.0 {
                fill(t().lab_loading, &[&percent])
            } else {
                t().lab_starting.to_owned()
            };
            Some(say(text))
        }
        Phase::Failed(why) => {
            let session = session.clone();
            Some(
                view! {
                    <div class="term__wait" role="alert"><p>{why}</p>
                        <button class="btn btn--sm" on:click=move |_| session.retry()>{tr(|t| t.retry)}</button></div>
                }
                .into_any(),
            )
        }
    }
}

/// One terminal: log, prompt, line.
fn body(session: Session, model: TerminalModel) -> impl IntoView {
    let input = NodeRef::<html::Textarea>::new();
    let (log_ref, prompt_ref) = (NodeRef::<html::Div>::new(), NodeRef::<html::Span>::new());
    let who: Arc<str> = format!("{}@{}", session.spec().user, session.spec().host).into();
    let control = Control::new(session, model.clone(), input);
    let (key, typed, paste, touch) = (control.clone(), control.clone(), control.clone(), control.clone());
    let (choices, search, hint) = (control.choices.clone(), control.search.clone(), model.status.clone());
    let wait = model.status.clone();
    log::follow(log_ref, model.screen.clone(), who.clone());
    let (printed, sender) = (model.screen.clone(), control.clone());
    Effect::new(move |_| {
        printed.track();
        sender.sweep();
    });
    let tail = model.screen.clone();
    Effect::new(move |_| {
        let Some(place) = prompt_ref.get() else { return };
        match search.get() {
            Some(found) => place.set_text_content(Some(&format!("{}`{}': ", t().terminal_search, found.query))),
            None => tail.with(|s| log::write(&place, &s.tail, &who)),
        }
    });
    view! {
        <div class="panel__body" id="term-body" role="tabpanel" aria-labelledby=format!("term-tab-{}", model.id)
            on:click=move |_| keys::focus_unless_selecting(input)>
            <div class="pre mono" translate="no" lang="en">
                <div class="term__log" role="log" aria-live="off" aria-label=tr(|t| t.terminal_output) node_ref=log_ref></div>
                <div class="term__in">
                    <span class="term__ps" node_ref=prompt_ref></span>
                    <textarea class="term__field" node_ref=input rows="1" spellcheck="false" autocomplete="off"
                        autocapitalize="off" aria-label=tr(|t| t.terminal_input)
                        aria-describedby="term-hint" enterkeyhint="send"
                        placeholder=move || matches!(hint.get(), TerminalStatus::Busy).then(|| t().terminal_running)
                        on:keydown=move |e| key.keydown(&e)
                        on:input=move |_| typed.typed()
                        on:paste=move |e| paste.paste(&e)></textarea>
                </div>
                <div class="term__choices" role="status">{move || choices.get().into_iter().map(|c| view! { <span>{c}</span> }).collect_view()}</div>
                {move || match wait.get() {
                    TerminalStatus::Editing { path, .. } => Some(fill(t().editor_waits, &[&path])),
                    TerminalStatus::Closed { .. } => Some(t().terminal_closed.to_owned()),
                    _ => None,
                }.map(|note| view! { <div class="term__note">{note}</div> })}
            </div>
        </div>
        <p class="vh" id="term-hint">{tr(|t| t.editor_leave)}</p>
        {announcer(&model)}
        {touch_keys(touch)}
    }
}

/// Reads a command's output in one piece when it ends, up to a cap.
fn announcer(model: &TerminalModel) -> impl IntoView + use<> {
    let said = RwSignal::new(String::new());
    let (status, heard) = (model.status.clone(), model.heard.clone());
    Effect::new(move |_| {
        if matches!(status.get(), TerminalStatus::Busy) {
            return;
        }
        let text = heard.get_untracked();
        if text.is_empty() {
            return;
        }
        heard.set(String::new());
        let mut screen = Screen::default();
        screen.feed(text.as_bytes());
        let mut lines: Vec<String> = screen.lines.iter().map(|l| l.text()).collect();
        if lines.len() > ANNOUNCED_LINES_MAX {
            let more = lines.len() - ANNOUNCED_LINES_MAX;
            lines.truncate(ANNOUNCED_LINES_MAX);
            lines.push(fill(t().terminal_more, &[&more.to_string()]));
        }
        said.set(lines.join("\n"));
    });
    view! { <div class="vh" role="status" lang="en">{move || said.get()}</div> }
}

/// The row of keys a phone's keyboard lacks.
fn touch_keys(control: Control) -> impl IntoView {
    let key = |label: &'static str, name: &'static str| {
        let control = control.clone();
        view! {
            <button class="tkey" aria-label=name on:pointerdown=|e| e.prevent_default()
                on:click=move |_| control.touch(name)>{label}</button>
        }
    };
    let (pressed, ctrl) = (control.ctrl.clone(), control.clone());
    view! {
        <div class="tkeys" role="toolbar" aria-label=tr(|t| t.terminal_keys)>
            {key("Tab", "Tab")}
            <button class="tkey" aria-pressed=move || if pressed.get() { "true" } else { "false" }
                on:pointerdown=|e| e.prevent_default() on:click=move |_| ctrl.touch("Control")>"Ctrl"</button>
            {key("Esc", "Escape")}
            {key("↑", "ArrowUp")}
            {key("↓", "ArrowDown")}
        </div>
    }
}
