//! A partition as its leader and as the controller see it: case by case, and a small cluster under random faults.
#![allow(clippy::unwrap_used)]

mod change;

mod cluster;

mod leader;
