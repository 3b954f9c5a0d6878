//! A real folder, for `--root`. Symbolic links are never followed here: the kernel resolves them itself, inside the
//! machine, so that none leads out of the folder.

use essaim_kernel::files::{HostFiles, Metadata};
use essaim_kernel::{Errno, FileKind, Time};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// `open(2)` fails on a symbolic link instead of following it.
#[cfg(target_os = "macos")]
const NO_FOLLOW: i32 = 0x100;
/// `open(2)` fails on a symbolic link instead of following it.
#[cfg(not(target_os = "macos"))]
const NO_FOLLOW: i32 = 0o400_000;

/// The folder.
#[derive(Clone, Debug)]
pub struct RealFolder {
    root: PathBuf,
}

impl RealFolder {
    /// The folder at this canonical path.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, relative: &[u8]) -> PathBuf {
        if relative.is_empty() {
            return self.root.clone();
        }
        self.root.join(Path::new(OsStr::from_bytes(relative)))
    }
}

impl HostFiles for RealFolder {
    fn metadata(&self, path: &[u8]) -> Result<Metadata, Errno> {
        let found = fs::symlink_metadata(self.path(path)).map_err(errno)?;
        let kind = match found.file_type() {
            kind if kind.is_dir() => FileKind::Directory,
            kind if kind.is_symlink() => FileKind::Symlink,
            _ => FileKind::File,
        };
        let time = |seconds: i64, nanos: i64| Time(seconds.saturating_mul(1_000_000_000).saturating_add(nanos));
        Ok(Metadata {
            kind,
            mode: found.mode() & 0o7777,
            size: found.size(),
            mtime: time(found.mtime(), found.mtime_nsec()),
            ctime: time(found.ctime(), found.ctime_nsec()),
            ino: found.ino(),
            nlink: found.nlink() as u32,
        })
    }

    fn read(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(NO_FOLLOW)
            .open(self.path(path))
            .map_err(errno)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(errno)?;
        Ok(content)
    }

    fn write(&self, path: &[u8], content: &[u8], mode: u32) -> Result<(), Errno> {
        let path = self.path(path);
        let is_new = fs::symlink_metadata(&path).is_err();
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .custom_flags(NO_FOLLOW)
            .open(&path)
            .map_err(errno)?;
        file.write_all(content).map_err(errno)?;
        if is_new {
            // The machine's mask was applied already; this process' own must not be.
            file.set_permissions(fs::Permissions::from_mode(mode)).map_err(errno)?;
        }
        Ok(())
    }

    fn read_dir(&self, path: &[u8]) -> Result<Vec<Vec<u8>>, Errno> {
        let entries = fs::read_dir(self.path(path)).map_err(errno)?;
        entries
            .map(|entry| entry.map(|entry| entry.file_name().into_vec()).map_err(errno))
            .collect()
    }

    fn create_dir(&self, path: &[u8], mode: u32) -> Result<(), Errno> {
        let path = self.path(path);
        fs::DirBuilder::new().mode(mode).create(&path).map_err(errno)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(errno)
    }

    fn remove_file(&self, path: &[u8]) -> Result<(), Errno> {
        fs::remove_file(self.path(path)).map_err(errno)
    }

    fn remove_dir(&self, path: &[u8]) -> Result<(), Errno> {
        fs::remove_dir(self.path(path)).map_err(errno)
    }

    fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Errno> {
        fs::rename(self.path(from), self.path(to)).map_err(errno)
    }

    fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno> {
        std::os::unix::fs::symlink(OsStr::from_bytes(target), self.path(path)).map_err(errno)
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let target = fs::read_link(self.path(path)).map_err(errno)?;
        Ok(target.into_os_string().into_vec())
    }

    fn hard_link(&self, existing: &[u8], path: &[u8]) -> Result<(), Errno> {
        fs::hard_link(self.path(existing), self.path(path)).map_err(errno)
    }

    fn set_mode(&self, path: &[u8], mode: u32) -> Result<(), Errno> {
        let path = self.path(path);
        if fs::symlink_metadata(&path).map_err(errno)?.is_symlink() {
            return Err(Errno::Loop);
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(errno)
    }

    fn set_mtime(&self, path: &[u8], mtime: Time) -> Result<(), Errno> {
        let file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(NO_FOLLOW)
            .open(self.path(path))
            .map_err(errno)?;
        let seconds = Duration::from_secs(mtime.secs().unsigned_abs());
        let whole = match mtime.secs() {
            0.. => SystemTime::UNIX_EPOCH + seconds,
            _ => SystemTime::UNIX_EPOCH - seconds,
        };
        let time = whole + Duration::from_nanos(u64::from(mtime.subsec_nanos()));
        file.set_times(fs::FileTimes::new().set_modified(time)).map_err(errno)
    }
}

/// The errors of POSIX by their Linux numbers.
fn errno(error: io::Error) -> Errno {
    match error.raw_os_error() {
        Some(1) => Errno::NotPermitted,
        Some(2) => Errno::NoEntry,
        Some(9) => Errno::BadDescriptor,
        Some(11) => Errno::Again,
        Some(13 | 30) => Errno::Access,
        Some(17) => Errno::Exists,
        Some(18) => Errno::CrossDevice,
        Some(20) => Errno::NotDirectory,
        Some(21) => Errno::IsDirectory,
        Some(22) => Errno::Invalid,
        Some(27) => Errno::TooLarge,
        Some(28) => Errno::NoSpace,
        Some(36) => Errno::NameTooLong,
        Some(39) => Errno::NotEmpty,
        Some(40) => Errno::Loop,
        _ => Errno::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_and_never_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::write(outside.path(), "secret").unwrap();
        let files = RealFolder::new(folder.path().to_owned());
        files.symlink(outside.path().as_os_str().as_bytes(), b"link").unwrap();
        assert_eq!(files.metadata(b"link").unwrap().kind, FileKind::Symlink);
        assert_eq!(files.read(b"link"), Err(Errno::Loop));
        assert_eq!(files.write(b"link", b"x", 0o644), Err(Errno::Loop));
        assert_eq!(files.set_mode(b"link", 0o777), Err(Errno::Loop));
        assert_eq!(fs::read_to_string(outside.path()).unwrap(), "secret");
    }

    #[test]
    fn files_are_written_with_the_mode_and_time_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let files = RealFolder::new(folder.path().to_owned());
        files.create_dir(b"d", 0o700).unwrap();
        files.write(b"d/f", b"text", 0o755).unwrap();
        files.set_mtime(b"d/f", Time::from_secs(1_000_000)).unwrap();
        let found = files.metadata(b"d/f").unwrap();
        assert_eq!(
            (found.mode, found.size, found.mtime),
            (0o755, 4, Time::from_secs(1_000_000))
        );
        assert_eq!(files.read_dir(b"d").unwrap(), [b"f".to_vec()]);
        assert_eq!(files.remove_dir(b"d"), Err(Errno::NotEmpty));
        assert_eq!(files.metadata(b"none"), Err(Errno::NoEntry));
    }
}
