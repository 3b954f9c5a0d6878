//! References: loose files, `packed-refs`, symbolic `HEAD`, and their logs.

use crate::bytes::{find, lines, split_once};
use crate::cat;
use crate::fault::{Fault, Result};
use crate::object::Signature;
use crate::oid::Oid;
use essaim_kernel::Files;
use essaim_kernel::IntoTree;
use essaim_kernel::files::path;
use std::collections::BTreeMap;

/// What a reference holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An object.
    Direct(Oid),
    /// Another reference.
    Symbolic(Vec<u8>),
}

/// A reference with the object it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// The full name: `refs/heads/main`.
    pub name: Vec<u8>,
    /// The object.
    pub oid: Oid,
    /// The reference it points to, when it is symbolic.
    pub symbolic: Option<Vec<u8>>,
}

/// A line of a reference's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Before.
    pub old: Oid,
    /// After.
    pub new: Oid,
    /// Who, and when.
    pub who: Signature,
    /// `commit: …`, `checkout: moving from …`.
    pub message: Vec<u8>,
}

/// Symbolic references followed (Git: 5).
const DEPTH_MAX: usize = 5;

/// A change of one reference.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// The full name, `HEAD` included.
    pub name: &'a [u8],
    /// The new value.
    pub new: Oid,
    /// The value it must have now; the null id: it must not exist. `None`: whatever.
    pub old: Option<Oid>,
    /// For the log.
    pub message: &'a [u8],
    /// For the log.
    pub who: &'a Signature,
    /// Changes a symbolic reference itself (and detaches `HEAD`).
    pub no_deref: bool,
    /// Begins a log where there would be none.
    pub create_log: bool,
}

/// The references of one repository.
#[derive(Clone, Debug)]
pub struct Refs {
    /// The `.git` folder.
    pub git_dir: Vec<u8>,
    /// `core.logAllRefUpdates` (by default: a repository with a working tree).
    pub log_all: bool,
}

impl Refs {
    fn file(&self, name: &[u8]) -> Vec<u8> {
        cat![self.git_dir, "/", name]
    }

    /// Where the log of a reference lies.
    pub fn log_path(&self, name: &[u8]) -> Vec<u8> {
        cat![self.git_dir, "/logs/", name]
    }

    /// What the reference itself holds.
    pub fn read(&self, files: &Files, name: &[u8]) -> Option<Target> {
        if let Ok(content) = files.read(&self.file(name)) {
            return parse_loose(&content);
        }
        self.packed(files).get(name).map(|oid| Target::Direct(*oid))
    }

    /// Follows symbolic references: the last name, and its object if it has one.
    pub fn resolve(&self, files: &Files, name: &[u8]) -> Option<(Vec<u8>, Option<Oid>)> {
        let mut name = name.to_vec();
        for depth in 0..DEPTH_MAX {
            match self.read(files, &name) {
                Some(Target::Direct(oid)) => return Some((name, Some(oid))),
                Some(Target::Symbolic(next)) => name = next,
                None if depth == 0 => return None,
                None => return Some((name, None)),
            }
        }
        None
    }

    /// The object a reference leads to.
    pub fn oid(&self, files: &Files, name: &[u8]) -> Option<Oid> {
        self.resolve(files, name)?.1
    }

    /// Whether the reference exists and leads to an object.
    pub fn exists(&self, files: &Files, name: &[u8]) -> bool {
        self.oid(files, name).is_some()
    }

    /// The branch `HEAD` points to (`refs/heads/main`), even where it has no commit yet; `None`: detached.
    pub fn head_branch(&self, files: &Files) -> Option<Vec<u8>> {
        match self.read(files, b"HEAD")? {
            Target::Symbolic(name) => Some(name),
            Target::Direct(_) => None,
        }
    }

    /// The commit of `HEAD`; `None`: no commit yet.
    pub fn head(&self, files: &Files) -> Option<Oid> {
        self.oid(files, b"HEAD")
    }

