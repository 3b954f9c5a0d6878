//! The home page: where to resume, the map of prerequisites, the programme as its twin.

use leptos::prelude::*;

use crate::course::{self, COURSE, Chapter};
use crate::dom;
use crate::state::{self, ToastKind};
use crate::store::{self, Progress};
use crate::text::{count, fill, lang, plural, steps_of, t, t_now, tr};
use crate::ui::dialog::Question;
use crate::ui::files;
use crate::ui::icon::{icon, icon_sm};
use crate::ui::map::course_map;
use crate::ui::shell::topbar;

pub fn home() -> impl IntoView {
    view! {
        {topbar(vec![], None)}
        <main class="home" id="contenu">
            <section class="hero">
                <div class="hero__t">
                    <h1 class="title">{tr(|t| t.home_title)}</h1>
                    <p class="lede">{tr(|t| t.home_lede)}</p>
                    {facts()}
                </div>
                {move || resume()}
            </section>
            {course_map()}
            {programme()}
            {local()}
        </main>
    }
}

fn facts() -> impl IntoView {
    let modules: usize = COURSE.iter().map(|c| c.modules.len()).sum();
    view! {
        <dl class="facts num">
            <div><dt>{tr(|t| t.fact_chapters)}</dt><dd>{COURSE.len()}</dd></div>
            <div><dt>{tr(|t| t.fact_modules)}</dt><dd>{modules}</dd></div>
            <div><dt>{tr(|t| t.fact_lessons)}</dt><dd>{course::places().count()}</dd></div>
            <div><dt>{tr(|t| t.fact_install)}</dt><dd>{tr(|t| t.fact_nothing)}</dd></div>
        </dl>
    }
}

/// The card that leads back to the last lesson, or to the first.
fn resume() -> AnyView {
    let progress = state::progress().get();
    let last = progress
        .last()
        .and_then(|(path, done)| Some((course::at(path)?, done.clone())));
    let Some((place, done)) = last else {
        return resume_empty().into_any();
    };
    let number = (place.chapter_index + 1).to_string();
    view! {
        <aside class="resume" aria-labelledby="r-t">
            <p class="eyebrow">{t().resume_eyebrow}</p>
            <h2 id="r-t" class="title">{place.lesson.name.get(lang())}</h2>
            <p class="muted num">{fill(t().resume_place, &[&number, place.module.name.get(lang())])}</p>
            <div class="resume__bar"><span class="segs" aria-hidden="true">
                {(0..done.steps_count.max(1)).map(|n| view! { <i class=if n < done.steps.len() { "d" } else { "" }></i> }).collect_view()}
            </span><span class="num muted">{steps_of(done.steps.len(), done.steps_count)}</span></div>
            <div class="row"><a class="btn btn--primary btn--lg grow" href=place.href()>{t().resume_continue}{icon("arrow")}</a></div>
            {resume_foot()}
        </aside>
    }
    .into_any()
}

fn resume_empty() -> impl IntoView {
    let first = course::places().find(|p| p.lesson.ready);
    view! {
        <aside class="resume" aria-labelledby="r-t">
            <p class="eyebrow">{t().resume_empty_eyebrow}</p>
            <h2 id="r-t" class="title">{t().resume_empty_title}</h2>
            <p class="muted resume__text">{t().resume_empty_text}</p>
            <div class="row"><a class="btn btn--primary btn--lg grow" href=first.map(|p| p.href())>{t().resume_begin}{icon("arrow")}</a></div>
            {resume_foot()}
        </aside>
    }
}

fn resume_foot() -> impl IntoView {
    view! {
        <div class="resume__f">
            <span>{icon_sm("term")}{t().free_lab_text}</span>
            <a href="#/lab">{t().free_lab_title}</a>
        </div>
    }
}

/// How many lessons of a chapter are finished, and how many were begun.
fn tally(progress: &Progress, chapter: &Chapter) -> (usize, usize) {
    let mut done = 0;
    let mut begun = 0;
    for p in course::places().filter(|p| p.chapter.id == chapter.id) {
        if let Some(lesson) = progress.lesson(&p.path()) {
            begun += 1;
            done += usize::from(lesson.done());
        }
    }
    (done, begun)
}

fn programme() -> impl IntoView {
    let total = course::places().count();
    let done = move || {
        let progress = state::progress().get();
        let done: usize = COURSE.iter().map(|c| tally(&progress, c).0).sum();
        let pattern = plural(done, t().lessons_done_one, t().lessons_done_many);
        fill(pattern, &[&done.to_string(), &total.to_string()])
    };
    view! {
        <section aria-labelledby="programme">
            <div class="sech">
                <h2 id="programme" class="title">{tr(|t| t.programme)}</h2>
                <p class="muted num">{done}</p>
            </div>
            <ol class="chaps">{COURSE.iter().enumerate().map(|(n, c)| chapter_row(n, c)).collect_view()}</ol>
        </section>
    }
}

