//! Configuration: reading Git's files with their includes, typed values, and writing as `git config` does.

use crate::bytes::{lossy, split_once};
use crate::cat;
use crate::fault::{Fault, Result};
use essaim_kernel::Files;
use essaim_kernel::files::path;
use essaim_kernel::process::Environment;

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
                Some(value) if includes(&entry.key, git_dir, env) => Some(value.clone()),
                _ => None,
            };
            self.entries.push(entry);
            if let Some(target) = include {
                if depth >= INCLUDE_DEPTH_MAX {
                    return Err(Fault::fatal(cat![
                        "exceeded maximum include depth (10) while including\n\t",
                        target
                    ]));
                }
                let target = expand_home(&target, env);
                let full = path::join(path::parent(at), &target);
                self.read_file(files, &full, &full, scope, git_dir, env, depth + 1)?;
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

fn includes(key: &[u8], git_dir: Option<&[u8]>, env: &Environment) -> bool {
    if key == b"include.path" {
        return true;
    }
    let Some(condition) = key
        .strip_prefix(b"includeif.")
        .and_then(|rest| rest.strip_suffix(b".path"))
    else {
        return false;
    };
    let (Some(pattern), Some(git_dir)) = (condition.strip_prefix(b"gitdir:"), git_dir) else {
        return false;
    };
    let mut pattern = expand_home(pattern, env);
    if !pattern.starts_with(b"/") {
        pattern = cat!["**/", pattern];
    }
    if pattern.ends_with(b"/") {
        pattern.extend_from_slice(b"**");
    }
    crate::wildmatch::wildmatch(&pattern, git_dir, crate::wildmatch::PATHNAME)
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

/// Reads the settings of a file's text; `shown` is its name in messages.
pub fn parse(text: &[u8], shown: &[u8]) -> Result<Vec<Entry>> {
    let mut parser = Parser {
        text,
        at: if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 },
        line: 1,
    };
    let mut entries = Vec::new();
    let mut section: Option<Vec<u8>> = None;
    loop {
        parser.skip_blank();
        let start = parser.at;
        let Some(byte) = parser.peek() else { return Ok(entries) };
        let done = match byte {
            b'#' | b';' => {
                parser.skip_line();
                Some(())
            }
            b'[' => parser.section().map(|name| section = Some(name)),
            _ => parser.setting().and_then(|(key, value)| {
                let key = cat![section.as_ref()?, ".", key];
                entries.push(Entry {
                    key,
                    value,
                    scope: Scope::Local,
                    origin: cat!["file:", shown],
                    span: (start, parser.at),
                });
                Some(())
            }),
        };
        if done.is_none() {
            let message = format!("bad config line {} in file {}", parser.line, lossy(shown));
            return Err(Fault::fatal(message));
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let mut byte = self.peek()?;
        self.at += 1;
        if byte == b'\r' && self.peek() == Some(b'\n') {
            self.at += 1;
            byte = b'\n';
        }
        if byte == b'\n' {
            self.line += 1;
        }
        Some(byte)
    }

    /// What should have ended did not: the error is the line's whose end was just read.
    fn incomplete_line<T>(&mut self) -> Option<T> {
        self.line -= 1;
        None
    }

    fn skip_blank(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.next();
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|b| b != b'\n') {
            self.at += 1;
        }
    }

    /// `[name]`, `[name.sub]`, `[name "sub"]`.
    fn section(&mut self) -> Option<Vec<u8>> {
        self.next();
        let mut name = Vec::new();
        loop {
            match self.next()? {
                b']' => return Some(name),
                b' ' | b'\t' => break,
                b'\n' => return self.incomplete_line(),
                byte if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' => {
                    name.push(byte.to_ascii_lowercase());
                }
                _ => return None,
            }
        }
        while matches!(self.peek()?, b' ' | b'\t') {
            self.next();
        }
        if self.next()? != b'"' {
            return None;
        }
        name.push(b'.');
        loop {
            match self.next()? {
                b'\n' => return self.incomplete_line(),
                b'"' => break,
                b'\\' => match self.next()? {
                    b'\n' => return self.incomplete_line(),
                    byte => name.push(byte),
                },
                byte => name.push(byte),
            }
        }
        (self.next()? == b']').then_some(name)
    }

    fn setting(&mut self) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let mut key = Vec::new();
        if !self.peek()?.is_ascii_alphabetic() {
            return None;
        }
        while let Some(byte) = self.peek() {
            if !byte.is_ascii_alphanumeric() && byte != b'-' {
                break;
            }
            key.push(byte.to_ascii_lowercase());
            self.at += 1;
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        match self.next() {
            None | Some(b'\n') => Some((key, None)),
            Some(b'=') => Some((key, Some(self.value()?))),
            Some(_) => None,
        }
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        // Spaces are only kept when something follows them.
        let mut spaces = Vec::new();
        let mut quoted = false;
        loop {
            let Some(byte) = self.next() else {
                return (!quoted).then_some(value);
            };
            match byte {
                b'\n' if quoted => return self.incomplete_line(),
                b'\n' => return Some(value),
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c if !quoted => {
                    if !value.is_empty() {
                        spaces.push(byte);
                    }
                    continue;
                }
                b'#' | b';' if !quoted => {
                    self.skip_line();
                    self.next();
                    return Some(value);
                }
                _ => {}
            }
            value.append(&mut spaces);
            match byte {
                b'"' => quoted = !quoted,
                b'\\' => match self.next()? {
                    b'\n' => {}
                    b't' => value.push(b'\t'),
                    b'b' => value.push(0x08),
                    b'n' => value.push(b'\n'),
                    byte @ (b'\\' | b'"') => value.push(byte),
                    _ => return None,
                },
                byte => value.push(byte),
            }
        }
    }
}

