//! `git config`.

mod values;

use super::Command;
use crate::cat;
use crate::cli::options::{Parsed, Syntax, parse, usage_error};
use crate::config::{self, Change, ChangeError, Config, Entry, Scope, canonical_key, global_paths};
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next, Outcome, Then};
use crate::regex::Regex;
use essaim_kernel::files::path;
use values::{check_type, comment, normalised, typed};

const USAGE: &str = include_str!("../../usage/config.txt");

/// What the older form prints.
const OPTIONS_USAGE: &str = include_str!("../../usage/config-options.txt");

pub(super) const COMMAND: Command = Command {
    name: "config",
    main,
    usage: USAGE,
    help_on_stderr: false,
    paged: false,
    supported: &[],
};

const WORKING: &[&str] = &[
    "global",
    "system",
    "local",
    "file",
    "get",
    "get-all",
    "get-regexp",
    "replace-all",
    "add",
    "append",
    "all",
    "regexp",
    "unset",
    "unset-all",
    "rename-section",
    "remove-section",
    "list",
    "edit",
    "type",
    "bool",
    "int",
    "path",
    "bool-or-int",
    "null",
    "name-only",
    "show-origin",
    "show-scope",
    "show-names",
    "value",
    "fixed-value",
    "default",
    "includes",
    "comment",
];

const SUBCOMMANDS: [(&str, &str); 7] = [
    ("list", include_str!("../../usage/config-list.txt")),
    ("get", include_str!("../../usage/config-get.txt")),
    ("set", include_str!("../../usage/config-set.txt")),
    ("unset", include_str!("../../usage/config-unset.txt")),
    ("rename-section", include_str!("../../usage/config-rename-section.txt")),
    ("remove-section", include_str!("../../usage/config-remove-section.txt")),
    ("edit", include_str!("../../usage/config-edit.txt")),
];

enum Action {
    List,
    Get { all: bool, regexp: bool },
    Set { replace_all: bool, add: bool },
    Unset { all: bool },
    RenameSection,
    RemoveSection,
    Edit,
}

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let sub = args
        .first()
        .and_then(|word| SUBCOMMANDS.iter().find(|(name, _)| name.as_bytes() == word));
    let syntax = Syntax {
        command: "config",
        usage: sub.map_or(OPTIONS_USAGE, |(_, usage)| usage),
        supported: WORKING,
        // What follows the key is a value, whatever it begins with.
        stop_at_argument: true,
        ..Syntax::default()
    };
    let parsed = parse(&syntax, if sub.is_some() { &args[1..] } else { args })?;
    check_type(&parsed)?;
    let action = match sub {
        Some((name, _)) => from_subcommand(name, &parsed),
        None => from_options(&parsed)?,
    };
    match action {
        Action::List => list(cx, &parsed),
        Action::Get { all, regexp } => get(cx, &parsed, all, regexp),
        Action::Set { replace_all, add } => set(cx, &parsed, replace_all, add),
        Action::Unset { all } => unset(cx, &parsed, all),
        Action::RenameSection => section(cx, &parsed, true),
        Action::RemoveSection => section(cx, &parsed, false),
        Action::Edit => edit(cx, &parsed),
    }
}

fn from_subcommand(name: &str, parsed: &Parsed) -> Action {
    match name {
        "list" => Action::List,
        "get" => Action::Get {
            all: parsed.has("all"),
            regexp: parsed.has("regexp"),
        },
        "set" => Action::Set {
            replace_all: parsed.has("all"),
            add: parsed.has("append"),
        },
        "unset" => Action::Unset { all: parsed.has("all") },
        "rename-section" => Action::RenameSection,
        "remove-section" => Action::RemoveSection,
        _ => Action::Edit,
    }
}

/// What an option asks for, and how many arguments go with it.
fn action_of(option: &str) -> (Action, usize, usize) {
    let get = |all, regexp| Action::Get { all, regexp };
    let set = |replace_all, add| Action::Set { replace_all, add };
    match option {
        "list" => (Action::List, 0, 0),
        "get" => (get(false, false), 1, 2),
        "get-all" => (get(true, false), 1, 2),
        "get-regexp" => (get(true, true), 1, 2),
        "add" => (set(false, true), 2, 2),
        "replace-all" => (set(true, false), 2, 3),
        "unset" => (Action::Unset { all: false }, 1, 2),
        "unset-all" => (Action::Unset { all: true }, 1, 2),
        "rename-section" => (Action::RenameSection, 0, usize::MAX),
        "remove-section" => (Action::RemoveSection, 0, usize::MAX),
        _ => (Action::Edit, 0, usize::MAX),
    }
}

