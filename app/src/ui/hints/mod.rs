//! Hints in three tiers: the lead, the method, the command. In order, free, and never in the way.

use std::sync::Arc;

use essaim_proto_lab::lesson::StepText;
use leptos::prelude::*;

use crate::text::{fill, t, tr};
use crate::ui::icon::{icon, icon_xs};
use crate::ui::prose;

/// The hints of one step.
pub fn hints(text: Arc<StepText>) -> impl IntoView {
    // How many tiers were opened, and which one is shown.
    let opened = RwSignal::new(0usize);
    let shown = RwSignal::new(None::<usize>);
    let names: [fn() -> &'static str; 3] = [|| t().hint_lead, || t().hint_method, || t().hint_command];
    let tier = move |n: usize| {
        let locked = move || n > opened.get();
        view! {
            <button aria-expanded=move || if shown.get() == Some(n) { "true" } else { "false" }
                disabled=locked
                on:click=move |_| {
                    shown.update(|s| *s = if *s == Some(n) { None } else { Some(n) });
                    opened.update(|o| *o = (*o).max(n + 1));
                }>
                {move || locked().then(|| icon_xs("lock"))}{names[n]}
            </button>
        }
    };
    let body = move || {
        let text = text.clone();
        shown.get().map(|n| {
            view! {
                <p class="hint">{prose::plain(&text.hints[n])}" "
                    <span class="muted">{move || {
                        if opened.get() == 1 { t().hint_free.to_owned() }
                        else { fill(t().hint_opened, &[&opened.get().min(3).to_string(), "3"]) }
                    }}</span></p>
            }
        })
    };
    view! {
        <div class="hints">
            <div class="hints__bar">{icon("bulb")}<span class="hints__t">{tr(|t| t.hints)}</span><span class="grow"></span>
                <span class="tiers" role="group" aria-label=tr(|t| t.hint_levels)>{tier(0)}{tier(1)}{tier(2)}</span>
            </div>
            <div aria-live="polite">{body}</div>
        </div>
    }
}
