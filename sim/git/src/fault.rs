//! How a command fails: Git's own message and exit code.

use crate::cat;
use essaim_kernel::Errno;

/// A failure that ends a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `fatal: …`, exit code 128.
    Fatal(Vec<u8>),
    /// `error: …` and an exit code.
    Error(Vec<u8>, u8),
    /// Text for standard error as it stands, and an exit code.
    Plain(Vec<u8>, u8),
    /// Everything was said already.
    Exit(u8),
}

impl Fault {
    /// `fatal: MESSAGE`.
    pub fn fatal(message: impl AsRef<[u8]>) -> Self {
        Self::Fatal(message.as_ref().to_vec())
    }

    /// `error: MESSAGE`, exit code 1.
    pub fn error(message: impl AsRef<[u8]>) -> Self {
        Self::Error(message.as_ref().to_vec(), 1)
    }

    /// A file could not be used: `fatal: WHAT 'PATH': REASON`.
    pub fn file(what: &str, path: &[u8], errno: Errno) -> Self {
        Self::Fatal(cat![what, " '", path, "': ", errno.to_string()])
    }

    /// Something real Git can do and this engine cannot.
    pub fn gap(what: impl AsRef<[u8]>) -> Self {
        Self::Plain(
            cat!["git: ", what.as_ref(), " exists in Git 2.47, not simulated here\n"],
            1,
        )
    }

    /// What goes to standard error, and the exit code.
    pub fn render(&self) -> (Vec<u8>, u8) {
        match self {
            Self::Fatal(message) => (cat!["fatal: ", message, "\n"], 128),
            Self::Error(message, code) => (cat!["error: ", message, "\n"], *code),
            Self::Plain(text, code) => (text.clone(), *code),
            Self::Exit(code) => (Vec::new(), *code),
        }
    }

    /// The message alone.
    pub fn message(&self) -> &[u8] {
        match self {
            Self::Fatal(message) | Self::Error(message, _) | Self::Plain(message, _) => message,
            Self::Exit(_) => b"",
        }
    }
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Fatal(errno.to_string().into_bytes())
    }
}

/// The result of anything that may end a command.
pub type Result<T> = core::result::Result<T, Fault>;
