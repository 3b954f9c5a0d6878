//! Icons: symbols of the sprite in `index.html`. They are always decoration; a
//! button that shows only an icon carries its name itself.

use leptos::prelude::*;

/// An icon of 16 px.
pub fn icon(name: &'static str) -> impl IntoView {
    sized(name, "i")
}

/// An icon of 14 px.
pub fn icon_sm(name: &'static str) -> impl IntoView {
    sized(name, "i i--sm")
}

/// An icon of 12 px.
pub fn icon_xs(name: &'static str) -> impl IntoView {
    sized(name, "i i--xs")
}

fn sized(name: &'static str, class: &'static str) -> impl IntoView {
    view! { <svg class=class aria-hidden="true"><use_ href=format!("#i-{name}")></use_></svg> }
}

/// The chevron of a disclosure.
pub fn chevron() -> impl IntoView {
    sized("chev", "i i--xs chev")
}
