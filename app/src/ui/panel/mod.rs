//! A panel of the bench: head, body, and a button that gives it the whole bench.
//! What fails inside stays inside: the last valid content of the others remains.

use leptos::prelude::*;

use crate::text::{t, tr};
use crate::ui::icon::icon_sm;

/// Which panel has the whole bench, by its class.
pub type Maximised = ArcRwSignal<Option<&'static str>>;

/// The button that gives a panel the bench, and takes it back.
pub fn expand(which: &'static str, maximised: Maximised) -> impl IntoView {
    let (a, b, c, d) = (maximised.clone(), maximised.clone(), maximised.clone(), maximised);
    view! {
        <button class="iconbtn hide-s" aria-pressed=move || if a.get() == Some(which) { "true" } else { "false" }
            aria-label=move || if b.get() == Some(which) { t().restore } else { t().maximise }
            on:click=move |_| c.update(|m| *m = if *m == Some(which) { None } else { Some(which) })>
            {move || if d.get() == Some(which) { icon_sm("shrink").into_any() } else { icon_sm("expand").into_any() }}
        </button>
    }
}

/// Keeps a pane's failure inside it.
pub fn guarded(pane: impl Fn() -> AnyView + Send + 'static) -> impl IntoView {
    view! {
        <ErrorBoundary fallback=|_| view! { <p class="state">{tr(|t| t.pane_failed)}</p> }>
            {pane()}
        </ErrorBoundary>
    }
}
