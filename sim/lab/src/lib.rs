//! A lab: the kernel's machine, the shell and the engines together, and the time travel over them.
//!
//! State is a function of (specification, transcript). [`Lab`] takes acts (a command line, a line of input, a saved
//! file …) one after the other, lets each run until everything waits, records it, looks at the goals, and keeps
//! snapshots so that any earlier moment can be restored. [`worker`] speaks the page's protocol around it.
//!
//! Reading order: [`house`] (what a lab starts with), [`engines`], [`transcript`], [`timeline`], [`state`], [`facts`],
//! [`goals`], [`lab`], [`complete`], [`share`], [`news`], [`worker`].

#![warn(missing_docs)]

pub mod house;

pub mod engines;

pub mod man;

pub mod transcript;

pub mod timeline;

pub mod state;

pub mod facts;

pub mod pattern;

pub mod goals;

pub mod lab;

pub mod complete;

pub mod share;

pub mod news;

pub mod worker;

pub use lab::{Lab, Origin, Outcome};
pub use worker::Worker;
