//! What belongs to the whole page: route, theme, notices. Each is one signal that
//! lives as long as the page, so no callback can meet one that is gone.

use leptos::prelude::*;

use crate::router::{self, Route};
use crate::store::Progress;
use crate::text::{self, Lang};
use crate::{dom, store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

/// A sentence that appears in the corner and is read aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub id: u32,
    pub text: String,
    pub kind: ToastKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToastKind {
    Good,
    Note,
    Bad,
}

/// The signals of the page.
pub struct Page {
    pub route: ArcRwSignal<Route>,
    pub theme: ArcRwSignal<Theme>,
    pub progress: ArcRwSignal<Progress>,
    /// Whether what is done here outlives the tab.
    pub keeps: ArcRwSignal<bool>,
    pub toasts: ArcRwSignal<Vec<Toast>>,
    pub help: ArcRwSignal<bool>,
    /// Which part shows where there is room for one: `lesson`, `lab` or `graph`.
    pub view: ArcRwSignal<&'static str>,
}

thread_local! {
    static PAGE: Page = Page {
        route: ArcRwSignal::new(Route::Home),
        theme: ArcRwSignal::new(Theme::Light),
        progress: ArcRwSignal::new(Progress::default()),
        keeps: ArcRwSignal::new(true),
        toasts: ArcRwSignal::new(Vec::new()),
        help: ArcRwSignal::new(false),
        view: ArcRwSignal::new("lesson"),
    };
}

pub fn route() -> ArcRwSignal<Route> {
    PAGE.with(|p| p.route.clone())
}

pub fn theme() -> ArcRwSignal<Theme> {
    PAGE.with(|p| p.theme.clone())
}

pub fn progress() -> ArcRwSignal<Progress> {
    PAGE.with(|p| p.progress.clone())
}

pub fn keeps() -> ArcRwSignal<bool> {
    PAGE.with(|p| p.keeps.clone())
}

pub fn toasts() -> ArcRwSignal<Vec<Toast>> {
    PAGE.with(|p| p.toasts.clone())
}

pub fn help() -> ArcRwSignal<bool> {
    PAGE.with(|p| p.help.clone())
}

pub fn view() -> ArcRwSignal<&'static str> {
    PAGE.with(|p| p.view.clone())
}

/// Brings a part to the front on narrow screens; on wide ones all are there.
pub fn show_view(which: &'static str) {
    view().set(which);
    if let Some(body) = document().body() {
        let _ = body.set_attribute("data-view", which);
    }
}

/// Says something in the corner, for as long as it takes to read it.
pub fn say(kind: ToastKind, text: impl Into<String>) {
    thread_local!(static NEXT: std::cell::Cell<u32> = const { std::cell::Cell::new(1) });
    let id = NEXT.replace(NEXT.get() + 1);
    let text = text.into();
    let stay = 4_000 + 60 * i32::try_from(text.len()).unwrap_or(0).min(200);
    toasts().update(|all| {
        all.push(Toast { id, text, kind });
        if all.len() > 3 {
            all.remove(0);
        }
    });
    if kind != ToastKind::Bad {
        dom::after(stay, move || hush(id));
    }
}

/// Takes one notice away.
pub fn hush(id: u32) {
    toasts().update(|all| all.retain(|t| t.id != id));
}

/// Reads the address, the stored choices and the system's, and follows the address from then on.
pub fn start() {
    let query = router::page_query();
    let wanted = router::parameter(&query, "lang")
        .and_then(Lang::from_tag)
        .or_else(|| dom::local_get("essaim.lang").as_deref().and_then(Lang::from_tag))
        .or_else(|| window().navigator().language().as_deref().and_then(Lang::from_tag))
        .unwrap_or_default();
    choose_lang(wanted, false);
    let stored = router::parameter(&query, "theme")
        .map(str::to_owned)
        .or_else(|| dom::local_get("essaim.theme"));
    match stored.as_deref() {
        Some("dark") => choose_theme(Theme::Dark, false),
        Some("light") => choose_theme(Theme::Light, false),
        _ => theme().set(if dom::media("(prefers-color-scheme: dark)") {
            Theme::Dark
        } else {
            Theme::Light
        }),
    }
    route().set(router::current());
    dom::listen(window().as_ref(), "hashchange", |_| route().set(router::current()));
    store::start();
}

pub fn choose_lang(to: Lang, keep: bool) {
    text::set_lang(to);
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", to.code());
    }
    if keep {
        dom::local_set("essaim.lang", to.code());
    }
}

pub fn choose_theme(to: Theme, keep: bool) {
    theme().set(to);
    let name = if to == Theme::Dark { "dark" } else { "light" };
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", name);
    }
    if keep {
        dom::local_set("essaim.theme", name);
    }
}

pub fn toggle_theme() {
    let to = if theme().get_untracked() == Theme::Dark {
        Theme::Light
    } else {
        Theme::Dark
    };
    choose_theme(to, true);
}
