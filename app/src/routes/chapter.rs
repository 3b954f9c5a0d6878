//! A chapter: its modules, what each point teaches, what is ready and what is to come.

use leptos::prelude::*;

use crate::course::{self, COURSE, Place};
use crate::state;
use crate::text::{fill, lang, steps_of, t, tr};
use crate::ui::icon::icon;
use crate::ui::shell::{Crumb, topbar};

pub fn chapter(n: usize) -> impl IntoView {
    let chapter = &COURSE[n];
    let number = (n + 1).to_string();
    let crumbs = vec![
        Crumb {
            href: Some("#/".to_owned()),
            text: Signal::derive(|| t().programme.to_owned()),
        },
        Crumb {
            href: None,
            text: Signal::derive(move || chapter.name.get(lang()).to_owned()),
        },
    ];
    let requires = chapter
        .requires
        .iter()
        .filter_map(|id| course::chapter(id))
        .map(|(_, c)| view! { <li><a href=format!("#/c/{}", c.id)>{move || c.name.get(lang())}</a></li> })
        .collect_view();
    let modules = chapter
        .modules
        .iter()
        .map(|module| {
            let places: Vec<Place> = course::places()
                .filter(|p| p.chapter.id == chapter.id && p.module.id == module.id)
                .collect();
            let soon = module.lessons.iter().all(|l| !l.ready);
            view! {
                <section class="modsec">
                    <div class="sech"><h2 class="title">{move || module.name.get(lang())}</h2>
                        {soon.then(|| view! { <span class="tag">{tr(|t| t.soon)}</span> })}
                    </div>
                    {soon.then(|| view! { <p class="muted modsec__n">{tr(|t| t.chapter_will_contain)}</p> })}
                    <ol class="points">{places.into_iter().map(point).collect_view()}</ol>
                </section>
            }
        })
        .collect_view();
    view! {
        {topbar(crumbs, None)}
        <main class="home page__in" id="contenu">
            <p class="eyebrow">{move || fill(t().chapter_n, &[&number])}</p>
            <h1 class="title page__title">{move || chapter.name.get(lang())}</h1>
            <p class="lede">{move || chapter.summary.get(lang())}</p>
            {(!chapter.requires.is_empty()).then(|| view! {
                <div class="requires"><p class="muted">{tr(|t| t.chapter_requires)}</p><ul>{requires}</ul></div>
            })}
            {modules}
        </main>
    }
}

/// One point of the outline.
fn point(place: Place) -> AnyView {
    let name = move || place.lesson.name.get(lang());
    if !place.lesson.ready {
        return view! {
            <li class="point"><span class="point__t">{name}</span><span class="tag">{tr(|t| t.soon)}</span></li>
        }
        .into_any();
    }
    let path = place.path();
    let state = move || match state::progress().get().lesson(&path) {
        Some(l) if l.done() => t().state_done.to_owned(),
        Some(l) => steps_of(l.steps.len(), l.steps_count),
        None => fill(t().minutes, &[&place.lesson.minutes.to_string()]),
    };
    view! {
        <li class="point is-ready">
            <a class="point__t" href=place.href()>{name}</a>
            <span class="muted num">{state}</span>
            <a class="btn btn--primary" href=place.href() tabindex="-1" aria-hidden="true">{icon("arrow")}</a>
        </li>
    }
    .into_any()
}
