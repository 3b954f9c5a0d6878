//! Worlds to try the kernel's distributed simulation on.
//!
//! [`gossip`] is a small protocol that uses all of it and meets every fault; [`ping_pong`] does as little as possible, so
//! that what is measured is the kernel. `tests/equality` plays the first natively and in Wasm, `cargo xtask bench world`
//! measures the second in both.

pub mod gossip;
pub mod ping_pong;
