//! The pages, one file each, and what they share: title, focus, notices.

mod about;
mod chapter;
mod embed;
mod home;
mod lab;
mod lesson;
mod lost;

use leptos::prelude::*;

use crate::router::Route;
use crate::state;
use crate::text::{fill, lang, t, tr};
use crate::ui::{dialog, toast};
use crate::{course, dom};

/// The whole page. A route is rebuilt when it changes, never when the language does.
#[component]
pub fn App() -> impl IntoView {
    let route = state::route();
    let key = Memo::new(move |_| route.get().key());
    Effect::new(move |before: Option<()>| {
        let _ = key.get();
        if before.is_some() {
            dom::next_frame(focus_top);
        }
    });
    Effect::new(move |_| set_title());
    keyboard();
    view! {
        <a class="skip" href="#contenu" on:click=|event| {
            event.prevent_default();
            focus_top();
        }>{tr(|t| t.skip)}</a>
        {move || {
            let _ = key.get();
            page(state::route().get_untracked())
        }}
        {toast::toasts()}
        {dialog::help(state::help())}
    }
}

fn page(route: Route) -> AnyView {
    body_class(&route);
    match route {
        Route::Home => home::home().into_any(),
        Route::Chapter(n) => chapter::chapter(n).into_any(),
        Route::About => about::about().into_any(),
        Route::Lesson { place, share } if place.lesson.ready => lesson::lesson(place, share).into_any(),
        Route::Embed(place) if place.lesson.ready => embed::embed(place).into_any(),
        Route::Lab { share } => lab::lab(share).into_any(),
        Route::Lesson { place, .. } | Route::Embed(place) => chapter::chapter(place.chapter_index).into_any(),
        Route::NotFound => lost::lost().into_any(),
    }
}

fn body_class(route: &Route) {
    let class = match route {
        Route::Lesson { place, .. } if place.lesson.ready => "app",
        Route::Lab { .. } => "app",
        Route::Embed(place) if place.lesson.ready => "embed",
        _ => "page",
    };
    if let Some(body) = document().body() {
        body.set_class_name(class);
    }
}

/// The name of the page, in the window's title.
fn set_title() {
    let (t, lang) = (t(), lang());
    let name = match state::route().get() {
        Route::Home => t.app_title.to_owned(),
        Route::Chapter(n) => course::COURSE[n].title(lang).to_owned(),
        Route::Lesson { place, .. } => place.lesson.name.get(lang).to_owned(),
        Route::Embed(place) => fill("{}, {}", &[t.embed_title, place.lesson.name.get(lang)]),
        Route::Lab { .. } => t.lab_title.to_owned(),
        Route::About => t.about_title.to_owned(),
        Route::NotFound => t.not_found_title.to_owned(),
    };
    document().set_title(&format!("{name} — Essaim"));
}

/// Moves the focus to the page's content: after a change of page, or by the skip link.
fn focus_top() {
    if let Some(main) = dom::by_id("contenu") {
        dom::focus(&main);
    }
    window().scroll_to_with_x_and_y(0.0, 0.0);
}

/// `?` opens the help, unless something is being typed.
fn keyboard() {
    dom::listen(document().as_ref(), "keydown", |event| {
        use wasm_bindgen::JsCast;
        let Some(key) = event.dyn_ref::<web_sys::KeyboardEvent>() else {
            return;
        };
        if key.key() != "?" || key.ctrl_key() || key.alt_key() || key.meta_key() {
            return;
        }
        let typing = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"));
        if !typing {
            event.prevent_default();
            state::help().set(true);
        }
    });
}
