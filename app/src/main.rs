//! The page: routes, design system, and the page's end of a lab.
//!
//! There is no domain logic here. What an engine knows comes from the worker
//! (`lab`), what it looks like is in `views`, and what a learner reads is in
//! `text` and in the compiled content.

mod content;
mod course;
mod dom;
mod lab;
mod router;
mod routes;
mod state;
mod store;
mod text;
mod ui;
mod views;

fn main() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        dom::show_broken();
    }));
    state::start();
    let Some(root) = dom::by_id("app") else { return };
    root.set_text_content(None);
    leptos::mount::mount_to(root, routes::App).forget();
}
