//! A lesson: its text on one side, its lab on the other, its goals between them.

use std::sync::Arc;

use essaim_proto_lab::lesson::{Block, Lesson, StepText};
use essaim_proto_lab::message::StepState;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::course::{self, Place};
use crate::lab::Session;
use crate::routes::lab::linked;
use crate::state::{self, ToastKind};
use crate::store::{self, LessonProgress};
use crate::text::{fill, lang, t, t_now, tr};
use crate::ui::bench::{bench, lab_menu, memory_only, other_tab, view_switch};
use crate::ui::dialog::Question;
use crate::ui::goals::{goal_list, ring, tally};
use crate::ui::hints::hints;
use crate::ui::icon::{icon, icon_sm};
use crate::ui::prose::{self, Around};
use crate::ui::quiz;
use crate::ui::shell::{Crumb, topbar};
use crate::ui::split::split;
use crate::ui::timeline::timeline_bar;
use crate::{content, dom};

/// A lesson on its way, here, or missing.
#[derive(Clone)]
enum Loaded {
    Coming,
    Here(Arc<Lesson>),
    Missing(String),
}

/// What the parts of the page share.
#[derive(Clone)]
pub struct Ctx {
    pub path: Arc<str>,
    pub lesson: ArcRwSignal<Option<Arc<Lesson>>>,
    pub session: ArcRwSignal<Option<Session>>,
    /// The step in the dock.
    pub step: ArcRwSignal<usize>,
    /// The code of the link that the lab came by: such a lab is another's work, and no progress.
    shared: Option<Arc<str>>,
    /// The page was left.
    gone: ArcRwSignal<bool>,
}

impl Ctx {
    /// Changes what is known of the lesson, and writes it down.
    fn note(&self, f: impl FnOnce(&mut LessonProgress)) {
        if self.shared.is_none() {
            store::change(|p| {
                let lesson = p.lessons.entry(self.path.to_string()).or_default();
                f(lesson);
                lesson.when = dom::now_ms();
            });
        }
    }

    fn state(&self, n: usize) -> Option<StepState> {
        let session = self.session.get()?;
        session.steps.with(|all| all.get(n).cloned())
    }

    /// Passed now, or in an earlier visit.
    fn passed(&self, n: usize) -> bool {
        if self.state(n).is_some_and(|s| s.passed) {
            return true;
        }
        let id = self
            .lesson
            .with(|l| l.as_ref().and_then(|l| l.steps.get(n).map(|s| s.id.clone())));
        let path = self.path.clone();
        id.is_some_and(|id| state::progress().with(|p| p.lesson(&path).is_some_and(|l| l.steps.contains(&id))))
    }
}

/// Loads the lesson in the page's language, opens its lab once, and closes it with the route.
pub fn load(place: Place, code: Option<String>) -> Ctx {
    let ctx = Ctx {
        path: place.path().into(),
        lesson: ArcRwSignal::new(None),
        session: ArcRwSignal::new(None),
        step: ArcRwSignal::new(0),
        shared: code.map(Into::into),
        gone: ArcRwSignal::new(false),
    };
    let loaded = ArcRwSignal::new(Loaded::Coming);
    provide_context(loaded.clone());
    let fetched = ctx.clone();
    let again = ArcRwSignal::new(0u32);
    provide_context(again.clone());
    Effect::new(move |_| {
        again.track();
        let lang = lang();
        let (ctx, loaded) = (fetched.clone(), loaded.clone());
        spawn_local(async move {
            match content::lesson(&ctx.path, lang).await {
                Ok(lesson) if lang == crate::text::lang_now() => {
                    let lesson = Arc::new(lesson);
                    ctx.lesson.set(Some(lesson.clone()));
                    if ctx.session.get_untracked().is_none() {
                        begin(&ctx, &lesson).await;
                    }
                    loaded.set(Loaded::Here(lesson));
                }
                Ok(_) => {}
                Err(why) => loaded.set(Loaded::Missing(why)),
            }
        });
    });
    let (closing, gone) = (ctx.session.clone(), ctx.gone.clone());
    on_cleanup(move || {
        gone.set(true);
        if let Some(session) = closing.get_untracked() {
            session.close();
        }
    });
    watch_steps(&ctx);
    ctx
}

