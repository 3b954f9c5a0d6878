//! Git as the page shows it: the commit graph, and each file in its three places.

mod graph;
mod lanes;
mod places;

use leptos::prelude::*;

use crate::lab::Session;
use crate::text::{t, tr};
use crate::ui::icon::icon_sm;
use crate::ui::panel::{self, Maximised};
use crate::ui::tabs;

/// The panel of Git: graph, or file states.
pub fn git_panel(session: Session, maximised: Maximised) -> impl IntoView {
    let shown = RwSignal::new("graph");
    let tab = move |which: &'static str, name: fn() -> &'static str| {
        view! {
            <button role="tab" id=format!("git-tab-{which}") aria-controls="git-body"
                aria-selected=move || tabs::selected(shown.get() == which).0
                tabindex=move || tabs::selected(shown.get() == which).1
                on:click=move |_| shown.set(which)>
                {(which == "graph").then(|| icon_sm("graph"))}{name}
            </button>
        }
    };
    let (meta, body, twin) = (session.git.clone(), session.git.clone(), session.git.clone());
    let opens = session.clone();
    let zone = session.spec.time_zone.clone();
    view! {
        <section class="panel a-graph" aria-label="Git">
            <div class="panel__head panel__head--tabs">
                <div class="tabs" role="tablist" aria-label="Git" on:keydown=|e| tabs::arrows(&e)>
                    {tab("graph", || t().git_graph)}
                    {tab("places", || t().git_states)}
                </div>
                <span class="panel__meta num">{move || meta.with(|v| graph::meta(v.as_ref()))}</span>
                <div class="panel__end">{panel::expand("a-graph", maximised)}</div>
            </div>
            <div class="panel__body" id="git-body" role="tabpanel" tabindex="0"
                aria-labelledby=move || format!("git-tab-{}", shown.get())>
                {move || match shown.get() {
                    "graph" => body.with(|v| graph::graph(v.as_ref(), &zone)),
                    _ => body.with(|v| places::places(v.as_ref(), &opens)),
                }}
            </div>
            <details class="twin">
                <summary>{crate::ui::icon::chevron()}{tr(|t| t.git_twin)}</summary>
                <div>{move || twin.with(|v| graph::twin(v.as_ref()))}</div>
            </details>
        </section>
    }
}
