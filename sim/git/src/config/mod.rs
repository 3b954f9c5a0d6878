//! Configuration: [`read`] understands a file, this module finds the files with their includes and types the values,
//! [`write`] changes a file as `git config` does.

mod read;
mod write;

use crate::bytes::split_once;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::wildmatch::{CASEFOLD, PATHNAME, wildmatch};
use essaim_kernel::Files;
use essaim_kernel::files::path;
use essaim_kernel::process::Environment;
pub use read::parse;
pub use write::{Change, ChangeError, change, change_commented, copy_section, rename_section, section_header};

/// Where a value comes from; later scopes win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `/etc/gitconfig`.
    System,
    /// `~/.gitconfig` and `$XDG_CONFIG_HOME/git/config`.
    Global,
    /// `.git/config`.
    Local,
    /// `-c` and `GIT_CONFIG_COUNT`.
    Command,
}

impl Scope {
    /// The name `git config --show-scope` prints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Global => "global",
            Self::Local => "local",
            Self::Command => "command",
        }
    }
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `section.subsection.key`, section and key in lower case.
    pub key: Vec<u8>,
    /// `None`: the key stands alone, which is true.
    pub value: Option<Vec<u8>>,
    /// Where it comes from.
    pub scope: Scope,
    /// `file:PATH`, `command line:`.
    pub origin: Vec<u8>,
    /// Where in the file's text the setting's line begins and ends.
    pub span: (usize, usize),
}

/// All settings in force, in the order they were read.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The settings.
    pub entries: Vec<Entry>,
}

/// Includes within includes (Git: 10).
const INCLUDE_DEPTH_MAX: usize = 10;

/// Section and key in lower case, the subsection as it is. `None`: not a valid key.
pub fn canonical_key(key: &[u8]) -> Option<Vec<u8>> {
    let last = key.iter().rposition(|b| *b == b'.')?;
    let first = key.iter().position(|b| *b == b'.')?;
    let (section, name) = (&key[..first], &key[last + 1..]);
    let valid_name = name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let valid_section = !section.is_empty() && section.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    if !valid_name || !valid_section || key[first..last].contains(&b'\n') {
        return None;
    }
    Some(cat![
        section.to_ascii_lowercase(),
        key[first..=last],
        name.to_ascii_lowercase()
    ])
}

/// The files of the global scope, the later one winning.
pub fn global_paths(env: &Environment) -> Vec<Vec<u8>> {
    if let Some(path) = env.get(b"GIT_CONFIG_GLOBAL".as_slice()) {
        return vec![path.clone()];
    }
    let home = env.get(b"HOME".as_slice());
    let xdg = match env.get(b"XDG_CONFIG_HOME".as_slice()) {
        Some(dir) if !dir.is_empty() => Some(cat![dir, "/git/config"]),
        _ => home.map(|home| cat![home, "/.config/git/config"]),
    };
    xdg.into_iter()
        .chain(home.map(|home| cat![home, "/.gitconfig"]))
        .collect()
}

impl Config {
    /// Reads the settings that apply: global, then the repository's, then the command line's.
    pub fn load(files: &Files, env: &Environment, git_dir: Option<&[u8]>, overrides: &[Vec<u8>]) -> Result<Self> {
        let mut config = Self::default();
        for path in global_paths(env) {
            config.read_file(files, &path, &path, Scope::Global, git_dir, env, 0)?;
        }
        if let Some(git_dir) = git_dir {
            let path = cat![git_dir, "/config"];
            config.read_file(files, &path, b".git/config", Scope::Local, Some(git_dir), env, 0)?;
        }
        config.read_environment(env)?;
        for text in overrides {
            let (key, value) = match split_once(text, b'=') {
                Some((key, value)) => (key, Some(value.to_vec())),
                None => (text.as_slice(), None),
            };
            config.push_command(key, value)?;
        }
        Ok(config)
    }