    /// `packed-refs`.
    pub fn packed(&self, files: &Files) -> BTreeMap<Vec<u8>, Oid> {
        let mut refs = BTreeMap::new();
        let Ok(text) = files.read(&self.file(b"packed-refs")) else {
            return refs;
        };
        for line in lines(&text) {
            if line.starts_with(b"#") || line.starts_with(b"^") {
                continue;
            }
            if let Some((hex, name)) = split_once(line, b' ')
                && let Some(oid) = Oid::from_hex(hex)
            {
                refs.insert(name.to_vec(), oid);
            }
        }
        refs
    }

    /// All references that begin with `prefix` (`refs/heads/`), sorted by name; those that lead nowhere are left out.
    pub fn list(&self, files: &Files, prefix: &[u8]) -> Vec<Ref> {
        let mut names: BTreeMap<Vec<u8>, ()> = self.packed(files).into_keys().map(|name| (name, ())).into_tree();
        self.collect_loose(files, b"refs", &mut names);
        let mut refs = Vec::new();
        for name in names.into_keys().filter(|name| name.starts_with(prefix)) {
            let symbolic = match self.read(files, &name) {
                Some(Target::Symbolic(target)) => Some(target),
                _ => None,
            };
            if let Some(oid) = self.oid(files, &name) {
                refs.push(Ref { name, oid, symbolic });
            }
        }
        refs
    }

    fn collect_loose(&self, files: &Files, name: &[u8], into: &mut BTreeMap<Vec<u8>, ()>) {
        for child in files.read_dir(&self.file(name)).unwrap_or_default() {
            let child = cat![name, "/", child];
            if files.is_dir(&self.file(&child)) {
                self.collect_loose(files, &child, into);
            } else if check_format(&child, false) && !child.ends_with(b".lock") {
                into.insert(child, ());
            }
        }
    }

    // ---- changing ----

    /// Changes a reference and writes the logs. The error is Git's own, without `fatal:`.
    pub fn update(&self, files: &mut Files, update: &Update<'_>) -> Result<()> {
        let name = match update.no_deref {
            true => update.name.to_vec(),
            false => self
                .resolve(files, update.name)
                .map_or(update.name.to_vec(), |(name, _)| name),
        };
        let current = match self.read(files, &name) {
            Some(Target::Direct(oid)) => Some(oid),
            Some(Target::Symbolic(_)) => self.oid(files, &name),
            None => None,
        };
        self.check_expected(update.name, current, update.old)?;
        self.check_conflict(files, &name)?;
        let old = current.unwrap_or(Oid::NULL);
        // A value that is there already is neither written nor logged; a log of `HEAD` above it is.
        let unchanged = self.read(files, &name) == Some(Target::Direct(update.new));
        if !unchanged {
            self.write_loose(files, &name, &cat![update.new.hex(), "\n"])?;
        }
        let entry = LogEntry {
            old,
            new: update.new,
            who: update.who.clone(),
            message: update.message.to_vec(),
        };
        let force = update.create_log;
        if !unchanged {
            self.append_log(files, &name, &entry, force)?;
        }
        if update.name != name.as_slice() {
            self.append_log(files, update.name, &entry, false)?;
        } else if name != b"HEAD" && self.head_branch(files).as_deref() == Some(&name) {
            self.append_log(files, b"HEAD", &entry, false)?;
        }
        Ok(())
    }

    /// Whether a reference has the value it is expected to have.
    pub fn check_expected(&self, name: &[u8], current: Option<Oid>, expected: Option<Oid>) -> Result<()> {
        let Some(expected) = expected else { return Ok(()) };
        let problem = match current {
            None if expected.is_null() => return Ok(()),
            Some(oid) if oid == expected => return Ok(()),
            None => cat!["unable to resolve reference '", name, "'"],
            Some(_) if expected.is_null() => b"reference already exists".to_vec(),
            Some(oid) => cat![format!("is at {oid} but expected {expected}")],
        };
        Err(Fault::fatal(cat!["cannot lock ref '", name, "': ", problem]))
    }