fn from_options(parsed: &Parsed) -> Result<Action> {
    let actions = [
        "list",
        "get",
        "get-all",
        "get-regexp",
        "add",
        "replace-all",
        "unset",
        "unset-all",
        "rename-section",
        "remove-section",
        "edit",
    ];
    let chosen: Vec<&str> = actions.into_iter().filter(|name| parsed.has(name)).collect();
    match chosen.as_slice() {
        [] => match parsed.args.len() {
            1 => Ok(action_of("get").0),
            2 | 3 => Ok(Action::Set {
                replace_all: false,
                add: false,
            }),
            _ => Err(Fault::Error(b"no action specified".to_vec(), 129)),
        },
        [only] => {
            let (action, least, most) = action_of(only);
            check_count(parsed, least, most)?;
            Ok(action)
        }
        _ => Err(usage_error("only one action at a time", OPTIONS_USAGE)),
    }
}

fn check_count(parsed: &Parsed, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&parsed.args.len()) {
        return Ok(());
    }
    let message = if least == most {
        format!("wrong number of arguments, should be {least}")
    } else {
        format!("wrong number of arguments, should be from {least} to {most}")
    };
    Err(Fault::Error(message.into_bytes(), 129))
}

/// Where to read or write: an explicit file, or a scope.
enum Place {
    All,
    File {
        path: Vec<u8>,
        shown: Vec<u8>,
        scope: Scope,
    },
}

fn place(cx: &Cx<'_, '_>, parsed: &Parsed, writing: bool) -> Result<Place> {
    let chosen = ["global", "system", "local", "file"]
        .iter()
        .filter(|name| parsed.has(name))
        .count();
    if chosen > 1 {
        return Err(Fault::Error(b"only one config file at a time".to_vec(), 129));
    }
    if let Some(file) = parsed.value("file") {
        return Ok(Place::File {
            path: cx.io.path(file),
            shown: file.to_vec(),
            scope: Scope::Command,
        });
    }
    if parsed.has("system") {
        let path = b"/etc/gitconfig".to_vec();
        return Ok(Place::File {
            shown: path.clone(),
            path,
            scope: Scope::System,
        });
    }
    if parsed.has("global") {
        let paths = global_paths(cx.env());
        let Some(last) = paths.last() else {
            return Err(Fault::fatal("$HOME not set"));
        };
        let there = paths.iter().rev().find(|path| cx.files().exists(path));
        let path = there.unwrap_or(last).clone();
        return Ok(Place::File {
            shown: path.clone(),
            path,
            scope: Scope::Global,
        });
    }
    if parsed.has("local") || writing {
        let repo = cx.repo().map_err(|_| {
            let message = if parsed.has("local") {
                "--local can only be used inside a git repository"
            } else {
                "not in a git directory"
            };
            Fault::fatal(message)
        })?;
        return Ok(Place::File {
            path: repo.git_path("config"),
            shown: cat![repo.git_dir_shown, "/config"],
            scope: Scope::Local,
        });
    }
    Ok(Place::All)
}

fn entries(cx: &Cx<'_, '_>, parsed: &Parsed) -> Result<Vec<Entry>> {
    match place(cx, parsed, false)? {
        Place::All => match cx.repo() {
            Ok(repo) => Ok(repo.config.entries),
            // Outside a repository the user's own settings count; a file that cannot be read is told.
            Err(fault) if !fault.message().starts_with(b"not a git repository") => Err(fault),
            Err(_) => Ok(Config::load(cx.files(), cx.env(), None, &cx.global.config)?.entries),
        },
        Place::File { path, shown, scope } => {
            let Ok(text) = cx.files().read(&path) else {
                if parsed.has("list") || parsed.value("file").is_some() && parsed.has("list") {
                    let message = cat!["unable to read config file '", shown, "': No such file or directory"];
                    return Err(Fault::fatal(message));
                }
                return Ok(Vec::new());
            };
            let mut entries = config::parse(&text, &shown)?;
            for entry in &mut entries {
                entry.scope = scope;
            }
            Ok(entries)
        }
    }
}

/// Scope and origin columns, where they were asked for.
fn columns(parsed: &Parsed, entry: &Entry) -> Vec<u8> {
    let separator: &[u8] = if parsed.has("null") { b"\0" } else { b"\t" };
    let mut out = Vec::new();
    if parsed.has("show-scope") {
        out.extend_from_slice(&cat![entry.scope.name(), separator]);
    }
    if parsed.has("show-origin") {
        out.extend_from_slice(&cat![entry.origin, separator]);
    }
    out
}

