//! The bench: the engine's view, the editor and the terminal, and what can be done with the lab as a whole.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::lab::{Session, carry};
use crate::text::{t, tr};
use crate::ui::dialog::Question;
use crate::ui::icon::{icon, icon_sm};
use crate::ui::panel::{Maximised, guarded};
use crate::ui::{editor, files, terminal};
use crate::views::git;

/// The three panels; a file dropped on them is brought in.
pub fn bench(session: Session) -> impl IntoView {
    let maximised: Maximised = ArcRwSignal::new(None);
    let (a, b, c) = (session.clone(), session.clone(), session.clone());
    let (ma, mb, mc, which) = (maximised.clone(), maximised.clone(), maximised.clone(), maximised);
    let dropped = session;
    view! {
        <section class="bench bench--git" aria-label=tr(|t| t.lab)
            class=("has-max", move || which.get().is_some())
            on:dragover=|e| e.prevent_default()
            on:drop=move |e| {
                e.prevent_default();
                if let Some(list) = e.data_transfer().and_then(|d| d.files()) {
                    for n in 0..list.length() {
                        if let Some(file) = list.get(n) { carry::bring_in(&dropped, file); }
                    }
                }
            }>
            {guarded(move || framed("a-graph", &ma, git::git_panel(a.clone(), ma.clone()).into_any()))}
            {guarded(move || framed("a-edit", &mb, editor::editor_panel(b.clone(), mb.clone()).into_any()))}
            {guarded(move || framed("a-term", &mc, terminal::terminal_panel(c.clone(), mc.clone()).into_any()))}
        </section>
    }
}

/// A panel's place on the bench; while another has the whole bench it is out of reach, not only of sight.
fn framed(which: &'static str, maximised: &Maximised, panel: AnyView) -> AnyView {
    let (a, b) = (maximised.clone(), maximised.clone());
    view! {
        <div class=format!("frame {which}")
            class:is-max=move || a.get() == Some(which)
            class:is-away=move || b.get().is_some_and(|m| m != which)>{panel}</div>
    }
    .into_any()
}

/// What can be done with the lab as a whole, behind one button of the header.
pub fn lab_menu(session: Session) -> impl IntoView {
    let node = NodeRef::<html::Details>::new();
    let close = move || {
        if let Some(menu) = node.get_untracked() {
            menu.set_open(false);
            if let Ok(Some(summary)) = menu.query_selector("summary")
                && let Ok(summary) = summary.dyn_into::<web_sys::HtmlElement>()
            {
                let _ = summary.focus();
            }
        }
    };
    let reset = Question::new(|| t().lab_reset, || t().lab_reset);
    let ask = reset.clone();
    let item = move |image: &'static str, name: fn() -> &'static str, act: Box<dyn Fn()>| {
        view! { <li><button class="menu__i" on:click=move |_| { close(); act(); }>{icon_sm(image)}<span>{name}</span></button></li> }
    };
    let (s1, s2, s3, s4, s5) = (
        session.clone(),
        session.clone(),
        session.clone(),
        session.clone(),
        session,
    );
    view! {
        <details class="menu" node_ref=node on:keydown=move |e| if e.key() == "Escape" { close(); }>
            <summary class="iconbtn" aria-label=tr(|t| t.lab_menu) title=tr(|t| t.lab_menu)>{icon("file")}</summary>
            <ul class="menu__l">
                {item("upload", || t().lab_bring_in, Box::new(move || {
                    let session = s1.clone();
                    files::choose("", move |file| carry::bring_in(&session, file));
                }))}
                {item("download", || t().lab_take_out, Box::new(move || carry::take_out(&s2)))}
                {item("link", || t().lab_share, Box::new(move || carry::share(&s3)))}
                {item("copy", || t().lab_bug, Box::new(move || carry::bug_report(&s4)))}
                {item("refresh", || t().lab_reset, Box::new(move || ask.ask(crate::text::t_now().lab_reset_text)))}
            </ul>
        </details>
        {reset.view("lab-reset-title", move || s5.reset())}
    }
}

/// The line that says that another tab saves this lab.
pub fn other_tab(session: Session) -> impl IntoView {
    let take = session.clone();
    move || {
        let elsewhere = !session.saves.get() && !session.name.is_empty();
        let take = take.clone();
        elsewhere.then(|| {
            view! {
                <div class="notice" role="status">{icon_sm("info")}<span>{tr(|t| t.lab_other_tab)}</span>
                    <button class="btn btn--sm" on:click=move |_| take.take_over()>{tr(|t| t.lab_take_over)}</button></div>
            }
        })
    }
}

/// The line that says that nothing will be kept.
pub fn memory_only() -> impl IntoView {
    move || {
        (!crate::state::keeps().get()).then(|| {
            view! { <div class="notice notice--warn" role="status">{icon_sm("alert")}<span>{tr(|t| t.storage_denied)}</span></div> }
        })
    }
}

/// Lesson, lab, graph: one at a time on a narrow screen.
pub fn view_switch(end: AnyView) -> impl IntoView {
    use crate::state;
    use crate::ui::tabs;
    let tab = |which: &'static str, image: &'static str, name: fn() -> &'static str, class: &'static str| {
        view! {
            <button role="tab" class=class aria-selected=move || tabs::selected(state::view().get() == which).0
                tabindex=move || tabs::selected(state::view().get() == which).1
                on:click=move |_| state::show_view(which)>{icon_sm(image)}{name}</button>
        }
    };
    view! {
        <div class="viewsw">
            <div class="tabs" role="tablist" aria-label=tr(|t| t.view) on:keydown=|e| tabs::arrows(&e)>
                {tab("lesson", "book", || t().view_lesson, "")}
                {tab("lab", "term", || t().view_lab, "")}
                {tab("graph", "graph", || t().view_graph, "only-s")}
            </div>
            <span class="grow"></span>
            <span class="viewsw__g">{end}</span>
        </div>
    }
}