async fn begin(ctx: &Ctx, lesson: &Lesson) {
    let (name, start) = linked(&ctx.path, ctx.shared.as_deref()).await;
    if ctx.gone.get_untracked() || ctx.session.get_untracked().is_some() {
        return;
    }
    ctx.session.set(Some(Session::open(&name, lesson.lab.clone(), start)));
    let path = ctx.path.clone();
    let at = state::progress().with_untracked(|p| p.lesson(&path).map(|l| l.at.clone()));
    if let Some(n) = at.and_then(|id| lesson.steps.iter().position(|s| s.id == id)) {
        ctx.step.set(n);
    }
    note_open(ctx, lesson);
}

/// Writes down that the lesson was opened, and how many steps it has.
fn note_open(ctx: &Ctx, lesson: &Lesson) {
    ctx.note(|l| {
        l.steps_count = lesson.steps.len();
        l.content.clone_from(&lesson.version);
    });
}

/// A step that passes is written down, said, and the next one comes to the dock.
fn watch_steps(ctx: &Ctx) {
    let ctx = ctx.clone();
    Effect::new(move |before: Option<Vec<bool>>| {
        let Some(session) = ctx.session.get() else {
            return Vec::new();
        };
        let passed: Vec<bool> = session.steps.with(|all| all.iter().map(|s| s.passed).collect());
        let Some(lesson) = ctx.lesson.get_untracked() else {
            return passed;
        };
        let before = before.unwrap_or_default();
        for (n, now) in passed.iter().enumerate() {
            if !*now || before.get(n).copied().unwrap_or(false) {
                continue;
            }
            let Some(id) = lesson.steps.get(n).map(|s| s.id.clone()) else {
                continue;
            };
            let known =
                state::progress().with_untracked(|p| p.lesson(&ctx.path).is_some_and(|l| l.steps.contains(&id)));
            let next = (n + 1).min(passed.len().saturating_sub(1));
            let next_id = lesson.steps.get(next).map(|s| s.id.clone()).unwrap_or_default();
            if !known {
                ctx.note(|l| {
                    l.steps.insert(id);
                    l.at = next_id;
                });
                state::say(ToastKind::Good, fill(t_now().step_done, &[&(n + 1).to_string()]));
            }
            // The step in the dock moves on after a moment to read its last tick.
            if ctx.step.get_untracked() == n && next != n {
                let step = ctx.step.clone();
                dom::after(if before.is_empty() { 0 } else { 1_600 }, move || {
                    if step.get_untracked() == n {
                        step.set(next);
                    }
                });
            }
        }
        passed
    });
}

pub fn lesson(place: Place, code: Option<String>) -> impl IntoView {
    state::show_view("lesson");
    let ctx = load(place, code);
    let (menu, notice, benched, barred, ringed, docked, textual) = (
        ctx.clone(),
        ctx.clone(),
        ctx.clone(),
        ctx.clone(),
        ctx.clone(),
        ctx.clone(),
        ctx.clone(),
    );
    let crumbs = vec![
        Crumb {
            href: Some(format!("#/c/{}", place.chapter.id)),
            text: Signal::derive(move || place.chapter.short.get(lang()).to_owned()),
        },
        Crumb {
            href: None,
            text: Signal::derive(move || place.lesson.name.get(lang()).to_owned()),
        },
    ];
    let end = view! {
        {neighbours(place)}
        {move || menu.session.get().map(lab_menu)}
    };
    let switch = view_switch(
        view! {
            {move || {
                let ctx = ringed.clone();
                ctx.lesson.get().map(|lesson| {
                    let all = lesson.steps.len();
                    let (a, b) = (ctx.clone(), ctx);
                    let done = move |ctx: &Ctx| (0..all).filter(|n| ctx.passed(*n)).count();
                    view! {
                        {ring(move || done(&a) as f64 / all.max(1) as f64)}
                        <span class="num">{move || fill(t().goals_of, &[&done(&b).to_string(), &all.to_string()])}</span>
                    }
                })
            }}
        }
        .into_any(),
    );
    view! {
        {topbar(crumbs, Some(end.into_any()))}
        {memory_only()}
        {move || notice.session.get().map(other_tab)}
        {switch}
        <main class="work" id="contenu" aria-label=move || place.lesson.name.get(lang())>
            <section class="lesson" aria-label=tr(|t| t.lesson)>
                <div class="lesson__scroll" tabindex="0">{article(place, textual)}</div>
                {dock(docked)}
            </section>
            {split("contenu", place.path())}
            {move || benched.session.get().map(bench)}
            {move || barred.session.get().map(timeline_bar)}
        </main>
    }
}

