//! An address that leads nowhere.

use leptos::prelude::*;

use crate::text::tr;
use crate::ui::shell::topbar;

pub fn lost() -> impl IntoView {
    view! {
        {topbar(vec![], None)}
        <main class="home page__in" id="contenu">
            <h1 class="title page__title">{tr(|t| t.not_found_title)}</h1>
            <p class="lede">{tr(|t| t.not_found_text)}</p>
            <p class="page__act"><a class="btn btn--primary btn--lg" href="#/">{tr(|t| t.back_home)}</a></p>
        </main>
    }
}
