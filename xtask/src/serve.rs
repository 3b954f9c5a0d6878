//! Not here yet.
use crate::machine::{Failure, Outcome};

pub fn command(_: &[String]) -> Outcome {
    Err(Failure::new("`serve` is not here yet"))
}
