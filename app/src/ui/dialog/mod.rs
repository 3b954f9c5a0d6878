//! Dialogs on the browser's own `<dialog>`: it keeps the focus inside, makes the rest
//! inert and gives Escape its meaning. Only destructive acts and the help use one.

use leptos::html;
use leptos::prelude::*;

use crate::text::{t, tr};
use crate::ui::icon::icon_sm;

/// A dialog shown while `open` holds. The focus goes back to where it was.
pub fn dialog(
    open: ArcRwSignal<bool>,
    title: impl Fn() -> String + Send + 'static,
    id: &'static str,
    body: AnyView,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let shown = open.clone();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if shown.get() {
            if !dialog.open() {
                let _ = dialog.show_modal();
            }
        } else if dialog.open() {
            dialog.close();
        }
    });
    let (closed, close) = (open.clone(), open);
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby=id on:close=move |_| closed.set(false)>
            <div class="dialog__head">
                <h2 id=id>{title}</h2>
                <button class="iconbtn" aria-label=tr(|t| t.close) on:click=move |_| close.set(false)>{icon_sm("x")}</button>
            </div>
            {body}
        </dialog>
    }
}

/// A question before something is lost.
#[derive(Clone)]
pub struct Question {
    pub open: ArcRwSignal<bool>,
    pub title: fn() -> &'static str,
    pub text: ArcRwSignal<String>,
    pub yes: fn() -> &'static str,
}

impl Question {
    pub fn new(title: fn() -> &'static str, yes: fn() -> &'static str) -> Self {
        Self {
            open: ArcRwSignal::new(false),
            title,
            text: ArcRwSignal::new(String::new()),
            yes,
        }
    }

    pub fn ask(&self, text: impl Into<String>) {
        self.text.set(text.into());
        self.open.set(true);
    }

    pub fn view(&self, id: &'static str, act: impl Fn() + 'static) -> AnyView {
        let (text, no, done) = (self.text.clone(), self.open.clone(), self.open.clone());
        let (title, yes) = (self.title, self.yes);
        let body = view! {
            <p>{move || text.get()}</p>
            <div class="row dialog__end">
                <button class="btn" autofocus=true on:click=move |_| no.set(false)>{tr(|t| t.cancel)}</button>
                <button class="btn btn--danger" on:click=move |_| {
                    done.set(false);
                    act();
                }>{yes}</button>
            </div>
        };
        dialog(self.open.clone(), move || title().to_owned(), id, body.into_any()).into_any()
    }
}

/// The keys, by place.
pub fn help(open: ArcRwSignal<bool>) -> impl IntoView {
    type Row = (&'static str, fn() -> &'static str);
    let general: &[Row] = &[("?", || t().help_k_help), ("Tab  Maj+Tab", || t().help_k_tab)];
    let terminal: &[Row] = &[
        ("↑  ↓", || t().help_k_history),
        ("Ctrl+R", || t().help_k_search),
        ("Tab", || t().help_k_complete),
        ("Ctrl+A  Ctrl+E", || t().help_k_ends),
        ("Alt+B  Alt+F", || t().help_k_words),
        ("Ctrl+K  Ctrl+U  Ctrl+W", || t().help_k_cut),
        ("Ctrl+L", || t().help_k_clear),
        ("Ctrl+C", || t().help_k_int),
        ("Ctrl+D", || t().help_k_eof),
        ("Esc, Tab", || t().help_k_leave),
    ];
    let editor: &[Row] = &[
        ("Ctrl+S", || t().help_k_save),
        ("Tab", || t().help_k_indent),
        ("Esc, Tab", || t().help_k_leave),
    ];
    let panels: &[Row] = &[
        ("←  →", || t().help_k_split),
        ("←  →", || t().help_k_tabs),
        ("←  →", || t().help_k_time),
    ];
    let table = |title: fn() -> &'static str, rows: &'static [Row]| {
        let rows = rows
            .iter()
            .map(|(keys, what)| {
                let keys = keys
                    .split("  ")
                    .map(|k| view! { <kbd class="kbd">{k}</kbd> })
                    .collect_view();
                let what = *what;
                view! { <div><dt>{keys}</dt><dd>{what}</dd></div> }
            })
            .collect_view();
        view! { <section><h3>{title}</h3><dl class="keys">{rows}</dl></section> }
    };
    let body = view! {
        <div class="help">
            {table(|| t().help_general, general)}
            {table(|| t().help_terminal, terminal)}
            {table(|| t().help_editor, editor)}
            {table(|| t().help_panels, panels)}
        </div>
    };
    dialog(open, || t().help_title.to_owned(), "help-title", body.into_any())
}
