//! Notices in the corner. The region is there from the start, so that readers announce what enters it.

use leptos::prelude::*;

use crate::state::{self, ToastKind};
use crate::text::tr;
use crate::ui::icon::{icon_sm, icon_xs};

/// The corner of the page where sentences appear.
pub fn toasts() -> impl IntoView {
    let all = state::toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || all.get() key=|toast| toast.id let:toast>
                <div class=match toast.kind {
                    ToastKind::Good => "toast",
                    ToastKind::Note => "toast toast--note",
                    ToastKind::Bad => "toast toast--bad",
                }>
                    {icon_sm(match toast.kind {
                        ToastKind::Good => "check",
                        ToastKind::Note => "info",
                        ToastKind::Bad => "alert",
                    })}
                    <span class="grow">{toast.text.clone()}</span>
                    <button class="iconbtn" aria-label=tr(|t| t.close)
                        on:click=move |_| state::hush(toast.id)>{icon_xs("x")}</button>
                </div>
            </For>
        </div>
    }
}
