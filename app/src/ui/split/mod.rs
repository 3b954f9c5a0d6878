//! The divider between lesson and bench: pointer, arrows (16 px), double-click resets.
//! The width is kept per lesson.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::dom;
use crate::text::tr;

const LESSON_MIN: f64 = 320.0;
const BENCH_MIN: f64 = 480.0;
const STEP: f64 = 16.0;

/// The divider; it sets `--lesson-w` on the element of that id.
pub fn split(parent: &'static str, lesson: String) -> impl IntoView {
    let key = format!("essaim.split.{lesson}");
    let width = RwSignal::new(dom::local_get(&key).and_then(|w| w.parse::<i32>().ok().map(f64::from)));
    let set = move |to: Option<f64>| {
        let room = dom::by_id(parent).map_or(1200.0, |e| f64::from(e.offset_width()));
        // Not `clamp`: its message for wrong bounds brings the printing of any float into the page.
        width.set(to.map(|w| w.min(room - BENCH_MIN).max(LESSON_MIN).round()));
    };
    let save = move || {
        dom::local_set(
            &key,
            &width
                .get_untracked()
                .map(|w| (w as i32).to_string())
                .unwrap_or_default(),
        );
    };
    Effect::new(move |_| {
        let Some(work) = dom::by_id(parent) else { return };
        match width.get() {
            Some(w) => drop(
                work.style()
                    .set_property("--lesson-w", &format!("{}px", dom::number(w))),
            ),
            None => drop(work.style().remove_property("--lesson-w")),
        }
    });
    let now = move || width.get_untracked().unwrap_or_else(|| lesson_width(parent));
    let dragging = RwSignal::new(false);
    let target = |event: &PointerEvent| {
        event
            .current_target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
    };
    let (save_key, save_up, save_reset) = (save.clone(), save.clone(), save);
    view! {
        <div class="split split--v split--main" role="separator" aria-orientation="vertical" tabindex="0"
            aria-label=tr(|t| t.split_label)
            aria-valuemin=dom::number(LESSON_MIN) aria-valuemax="1600"
            aria-valuenow=move || dom::number(width.get().unwrap_or_else(|| lesson_width(parent)).round())
            on:pointerdown=move |event| {
                if let Some(bar) = target(&event) {
                    let _ = bar.set_pointer_capture(event.pointer_id());
                }
                event.prevent_default();
                dragging.set(true);
            }
            on:pointermove=move |event| {
                if dragging.get_untracked() {
                    let left = dom::by_id(parent).map_or(0.0, |e| e.get_bounding_client_rect().left());
                    set(Some(f64::from(event.client_x()) - left));
                }
            }
            on:pointerup=move |_| {
                dragging.set(false);
                save_up();
            }
            on:dblclick=move |_| {
                set(None);
                save_reset();
            }
            on:keydown=move |event: KeyboardEvent| {
                let Some(to) = by_key(&event.key(), now()) else { return };
                event.prevent_default();
                set(to);
                save_key();
            }></div>
    }
}

/// The width that a key asks for; `Some(None)` is the one of the layout.
fn by_key(key: &str, now: f64) -> Option<Option<f64>> {
    Some(match key {
        "ArrowLeft" => Some(now - STEP),
        "ArrowRight" => Some(now + STEP),
        "Home" => Some(LESSON_MIN),
        "End" => Some(1600.0),
        "Enter" => None,
        _ => return None,
    })
}

fn lesson_width(parent: &str) -> f64 {
    dom::by_id(parent)
        .and_then(|work| work.query_selector(".lesson").ok().flatten())
        .map_or(400.0, |lesson| lesson.get_bounding_client_rect().width())
}