fn list(cx: &mut Cx<'_, '_>, parsed: &Parsed) -> Result<Next> {
    let null = parsed.has("null");
    let (separator, end): (&[u8], &[u8]) = if null { (b"\n", b"\0") } else { (b"=", b"\n") };
    let mut out = Vec::new();
    for entry in entries(cx, parsed)? {
        out.extend_from_slice(&cat![columns(parsed, &entry), entry.key]);
        if let Some(value) = entry.value.as_ref().filter(|_| !parsed.has("name-only")) {
            out.extend_from_slice(&cat![separator, value]);
        }
        out.extend_from_slice(end);
    }
    cx.print(out);
    Ok(Next::Exit(0))
}

fn key_of(text: &[u8]) -> Result<Vec<u8>> {
    if let Some(key) = canonical_key(text) {
        return Ok(key);
    }
    let message = match text.iter().rposition(|b| *b == b'.') {
        None => cat!["key does not contain a section: ", text],
        Some(at) if at + 1 == text.len() => cat!["key does not contain variable name: ", text],
        Some(0) => cat!["key does not contain a section: ", text],
        Some(_) => cat!["invalid key: ", text],
    };
    Err(Fault::Error(
        message,
        if text.contains(&b'.') && !text.starts_with(b".") && !text.ends_with(b".") {
            1
        } else {
            2
        },
    ))
}

/// Which values are meant: `--value`, or the argument after the key.
fn matcher(parsed: &Parsed, position: usize) -> Result<impl Fn(&[u8]) -> bool + use<>> {
    let pattern = parsed
        .value("value")
        .or(parsed.args.get(position).map(Vec::as_slice))
        .map(<[u8]>::to_vec);
    let fixed = parsed.has("fixed-value");
    let (negated, text) = match pattern.as_ref().and_then(|text| text.strip_prefix(b"!")) {
        Some(rest) if !fixed => (true, Some(rest.to_vec())),
        _ => (false, pattern),
    };
    let regex = match &text {
        Some(text) if !fixed => {
            Some(Regex::extended(text, false).ok_or_else(|| Fault::Error(cat!["invalid pattern: ", text], 6))?)
        }
        _ => None,
    };
    Ok(move |value: &[u8]| match (&regex, &text) {
        (Some(regex), _) => regex.is_match(value) != negated,
        (None, Some(text)) => text == value,
        (None, None) => true,
    })
}

fn get(cx: &mut Cx<'_, '_>, parsed: &Parsed, all: bool, regexp: bool) -> Result<Next> {
    let old_form = ["get", "get-all", "get-regexp"].iter().any(|name| parsed.has(name)) || parsed.args.len() == 1;
    let name = match parsed.args.as_slice() {
        [name, ..] if old_form => name,
        _ => {
            return Err(Fault::Error(b"wrong number of arguments, should be 1".to_vec(), 129));
        }
    };
    let matches = matcher(parsed, 1)?;
    let wanted: Box<dyn Fn(&[u8]) -> bool> = if regexp {
        let regex = Regex::extended(&name.to_ascii_lowercase(), false)
            .ok_or_else(|| Fault::Error(cat!["invalid key pattern: ", name], 6))?;
        Box::new(move |key| regex.is_match(key))
    } else {
        let key = key_of(name).map_err(|fault| Fault::error(fault.message()))?;
        Box::new(move |other| other == key)
    };
    let found: Vec<Entry> = entries(cx, parsed)?
        .into_iter()
        .filter(|entry| wanted(&entry.key) && matches(entry.value.as_deref().unwrap_or_default()))
        .collect();
    let chosen = if all {
        found.as_slice()
    } else {
        &found[found.len().saturating_sub(1)..]
    };
    let end: &[u8] = if parsed.has("null") { b"\0" } else { b"\n" };
    let with_names = parsed.has("get-regexp") || parsed.has("show-names");
    let mut out = Vec::new();
    for entry in chosen {
        out.extend_from_slice(&columns(parsed, entry));
        if with_names || parsed.has("name-only") {
            out.extend_from_slice(&entry.key);
        }
        if !parsed.has("name-only") {
            let origin = entry.origin.strip_prefix(b"file:").unwrap_or_default();
            let value = typed(parsed, &entry.key, entry.value.as_deref(), cx, origin)?;
            if with_names && entry.value.is_some() {
                out.extend_from_slice(if parsed.has("null") { b"\n" } else { b" " });
            }
            out.extend_from_slice(&value);
        }
        out.extend_from_slice(end);
    }
    if chosen.is_empty() {
        let Some(default) = parsed.value("default").map(<[u8]>::to_vec) else {
            return Ok(Next::Exit(1));
        };
        let value = typed(parsed, name, Some(&default), cx, b"")?;
        out.extend_from_slice(&cat![value, end]);
    }
    cx.print(out);
    Ok(Next::Exit(0))
}

fn write_place(cx: &Cx<'_, '_>, parsed: &Parsed) -> Result<(Vec<u8>, Vec<u8>)> {
    match place(cx, parsed, true)? {
        Place::File { path, shown, .. } => Ok((path, shown)),
        Place::All => Err(Fault::fatal("not in a git directory")),
    }
}

