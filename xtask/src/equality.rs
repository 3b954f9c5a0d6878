//! Not here yet.
use crate::machine::{Outcome, say};

/// Same digests natively and in Wasm.
pub fn check() -> Outcome {
    say("no transcript is compared yet");
    Ok(())
}
