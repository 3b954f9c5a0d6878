//! The header: brand, breadcrumb, language and theme.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use crate::state::{self, Theme};
use crate::text::{Lang, lang, t, tr};
use crate::ui::icon::icon;

/// Seven dots around a queen: the swarm.
pub fn brand_mark() -> impl IntoView {
    view! {
        <svg viewBox="0 0 22 22" aria-hidden="true">
            <use_ href="#brand"></use_>
        </svg>
    }
}

/// Where the header stands: which link is current, what the middle shows.
pub struct Crumb {
    pub href: Option<String>,
    pub text: Signal<String>,
}

/// The header of every page but the embedded one. `crumbs` is empty on the home page,
/// which shows the main navigation instead; `end` comes before the language switch.
pub fn topbar(crumbs: Vec<Crumb>, end: Option<AnyView>) -> impl IntoView {
    let middle = if crumbs.is_empty() {
        main_nav().into_any()
    } else {
        breadcrumb(crumbs).into_any()
    };
    view! {
        <header class="topbar">
            <a class="brand" href="#/">{brand_mark()}"Essaim"</a>
            {middle}
            <div class="topbar__end">
                {end}
                <span class="offline hide-s"><span class="lbl">{move || {
                    if state::keeps().get() { "" } else { t().storage_memory }
                }}</span></span>
                <button class="iconbtn" aria-label=tr(|t| t.help) title=tr(|t| t.help)
                    on:click=move |_| state::help().set(true)>{icon("help")}</button>
                {lang_switch()}
                {theme_button()}
            </div>
        </header>
    }
}

fn main_nav() -> impl IntoView {
    let current = |wanted: &'static str| move || (state::route().get().key() == wanted).then_some("page");
    view! {
        <nav class="crumbs hnav" aria-label=tr(|t| t.nav_main)>
            <a href="#/" aria-current=current("home")>{tr(|t| t.nav_programme)}</a>
            <a href="#/lab" aria-current=current("lab")>{tr(|t| t.nav_lab)}</a>
            <a href="#/about" class="hide-m" aria-current=current("about")>{tr(|t| t.nav_about)}</a>
        </nav>
    }
}

fn breadcrumb(crumbs: Vec<Crumb>) -> impl IntoView {
    let last = crumbs.len() - 1;
    let items = crumbs
        .into_iter()
        .enumerate()
        .map(|(n, crumb)| {
            let text = crumb.text;
            match crumb.href {
                Some(href) if n < last => view! {
                    <a href=href class="hide-m">{move || text.get()}</a>
                    <span class="sep hide-m" aria-hidden="true">"/"</span>
                }
                .into_any(),
                _ => view! { <span aria-current="page">{move || text.get()}</span> }.into_any(),
            }
        })
        .collect_view();
    view! { <nav class="crumbs" aria-label=tr(|t| t.nav_crumbs)>{items}</nav> }
}

fn lang_switch() -> impl IntoView {
    let pressed = |l: Lang| move || if lang() == l { "true" } else { "false" };
    view! {
        <div class="seglang" role="group" aria-label=tr(|t| t.language)>
            <button lang="fr" aria-pressed=pressed(Lang::Fr) title="Français"
                on:click=|_| state::choose_lang(Lang::Fr, true)>"FR"</button>
            <button lang="en" aria-pressed=pressed(Lang::En) title="English"
                on:click=|_| state::choose_lang(Lang::En, true)>"EN"</button>
        </div>
    }
}

/// The round button that turns the light off and on.
pub fn theme_button() -> impl IntoView {
    view! {
        <button class="iconbtn" aria-label=tr(|t| t.theme_toggle) title=tr(|t| t.theme_toggle)
            aria-pressed=move || if state::theme().get() == Theme::Dark { "true" } else { "false" }
            on:click=|_: MouseEvent| state::toggle_theme()>{icon("theme")}</button>
    }
}