fn neighbours(place: Place) -> impl IntoView {
    let all: Vec<Place> = course::places()
        .filter(|p| p.chapter.id == place.chapter.id && p.module.id == place.module.id)
        .collect();
    let at = all
        .iter()
        .position(|p| p.lesson.id == place.lesson.id)
        .unwrap_or_default();
    let link = |to: Option<&Place>, image: &'static str, name: fn() -> &'static str| match to.filter(|p| p.lesson.ready)
    {
        Some(p) => view! { <a class="iconbtn" href=p.href() aria-label=name>{icon(image)}</a> }.into_any(),
        None => view! { <button class="iconbtn" disabled=true aria-label=name>{icon(image)}</button> }.into_any(),
    };
    view! {
        <nav class="lnav" aria-label=tr(|t| t.nav_lessons)>
            {link(at.checked_sub(1).and_then(|n| all.get(n)), "arrowl", || t().lesson_previous)}
            <span class="num lnav__n">{format!("{} / {}", at + 1, all.len())}</span>
            {link(all.get(at + 1), "arrow", || t().lesson_next)}
        </nav>
        <span class="div hide-m"></span>
    }
}

/// The lesson's text; what it was is kept in place while the other language comes.
fn article(place: Place, ctx: Ctx) -> impl IntoView {
    let loaded = expect_context::<ArcRwSignal<Loaded>>();
    let again = expect_context::<ArcRwSignal<u32>>();
    let number = (place.chapter_index + 1).to_string();
    let eyebrow = move || fill(t().resume_place, &[&number, place.module.name.get(lang())]);
    let body = move || match loaded.get() {
        Loaded::Coming => skeleton().into_any(),
        Loaded::Missing(why) => {
            let again = again.clone();
            view! {
                <div class="callout callout--bad">{icon("alert")}<div><strong>{t().lesson_missing}</strong>" "
                    {fill(t().lesson_missing_why, &[&why])}" "
                    <button class="btn btn--sm" on:click=move |_| again.update(|n| *n += 1)>{t().retry}</button></div></div>
            }
            .into_any()
        }
        Loaded::Here(lesson) => written(lesson, ctx.clone()).into_any(),
    };
    view! {
        <article class="lesson__in">
            <p class="eyebrow">{eyebrow}<span class="dotsep"></span>{move || fill(t().minutes, &[&place.lesson.minutes.to_string()])}</p>
            <h1 class="title title--lesson">{move || place.lesson.name.get(lang())}</h1>
            {body}
        </article>
    }
}

fn skeleton() -> impl IntoView {
    view! {
        <div class="skels" role="status" aria-label=t().lesson_loading>
            <div class="skel skel--70"></div><div class="skel"></div><div class="skel"></div><div class="skel skel--45"></div>
        </div>
    }
}

