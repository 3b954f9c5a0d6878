//! What the course is made of, where its data are, how accessible it is.

use leptos::prelude::*;

use crate::routes::home::data_buttons;
use crate::state;
use crate::text::{fill, t, tr};
use crate::ui::shell::topbar;

pub fn about() -> impl IntoView {
    let build = crate::dom::build_id();
    view! {
        {topbar(vec![], None)}
        <main class="home page__in" id="contenu">
            <h1 class="title page__title">{tr(|t| t.about_title)}</h1>
            <p class="lede">{tr(|t| t.about_lede)}</p>
            <div class="prose prose--sm about">
                <h2>{tr(|t| t.about_engine)}</h2>
                <p>{tr(|t| t.about_engine_text)}</p>
                <ul>
                    <li>{tr(|t| t.about_git)}</li>
                    <li>{tr(|t| t.about_shell)}</li>
                </ul>
                <h2>{tr(|t| t.about_data)}</h2>
                <p>{tr(|t| t.about_data_text)}</p>
                <p>{move || if state::keeps().get() { t().storage_ok } else { t().storage_denied }}</p>
                <div class="row about__row">{data_buttons()}</div>
                <h2>{tr(|t| t.about_access)}</h2>
                <p>{tr(|t| t.about_access_text)}</p>
                <p><button class="btn" on:click=|_| state::help().set(true)>{tr(|t| t.about_shortcuts)}</button></p>
                <h2>{tr(|t| t.about_licences)}</h2>
                <ul>
                    <li>{tr(|t| t.about_licence_code)}</li>
                    <li>{tr(|t| t.about_licence_text)}</li>
                    <li>{tr(|t| t.about_licence_fonts)}" "
                        <a href="fonts/OFL-source-serif-4.txt">"Source Serif 4"</a>", "
                        <a href="fonts/OFL-instrument-sans.txt">"Instrument Sans"</a>", "
                        <a href="fonts/OFL-jetbrains-mono.txt">"JetBrains Mono"</a></li>
                </ul>
                <h2>{tr(|t| t.about_version)}</h2>
                <p>{move || fill(t().about_build, &[&build])}</p>
            </div>
        </main>
    }
}
