//! The command language and the usual utilities of a POSIX system, over the kernel's processes and files.
//!
//! Reading order: [`language`] (the shell itself), [`utilities`] (cat, grep, sed …).

#![warn(missing_docs)]

mod format;
pub mod language;

pub mod utilities;

use essaim_kernel::Program;

/// Every program of this crate.
pub fn programs() -> Vec<Program> {
    let mut all = language::PROGRAMS.to_vec();
    all.extend_from_slice(utilities::PROGRAMS);
    all
}
