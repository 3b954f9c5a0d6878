//! What the page and a lab's worker say to each other, and what a compiled lesson is. Plain data only.
//!
//! Messages are postcard, which describes nothing itself: no `untagged`, no `flatten`, and both ends are of the same
//! build (the first message carries the build id).

#![warn(missing_docs)]

pub mod lesson;

pub mod message;

pub mod spec;