/// How to change a file of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Replace the value, or add the key. `Err(n)` where it has several.
    Set(&'a [u8]),
    /// Replace all values by one.
    ReplaceAll(&'a [u8]),
    /// Add one more.
    Add(&'a [u8]),
    /// Remove the only value.
    Unset,
    /// Remove all values.
    UnsetAll,
}

/// Why a change could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The key has several values.
    Multiple,
    /// The key is not set.
    Missing,
}

/// Changes a file's text as `git config` does. `matches` chooses among the values of the key, which is written as it
/// was typed.
pub fn change(
    text: &[u8],
    key: &[u8],
    change: Change<'_>,
    matches: &dyn Fn(&[u8]) -> bool,
) -> core::result::Result<Vec<u8>, ChangeError> {
    let entries = parse(text, b"").unwrap_or_default();
    let canonical = canonical_key(key).unwrap_or_else(|| key.to_vec());
    let found: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.key == canonical && matches(entry.value.as_deref().unwrap_or_default()))
        .collect();
    let new_value = match change {
        Change::Set(_) | Change::Unset if found.len() > 1 => return Err(ChangeError::Multiple),
        Change::Unset | Change::UnsetAll if found.is_empty() => return Err(ChangeError::Missing),
        Change::Set(value) | Change::ReplaceAll(value) | Change::Add(value) => Some(value),
        Change::Unset | Change::UnsetAll => None,
    };
    let replaced: Vec<(usize, usize)> = match change {
        Change::Add(_) => Vec::new(),
        _ => found.iter().map(|entry| entry.span).collect(),
    };
    let dot = key.iter().rposition(|b| *b == b'.').unwrap_or(0);
    let (section, name) = (&key[..dot], &key[dot + 1..]);
    let Some(value) = new_value else {
        return Ok(remove_spans(text, &replaced));
    };
    let line = cat!["\t", name, " = ", quote_value(value), "\n"];
    if let Some((last_start, last_end)) = replaced.last().copied() {
        let from = line_start(text, last_start);
        let mut new = Vec::new();
        let mut at = 0;
        for (start, end) in &replaced[..replaced.len() - 1] {
            new.extend_from_slice(&text[at..line_start(text, *start)]);
            at = *end;
        }
        new.extend_from_slice(&text[at..from]);
        new.extend_from_slice(&line);
        new.extend_from_slice(&text[last_end..]);
        return Ok(new);
    }
    Ok(insert_line(text, &entries, section, &line))
}

fn line_start(text: &[u8], at: usize) -> usize {
    let from = text[..at].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    // A key on its section's own line stays behind the section.
    if text[from..at].iter().all(|b| b.is_ascii_whitespace()) {
        from
    } else {
        at
    }
}

