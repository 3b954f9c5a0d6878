//! Repositories that both write: what the real Git packed is read here, and a folder of the host is worked on in turns.
#![allow(clippy::unwrap_used)]

mod harness;

use essaim_kernel::files::{HostFiles, path};
use essaim_kernel::process::Environment;
use essaim_kernel::{Activity, Errno, FileKind, Machine, Metadata, Time};
use harness::{START, environment, live_git, machine};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// A folder of this machine.
struct Folder(PathBuf);

impl Folder {
    fn at(&self, path: &[u8]) -> PathBuf {
        self.0.join(OsStr::from_bytes(path))
    }
}

fn errno(error: std::io::Error) -> Errno {
    use std::io::ErrorKind::*;
    match error.kind() {
        NotFound => Errno::NoEntry,
        AlreadyExists => Errno::Exists,
        NotADirectory => Errno::NotDirectory,
        DirectoryNotEmpty => Errno::NotEmpty,
        IsADirectory => Errno::IsDirectory,
        _ => Errno::Io,
    }
}

impl HostFiles for Folder {
    fn metadata(&self, path: &[u8]) -> Result<Metadata, Errno> {
        let data = std::fs::symlink_metadata(self.at(path)).map_err(errno)?;
        let kind = if data.is_dir() {
            FileKind::Directory
        } else if data.is_symlink() {
            FileKind::Symlink
        } else {
            FileKind::File
        };
        let time = |seconds: i64, nanos: i64| Time(seconds * 1_000_000_000 + nanos);
        Ok(Metadata {
            kind,
            mode: data.mode() & 0o7777,
            size: data.size(),
            mtime: time(data.mtime(), data.mtime_nsec()),
            ctime: time(data.ctime(), data.ctime_nsec()),
            ino: data.ino(),
            nlink: data.nlink() as u32,
        })
    }
    fn read(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        std::fs::read(self.at(path)).map_err(errno)
    }
    fn write(&self, path: &[u8], content: &[u8], mode: u32) -> Result<(), Errno> {
        let at = self.at(path);
        let new = !at.exists();
        std::fs::write(&at, content).map_err(errno)?;
        if new { self.set_mode(path, mode) } else { Ok(()) }
    }
    fn read_dir(&self, path: &[u8]) -> Result<Vec<Vec<u8>>, Errno> {
        let entries = std::fs::read_dir(self.at(path)).map_err(errno)?;
        Ok(entries.map(|entry| entry.unwrap().file_name().into_vec()).collect())
    }
    fn create_dir(&self, path: &[u8], _: u32) -> Result<(), Errno> {
        std::fs::create_dir(self.at(path)).map_err(errno)
    }
    fn remove_file(&self, path: &[u8]) -> Result<(), Errno> {
        std::fs::remove_file(self.at(path)).map_err(errno)
    }
    fn remove_dir(&self, path: &[u8]) -> Result<(), Errno> {
        std::fs::remove_dir(self.at(path)).map_err(errno)
    }
    fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Errno> {
        std::fs::rename(self.at(from), self.at(to)).map_err(errno)
    }
    fn symlink(&self, target: &[u8], path: &[u8]) -> Result<(), Errno> {
        std::os::unix::fs::symlink(OsStr::from_bytes(target), self.at(path)).map_err(errno)
    }
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        std::fs::read_link(self.at(path))
            .map(|target| target.into_os_string().into_vec())
            .map_err(errno)
    }
    fn hard_link(&self, existing: &[u8], path: &[u8]) -> Result<(), Errno> {
        std::fs::hard_link(self.at(existing), self.at(path)).map_err(errno)
    }
    fn set_mode(&self, path: &[u8], mode: u32) -> Result<(), Errno> {
        std::fs::set_permissions(self.at(path), std::fs::Permissions::from_mode(mode)).map_err(errno)
    }
    fn set_mtime(&self, path: &[u8], mtime: Time) -> Result<(), Errno> {
        let file = std::fs::File::options()
            .write(true)
            .open(self.at(path))
            .map_err(errno)?;
        let since = std::time::Duration::from_nanos(mtime.0.unsigned_abs());
        file.set_modified(std::time::UNIX_EPOCH + since).map_err(errno)
    }
}

struct Both {
    machine: Machine,
    work: PathBuf,
    step: usize,
    _folder: tempfile::TempDir,
}