fn chapter_row(n: usize, chapter: &'static Chapter) -> impl IntoView {
    let number = (n + 1).to_string();
    let ready = chapter.lessons().any(|l| l.ready);
    let lessons = chapter.lessons().count();
    let state = move || tally(&state::progress().get(), chapter);
    let current = move || ready && (state().1 > 0 || n == 0);
    let label = {
        let number = number.clone();
        move || {
            let pattern = if !ready {
                t().chapter_see_label
            } else if state().1 > 0 {
                t().chapter_continue_label
            } else {
                t().chapter_start_label
            };
            fill(pattern, &[&number])
        }
    };
    view! {
        <li class="chap" class:is-now=current>
            <span class="chap__n num">{number}</span>
            <svg class="glyph" viewBox="0 0 64 44" aria-hidden="true"><use_ href=format!("#g-{}", chapter.id)></use_></svg>
            <div class="chap__t">
                <h3><a href=format!("#/c/{}", chapter.id)>{move || chapter.name.get(lang())}</a></h3>
                <p>{move || chapter.summary.get(lang())}</p>
            </div>
            <div class="chap__tags">{chapter.tags.iter().map(|tag| view! { <span class="tag tag--mono">{*tag}</span> }).collect_view()}</div>
            <div class="chap__p">
                {segments(chapter)}
                <span class="num">{move || {
                    if ready { fill(t().lessons_done_of, &[&state().0.to_string(), &lessons.to_string()]) }
                    else { format!("{}, {}", count(lessons, t().lessons_count_one, t().lessons_count_many), t().soon_in_line) }
                }}</span>
            </div>
            <a class="btn" class=("btn--primary", current) href=format!("#/c/{}", chapter.id) aria-label=label>
                {move || if !ready { t().chapter_see } else if state().1 > 0 { t().chapter_continue } else { t().chapter_start }}
            </a>
            {outline(chapter)}
        </li>
    }
}

/// One segment a lesson: done, begun by its share, or to do.
fn segments(chapter: &'static Chapter) -> impl IntoView {
    let one = move |place: course::Place| {
        let path = place.path();
        let share = move || state::progress().get().lesson(&path).map(|l| (l.done(), l.share()));
        let class = {
            let share = share.clone();
            move || match share() {
                Some((true, _)) => "d",
                Some((false, part)) if part > 0.0 => "p",
                _ => "",
            }
        };
        let width = move || share().map(|(_, part)| format!("{}%", dom::number((part * 100.0).round())));
        view! { <i class=class style:--p=width></i> }
    };
    view! {
        <span class="segs" aria-hidden="true">
            {course::places().filter(|p| p.chapter.id == chapter.id).map(one).collect_view()}
        </span>
    }
}

/// The points of the outline, under their modules.
fn outline(chapter: &'static Chapter) -> impl IntoView {
    let modules = chapter
        .modules
        .iter()
        .map(|module| {
            let points = course::places()
                .filter(|p| p.chapter.id == chapter.id && p.module.id == module.id)
                .map(|place| {
                    let name = move || place.lesson.name.get(lang());
                    if place.lesson.ready {
                        view! { <li><a href=place.href()>{name}</a></li> }.into_any()
                    } else {
                        view! { <li><span>{name}</span></li> }.into_any()
                    }
                })
                .collect_view();
            let soon = module.lessons.iter().all(|l| !l.ready);
            view! {
                <li class="mod">
                    <p class="mod__t"><span>{move || module.name.get(lang())}</span>
                        {soon.then(|| view! { <span class="tag">{tr(|t| t.soon)}</span> })}</p>
                    <ul>{points}</ul>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="mods">{modules}</ul> }
}

/// Where the learner's data are, and how to take them along.
fn local() -> impl IntoView {
    let erase = Question::new(|| t().erase_title, || t().erase_yes);
    let again = Question::new(|| t().reset_course_title, || t().reset_course);
    let (ask, ask_again) = (erase.clone(), again.clone());
    view! {
        <section class="local">
            <div>{icon("offline")}<div>
                <strong>{tr(|t| t.local_title)}</strong>
                <p>{move || if state::keeps().get() { t().local_text } else { t().storage_denied }}</p>
            </div></div>
            <div class="row">
                {data_buttons()}
                <button class="btn btn--quiet" on:click=move |_| ask_again.ask(t_now().reset_course_text)>{tr(|t| t.reset_course)}</button>
                <button class="btn btn--quiet" on:click=move |_| ask.ask(t_now().erase_text)>{tr(|t| t.erase_all)}</button>
            </div>
            {again.view("again-title", || {
                store::reset_course();
                state::say(ToastKind::Good, t_now().erased);
            })}
            {erase.view("erase-title", || {
                store::reset_all();
                state::say(ToastKind::Good, t_now().erased);
            })}
        </section>
    }
}

/// Export and import of everything that is kept.
pub fn data_buttons() -> impl IntoView {
    let export = |_| {
        wasm_bindgen_futures::spawn_local(async {
            dom::download("essaim-progression.txt", "text/plain", store::export().await.as_bytes());
        });
    };
    let import = |_| {
        files::pick(".txt", |_, bytes| {
            wasm_bindgen_futures::spawn_local(async move {
                let good = match String::from_utf8(bytes) {
                    Ok(text) => store::import(&text).await,
                    Err(_) => false,
                };
                if good {
                    state::say(ToastKind::Good, t_now().imported);
                } else {
                    state::say(ToastKind::Bad, t_now().import_bad);
                }
            });
        });
    };
    view! {
        <button class="btn" on:click=export>{icon_sm("download")}{tr(|t| t.export_progress)}</button>
        <button class="btn btn--quiet" on:click=import>{tr(|t| t.import_progress)}</button>
    }
}
