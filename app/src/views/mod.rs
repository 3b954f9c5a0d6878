//! What an engine's state looks like. A view reads the engine's own type and sends commands; it knows no rule.

pub mod git;
