//! Goals, read from the engine's state: reached, under way, to do, lost. Each state has its
//! word and its shape, never its colour alone.

use std::sync::Arc;

use essaim_proto_lab::lesson::{Inline, StepText};
use essaim_proto_lab::message::StepState;
use leptos::prelude::*;

use crate::dom::number;
use crate::text::{fill, t, tr};
use crate::ui::icon::icon;
use crate::ui::prose;

/// The ring: how much of the step is reached.
pub fn ring(part: impl Fn() -> f64 + Send + Sync + 'static) -> impl IntoView {
    let around = 2.0 * std::f64::consts::PI * 7.5;
    let part = Memo::new(move |_| part());
    view! {
        <svg class="ring" viewBox="0 0 20 20" aria-hidden="true">
            <circle cx="10" cy="10" r="7.5"></circle>
            <circle class="v" cx="10" cy="10" r="7.5" stroke-dasharray=move || format!("{} {}", number(part.get() * around), number(around))
                // A round cap would show a dot at nought.
                stroke-opacity={move || if part.get() == 0.0 { "0" } else { "1" }}></circle>
        </svg>
    }
}

/// What one goal looks like now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Done,
    Now,
    Todo,
    Lost,
}

/// The goals of one step. `state` is `None` until the lab has said something.
pub fn goal_list(text: Arc<StepText>, state: Signal<Option<StepState>>) -> impl IntoView {
    let look = move |n: usize| {
        state.with(|state| {
            let goals = state.as_ref().map(|s| s.goals.as_slice()).unwrap_or_default();
            match goals.get(n) {
                Some(g) if g.reached => Look::Done,
                Some(g) if g.reached_once => Look::Lost,
                _ if goals.iter().position(|g| !g.reached && !g.reached_once).unwrap_or(0) == n => Look::Now,
                _ => Look::Todo,
            }
        })
    };
    let goals = text
        .goals
        .iter()
        .enumerate()
        .map(|(n, sentence)| goal(sentence, n, Signal::derive(move || look(n)), state))
        .collect_view();
    let none = text
        .goals
        .is_empty()
        .then(|| view! { <p class="state">{tr(|t| t.goals_none)}</p> });
    view! {
        {none}
        <ul class="goals__list" aria-live="polite">{goals}{keeps(&text, state)}</ul>
    }
}

fn goal(sentence: &[Inline], n: usize, look: Signal<Look>, state: Signal<Option<StepState>>) -> impl IntoView + use<> {
    let class = move || match look.get() {
        Look::Done => "goal is-done",
        Look::Now => "goal is-now",
        Look::Todo => "goal",
        Look::Lost => "goal is-broken",
    };
    let word = move || match look.get() {
        Look::Done => t().goal_done,
        Look::Now => t().goal_now,
        Look::Todo => t().goal_todo,
        Look::Lost => t().goal_lost,
    };
    let at = move || {
        let reached = state.with(|s| s.as_ref()?.goals.get(n).filter(|g| g.reached).map(|g| g.reached_at_ms));
        reached.map(clock)
    };
    view! {
        <li class=class>
            <span class="box">{move || if look.get() == Look::Lost { icon("x").into_any() } else { icon("check").into_any() }}</span>
            <span><span class="vh">{word}" "</span>{prose::plain(sentence)}</span>
            <span class="goal__at">{at}</span>
            {move || (look.get() == Look::Lost).then(|| view! { <span class="goal__why">{t().goal_lost_why}</span> })}
        </li>
    }
}

/// What must stay true: shown only once it is broken.
fn keeps(text: &Arc<StepText>, state: Signal<Option<StepState>>) -> impl IntoView + use<> {
    let text = text.clone();
    move || {
        let broken = state.with(|s| s.as_ref().map(|s| s.broken.len()).unwrap_or_default());
        (broken > 0).then(|| {
            text.keeps
                .iter()
                .take(broken.max(1))
                .map(|sentence| {
                    view! {
                        <li class="goal is-broken"><span class="box">{icon("x")}</span>
                            <span>{t().goal_keep}" "{prose::plain(sentence)}</span><span class="goal__at"></span></li>
                    }
                })
                .collect_view()
        })
    }
}

/// `00:41`, `1:02:05`: time since the lab's start.
pub fn clock(ms: u64) -> String {
    let s = ms / 1000;
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{:02}:{:02}", s / 60, s % 60)
    }
}

/// `2 sur 3`
pub fn tally(state: &Option<StepState>, all: usize) -> (usize, String) {
    let done = state
        .as_ref()
        .map_or(0, |s| s.goals.iter().filter(|g| g.reached || s.passed).count());
    (done, fill(t().goals_of, &[&done.to_string(), &all.to_string()]))
}