    fn read_environment(&mut self, env: &Environment) -> Result<()> {
        let count = env
            .get(b"GIT_CONFIG_COUNT".as_slice())
            .and_then(|text| crate::bytes::parse_number::<usize>(text))
            .unwrap_or(0);
        for at in 0..count.min(1000) {
            let get = |what: &str| env.get(format!("GIT_CONFIG_{what}_{at}").as_bytes()).cloned();
            match (get("KEY"), get("VALUE")) {
                (Some(key), Some(value)) => self.push_command(&key, Some(value))?,
                (None, _) => return Err(Fault::fatal(format!("missing config key GIT_CONFIG_KEY_{at}"))),
                (_, None) => return Err(Fault::fatal(format!("missing config value GIT_CONFIG_VALUE_{at}"))),
            }
        }
        Ok(())
    }

    fn push_command(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<()> {
        let Some(canonical) = canonical_key(key) else {
            let message = match key.contains(&b'.') {
                true => cat!["invalid key: ", key],
                false => cat!["key does not contain a section: ", key],
            };
            let text = cat!["error: ", message, "\nfatal: unable to parse command-line config\n"];
            return Err(Fault::Plain(text, 128));
        };
        self.entries.push(Entry {
            key: canonical,
            value,
            scope: Scope::Command,
            origin: b"command line:".to_vec(),
            span: (0, 0),
        });
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one recursive reader; a struct would only rename them"
    )]
    fn read_file(
        &mut self,
        files: &Files,
        at: &[u8],
        shown: &[u8],
        scope: Scope,
        git_dir: Option<&[u8]>,
        env: &Environment,
        depth: usize,
    ) -> Result<()> {
        let Ok(text) = files.read(at) else { return Ok(()) };
        for mut entry in parse(&text, shown)? {
            entry.scope = scope;
            let include = match entry.value.as_ref() {
                Some(value) if includes(&entry.key, files, git_dir, env) => Some(value.clone()),
                _ => None,
            };
            self.entries.push(entry);
            if let Some(target) = include {
                let target = expand_home(&target, env);
                let full = path::join(path::parent(at), &target);
                // It is named as seen from the file that includes it.
                let target = match target.starts_with(b"/") {
                    true => target,
                    false => cat![path::parent(shown), "/", target],
                };
                if depth >= INCLUDE_DEPTH_MAX {
                    return Err(Fault::fatal(cat![
                        "exceeded maximum include depth (10) while including\n\t",
                        target,
                        "\nfrom\n\t",
                        shown,
                        "\nThis might be due to circular includes."
                    ]));
                }
                self.read_file(files, &full, &target, scope, git_dir, env, depth + 1)?;
            }
        }
        Ok(())
    }

    /// The last value of a key. `Some(None)`: set without a value.
    pub fn raw(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let canonical = canonical_key(key)?;
        let entry = self.entries.iter().rev().find(|entry| entry.key == canonical)?;
        Some(entry.value.as_deref())
    }