fn written(lesson: Arc<Lesson>, ctx: Ctx) -> impl IntoView {
    let code = lesson.language.clone();
    let terms = Arc::new(lesson.terms.clone());
    let slot = {
        let (lesson, ctx, terms) = (lesson.clone(), ctx.clone(), terms.clone());
        Arc::new(move |block: &Block| slot(block, &lesson, &ctx, &terms))
    };
    let around = Around {
        session: ctx.session.get_untracked(),
        terms: terms.clone(),
        slot,
    };
    let objectives = lesson
        .objectives
        .iter()
        .map(|o| view! { <li>{prose::inlines(o, &terms)}</li> })
        .collect_view();
    let needs: Vec<Place> = lesson.prerequisites.iter().filter_map(|id| course::at(id)).collect();
    let needs = (!needs.is_empty()).then(|| {
        let links = needs
            .iter()
            .map(|p| view! { <li><a href=p.href()>{p.lesson.name.get(lang())}</a></li> })
            .collect_view();
        view! { <h2>{t().prerequisites}</h2><ul>{links}</ul> }
    });
    let points = lesson
        .key_points
        .iter()
        .map(|k| view! { <li>{prose::inlines(k, &terms)}</li> })
        .collect_view();
    let glossary = lesson
        .terms
        .iter()
        .map(|term| view! { <div><dt>{term.word.clone()}</dt><dd>{term.definition.clone()}</dd></div> })
        .collect_view();
    let body = prose::blocks(&lesson.blocks, &around);
    let (has_points, has_terms) = (!lesson.key_points.is_empty(), !lesson.terms.is_empty());
    view! {
        <div class="prose" lang=code>
            {(!lesson.summary.is_empty()).then(|| view! { <p class="lesson__sum">{lesson.summary.clone()}</p> })}
            {(!lesson.objectives.is_empty()).then(|| view! { <h2>{t().objectives}</h2><ul>{objectives}</ul> })}
            {needs}
            {body}
            {has_points.then(|| view! { <h2>{t().key_points}</h2><ul>{points}</ul> })}
            {has_terms.then(|| view! { <h2>{t().glossary}</h2><dl class="gloss">{glossary}</dl> })}
            {finished(&ctx)}
        </div>
    }
}

/// What stands in the text where a step, a prediction or the quiz comes.
fn slot(block: &Block, lesson: &Arc<Lesson>, ctx: &Ctx, terms: &Arc<Vec<essaim_proto_lab::lesson::Term>>) -> AnyView {
    match block {
        Block::Step { index, blocks } => {
            let around = Around { session: ctx.session.get_untracked(), terms: terms.clone(), slot: Arc::new(|_| ().into_any()) };
            step(*index as usize, prose::blocks(blocks, &around), lesson, ctx, terms)
        }
        Block::Predict { index } => match lesson.predictions.get(*index as usize) {
            Some(q) => view! { <div class="predict"><p class="eyebrow">{t().step_predict}</p>{quiz::question(q.clone(), || ())}</div> }.into_any(),
            None => ().into_any(),
        },
        Block::Quiz => {
            let questions = lesson
                .quiz
                .iter()
                .map(|q| {
                    let (ctx, id) = (ctx.clone(), q.id.clone());
                    quiz::question(q.clone(), move || {
                        ctx.note(|l| {
                            l.quiz.insert(id.clone());
                        });
                    })
                })
                .collect_view();
            view! { <div class="quizzes">{questions}</div> }.into_any()
        }
        _ => ().into_any(),
    }
}

/// A step in the text: its instructions, and once it is passed what happened.
fn step(
    n: usize,
    body: AnyView,
    lesson: &Arc<Lesson>,
    ctx: &Ctx,
    terms: &Arc<Vec<essaim_proto_lab::lesson::Term>>,
) -> AnyView {
    let Some(text) = lesson.steps.get(n).cloned() else {
        return body;
    };
    let all = lesson.steps.len();
    let (a, b, c, now, go) = (
        ctx.clone(),
        ctx.clone(),
        ctx.clone(),
        ctx.step.clone(),
        ctx.step.clone(),
    );
    let title = text.title.clone();
    let terms = terms.clone();
    let success = move || {
        (c.passed(n) && !text.success.is_empty())
            .then(|| view! { <div class="after"><p class="after__t">{icon_sm("check")}{t().after_success}</p>{prose::step_blocks(&text.success, &terms)}</div> })
    };
    view! {
        <section class="step" class:is-done=move || a.passed(n) class:is-now=move || now.get() == n id=format!("step-{n}")>
            <p class="step__n"><button class="step__b" on:click=move |_| {
                go.set(n);
            }>{move || fill(t().step_n, &[&(n + 1).to_string(), &all.to_string()])}</button>
                {move || b.passed(n).then(|| view! { <span class="tag tag--ok">{icon_sm("check")}{t().state_done}</span> })}</p>
            <h2>{title}</h2>
            {body}
            {success}
        </section>
    }
    .into_any()
}