fn save(cx: &mut Cx<'_, '_>, path: &[u8], text: Vec<u8>) -> Result<()> {
    let parent = path::parent(path).to_vec();
    cx.files_mut().create_dir_all(&parent)?;
    cx.files_mut().write(path, text)?;
    Ok(())
}

fn set(cx: &mut Cx<'_, '_>, parsed: &Parsed, replace_all: bool, add: bool) -> Result<Next> {
    let (Some(name), Some(value)) = (parsed.args.first(), parsed.args.get(1)) else {
        return Err(Fault::Error(b"wrong number of arguments, should be 2".to_vec(), 129));
    };
    let (path, _) = write_place(cx, parsed)?;
    let key = key_of(name)?;
    let value = normalised(parsed, &key, value, cx)?;
    let matches = matcher(parsed, 2)?;
    let text = cx.files().read(&path).unwrap_or_default();
    // It is written as it was typed.
    let change = match (replace_all, add) {
        (true, _) => Change::ReplaceAll(&value),
        (_, true) => Change::Add(&value),
        _ => Change::Set(&value),
    };
    let comment = comment(parsed)?;
    match config::change_commented(&text, name, change, &matches, &comment) {
        Ok(text) => {
            save(cx, &path, text)?;
            Ok(Next::Exit(0))
        }
        Err(ChangeError::Multiple) => {
            cx.eprint(cat!["warning: ", name, " has multiple values\n"]);
            cx.eprint("error: cannot overwrite multiple values with a single value\n");
            cx.eprint("       Use a regexp, --add or --replace-all to change ");
            cx.eprint(cat![name, ".\n"]);
            Ok(Next::Exit(5))
        }
        Err(ChangeError::Missing) => Ok(Next::Exit(5)),
    }
}

fn unset(cx: &mut Cx<'_, '_>, parsed: &Parsed, all: bool) -> Result<Next> {
    let Some(name) = parsed.args.first() else {
        return Err(Fault::Error(
            b"wrong number of arguments, should be from 1 to 2".to_vec(),
            129,
        ));
    };
    let (path, _) = write_place(cx, parsed)?;
    let key = key_of(name)?;
    let matches = matcher(parsed, 1)?;
    let text = cx.files().read(&path).unwrap_or_default();
    match config::change(
        &text,
        &key,
        if all { Change::UnsetAll } else { Change::Unset },
        &matches,
    ) {
        Ok(text) => {
            save(cx, &path, text)?;
            Ok(Next::Exit(0))
        }
        Err(ChangeError::Multiple) => {
            cx.eprint(cat!["warning: ", name, " has multiple values\n"]);
            Ok(Next::Exit(5))
        }
        Err(ChangeError::Missing) => Ok(Next::Exit(5)),
    }
}

fn section(cx: &mut Cx<'_, '_>, parsed: &Parsed, rename: bool) -> Result<Next> {
    let wanted = if rename { 2 } else { 1 };
    if parsed.args.len() != wanted {
        return Err(Fault::Error(
            format!("wrong number of arguments, should be {wanted}").into_bytes(),
            129,
        ));
    }
    let (path, _) = write_place(cx, parsed)?;
    let canonical = |name: &[u8]| match crate::bytes::split_once(name, b'.') {
        Some((section, sub)) => cat![section.to_ascii_lowercase(), ".", sub],
        None => name.to_ascii_lowercase(),
    };
    let text = cx.files().read(&path).unwrap_or_default();
    let to = parsed.args.get(1).map(|name| canonical(name));
    match config::rename_section(&text, &canonical(&parsed.args[0]), to.as_deref()) {
        Some(text) => {
            save(cx, &path, text)?;
            Ok(Next::Exit(0))
        }
        None => Err(Fault::fatal(cat!["no such section: ", parsed.args[0]])),
    }
}

fn edit(cx: &mut Cx<'_, '_>, parsed: &Parsed) -> Result<Next> {
    let (path, _) = write_place(cx, parsed)?;
    // Whatever becomes of the editor, Git is content.
    let editor = match cx.settings().and_then(|config| cx.editor_of(&config)) {
        Ok(editor) => editor,
        Err(fault) => {
            cx.eprint(fault.render().0);
            return Ok(Next::Exit(0));
        }
    };
    if let Ok(repo) = cx.repo() {
        cx.announce_editor(&repo);
    }
    let then = Then::new(editor, |editor, cx, outcome| {
        if outcome != Outcome::Code(0) {
            cx.eprint(cat!["error: there was a problem with the editor '", editor, "'\n"]);
        }
        Ok(Next::Exit(0))
    });
    Ok(Next::Edit(path, then))
}
