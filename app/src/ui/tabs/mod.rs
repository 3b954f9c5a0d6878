//! Tabs: one stop of the focus, arrows inside, as the pattern of the ARIA guide says.

use leptos::ev::KeyboardEvent;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Moves the focus among the tabs of a list and chooses the one it lands on.
pub fn arrows(event: &KeyboardEvent) {
    let Some(list) = event
        .current_target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
    else {
        return;
    };
    let Ok(tabs) = list.query_selector_all("[role=tab]") else {
        return;
    };
    let all: Vec<HtmlElement> = (0..tabs.length())
        .filter_map(|n| tabs.get(n)?.dyn_into::<HtmlElement>().ok())
        .filter(|tab| tab.offset_width() > 0)
        .collect();
    let Some(now) = all
        .iter()
        .position(|tab| tab.get_attribute("aria-selected").as_deref() == Some("true"))
    else {
        return;
    };
    let to = match event.key().as_str() {
        "ArrowRight" => (now + 1) % all.len(),
        "ArrowLeft" => (now + all.len() - 1) % all.len(),
        "Home" => 0,
        "End" => all.len() - 1,
        _ => return,
    };
    event.prevent_default();
    all[to].click();
    let _ = all[to].focus();
}

/// `aria-selected` and the roving `tabindex` of a tab.
pub fn selected(is: bool) -> (&'static str, &'static str) {
    if is { ("true", "0") } else { ("false", "-1") }
}