    /// The last value of a key as text; empty when it is set without one.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.raw(key.as_ref()).map(Option::unwrap_or_default)
    }

    /// All values of a key.
    pub fn get_all(&self, key: impl AsRef<[u8]>) -> Vec<&[u8]> {
        let Some(canonical) = canonical_key(key.as_ref()) else {
            return Vec::new();
        };
        let same = self.entries.iter().filter(|entry| entry.key == canonical);
        same.map(|entry| entry.value.as_deref().unwrap_or_default()).collect()
    }

    /// A truth value; a malformed one is fatal.
    pub fn bool(&self, key: &str) -> Result<Option<bool>> {
        match self.raw(key.as_bytes()) {
            None => Ok(None),
            Some(value) => parse_bool(value).map(Some).ok_or_else(|| {
                let value = value.unwrap_or_default();
                Fault::fatal(cat![
                    "bad boolean config value '",
                    value,
                    "' for '",
                    key.to_ascii_lowercase(),
                    "'"
                ])
            }),
        }
    }

    /// A truth value with a default; a malformed one counts as the default.
    pub fn bool_or(&self, key: &str, default: bool) -> bool {
        self.bool(key).ok().flatten().unwrap_or(default)
    }

    /// A number, with Git's `k`, `m`, `g` units.
    pub fn int(&self, key: &str) -> Result<Option<i64>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => parse_int(value).map(Some).ok_or_else(|| {
                let key = key.to_ascii_lowercase();
                Fault::fatal(cat![
                    "bad numeric config value '",
                    value,
                    "' for '",
                    key,
                    "': invalid unit"
                ])
            }),
        }
    }

    /// Whether advice of this name is to be printed (`advice.NAME`).
    pub fn advice(&self, name: &str) -> bool {
        self.bool_or(&format!("advice.{name}"), true)
    }

    /// The subsections of a section: `remote` gives the remotes' names.
    pub fn subsections(&self, section: &str) -> Vec<Vec<u8>> {
        let prefix = cat![section, "."];
        let mut names: Vec<Vec<u8>> = Vec::new();
        for entry in &self.entries {
            let Some(rest) = entry.key.strip_prefix(prefix.as_slice()) else {
                continue;
            };
            if let Some(dot) = rest.iter().rposition(|b| *b == b'.') {
                let name = rest[..dot].to_vec();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

/// Whether a key includes another file here and now.
fn includes(key: &[u8], files: &Files, git_dir: Option<&[u8]>, env: &Environment) -> bool {
    if key == b"include.path" {
        return true;
    }
    let condition = key
        .strip_prefix(b"includeif.")
        .and_then(|rest| rest.strip_suffix(b".path"));
    let (Some(condition), Some(git_dir)) = (condition, git_dir) else {
        return false;
    };
    let matches = |pattern: &[u8], text: &[u8], flags| {
        let all: &[u8] = if pattern.ends_with(b"/") { b"**" } else { b"" };
        wildmatch(&cat![pattern, all], text, flags | PATHNAME)
    };
    let in_folder = |pattern: &[u8], flags| {
        let pattern = expand_home(pattern, env);
        let anywhere: &[u8] = if pattern.starts_with(b"/") { b"" } else { b"**/" };
        matches(&cat![anywhere, pattern], git_dir, flags)
    };
    if let Some(pattern) = condition.strip_prefix(b"gitdir:") {
        return in_folder(pattern, 0);
    }
    if let Some(pattern) = condition.strip_prefix(b"gitdir/i:") {
        return in_folder(pattern, CASEFOLD);
    }
    if let Some(pattern) = condition.strip_prefix(b"onbranch:") {
        let head = files.read(&cat![git_dir, "/HEAD"]).unwrap_or_default();
        let branch = head.strip_prefix(b"ref: refs/heads/");
        return branch.is_some_and(|name| matches(pattern, name.trim_ascii_end(), 0));
    }
    if let Some(pattern) = condition.strip_prefix(b"hasconfig:remote.*.url:") {
        let text = files.read(&cat![git_dir, "/config"]).unwrap_or_default();
        let entries = parse(&text, b"").unwrap_or_default();
        let is_url = |entry: &&Entry| entry.key.starts_with(b"remote.") && entry.key.ends_with(b".url");
        return entries
            .iter()
            .filter(is_url)
            .any(|entry| matches(pattern, entry.value.as_deref().unwrap_or_default(), 0));
    }
    false
}

/// `~/x` from `$HOME`.
pub fn expand_home(text: &[u8], env: &Environment) -> Vec<u8> {
    match (text.strip_prefix(b"~/"), env.get(b"HOME".as_slice())) {
        (Some(rest), Some(home)) => cat![home, "/", rest],
        _ => text.to_vec(),
    }
}

/// Git's truth values.
pub fn parse_bool(value: Option<&[u8]>) -> Option<bool> {
    let Some(value) = value else { return Some(true) };
    match value.to_ascii_lowercase().as_slice() {
        b"true" | b"yes" | b"on" => Some(true),
        b"false" | b"no" | b"off" | b"" => Some(false),
        number => parse_int(number).map(|number| number != 0),
    }
}

/// A number with an optional unit.
pub fn parse_int(value: &[u8]) -> Option<i64> {
    let (digits, unit) = match value.last()?.to_ascii_lowercase() {
        b'k' => (&value[..value.len() - 1], 1 << 10),
        b'm' => (&value[..value.len() - 1], 1 << 20),
        b'g' => (&value[..value.len() - 1], 1 << 30),
        _ => (value, 1),
    };
    crate::bytes::parse_number::<i64>(digits)?.checked_mul(unit)
}
