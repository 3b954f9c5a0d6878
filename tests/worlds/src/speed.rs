//! The kernel's speed, natively (this prints it) and in Wasm (the page calls `run`).

use essaim_worlds::ping_pong::{PingPong, Style};

/// Plays so many events of a ping-pong; gives something of its end, so that nothing can be left out.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
#[must_use]
pub fn run(busy: bool, events: u32) -> f64 {
    play(if busy { Style::Busy } else { Style::Bare }, u64::from(events))
}

fn play(style: Style, events: u64) -> f64 {
    let mut game = PingPong::new(7, style);
    game.run(events);
    (game.digest() as u32).into()
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    const EVENTS: u64 = 5_000_000;
    for style in [Style::Bare, Style::Busy] {
        let started = std::time::Instant::now();
        let end = play(style, EVENTS);
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{style:?}: {:.2} million events a second ({end})",
            EVENTS as f64 / seconds / 1e6
        );
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}
