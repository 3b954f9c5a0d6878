//! One lesson's lab in a narrow frame: no header, at most 560 px, its height told to the host.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::course::Place;
use crate::dom;
use crate::routes::lesson::{dock, load};
use crate::state;
use crate::text::{fill, lang, t, tr};
use crate::ui::editor::editor_panel;
use crate::ui::icon::{icon, icon_xs};
use crate::ui::panel::guarded;
use crate::ui::prose;
use crate::ui::shell::{brand_mark, theme_button};
use crate::ui::terminal::terminal_panel;
use crate::ui::timeline::timeline_compact;
use crate::views::git::git_panel;

pub fn embed(place: Place) -> impl IntoView {
    let ctx = load(place, None);
    tell_height();
    let (sent, summary, panels, docked, bar) = (ctx.clone(), ctx.clone(), ctx.clone(), ctx.clone(), ctx.clone());
    let tag = move || {
        let session = sent.session.get()?;
        let (done, all) = session.steps.with(|s| (s.iter().filter(|s| s.passed).count(), s.len()));
        (all > 0).then(|| view! { <span class="tag tag--ok">{icon_xs("check")}{fill(t().embed_sent, &[&done.to_string(), &all.to_string()])}</span> })
    };
    let max = ArcRwSignal::new(None);
    view! {
        <div class="emb">
            <header class="emb__h">
                <span class="brand" aria-hidden="true">{brand_mark()}</span>
                <span class="emb__id">{tr(|t| t.embed_title)}</span>
                <span class="grow"></span>
                {tag}
                {theme_button()}
                <a class="iconbtn" href=dom::url(&place.href()) target="_blank" rel="noopener" aria-label=tr(|t| t.embed_open) title=tr(|t| t.embed_open)>{icon("expand")}</a>
            </header>
            <main id="contenu">
                <section class="emb__s">
                    <h1 class="title">{move || place.lesson.name.get(lang())}</h1>
                    <div class="prose prose--sm">{move || summary.lesson.get().map(|lesson| {
                        let n = summary.step.get();
                        view! {
                            <p>{lesson.summary.clone()}</p>
                            {step_text(&lesson, n)}
                        }
                    })}</div>
                </section>
                {move || panels.session.get().map(|session| {
                    let (a, b, c) = (session.clone(), session.clone(), session);
                    let (ma, mb, mc) = (max.clone(), max.clone(), max.clone());
                    view! {
                        {guarded(move || git_panel(a.clone(), ma.clone()).into_any())}
                        {guarded(move || terminal_panel(b.clone(), mb.clone()).into_any())}
                        {guarded(move || editor_panel(c.clone(), mc.clone()).into_any())}
                    }
                })}
                <section class="emb__s">{dock(docked)}</section>
            </main>
            {move || bar.session.get().map(timeline_compact)}
        </div>
    }
}

/// The instructions of the step under way.
fn step_text(lesson: &std::sync::Arc<essaim_proto_lab::lesson::Lesson>, n: usize) -> AnyView {
    use essaim_proto_lab::lesson::Block;
    let found = lesson.blocks.iter().find_map(|b| match b {
        Block::Step { index, blocks } if *index as usize == n => Some(blocks),
        _ => None,
    });
    match found {
        Some(blocks) => prose::blocks(blocks, &prose::Around::plain(std::sync::Arc::new(lesson.terms.clone()))),
        None => ().into_any(),
    }
}

/// Posts `{ essaim: "height", height }` to the frame that holds this page, when it changes.
/// The height alone is said: it is no secret, so any host may hear it.
fn tell_height() {
    let last = std::cell::Cell::new(0);
    dom::every(500, move || {
        let (Some(window), Some(body)) = (web_sys::window(), document().body()) else {
            return;
        };
        let Ok(Some(parent)) = window.parent() else { return };
        if JsValue::from(&parent) == JsValue::from(&window) || !body.class_name().contains("embed") {
            return;
        }
        let height = body.scroll_height();
        if last.replace(height) != height {
            let message = js_sys::Object::new();
            let _ = js_sys::Reflect::set(&message, &"essaim".into(), &"height".into());
            let _ = js_sys::Reflect::set(&message, &"height".into(), &height.into());
            let _ = parent.unchecked_ref::<web_sys::Window>().post_message(&message, "*");
        }
    });
    state::show_view("lab");
}
