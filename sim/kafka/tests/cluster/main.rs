//! A whole cluster in a simulated world: three controllers, three brokers and their clients, each on a host of its own.

#![allow(clippy::unwrap_used)] // a test says what it expects by what it takes for granted

mod chaos;
mod clients;
mod metadata;
mod rules;
mod world;
