//! Code to read, and blocks to run: one click sends the commands to the terminal in front.

use essaim_proto_lab::lesson::Run;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::dom;
use crate::lab::Session;
use crate::state::{self, ToastKind};
use crate::text::{t_now, tr};
use crate::ui::icon::icon_sm;

/// Copies a text and says whether that worked.
pub fn copy(text: String, done: &'static str) {
    spawn_local(async move {
        if dom::copy(&text).await {
            state::say(ToastKind::Good, done);
        } else {
            state::say(ToastKind::Bad, t_now().copy_failed);
        }
    });
}

pub fn code(language: String, text: String) -> impl IntoView {
    let whole = text.clone();
    view! {
        <div class="snippet">
            <div class="snippet__head"><span>{language}</span>
                <button class="iconbtn" aria-label=tr(|t| t.copy) title=tr(|t| t.copy)
                    on:click=move |_| copy(whole.clone(), t_now().copied)>{icon_sm("copy")}</button></div>
            <pre tabindex="0" translate="no"><code>{text}</code></pre>
        </div>
    }
}

pub fn run(run: Run, session: Option<Session>) -> impl IntoView {
    let commands = run.commands.join("\n");
    let copied = commands.clone();
    let lines = run
        .lines
        .iter()
        .map(|(command, text)| {
            if *command {
                view! { <span class="snippet__ps" aria-hidden="true">"$ "</span><span class="snippet__cmd">{text.clone()}</span>"\n" }.into_any()
            } else {
                view! { <span class="snippet__out">{text.clone()}</span>"\n" }.into_any()
            }
        })
        .collect_view();
    let send = session.map(|session| {
        view! {
            <button class="btn btn--sm btn--quiet snippet__run" on:click=move |_| {
                session.run(commands.clone());
                state::show_view("lab");
            }>{icon_sm("send")}{tr(|t| t.run_in_terminal)}</button>
        }
    });
    view! {
        <div class="snippet snippet--run">
            <div class="snippet__head"><span translate="no">"sh"</span><span class="grow"></span>{send}
                <button class="iconbtn" aria-label=tr(|t| t.copy) title=tr(|t| t.copy)
                    on:click=move |_| copy(copied.clone(), t_now().copied)>{icon_sm("copy")}</button></div>
            <pre tabindex="0" translate="no"><code>{lines}</code></pre>
        </div>
    }
}
