//! Parity with the real Git: random sessions, run in the installed Git and in the engine, compared command by command.
//!
//! A session is a list of [`session::Action`]s: edits of files, which both sides get alike, and Git commands. Sessions
//! are generated against the real Git (so that most commands make sense), and kept as a baseline with what the real
//! Git answered; where no such Git is installed the engine is compared with the baseline.
//!
//! After each command stdout, exit code and the whole state are compared: HEAD, refs, reflogs, `git ls-files -s`, the
//! set of objects, and the files of the working tree. After a difference the engine's machine is set to the real
//! state, so that each command is judged by itself.

pub mod chance;

pub mod session;

pub mod state;

pub mod real;

pub mod engine;

pub mod generate;

pub mod compare;