impl Both {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let work = root.join("work");
        std::fs::create_dir(&work).unwrap();
        let root_text = root.to_str().unwrap();
        let mut machine = machine(root_text);
        let at = work.as_os_str().as_bytes();
        machine.files_mut().mount(at, Arc::new(Folder(work.clone()))).unwrap();
        assert!(machine.files().is_dir(path::parent(at)));
        Self {
            machine,
            work,
            step: 0,
            _folder: folder,
        }
    }

    fn home(&self) -> String {
        self.work.parent().unwrap().to_str().unwrap().to_owned()
    }

    /// Runs a line in the real Git.
    fn real(&mut self, line: &str) -> String {
        self.step += 1;
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(&self.work)
            .env_clear()
            .envs(environment(&self.home(), self.step))
            .output()
            .unwrap();
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }

    /// Runs a line in the engine, on the same folder.
    fn engine(&mut self, line: &str) -> String {
        self.step += 1;
        self.machine.advance_to(Time::from_secs(START + 60 * self.step as i64));
        let env: Environment = environment(&self.home(), self.step)
            .into_iter()
            .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
            .collect();
        let args = vec![b"sh".to_vec(), b"-c".to_vec(), line.as_bytes().to_vec()];
        let process = self
            .machine
            .spawn_host(args, env, self.work.as_os_str().as_bytes().to_vec())
            .unwrap();
        self.machine.feed(process, b"", true);
        self.machine.begin_command();
        while self.machine.run(10_000) == Activity::Running {}
        let output: Vec<u8> = self
            .machine
            .take_output(process)
            .into_iter()
            .flat_map(|(_, bytes)| bytes)
            .collect();
        String::from_utf8_lossy(&output).into_owned()
    }

    /// The same line must say the same in both (it changes nothing).
    fn same(&mut self, line: &str) {
        let real = self.real(line);
        let engine = self.engine(line);
        assert_eq!(engine, real, "{line}");
    }
}

fn skipped() -> bool {
    let live = live_git();
    if !live {
        eprintln!("git is not 2.47.x here: skipped");
    }
    !live
}

#[test]
fn packs_of_the_real_git_are_read() {
    if skipped() {
        return;
    }
    let mut both = Both::new();
    both.real("git init -q -b main; seq 1 500 > long; mkdir -p a/b; echo x > a/b/c; git add .; git commit -qm one");
    for at in 2..12 {
        both.real(&format!(
            "seq {at} {} > long; git commit -qam 'number {at}'; git tag -a v{at} -m t{at}",
            500 + at
        ));
    }
    both.real("git gc -q --aggressive; git branch side HEAD~3");
    assert!(both.work.join(".git/packed-refs").exists());
    for line in [
        "git status",
        "git rev-list HEAD",
        "git cat-file -p HEAD~9:long | tail -1",
        "git ls-tree -r HEAD",
        "git rev-parse HEAD~5 v3 v3^{commit} side main~7:a/b",
        "git show-ref",
        "git tag -n",
        "git count-objects",
        "git cat-file --batch-check --batch-all-objects",
        "git branch -v --no-merged side",
        "git reflog",
        "git rev-parse --short HEAD",
        "git for-each-ref",
    ] {
        both.same(line);
    }
    both.engine("echo y > a/b/c; git commit -qam 'on top of a pack'; git branch -d side; git tag -d v4");
    both.same("git show-ref; git rev-list HEAD; git status -s");
    assert_eq!(both.real("git fsck --strict --no-dangling"), "");
}

#[test]
fn both_work_on_one_folder_in_turns() {
    if skipped() {
        return;
    }
    let mut both = Both::new();
    both.engine("git init -q -b main; echo a > a; echo b > b; git add .; git commit -qm one");
    both.same("git status; git log --oneline; git ls-files -s; git reflog");
    both.real("echo more >> a; git add a; git mv b c; git config branch.main.description x");
    both.same("git status; git status -s; git config --list --local");
    both.engine("git commit -qm two; git tag v1; git branch topic; chmod +x a; ln -s a l; git add l");
    both.same("git status; git ls-files -s; git show-ref; git log --oneline");
    both.real("git pack-refs --all; git update-index --index-version 4; git add -A; git commit -qm three");
    both.same("git status; git ls-files -s -t; git branch -av; git rev-parse HEAD^{tree}");
    assert_eq!(both.real("git fsck --strict --no-dangling"), "");
}
