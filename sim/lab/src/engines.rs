//! The engines, by the names that `lab.toml` uses.

use essaim_kernel::Engine;

/// Every engine of this program, by name.
pub const NAMES: &[&str] = &["git"];

/// The engine of that name.
pub fn by_name(name: &str) -> Option<Box<dyn Engine>> {
    match name {
        "git" => Some(Box::new(essaim_git::Git)),
        _ => None,
    }
}
