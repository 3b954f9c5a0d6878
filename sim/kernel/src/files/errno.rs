//! File errors, in POSIX's own words.

use core::fmt;

/// Why a file operation failed. `Display` gives the text of `strerror(3)` in glibc's C locale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// No such file or directory.
    NoEntry,
    /// File exists.
    Exists,
    /// Not a directory.
    NotDirectory,
    /// Is a directory.
    IsDirectory,
    /// Directory not empty.
    NotEmpty,
    /// Permission denied.
    Access,
    /// Operation not permitted.
    NotPermitted,
    /// Too many levels of symbolic links.
    Loop,
    /// File name too long.
    NameTooLong,
    /// No space left on device.
    NoSpace,
    /// File too large.
    TooLarge,
    /// Invalid argument.
    Invalid,
    /// Invalid cross-device link.
    CrossDevice,
    /// Bad file descriptor.
    BadDescriptor,
    /// Resource temporarily unavailable.
    Again,
    /// Input/output error (what a mounted host folder reports and no other error names).
    Io,
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoEntry => "No such file or directory",
            Self::Exists => "File exists",
            Self::NotDirectory => "Not a directory",
            Self::IsDirectory => "Is a directory",
            Self::NotEmpty => "Directory not empty",
            Self::Access => "Permission denied",
            Self::NotPermitted => "Operation not permitted",
            Self::Loop => "Too many levels of symbolic links",
            Self::NameTooLong => "File name too long",
            Self::NoSpace => "No space left on device",
            Self::TooLarge => "File too large",
            Self::Invalid => "Invalid argument",
            Self::CrossDevice => "Invalid cross-device link",
            Self::BadDescriptor => "Bad file descriptor",
            Self::Again => "Resource temporarily unavailable",
            Self::Io => "Input/output error",
        })
    }
}

impl core::error::Error for Errno {}
