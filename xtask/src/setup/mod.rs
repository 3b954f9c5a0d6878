//! Installs what is missing on this machine, and only that; running it again does nothing.
//!
//! Three things may be missing to serve the page (the wasm32 standard library, Trunk,
//! wasm-bindgen) and two more to test it (Chromium, the npm packages that drive it).

mod browser;
mod tools;
mod wasm_std;

pub use browser::{browser_folder, chromium};
pub use tools::Tools;

use crate::machine::{Outcome, say};

/// What building and serving the page needs; gives the folders of the tools for PATH.
pub fn for_the_page() -> Outcome<Tools> {
    wasm_std::install()?;
    tools::install()
}

/// What the browser tests need.
pub fn for_the_browser() -> Outcome {
    browser::install()
}

/// The standard library for wasm32 alone, which clippy needs.
pub fn for_wasm() -> Outcome {
    wasm_std::install()
}

/// `cargo xtask setup`.
pub fn everything() -> Outcome {
    for_the_page()?;
    for_the_browser()?;
    say("This machine has all that `cargo xtask serve` and `cargo xtask test` need.");
    Ok(())
}
