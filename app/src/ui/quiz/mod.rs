//! Questions: choose, check, and every choice explains itself. A mark is a word and a border.

use std::sync::Arc;

use essaim_proto_lab::lesson::Question;
use leptos::prelude::*;

use crate::text::{t, tr};
use crate::ui::prose;

/// What was answered.
#[derive(Clone, Copy)]
struct Answer {
    chosen: RwSignal<Vec<bool>>,
    checked: RwSignal<bool>,
    /// "Choose an answer first" was said.
    told: RwSignal<bool>,
}

/// One question; `right` is told when it is answered right.
pub fn question(question: Question, right: impl Fn() + Clone + Send + 'static) -> impl IntoView {
    let answer = Answer {
        chosen: RwSignal::new(vec![false; question.choices.len()]),
        checked: RwSignal::new(false),
        told: RwSignal::new(false),
    };
    let Answer { chosen, checked, told } = answer;
    let options = (0..question.choices.len())
        .map(|n| option(&question, n, answer))
        .collect_view();
    let text = question.text;
    let choices = Arc::new(question.choices);
    let all_right = move || chosen.with_untracked(|c| choices.iter().zip(c).all(|(choice, c)| choice.right == *c));
    let good = all_right.clone();
    let check = move |_| {
        if chosen.with_untracked(|c| c.iter().all(|x| !x)) {
            told.set(true);
            return;
        }
        checked.set(true);
        if all_right() {
            right();
        }
    };
    view! {
        <div class="quiz">
            <fieldset><legend>{prose::plain(&text)}</legend>{options}</fieldset>
            <div class="row quiz__end">
                {move || if checked.get() {
                    (!good()).then(|| view! {
                        <button class="btn" on:click=move |_| {
                            checked.set(false);
                            chosen.update(|c| c.fill(false));
                        }>{tr(|t| t.quiz_again)}</button>
                    }).into_any()
                } else {
                    view! { <button class="btn btn--primary" on:click=check.clone()>{tr(|t| t.quiz_check)}</button> }.into_any()
                }}
                <span class="muted quiz__say" role="status">{move || told.get().then(|| t().quiz_choose)}</span>
            </div>
        </div>
    }
}

/// One choice, and once the answer is checked what is to be said of it.
fn option(question: &Question, n: usize, answer: Answer) -> impl IntoView + use<> {
    let Answer { chosen, checked, told } = answer;
    let choice = question.choices[n].clone();
    let (is_right, why) = (choice.right, Arc::new(choice.why));
    let several = question.several;
    let marked = move || checked.get() && (chosen.with(|c| c[n]) || is_right);
    view! {
        <label class="opt" class:is-right=move || marked() && is_right class:is-wrong=move || marked() && !is_right>
            <input type=if several { "checkbox" } else { "radio" } name=format!("q-{}", question.id)
                disabled=move || checked.get() prop:checked=move || chosen.with(|c| c[n])
                on:change=move |_| {
                    chosen.update(|c| if several { c[n] = !c[n]; } else {
                        c.fill(false);
                        c[n] = true;
                    });
                    told.set(false);
                } />
            <span>{prose::plain(&choice.text)}
                {move || marked().then(|| {
                    let word = if is_right { t().quiz_right } else { t().quiz_wrong };
                    view! { <span class="opt__why"><b>{word}</b>" "{prose::plain(&why)}</span> }
                })}</span>
        </label>
    }
}