    /// A branch `a` and a branch `a/b` cannot both exist.
    pub fn check_conflict(&self, files: &Files, name: &[u8]) -> Result<()> {
        let below = cat![name, "/"];
        let inside = self.list(files, &below).into_iter().next();
        let above = (0..name.len())
            .filter(|at| name[*at] == b'/')
            .map(|at| &name[..at])
            .find(|prefix| self.exists(files, prefix));
        let other = match (&above, &inside) {
            (Some(prefix), _) => prefix.to_vec(),
            (None, Some(other)) => other.name.clone(),
            (None, None) => return Ok(()),
        };
        Err(Fault::fatal(cat![
            "cannot lock ref '",
            name,
            "': '",
            other,
            "' exists; cannot create '",
            name,
            "'"
        ]))
    }

    fn write_loose(&self, files: &mut Files, name: &[u8], content: &[u8]) -> Result<()> {
        let file = self.file(name);
        if files.is_dir(&file) {
            remove_empty_dirs(files, &file);
        }
        let parent = path::parent(&file).to_vec();
        files
            .create_dir_all(&parent)
            .and_then(|()| files.write(&file, content))
            .map_err(|errno| {
                Fault::fatal(cat![
                    "cannot lock ref '",
                    name,
                    "': Unable to create '",
                    file,
                    ".lock': ",
                    errno.to_string()
                ])
            })
    }

    /// Makes a reference symbolic (`git symbolic-ref`, `git switch`); a message is written to its log.
    pub fn set_symbolic(
        &self,
        files: &mut Files,
        name: &[u8],
        target: &[u8],
        log: Option<(&[u8], &Signature)>,
    ) -> Result<()> {
        let old = self.oid(files, name).unwrap_or(Oid::NULL);
        self.write_loose(files, name, &cat!["ref: ", target, "\n"])?;
        if let Some((message, who)) = log {
            let new = self.oid(files, name).unwrap_or(Oid::NULL);
            let entry = LogEntry {
                old,
                new,
                who: who.clone(),
                message: message.to_vec(),
            };
            if !new.is_null() {
                self.append_log(files, name, &entry, false)?;
            }
        }
        Ok(())
    }

    /// Removes a reference with its log. The caller checks whether it may go.
    pub fn delete(&self, files: &mut Files, name: &[u8]) -> Result<()> {
        let file = self.file(name);
        if files.symlink_metadata(&file).is_ok_and(|m| !m.is_dir()) {
            files.remove_file(&file)?;
        }
        self.remove_packed(files, name)?;
        self.delete_log(files, name);
        prune_upwards(files, &file, &self.file(b"refs"));
        Ok(())
    }

    fn remove_packed(&self, files: &mut Files, name: &[u8]) -> Result<()> {
        let file = self.file(b"packed-refs");
        let Ok(text) = files.read(&file) else { return Ok(()) };
        let mut out = Vec::new();
        let mut dropping = false;
        for line in lines(&text) {
            if !line.starts_with(b"^") {
                dropping = !line.starts_with(b"#") && split_once(line, b' ').is_some_and(|(_, other)| other == name);
            }
            if !dropping {
                out.extend_from_slice(&cat![line, "\n"]);
            }
        }
        if out != **text {
            files.write(&file, out)?;
        }
        Ok(())
    }

    /// Removes the log of a reference.
    pub fn delete_log(&self, files: &mut Files, name: &[u8]) {
        let log = self.log_path(name);
        if files.is_file(&log) && files.remove_file(&log).is_ok() {
            prune_upwards(files, &log, &self.file(b"logs"));
        }
    }

    // ---- logs ----

    /// Whether a reference has a log.
    pub fn has_log(&self, files: &Files, name: &[u8]) -> bool {
        files.is_file(&self.log_path(name))
    }

    /// The log of a reference, oldest first.
    pub fn log(&self, files: &Files, name: &[u8]) -> Vec<LogEntry> {
        let text = files.read(&self.log_path(name)).unwrap_or_default();
        lines(&text).filter_map(parse_log_line).collect()
    }

    /// Replaces the log of a reference.
    pub fn write_log(&self, files: &mut Files, name: &[u8], entries: &[LogEntry]) -> Result<()> {
        let mut text = Vec::new();
        for entry in entries {
            text.extend_from_slice(&log_line(entry));
        }
        files.write(&self.log_path(name), text)?;
        Ok(())
    }