fn finished(ctx: &Ctx) -> impl IntoView + use<> {
    let (ctx, path) = (ctx.clone(), ctx.path.clone());
    let reset = Question::new(|| t().reset_lesson_title, || t().reset_lesson);
    let ask = reset.clone();
    let again = ctx.clone();
    view! {
        {move || {
            let all = ctx.lesson.with(|l| l.as_ref().map_or(0, |l| l.steps.len()));
            (all > 0 && (0..all).all(|n| ctx.passed(n))).then(|| view! {
                <div class="callout callout--ok">{icon("check")}<div><strong>{t().lesson_finished}"."</strong>" "{t().lesson_finished_text}</div></div>
            })
        }}
        <p class="lesson__again"><button class="btn" on:click=move |_| ask.ask(t_now().reset_lesson_text)>
            {icon_sm("refresh")}{tr(|t| t.reset_lesson)}</button></p>
        {reset.view("reset-title", move || {
            if again.shared.is_none() { store::reset_lesson(&path); }
            again.step.set(0);
            if let Some(lesson) = again.lesson.get_untracked() { note_open(&again, &lesson); }
            if let Some(session) = again.session.get_untracked() { session.reset(); }
        })}
    }
}

/// Goals and hints of the step under way, under the text.
pub fn dock(ctx: Ctx) -> impl IntoView {
    let body = move || {
        let ctx = ctx.clone();
        let lesson = ctx.lesson.get()?;
        let n = ctx.step.get().min(lesson.steps.len().checked_sub(1)?);
        let text = Arc::new(lesson.steps[n].clone());
        Some(dock_step(ctx, &lesson, n, text).into_any())
    };
    view! { <div class="dock">{body}</div> }
}

fn dock_step(ctx: Ctx, lesson: &Arc<Lesson>, n: usize, text: Arc<StepText>) -> impl IntoView + use<> {
    let all = lesson.steps.len();
    let state = {
        let ctx = ctx.clone();
        Signal::derive(move || ctx.state(n))
    };
    let goals = text.goals.len();
    let (back, next, restart) = (ctx.step.clone(), ctx.step.clone(), ctx.clone());
    let go = |to: usize, step: ArcRwSignal<usize>| {
        move |_| {
            step.set(to);
            dom::next_frame(move || {
                if let Some(section) = dom::by_id(&format!("step-{to}")) {
                    section.scroll_into_view();
                }
            });
        }
    };
    let wrong = {
        let (lesson, text) = (lesson.clone(), text.clone());
        move || {
            let id = state.with(|s| s.as_ref().and_then(|s| s.wrong.clone()))?;
            let at = lesson.lab.steps.get(n)?.wrong.iter().position(|w| w.id == id)?;
            let sentence = text.wrong.get(at)?.clone();
            Some(view! {
                <div class="callout callout--warn wrong" role="status">{icon("alert")}
                    <div><strong>{t().feedback}"."</strong>" "{prose::plain(&sentence)}</div></div>
            })
        }
    };
    view! {
        <section class="goals" aria-labelledby="g-t" lang=lesson.language.clone()>
            <div class="goals__head">
                {ring(move || state.with(|s| tally(s, goals).0) as f64 / goals.max(1) as f64)}
                <h2 id="g-t">{tr(|t| t.goals)}</h2>
                <span class="muted num goals__n">{move || state.with(|s| tally(s, goals).1)}</span>
                <span class="grow"></span>
                <span class="goals__step num">{move || fill(t().step_n, &[&(n + 1).to_string(), &all.to_string()])}</span>
                <span class="goals__nav">
                    <button class="iconbtn" disabled=n == 0 aria-label=tr(|t| t.step_previous) title=tr(|t| t.step_previous)
                        on:click=go(n.saturating_sub(1), back)>{icon_sm("arrowl")}</button>
                    <button class="iconbtn" disabled={n + 1 == all} aria-label=tr(|t| t.step_next) title=tr(|t| t.step_next)
                        on:click=go(n + 1, next)>{icon_sm("arrow")}</button>
                    <button class="iconbtn" aria-label=tr(|t| t.reset_step) title=tr(|t| t.reset_step)
                        on:click=move |_| if let Some(s) = restart.session.get_untracked() { s.restart_step(n as u32); }>{icon_sm("refresh")}</button>
                </span>
            </div>
            {goal_list(text.clone(), state)}
            {wrong}
            {hints(text)}
        </section>
    }
}
