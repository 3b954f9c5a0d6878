//! The shell.

use essaim_kernel::Program;

/// `sh`, `bash` and `dash`.
pub const PROGRAMS: &[Program] = &[];
