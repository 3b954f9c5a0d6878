//! Terminals: a log of coloured lines and, after the prompt, a real text area to type in.
//!
//! The page never writes in the log itself: echo and prompt come from the lab, so that a
//! rewind finds them as they were.

mod keys;
mod line;

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use essaim_proto_lab::message::TerminalStatus;
use wasm_bindgen::JsCast;

use crate::dom;
use crate::lab::screen::{BLOCK_LINES, Screen, Span};
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
    let prompt_of: Arc<str> = format!("{}@{}", session.spec().user, session.spec().host).into();
    let prompt_here = prompt_of.clone();
    let control = Control::new(session, model.clone(), input);
    let (blocks, lines, tail) = (model.screen.clone(), model.screen.clone(), model.screen.clone());
    let (key, typed, paste, touch) = (control.clone(), control.clone(), control.clone(), control.clone());
    let (choices, search, hint) = (control.choices.clone(), control.search.clone(), model.status.clone());
    let wait = model.status.clone();
    view! {
        <div class="panel__body" id="term-body" role="tabpanel" aria-labelledby=format!("term-tab-{}", model.id)
            on:click=move |_| keys::focus_unless_selecting(input)>
            <div class="pre mono" translate="no" lang="en">
                <div class="term__log" role="log" aria-live="off" aria-label=tr(|t| t.terminal_output)>
                    <For each=move || blocks.with(Screen::blocks) key=|number| *number let:number>
                        {block(number, lines.clone(), prompt_of.clone())}
                    </For>
                </div>
                <div class="term__in">
                    <span class="term__ps">{move || match search.get() {
                        Some(found) => view! { <span class="d">{format!("{}`{}': ", t().terminal_search, found.query)}</span> }.into_any(),
                        None => tail.with(|s| line_view(&s.tail, &prompt_here)),
                    }}</span>
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

/// Some lines of the log. A block that is full is left to the browser: out of sight it costs nothing, so that the
/// answer to a command does not wait for the painting of all that was printed before.
fn block(number: u64, screen: ArcRwSignal<Screen>, who: Arc<str>) -> impl IntoView {
    let lines = screen.clone();
    let count = Memo::new(move |_| screen.with(|s| s.block(number).len()));
    let each = move || {
        count.get();
        lines.with_untracked(|s| s.block(number).to_vec())
    };
    view! {
        <div class="term__block" class:is-full=move || count.get() == BLOCK_LINES as usize>
            <For each=each key=|line| line.id let:line>
                <div class="term__ln">{line_view(&line.spans, &who)}"\n"</div>
            </For>
        </div>
    }
}

/// A line that begins with the shell's plain prompt has it in its colours, and the command after it.
fn line_view(all: &[Span], who: &str) -> AnyView {
    let plain = match all {
        [only] if only.class.is_empty() => prompt(&only.text, who),
        _ => None,
    };
    match plain {
        Some((folder, end, command)) => view! {
            <span class="ps">{who.to_owned()}</span>":"<span class="pw">{folder.to_owned()}</span>{end.to_owned()}
            <span class="cmd">{command.to_owned()}</span>
        }
        .into_any(),
        None => spans(all),
    }
}

/// `camille@essaim:~/collecte$ git status` as its folder, its end and its command.
fn prompt<'a>(text: &'a str, who: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let rest = text.strip_prefix(who)?.strip_prefix(':')?;
    let at = rest.find("$ ").or_else(|| rest.strip_suffix('$').map(str::len))?;
    let end = (at + 2).min(rest.len());
    Some((&rest[..at], &rest[at..end], &rest[end..]))
}

fn spans(all: &[Span]) -> AnyView {
    all.iter()
        .map(|s| {
            if s.class.is_empty() {
                s.text.clone().into_any()
            } else {
                view! { <span class=s.class.clone()>{s.text.clone()}</span> }.into_any()
            }
        })
        .collect_view()
        .into_any()
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