fn remove_spans(text: &[u8], spans: &[(usize, usize)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in spans {
        out.extend_from_slice(&text[at..line_start(text, *start)]);
        at = *end;
    }
    out.extend_from_slice(&text[at..]);
    drop_empty_section(&mut out, spans.is_empty());
    out
}

/// Git removes a section that a removal left empty, when no comment stands in it.
fn drop_empty_section(text: &mut Vec<u8>, unchanged: bool) {
    if unchanged {
        return;
    }
    let headers = section_headers(text);
    for (at, (start, end, _)) in headers.iter().enumerate().rev() {
        let next = headers.get(at + 1).map_or(text.len(), |header| header.0);
        if text[*end..next].iter().all(|b| b.is_ascii_whitespace()) {
            let from = line_start(text, *start);
            text.drain(from..next);
        }
    }
}

/// (start, end, canonical name) of each section header.
fn section_headers(text: &[u8]) -> Vec<(usize, usize, Vec<u8>)> {
    let mut parser = Parser { text, at: 0, line: 1 };
    let mut headers = Vec::new();
    loop {
        parser.skip_blank();
        let start = parser.at;
        match parser.peek() {
            None => return headers,
            Some(b'#' | b';') => parser.skip_line(),
            Some(b'[') => match parser.section() {
                Some(name) => headers.push((start, parser.at, name)),
                None => return headers,
            },
            Some(_) => {
                if parser.setting().is_none() {
                    return headers;
                }
            }
        }
    }
}

fn insert_line(text: &[u8], entries: &[Entry], section: &[u8], line: &[u8]) -> Vec<u8> {
    let headers = section_headers(text);
    // The subsection alone tells capital letters from small ones.
    let canonical = canonical_key(&cat![section, ".x"]).unwrap_or_default();
    let wanted = canonical.strip_suffix(b".x").unwrap_or(section);
    let Some(at) = headers.iter().rposition(|(_, _, name)| name == wanted) else {
        let mut new = text.to_vec();
        if !new.is_empty() && !new.ends_with(b"\n") {
            new.push(b'\n');
        }
        new.extend_from_slice(&cat![section_header(section), line]);
        return new;
    };
    let (start, end, _) = headers[at];
    let next = headers.get(at + 1).map_or(text.len(), |header| header.0);
    let last = entries
        .iter()
        .rev()
        .find(|entry| entry.span.0 >= start && entry.span.0 < next);
    let mut insert = last.map_or(end, |entry| entry.span.1);
    let mut new = text[..insert].to_vec();
    if last.is_none() {
        // Behind the header's own line end.
        if text.get(insert) == Some(&b'\n') {
            insert += 1;
        }
        new.push(b'\n');
    } else if !new.ends_with(b"\n") {
        new.push(b'\n');
    }
    new.extend_from_slice(line);
    new.extend_from_slice(&text[insert..]);
    new
}

/// `[section "sub"]` and a line feed.
pub fn section_header(section: &[u8]) -> Vec<u8> {
    match split_once(section, b'.') {
        None => cat!["[", section, "]\n"],
        Some((name, sub)) => {
            let mut quoted = Vec::new();
            for byte in sub {
                if matches!(byte, b'"' | b'\\') {
                    quoted.push(b'\\');
                }
                quoted.push(*byte);
            }
            cat!["[", name, " \"", quoted, "\"]\n"]
        }
    }
}

fn quote_value(value: &[u8]) -> Vec<u8> {
    let needs = value.first().is_some_and(|b| *b == b' ')
        || value.last().is_some_and(|b| *b == b' ')
        || value.iter().any(|b| matches!(b, b';' | b'#' | b'\r'));
    let mut out = Vec::new();
    if needs {
        out.push(b'"');
    }
    for byte in value {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            byte => out.push(*byte),
        }
    }
    if needs {
        out.push(b'"');
    }
    out
}

/// Repeats a section under another name, right behind it. `None`: it is not there.
pub fn copy_section(text: &[u8], from: &[u8], to: &[u8]) -> Option<Vec<u8>> {
    let headers = section_headers(text);
    let (mut out, mut copied) = (Vec::new(), false);
    let first = headers.first().map_or(text.len(), |header| header.0);
    out.extend_from_slice(&text[..first]);
    for (at, (start, end, name)) in headers.iter().enumerate() {
        let next = headers.get(at + 1).map_or(text.len(), |header| header.0);
        out.extend_from_slice(&text[*start..next]);
        if name == from {
            copied = true;
            out.extend_from_slice(section_header(to).strip_suffix(b"\n").unwrap_or_default());
            out.extend_from_slice(&text[*end..next]);
        }
    }
    copied.then_some(out)
}

/// Removes or renames a whole section (`git branch -d`, `-m`, `git config --remove-section`). `None`: it is not there.
pub fn rename_section(text: &[u8], from: &[u8], to: Option<&[u8]>) -> Option<Vec<u8>> {
    let headers = section_headers(text);
    if !headers.iter().any(|(_, _, name)| name == from) {
        return None;
    }
    let mut out = Vec::new();
    let mut at = 0;
    for (index, (start, end, name)) in headers.iter().enumerate() {
        if name != from {
            continue;
        }
        let next = headers.get(index + 1).map_or(text.len(), |header| header.0);
        out.extend_from_slice(&text[at..*start]);
        if let Some(to) = to {
            out.extend_from_slice(section_header(to).strip_suffix(b"\n").unwrap_or_default());
            out.extend_from_slice(&text[*end..next]);
        }
        at = next;
    }
    out.extend_from_slice(&text[at..]);
    Some(out)
}
