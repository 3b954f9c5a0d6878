//! Questions: choose, check, and every choice explains itself. A mark is a word and a border.

use std::sync::Arc;

use essaim_proto_lab::lesson::Question;
use leptos::prelude::*;

use crate::text::{t, tr};
use crate::ui::prose;

/// One question; `right` is told when it is answered right.
pub fn question(question: Question, right: impl Fn() + Clone + Send + 'static) -> impl IntoView {
    let question = Arc::new(question);
    let chosen = RwSignal::new(vec![false; question.choices.len()]);
    let checked = RwSignal::new(false);
    let told = RwSignal::new(false);
    let name = format!("q-{}", question.id);
    let kind = if question.several { "checkbox" } else { "radio" };
    let several = question.several;
    let option = {
        let question = question.clone();
        move |n: usize| {
            let choice = question.choices[n].clone();
            let is_right = choice.right;
            let why = Arc::new(choice.why);
            let marked = move || checked.get() && (chosen.with(|c| c[n]) || is_right);
            view! {
                <label class="opt"
                    class:is-right=move || marked() && is_right
                    class:is-wrong=move || marked() && !is_right>
                    <input type=kind name=name.clone() disabled=move || checked.get()
                        prop:checked=move || chosen.with(|c| c[n])
                        on:change=move |_| chosen.update(|c| {
                            if several { c[n] = !c[n]; } else {
                                c.fill(false);
                                c[n] = true;
                            }
                            told.set(false);
                        }) />
                    <span>{prose::plain(&choice.text)}
                        {move || marked().then(|| {
                            let why = why.clone();
                            let word = if is_right { t().quiz_right } else { t().quiz_wrong };
                            view! { <span class="opt__why"><b>{word}</b>" "{prose::plain(&why)}</span> }
                        })}</span>
                </label>
            }
        }
    };
    let options = (0..question.choices.len()).map(option).collect_view();
    let all_right = {
        let question = question.clone();
        move || chosen.with_untracked(|c| question.choices.iter().zip(c).all(|(choice, c)| choice.right == *c))
    };
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
            <fieldset><legend>{prose::plain(&question.text)}</legend>{options}</fieldset>
            <div class="row quiz__end">
                {move || if checked.get() {
                    let good = good();
                    (!good).then(|| view! {
                        <button class="btn" on:click=move |_| {
                            checked.set(false);
                            chosen.update(|c| c.iter_mut().for_each(|x| *x = false));
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