    /// Appends to the log, where the reference has one or should have one.
    pub fn append_log(&self, files: &mut Files, name: &[u8], entry: &LogEntry, force: bool) -> Result<()> {
        let log = self.log_path(name);
        let wanted = force || self.log_all && should_log(name);
        if !files.is_file(&log) && !wanted {
            return Ok(());
        }
        if files.is_dir(&log) {
            remove_empty_dirs(files, &log);
        }
        let mut text = files.read(&log).map(|text| text.to_vec()).unwrap_or_default();
        text.extend_from_slice(&log_line(entry));
        let parent = path::parent(&log).to_vec();
        files.create_dir_all(&parent).and_then(|()| files.write(&log, text))?;
        Ok(())
    }
}

/// Whether updates of this reference are logged by default.
pub fn should_log(name: &[u8]) -> bool {
    name == b"HEAD"
        || [b"refs/heads/".as_slice(), b"refs/remotes/", b"refs/notes/"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

fn log_line(entry: &LogEntry) -> Vec<u8> {
    let message = squeeze(&entry.message);
    let tab = if message.is_empty() { "" } else { "\t" };
    cat![
        format!("{} {} ", entry.old, entry.new),
        entry.who.line(),
        tab,
        message,
        "\n"
    ]
}

/// One line without doubled spaces.
fn squeeze(message: &[u8]) -> Vec<u8> {
    let words = message.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(b" ".as_slice())
}

fn parse_log_line(line: &[u8]) -> Option<LogEntry> {
    let old = Oid::from_hex(line.get(..40)?)?;
    let new = Oid::from_hex(line.get(41..81)?)?;
    let rest = line.get(82..)?;
    let (who, message) = split_once(rest, b'\t').unwrap_or((rest, b""));
    Some(LogEntry {
        old,
        new,
        who: Signature::parse(who),
        message: message.to_vec(),
    })
}

fn parse_loose(content: &[u8]) -> Option<Target> {
    if let Some(rest) = content.strip_prefix(b"ref:") {
        return Some(Target::Symbolic(rest.trim_ascii().to_vec()));
    }
    Oid::from_hex(content.get(..40)?).map(Target::Direct)
}

fn remove_empty_dirs(files: &mut Files, directory: &[u8]) {
    for name in files.read_dir(directory).unwrap_or_default() {
        let child = cat![directory, "/", name];
        if files.is_dir(&child) {
            remove_empty_dirs(files, &child);
        }
    }
    // A directory that is not empty stays, and the write that follows reports it.
    let _ = files.remove_dir(directory);
}

/// Removes the directories above `file` that became empty, keeping `top` and its direct children.
fn prune_upwards(files: &mut Files, file: &[u8], top: &[u8]) {
    let mut directory = path::parent(file).to_vec();
    while directory.starts_with(top) && path::parent(&directory) != top && directory != top {
        if files.remove_dir(&directory).is_err() {
            return;
        }
        directory = path::parent(&directory).to_vec();
    }
}

/// Git's rules for reference names. `one_level` allows names without a slash.
pub fn check_format(name: &[u8], one_level: bool) -> bool {
    let components: Vec<&[u8]> = name.split(|b| *b == b'/').collect();
    let bad_byte =
        |b: &u8| *b < 0x20 || *b == 0x7f || matches!(b, b' ' | b'~' | b'^' | b':' | b'?' | b'*' | b'[' | b'\\');
    let good = |part: &&[u8]| {
        !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock") && !part.iter().any(bad_byte)
    };
    components.iter().all(good)
        && (one_level || components.len() > 1)
        && !name.ends_with(b".")
        && find(name, b"..").is_none()
        && find(name, b"@{").is_none()
        && name != b"@"
}

/// The short form of a full name: `refs/heads/main` is `main`.
pub fn shorten(name: &[u8]) -> &[u8] {
    for prefix in [b"refs/heads/".as_slice(), b"refs/tags/", b"refs/remotes/", b"refs/"] {
        if let Some(short) = name.strip_prefix(prefix) {
            return short;
        }
    }
    name
}
