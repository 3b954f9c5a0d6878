//! The usual utilities.

use essaim_kernel::Program;

/// Every utility, by name.
pub const PROGRAMS: &[Program] = &[];
